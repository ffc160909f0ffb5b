/* root  */
/* SPDX-License-Identifier: Apache-2.0 */
/* A file by its handle, which knows no root. */
#include "e.h"

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	struct {
		struct file_handle h;
		char room[128];
	} f = {.h.handle_bytes = 128};
	int id;

	/* outside of warren the handle is taken, inside it is guessed: that of the working directory will do
	 */
	if (name_to_handle_at(AT_FDCWD, e_path("E_OUT", "secret"), &f.h, &id, 0) &&
	    name_to_handle_at(AT_FDCWD, ".", &f.h, &id, 0)) {
		f.h.handle_bytes = 8;
		f.h.handle_type = 1;
	}
	int fd = open_by_handle_at(AT_FDCWD, &f.h, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		ESCAPED("open_by_handle_at");
	if (errno != EPERM && errno != ENOSYS)
		CHECK_EQ(errno, EPERM);
	return t_end();
}
