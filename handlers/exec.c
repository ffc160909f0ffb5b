/* SPDX-License-Identifier: Apache-2.0 */
/* execve, execveat: the file is opened here, its interpreter resolved in the sandbox, and the task made to
 * run execveat(fd, "", argv, envp, AT_EMPTY_PATH) on it (docs/design.md, substitution). */
#define _GNU_SOURCE
#include "handlers.h"
#include "elf.h"
#include "exec_cache.h"
#include "proc.h"
#include "resolve.h"
#include "../engine/substitute.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_SCRIPTS 5 /* the kernel's limit of interpreters of interpreters */
#define MAX_ARGS    131072

struct program { /* what will run */
	int fd;	 /* O_RDONLY */
	struct stat st;
	char *guest;					      /* its canonical guest path, malloc */
	char *interp[MAX_SCRIPTS + 1], *arg[MAX_SCRIPTS + 1]; /* of each script on the way, malloc */
	unsigned scripts;
};

static void program_release(struct program *p)
{
	wr_cleanup_close(&p->fd);
	free(p->guest);
	for (unsigned i = 0; i < p->scripts; i++) {
		free(p->interp[i]);
		free(p->arg[i]);
	}
}

/* Opens a program for reading, and checks that execve(2) would take it. */
static int open_program(struct warren_request *rq, int dirfd, const char *path, unsigned flags,
			struct program *p)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	char link[32];

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
	wr_cleanup_close(&p->fd);
	p->fd = open(wr_fd_path(t.fd, link), O_RDONLY | O_CLOEXEC);
	if (p->fd < 0)
		return -errno;
	free(p->guest);
	p->guest = strdup(t.gpath);
	return p->guest ? 0 : -ENOMEM;
}

/* The loader that the program asks for, by its host path. */
static int host_interp(struct warren_request *rq, const char *interp, char *host)
{
	struct program p = {.fd = -1};
	char link[32];
	int r = open_program(rq, AT_FDCWD, interp, WR_FOLLOW, &p);

	if (r == 0) {
		ssize_t n = readlink(wr_fd_path(p.fd, link), host, PATH_MAX - 1);
		r = n < 0 ? -errno : 0;
		if (n >= 0)
			host[n] = '\0';
	}
	program_release(&p);
	return r;
}

/* Follows #! lines to the ELF file that will run; *image describes that. */
static int find_image(struct warren_request *rq, struct program *p, struct wr_image *image)
{
	for (;;) {
		int r = wr_image_read(p->fd, image);
		if (r < 0 || image->kind != WR_IMAGE_SCRIPT)
			return r;
		if (p->scripts == MAX_SCRIPTS)
			return -ELOOP;
		p->interp[p->scripts] = strdup(image->interp);
		p->arg[p->scripts] = image->has_arg ? strdup(image->arg) : NULL;
		p->scripts++;
		if (!p->interp[p->scripts - 1] || (image->has_arg && !p->arg[p->scripts - 1]))
			return -ENOMEM;
		r = open_program(rq, AT_FDCWD, image->interp, WR_FOLLOW, p);
		if (r < 0)
			return r;
	}
}

/* ---- argv of a script, in scratch: strings first, then the array ---- */

struct text {
	char *data;
	size_t len, size;
	uint32_t *relocs;
	size_t n_relocs, room;
};

static int put(struct text *t, const void *data, size_t len)
{
	if (t->len + len > t->size) {
		size_t size = (t->len + len) * 2;
		char *d = realloc(t->data, size);
		if (!d)
			return -ENOMEM;
		t->data = d;
		t->size = size;
	}
	memcpy(t->data + t->len, data, len);
	t->len += len;
	return 0;
}

static int put_pointer(struct text *t, uint64_t value, bool offset)
{
	if (offset) {
		if (t->n_relocs == t->room) {
			uint32_t *rel = realloc(t->relocs, (t->room + 64) * sizeof(*rel));
			if (!rel)
				return -ENOMEM;
			t->relocs = rel;
			t->room += 64;
		}
		t->relocs[t->n_relocs++] = (uint32_t)t->len;
	}
	return put(t, &value, sizeof(value));
}

/* interpN [argN] ... interp1 [arg1] path argv[1..]; as the kernel does, argv[0] is lost. */
static int script_argv(struct warren_request *rq, const struct program *p, const char *path, uint64_t argv,
		       struct text *t, uint64_t *ret_array)
{
	uint64_t offsets[2 * (MAX_SCRIPTS + 1) + 1], word = 1;
	unsigned n = 0;
	int r = 0;

