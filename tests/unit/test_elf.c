/* SPDX-License-Identifier: Apache-2.0 */
/* What wr_image_read() says is compared with what execve(2) of the running kernel does, for hand-made and for
 * random files; rewritten copies of real programs are run. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../engine/base/cleanup.h"
#include "../../handlers/elf.h"

#define ECHO_NAME "echo-args"

static char dir[64];	/* private, on a file system that allows programs */
static char echo[96];	/* a copy of this program, which prints its arguments: an interpreter for scripts */
static char loader[96]; /* a small static program: an interpreter for ELF files */

/* ---- helpers ---- */

static void put_file(const char *path, const void *data, size_t size)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
}

static void copy_file(const char *from, const char *to)
{
	_cleanup_close_ int in = open(from, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	char buf[65536];
	ssize_t n;

	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		assert_int_equal(write(out, buf, (size_t)n), n);
	assert_int_equal(n, 0);
}

static int read_image(const char *path, struct wr_image *image)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return wr_image_read(fd, image);
}

/* What execve says: 0 when it takes the file, else its negative errno. The program is stopped before its
 * first instruction and killed. Death by a signal in execve comes after the point of no return: taken, too.
 */
static int exec_errno(const char *path)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		char *argv[] = {(char *)path, NULL}, *envp[] = {NULL};
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execve(path, argv, envp);
		_exit(errno);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status))
		return -WEXITSTATUS(status);
	if (WIFSTOPPED(status)) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	return 0;
}

