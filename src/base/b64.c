/* SPDX-License-Identifier: EUPL-1.2 */
/* base64url, base64 and hex: one spelling per byte string, or it is refused. */
#include "base/b64.h"

#define BAD	0xff

static const char b64url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char b64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static uint8_t *
encode_room(struct buf *b, size_t n, bool padded)
{
	/* What size_t cannot say no buffer can hold: let the buffer refuse it. */
	if (n > SIZE_MAX / 8)
		return buf_room(b, SIZE_MAX);
	return buf_room(b, padded ? (n + 2) / 3 * 4 : B64URL_LEN(n));
}

/* Write the characters of in; returns the place behind the last one. */
static uint8_t *
encode(uint8_t *o, struct cur in, const char *alphabet)
{
	const uint8_t *p = in.p;
	size_t n;
	uint32_t v;

	for (n = in.n; n >= 3; n -= 3, p += 3) {
		v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		*o++ = (uint8_t)alphabet[v >> 18];
		*o++ = (uint8_t)alphabet[v >> 12 & 0x3f];
		*o++ = (uint8_t)alphabet[v >> 6 & 0x3f];
		*o++ = (uint8_t)alphabet[v & 0x3f];
	}
	if (n == 0)
		return o;
	v = (uint32_t)p[0] << 16 | (n == 2 ? (uint32_t)p[1] << 8 : 0);
	*o++ = (uint8_t)alphabet[v >> 18];
	*o++ = (uint8_t)alphabet[v >> 12 & 0x3f];
	if (n == 2)
		*o++ = (uint8_t)alphabet[v >> 6 & 0x3f];
	return o;
}

void
b64url_put(struct buf *b, struct cur in)
{
	uint8_t *o = encode_room(b, in.n, false);

	if (o != NULL)
		encode(o, in, b64url_alphabet);
}

void
b64_put(struct buf *b, struct cur in)
{
	uint8_t *o = encode_room(b, in.n, true);

	if (o == NULL)
		return;
	o = encode(o, in, b64_alphabet);
	for (size_t n = in.n; n % 3 != 0; n++)
		*o++ = '=';
}

static uint8_t
sextet(uint8_t c, const char *alphabet)
{
	if (c >= 'A' && c <= 'Z')
		return (uint8_t)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (uint8_t)(c - 'a' + 26);
	if (c >= '0' && c <= '9')
		return (uint8_t)(c - '0' + 52);
	if (c == (uint8_t)alphabet[62])
		return 62;
	if (c == (uint8_t)alphabet[63])
		return 63;
	return BAD;
}

/* Up to four characters into *ret, 24 bits, left-aligned. */
static bool
quantum(const uint8_t *p, size_t n, const char *alphabet, uint32_t *ret)
{
	uint32_t v = 0;
	uint8_t bad = 0;

	for (size_t i = 0; i < 4; i++) {
		uint8_t s = i < n ? sextet(p[i], alphabet) : 0;

		bad |= s & 0xc0;
		v = v << 6 | s;
	}
	*ret = v;
	return bad == 0;
}

/* The last two or three characters; bits that belong to no byte must be zero. */
static bool
decode_rest(uint8_t *o, struct cur in, const char *alphabet)
{
	uint32_t v;

	if (!quantum(in.p, in.n, alphabet, &v) || (v & (in.n == 2 ? 0xffff : 0xff)) != 0)
		return false;
	o[0] = (uint8_t)(v >> 16);
	if (in.n == 3)
		o[1] = (uint8_t)(v >> 8);
	return true;
}

static bool
decode_to(uint8_t *o, struct cur in, const char *alphabet)
{
	uint32_t v;

	for (; in.n >= 4; in.n -= 4, in.p += 4, o += 3) {
		if (!quantum(in.p, 4, alphabet, &v))
			return false;
		o[0] = (uint8_t)(v >> 16);
		o[1] = (uint8_t)(v >> 8);
		o[2] = (uint8_t)v;
	}
	return in.n == 0 || decode_rest(o, in, alphabet);
}

static enum err
decode(struct cur in, const char *alphabet, struct buf *ret)
{
	size_t rest = in.n % 4, was = ret->len;
	uint8_t *o;

	if (rest == 1)
		return fail(ERR_MALFORMED, "base64 of %zu characters", in.n);
	if (in.n == 0)
		return buf_end(ret);
	o = buf_room(ret, in.n / 4 * 3 + (rest == 0 ? 0 : rest - 1));
	if (o == NULL)
		return fail(buf_end(ret), "base64 of %zu characters", in.n);
	if (!decode_to(o, in, alphabet)) {
		ret->len = was;
		return fail(ERR_MALFORMED, "base64: other characters or spare bits");
	}
	return ERR_OK;
}

enum err
b64url_get(struct cur in, struct buf *ret)
{
	return decode(in, b64url_alphabet, ret);
}

enum err
b64_get(struct cur in, struct buf *ret)
{
	if (in.n % 4 != 0)
		return fail(ERR_MALFORMED, "base64 of %zu characters", in.n);
	for (int i = 0; i < 2 && in.n != 0 && in.p[in.n - 1] == '='; i++)
		in.n--;
	return decode(in, b64_alphabet, ret);
}

void
hex_put(struct buf *b, struct cur in)
{
	static const char digits[] = "0123456789ABCDEF";
	uint8_t *o = buf_room(b, in.n > SIZE_MAX / 2 ? SIZE_MAX : in.n * 2);

	if (o == NULL)
		return;
	for (size_t i = 0; i < in.n; i++) {
		*o++ = (uint8_t)digits[in.p[i] >> 4];
		*o++ = (uint8_t)digits[in.p[i] & 0xf];
	}
}

static bool
nibble(uint8_t c, uint8_t *ret)
{
	if (c >= '0' && c <= '9')
		*ret = (uint8_t)(c - '0');
	else if (c >= 'A' && c <= 'F')
		*ret = (uint8_t)(c - 'A' + 10);
	else if (c >= 'a' && c <= 'f')
		*ret = (uint8_t)(c - 'a' + 10);
	else
		return false;
	return true;
}

static bool
hex_byte(struct cur *in, uint8_t *ret)
{
	uint8_t hi, lo;

	if (in->n < 2 || !nibble(in->p[0], &hi) || !nibble(in->p[1], &lo))
		return false;
	*in = cur_of(in->p + 2, in->n - 2);
	*ret = (uint8_t)(hi << 4 | lo);
	return true;
}

enum err
hex_get(struct cur in, struct buf *ret)
{
	size_t was = ret->len;
	uint8_t v;

	while (in.n != 0) {
		if (!hex_byte(&in, &v)) {
			ret->len = was;
			return fail(ERR_MALFORMED, "no hex");
		}
		buf_u8(ret, v);
		/* One space, and only between two bytes. */
		if (in.n > 1 && in.p[0] == ' ')
			in = cur_of(in.p + 1, in.n - 1);
	}
	if (buf_end(ret) != ERR_OK)
		return fail(buf_end(ret), "hex");
	return ERR_OK;
}
