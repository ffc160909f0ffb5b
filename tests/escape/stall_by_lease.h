/* SPDX-License-Identifier: Apache-2.0 */
/* A holder of leases that gives none of them up, and what its neighbours see of it. */
#ifndef ESCAPE_STALL_BY_LEASE_H
#define ESCAPE_STALL_BY_LEASE_H

#include "e.h"

/* Holds write leases on the files f0 ... and gives none of them up. */
static void hold(unsigned n, const char *from)
{
	int up[2];
	char c, name[16];

	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		if (from) {
			char text[65536];
			int in = open(from, O_RDONLY | O_CLOEXEC),
			    out = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
			for (ssize_t k; (k = read(in, text, sizeof(text))) > 0;)
				REQUIRE(write(out, text, (size_t)k) == k);
			close(in);
			close(out);
		} else {
			t_put(name, "text");
		}
	}
	REQUIRE(!pipe2(up, O_CLOEXEC));
	if (!e_fork()) {
		signal(SIGIO, SIG_IGN);
		for (unsigned i = 0; i < n; i++) {
			snprintf(name, sizeof(name), "f%u", i);
			int fd = open(name, O_RDWR | O_CLOEXEC);
			if (from)
				close(fd), fd = open(name, O_RDONLY | O_CLOEXEC);
			if (fd < 0 || fcntl(fd, F_SETLEASE, F_WRLCK) < 0)
				_exit(77);
		}
		REQUIRE(write(up[1], "x", 1) == 1);
		for (;;)
			pause();
	}
	close(up[1]);
	if (read(up[0], &c, 1) != 1)
		T_SKIP("no leases here");
}

/* The longest that a call of ours takes while n others wait for the leases. */
static void neighbour(void)
{
	while (e_more()) {
		long start = t_now_ms();
		close(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
		if (t_now_ms() - start > 1500)
			ESCAPED("a call took %ld ms", t_now_ms() - start);
		t_ms(5);
	}
}

/* Natively it is the caller who waits. */
static void *in_time(void *unused)
{
	(void)unused;
	t_ms(1500);
	ESCAPED("the call waits");
}

#endif
