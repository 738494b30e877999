/* SPDX-License-Identifier: EUPL-1.2 */
/* TLV, FCI, ATR, APDU, DigestInfo: hostile-cards vectors 1 to 11, 14, 15, 32. */
#include "tests/check.h"

#include "base/b64.h"
#include "iso7816/apdu.h"
#include "iso7816/atr.h"
#include "iso7816/digestinfo.h"
#include "iso7816/fci.h"
#include "iso7816/sw.h"
#include "iso7816/tlv.h"


/* The bytes that hex spells. */
static struct cur
hex(const char *s, struct buf *b)
{
	buf_clear(b);
	assert_ok(hex_get(cur_str(s), b));
	return buf_view(b);
}

static void
takes_one_at_a_time(void **state)
{
	AUTO(buf_free) struct buf b = BUF(64);
	struct cur in = hex("30 03 02 01 05 7F 49 81 02 AA BB 04 00", &b);
	struct tlv t;

	(void)state;
	assert_true(tlv_take(&in, &t));
	assert_int_equal(t.tag, 0x30);
	assert_int_equal(t.value.n, 3);
	assert_true(tlv_take(&in, &t));
	assert_int_equal(t.tag, 0x7f49);
	assert_int_equal(t.value.n, 2);
	assert_int_equal(t.value.p[1], 0xbb);
	assert_true(tlv_take(&in, &t));
	assert_int_equal(t.tag, 0x04);
	assert_int_equal(t.value.n, 0);
	assert_int_equal(in.n, 0);
	assert_false(tlv_take(&in, &t));
}

static void
refuses_what_is_no_tlv(void **state)
{
	const char *const bad[] = {
		"53 82 FF FF 70 01 02 03",	/* vector 1: beyond the data */
		"53 84 FF FF FF FF",		/* vector 2: 4 GiB */
		"53 83 FF FF FF 00",
		"30 80 02 01 05 00 00",		/* vector 3: indefinite */
		"30 85 00 00 00 00 05 01 02 03 04 05",	/* vector 4 */
		"30 84 00 00 00 01 05",
		"30 FF 00",			/* vector 5: reserved */
		"A0",				/* vector 6: tag only */
		"30 81", "30 82 01",
		"1F FF FF FF FF 7F 00",		/* vector 6: long tag */
		"5F", "5F 81",
		"00 00", "FF 00",		/* padding is no tag */
		"04 01",
	};
	AUTO(buf_free) struct buf b = BUF(64);

	(void)state;
	for (size_t i = 0; i < NELEM(bad); i++) {
		struct cur in = hex(bad[i], &b), before = in;
		struct tlv t = { .tag = 77 };

		assert_false(tlv_take(&in, &t));
		assert_ptr_equal(in.p, before.p);
		assert_int_equal(in.n, before.n);
		assert_int_equal(t.tag, 77);
	}
}

static void
accepts_a_length_that_is_not_minimal(void **state)
{
	AUTO(buf_free) struct buf b = BUF(64);
	struct cur in = hex("30 81 05 01 02 03 04 05", &b), v;

	(void)state;				/* vector 4, second half */
	assert_true(tlv_take_tag(&in, 0x30, &v));
	assert_int_equal(v.n, 5);
	in = hex("30 83 00 00 02 01 02", &b);
	assert_true(tlv_take_tag(&in, 0x30, &v));
	assert_int_equal(v.n, 2);
}

static void
finds_among_neighbours(void **state)
{
	AUTO(buf_free) struct buf b = BUF(64);
	struct cur in = hex("80 01 01 81 01 02 82 01 03", &b), v;

	(void)state;
	assert_ok(tlv_find(in, 0x81, &v));
	assert_int_equal(v.p[0], 2);
	assert_err(tlv_find(in, 0x84, &v), ERR_NOT_FOUND);
	in = hex("80 01 01 81 05 02", &b);
	assert_err(tlv_find(in, 0x82, &v), ERR_MALFORMED);
	assert_int_equal(in.n, 6);
	tlv_skip(&in, 0x81);
	assert_int_equal(in.n, 6);
	tlv_skip(&in, 0x80);
	assert_int_equal(in.n, 3);
}

