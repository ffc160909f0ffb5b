/* SPDX-License-Identifier: Apache-2.0 */
/* exec: it needs no fd, and one that fails leaves none behind. */
#include "t.h"

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void full(const char *path)
{
	int st;
	pid_t pid = t_fork();

	if (!pid) {
		struct rlimit lim = {64, 64};
		setrlimit(RLIMIT_NOFILE, &lim);
		while (open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
			;
		execl(path, path, "exit", "4", (char *)NULL);
		_exit(99);
	}
	st = t_wait(pid);
	CHECK_EQ(st, 4);
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	static char huge[1 << 20];
	char *av[] = {"z", huge, NULL}, *ev[] = {NULL};
	char **volatile bad = (char **)8;
	int before = open_fds();

	full("/t/helper");
	if (!access("/t/helper-dyn", X_OK))
		full("/t/helper-dyn");
	memset(huge, 'x', sizeof(huge) - 1); /* one string may have 128 KiB */
	t_put_mode("script", "#!/t/helper\n", 0755);
	for (int i = 0; i < 20; i++) {
		CHECK_ERR(execve("/t/helper", av, ev), E2BIG);
		CHECK_ERR(execve("/w/script", av, ev), E2BIG);
		CHECK_ERR(execve("/t/helper", bad, ev), EFAULT);
		if (!access("/t/helper-dyn", X_OK))
			CHECK_ERR(execve("/t/helper-dyn", av, ev), E2BIG);
	}
	CHECK_EQ(open_fds(), before);
	return t_end();
}
