/* SPDX-License-Identifier: Apache-2.0 */
/* cgroups(7). The sandboxes' are made in one directory of this process, below the cgroup that it is in:
 * processes of a user may only be moved within what is delegated to him. */
#define _GNU_SOURCE
#include "cgroup.h"
#include "base/cleanup.h"
#include "base/raw.h"
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static struct {
	pthread_once_t once;
	int error; /* negative errno, with why */
	char why[256];
	int version; /* 1 or 2 */
	int dir;     /* of this process's sandboxes */
	char path[PATH_MAX];
	pid_t pid;
} base = {.once = PTHREAD_ONCE_INIT, .dir = -1};

static int put(int dir, const char *file, const char *text)
{
	_cleanup_close_ int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static int get(int dir, const char *file, char *buf, size_t size)
{
	_cleanup_close_ int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	return n < 0 ? -errno : 0;
}

/* The number behind a word at the start of a line; 0 if it is not there. */
static uint64_t value_of(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (!strncmp(line, word, len) && line[len] == ' ')
			return strtoull(line + len, NULL, 10);
	return 0;
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += len)
		if ((at == list || strchr(" ,\n", at[-1])) && (!at[len] || strchr(" ,\n", at[len])))
			return true;
	return false;
}

/* ---- where ---- */

static int fail(int error, const char *why)
{
	base.error = error;
	snprintf(base.why, sizeof(base.why), "%s", why);
	return error;
}

/* Where the hierarchy is mounted: type cgroup2, or cgroup with the memory controller. */
static bool find_mount(const char *type, const char *option, char *ret, size_t size)
{
	_cleanup_free_ char *line = NULL;
	size_t room = 0;
	bool found = false;
	FILE *f = fopen("/proc/self/mountinfo", "re");

	while (f && !found && getline(&line, &room, f) > 0) {
		/* ID parent device root point options ... - type source options */
		char *end = strstr(line, " - "), *root = line, *point;
		for (int i = 0; i < 3 && root; i++)
			root = strchr(root, ' ') ? strchr(root, ' ') + 1 : NULL;
		point = root ? strchr(root, ' ') : NULL;
		if (!end || !point || strncmp(end + 3, type, strlen(type)) || end[3 + strlen(type)] != ' ' ||
		    strncmp(root, "/ ", 2) || (option && !has_word(strrchr(end, ' ') + 1, option)))
			continue;
		point++;
		size_t len = strcspn(point, " ");
		if (len < size) {
			snprintf(ret, size, "%.*s", (int)len, point);
			found = true;
		}
	}
	if (f)
		fclose(f);
	return found;
}

/* The path of this process in the hierarchy: "0::PATH", or "N:...memory...:PATH". */
static bool find_own(const char *controller, char *ret, size_t size)
{
	_cleanup_free_ char *line = NULL;
	size_t room = 0;
	bool found = false;
	FILE *f = fopen("/proc/self/cgroup", "re");

	while (f && !found && getline(&line, &room, f) > 0) {
		char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;
		if (!path)
			continue;
		*path++ = '\0';
		path[strcspn(path, "\n")] = '\0';
		if (*controller ? has_word(names + 1, controller) : !strncmp(line, "0:", 2))
			found = snprintf(ret, size, "%s", strcmp(path, "/") ? path : "") < (int)size;
	}
	if (f)
		fclose(f);
	return found;
}

/* Directories of supervisors that were killed. */
static void prune(int parent)
{
	int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), pid, end;
	_cleanup_closedir_ DIR *d = fd < 0 ? NULL : fdopendir(fd);

	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
		if (sscanf(e->d_name, "warren-%d%n", &pid, &end) != 1 || e->d_name[end] || kill(pid, 0) == 0)
			continue;
		int sub = openat(parent, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		_cleanup_closedir_ DIR *in = sub < 0 ? NULL : fdopendir(sub);
		for (struct dirent *s = in ? readdir(in) : NULL; s; s = readdir(in))
			if (!strncmp(s->d_name, "s-", 2))
				unlinkat(dirfd(in), s->d_name, AT_REMOVEDIR);
		unlinkat(parent, e->d_name, AT_REMOVEDIR);
	}
}