	for (unsigned i = p->scripts; r == 0 && i-- > 0;) {
		offsets[n++] = t->len;
		r = put(t, p->interp[i], strlen(p->interp[i]) + 1);
		if (r == 0 && p->arg[i]) {
			offsets[n++] = t->len;
			r = put(t, p->arg[i], strlen(p->arg[i]) + 1);
		}
	}
	offsets[n++] = t->len;
	if (r == 0)
		r = put(t, path, strlen(path) + 1);
	while (r == 0 && t->len % 8)
		r = put(t, "", 1);
	*ret_array = t->len;
	for (unsigned i = 0; r == 0 && i < n; i++)
		r = put_pointer(t, offsets[i], true);
	for (unsigned i = 0; r == 0 && word && i < MAX_ARGS; i++) {
		word = 0;
		if (argv)
			r = wr_guest_read(rq, argv + 8ULL * i, &word, sizeof(word));
		if (r == 0 && word && i > 0)
			r = put_pointer(t, word, false);
	}
	if (r == 0)
		r = put_pointer(t, 0, false);
	return r;
}

static int build(struct warren_request *rq, struct program *p, const struct wr_image *image, const char *path,
		 uint64_t nul, struct warren_substitution *s)
{
	char host[PATH_MAX];
	const char *base = strrchr(path, '/');
	bool own_root = rq->sandbox && wr_sandbox_root_is_host(rq->sandbox);
	int r = 0;

	if (image->kind == WR_IMAGE_DYNAMIC) {
		r = host_interp(rq, image->interp, host);
		if (r < 0)
			return r;
		if (!own_root || strcmp(host, image->interp)) {
			struct statx stx;
			int fd;
			if (statx(p->fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx) < 0)
				return -errno;
			r = wr_exec_cache_get(wr_sandbox_exec_cache(rq->sandbox), p->fd, &stx, p->guest, host,
					      &fd, &p->st.st_dev, &p->st.st_ino);
			if (r < 0)
				return r;
			close(p->fd);
			p->fd = fd;
		}
	}
	s->nr = SYS_execveat;
	s->inject[0].fd = wr_steal_fd(&p->fd);
	s->inject[0].cloexec = true;
	s->inject[0].arg = 0;
	s->n_inject = 1;
	s->args[1] = nul;
	s->args[4] = AT_EMPTY_PATH;
	s->exec = true;
	s->exe_dev = p->st.st_dev;
	s->exe_ino = p->st.st_ino;
	s->execfn = strdup(path);
	s->comm = strdup(base ? base + 1 : path);
	return s->execfn && s->comm ? 0 : -ENOMEM;
}

static int prepare(struct warren_request *rq, const char *path, struct warren_substitution *s)
{
	struct program p = {.fd = -1};
	struct wr_image image;
	struct text t = {0};
	uint64_t array, nul = rq->args[1] + strlen(path);
	unsigned flags = (unsigned)rq->args[4];

	int r = open_program(rq, (int)rq->args[0], path,
			     ((flags & AT_SYMLINK_NOFOLLOW) ? 0 : WR_FOLLOW) |
				     ((flags & AT_EMPTY_PATH) ? WR_EMPTY_PATH : 0),
			     &p);
	if (r == 0)
		r = find_image(rq, &p, &image);
	s->args[2] = rq->args[2];
	s->args[3] = rq->args[3];
	if (r == 0 && p.scripts) {
		r = script_argv(rq, &p, path, rq->args[2], &t, &array);
		s->args[2] = array;
		s->scratch_args = 1 << 2;
	}
	if (r == 0)
		r = build(rq, &p, &image, path, nul, s);
	s->scratch = t.data;
	s->scratch_len = t.len;
	s->relocs = t.relocs;
	s->n_relocs = t.n_relocs;
	program_release(&p);
	return r;
}

struct warren_verdict wr_handle_execve(struct warren_request *rq, void *user)
{
	char *path = rq->scratch->path[4];

	(void)user;
	if (rq->args[4] & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return warren_return(-EINVAL);
	int r = wr_guest_path(rq, 1, path);
	if (r < 0)
		return warren_return(r);
	struct warren_substitution *s = wr_subst_new();
	if (!s)
		return warren_return(-ENOMEM);
	r = prepare(rq, path, s);
	if (r < 0) {
		wr_subst_free(s);
		return warren_return(r);
	}
	return (struct warren_verdict){.kind = WARREN_SUBSTITUTE, .fd = -1, .sub = s};
}

int wr_exec_guest_path(struct warren_sandbox *s, const char *host, char *buf, size_t size)
{
	int r = wr_exec_cache_guest_path(wr_sandbox_exec_cache(s), host, buf, size);
	return r < 0 ? r : 0;
}
