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

#endif
