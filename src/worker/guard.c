/* SPDX-License-Identifier: EUPL-1.2 */
/* The thread that watches the agent's end of the socket, and the clock. */
#include "worker/guard.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

#define STACK	(64 * 1024)

struct guard {
	struct guard_options o;
	int	 wake;			/* eventfd: the limit changed */
	pthread_mutex_t lock;
	int64_t	 limit;			/* CLOCK_BOOTTIME, ms; 0: none */
};

/* Never returns, and never lets go of the lock: who was late stays where he is. */
static void
check_limit(struct guard *g)
{
	pthread_mutex_lock(&g->lock);
	if (g->limit == 0 || clock_boot_ms() < g->limit) {
		pthread_mutex_unlock(&g->lock);
		return;
	}
	if (g->o.late != NULL)
		g->o.late(g->o.arg);
	g->o.last(g->o.arg);
	_exit(1);
}

static int64_t
time_left(struct guard *g, int64_t end)
{
	pthread_mutex_lock(&g->lock);
	if (g->limit != 0 && g->limit < end)
		end = g->limit;
	pthread_mutex_unlock(&g->lock);
	end -= clock_boot_ms();
	return end < 0 ? 0 : end;
}

static void *
watch(void *p)
{
	struct guard *g = p;
	struct pollfd f[] = {
		{ .fd = g->o.agent_fd, .events = POLLRDHUP },
		{ .fd = g->wake, .events = POLLIN },
	};
	int64_t end = clock_boot_ms() + GUARD_LIFE_MS;
	uint64_t times;

	while (clock_boot_ms() < end && f[0].revents == 0) {
		if (poll(f, NELEM(f), (int)time_left(g, end)) > 0 && f[1].revents != 0 &&
		    read(g->wake, &times, sizeof(times)) < 0)
			break;
		check_limit(g);
	}
	g->o.last(g->o.arg);
	_exit(1);
}

static void
guard_drop(struct guard **g)
{
	if (*g == NULL)
		return;
	if ((*g)->wake >= 0)
		close((*g)->wake);
	free(*g);
	*g = NULL;
}

/* A small stack, because all of it may be locked in memory; no signals. */
static int
start_thread(struct guard *g)
{
	pthread_attr_t attr;
	sigset_t all, before;
	pthread_t thread;
	int e;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	e = pthread_create(&thread, &attr, watch, g);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return e;
}

enum err
guard_start(const struct guard_options *o, struct guard **ret)
{
	AUTO(guard_drop) struct guard *g = malloc(sizeof(*g));
	int e;

	if (g == NULL)
		return fail(ERR_NOMEM, "guard");
	*g = (struct guard){ .o = *o, .lock = PTHREAD_MUTEX_INITIALIZER };
	g->wake = eventfd(0, EFD_CLOEXEC);
	if (g->wake < 0)
		return fail(ERR_SYS, "eventfd: %s", strerror(errno));
	if ((e = start_thread(g)) != 0)
		return fail(ERR_SYS, "thread: %s", strerror(e));
	if (ret != NULL)
		*ret = g;
	g = NULL;		/* the thread's now */
	return ERR_OK;
}

void
guard_limit(struct guard *g, int64_t ms)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&g->lock);
	g->limit = ms == 0 ? 0 : clock_boot_ms() + ms;
	pthread_mutex_unlock(&g->lock);
	/* It cannot fail but by overflow, and then the thread is awake anyway. */
	if (write(g->wake, &one, sizeof(one)) < 0)
		return;
}
