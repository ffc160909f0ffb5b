/* SPDX-License-Identifier: Apache-2.0 */
/* What a sandbox sees: a table of mounts (guest path -> host object) and a list of access rules, both in the
 * guest's names, plus what is compiled from them once (filter, Landlock ruleset). Immutable once frozen,
 * hence read without locks by every worker. */
#ifndef WARREN_ENGINE_POLICY_H
#define WARREN_ENGINE_POLICY_H

#include "internal.h"
#include "../cow/layer.h"

enum wr_mount_kind {
	WR_MOUNT_HOST, /* a file or directory of the host */
	WR_MOUNT_PROC, /* the host's /proc, filtered (handlers/proc.c) */
	WR_MOUNT_SKEL, /* warren's own directories: /dev, parents of mounts that the root lacks */
	WR_MOUNT_PTS,  /* the host's /dev/pts, filtered (handlers/pts.c) */
	WR_MOUNT_TTY,  /* /dev/tty: whose it is depends on who opens it */
};

struct wr_mount {
	char *guest; /* canonical, no trailing slash; "" for the root */
	size_t guest_len;
	char *host; /* canonical host path as /proc/self/fd shows it, "" for "/" */
	size_t host_len;
	int fd; /* O_PATH */
	enum wr_mount_kind kind;
	bool readonly;
	bool is_dir;
	bool builtin;  /* rules do not apply: always there */
	bool borrowed; /* guest, host and fd are those of the base policy */
	/* Writes go here and the host's directory stays as it is; NULL: they go there. Owned by the spec. */
	struct wr_layer *layer;
};

enum { /* what a path may be used for */
       WR_MAY_READ = 1,
       WR_MAY_WRITE = 2,
       WR_MAY_LIST = 4, /* an ancestor of something readable: traverse, list, stat the directory itself */
};

struct wr_rule {
	char *guest;
	size_t len;
	enum warren_access access;
};

/* A name that the kernel's own listing of a directory lacks or gets wrong: that of a mount point. */
struct wr_extra {
	dev_t dev; /* the directory */
	ino_t ino;
	char *name;
	ino_t child_ino;	  /* what stat says of the mounted object */
	unsigned char child_type; /* DT_* */
};

struct sock_filter;
struct wr_memo;
struct wr_exec_cache;

struct warren_policy {
	atomic_uint refs;
	pthread_mutex_t lock; /* freezing */
	bool frozen;
	struct warren_policy *base; /* that this one is derived from, with a reference; NULL */
	char *root;		    /* as given */
	enum warren_net net;
	enum warren_ipc ipc;
	struct wr_mount_spec {
		char *host, *guest;
		bool readonly;
	} * specs; /* as given */
	size_t n_specs;
	struct wr_layer_spec {
		char *guest, *dir, *command;
		char **lowers;
		unsigned n_lowers;
		uint64_t max_bytes, max_files;
		struct wr_layer *layer; /* once frozen */
	} * layers;			/* as given */
	size_t n_layers;
	struct wr_rule *rules;
	size_t n_rules;
	char error[512];

	char *forks_dir; /* of a zygote: the host directory that its forks' layers will be in */
	bool zygote;

	/* made by wr_policy_freeze() */
	struct wr_mount *mounts; /* longest guest path first; the root is last */
	size_t n_mounts;
	bool uniform; /* no rules, every mount but the builtin ones may be read and written */
	bool guarded; /* a guest may hold fds of what it must not change: calls that change by fd are served
		       */
	bool has_deny;
	dev_t proc_dev, pts_dev; /* of the host's /proc and /dev/pts; 0: it has none */
	struct wr_extra *extras;
	size_t n_extras;
	bool lower_frozen;    /* as given */
	struct wr_memo *memo; /* what was found out about frozen files (handlers/frozen.h); the base's, if
			       * there is one. NULL: nothing is promised */
	char **links;	      /* names of symlinks directly in the root (hints, verified at use) */
	size_t n_links;
	unsigned n_parents; /* skeletons made in runtime */
	char *runtime;	    /* private directory for skeleton, exec copies, shm */
	int ruleset;	    /* Landlock, -1: the kernel has none */
	/* Copies of programs with another loader, of this policy alone; made at the first use, under lock,
	 * where the engine's, which are everybody's, may not be executed (landlock.c). */
	struct wr_exec_cache *_Atomic copies;
	bool direct_exec; /* the host's root under its own names, nothing hidden in it, and what Landlock lets
			   * be executed is what the rules do: the kernel may execute by the guest's paths */
};

