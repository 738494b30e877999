/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The sessions that this agent keeps alive: a lease for each, renewed while the card
 * stays, and ended, by the policy, when it goes (T35).
 *
 * An agent that is killed renews nothing, and a broker that cannot be reached hears
 * nothing: either way the lease runs out.  No card that is put in later continues a
 * session, since without a PIN nobody knows whose card it is.
 */
#ifndef DEZI_AGENT_SESSIONS_H
#define DEZI_AGENT_SESSIONS_H

#include "agent/agent.h"
#include "agent/presence.h"
#include "host/brokerlink.h"

#define SESSIONS_MAX	256	/* a snapshot of all fits HTTP_STREAM_QUEUE_MAX */

struct sessions;

MUST_CHECK enum err sessions_new(struct agent *a, struct sessions **ret);
void sessions_free(struct sessions **ss);

/* Is there room for one more? */
bool sessions_have_room(const struct sessions *ss);

struct session_options {
	const struct host_broker *broker;
	const struct brokerlink_grant *grant;
	const char *login;		/* the agent's id */
	const char *client;
	const char *card;		/* audit_card() */
	const struct presence *presence;
	int64_t	 asked_ms;		/* CLOCK_BOOTTIME: when the broker was asked */
};
/* Keep it alive from now on.  ERR_NOMEM, ERR_LIMIT */
MUST_CHECK enum err sessions_add(struct sessions *ss, const struct session_options *o);
/* The broker began it, but nobody will use it: end it. */
void sessions_discard(struct sessions *ss, const struct session_options *o,
    const char *reason);

/* The watch has news. */
void sessions_cards(struct sessions *ss, const struct watch_state *now);
/* Something that counts as the removal of every card: "sleep". */
void sessions_leave(struct sessions *ss, const char *reason);
/*
 * Another graphical session is in front.  As a removal, unless the policy would keep
 * sessions without a card: then it keeps them with it.
 */
void sessions_inactive(struct sessions *ss);

/* "sessions": [...], as a member of a JSON object. */
void sessions_put(const struct sessions *ss, struct buf *b);

#endif
