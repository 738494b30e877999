/* SPDX-License-Identifier: EUPL-1.2 */
/* The three things that our threads have in common. */
#ifndef DEZI_CARD_THREAD_H
#define DEZI_CARD_THREAD_H

#include <pthread.h>
#include <time.h>

#include "base/err.h"

/* A thread with a small stack, which may have to be locked, and no signals. */
MUST_CHECK enum err thread_start(void *(*fn)(void *arg), void *arg, pthread_t *ret);
/* A condition whose timed waits go by CLOCK_MONOTONIC. */
void thread_cond_init(pthread_cond_t *c);
/* ms from now, by that clock. */
struct timespec thread_after(int ms);

#endif
