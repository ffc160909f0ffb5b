/* SPDX-License-Identifier: Apache-2.0 */
/* One run of the guest: in a real chroot, or under warren, with the same identity and surroundings. */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_ARGS  24
#define NOFILE	  256
#define OUT_LIMIT (1U << 30)

static void die(const char *what)
{
	fprintf(stderr, "diff-run: %s: %s\n", what, strerror(errno));
	_exit(120);
}

/* What a warren that runs as root keeps for its guests' work. */
static void keep_file_caps(void)
{
	static const int keep[] = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID};
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {{0, 0, 0}, {0, 0, 0}};
	uint32_t bits = 0;

	for (size_t i = 0; i < sizeof(keep) / sizeof(keep[0]); i++)
		bits |= 1U << keep[i];
	for (int c = 0; prctl(PR_CAPBSET_READ, c) >= 0; c++)
		if ((c >= 32 || !(bits & (1U << c))) && prctl(PR_CAPBSET_DROP, c) < 0)
			die("PR_CAPBSET_DROP");
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	d[0] = (struct __user_cap_data_struct){bits, bits, bits};
	if (syscall(SYS_capset, &h, d) < 0)
		die("capset");
}

static void become(const struct opts *o)
{
	if (!o->have_uid)
		return;
	if (setgroups(0, NULL) < 0 || setresgid(o->uid, o->uid, o->uid) < 0 ||
	    setresuid(o->uid, o->uid, o->uid) < 0)
		die("setuid");
	/* Changing uid clears the flag, and /proc/self would be root's. */
	prctl(PR_SET_DUMPABLE, 1);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	close(fd);
}

/* Without root: a user namespace with the own id mapped to itself gives chroot(2). */
static void own_namespace(void)
{
	uid_t uid = getuid();
	gid_t gid = getgid();
	char map[64];

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		die("unshare");
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "%u %u 1\n", uid, uid);
	write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "%u %u 1\n", gid, gid);
	write_file("/proc/self/gid_map", map);
}

/* With inodes of its own: what root changes in it, the host's does not show. */
static void private_proc(const char *path)
{
	if (mount("proc", path, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		die("mount /proc");
}

static void mount_dev_proc(const struct opts *o, const char *root)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/proc", root);
	if (o->as_root)
		private_proc(path);
	else if (mount("/proc", path, NULL, MS_BIND | MS_REC, NULL) < 0)
		die("bind /proc");
	snprintf(path, sizeof(path), "%s/dev", root);
	if (!o->as_root) {
		if (mount("/dev", path, NULL, MS_BIND | MS_REC, NULL) < 0)
			die("bind /dev");
	} else if (dev_make(o, path) < 0) {
		die("make /dev");
	}
}

static void drop_all_caps(void)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {{0, 0, 0}, {0, 0, 0}};

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	syscall(SYS_capset, &h, d);
}

/* From the new /dev. */
static void reopen_stdin(void)
{
	int in = open("/dev/null", O_RDONLY);

	if (in < 0 || dup2(in, 0) < 0)
		die("/dev/null");
	close(in);
}

static void enter_ref(const struct opts *o, enum side s, const char *dir, const char *root)
{
	if (!o->as_root)
		own_namespace();
	else if (unshare(CLONE_NEWNS) < 0)
		die("unshare");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		die("private mounts");
	if (o->overlay && strcmp(root + strlen(dir), "/lower") != 0) {
		errno = -overlay_mount(s, dir, root);
		if (errno)
			die("mount of an overlayfs");
	}
	if (o->proc)
		mount_dev_proc(o, root);
	if (chroot(root) < 0 || chdir("/") < 0)
		die("chroot");
	if (o->proc && o->as_root)
		reopen_stdin();
	if (!o->as_root)
		drop_all_caps();
	else if (o->have_uid)
		become(o);
	else
		keep_file_caps();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		die("no_new_privs");
}

