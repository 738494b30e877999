/* SPDX-License-Identifier: EUPL-1.2 */
/* Text from outside, made safe to show (T30). */
#include "tests/check.h"

#include "base/text.h"

struct row {
	const char *in;
	size_t	    n;
	size_t	    max;
	const char *out;
};

static void
shown(void **state)
{
	const struct row *t = *state;
	AUTO(buf_free) struct buf b = BUF(256);
	struct cur in = cur_of(t->in, t->n);

	text_put_safe(&b, in, t->max);
	assert_string_equal(buf_cstr(&b), t->out);
	assert_true(text_is_safe(buf_view(&b), t->max));
	assert_int_equal(text_is_safe(in, t->max), cur_eq_str(in, t->out));
}

/* Every code point alone: either it is shown as it is, or as a question mark. */
static void
every_point(void **state)
{
	unsigned hidden = 0;

	(void)state;
	for (uint32_t v = 0; v < 0x110000; v += v < 0x3000 ? 1 : 7) {
		AUTO(buf_free) struct buf in = BUF(4), out = BUF(4);

		if (v >= 0xd800 && v <= 0xdfff)
			continue;
		if (v < 0x80) {
			buf_u8(&in, v);
		} else if (v < 0x800) {
			buf_u8(&in, 0xc0 | v >> 6);
			buf_u8(&in, 0x80 | (v & 0x3f));
		} else if (v < 0x10000) {
			buf_u8(&in, 0xe0 | v >> 12);
			buf_u8(&in, 0x80 | (v >> 6 & 0x3f));
			buf_u8(&in, 0x80 | (v & 0x3f));
		} else {
			buf_u8(&in, 0xf0 | v >> 18);
			buf_u8(&in, 0x80 | (v >> 12 & 0x3f));
			buf_u8(&in, 0x80 | (v >> 6 & 0x3f));
			buf_u8(&in, 0x80 | (v & 0x3f));
		}
		assert_int_equal(text_is_utf8(buf_view(&in)), v != 0);
		text_put_safe(&out, buf_view(&in), 1);
		if (!cur_eq(buf_view(&in), buf_view(&out)))
			hidden++, assert_true(cur_eq_str(buf_view(&out), "?"));
	}
	assert_true(hidden > 90);
	assert_true(hidden < 800);
}

struct utf8 {
	const char *s;
	size_t	    n;
	bool	    good;
};

static void
utf8(void **state)
{
	const struct utf8 *t = *state;

	assert_int_equal(text_is_utf8(cur_of(t->s, t->n)), t->good);
}

static void
names(void **state)
{
	static const char *const bad[] = { "", "a b", "a/b", "\xc3\xab", "a\n", "a=b", "0123456789" };

	(void)state;
	assert_true(text_is_name(cur_str("aZ0._-"), 9));
	assert_true(text_is_name(cur_str("123456789"), 9));
	for (size_t i = 0; i < NELEM(bad); i++)
		assert_false(text_is_name(cur_str(bad[i]), 9));
	assert_false(text_is_name(cur_of("a\0b", 3), 9));
}

static void
controls(void **state)
{
	(void)state;
	assert_false(text_has_control(cur_str("a\tb c\xc2\x9b")));
	assert_false(text_has_control(cur_of(NULL, 0)));
	assert_true(text_has_control(cur_str("a\n")));
	assert_true(text_has_control(cur_str("\x1b")));
	assert_true(text_has_control(cur_str("\x7f")));
	assert_true(text_has_control(cur_of("a\0", 2)));
}

static void
case_of_letters(void **state)
{
	(void)state;
	assert_true(text_eq_nocase(cur_str("hOST-1"), "Host-1"));
	assert_true(text_eq_nocase(cur_of(NULL, 0), ""));
	assert_false(text_eq_nocase(cur_str("host"), "host1"));
	assert_false(text_eq_nocase(cur_str("host1"), "host"));
	assert_false(text_eq_nocase(cur_str("@[`{"), "`{@["));
	assert_false(text_eq_nocase(cur_str("\xc3\x85"), "\xc3\xa5"));
}

