/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WARREN_BENCH_FLOOR_INTERNAL_H
#define WARREN_BENCH_FLOOR_INTERNAL_H

#include "floor_serve.h"
#include "raw.h"

#include <stdatomic.h>
#include <limits.h>
#include <pthread.h>

#define FLOOR_CACHE_SLOTS 256
#define FLOOR_CACHE_PATH  232

/* An answer to an attribute call. The calls' whole input is the key, so a hit needs no other work. */
struct floor_attr {
	int nr; /* 0: empty slot */
	int flags;
	unsigned mask;
	int error; /* 0 or a negative errno */
	union {
		struct stat st;
		struct statx stx;
	} u;
	char path[FLOOR_CACHE_PATH];
};

struct floor {
	struct floor_config conf;
	int listener;
	pid_t pid;
	bool sync_wakeup, wait_killable;
	atomic_bool done;
	pthread_t threads[FLOOR_MAX_THREADS];
	unsigned n_threads;	  /* that run */
	pthread_mutex_t lock;	  /* with several threads: of path and cache */
	char root_path[PATH_MAX]; /* as /proc shows a working directory below it */
	char path[PATH_MAX];
	struct floor_attr cache[FLOOR_CACHE_SLOTS];
};

/* What to answer; fd >= 0 is sent as the call's result and then closed. */
struct floor_reply {
	int64_t val;
	int error;
	uint32_t flags; /* SECCOMP_USER_NOTIF_FLAG_* */
	int fd;
	uint32_t fd_flags;
};

/* floor_handlers.c: every trapped number, ended by -1, and the answer to one notification. */
extern const int floor_trapped[];
void floor_handle(struct floor *f, const struct seccomp_notif *n, struct floor_reply *r);

#endif
