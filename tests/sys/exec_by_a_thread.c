/* SPDX-License-Identifier: Apache-2.0 */
/* exec: a thread that is not the leader execs while others run: they are gone, the pid stays. */
#include "t.h"

static void *spin(void *arg)
{
	struct stat st;

	(void)arg;
	for (;;) {
		stat("/etc/marker", &st);
		close(open("f", O_RDWR | O_CREAT, 0644));
	}
	return NULL;
}

static void *exec_it(void *path)
{
	char *av[] = {"z", "x", NULL};

	t_ms(20);
	execve(path, av, av + 2);
	_exit(99);
}

static void one(char *path)
{
	char out[16384], line[64];
	int p[2];
	pid_t pid;

	REQUIRE(!pipe2(p, O_CLOEXEC));
	pid = t_fork();
	if (!pid) {
		dup2(p[1], 1);
		for (int i = 0; i < 4; i++)
			t_thread(spin, NULL);
		t_thread(exec_it, path);
		for (;;)
			pause();
	}
	close(p[1]);
	t_slurp(p[0], out, sizeof(out));
	close(p[0]);
	CHECK_EQ(t_wait(pid), 0);
	snprintf(line, sizeof(line), "pid=%d", pid);
	CHECK_LINE(out, line);
	CHECK_LINE(out, "Threads:=1");
	CHECK_LINE(out, "argc=2");
}

static void *leader_gone(void *path)
{
	char *av[] = {"true", NULL};

	t_ms(50);
	execve(path, av, av + 1);
	_exit(99);
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	pid_t pid;

	for (int i = 0; i < 3; i++) {
		one("/t/helper");
		if (!access("/t/helper-dyn", X_OK))
			one("/t/helper-dyn");
	}
	pid = t_fork();
	if (!pid) {
		t_thread(leader_gone, "/bin/true");
		pthread_exit(NULL);
	}
	CHECK_EQ(t_wait(pid), 0);
	return t_end();
}