/* Over /dev, but with the real /dev/shm: the roots may be there. */
static void private_dev(const struct opts *o, const char *dir)
{
	char path[PATH_MAX + 64], shm[PATH_MAX + 80];

	snprintf(path, sizeof(path), "%s/dev", dir);
	snprintf(shm, sizeof(shm), "%s/shm", path);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		die(path);
	if (dev_make(o, path) < 0 || mount("/dev/shm", shm, NULL, MS_BIND, NULL) < 0 ||
	    mount(path, "/dev", NULL, MS_MOVE, NULL) < 0)
		die("make /dev");
}

/* A bug under test must not reach the host's /dev and /proc: as root it gets some of its own. */
static void enter_test(const struct opts *o, const char *dir)
{
	static const char *const vars[] = {"HOME",	     "TMPDIR",	       "XDG_RUNTIME_DIR",
					   "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"};
	char path[PATH_MAX + 64];

	if (o->as_root) {
		if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			die("private mounts");
		private_proc("/proc");
		private_dev(o, dir);
		reopen_stdin();
	}
	become(o);
	snprintf(path, sizeof(path), "%s/state", dir);
	for (size_t i = 0; i < sizeof(vars) / sizeof(vars[0]); i++)
		setenv(vars[i], path, 1);
	if (chdir("/") < 0)
		die("chdir");
}

struct argv {
	const char *v[MAX_ARGS];
	unsigned n;
	char text[3][32];
};

static void add(struct argv *a, const char *s)
{
	if (a->n + 1 < MAX_ARGS) {
		a->v[a->n++] = s;
		a->v[a->n] = NULL;
	}
}

static void guest_args(const struct opts *o, enum side s, uint64_t seed, uint64_t count, struct argv *a)
{
	snprintf(a->text[0], sizeof(a->text[0]), "%llu", (unsigned long long)seed);
	snprintf(a->text[1], sizeof(a->text[1]), "%llu", (unsigned long long)count);
	snprintf(a->text[2], sizeof(a->text[2]), "%u", o->calls);
	add(a, "/diff-guest");
	add(a, a->text[0]);
	add(a, a->text[1]);
	add(a, "--calls");
	add(a, a->text[2]);
	if (o->proc)
		add(a, "--proc");
	if (o->lower)
		add(a, "--lower");
	if (o->apart)
		add(a, "--apart");
	if (o->overlay)
		add(a, "--overlay");
	if (o->without) {
		add(a, "--without");
		add(a, o->without);
	}
	if (!o->as_root)
		add(a, "--own-ids");
	if (o->verbose && s == SIDE_TEST)
		add(a, "--flush");
	if (o->mutate && s == SIDE_TEST)
		add(a, "--mutate");
}

