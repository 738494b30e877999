/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a kind of card must do.  src/card calls these, always inside a transaction,
 * always with checked arguments, never from two threads at once.  A driver
 *   - knows bytes and its card; it knows no PKCS#11, no JSON, no X.509, no sockets,
 *     no configuration but its profile, no user, and does not log;
 *   - keeps nothing of ch, pin, input or any ret_ buffer after it returns;
 *   - writes ret_ arguments only on ERR_OK (pin_state: also on ERR_PIN_*);
 *   - may assume no state in the card from one call to the next, but that select()
 *     was called first in each transaction.
 */
#ifndef DEZI_CARD_DRIVER_H
#define DEZI_CARD_DRIVER_H

#include "card/card.h"
#include "card/channel.h"
#include "card/profile.h"
#include "card/session.h"

struct driver {
	const char *name;	/* "pkcs15"; also the key in profiles */
	const char *alias;	/* what older profiles call it, or NULL */

	/*
	 * What is kept of one card, from before the first command to it; p outlives it.
	 * *ret_state is the driver's own; it comes back in close().  No I/O.
	 */
	enum err (*open)(const struct profile *p, void **ret_state);
	void	 (*close)(void *state);		/* no I/O; NULL is fine */
	/*
	 * Select the application.  ERR_OK, ERR_NOT_MINE (an answer), ERR_VENDOR_LOCKED,
	 * or trouble (ERR_IO, ERR_REMOVED ...), which is never turned into ERR_NOT_MINE.
	 */
	enum err (*select)(void *state, struct channel *ch);
	/* The card's serial, binary, appended.  ERR_NOT_FOUND: it has none. */
	enum err (*serial)(void *state, struct channel *ch, struct buf *ret);
	/* Fill at most max keys, *ret_n of them.  The order is stable per card.  Some may
	 * be KEY_UNSURE: then there is settle(). */
	enum err (*keys)(void *state, struct channel *ch, struct card_key *ret,
	    size_t max, size_t *ret_n);
	/* Append the certificate of key, DER.  ERR_NOT_FOUND if none. */
	enum err (*cert)(void *state, struct channel *ch, const struct card_key *key,
	    struct buf *ret_der);
	/*
	 * What keys() and cert() learnt, as bytes, and back (no I/O), so that a later
	 * login needs fewer commands.  A restored state is used only after current()
	 * read enough from the card to say that it, and cert, are what is there now.
	 * It is saved together with the certificate of key.  ERR_NOT_FOUND: current()
	 * could not prove that one.
	 */
	enum err (*save)(void *state, const struct card_key *key, struct buf *ret);
	enum err (*restore)(void *state, struct cur saved, struct card_key *ret,
	    size_t max, size_t *ret_n);
	enum err (*current)(void *state, struct channel *ch, const struct card_key *key,
	    struct cur cert, bool *ret);
	/* No I/O.  ERR_NOT_FOUND: no PIN is known for the key. */
	enum err (*pin_rules)(void *state, const struct card_key *key,
	    struct pin_rules *ret);
	/* ERR_NOT_FOUND: cannot be read without spending a try. */
	enum err (*tries)(void *state, struct channel *ch, const struct card_key *key,
	    struct pin_state *ret);
	/*
	 * ERR_PIN_*; ERR_PIN_LENGTH only before anything was sent.
	 * pin == NULL: it is typed on the reader.  The driver sends the same command through
	 * channel_pad(), without data, with the rules that pin_rules() gives (block and pad
	 * say how the PIN stands in it), and passes on what that returns; the status word
	 * means what it always means.  So do puk_verify() and change().
	 */
	enum err (*verify)(void *state, struct channel *ch, const struct card_key *key,
	    const struct secret *pin, struct pin_state *ret);
	/* Append the raw signature of input, which is what alg, one of the key's, says.
	 * ERR_NOT_LOGGED_IN: the card wants the PIN first, or refuses to use the key. */
	enum err (*sign)(void *state, struct channel *ch, const struct card_key *key,
	    enum key_alg alg, struct cur input, struct buf *ret_sig);
	/* Forget the PIN.  ERR_NOT_FOUND: the card has no command for it. */
	enum err (*logout)(void *state, struct channel *ch, const struct card_key *key);

	/*
	 * For programs that use more of a card than one login does.  Each may be NULL:
	 * the card, or the driver, cannot do it.
	 */
	/* The certificates of authorities, without reading them; what was learnt is
	 * part of save() from then on. */
	enum err (*authorities)(void *state, struct channel *ch, struct card_authority *ret,
	    size_t max, size_t *ret_n);
	/* No I/O: authorities() would send nothing. */
	bool	 (*knows_authorities)(void *state);
	/* Append the certificate, DER.  ERR_NOT_FOUND if none. */
	enum err (*authority)(void *state, struct channel *ch, const struct card_authority *a,
	    struct buf *ret_der);
	/* No I/O: keys() read the certificate along, and cert() has it at hand. */
	bool	 (*has_read)(void *state, const struct card_key *key);
	/* Which of the keys that keys() was unsure of are there, and which are not. */
	enum err (*settle)(void *state, struct channel *ch, struct card_key *keys, size_t n);
	/* What cert() taught of a key whose type was not known: type, bits, algs. */
	void	 (*update)(void *state, struct card_key *key);
	/*
	 * Append what alg (KEY_ALG_RSA_DECRYPT, KEY_ALG_RSA_DECRYPT_RAW, KEY_ALG_ECDH), one
	 * of the key's, makes of an RSA block or of the other's point.
	 * ERR_MALFORMED: the card does not accept it; ERR_NOT_LOGGED_IN as sign().
	 */
	enum err (*decipher)(void *state, struct channel *ch, const struct card_key *key,
	    enum key_alg alg, struct cur block, struct buf *ret);
	/* Append what the maker of the card says of the key, and the certificate of the
	 * device that signed it, DER.  Only with a profile that says that the card attests.
	 * ERR_NOT_FOUND: it says nothing. */
	enum err (*attest)(void *state, struct channel *ch, const struct card_key *key,
	    struct buf *ret_statement, struct buf *ret_device);
	/* The PUK that unblocks the key's PIN, as pin_rules(), tries() and verify(). */
	enum err (*puk_rules)(void *state, const struct card_key *key, struct pin_rules *ret);
	enum err (*puk_tries)(void *state, struct channel *ch, const struct card_key *key,
	    struct pin_state *ret);
	enum err (*puk_verify)(void *state, struct channel *ch, const struct card_key *key,
	    const struct secret *puk, struct pin_state *ret);
	/* A new PIN or PUK in place of the old one.  What verify() proved may be lost.
	 * old == NULL, and new: both are typed on the reader (PAD_CHANGE). */
	enum err (*change)(void *state, struct channel *ch, const struct card_key *key,
	    enum card_secret which, const struct secret *old, const struct secret *new,
	    struct pin_state *ret);
	/*
	 * A new PIN, tries restored; after puk_verify(), with puk NULL.  A card that only
	 * proves the PUK by unblocking has no puk_verify(), and takes it here; ret is then
	 * about the PUK.  ERR_NOT_LOGGED_IN, ERR_PIN_*
	 * new == NULL: typed on the reader (PAD_NEW); where the driver has no puk_verify(),
	 * PUK and new PIN are (PAD_CHANGE), and puk is NULL too.
	 */
	enum err (*unblock)(void *state, struct channel *ch, const struct card_key *key,
	    const struct secret *puk, const struct secret *new, struct pin_state *ret);
};

#endif
