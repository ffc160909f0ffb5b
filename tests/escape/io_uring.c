/* SPDX-License-Identifier: Apache-2.0 */
/* A file opened by a ring, past the filter. */
#include "e.h"
#include <linux/io_uring.h>

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	struct io_uring_params p = {0};
	int ring = (int)syscall(SYS_io_uring_setup, 4, &p);

	if (ring < 0 && e_is_control())
		T_SKIP("no io_uring here");
	if (ring >= 0)
		ESCAPED("io_uring_setup");
	CHECK(syscall(SYS_io_uring_register, 0, 0, NULL, 0) < 0 && errno == ENOSYS);
	return t_end();
}
