/* SPDX-License-Identifier: Apache-2.0 */
/* Which parts of the host's /proc a sandbox sees. Whatever is not named here does not exist. */
#define _GNU_SOURCE
#include "proc.h"
#include "origin.h"
#include "resolve.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ALL (WR_MAY_READ | WR_MAY_WRITE | WR_MAY_LIST)

/* System-wide files that programs read and that name no path and no process. They are never written: a
 * supervisor that is root would pass the kernel's check. */
static const char *const system_files[] = {
	"cpuinfo",
	"devices",
	"filesystems",
	"loadavg",
	"meminfo",
	"stat",
	"swaps",
	"tty/drivers",
	"uptime",
	"version",
	"vmstat",
	"sys/crypto/fips_enabled",
	"sys/kernel/osrelease",
	"sys/kernel/ostype",
	"sys/kernel/version",
	"sys/kernel/hostname",
	"sys/kernel/domainname",
	"sys/kernel/pid_max",
	"sys/kernel/random/boot_id",
	"sys/kernel/random/uuid",
	"sys/kernel/random/entropy_avail",
	"sys/kernel/random/poolsize",
	"sys/kernel/cap_last_cap",
	"sys/kernel/ngroups_max",
	"sys/kernel/overflowgid",
	"sys/kernel/overflowuid",
	"sys/kernel/randomize_va_space",
	"sys/kernel/seccomp/actions_avail",
	"sys/kernel/threads-max",
	"sys/vm/overcommit_memory",
	"sys/vm/overcommit_ratio",
	"sys/vm/mmap_min_addr",
	"sys/vm/max_map_count",
	"sys/vm/nr_hugepages",
	"sys/vm/swappiness",
	"sys/fs/file-max",
	"sys/fs/file-nr",
	"sys/fs/inotify/max_queued_events",
	"sys/fs/inotify/max_user_instances",
	"sys/fs/inotify/max_user_watches",
	"sys/fs/nr_open",
	"sys/fs/pipe-max-size",
	"sys/fs/pipe-user-pages-soft",
	"sys/net/core/somaxconn",
	"sys/net/ipv4/ip_local_port_range",
	"sys/net/ipv4/tcp_fin_timeout",
	"sys/net/ipv6/conf/all/disable_ipv6",
};

/* With the host's network: what does not list its connections and sockets. */
static const char *const net_files[] = {
	"arp",	 "dev",	 "if_inet6", "ipv6_route", "netstat",	"protocols",
	"route", "snmp", "snmp6",    "sockstat",   "sockstat6",
};

struct entry { /* of a process or a thread */
	const char *name;
	enum wr_proc_kind kind;
	enum wr_proc_text text;
};

/* "mem" is here because a process may look at itself and at those of its own sandbox: the kernel lets it do
 * so by process_vm_readv(2), too. */
