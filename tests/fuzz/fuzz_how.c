/* SPDX-License-Identifier: Apache-2.0 */
/* struct open_how of openat2(2), with any size. The input: the size that is told (two bytes), whether the
 * memory goes on behind the structure (one byte), and the memory. The kernel says what is right. */
#define _GNU_SOURCE
#include "fuzz.h"
#include "request.h"
#include "../../handlers/open.h"
#include <sys/mman.h>

#define PAGE 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *area; /* two pages, behind which there is nothing */
	struct input in = {data, size};
	struct open_how how;

	if (!area) {
		area = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(area != MAP_FAILED && mprotect(area + 2 * PAGE, PAGE, PROT_NONE) == 0);
	}
	uint64_t told = take16(&in);
	bool ends = take8(&in) & 1;
	size_t len = in.left < 2 * PAGE ? in.left : 2 * PAGE;
	char *at = ends ? area + 2 * PAGE - len : area;
	memset(area, 0, 2 * PAGE);
	take(&in, at, len);
	if (told >= 0xfff0) /* far too much, too */
		told |= ~0xffffULL;

	int got = wr_open_how(fuzz_request(), (uintptr_t)at, told, &how);
	long want = syscall(SYS_openat2, -1, ".", at, told);
	CHECK(want == -1);
	/* it looks for what is not zero up to where it faults */
	if (got == -EFAULT && ends && told > len && errno == E2BIG)
		return 0;
	CHECK(got == (errno == EBADF ? 0 : -errno));
	CHECK(got < 0 || !memcmp(&how, at, sizeof(how)));
	return 0;
}
