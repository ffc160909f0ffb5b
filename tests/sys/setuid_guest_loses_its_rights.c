/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials: work on behalf is done with the rights the guest has at that moment, also after setuid. */
#include "t.h"
#include <grp.h>

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	pid_t pid;

	if (geteuid())
		T_SKIP("needs a guest that is root");
	REQUIRE(!mkdir("closed", 0700) && !mkdir("open", 0777));
	REQUIRE(!chmod("open", 0777));
	t_put_mode("closed/f", "x", 0600);
	t_put_mode("secret", "x", 0600);
	t_put_mode("public", "x", 0644);
	pid = t_fork();
	if (!pid) {
		if (setgroups(0, NULL) || setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
			T_SKIP("setuid is not possible here");
		CHECK_ERR(open("secret", O_RDONLY), EACCES);
		CHECK_ERR(open("public", O_RDWR), EACCES);
		CHECK_ERR(stat("closed/f", &st), EACCES);
		CHECK_ERR(unlink("public"), EACCES);
		CHECK_ERR(chmod("public", 0666), EPERM);
		CHECK_ERR(truncate("public", 0), EACCES);
		CHECK_ERR(mkdir("d", 0755), EACCES);
		CHECK_ERR(chdir("closed"), EACCES);
		CHECK_ERR(access("secret", R_OK), EACCES);
		CHECK_ERR(utimensat(AT_FDCWD, "public", (struct timespec[2]){{1, 0}, {1, 0}}, 0), EPERM);
		CHECK(open("public", O_RDONLY) >= 0);
		t_put("open/mine", "x");
		CHECK(!stat("open/mine", &st) && st.st_uid == 65534 && st.st_gid == 65534);
		_exit(t_end());
	}
	pid = t_wait(pid);
	if (pid == 77)
		_exit(77);
	CHECK_EQ(pid, 0);
	return t_end();
}
