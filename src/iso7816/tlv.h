/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * BER-TLV as cards speak it (ISO 7816-4): tags of at most three bytes, lengths of at
 * most three bytes after the first, never indefinite, never recursive.  Lengths need
 * not be minimal: cards are not DER.
 */
#ifndef DEZI_ISO7816_TLV_H
#define DEZI_ISO7816_TLV_H

#include "base/buf.h"

struct tlv {
	uint32_t   tag;		/* all its bytes, big-endian: 0x30, 0x7f66 */
	struct cur value;
};

/* Split one off the front.  False, and nothing changes, if there is no whole one. */
bool tlv_take(struct cur *in, struct tlv *ret);
/* The same, if the first one has this tag. */
bool tlv_take_tag(struct cur *in, uint32_t tag, struct cur *ret);
/* Drop the first one if it has this tag: something optional that is not used. */
void tlv_skip(struct cur *in, uint32_t tag);

/*
 * The first one with this tag among those that stand side by side in in, whose other
 * ones may be anything well-formed.  ERR_NOT_FOUND (bare), ERR_MALFORMED.
 */
MUST_CHECK enum err tlv_find(struct cur in, uint32_t tag, struct cur *ret);

/* Contents.  Each is false, and nothing changes, when the bytes cannot be that. */
bool tlv_int(struct cur value, int64_t *ret);		/* 1 to 8 bytes */
bool tlv_bool(struct cur value, bool *ret);		/* 1 byte */
/* BIT STRING: bit 0 is the first one of the standard's list; at most 32 are kept. */
bool tlv_bits(struct cur value, uint32_t *ret);
/* Up to 4 bytes, big-endian, unsigned. */
bool tlv_unsigned(struct cur value, uint32_t *ret);

/* Write one, with the shortest length.  Tags as above; at most 65535 bytes. */
void tlv_put(struct buf *b, uint32_t tag, struct cur value);

/*
 * The size of a whole element (header and value) from its first bytes, which need
 * not hold all of it: how long a certificate in a file is.  False: no such header.
 */
bool tlv_size(struct cur first, uint32_t tag, size_t *ret);
/* Drop that header: in is then what is there of the content. */
bool tlv_enter(struct cur *in, uint32_t tag);

#endif
