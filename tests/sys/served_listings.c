/* SPDX-License-Identifier: Apache-2.0 */
/* getdents: /proc, /proc/self and /dev are listed as any directory is: in pieces of any size, with a position
 * that can be told, sought, shared by dup and fork, in both layouts, with the right types and errors. */
#include "t.h"

struct entry64 {
	uint64_t ino;
	int64_t off;
	uint16_t len;
	uint8_t type;
	char name[];
};

#define MAX 4096
struct list {
	int n;
	struct {
		char name[64];
		int64_t off;
		uint64_t ino;
		uint8_t type;
	} e[MAX];
};

static void add(struct list *l, const char *name, int64_t off, uint64_t ino, uint8_t type)
{
	REQUIRE(l->n < MAX);
	snprintf(l->e[l->n].name, sizeof(l->e[0].name), "%s", name);
	l->e[l->n].off = off;
	l->e[l->n].ino = ino;
	l->e[l->n++].type = type;
}

static int find(const struct list *l, const char *name)
{
	int found = -1;

	for (int i = 0; i < l->n; i++)
		if (!strcmp(l->e[i].name, name)) {
			CHECK(found < 0); /* nothing twice */
			found = i;
		}
	return found;
}

/* Reads to the end, size bytes at a time; starts with the smallest size that does. */
static void read_all(int fd, size_t size, struct list *l)
{
	static _Alignas(8) char buf[65536];
	long n;

	l->n = 0;
	while ((n = syscall(SYS_getdents64, fd, buf, size)) > 0)
		for (long at = 0; at < n;) {
			struct entry64 *e = (struct entry64 *)(buf + at);

			CHECK(e->len % 8 == 0 && e->len >= 19 + strlen(e->name) + 1);
			add(l, e->name, e->off, e->ino, e->type);
			at += e->len;
		}
	CHECK_EQ(n, 0);
}

static void read_legacy(int fd, struct list *l)
{
	l->n = 0;
#ifdef SYS_getdents
	static _Alignas(8) char buf[4096];
	long n;

	while ((n = syscall(SYS_getdents, fd, buf, sizeof(buf))) > 0)
		for (long at = 0; at < n;) {
			uint64_t *head = (uint64_t *)(buf + at);
			uint16_t len = *(uint16_t *)(buf + at + 16);

			add(l, buf + at + 18, (int64_t)head[1], head[0], (uint8_t)buf[at + len - 1]);
			at += len;
		}
	CHECK_EQ(n, 0);
#endif
}

static void same(const struct list *a, const struct list *b)
{
	CHECK_EQ(a->n, b->n);
	for (int i = 0; i < a->n && i < b->n; i++) {
		CHECK_STR(b->e[i].name, a->e[i].name);
		CHECK_EQ(b->e[i].off, a->e[i].off);
		CHECK_EQ(b->e[i].ino, a->e[i].ino);
		CHECK_EQ(b->e[i].type, a->e[i].type);
	}
}

static void check_types(const char *dir, const struct list *l)
{
	char path[128];
	struct stat st, of_dir;

	CHECK(!stat(dir, &of_dir));
	for (int i = 0; i < l->n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, l->e[i].name);
		if (lstat(path, &st)) {
			t_fail(__FILE__, __LINE__, "%s is listed and is not there: errno %d", path, errno);
			continue;
		}
		if (l->e[i].type != IFTODT(st.st_mode))
			t_fail(__FILE__, __LINE__, "%s has type %d, not %d", path, l->e[i].type,
			       IFTODT(st.st_mode));
		/* a mount point has the inode of what it covers */
		if (st.st_dev == of_dir.st_dev && strcmp(l->e[i].name, ".."))
			CHECK_EQ(l->e[i].ino, st.st_ino);
	}
}

static void fixed_directory(const char *path)
{
	static struct list all, again;
	static _Alignas(8) char buf[32768];
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), other, status;
	struct entry64 *e = (struct entry64 *)buf;
	pid_t pid;

	REQUIRE(fd >= 0);
	read_all(fd, 32768, &all);
	CHECK(all.n > 8 && find(&all, ".") >= 0 && find(&all, "..") >= 0);
	CHECK_EQ(syscall(SYS_getdents64, fd, buf, sizeof(buf)), 0);
	check_types(path, &all);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	read_all(fd, 48, &again);
	same(&all, &again);
	lseek(fd, 0, SEEK_SET);
	read_legacy(fd, &again);
#ifdef SYS_getdents
	same(&all, &again);
#endif
	for (int i = 0; i + 1 < all.n; i++) {
		CHECK_EQ(lseek(fd, all.e[i].off, SEEK_SET), all.e[i].off);
		CHECK(syscall(SYS_getdents64, fd, buf, 48) > 0);
		CHECK_STR(e->name, all.e[i + 1].name);
	}
	lseek(fd, 0, SEEK_SET);
	other = dup(fd);
	CHECK(syscall(SYS_getdents64, other, buf, 24) == 24 && !strcmp(e->name, all.e[0].name));
	pid = t_fork();
	if (!pid) {
		CHECK(syscall(SYS_getdents64, other, buf, 24) == 24 && !strcmp(e->name, all.e[1].name));
		_exit(t_end());
	}
	status = t_wait(pid);
	CHECK_EQ(status, 0);
	CHECK(syscall(SYS_getdents64, fd, buf, 48) > 0);
	CHECK_STR(e->name, all.e[2].name);
	lseek(fd, 0, SEEK_SET);
	CHECK_ERR(syscall(SYS_getdents64, fd, buf, 23), EINVAL);
	CHECK_ERR(syscall(SYS_getdents64, fd, buf, 0), EINVAL);
	CHECK_ERR(syscall(SYS_getdents64, fd, (void *)8, 4096), EFAULT);
	read_all(fd, 4096, &again);
	same(&all, &again);
	close(other);
	close(fd);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK_ERR(syscall(SYS_getdents64, fd, buf, sizeof(buf)), EBADF);
	close(fd);
}

/* While processes come and go, those that stay are listed once each. */
static void changing_directory(void)
{
	static struct list all;
	char name[32];
	pid_t stay[3], churn;
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	REQUIRE(fd >= 0);
	churn = t_fork();
	if (!churn) {
		for (;;) {
			pid_t p = fork();

			if (!p)
				_exit(0);
			waitpid(p, NULL, 0);
		}
	}
	for (int i = 0; i < 3; i++) {
		stay[i] = t_fork();
		if (!stay[i])
			for (;;)
				pause();
		t_ms(5);
	}
	for (int round = 0; round < 10; round++) {
		CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
		read_all(fd, round % 2 ? 64 : 256, &all);
		for (int i = 0; i < 3; i++) {
			snprintf(name, sizeof(name), "%d", stay[i]);
			CHECK(find(&all, name) >= 0);
		}
		snprintf(name, sizeof(name), "%d", getpid());
		CHECK(find(&all, name) >= 0);
		CHECK(find(&all, "self") >= 0 && find(&all, "meminfo") >= 0);
	}
	for (int i = 0; i < 3; i++) {
		kill(stay[i], SIGKILL);
		t_wait(stay[i]);
	}
	kill(churn, SIGKILL);
	t_wait(churn);
	close(fd);
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	fixed_directory("/proc/self");
	fixed_directory("/dev");
	changing_directory();
	return t_end();
}
