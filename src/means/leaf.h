/* SPDX-License-Identifier: EUPL-1.2 */
/* The certificate of a login key: is it one, and what is its key asked to sign? */
#ifndef DEZI_MEANS_LEAF_H
#define DEZI_MEANS_LEAF_H

#include "means/means.h"

/*
 * The algorithm is the key's, never somebody's wish.  *ret_width: bytes of its modulus,
 * or of one ECDSA integer.  ERR_NO_CERT: no certificate, or a key that is none of ours.
 */
MUST_CHECK enum err leaf_alg(struct cur der, enum means_alg *ret, size_t *ret_width);

/*
 * Is this the certificate for login?  The card's own word was a hint; digitalSignature
 * without nonRepudiation decides (DESIGN section 6 rule 4, T7).  A card_suits_fn.
 */
bool leaf_suits(void *arg, struct cur der);

/* What the key is asked to sign: DigestInfo for RSA, the bare hash for ECDSA. */
MUST_CHECK enum err leaf_input(enum means_alg alg, struct cur tbs, struct buf *ret);

/* The modulus of an RSA key, without zeros in front; nothing for another key. */
MUST_CHECK enum err leaf_modulus(struct cur der, struct buf *ret);

/* The first half of the certificate's SHA-256 in hex, for tokens that have no serial. */
MUST_CHECK enum err leaf_name(struct cur der, char *ret, size_t size);

#endif
