/* SPDX-License-Identifier: EUPL-1.2 */
/* The upcalls of login_run(), each a few lines on what the other layers offer. */
#include "worker/world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/frame.h"
#include "drivers/drivers.h"
#include "host/modules.h"
#include "host/prompt.h"
#include "login/wire.h"
#include "means/find.h"

#define LOOK_MS		250	/* how often a message window is looked at */

static int64_t
world_utc(void *arg UNUSED)
{
	return clock_utc();
}

static int64_t
world_boot_ms(void *arg UNUSED)
{
	return clock_boot_ms();
}

static enum err
world_random(void *arg UNUSED, uint8_t *ret, size_t n)
{
	if (getentropy(ret, n) != 0)
		return fail(ERR_SYS, "random: %s", strerror(errno));
	return ERR_OK;
}

/* Without an agent there is no login. */
static void
world_step(void *arg, enum login_step s)
{
	const struct world *w = arg;

	if (frame_write(w->agent, WIRE_STEP, cur_str(login_step_name(s))) != ERR_OK)
		_exit(1);
}

static enum err
world_renew(void *arg, struct login_request *rq)
{
	AUTO(buf_free) struct buf body = BUF(FRAME_MAX);
	const struct world *w = arg;
	char word[32];
	uint8_t type;
	enum err r;

	if ((r = frame_write(w->agent, WIRE_NEED_CHALLENGE, cur_of(NULL, 0))) != ERR_OK ||
	    (r = frame_read(w->agent, &body, &type)) != ERR_OK)
		return r;
	if (type == WIRE_CHALLENGE)
		return wire_get_request(buf_view(&body), rq);
	if (type != WIRE_REFUSED || !cur_to_str(buf_view(&body), word, sizeof(word)))
		return fail(ERR_MALFORMED, "the agent's answer");
	return fail(err_of_word(word), "the agent has no other challenge");
}

int64_t
world_window_end(const struct login_request *rq)
{
	return rq->deadline_boot_ms - LOGIN_PIN_MARGIN * 1000;
}

/* What told of the reader's keys, or of touch, is over. */
static void
stop_telling(struct world *w)
{
	if (w->telling != NULL)
		world_close_window(w, w->telling);
	w->telling = NULL;
}

static enum err
world_ask_pin(void *arg, const struct login_prompt *p, struct secret *ret)
{
	AUTO(prompt_free) struct prompt text = { 0 };
	struct world *w = arg;
	enum err r;

	stop_telling(w);
	if (w->window == NULL)
		return fail(ERR_NO_PINENTRY, "no window is left");
	if ((r = prompt_pin(p, &text)) != ERR_OK)
		return r;
	return pinentry_pin(w->window, &text.text, world_window_end(p->rq), ret);
}

/*
 * The window only tells, until the PIN is asked for again or the login has ended.  One that
 * was not answered can only be closed with its program, so the next takes its place; the
 * PIN window is the last.
 */
static enum err
tell(struct world *w, const struct login_prompt *p, prompt_fn *words)
{
	AUTO(prompt_free) struct prompt text = { 0 };
	enum err r;

	stop_telling(w);
	w->telling = w->teller != NULL ? &w->teller :
	    w->message != NULL ? &w->message : &w->window;
	if (*w->telling == NULL)
		return fail(ERR_NO_PINENTRY, "no window to tell it in");
	if ((r = words(p, &text)) != ERR_OK)
		return r;
	return pinentry_show(*w->telling, &text.text, world_window_end(p->rq));
}

static enum err
world_tell_pinpad(void *arg, const struct login_prompt *p)
{
	struct world *w = arg;

	w->pinpad_end = world_window_end(p->rq);
	return tell(w, p, prompt_pinpad);
}

static enum err
world_tell_touch(void *arg, const struct login_prompt *p)
{
	const struct world *w = arg;

	/* A token that came beside a card: the PIN window may be needed once more. */
	if (w->teller == NULL && w->message == NULL && p->why != LOGIN_ASK_WRONG)
		return ERR_OK;
	return tell(arg, p, prompt_touch);
}

