/* no-control: the kernel has no such calls */
/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that no table knows: the default is ENOSYS. */
#include "e.h"

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	for (long nr = 471; nr < 640; nr++) {
		errno = 0;
		if (syscall(nr, -1, -1, -1, -1, -1, -1) != -1 || errno != ENOSYS)
			ESCAPED("call %ld: errno %d", nr, errno);
	}
	return t_end();
}