static const struct entry entries[] = {
	{"auxv", WR_PROC_FILE, 0},
	{"cgroup", WR_PROC_TEXT, WR_TEXT_CGROUP},
	{"children", WR_PROC_FILE, 0},
	{"clear_refs", WR_PROC_FILE, 0},
	{"cmdline", WR_PROC_FILE, 0},
	{"comm", WR_PROC_FILE, 0},
	{"coredump_filter", WR_PROC_FILE, 0},
	{"cpuset", WR_PROC_TEXT, WR_TEXT_CPUSET},
	{"cwd", WR_PROC_MAGIC, 0},
	{"environ", WR_PROC_FILE, 0},
	{"exe", WR_PROC_MAGIC, 0},
	{"fd", WR_PROC_FILE, 0},
	{"fdinfo", WR_PROC_FILE, 0},
	{"gid_map", WR_PROC_FILE, 0},
	{"io", WR_PROC_FILE, 0},
	{"limits", WR_PROC_FILE, 0},
	{"loginuid", WR_PROC_FILE, 0},
	{"maps", WR_PROC_TEXT, WR_TEXT_MAPS},
	{"mem", WR_PROC_FILE, 0},
	{"mountinfo", WR_PROC_TEXT, WR_TEXT_MOUNTINFO},
	{"mounts", WR_PROC_TEXT, WR_TEXT_MOUNTS},
	{"mountstats", WR_PROC_TEXT, WR_TEXT_MOUNTSTATS},
	{"net", WR_PROC_FILE, 0},
	{"numa_maps", WR_PROC_TEXT, WR_TEXT_NUMA},
	{"oom_adj", WR_PROC_FILE, 0},
	{"oom_score", WR_PROC_FILE, 0},
	{"oom_score_adj", WR_PROC_FILE, 0},
	{"pagemap", WR_PROC_FILE, 0},
	{"personality", WR_PROC_FILE, 0},
	{"projid_map", WR_PROC_FILE, 0},
	{"root", WR_PROC_LINK, 0},
	{"sched", WR_PROC_FILE, 0},
	{"schedstat", WR_PROC_FILE, 0},
	{"sessionid", WR_PROC_FILE, 0},
	{"setgroups", WR_PROC_FILE, 0},
	{"smaps", WR_PROC_TEXT, WR_TEXT_MAPS},
	{"smaps_rollup", WR_PROC_FILE, 0},
	{"stat", WR_PROC_FILE, 0},
	{"statm", WR_PROC_FILE, 0},
	{"status", WR_PROC_FILE, 0},
	{"syscall", WR_PROC_FILE, 0},
	{"task", WR_PROC_FILE, 0},
	{"timers", WR_PROC_FILE, 0},
	{"timerslack_ns", WR_PROC_FILE, 0},
	{"uid_map", WR_PROC_FILE, 0},
	{"wchan", WR_PROC_FILE, 0},
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

static bool has_net(struct warren_request *rq)
{
	return wr_sandbox_policy(rq->sandbox)->net == WARREN_NET_HOST;
}

static const struct entry *find_entry(struct warren_request *rq, const char *name)
{
	if (!strcmp(name, "net") && !has_net(rq))
		return NULL;
	for (size_t i = 0; i < WR_ARRAY_SIZE(entries); i++)
		if (!strcmp(name, entries[i].name))
			return &entries[i];
	return NULL;
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

/* ---- names of objects ---- */

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);
	return n >= m && !strcmp(s + n - m, end);
}

#define DELETED	  " (deleted)"
#define TEXT_NAME "/memfd:proc:" /* see wr_proc_text(): a copy of a file of /proc */

/* Files of the kernel's own that have no place in any file system. */
static bool is_anonymous(const char *host)
{
	return host[0] != '/' || !strncmp(host, "/memfd:", 7) || !strncmp(host, "/SYSV", 5) ||
	       !strcmp(host, "/dev/zero" DELETED) || !strcmp(host, "/anon_hugepage" DELETED);
}

int wr_guest_visible_path(struct warren_request *rq, const char *host, char *buf, size_t size)
{
	/* a rewritten program is shown under its own name */
	int r = wr_exec_guest_path(rq->sandbox, host, buf, size);

	return r < 0 ? wr_policy_guest_path(wr_sandbox_policy(rq->sandbox), host, buf, size) : 0;
}

void wr_guest_visible_text(struct warren_request *rq, const char *host, char *buf, size_t size)
{
	if (!strncmp(host, TEXT_NAME, strlen(TEXT_NAME)) && ends_with(host, DELETED))
		snprintf(buf, size, "/proc/%.*s", (int)(strlen(host) - strlen(TEXT_NAME DELETED)),
			 host + strlen(TEXT_NAME));
	else if (is_anonymous(host))
		snprintf(buf, size, "%s", host);
	else if (wr_guest_visible_path(rq, host, buf, size) < 0)
		snprintf(buf, size, WR_OUTSIDE);
}

/* What may be done with the object that a magic link leads to, opened as obj: of what the sandbox knows, or
 * knew until it was deleted, by the rules; of what is the host's (inherited on purpose, as stdio is) no more
 * than the fd has. */
