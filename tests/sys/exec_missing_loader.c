/* SPDX-License-Identifier: Apache-2.0 */
/* exec: a dynamic program whose loader the root lacks is ENOENT, even if the host has one there. */
#include "t.h"
#include <elf.h>

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	static struct {
		Elf64_Ehdr e;
		Elf64_Phdr p[2];
		char interp[64];
	} img;
	int fd, host_has = 0;

	for (int i = 0; i < 3; i++) {
		/* What a host is likely to have and this root lacks; a file that is nowhere; one that is no
		 * ELF. */
		static const char *const interps[] = {"/usr/bin/env", "/none/ld.so", "/etc/marker"};

		memset(&img, 0, sizeof(img));
		memcpy(img.e.e_ident, "\177ELF\2\1\1", 7);
		img.e.e_type = ET_EXEC;
#ifdef __x86_64__
		img.e.e_machine = EM_X86_64;
#else
		img.e.e_machine = EM_AARCH64;
#endif
		img.e.e_version = 1;
		img.e.e_ehsize = sizeof(Elf64_Ehdr);
		img.e.e_phentsize = sizeof(Elf64_Phdr);
		img.e.e_phoff = sizeof(Elf64_Ehdr);
		img.e.e_phnum = 2;
		strcpy(img.interp, interps[i]);
		img.p[0] = (Elf64_Phdr){.p_type = PT_INTERP,
					.p_offset = offsetof(__typeof__(img), interp),
					.p_filesz = strlen(interps[i]) + 1,
					.p_memsz = strlen(interps[i]) + 1};
		img.p[1] = (Elf64_Phdr){.p_type = PT_LOAD,
					.p_flags = PF_R | PF_X,
					.p_vaddr = 0x400000,
					.p_filesz = sizeof(img),
					.p_memsz = sizeof(img),
					.p_align = 4096};
		fd = open("prog", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
		REQUIRE(write(fd, &img, sizeof(img)) == sizeof(img));
		close(fd);
		host_has = !access(interps[i], F_OK);
		if (i < 2)
			CHECK_EQ(host_has, 0);
		CHECK_EQ(t_exec_errno("./prog", (char *[]){"p", NULL}, NULL, NULL), i < 2 ? ENOENT : EACCES);
	}
	return t_end();
}
