/* SPDX-License-Identifier: EUPL-1.2 */
/* Keypads: what they are told and what is believed of them (pcsc.md sections 7 to 10). */
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/b64.h"
#include "base/file.h"
#include "card/channel.h"
#include "card/replay.h"

static const struct pin_rules piv = { .min = 6, .max = 8, .ref = 0x80, .block = 8, .pad = 0xff };
static const struct apdu verify = { .ins = 0x20, .p2 = 0x80 };
static const struct apdu change = { .ins = 0x24, .p2 = 0x80 };
static const struct features direct = { .code = { [FEATURE_VERIFY_DIRECT] = 6,
    [FEATURE_MODIFY_DIRECT] = 7 } };

static void
built(const struct features *f, const struct keypad *k, enum pad_use use,
    const struct apdu *a, const struct pin_rules *rules, const char *want)
{
	AUTO(buf_free) struct buf got = BUF(128), bytes = BUF(128);

	assert_ok(hex_get(cur_str(want), &bytes));
	assert_true(pad_can(f, k, use, rules));
	assert_ok(pad_put(&got, f, k, use, a, rules));
	assert_int_equal(got.len, bytes.len);
	assert_memory_equal(got.p, bytes.p, bytes.len);
}

/* The ready-made ones of pcsc.md section 7. */
static void
builds_vectors(void **state)
{
	const struct keypad gem = { .has_messages = true, .messages = 1, .change_messages = 3 };
	const struct keypad spr = { .variable = true };
	const struct pin_rules bare = { .min = 4, .max = 12, .ref = 1 };
	const struct apdu one = { .ins = 0x20, .p2 = 1 };
	const struct apdu renew = { .ins = 0x2c, .p1 = 2, .p2 = 0x80 };

	(void)state;
	built(&direct, &gem, PAD_VERIFY, &verify, &piv,
	    "1E 1E 82 08 00 08 06 02 01 13 04 00 00 00 00 0D 00 00 00 "
	    "00 20 00 80 08 FF FF FF FF FF FF FF FF");
	built(&direct, &gem, PAD_CHANGE, &change, &piv,
	    "1E 1E 82 08 00 00 08 08 06 03 02 03 13 04 00 01 02 00 00 00 15 00 00 00 "
	    "00 24 00 80 10 FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF");
	/* Only a new one, twice (bConfirmPIN 01), as after a PUK. */
	built(&direct, &(struct keypad){ .validation = 2 }, PAD_NEW, &renew, &piv,
	    "1E 1E 82 08 00 00 00 08 06 01 02 02 13 04 01 02 00 00 00 00 0D 00 00 00 "
	    "00 2C 02 80 08 FF FF FF FF FF FF FF FF");
	built(&direct, &spr, PAD_VERIFY, &one, &bare,
	    "1E 1E 82 00 00 0C 04 02 00 13 04 00 00 00 00 04 00 00 00 00 20 00 01");
}

