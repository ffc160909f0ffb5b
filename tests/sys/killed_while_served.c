/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: RECV ENOENT because the task was killed: the worker lives on and serves the others. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;

	for (int i = 0; i < 60; i++) {
		char name[16];
		pid_t pid = t_fork();

		if (!pid)
			for (int k = 0;; k++) {
				snprintf(name, sizeof(name), "k%d", k % 8);
				close(open(name, O_RDWR | O_CREAT, 0644));
				mkdir("kd", 0755);
				rename("kd", "ke");
				stat(name, &st);
				chdir("/tmp");
				chdir("/w");
				rmdir("ke");
			}
		usleep((unsigned)(i * 37 % 4000));
		kill(pid, SIGKILL);
		CHECK_EQ(t_wait(pid), 128 + SIGKILL);
		CHECK_OK(stat("/etc/marker", &st));
	}
	t_put("after", "1");
	CHECK(t_holds("after", "1"));
	return t_end();
}