static int judge(struct warren_request *rq, int obj, struct wr_proc *pr)
{
	const struct warren_policy *p = wr_sandbox_policy(rq->sandbox);
	char link[32], host[2 * PATH_MAX], guest[2 * PATH_MAX];
	const char *in;
	struct stat st;
	int pid, tid, n;

	ssize_t len = readlink(wr_fd_path(obj, link), host, sizeof(host) - 1);
	if (len < 0 || fstat(obj, &st) < 0)
		return -errno;
	host[len] = '\0';
	pr->may = ALL;
	pr->write_only = false;
	if (is_anonymous(host))
		return 0;
	if (!pr->foreign && wr_policy_guest_path(p, host, guest, sizeof(guest)) == 0 &&
	    !(S_ISCHR(st.st_mode) && st.st_dev == p->pts_dev)) {
		pr->may = wr_policy_may(p, wr_policy_mount(p, guest, &in), guest);
		return 0;
	}
	if (S_ISDIR(st.st_mode))
		return -EACCES; /* what lies outside stays there */
	if (sscanf(pr->rel, "%d/task/%d/fd/%d", &pid, &tid, &n) == 3)
		pid = tid;
	else if (sscanf(pr->rel, "%d/fd/%d", &pid, &n) != 2)
		n = -1;
	pr->may = n < 0 ? WR_MAY_LIST | WR_MAY_READ : wr_held_rights(pid, n, obj);
	pr->write_only = (pr->may & WR_MAY_WRITE) && !(pr->may & WR_MAY_READ);
	return pr->may ? 0 : -EACCES;
}

/* A magic link to an object. */
static int magic(struct warren_request *rq, size_t consumed, struct wr_proc *ret)
{
	const struct warren_policy *p = wr_sandbox_policy(rq->sandbox);
	char path[160], host[2 * PATH_MAX];
	const char *in;
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%s", ret->rel);
	ret->consumed = consumed;
	ret->may = ALL;
	ssize_t n = readlink(path, host, sizeof(host) - 1);
	if (n < 0 && errno == ENAMETOOLONG) { /* it is found without */
		ret->kind = WR_PROC_OBJECT;
		return 0;
	}
	if (n < 0)
		return -errno;
	host[n] = '\0';
	ret->kind = WR_PROC_MAGIC;
	if (!strncmp(host, TEXT_NAME, strlen(TEXT_NAME))) {
		wr_guest_visible_text(rq, host, ret->link, sizeof(ret->link));
		ret->kind = WR_PROC_LINK;
		return 0;
	}
	if (is_anonymous(host))
		return 0;
	if (wr_exec_guest_path(rq->sandbox, host, ret->link, sizeof(ret->link)) == 0) {
		ret->kind = WR_PROC_LINK;
		return 0;
	}
	if (stat(path, &st) < 0)
		return -errno;
	bool lost = false, lower = wr_policy_is_lower(p, host, &lost);
	/* a lower file may have such a name, and is shown by it */
	bool gone = st.st_nlink == 0 || (lower ? lost : ends_with(host, DELETED));
	bool inside = wr_policy_guest_path(p, host, ret->link, sizeof(ret->link)) == 0;
	ret->directory = S_ISDIR(st.st_mode);
	/* a terminal is used anew by those who hold it, whoever made it */
	if (inside && (!gone || (ret->directory && !lost)) && !S_ISLNK(st.st_mode) &&
	    !(S_ISCHR(st.st_mode) && st.st_dev == p->pts_dev)) {
		ret->kind = WR_PROC_OBJECT;
		return 0;
	}
	/* An fd of a symlink is the symlink, whatever is at its text. */
	if (inside && (gone || S_ISLNK(st.st_mode))) {
		ret->may = wr_policy_may(p, wr_policy_mount(p, ret->link, &in), ret->link);
		return 0;
	}
	if (ret->directory)
		return -EACCES;				     /* what lies outside stays there */
	ret->may = WR_MAY_LIST | WR_MAY_READ | WR_MAY_WRITE; /* until it is opened, see judge() */
	return 0;
}

