/* SPDX-License-Identifier: Apache-2.0 */
/* exec: posix_spawn, vfork and exec: the parent's memory is unchanged byte for byte after the child's exec.
 */
#include "t.h"
#include <spawn.h>

#define SIZE (64 * 1024)

static char before[SIZE], data[SIZE];

static void compare(const char *what)
{
	for (int i = 0; i < SIZE; i++)
		if (before[i] != data[i]) {
			t_fail(__FILE__, __LINE__, "%s: byte %d of the parent's data changed", what, i);
			return;
		}
}

/* A stack frame full of a pattern, and a vfork below it. */
__attribute__((noinline)) static void by_vfork(const char *path, char *const av[], char *const ev[])
{
	volatile unsigned char frame[4096];
	pid_t pid;

	for (int i = 0; i < 4096; i++)
		frame[i] = (unsigned char)i;
	pid = vfork();
	if (!pid) {
		execve(path, av, ev);
		_exit(errno);
	}
	CHECK_EQ(t_wait(pid), strstr(path, "missing") ? ENOENT : 0);
	for (int i = 0; i < 4096; i++)
		if (frame[i] != (unsigned char)i) {
			t_fail(__FILE__, __LINE__, "vfork of %s: byte %d of the parent's stack changed", path,
			       i);
			break;
		}
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	/* The strings lie in the compared memory, one behind the other, as in a tight argument block. */
	char *path = data + 100, *script = data + 140, *missing = data + 180, *a1 = data + 200,
	     *a2 = data + 207;
	char *av[] = {path, a1, a2, NULL}, *ev[] = {data + 300, NULL};
	posix_spawn_file_actions_t fa;
	pid_t pid;
	int r;

	for (int i = 0; i < SIZE; i++)
		data[i] = (char)(i * 7 + 1);
	strcpy(path, "/t/helper");
	strcpy(script, "script");
	strcpy(missing, "missing/x");
	strcpy(a1, "exit");
	strcpy(a2, "0");
	strcpy(data + 300, "A=B");
	t_put_mode("script", "#!/t/helper exit\n", 0755);
	memcpy(before, data, SIZE);

	for (int i = 0; i < 5; i++) {
		CHECK_EQ(posix_spawn(&pid, path, NULL, NULL, av, ev), 0);
		CHECK_EQ(t_wait(pid), 0);
		compare("posix_spawn");
		by_vfork(path, av, ev);
		compare("vfork and exec");
		by_vfork(missing, av, ev);
		compare("vfork and a failing exec");
		r = posix_spawn(&pid, missing, NULL, NULL, av, ev);
		CHECK_EQ(r, ENOENT);
		compare("a failing posix_spawn");
	}
	/* The dynamic helper and a script take more words than the guest gave. */
	strcpy(path, "/t/helper-dyn");
	memcpy(before, data, SIZE);
	if (!access(path, X_OK)) {
		by_vfork(path, av, ev);
		compare("vfork and exec of a dynamic program");
	}
	REQUIRE(!posix_spawn_file_actions_init(&fa));
	REQUIRE(!posix_spawn_file_actions_addopen(&fa, 5, "out", O_RDWR | O_CREAT, 0644));
	CHECK_EQ(posix_spawn(&pid, path, &fa, NULL, av, ev), 0);
	CHECK_EQ(t_wait(pid), 0);
	CHECK(t_exists("out"));
	compare("posix_spawn with an open");
	CHECK_EQ(posix_spawn(&pid, script, NULL, NULL, (char *[]){a1, NULL}, ev), 0);
	t_wait(pid);
	compare("posix_spawn of a script");
	return t_end();
}
