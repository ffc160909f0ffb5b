/* part of a script: fuzz_calls.sh */
/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_calls SEED SECONDS: trapped calls with hostile arguments, from many threads and processes that share
 * fds, working directory and the memory of the arguments, that are interrupted, stopped and killed meanwhile.
 * Knows what each argument is: most of them are nearly right, so that they get far. Prints how many calls it
 * made; what they return is not looked at. It is the supervisor that is tested. Every call that the
 * supervisor's table says is trapped must be among those that are made. */
#include "e.h"
#include <linux/fs.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <sys/xattr.h>

#define PROCESSES 4
#define THREADS	  4
#define AREA	  (1 << 16)

#if defined(__x86_64__)
#define NR(x86_64, aarch64) (x86_64)
#else
#define NR(x86_64, aarch64) (aarch64)
#endif

static struct shared { /* of all processes; no argument points here */
	atomic_ulong calls[512];
	atomic_bool stop;
} * shared;
static char *area;	/* what arguments point to: shared by all, written over by all */
static char *edge;	/* the last bytes before a page that is not mapped */
static char *readonly;	/* a page that cannot be written */
static char *forbidden; /* one that cannot be touched */

static _Thread_local uint64_t state;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 2685821657736338717ULL;
}

static uint64_t below(uint64_t n)
{
	return rnd() % n;
}

static bool one_in(uint64_t n)
{
	return below(n) == 0;
}

/* ---- arguments ---- */

static const char *const words[] = {
	"/",
	"/w",
	"/w/f",
	"f",
	"d",
	"d/f",
	"d/d",
	"link",
	"loop",
	"fifo",
	"..",
	".",
	"",
	"d/..",
	"/proc",
	"/proc/self",
	"/proc/self/fd",
	"/proc/self/fd/3",
	"/proc/self/exe",
	"/proc/self/cwd",
	"/proc/self/maps",
	"/proc/1/mem",
	"/dev/null",
	"/dev/tty",
	"/dev/ptmx",
	"/dev/pts/0",
	"/dev/fd/4",
	"/etc/passwd",
	"/bin/true",
	"/bin/sh",
	"/t/helper-dyn",
	"script",
	"sock",
	"d/sock",
	"/denied/secret",
	"/ro/file",
	"/ro",
	"x/../f",
	"f/",
	"d//./f",
	"link/f",
	"/proc/self/root/w/f",
	"/proc/thread-self/fd/5",
	"../../../../w/d",
	"new",
	"d/new",
	"/proc/self/task",
	"long",
};

static char *somewhere(size_t need)
{
	return area + below(AREA - need);
}

static uint64_t bad_pointer(void)
{
	static const uint64_t bad[] = {
		0, 1, 4096, UINT64_MAX, UINT64_MAX - 4095, 1ULL << 63, 0x7ffffffff000, 0xffffffff81000000};

	switch (below(4)) {
	case 0:
		return (uint64_t)edge - below(40);
	case 1:
		return (uint64_t)readonly + below(4000);
	case 2:
		return (uint64_t)forbidden;
	default:
		return bad[below(8)];
	}
}

static uint64_t buffer(void)
{
	return one_in(12) ? bad_pointer() : (uint64_t)somewhere(8192);
}

static uint64_t path(void)
{
	char *at = somewhere(2 * PATH_MAX), *p = at;

	if (one_in(15))
		return bad_pointer();
	if (one_in(40)) { /* around PATH_MAX */
		size_t n = PATH_MAX - 3 + below(6);
		memset(p, one_in(2) ? '/' : 'a', n);
		for (size_t i = 200; i < n; i += 200)
			p[i] = '/';
		p[n] = '\0';
		return (uint64_t)at;
	}
	for (uint64_t i = one_in(3) ? below(4) : 0; i; i--) {
		const char *w = words[below(sizeof(words) / sizeof(*words))];
		p = stpcpy(p, w);
		*p++ = '/';
	}
	strcpy(p, words[below(sizeof(words) / sizeof(*words))]);
	if (one_in(30))
		p[below(strlen(p) + 1)] = (char)rnd();
	if (one_in(20)) { /* ends with the page */
		size_t n = strlen(at) + 1;
		if (n < 4000) {
			memcpy(edge - n, at, n);
			return (uint64_t)(edge - n);
		}
	}
	return (uint64_t)at;
}