int wr_proc_link_text(struct warren_request *rq, const char *path, const char *raw, char *buf, size_t size)
{
	size_t len = strlen(path);

	if (!strcmp(path, "self") || !strcmp(path, "thread-self")) {
		pid_t tgid = wr_task_tgid(rq->tid);
		if (tgid < 0)
			return tgid;
		if (path[0] == 's')
			snprintf(buf, size, "%d", tgid);
		else
			snprintf(buf, size, "%d/task/%d", tgid, rq->tid);
	} else if (len > 5 && !strcmp(path + len - 5, "/root")) {
		snprintf(buf, size, "/");
	} else {
		wr_guest_visible_text(rq, raw, buf, size);
	}
	return 0;
}

/* ---- lookup ---- */

static void add_rel(struct wr_proc *ret, const char *name, size_t len)
{
	size_t at = strlen(ret->rel);
	snprintf(ret->rel + at, sizeof(ret->rel) - at, "%s%.*s", at ? "/" : "", (int)len, name);
}

/* The number that path begins with, as the kernel takes it: no sign, no leading zero; -1: none. */
static long number(const char *path, size_t len)
{
	long n = 0;

	if (len == 0 || len > 9 || (path[0] == '0' && len > 1))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (path[i] < '0' || path[i] > '9')
			return -1;
		n = n * 10 + (path[i] - '0');
	}
	return n;
}

/* path + at: what follows "PID/" or "PID/task/TID/". */
static int process_entry(struct warren_request *rq, const char *path, size_t at, bool thread,
			 struct wr_proc *ret)
{
	size_t c = strcspn(path + at, "/");
	char name[32];

	if (c == 0)
		return 0;
	if (c >= sizeof(name))
		return -ENOENT;
	snprintf(name, sizeof(name), "%.*s", (int)c, path + at);
	const struct entry *e = find_entry(rq, name);
	if (!e)
		return -ENOENT;
	add_rel(ret, name, c);
	ret->kind = e->kind;
	ret->text = e->text;
	at += c;
	if (e->kind == WR_PROC_LINK)
		return link_text(ret, at, "/");
	if (e->kind == WR_PROC_MAGIC) {
		int r = magic(rq, at, ret);
		if (!strcmp(name, "exe"))
			ret->may &= ~(unsigned)WR_MAY_WRITE;
		return r;
	}
	if (!path[at])
		return 0;
	at++;
	c = strcspn(path + at, "/");
	if (!strcmp(name, "net")) {
		if (path[at + c] || !among(path + at, net_files, WR_ARRAY_SIZE(net_files)))
			return -ENOENT;
		ret->may = WR_MAY_READ | WR_MAY_LIST;
		add_rel(ret, path + at, c);
		return 0;
	}
	bool fd = !strcmp(name, "fd"), fdinfo = !strcmp(name, "fdinfo");
	bool task = !thread && !strcmp(name, "task");
	if (!fd && !fdinfo && !task)
		return -ENOTDIR;
	if (number(path + at, c) < 0)
		return -ENOENT;
	add_rel(ret, path + at, c);
	at += c;
	if (fd)
		return magic(rq, at, ret);
	if (fdinfo)
		return path[at] ? -ENOTDIR : 0;
	return path[at] ? process_entry(rq, path, at + 1, true, ret) : 0;
}