static void
reads_integers(void **state)
{
	const struct {
		const char *bytes;
		int64_t want;
	} good[] = {
		{ "00", 0 }, { "7F", 127 }, { "82", -126 }, { "FF", -1 },
		    { "00 82", 130 },
		{ "FF 7F", -129 }, { "01 00", 256 },
		    { "7F FF FF FF FF FF FF FF", INT64_MAX },
		{ "80 00 00 00 00 00 00 00", INT64_MIN },
	};
	AUTO(buf_free) struct buf b = BUF(64);
	int64_t i = 5;

	(void)state;
	for (size_t k = 0; k < NELEM(good); k++) {
		assert_true(tlv_int(hex(good[k].bytes, &b), &i));
		assert_true(i == good[k].want);
	}
	i = 5;					/* vector 9 */
	assert_false(tlv_int(cur_of(NULL, 0), &i));
	assert_false(tlv_int(hex("00 00 00 00 00 00 00 00 01", &b), &i));
	assert_true(i == 5);
}

static void
reads_bits_and_booleans(void **state)
{
	uint8_t many[5000] = { 0 };
	AUTO(buf_free) struct buf b = BUF(64);
	uint32_t bits = 99;
	bool yes = false;

	(void)state;
	/* Bit 0 is the most significant one of the first byte. */
	assert_true(tlv_bits(hex("05 20", &b), &bits));
	assert_int_equal(bits, 1u << 2);
	assert_true(tlv_bits(hex("06 20 40", &b), &bits));
	assert_int_equal(bits, 1u << 2 | 1u << 9);
	assert_true(tlv_bits(hex("00", &b), &bits));
	assert_int_equal(bits, 0);
	/* Unused bits do not count, whatever they are. */
	assert_true(tlv_bits(hex("07 FF", &b), &bits));
	assert_int_equal(bits, 1);
	/* vector 10 */
	many[4999] = 0xff;
	many[1] = 0x80;
	assert_true(tlv_bits(cur_of(many, sizeof(many)), &bits));
	assert_int_equal(bits, 1);
	assert_false(tlv_bits(cur_of(NULL, 0), &bits));
	assert_false(tlv_bits(hex("08 00", &b), &bits));
	assert_false(tlv_bits(hex("FF 00", &b), &bits));
	assert_false(tlv_bits(hex("01", &b), &bits));
	/* vector 11 */
	assert_true(tlv_bool(hex("FF", &b), &yes));
	assert_true(yes);
	assert_false(tlv_bool(cur_of(NULL, 0), &yes));
	assert_false(tlv_bool(hex("FF FF", &b), &yes));
}

static void
writes_what_it_reads(void **state)
{
	const size_t sizes[] = { 0, 1, 127, 128, 255, 256, 4000 };
	static const uint8_t zeros[65536];

	(void)state;
	for (size_t i = 0; i < NELEM(sizes); i++) {
		AUTO(buf_free) struct buf b = BUF(70000);
		struct cur in, v;
		size_t n;

		tlv_put(&b, 0x7f66, cur_of(zeros, sizes[i]));
		assert_ok(buf_end(&b));
		in = buf_view(&b);
		assert_true(tlv_size(cur_of(b.p, b.len < 6 ? b.len : 6), 0x7f66, &n));
		assert_int_equal(n, b.len);
		assert_true(tlv_take_tag(&in, 0x7f66, &v));
		assert_int_equal(v.n, sizes[i]);
		assert_int_equal(in.n, 0);
	}
	{
		AUTO(buf_free) struct buf b = BUF(70000);

		tlv_put(&b, 0x30, cur_of(zeros, sizeof(zeros)));
		assert_err(buf_end(&b), ERR_LIMIT);
	}
}

