/* SPDX-License-Identifier: EUPL-1.2 */
/* The way of one login, in the order in which it is walked. */
#include "agent/attempt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/cards.h"
#include "agent/policy.h"
#include "agent/sessions.h"
#include "agent/worker.h"
#include "base/clock.h"
#include "base/log.h"
#include "host/modules.h"

#define CATCH_UP_MS	1000	/* for the watch to see what the worker saw */
#define SKEW_TOLD	60	/* seconds */

struct attempt {
	struct attempt *next;		/* abandoned ones */
	struct attempt **abandoned;
	struct agent *agent;
	struct replay *seen;
	struct ask ask;
	const struct host_broker *broker;
	const struct attempt_fns *fns;	/* NULL: abandoned */
	void	*arg;
	struct login_request rq;	/* what the worker was given */
	struct challenge first;		/* what the person is shown */
	unsigned renewals;
	struct worker *worker;
	const struct host_module *module;	/* a vendor's library does it; NULL: we do */
	struct brokerlink_call *call;
	int64_t	 asked_ms;		/* when that call began */
	sd_event_source *deadline;	/* of all of it */
	/* from the worker's result on */
	bool	 have_result;
	enum jws_alg alg;
	uint32_t apdus;
	struct presence presence;
	bool	 removed;		/* the card left after it signed */
	struct buf assertion;
	sd_event_source *catch_up;
	char	 card[AUDIT_CARD_LEN + 1];
};

static void
release(struct attempt *t)
{
	sd_event_source_disable_unref(t->deadline);
	sd_event_source_disable_unref(t->catch_up);
	brokerlink_drop(&t->call);
	buf_free(&t->assertion);
	explicit_bzero(t, sizeof(*t));
	free(t);
}

/* What must not go on when the caller has been answered. */
static void
stop_worker(struct attempt *t, bool by_itself)
{
	if (by_itself)
		worker_finish(&t->worker);
	else
		worker_stop(&t->worker);
}

/* Tell the caller, once; t is gone, or waits alone for the broker's answer. */
static void
done(struct attempt *t, enum err e, int tries, const char *finish)
{
	const struct attempt_fns *fns = t->fns;
	const struct attempt_outcome o = { .e = e, .tries = tries, .finish = finish,
		.alg = t->alg, .apdus = t->apdus, .client = t->first.client_id,
		.card = t->card };

	t->fns = NULL;
	t->deadline = sd_event_source_disable_unref(t->deadline);
	t->catch_up = sd_event_source_disable_unref(t->catch_up);
	fns->done(t->arg, &o);
	if (t->call == NULL || !t->have_result) {
		release(t);
		return;
	}
	/* An assertion on its way may begin a session that nobody will use. */
	t->next = *t->abandoned;
	*t->abandoned = t;
}

static void
give_up(struct attempt *t, enum err e, int tries)
{
	stop_worker(t, t->have_result);
	done(t, e, tries, "");
}

/* 5. The broker's answer to the assertion */

static struct session_options
session_of(const struct attempt *t, const struct brokerlink_grant *grant)
{
	return (struct session_options){ .broker = t->broker, .grant = grant,
		.login = t->rq.login_id, .client = t->first.client_id, .card = t->card,
		.presence = &t->presence, .asked_ms = t->asked_ms };
}

static bool
card_is_there(const struct attempt *t)
{
	return !t->removed &&
	    presence_compare(&t->presence, cards_now(t->agent->cards)) == PRESENCE_SAME;
}

/* Nobody waits for it any more. */
static void
on_late_grant(struct attempt *t, const struct session_options *o)
{
	struct attempt **at = t->abandoned;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	if (o->grant != NULL)
		sessions_discard(t->agent->sessions, o, "cancelled");
	release(t);
}

static void
on_grant(void *arg, enum err e, const struct brokerlink_grant *grant)
{
	struct attempt *t = arg;
	struct session_options o = session_of(t, grant);

	if (t->fns == NULL) {
		on_late_grant(t, &o);
	} else if (e != ERR_OK) {
		give_up(t, e, -1);
	} else if (!card_is_there(t)) {
		/* The session began without its card (DESIGN section 6 rule 3). */
		sessions_discard(t->agent->sessions, &o, "card_removed");
		give_up(t, ERR_REMOVED, -1);
	} else if ((e = sessions_add(t->agent->sessions, &o)) != ERR_OK) {
		sessions_discard(t->agent->sessions, &o, "cancelled");
		give_up(t, e, -1);
	} else {
		stop_worker(t, true);
		done(t, ERR_OK, -1, grant->finish);
	}
}

static void
assert_it(struct attempt *t)
{
	enum err r;

	t->fns->state(t->arg, "finishing");
	t->asked_ms = clock_boot_ms();
	r = brokerlink_assertion(t->agent->loop, t->broker, t->ask.handle,
	    buf_view(&t->assertion), on_grant, t, &t->call);
	if (r != ERR_OK) {
		log_warn("broker %s: %s", t->broker->name, err_trail());
		give_up(t, r, -1);
	}
}

