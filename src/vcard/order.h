/* SPDX-License-Identifier: EUPL-1.2 */
/* One line on the control socket (dezi-vcard(1), CONTROL). */
#ifndef DEZI_VCARD_ORDER_H
#define DEZI_VCARD_ORDER_H

#include "vcard/fault.h"

#define SLOTS		2
#define ORDER_MAX	4096	/* bytes of a line */

enum order_verb {
	ORDER_INSERT, ORDER_REMOVE, ORDER_SWAP, ORDER_STATS, ORDER_RESET_STATS,
	ORDER_DELAY, ORDER_FAULT, ORDER_ON, ORDER_FAULTS_CLEAR, ORDER_TRIES,
	ORDER_RESTORE, ORDER_WAIT,
	ORDERS
};

/* What one can wait for: a counter reaching a number, or a state. */
enum wait_for {
	WAIT_APDUS, WAIT_VERIFIES, WAIT_SIGNATURES, WAIT_RESETS, WAIT_POLLS,
	WAIT_PRESENT,		/* the reader has seen the card */
	WAIT_ABSENT,		/* the reader has seen that it is gone */
	WAITS
};

struct order {
	enum order_verb	   verb;
	size_t		   slot;
	char		   card[CARD_PATH];
	struct card_delays delays;
	struct fault	   fault;
	int64_t		   tries[SECRETS];	/* -1: as it is */
	enum wait_for	   wait;
	int64_t		   target;
	int64_t		   timeout_ms;
};

/* Pure.  ERR_MALFORMED with what was expected in the trail. */
MUST_CHECK enum err order_parse(struct cur line, struct order *ret);

#endif