static void surroundings(int out, const char *errfile)
{
	struct rlimit rl = {NOFILE, NOFILE};
	int in = open("/dev/null", O_RDONLY), err = open(errfile, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (in < 0 || err < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		die("stdio");
	syscall(SYS_close_range, 3, ~0U, 0);
	setrlimit(RLIMIT_NOFILE, &rl);
	umask(022);
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* The root of a run. The trees of --overlay are made in the lower one. */
static void root_of(const struct opts *o, enum side s, const char *dir, bool lower,
		    char root[static PATH_MAX])
{
	if (o->overlay && lower)
		overlay_lower(dir, root);
	else
		snprintf(root, PATH_MAX, "%s/%s", dir, s == SIDE_REF ? "ref" : "test");
}

static void exec_warren(const struct opts *o, const char *dir, const char *root, const struct argv *guest)
{
	char layer[PATH_MAX];
	struct argv a = {.n = 0};

	add(&a, o->warren);
	add(&a, "run");
	add(&a, "--root");
	add(&a, root);
	if (o->overlay) {
		overlay_layer(dir, layer);
		add(&a, "--cow");
		add(&a, "/");
		add(&a, "--layer");
		add(&a, layer);
	}
	add(&a, "--");
	for (unsigned i = 0; i < guest->n; i++)
		add(&a, guest->v[i]);
	execv(o->warren, (char *const *)a.v);
	die("exec warren");
}

static void child(const struct opts *o, enum side s, const char *dir, struct argv *guest, bool lower, int out)
{
	bool warren = s == SIDE_TEST && !o->self;
	char root[PATH_MAX], err[PATH_MAX + 32];

	root_of(o, s, dir, lower || warren, root);
	snprintf(err, sizeof(err), "%s/stderr", dir);
	surroundings(out, err);
	if (!warren) {
		enter_ref(o, s, dir, root);
		execve("/diff-guest", (char *const *)guest->v, (char *[]){NULL});
		die("exec /diff-guest");
	}
	enter_test(o, dir);
	exec_warren(o, dir, root, guest);
}

/* Everything the child prints. A silence longer than the timeout ends it. */
static bool drain(const struct opts *o, int fd, struct run *r)
{
	size_t cap = 1U << 20;
	ssize_t n;

	r->out = malloc(cap);
	while (r->out && r->len < OUT_LIMIT) {
		struct pollfd p = {.fd = fd, .events = POLLIN};

		if (poll(&p, 1, (int)o->timeout * 1000) == 0)
			return false;
		if (cap - r->len < 65536) {
			char *q = realloc(r->out, cap * 2);

			if (!q)
				return false;
			r->out = q;
			cap *= 2;
		}
		n = read(fd, r->out + r->len, cap - r->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		r->len += (size_t)n;
	}
	if (r->out)
		r->out[r->len] = '\0';
	return r->out != NULL;
}

static void read_stderr(const char *dir, struct run *r)
{
	char path[PATH_MAX + 64];
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/stderr", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, r->err, sizeof(r->err) - 1);
		close(fd);
	}
	r->err[n > 0 ? n : 0] = '\0';
}

static int start(const struct opts *o, enum side s, const char *dir, struct argv *a, bool lower,
		 struct run *r)
{
	int p[2], status = 0;
	bool ended;
	pid_t pid;

	*r = (struct run){.out = NULL};
	if (pipe2(p, O_CLOEXEC) < 0)
		return -errno;
	fflush(NULL);
	/* the user may have too many processes for a while, elsewhere */
	for (int i = 0; (pid = fork()) < 0 && i < 1000; i++)
		usleep(10000);
	if (pid == 0)
		child(o, s, dir, a, lower, p[1]);
	close(p[1]);
	if (pid < 0) {
		close(p[0]);
		return -EAGAIN;
	}
	ended = drain(o, p[0], r);
	close(p[0]);
	if (!ended)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	r->status = ended ? status : -1;
	read_stderr(dir, r);
	return r->out ? 0 : -ENOMEM;
}

int side_run(const struct opts *o, enum side s, const char *dir, uint64_t seed, uint64_t count, struct run *r)
{
	struct argv a = {.n = 0};

	guest_args(o, s, seed, count, &a);
	return start(o, s, dir, &a, false, r);
}

/* Without warren, whichever side it is. */
static int native_run(const struct opts *o, enum side s, const char *dir, uint64_t seed, uint64_t count,
		      const char *what, bool lower, struct run *r)
{
	struct opts native = *o;
	struct argv a = {.n = 0};

	native.self = true;
	native.mutate = false;
	guest_args(&native, s, seed, count, &a);
	add(&a, what);
	return start(&native, s, dir, &a, lower, r);
}

int side_prepare(const struct opts *o, enum side s, const char *dir, uint64_t seed, uint64_t count)
{
	struct run r;
	int ret = native_run(o, s, dir, seed, count, "--prepare", true, &r);

	if (ret == 0 && r.status != 0) {
		fprintf(stderr, "diff-run: prepare: status %#x %s\n", r.status, r.err);
		ret = -EIO;
	}
	run_free(&r);
	return ret;
}

int side_dump(const struct opts *o, enum side s, const char *dir, uint64_t seed, uint64_t count,
	      struct run *r)
{
	return native_run(o, s, dir, seed, count, "--dump", false, r);
}

void run_free(struct run *r)
{
	free(r->out);
	r->out = NULL;
}

const char *side_unavailable(const struct opts *o)
{
	int status = 0;
	pid_t pid;

	if (o->as_root)
		return NULL;
	if (o->overlay)
		return "--overlay needs root";
	if (o->have_uid)
		return "--uid needs root";
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, 2);
		own_namespace();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
		return "no chroot reference: neither root nor user namespaces";
	return NULL;
}
