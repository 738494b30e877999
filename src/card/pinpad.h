/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The keypad of a reader (PC/SC part 10): what it is told, byte by byte, and what its
 * answers mean.  Pure; channel_pad() sends it.
 *
 * A keypad is used only where a file names the reader (card/keypads.h), the PIN has a form
 * that a reader can make, and the lengths that the card takes are the keypad's too.
 */
#ifndef DEZI_CARD_PINPAD_H
#define DEZI_CARD_PINPAD_H

#include "base/buf.h"
#include "card/card.h"
#include "card/feature.h"
#include "iso7816/apdu.h"

#define PAD_BLOCK_MAX	15	/* bytes: the size has four bits */
#define PAD_SECONDS	30	/* in which the first key must be pressed */
#define PAD_MS		180000	/* longer than any driver waits (90 s, pcsc.md section 8) */

/* One kind of reader, as a file describes it.  Zeroed: what part 10 asks for. */
struct keypad {
	bool	 absent;		/* it claims a keypad and has none, or a bad one */
	bool	 no_change;		/* it cannot change PINs */
	bool	 variable;		/* it can put a PIN behind a command that has no data */
	bool	 swapped;		/* lengths: the minimum comes first */
	bool	 has_messages;		/* bNumberMessage is as below, not by its display */
	uint8_t	 messages, change_messages;
	uint8_t	 validation;		/* bEntryValidationCondition; 0: the key */
	uint16_t vendor, product;	/* of USB; 0: not known by that */
	char	 part[64];		/* of its name; "": not known by that */
};

/* One PIN; the old one, and the new one twice; the new one twice. */
enum pad_use { PAD_VERIFY, PAD_CHANGE, PAD_NEW };

/* How the keypad is asked: one control code, or one to begin and one to wait. */
struct pad_codes {
	uint32_t begin;
	uint32_t finish;		/* 0: begin answers */
};
/* DIRECT comes first.  False: the reader has neither. */
bool pad_codes(const struct features *f, enum pad_use use, struct pad_codes *ret);

/* Can this keypad make such a PIN?  k may be NULL: a reader that no file names. */
bool pad_can(const struct features *f, const struct keypad *k, enum pad_use use,
    const struct pin_rules *rules);

/*
 * Append PIN_VERIFY_STRUCTURE or PIN_MODIFY_STRUCTURE for a command (class, instruction,
 * parameters; no data: its data is made of padding).  pad_can() said yes.
 */
MUST_CHECK enum err pad_put(struct buf *ret, const struct features *f,
    const struct keypad *k, enum pad_use use, const struct apdu *a,
    const struct pin_rules *rules);

/*
 * What the keypad answered.  ERR_OK: *ret_sw is the card's word.
 *	ERR_CANCELLED, ERR_TIMEOUT	by the person: nothing reached the card
 *	ERR_MISMATCH	two entries of the new PIN differ: the same
 *	ERR_PIN_LENGTH	the same
 *	ERR_UNSUPPORTED	the reader cannot do this: the same
 *	ERR_CARD	no answer at all, and perhaps what somebody typed: nobody knows
 *			what the card was told (vector 71)
 */
MUST_CHECK enum err pad_result(struct cur reply, unsigned *ret_sw);

#endif