/* Opens the mounts, resolves the rules, builds filter and ruleset. Idempotent, thread-safe. */
int wr_policy_freeze(struct warren_policy *p);
struct warren_policy *wr_policy_ref(struct warren_policy *p);
int wr_policy_fail(struct warren_policy *p, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The mount that a canonical guest path lies in; never NULL on a frozen policy. *ret_rel: the path inside it,
 * no leading slash, "" for the mount point itself; points into path. */
const struct wr_mount *wr_policy_mount(const struct warren_policy *p, const char *path, const char **ret_rel);
/* WR_MAY_* of a canonical guest path ("" or "/" is the root). */
unsigned wr_policy_may(const struct warren_policy *p, const struct wr_mount *m, const char *path);
/* The canonical guest path of a host path as the kernel prints it. 0; -ENOENT: not visible in this sandbox,
 * -ENAMETOOLONG. */
int wr_policy_guest_path(const struct warren_policy *p, const char *host, char *buf, size_t size);
/* Does the host path lie in a directory below a layer, which is only ever read? *ret_lost: the object that
 * has it has no name in the sandbox any more. */
bool wr_policy_is_lower(const struct warren_policy *p, const char *host, bool *ret_lost);
/* What may be done to the object of this host path, whichever of its names in the sandbox is used. *ret_mnt:
 * the mount that denies what is denied, NULL: the object has no name here. */
unsigned wr_policy_may_host(const struct warren_policy *p, const char *host, const struct wr_mount **ret_mnt);
/* True if a mount point or the path of a rule is at or below path: it must not be moved or removed, or the
 * rule would stay behind. */
bool wr_policy_pinned(const struct warren_policy *p, const char *path);

/* p->copies, which p->runtime has room for; NULL: it could not be made. */
struct wr_exec_cache *wr_policy_copies(struct warren_policy *p);

/* True if the listing of this directory is not what the kernel says: see extras. */
bool wr_policy_has_extras(const struct warren_policy *p, dev_t dev, ino_t ino);

struct wr_pack_number;
/* filter.c: what each number up to wr_table_max_nr gets, and libseccomp's program (malloc) for those where
 * that depends on arguments. */
int wr_filter_decide(const struct warren_policy *p, bool forks, struct wr_pack_number *numbers,
		     struct sock_filter **ret, size_t *ret_len);
/* filter.c: the filter of a frozen policy; forks: those that make a process are trapped, too. It is the
 * cache's, and stays. */
int wr_filter_get(const struct warren_policy *p, bool forks, struct sock_filter **ret,
		  unsigned short *ret_len);
/* filter.c: the same in front of which calls that carry key in their last register, which no call has a use
 * for, may make a fork a sandbox of its own (zygote.c). *len is that of prog, then of *ret (malloc). */
int wr_filter_key(const struct sock_filter *prog, unsigned short *len, uint64_t key,
		  struct sock_filter **ret);
/* landlock.c: compiles a frozen policy's mounts and rules. */
/* filter_reach.c: rules of a call that can reach other processes. 1: added, 0: it is not such a call, or a
 * negative errno. ctx is libseccomp's. */
int wr_filter_reach(void *ctx, int nr);
int wr_landlock_build(struct warren_policy *p);
/* The kernel's Landlock ABI, 0 if it has none. WARREN_LANDLOCK_ABI in the environment makes it appear older,
 * for tests of what is done without. */
int wr_landlock_version(void);
#define WR_LANDLOCK_SCOPES 6 /* the ABI that keeps signals within the sandbox */

/* Implemented by handlers/resolve.c, whose walk it is: the canonical form of a guest path, symlinks followed,
 * as far as it exists (the rest is kept as it is). Needs mounts[] only. */
int wr_policy_canonical(const struct warren_policy *p, const char *path, char *buf, size_t size);

#endif
