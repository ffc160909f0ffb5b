/* SPDX-License-Identifier: Apache-2.0 */
/* A zygote for the tests: zygote COUNT [WRONG]. It notes its start in file COUNT, makes the file "warm", and
 * each job is made of words. With WRONG it is not fit to be forked;
 * closed standard streams are not wrong. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static char message[131072], last_words[200];
static int secret = 42;
static pid_t zygote;

static void append(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

static void *sleeper(void *arg)
{
	pause();
	return arg;
}

static int be_wrong(const char *how)
{
	pthread_t t;

	if (!strcmp(how, "exits"))
		return 3;
	if (!strcmp(how, "closes"))
		return close(1) + close(2);
	if (!strcmp(how, "writes"))
		return open("open-file", O_WRONLY | O_CREAT, 0644) < 0;
	if (!strcmp(how, "shares"))
		return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) ==
		       MAP_FAILED;
	if (!strcmp(how, "threads"))
		return pthread_create(&t, NULL, sleeper, NULL) != 0;
	if (!strcmp(how, "processes") && fork() == 0)
		sleeper(NULL);
	return 0;
}

/* A filter with a listener of one's own: whoever has that could let calls pass. */
static const char *own_listener(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	const struct sock_fprog prog = {1, &allow};

	long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog, 0, 0,
			  0);
	return fd >= 0 ? "made" : strerrorname_np(errno);
}

static const char *own_parent(void)
{
	long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid > 0 ? "made" : strerrorname_np(errno);
}

static const char *error_of(long r)
{
	return r < 0 ? strerrorname_np(errno) : "ok";
}

/* What the sealed zygote may do, told by its next forks. */
static void try_in_zygote(void)
{
	char cwd[100];
	int n = snprintf(last_words, sizeof(last_words), "open %s", error_of(open("warm", O_RDONLY)));

	n += snprintf(last_words + n, sizeof(last_words) - (size_t)n, " getcwd %s",
		      error_of(syscall(SYS_getcwd, cwd, sizeof(cwd))));
	n += snprintf(last_words + n, sizeof(last_words) - (size_t)n, " listener %s", own_listener());
	snprintf(last_words + n, sizeof(last_words) - (size_t)n, " parent %s", own_parent());
}

static void attack(void)
{
	int got = 0;
	char path[64];
	struct iovec to = {&got, sizeof(got)}, from = {&secret, sizeof(secret)};

	printf("kill %s", error_of(kill(zygote, SIGUSR1)));
	printf(" memory %s", error_of(process_vm_readv(zygote, &to, 1, &from, 1, 0)));
	snprintf(path, sizeof(path), "/proc/%d/mem", zygote);
	printf(" proc %s", error_of(open(path, O_RDONLY)));
	printf(" listener %s", own_listener());
	printf(" parent %s\n", own_parent());
}

static int job(char **words)
{
	char cwd[4096], text[100] = "";

	if (!strcmp(words[0], "say"))
		for (words++; *words; words++)
			printf("[%s]", *words);
	else if (!strcmp(words[0], "zygote"))
		printf("%s", last_words);
	else if (!strcmp(words[0], "attack"))
		attack();
	else if (!strcmp(words[0], "exit"))
		return atoi(words[1]);
	else if (!strcmp(words[0], "signal"))
		return raise(atoi(words[1]));
	else if (!strcmp(words[0], "sleep"))
		return (int)sleep((unsigned)atoi(words[1]));
	else if (!strcmp(words[0], "where"))
		printf("%s %s %s", getcwd(cwd, sizeof(cwd)), getenv("MINE") ? getenv("MINE") : "-",
		       fgets(text, sizeof(text), stdin) ? text : "nothing");
	else if (!strcmp(words[0], "sh")) /* a program is started as in any sandbox */
		return execl("/bin/sh", "sh", "-c", words[1], NULL);
	printf("\n");
	return 0;
}

int main(int argc, char **argv)
{
	char *words[32];
	ssize_t size;

	(void)argc;
	zygote = getpid();
	append(argv[1], "started\n");
	append("warm", "warm\n");
	int status = argv[2] ? be_wrong(argv[2]) : 0;
	if (status)
		return status;
	if (write(0, "waits", 5) != 5)
		return 4;
	while ((size = read(0, message, sizeof(message))) > 0) {
		size_t n = 0;
		if (!strncmp(message, "Atry", 5)) {
			try_in_zygote();
		} else if (!strncmp(message, "Adie", 5)) {
			return 5;
		}
		if (fork())
			continue;
		for (char *item = message; item < message + size && n < 31; item += strlen(item) + 1) {
			if (*item == 'A')
				words[n++] = item + 1;
			else if (*item == 'E')
				putenv(item + 1);
			else if (chdir(item + 1) < 0)
				return 6;
		}
		words[n] = NULL;
		status = job(words);
		fflush(stdout);
		return status;
	}
	return 0;
}