/* 4. The worker's result: is the card still there as the worker left it? */

static void
settle(struct attempt *t, bool last)
{
	const struct watch_state *now = cards_now(t->agent->cards);

	switch (presence_compare(&t->presence, now)) {
	case PRESENCE_SAME:
		t->presence.generation = now->generation;
		t->catch_up = sd_event_source_disable_unref(t->catch_up);
		assert_it(t);
		return;
	case PRESENCE_BEHIND:
		if (!last)
			return;
		break;
	case PRESENCE_GONE:
		break;
	}
	give_up(t, ERR_REMOVED, -1);
}

static int
on_catch_up(sd_event_source *s, uint64_t usec, void *arg)
{
	(void)s;
	(void)usec;
	settle(arg, true);
	return 0;
}

void
attempt_cards(struct attempt *t, const struct watch_state *now)
{
	if (!t->have_result || t->fns == NULL)
		return;
	if (t->call == NULL)
		settle(t, false);
	else if (presence_compare(&t->presence, now) != PRESENCE_SAME)
		t->removed = true;	/* also when it is back before the answer comes */
}

static void
on_signed(void *arg, const struct login_result *r)
{
	struct attempt *t = arg;
	int e;

	/* Only a token that is configured so may be in no reader. */
	if (r->reader[0] == '\0' && (t->module == NULL || !t->module->no_reader)) {
		log_error("worker: a card in no reader");
		worker_finish(&t->worker);
		give_up(t, ERR_FAILED, -1);
		return;
	}
	t->have_result = true;
	memcpy(t->presence.reader, r->reader, sizeof(t->presence.reader));
	t->presence.event_counter = r->event_counter;
	t->alg = r->alg;
	t->apdus = r->apdus;
	audit_card(t->agent->audit, r->serial, t->card);
	buf_cur(&t->assertion, buf_view(&r->assertion));
	if (buf_end(&t->assertion) != ERR_OK) {
		give_up(t, buf_end(&t->assertion), -1);
		return;
	}
	e = sd_event_add_time_relative(t->agent->loop, &t->catch_up, CLOCK_MONOTONIC,
	    CATCH_UP_MS * 1000, 0, on_catch_up, t);
	if (e < 0) {
		log_error("timer: %s", strerror(-e));
		give_up(t, ERR_FAILED, -1);
		return;
	}
	cards_poke(t->agent->cards);
	settle(t, false);
}

static void
on_failed(void *arg, enum err e, int tries)
{
	struct attempt *t = arg;

	worker_finish(&t->worker);
	done(t, e, tries, "");
}

static void
on_step(void *arg, enum login_step step)
{
	struct attempt *t = arg;

	t->fns->state(t->arg, login_step_name(step));
}

/* 2. A challenge: is it ours, is it new, does it belong to what was asked? */

static void
tell_skew(const struct challenge *c)
{
	int64_t skew = c->iat - clock_utc();

	/* Reported, not refused: the broker counts by its own clock, we from receipt. */
	if (skew > SKEW_TOLD || skew < -SKEW_TOLD)
		log_warn("the broker's clock and ours differ by %" PRId64 " s", skew);
}

static enum err
read_challenge(struct attempt *t, struct cur compact, struct login_request *ret)
{
	enum err r;

	if (!cur_to_str(compact, ret->challenge, sizeof(ret->challenge)))
		return fail(ERR_CHALLENGE, "size");
	if ((r = challenge_read(compact, t->broker->issuer, t->broker->keys,
	    t->broker->n_keys, &ret->c)) != ERR_OK ||
	    (r = replay_check(t->seen, &ret->c)) != ERR_OK)
		return r;
	tell_skew(&ret->c);
	ret->deadline_boot_ms = clock_boot_ms() + (ret->c.exp - ret->c.iat) * 1000;
	return ERR_OK;
}

/* 3b. A newer one for a worker whose person was slow */

static void
on_renewal(void *arg, enum err e, struct cur compact)
{
	struct attempt *t = arg;
	struct login_request next = t->rq;

	if (e == ERR_OK)
		e = read_challenge(t, compact, &next);
	if (e == ERR_OK && !policy_is_renewal(&t->first, &next.c))
		e = fail(ERR_CHALLENGE, "another login than the one that was shown");
	if (e == ERR_OK) {
		t->rq = next;
		e = worker_challenge(t->worker, &t->rq);
	} else {
		log_warn("broker %s: %s: %s", t->broker->name, err_word(e), err_trail());
		e = worker_refuse(t->worker, e);
	}
	if (e != ERR_OK)
		give_up(t, e, -1);
}

