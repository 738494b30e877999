/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Which kind of key an X.509 certificate is about: all that a driver wants to know of
 * it, for cards that do not say it themselves (SP 800-73 part 1, appendix C.1).  Pure.
 */
#ifndef DEZI_ISO7816_SPKI_H
#define DEZI_ISO7816_SPKI_H

#include "base/cur.h"

enum spki_kind {
	SPKI_UNKNOWN,		/* nothing was read */
	SPKI_OTHER,		/* a key that cannot be used here */
	SPKI_RSA,		/* of 1024, 2048, 3072 or 4096 bits, exponent odd and above 1 */
	SPKI_EC,		/* P-256 or P-384, by name */
	SPKI_ED25519,
	SPKI_X25519,
};

struct spki {
	enum spki_kind kind;
	unsigned bits;		/* of the modulus or the field; 0: SPKI_OTHER */
};

/*
 * From a whole certificate.  False: it is none, or not alone.  Its signature, names and
 * dates are not looked at; the key's numbers are not checked either (vector 40).
 */
bool spki_read(struct cur cert, struct spki *ret);

/* The modulus, without zeros in front, or the point, of a key of one of these kinds. */
bool spki_number(struct cur cert, struct cur *ret);

/*
 * The same of a public key by itself, as cards keep it: SubjectPublicKeyInfo,
 * RSAPublicKey, or the point in an OCTET STRING; bytes behind it are filling.
 */
bool spki_public(struct cur key, struct cur *ret);

#endif
