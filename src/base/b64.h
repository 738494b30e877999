/* SPDX-License-Identifier: EUPL-1.2 */
/* base64url without padding (RFC 7515 section 2), base64 (RFC 4648) and hex. */
#ifndef DEZI_BASE_B64_H
#define DEZI_BASE_B64_H

#include "base/buf.h"

/* Characters that n bytes become, without padding. */
#define B64URL_LEN(n)	(((n) * 4 + 2) / 3)

void b64url_put(struct buf *b, struct cur in);
/*
 * Strict: no padding, no other character, no spare bits set, so that every byte
 * string has one spelling.  ERR_MALFORMED, ERR_LIMIT, ERR_NOMEM.
 */
MUST_CHECK enum err b64url_get(struct cur in, struct buf *ret);

void b64_put(struct buf *b, struct cur in);	/* with padding, no line ends */
/* Strict as above, with padding.  (x5c, RFC 7515 section 4.1.6) */
MUST_CHECK enum err b64_get(struct cur in, struct buf *ret);

void hex_put(struct buf *b, struct cur in);	/* upper case, no spaces */
/* Upper and lower case, single spaces between bytes allowed.  ERR_MALFORMED. */
MUST_CHECK enum err hex_get(struct cur in, struct buf *ret);

#endif
