/* SPDX-License-Identifier: Apache-2.0 */
/* /proc: a thread's number names its process although it is not listed; /proc/PID/task lists the threads. */
#include "t.h"

static atomic_int tid, stop;

static void *thread(void *arg)
{
	tid = gettid();
	while (!stop)
		t_ms(10);
	return arg;
}

static int count(const char *path, int wanted)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	int n = 0;

	REQUIRE(dir);
	while ((e = readdir(dir)))
		n += atoi(e->d_name) == wanted;
	closedir(dir);
	return n;
}

int main(int argc, char **argv)
{
	char path[64], want[64], text[4096];
	pthread_t th;

	t_begin(argc, argv);
	th = t_thread(thread, NULL);
	while (!tid)
		t_ms(1);
	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	CHECK(t_get(path, text, sizeof(text)) > 0);
	snprintf(want, sizeof(want), "Tgid:\t%d", getpid());
	CHECK_LINE(text, want);
	snprintf(want, sizeof(want), "Pid:\t%d", tid);
	CHECK_LINE(text, want);
	CHECK_EQ(count("/proc", tid), 0);
	CHECK_EQ(count("/proc", getpid()), 1);
	CHECK_EQ(count("/proc/self/task", tid), 1);
	CHECK_EQ(count("/proc/self/task", getpid()), 1);
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", tid);
	CHECK(t_get(path, text, sizeof(text)) > 0);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/exe", tid, tid);
	CHECK_STR(t_readlink(path), t_self);
	CHECK_ERR(open("/proc/self/task/1/comm", O_RDONLY), ENOENT);
	CHECK_ERR(open("/proc/self/task/../../1/../self/none", O_RDONLY), ENOENT);
	snprintf(path, sizeof(path), "/proc/0%d/comm", tid);
	CHECK_ERR(open(path, O_RDONLY), ENOENT);
	stop = 1;
	t_join(th);
	snprintf(path, sizeof(path), "/proc/%d/comm", tid);
	CHECK_ERR(open(path, O_RDONLY), ENOENT);
	return t_end();
}
