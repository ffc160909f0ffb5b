/* SPDX-License-Identifier: Apache-2.0 */
/* Another thread writes another path over the one that a call was given. */
#include "e.h"

static char path[2 * PATH_MAX];

static void *rewrite(void *to)
{
	char own[] = "x/secret";

	while (!e_stop) {
		memcpy(path, own, sizeof(own));
		strcpy(path, to);
	}
	return NULL;
}

static void attack(const char *target)
{
	char away[PATH_MAX];
	struct stat st;

	snprintf(away, sizeof(away), "%s/secret", target);
	REQUIRE(!mkdir("x", 0755));
	t_put("x/secret", "own");
	strcpy(path, "x/secret");
	t_thread(rewrite, away);
	while (e_more()) {
		e_read_fd(open(path, O_RDONLY | O_CLOEXEC), "open");
		if (!stat(path, &st) && st.st_size > 8)
			ESCAPED("stat");
		unlink("copy");
		link(path, "copy");
		e_read_fd(open("copy", O_RDONLY | O_CLOEXEC), "link");
		chmod(path, 0640);
		truncate(path, 3);
	}
}

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	const char *targets[] = {"E_OUT", "E_DENIED", "E_RO"};

	for (int i = 0; i < 3; i++) {
		pid_t pid = e_fork();
		if (!pid) {
			REQUIRE(!mkdir(targets[i], 0755) && !chdir(targets[i]));
			attack(e_env(targets[i]));
			_exit(0);
		}
	}
	for (int st, i = 0; i < 3; i++)
		if (wait(&st) > 0 && WIFEXITED(st) && WEXITSTATUS(st) == E_ESCAPED)
			return E_ESCAPED;
	return t_end();
}
