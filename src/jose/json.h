/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * JSON, strictly (RFC 8259): UTF-8, no duplicate members, at most JSON_DEPTH_MAX
 * deep, bounded by the caller's buffer.  The only header that shows jansson.
 */
#ifndef DEZI_JOSE_JSON_H
#define DEZI_JOSE_JSON_H

#include <jansson.h>

#include "base/buf.h"

#define JSON_DEPTH_MAX	16
#define JSON_BODY_MAX	65536

/* For AUTO(). */
static inline void
json_drop(json_t **j)
{
	json_decref(*j);
	*j = NULL;
}

/*
 * Parse one JSON object.  The depth is counted before jansson sees the text, so
 * that nesting costs no stack.  ERR_MALFORMED, ERR_LIMIT (depth, size), ERR_NOMEM.
 * *ret is the caller's; release with json_drop().
 */
MUST_CHECK enum err json_load_object(struct cur text, json_t **ret);

/*
 * Members.  ERR_NOT_FOUND (bare) when absent; ERR_MALFORMED when of another type, too long for
 * ret, or holding a NUL.
 */
MUST_CHECK enum err json_get_str(const json_t *o, const char *name, char *ret, size_t size);
MUST_CHECK enum err json_get_int(const json_t *o, const char *name, int64_t *ret);
/* The same where absence is wrong too: ERR_MALFORMED. */
MUST_CHECK enum err json_need_str(const json_t *o, const char *name, char *ret, size_t size);
MUST_CHECK enum err json_need_int(const json_t *o, const char *name, int64_t *ret);

/*
 * ERR_MALFORMED unless every member of o is one of names: unknown claims are
 * refused wherever DESIGN section 5 does not allow them.
 */
MUST_CHECK enum err json_only(const json_t *o, const char *const *names, size_t n);

/* Compact, members sorted: the same object is always the same bytes. */
MUST_CHECK enum err json_put(struct buf *b, const json_t *j);

#endif
