/* SPDX-License-Identifier: Apache-2.0 */
/* Reading of executables as fs/binfmt_elf.c and fs/binfmt_script.c of Linux 6.x do it, and the rewriting of
 * PT_INTERP. */
#define _GNU_SOURCE
#include "elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../engine/base/cleanup.h"
#include "../engine/base/io.h"

#if defined(__x86_64__)
#define NATIVE_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define NATIVE_MACHINE EM_AARCH64
#else
#error "warren: no ELF machine for this architecture"
#endif

enum {
	HEAD_SIZE = 256,	/* BINPRM_BUF_SIZE */
	PHDRS_SIZE_MAX = 65536, /* load_elf_phdrs() */
	COPY_CHUNK = 256 * 1024,
};

union head {
	char bytes[HEAD_SIZE];
	Elf64_Ehdr elf;
};

/* elf_read(): all of it or an error. rw_verify_area() of the kernel takes no negative offset at either end.
 */
static int read_exactly(int fd, void *buf, size_t n, uint64_t off)
{
	if (off > INT64_MAX - n)
		return -EINVAL;
	ssize_t r = wr_read_at(fd, buf, n, (off_t)off);
	if (r < 0)
		return (int)r;
	return (size_t)r == n ? 0 : -EIO;
}

/* A shorter file is padded with NUL bytes, as prepare_binprm() does. */
static int read_head(int fd, union head *ret)
{
	memset(ret, 0, sizeof(*ret));
	ssize_t r = wr_read_at(fd, ret->bytes, sizeof(ret->bytes), 0);
	return r < 0 ? (int)r : 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* The first byte of [p, last] that is no space, NULL when there is none. */
static const char *skip_spaces(const char *p, const char *last)
{
	for (; p <= last; p++)
		if (!is_space(*p))
			return p;
	return NULL;
}

/* The first space, tab or NUL of [p, last], NULL when there is none. */
static const char *find_terminator(const char *p, const char *last)
{
	for (; p <= last; p++)
		if (is_space(*p) || !*p)
			return p;
	return NULL;
}

/* Where the line ends: at its newline, or with the buffer if only the argument can have been cut off. */
static const char *script_line_end(const char *buf)
{
	const char *last = buf + HEAD_SIZE - 1;
	/* Like the kernel's strnchr(): a NUL hides what is behind it. */
	const char *end = memchr(buf, '\n', strnlen(buf, HEAD_SIZE));

	if (!end) {
		const char *name = skip_spaces(buf + 2, last);
		if (!name || !find_terminator(name, last))
			return NULL;
		end = last;
	}
	while (is_space(end[-1])) /* stops at the '!' */
		end--;
	return end;
}

static int read_script(const char *buf, struct wr_image *ret)
{
	const char *end = script_line_end(buf);
	if (!end)
		return -ENOEXEC;

	const char *name = skip_spaces(buf + 2, end);
	if (!name || name == end)
		return -ENOEXEC;

	const char *arg = NULL;
	const char *sep = find_terminator(name, end);
	if (sep && *sep)
		arg = skip_spaces(sep, end);

	size_t name_len = (size_t)((sep ? sep : end) - name);
	if (name_len == 0)
		return -EACCES;

	memset(ret, 0, sizeof(*ret));
	ret->kind = WR_IMAGE_SCRIPT;
	memcpy(ret->interp, name, name_len);
	if (arg) {
		ret->has_arg = 1;
		memcpy(ret->arg, arg, strnlen(arg, (size_t)(end - arg)));
	}
	return 0;
}

/* The kernel ignores EI_CLASS, but then tries the 32-bit loader too; that one is not served here. */
static bool is_native_elf(const Elf64_Ehdr *eh)
{
	return memcmp(eh->e_ident, ELFMAG, SELFMAG) == 0 && eh->e_ident[EI_CLASS] != ELFCLASS32 &&
	       (eh->e_type == ET_EXEC || eh->e_type == ET_DYN) && eh->e_machine == NATIVE_MACHINE;
}

/* Finds the PT_INTERP that the kernel takes, the first. 1 with *ret and its offset in the file, 0 when there
 * is none. */
static int find_interp(int fd, const Elf64_Ehdr *eh, Elf64_Phdr *ret, off_t *ret_off)
{
	if (!is_native_elf(eh) || eh->e_phentsize != sizeof(Elf64_Phdr))
		return -ENOEXEC;

	size_t size = sizeof(Elf64_Phdr) * eh->e_phnum;
	if (size == 0 || size > PHDRS_SIZE_MAX)
		return -ENOEXEC;

	_cleanup_free_ Elf64_Phdr *ph = malloc(size);
	if (!ph)
		return -ENOMEM;
	if (read_exactly(fd, ph, size, eh->e_phoff) < 0)
		return -ENOEXEC; /* load_elf_phdrs() says no more */

	for (unsigned i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type != PT_INTERP)
			continue;
		*ret = ph[i];
		*ret_off = (off_t)(eh->e_phoff + i * sizeof(Elf64_Phdr));
		return 1;
	}
	return 0;
}