/*
 * "OK" closes the window and the reader is waited for; "Cancel" is the end.  Nothing can
 * stop the reader: what is typed there afterwards opens a card that pcscd resets, because
 * we have gone with the transaction open (pcsc.md section 2).
 */
static enum err
heed_typing(void *arg)
{
	struct world *w = arg;
	enum err r = ERR_NOT_FOUND;

	if (clock_boot_ms() >= w->pinpad_end)
		return fail(ERR_STALE, "the challenge ends");
	if (w->telling != NULL && *w->telling != NULL)
		r = pinentry_answer(*w->telling);
	if (r == ERR_OK)
		world_close_window(w, w->telling);
	return r == ERR_NOT_FOUND ? ERR_OK : r;
}

static enum err
world_ask_last_try(void *arg, const struct login_prompt *p)
{
	AUTO(prompt_free) struct prompt text = { 0 };
	struct world *w = arg;
	enum err r;

	if (!w->conf->allow_last_try)
		return fail(ERR_PIN_LAST_TRY, "the configuration keeps the last try");
	stop_telling(w);
	if (w->window == NULL)
		return fail(ERR_NO_PINENTRY, "no window is left");
	if ((r = prompt_last_try(p, &text)) != ERR_OK)
		return r;
	return pinentry_confirm(w->window, &text.text, world_window_end(p->rq));
}

static struct native_options
native_options_of(struct world *w)
{
	return (struct native_options){
		.profiles = profiles_list(&w->profiles), .drivers = drivers_table,
		.cache = w->cache,
		.keypads = w->conf->pinpad != HOST_PINPAD_NEVER ? &w->profiles.keypads : NULL,
		.keyboard = w->conf->pinpad == HOST_PINPAD_OFFER,
		.waiting = heed_typing, .waiting_arg = w,
	};
}

static size_t
ignored(const struct world *w, const char *ret[HOST_LIST])
{
	const struct host_list *l = &w->conf->ignore_reader;

	for (size_t i = 0; i < l->n; i++)
		ret[i] = l->item[i];
	return l->n;
}

bool
world_is_ignored(const struct world *w, const struct pcsc_reader_state *r)
{
	const char *ignore[HOST_LIST];

	return reader_ignored(r->name, ignore, ignored(w, ignore));
}

static bool
has_profile(const struct world *w, const struct pcsc_reader_state *r)
{
	for (size_t i = 0; i < w->profiles.n; i++)
		if (profile_matches(w->profiles.items[i], cur_of(r->atr, r->atr_len)))
			return true;
	return false;
}

bool
world_had_card(const struct world *w)
{
	for (size_t i = 0; i < w->n_before; i++)
		if (w->before[i].present && !world_is_ignored(w, &w->before[i]) &&
		    has_profile(w, &w->before[i]))
			return true;
	return false;
}

bool
world_may_want_touch(const struct world *w)
{
	for (size_t i = 0; i < w->n_before; i++)
		for (size_t k = 0; k < w->profiles.n && w->before[i].present; k++)
			if (w->profiles.items[k]->tries == TRIES_METADATA &&
			    profile_matches(w->profiles.items[k],
			    cur_of(w->before[i].atr, w->before[i].atr_len)))
				return true;
	return false;
}

static enum err
find(struct world *w, struct pcsc_reader_state *ret)
{
	const char *ignore[HOST_LIST];
	const struct native_search s = {
		.o = native_options_of(w),
		.ignore = ignore, .n_ignore = ignored(w, ignore),
		.before = w->before, .n_before = w->n_before,
	};

	return native_find(w->pcsc, &s, ret);
}

