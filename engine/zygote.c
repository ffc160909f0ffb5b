/* SPDX-License-Identifier: Apache-2.0 */
/* A zygote: a program that is started once, in a sandbox of its own, up to a point where it waits; then each
 * sandbox is a fork of it. A thread of its own traces it (ptrace(2) is per thread) and does what is asked
 * for, one thing after the other; how a fork becomes a sandbox is in fork.c.
 *
 * The zygote's standard input is a socket of whole messages. What it sends first says that it waits; from
 * then on it is sealed: calls that warren serves fail with ENOSYS. For each message that it gets it forks,
 * and the child does what the message says; its standard input is another one by then. */
#define _GNU_SOURCE
#include "fork.h"
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#define MESSAGE_MAX WARREN_ZYGOTE_MESSAGE
#define ZYGOTES	    1024 /* numbers of sandboxes that are kept for them */

struct warren_zygote {
	struct warren_engine *engine;
	struct warren_sandbox *s;
	int control; /* our end of its standard input */
	pthread_t thread;
	bool waits;	       /* it said that it does, and is sealed and traced */
	pthread_mutex_t order; /* one request at a time */
	pthread_mutex_t lock;  /* over the rest */
	pthread_cond_t change;
	int (*fn)(struct warren_zygote *z, void *arg); /* NULL: nothing to do */
	void *arg;
	int result;
	bool stop;
	char error[256];
};

static int fail(struct warren_zygote *z, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(z->error, sizeof(z->error), fmt, ap);
	va_end(ap);
	return err;
}

const char *warren_zygote_error(const struct warren_zygote *z)
{
	return z->error;
}

/* ---- the thread ---- */

static void *run(void *arg)
{
	struct warren_zygote *z = arg;

	pthread_mutex_lock(&z->lock);
	while (!z->stop) {
		if (!z->fn) {
			pthread_cond_wait(&z->change, &z->lock);
			continue;
		}
		pthread_mutex_unlock(&z->lock);
		int r = z->fn(z, z->arg);
		pthread_mutex_lock(&z->lock);
		z->result = r;
		z->fn = NULL;
		pthread_cond_broadcast(&z->change);
	}
	pthread_mutex_unlock(&z->lock);
	return NULL;
}

static int ask(struct warren_zygote *z, int (*fn)(struct warren_zygote *z, void *arg), void *arg)
{
	pthread_mutex_lock(&z->order);
	pthread_mutex_lock(&z->lock);
	z->fn = fn;
	z->arg = arg;
	pthread_cond_broadcast(&z->change);
	while (z->fn)
		pthread_cond_wait(&z->change, &z->lock);
	int r = z->result;
	pthread_mutex_unlock(&z->lock);
	pthread_mutex_unlock(&z->order);
	return r;
}

/* ---- is it fit to be forked? ---- */

/* What all forks would write to together: files, and memory. */
static int check_files(struct warren_zygote *z)
{
	char path[320], link[PATH_MAX], info[128];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/fd", z->s->pid);
	_cleanup_closedir_ DIR *d = opendir(path);
	if (!d)
		return -errno;
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		unsigned flags = 0;
		if (atoi(e->d_name) < 3 || fstatat(dirfd(d), e->d_name, &st, 0) < 0 || !S_ISREG(st.st_mode))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", z->s->pid, e->d_name);
		_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, info, sizeof(info) - 1);
		info[n > 0 ? n : 0] = '\0';
		const char *at = strstr(info, "flags:");
		if (!at || sscanf(at, "flags: %o", &flags) != 1)
			return -EIO;
		if ((flags & O_ACCMODE) == O_RDONLY)
			continue;
		n = readlinkat(dirfd(d), e->d_name, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = '\0';
		return fail(z, -ETXTBSY,
			    "it has a file open for writing, which all forks would share: %.200s", link);
	}
	return 0;
}

static int check_memory(struct warren_zygote *z)
{
	char path[64], *line = NULL;
	size_t size = 0;
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%d/maps", z->s->pid);
	FILE *f = fopen(path, "re");
	if (!f)
		return -errno;
	while (r == 0 && getline(&line, &size, f) > 0) {
		const char *mode = strchr(line, ' ');
		if (mode && mode[2] == 'w' && mode[4] == 's')
			r = fail(z, -ETXTBSY, "it has memory that all forks would share: %.100s",
				 strrchr(line, ' ') + 1);
	}
	free(line);
	fclose(f);
	z->error[strcspn(z->error, "\n")] = '\0';
	return r;
}

static int check_alone(struct warren_zygote *z)
{
	char path[64];
	unsigned n = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", z->s->pid);
	_cleanup_closedir_ DIR *d = opendir(path);
	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
		n += e->d_name[0] != '.';
	if (n != 1)
		return fail(z, -EBUSY, "it has %u threads; a fork has one only", n);
	int processes = wr_tag_count(z->s->tag);
	if (processes > 1)
		return fail(z, -EBUSY,
			    "there are %d processes in its sandbox; it must be alone when it waits",
			    processes);
	return processes < 0 ? processes : 0;
}

/* It said that it waits. Stopped, it cannot become another than what is looked at. */
static int settle(struct warren_zygote *z, void *arg)
{
	(void)arg;
	int r = wr_fork_seize(z->s->pid);
	if (r == 0)
		r = check_alone(z);
	if (r == 0)
		r = check_files(z);
	if (r == 0)
		r = check_memory(z);
	if (r == 0 && (r = wr_sandbox_seal(z->s)) < 0)
		return fail(z, r, "its sandbox does not come to rest");
	z->waits = r == 0;
	return r;
}

/* ---- a fork ---- */

