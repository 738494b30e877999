/* SPDX-License-Identifier: EUPL-1.2 */
/* What readers say of themselves (pcsc.md sections 6 and 7; hostile-cards vector 71). */
#include "tests/check.h"

#include "base/b64.h"
#include "card/replay.h"
#include "card/trace.h"

#define LIST	"06 04 42 33 00 06 07 04 42 33 00 07 0A 04 42 33 00 0A 12 04 42 33 00 12"
#define ASK	"@42000D48"
#define ASK_PIN	"@4233000A"
#define ASK_TLV	"@42330012"
/* 2 lines of 16; 4 to 8 digits; 65536 bytes; Gemalto's keypad */
#define TLV	"06 01 04 07 01 08 0A 04 00 00 01 00 0B 02 E6 08 0C 02 78 34"

static struct features
list_of(const char *hex, bool want)
{
	AUTO(buf_free) struct buf b = BUF(512);
	struct features f = { .lcd = 7 };

	assert_ok(hex_get(cur_str(hex), &b));
	assert_int_equal(feature_take_list(buf_view(&b), &f), want);
	assert_int_equal(f.lcd, 7);
	return f;
}

static struct features
properties_of(const char *hex)
{
	AUTO(buf_free) struct buf b = BUF(512);
	struct features f = { .lcd = 0 };

	assert_ok(hex_get(cur_str(hex), &b));
	feature_take_properties(buf_view(&b), &f);
	return f;
}

static void
reads_a_list(void **state)
{
	struct features f = list_of(LIST, true);

	(void)state;
	assert_int_equal(f.code[FEATURE_VERIFY_DIRECT], 0x42330006);
	assert_int_equal(f.code[FEATURE_MODIFY_DIRECT], 0x42330007);
	assert_int_equal(f.code[FEATURE_PROPERTIES], 0x42330012);
	assert_int_equal(f.code[FEATURE_VERIFY_START], 0);
	/* The first of a tag counts; tags that nobody knows are passed over. */
	f = list_of("06 04 00 00 00 01 06 04 00 00 00 02 FF 04 00 00 00 03", true);
	assert_int_equal(f.code[FEATURE_VERIFY_DIRECT], 1);
	f = list_of("", true);
	assert_int_equal(f.code[FEATURE_VERIFY_DIRECT], 0);
}

/* Vector 71: length 5, or a value that is not four bytes long: nothing of it is believed. */
static void
refuses_a_list(void **state)
{
	static const char *const bad[] = {
		"06 05 42 33 00 06 00", "06 05 42 33 00 06", "06 03 42 33 00", "06",
		"07 04 42 33 00 07 06 00 00 00 00 00", LIST " 13", LIST " 13 04 42 33 00",
	};

	(void)state;
	for (size_t i = 0; i < NELEM(bad); i++) {
		struct features f = list_of(bad[i], false);

		for (size_t tag = 0; tag < FEATURE_TAGS; tag++)
			assert_int_equal(f.code[tag], 0);
	}
}

static void
reads_properties(void **state)
{
	struct features f = properties_of("01 02 10 02 " TLV);

	(void)state;
	assert_int_equal(f.lcd, 0x0210);
	assert_int_equal(f.min_pin, 4);
	assert_int_equal(f.max_pin, 8);
	assert_int_equal(f.max_apdu, 0x10000);
	assert_int_equal(f.vendor, 0x08e6);
	assert_int_equal(f.product, 0x3478);
}

/* Vector 71 again; OpenSC read on behind the end of such a list. */
static void
bears_properties(void **state)
{
	struct features f = properties_of("06 01 04 0A 04 00 00 01");

	(void)state;
	assert_int_equal(f.min_pin, 4);
	assert_int_equal(f.max_apdu, 0);
	f = properties_of("06 02 04 00 0A 01 FF 07 00 0B 02 E6 08");
	assert_int_equal(f.min_pin, 0);
	assert_int_equal(f.max_apdu, 0);
	assert_int_equal(f.max_pin, 0);
	assert_int_equal(f.vendor, 0x08e6);
	assert_int_equal(properties_of("06").min_pin, 0);
	assert_int_equal(properties_of("06 FF 04").min_pin, 0);
}

