/* SPDX-License-Identifier: EUPL-1.2 */
/* Command APDUs as the card takes them apart (ISO 7816-3: cases 1 to 4). */
#ifndef DEZI_VCARD_APDU_H
#define DEZI_VCARD_APDU_H

#include "base/cur.h"

struct command {
	uint8_t	   cla, ins, p1, p2;
	struct cur data;
	bool	   has_le;
	size_t	   le;		/* 1 to 256, or to 65536 */
	bool	   extended;
};

/* False: the lengths do not add up (6700). */
bool command_parse(struct cur in, struct command *ret);

/* What faults and counters tell apart; the words are those of the control socket. */
enum command_kind {
	KIND_ANY, KIND_SELECT, KIND_READ, KIND_GET_DATA, KIND_TRIES, KIND_VERIFY,
	KIND_CHANGE, KIND_UNBLOCK, KIND_MSE, KIND_SIGN, KIND_DECIPHER, KIND_AUTHENTICATE,
	KIND_CHALLENGE, KIND_PUBLIC_KEY, KIND_CHANNEL, KIND_GET_RESPONSE,
	KIND_VERSION, KIND_SERIAL, KIND_METADATA, KIND_ATTEST, KIND_OTHER,
	KINDS
};
enum command_kind command_kind(struct cur in);
const char *command_kind_word(enum command_kind kind);
/* False: no such word. */
bool command_kind_of(struct cur word, enum command_kind *ret);

#endif