int wr_proc_lookup(struct warren_request *rq, const char *path, struct wr_proc *ret)
{
	size_t c = strcspn(path, "/");

	ret->kind = WR_PROC_FILE;
	ret->rel[0] = '\0';
	ret->pid = 0;
	ret->may = ALL;
	ret->directory = ret->write_only = ret->foreign = false;
	if (!rq)
		return -ENOENT;
	if ((c == 4 && !memcmp(path, "self", 4)) || (c == 11 && !memcmp(path, "thread-self", 11))) {
		pid_t tgid = wr_task_tgid(rq->tid);
		if (tgid < 0)
			return tgid;
		add_rel(ret, path, c);
		return c == 4 ? link_text(ret, c, "%d", tgid)
			      : link_text(ret, c, "%d/task/%d", tgid, rq->tid);
	}
	if ((c == 6 && !memcmp(path, "mounts", 6)) || (c == 3 && !memcmp(path, "net", 3) && has_net(rq))) {
		add_rel(ret, path, c);
		return link_text(ret, c, "self/%.*s", (int)c, path);
	}
	long pid = number(path, c);
	if (pid > 0) {
		if (!wr_task_in_sandbox(rq->sandbox, (pid_t)pid))
			return -ENOENT;
		ret->pid = (pid_t)pid;
		add_rel(ret, path, c);
		return process_entry(rq, path, path[c] ? c + 1 : c, false, ret);
	}
	if (strlen(path) >= sizeof(ret->rel))
		return -ENOENT;
	if (!among(path, system_files, WR_ARRAY_SIZE(system_files)) &&
	    !ancestor(path, system_files, WR_ARRAY_SIZE(system_files)))
		return -ENOENT;
	if (!strcmp(path, "swaps")) {
		ret->kind = WR_PROC_TEXT;
		ret->text = WR_TEXT_SWAPS;
	}
	ret->may = WR_MAY_READ | WR_MAY_LIST;
	strcpy(ret->rel, path);
	return 0;
}

/* What follows "PID" or "PID/task/TID" in a path that the kernel printed: "" for the directory itself. */
static const char *below_process(const char *path)
{
	path += strcspn(path, "/");
	if (!strncmp(path, "/task/", 6))
		path += 6 + strcspn(path + 6, "/");
	return *path ? path + 1 : path;
}

bool wr_proc_shows(struct warren_request *rq, const char *dir, const char *name)
{
	char path[128];

	if (name[0] == '.')
		return true;
	if (!*dir) {
		long pid = number(name, strlen(name));
		if (pid > 0)
			return wr_task_in_sandbox(rq->sandbox, (pid_t)pid);
		if (!strcmp(name, "self") || !strcmp(name, "thread-self") || !strcmp(name, "mounts"))
			return true;
		if (!strcmp(name, "net"))
			return has_net(rq);
	} else if (number(dir, strcspn(dir, "/")) > 0) {
		const char *sub = below_process(dir);
		if (!*sub)
			return find_entry(rq, name);
		return !strcmp(sub, "net") && has_net(rq) && among(name, net_files, WR_ARRAY_SIZE(net_files));
	}
	snprintf(path, sizeof(path), "%s%s%s", dir, *dir ? "/" : "", name);
	return among(path, system_files, WR_ARRAY_SIZE(system_files)) ||
	       ancestor(path, system_files, WR_ARRAY_SIZE(system_files));
}

bool wr_proc_lists_natively(const char *path)
{
	if (number(path, strcspn(path, "/")) <= 0)
		return false;
	path += strcspn(path, "/");
	if (!strcmp(path, "/task"))
		return true;
	path = below_process(path);
	return !strcmp(path, "fd") || !strcmp(path, "fdinfo");
}

static bool is_own_fds(struct warren_request *rq, const char *path)
{
	return !strcmp(below_process(path), "fd") &&
	       number(path, strcspn(path, "/")) == wr_task_tgid(rq->tid);
}

bool wr_proc_is_own_fds(struct warren_request *rq, const struct wr_mount *m, int fd)
{
	char link[32], host[128];

	if (m->kind != WR_MOUNT_PROC)
		return false;
	ssize_t n = readlink(wr_fd_path(fd, link), host, sizeof(host) - 1);
	if (n < 0 || (size_t)n <= m->host_len)
		return false;
	host[n] = '\0';
	return is_own_fds(rq, host + m->host_len + 1);
}

/* ---- opening ---- */

static bool writes(const struct open_how *how)
{
	return !(how->flags & O_PATH) && ((how->flags & O_ACCMODE) != O_RDONLY || (how->flags & O_TRUNC));
}

/* What lies below a layer is not written to, though the layer's rules allow it. Of what the kernel refuses to
 * open so, or has no content, it shall say. */
