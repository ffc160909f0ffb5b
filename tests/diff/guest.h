/* SPDX-License-Identifier: Apache-2.0 */
/* diff-guest: a static program that makes deterministic random path system calls and prints what it saw.
 *
 * Everything that is printed must depend on the seed and on the kernel's answers alone, so that two runs
 * under two implementations of a root directory can be compared line by line. */
#ifndef WARREN_TESTS_DIFF_GUEST_H
#define WARREN_TESTS_DIFF_GUEST_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>

#define NSLOT	   14
#define OUT_SIZE   (1U << 20)
#define OUT_HIGH   (1U << 19)
#define NCANON	   4096
#define EXIT_USAGE 200 /* no errno */
#define WORK_DIR   "/w"
#define OTHER_DIR  "/other" /* root's files, made by diff-run when the guest is not root */

/* Headers older than the calls. */
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat	  463
#define SYS_getxattrat	  464
#define SYS_listxattrat	  465
#define SYS_removexattrat 466
#endif

struct canon {
	dev_t dev;
	ino_t ino;
	uint32_t num;
};

/* Shared with forked children: what they print and see is part of the same stream. */
struct shared {
	size_t len;
	unsigned call_no;
	unsigned mutations;
	uint32_t ncanon, next_num;
	volatile unsigned sigxfsz;
	struct canon canon[NCANON];
	char out[OUT_SIZE];
};

struct guest {
	uint64_t rng;  /* chooses the calls */
	uint64_t mrng; /* chooses the calls that --mutate spoils */
	uint64_t seed;
	struct shared *sh;
	int slot[NSLOT]; /* fds held; -1 is an empty slot */
	int fd0;	 /* the lowest free fd at start: fds are printed relative to it */
	int inotify;
	uid_t uid;
	gid_t gid;
	dev_t proc_dev;
	char *edge[2]; /* first byte of an unmapped page; the page before is writable */
	unsigned edge_next;
	bool proc, own_ids, mutate, lower, apart, overlay, flush, no_opath, in_child;
	const char *without; /* names of operations to leave out, separated by commas */
	unsigned calls;
	char top[32];  /* /w/sSEED: all that the sequence owns */
	char base[48]; /* /w/sSEED/t: where it starts */
};

/* ---- random choice ---- */

