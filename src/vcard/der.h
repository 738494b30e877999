/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Writing DER (X.690): the certificates of the test PKI and the ISO 7816-15 files of
 * the cards.  Open a value, write what is in it, close it; the length is filled in then.
 *
 *	at = der_open(b, 0x30);
 *	der_str(b, 0x0c, "label");
 *	der_close(b, at);
 */
#ifndef DEZI_VCARD_DER_H
#define DEZI_VCARD_DER_H

#include "base/buf.h"

size_t der_open(struct buf *b, unsigned tag);
void der_close(struct buf *b, size_t at);

void der_put(struct buf *b, unsigned tag, struct cur value);
void der_str(struct buf *b, unsigned tag, const char *value);
/* 0 to 2^31-1, as few bytes as possible. */
void der_int(struct buf *b, unsigned tag, uint32_t value);
void der_bool(struct buf *b, bool value);
/* A named bit list (X.690 section 11.2.2): bit 0 is the highest of the 16 in bits. */
void der_bits(struct buf *b, unsigned tag, unsigned bits);
/* Dotted decimal, ours: asserts that it is well formed. */
void der_oid(struct buf *b, const char *dotted);

#endif