/* Runs a program; its exit status, its output in buf. */
static int run(const char *path, char *const argv[], char *buf, size_t size)
{
	int p[2], status;
	size_t n = 0;
	ssize_t r;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(p[1], 1);
		execv(path, argv);
		_exit(127);
	}
	close(p[1]);
	while ((r = read(p[0], buf + n, size - 1 - n)) > 0)
		n += (size_t)r;
	buf[n] = '\0';
	close(p[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* A rewritten copy of from at to. */
static int rewrite(const char *from, const char *to, const char *interp)
{
	_cleanup_close_ int in = open(from, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int out = open(to, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	assert_true(in >= 0 && out >= 0);
	return wr_elf_copy_with_interp(in, out, interp);
}

/* ---- scripts ---- */

/* In text, @ stands for the interpreter. fill: slashes are put before it until the line, up to the end of the
 * interpreter's name, is that long. nul: the text goes on behind NUL bytes, as ` stands for one. */
static const struct script {
	const char *text;
	size_t fill;
} scripts[] = {
	{"#!@\n", 0},
	{"#!@", 0},
	{"#! \t @\n", 0},
	{"#!@ \n", 0},
	{"#!@\t\t\n", 0},
	{"#!@ ", 0}, /* an argument, which is empty */
	{"#!@  \t", 0},
	{"#!@ -x\n", 0},
	{"#!@ -x", 0},
	{"#!@ -x  ", 0}, /* not trimmed without a newline */
	{"#!@\t -x y\tz \t\n", 0},
	{"#!@ -x\r\n", 0},
	{"#!@\r\n", 0},
	{"#!@`\n", 0},
	{"#!@` x\n", 0},
	{"#!@ a`b\n", 0},
	{"#!@ `b\n", 0},
	{"#!@ a ` \n", 0},
	{"#!`@\n", 0},
	{"#! `@\n", 0},
	{"#!\n", 0},
	{"#! \n", 0},
	{"#!\t \t\n@\n", 0},
	{"#!", 0},
	{"#! ", 0},
	{"#!`", 0},
	{"# !@\n", 0},
	{"#", 0},
	{"", 0},
	{"\n#!@\n", 0},
	{"\xEF\xBB\xBF#!@\n", 0},
	{"#!/nowhere/at/all\n", 0},
	{"echo hello\n", 0},
	{"#!@\n", 254},
	{"#!@\n", 255}, /* the newline is the last byte looked at */
	{"#!@\n", 256}, /* it would have to be looked at */
	{"#!@\n", 257},
	{"#!@", 254},
	{"#!@", 255},
	{"#!@", 256},
	{"#!@ \n", 254},
	{"#!@ \n", 255},
	{"#!@ \n", 256},
	{"#!@ a\n", 253},
	{"#!@ a\n", 254},
	{"#!@ abc\n", 252}, /* cut off arguments are fine */
	{"#!@ abc\n", 253},
	{"#!@ abc\n", 254},
	{"#!@ abc\n", 255},
	{"#!@ abc\n", 300},
	{"#!@\t  abc d\n", 250},
	{"#!@ a   b\n", 250},
	{"#!@ a   b", 250},
};

static size_t make_script(const struct script *s, char *buf)
{
	size_t n = 0;

	for (const char *p = s->text; *p; p++) {
		if (*p == '@') {
			while (n + strlen(echo) < s->fill)
				buf[n++] = '/';
			memcpy(buf + n, echo, strlen(echo));
			n += strlen(echo);
		} else {
			buf[n++] = *p == '`' ? '\0' : *p;
		}
	}
	return n;
}

static void check_script(const char *path)
{
	struct wr_image image;
	char got[8192], want[8192] = "";

	int r = read_image(path, &image);
	int k = exec_errno(path);
	if (k == -ENOENT || k == -EACCES || k == -ELIBBAD || k == -ENOTDIR) {
		/* The interpreter's fault, which only the kernel has looked for. */
		struct stat st;
		if (r == 0)
			r = stat(image.interp, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -EACCES;
	}
	assert_int_equal(r, k);
	if (r < 0)
		return;

	assert_int_equal(image.kind, WR_IMAGE_SCRIPT);
	assert_int_equal(run(path, (char *[]){"zero", "one", NULL}, got, sizeof(got)), 0);
	int n = snprintf(want, sizeof(want), "[%s]", image.interp);
	if (image.has_arg)
		n += snprintf(want + n, sizeof(want) - (size_t)n, "[%s]", image.arg);
	else
		assert_string_equal(image.arg, "");
	snprintf(want + n, sizeof(want) - (size_t)n, "[%s][one]", path);
	assert_string_equal(got, want);
}

static void test_scripts(void **state)
{
	(void)state;
	char buf[1024], path[96];

	snprintf(path, sizeof(path), "%s/script", dir);
	for (size_t i = 0; i < WR_ARRAY_SIZE(scripts); i++) {
		size_t n = make_script(&scripts[i], buf);
		put_file(path, buf, n);
		print_message("script %zu: %s", i, n ? scripts[i].text : "(empty)");
		print_message("\n");
		check_script(path);
	}
}

/* Random lines over a small alphabet, to meet every combination. */
static void test_scripts_random(void **state)
{
	(void)state;
	char buf[300], path[96];
	uint32_t seed = 12345;

	snprintf(path, sizeof(path), "%s/script", dir);
	for (int round = 0; round < 500; round++) {
		size_t n = 2;
		memcpy(buf, "#!", 2);
		seed = seed * 1664525 + 1013904223;
		bool with_interp = (seed >> 16) % 4 != 0;
		size_t want = (seed >> 20) % 2 ? 250 + (seed >> 24) % 12 : 60 + (seed >> 24) % 12;
		while (n < want) {
			seed = seed * 1664525 + 1013904223;
			unsigned c = (seed >> 16) % 40;
			if (with_interp && c < 30 && n + strlen(echo) < want && n < 10) {
				memcpy(buf + n, echo, strlen(echo));
				n += strlen(echo);
				with_interp = false;
				continue;
			}
			buf[n++] = c == 0   ? '\n'
				   : c == 1 ? '\0'
				   : c < 8  ? ' '
				   : c < 12 ? '\t'
				   : c < 30 ? '/'
					    : 'a';
		}
		put_file(path, buf, n);
		check_script(path);
	}
}

/* ---- ELF ---- */

enum { AT_PH = 64, AT_INTERP = 0x200, AT_CODE = 0x300, IMAGE_SIZE = 0x400 };

#if defined(__x86_64__)
#define MACHINE EM_X86_64
static const unsigned char exit_code[] = {0xbf, 43, 0, 0, 0, 0xb8, 231, 0, 0, 0, 0x0f, 0x05};
#else
#define MACHINE EM_AARCH64
static const unsigned char exit_code[] = {0x60, 0x05, 0x80, 0xd2, 0xc8, 0x0b, 0x80, 0xd2, 0x01, 0, 0, 0xd4};
#endif

/* A small ELF file: PT_INTERP first when interp is given, then one PT_LOAD of all. */
static void make_elf(unsigned char buf[static IMAGE_SIZE], const char *interp)
{
	Elf64_Ehdr *eh = (Elf64_Ehdr *)buf;
	Elf64_Phdr *ph = (Elf64_Phdr *)(buf + AT_PH);
	const uint64_t base = 0x400000;

	memset(buf, 0, IMAGE_SIZE);
	memcpy(eh->e_ident, ELFMAG "\2\1\1", 7);
	eh->e_type = ET_EXEC;
	eh->e_machine = MACHINE;
	eh->e_version = 1;
	eh->e_entry = base + AT_CODE;
	eh->e_phoff = AT_PH;
	eh->e_ehsize = sizeof(*eh);
	eh->e_phentsize = sizeof(*ph);
	eh->e_phnum = interp ? 2 : 1;
	memcpy(buf + AT_CODE, exit_code, sizeof(exit_code));
	if (interp) {
		strcpy((char *)buf + AT_INTERP, interp);
		*ph++ = (Elf64_Phdr){.p_type = PT_INTERP,
				     .p_flags = PF_R,
				     .p_offset = AT_INTERP,
				     .p_vaddr = base + AT_INTERP,
				     .p_filesz = strlen(interp) + 1,
				     .p_memsz = strlen(interp) + 1,
				     .p_align = 1};
	}
	*ph = (Elf64_Phdr){.p_type = PT_LOAD,
			   .p_flags = PF_R | PF_X,
			   .p_vaddr = base,
			   .p_filesz = IMAGE_SIZE,
			   .p_memsz = IMAGE_SIZE,
			   .p_align = 4096};
}

#define EH(field) offsetof(Elf64_Ehdr, field), sizeof(((Elf64_Ehdr *)0)->field)
#define PH(field) AT_PH + offsetof(Elf64_Phdr, field), sizeof(((Elf64_Phdr *)0)->field)

/* One field of the dynamic file changed, or the file cut. want: what wr_image_read() says; the kernel must
 * agree. */
static const struct hostile {
	const char *what;
	size_t offset, size;
	uint64_t value;
	size_t cut;
	int want;
} hostiles[] = {
	{"nothing", 0, 0, 0, 0, 0},
	{"bad magic", 3, 1, 'f', 0, -ENOEXEC},
	{"ET_DYN", EH(e_type), ET_DYN, 0, 0},
	{"ET_REL", EH(e_type), ET_REL, 0, -ENOEXEC},
	{"ET_CORE", EH(e_type), ET_CORE, 0, -ENOEXEC},
	{"machine i386", EH(e_machine), EM_386, 0, -ENOEXEC},
	{"machine s390", EH(e_machine), EM_S390, 0, -ENOEXEC},
	{"data garbage, which the kernel ignores", EI_DATA, 1, 77, 0, 0},
	{"class garbage, which the kernel ignores", EI_CLASS, 1, 77, 0, 0},
	{"version garbage, which the kernel ignores", EH(e_version), 99, 0, 0},
	{"phentsize 0", EH(e_phentsize), 0, 0, -ENOEXEC},
	{"phentsize 57", EH(e_phentsize), 57, 0, -ENOEXEC},
	{"phentsize 32", EH(e_phentsize), 32, 0, -ENOEXEC},
	{"phnum 0", EH(e_phnum), 0, 0, -ENOEXEC},
	{"phnum behind the end", EH(e_phnum), 18, 0, -ENOEXEC},
	{"phnum up to the end", EH(e_phnum), 17, 0, 0},
	{"phnum 1171, too many", EH(e_phnum), 1171, 0, -ENOEXEC},
	{"phnum 65535", EH(e_phnum), 65535, 0, -ENOEXEC},
	{"phoff behind the end", EH(e_phoff), IMAGE_SIZE, 0, -ENOEXEC},
	{"phoff reaches over the end", EH(e_phoff), IMAGE_SIZE - 100, 0, -ENOEXEC},
	{"phoff top", EH(e_phoff), UINT64_MAX, 0, -ENOEXEC},
	{"phoff largest", EH(e_phoff), INT64_MAX, 0, -ENOEXEC},
	{"phoff negative", EH(e_phoff), 1ULL << 63, 0, -ENOEXEC},
	{"interp size 0", PH(p_filesz), 0, 0, -ENOEXEC},
	{"interp size 1", PH(p_filesz), 1, 0, -ENOEXEC},
	{"interp size 2, not terminated", PH(p_filesz), 2, 0, -ENOEXEC},
	{"interp size too small", PH(p_filesz), 5, 0, -ENOEXEC},
	{"interp with more NULs", PH(p_filesz), 150, 0, 0},
	{"interp size up to the end", PH(p_filesz), IMAGE_SIZE - AT_INTERP, 0, 0},
	{"interp size over the end", PH(p_filesz), IMAGE_SIZE - AT_INTERP + 1, 0, -EIO},
	{"interp size PATH_MAX", PH(p_filesz), PATH_MAX, 0, -EIO},
	{"interp size PATH_MAX + 1", PH(p_filesz), PATH_MAX + 1, 0, -ENOEXEC},
	{"interp size huge", PH(p_filesz), UINT64_MAX, 0, -ENOEXEC},
	{"interp offset behind the end", PH(p_offset), IMAGE_SIZE + 10, 0, -EIO},
	{"interp offset top", PH(p_offset), UINT64_MAX, 0, -EINVAL},
	{"interp offset largest", PH(p_offset), INT64_MAX, 0, -EINVAL},
	{"interp offset negative", PH(p_offset), 1ULL << 63, 0, -EINVAL},
	{"interp at NULs: empty name", PH(p_offset), AT_INTERP + 0xc0, 0, -EACCES},
	{"interp address garbage, which the kernel ignores", PH(p_vaddr), UINT64_MAX, 0, 0},
	{"cut to nothing", 0, 0, 0, 1, -ENOEXEC},
	{"cut in the header", 0, 0, 0, 40, -ENOEXEC},
	{"cut in the program headers", 0, 0, 0, 100, -ENOEXEC},
	{"cut before the interpreter", 0, 0, 0, AT_INTERP, -EIO},
	{"cut in the interpreter", 0, 0, 0, AT_INTERP + 4, -EIO},
};

static void check_copy_of(const char *path, int r);

static void test_hostile_elf(void **state)
{
	(void)state;
	unsigned char buf[IMAGE_SIZE];
	char path[96];

	snprintf(path, sizeof(path), "%s/hostile", dir);
	for (size_t i = 0; i < WR_ARRAY_SIZE(hostiles); i++) {
		const struct hostile *h = &hostiles[i];
		struct wr_image image;
		make_elf(buf, loader);
		memcpy(buf + h->offset, &h->value, h->size);
		put_file(path, buf, h->cut ? h->cut : sizeof(buf));
		print_message("%s\n", h->what);
		assert_int_equal(exec_errno(path), h->want);
		assert_int_equal(read_image(path, &image), h->want);
		check_copy_of(path, h->want);
		if (h->want < 0)
			continue;
		assert_int_equal(image.kind, WR_IMAGE_DYNAMIC);
		assert_string_equal(image.interp, loader);
	}
}

/* The kernel would try its 32-bit loaders; warren does not serve these. */
static void test_class32(void **state)
{
	(void)state;
	unsigned char buf[IMAGE_SIZE];
	char path[96];
	struct wr_image image;

	snprintf(path, sizeof(path), "%s/class32", dir);
	make_elf(buf, loader);
	buf[EI_CLASS] = ELFCLASS32;
	put_file(path, buf, sizeof(buf));
	assert_int_equal(read_image(path, &image), -ENOEXEC);
	check_copy_of(path, -ENOEXEC);
}

static void test_static(void **state)
{
	(void)state;
	struct wr_image image;
	char path[96];

	assert_int_equal(read_image(loader, &image), 0);
	assert_int_equal(image.kind, WR_IMAGE_STATIC);
	assert_string_equal(image.interp, "");
	snprintf(path, sizeof(path), "%s/copy", dir);
	assert_int_equal(rewrite(loader, path, "/x"), -ENOEXEC);
}

static void test_directory(void **state)
{
	(void)state;
	struct wr_image image;
	memset(&image, 7, sizeof(image));
	struct wr_image before = image;
	assert_int_equal(read_image(dir, &image), -EISDIR);
	assert_memory_equal(&image, &before, sizeof(image));
}

/* The kernel takes the first of several, so that one is read and changed. */
static void test_two_interps(void **state)
{
	(void)state;
	unsigned char buf[IMAGE_SIZE];
	char path[96], out[256];
	Elf64_Phdr *ph = (Elf64_Phdr *)(buf + AT_PH);
	struct wr_image image;

	make_elf(buf, loader);
	ph[2] = ph[1];
	ph[1] = ph[0];
	ph[1].p_offset = AT_CODE;
	((Elf64_Ehdr *)buf)->e_phnum = 3;
	snprintf(path, sizeof(path), "%s/two", dir);
	put_file(path, buf, sizeof(buf));
	assert_int_equal(read_image(path, &image), 0);
	assert_string_equal(image.interp, loader);
	assert_int_equal(run(path, (char *[]){"two", NULL}, out, sizeof(out)), 43);
	check_copy_of(path, 0);
}

/* Copies path with an interpreter whose name is longer, r being what wr_image_read() said of it. */
static void check_copy_of(const char *path, int r)
{
	char copy[96], interp[300];
	struct wr_image image;

	snprintf(copy, sizeof(copy), "%s/copy", dir);
	snprintf(interp, sizeof(interp), "%0*d%s", 150, 0, loader);
	memset(interp, '/', 150);
	int c = rewrite(path, copy, interp);
	if (r < 0) {
		assert_int_equal(c, r);
		return;
	}
	assert_int_equal(c, 0);
	assert_int_equal(read_image(copy, &image), 0);
	assert_int_equal(image.kind, WR_IMAGE_DYNAMIC);
	assert_string_equal(image.interp, interp);
	assert_int_equal(exec_errno(copy), 0);
}

/* Headers that overlap, so that changing one changes what is read first: a clean no, never a wrong yes. */
static void test_overlapping_headers(void **state)
{
	(void)state;
	unsigned char buf[IMAGE_SIZE];
	char path[96], copy[96];
	struct wr_image image;

	snprintf(path, sizeof(path), "%s/overlap", dir);
	snprintf(copy, sizeof(copy), "%s/copy", dir);
	make_elf(buf, loader);
	/* The table starts in the header: its first entry's p_type is e_shoff, p_offset is e_flags ..
	 * e_phentsize */
	Elf64_Ehdr *eh = (Elf64_Ehdr *)buf;
	eh->e_phoff = offsetof(Elf64_Ehdr, e_shoff);
	eh->e_shoff = PT_INTERP;
	eh->e_flags = 0x40;
	memset(buf + 64, 0, IMAGE_SIZE - 64);
	strcpy((char *)buf + AT_INTERP, loader);
	Elf64_Phdr ph;
	memcpy(&ph, buf + eh->e_phoff, sizeof(ph));
	put_file(path, buf, sizeof(buf));
	int r = read_image(path, &image);
	assert_int_equal(r, exec_errno(path));
	r = rewrite(path, copy, "/elsewhere");
	assert_true(r < 0);
}

/* Random damage to the headers: the kernel and we agree on every file. */
static void test_random_elf(void **state)
{
	(void)state;
	unsigned char buf[IMAGE_SIZE];
	char path[96];
	uint32_t seed = 777;
	int accepted = 0;

	snprintf(path, sizeof(path), "%s/random", dir);
	for (int round = 0; round < 1000; round++) {
		static const unsigned char values[] = {0, 1, 2, 3, 4, 0x7f, 0x80, 0xff, 0x38, 0x40};
		struct wr_image image;
		make_elf(buf, loader);
		for (unsigned n = 1 + round % 3; n > 0; n--) {
			seed = seed * 1664525 + 1013904223;
			size_t at = (seed >> 8) % (AT_PH + 2 * sizeof(Elf64_Phdr));
			if (at != EI_CLASS)
				buf[at] = values[(seed >> 24) % sizeof(values)];
		}
		put_file(path, buf, sizeof(buf));
		int k = exec_errno(path), r = read_image(path, &image);
		/* ENOMEM and EINVAL of the mappings come from beyond what is read here. */
		if (r == 0 && (k == -ENOENT || k == -EACCES || k == -ELIBBAD) && image.interp[0])
			continue;
		if (r == 0 && (k == -EINVAL || k == -ENOMEM))
			continue;
		assert_int_equal(r, k);
		accepted += r == 0;
	}
	assert_in_range(accepted, 30, 970);
}

static void test_arguments(void **state)
{
	(void)state;
	char path[96], too_long[PATH_MAX + 1];

	snprintf(path, sizeof(path), "%s/copy", dir);
	memset(too_long, '/', PATH_MAX);
	too_long[PATH_MAX] = '\0';
	assert_int_equal(rewrite("/bin/ls", path, ""), -EINVAL);
	assert_int_equal(rewrite("/bin/ls", path, too_long), -EINVAL);
	assert_int_equal(rewrite("/bin/ls", path, too_long + 1), 0);

	_cleanup_close_ int in = open("/bin/ls", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int out = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(wr_elf_copy_with_interp(in, out, "/x"), -EINVAL); /* not empty */
	_cleanup_close_ int full = open("/dev/full", O_RDWR | O_CLOEXEC);
	assert_true(wr_elf_copy_with_interp(in, full, "/x") < 0);
	assert_int_equal(lseek(in, 0, SEEK_CUR), 0); /* the position was not moved */
}

/* ---- real programs ---- */

/* The loader of /bin/sh, copied to a long path of ours. */
static void make_loader_copy(char *ret, size_t size)
{
	struct wr_image image;

	assert_int_equal(read_image("/bin/sh", &image), 0);
	assert_int_equal(image.kind, WR_IMAGE_DYNAMIC);
	snprintf(ret, size, "%s/%0120d", dir, 0);
	mkdir(ret, 0700);
	strncat(ret, "/ld.so", size - strlen(ret) - 1);
	copy_file(image.interp, ret);
}

static void test_real_programs(void **state)
{
	(void)state;
	static char *const programs[][4] = {
		{"/bin/ls", "/", NULL},
		{"/bin/cat", "/proc/version", NULL},
		{"/bin/sh", "-c", "echo $((6*7)); exit 3", NULL},
		{"/usr/bin/python3", "-c", "import json, ssl; print(json.dumps([1, 2]))", NULL},
		{"/usr/bin/env", "true", NULL},
	};
	char interp[300], copy[96], a[65536], b[65536];

	make_loader_copy(interp, sizeof(interp));
	snprintf(copy, sizeof(copy), "%s/real", dir);
	for (size_t i = 0; i < WR_ARRAY_SIZE(programs); i++) {
		if (access(programs[i][0], X_OK) < 0)
			continue;
		unlink(copy);
		assert_int_equal(rewrite(programs[i][0], copy, interp), 0);
		int want = run(programs[i][0], programs[i], a, sizeof(a));
		assert_int_equal(run(copy, programs[i], b, sizeof(b)), want);
		assert_string_equal(a, b);
	}

	/* It is our loader that runs, and only that one: the string in memory still matches DT_NEEDED. */
	unlink(copy);
	assert_int_equal(rewrite("/bin/cat", copy, interp), 0);
	assert_int_equal(run(copy, (char *[]){"cat", "/proc/self/maps", NULL}, b, sizeof(b)), 0);
	assert_non_null(strstr(b, interp));
	assert_null(strstr(b, "/ld-"));
}

/* But for two fields of one program header the file's old part is unchanged. */
static void test_only_two_fields_change(void **state)
{
	(void)state;
	char copy[96], interp[] = "/some/where/else/ld.so";
	struct stat a, b;

	snprintf(copy, sizeof(copy), "%s/same", dir);
	assert_int_equal(rewrite("/bin/sh", copy, interp), 0);
	_cleanup_close_ int fa = open("/bin/sh", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int fb = open(copy, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fstat(fa, &a), 0);
	assert_int_equal(fstat(fb, &b), 0);
	unsigned char *pa = mmap(NULL, (size_t)a.st_size, PROT_READ, MAP_PRIVATE, fa, 0);
	unsigned char *pb = mmap(NULL, (size_t)b.st_size, PROT_READ, MAP_PRIVATE, fb, 0);
	assert_ptr_not_equal(pa, MAP_FAILED);
	assert_ptr_not_equal(pb, MAP_FAILED);

	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)pa;
	size_t header = 0;
	for (unsigned i = 0; i < eh->e_phnum && !header; i++) {
		size_t at = eh->e_phoff + i * sizeof(Elf64_Phdr);
		if (((const Elf64_Phdr *)(pa + at))->p_type == PT_INTERP)
			header = at;
	}
	assert_true(header > 0);
	for (size_t i = 0; i < (size_t)a.st_size; i++) {
		size_t in = i - header;
		bool field = (in >= offsetof(Elf64_Phdr, p_offset) && in < offsetof(Elf64_Phdr, p_vaddr)) ||
			     (in >= offsetof(Elf64_Phdr, p_filesz) && in < offsetof(Elf64_Phdr, p_memsz));
		assert_true(pa[i] == pb[i] || field);
	}
	assert_string_equal((char *)pb + ((Elf64_Phdr *)(pb + header))->p_offset, interp);
	assert_int_equal(((Elf64_Phdr *)(pb + header))->p_offset % 4096, 0);
	munmap(pa, (size_t)a.st_size);
	munmap(pb, (size_t)b.st_size);
}

/* A program header table at an odd offset: in the padding behind the first segment of a program. */
static void test_odd_headers(void **state)
{
	(void)state;
	char moved[96], copy[96], interp[300], out[4096];
	unsigned char head[16384];
	Elf64_Phdr ph[64];

	snprintf(moved, sizeof(moved), "%s/moved", dir);
	snprintf(copy, sizeof(copy), "%s/real", dir);
	copy_file("/bin/cat", moved);
	_cleanup_close_ int fd = open(moved, O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, head, sizeof(head), 0), sizeof(head));
	Elf64_Ehdr *eh = (Elf64_Ehdr *)head;
	size_t size = eh->e_phnum * sizeof(Elf64_Phdr), to = 0;
	assert_true(size <= sizeof(ph));
	memcpy(ph, head + eh->e_phoff, size);
	for (unsigned i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type != PT_LOAD || ph[i].p_offset != 0)
			continue;
		to = ph[i].p_filesz + 13 - ph[i].p_filesz % 8;
		ph[i].p_filesz = ph[i].p_memsz = to + size;
	}
	if (!to || to / 4096 != (to + size) / 4096 || to + size > sizeof(head))
		skip();
	for (size_t i = to; i < to + size; i++)
		if (head[i])
			skip();
	for (unsigned i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type != PT_PHDR)
			continue;
		ph[i].p_vaddr += to - ph[i].p_offset;
		ph[i].p_paddr = ph[i].p_vaddr;
		ph[i].p_offset = to;
	}
	memset(head + eh->e_phoff, 0, size);
	memcpy(head + to, ph, size);
	eh->e_phoff = to;
	assert_int_equal(to % 2, 1);
	assert_int_equal(pwrite(fd, head, sizeof(head), 0), sizeof(head));
	close(wr_steal_fd(&fd));

	make_loader_copy(interp, sizeof(interp));
	assert_int_equal(run(moved, (char *[]){"cat", "/proc/self/comm", NULL}, out, sizeof(out)), 0);
	unlink(copy);
	assert_int_equal(rewrite(moved, copy, interp), 0);
	assert_int_equal(run(copy, (char *[]){"cat", "/proc/self/maps", NULL}, out, sizeof(out)), 0);
	assert_non_null(strstr(out, interp));
}

/* Non-PIE, PIE and other libcs, made here when there is a compiler. */
static void test_compiled_programs(void **state)
{
	(void)state;
	static const char *const compilers[] = {"gcc -no-pie", "gcc -pie -fPIE", "gcc -Wl,-z,noseparate-code",
						"gcc -Wl,-z,norelro -Wl,--build-id=none -s", "musl-gcc"};
	char interp[300], command[512], source[96], program[96], copy[96], a[4096], b[4096];
	struct wr_image image;
	int ran = 0;

	snprintf(source, sizeof(source), "%s/t.c", dir);
	snprintf(program, sizeof(program), "%s/t", dir);
	snprintf(copy, sizeof(copy), "%s/real", dir);
	static const char text[] = "#include <stdio.h>\n#include <dlfcn.h>\n"
				   "int main(int c, char **v) { printf(\"%d %s %d\\n\", c, v[1], "
				   "dlopen(NULL, RTLD_NOW) != NULL); return 7; }\n";
	put_file(source, text, sizeof(text) - 1);
	for (size_t i = 0; i < WR_ARRAY_SIZE(compilers); i++) {
		snprintf(command, sizeof(command), "%s -o %s %s 2>/dev/null", compilers[i], program, source);
		if (system(command) != 0)
			continue;
		assert_int_equal(read_image(program, &image), 0);
		assert_int_equal(image.kind, WR_IMAGE_DYNAMIC);
		snprintf(interp, sizeof(interp), "%s/%0120d", dir, (int)i + 1);
		copy_file(image.interp, interp);
		unlink(copy);
		assert_int_equal(rewrite(program, copy, interp), 0);
		assert_int_equal(run(program, (char *[]){"t", "x", NULL}, a, sizeof(a)), 7);
		assert_int_equal(run(copy, (char *[]){"t", "x", NULL}, b, sizeof(b)), 7);
		assert_string_equal(a, b);
		ran++;
	}
	if (!ran)
		skip();
}

/* ---- set up ---- */

static int setup(void **state)
{
	(void)state;
	unsigned char buf[IMAGE_SIZE];

	snprintf(dir, sizeof(dir), "/tmp/wr-test-elf-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(echo, sizeof(echo), "%s/" ECHO_NAME, dir);
	snprintf(loader, sizeof(loader), "%s/loader", dir);
	copy_file("/proc/self/exe", echo);
	make_elf(buf, NULL);
	put_file(loader, buf, sizeof(buf));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	char command[128];
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

int main(int argc, char **argv)
{
	const char *base = strrchr(argv[0], '/');
	if (base && strcmp(base + 1, ECHO_NAME) == 0) {
		for (int i = 0; i < argc; i++)
			printf("[%s]", argv[i]);
		return 0;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scripts),	      cmocka_unit_test(test_scripts_random),
		cmocka_unit_test(test_hostile_elf),   cmocka_unit_test(test_class32),
		cmocka_unit_test(test_static),	      cmocka_unit_test(test_directory),
		cmocka_unit_test(test_two_interps),   cmocka_unit_test(test_overlapping_headers),
		cmocka_unit_test(test_random_elf),    cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_real_programs), cmocka_unit_test(test_only_two_fields_change),
		cmocka_unit_test(test_odd_headers),   cmocka_unit_test(test_compiled_programs),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
