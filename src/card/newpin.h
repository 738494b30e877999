/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A new PIN for a card, by the PIN so far or by the PUK.
 *
 * Each is one transaction: the card is recognised again, the tries are read again, the
 * secret is sent, and the card is closed behind it, by its log-out command or by RESET
 * (DESIGN section 6 rules 1 to 3).  Nothing is sent that cannot succeed.
 */
#ifndef DEZI_CARD_NEWPIN_H
#define DEZI_CARD_NEWPIN_H

#include "card/session.h"

enum pin_fault { PIN_FITS, PIN_SHORT, PIN_LONG, PIN_STRANGE };
/* Could this be a PIN (or PUK) under these rules?  PIN_STRANGE: not its alphabet. */
enum pin_fault pin_check(const struct pin_rules *rules, const struct secret *pin);

/* What a person should know before anything is typed. */
struct card_pins {
	struct card_key key;		/* the one that logs in: its PIN is the person's */
	struct pin_rules rules;
	struct pin_state pin;
	bool	 has_puk;
	struct pin_rules puk_rules;
	struct pin_state puk;
	bool	 can_change, can_unblock;
	bool	 keypad_change, keypad_unblock;	/* ... by typing all of it on the reader */
};

/*
 * Look, in one transaction; no try is spent.  cache may be NULL: then our own wrong PINs
 * are not counted.  Errors as card_look(), and
 *	ERR_UNSUPPORTED	no PIN is known for any key
 */
MUST_CHECK enum err card_pins(struct card *c, struct card_cache *cache, struct card_pins *ret);

struct card_newpin {
	/* Both NULL: a person types them on the reader, the new one twice. */
	const struct secret *proof;	/* the PIN so far, or the PUK */
	const struct secret *fresh;	/* the PIN from now on */
	bool	 allow_last;		/* the person agreed to use the last try */
	struct pin_state left;		/* answer: of what was the proof */
	bool	 in_doubt;		/* answer: contact was lost; it may have either PIN */
};

/*
 * After card_pins(), with its key.
 *	ERR_CARD_CHANGED	another card, or it was out: nothing was sent to it
 *	ERR_PIN_LENGTH		one of the two cannot be right: nothing was sent
 *	ERR_PIN_LAST_TRY	one try is left and allow_last is false: nothing was sent
 *	ERR_PIN_BLOCKED, ERR_PIN_WRONG	about the proof; n->left says what remains
 *	ERR_PIN_REFUSED		the card does not want the new PIN
 *	ERR_UNSUPPORTED		no way to do it is known, or the keypad cannot
 *	ERR_CANCELLED, ERR_TIMEOUT, ERR_MISMATCH	(on the reader) nothing was changed
 */
MUST_CHECK enum err card_change_once(struct card *c, const struct card_key *key,
    struct card_newpin *n);
MUST_CHECK enum err card_unblock_once(struct card *c, const struct card_key *key,
    struct card_newpin *n);

#endif