static uint64_t fd(void)
{
	switch (below(12)) {
	case 0:
		return (uint64_t)AT_FDCWD;
	case 1:
		return rnd();
	case 2:
		return (uint64_t)-1;
	default:
		return below(40) | (one_in(30) ? 1ULL << 32 : 0);
	}
}

static uint64_t flags(void)
{
	uint64_t f = 0;

	for (uint64_t i = below(5); i; i--)
		f |= 1ULL << below(one_in(10) ? 64 : 23);
	return f;
}

static uint64_t open_flags(void)
{
	static const uint64_t some[] = {O_CREAT,   O_EXCL,     O_TRUNC,	 O_DIRECTORY, O_NOFOLLOW, O_PATH,
					O_TMPFILE, O_NONBLOCK, O_APPEND, O_CLOEXEC,   O_NOATIME};
	uint64_t f = below(4);

	for (uint64_t i = below(4); i; i--)
		f |= some[below(sizeof(some) / sizeof(*some))];
	return one_in(20) ? rnd() : f;
}

static uint64_t size(void)
{
	static const uint64_t some[] = {
		0,     1,	8,	   24,	       110,	   255,	       4096,
		65536, 1 << 20, INT32_MAX, UINT32_MAX, UINT64_MAX, 1ULL << 63, (1ULL << 32) + 24};
	return one_in(3) ? some[below(sizeof(some) / sizeof(*some))] : below(9000);
}

static uint64_t how(void)
{
	uint64_t *h = (void *)((uintptr_t)somewhere(4200) & ~7UL);

	h[0] = open_flags();
	h[1] = one_in(5) ? rnd() : below(01000);
	h[2] = one_in(2) ? 0 : below(64);
	if (one_in(10))
		h[3 + below(500)] = rnd();
	return one_in(20) ? bad_pointer() : (uint64_t)h;
}

static uint64_t address(uint64_t *ret_len)
{
	struct sockaddr_un *a = (void *)((uintptr_t)somewhere(200) & ~7UL);

	a->sun_family = one_in(20) ? (sa_family_t)below(50) : AF_UNIX;
	memset(a->sun_path, 0, sizeof(a->sun_path));
	snprintf(a->sun_path + one_in(3), 100, "%s", words[below(sizeof(words) / sizeof(*words))]);
	*ret_len = one_in(3) ? below(140) : one_in(20) ? rnd() : 2 + strlen(a->sun_path) + 1;
	return one_in(15) ? bad_pointer() : (uint64_t)a;
}

static uint64_t message(void)
{
	struct mmsghdr *m = (void *)((uintptr_t)somewhere(8192) & ~7UL);
	struct iovec *iov = (void *)((uintptr_t)somewhere(8192) & ~7UL);
	struct cmsghdr *c = (void *)((uintptr_t)somewhere(4096) & ~7UL);

	for (uint64_t k = 0; k < 3; k++) {
		uint64_t len = 0;
		memset(&m[k], 0, sizeof(m[k]));
		if (one_in(2)) {
			m[k].msg_hdr.msg_name = (void *)address(&len);
			m[k].msg_hdr.msg_namelen = (socklen_t)len;
		}
		m[k].msg_hdr.msg_iov = one_in(20) ? (void *)bad_pointer() : iov;
		m[k].msg_hdr.msg_iovlen = one_in(10) ? size() : below(5);
		for (uint64_t i = 0; i < 5; i++)
			iov[i] = (struct iovec){(void *)buffer(), one_in(10) ? size() : below(3000)};
		if (one_in(2)) {
			m[k].msg_hdr.msg_control = one_in(20) ? (void *)bad_pointer() : c;
			m[k].msg_hdr.msg_controllen = one_in(8) ? size() : CMSG_SPACE(4 * below(6));
			c->cmsg_level = one_in(10) ? (int)rnd() : SOL_SOCKET;
			c->cmsg_type = one_in(10) ? (int)rnd() : (int)below(4);
			c->cmsg_len = one_in(8) ? size() : m[k].msg_hdr.msg_controllen;
			for (unsigned i = 0; i < 6; i++)
				((int *)CMSG_DATA(c))[i] = (int)fd();
		}
	}
	return one_in(20) ? bad_pointer() : (uint64_t)m;
}

