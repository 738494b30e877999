/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One login on its way: challenge, worker, assertion, session (DESIGN section 2).  What
 * it is asked for has been allowed; what the broker answers is decided upon here.
 */
#ifndef DEZI_AGENT_ATTEMPT_H
#define DEZI_AGENT_ATTEMPT_H

#include "agent/agent.h"
#include "agent/ask.h"
#include "agent/replay.h"
#include "card/watch.h"
#include "host/brokerlink.h"

#define ATTEMPT_TIME_MS		300000	/* as long as a handle lives (DESIGN section 5) */
#define ATTEMPT_RENEWALS	2	/* a login has at most 3 challenges */

struct attempt;

struct attempt_outcome {
	enum err e;			/* ERR_OK: accepted, the session is kept alive */
	int	 tries;			/* PIN tries left; -1: not known */
	const char *finish;		/* "" unless accepted */
	enum jws_alg alg;		/* of the signature; JWS_ALG_NONE: there is none */
	uint32_t apdus;			/* commands that it took */
	const char *client;		/* "" while the challenge was not accepted */
	const char *card;		/* audit_card(), "" when no card came into it */
};

struct attempt_fns {
	/* "asking_broker", the names of login_step_name(), "finishing" */
	void	(*state)(void *arg, const char *name);
	/* Everything that can be refused before a window opens has been looked at. */
	void	(*started)(void *arg);
	/* The attempt is gone after this. */
	void	(*done)(void *arg, const struct attempt_outcome *o);
};

struct attempt_options {
	struct agent *agent;
	struct replay *seen;
	/*
	 * Those that were stopped while the broker had their assertion, and wait for its
	 * answer to end what it may have begun.  For attempts_free().
	 */
	struct attempt **abandoned;
	const char *id;			/* of the login */
	const struct ask *ask;
	const struct host_broker *broker;
	const char *caller;		/* as shown */
	const struct attempt_fns *fns;
	void	*arg;
};

/* No function is called before this returns. */
MUST_CHECK enum err attempt_start(const struct attempt_options *o, struct attempt **ret);

/*
 * Give it up: the worker stops, a session that the broker may be about to begin is ended
 * as soon as we hear of it.  done is called with why, from here.
 */
void attempt_stop(struct attempt *t, enum err why);
/* At the end of the program: nothing is called, nobody is told.  All from *t on. */
void attempts_free(struct attempt **t);

/* The watch has news. */
void attempt_cards(struct attempt *t, const struct watch_state *now);

#endif
