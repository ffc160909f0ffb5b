/* SPDX-License-Identifier: Apache-2.0 */
/* State of the task: working directory, umask, limits, children. */
#include "guest.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void out_cwd(struct guest *g)
{
	char buf[PATH_MAX + 8];
	long r = raw(SYS_getcwd, buf, sizeof(buf));

	out(g, " cwd");
	if (r < 0)
		res(g, r);
	else
		out_kpath(g, buf, (size_t)r - 1);
}

static void op_chdir(struct guest *g)
{
	struct parg p;
	struct darg d;

	if (one_in(g, 3)) {
		gen_fd(g, &d);
		line(g, "fchdir", "%s", d.desc);
		res(g, CALL(g, SYS_fchdir, d.v));
		out_cwd(g);
		return;
	}
	gen_path(g, &p, W_DIR);
	/* Not too far from home for long. */
	if (one_in(g, 3)) {
		p.p = strcpy(p.buf, g->base);
		quote(p.desc, sizeof(p.desc), p.buf, strlen(p.buf));
	}
	line(g, "chdir", "%s", p.desc);
	res(g, CALL(g, SYS_chdir, p.p));
	out_cwd(g);
}

static void op_getcwd(struct guest *g)
{
	static const long sizes[] = {PATH_MAX, 0, 1, 2, 5, 65536};
	char *buf, tmp[PATH_MAX + 8];
	long exact = raw(SYS_getcwd, tmp, sizeof(tmp)), size = PICK(g, sizes), r;
	const char *bdesc = "";
	/* There the length counts the digits of a pid. */
	bool in_proc = exact > 0 && !strncmp(tmp, "/proc", 5);

	if (exact > 0 && !in_proc && one_in(g, 2))
		size = exact - rnd(g, 2);
	buf = edge_buf(g, (size_t)(size ? size : 1));
	if (one_in(g, 20))
		buf = bad_ptr(g, &bdesc);
	line(g, "getcwd", "%ld %s", in_proc || size >= PATH_MAX ? size : size - exact, bdesc);
	r = CALL(g, SYS_getcwd, buf, size);
	res(g, r < 0 ? r : 0);
	if (r > 0 && !bdesc[0])
		out_kpath(g, buf, (size_t)r - 1);
}

static void op_umask(struct guest *g)
{
	static const mode_t masks[] = {022, 022, 0, 077, 027, 0777, 02022};
	mode_t m = PICK(g, masks);

	line(g, "umask", "%04o", m);
	out(g, " = %04lo", raw(SYS_umask, m));
}

/* A child does a few calls with what it inherited. */
static void op_fork(struct guest *g)
{
	uint64_t rng = mix64(&g->rng), mrng = mix64(&g->mrng);
	unsigned n = 1 + rnd(g, 4);
	int status = 0;
	pid_t pid;

	if (g->in_child)
		return;
	line(g, "fork", "%u calls", n);
	out(g, "\n");
	/* The user may have too many processes for a while, elsewhere. */
	for (int i = 0; (pid = fork()) < 0 && i < 1000; i++)
		usleep(10000);
	if (pid == 0) {
		g->rng = rng;
		g->mrng = mrng;
		g->in_child = true;
		for (unsigned i = 0; i < n; i++)
			run_random_op(g);
		_exit(7);
	}
	if (pid > 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	line(g, "wait", "%s", "");
	out(g, " = %d", pid > 0 ? status : -1);
}

static void op_nofile(struct guest *g)
{
	struct rlimit rl;
	bool old = false;
	unsigned n;

	raw(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &rl);
	n = one_in(g, 2) ? 0 : 4 + rnd(g, 12);
	rl.rlim_cur = n ? (rlim_t)g->fd0 + n : rl.rlim_max;
#ifdef SYS_setrlimit
	old = one_in(g, 2);
#endif
	line(g, old ? "setrlimit" : "prlimit64", "NOFILE %u", n);
#ifdef SYS_setrlimit
	if (old) {
		res(g, CALL(g, SYS_setrlimit, RLIMIT_NOFILE, &rl));
		return;
	}
#endif
	res(g, CALL(g, SYS_prlimit64, 0, RLIMIT_NOFILE, &rl, NULL));
}

/* In a child: what cannot be executed says why; what can is this program, which exits with EXIT_USAGE when
 * it is given no seeds. */
static void op_exec(struct guest *g)
{
	static const char *const programs[] = {"lprog", "lprog",  "sc",	     "sc", "scarg", "scloop",
					       "scsc",	"scnone", "d/lprog", "lx", "c"};
	static const int flags_set[] = {0, 0, 0, AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, 1};
	char *argv[] = {"x", NULL}, *envp[] = {NULL};
	int flags = PICK(g, flags_set), status = 0;
	bool at = one_in(g, 2);
	struct parg p;
	struct darg d;
	pid_t pid;

	gen_path(g, &p, W_OLD);
	gen_dirfd(g, &d);
	if (!one_in(g, 3)) {
		p.p = strcpy(p.buf, PICK(g, programs));
		quote(p.desc, sizeof(p.desc), p.buf, strlen(p.buf));
	}
	if (at)
		line(g, "execveat", "%s %s %#x", d.desc, p.desc, flags);
	else
		line(g, "execve", "%s", p.desc);
	pid = fork();
	if (pid == 0) {
		long r;

		raw(SYS_close, STDERR_FILENO);
		r = at ? CALL(g, SYS_execveat, d.v, p.p, argv, envp, flags)
		       : CALL(g, SYS_execve, p.p, argv, envp);
		_exit((int)-r);
	}
	if (pid > 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_USAGE)
		res(g, 0);
	else if (WIFEXITED(status))
		res(g, -WEXITSTATUS(status));
	else
		out(g, " = signal %d", WTERMSIG(status));
}

const struct op task_ops[] = {
	{"chdir", 40, op_chdir},  {"getcwd", 12, op_getcwd}, {"umask", 15, op_umask}, {"fork", 20, op_fork},
	{"nofile", 4, op_nofile}, {"exec", 10, op_exec},     {NULL, 0, NULL},
};
