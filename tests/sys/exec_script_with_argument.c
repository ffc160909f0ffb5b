/* SPDX-License-Identifier: Apache-2.0 */
/* exec: a script with `#!` and an argument: the interpreter's argv is as the kernel would build it. */
#include "t.h"

static void expect(const char *text, const char *a1, const char *path, bool has_arg)
{
	char out[16384], line[128], *av[] = {"lost", "x", "y z", NULL}, *ev[] = {"E=1", NULL};
	int n = 1;

	t_put_mode("s", text, 0755);
	CHECK_EQ(t_capture(out, sizeof(out), path, av, ev), 0);
	CHECK_LINE(out, "argv0=/t/helper");
	if (has_arg) {
		snprintf(line, sizeof(line), "argv%d=%s", n++, a1);
		CHECK_LINE(out, line);
	}
	snprintf(line, sizeof(line), "argv%d=%s", n++, path);
	CHECK_LINE(out, line);
	snprintf(line, sizeof(line), "argv%d=x", n++);
	CHECK_LINE(out, line);
	snprintf(line, sizeof(line), "argv%d=y z", n++);
	CHECK_LINE(out, line);
	snprintf(line, sizeof(line), "argc=%d", n);
	CHECK_LINE(out, line);
	CHECK_LINE(out, "env=E=1");
	CHECK_LINE(out, "exe=/t/helper");
	snprintf(line, sizeof(line), "execfn=%s", path);
	CHECK_LINE(out, line);
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char out[16384];

	expect("#!/t/helper one arg only\nnot read", "one arg only", "/w/s", true);
	expect("#!/t/helper\n", "", "/w/s", false);
	expect("#! /t/helper\n", "", "./s", false);
	expect("#!\t /t/helper \t -x \t\n", "-x", "s", true);
	expect("#!/t/helper", "", "/w/../w/s", false); /* no newline at all */
	expect("#!/t/helper a  b\n", "a  b", "/w/s", true);
	/* argv[0] is lost, and without one there is nothing to lose. */
	CHECK_EQ(t_capture(out, sizeof(out), "./s", (char *[]){"zero", NULL}, (char *[]){NULL}), 0);
	CHECK_LINE(out, "argc=3");
	CHECK_LINE(out, "Name:=s");
	/* A relative interpreter is relative to the working directory. */
	REQUIRE(!symlink("/t/helper", "rel"));
	t_put_mode("s2", "#!rel a\n", 0755);
	CHECK_EQ(t_capture(out, sizeof(out), "./s2", (char *[]){"z", NULL}, (char *[]){NULL}), 0);
	CHECK_LINE(out, "argv0=rel");
	CHECK_LINE(out, "argv1=a");
	CHECK_LINE(out, "argv2=./s2");
	/* A shell runs it. */
	t_put_mode("s3", "#!/bin/sh -e\necho \"$0 $1\"\nfalse\necho no\n", 0755);
	CHECK_EQ(t_capture(out, sizeof(out), "/w/s3", (char *[]){"z", "p", NULL}, (char *[]){NULL}), 1);
	CHECK_STR(out, "/w/s3 p\n");
	return t_end();
}
