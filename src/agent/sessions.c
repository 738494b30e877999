/* SPDX-License-Identifier: EUPL-1.2 */
/* Leases kept, and sessions ended. */
#include "agent/sessions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/events.h"
#include "agent/lease.h"
#include "agent/seat.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "jose/jsonw.h"

/* A broker serves so many connections of one user; a hospital's card has few sessions. */
#define CALLS_MAX	8
#define END_RETRY_MS	1000
#define JSON_MAX	2048

enum session_state {
	SESSION_ALIVE,
	SESSION_ABSENT,		/* the card is gone, the policy keeps the session */
	SESSION_ENDED,		/* over; the broker is still to be told */
};

struct session {
	struct session *next;
	struct sessions *all;
	enum session_state state;
	const struct host_broker *broker;
	char	 id[BROKERLINK_ID_MAX];
	char	 token[BROKERLINK_TOKEN_MAX];
	char	 login[32];
	char	 client[128];
	char	 card[AUDIT_CARD_LEN + 1];
	const char *reason;		/* why it ended */
	struct presence presence;
	struct lease lease;
	int64_t	 absent_over_ms;	/* grace: then it ends; 0: no end */
	int64_t	 asked_ms;		/* when the call in flight began */
	struct brokerlink_call *call;
};

struct sessions {
	struct agent *agent;
	struct session *first;
	size_t	 n;
	unsigned calls;
	sd_event_source *timer;
};

static void plan(struct sessions *ss);

static void
session_free(struct session *s)
{
	brokerlink_drop(&s->call);
	explicit_bzero(s, sizeof(*s));
	free(s);
}

static void
forget(struct session *s)
{
	struct sessions *ss = s->all;
	struct session **at = &ss->first;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	ss->n--;
	if (s->call != NULL)
		ss->calls--;
	session_free(s);
}

static const char *
state_name(const struct session *s)
{
	switch (s->state) {
	case SESSION_ALIVE:
		return "alive";
	case SESSION_ABSENT:
		return "absent";
	case SESSION_ENDED:
		break;
	}
	return "ended";
}

static void
put_session(struct buf *b, const struct session *s)
{
	AUTO(buf_free) struct buf reader = BUF(4 * CARD_READER_MAX);

	text_put_safe(&reader, cur_str(s->presence.reader), CARD_READER_MAX);
	jsonw_member_str(b, "id", cur_str(s->id));
	jsonw_member_str(b, "login", cur_str(s->login));
	jsonw_member_str(b, "broker", cur_str(s->broker->name));
	jsonw_member_str(b, "client", cur_str(s->client));
	jsonw_member_str(b, "reader", buf_view(&reader));
	jsonw_member_str(b, "state", cur_str(state_name(s)));
	if (s->reason != NULL)
		jsonw_member_str(b, "reason", cur_str(s->reason));
}

void
sessions_put(const struct sessions *ss, struct buf *b)
{
	jsonw_member_array(b, "sessions");
	for (const struct session *s = ss->first; s != NULL; s = s->next) {
		if (s->state == SESSION_ENDED)
			continue;
		jsonw_item_object(b);
		put_session(b, s);
		jsonw_object_end(b);
	}
	jsonw_array_end(b);
}

static void
tell(const struct session *s)
{
	AUTO(buf_free) struct buf b = BUF(JSON_MAX);

	jsonw_object(&b);
	put_session(&b, s);
	jsonw_object_end(&b);
	if (buf_end(&b) == ERR_OK)
		events_send(s->all->agent->events, "session", buf_view(&b));
}

static void
write_audit(const struct session *s)
{
	const struct audit_record r = { .event = "session", .login = s->login,
		.broker = s->broker->name, .client = s->client, .card = s->card,
		.result = s->reason, .ended_utc = clock_utc() };

	if (audit_write(s->all->agent->audit, &r) != ERR_OK)
		log_error("audit: %s", err_trail());
}

static void
call_off(struct session *s)
{
	if (s->call == NULL)
		return;
	brokerlink_drop(&s->call);
	s->all->calls--;
}

/* It is over.  Unless the broker said so itself, it is still to be told. */
static void
end(struct session *s, const char *reason)
{
	if (s->state == SESSION_ENDED)
		return;
	call_off(s);
	s->state = SESSION_ENDED;
	s->reason = reason;
	s->lease.next_ms = 0;
	tell(s);
	write_audit(s);
}

static void
ended_by_broker(struct session *s, const char *reason)
{
	end(s, reason);
	forget(s);
}

/* Calls */

