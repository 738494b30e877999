/* SPDX-License-Identifier: EUPL-1.2 */
/* DigestInfo, what RSASSA-PKCS1-v1_5 pads and signs (RFC 8017 section 9.2). */
#ifndef DEZI_ISO7816_DIGESTINFO_H
#define DEZI_ISO7816_DIGESTINFO_H

#include "base/buf.h"

/* Append the DigestInfo of a SHA-256, -384 or -512 hash, known by its length.
 * ERR_UNSUPPORTED for any other length. */
MUST_CHECK enum err digestinfo_put(struct buf *b, struct cur hash);

/* The hash in a DigestInfo that digestinfo_put() made; false for anything else. */
bool digestinfo_hash(struct cur info, struct cur *ret);

/*
 * The block of k bytes that RSASSA-PKCS1-v1_5 signs (RFC 8017 section 9.2, EM), appended.
 * ERR_UNSUPPORTED: the block is too short for it.
 */
MUST_CHECK enum err digestinfo_pad(struct cur info, size_t k, struct buf *ret);

#endif
