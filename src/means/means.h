/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A login means: something in a reader that holds a person's authentication key and
 * knows the PIN.  native.c is our own card stack, module.c a vendor's PKCS#11 library.
 *
 * A means signs bytes, never a digest from outside: there is no verb for that.
 */
#ifndef DEZI_MEANS_MEANS_H
#define DEZI_MEANS_MEANS_H

#include "base/buf.h"
#include "base/secret.h"
#include "card/card.h"		/* struct pin_state */

enum means_alg { MEANS_RS256, MEANS_PS256, MEANS_ES256, MEANS_ES384 };

/* What was found in one reader, before any PIN. */
struct means_view {
	char	 reader[CARD_READER_MAX];
	uint32_t event_counter;		/* of the reader, when the card was looked at */
	char	 driver[16];
	char	 serial[CARD_SERIAL_MAX];	/* hex; names the card, not the person */
	struct buf cert;		/* the authentication certificate, DER */
	enum means_alg alg;
	struct pin_state pin;		/* tries, as far as known for nothing */
	size_t	 pin_min, pin_max;	/* bytes a PIN can have */
	bool	 pin_digits_only;
	bool	 pinpad;		/* typed on the reader: sign() is given an empty one */
	bool	 touch;			/* a person touches the token for the signature */
	bool	 keyboard;		/* with pinpad: or here, as the person wants */
};
void means_view_free(struct means_view *v);

struct means;

struct means_ops {
	const char *name;		/* "native"; goes into the evidence */
	bool one_transaction;
	/*
	 * Recognise the card and find its authentication certificate and PIN.  One
	 * transaction, closed before it returns.  Fills *ret only on ERR_OK.
	 *	ERR_NO_CARD, ERR_REMOVED, ERR_CARD_UNKNOWN, ERR_VENDOR_LOCKED,
	 *	ERR_NO_CERT, ERR_CARD_BUSY, ERR_CARD_RESET, ERR_IO, ERR_CARD
	 */
	enum err (*look)(struct means *m, struct means_view *ret);
	/*
	 * Verify the PIN, sign tbs with the key of the certificate that look() gave,
	 * forget the PIN.  An empty one, where the view says pinpad: a person types it on
	 * the reader, and this waits (ERR_CANCELLED, ERR_TIMEOUT: it was not typed;
	 * ERR_UNSUPPORTED: the keypad does not work).  Compares the card first:
	 * ERR_CARD_CHANGED costs no try.
	 * The event counter is the same before VERIFY and after the signature, else
	 * ERR_CARD_CHANGED.  ret_sig is in JWS form (ECDSA as r and s).
	 *	ERR_PIN_WRONG	ret_pin->tries says how many remain
	 *	ERR_PIN_BLOCKED, ERR_PIN_LAST_TRY (only one is left and allow_last is
	 *	false), ERR_PIN_LENGTH (nothing was sent), ERR_CARD_INACTIVE,
	 *	ERR_NOT_TOUCHED, and those of look()
	 */
	enum err (*sign)(struct means *m, const struct means_view *v,
	    const struct secret *pin, bool allow_last, struct cur tbs,
	    struct buf *ret_sig, struct pin_state *ret_pin);
	/*
	 * After sign(): the signature does not fit the certificate.  What is kept of the
	 * card may be why: it is forgotten.  NULL: this means keeps nothing.
	 */
	void (*doubt)(struct means *m, const struct means_view *v);
	/*
	 * After look(): what the maker says of the key (card_attest()).  NULL: this means
	 * has no such thing.
	 *	ERR_NOT_FOUND (bare)	nor has the card
	 */
	enum err (*attest)(struct means *m, const struct means_view *v,
	    struct buf *ret_statement, struct buf *ret_device);
	void	 (*close)(struct means *m);
};

struct means {
	const struct means_ops *ops;
	void	*state;			/* the implementation's own */
};

void means_close(struct means **m);

#endif
