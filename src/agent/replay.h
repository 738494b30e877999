/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The challenges that were seen lately: none is used twice (T5).  The broker is the one
 * that must not be fooled; this is the second lock on the same door.  Pure.
 */
#ifndef DEZI_AGENT_REPLAY_H
#define DEZI_AGENT_REPLAY_H

#include "login/challenge.h"

#define REPLAY_KEPT	64	/* at most 3 per login, 120 s each */

struct replay {
	struct replay_entry {
		char	issuer[256];
		char	jti[64];
		uint8_t	nonce[CHALLENGE_NONCE];
	} seen[REPLAY_KEPT];
	size_t	next;
	size_t	n;
};

/*
 * Remember c; the oldest is forgotten.  ERR_REPLAYED when this issuer has used its jti
 * or its nonce before.
 */
MUST_CHECK enum err replay_check(struct replay *r, const struct challenge *c);

#endif
