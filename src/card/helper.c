/* SPDX-License-Identifier: EUPL-1.2 */
/* One thread, one call at a time, and a caller that need not wait for it. */
#include "card/helper.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "card/thread.h"

#define SLICE_MS	200	/* between two looks whether to stop */

enum phase {
	IDLE,
	ASKED,		/* the caller waits */
	ANSWERED,	/* ... and may take the answer */
	LEFT,		/* the caller gave up; the call goes on */
};

struct helper {
	pthread_t thread;
	pthread_mutex_t lock;
	/* Who wakes must not wait for the lock at once, so both are signalled without it,
	 * but by who may not touch the helper any more once it is unlocked. */
	pthread_cond_t asked, answered;
	enum phase phase;
	bool	 quit;
	bool	 orphan;		/* nobody else knows of it: it frees itself */
	void	 (*fn)(void *job), (*undo)(void *job);
	void	 (*finish)(void *arg);
	void	 *arg;
	_Alignas(max_align_t) uint8_t job[HELPER_JOB];
};

static void
destroy(struct helper *h)
{
	pthread_cond_destroy(&h->asked);
	pthread_cond_destroy(&h->answered);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

static void
forget(struct helper *h)
{
	explicit_bzero(h->job, sizeof(h->job));
	h->phase = IDLE;
}

/* With the lock held: do the call that was asked for. */
static void
serve(struct helper *h)
{
	void (*fn)(void *) = h->fn;

	pthread_mutex_unlock(&h->lock);
	fn(h->job);			/* nobody else touches job meanwhile */
	pthread_mutex_lock(&h->lock);
	if (h->phase != LEFT) {
		h->phase = ANSWERED;
		pthread_mutex_unlock(&h->lock);
		pthread_cond_signal(&h->answered);
		pthread_mutex_lock(&h->lock);
		return;
	}
	if (h->undo != NULL)
		h->undo(h->job);
	forget(h);
}

static void *
run(void *arg)
{
	struct helper *h = arg;
	bool orphan;

	pthread_mutex_lock(&h->lock);
	for (;;) {
		if (h->phase == LEFT)
			forget(h);	/* given up before it began */
		else if (h->phase == ASKED)
			serve(h);
		else if (h->quit)
			break;
		else
			pthread_cond_wait(&h->asked, &h->lock);
	}
	orphan = h->orphan;
	pthread_mutex_unlock(&h->lock);
	h->finish(h->arg);
	if (orphan)
		destroy(h);
	return NULL;
}

enum err
helper_start(void (*finish)(void *arg), void *arg, struct helper **ret)
{
	struct helper *h = calloc(1, sizeof(*h));
	enum err r;

	if (h == NULL)
		return fail(ERR_NOMEM, "helper");
	h->finish = finish;
	h->arg = arg;
	pthread_mutex_init(&h->lock, NULL);
	thread_cond_init(&h->asked);
	thread_cond_init(&h->answered);
	if ((r = thread_start(run, h, &h->thread)) != ERR_OK) {
		destroy(h);
		return r;
	}
	*ret = h;
	return ERR_OK;
}

void
helper_stop(struct helper **ret)
{
	struct helper *h = *ret;
	bool orphan;

	if (h == NULL)
		return;
	*ret = NULL;
	pthread_mutex_lock(&h->lock);
	h->quit = true;
	h->orphan = orphan = h->phase == LEFT;
	pthread_cond_signal(&h->asked);
	if (orphan)
		pthread_detach(h->thread);
	pthread_mutex_unlock(&h->lock);
	if (orphan)
		return;
	pthread_join(h->thread, NULL);
	destroy(h);
}

/* With the lock held: until it is answered, late, or stop says so. */
static enum err
wait_for_answer(struct helper *h, int ms, helper_stop_fn *stop, void *arg)
{
	enum err r = ERR_OK;

	for (int left = ms; h->phase == ASKED && left > 0 && r == ERR_OK;) {
		int slice = stop == NULL || left < SLICE_MS ? left : SLICE_MS;
		const struct timespec until = thread_after(slice);

		while (h->phase == ASKED &&
		    pthread_cond_timedwait(&h->answered, &h->lock, &until) == 0)
			;
		left -= slice;
		if (h->phase != ASKED || stop == NULL)
			continue;
		pthread_mutex_unlock(&h->lock);
		r = stop(arg);
		pthread_mutex_lock(&h->lock);
	}
	if (h->phase == ANSWERED)
		return ERR_OK;
	return r != ERR_OK ? r : fail(ERR_TIMEOUT, "%d ms", ms);
}

enum err
helper_call(struct helper *h, void (*fn)(void *job), void (*undo)(void *job), void *job,
    size_t size, int ms)
{
	return helper_call_unless(h, fn, undo, job, size, ms, NULL, NULL);
}

enum err
helper_call_unless(struct helper *h, void (*fn)(void *job), void (*undo)(void *job),
    void *job, size_t size, int ms, helper_stop_fn *stop, void *arg)
{
	enum err r;

	assert(size <= sizeof(h->job));
	pthread_mutex_lock(&h->lock);
	if (h->phase != IDLE) {
		pthread_mutex_unlock(&h->lock);
		return fail(ERR_BUSY, "an earlier call has not ended");
	}
	memcpy(h->job, job, size);
	h->fn = fn;
	h->undo = undo;
	h->phase = ASKED;
	pthread_mutex_unlock(&h->lock);
	pthread_cond_signal(&h->asked);
	pthread_mutex_lock(&h->lock);
	r = wait_for_answer(h, ms, stop, arg);
	if (r == ERR_OK) {
		memcpy(job, h->job, size);
		forget(h);
	} else {
		h->phase = LEFT;
	}
	pthread_mutex_unlock(&h->lock);
	return r;
}