static uint64_t strings(void)
{
	uint64_t *v = (void *)((uintptr_t)somewhere(8192) & ~7UL);
	uint64_t n = below(6);

	for (uint64_t i = 0; i < n; i++)
		v[i] = path();
	v[n] = 0;
	return one_in(10) ? bad_pointer() : (uint64_t)v;
}

/* A process: one of ours mostly, else a number, of which nothing must come. */
static uint64_t pid(void)
{
	return one_in(3) ? 0 : one_in(2) ? (uint64_t)getpid() : one_in(4) ? rnd() : below(40000);
}

/* ---- calls ---- */

/* One letter an argument. */
static const struct call {
	int nr;
	const char *args;
} calls[] = {
	{SYS_openat, "fpom"},
	{SYS_openat, "fpom"},
	{SYS_openat, "fpom"},
	{SYS_openat2, "fphs"},
	{SYS_openat2, "fphs"},
	{SYS_newfstatat, "fpbt"},
	{SYS_statx, "fptsb"},
	{SYS_faccessat, "fpm"},
	{SYS_faccessat2, "fpmt"},
	{SYS_readlinkat, "fpbs"},
	{SYS_chdir, "p"},
	{SYS_getcwd, "bs"},
	{SYS_umask, "m"},
	{SYS_fchdir, "f"},
	{SYS_getdents64, "fbs"},
	{SYS_getdents64, "fbs"},
	{SYS_prlimit64, "PsBB"},
	{SYS_sched_setaffinity, "P8b"},
	{SYS_sched_setscheduler, "P7b"},
	{SYS_sched_setparam, "Pb"},
	{SYS_sched_setattr, "Pbz"},
	{SYS_setpriority, "2Pz"},
	{SYS_ioprio_set, "2Pz"},
	{SYS_kill, "PS"},
	{SYS_tkill, "PS"},
	{SYS_tgkill, "PPS"},
	{SYS_rt_sigqueueinfo, "PSb"},
	{SYS_rt_tgsigqueueinfo, "PPSb"},
	{SYS_pidfd_open, "Pz"},
	{SYS_pidfd_send_signal, "fSBz"},
	{SYS_setrlimit, "Nb"},
	{SYS_unlinkat, "fpR"},
	{SYS_mkdirat, "fpm"},
	{SYS_mknodat, "fpMs"},
	{SYS_symlinkat, "pfp"},
	{SYS_linkat, "fpfpt"},
	{SYS_renameat2, "fpfp7"},
	{SYS_renameat, "fpfp"},
	{SYS_fchmodat, "fpm"},
	{SYS_fchmodat2, "fpmt"},
	{SYS_fchownat, "fpggt"},
	{SYS_truncate, "ps"},
	{SYS_utimensat, "fpbt"},
	{SYS_statfs, "pb"},
	{SYS_setxattr, "pxbsz"},
	{SYS_getxattr, "pxbs"},
	{SYS_listxattr, "pbs"},
	{SYS_removexattr, "px"},
	{SYS_lsetxattr, "pxbsz"},
	{SYS_lgetxattr, "pxbs"},
	{SYS_llistxattr, "pbs"},
	{SYS_lremovexattr, "px"},
	{SYS_fgetxattr, "fxbs"},
	{SYS_flistxattr, "fbs"},
	{SYS_fchmod, "fm"},
	{SYS_fchown, "fgg"},
	{SYS_fsetxattr, "fxbsz"},
	{SYS_fremovexattr, "fx"},
	{SYS_ioctl, "fIb"},
	{SYS_bind, "fAL"},
	{SYS_connect, "fAL"},
	{SYS_getsockname, "fbB"},
	{SYS_getpeername, "fbB"},
	{SYS_sendto, "fbsTAL"},
	{SYS_sendmsg, "fHT"},
	{SYS_sendmmsg, "fH4T"},
	{SYS_inotify_add_watch, "fpt"},
	{SYS_socket, "1kz"},
	{SYS_dup3, "ffC"},
	{SYS_close, "F"},
	{SYS_fcntl, "f!s"},
	{SYS_setxattr, "pxbsz"},
	{463, "fptxbs"}, /* setxattrat and those that follow it, newer than the headers */
	{464, "fptxbs"},
	{465, "fptbs"},
	{466, "fptx"},
#if defined(__x86_64__)
	{SYS_open, "pom"},
	{SYS_creat, "pm"},
	{SYS_stat, "pb"},
	{SYS_lstat, "pb"},
	{SYS_access, "pm"},
	{SYS_readlink, "pbs"},
	{SYS_getdents, "fbs"},
	{SYS_unlink, "p"},
	{SYS_rmdir, "p"},
	{SYS_mkdir, "pm"},
	{SYS_mknod, "pMs"},
	{SYS_symlink, "pp"},
	{SYS_link, "pp"},
	{SYS_rename, "pp"},
	{SYS_chmod, "pm"},
	{SYS_chown, "pgg"},
	{SYS_lchown, "pgg"},
	{SYS_utimes, "pb"},
	{SYS_utime, "pb"},
	{SYS_futimesat, "fpb"},
	{SYS_inotify_init1, "z"},
	{SYS_epoll_create1, "z"},
#endif
};

