/* SPDX-License-Identifier: EUPL-1.2 */
/* The one text format: what is read, and the line that is named when it is not. */
#include "tests/check.h"

#include <string.h>

#include "base/ini.h"

/* Every call as "section|name|key|value" and the number of the line. */
static enum err
collect(void *arg, const struct ini_line *line)
{
	struct buf *b = arg;

	buf_fmt(b, "%d ", line->number);
	buf_cur(b, line->section);
	buf_u8(b, '|');
	buf_cur(b, line->name);
	buf_u8(b, '|');
	buf_cur(b, line->key);
	buf_u8(b, '|');
	buf_cur(b, line->value);
	buf_u8(b, '\n');
	return ERR_OK;
}

static void
reads(void **state)
{
	static const char text[] =
	    "top = 1\n"
	    "\n"
	    "# comment = no\n"
	    "  ; neither\n"
	    "[agent]\r\n"
	    "\tlanguage\t=  nl \t\r\n"
	    "[ broker  acceptance host ]\n"
	    "issuer=https://a.example/?x=y#z ; no comment\n"
	    "empty =\n"
	    "name = Zo\xc3\xab\n"
	    "[last]";
	AUTO(buf_free) struct buf seen = BUF(1024);

	(void)state;
	assert_ok(ini_parse(cur_str(text), collect, &seen));
	assert_string_equal(buf_cstr(&seen),
	    "1 ||top|1\n"
	    "5 agent|||\n"
	    "6 agent||language|nl\n"
	    "7 broker|acceptance host||\n"
	    "8 broker|acceptance host|issuer|https://a.example/?x=y#z ; no comment\n"
	    "9 broker|acceptance host|empty|\n"
	    "10 broker|acceptance host|name|Zo\xc3\xab\n"
	    "11 last|||\n");
}

static void
reads_nothing(void **state)
{
	AUTO(buf_free) struct buf seen = BUF(64);

	(void)state;
	assert_ok(ini_parse(cur_of(NULL, 0), collect, &seen));
	assert_ok(ini_parse(cur_str("\n\r\n  \n#"), collect, &seen));
	assert_int_equal(seen.len, 0);
}

struct refusal {
	const char *text;
	size_t	    n;
	enum err    want;
	const char *trail;
};

static void
refused(void **state)
{
	const struct refusal *t = *state;
	AUTO(buf_free) struct buf seen = BUF(1024);

	assert_err(ini_parse(cur_of(t->text, t->n), collect, &seen), t->want);
	assert_non_null(strstr(err_trail(), t->trail));
}

static void
sizes(void **state)
{
	AUTO(buf_free) struct buf text = BUF(1 << 20), seen = BUF(1 << 20);

	(void)state;
	buf_str(&text, "k = ");
	memset(buf_room(&text, 4096 - 4), 'x', 4096 - 4);
	assert_ok(ini_parse(buf_view(&text), collect, &seen));
	buf_u8(&text, 'x');
	assert_err(ini_parse(buf_view(&text), collect, &seen), ERR_MALFORMED);
	buf_clear(&text);
	memset(buf_room(&text, 10000), '\n', 10000);
	assert_ok(ini_parse(buf_view(&text), collect, &seen));
	buf_u8(&text, '\n');
	assert_err(ini_parse(buf_view(&text), collect, &seen), ERR_LIMIT);
}

static enum err
stop_at_b(void *arg, const struct ini_line *line)
{
	int *last = arg;

	*last = line->number;
	return cur_eq_str(line->key, "b") ? ini_refuse(line, "a word") : ERR_OK;
}

static void
callee_ends_it(void **state)
{
	int last = 0;

	(void)state;
	assert_err(ini_parse(cur_str("a = 1\nb = 2\nc = 3\n"), stop_at_b, &last), ERR_CONFIG);
	assert_int_equal(last, 2);
	assert_non_null(strstr(err_trail(), "line 2: expected a word"));
}

static struct ini_line
value(const char *text)
{
	return (struct ini_line){ .number = 12, .value = cur_str(text) };
}

#define assert_refused(call, expected)					\
	do {								\
		assert_err(call, ERR_CONFIG);				\
		assert_non_null(strstr(err_trail(), "line 12: expected " expected)); \
	} while (0)

static void
bools(void **state)
{
	static const char *const bad[] = { "", "Yes", "YES", "true", "1", "yes ", "on" };
	bool v = false;

	(void)state;
	assert_ok(ini_bool(&(struct ini_line){ .value = cur_str("yes") }, &v));
	assert_true(v);
	assert_ok(ini_bool(&(struct ini_line){ .value = cur_str("no") }, &v));
	assert_false(v);
	for (size_t i = 0; i < NELEM(bad); i++) {
		struct ini_line l = value(bad[i]);

		assert_refused(ini_bool(&l, &v), "yes or no");
	}
}

