/* SPDX-License-Identifier: EUPL-1.2 */
/* What challenge and assertion have in common: reading claims and judging texts. */
#ifndef DEZI_LOGIN_CLAIMS_H
#define DEZI_LOGIN_CLAIMS_H

#include "jose/json.h"
#include "jose/jws.h"

#define CLAIMS_VERSION	1

/*
 * Take a compact JWS apart and read its header, whose members are exactly the n given
 * and whose typ is typ.  ERR_LIMIT, ERR_MALFORMED, ERR_ALG, ERR_NOMEM.
 */
MUST_CHECK enum err claims_open(struct cur compact, const char *typ,
    const char *const *members, size_t n, struct jws_parts *ret_parts,
    struct jws_header *ret_header);

/* "v" is 1: ERR_VERSION, or ERR_MALFORMED when it is no number. */
MUST_CHECK enum err claims_version(const json_t *o);

/* A member of exactly n bytes in base64url.  ERR_MALFORMED. */
MUST_CHECK enum err claims_bytes(const json_t *o, const char *name, uint8_t *ret,
    size_t n);

/* Text of a member that may be absent, then "".  ERR_MALFORMED when empty or no text. */
MUST_CHECK enum err claims_optional(const json_t *o, const char *name, char *ret,
    size_t size);

/* A serialised origin as browsers state it (RFC 6454 section 6.2), https only. */
bool claims_is_origin(const char *s);
/* Visible ASCII, at least one: identifiers and URIs. */
bool claims_is_id(const char *s);
/* Text that a person may be shown as it is, at least one character (T30). */
bool claims_is_text(const char *s);
/* Dotted decimal, as "2.16.528.1.1007.99.211". */
bool claims_is_oid(const char *s);

#endif
