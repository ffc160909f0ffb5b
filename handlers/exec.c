/* SPDX-License-Identifier: Apache-2.0 */
/* execve, execveat: the file is opened here, its interpreters are resolved in the sandbox, and the task is
 * made to run execve() with a path of warren's own that leads to what was found (docs/design.md,
 * substitution). That path ends in the name by which the guest called the program, for the kernel makes the
 * task's comm of it. */
#define _GNU_SOURCE
#include "handlers.h"
#include "elf.h"
#include "exec_argv.h"
#include "exec_cache.h"
#include "open_wait.h"
#include "proc.h"
#include "resolve.h"
#include "../engine/substitute.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_ROOM 256
#define COMM_LEN  15   /* TASK_COMM_LEN without NUL */
#define MAX_LINKS 4096 /* names by which programs are called, see path_of() */

struct program { /* what will run */
	int fd;	 /* O_RDONLY */
	struct stat st;
	char *guest; /* its canonical guest path, malloc */
	struct wr_scripts scripts;
	bool direct;	   /* so far the kernel would reach the same files as we by the same paths */
	bool inaccessible; /* a script could not be opened by the name that its interpreter gets */
	int leased;	   /* O_PATH: what could not be opened at once, -1: none */
};

static void program_release(struct program *p)
{
	wr_cleanup_close(&p->fd);
	wr_cleanup_close(&p->leased);
	free(p->guest);
	wr_scripts_release(&p->scripts);
}

/* Would the kernel, in the task, reach this file? */
static bool same_on_host(struct warren_request *rq, int dirfd, const char *path, const struct stat *st)
{
	char at[PATH_MAX + 64];
	struct stat host;

	if (path[0] == '/')
		snprintf(at, sizeof(at), "%s", path);
	else if (dirfd == AT_FDCWD)
		snprintf(at, sizeof(at), "/proc/%d/cwd/%s", rq->tid, path);
	else
		snprintf(at, sizeof(at), "/proc/%d/fd/%d%s%s", rq->tid, dirfd, *path ? "/" : "", path);
	return stat(at, &host) == 0 && host.st_dev == st->st_dev && host.st_ino == st->st_ino;
}

/* The name of what has none in the sandbox (a memfd, a deleted file): the kernel's own. */
static char *kernel_name(int fd)
{
	char link[32], name[PATH_MAX];
	ssize_t n = readlink(wr_fd_path(fd, link), name, sizeof(name) - 1);

	if (n <= 0)
		return NULL;
	name[n] = '\0';
	return strdup(name);
}

/* Opens a program for reading, and checks that execve(2) would take it. */
static int open_program(struct warren_request *rq, int dirfd, const char *path, unsigned flags,
			struct program *p)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	char link[32];
	/* the scripts' names survive only in the caller's memory */
	int r = wr_resolve(rq, dirfd, path, flags, NULL, WR_MAY_READ, 1, &t);

	if (r < 0)
		return r;
	if (fstatat(t.fd, "", &p->st, AT_EMPTY_PATH) < 0)
		return -errno;
	if (S_ISLNK(p->st.st_mode))
		return -ELOOP;
	if (!S_ISREG(p->st.st_mode))
		return -EACCES;
	if (syscall(SYS_faccessat2, t.fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS) < 0)
		return -errno;
	p->direct = p->direct && same_on_host(rq, dirfd, path, &p->st);
	wr_cleanup_close(&p->fd);
	/* A program that may be executed but not read makes its task undumpable, of which a supervisor
	 * without privileges could not read a path any more: refused, with the errno of this open. */
	p->fd = open(wr_fd_path(t.fd, link), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (p->fd < 0 && errno == EAGAIN) { /* somebody holds a lease, and may take his time */
		p->leased = wr_steal_fd(&t.fd);
		return -EAGAIN;
	}
	if (p->fd < 0)
		return -errno;
	free(p->guest);
	p->guest = *t.gpath ? strdup(t.gpath) : kernel_name(p->fd);
	return p->guest ? 0 : -ENOMEM;
}

/* The loader that the program asks for, by its host path; NULL: the kernel finds it by itself. */
static int find_loader(struct warren_request *rq, const char *interp, struct program *prog, char **ret)
{
	bool own_root = wr_sandbox_root_is_host(rq->sandbox);
	struct program p = {.fd = -1, .leased = -1, .direct = own_root};
	int r = open_program(rq, AT_FDCWD, interp, WR_FOLLOW, &p);

	if (r == 0 && p.direct) {
		*ret = NULL;
	} else if (r == 0) {
		*ret = kernel_name(p.fd);
		r = *ret ? 0 : -ENOMEM;
	}
	prog->direct = prog->direct && p.direct;
	prog->leased = wr_steal_fd(&p.leased);
	program_release(&p);
	return r;
}

