/* SPDX-License-Identifier: EUPL-1.2 */
/* Threads. */
#include "card/thread.h"

#include <signal.h>
#include <string.h>

#define STACK	(256 * 1024)
#define SECOND	1000000000L

enum err
thread_start(void *(*fn)(void *arg), void *arg, pthread_t *ret)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int e;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	e = pthread_create(ret, &attr, fn, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return e == 0 ? ERR_OK : fail(ERR_SYS, "thread: %s", strerror(e));
}

void
thread_cond_init(pthread_cond_t *c)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(c, &attr);
	pthread_condattr_destroy(&attr);
}

struct timespec
thread_after(int ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += (long)(ms % 1000) * (SECOND / 1000);
	if (t.tv_nsec >= SECOND) {
		t.tv_sec++;
		t.tv_nsec -= SECOND;
	}
	return t;
}
