/* SPDX-License-Identifier: EUPL-1.2 */
/* The parts put together: what one of them notices, the others are told here. */
#include "agent/agent.h"

#include <unistd.h>

#include "agent/cards.h"
#include "agent/events.h"
#include "agent/front.h"
#include "agent/logins.h"
#include "agent/seat.h"
#include "agent/sessions.h"
#include "agent/worker.h"
#include "net/server.h"

static void
tell_change(void *arg, const char *event, struct cur json)
{
	const struct agent *a = arg;

	events_send(a->events, event, json);
}

static void
slept(struct agent *a)
{
	sessions_leave(a->sessions, "sleep");
	logins_stop(a->logins, ERR_REMOVED);
}

void
agent_check_sleep(struct agent *a)
{
	if (seat_slept(a->seat))
		slept(a);
}

static void
on_cards(void *arg, const struct watch_state *was, const struct watch_state *now)
{
	struct agent *a = arg;

	agent_check_sleep(a);
	/* What a removal ends comes before what is told of it. */
	sessions_cards(a->sessions, now);
	logins_cards(a->logins, now);
	cards_changes(was, now, a->conf, tell_change, a);
}

static void
on_seat(void *arg, enum seat_change what)
{
	struct agent *a = arg;

	switch (what) {
	case SEAT_LEFT:
		if (!a->conf->require_session)
			return;
		sessions_inactive(a->sessions);
		logins_stop(a->logins, ERR_NOT_AVAILABLE);
		return;
	case SEAT_SLEEP:
		slept(a);
		return;
	case SEAT_AWAKE:
		cards_poke(a->cards);
		return;
	}
}

enum err
agent_start(struct agent *a, int listen_fd)
{
	enum err r;

	if ((r = events_new(a->loop, a->heartbeat_ms, &a->events)) != ERR_OK ||
	    (r = seat_new(a->loop, on_seat, a, &a->seat)) != ERR_OK ||
	    (r = workers_new(a->loop, a->worker_env, &a->workers)) != ERR_OK ||
	    (r = sessions_new(a, &a->sessions)) != ERR_OK ||
	    (r = logins_new(a, &a->logins)) != ERR_OK ||
	    (r = cards_new(a->loop, on_cards, a, &a->cards)) != ERR_OK) {
		close(listen_fd);
		return r;
	}
	return front_start(a, listen_fd);
}

/*
 * Workers end with us.  Sessions do not: their leases run out, and a person whose agent
 * is restarted has logged in to applications that know nothing of it.
 */
void
agent_stop(struct agent *a)
{
	events_free(&a->events);
	http_server_stop(&a->server);
	logins_free(&a->logins);
	workers_free(&a->workers);
	sessions_free(&a->sessions);
	cards_free(&a->cards);
	seat_free(&a->seat);
}