/* Follows #! lines to the ELF file that will run; *image describes that. */
static int find_image(struct warren_request *rq, struct program *p, struct wr_image *image)
{
	for (;;) {
		int r = wr_image_read(p->fd, image);
		if (r == -ENOEXEC && wr_execve_check(p->fd) == -ETXTBSY)
			r = -ETXTBSY; /* it is open for writing: the kernel would not look any further */
		if (r < 0 || image->kind != WR_IMAGE_SCRIPT)
			return r;
		if (p->inaccessible)
			return -ENOENT;
		r = wr_scripts_add(&p->scripts, image);
		if (r == 0)
			r = open_program(rq, AT_FDCWD, image->interp, WR_FOLLOW, p);
		if (r < 0)
			return r;
	}
}

/* ---- the substituted call ---- */

struct plan {
	struct wr_exec_cache *cache, *copies;
	int fd;	      /* the program */
	char *guest;  /* its path */
	char *interp; /* the loader's host path; NULL: the program is run as it is */
	char name[COMM_LEN + 1];
};

static void plan_free(void *data)
{
	struct plan *plan = data;

	wr_cleanup_close(&plan->fd);
	free(plan->guest);
	free(plan->interp);
	free(plan);
}

/* DIR/nFD/NAME, a link to /proc/thread-self/fd/FD. The links are shared by all sandboxes, they say nothing
 * but their own name, and stay. When a guest has called too many names, comm is the fd's number. */
static int path_of(struct warren_substitution *s, int guest_fd, char *buf, size_t size)
{
	static atomic_uint links;
	const struct plan *plan = s->data;
	char target[40], link[32];

	if (guest_fd < 0) { /* by its host path then, which may lead elsewhere by now: see wr_exec_stop() */
		ssize_t n = readlink(wr_fd_path(s->fd, link), buf, size);
		if (n < 0 || (size_t)n >= size)
			return -EMFILE;
		buf[n] = '\0';
		return 0;
	}
	/* not /proc/self, which is the leader, who may have ended */
	snprintf(target, sizeof(target), "/proc/thread-self/fd/%d", guest_fd);
	int n = snprintf(buf, size, "%s/n%d", wr_exec_cache_dir(plan->cache), guest_fd);
	if (n < 0 || (size_t)n + sizeof(plan->name) + 1 >= size || !plan->name[0])
		goto number;
	for (int i = 0; i < 2; i++) {
		snprintf(buf + n, size - (size_t)n, "/%s", plan->name);
		if (symlink(target, buf) == 0) {
			atomic_fetch_add(&links, 1);
			return 0;
		}
		if (errno == EEXIST)
			return 0;
		if (errno != ENOENT || atomic_load(&links) >= MAX_LINKS)
			break;
		buf[n] = '\0';
		if (mkdir(buf, 0700) < 0 && errno != EEXIST)
			break;
	}
number:
	n = snprintf(buf, size, "%s", target);
	return n < (int)size ? 0 : -ENAMETOOLONG;
}

static int prepare_copy(struct warren_substitution *s)
{
	struct plan *plan = s->data;
	struct statx stx;
	char link[32], *path = s->scratch;
	_cleanup_close_ int fd = -1;

	if (!plan->copies)
		return -ENOSPC;
	if (statx(plan->fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx) < 0)
		return -errno;
	int r = wr_exec_cache_get(plan->copies, plan->fd, &stx, plan->guest, plan->name, plan->interp, &fd,
				  &s->exe_dev, &s->exe_ino);
	if (r < 0)
		return r;
	ssize_t n = readlink(wr_fd_path(fd, link), path, PATH_ROOM);
	if (n < 0)
		return -errno;
	if (n < PATH_ROOM) { /* no fd is needed: nobody renames anything there */
		path[n] = '\0';
		s->program = strdup(path);
		return s->program ? 0 : -ENOMEM;
	}
	s->fd = wr_steal_fd(&fd);
	return 0;
}

static int plan_new(struct warren_request *rq, struct program *p, char *interp, const char *shown,
		    struct warren_substitution *s)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	const char *base = strrchr(shown, '/');

	if (!plan) {
		free(interp);
		return -ENOMEM;
	}
	plan->cache = wr_sandbox_exec_cache(rq->sandbox);
	plan->interp = interp;
	plan->guest = wr_steal_ptr(&p->guest);
	base = base ? base + 1 : shown;
	memcpy(plan->name, base, strnlen(base, COMM_LEN));
	if (!strcmp(plan->name, ".") || !strcmp(plan->name, ".."))
		plan->name[0] = '\0';
	plan->fd = -1;
	s->data = plan;
	s->free_data = plan_free;
	s->path_of = path_of;
	s->path_room = PATH_ROOM;
	if (interp) {
		plan->copies = wr_sandbox_copies(rq->sandbox, true);
		plan->fd = wr_steal_fd(&p->fd);
		s->prepare = prepare_copy;
	} else {
		s->fd = wr_steal_fd(&p->fd);
		s->exe_dev = p->st.st_dev;
		s->exe_ino = p->st.st_ino;
	}
	return 0;
}

