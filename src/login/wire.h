/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Between agent and worker, over a socket pair, in frames (base/frame.h).
 *
 *	agent -> worker		LOGIN		once, a struct login_request
 *				CHALLENGE	answer to NEED_CHALLENGE: the same
 *				REFUSED		answer to NEED_CHALLENGE: word
 *	worker -> agent		STEP		name of the step
 *				NEED_CHALLENGE	empty
 *				DONE		assertion, reader, event counter, serial,
 *						algorithm, commands sent to cards
 *				FAILED		word, tries left (-1: not known), trail
 *				HAND_OVER	module, reader, event counter: the card
 *						is one for a vendor's library
 *
 * End of file from the agent ends the worker at once.
 */
#ifndef DEZI_LOGIN_WIRE_H
#define DEZI_LOGIN_WIRE_H

#include "login/login.h"

enum wire_type {
	WIRE_LOGIN = 1, WIRE_CHALLENGE, WIRE_REFUSED,
	WIRE_STEP = 16, WIRE_NEED_CHALLENGE, WIRE_DONE, WIRE_FAILED, WIRE_HAND_OVER,
};

struct wire_failure {
	char	word[32];
	int	tries;			/* -1: not known */
	char	trail[768];
};

/* Which module of the configuration is to go on, and with which card. */
struct wire_hand_over {
	char	 module[64];
	char	 reader[CARD_READER_MAX];	/* "": its token is in none */
	uint32_t event_counter;
};

MUST_CHECK enum err wire_put_request(struct buf *b, const struct login_request *rq);
MUST_CHECK enum err wire_get_request(struct cur body, struct login_request *ret);
MUST_CHECK enum err wire_put_done(struct buf *b, const struct login_result *r);
MUST_CHECK enum err wire_get_done(struct cur body, struct login_result *ret);
MUST_CHECK enum err wire_put_failure(struct buf *b, enum err e, int tries,
    const char *trail);
MUST_CHECK enum err wire_get_failure(struct cur body, struct wire_failure *ret);
MUST_CHECK enum err wire_put_hand_over(struct buf *b, const struct wire_hand_over *h);
MUST_CHECK enum err wire_get_hand_over(struct cur body, struct wire_hand_over *ret);

#endif