static int read_elf(int fd, const Elf64_Ehdr *eh, struct wr_image *ret)
{
	char interp[PATH_MAX];
	Elf64_Phdr ph;
	off_t off;

	int found = find_interp(fd, eh, &ph, &off);
	if (found < 0)
		return found;
	if (found) {
		if (ph.p_filesz > sizeof(interp) || ph.p_filesz < 2)
			return -ENOEXEC;
		int r = read_exactly(fd, interp, ph.p_filesz, ph.p_offset);
		if (r < 0)
			return r;
		if (interp[ph.p_filesz - 1] != '\0')
			return -ENOEXEC;
		if (interp[0] == '\0')
			return -EACCES;
	}

	memset(ret, 0, sizeof(*ret));
	ret->kind = found ? WR_IMAGE_DYNAMIC : WR_IMAGE_STATIC;
	if (found)
		memcpy(ret->interp, interp, strlen(interp));
	return 0;
}

int wr_image_read(int fd, struct wr_image *ret)
{
	union head head;

	int r = read_head(fd, &head);
	if (r < 0)
		return r;
	if (head.bytes[0] == '#' && head.bytes[1] == '!')
		return read_script(head.bytes, ret);
	return read_elf(fd, &head.elf, ret);
}

static bool is_zero(const char *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* The part [off, size) by hand; blocks of zeros become holes. */
static int copy_by_hand(int src, int dst, off_t off, off_t size)
{
	_cleanup_free_ char *buf = malloc(COPY_CHUNK);
	if (!buf)
		return -ENOMEM;

	while (off < size) {
		size_t want = size - off < COPY_CHUNK ? (size_t)(size - off) : COPY_CHUNK;
		ssize_t n = wr_read_at(src, buf, want, off);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break; /* became shorter meanwhile */
		if (!is_zero(buf, (size_t)n)) {
			int r = wr_write_at(dst, buf, (size_t)n, off);
			if (r < 0)
				return r;
		}
		off += n;
	}
	return ftruncate(dst, off) < 0 ? -errno : 0;
}

/* Copies as many bytes as src has now; one that grows cannot keep us busy for ever. */
static int copy_contents(int src, int dst, off_t size)
{
	off_t in = 0, out = 0;

	while (in < size) {
		ssize_t n = copy_file_range(src, &in, dst, &out, (size_t)(size - in), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
			return -errno;
		/* Another file system, an old kernel, or a file system that says 0 for "cannot". */
		if (n <= 0)
			return copy_by_hand(src, dst, in, size);
	}
	return 0;
}

/* Appends the name and points the header at it. It starts on a page of its own, because the page that holds
 * the end of the file may be mapped, and its rest is zero in memory. */
static int append_interp(int fd, const char *interp)
{
	union head head;
	Elf64_Phdr ph;
	off_t ph_off;
	struct stat st;

	int r = read_head(fd, &head);
	if (r < 0)
		return r;
	r = find_interp(fd, &head.elf, &ph, &ph_off);
	if (r <= 0)
		return r < 0 ? r : -ENOEXEC;
	if (fstat(fd, &st) < 0)
		return -errno;

	off_t page = sysconf(_SC_PAGESIZE);
	off_t end = (st.st_size + page - 1) / page * page;
	size_t len = strlen(interp) + 1;

	r = wr_write_at(fd, interp, len, end);
	if (r < 0)
		return r;
	ph.p_offset = (Elf64_Off)end;
	ph.p_filesz = len;
	return wr_write_at(fd, &ph, sizeof(ph), ph_off);
}

int wr_elf_copy_with_interp(int src, int dst, const char *new_interp)
{
	struct stat in, out;
	struct wr_image image;
	size_t len = strlen(new_interp);

	if (len == 0 || len >= PATH_MAX)
		return -EINVAL;
	if (fstat(src, &in) < 0 || fstat(dst, &out) < 0)
		return -errno;
	if (out.st_size != 0)
		return -EINVAL;
	if (in.st_size > INT64_MAX / 2)
		return -EFBIG;

	int r = copy_contents(src, dst, in.st_size);
	if (r < 0)
		return r;

	/* From here on only the copy counts, which nobody else can change. */
	r = wr_image_read(dst, &image);
	if (r < 0)
		return r;
	if (image.kind != WR_IMAGE_DYNAMIC)
		return -ENOEXEC;
	r = append_interp(dst, new_interp);
	if (r < 0)
		return r;

	/* Headers may overlap each other, so that the change undid itself. */
	r = wr_image_read(dst, &image);
	if (r < 0)
		return r;
	return image.kind == WR_IMAGE_DYNAMIC && strcmp(image.interp, new_interp) == 0 ? 0 : -ENOEXEC;
}