static bool add(char *buf, size_t *at, char kind, const char *text)
{
	size_t len = strlen(text) + 1;

	if (len > MESSAGE_MAX - 1 || *at > MESSAGE_MAX - 1 - len)
		return false;
	buf[(*at)++] = kind;
	memcpy(buf + *at, text, len);
	*at += len;
	return true;
}

static int send_job(struct warren_zygote *z, const struct warren_command *cmd)
{
	_cleanup_free_ char *buf = malloc(MESSAGE_MAX);
	size_t at = 0;
	bool fits = true;

	if (!buf)
		return -ENOMEM;
	for (char *const *a = cmd->argv; *a && fits; a++)
		fits = add(buf, &at, 'A', *a);
	for (char *const *e = cmd->envp; e && *e && fits; e++)
		fits = add(buf, &at, 'E', *e);
	if (cmd->cwd && fits)
		fits = add(buf, &at, 'C', cmd->cwd);
	if (!fits)
		return -E2BIG;
	return send(z->control, buf, at, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int make(struct warren_zygote *z, void *arg)
{
	struct wr_fork *f = arg;
	int r = z->waits ? send_job(z, f->cmd) : -EINVAL;

	if (r == -EPIPE || r == -ECONNRESET)
		r = -ECHILD;
	return r < 0 ? r : wr_fork_take(f);
}

int warren_zygote_fork(struct warren_zygote *z, struct warren_policy *p, const struct warren_command *cmd,
		       struct warren_sandbox **ret)
{
	_cleanup_close_ int cgroup = -1;
	struct wr_fork f = {.zygote = z->s, .cmd = cmd};
	int r = wr_policy_freeze(p);

	if (r == 0)
		r = wr_sandbox_new(z->engine, p, cmd, wr_sandbox_new_tag(z->engine), &f.s, &cgroup);
	if (r < 0)
		return r;
	f.cgroup = cgroup;
	r = ask(z, make, &f);
	if (r == -ECHILD)
		wr_policy_fail(p, r, "the zygote has ended");
	else if (r < 0)
		wr_policy_fail(p, r, "the zygote's fork: %s", strerror(-r));
	if (r == 0 && (r = wr_limits_begin(f.s)) < 0)
		warren_sandbox_kill(f.s, 10000);
	if (r < 0) {
		warren_sandbox_unref(f.s);
		return r;
	}
	*ret = f.s;
	return 0;
}

/* ---- its life ---- */

int warren_zygote_start(struct warren_engine *e, struct warren_policy *p, const struct warren_command *cmd,
			const char *layers, struct warren_zygote **ret)
{
	struct warren_command own = *cmd;
	int pair[2] = {-1, -1};

	if (p->frozen)
		return wr_policy_fail(p, -EBUSY, "a policy that was used cannot be a zygote's");
	p->zygote = true;
	struct warren_zygote *z = calloc(1, sizeof(*z));
	if (!z || (layers && !(p->forks_dir = strdup(layers)))) {
		free(z);
		return -ENOMEM;
	}
	z->engine = e;
	pthread_mutex_init(&z->order, NULL);
	pthread_mutex_init(&z->lock, NULL);
	pthread_cond_init(&z->change, NULL);
	uint64_t key = 0;
	int r = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ? -errno : 0;
	if (r == 0 && getrandom(&key, sizeof(key), 0) != sizeof(key))
		r = -EIO;
	z->control = pair[0];
	own.stdio[0] = pair[1];
	/* The tags of its forks are lower than its own: a limit can be lowered by everybody. */
	uint64_t tag = wr_tag_base() | (UINT32_MAX - atomic_fetch_add(&e->next_zygote, 1) % ZYGOTES);
	if (r == 0)
		r = wr_sandbox_start(e, p, &own, key | 1, tag, &z->s);
	if (pair[1] >= 0)
		close(pair[1]);
	if (r == 0) {
		sigset_t all, old;
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &old);
		r = -pthread_create(&z->thread, NULL, run, z);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
		if (r < 0) {
			warren_sandbox_kill(z->s, 10000);
			warren_sandbox_unref(z->s);
		}
	}
	if (r < 0) {
		wr_cleanup_close(&z->control);
		free(z);
		return r;
	}
	*ret = z;
	return 0;
}

struct warren_sandbox *warren_zygote_sandbox(struct warren_zygote *z)
{
	return z->s;
}

int warren_zygote_fd(const struct warren_zygote *z)
{
	return z->control;
}

int warren_zygote_wait(struct warren_zygote *z, int timeout_ms)
{
	struct pollfd p = {.fd = z->control, .events = POLLIN};
	char byte;
	int r;

	if (z->waits)
		return 0;
	while ((r = poll(&p, 1, timeout_ms)) < 0 && errno == EINTR)
		;
	if (r <= 0)
		return r < 0 ? -errno : -ETIMEDOUT;
	if (recv(z->control, &byte, 1, MSG_DONTWAIT) <= 0)
		return fail(z, -ECHILD, "it ended before it waited for work");
	return ask(z, settle, NULL);
}

void warren_zygote_free(struct warren_zygote *z)
{
	if (!z)
		return;
	pthread_mutex_lock(&z->lock);
	z->stop = true;
	pthread_cond_broadcast(&z->change);
	pthread_mutex_unlock(&z->lock);
	/* killed first: in a request the thread may wait for it */
	warren_sandbox_kill(z->s, 10000);
	pthread_join(z->thread, NULL);
	warren_sandbox_kill(z->s, 10000);
	close(z->control);
	warren_sandbox_unref(z->s);
	pthread_mutex_destroy(&z->order);
	pthread_mutex_destroy(&z->lock);
	pthread_cond_destroy(&z->change);
	free(z);
}
