/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The process that touches card and PIN, as seen from the agent: started for one login,
 * spoken to over a socket pair in the frames of login/wire.h, and never outlived.
 */
#ifndef DEZI_AGENT_WORKER_H
#define DEZI_AGENT_WORKER_H

#include <systemd/sd-event.h>

#include "login/wire.h"

struct worker;
struct workers;			/* one at most that matters, and some that die */

/* env: the whole environment of a worker, NULL-terminated, borrowed. */
MUST_CHECK enum err workers_new(sd_event *loop, char *const *env, struct workers **ret);
/* Kills what is left. */
void workers_free(struct workers **ws);
/* Is one still there that was told to stop?  It may still show a window. */
bool workers_linger(const struct workers *ws);

/* After done, failed or hand_over no other is called. */
struct worker_fns {
	void	(*step)(void *arg, enum login_step step);
	/* Answer with worker_challenge() or worker_refuse(). */
	void	(*need_challenge)(void *arg);
	void	(*done)(void *arg, const struct login_result *r);
	/*
	 * Also when it died, or spoke what is not the protocol: ERR_FAILED, or
	 * ERR_MODULE when a vendor's library was in it.
	 */
	void	(*failed)(void *arg, enum err e, int tries);
	/* The card is for a vendor's library, says our own worker. */
	void	(*hand_over)(void *arg, const struct wire_hand_over *h);
};

struct worker_options {
	const char *program;		/* absolute */
	const char *config;
	const char *broker;
	const struct wire_hand_over *module;	/* what the module worker is to do; or NULL */
	const struct worker_fns *fns;
	void	*arg;
};

MUST_CHECK enum err worker_start(struct workers *ws, const struct worker_options *o,
    const struct login_request *rq, struct worker **ret);
MUST_CHECK enum err worker_challenge(struct worker *w, const struct login_request *rq);
MUST_CHECK enum err worker_refuse(struct worker *w, enum err e);

/*
 * It has said how the login ended: it, and a PIN window that it may have left, are
 * killed now.  Its last transaction has ended.
 */
void worker_finish(struct worker **w);
/*
 * It must stop: it is told to, and killed when it does not within a second.
 * workers_linger() until it is gone.
 */
void worker_stop(struct worker **w);

#endif
