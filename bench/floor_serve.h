/* SPDX-License-Identifier: Apache-2.0 */
/* The simplest supervisor that answers correctly: one blocking thread per guest (or more, which answer null
 * calls at once and others in turn), a handful of path calls, no
 * policy, no layers, no accounting. What it costs is the least that any supervisor on this kernel can cost.
 * It is not a sandbox: untrapped calls reach the host, and ids are not revalidated after reading memory. */
#ifndef WARREN_BENCH_FLOOR_SERVE_H
#define WARREN_BENCH_FLOOR_SERVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct seccomp_notif;
struct floor;

enum floor_pin {
	FLOOR_PIN_NONE,
	FLOOR_PIN_SAME,	 /* guest and supervisor on one CPU */
	FLOOR_PIN_SPLIT, /* on two */
};

#define FLOOR_MAX_THREADS 1024

struct floor_config {
	unsigned threads;  /* that block in RECV; 0: one */
	int root_fd;	   /* borrowed; the guest's "/" */
	int null_nr;	   /* this number is answered with 1 and nothing else is done; -1: none */
	bool async_wakeup; /* leave the kernel's default wake-up, to see what it costs */
	bool cache;	   /* answer stat, statx and their ENOENT from memory once they are known */
	bool no_openat2;   /* stat by one newfstatat(root_fd, path): only right without absolute symlinks */
	bool id_valid;	   /* revalidate the id after reading guest memory, as a secure supervisor must */
	enum floor_pin pin;
	/* Called in the supervisor thread while the guest waits in a notification; may be NULL. */
	void (*probe)(const struct seccomp_notif *n, void *arg);
	void *probe_arg;
};

/* Fork a guest that runs child(arg) and exits with its result, and serve it from a new thread. Before child()
 * is run the filter is in place; it may use only async-signal-safe functions. Returns 0 or a negative errno.
 */
int floor_start(struct floor **ret_f, const struct floor_config *c, int (*child)(void *), void *arg);

/* Wait for the guest and release everything; *ret_status is as waitpid(2) gives it. NULL-safe. */
int floor_finish(struct floor *f, int *ret_status);

/* What this kernel granted: both are needed for figures that mean anything. */
bool floor_has_sync_wakeup(const struct floor *f);
bool floor_has_wait_killable(const struct floor *f);

#ifdef __cplusplus
}
#endif
#endif