static void
renewed(struct session *s, int seconds)
{
	if (seconds != 0)
		lease_begin(&s->lease, seconds, s->asked_ms);
	else
		lease_renewed(&s->lease, s->asked_ms);
	/* To say again that the card is away would not make it any longer. */
	if (s->state == SESSION_ABSENT)
		s->lease.next_ms = s->lease.over_ms;
}

static void
on_lease(void *arg, enum err e, int seconds)
{
	struct session *s = arg;
	struct sessions *ss = s->all;

	ss->calls--;
	if (e == ERR_OK)
		renewed(s, seconds);
	else if (e == ERR_GONE || e == ERR_UNKNOWN)
		ended_by_broker(s, s->state == SESSION_ABSENT ? "card_removed" : "ended");
	else if (s->state == SESSION_ABSENT && e != ERR_BROKER && e != ERR_TIMEOUT)
		/* It does not accept our patience. */
		end(s, "card_removed");
	else
		lease_missed(&s->lease, clock_boot_ms());
	plan(ss);
}

static void
on_end(void *arg, enum err e)
{
	struct session *s = arg;
	struct sessions *ss = s->all;

	ss->calls--;
	if (e == ERR_OK) {
		forget(s);
	} else {
		log_warn("the broker did not hear of a session's end: %s", err_word(e));
		s->lease.next_ms = clock_boot_ms() + END_RETRY_MS;
	}
	plan(ss);
}

/*
 * How long the broker is asked to wait for a card that is not there.  Its own policy
 * says how long it does.
 */
static int
absence(const struct session *s, int64_t now)
{
	int64_t left = s->absent_over_ms - now;

	if (s->state != SESSION_ABSENT)
		return 0;
	if (s->absent_over_ms == 0)
		return BROKERLINK_ABSENCE_MAX;
	return left < 1000 ? 1 : (int)((left + 999) / 1000);
}

static void
call(struct session *s, int64_t now)
{
	sd_event *loop = s->all->agent->loop;
	enum err r;

	s->asked_ms = now;
	if (s->state == SESSION_ENDED)
		r = brokerlink_end(loop, s->broker, s->id, s->token, s->reason, on_end, s,
		    &s->call);
	else
		r = brokerlink_lease(loop, s->broker, s->id, s->token, absence(s, now),
		    on_lease, s, &s->call);
	if (r == ERR_OK) {
		s->all->calls++;
		return;
	}
	log_warn("broker %s: %s", s->broker->name, err_trail());
	lease_missed(&s->lease, now);
}

/* Time */

/* What the clock alone decides.  False when the session is gone. */
static bool
age(struct session *s, int64_t now)
{
	if (lease_is_over(&s->lease, now)) {
		/* The broker has ended it as well. */
		ended_by_broker(s,
		    s->state == SESSION_ABSENT ? "card_removed" : "lease_over");
		return false;
	}
	if (s->state == SESSION_ABSENT && s->absent_over_ms != 0 &&
	    now >= s->absent_over_ms)
		end(s, "card_removed");
	return true;
}

static void
call_due(struct sessions *ss, bool ended, int64_t now)
{
	for (struct session *s = ss->first; s != NULL; s = s->next)
		if (ss->calls < CALLS_MAX && (s->state == SESSION_ENDED) == ended &&
		    s->call == NULL && s->lease.next_ms <= now)
			call(s, now);
}

static int64_t
wake(const struct sessions *ss)
{
	int64_t at = INT64_MAX;

	for (const struct session *s = ss->first; s != NULL; s = s->next) {
		if (s->lease.over_ms < at)
			at = s->lease.over_ms;
		if (s->absent_over_ms != 0 && s->state == SESSION_ABSENT &&
		    s->absent_over_ms < at)
			at = s->absent_over_ms;
		if (s->call == NULL && ss->calls < CALLS_MAX && s->lease.next_ms < at)
			at = s->lease.next_ms;
	}
	return at;
}

/* Do what is due, ends before renewals, and wake up for what comes next. */
static void
plan(struct sessions *ss)
{
	int64_t now = clock_boot_ms(), at;

	for (struct session *s = ss->first, *next; s != NULL; s = next) {
		next = s->next;
		age(s, now);
	}
	call_due(ss, true, now);
	call_due(ss, false, now);
	at = wake(ss);
	sd_event_source_set_enabled(ss->timer, at == INT64_MAX ? SD_EVENT_OFF :
	    SD_EVENT_ONESHOT);
	if (at != INT64_MAX)
		sd_event_source_set_time(ss->timer, at <= now ? 0 : (uint64_t)at * 1000);
}

