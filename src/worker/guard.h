/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A thread that ends this process when the agent hangs up, whatever else it is doing:
 * waiting for a person, for a card, for another program's transaction, or for a vendor's
 * library that never comes back.  A card that is unlocked at that moment is reset by
 * pcscd, because its client is gone.
 */
#ifndef DEZI_WORKER_GUARD_H
#define DEZI_WORKER_GUARD_H

#include "base/err.h"

#define GUARD_LIFE_MS	600000	/* no login lasts longer */

struct guard;

struct guard_options {
	int	 agent_fd;		/* -1: there is no agent */
	/* Before the end; it must be quick. */
	void	 (*last)(void *arg);
	/* Before last, when a limit was passed; the limited thread does not run on. */
	void	 (*late)(void *arg);
	void	*arg;
};

/* ret, which may be NULL, is for guard_limit() and lives as long as the process. ERR_SYS. */
MUST_CHECK enum err guard_start(const struct guard_options *o, struct guard **ret);

/* What is done now must be over within so many ms, else the process ends; 0: it is. */
void guard_limit(struct guard *g, int64_t ms);

#endif
