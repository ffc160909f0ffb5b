/* SPDX-License-Identifier: Apache-2.0 */
/* Which parts of the host's /proc a sandbox sees. Whatever is not named here does not exist. */
#define _GNU_SOURCE
#include "proc.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* System-wide files that programs read and that name no path and no process. */
static const char *const system_files[] = {
	"cpuinfo",
	"filesystems",
	"loadavg",
	"meminfo",
	"stat",
	"uptime",
	"version",
	"vmstat",
	"sys/kernel/osrelease",
	"sys/kernel/ostype",
	"sys/kernel/version",
	"sys/kernel/hostname",
	"sys/kernel/pid_max",
	"sys/kernel/random/boot_id",
	"sys/kernel/random/uuid",
	"sys/kernel/random/entropy_avail",
	"sys/kernel/cap_last_cap",
	"sys/kernel/ngroups_max",
	"sys/kernel/threads-max",
	"sys/vm/overcommit_memory",
	"sys/vm/mmap_min_addr",
	"sys/vm/max_map_count",
	"sys/fs/file-max",
	"sys/fs/nr_open",
	"sys/fs/pipe-max-size",
};

/* Files of a process that show no host path. */
static const char *const process_files[] = {
	"auxv",
	"cmdline",
	"comm",
	"coredump_filter",
	"environ",
	"io",
	"limits",
	"loginuid",
	"oom_adj",
	"oom_score",
	"oom_score_adj",
	"pagemap",
	"personality",
	"sched",
	"schedstat",
	"sessionid",
	"stat",
	"statm",
	"status",
	"syscall",
	"timerslack_ns",
	"wchan",
	"fd",
	"fdinfo",
	"task",
	"cgroup",
	"clear_refs",
	"children",
};

static bool among(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(name, list[i]))
			return true;
	return false;
}

/* A directory on the way to a listed file. */
static bool ancestor(const char *name, const char *const *list, size_t n)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < n; i++)
		if (!strncmp(list[i], name, len) && list[i][len] == '/')
			return true;
	return false;
}

static int link_text(struct wr_proc *ret, size_t consumed, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static int link_text(struct wr_proc *ret, size_t consumed, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ret->link, sizeof(ret->link), fmt, ap);
	va_end(ap);
	ret->kind = WR_PROC_LINK;
	ret->consumed = consumed;
	return 0;
}

/* A magic link to a file: a name in the sandbox if it has one, else the object. */
static int magic(struct warren_request *rq, const char *rel, size_t consumed, bool nameless_ok,
		 struct wr_proc *ret)
{
	char path[160], host[2 * PATH_MAX], *guest = rq->scratch->bytes;
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%s", rel);
	ssize_t n = readlink(path, host, sizeof(host) - 1);
	if (n < 0)
		return -errno;
	host[n] = '\0';
	ret->consumed = consumed;
	if (host[0] == '/' && stat(path, &st) == 0 && st.st_nlink > 0) {
		int r = wr_guest_visible_path(rq, host, guest, PATH_MAX);
		if (r == 0) {
			/* A guest's path in scratch survives only until the walk goes on. */
			return link_text(ret, consumed, "%s", guest);
		}
		/* A directory or file from outside, inherited on purpose (stdio on a host file or terminal):
		 * the object may be used anew only through what is no directory. */
		if (S_ISDIR(st.st_mode))
			return -EACCES;
	}
	if (!nameless_ok)
		return -EACCES;
	ret->kind = WR_PROC_MAGIC;
	return 0;
}

static int process_entry(struct warren_request *rq, const char *base, const char *rest, size_t consumed,
			 struct wr_proc *ret)
{
	size_t c = strcspn(rest, "/");
	char name[64];

	if (c >= sizeof(name))
		return -ENOENT;
	snprintf(name, sizeof(name), "%.*s", (int)c, rest);
	snprintf(ret->rel, sizeof(ret->rel), "%s%s%s", base, *name ? "/" : "", name);
	if (!*name)
		return 0;
	if (!strcmp(name, "root"))
		return link_text(ret, consumed + c, "/");
	if (!strcmp(name, "cwd"))
		return magic(rq, ret->rel, consumed + c, false, ret);
	if (!strcmp(name, "exe"))
		return magic(rq, ret->rel, consumed + c, true, ret);
	if (!strcmp(name, "mounts") || !strcmp(name, "mountinfo") || !strcmp(name, "mountstats"))
		return -ENOENT;
	if (!among(name, process_files, WR_ARRAY_SIZE(process_files)))
		return -ENOENT;
	if (!rest[c])
		return 0;
	const char *sub = rest + c + 1;
	if ((!strcmp(name, "fd") || !strcmp(name, "fdinfo")) && *sub) {
		if (strspn(sub, "0123456789") != strlen(sub) || strlen(sub) > 9)
			return -ENOENT;
		size_t len = strlen(ret->rel);
		snprintf(ret->rel + len, sizeof(ret->rel) - len, "/%s", sub);
		return name[2] ? 0 : magic(rq, ret->rel, consumed + c + 1 + strlen(sub), true, ret);
	}
	if (!strcmp(name, "task") && *sub) {
		char *end;
		long tid = strtol(sub, &end, 10);
		char task[96];
		if (tid <= 0 || end == sub || (*end && *end != '/'))
			return -ENOENT;
		snprintf(task, sizeof(task), "%s/task/%ld", base, tid);
		return process_entry(rq, task, *end ? end + 1 : end,
				     consumed + c + 1 + (size_t)(end - sub) + (*end ? 1 : 0), ret);
	}
	return *sub ? -ENOTDIR : 0;
}

int wr_proc_lookup(struct warren_request *rq, const char *path, struct wr_proc *ret)
{
	size_t c = strcspn(path, "/");
	char *end;

	ret->kind = WR_PROC_FILE;
	ret->rel[0] = '\0';
	if (!rq)
		return -ENOENT;
	if (c == 4 && !memcmp(path, "self", 4)) {
		snprintf(ret->rel, sizeof(ret->rel), "self");
		return link_text(ret, c, "%d", wr_task_tgid(rq->tid));
	}
	if (c == 11 && !memcmp(path, "thread-self", 11)) {
		snprintf(ret->rel, sizeof(ret->rel), "thread-self");
		return link_text(ret, c, "%d/task/%d", wr_task_tgid(rq->tid), rq->tid);
	}
	if ((c == 6 && !memcmp(path, "mounts", 6)) || (c == 3 && !memcmp(path, "net", 3)))
		return -ENOENT;
	long pid = strtol(path, &end, 10);
	if (end == path + c && pid > 0 && pid <= INT32_MAX) {
		char base[32];
		if (!wr_task_in_sandbox(rq->sandbox, (pid_t)pid))
			return -ENOENT;
		snprintf(base, sizeof(base), "%ld", pid);
		return process_entry(rq, base, path[c] ? path + c + 1 : path + c, c + (path[c] ? 1 : 0), ret);
	}
	if (strlen(path) >= sizeof(ret->rel))
		return -ENOENT;
	if (!among(path, system_files, WR_ARRAY_SIZE(system_files)) &&
	    !ancestor(path, system_files, WR_ARRAY_SIZE(system_files)))
		return -ENOENT;
	strcpy(ret->rel, path);
	return 0;
}

int wr_guest_visible_path(struct warren_request *rq, const char *host, char *buf, size_t size)
{
	/* a rewritten program is shown under its own name */
	int r = wr_exec_guest_path(rq->sandbox, host, buf, size);

	return r < 0 ? wr_policy_guest_path(wr_sandbox_policy(rq->sandbox), host, buf, size) : 0;
}
