/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Is the card that logged in still where it was?  Decided without an APDU, from the
 * card event counter that PC/SC keeps for a reader (DESIGN section 6 rule 3, T36).
 * Pure.
 */
#ifndef DEZI_AGENT_PRESENCE_H
#define DEZI_AGENT_PRESENCE_H

#include "card/watch.h"

/* The card as the worker left it after the signature. */
struct presence {
	char	 reader[CARD_READER_MAX];	/* "": in none, and so never out of it */
	uint32_t event_counter;
	uint64_t generation;		/* of the connection to pcscd; 0: not known yet */
};

enum presence_verdict {
	PRESENCE_SAME,
	/*
	 * Perhaps the watch has not seen yet what the worker saw.  While a login is
	 * being accepted: look again when it has news, for a short time.  For a session
	 * it is as good as gone: a reader that was plugged in again counts anew.
	 */
	PRESENCE_BEHIND,
	PRESENCE_GONE,
};

/* Compare with what the watch saw last. */
enum presence_verdict presence_compare(const struct presence *p,
    const struct watch_state *now);

#endif
