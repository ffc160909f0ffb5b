/* SPDX-License-Identifier: Apache-2.0 */
/* A guest that gets at what /secret has by changing what a call of its own is about after that was checked.
 * elves DIR: makes a program (exit status 0) and one that stands for what is denied (42). loader: the loader
 * of a program, between the look at it and the exec. terminal HOST_PATH: the path of an open of /dev/tty, in
 * memory. Exit status 0: it never got there. */
#include "../t.h"
#include <elf.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <termios.h>

#define MS 3000

/* ---- loader ---- */

static void make_elf(const char *path, int status, const char *interp)
{
	struct {
		Elf64_Ehdr e;
		Elf64_Phdr p[2];
		char interp[64];
		unsigned char code[16];
	} f = {0};
	const uint64_t base = interp ? 0x10000000 : 0x20000000;
#if defined(__x86_64__)
	const unsigned char code[] = {0xb8, 60, 0, 0, 0, 0xbf, (unsigned char)status, 0, 0, 0, 0x0f, 0x05};
	const Elf64_Half machine = EM_X86_64;
#else
	const uint32_t code[] = {0xd2800000U | (uint32_t)status << 5, 0xd2800ba8U, 0xd4000001U};
	const Elf64_Half machine = EM_AARCH64;
#endif

	memcpy(f.e.e_ident, ELFMAG, SELFMAG);
	f.e.e_ident[EI_CLASS] = ELFCLASS64;
	f.e.e_ident[EI_DATA] = ELFDATA2LSB;
	f.e.e_ident[EI_VERSION] = EV_CURRENT;
	f.e.e_type = ET_EXEC;
	f.e.e_machine = machine;
	f.e.e_version = EV_CURRENT;
	f.e.e_entry = base + offsetof(__typeof__(f), code);
	f.e.e_phoff = offsetof(__typeof__(f), p);
	f.e.e_ehsize = sizeof(f.e);
	f.e.e_phentsize = sizeof(f.p[0]);
	f.e.e_phnum = interp ? 2 : 1;
	f.p[0] = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, 0, base, base, sizeof(f), sizeof(f), 0x1000};
	if (interp) {
		size_t len = strlen(interp) + 1, at = offsetof(__typeof__(f), interp);
		memcpy(f.interp, interp, len);
		f.p[1] = f.p[0];
		f.p[0] = (Elf64_Phdr){PT_INTERP, PF_R, at, base + at, base + at, len, len, 1};
	}
	memcpy(f.code, code, sizeof(code));
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	REQUIRE(fd >= 0 && write(fd, &f, sizeof(f)) == (ssize_t)sizeof(f));
	close(fd);
}

static atomic_bool stop;

/* Of one call, so that a name is always there. */
static void *swap_loader(void *arg)
{
	while (!stop)
		syscall(SYS_renameat2, AT_FDCWD, "/w/ld", AT_FDCWD, "/w/other", 2 /* EXCHANGE */);
	return arg;
}

static void race_loader(void)
{
	int right = 0;

	make_elf("/w/ld", 0, NULL);
	make_elf("/w/prog", 1, "/w/ld");
	REQUIRE(!symlink("../secret/denied", "/w/other"));
	pthread_t t = t_thread(swap_loader, NULL);
	for (long end = t_now_ms() + MS; t_now_ms() < end && !t_failures;) {
		pid_t pid = fork();
		if (!pid) {
			char *const argv[] = {(char *)"prog", NULL};
			execve("/w/prog", argv, environ);
			_exit(3);
		}
		int code = t_wait(pid);
		right += code == 0;
		CHECK(code != 42);
	}
	stop = true;
	t_join(t);
	CHECK(right > 0);
}

/* ---- terminal ---- */

static char stack[1 << 16] __attribute__((aligned(4096)));
static atomic_int running;
static int access_mode;

/* Shares memory and fds, but is another process, which alone is killed. */
static int opener(void *arg)
{
	running = 1;
	syscall(SYS_openat, AT_FDCWD, "/dev/tty", access_mode);
	running = 0;
	(void)arg;
	return 0;
}

static void race_terminal(const char *path, int mode)
{
	const size_t watched = 1024;
	volatile uint64_t *word = (volatile uint64_t *)(stack + sizeof(stack) - 2 * watched);
	uint64_t name;
	struct stat st;
	int status, changed = 0;

	memcpy(&name, "/dev/tty", sizeof(name));
	access_mode = mode;
	for (long end = t_now_ms() + MS / 3; t_now_ms() < end && !t_failures;) {
		running = -1;
		pid_t pid = clone(opener, stack + sizeof(stack) - watched, CLONE_VM | CLONE_FILES | SIGCHLD,
				  NULL);
		REQUIRE(pid > 0);
		for (bool done = false; running && !done;) {
			for (size_t i = 0; i < watched / 8 && !done; i++) {
				if (word[i] != name)
					continue;
				strcpy((char *)(uintptr_t)&word[i], path);
				changed++;
				done = true;
			}
			/* it may have been killed */
			done = done || waitpid(pid, &status, WNOHANG | WNOWAIT) == pid;
		}
		waitpid(pid, &status, 0);
		memset(stack, 0, sizeof(stack));
		for (int fd = 3; fd < 32; fd++) {
			if (fstat(fd, &st))
				continue;
			if (S_ISREG(st.st_mode))
				CHECK(!"it has an fd of what is denied");
			if (fd > 9)
				close(fd);
		}
	}
	CHECK(changed > 0);
}

static void with_terminal(const char *path)
{
	pid_t pid = fork();
	if (!pid) {
		/* low numbers for what stays */
		int master = posix_openpt(O_RDWR | O_NOCTTY);
		REQUIRE(master >= 0 && !grantpt(master) && !unlockpt(master));
		int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
		REQUIRE(slave >= 0 && setsid() > 0 && !ioctl(slave, TIOCSCTTY, 0));
		int fd = open("/dev/tty", O_RDONLY);
		REQUIRE(fd >= 0);
		while (fd < 9)
			fd = dup(slave);
		race_terminal(path, O_RDONLY);
		race_terminal(path, O_ACCMODE);
		_exit(t_failures ? 1 : 0);
	}
	CHECK_EQ(t_wait(pid), 0);
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "elves") && argc > 2) {
		char path[256];
		snprintf(path, sizeof(path), "%s/denied", argv[2]);
		make_elf(path, 42, NULL);
	} else if (!strcmp(what, "loader")) {
		race_loader();
	} else if (!strcmp(what, "terminal") && argc > 2) {
		with_terminal(argv[2]);
	} else {
		return 2;
	}
	return t_end();
}
