/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: O_EXCL: never through a link, and of many at once exactly one wins. */
#include "t.h"

static atomic_int winners;
static atomic_int round_no;

static void *racer(void *arg)
{
	char name[16];

	(void)arg;
	for (int i = 0; i < 40; i++) {
		int fd;

		snprintf(name, sizeof(name), "r%d", i);
		fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (fd >= 0) {
			winners++;
			close(fd);
		} else {
			CHECK(errno == EEXIST);
		}
	}
	round_no++;
	return NULL;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	pthread_t t[6];

	t_put("f", "x");
	REQUIRE(!mkdir("d", 0755) && !symlink("f", "l") && !symlink("none", "dangling"));
	CHECK_ERR(open("f", O_RDWR | O_CREAT | O_EXCL, 0644), EEXIST);
	CHECK_ERR(open("f", O_RDWR | O_CREAT | O_EXCL | O_TRUNC, 0644), EEXIST);
	CHECK_ERR(open("d", O_RDWR | O_CREAT | O_EXCL, 0644), EEXIST);
	CHECK_ERR(open("l", O_RDWR | O_CREAT | O_EXCL, 0644), EEXIST);
	CHECK_ERR(open("dangling", O_RDWR | O_CREAT | O_EXCL, 0644), EEXIST);
	CHECK_ERR(open("/", O_RDONLY | O_CREAT | O_EXCL, 0644), EEXIST);
	CHECK(!t_exists("none") && t_holds("f", "x"));
	for (int i = 0; i < 6; i++)
		t[i] = t_thread(racer, NULL);
	for (int i = 0; i < 6; i++)
		t_join(t[i]);
	CHECK_EQ(winners, 40);
	return t_end();
}
