/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts and links that name a program that must not be run. */
#include "e.h"

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	const char *where[] = {"E_OUT", "E_DENIED"};
	char text[PATH_MAX + 16], *av[] = {"prog", NULL};

	for (int i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), "#!%s\n", e_path(where[i], "prog"));
		t_put_mode("script", text, 0755);
		unlink("link");
		REQUIRE(!symlink(e_path(where[i], "prog"), "link"));
		unlink("nested");
		t_put_mode("nested", "#!/w/script\n", 0755);
		const char *paths[] = {"script", "link", "nested"};
		for (int k = 0; k < 3; k++) {
			int st;
			if (t_exec_errno(paths[k], av, av + 1, &st) == 0 && st == 42)
				ESCAPED("%s runs", paths[k]);
		}
		int fd = open(e_env(where[i]), O_PATH | O_CLOEXEC);
		pid_t pid = e_fork();
		if (!pid) {
			syscall(SYS_execveat, fd, "prog", av, av + 1, 0);
			_exit(0);
		}
		e_wait(pid);
	}
	return t_end();
}