static enum err
show_message(const struct world *w, const struct login_request *rq, int64_t end)
{
	AUTO(prompt_free) struct prompt text = { 0 };
	enum err r;

	if (w->message == NULL)
		return ERR_OK;
	if ((r = prompt_insert_card(rq, &text)) != ERR_OK)
		return r;
	return pinentry_show(w->message, &text.text, end);
}

void
world_close_window(struct world *w, struct pinentry **window)
{
	pthread_mutex_lock(&w->windows);
	pinentry_stop(window);
	pthread_mutex_unlock(&w->windows);
}

/* "OK" closes the window and the wait goes on; "Cancel" is the end. */
static enum err
heed_message(struct world *w)
{
	enum err r;

	if (w->message == NULL || (r = pinentry_answer(w->message)) == ERR_NOT_FOUND)
		return ERR_OK;
	world_close_window(w, &w->message);
	return r == ERR_TIMEOUT ? ERR_OK : r;
}

/* What is in the readers, as far as it decides whether to wait. */
struct readers {
	struct pcsc_reader_state all[WORLD_READERS];
	size_t	 n;
};

/*
 * Is there a place for the card that is missing?  A token that is for something else
 * may stay in its own reader (threats.md R4); in the only reader it is the wrong card.
 */
static bool
may_still_come(const struct world *w, const struct readers *now, enum err found)
{
	if (found != ERR_CARD_UNKNOWN)
		return found == ERR_NO_CARD || found == ERR_NO_READER;
	for (size_t i = 0; i < now->n; i++)
		if (!now->all[i].present && !world_is_ignored(w, &now->all[i]))
			return true;
	return false;
}

static void
hand_over(struct world *w, const struct host_module *m, const struct pcsc_reader_state *r)
{
	struct wire_hand_over *h = &w->hand_over;

	snprintf(h->module, sizeof(h->module), "%s", m->name);
	if (r == NULL)
		return;
	memcpy(h->reader, r->name, sizeof(h->reader));
	h->event_counter = r->event_counter;
}

bool
world_hand_over_without_reader(struct world *w)
{
	const struct host_module *m = host_module_without_reader(w->conf);

	if (m != NULL)
		hand_over(w, m, NULL);
	return m != NULL;
}

static const struct host_module *
module_for(const struct world *w, enum err why, const struct pcsc_reader_state *r)
{
	if (!r->present || r->mute || world_is_ignored(w, r))
		return NULL;
	return host_module_for(w->conf, why, r->name, cur_of(r->atr, r->atr_len));
}

/*
 * Our drivers know none of the cards.  One that a module serves is handed over; of several
 * the one that was inserted after the login began, never a guess.  Without any, the token
 * that needs no reader.
 */
static enum err
offer_to_modules(struct world *w, const struct readers *now, enum err why)
{
	const struct pcsc_reader_state *one = NULL, *new = NULL;
	size_t n = 0, n_new = 0;

	for (size_t i = 0; i < now->n; i++) {
		const struct pcsc_reader_state *r = &now->all[i];

		if (module_for(w, ERR_CARD_UNKNOWN, r) == NULL)
			continue;
		n++;
		one = r;
		if (!reader_had_card(w->before, w->n_before, r)) {
			n_new++;
			new = r;
		}
	}
	if (n > 1 && n_new != 1)
		return fail(ERR_SEVERAL_CARDS, "%zu cards for vendors' libraries", n);
	if (n != 0) {
		one = n == 1 ? one : new;
		hand_over(w, module_for(w, ERR_CARD_UNKNOWN, one), one);
	} else {
		world_hand_over_without_reader(w);
	}
	return why;
}

/* *ret_wait: there is no card yet, and the error says so far why. */
static enum err
look(struct world *w, struct readers *now, struct pcsc_reader_state *ret, bool *ret_wait)
{
	enum err r;

	*ret_wait = false;
	if ((r = pcsc_list(w->pcsc, now->all, NELEM(now->all), &now->n)) != ERR_OK)
		return r;
	if (now->n > NELEM(now->all))
		now->n = NELEM(now->all);
	r = find(w, ret);
	if (r == ERR_CARD_UNKNOWN || r == ERR_NO_CARD || r == ERR_NO_READER)
		r = offer_to_modules(w, now, r);
	*ret_wait = w->hand_over.module[0] == '\0' && may_still_come(w, now, r);
	return r;
}

