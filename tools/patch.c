/* SPDX-License-Identifier: Apache-2.0 */
/* diff(1) compares two files; the lines that git puts in front of its output are made here. */
#define _GNU_SOURCE
#include "patch.h"
#include "../engine/base/cleanup.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_DEPTH 200 /* of a deleted directory, which is the host's */

extern char **environ;

struct patch {
	FILE *to;
	bool color;
	const char *prefix;
};

/* A name as git quotes it: in quotes, if any byte asks for that. malloc. */
static char *quoted(const char *side, const char *prefix, const char *path)
{
	char *text = malloc(3 + 4 * (strlen(side) + strlen(prefix) + strlen(path))), *to = text;
	const char *parts[] = {side, prefix + (*prefix == '/'), path};
	bool odd = false;

	if (!text)
		return NULL;
	*to++ = '"';
	for (size_t i = 0; i < 3; i++)
		for (const char *c = parts[i]; *c; c++) {
			unsigned char b = (unsigned char)*c;
			odd |= b < ' ' || b >= 0x7f || b == '"' || b == '\\';
			if (b < ' ' || b >= 0x7f)
				to += sprintf(to, "\\%03o", b);
			else
				to += sprintf(to, b == '"' || b == '\\' ? "\\%c" : "%c", b);
		}
	*to++ = '"';
	*to = '\0';
	if (!odd) {
		to[-1] = '\0';
		memmove(text, text + 1, strlen(text));
	}
	return text;
}

/* What diff reads: the file, or the text of a symlink in memory. The number is none of those it gets there.
 */
static int content(int fd, const struct stat *st)
{
	char proc[32], text[PATH_MAX];
	_cleanup_close_ int r = -1;

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	if (S_ISREG(st->st_mode)) {
		r = open(proc, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	} else {
		ssize_t n = readlinkat(fd, "", text, sizeof(text));
		r = n < 0 ? -1 : memfd_create("link", MFD_CLOEXEC);
		if (r >= 0 && (write(r, text, (size_t)n) != n || lseek(r, 0, SEEK_SET) < 0))
			return -errno;
	}
	int high = r < 0 ? -1 : fcntl(r, F_DUPFD_CLOEXEC, 20);
	return high < 0 ? -errno : high;
}

static bool has_content(const struct stat *st)
{
	return S_ISREG(st->st_mode) || S_ISLNK(st->st_mode);
}

/* diff -u of two fds, either may be -1: nothing. */
static int run_diff(const struct patch *p, int a, int b, const char *label_a, const char *label_b)
{
	char name_a[] = "/dev/fd/10", name_b[] = "/dev/fd/11", null[] = "/dev/null";
	char *argv[] = {(char[]){"diff"},
			(char[]){"-u"},
			p->color ? (char[]){"--color=always"} : (char[]){"--color=never"},
			(char[]){"--label"},
			(char *)(uintptr_t)label_a,
			(char[]){"--label"},
			(char *)(uintptr_t)label_b,
			(char[]){"--"},
			a < 0 ? null : name_a,
			b < 0 ? null : name_b,
			NULL};
	posix_spawn_file_actions_t f;
	int status, r;
	pid_t pid;

	fflush(p->to);
	posix_spawn_file_actions_init(&f);
	posix_spawn_file_actions_adddup2(&f, fileno(p->to), 1);
	if (a >= 0)
		posix_spawn_file_actions_adddup2(&f, a, 10);
	if (b >= 0)
		posix_spawn_file_actions_adddup2(&f, b, 11);
	r = posix_spawnp(&pid, "diff", &f, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&f);
	if (r)
		return -r;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) <= 2 ? 0 : -EIO;
}

static unsigned git_mode(const struct stat *st)
{
	return S_ISLNK(st->st_mode) ? 0120000 : 0100000 | ((st->st_mode & 0100) ? 0755 : 0644);
}

/* One name; a or b NULL: it was made, or deleted. */
static int print_file(const struct patch *p, const char *path, int fd_a, const struct stat *a, int fd_b,
		      const struct stat *b)
{
	_cleanup_free_ char *name_a = quoted("a/", p->prefix, path);
	_cleanup_free_ char *name_b = quoted("b/", p->prefix, path);
	_cleanup_close_ int x = a ? content(fd_a, a) : -1;
	_cleanup_close_ int y = b ? content(fd_b, b) : -1;

	if (!name_a || !name_b)
		return -ENOMEM;
	if ((a && x < 0) || (b && y < 0))
		return a && x < 0 ? x : y;
	fprintf(p->to, "%sdiff --git %s %s\n", p->color ? "\033[1m" : "", name_a, name_b);
	if (!a)
		fprintf(p->to, "new file mode %06o\n", git_mode(b));
	else if (!b)
		fprintf(p->to, "deleted file mode %06o\n", git_mode(a));
	else if (git_mode(a) != git_mode(b))
		fprintf(p->to, "old mode %06o\nnew mode %06o\n", git_mode(a), git_mode(b));
	fputs(p->color ? "\033[0m" : "", p->to);
	return run_diff(p, x, y, a ? name_a : "/dev/null", b ? name_b : "/dev/null");
}

/* Every file below a deleted directory. */
static int print_deleted(const struct patch *p, const char *path, int fd, const struct stat *st, int depth)
{
	char sub[PATH_MAX];
	int r = 0;

	if (has_content(st))
		return print_file(p, path, fd, st, -1, NULL);
	if (!S_ISDIR(st->st_mode) || depth > MAX_DEPTH)
		return 0;
	int d = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = d < 0 ? NULL : fdopendir(d);
	if (!dir)
		return -errno;
	for (struct dirent *e; r == 0 && (e = readdir(dir));) {
		struct stat child;
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
		    snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name) >= (int)sizeof(sub))
			continue;
		_cleanup_close_ int at = openat(fd, e->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (at >= 0 && fstat(at, &child) == 0)
			r = print_deleted(p, sub, at, &child, depth + 1);
	}
	return r;
}

int patch_print(FILE *to, const char *prefix, const struct wr_change *c, bool color)
{
	const struct patch p = {.to = to, .color = color, .prefix = prefix};
	const struct stat *a = c->lower >= 0 ? &c->lower_st : NULL, *b = c->upper >= 0 ? &c->upper_st : NULL;

	if (c->kind == WR_MODIFIED) {
		bool shown = has_content(a) && ((c->what & WR_CH_CONTENT) || git_mode(a) != git_mode(b));
		return shown ? print_file(&p, c->path, c->lower, a, c->upper, b) : 0;
	}
	int r = c->kind == WR_ADDED ? 0 : print_deleted(&p, c->path, c->lower, a, 0);
	return r == 0 && c->kind != WR_DELETED && has_content(b)
		       ? print_file(&p, c->path, -1, NULL, c->upper, b)
		       : r;
}
