/* SPDX-License-Identifier: EUPL-1.2 */
/* A command as ISO 7816-4 writes it: short and extended form, the four cases. */
#ifndef DEZI_ISO7816_APDU_H
#define DEZI_ISO7816_APDU_H

#include "base/buf.h"

#define APDU_DATA_MAX	255	/* bytes of data in a short command */
#define APDU_LE_MAX	256	/* bytes of data in a short reply */
#define APDU_SHORT_MAX	(5 + APDU_DATA_MAX + 1)
/* In extended form more would be possible, and is not needed. */
#define APDU_LONG_DATA	2048
#define APDU_LONG_LE	4096
#define APDU_LONG_MAX	(7 + APDU_LONG_DATA + 2)
#define APDU_REPLY_MAX	(APDU_LONG_LE + 2)

enum apdu_form {
	APDU_SHORT,
	APDU_SHORT_T0,		/* a command with data goes without Le; the card answers 61xx */
	APDU_EXTENDED,
};

struct apdu {
	uint8_t	   cla, ins, p1, p2;
	struct cur data;
	unsigned   le;		/* 0: no data is expected; else 1 to APDU_LONG_LE */
	bool	   secret;	/* data is a PIN: sent once, never shown */
	bool	   head;	/* the first data is enough: what waits behind 61xx stays there */
};

/*
 * Append the bytes of the command.  An Le above APDU_LE_MAX is that in the short forms:
 * the rest comes by 61xx.  ERR_LIMIT when there is too much data for the form.
 */
MUST_CHECK enum err apdu_encode(const struct apdu *a, enum apdu_form form, struct buf *ret);

/* Does it need extended form, or to be sent and answered in parts? */
bool apdu_is_long(const struct apdu *a);

/* Split a reply; false when it is shorter than a status word. */
bool apdu_reply(struct cur reply, struct cur *ret_data, unsigned *ret_sw);

#endif
