/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Ctrl-C while a person is asked something: a thread of its own waits for the signal, as
 * the program itself waits in a read.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "cli/cli.h"

static atomic_bool came;

static struct {
	void	 (*fn)(void *arg, int number);
	void	*arg;
} on_signal;

static void
those(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGINT);
	sigaddset(ret, SIGQUIT);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGHUP);
}

static void *
wait_for_signal(void *arg UNUSED)
{
	sigset_t set;
	int number;

	those(&set);
	if (sigwait(&set, &number) == 0) {
		atomic_store(&came, true);
		on_signal.fn(on_signal.arg, number);
	}
	return NULL;
}

enum err
cli_on_signal(void (*fn)(void *arg, int number), void *arg)
{
	pthread_t thread;
	sigset_t set;

	on_signal.fn = fn;
	on_signal.arg = arg;
	those(&set);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0 ||
	    pthread_create(&thread, NULL, wait_for_signal, NULL) != 0)
		return fail(ERR_SYS, "signals");
	pthread_detach(thread);
	return ERR_OK;
}

void
cli_leave_to_signal(void)
{
	while (atomic_load(&came))
		pause();
}
