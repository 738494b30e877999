/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * /v1/logins: one login at a time, for whom it is asked, and the last results of those
 * that were asked for asynchronously (docs/agent-protocol.md sections 3 and 4).
 */
#ifndef DEZI_AGENT_LOGINS_H
#define DEZI_AGENT_LOGINS_H

#include "agent/agent.h"
#include "card/watch.h"
#include "net/server.h"

#define LOGINS_PAUSE_MS		5000	/* after one that was cancelled (T20) */
#define LOGINS_KEPT		8	/* results that wait to be fetched */
#define LOGINS_KEPT_MS		300000

struct logins;

MUST_CHECK enum err logins_new(struct agent *a, struct logins **ret);
void logins_free(struct logins **ls);

/* Answer x, now or later. */
void logins_post(struct logins *ls, struct http_exchange *x);
void logins_get(struct logins *ls, struct http_exchange *x, const char *id);
void logins_delete(struct logins *ls, struct http_exchange *x, const char *id);

/* The watch has news. */
void logins_cards(struct logins *ls, const struct watch_state *now);
/* Stop the one that is on its way, if there is one. */
void logins_stop(struct logins *ls, enum err why);

/* "logins": [...], as a member of a JSON object. */
void logins_put(const struct logins *ls, struct buf *b);

#endif
