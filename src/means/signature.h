/* SPDX-License-Identifier: EUPL-1.2 */
/* What a card gives for a signature, made what JWS wants (RFC 7518 sections 3.3, 3.4). */
#ifndef DEZI_MEANS_SIGNATURE_H
#define DEZI_MEANS_SIGNATURE_H

#include "base/buf.h"

/*
 * RSA with a modulus of k bytes: filled with zeros on the left when the card dropped
 * them, without the one zero that some put in front.  ERR_CARD for another length.
 */
MUST_CHECK enum err signature_rsa(struct cur sig, size_t k, struct buf *ret);

/*
 * ECDSA with integers of n bytes: r and s side by side, given like that or as DER.
 * ERR_CARD for zero, negative, padded or too long integers and for trailing bytes.
 */
MUST_CHECK enum err signature_ecdsa(struct cur sig, size_t n, struct buf *ret);

#endif
