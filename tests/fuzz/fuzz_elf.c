/* SPDX-License-Identifier: Apache-2.0 */
/* Any file may be executed: ELF, or a script with a `#!` line. The input is the file. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "../../engine/base/cleanup.h"
#include "../../handlers/elf.h"

static void check_copy(int src, const struct wr_image *image, int read, const char *interp)
{
	struct wr_image changed;
	_cleanup_close_ int dst = memfd_create("dst", MFD_CLOEXEC);

	CHECK(dst >= 0);
	int r = wr_elf_copy_with_interp(src, dst, interp);
	if (read < 0)
		CHECK(r == read);
	else if (image->kind != WR_IMAGE_DYNAMIC)
		CHECK(r == -ENOEXEC);
	if (r < 0)
		return;
	CHECK(wr_image_read(dst, &changed) == 0);
	CHECK(changed.kind == WR_IMAGE_DYNAMIC);
	CHECK(strcmp(changed.interp, interp) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wr_image image;
	_cleanup_close_ int src = memfd_create("src", MFD_CLOEXEC);

	CHECK(src >= 0 && write(src, data, size) == (ssize_t)size);
	int r = wr_image_read(src, &image);
	CHECK(r <= 0);
	if (r == 0) {
		CHECK(memchr(image.interp, 0, sizeof(image.interp)));
		CHECK(memchr(image.arg, 0, sizeof(image.arg)));
		CHECK((image.kind == WR_IMAGE_STATIC) == (image.interp[0] == '\0'));
		CHECK(image.has_arg || image.arg[0] == '\0');
	}
	check_copy(src, &image, r, "/a");
	check_copy(src, &image, r, "/run/user/1000/warren-1000-1234-abcdef/root/lib64/ld-linux-x86-64.so.2");
	return 0;
}
