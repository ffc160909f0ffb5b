/* SPDX-License-Identifier: Apache-2.0 */
/* warren: a supervisor engine for process sandboxes.
 *
 * An engine is a pool of workers that serve the notifications of any number of sandboxes. A policy says what
 * a sandbox sees; it is built once, frozen by its first use and shared by any number of sandboxes.
 *
 * All functions return 0 or a value >= 0 on success and a negative errno on failure unless they say
 * otherwise; the library never prints and never exits. Objects may be used from any thread; a policy must not
 * be changed by two threads at once, nor after its first sandbox. */
#ifndef WARREN_WARREN_H
#define WARREN_WARREN_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <warren/handler.h>

#ifdef __cplusplus
extern "C" {
#endif

struct warren_engine;
struct warren_policy;
struct warren_sandbox;

/* ---- engine ---- */
struct warren_limits;
struct warren_engine_options {
	unsigned workers; /* 0: one per CPU available to the process */
	FILE *trace;	  /* one line per notification; borrowed, NULL: none */
	/* The threads that serve sandboxes may make no system calls but those that the built-in handlers
	 * need: others are EPERM. Not for handlers of the program's own that make others. After
	 * warren_confine(). */
	int confine;
	/* Of all sandboxes together, borrowed during the call; NULL: none. Of these memory, processes and
	 * best_effort count. What is over ends the sandbox that has most of it. */
	const struct warren_limits *limits;
};

/* Starts the workers. *ret is owned by the caller: warren_engine_free(). opt may be NULL. */
int warren_engine_new(const struct warren_engine_options *opt, struct warren_engine **ret);
/* Kills the sandboxes that still run, waits for their end, stops the workers. No sandbox may be used
 * afterwards, other than by a thread that has waited for its program: warren_sandbox_unref(). NULL is
 * allowed. */
void warren_engine_free(struct warren_engine *e);
/* Registers fn for a system call (canonical name of the table, e.g. "openat"; legacy forms arrive there
 * too); see handler.h. Several for one call run in the order in which they were registered. user is borrowed
 * until warren_engine_free(). Before the first sandbox only: -EBUSY afterwards. -ENOENT: no such row, or one
 * that the filter refuses. */
int warren_engine_add_handler(struct warren_engine *e, const char *syscall, enum warren_handler_when when,
			      warren_handler_fn fn, void *user);
/* How many sandboxes fit under this process's RLIMIT_NOFILE (raised to the hard limit by engine_new): one fd
 * each. When none is left, warren_sandbox_start() gives -EMFILE and says how many fit. */
unsigned warren_engine_capacity(const struct warren_engine *e);

/* ---- policy ---- */
enum warren_access {
	WARREN_READ = 1,  /* read, list, execute */
	WARREN_WRITE = 2, /* WARREN_READ and every change */
	WARREN_DENY = 4,  /* nothing, whatever else is said */
};
enum warren_net { WARREN_NET_NONE, WARREN_NET_HOST };
enum warren_ipc { WARREN_IPC_NONE, WARREN_IPC_HOST };

int warren_policy_new(struct warren_policy **ret);
void warren_policy_unref(struct warren_policy *p);
/* The directory that the sandbox sees as "/"; default "/". */
int warren_policy_set_root(struct warren_policy *p, const char *host_dir);
/* A rule for the guest's path and everything below it: denial wins, otherwise the most specific rule does.
 * With no rule at all, everything in the root is writable when the root is not "/", and nothing is accessible
 * when it is. */
int warren_policy_add_rule(struct warren_policy *p, enum warren_access access, const char *guest_path);
/* Shows the host's file or directory at guest_path (absolute). Later mounts lie over earlier ones. */
int warren_policy_add_mount(struct warren_policy *p, const char *host, const char *guest_path, int readonly);
/* Puts a copy-on-write layer over the directory at guest_path: what is written there goes to layer_dir (a
 * host path; a new layer is made where there is none, its form is docs/layer-format.md) and the directory
 * itself stays as it is. Rules apply as before: what shall be written needs one that allows it. The layer
 * must lie outside of the directory. The sandboxes of one policy share its layers; another policy's are
 * refused with -EBUSY. */
int warren_policy_add_layer(struct warren_policy *p, const char *guest_path, const char *layer_dir);
struct warren_layer_options {
	/* Host directories that lie between the layer and the covered directory, the topmost first, and are
	 * only read; one that is a layer stands for what was written to it. Any number of layers may lie over
	 * one. */
	const char *const *lowers;
	unsigned n_lowers;
	const char *command; /* kept in the layer, for people; may be NULL */
	/* Of what is written, 0: no limit. Beyond them a file is neither made nor copied nor opened to be
	 * written to: EDQUOT. What goes on writing through descriptors that it has ends the sandbox
	 * (WARREN_LIMIT_LAYER) when it gets an eighth, and 16 MiB, further. */
	uint64_t max_bytes, max_files;
};
/* The same with options, all of which are copied; NULL: none. An existing layer must be opened over the
 * lowers that it was made over. */
int warren_policy_add_layer_with(struct warren_policy *p, const char *guest_path, const char *layer_dir,
				 const struct warren_layer_options *opt);
/* A new policy with what base has, to which layers can be added and nothing else; it has a /dev/shm of its
 * own. Much cheaper than to say all again: base, which is frozen by this, is shared. For jobs that have a
 * layer each. */
int warren_policy_derive(struct warren_policy *base, struct warren_policy **ret);
/* Can a derived policy be used as if it had just been made? 1: no sandbox uses it, and nothing was changed in
 * its layers and its /dev/shm. 0: something was. -EBUSY: not yet known, a sandbox is not quite gone. */
int warren_policy_fresh(struct warren_policy *p);
/* Throws away what was written in a derived policy's layers, so that it is fresh. On failure it can no longer
 * be used: -EBUSY, which a moment later may be none, excepted. */
int warren_policy_reset(struct warren_policy *p);
/* frozen: the caller promises that nobody changes, as long as sandboxes of this policy or of policies derived
 * from it run, what they cannot change themselves: what the rules and read-only mounts keep from being
 * written, and the directories below layers. Attributes, missing names and symlinks there are then looked up
 * once and remembered; times of last access may be old. A broken promise makes sandboxes see old attributes
 * and names, nothing that they may not see. -EBUSY: a sandbox was started, or the policy is derived. */
int warren_policy_set_lower_frozen(struct warren_policy *p, int frozen);
int warren_policy_set_net(struct warren_policy *p, enum warren_net net);
/* WARREN_IPC_HOST: System V IPC, all that the user may use, in and outside of sandboxes; what is made stays
 * when the sandbox has ended. Default: none. -EBUSY as above. */
int warren_policy_set_ipc(struct warren_policy *p, enum warren_ipc ipc);
/* Text for the last error of a warren_policy_ or warren_sandbox_start call on this policy: one line, owned by
 * the policy, valid until the next call; "" when there was none. */
const char *warren_policy_error(const struct warren_policy *p);

/* ---- confinement of the supervisor itself ---- */
/* For a program that does nothing but run sandboxes: what the calling thread, and every thread and process
 * that it starts from then on, gives up for good, so that a hole in the supervisor is worth less. Before the
 * engine and any other thread. Nothing of it changes what sandboxes can do. 0 or a negative errno, after
 * which the program is confined in part.
 *
 * Capabilities but those over files and signals, programs that raise privileges (PR_SET_NO_NEW_PRIVS), and
 * the system calls that sandboxes are refused, ptrace(2) and io_uring excepted: with the errors of `warren
 * syscalls`. */
int warren_confine(void);
struct warren_writable {
	const char *path; /* of the host: a directory with all that is below it, or a file */
	int removable;	  /* it may also be removed from the directory that it lies in, once it is empty */
};
/* Landlock: names and files can be changed only where p lets sandboxes write, in p's layers, in what is in
 * the n elements of also, and in directories of warren's own. covered: in the directories that p's layers lie
 * over, too, which a commit takes. What p and the limits of its sandboxes need must be known: it is frozen,
 * and warren_limits_check() was called for those that limit memory. Policies that are derived from p need
 * their layers in also. Paths are resolved once: where somebody outside replaces a directory that may be
 * written by another one, that one may not. Signals reach none but the program's own processes (ABI 6).
 * Errors as above; those that have a text are warren_policy_error()'s. Without Landlock of ABI 2 nothing
 * happens. */
int warren_confine_writes(struct warren_policy *p, const struct warren_writable *also, size_t n, int covered);

/* ---- limits ---- */
struct warren_limits {	    /* 0: none */
	uint64_t memory;    /* bytes, of all processes together, files in memory included (cgroups(7)) */
	uint64_t processes; /* at once, the program itself included; threads are none */
	uint64_t cpu_ms;    /* user and system time of all processes together, ended ones included */
	uint64_t wall_ms;
	uint64_t files;	    /* open at once in a process: RLIMIT_NOFILE, more is EMFILE */
	uint64_t file_size; /* bytes: RLIMIT_FSIZE, more is SIGXFSZ */
	/* Where memory cannot be limited as above, each process is limited to somewhat more (RLIMIT_DATA) and
	 * the sum is looked at twenty times a second; without this it is an error. */
	int best_effort;
};
/* What ended a sandbox: it is killed as a whole when it is over the limit. Not so with files, which gives the
 * program an error; with file_size the kernel ends the process that writes, and this is told when its status,
 * or the shell's, was the program's. */
enum warren_limit {
	WARREN_LIMIT_NONE,
	WARREN_LIMIT_MEMORY,
	WARREN_LIMIT_PROCESSES,
	WARREN_LIMIT_CPU,
	WARREN_LIMIT_WALL,
	WARREN_LIMIT_FILE_SIZE,
	WARREN_LIMIT_LAYER,
#define WARREN_LIMIT_LAST WARREN_LIMIT_LAYER
};
/* "memory", "processes", "cpu", "wall", "file-size", "layer-size"; "none". */
const char *warren_limit_name(enum warren_limit l);
/* Can they be enforced here? 0, or a negative errno and why, one line. warren_sandbox_start() asks, too. */
int warren_limits_check(const struct warren_limits *l, char *why, size_t size);

/* ---- sandbox ---- */
struct warren_command {
	char *const *argv;
	char *const *envp;
	const char *cwd; /* the guest's path; NULL: "/" */
	int stdio[3];	 /* fds to become 0, 1, 2 (borrowed); -1: the caller's own */
	int new_session; /* setsid() in the child */
	int foreground;	 /* own process group, made the foreground group of the terminal on fd 0 */
	const struct warren_limits *limits; /* borrowed; NULL: none */
};

struct warren_result {
	int status;	      /* as waitpid(2) gives it */
	struct rusage rusage; /* of the program and the descendants it waited for */
	uint64_t wall_ns;
	enum warren_limit limit; /* that was reached and ended it */
};

/* Starts a program in a new sandbox. On failure nothing is left behind; the result is then the errno of what
 * went wrong (an exec error included). *ret is owned by the caller: warren_sandbox_unref(). */
int warren_sandbox_start(struct warren_engine *e, struct warren_policy *p, const struct warren_command *cmd,
			 struct warren_sandbox **ret);
pid_t warren_sandbox_pid(const struct warren_sandbox *s);
/* An fd that polls readable when the program has ended; owned by the sandbox, opened by the first call.
 * -ECHILD: the program's end was collected before. */
int warren_sandbox_pidfd(struct warren_sandbox *s);
/* Waits until the program (not its stray descendants) has ended. timeout_ms < 0: for ever; -ETIMEDOUT. Every
 * call afterwards gives the same result. */
int warren_sandbox_wait(struct warren_sandbox *s, int timeout_ms, struct warren_result *ret);
/* SIGKILLs every task of the sandbox, daemons included, and returns when none is left (-ETIMEDOUT after
 * timeout_ms: tasks in uninterruptible sleep). */
int warren_sandbox_kill(struct warren_sandbox *s, int timeout_ms);
/* Drops the caller's reference. A sandbox whose tasks still run goes on until they end. NULL is allowed. */
void warren_sandbox_unref(struct warren_sandbox *s);

/* ---- zygote: a program that is started once, of which sandboxes are forks ---- */
struct warren_zygote;
#define WARREN_ZYGOTE_MESSAGE 131072 /* bytes at most */
/* Starts the program in a sandbox of a policy that was not used before. cmd->stdio[0] is not looked at: the
 * program's standard input is a SOCK_SEQPACKET socket. It sends one message, of any content, when it waits
 * for work: one thread, no other process in its sandbox, nothing open for writing above fd 2 and no shared
 * memory that can be written. From then on its calls that warren serves (those with paths) fail with ENOSYS,
 * and for each message that it receives it forks. A message has strings that end with a NUL, each behind a
 * letter: A an argument, E NAME=VALUE to be set in the environment, C the directory to go to; the end of file
 * means that there are no more. The child is a sandbox of its own, with other fds 0 to 2; the zygote must not
 * wait for it. layers: the host directory below which the layers of its forks will be; NULL: they have none,
 * or the zygote's. */
int warren_zygote_start(struct warren_engine *e, struct warren_policy *p, const struct warren_command *cmd,
			const char *layers, struct warren_zygote **ret);
/* Polls readable when the zygote says that it waits, or ends. Owned by z. */
int warren_zygote_fd(const struct warren_zygote *z);
/* Until it waits and is fit to be forked: 0; -ETIMEDOUT; -ECHILD: it ended; others: it is not fit, see the
 * error. Its policy is let go: its layer can be a lower one of others. */
int warren_zygote_wait(struct warren_zygote *z, int timeout_ms);
/* One line, owned by z. */
const char *warren_zygote_error(const struct warren_zygote *z);
/* A fork of it in a new sandbox of policy p, which should give no more than the zygote's. argv, envp and cwd
 * of cmd go into the message (-E2BIG), and may be empty or NULL; all else is as in warren_sandbox_start().
 * -ECHILD: the zygote has ended. A zygote that does not fork within half a minute is killed. Thread-safe; one
 * fork is made at a time. */
int warren_zygote_fork(struct warren_zygote *z, struct warren_policy *p, const struct warren_command *cmd,
		       struct warren_sandbox **ret);
/* Its own sandbox, borrowed. */
struct warren_sandbox *warren_zygote_sandbox(struct warren_zygote *z);
/* Kills it; its forks go on. No call may be using it. NULL is allowed. */
void warren_zygote_free(struct warren_zygote *z);

/* ---- statistics ---- */
#define WARREN_HISTOGRAM_BUCKETS 256
struct warren_stats {
	uint64_t notifications;
	uint64_t verdicts[WARREN_VERDICT_KINDS];
	uint64_t errors;			      /* answers with an errno */
	uint64_t nanoseconds;			      /* spent in handlers, RECV to reply */
	uint64_t histogram[WARREN_HISTOGRAM_BUCKETS]; /* see warren_histogram_bound() */
	uint64_t *per_syscall; /* warren_syscall_count() entries, by table index; NULL: not wanted */
};
/* Adds up the counters so far; approximate while workers run. s == NULL: of the whole engine. */
int warren_stats_get(struct warren_engine *e, struct warren_sandbox *s, struct warren_stats *ret);
/* The upper bound, in nanoseconds, of bucket i (log-linear, 8 steps per power of two). */
uint64_t warren_histogram_bound(unsigned i);

/* ---- the table ---- */
enum warren_support { WARREN_FULL, WARREN_PARTIAL, WARREN_DENIED };
struct warren_syscall_info {
	const char *name;      /* as the kernel names it */
	const char *canonical; /* the row whose handler serves it */
	int nr;		       /* on this architecture; -1: none */
	enum warren_support support;
	const char *note;
};
unsigned warren_syscall_count(void);
int warren_syscall_info(unsigned index, struct warren_syscall_info *ret);

#ifdef __cplusplus
}
#endif
#endif
