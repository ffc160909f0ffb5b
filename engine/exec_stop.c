/* SPDX-License-Identifier: Apache-2.0 */
/* The exec stop: the new program is there and has not run an instruction yet. */
#define _GNU_SOURCE
#include "engine.h"
#include "policy.h"
#include "tracee.h"
#include <elf.h>
#include <string.h>
#include <sys/uio.h>

#define VECTORS_MAX (16U << 20)

/* The initial stack: argc, argv ..., NULL, envp ..., NULL, auxv ..., AT_NULL. */
struct vectors {
	uint64_t small[512], *v, *big;
	size_t words;  /* up to and with AT_NULL's value */
	size_t execfn; /* index of AT_EXECFN's value, 0: none */
};

/* Is the end among the first n words? */
static bool parse(struct vectors *s, size_t n)
{
	uint64_t argc = s->v[0];

	if (argc >= n)
		return false;
	size_t i = argc + 2;
	while (i < n && s->v[i])
		i++;
	for (i++; i + 1 < n && s->v[i] != AT_NULL; i += 2)
		if (s->v[i] == AT_EXECFN)
			s->execfn = i + 1;
	s->words = i + 2;
	return i + 1 < n;
}

static int read_vectors(pid_t tid, uint64_t sp, struct vectors *s)
{
	size_t size = sizeof(s->small);

	s->v = s->small;
	s->big = NULL;
	for (;;) {
		struct iovec l = {s->v, size}, r = {(void *)(uintptr_t)sp, size};
		ssize_t n = process_vm_readv(tid, &l, 1, &r, 1, 0);
		s->execfn = 0;
		if (n >= 8 && parse(s, (size_t)n / 8))
			return s->execfn ? 0 : -ENOENT;
		free(s->big);
		s->big = NULL;
		if (n < (ssize_t)size || size * 4 > VECTORS_MAX)
			return -E2BIG;
		size *= 4;
		s->v = s->big = malloc(size);
		if (!s->big)
			return -ENOMEM;
	}
}

/* Room above the vectors: they move down, the string goes into the gap. */
static int move_vectors(pid_t tid, struct wr_regs *regs, struct vectors *s, const char *name, size_t len)
{
	size_t gap = (len + 15) & ~15UL, size = s->words * 8;
	uint64_t sp = wr_regs_sp(regs) - gap, text = sp + size;

	s->v[s->execfn] = text;
	int r = wr_tracee_write(tid, sp, s->v, size);
	if (r == 0)
		r = wr_tracee_write(tid, text, name, len);
	if (r < 0)
		return r;
	wr_regs_set_sp(regs, sp);
	return wr_regs_store(tid, regs);
}

/* AT_EXECFN shall be what the guest gave. The kernel's string is warren's path of the program, mostly the
 * longer one: written over in place, so that no host path stays behind in the guest's memory. */
static int fix_execfn(pid_t tid, const char *name)
{
	char old[PATH_MAX];
	struct wr_regs regs;
	struct vectors s;
	size_t len = strlen(name) + 1;

	int r = wr_regs_load(tid, &regs);
	if (r < 0)
		return r;
	r = read_vectors(tid, wr_regs_sp(&regs), &s);
	if (r < 0)
		return r;
	uint64_t at = s.v[s.execfn];
	struct iovec l = {old, sizeof(old)}, rem = {(void *)(uintptr_t)at, sizeof(old)};
	/* the string is the last on the stack: the read may well be short */
	ssize_t n = process_vm_readv(tid, &l, 1, &rem, 1, 0);
	size_t old_len = n > 0 ? strnlen(old, (size_t)n) + 1 : 0;
	if (old_len > (size_t)(n > 0 ? n : 0))
		old_len = 0;
	if (len <= old_len) {
		memset(old, 0, old_len);
		memcpy(old, name, len);
		r = wr_tracee_write(tid, at, old, old_len);
	} else {
		r = move_vectors(tid, &regs, &s, name, len);
		memset(old, 0, old_len);
		if (r == 0 && old_len)
			r = wr_tracee_write(tid, at, old, old_len);
	}
	free(s.big);
	return r;
}

/* The kernel looks the loader up by a name, which may lead elsewhere by then: into a directory that is
 * denied, where Landlock grants what lies around it. The program itself has been compared already. */
static int check_mapped(const struct warren_policy *p, pid_t tid, const char *exe)
{
	char name[32];
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	int r = 0;

	snprintf(name, sizeof(name), "/proc/%d/maps", tid);
	FILE *f = fopen(name, "re");
	if (!f)
		return -errno;
	while (r == 0 && getline(&line, &size, f) > 0) {
		const struct wr_mount *m;
		char *path = strchr(line, '/');
		if (!path)
			continue; /* the kernel's own, or anonymous */
		path[strcspn(path, "\n")] = '\0';
		if (!strcmp(path, exe))
			continue;
		/* a newline in a name is shown so: judged by nothing */
		if (strstr(path, "\\012") || !(wr_policy_may_host(p, path, &m) & WR_MAY_READ))
			r = -EACCES;
	}
	if (r == 0 && ferror(f))
		r = -EIO;
	fclose(f);
	return r;
}

int wr_exec_stop(const struct warren_substitution *s, pid_t tid)
{
	const struct warren_policy *p = s->sandbox->policy;
	char link[32], exe[PATH_MAX + 16];
	struct stat st;

	snprintf(link, sizeof(link), "/proc/%d/exe", tid);
	if (stat(link, &st) < 0)
		return -errno;
	if (st.st_dev != s->exe_dev || st.st_ino != s->exe_ino)
		return -EACCES; /* another thread changed what the task was told to run */
	if (p->has_deny) {
		ssize_t n = readlink(link, exe, sizeof(exe) - 1);
		if (n < 0)
			return -errno;
		exe[n] = '\0';
		int r = check_mapped(p, tid, exe);
		if (r < 0)
			return r;
	}
	if (s->execfn)
		(void)fix_execfn(tid, s->execfn); /* without it the program runs all the same */
	return 0;
}
