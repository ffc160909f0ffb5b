/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: every spelling is trapped: open_by_handle_at would open any file of the disk; it is not for a guest.
 */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	union {
		struct file_handle h;
		char room[sizeof(struct file_handle) + 128];
	} a;
	int id, r;

	if (!geteuid())
		T_SKIP("root may, natively");
	t_put("f", "x");
	a.h.handle_bytes = 128;
	r = name_to_handle_at(AT_FDCWD, "f", &a.h, &id, 0);
	if (r)
		T_SKIP("no file handles here");
	CHECK(a.h.handle_bytes > 0 && a.h.handle_bytes <= 128);
	CHECK_ERR(open_by_handle_at(AT_FDCWD, &a.h, O_RDONLY), EPERM);
	a.h.handle_bytes = 0;
	CHECK_ERR(name_to_handle_at(AT_FDCWD, "f", &a.h, &id, 0), EOVERFLOW);
	CHECK_ERR(name_to_handle_at(AT_FDCWD, "missing", &a.h, &id, 0), ENOENT);
	return t_end();
}