#define SHOWN(in, max, out)						\
	{ "shown as " out, shown, NULL, NULL, &(struct row){ in, sizeof(in) - 1, max, out } }
#define UTF8(s, good)							\
	{ "utf8 " #s, utf8, NULL, NULL, &(struct utf8){ s, sizeof(s) - 1, good } }

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SHOWN("", 5, ""),
		SHOWN("abc", 5, "abc"),
		SHOWN("abc", 3, "abc"),
		SHOWN("abcd", 3, "ab\xe2\x80\xa6"),
		SHOWN("abc", 1, "\xe2\x80\xa6"),
		SHOWN("abc", 0, ""),
		SHOWN("Zo\xc3\xab van den Br\xc3\xbble-\xc3\x85ngstr\xc3\xb6m", 40,
		    "Zo\xc3\xab van den Br\xc3\xbble-\xc3\x85ngstr\xc3\xb6m"),
		SHOWN("\xc3\xab\xc3\xab\xc3\xab", 2, "\xc3\xab\xe2\x80\xa6"),
		SHOWN("a\nb\tc\r\x1b[0m\x7f", 20, "a?b?c??[0m?"),
		SHOWN("a\0b", 9, "a?b"),
		SHOWN("\xc2\x9b" "31m", 9, "?31m"),			/* C1 */
		SHOWN("abc\xe2\x80\xae" "fdp.exe", 20, "abc?fdp.exe"),	/* override */
		SHOWN("\xe2\x81\xa6x\xe2\x81\xa9", 9, "?x?"),		/* isolates */
		SHOWN("a\xe2\x80\x8b" "b\xef\xbb\xbf", 9, "a?b?"),	/* zero width */
		SHOWN("\xe2\x80\xa8\xe2\x80\xa9", 9, "??"),		/* line ends */
		SHOWN("\xd8\x9c", 9, "?"),
		SHOWN("\xe3\x85\xa4\xef\xbe\xa0", 9, "??"),		/* fillers */
		SHOWN("a\xcc\x88", 9, "a\xcc\x88"),			/* combining: a name */
		SHOWN("\xf0\x9f\x98\x80", 9, "\xf0\x9f\x98\x80"),
		SHOWN("\xf3\xa0\x80\xa1", 9, "?"),			/* tags */
		SHOWN("\xff\xfe", 9, "??"),
		SHOWN("\xed\xa0\x80", 9, "???"),			/* surrogate */
		SHOWN("\xc0\xaf", 9, "??"),
		SHOWN("a\xe2\x82", 9, "a??"),
		SHOWN("\xf4\x90\x80\x80", 9, "????"),
		cmocka_unit_test(every_point),
		UTF8("", true),
		UTF8("abc", true),
		UTF8("\xc3\xab", true),
		UTF8("\xf4\x8f\xbf\xbf", true),
		UTF8("\xed\x9f\xbf", true),
		UTF8("\xee\x80\x80", true),
		UTF8("a\0", false),
		UTF8("\x80", false),
		UTF8("\xbf", false),
		UTF8("\xc1\xbf", false),
		UTF8("\xe0\x9f\xbf", false),
		UTF8("\xf0\x8f\xbf\xbf", false),
		UTF8("\xed\xbf\xbf", false),
		UTF8("\xf4\x90\x80\x80", false),
		UTF8("\xf5\x80\x80\x80", false),
		UTF8("\xf8\x88\x80\x80\x80", false),
		UTF8("\xc3", false),
		UTF8("\xc3" "a", false),
		UTF8("\xe2\x82", false),
		UTF8("\xf0\x9f\x98", false),
		cmocka_unit_test(names),
		cmocka_unit_test(controls),
		cmocka_unit_test(case_of_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
