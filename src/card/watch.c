/* SPDX-License-Identifier: EUPL-1.2 */
/* The thread that waits for readers and cards, and tells the program's loop. */
#include "card/watch.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "card/thread.h"

#define RECHECK_MS	5000	/* an event that was lost is noticed then (T36) */
#define NEWS_MS		20	/* an event is seldom alone */
#define FLAP_MS		200	/* events that follow each other so fast are flapping ... */
#define FLAPS		4	/* ... when there are more of them: then nobody hurries */
#define CANCEL_MS	10	/* a cancel before the wait began is lost: again */

struct watch {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	int	 news;			/* for the loop: there is something to take */
	int	 wake;			/* for the thread: stop or look again */
	bool	 stop, done;
	struct pcsc *pcsc;		/* set while the thread waits in it */
	struct watch_state state;
	bool	 fresh;
};

static void
signal_fd(int fd)
{
	const uint64_t one = 1;

	(void)!write(fd, &one, sizeof(one));
}

static void
drain_fd(int fd)
{
	uint64_t n;

	(void)!read(fd, &n, sizeof(n));
}

static bool
stopping(struct watch *w)
{
	bool stop;

	pthread_mutex_lock(&w->lock);
	stop = w->stop;
	pthread_mutex_unlock(&w->lock);
	return stop;
}

static bool
same_reader(const struct pcsc_reader_state *a, const struct pcsc_reader_state *b)
{
	return strcmp(a->name, b->name) == 0 && a->present == b->present &&
	    a->mute == b->mute && a->in_use == b->in_use &&
	    a->event_counter == b->event_counter &&
	    cur_eq(cur_of(a->atr, a->atr_len), cur_of(b->atr, b->atr_len));
}

static bool
same_state(const struct watch_state *a, const struct watch_state *b)
{
	if (a->service != b->service || a->generation != b->generation || a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!same_reader(&a->readers[i], &b->readers[i]))
			return false;
	return true;
}

static void
publish(struct watch *w, const struct watch_state *s)
{
	pthread_mutex_lock(&w->lock);
	if (!same_state(&w->state, s)) {
		w->state = *s;
		w->fresh = true;
		signal_fd(w->news);
	}
	pthread_mutex_unlock(&w->lock);
}

/* Rest, but not longer than until somebody pokes or stops us. */
static void
rest(struct watch *w, int ms)
{
	struct pollfd p = { .fd = w->wake, .events = POLLIN };

	if (poll(&p, 1, ms) > 0)
		drain_fd(w->wake);
}

/* The pointer is shared with those who cancel; they see it only while we wait. */
static enum err
wait_for_change(struct watch *w, struct pcsc *p, const struct watch_state *s)
{
	enum err r;

	pthread_mutex_lock(&w->lock);
	if (w->stop) {
		pthread_mutex_unlock(&w->lock);
		return ERR_CANCELLED;
	}
	w->pcsc = p;
	pthread_mutex_unlock(&w->lock);
	r = pcsc_wait(p, s->readers, s->n, RECHECK_MS);
	pthread_mutex_lock(&w->lock);
	w->pcsc = NULL;
	pthread_cond_broadcast(&w->ended);
	pthread_mutex_unlock(&w->lock);
	return r;
}

/* One connection to pcscd, from its beginning to its end. */
static void
follow(struct watch *w, struct pcsc *p, struct watch_state *s)
{
	enum err r = ERR_TIMEOUT;
	unsigned quick = 0;
	int64_t began;

	s->generation++;
	while (!stopping(w)) {
		bool event = r == ERR_OK;

		s->n = 0;
		r = pcsc_list(p, s->readers, NELEM(s->readers), &s->n);
		s->service = r == ERR_OK;
		if (r != ERR_OK)
			return;
		if (s->n > NELEM(s->readers))
			s->n = NELEM(s->readers);
		publish(w, s);
		if (event)
			rest(w, quick > FLAPS ? FLAP_MS : NEWS_MS);	/* after the news */
		began = clock_boot_ms();
		r = wait_for_change(w, p, s);
		quick = r == ERR_OK && clock_boot_ms() - began < FLAP_MS ? quick + 1 : 0;
		if (r != ERR_OK && r != ERR_TIMEOUT && r != ERR_CANCELLED)
			return;
	}
}

static void *
run(void *arg)
{
	static const int pauses[] = { 1000, 2000, 5000, 10000 };
	struct watch *w = arg;
	struct watch_state *s = &(struct watch_state){ .service = false };
	size_t pause = 0;

	while (!stopping(w)) {
		struct pcsc *p = NULL;

		if (pcsc_open(&p) == ERR_OK) {
			follow(w, p, s);
			pcsc_close(&p);
			pause = 0;
		}
		s->service = false;
		s->n = 0;
		publish(w, s);
		if (stopping(w))
			break;
		rest(w, pauses[pause]);
		if (pause + 1 < NELEM(pauses))
			pause++;
	}
	pthread_mutex_lock(&w->lock);
	w->done = true;
	pthread_cond_broadcast(&w->ended);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void
watch_free(struct watch *w)
{
	if (w->news >= 0)
		close(w->news);
	if (w->wake >= 0)
		close(w->wake);
	pthread_cond_destroy(&w->ended);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

enum err
watch_start(struct watch **ret)
{
	struct watch *w = calloc(1, sizeof(*w));
	enum err r;

	if (w == NULL)
		return fail(ERR_NOMEM, "watch");
	pthread_mutex_init(&w->lock, NULL);
	thread_cond_init(&w->ended);
	w->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = w->news < 0 || w->wake < 0 ? fail(ERR_SYS, "eventfd: %s", strerror(errno)) :
	    thread_start(run, w, &w->thread);
	if (r != ERR_OK) {
		watch_free(w);
		return note(r, "watch");
	}
	*ret = w;
	return ERR_OK;
}

/* With the lock held: end a wait in PC/SC, if there is one. */
static void
cancel(struct watch *w)
{
	signal_fd(w->wake);
	if (w->pcsc != NULL)
		pcsc_cancel(w->pcsc);
}

void
watch_stop(struct watch **ret)
{
	struct watch *w = *ret;

	if (w == NULL)
		return;
	*ret = NULL;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	while (!w->done) {
		const struct timespec t = thread_after(CANCEL_MS);

		cancel(w);
		pthread_cond_timedwait(&w->ended, &w->lock, &t);
	}
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	watch_free(w);
}

int
watch_fd(const struct watch *w)
{
	return w->news;
}

void
watch_poke(struct watch *w)
{
	pthread_mutex_lock(&w->lock);
	cancel(w);
	pthread_mutex_unlock(&w->lock);
}

bool
watch_take(struct watch *w, struct watch_state *ret)
{
	bool fresh;

	pthread_mutex_lock(&w->lock);
	drain_fd(w->news);
	fresh = w->fresh;
	w->fresh = false;
	if (fresh)
		*ret = w->state;
	pthread_mutex_unlock(&w->lock);
	return fresh;
}