static void
on_need_challenge(void *arg)
{
	struct attempt *t = arg;
	enum err r;

	if (t->renewals == ATTEMPT_RENEWALS) {
		r = worker_refuse(t->worker, ERR_TIMEOUT);
	} else {
		t->renewals++;
		r = brokerlink_challenge(t->agent->loop, t->broker, t->ask.handle,
		    on_renewal, t, &t->call);
	}
	if (r != ERR_OK)
		give_up(t, r, -1);
}

/* 3. The worker */

static void on_hand_over(void *arg, const struct wire_hand_over *h);

static const struct worker_fns worker_fns = { .step = on_step,
	.need_challenge = on_need_challenge, .done = on_signed, .failed = on_failed,
	.hand_over = on_hand_over };

static enum err
start_worker(struct attempt *t)
{
	const struct watch_state *now = cards_now(t->agent->cards);
	const struct worker_options o = { .program = t->agent->conf->worker,
		.config = t->agent->conf_file, .broker = t->broker->name,
		.fns = &worker_fns, .arg = t };

	/* pcscd restarting ends the login (DESIGN section 6). */
	t->presence.generation = now->service ? now->generation : 0;
	return worker_start(t->agent->workers, &o, &t->rq, &t->worker);
}

/* 3c. The card is one for a vendor's library: its own worker goes on from here. */

static enum err
start_module_worker(struct attempt *t, const struct wire_hand_over *h)
{
	const struct host_conf *conf = t->agent->conf;
	const struct worker_options o = { .program = conf->module_worker,
		.config = t->agent->conf_file, .broker = t->broker->name, .module = h,
		.fns = &worker_fns, .arg = t };

	t->module = host_conf_module(conf, h->module);
	if (t->module == NULL || !t->module->use)
		return fail(ERR_FAILED, "a module that is not configured");
	log_info("login %s: [module %s]", t->rq.login_id, t->module->name);
	return worker_start(t->agent->workers, &o, &t->rq, &t->worker);
}

static void
on_hand_over(void *arg, const struct wire_hand_over *h)
{
	struct attempt *t = arg;
	enum err r;

	worker_finish(&t->worker);
	if ((r = start_module_worker(t, h)) != ERR_OK) {
		log_error("login %s: %s", t->rq.login_id, err_trail());
		give_up(t, r, -1);
	}
}

static enum err
begin(struct attempt *t, struct cur compact)
{
	enum err r;

	if ((r = read_challenge(t, compact, &t->rq)) != ERR_OK)
		return r;
	if ((r = policy_challenge(t->agent->conf, &t->ask, &t->rq.c)) != ERR_OK)
		return r;
	t->first = t->rq.c;
	return start_worker(t);
}

static void
on_challenge(void *arg, enum err e, struct cur compact)
{
	struct attempt *t = arg;

	if (e == ERR_OK) {
		e = begin(t, compact);
		if (e != ERR_OK)
			log_warn("broker %s: %s: %s", t->broker->name, err_word(e),
			    err_trail());
	}
	if (e != ERR_OK)
		give_up(t, e, -1);
	else
		t->fns->started(t->arg);
}

/* 1. From the caller */

static int
on_deadline(sd_event_source *s, uint64_t usec, void *arg)
{
	(void)s;
	(void)usec;
	attempt_stop(arg, ERR_TIMEOUT);
	return 0;
}

static enum err
start(struct attempt *t, const struct attempt_options *o)
{
	int e;

	t->agent = o->agent;
	t->seen = o->seen;
	t->abandoned = o->abandoned;
	t->ask = *o->ask;
	t->broker = o->broker;
	t->fns = o->fns;
	t->arg = o->arg;
	t->assertion = (struct buf)BUF(JWS_MAX);
	snprintf(t->rq.login_id, sizeof(t->rq.login_id), "%s", o->id);
	snprintf(t->rq.caller, sizeof(t->rq.caller), "%s", o->caller);
	snprintf(t->rq.language, sizeof(t->rq.language), "%s", o->agent->language);
	e = sd_event_add_time_relative(o->agent->loop, &t->deadline, CLOCK_BOOTTIME,
	    (uint64_t)o->agent->login_ms * 1000, 0, on_deadline, t);
	if (e < 0)
		return fail(ERR_SYS, "timer: %s", strerror(-e));
	return brokerlink_challenge(o->agent->loop, t->broker, t->ask.handle,
	    on_challenge, t, &t->call);
}

enum err
attempt_start(const struct attempt_options *o, struct attempt **ret)
{
	struct attempt *t = calloc(1, sizeof(*t));
	enum err r;

	if (t == NULL)
		return fail(ERR_NOMEM, "login");
	if ((r = start(t, o)) != ERR_OK) {
		release(t);
		return r;
	}
	*ret = t;
	return ERR_OK;
}

void
attempt_stop(struct attempt *t, enum err why)
{
	give_up(t, why, -1);
}

void
attempts_free(struct attempt **t)
{
	while (*t != NULL) {
		struct attempt *one = *t;

		*t = one->next;
		worker_stop(&one->worker);
		release(one);
	}
}
