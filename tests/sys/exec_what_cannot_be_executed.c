/* SPDX-License-Identifier: Apache-2.0 */
/* exec: a file without the x bit (EACCES), a directory, a text file without `#!` (ENOEXEC), devices, nothing.
 */
#include "t.h"

static int err(const char *path)
{
	return t_exec_errno(path, (char *[]){"z", NULL}, NULL, NULL);
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char out[64];

	t_put_mode("nox", "#!/bin/sh\n", 0644);
	t_put_mode("text", "exit 3\n", 0755);
	t_put_mode("empty", "", 0755);
	t_put_mode("elfish", "\177ELF\2\1\1 and then nothing of the kind", 0755);
	t_put_mode("binary", "\1\2\3\4\5\6\7\10", 0755);
	REQUIRE(!mkdir("d", 0755) && !mkfifo("p", 0755) && !symlink("none", "dangling"));
	CHECK_EQ(err("nox"), EACCES);
	CHECK_EQ(err("/etc/marker"), EACCES);
	CHECK_EQ(err("d"), EACCES);
	CHECK_EQ(err("/"), EACCES);
	CHECK_EQ(err("p"), EACCES); /* and does not block */
	CHECK_EQ(err("/dev/null"), EACCES);
	CHECK_EQ(err("text"), ENOEXEC);
	CHECK_EQ(err("empty"), ENOEXEC);
	CHECK_EQ(err("elfish"), ENOEXEC);
	CHECK_EQ(err("binary"), ENOEXEC);
	CHECK_EQ(err("missing"), ENOENT);
	CHECK_EQ(err("dangling"), ENOENT);
	CHECK_EQ(err("text/x"), ENOTDIR);
	CHECK_EQ(err("text/"), ENOTDIR);
	CHECK_EQ(err(""), ENOENT);
	if (geteuid()) {
		t_put_mode("noread", "", 0311);
		REQUIRE(!mkdir("closed", 0700));
		t_put_mode("closed/f", "#!/bin/sh\n", 0755);
		REQUIRE(!chmod("closed", 0));
		CHECK_EQ(err("closed/f"), EACCES);
	}
	/* execvp takes such a text for a shell script. */
	pid_t pid = t_fork();
	if (!pid) {
		execlp("./text", "text", (char *)NULL);
		_exit(99);
	}
	CHECK_EQ(t_wait(pid), 3);
	CHECK_EQ(t_capture(out, sizeof(out), "/bin/sh", (char *[]){"sh", "-c", "./text; echo $?", NULL},
			   (char *[]){NULL}),
		 0);
	CHECK_STR(out, "3\n");
	return t_end();
}
