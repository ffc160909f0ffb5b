/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: O_NONBLOCK on a FIFO as the kernel does it, and reading and writing through the fds. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char buf[8];
	int r, w, rw;

	REQUIRE(!mkfifo("p", 0600));
	CHECK_ERR(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
	r = open("p", O_RDONLY | O_NONBLOCK);
	CHECK(r >= 0);
	CHECK_EQ(fcntl(r, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	CHECK_EQ(read(r, buf, 8), 0); /* no writer yet */
	w = open("p", O_WRONLY | O_NONBLOCK);
	CHECK(w >= 0);
	CHECK_ERR(read(r, buf, 8), EAGAIN);
	CHECK_EQ(write(w, "ab", 2), 2);
	CHECK_EQ(read(r, buf, 8), 2);
	/* With a peer there, the blocking open returns, and its fd blocks. */
	close(w);
	w = open("p", O_WRONLY);
	CHECK(w >= 0);
	CHECK_EQ(fcntl(w, F_GETFL) & O_NONBLOCK, 0);
	close(w);
	close(r);
	rw = open("p", O_RDWR);
	CHECK(rw >= 0);
	CHECK_EQ(write(rw, "x", 1), 1);
	CHECK_EQ(read(rw, buf, 8), 1);
	CHECK_EQ(fcntl(rw, F_GETFL) & O_NONBLOCK, 0);
	close(rw);
	/* Nothing that a FIFO is opened with truncates or creates it anew. */
	r = open("p", O_RDONLY | O_NONBLOCK | O_CREAT | O_TRUNC, 0644);
	CHECK(r >= 0);
	CHECK_EQ(t_type("p"), S_IFIFO);
	CHECK_ERR(open("p", O_RDONLY | O_CREAT | O_EXCL, 0644), EEXIST);
	return t_end();
}
