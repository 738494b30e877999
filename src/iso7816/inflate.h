/* SPDX-License-Identifier: EUPL-1.2 */
/* Certificates that a card keeps compressed. */
#ifndef DEZI_ISO7816_INFLATE_H
#define DEZI_ISO7816_INFLATE_H

#include "base/buf.h"

/*
 * Append what in says when it is gzip (RFC 1952) or zlib (RFC 1950): exactly one stream,
 * whole, check sum right, no dictionary, nothing behind it, at most as much as ret has
 * room for.  False: something else; ret is then not to be used.
 */
bool inflate_all(struct cur in, struct buf *ret);

/*
 * 01 00, the size of what is in it, little-endian, and zlib: how SecMaker's software keeps
 * certificates, and cards of some other makers (piv reference section 2, iso7816 reference
 * section 9).  Does it begin so?
 */
#define INFLATE_WRAPPER	4	/* bytes in front of zlib */
bool inflate_is_wrapped(struct cur in);
/* Append what is in it.  *ret_behind: bytes after it, which may be the rest of a file. */
bool inflate_wrapped(struct cur in, struct buf *ret, size_t *ret_behind);

#endif
