/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the rest of the house may ask of a card (DESIGN section 6).
 *
 * Nothing here keeps a transaction open between two calls, never resets a card under
 * another program but after a PIN of our own, and never spends a PIN try unasked.
 */
#ifndef DEZI_CARD_CARD_H
#define DEZI_CARD_CARD_H

#include "base/buf.h"
#include "base/secret.h"

#define CARD_READER_MAX	128	/* PC/SC MAX_READERNAME, with NUL */
#define CARD_SERIAL_MAX	65	/* 32 bytes in hex, with NUL */
#define CARD_ATR_MAX	33
#define CARD_KEYS_MAX	64

enum key_usage { KEY_AUTHENTICATION, KEY_SIGNATURE, KEY_CONFIDENTIALITY, KEY_OTHER };
enum key_type {
	KEY_RSA,
	KEY_EC,
	KEY_EDWARDS,		/* Ed25519 */
	KEY_MONTGOMERY,		/* X25519 */
	KEY_UNKNOWN,		/* until its certificate is read (card/session.h) */
};

/* Bits: what the driver can do with the key. */
enum key_alg {
	KEY_ALG_RSA_PKCS1 = 1,	/* input: DigestInfo */
	KEY_ALG_RSA_RAW = 2,	/* input: a whole block */
	KEY_ALG_ECDSA = 4,	/* input: a hash; output: r and s, each as long as the field */
	KEY_ALG_RSA_DECRYPT = 8,	/* the card takes the PKCS #1 padding off */
	KEY_ALG_ECDH = 16,	/* input: the other's point; output: the shared x */
	KEY_ALG_RSA_DECRYPT_RAW = 32,	/* output: the whole block */
	KEY_ALG_EDDSA = 64,	/* input: the message */
};

/* Some cards have places for keys, and whether one holds a key costs a command. */
enum key_presence { KEY_PRESENT, KEY_UNSURE, KEY_ABSENT };

/* The neutral model: not PKCS#15, not PKCS#11. */
struct card_key {
	enum key_presence presence;
	uint8_t	 id[64];		/* the card's iD, binary */
	size_t	 id_len;
	char	 label[64];		/* safe text */
	enum key_type type;
	enum key_usage usage;		/* declared; the certificate decides */
	unsigned bits;			/* as the card declares; 0: unknown */
	unsigned algs;			/* of enum key_alg */
	bool	 always_auth;		/* PIN before each operation (userConsent 1) */
	bool	 touch;			/* a person touches the token for each use, or it refuses */
	bool	 no_pin;		/* anyone may use it: it says nothing of a person */
	uint8_t	 pin_ref;
	bool	 has_cert;
	unsigned slot;			/* the driver's own: index of this key */
};

struct pin_state {
	int	 tries;			/* left; -1: not known */
	bool	 blocked;
	/* tries == 1; or it is not known and two PINs sent by us were wrong. */
	bool	 last_try;
	bool	 must_change;		/* it is still the one that every such card comes with */
};

struct pin_rules {
	size_t	 min, max;		/* bytes */
	bool	 digits_only;
	uint8_t	 ref;
	size_t	 block;			/* bytes it is padded to in a command; 0: as it is */
	uint8_t	 pad;			/* ... with this */
	bool	 coded;			/* not as text: no keypad can be told how */
};

struct reader;			/* card/reader.h */
struct driver;			/* card/driver.h */
struct profile;			/* card/profile.h */
struct card;

/*
 * Take the card in reader: drivers is a NULL-terminated table, profiles the loaded
 * profile files, also NULL-terminated.  Nothing is sent: the first look recognises the
 * card, and begins for that with one SELECT per application of the profiles that name
 * the ATR, or else of those that may be tried.  reader, drivers and profiles stay the
 * caller's and must outlive the card.
 *	ERR_CARD_UNKNOWN	there is no profile to try
 */
MUST_CHECK enum err card_open(struct reader *reader, const struct driver *const *drivers,
    const struct profile *const *profiles, struct card **ret);
void card_close(struct card **c);

