/* SPDX-License-Identifier: EUPL-1.2 */
/* JSON from outside, and the writer of what a card signs. */
#include "tests/check.h"

#include <stdlib.h>

#include "jose/json.h"
#include "jose/jsonw.h"

struct one {
	const char *text;
	enum err    want;
};

static void
load_one(void **state)
{
	const struct one *t = *state;
	AUTO(json_drop) json_t *o = NULL;

	assert_err(json_load_object(cur_str(t->text), &o), t->want);
	assert_int_equal(o != NULL, t->want == ERR_OK);
}

static void
load_nul_in_text(void **state)
{
	AUTO(json_drop) json_t *o = NULL;

	(void)state;
	assert_err(json_load_object(cur_of("{}\0", 3), &o), ERR_MALFORMED);
	assert_err(json_load_object(cur_of("{\"a\":\"\0\"}", 9), &o), ERR_MALFORMED);
	assert_err(json_load_object(cur_of(NULL, 0), &o), ERR_MALFORMED);
}

/* {"a":[[...]]}: depth counts every bracket that is open at once. */
static void
put_nested(struct buf *b, size_t depth)
{
	buf_str(b, "{\"a\":");
	for (size_t i = 1; i < depth; i++)
		buf_u8(b, '[');
	for (size_t i = 1; i < depth; i++)
		buf_u8(b, ']');
	buf_u8(b, '}');
}

static void
depth(void **state)
{
	static const struct {
		size_t	 depth;
		enum err want;
	} cases[] = {
		{ 1, ERR_MALFORMED },		/* {"a":} */
		{ 2, ERR_OK },
		{ JSON_DEPTH_MAX, ERR_OK },
		{ JSON_DEPTH_MAX + 1, ERR_LIMIT },
		{ 1000, ERR_LIMIT },
		{ 30000, ERR_LIMIT },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		AUTO(buf_free) struct buf b = BUF(JSON_BODY_MAX);
		AUTO(json_drop) json_t *o = NULL;

		put_nested(&b, cases[i].depth);
		assert_ok(buf_end(&b));
		assert_err(json_load_object(buf_view(&b), &o), cases[i].want);
	}
}

static void
size(void **state)
{
	AUTO(buf_free) struct buf b = BUF(1 << 20);
	AUTO(json_drop) json_t *o = NULL;
	uint8_t *p = buf_room(&b, 1 << 20);

	(void)state;
	assert_non_null(p);
	memset(p, ' ', b.len);
	memcpy(p, "{}", 2);
	assert_err(json_load_object(buf_view(&b), &o), ERR_LIMIT);
	assert_err(json_load_object(cur_of(p, JSON_BODY_MAX + 1), &o), ERR_LIMIT);
	assert_ok(json_load_object(cur_of(p, JSON_BODY_MAX), &o));
}

static void
members(void **state)
{
	AUTO(json_drop) json_t *o = NULL;
	char str[4];
	int64_t v = 7;

	(void)state;
	assert_ok(json_load_object(cur_str("{\"s\":\"abc\",\"long\":\"abcd\",\"i\":-3,\"r\":1.0,"
	    "\"n\":null,\"big\":9223372036854775807}"), &o));
	assert_ok(json_get_str(o, "s", str, sizeof(str)));
	assert_string_equal(str, "abc");
	assert_err(json_get_str(o, "long", str, sizeof(str)), ERR_MALFORMED);
	assert_err(json_get_str(o, "i", str, sizeof(str)), ERR_MALFORMED);
	assert_err(json_get_str(o, "n", str, sizeof(str)), ERR_MALFORMED);
	assert_err(json_get_str(o, "none", str, sizeof(str)), ERR_NOT_FOUND);
	assert_err(json_need_str(o, "none", str, sizeof(str)), ERR_MALFORMED);
	assert_ok(json_need_int(o, "i", &v));
	assert_int_equal(v, -3);
	assert_ok(json_get_int(o, "big", &v));
	assert_true(v == INT64_MAX);
	assert_err(json_get_int(o, "r", &v), ERR_MALFORMED);
	assert_err(json_get_int(o, "s", &v), ERR_MALFORMED);
	assert_err(json_get_int(o, "none", &v), ERR_NOT_FOUND);
	assert_err(json_need_int(o, "none", &v), ERR_MALFORMED);
}

static void
only(void **state)
{
	static const char *const names[] = { "a", "b" };
	AUTO(json_drop) json_t *o = NULL;
	AUTO(json_drop) json_t *more = NULL;

	(void)state;
	assert_ok(json_load_object(cur_str("{\"b\":1}"), &o));
	assert_ok(json_only(o, names, NELEM(names)));
	assert_err(json_only(o, names, 1), ERR_MALFORMED);
	assert_ok(json_load_object(cur_str("{\"a\":1,\"b\":1,\"A\":1}"), &more));
	assert_err(json_only(more, names, NELEM(names)), ERR_MALFORMED);
}