static void
reads_the_size_of_a_file(void **state)
{
	AUTO(buf_free) struct buf b = BUF(8192);
	size_t n = 0;

	(void)state;
	assert_true(fci_size(hex("6F 07 80 02 00 BF 82 01 01", &b), &n));
	assert_int_equal(n, 0xbf);
	assert_true(fci_size(hex("62 04 81 02 01 00", &b), &n));
	assert_int_equal(n, 0x100);
	assert_true(fci_size(hex("6F 08 82 01 01 62 03 80 01 07", &b), &n));
	assert_int_equal(n, 7);
	/* vector 15: nothing, zero, 64 KiB and one, 4 GiB, eight bytes */
	assert_false(fci_size(cur_of(NULL, 0), &n));
	assert_false(fci_size(hex("6F 04 80 02 00 00", &b), &n));
	assert_false(fci_size(hex("6F 05 80 03 01 00 01", &b), &n));
	assert_false(fci_size(hex("6F 06 80 04 FF FF FF FF", &b), &n));
	assert_false(fci_size(hex("6F 0A 80 08 00 00 00 00 00 00 00 01", &b), &n));
	assert_true(fci_size(hex("6F 05 80 03 01 00 00", &b), &n));
	assert_int_equal(n, 65536);
	/* vector 14: of two of a kind the first */
	assert_true(fci_size(hex("6F 08 80 02 00 10 80 02 00 20 00 00 FF", &b), &n));
	assert_int_equal(n, 16);
	/* A text is no FCI. */
	assert_false(fci_size(cur_str("I am the SafeSign Applet"), &n));
}

/* Wrap b depth times in tag. */
static void
nest(struct buf *b, unsigned tag, int depth)
{
	for (int i = 0; i < depth; i++) {
		AUTO(buf_free) struct buf outer = BUF(65536);

		tlv_put(&outer, tag, buf_view(b));
		assert_ok(buf_end(&outer));
		buf_clear(b);
		buf_cur(b, buf_view(&outer));
	}
}

static void
does_not_follow_nesting(void **state)
{
	AUTO(buf_free) struct buf b = BUF(65536);
	size_t n;

	(void)state;				/* vector 7 */
	hex("80 01 05", &b);
	nest(&b, 0x6f, 3);
	assert_false(fci_size(buf_view(&b), &n));
	hex("80 01 05", &b);
	nest(&b, 0x62, 2);
	assert_true(fci_size(buf_view(&b), &n));
	nest(&b, 0x6f, 998);
	assert_false(fci_size(buf_view(&b), &n));
}

static void
finds_historical_bytes(void **state)
{
	AUTO(buf_free) struct buf b = BUF(64);
	struct cur h;

	(void)state;
	assert_true(atr_historical(hex("3B FD 18 00 FF 81 31 FE 45 43 49 42 47 55 5A 49 "
	    "4A 32 41 30 38 31 58", &b), &h));
	assert_true(cur_eq_str(h, "CIBGUZIJ2A081"));
	assert_true(atr_historical(hex("3B DC 18 FF 81 91 FE 1F C3 06 0A 2B 06 01 04 01 "
	    "E9 10 05 02 03 D1", &b), &h));
	assert_int_equal(h.n, 12);
	assert_int_equal(h.p[0], 0x06);
	assert_true(atr_historical(hex("3B 80 01 81", &b), &h));
	assert_int_equal(h.n, 0);
	/* vector 32 */
	assert_false(atr_historical(cur_of(NULL, 0), &h));
	assert_false(atr_historical(hex("3B", &b), &h));
	assert_false(atr_historical(hex("3B FF", &b), &h));
	assert_false(atr_historical(hex("3B 05 41 42", &b), &h));
	assert_false(atr_historical(hex("3B 00 41 42", &b), &h));
	assert_false(atr_historical(hex("42 00", &b), &h));
	memset(buf_room(&b, 32), 0x80, 32);
	assert_false(atr_historical(buf_view(&b), &h));
	buf_clear(&b);
	buf_u8(&b, 0x3b);
	memset(buf_room(&b, 32), 0x80, 32);	/* TD upon TD, to the end */
	assert_false(atr_historical(buf_view(&b), &h));
}

