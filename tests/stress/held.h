/* SPDX-License-Identifier: Apache-2.0 */
/* What a process holds, and what it must hold again when all that it started has ended. */
#ifndef WARREN_TESTS_STRESS_HELD_H
#define WARREN_TESTS_STRESS_HELD_H

/* One line on stderr behind the program's name; exit status 1, without cleaning up. */
_Noreturn void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

struct held {
	unsigned fds, threads;
};
/* A thread that was joined may take a moment to leave /proc: waits until it is the same for a while. */
struct held held_now(void);
/* Fails if it is not what it was. when: for the message. */
void held_expect(struct held was, const char *when);
/* Without an engine, which has one. */
void held_no_child(const char *when);

unsigned entries(const char *dir); /* "." and ".." among them; 0: it is not there */
/* What the allocator holds without need is given back first. */
long rss_kib(void);
/* The highest since the last reset; -1: the kernel does not tell, or cannot reset it. */
long peak_kib(void);
int peak_reset(void);

#endif
