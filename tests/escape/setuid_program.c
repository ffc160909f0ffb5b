/* user  */
/* SPDX-License-Identifier: Apache-2.0 */
/* A set-user-ID program of root's in the root: no_new_privs keeps its rights from the guest. */
#include "e.h"

int main(int argc, char **argv)
{
	if (argc > 1)
		return geteuid() == 0 ? E_ESCAPED : 0;
	e_begin(argc, argv);
	struct stat st;
	if (stat(e_path("E_RO", "self"), &st) || st.st_uid)
		T_SKIP("no program of root's");
	pid_t pid = e_fork();
	if (!pid) {
		execl(e_path("E_RO", "self"), "self", "show", NULL);
		_exit(1);
	}
	CHECK_EQ(e_wait(pid), 0);
	return t_end();
}