/* A UZI pass: 15 bytes, which is as much as four bits can say. */
static void
builds_for_readers(void **state)
{
	const struct pin_rules uzi = { .min = 6, .max = 15, .ref = 3, .block = 15 };
	struct features f = direct;
	const struct apdu a = { .ins = 0x20, .p2 = 3 };
	struct keypad k = { .swapped = true, .validation = 7 };

	(void)state;
	f.min_pin = 4;
	f.max_pin = 10;			/* the keypad's limit */
	f.lcd = 0x0210;			/* it has a display, and words of its own */
	built(&f, &k, PAD_VERIFY, &a, &uzi,
	    "1E 1E 82 0F 00 06 0A 07 FF 13 04 00 00 00 00 14 00 00 00 "
	    "00 20 00 03 0F 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
}

static void
is_not_offered(void **state)
{
	const struct features none = { .lcd = 0x0210 };
	const struct features half = { .code = { [FEATURE_VERIFY_START] = 1 } };
	const struct features whole = { .code = { [FEATURE_VERIFY_START] = 1,
	    [FEATURE_VERIFY_FINISH] = 2 } };
	const struct keypad good = { .absent = false }, liar = { .absent = true };
	const struct keypad verifies = { .no_change = true };
	struct features narrow = direct;
	struct pin_rules rules = piv;

	(void)state;
	assert_false(pad_can(&direct, NULL, PAD_VERIFY, &piv));	/* nobody vouches for it */
	assert_false(pad_can(&direct, &liar, PAD_VERIFY, &piv));	/* T27 */
	assert_false(pad_can(&none, &good, PAD_VERIFY, &piv));
	assert_false(pad_can(&half, &good, PAD_VERIFY, &piv));
	assert_true(pad_can(&whole, &good, PAD_VERIFY, &piv));
	assert_false(pad_can(&whole, &good, PAD_CHANGE, &piv));
	assert_false(pad_can(&direct, &verifies, PAD_CHANGE, &piv));
	rules.coded = true;
	assert_false(pad_can(&whole, &good, PAD_VERIFY, &rules));	/* not as text */
	rules.coded = false;
	narrow.max_pin = 5;
	assert_false(pad_can(&narrow, &good, PAD_VERIFY, &piv));
	narrow.max_pin = 0;
	narrow.min_pin = 9;
	assert_false(pad_can(&narrow, &good, PAD_VERIFY, &piv));
	rules.block = 16;		/* the size has four bits */
	assert_false(pad_can(&direct, &good, PAD_VERIFY, &rules));
	rules.block = 0;		/* readers differ in what they make of it */
	assert_false(pad_can(&direct, &good, PAD_VERIFY, &rules));
}

static void
reads_answers(void **state)
{
	static const struct {
		const char *reply;
		enum err want;
	} all[] = {
		{ "90 00", ERR_OK }, { "63 C2", ERR_OK }, { "69 83", ERR_OK },
		{ "64 00", ERR_TIMEOUT }, { "64 01", ERR_CANCELLED },
		{ "64 02", ERR_MISMATCH }, { "64 03", ERR_PIN_LENGTH },
		{ "6B 80", ERR_UNSUPPORTED },
		/* Vector 71: 0, 1, 3 and 20 bytes, and digits that somebody typed. */
		{ "", ERR_CARD }, { "90", ERR_CARD }, { "90 00 00", ERR_CARD },
		{ "31 32 33 34 35 36 37 38 39 30 31 32 33 34 35 36 37 38 90 00", ERR_CARD },
		{ "31 32", ERR_CARD },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(all); i++) {
		AUTO(buf_free) struct buf b = BUF(32);
		unsigned sw = 0;

		assert_ok(hex_get(cur_str(all[i].reply), &b));
		assert_err(pad_result(buf_view(&b), &sw), all[i].want);
		assert_int_equal(sw, all[i].want == ERR_OK ? b.p[0] << 8 | b.p[1] : 0);
	}
}

#define ASK	{ "@42000D48", LIST, ERR_OK }
#define LIST	"06 04 00 00 00 06 0C 04 00 00 00 0C"
#define STEPS	"01 04 00 00 00 01 02 04 00 00 00 02"
#define TYPE(code)							\
	"@000000" code " 1E 1E 82 08 00 08 06 02 00 13 04 00 00 00 00 0D 00 00 00 " \
	"00 20 00 80 08 FF FF FF FF FF FF FF FF"

struct talk {
	const struct replay_line lines[3];
	size_t	 n;
	enum err want;
	bool	 off, dead;		/* afterwards */
};

static void
channel_asks(void **state)
{
	const struct talk *t = *state;
	const struct keypads known = { .item = { { .part = "Replay" } }, .n = 1 };
	AUTO(reader_close) struct reader *r = NULL;
	struct channel ch = { 0 };
	unsigned sw = 0;

	assert_ok(replay_open(t->lines, t->n, "3B 00", &r));
	r->keypads = &known;
	assert_ok(channel_begin(r, &ch));
	assert_err(channel_pad(&ch, PAD_VERIFY, &verify, &piv, &sw), t->want);
	assert_int_equal(sw, t->want == ERR_OK ? 0x9000 : 0);
	assert_int_equal(r->keypad_off, t->off);
	assert_int_equal(ch.dead, t->dead);
	/* One that misbehaved is not asked again. */
	if (t->off)
		assert_null(reader_keypad(r, PAD_VERIFY, &piv));
	channel_end(&ch);
	assert_true(replay_done(r));
}

/* Without a list of readers nobody is even asked what he can do. */
static void
asks_nobody(void **state)
{
	static const struct replay_line lines[] = { ASK };
	AUTO(reader_close) struct reader *r = NULL;
	AUTO(channel_end) struct channel ch = { 0 };
	unsigned sw;

	(void)state;
	assert_ok(replay_open(lines, 1, "3B 00", &r));
	assert_ok(channel_begin(r, &ch));
	assert_err(channel_pad(&ch, PAD_VERIFY, &verify, &piv, &sw), ERR_UNSUPPORTED);
	assert_int_equal(replay_seen(r)->controls, 0);
}

static void
reads_the_file(void **state)
{
	AUTO(buf_free) struct buf text = BUF(65536);
	struct features f = { .vendor = 0x08e6, .product = 0x3478 };
	struct keypads all = { .n = 0 };
	const struct keypad *k;
	char path[512];

	(void)state;
	snprintf(path, sizeof(path), "%s/drivers/profiles/" KEYPADS_FILE, getenv("srcdir"));
	assert_ok(file_read(path, &text));
	assert_ok(keypads_parse(buf_view(&text), &all));
	k = keypads_find(&all, &f, "whatever");
	assert_non_null(k);
	assert_int_equal(k->messages, 1);
	assert_int_equal(k->validation, 2);
	f.product = 0x3479;
	assert_null(keypads_find(&all, &f, "whatever"));
	k = keypads_find(&all, &f, "HID Global OMNIKEY 3x21 Smart Card Reader 00 00");
	assert_true(k != NULL && k->absent);		/* T27 */
}

static void
refuses_files(void **state)
{
	static const char *const bad[] = {
		"usb = 08E6:3478\n", "[card a]\n", "[reader]\n", "[reader a]\n",
		"[reader a]\nkeypad = no\n[reader b]\nname = B\n", "[reader a]\nusb = 08E63478\n",
		"[reader a]\nusb = 08 E6:3478\n", "[reader a]\nname = A\nname = B\n",
		"[reader a]\nname = A\nvalidation = 08\n", "[reader a]\nname = A\nvalidation = 00\n",
		"[reader a]\nname = A\nchange_messages = 03\n", "[reader a]\nname = \n",
		"[reader a]\nname = A\nbeep = yes\n", "[reader a]\nname = A\nmessages = 1\n",
	};

	(void)state;
	for (size_t i = 0; i < NELEM(bad); i++) {
		struct keypads all = { .n = 0 };

		assert_err(keypads_parse(cur_str(bad[i]), &all), ERR_CONFIG);
	}
}

#define ONE(name, n, want, off, dead, ...)				\
	{ name, channel_asks, NULL, NULL,				\
	    &(struct talk){ { __VA_ARGS__ }, n, want, off, dead } }

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_vectors),
		cmocka_unit_test(builds_for_readers),
		cmocka_unit_test(is_not_offered),
		cmocka_unit_test(reads_answers),
		cmocka_unit_test(asks_nobody),
		cmocka_unit_test(reads_the_file),
		cmocka_unit_test(refuses_files),
		ONE("typed", 2, ERR_OK, false, false, ASK, { TYPE("06"), "9000", ERR_OK }),
		ONE("start and finish", 3, ERR_OK, false, false,
		    { "@42000D48", STEPS, ERR_OK }, { TYPE("01"), "", ERR_OK },
		    { "@00000002", "9000", ERR_OK }),
		ONE("start refused", 2, ERR_UNSUPPORTED, true, false,
		    { "@42000D48", STEPS, ERR_OK }, { TYPE("01"), "6B80", ERR_OK }),
		ONE("start not known", 2, ERR_UNSUPPORTED, true, false,
		    { "@42000D48", STEPS, ERR_OK }, { TYPE("01"), "6D00", ERR_OK }),
		ONE("start cancelled", 2, ERR_CANCELLED, false, false,
		    { "@42000D48", STEPS, ERR_OK }, { TYPE("01"), "6401", ERR_OK }),
		ONE("start too late", 2, ERR_TIMEOUT, false, false,
		    { "@42000D48", STEPS, ERR_OK }, { TYPE("01"), "6400", ERR_OK }),
		ONE("start has the card's word", 2, ERR_CARD, true, true,
		    { "@42000D48", STEPS, ERR_OK }, { TYPE("01"), "9000", ERR_OK }),
		ONE("cancelled", 2, ERR_CANCELLED, false, false, ASK,
		    { TYPE("06"), "6401", ERR_OK }),
		ONE("too late", 2, ERR_TIMEOUT, false, false, ASK,
		    { TYPE("06"), "6400", ERR_OK }),
		ONE("rejected", 2, ERR_UNSUPPORTED, true, false, ASK,
		    { TYPE("06"), "6B80", ERR_OK }),
		ONE("claims a keypad and has none", 2, ERR_UNSUPPORTED, true, false, ASK,
		    { TYPE("06"), NULL, ERR_UNSUPPORTED }),
		ONE("tells what was typed", 2, ERR_CARD, true, true, ASK,
		    { TYPE("06"), "31 32 33 34 35 36", ERR_OK }),
		ONE("answers before anybody typed", 2, ERR_CARD, true, true,
		    { "@42000D48", STEPS, ERR_OK }, { TYPE("01"), "9000", ERR_OK }),
		ONE("never answers", 2, ERR_IO, true, true, ASK,
		    { TYPE("06"), NULL, ERR_TIMEOUT }),
		ONE("pulled out", 2, ERR_REMOVED, false, true, ASK,
		    { TYPE("06"), NULL, ERR_REMOVED }),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