/* Signals that are ignored where nobody waits for them. */
static uint64_t signal_number(void)
{
	static const uint64_t harmless[] = {0, SIGCONT, SIGURG, SIGWINCH, 65, UINT64_MAX};

	return harmless[below(sizeof(harmless) / sizeof(*harmless))] | (one_in(10) ? rnd() << 32 : 0);
}

/* Limits with which something can still be tried; the last one is warren's mark. */
static uint64_t limit_number(void)
{
	static const uint64_t some[] = {RLIMIT_CORE,
					RLIMIT_MEMLOCK,
					RLIMIT_SIGPENDING,
					RLIMIT_RTTIME,
					RLIMIT_RTTIME | 1ULL << 32,
					RLIMIT_RTTIME + 1};

	return some[below(sizeof(some) / sizeof(*some))];
}

static uint64_t argument(char kind, uint64_t *len)
{
	static const uint64_t ioctls[] = {FS_IOC_SETFLAGS,   FS_IOC_GETFLAGS, FS_IOC_FSSETXATTR,
					  FS_IOC_SETVERSION, FIONREAD,	      FIOCLEX,
					  TIOCGWINSZ,	     TIOCSTI};

	switch (kind) {
	case 'f':
		return fd();
	case 'F': /* to be closed or put over: standard streams stay */
		return 3 + below(37);
	case 'p':
		return path();
	case 'o':
		return open_flags();
	case 'm':
		return one_in(6) ? rnd() : below(010000);
	case 'M':
		return (below(16) << 12) | below(01000);
	case 'h':
		return how();
	case 's':
		return one_in(3) ? 24 : size();
	case 'b':
		return buffer();
	case 'B':
		return one_in(3) ? 0 : buffer();
	case 't':
		return one_in(3) ? flags() : one_in(2) ? 0 : one_in(2) ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH;
	case 'R':
		return one_in(3) ? AT_REMOVEDIR : one_in(10) ? rnd() : 0;
	case 'P':
		return pid();
	case 'S':
		return signal_number();
	case 'N':
		return limit_number();
	case 'x': {
		char *at = somewhere(300);
		strcpy(at, one_in(3) ? "user.x" : one_in(2) ? "trusted.y" : "security.capability");
		if (one_in(10))
			memset(at, 'u', 260), at[260] = '\0';
		return one_in(10) ? bad_pointer() : (uint64_t)at;
	}
	case 'A':
		return address(len);
	case 'L':
		return *len;
	case 'H':
		return message();
	case 'T':
		return MSG_DONTWAIT | (one_in(4) ? flags() & ~(uint64_t)MSG_OOB : MSG_NOSIGNAL);
	case 'I':
		return one_in(3) ? rnd() : ioctls[below(8)] | (one_in(10) ? rnd() << 32 : 0);
	case 'k':
		return 1 + below(5);
	case 'g':
		return one_in(2) ? (uint64_t)-1 : below(3);
	case 'C':
		return O_CLOEXEC;
	case '!':
		return one_in(2) ? F_DUPFD_CLOEXEC : below(20);
	case 'z':
		return one_in(2) ? 0 : flags();
	default: /* a small number, or that size */
		return one_in(8) ? rnd() : below((uint64_t)(kind - '0') + 1);
	}
}