/* What a card signs must be the same bytes whenever it is the same object. */
static void
put_sorted(void **state)
{
	AUTO(json_drop) json_t *o = NULL;
	AUTO(buf_free) struct buf b = BUF(64), small = BUF(8);

	(void)state;
	assert_ok(json_load_object(cur_str(" {\"b\" : \"\\u00e9\", \"a\": [1, true] }"), &o));
	assert_ok(json_put(&b, o));
	assert_string_equal(buf_cstr(&b), "{\"a\":[1,true],\"b\":\"\xc3\xa9\"}");
	assert_err(json_put(&small, o), ERR_LIMIT);
}

static void
writer(void **state)
{
	AUTO(buf_free) struct buf b = BUF(512);

	(void)state;
	jsonw_object(&b);
	jsonw_member_str(&b, "s", cur_str("\"\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xa9{"));
	jsonw_member_int(&b, "min", INT64_MIN);
	jsonw_member_object(&b, "o");
	jsonw_member_bool(&b, "t", true);
	jsonw_member_bool(&b, "f", false);
	jsonw_object_end(&b);
	jsonw_member_object(&b, "e");
	jsonw_object_end(&b);
	jsonw_member_str(&b, "", cur_of(NULL, 0));
	jsonw_object_end(&b);
	assert_ok(buf_end(&b));
	assert_string_equal(buf_cstr(&b),
	    "{\"s\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa9{\","
	    "\"min\":-9223372036854775808,\"o\":{\"t\":true,\"f\":false},\"e\":{},\"\":\"\"}");
}

static void
writer_writes_lists(void **state)
{
	AUTO(buf_free) struct buf b = BUF(512);

	(void)state;
	jsonw_object(&b);
	jsonw_member_array(&b, "a");
	for (int i = 0; i < 2; i++) {
		jsonw_item_object(&b);
		jsonw_member_int(&b, "i", i);
		jsonw_object_end(&b);
	}
	jsonw_array_end(&b);
	jsonw_member_array(&b, "s");
	jsonw_item_str(&b, cur_str("["));
	jsonw_item_str(&b, cur_str("\""));
	jsonw_item_str(&b, cur_str(""));
	jsonw_array_end(&b);
	jsonw_member_array(&b, "e");
	jsonw_array_end(&b);
	jsonw_object_end(&b);
	assert_ok(buf_end(&b));
	assert_string_equal(buf_cstr(&b), "{\"a\":[{\"i\":0},{\"i\":1}],"
	    "\"s\":[\"[\",\"\\\"\",\"\"],\"e\":[]}");
}

static void
writer_refuses(void **state)
{
	static const struct {
		const char *s;
		size_t	    n;
	} bad[] = { { "\xff", 1 }, { "a\0b", 3 }, { "\xed\xa0\x80", 3 }, { "\xc3", 1 } };

	(void)state;
	for (size_t i = 0; i < NELEM(bad); i++) {
		AUTO(buf_free) struct buf b = BUF(64);

		jsonw_object(&b);
		jsonw_member_str(&b, "s", cur_of(bad[i].s, bad[i].n));
		jsonw_object_end(&b);
		assert_err(buf_end(&b), ERR_MALFORMED);
	}
}

#define LOAD(text, want)	{ text, load_one, NULL, NULL, &(struct one){ text, want } }

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LOAD("{}", ERR_OK),
		LOAD(" {\"a\" : 1} \n", ERR_OK),
		LOAD("", ERR_MALFORMED),
		LOAD("[]", ERR_MALFORMED),
		LOAD("\"a\"", ERR_MALFORMED),
		LOAD("1", ERR_MALFORMED),
		LOAD("{} {}", ERR_MALFORMED),
		LOAD("{\"a\":1,}", ERR_MALFORMED),
		LOAD("{\"a\":1,\"a\":1}", ERR_MALFORMED),
		LOAD("{\"a\":1,\"\\u0061\":1}", ERR_MALFORMED),
		LOAD("{\"o\":{\"a\":1,\"a\":1}}", ERR_MALFORMED),
		LOAD("{'a':1}", ERR_MALFORMED),
		LOAD("{\"a\":NaN}", ERR_MALFORMED),
		LOAD("{\"a\":01}", ERR_MALFORMED),
		LOAD("{\"a\":1e999}", ERR_MALFORMED),
		LOAD("{\"a\":9223372036854775808}", ERR_MALFORMED),
		LOAD("{\"a\":\"\\u0000\"}", ERR_MALFORMED),
		LOAD("{\"a\":\"\\ud800\"}", ERR_MALFORMED),
		LOAD("{\"a\":\"\xff\"}", ERR_MALFORMED),
		LOAD("{\"a\":\"\xc0\x80\"}", ERR_MALFORMED),
		LOAD("{\"a\":\"\n\"}", ERR_MALFORMED),
		LOAD("{\"a\":1 /* */}", ERR_MALFORMED),
		LOAD("\xef\xbb\xbf{}", ERR_MALFORMED),
		LOAD("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[\"}", ERR_OK),
		cmocka_unit_test(load_nul_in_text),
		cmocka_unit_test(depth),
		cmocka_unit_test(size),
		cmocka_unit_test(members),
		cmocka_unit_test(only),
		cmocka_unit_test(put_sorted),
		cmocka_unit_test(writer),
		cmocka_unit_test(writer_writes_lists),
		cmocka_unit_test(writer_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
