/* SPDX-License-Identifier: EUPL-1.2 */
/* UTF-8, and text from outside made safe to show (T30). */
#include "base/text.h"

static const char ellipsis[] = "\xe2\x80\xa6";

/*
 * One code point off the front (RFC 3629: shortest form, no surrogates, at most
 * U+10FFFF).  False, and one byte is taken, when the front is no UTF-8.
 */
static bool
point_take(struct cur *c, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	uint8_t first = c->p[0];
	size_t more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
	uint32_t v = more == 0 ? first : first & (0x3fU >> more);
	bool good = first < 0x80 || (first >= 0xc2 && first < 0xf5 && c->n > more);

	for (size_t i = 1; good && i <= more; i++) {
		good = (c->p[i] & 0xc0) == 0x80;
		v = v << 6 | (c->p[i] & 0x3f);
	}
	good = good && v >= least[more] && v <= 0x10ffff && (v < 0xd800 || v > 0xdfff);
	more = good ? more + 1 : 1;
	*c = cur_of(c->p + more, c->n - more);
	*ret = v;
	return good;
}

bool
text_is_utf8(struct cur c)
{
	uint32_t v;

	while (c.n != 0)
		if (!point_take(&c, &v) || v == 0)
			return false;
	return true;
}

/* Invisible, or able to change how its neighbours look. */
static bool
may_show(uint32_t v)
{
	static const struct {
		uint32_t from, to;
	} hidden[] = {
		{ 0x0000, 0x001f },	/* C0 */
		{ 0x007f, 0x009f },	/* DEL, C1 */
		{ 0x00ad, 0x00ad },	/* soft hyphen */
		{ 0x034f, 0x034f },	/* grapheme joiner */
		{ 0x061c, 0x061c },	/* Arabic letter mark */
		{ 0x115f, 0x1160 },	/* Hangul fillers */
		{ 0x17b4, 0x17b5 },	/* Khmer vowels that nobody sees */
		{ 0x180e, 0x180e },	/* Mongolian vowel separator */
		{ 0x200b, 0x200f },	/* zero width, marks of direction */
		{ 0x2028, 0x202e },	/* line ends, bidirectional embedding and override */
		{ 0x2060, 0x206f },	/* word joiner, isolates, deprecated format */
		{ 0x3164, 0x3164 },	/* Hangul filler */
		{ 0xfe00, 0xfe0f },	/* variation selectors */
		{ 0xfeff, 0xfeff },	/* byte order mark */
		{ 0xffa0, 0xffa0 },	/* Hangul filler */
		{ 0xfff0, 0xfffb },	/* interlinear annotation */
		{ 0xe0000, 0xe0fff },	/* tags, variation selectors */
	};

	for (size_t i = 0; i < NELEM(hidden); i++)
		if (v >= hidden[i].from && v <= hidden[i].to)
			return false;
	return (v & 0xfffe) != 0xfffe;		/* not a character in any plane */
}

void
text_put_safe(struct buf *b, struct cur c, size_t max_points)
{
	for (size_t i = 0; c.n != 0 && i < max_points; i++) {
		struct cur at = c;
		uint32_t v;
		bool good = point_take(&c, &v);

		if (i + 1 == max_points && c.n != 0)
			buf_str(b, ellipsis);
		else if (good && may_show(v))
			buf_put(b, at.p, at.n - c.n);
		else
			buf_u8(b, '?');
	}
}

bool
text_is_safe(struct cur c, size_t max_points)
{
	uint32_t v;

	for (size_t i = 0; c.n != 0; i++)
		if (i == max_points || !point_take(&c, &v) || !may_show(v))
			return false;
	return true;
}

bool
text_has_control(struct cur c)
{
	for (size_t i = 0; i < c.n; i++)
		if ((c.p[i] < 0x20 && c.p[i] != '\t') || c.p[i] == 0x7f)
			return true;
	return false;
}

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool
text_eq_nocase(struct cur c, const char *s)
{
	if (c.n != strlen(s))
		return false;
	for (size_t i = 0; i < c.n; i++)
		if (lower(c.p[i]) != lower((uint8_t)s[i]))
			return false;
	return true;
}

static bool
name_char(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	    c == '.' || c == '_' || c == '-';
}

bool
text_is_name(struct cur c, size_t max)
{
	if (c.n == 0 || c.n > max)
		return false;
	for (size_t i = 0; i < c.n; i++)
		if (!name_char(c.p[i]))
			return false;
	return true;
}