static void count(int nr)
{
	atomic_fetch_add_explicit(&shared->calls[nr], 1, memory_order_relaxed);
}

static void call(const struct call *c)
{
	uint64_t a[6] = {0}, len = 0;

	for (unsigned i = 0; c->args[i]; i++)
		a[i] = argument(c->args[i], &len);
	if (c->nr == SYS_dup3)
		a[1] = 3 + below(37);
	/* that one sets limits with which nothing can be tried any more */
	if (c->nr == SYS_prlimit64 && (one_in(2) || a[1] == RLIMIT_CPU || a[1] == RLIMIT_AS ||
				       a[1] == RLIMIT_NPROC || a[1] == RLIMIT_FSIZE))
		a[2] = 0;
	syscall(c->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	count(c->nr);
}

/* In a child, by fork, or one that shares everything. */
static void exec_something(void)
{
	uint64_t p = path(), argv = strings(), envp = strings(), at = fd(),
		 f = one_in(4)	  ? AT_EMPTY_PATH
		     : one_in(20) ? flags()
				  : 0;
	bool by_fd = one_in(2);
	pid_t child;

	if (one_in(2)) {
		count(NR(SYS_vfork, SYS_clone));
		child = vfork(); /* not in a function of its own, it would return twice */
#if defined(__x86_64__)
	} else if (one_in(4)) {
		count(SYS_fork);
		child = (pid_t)syscall(SYS_fork);
#endif
	} else {
		count(SYS_clone);
		child = (pid_t)syscall(SYS_clone, (one_in(2) ? CLONE_FILES | CLONE_FS : 0) | SIGCHLD, 0, 0, 0,
				       0);
	}

	if (child == 0) {
		if (by_fd)
			syscall(SYS_execveat, at, p, argv, envp, f);
		else
			syscall(SYS_execve, p, argv, envp);
		_exit(0);
	}
	count(by_fd ? SYS_execveat : SYS_execve);
	if (child < 0)
		return;
	if (one_in(3)) {
		kill(child, SIGSTOP);
		kill(child, SIGCONT);
	}
	if (one_in(2))
		kill(child, SIGKILL);
	bool ended = false;
	for (int i = 0; i < 50 && !(ended = waitpid(child, NULL, WNOHANG) != 0); i++)
		t_ms(1);
	if (!ended) { /* else the number may be another's by now */
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
}

static void make_things(void)
{
	mkdir("d", 0755);
	mkdir("d/d", 0755);
	close(open("f", O_CREAT | O_WRONLY | O_NONBLOCK, 0644));
	close(open("d/f", O_CREAT | O_WRONLY | O_NONBLOCK, 0644));
	symlink("d", "link");
	symlink("loop", "loop");
	mkfifo("fifo", 0644);
	int s = open("script", O_CREAT | O_WRONLY | O_NONBLOCK, 0755);
	(void)!write(s, "#!/bin/true x\n", 14);
	close(s);
	open("/proc", O_RDONLY | O_DIRECTORY);
	open("d", O_PATH);
	socket(AF_UNIX, SOCK_STREAM, 0);
	socket(AF_UNIX, SOCK_DGRAM, 0);
}

static void *work(void *arg)
{
	state = (uint64_t)arg * 0x9e3779b97f4a7c15ULL + 1;
	while (!shared->stop) {
		if (one_in(150))
			exec_something();
		else if (one_in(400))
			make_things();
		else if (one_in(50)) /* over what others are just using */
			memset(somewhere(64), (int)rnd(), below(64));
		else
			call(&calls[below(sizeof(calls) / sizeof(*calls))]);
	}
	return NULL;
}

static void on_signal(int sig)
{
	(void)sig;
}

/* Waits of calls are ended all the time. */
static void process(uint64_t seed)
{
	const struct sigaction sa = {.sa_handler = on_signal};
	pthread_t th[THREADS];

	sigaction(SIGUSR1, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGIO, SIG_IGN);
	(void)!chdir("/w");
	make_things();
	for (unsigned i = 0; i < THREADS; i++)
		th[i] = t_thread(work, (void *)(seed * THREADS + i + 1));
	while (!shared->stop) {
		t_ms(20);
		for (unsigned i = 0; i < THREADS; i++)
			pthread_kill(th[i], SIGUSR1);
	}
	_exit(0);
}

/* ---- are they all? ---- */

#define CALL(name, x86_64, aarch64, ...) {#name, NR(x86_64, aarch64)},
#define GUARDED(...)			 CALL(__VA_ARGS__)
#define LAYERED(...)			 CALL(__VA_ARGS__)
#define SOME(...)			 CALL(__VA_ARGS__)
#define DENY(...)			 /* never seen by the supervisor */
#define IPC(...)

static const struct {
	const char *name;
	int nr;
} trapped[] = {
#include "../../handlers/table.def"
};

/* Every trapped call is one that is made here; and was made, when there were many. */
static void check_all(unsigned long total)
{
	static const int in_children[] = {SYS_execve, SYS_execveat, SYS_clone, NR(SYS_fork, -1),
					  NR(SYS_vfork, -1)};

	for (size_t i = 0; i < sizeof(trapped) / sizeof(*trapped); i++) {
		bool known = trapped[i].nr < 0;
		for (size_t k = 0; k < sizeof(calls) / sizeof(*calls); k++)
			known |= calls[k].nr == trapped[i].nr;
		for (size_t k = 0; k < sizeof(in_children) / sizeof(*in_children); k++)
			known |= in_children[k] == trapped[i].nr;
		if (!known || (trapped[i].nr >= 0 && total > 50000 && !shared->calls[trapped[i].nr])) {
			fprintf(stderr, "%s is trapped, and never tried\n", trapped[i].name);
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	REQUIRE(argc == 3);
	check_all(0);
	uint64_t seed = strtoull(argv[1], NULL, 0);
	long end = t_now_ms() + (long)(atof(argv[2]) * 1000);
	pid_t pids[PROCESSES] = {0};
	unsigned long total = 0;

	/* what programs print is not the result */
	int result = fcntl(1, F_DUPFD_CLOEXEC, 900);
	REQUIRE(result >= 0 && dup2(open("/dev/null", O_WRONLY), 1) == 1);
	signal(SIGPIPE, SIG_IGN);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	area = mmap(NULL, AREA + 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(shared != MAP_FAILED && area != MAP_FAILED);
	edge = area + AREA + 4096;
	forbidden = edge;
	readonly = edge + 4096;
	REQUIRE(!mprotect(forbidden, 4096, PROT_NONE) && !mprotect(readonly, 4096, PROT_READ));
	while (t_now_ms() < end) {
		for (unsigned i = 0; i < PROCESSES; i++) {
			if (pids[i] > 0 && waitpid(pids[i], NULL, WNOHANG) != pids[i])
				continue;
			pids[i] = fork();
			if (!pids[i]) {
				prctl(PR_SET_PDEATHSIG, SIGKILL);
				process(++seed * PROCESSES + i);
			}
			seed++;
		}
		t_ms(20);
		if (seed % 7 == 0 && pids[0] > 0)
			kill(pids[0], SIGKILL); /* in the middle of whatever it does */
		seed++;
	}
	shared->stop = true;
	t_ms(30);
	for (unsigned i = 0; i < PROCESSES; i++)
		if (pids[i] > 0)
			kill(pids[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	for (unsigned i = 0; i < 512; i++)
		total += shared->calls[i];
	check_all(total);
	dprintf(result, "%lu\n", total);
	return 0;
}
