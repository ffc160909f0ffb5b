/* SPDX-License-Identifier: Apache-2.0 */
/* Signals to a process outside, by every call that sends one. */
#include "e.h"

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	siginfo_t si = {.si_code = SI_QUEUE, .si_signo = SIGUSR1};
	pid_t pid = e_pid();

	kill(pid, SIGUSR1);
	syscall(SYS_tkill, pid, SIGUSR1);
	syscall(SYS_tgkill, pid, pid, SIGUSR1);
	syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &si);
	syscall(SYS_rt_tgsigqueueinfo, pid, pid, SIGUSR1, &si);
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	syscall(SYS_pidfd_send_signal, fd, SIGUSR1, NULL, 0);
	t_ms(50);
	return t_end();
}