static inline uint64_t mix64(uint64_t *s)
{
	uint64_t z = (*s += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static inline unsigned rnd(struct guest *g, unsigned n)
{
	return (unsigned)((mix64(&g->rng) >> 20) % n);
}

static inline bool one_in(struct guest *g, unsigned n)
{
	return rnd(g, n) == 0;
}

#define PICK(g, array) ((array)[rnd((g), sizeof(array) / sizeof((array)[0]))])

/* ---- output (guest_out.c) ---- */

void out_flush(struct guest *g);
void out(struct guest *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Start the line of one call; res() adds its result. */
void line(struct guest *g, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void res(struct guest *g, long r);
/* Bytes, escaped; long ones abbreviated to both ends, the length and a hash. */
void quote(char *dst, size_t size, const char *src, size_t len);
void out_bytes(struct guest *g, const char *src, size_t len);
/* A path that the kernel made: process ids and inode numbers in it are masked. */
void out_kpath(struct guest *g, const char *src, size_t len);
uint64_t hash_bytes(uint64_t h, const void *p, size_t len);
#define HASH_START 0xcbf29ce484222325ULL

/* ---- canonical inode numbers and stat (guest_stat.c) ---- */

unsigned canon_num(struct guest *g, dev_t dev, ino_t ino);
unsigned canon_known(struct guest *g, dev_t dev, ino_t ino);
void canon_forget(struct guest *g, dev_t dev, ino_t ino);
void canon_reset(struct guest *g);
void out_stat(struct guest *g, const struct stat *st);
void out_time(struct guest *g, const char *name, int64_t sec, unsigned nsec);
/* What a call is about to delete: inode numbers are reused, so a deleted one must get a new number. */
struct victim {
	bool have;
	struct stat st;
};
void victim_look(struct victim *v, int dirfd, const char *path);
void victim_gone(struct guest *g, const struct victim *v);
void close_slot(struct guest *g, unsigned i);
void put_slot(struct guest *g, unsigned i, int fd);
/* True for a device and for what is in /proc: those are the host's, and no guest of warren's changes their
 * mode, owner and times. Also where guard_gone() is. */
struct parg;
bool guard_dev(struct guest *g, int dirfd, const struct parg *p, bool follow);
bool guard_fd(struct guest *g, int fd);
/* With --overlay, true for an fd, or a path with one in it, of what overlayfs would put back on disk. */
bool guard_gone(struct guest *g, long fd, const struct parg *p);
/* With --overlay "~" for an fd, or AT_FDCWD, whose object has another name than that by which it was reached,
 * or none, and is not deleted; else "". In a layer that is so when a lower object was copied up, deleted or
 * renamed. */
const char *away_mark(struct guest *g, long fd);
/* The same at the end of the line of a call that was about the object of an fd, for what it says behind its
 * result. path: NULL and "" for dirfd itself, else it may be a link in /proc. */
void out_away(struct guest *g, long dirfd, const char *path);
/* True when a blocking open of this path would wait for the other end of a FIFO. */
bool is_fifo(int dirfd, const char *path);

/* ---- calls ---- */

/* Results as the kernel gives them: a negative errno. */
long raw6(long nr, const long a[6]);
long call6(struct guest *g, long nr, const long a[6]);
#define ARG(x) ((long)(x))
#define CALL_(g, nr, a, b, c, d, e, f, ...)                                                                  \
	call6(g, nr, (const long[6]){ARG(a), ARG(b), ARG(c), ARG(d), ARG(e), ARG(f)})
#define RAW_(nr, a, b, c, d, e, f, ...)                                                                      \
	raw6(nr, (const long[6]){ARG(a), ARG(b), ARG(c), ARG(d), ARG(e), ARG(f)})
#define raw(nr, ...)	 RAW_(nr, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CALL(g, nr, ...) CALL_(g, nr, __VA_ARGS__, 0, 0, 0, 0, 0, 0)

/* ---- arguments (guest_path.c) ---- */

enum want {
	W_OLD,	/* an existing object, mostly */
	W_NEW,	/* a name that does not exist, mostly */
	W_DIR,	/* a directory, mostly */
	W_STAT, /* the call changes nothing and keeps no fd: also paths that must never be changed */
};

struct parg {
	const char *p;
	char desc[200];
	char buf[PATH_MAX + 1024];
};

struct darg {
	long v;
	char desc[32];
};

void gen_path(struct guest *g, struct parg *p, enum want w);
void gen_dirfd(struct guest *g, struct darg *d);
void gen_fd(struct guest *g, struct darg *d);
/* An invalid pointer for a buffer, and how to print it. */
void *bad_ptr(struct guest *g, const char **ret_desc);
/* Exactly size writable bytes in front of an unmapped page. */
char *edge_buf(struct guest *g, size_t size);
void deep_path(char *dst, unsigned levels);
mode_t gen_mode(struct guest *g);

/* ---- the tree (guest_tree.c, guest_dump.c) ---- */

#define DEEP_LEVELS 16
#define DEEP_NAME   250
#define CHAIN_LINKS 42

bool seq_has_deep(uint64_t seed);
bool seq_has_chain(uint64_t seed);
int tree_make(struct guest *g);
void tree_open_slots(struct guest *g);
void tree_remove(struct guest *g);
/* What the sequence may have done to / and /w. */
void tree_restore(struct guest *g);
void tree_dump(struct guest *g);

struct entry {
	unsigned char type;
	uint64_t ino;
	char name[256];
};
/* All entries of a directory, sorted by name; rewinds before and after. 0 or a negative errno. */
int read_dir(int fd, bool legacy, size_t bufsize, struct entry **ret, unsigned *ret_n);

/* ---- operations ---- */

struct op {
	const char *name;
	unsigned weight;
	void (*fn)(struct guest *g);
};

extern const struct op open_ops[], name_ops[], attr_ops[], stat_ops[], xattr_ops[], fd_ops[], task_ops[];
void run_random_op(struct guest *g);

#endif
