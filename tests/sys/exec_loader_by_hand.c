/* SPDX-License-Identifier: Apache-2.0 */
/* exec: the loader as a program, with the program as its argument, as ldd does it. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	static const char *const loaders[] = {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"};
	char out[16384], *av[] = {"ld", "/t/helper-dyn", "arg", NULL};
	bool found = false;

	for (size_t i = 0; i < 2; i++) {
		if (access(loaders[i], X_OK) || access("/t/helper-dyn", X_OK))
			continue;
		found = true;
		CHECK_EQ(t_capture(out, sizeof(out), loaders[i], av, av + 3), 0);
		CHECK_LINE(out, "argc=2");
		CHECK_LINE(out, "argv0=/t/helper-dyn");
		CHECK_LINE(out, "argv1=arg");
	}
	if (!found)
		T_SKIP("no dynamic program in the root");
	return t_end();
}
