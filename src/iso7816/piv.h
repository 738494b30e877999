/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The data objects of a PIV card (SP 800-73-5 part 1, section 3 and appendix A), and the
 * replies to GENERAL AUTHENTICATE.  Pure.
 *
 * Tags are single bytes here, whatever their bits say: 70, 7E, FE, 3E are no templates
 * and have no second byte.  Where an object may be cut off, its beginning is enough.
 */
#ifndef DEZI_ISO7816_PIV_H
#define DEZI_ISO7816_PIV_H

#include "base/buf.h"

#define PIV_GUID	16	/* bytes */
#define PIV_RETIRED	20	/* keys */

/* Split one off the front.  False, and nothing changes, if there is no whole one. */
bool piv_take(struct cur *in, uint8_t *ret_tag, struct cur *ret_value);

/* Does the reply to SELECT tell of this application?  Both AID and PIX alone occur. */
bool piv_is_template(struct cur apt);

/* Is there anything in the object?  "53 00" and an empty certificate are nothing. */
bool piv_is_present(struct cur object);
/* The size of the whole object by its first bytes; 0: it is none. */
size_t piv_size(struct cur object);

/*
 * Append the certificate, DER, inflated where the card keeps it compressed: by its first
 * bytes, since CertInfo is often wrong.
 *	ERR_NOT_FOUND (bare)	there is none
 *	ERR_MALFORMED		it cannot be read; ret is not to be used
 *	ERR_LIMIT, ERR_NOMEM	ret is full
 */
MUST_CHECK enum err piv_cert(struct cur object, struct buf *ret);

/* The card's own number in its CHUID.  False: none, or all zero. */
bool piv_guid(struct cur chuid, uint8_t ret[PIV_GUID]);

/* Is the global PIN the one that the person has?  Anything odd is no (vector 38). */
bool piv_global_pin(struct cur discovery);

/* Retired keys with their certificate on the card, 0 to 20, from slot 82 up. */
unsigned piv_retired(struct cur history);

/*
 * The response in a dynamic authentication template: 7C { 82 }, and not a byte more.
 * False: something else (vector 43).
 */
bool piv_response(struct cur reply, struct cur *ret);

/* Of GET METADATA for a PIN: tries that are left.  False: it does not say. */
bool piv_tries_left(struct cur metadata, unsigned *ret);
/* Of the same: is it still the value that all tokens come with? */
bool piv_is_default(struct cur metadata);

/* Of GET METADATA for a key (piv.md section 7). */
enum piv_pin_policy { PIV_PIN_DEFAULT, PIV_PIN_NEVER, PIV_PIN_ONCE, PIV_PIN_ALWAYS,
	PIV_MATCH_ONCE, PIV_MATCH_ALWAYS };
enum piv_touch_policy { PIV_TOUCH_DEFAULT, PIV_TOUCH_NEVER, PIV_TOUCH_ALWAYS,
	PIV_TOUCH_CACHED };
/* As the numbers say, which may be others.  False: it does not say. */
bool piv_policies(struct cur metadata, uint8_t *ret_pin, uint8_t *ret_touch);
/* The modulus or point of the key, as far as it is there: metadata may be cut off. */
bool piv_public_key(struct cur metadata, struct cur *ret);

#endif
