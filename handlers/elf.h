/* SPDX-License-Identifier: Apache-2.0 */
/* What execve needs to know of a file, and copies of ELF files with another interpreter. Knows nothing of
 * seccomp or sandboxes; tested on plain files. All functions are thread-safe and use pread/pwrite only, so a
 * file position shared with somebody else is neither used nor moved. */
#ifndef WARREN_HANDLERS_ELF_H
#define WARREN_HANDLERS_ELF_H

#include <limits.h>
#include <stddef.h>

enum wr_image_kind {
	WR_IMAGE_STATIC,  /* ELF without PT_INTERP */
	WR_IMAGE_DYNAMIC, /* ELF with PT_INTERP: interp */
	WR_IMAGE_SCRIPT,  /* #!: interp and arg */
};
struct wr_image {
	enum wr_image_kind kind;
	char interp[PATH_MAX]; /* as the file says it; never "" unless static */
	char arg[256];	       /* script: the one optional argument, "" when none */
	int has_arg;	       /* "" can be a real argument: "#!/bin/sh " without a newline has one */
};
/* Reads the head of the regular file fd. 0, or the negative errno that execve(2) gives: -ENOEXEC (neither ELF
 * for this machine nor #!), -EIO (PT_INTERP lies outside of the file), -EINVAL (at a negative offset),
 * -EACCES (the interpreter's name is empty: the kernel then opens the working directory), or what read(2)
 * gave. The limits are the kernel's (fs/binfmt_elf.c, fs/binfmt_script.c, BINPRM_BUF_SIZE 256). ELFCLASS32 is
 * -ENOEXEC. The file may be hostile and may change meanwhile. Called on an ELF interpreter, read -ENOEXEC as
 * -ELIBBAD. *ret is set only on success. */
int wr_image_read(int fd, struct wr_image *ret);
/* Writes a copy of the ELF file src to the empty O_RDWR file dst whose PT_INTERP is new_interp. The image in
 * memory stays the same but for two fields of the program header: the new name is appended behind the last
 * page and p_offset and p_filesz, which only the kernel reads, point at it. p_vaddr and p_memsz still name
 * the old string, which glibc and musl take for the loader's own name. Hostile input safe: what is judged and
 * changed is the copy. 0, -EINVAL (dst not empty, bad new_interp), -ENOEXEC (not ELF, static, or such that
 * the change would not hold), or an errno of read(2) and write(2), -ENOSPC among them; dst's content is then
 * undefined. */
int wr_elf_copy_with_interp(int src, int dst, const char *new_interp);
#endif
