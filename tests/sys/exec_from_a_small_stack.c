/* SPDX-License-Identifier: Apache-2.0 */
/* exec: a call that is made on a small stack (a coroutine's, a signal's) leaves what lies below it alone,
 * after vfork too, however long its strings are. */
#include "t.h"
#include <ucontext.h>

#define BELOW 65536
#define ARGS  3000
static struct {
	unsigned char below[BELOW];
	unsigned char stack[4096];
} area;
static ucontext_t back, there;
static char *args[ARGS + 1];
static char deep[3000];
static pid_t pid;
static long result;

static void in_vfork(void)
{
	char *envp[] = {NULL};

	pid = vfork();
	if (!pid) {
		execve("/w/script", args, envp);
		_exit(99);
	}
}

static void in_chdir(void)
{
	result = syscall(SYS_chdir, deep);
}

static void on_small_stack(void (*fn)(void))
{
	memset(area.below, 0x5a, sizeof(area.below));
	REQUIRE(!getcontext(&there));
	there.uc_stack.ss_sp = area.stack;
	there.uc_stack.ss_size = sizeof(area.stack);
	there.uc_link = &back;
	makecontext(&there, fn, 0);
	REQUIRE(!swapcontext(&back, &there));
	size_t bad = 0;
	for (size_t i = 0; i < sizeof(area.below); i++)
		bad += area.below[i] != 0x5a;
	CHECK_EQ(bad, 0);
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char name[201];

	t_put_mode("script", "#!/t/helper exit\n", 0755);
	for (int i = 0; i < ARGS; i++)
		args[i] = "9";
	/* helper exit SCRIPT 9 9 9 ...: too many arguments for "exit", it prints and succeeds */
	int null = open("/dev/null", O_WRONLY), out = dup(1);
	for (int i = 0; i < 3; i++) {
		dup2(null, 1);
		on_small_stack(in_vfork);
		CHECK_EQ(t_wait(pid), 0);
		dup2(out, 1);
	}
	strcpy(deep, "/w");
	memset(name, 'n', 200);
	name[200] = '\0';
	for (int i = 0; i < 12; i++) {
		strcat(strcat(deep, "/"), name);
		REQUIRE(!mkdir(deep, 0755));
	}
	for (int i = 0; i < 3; i++) {
		result = -1;
		on_small_stack(in_chdir);
		CHECK_EQ(result, 0);
		CHECK_OK(chdir("/w"));
	}
	return t_end();
}
