/* SPDX-License-Identifier: Apache-2.0 */
/* exec: scripts whose interpreter is missing, a directory, not executable, empty, or too long to read. */
#include "t.h"

static int err(const char *text)
{
	t_put_mode("s", text, 0755);
	return t_exec_errno("./s", (char *[]){"z", NULL}, NULL, NULL);
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char longer[600], out[16384];

	CHECK_EQ(err("#!/none/such\n"), ENOENT);
	CHECK_EQ(err("#!/usr/bin/env\n"), ENOENT); /* the host has one */
	CHECK_EQ(err("#!/etc\n"), EACCES);
	CHECK_EQ(err("#!/etc/marker\n"), EACCES);
	CHECK_EQ(err("#!\n"), ENOEXEC);
	CHECK_EQ(err("#!   \n"), ENOEXEC);
	CHECK(err("#!") != 0); /* EACCES or ENOEXEC, by version */
	t_put_mode("text", "plain", 0755);
	CHECK_EQ(err("#!/w/text\n"), ENOEXEC);
	/* An interpreter that does not end within the first 256 bytes is none. */
	memset(longer, 'n', sizeof(longer));
	memcpy(longer, "#!/", 3);
	longer[598] = '\n';
	longer[599] = 0;
	CHECK_EQ(err(longer), ENOEXEC);
	/* An argument that does not is cut off there. */
	memset(longer, 'n', sizeof(longer));
	memcpy(longer, "#!/t/helper ", 12);
	longer[598] = '\n';
	longer[599] = 0;
	t_put_mode("s", longer, 0755);
	CHECK_EQ(t_capture(out, sizeof(out), "./s", (char *[]){"z", NULL}, (char *[]){NULL}), 0);
	longer[255] = 0;
	memcpy(longer + 6, "argv1=", 6);
	CHECK_LINE(out, longer + 6);
	/* Not readable is no hindrance for a binary, and one for the interpreter of a script. */
	t_put_mode("s", "#!/bin/sh\nexit 5\n", 0644);
	CHECK_EQ(t_exec_errno("./s", (char *[]){"z", NULL}, NULL, NULL), EACCES);
	return t_end();
}
