/* SPDX-License-Identifier: Apache-2.0 */
/* exec: a guest starts as after a plain exec: signals, mask, personality, dumpable, no pending timer, its
 * name. */
#include "t.h"
#include <sys/personality.h>

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char text[4096], name[17];
	sigset_t set;
	struct sigaction sa;
	struct itimerval it;

	CHECK_OK(sigprocmask(SIG_BLOCK, NULL, &set));
	for (int s = 1; s < 64; s++) {
		if (sigismember(&set, s) == 1)
			t_fail(__FILE__, __LINE__, "signal %d is blocked", s);
		if (s != SIGKILL && s != SIGSTOP && s != 32 && s != 33 && !sigaction(s, NULL, &sa) &&
		    sa.sa_handler != SIG_DFL)
			t_fail(__FILE__, __LINE__, "signal %d is not at its default", s);
	}
	CHECK_EQ(personality(0xffffffff), 0);
	CHECK_EQ(prctl(PR_GET_DUMPABLE), 1);
	CHECK_EQ(prctl(PR_GET_PDEATHSIG, &(int){0}), 0);
	CHECK(!getitimer(ITIMER_PROF, &it) && !it.it_value.tv_sec && !it.it_value.tv_usec);
	CHECK_EQ(prctl(PR_GET_NAME, name), 0);
	CHECK_STR(name, "start_state_is_");
	CHECK(t_get("/proc/self/status", text, sizeof(text)) > 0 && strstr(text, "\nThreads:\t1\n"));
	CHECK(!strstr(text, "\nSigPnd:\t0000000000000000\n") == false);
	CHECK(strstr(text, "\nTracerPid:\t0\n"));
	CHECK(!getenv("LD_PRELOAD"));
	return t_end();
}