static int
on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	struct sessions *ss = arg;

	(void)source;
	(void)usec;
	agent_check_sleep(ss->agent);
	plan(ss);
	return 0;
}

/* The card left */

static void
keep_absent(struct session *s, int64_t grace_ms)
{
	int64_t now = clock_boot_ms();

	call_off(s);		/* it may be saying that the card is present */
	s->state = SESSION_ABSENT;
	s->absent_over_ms = grace_ms == 0 ? 0 : now + grace_ms;
	s->lease.next_ms = now;
	tell(s);
}

static void
removed(struct session *s, const char *reason)
{
	const struct host_conf *c = s->all->agent->conf;

	if (s->state != SESSION_ALIVE)
		return;
	switch (c->card_removal) {
	case HOST_REMOVAL_GRACE:
		keep_absent(s, (int64_t)c->grace_seconds * 1000);
		return;
	case HOST_REMOVAL_NOTHING:
		keep_absent(s, 0);
		return;
	case HOST_REMOVAL_LOCK:
		/* Without a lock the session must not stay. */
		if (seat_lock(s->all->agent->seat) != ERR_OK)
			break;
		keep_absent(s, 0);
		return;
	case HOST_REMOVAL_END:
		break;
	}
	end(s, reason);
}

void
sessions_cards(struct sessions *ss, const struct watch_state *now)
{
	for (struct session *s = ss->first; s != NULL; s = s->next)
		if (presence_compare(&s->presence, now) != PRESENCE_SAME)
			removed(s, "card_removed");
	plan(ss);
}

void
sessions_leave(struct sessions *ss, const char *reason)
{
	for (struct session *s = ss->first; s != NULL; s = s->next)
		removed(s, reason);
	plan(ss);
}

void
sessions_inactive(struct sessions *ss)
{
	switch (ss->agent->conf->card_removal) {
	case HOST_REMOVAL_NOTHING:
	case HOST_REMOVAL_LOCK:
		return;
	case HOST_REMOVAL_END:
	case HOST_REMOVAL_GRACE:
		break;
	}
	sessions_leave(ss, "inactive");
}

/* Coming and going */

bool
sessions_have_room(const struct sessions *ss)
{
	return ss->n < SESSIONS_MAX;
}

static struct session *
add(struct sessions *ss, const struct session_options *o)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->all = ss;
	s->broker = o->broker;
	memcpy(s->id, o->grant->session, sizeof(s->id));
	memcpy(s->token, o->grant->token, sizeof(s->token));
	snprintf(s->login, sizeof(s->login), "%s", o->login);
	snprintf(s->client, sizeof(s->client), "%s", o->client);
	snprintf(s->card, sizeof(s->card), "%s", o->card);
	s->presence = *o->presence;
	lease_begin(&s->lease, o->grant->lease, o->asked_ms);
	s->next = ss->first;
	ss->first = s;
	ss->n++;
	return s;
}

enum err
sessions_add(struct sessions *ss, const struct session_options *o)
{
	struct session *s;

	if (!sessions_have_room(ss))
		return fail(ERR_LIMIT, "%d sessions", SESSIONS_MAX);
	if ((s = add(ss, o)) == NULL)
		return fail(ERR_NOMEM, "session");
	tell(s);
	plan(ss);
	return ERR_OK;
}

void
sessions_discard(struct sessions *ss, const struct session_options *o, const char *reason)
{
	struct session *s = add(ss, o);

	/* Out of memory: nobody renews it, and nobody has its finish. */
	if (s == NULL)
		return;
	s->state = SESSION_ENDED;
	s->reason = reason;
	s->lease.next_ms = 0;
	plan(ss);
}

enum err
sessions_new(struct agent *a, struct sessions **ret)
{
	AUTO(sessions_free) struct sessions *ss = calloc(1, sizeof(*ss));
	int r;

	if (ss == NULL)
		return fail(ERR_NOMEM, "sessions");
	ss->agent = a;
	r = sd_event_add_time(a->loop, &ss->timer, CLOCK_BOOTTIME, 0, 1, on_timer, ss);
	if (r < 0)
		return fail(ERR_SYS, "timer: %s", strerror(-r));
	sd_event_source_set_enabled(ss->timer, SD_EVENT_OFF);
	*ret = ss;
	ss = NULL;		/* the caller's now */
	return ERR_OK;
}

void
sessions_free(struct sessions **ss)
{
	if (*ss == NULL)
		return;
	while ((*ss)->first != NULL) {
		struct session *s = (*ss)->first;

		(*ss)->first = s->next;
		session_free(s);
	}
	sd_event_source_unref((*ss)->timer);
	free(*ss);
	*ss = NULL;
}