/* Until something changes in the readers, the person says no, or it is late. */
static enum err
wait_for_change(struct world *w, const struct readers *now, int64_t end)
{
	enum err r;

	do {
		if ((r = heed_message(w)) != ERR_OK)
			return r;
		r = pcsc_wait(w->pcsc, now->all, now->n, LOOK_MS);
	} while (r == ERR_TIMEOUT && clock_boot_ms() < end);
	return r == ERR_TIMEOUT ? ERR_OK : r;
}

static enum err
wait_for_card(struct world *w, const struct login_request *rq, struct readers *now,
    struct pcsc_reader_state *ret)
{
	int64_t end = clock_boot_ms() + WORLD_CARD_MS;
	enum err r;
	bool wait;

	if (end > world_window_end(rq))
		end = world_window_end(rq);
	if ((r = show_message(w, rq, end)) != ERR_OK)
		return r;
	for (;;) {
		if ((r = wait_for_change(w, now, end)) != ERR_OK)
			return r;
		r = look(w, now, ret, &wait);
		if (!wait || clock_boot_ms() >= end)
			return r;
	}
}

void
world_doubt_tries(const struct world *w, struct means_view *v)
{
	if (w->cache == NULL && v->pin.tries < 0)
		v->pin.last_try = true;
}

enum err
world_demand_pinpad(const struct world *w, const struct means_view *v)
{
	if (w->conf->pinpad != HOST_PINPAD_REQUIRED || v->pinpad)
		return ERR_OK;
	return fail(ERR_NOT_ALLOWED, "a PIN must be typed on the reader, and this one cannot "
	    "take it");
}

static enum err
open_means(struct world *w, const char *name, struct means **ret,
    struct means_view *ret_view)
{
	AUTO(means_close) struct means *m = NULL;
	const struct native_options o = native_options_of(w);
	struct reader *reader;
	enum err r;

	if ((r = pcsc_connect(w->pcsc, name, &reader)) != ERR_OK ||
	    (r = native_open(reader, &o, &m)) != ERR_OK ||
	    (r = m->ops->look(m, ret_view)) != ERR_OK ||
	    (r = world_demand_pinpad(w, ret_view)) != ERR_OK)
		return r;
	world_doubt_tries(w, ret_view);
	*ret = m;
	m = NULL;		/* the caller's now */
	return ERR_OK;
}

static enum err
world_means(void *arg, const struct login_request *rq, struct means **ret,
    struct means_view *ret_view)
{
	struct pcsc_reader_state s;
	struct world *w = arg;
	struct readers now;
	const struct host_module *m;
	bool wait;
	enum err r = look(w, &now, &s, &wait);

	if (wait) {
		world_step(w, LOGIN_WAITING_CARD);
		r = wait_for_card(w, rq, &now, &s);
		world_close_window(w, &w->message);
		if (r == ERR_OK)
			world_step(w, LOGIN_READING_CARD);
	}
	if (r != ERR_OK)
		return r;
	r = open_means(w, s.name, ret, ret_view);
	if ((m = module_for(w, r, &s)) != NULL)
		hand_over(w, m, &s);
	return r;
}

struct login_world
world_of(struct world *w)
{
	return (struct login_world){
		.arg = w,
		.utc = world_utc, .boot_ms = world_boot_ms, .random = world_random,
		.step = world_step, .means = world_means, .renew = world_renew,
		.ask_last_try = world_ask_last_try, .ask_pin = world_ask_pin,
		.tell_pinpad = world_tell_pinpad, .tell_touch = world_tell_touch,
		.store = w->store, .pass_types = "ZN",
	};
}
