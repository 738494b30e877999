/* SPDX-License-Identifier: EUPL-1.2 */
/* The thread that watches the agent's end of the socket. */
#include "worker/guard.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define STACK	(64 * 1024)

struct guard {
	int	fd;
	void	(*last)(void *arg);
	void	*arg;
};

static void *
watch(void *p)
{
	struct guard *g = p;
	struct pollfd f = { .fd = g->fd, .events = POLLRDHUP };
	int64_t end = clock_boot_ms() + GUARD_LIFE_MS, left;

	while ((left = end - clock_boot_ms()) > 0)
		if (poll(&f, 1, (int)left) > 0)
			break;
	g->last(g->arg);
	_exit(1);
}

/* A small stack, because all of it may be locked in memory; no signals. */
enum err
guard_start(int agent_fd, void (*last)(void *arg), void *arg)
{
	struct guard *g = malloc(sizeof(*g));
	pthread_attr_t attr;
	sigset_t all, before;
	pthread_t thread;
	int e;

	if (g == NULL)
		return fail(ERR_NOMEM, "guard");
	*g = (struct guard){ agent_fd, last, arg };
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	e = pthread_create(&thread, &attr, watch, g);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (e == 0)
		return ERR_OK;		/* g is the thread's now */
	free(g);
	return fail(ERR_SYS, "thread: %s", strerror(e));
}