static void
ints(void **state)
{
	static const struct {
		const char *text;
		int64_t	    min, max, want;
	} good[] = {
		{ "0", 0, 10, 0 },
		{ "10", 0, 10, 10 },
		{ "-3", -3, 3, -3 },
		{ "9223372036854775807", 0, INT64_MAX, INT64_MAX },
		{ "-9223372036854775808", INT64_MIN, 0, INT64_MIN },
	};
	static const char *const bad[] = { "", "-", "+1", "01", "-0", "1.0", "1e3", "0x1", "11",
		"-1", " 1", "9223372036854775808", "-9223372036854775809",
		"99999999999999999999999999" };
	int64_t v = 7;

	(void)state;
	for (size_t i = 0; i < NELEM(good); i++) {
		struct ini_line l = value(good[i].text);

		assert_ok(ini_int(&l, good[i].min, good[i].max, &v));
		assert_true(v == good[i].want);
	}
	v = 7;
	for (size_t i = 0; i < NELEM(bad); i++) {
		struct ini_line l = value(bad[i]);

		assert_refused(ini_int(&l, 0, 10, &v), "a number from 0 to 10");
	}
	assert_int_equal(v, 7);
}

static void
strings(void **state)
{
	struct ini_line l = value("abc"), empty = value(""), longer = value("abcd");
	char str[4];

	(void)state;
	assert_ok(ini_str(&l, str, sizeof(str)));
	assert_string_equal(str, "abc");
	assert_refused(ini_str(&empty, str, sizeof(str)), "text of 1 to 3 bytes");
	assert_refused(ini_str(&longer, str, sizeof(str)), "text of 1 to 3 bytes");
}

static void
paths(void **state)
{
	static const char *const good[] = { "/", "/a", "/a/b.c", "/a/..b", "/a/...", "/.a", "/a/" };
	static const char *const bad[] = { "", "a", "./a", "/..", "/.", "/a/../b", "/a/./b", "/a/..",
		"~/a", "/too/long/for/what/there/is" };
	char path[16];

	(void)state;
	for (size_t i = 0; i < NELEM(good); i++) {
		struct ini_line l = value(good[i]);

		assert_ok(ini_path(&l, path, sizeof(path)));
		assert_string_equal(path, good[i]);
	}
	for (size_t i = 0; i < NELEM(bad); i++) {
		struct ini_line l = value(bad[i]);

		assert_refused(ini_path(&l, path, sizeof(path)), "an absolute path");
	}
}

static void
hexes(void **state)
{
	struct ini_line l = value("3B 67"), empty = value(""), bad = value("3B 6");
	AUTO(buf_free) struct buf b = BUF(4);

	(void)state;
	assert_ok(ini_hex(&l, &b));
	assert_true(cur_eq(buf_view(&b), cur_of("\x3b\x67", 2)));
	assert_refused(ini_hex(&empty, &b), "bytes in hex");
	assert_refused(ini_hex(&bad, &b), "bytes in hex");
}

static void
choices(void **state)
{
	static const char *const names[] = { "hard", "soft" };
	struct ini_line l = value("soft"), bad = value("Soft"), prefix = value("har");
	size_t at = 7;

	(void)state;
	assert_ok(ini_choice(&l, names, 2, &at));
	assert_int_equal(at, 1);
	assert_refused(ini_choice(&bad, names, 2, &at), "one of hard, soft");
	assert_refused(ini_choice(&prefix, names, 2, &at), "one of hard, soft");
	assert_refused(ini_choice(&l, names, 1, &at), "one of hard");
}

#define REFUSED(text, want, trail)					\
	{ text, refused, NULL, NULL,					\
	    &(struct refusal){ text, sizeof(text) - 1, want, trail } }

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),
		cmocka_unit_test(reads_nothing),
		REFUSED("a = 1\nb\n", ERR_MALFORMED, "line 2: neither"),
		REFUSED("= 1\n", ERR_MALFORMED, "line 1: that is no name of a key"),
		REFUSED("a b = 1\n", ERR_MALFORMED, "line 1: that is no name of a key"),
		REFUSED("\xc3\xab = 1\n", ERR_MALFORMED, "line 1: that is no name of a key"),
		REFUSED("[a\n", ERR_MALFORMED, "line 1: a section header ends with ]"),
		REFUSED("[a] b = 1\n", ERR_MALFORMED, "line 1: a section header ends with ]"),
		REFUSED("[]\n", ERR_MALFORMED, "line 1: that is no name of a section"),
		REFUSED("[ ]\n", ERR_MALFORMED, "line 1: that is no name of a section"),
		REFUSED("[/]\n", ERR_MALFORMED, "line 1: that is no name of a section"),
		REFUSED("[a b]]\n", ERR_MALFORMED, "line 1: that is no name for a section"),
		REFUSED("\n\na = \x1b[2J\n", ERR_MALFORMED, "line 3: a control character"),
		REFUSED("a = 1\rb = 2\n", ERR_MALFORMED, "line 1: a control character"),
		REFUSED("a = \x7f\n", ERR_MALFORMED, "line 1: a control character"),
		REFUSED("a = \xff\n", ERR_MALFORMED, "not UTF-8"),
		REFUSED("a = \0\n", ERR_MALFORMED, "not UTF-8"),
		REFUSED("\xef\xbb\xbf[a]\n", ERR_MALFORMED, "line 1: "),
		cmocka_unit_test(sizes),
		cmocka_unit_test(callee_ends_it),
		cmocka_unit_test(bools),
		cmocka_unit_test(ints),
		cmocka_unit_test(strings),
		cmocka_unit_test(paths),
		cmocka_unit_test(hexes),
		cmocka_unit_test(choices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
