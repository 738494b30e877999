/* SPDX-License-Identifier: EUPL-1.2 */
/* Writing DER. */
#include "vcard/der.h"

#include <assert.h>
#include <stdlib.h>

size_t
der_open(struct buf *b, unsigned tag)
{
	buf_u8(b, tag);
	return b->len;
}

void
der_close(struct buf *b, size_t at)
{
	size_t n = b->len - at;
	size_t more = n < 0x80 ? 0 : n < 0x100 ? 1 : n < 0x10000 ? 2 : 3;

	assert(n < 0x1000000);
	if (buf_room(b, 1 + more) == NULL)
		return;
	memmove(b->p + at + 1 + more, b->p + at, n);
	b->p[at] = (uint8_t)(more == 0 ? n : 0x80 | more);
	for (size_t i = more; i > 0; i--, n >>= 8)
		b->p[at + i] = (uint8_t)n;
}

void
der_put(struct buf *b, unsigned tag, struct cur value)
{
	size_t at = der_open(b, tag);

	buf_cur(b, value);
	der_close(b, at);
}

void
der_str(struct buf *b, unsigned tag, const char *value)
{
	der_put(b, tag, cur_str(value));
}

void
der_int(struct buf *b, unsigned tag, uint32_t value)
{
	uint8_t be[5] = { 0, (uint8_t)(value >> 24), (uint8_t)(value >> 16),
	    (uint8_t)(value >> 8), (uint8_t)value };
	size_t from = 1;

	/* The first bit is the sign, so a high one needs a zero before it. */
	while (from < 4 && be[from] == 0)
		from++;
	if ((be[from] & 0x80) != 0)
		from--;
	der_put(b, tag, cur_of(be + from, sizeof(be) - from));
}

void
der_bool(struct buf *b, bool value)
{
	der_put(b, 0x01, cur_of(value ? "\xff" : "\0", 1));
}

void
der_bits(struct buf *b, unsigned tag, unsigned bits)
{
	uint8_t be[3] = { 0, (uint8_t)(bits >> 8), (uint8_t)bits };
	size_t n = be[2] != 0 ? 3 : be[1] != 0 ? 2 : 1;

	while (n > 1 && (be[n - 1] >> be[0] & 1) == 0)
		be[0]++;
	der_put(b, tag, cur_of(be, n));
}

static void
base128(struct buf *b, unsigned long arc)
{
	int shift = 28;

	while (shift > 0 && arc >> shift == 0)
		shift -= 7;
	for (; shift > 0; shift -= 7)
		buf_u8(b, 0x80 | (arc >> shift & 0x7f));
	buf_u8(b, arc & 0x7f);
}

void
der_oid(struct buf *b, const char *dotted)
{
	size_t at = der_open(b, 0x06);
	char *next;
	unsigned long first = strtoul(dotted, &next, 10);
	unsigned long arc;

	assert(first <= 2 && *next == '.');
	arc = strtoul(next + 1, &next, 10);
	base128(b, first * 40 + arc);
	while (*next == '.') {
		arc = strtoul(next + 1, &next, 10);
		assert(arc < 1UL << 32);
		base128(b, arc);
	}
	assert(*next == '\0');
	der_close(b, at);
}