/* piv reference section 7 (YubiKey), uzi-card reference section 1; vector 32 */
static void
knows_who_takes_extended_length(void **state)
{
	static const struct {
		const char *atr;
		bool takes;
	} cases[] = {
		{ "3B FD 13 00 00 81 31 FE 15 80 73 C0 21 C0 57 59 75 62 69 4B 65 79 40", true },
		{ "3B 8D 80 01 80 73 C0 21 80 57 59 75 62 69 4B 65 79 F9", false },
		{ "3B 88 80 01 00 73 C0 21 C0 05 90 00 7F", true },
		{ "3B 83 80 01 00 73 C0 21", false },
		{ "3B DC 18 FF 81 91 FE 1F C3 06 0A 2B 06 01 04 01 E9 10 05 02 03 D1", false },
		{ "3B 83 80 01 80 73 FF 00", false },
		{ "3B 80 01 81", false },
		{ "3B", false },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		AUTO(buf_free) struct buf b = BUF(64);

		assert_int_equal(atr_takes_extended(hex(cases[i].atr, &b)), cases[i].takes);
	}
}

static void
pads_for_a_card_that_does_not(void **state)
{
	AUTO(buf_free) struct buf block = BUF(64), text = BUF(200);

	(void)state;
	assert_ok(digestinfo_pad(cur_str("AB"), 13, &block));
	hex_put(&text, buf_view(&block));
	assert_string_equal(buf_cstr(&text), "0001FFFFFFFFFFFFFFFF004142");
	assert_err(digestinfo_pad(cur_str("AB"), 12, &block), ERR_UNSUPPORTED);
	assert_err(digestinfo_pad(cur_str("AB"), 0, &block), ERR_UNSUPPORTED);
}

static void
encodes_the_four_cases(void **state)
{
	const uint8_t data[256] = { 0xaa, 0xbb };
	const struct {
		struct apdu a;
		enum apdu_form form;
		const char *want;
	} cases[] = {
		{ { 0, 0x20, 0, 2, { NULL, 0 }, 0, false, false }, APDU_SHORT, "00200002" },
		{ { 0, 0xb0, 1, 2, { NULL, 0 }, 254, false, false }, APDU_SHORT, "00B00102FE" },
		{ { 0, 0xb0, 1, 2, { NULL, 0 }, 256, false, false }, APDU_SHORT, "00B0010200" },
		{ { 0, 0xb0, 1, 2, { NULL, 0 }, 4096, false, false }, APDU_SHORT, "00B0010200" },
		{ { 0, 0xb0, 1, 2, { NULL, 0 }, 256, false, false }, APDU_SHORT_T0, "00B0010200" },
		{ { 0, 0xa4, 0, 12, { data, 2 }, 0, false, false }, APDU_SHORT, "00A4000C02AABB" },
		{ { 1, 0xa4, 2, 0, { data, 2 }, 256, false, false }, APDU_SHORT, "01A4020002AABB00" },
		{ { 1, 0xa4, 2, 0, { data, 2 }, 256, false, false }, APDU_SHORT_T0, "01A4020002AABB" },
		{ { 0, 0x20, 0, 2, { NULL, 0 }, 0, false, false }, APDU_EXTENDED, "00200002" },
		{ { 0, 0xb0, 1, 2, { NULL, 0 }, 4096, false, false }, APDU_EXTENDED, "00B00102001000" },
		{ { 0, 0xa4, 0, 12, { data, 2 }, 0, false, false }, APDU_EXTENDED, "00A4000C000002AABB" },
		{ { 0, 0x87, 7, 0x9a, { data, 2 }, 257, false, false }, APDU_EXTENDED,
		    "0087079A000002AABB0101" },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		AUTO(buf_free) struct buf b = BUF(APDU_SHORT_MAX), text = BUF(600);

		assert_ok(apdu_encode(&cases[i].a, cases[i].form, &b));
		hex_put(&text, buf_view(&b));
		assert_string_equal(buf_cstr(&text), cases[i].want);
	}
	{
		AUTO(buf_free) struct buf b = BUF(APDU_SHORT_MAX);
		struct apdu a = { .data = { data, 256 } };

		assert_err(apdu_encode(&a, APDU_SHORT, &b), ERR_LIMIT);
		a = (struct apdu){ .le = APDU_LONG_LE + 1 };
		assert_err(apdu_encode(&a, APDU_EXTENDED, &b), ERR_LIMIT);
		a = (struct apdu){ .data = { data, 255 }, .le = 256 };
		assert_ok(apdu_encode(&a, APDU_SHORT, &b));
		assert_int_equal(b.len, APDU_SHORT_MAX);
	}
}