static int check_lower(struct warren_request *rq, int obj, const struct open_how *how)
{
	char link[32], host[PATH_MAX + 1];
	struct stat st;
	ssize_t n = readlink(wr_fd_path(obj, link), host, PATH_MAX);
	bool lost;

	if (n < 0 || fstat(obj, &st) < 0)
		return -errno;
	host[n] = '\0';
	if (!wr_policy_is_lower(wr_sandbox_policy(rq->sandbox), host, &lost))
		return 0;
	if (S_ISDIR(st.st_mode))
		return (how->flags & O_TMPFILE) == O_TMPFILE ? -ENOENT : 0;
	return S_ISREG(st.st_mode) && !(how->flags & O_DIRECTORY) ? -EACCES : 0;
}

/* Another thread may change what a number means at any time: the object is opened, judged, and used as it was
 * opened. */
static int open_object(struct warren_request *rq, int proc_fd, struct wr_proc *pr, const struct open_how *how,
		       const char *tail, unsigned need)
{
	struct open_how h = {.flags = O_PATH | O_CLOEXEC};
	struct stat st;
	char link[32];
	bool exe = strrchr(pr->rel, '/') && !strcmp(strrchr(pr->rel, '/'), "/exe");

	_cleanup_close_ int obj = wr_openat2(proc_fd, pr->rel, &h);
	if (obj < 0)
		return obj;
	int r = judge(rq, obj, pr);
	if (r < 0)
		return r;
	if (exe)
		pr->may &= ~(unsigned)WR_MAY_WRITE;
	if ((pr->may & WR_MAY_WRITE) && pr->write_only && (how->flags & O_ACCMODE) == O_WRONLY)
		need &= ~(unsigned)WR_MAY_READ;
	if ((pr->may & need) != need || (writes(how) && !(pr->may & WR_MAY_WRITE)))
		return -EACCES;
	r = writes(how) ? check_lower(rq, obj, how) : 0;
	if (r < 0)
		return r;
	h = *how;
	h.flags &= ~(uint64_t)O_NOFOLLOW;
	h.resolve = 0;
	if (tail[0] && (fstat(obj, &st) < 0 || !S_ISDIR(st.st_mode)))
		return -ENOTDIR;
	if ((h.flags & O_PATH) && !(h.flags & O_DIRECTORY))
		return wr_steal_fd(&obj);
	return wr_openat2(AT_FDCWD, wr_fd_path(obj, link), &h);
}

int wr_proc_open(struct warren_request *rq, int proc_fd, struct wr_proc *pr, const struct open_how *how,
		 const char *tail, bool follow, unsigned need)
{
	char rel[sizeof(pr->rel) + 4];
	struct open_how h = *how;
	bool object = pr->kind == WR_PROC_MAGIC && follow;

	if ((h.flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	/* nothing is ever made in /proc: O_CREAT is for what exists */
	if (pr->kind == WR_PROC_LINK || (pr->kind != WR_PROC_FILE && pr->kind != WR_PROC_TEXT && !follow)) {
		h.flags |= O_NOFOLLOW;
		h.resolve = 0;
	}
	if (!object && ((pr->may & need) != need || (writes(&h) && !(pr->may & WR_MAY_WRITE))))
		return -EACCES;
	snprintf(rel, sizeof(rel), "%s%s", pr->rel, tail);
	_cleanup_close_ int fd =
		object ? open_object(rq, proc_fd, pr, &h, tail, need) : wr_openat2(proc_fd, rel, &h);
	if (fd == -EACCES && (h.flags & O_TMPFILE) == O_TMPFILE && is_own_fds(rq, pr->rel))
		return -EOPNOTSUPP; /* where it may write, see wr_proc_is_own_fds() */
	if (fd < 0)
		return fd;
	/* The number may have become another's between the look at its mark and the open. Were it ours again
	 * by now, the whole space of numbers would have gone round twice meanwhile. */
	if (pr->pid && !wr_task_in_sandbox(rq->sandbox, pr->pid))
		return -ENOENT;
	if (pr->kind == WR_PROC_TEXT && !(h.flags & O_PATH) && (h.flags & O_ACCMODE) != O_WRONLY)
		return wr_proc_text(rq, pr, fd);
	return wr_steal_fd(&fd);
}
