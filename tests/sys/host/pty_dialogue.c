/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pty_dialogue PROGRAM [ARG]... <SCRIPT: a person at a terminal. The program leads a session with a terminal
 * of its own, 24 rows of 80 columns; the lines of the script say what happens there:
 *  - send TEXT: it is typed; \n, \e and \xHH in it are what they are in C
 *  - expect TEXT: wait until the terminal shows it, behind what was expected last
 *  - press KEY until TEXT: the key is typed, again each second, until the terminal shows the text
 *  - size ROWS COLS: the window is made as large
 * At the end of the script it is waited for the program. Exit status: the program's, 128 + signal; 99 when
 * something expected was not shown within 20 s, or the program did not end.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S 20

static int master;
static char shown[1 << 20];
static size_t n_shown, n_expected;

static void resize(unsigned rows, unsigned cols)
{
	struct winsize ws = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};

	ioctl(master, TIOCSWINSZ, &ws);
}

static pid_t start(char **argv)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	int tty = -1;
	if (setsid() < 0 || (tty = open(ptsname(master), O_RDWR)) < 0 || ioctl(tty, TIOCSCTTY, 0))
		_exit(97);
	for (int i = 0; i < 3; i++)
		dup2(tty, i);
	close(tty);
	execvp(argv[0], argv);
	_exit(127);
}

/* False at the end: nobody has the terminal open any more. */
static bool look(int timeout_ms)
{
	struct pollfd p = {master, POLLIN, 0};

	if (poll(&p, 1, timeout_ms) <= 0)
		return true;
	ssize_t n = read(master, shown + n_shown, sizeof(shown) - n_shown - 1);
	if (n > 0)
		n_shown += (size_t)n;
	return n > 0;
}

static bool seen_within(int seconds, const char *text)
{
	for (time_t end = time(NULL) + seconds; time(NULL) <= end;) {
		const char *at = memmem(shown + n_expected, n_shown - n_expected, text, strlen(text));
		if (at) {
			n_expected = (size_t)(at - shown) + strlen(text);
			return true;
		}
		if (!look(100))
			usleep(10000);
	}
	return false;
}

static bool expect(const char *text)
{
	if (seen_within(PATIENCE_S, text))
		return true;
	fprintf(stderr, "pty_dialogue: '%s' was not shown; this was:\n%.*s\n", text, (int)n_shown, shown);
	return false;
}

static bool type(const char *text)
{
	char buf[1024];
	size_t n = 0;

	for (const char *c = text; *c && n < sizeof(buf); c++) {
		if (*c != '\\') {
			buf[n++] = *c;
			continue;
		}
		c++;
		if (*c == 'x') {
			buf[n++] = (char)strtol((char[]){c[1], c[2], '\0'}, NULL, 16);
			c += 2;
		} else {
			buf[n++] = (char)(*c == 'n' ? '\n' : *c == 'e' ? '\033' : *c);
		}
	}
	return write(master, buf, n) == (ssize_t)n;
}

static bool press(const char *key, const char *text)
{
	for (int i = 0; i < PATIENCE_S; i++)
		if (type(key) && seen_within(1, text))
			return true;
	return expect(text);
}

static bool perform(char *line)
{
	char key[16], text[256];
	unsigned rows, cols;

	line[strcspn(line, "\n")] = '\0';
	if (!strncmp(line, "send ", 5))
		return type(line + 5);
	if (!strncmp(line, "expect ", 7))
		return expect(line + 7);
	if (sscanf(line, "press %15s until %255[^\n]", key, text) == 2)
		return press(key, text);
	if (sscanf(line, "size %u %u", &rows, &cols) == 2) {
		resize(rows, cols);
		return true;
	}
	fprintf(stderr, "pty_dialogue: what is '%s'?\n", line);
	return false;
}

int main(int argc, char **argv)
{
	char line[1024];
	bool good = true;
	int st;

	if (argc < 2 || (master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0 || grantpt(master) ||
	    unlockpt(master))
		return 97;
	resize(24, 80);
	pid_t pid = start(argv + 1);
	while (good && fgets(line, sizeof(line), stdin))
		good = perform(line);
	for (time_t end = time(NULL) + PATIENCE_S; good && time(NULL) <= end;) {
		if (waitpid(pid, &st, WNOHANG) == pid)
			return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
		if (!look(50))
			usleep(10000);
	}
	if (good)
		fprintf(stderr, "pty_dialogue: the program does not end; shown:\n%.*s\n", (int)n_shown,
			shown);
	kill(pid, SIGKILL);
	return 99;
}