/* A controller can be given to children only by a cgroup that holds no process itself: when we are all there
 * is in ours, we step aside into a child of it. */
static int enable_memory(int parent)
{
	char text[4096], pid[32];

	if (get(parent, "cgroup.subtree_control", text, sizeof(text)) == 0 && has_word(text, "memory"))
		return 0;
	if (put(parent, "cgroup.subtree_control", "+memory") == 0)
		return 0;
	snprintf(pid, sizeof(pid), "%d", getpid());
	if (mkdirat(parent, "warren-supervisor", 0755) < 0 && errno != EEXIST)
		return -errno;
	_cleanup_close_ int aside = openat(parent, "warren-supervisor", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = aside < 0 ? -errno : put(aside, "cgroup.procs", pid);
	if (r == 0)
		r = put(parent, "cgroup.subtree_control", "+memory");
	if (r < 0) {
		put(parent, "cgroup.procs", pid);
		unlinkat(parent, "warren-supervisor", AT_REMOVEDIR);
	}
	return r;
}

static void at_exit(void)
{
	if (base.dir < 0 || getpid() != base.pid)
		return;
	/* what was killed in the end may still be giving its memory back */
	for (int i = 0; i < 200; i++) {
		wr_cgroup_remove_left();
		if (rmdir(base.path) == 0 || errno != EBUSY)
			break;
		usleep(1000);
	}
}

static int make_base(const char *mount, const char *own, int version)
{
	char text[4096], why[200];

	if (snprintf(base.path, sizeof(base.path), "%s%s", mount, own) >= (int)sizeof(base.path))
		return fail(-ENAMETOOLONG, "the path of its cgroup is too long");
	_cleanup_close_ int parent = open(base.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0)
		return fail(-errno, "its cgroup cannot be opened");
	if (version == 2 &&
	    (get(parent, "cgroup.controllers", text, sizeof(text)) < 0 || !has_word(text, "memory")))
		return fail(-EOPNOTSUPP, "its cgroup has no memory controller");
	if (faccessat(parent, ".", W_OK, AT_EACCESS) < 0)
		return fail(-EACCES,
			    "its cgroup is not delegated to this user (systemd-run --user --scope -p "
			    "Delegate=yes warren ... has one)");
	prune(parent);
	int r = version == 2 ? enable_memory(parent) : 0;
	if (r < 0) {
		snprintf(why, sizeof(why),
			 "the memory controller cannot be given to children of its cgroup: %s", strerror(-r));
		return fail(r, why);
	}
	size_t len = strlen(base.path);
	snprintf(base.path + len, sizeof(base.path) - len, "/warren-%d", getpid());
	if (mkdir(base.path, 0755) < 0 && errno != EEXIST)
		return fail(-errno, "no cgroup can be made below its own");
	base.dir = open(base.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (base.dir < 0)
		return fail(-errno, "no cgroup can be made below its own");
	base.version = version;
	base.pid = getpid();
	atexit(at_exit);
	if (version == 2 && put(base.dir, "cgroup.subtree_control", "+memory") < 0)
		return fail(-errno, "the memory controller cannot be given to the sandboxes");
	return base.error = 0;
}

static void find_base(void)
{
	char mount[PATH_MAX], own[PATH_MAX];

	if (getenv("WARREN_NO_CGROUP")) { /* for tests of what is done without */
		fail(-EOPNOTSUPP, "WARREN_NO_CGROUP is set");
		return;
	}
	if (find_mount("cgroup", "memory", mount, sizeof(mount)) && find_own("memory", own, sizeof(own)))
		make_base(mount, own, 1);
	else if (find_mount("cgroup2", NULL, mount, sizeof(mount)) && find_own("", own, sizeof(own)))
		make_base(mount, own, 2);
	else
		fail(-EOPNOTSUPP, "no cgroup file system is mounted");
}

int wr_cgroup_available(char *why, size_t size)
{
	pthread_once(&base.once, find_base);
	if (base.error)
		snprintf(why, size, "%s", base.why);
	return base.error;
}

const char *wr_cgroup_place(void)
{
	return base.dir >= 0 ? base.path : NULL;
}

/* ---- one sandbox's ---- */

static int set_memory(int dir, uint64_t memory)
{
	char number[32];

	snprintf(number, sizeof(number), "%llu", (unsigned long long)memory);
	if (base.version == 1) {
		int r = put(dir, "memory.limit_in_bytes", number);
		/* memory and swap together, where swap is counted */
		if (r == 0)
			put(dir, "memory.memsw.limit_in_bytes", number);
		return r;
	}
	int r = put(dir, "memory.max", number);
	if (r == 0)
		put(dir, "memory.swap.max", "0"); /* missing where swap is not counted */
	return r;
}

/* Version 1 counts what is below only where it is told to, while there is nothing below. */
int wr_cgroup_limit_all(uint64_t memory)
{
	if (base.version == 1)
		put(base.dir, "memory.use_hierarchy", "1"); /* it is always so in newer kernels */
	return set_memory(base.dir, memory);
}

int wr_cgroup_new(struct wr_cgroup *g, uint64_t memory, int *ret_procs)
{
	static atomic_uint serial;
	char why[8];
	int r = wr_cgroup_available(why, sizeof(why));

	if (r < 0)
		return r;
	snprintf(g->name, sizeof(g->name), "s-%u", atomic_fetch_add(&serial, 1));
	if (mkdirat(base.dir, g->name, 0755) < 0)
		return -errno;
	g->dir = openat(base.dir, g->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = g->dir < 0 ? -errno : memory ? set_memory(g->dir, memory) : 0;
	if (r == 0 && base.version == 2)
		put(g->dir, "memory.oom.group", "1");
	if (r == 0) {
		*ret_procs = openat(g->dir, "cgroup.procs", O_WRONLY | O_CLOEXEC);
		r = *ret_procs < 0 ? -errno : 0;
	}
	if (r < 0)
		wr_cgroup_remove(g);
	return r;
}

bool wr_cgroup_out_of_memory(const struct wr_cgroup *g)
{
	char text[1024];

	return g->dir >= 0 &&
	       get(g->dir, base.version == 1 ? "memory.oom_control" : "memory.events", text, sizeof(text)) ==
		       0 &&
	       value_of(text, "oom_kill") > 0;
}

uint64_t wr_cgroup_cpu_us(const struct wr_cgroup *g)
{
	char text[1024];

	if (g->dir < 0 || base.version == 1 || get(g->dir, "cpu.stat", text, sizeof(text)) < 0)
		return 0;
	return value_of(text, "usage_usec");
}

bool wr_cgroup_kill(const struct wr_cgroup *g)
{
	return g->dir >= 0 && base.version == 2 && put(g->dir, "cgroup.kill", "1") == 0;
}

int wr_cgroup_remove(struct wr_cgroup *g)
{
	if (!g->name[0])
		return 0;
	if (unlinkat(base.dir, g->name, AT_REMOVEDIR) < 0 && errno == EBUSY)
		return -EBUSY;
	wr_cleanup_close(&g->dir);
	g->name[0] = '\0';
	return 0;
}

static struct left {
	struct left *next;
	struct wr_cgroup cgroup;
} * all_left;
static pthread_mutex_t left_lock = PTHREAD_MUTEX_INITIALIZER;

void wr_cgroup_leave(struct wr_cgroup *g)
{
	struct left *l = malloc(sizeof(*l));

	if (l) {
		pthread_mutex_lock(&left_lock);
		*l = (struct left){all_left, *g};
		all_left = l;
		pthread_mutex_unlock(&left_lock);
	} else {
		wr_cleanup_close(&g->dir);
	}
	*g = (struct wr_cgroup){.dir = -1};
}

void wr_cgroup_remove_left(void)
{
	struct left *l;

	pthread_mutex_lock(&left_lock);
	for (struct left **at = &all_left; (l = *at);) {
		if (wr_cgroup_remove(&l->cgroup) == -EBUSY) {
			at = &l->next;
		} else {
			*at = l->next;
			free(l);
		}
	}
	pthread_mutex_unlock(&left_lock);
}
