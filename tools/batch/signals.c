/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals that end a batch. They are blocked, and a thread of their own takes them; but what is started
 * inherits the mask of the thread that starts it, so this thread has the mask that warren was started with
 * for that moment, and a handler.
 */
#include "batch.h"
#include <errno.h>
#include <signal.h>
#include <time.h>

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
#define N_ENDING (sizeof(ending) / sizeof(ending[0]))

static struct batch *ended; /* by a signal that comes in such a moment */

static void end_by(struct batch *b, int sig)
{
	b->signal = sig;
	batch_stop(b);
}

static void on_signal(int sig)
{
	int e = errno;

	end_by(ended, sig);
	errno = e;
}

/* SIGUSR1 is the main thread's: there is nothing left to end. */
static void set_of_signals(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < N_ENDING; i++)
		sigaddset(set, ending[i]);
	sigaddset(set, SIGUSR1);
}

void signals_block(struct batch *b)
{
	const struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct sigaction was;
	sigset_t set;

	set_of_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, &b->mask);
	ended = b;
	for (size_t i = 0; i < N_ENDING; i++)
		if (sigaction(ending[i], NULL, &was) == 0 && was.sa_handler != SIG_IGN)
			sigaction(ending[i], &sa, NULL);
}

/* And of the time that the batch has. */
static void *signal_thread(void *arg)
{
	struct batch *b = arg;
	const struct timespec time = {.tv_sec = (time_t)(b->limits.wall_ms / 1000),
				      .tv_nsec = (long)(b->limits.wall_ms % 1000) * 1000000};
	sigset_t set;
	int sig;

	set_of_signals(&set);
	do /* nothing interrupts it but a debugger */
		sig = sigtimedwait(&set, NULL, b->limits.wall_ms ? &time : NULL);
	while (sig < 0 && errno == EINTR);
	if (sig == SIGUSR1)
		return NULL;
	b->time_is_up = sig < 0;
	end_by(b, sig < 0 ? 0 : sig);
	return NULL;
}

int signals_begin(struct batch *b)
{
	return -pthread_create(&b->signals, NULL, signal_thread, b);
}

void signals_end(struct batch *b)
{
	pthread_kill(b->signals, SIGUSR1);
	pthread_join(b->signals, NULL);
}

void signals_as_given(const struct batch *b, sigset_t *ret_now)
{
	pthread_sigmask(SIG_SETMASK, &b->mask, ret_now);
}
