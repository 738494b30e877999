/* SPDX-License-Identifier: EUPL-1.2 */
/* Writing JSON: every byte is decided here. */
#include "jose/jsonw.h"

#include "base/text.h"

/* The character behind the backslash, or 0 where there is no short form. */
static char
short_escape(uint8_t c)
{
	switch (c) {
	case '"':
	case '\\':
		return (char)c;
	case '\b':
		return 'b';
	case '\f':
		return 'f';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return 0;
	}
}

static void
put_char(struct buf *b, uint8_t c)
{
	char e = short_escape(c);

	if (e != 0) {
		buf_u8(b, '\\');
		buf_u8(b, (uint8_t)e);
	} else if (c < 0x20) {
		buf_fmt(b, "\\u%04x", c);
	} else {
		buf_u8(b, c);
	}
}

static void
put_string(struct buf *b, struct cur s)
{
	if (!text_is_utf8(s)) {
		if (b->failed == ERR_OK)
			b->failed = ERR_MALFORMED;
		return;
	}
	buf_u8(b, '"');
	for (size_t i = 0; i < s.n; i++)
		put_char(b, s.p[i]);
	buf_u8(b, '"');
}

/* No value ends in a brace that opens, so one there means that this is the first member. */
static void
put_name(struct buf *b, const char *name)
{
	if (b->len != 0 && b->p[b->len - 1] != '{')
		buf_u8(b, ',');
	put_string(b, cur_str(name));
	buf_u8(b, ':');
}

void
jsonw_object(struct buf *b)
{
	buf_u8(b, '{');
}

void
jsonw_object_end(struct buf *b)
{
	buf_u8(b, '}');
}

void
jsonw_member_object(struct buf *b, const char *name)
{
	put_name(b, name);
	jsonw_object(b);
}

void
jsonw_member_array(struct buf *b, const char *name)
{
	put_name(b, name);
	buf_u8(b, '[');
}

void
jsonw_item_object(struct buf *b)
{
	if (b->len != 0 && b->p[b->len - 1] == '}')
		buf_u8(b, ',');
	jsonw_object(b);
}

void
jsonw_item_str(struct buf *b, struct cur s)
{
	if (b->len != 0 && b->p[b->len - 1] != '[')
		buf_u8(b, ',');
	put_string(b, s);
}

void
jsonw_array_end(struct buf *b)
{
	buf_u8(b, ']');
}

void
jsonw_member_str(struct buf *b, const char *name, struct cur s)
{
	put_name(b, name);
	put_string(b, s);
}

void
jsonw_member_int(struct buf *b, const char *name, int64_t v)
{
	put_name(b, name);
	buf_fmt(b, "%lld", (long long)v);
}

void
jsonw_member_bool(struct buf *b, const char *name, bool v)
{
	put_name(b, name);
	buf_str(b, v ? "true" : "false");
}
