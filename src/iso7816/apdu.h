/* SPDX-License-Identifier: EUPL-1.2 */
/* A command as ISO 7816-4 writes it: short form, the four cases. */
#ifndef DEZI_ISO7816_APDU_H
#define DEZI_ISO7816_APDU_H

#include "base/buf.h"

#define APDU_DATA_MAX	255	/* bytes of data in a short command */
#define APDU_LE_MAX	256	/* bytes of data in a short reply */
#define APDU_SHORT_MAX	(5 + APDU_DATA_MAX + 1)
#define APDU_REPLY_MAX	(APDU_LE_MAX + 2)

struct apdu {
	uint8_t	   cla, ins, p1, p2;
	struct cur data;
	unsigned   le;		/* 0: no data is expected; else 1 to APDU_LE_MAX */
	bool	   secret;	/* data is a PIN: sent once, never shown */
};

/*
 * Append the bytes of the command.  t0: the card speaks T=0, where a command with
 * data goes without Le and the card answers 61xx.  ERR_LIMIT when it is too long.
 */
MUST_CHECK enum err apdu_encode(const struct apdu *a, bool t0, struct buf *ret);

/* Split a reply; false when it is shorter than a status word. */
bool apdu_reply(struct cur reply, struct cur *ret_data, unsigned *ret_sw);

#endif
