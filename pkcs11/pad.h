/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Padding of RSA blocks for cards that only know the bare operation (RFC 8017).  What
 * is taken off is looked at in a time that does not depend on it, but for the length of
 * the message that comes out: a difference would decipher for whoever measures it
 * (Bleichenbacher, Manger; CVE-2023-5992 in a peer).
 */
#ifndef DEZI_PKCS11_PAD_H
#define DEZI_PKCS11_PAD_H

#include "pkcs11/mech.h"

/*
 * EMSA-PSS-ENCODE (section 9.1.1) for a modulus of so many bits: the whole block, appended.
 * ERR_LIMIT: the modulus is too short for hash and salt.  ERR_CRYPTO
 */
MUST_CHECK enum err pad_pss(const struct mech_params *p, struct cur hash, unsigned bits,
    struct buf *ret);

/*
 * The message in a block as long as the modulus, appended.
 * ERR_MALFORMED: it is none of ours.  ERR_CRYPTO
 */
MUST_CHECK enum err unpad_pkcs1(struct cur block, struct buf *ret);	/* section 7.2.2 */
MUST_CHECK enum err unpad_oaep(const struct mech_params *p, struct cur block,
    struct buf *ret);							/* section 7.1.2 */

#endif
