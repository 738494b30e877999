/* SPDX-License-Identifier: EUPL-1.2 */
/* ECDSA signatures as cards give them: SEQUENCE { r INTEGER, s INTEGER } (RFC 3279). */
#ifndef DEZI_ISO7816_ECDSA_H
#define DEZI_ISO7816_ECDSA_H

#include "base/buf.h"

/*
 * Append r and s, n bytes each.  False, and nothing changes, for a number that is zero,
 * negative, padded or too long, and for trailing bytes (hostile-cards, vector 46).
 */
bool ecdsa_plain(struct cur der, size_t n, struct buf *ret);

#endif