/* Nothing before somebody wants to know; then once. */
static void
asks_once(void **state)
{
	static const struct replay_line lines[] = {
		{ ASK, LIST, ERR_OK }, { ASK_PIN, "10 02 02 00", ERR_OK },
		{ ASK_TLV, TLV, ERR_OK },
	};
	AUTO(reader_close) struct reader *r = NULL;

	(void)state;
	assert_ok(replay_open(lines, NELEM(lines), "3B 00", &r));
	assert_int_equal(replay_seen(r)->controls, 0);
	assert_int_equal(reader_max_apdu(r), 0x10000);
	assert_int_equal(reader_features(r)->lcd, 0x0210);
	assert_int_equal(reader_max_apdu(r), 0x10000);
	assert_int_equal(replay_seen(r)->controls, 3);
	assert_true(replay_done(r));
}

static void
knows_nothing(void **state)
{
	static const struct replay_line none[] = { { ASK, NULL, ERR_UNSUPPORTED } };
	static const struct replay_line silent[] = { { ASK, NULL, ERR_TIMEOUT } };
	static const struct replay_line half[] = { { ASK, "06 04 42", ERR_OK } };
	static const struct replay_line *const all[] = { none, silent, half };

	(void)state;
	for (size_t i = 0; i < NELEM(all); i++) {
		AUTO(reader_close) struct reader *r = NULL;

		assert_ok(replay_open(all[i], 1, "3B 00", &r));
		assert_int_equal(reader_max_apdu(r), 0);
		assert_int_equal(reader_features(r)->code[FEATURE_VERIFY_DIRECT], 0);
		assert_true(replay_done(r));
	}
}

/* In another program's transaction a reader says nothing: that is no answer. */
static void
asks_again(void **state)
{
	static const struct replay_line lines[] = {
		{ ASK, NULL, ERR_CARD_BUSY }, { ASK, LIST, ERR_OK },
		{ ASK_PIN, NULL, ERR_UNSUPPORTED }, { ASK_TLV, "", ERR_OK },
	};
	AUTO(reader_close) struct reader *r = NULL;

	(void)state;
	assert_ok(replay_open(lines, NELEM(lines), "3B 00", &r));
	assert_int_equal(reader_features(r)->code[FEATURE_VERIFY_DIRECT], 0);
	assert_int_equal(reader_features(r)->code[FEATURE_VERIFY_DIRECT], 0x42330006);
	assert_true(replay_done(r));
}

static void
keep(void *arg, const char *line)
{
	struct buf *b = arg;

	buf_str(b, line);
	buf_str(b, "\n");
}

/* What comes from a keypad is shown only when it is a status word (vector 71). */
static void
is_overheard(void **state)
{
	static const struct replay_line lines[] = {
		{ "@00000006 1E 82", "90 00", ERR_OK },
		{ "@00000006 1E 82", "31 32 33 34", ERR_OK },
		{ "@00000001", "31 32", ERR_OK },
		{ "@00000001", NULL, ERR_TIMEOUT },
	};
	AUTO(buf_free) struct buf said = BUF(4096), got = BUF(64);
	AUTO(reader_close) struct reader *r = NULL;
	struct reader *inner;
	const struct cur in = cur_of("\x1e\x82", 2), none = cur_of(NULL, 0);

	(void)state;
	assert_ok(replay_open(lines, NELEM(lines), "3B 00", &inner));
	assert_ok(trace_open(inner, keep, &said, &r));
	buf_u8(&got, 0xff);
	assert_ok(r->ops->control(r, 6, in, true, 1000, &got));
	assert_ok(r->ops->control(r, 6, in, true, 1000, &got));
	assert_ok(r->ops->control(r, 1, none, false, 1000, &got));
	assert_err(r->ops->control(r, 1, none, false, 1000, &got), ERR_TIMEOUT);
	assert_int_equal(got.len, 9);
	assert_string_equal(buf_cstr(&said),
	    "! 00000006 [2 bytes]\n< 90 00\n! 00000006 [2 bytes]\n< [4 bytes]\n"
	    "! 00000001\n< 31 32\n! 00000001\n< timeout\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_list),
		cmocka_unit_test(refuses_a_list),
		cmocka_unit_test(reads_properties),
		cmocka_unit_test(bears_properties),
		cmocka_unit_test(asks_once),
		cmocka_unit_test(knows_nothing),
		cmocka_unit_test(asks_again),
		cmocka_unit_test(is_overheard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
