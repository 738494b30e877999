/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A thread that ends this process when the agent hangs up, whatever else it is doing:
 * waiting for a person, for a card, or for another program's transaction.  A card that
 * is unlocked at that moment is reset by pcscd, because its client is gone.
 */
#ifndef DEZI_WORKER_GUARD_H
#define DEZI_WORKER_GUARD_H

#include "base/err.h"

#define GUARD_LIFE_MS	600000	/* no login lasts longer */

/* last(arg) is called before the end; it must be quick.  ERR_SYS. */
MUST_CHECK enum err guard_start(int agent_fd, void (*last)(void *arg), void *arg);

#endif
