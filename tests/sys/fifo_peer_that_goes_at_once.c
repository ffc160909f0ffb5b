/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: a writer that opens a FIFO, writes and goes is met by the reader that waits, and its bytes arrive;
 * whoever waits is there for others that do not. */
#include "t.h"

static void *writer(void *arg)
{
	int fd = open("p", O_WRONLY | O_CLOEXEC);

	(void)arg;
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, "ab", 2), 2);
	close(fd);
	return NULL;
}

static void *reader(void *arg)
{
	int fd = open("p", O_RDONLY | O_CLOEXEC);

	(void)arg;
	CHECK(fd >= 0);
	t_ms(50);
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char buf[8];
	int fd;

	REQUIRE(!mkfifo("p", 0600));
	for (int i = 0; i < 100 && !t_failures; i++) {
		pthread_t th = t_thread(writer, NULL);
		fd = open("p", O_RDONLY | O_CLOEXEC);
		CHECK(fd >= 0);
		CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
		CHECK_EQ(read(fd, buf, sizeof(buf)), 2);
		CHECK_EQ(read(fd, buf, sizeof(buf)), 0);
		close(fd);
		t_join(th);
	}
	/* A reader that waits in open(2) is a reader. */
	pthread_t th = t_thread(reader, NULL);
	for (int i = 0; i < 200; i++) {
		fd = open("p", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0)
			break;
		CHECK_EQ(errno, ENXIO);
		t_ms(10);
	}
	CHECK(fd >= 0);
	t_join(th);
	return t_end();
}
