/* slow no-control: there is no tracer outside */
/* SPDX-License-Identifier: Apache-2.0 */
/* A task gets a jump to itself in the place of the instruction that enters the kernel while its call is
 * substituted: it never makes that call, and its tracer waits. Sixteen of them are all that a sandbox has;
 * then its programs must still start. */
#include "e.h"

#if defined(__x86_64__)
static atomic_ulong made;
static atomic_int caller;
static unsigned char *code;

static void *make_calls(void *unused)
{
	long (*call)(long, long) = (long (*)(long, long))(uintptr_t)code;

	(void)unused;
	caller = (int)syscall(SYS_gettid);
	for (;;) {
		call((long)"/w", 0);
		made++;
	}
	return NULL;
}

static bool is_traced(void)
{
	char path[64], text[2048];

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", caller);
	t_get(path, text, sizeof(text));
	const char *at = strstr(text, "TracerPid:");
	return at && atoi(at + 10);
}

static void hold(void)
{
	/* mov $SYS_chdir, %eax; syscall; ret */
	static const unsigned char text[] = {0xb8, SYS_chdir, 0, 0, 0, 0x0f, 0x05, 0xc3};

	code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REQUIRE(code != MAP_FAILED);
	memcpy(code, text, sizeof(text));
	t_thread(make_calls, NULL);
	for (unsigned i = 0;; i++) {
		unsigned long before = made;
		while (made == before)
			;
		for (volatile unsigned k = 0; k < i * 37 % 20000; k++)
			;
		*(volatile uint16_t *)(code + 5) = 0xfeeb;
		t_ms(3);
		if (is_traced()) {
			t_ms(60);
			if (is_traced())
				break;
		}
		*(volatile uint16_t *)(code + 5) = 0x050f;
	}
}

int main(int argc, char **argv)
{
	int up[2], held = 0;
	char c;

	e_begin(argc, argv);
	alarm(100);
	REQUIRE(!pipe2(up, O_CLOEXEC));
	for (int i = 0; i < 30; i++)
		if (!e_fork()) {
			hold();
			REQUIRE(write(up[1], "x", 1) == 1);
			for (;;)
				pause();
		}
	for (long end = t_now_ms() + 15000; held < 16 && t_now_ms() < end;) {
		struct pollfd p = {up[0], POLLIN, 0};
		if (poll(&p, 1, 500) == 1 && read(up[0], &c, 1) == 1)
			held++;
	}
	dprintf(2, "%d tracers are held\n", held);
	long start = t_now_ms();
	pid_t pid = e_fork();
	if (!pid) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	CHECK_EQ(e_wait(pid), 0);
	dprintf(2, "a program starts after %ld ms\n", t_now_ms() - start);
	return t_end();
}
#else
int main(void)
{
	return 77;
}
#endif