/* What the new program shall take for its name, as the kernel composes it (fs/exec.c, alloc_bprm()). */
static int shown_path(struct warren_request *rq, const char *path, char *buf, size_t size)
{
	int dirfd = (int)rq->args[0], n;

	if (dirfd == AT_FDCWD || path[0] == '/')
		n = snprintf(buf, size, "%s", path);
	else
		n = snprintf(buf, size, "/dev/fd/%d%s%s", dirfd, *path ? "/" : "", path);
	return n >= (int)size ? -ENAMETOOLONG : 0;
}

static bool closes_on_exec(pid_t tid, int fd)
{
	int flags = wr_task_fd_flags(tid, fd);
	return flags >= 0 && (flags & O_CLOEXEC);
}

/* 1: the kernel can do it all by itself. -EAGAIN with *ret_leased: when that was opened once, anew. */
static int prepare(struct warren_request *rq, const char *path, struct warren_substitution *s,
		   int *ret_leased)
{
	const bool may_be_direct = wr_sandbox_policy(rq->sandbox)->direct_exec;
	struct program p = {.fd = -1, .leased = -1, .direct = may_be_direct};
	char shown[PATH_MAX + 32], *interp = NULL;
	struct wr_image image;
	unsigned flags = (unsigned)rq->args[4];
	int dirfd = (int)rq->args[0];

	int r = shown_path(rq, path, shown, sizeof(shown));
	if (r == 0)
		r = open_program(rq, dirfd, path,
				 ((flags & AT_SYMLINK_NOFOLLOW) ? 0 : WR_FOLLOW) |
					 ((flags & AT_EMPTY_PATH) ? WR_EMPTY_PATH : 0),
				 &p);
	if (r == 0 && dirfd != AT_FDCWD && path[0] != '/')
		p.inaccessible = closes_on_exec(rq->tid, dirfd);
	if (r == 0)
		r = find_image(rq, &p, &image);
	if (r == 0 && image.kind == WR_IMAGE_DYNAMIC)
		r = find_loader(rq, image.interp, &p, &interp);
	if (r == 0 && p.direct && !(flags & AT_SYMLINK_NOFOLLOW)) {
		program_release(&p);
		return 1;
	}
	if (r == 0)
		r = wr_exec_scratch(rq, &p.scripts, shown, PATH_ROOM, s);
	if (r == 0) {
		/* by fd alone the task is called as the file is */
		r = plan_new(rq, &p, interp, *path ? shown : p.guest, s);
	} else {
		free(interp);
	}
	*ret_leased = wr_steal_fd(&p.leased);
	program_release(&p);
	s->nr = SYS_execve;
	s->exec = true;
	s->execfn = strdup(shown);
	return r == 0 && !s->execfn ? -ENOMEM : r;
}

struct warren_verdict wr_handle_execve(struct warren_request *rq, void *user)
{
	char *path = rq->scratch->path[4];

	(void)user;
	_cleanup_close_ int leased = -1;
	int r = wr_guest_path(rq, 1, path);
	if (r == 0 && !path[0] && !(rq->args[4] & AT_EMPTY_PATH))
		r = -ENOENT;
	if (r == 0 && (rq->args[4] & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		r = -EINVAL;
	if (r < 0)
		return warren_return(r);
	struct warren_substitution *s = wr_subst_new();
	if (!s)
		return warren_return(-ENOMEM);
	r = prepare(rq, path, s, &leased);
	if (r == 0)
		return (struct warren_verdict){.kind = WARREN_SUBSTITUTE, .fd = -1, .sub = s};
	wr_subst_free(s);
	if (r == -EAGAIN && leased >= 0)
		return wr_restart_when_open(rq, wr_steal_fd(&leased));
	if (r < 0)
		return warren_return(r);
	/* Continued: what the guest's names lead to here they lead to in the kernel, too. The kernel reads
	 * them again; another thread that rewrites path or argv, or a link that is turned, can make it
	 * execute another file, but no other than Landlock lets this sandbox execute, and with direct_exec
	 * that is what the policy lets it read and execute, by the very same name: the guest might as well
	 * have asked for that. Below a layer it may reach a file as it was before the sandbox changed it,
	 * which it could read then. What it learns is at most, by the errno, whether a file exists that it
	 * may not read. */
	return warren_continue();
}

int wr_exec_guest_path(struct warren_sandbox *s, const char *host, char *buf, size_t size)
{
	struct wr_exec_cache *copies = wr_sandbox_copies(s, false);
	int r = copies ? wr_exec_cache_guest_path(copies, host, buf, size) : -ENOENT;
	return r < 0 ? r : 0;
}
