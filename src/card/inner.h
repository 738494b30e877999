/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What recognise.c (which card it is), card.c (one login), session.c (a program that stays
 * logged in) and newpin.c share.
 */
#ifndef DEZI_CARD_INNER_H
#define DEZI_CARD_INNER_H

#include "card/cache.h"
#include "card/driver.h"

#define CARD_WRONG_PINS	2	/* ours, while the card does not say how many are left */
#define SAVED_MAX	49152	/* bytes that a driver may want to be kept of a card */

struct card {
	struct reader *reader;
	const struct driver *const *drivers;
	const struct profile *const *profiles;
	/* NULL until the card is recognised. */
	const struct driver *driver;
	const struct profile *profile;
	void	*state;			/* the driver's */
	struct card_cache *cache;	/* of the last look; may be NULL */
	bool	 known;			/* the card was identified once */
	char	 serial[CARD_SERIAL_MAX];
	/* What the last look saw; cert is empty before it. */
	struct card_key key;
	struct buf cert;
	int	 tries_seen;		/* by the last query; -1: none */
	bool	 doubted;		/* nothing of it is kept */
	bool	 query_costs;		/* a query lowered the counter: not asked again */
	struct channel held;		/* open between card_hold() and card_release() */
	const struct card_key *held_for; /* the key whose PIN the card has still; or NULL */
	struct secret puk;		/* for the next card_unblock(); empty: none */
};

/*
 * Without a command, when the card is opened: where only one profile names the ATR, that
 * one is taken for granted.  ERR_CARD_UNKNOWN: there is none to be tried.
 */
MUST_CHECK enum err card_guess(struct card *c);
/*
 * Ask the card, or the cache, which profile it has; the transaction stays open, with its
 * application selected.
 *	ERR_CARD_UNKNOWN, ERR_VENDOR_LOCKED
 *	ERR_LIMIT	it costs too much before it is known
 */
MUST_CHECK enum err card_recognise(struct card *c, struct channel *ch);
/* channel_begin(), in the form of command that card and profile allow. */
MUST_CHECK enum err card_begin(struct card *c, struct channel *ch);
/* SELECT, on the logical channel of the profile. */
MUST_CHECK enum err card_select(struct card *c, struct channel *ch);
/*
 * Select, and make sure that it is the card of the earlier looks.  A card without a
 * serial is known by its certificate (T9; hostile-cards, vector 13).
 */
MUST_CHECK enum err card_identify(struct card *c, struct channel *ch);
/* Begin, and that; a card that is not recognised yet is, in the same transaction. */
MUST_CHECK enum err card_start(struct card *c, struct channel *ch);
/*
 * The same, before a PIN or PUK is sent: a card by which nothing can be told from another
 * gets none.
 */
MUST_CHECK enum err card_start_secret(struct card *c, struct channel *ch);
/*
 * Keys and the login certificate from the cache, if there is something, it suits, and
 * the card proves it.  ERR_NOT_FOUND: it must be read.
 */
MUST_CHECK enum err card_recall(struct card *c, struct channel *ch, card_suits_fn *suits,
    void *arg, struct card_key *keys, size_t max, size_t *ret_n, struct card_view *view);
/* The login certificate was seen: for later checks, and for the cache. */
void card_remember(struct card *c, const struct card_view *view);
/* What is known of the card into the cache, if the certificate that was remembered is
 * one that the driver can prove later; others may have been read since. */
void card_save(struct card *c);
/* Is there a key, where the driver is unsure? */
MUST_CHECK enum err card_settle_keys(struct card *c, struct channel *ch,
    struct card_key *keys, size_t n);
/* 0: not for login; never declared for signatures; what says it is for login is 2. */
int card_login_rank(const struct card_key *key);
/* The best of them; without one, any that can be used, for its PIN.  NULL: none. */
const struct card_key *card_login_key(const struct card_key *keys, size_t n);
/*
 * The tries, without spending one.  A query after which fewer are left, though no PIN
 * of ours was in between, may itself be what costs: it is not asked again.
 */
MUST_CHECK enum err card_read_tries(struct card *c, struct channel *ch,
    const struct card_key *key, struct pin_state *ret);
/* As card_use() has it; the transaction is the caller's. */
MUST_CHECK enum err card_sign(struct card *c, struct channel *ch, const struct card_key *key,
    enum key_alg alg, struct cur input, struct buf *ret);
/* ERR_PIN_BLOCKED, ERR_PIN_LAST_TRY (and the person did not agree to use it). */
MUST_CHECK enum err card_may_try(const struct pin_state *s, bool allow_last);
/* Has the card been out since the reader was opened? (T36) */
MUST_CHECK enum err card_check_events(struct card *c);
/*
 * How often we were wrong matters only where the card does not say what is left.  What is
 * sent counts from before that: a login that is cancelled ends the process.  What will be
 * typed on the reader (pin is NULL) may never be, and counts afterwards.
 */
unsigned card_pin_goes(struct card *c, const struct secret *pin);
void card_pin_went(struct card *c, const struct secret *pin, unsigned before,
    enum err verified);
/* ERR_PIN_LENGTH: nothing needs to be sent to know that this is not it.  pin may be
 * NULL: it will be typed on the reader. */
MUST_CHECK enum err card_pin_fits(struct card *c, const struct card_key *key,
    const struct secret *pin);

#endif
