/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pty_run line|interrupt|quiet PROGRAM [ARG]...: what a shell with job control does: a terminal, a session,
 * the program in a foreground process group of its own. line: types "hello". interrupt: types ^C once the
 * program has printed something. Afterwards the foreground group must be the one that was set before the
 * program ran. Exit status: the program's, 128 + signal; 99 where the foreground has not been given back; 98
 * on a timeout.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* The session leader: starts the job as a shell would, waits for it, and looks at the terminal. */
static int leader(const char *tty_name, char **argv)
{
	int tty, st;
	pid_t pid;

	if (setsid() < 0 || (tty = open(tty_name, O_RDWR)) < 0 || ioctl(tty, TIOCSCTTY, 0))
		return 97;
	signal(SIGTTOU, SIG_IGN);
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		tcsetpgrp(tty, getpid());
		signal(SIGTTOU, SIG_DFL);
		dup2(tty, 0);
		dup2(tty, 1);
		dup2(tty, 2);
		close(tty);
		execvp(argv[0], argv);
		_exit(127);
	}
	setpgid(pid, pid);
	if (waitpid(pid, &st, WUNTRACED) != pid)
		return 97;
	if (WIFSTOPPED(st)) {
		kill(-pid, SIGKILL);
		fprintf(stderr, "pty_run: the program was stopped by signal %d\n", WSTOPSIG(st));
		return 96;
	}
	if (tcgetpgrp(tty) != pid) {
		fprintf(stderr, "pty_run: foreground group %d, not %d\n", tcgetpgrp(tty), pid);
		return 99;
	}
	return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}

int main(int argc, char **argv)
{
	int master, st, seen = 0, sent = 0;
	char buf[4096];
	pid_t pid;

	if (argc < 3 || (master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0 || grantpt(master) ||
	    unlockpt(master))
		return 97;
	pid = fork();
	if (!pid)
		_exit(leader(ptsname(master), argv + 2));
	for (int i = 0; i < 100; i++) {
		struct pollfd p = {master, POLLIN, 0};

		if (waitpid(pid, &st, WNOHANG) == pid)
			return WIFEXITED(st) ? WEXITSTATUS(st) : 97;
		if (poll(&p, 1, 100) > 0) {
			ssize_t n = read(master, buf, sizeof(buf));

			if (n > 0) {
				seen = 1;
				fwrite(buf, 1, (size_t)n, stderr);
			} else {
				usleep(100000);
			}
		}
		if (!sent && !strcmp(argv[1], "line"))
			sent = write(master, "hello\n", 6) == 6;
		if (!sent && seen && !strcmp(argv[1], "interrupt"))
			sent = write(master, "\003", 1) == 1;
	}
	kill(pid, SIGKILL);
	return 98;
}