struct card_cache;		/* card/cache.h; may be NULL; it must outlive the card */
/*
 * Recognise the card and do no more; nothing is sent when one profile names the ATR.  As
 * what, others learn from the cache, as this one may.
 *	ERR_CARD_UNKNOWN, ERR_VENDOR_LOCKED, ERR_REMOVED, ERR_CARD_BUSY, ERR_IO, ...
 */
MUST_CHECK enum err card_probe(struct card *c, struct card_cache *cache);

/* Both are "" before the card is recognised. */
const char *card_driver(const struct card *c);	/* as evidence names it: "uzi" */
const char *card_profile_name(const struct card *c);
const char *card_serial(const struct card *c);	/* hex, "" when the card has none */

/*
 * One look at the card, one transaction: keys, PIN rules, tries (if they can be read
 * for nothing) and the certificate of the authentication key.  The public part may
 * come from a cache (card/cache.h) when the card proves that it is unchanged.
 */
struct card_view {
	struct card_key key;		/* the authentication key */
	struct buf cert;		/* DER */
	struct pin_rules rules;
	struct pin_state pin;
	bool	from_cache;
	bool	keypad;			/* the PIN can be typed on the reader */
};
void card_view_free(struct card_view *v);

/* Is this the certificate (DER) that is looked for?  The card's own word is a hint. */
typedef bool card_suits_fn(void *arg, struct cur cert);

/*
 * The first key that may log in, for which suits (NULL: any) says yes to its
 * certificate.  Keys that the card declares for signatures (non-repudiation) are never
 * offered.  cache may be NULL; it must outlive the card.
 *	ERR_NO_CERT, ERR_CARD_UNKNOWN, ERR_VENDOR_LOCKED, ERR_CARD_CHANGED (since an
 *	earlier look), ERR_REMOVED, ERR_CARD_RESET, ERR_CARD_BUSY, ERR_IO, ERR_CARD
 */
MUST_CHECK enum err card_look(struct card *c, struct card_cache *cache,
    card_suits_fn *suits, void *arg, struct card_view *ret);

/* Tries without spending one; tries is -1 where the profile knows no free way. */
MUST_CHECK enum err card_tries(struct card *c, const struct card_key *key,
    struct pin_state *ret);

/*
 * What the maker of the card says of the key: a statement and the certificate of the
 * device that signed it, DER, appended.  Whether it is true is for cert/attest.h.  Of the
 * key that card_look() gave it is asked once: the card signs for it, and the cache has it
 * afterwards.  A card whose profile does not say that it attests is sent nothing.
 *	ERR_NOT_FOUND (bare)	nothing; most cards
 */
MUST_CHECK enum err card_attest(struct card *c, const struct card_key *key,
    struct buf *ret_statement, struct buf *ret_device);

/*
 * After a look (or card_keys).  In one transaction: select, compare the serial, verify
 * the PIN, sign, forget the PIN by the profile's command, or else by RESET when the
 * transaction ends.  input is what alg says (DigestInfo, block or hash).  ret_sig is
 * appended to.
 *	ERR_CARD_CHANGED	another card, or the card was out: no PIN was sent to it;
 *				or it was out in between: there is no signature
 *	ERR_PIN_LAST_TRY	one try is left and allow_last is false: nothing was sent
 *	ERR_PIN_LENGTH		a PIN of that length or alphabet: nothing was sent
 *	ERR_PIN_WRONG, ERR_PIN_BLOCKED	ret_pin says what remains
 * pin == NULL: it is typed on the reader's keypad, where the view says that it can be; the
 * transaction is open meanwhile.
 *	ERR_CANCELLED, ERR_TIMEOUT	by the person, on the reader: no try is lost
 *	ERR_UNSUPPORTED		the keypad does not work and is not used again
 *	ERR_CARD_INACTIVE	the PIN was right and the card refuses to sign
 *	ERR_NOT_TOUCHED		... because nobody touched it (key->touch)
 */
MUST_CHECK enum err card_sign_once(struct card *c, const struct card_key *key,
    enum key_alg alg, const struct secret *pin, bool allow_last, struct cur input,
    struct buf *ret_sig, struct pin_state *ret_pin);

#endif
