/* SPDX-License-Identifier: EUPL-1.2 */
/* BER-TLV: one element at a time, without recursion. */
#include "iso7816/tlv.h"

#define TAG_OCTETS	3
#define LENGTH_OCTETS	3

/* ISO 7816-4: 00 and FF are padding, never a tag. */
static bool
take_tag(struct cur *in, uint32_t *ret)
{
	uint32_t tag;
	uint8_t o;

	if (!cur_u8(in, &o) || o == 0x00 || o == 0xff)
		return false;
	tag = o;
	if ((o & 0x1f) == 0x1f) {
		for (int i = 1;; i++) {
			if (i == TAG_OCTETS || !cur_u8(in, &o))
				return false;
			tag = tag << 8 | o;
			if ((o & 0x80) == 0)
				break;
		}
	}
	*ret = tag;
	return true;
}

static bool
take_length(struct cur *in, size_t *ret)
{
	size_t n = 0;
	uint8_t o;
	int more;

	if (!cur_u8(in, &o))
		return false;
	if (o < 0x80) {
		*ret = o;
		return true;
	}
	more = o & 0x7f;		/* 0 is the indefinite form */
	if (more == 0 || more > LENGTH_OCTETS)
		return false;
	for (int i = 0; i < more; i++) {
		if (!cur_u8(in, &o))
			return false;
		n = n << 8 | o;
	}
	*ret = n;
	return true;
}

bool
tlv_take(struct cur *in, struct tlv *ret)
{
	struct cur k = *in;
	struct tlv t;
	size_t n;

	if (!take_tag(&k, &t.tag) || !take_length(&k, &n) || !cur_take(&k, n, &t.value))
		return false;
	*in = k;
	*ret = t;
	return true;
}

bool
tlv_take_tag(struct cur *in, uint32_t tag, struct cur *ret)
{
	struct cur k = *in;
	struct tlv t;

	if (!tlv_take(&k, &t) || t.tag != tag)
		return false;
	*in = k;
	*ret = t.value;
	return true;
}

void
tlv_skip(struct cur *in, uint32_t tag)
{
	struct cur skip;

	(void)tlv_take_tag(in, tag, &skip);
}

enum err
tlv_find(struct cur in, uint32_t tag, struct cur *ret)
{
	struct tlv t;

	while (in.n != 0) {
		if (!tlv_take(&in, &t))
			return fail(ERR_MALFORMED, "broken TLV before tag %x",
			    (unsigned)tag);
		if (t.tag == tag) {
			*ret = t.value;
			return ERR_OK;
		}
	}
	return ERR_NOT_FOUND;
}

bool
tlv_int(struct cur value, int64_t *ret)
{
	uint64_t v;

	if (value.n < 1 || value.n > 8)
		return false;
	v = (value.p[0] & 0x80) != 0 ? UINT64_MAX : 0;
	for (size_t i = 0; i < value.n; i++)
		v = v << 8 | value.p[i];
	*ret = (int64_t)v;
	return true;
}

bool
tlv_bool(struct cur value, bool *ret)
{
	if (value.n != 1)
		return false;
	*ret = value.p[0] != 0;
	return true;
}

bool
tlv_bits(struct cur value, uint32_t *ret)
{
	uint32_t bits = 0;
	size_t n;
	uint8_t unused;

	if (!cur_u8(&value, &unused) || unused > 7 || (unused != 0 && value.n == 0))
		return false;
	n = value.n * 8 - unused;
	for (size_t i = 0; i < n && i < 32; i++)
		if ((value.p[i / 8] & 0x80 >> i % 8) != 0)
			bits |= UINT32_C(1) << i;
	*ret = bits;
	return true;
}

bool
tlv_unsigned(struct cur value, uint32_t *ret)
{
	uint32_t v = 0;

	if (value.n < 1 || value.n > 4)
		return false;
	for (size_t i = 0; i < value.n; i++)
		v = v << 8 | value.p[i];
	*ret = v;
	return true;
}

void
tlv_put(struct buf *b, uint32_t tag, struct cur value)
{
	for (int shift = 16; shift >= 0; shift -= 8)
		if (shift == 0 || tag >> shift != 0)
			buf_u8(b, tag >> shift & 0xff);
	if (value.n > 0xffff) {
		b->failed = ERR_LIMIT;
		return;
	}
	if (value.n > 0xff) {
		buf_u8(b, 0x82);
		buf_u16(b, (unsigned)value.n);
	} else {
		if (value.n > 0x7f)
			buf_u8(b, 0x81);
		buf_u8(b, (unsigned)value.n);
	}
	buf_cur(b, value);
}

bool
tlv_size(struct cur first, uint32_t tag, size_t *ret)
{
	struct cur k = first;
	uint32_t t;
	size_t n;

	if (!take_tag(&k, &t) || t != tag || !take_length(&k, &n))
		return false;
	*ret = first.n - k.n + n;
	return true;
}

bool
tlv_enter(struct cur *in, uint32_t tag)
{
	struct cur k = *in;
	uint32_t t;
	size_t n;

	if (!take_tag(&k, &t) || t != tag || !take_length(&k, &n))
		return false;
	*in = n < k.n ? cur_of(k.p, n) : k;
	return true;
}