static void
splits_a_reply(void **state)
{
	const uint8_t reply[] = { 0x01, 0x63, 0xc2 };
	struct cur data;
	unsigned sw;
	int tries;

	(void)state;
	assert_true(apdu_reply(cur_of(reply, 3), &data, &sw));
	assert_int_equal(data.n, 1);
	assert_int_equal(sw, 0x63c2);
	assert_true(sw_tries(sw, &tries));
	assert_int_equal(tries, 2);
	assert_true(apdu_reply(cur_of(reply + 1, 2), &data, &sw));
	assert_int_equal(data.n, 0);
	/* vector 25: no status word, nothing before the first byte is read */
	assert_false(apdu_reply(cur_of(reply, 1), &data, &sw));
	assert_false(apdu_reply(cur_of(NULL, 0), &data, &sw));
	assert_false(sw_tries(0x6300, &tries));
	assert_false(sw_tries(0x6983, &tries));
}

static void
names_status_words(void **state)
{
	(void)state;
	assert_string_equal(sw_name(0x9000), "ok");
	assert_string_equal(sw_name(0x63c1), "verification failed");
	assert_string_equal(sw_name(0x6983), "blocked");
	assert_string_equal(sw_name(0x91af), "unknown status");
	assert_true(sw_more(0x6100) && sw_count(0x6100) == 256);
	assert_true(sw_wrong_le(0x6c10) && sw_count(0x6c10) == 16);
	assert_true(sw_unsupported(0x6d00) && !sw_unsupported(0x6a82));
	assert_true(sw_absent(0x6a82) && !sw_absent(0x9000));
}

static void
knows_digest_infos(void **state)
{
	const uint8_t hash[64] = { 1, 2, 3 };
	const size_t lens[] = { 32, 48, 64 };

	(void)state;
	for (size_t i = 0; i < NELEM(lens); i++) {
		AUTO(buf_free) struct buf b = BUF(128);
		struct cur back, v;

		assert_ok(digestinfo_put(&b, cur_of(hash, lens[i])));
		assert_int_equal(b.len, 19 + lens[i]);
		v = buf_view(&b);
		assert_true(tlv_take_tag(&v, 0x30, &back));	/* well-formed DER */
		assert_int_equal(v.n, 0);
		assert_true(digestinfo_hash(buf_view(&b), &back));
		assert_true(cur_eq(back, cur_of(hash, lens[i])));
		b.p[14] ^= 1;
		assert_false(digestinfo_hash(buf_view(&b), &back));
		assert_false(digestinfo_hash(cur_of(b.p, b.len - 1), &back));
	}
	{
		AUTO(buf_free) struct buf b = BUF(128);

		assert_err(digestinfo_put(&b, cur_of(hash, 20)), ERR_UNSUPPORTED);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_one_at_a_time),
		cmocka_unit_test(refuses_what_is_no_tlv),
		cmocka_unit_test(accepts_a_length_that_is_not_minimal),
		cmocka_unit_test(finds_among_neighbours),
		cmocka_unit_test(reads_integers),
		cmocka_unit_test(reads_bits_and_booleans),
		cmocka_unit_test(writes_what_it_reads),
		cmocka_unit_test(reads_the_size_of_a_file),
		cmocka_unit_test(does_not_follow_nesting),
		cmocka_unit_test(finds_historical_bytes),
		cmocka_unit_test(knows_who_takes_extended_length),
		cmocka_unit_test(pads_for_a_card_that_does_not),
		cmocka_unit_test(encodes_the_four_cases),
		cmocka_unit_test(splits_a_reply),
		cmocka_unit_test(names_status_words),
		cmocka_unit_test(knows_digest_infos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
