/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: tid is not tgid; calls of threads other than the leader, and after the leader has ended. */
#include "t.h"

static void calls(int i)
{
	char name[32], link[64];
	struct stat st;
	int fd;

	snprintf(name, sizeof(name), "thread%d", i);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, name, strlen(name)), strlen(name));
	CHECK(t_holds(name, name));
	snprintf(link, sizeof(link), "/proc/%d/task/%d", getpid(), gettid());
	CHECK_OK(stat(link, &st));
	snprintf(link, sizeof(link), "/proc/thread-self/fd/%d", fd);
	CHECK(strstr(t_readlink(link), name));
	CHECK_OK(chdir("/w"));
	close(fd);
}

static void *worker(void *arg)
{
	for (int i = 0; i < 20; i++)
		calls((int)(intptr_t)arg);
	return NULL;
}

static void *last(void *arg)
{
	pthread_t *leader = arg;
	pthread_t t[4];

	t_join(*leader);
	t_ms(50);
	for (intptr_t i = 0; i < 4; i++)
		t[i] = t_thread(worker, (void *)(i + 10));
	for (int i = 0; i < 4; i++)
		t_join(t[i]);
	worker((void *)20);
	CHECK_EQ(t_exec_errno("/none", (char *[]){"x", NULL}, NULL, NULL), ENOENT);
	_exit(t_end());
}

int main(int argc, char **argv)
{
	static pthread_t leader;
	pthread_t t[4];

	t_begin(argc, argv);
	for (intptr_t i = 0; i < 4; i++)
		t[i] = t_thread(worker, (void *)i);
	for (int i = 0; i < 4; i++)
		t_join(t[i]);
	/* The leader ends and stays a zombie; the rest of the process goes on. */
	leader = pthread_self();
	t_thread(last, &leader);
	pthread_exit(NULL);
}
