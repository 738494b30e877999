/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A card in the hands of a program that shares it with others for a long time: the
 * PKCS #11 module, the PIN commands of dezi.  What a PIN opened stays open between the
 * calls until card_logout(); no other program's card is reset, but where that is asked
 * for in so many words.
 */
#ifndef DEZI_CARD_SESSION_H
#define DEZI_CARD_SESSION_H

#include "card/card.h"

#define CARD_AUTHORITIES_MAX	32

struct card_authority {
	uint8_t	 id[64];		/* the card's iD, binary */
	size_t	 id_len;
	char	 label[64];		/* safe text */
	unsigned slot;			/* the driver's own */
};

enum card_secret { CARD_PIN, CARD_PUK };

struct card_contents {
	/* Type, bits and algs of some may be known only after card_read_cert(), whether
	 * some are there only after card_settle(). */
	struct card_key keys[CARD_KEYS_MAX];
	size_t	 n_keys;
	/* Not before card_list_authorities(), unless the cache had them. */
	bool	 listed;
	struct card_authority authorities[CARD_AUTHORITIES_MAX];
	size_t	 n_authorities;
	/* The key that logs in, whose PIN is the person's; NULL: no key can be used. */
	const struct card_key *login;
	/* Its certificate, if the cache had it or it was read along; else empty. */
	struct buf cert;
	struct pin_rules rules;		/* for that PIN */
	struct pin_state pin;
	bool	 has_puk;
	struct pin_rules puk_rules;
	/* Can they be typed, and changed, on the reader's keypad? */
	bool	 keypad, keypad_change, keypad_new, puk_keypad, puk_keypad_change;
};
void card_contents_free(struct card_contents *v);

/*
 * What is on the card, in one transaction; no certificate is asked for.  Errors and cache as
 * card_look().  ret holds pointers into itself: it is not to be copied.
 */
MUST_CHECK enum err card_inspect(struct card *c, struct card_cache *cache,
    struct card_contents *ret);

/* Find out which of the keys that are KEY_UNSURE are there.  Nothing is sent for none. */
MUST_CHECK enum err card_settle(struct card *c, struct card_contents *v);

/* Which authorities the card knows.  Nothing is sent when they are listed. */
MUST_CHECK enum err card_list_authorities(struct card *c, struct card_contents *v);

const char *card_title(const struct card *c);	/* what people call this kind of card */
const char *card_maker(const struct card *c);	/* of it or its applet; "": not known */

/*
 * The certificate of a key or an authority of an inspected card, appended; key is
 * brought up to date with what it teaches.
 *	ERR_NO_CERT	it is listed, but not there
 */
MUST_CHECK enum err card_read_cert(struct card *c, struct card_key *key,
    struct buf *ret_der);
MUST_CHECK enum err card_read_authority(struct card *c, const struct card_authority *a,
    struct buf *ret_der);

/*
 * What the cache had of this card was not true: it is dropped, and nothing of the card is
 * kept until it is inserted again.
 */
void card_doubt(struct card *c);

/*
 * Select, compare the serial, verify the PIN, all in one transaction, and leave the card
 * open.  Errors, and pin == NULL, as card_sign_once(); the last try is not refused here.
 */
MUST_CHECK enum err card_verify(struct card *c, const struct card_key *key,
    const struct secret *pin, struct pin_state *ret_pin);
/*
 * The same, and keep the transaction: nobody else comes before card_release().  key lives
 * until then.
 */
MUST_CHECK enum err card_hold(struct card *c, const struct card_key *key,
    const struct secret *pin, struct pin_state *ret_pin);
/*
 * When the use of the key did not come, or is not what makes the card ask again, the next
 * program could use it: the card is told to forget the PIN, if it has a command for that.
 * Then the key is returned, else NULL.
 */
const struct card_key *card_release(struct card *c);
bool card_is_held(const struct card *c);

/*
 * Sign or decipher with what an earlier verify opened.  alg is one of the key's, or
 * KEY_ALG_RSA_PKCS1 where the key has KEY_ALG_RSA_RAW: then it is padded here.  When
 * another program selected something else meanwhile, ours is selected again, once.
 *	ERR_NOT_LOGGED_IN	the card forgot the PIN
 *	ERR_MALFORMED		the block is refused (decipher)
 */
MUST_CHECK enum err card_use(struct card *c, const struct card_key *key, enum key_alg alg,
    struct cur input, struct buf *ret);

/*
 * Forget the PIN.  ERR_NOT_FOUND (bare): the card has no command for it; with reset the
 * card is reset instead, for every program.
 */
MUST_CHECK enum err card_logout(struct card *c, const struct card_key *key, bool reset);

/* Has the card's profile a command for that? */
bool card_has_logout(const struct card *c);

/*
 * PUK of the key's PIN; as card_verify().  ERR_UNSUPPORTED: none is known.
 *
 * Some cards prove the PUK only by unblocking.  Then it is not sent yet, but kept: from
 * here to the next card_unblock(), card_verify(), card_hold(), card_logout() or the end
 * of c, in memory that is wiped.  Its owner locks it (base/secret.h).
 */
MUST_CHECK enum err card_verify_puk(struct card *c, const struct card_key *key,
    const struct secret *puk, struct pin_state *ret_puk);

/*
 * Change PIN or PUK.  open: the PIN was verified and stays so.  old == NULL, and new: both
 * are typed on the reader, and whether the card is open then is the card's own decision.
 *	ERR_MISMATCH	(on the reader) two entries of the new one differ
 *	ERR_PIN_LENGTH	one of the two cannot be right: nothing was sent
 *	ERR_PIN_WRONG, ERR_PIN_BLOCKED	about the old one
 *	ERR_PIN_REFUSED	the card does not want the new one
 */
MUST_CHECK enum err card_change(struct card *c, const struct card_key *key,
    enum card_secret which, bool open, const struct secret *old, const struct secret *new,
    struct pin_state *ret_pin);
/*
 * A new PIN and new tries; only after card_verify_puk().  NULL: it is typed on the reader,
 * where keypad_new says that it can be.
 *	ERR_NOT_LOGGED_IN
 *	ERR_PIN_WRONG, ERR_PIN_BLOCKED	about the PUK that was kept
 */
MUST_CHECK enum err card_unblock(struct card *c, const struct card_key *key,
    const struct secret *new, struct pin_state *ret_puk);

#endif
