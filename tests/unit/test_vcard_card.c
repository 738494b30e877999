/* SPDX-License-Identifier: EUPL-1.2 */
/* The virtual card: selecting, reading, ISO 7816-15, channels, odd commands. */
#include "tests/check.h"

#include "base/b64.h"
#include "tests/unit/vcard_hand.h"

/*
 * Selecting.
 */

static void
select_wants_the_aid(void **state)
{
	struct hand *h = *state;

	hand_expect(h->card, "00A4000C023F00", "6A82");
	hand_expect(h->card, "00CA010008", "6D00");
	hand_expect(h->card, "00A4040005A00000030800", "6A82");
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "00A4000C023F00", "9000");
}

static void
select_as_safesign(void **state)
{
	struct hand *h = *state;

	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "00A4020002503100", "6F0780020048820101" "9000");
	hand_expect(h->card, "00A4020C025031", "9000");
	hand_expect(h->card, "00A4000C025031", "9000");
	hand_expect(h->card, "00A4000C023FFF", "6A82");		/* no file of its own */
	hand_expect(h->card, "00A4010C024302", "6A82");
	hand_expect(h->card, "00A4080C0443020114", "6A86");
	hand_expect(h->card, "00A4090C020114", "6A86");
	hand_expect(h->card, "00A4020402503100", "6A86");	/* no FCP */
	hand_expect(h->card, "00A4020C024302", "6A82");		/* a DF is no EF */
	hand_expect(h->card, "00A4000C024302", "9000");
	hand_expect(h->card, "00A4000C024302", "6A82");		/* where we are already */
	hand_expect(h->card, "00A4020002011400", "6F078002012C820101" "9000");
	hand_expect(h->card, "00A4020C024404", "6A82");		/* not below this DF */
	hand_expect(h->card, "00A4000C", "9000");		/* the MF */
	hand_expect(h->card, "00A4020C024404", "9000");
	hand_expect(h->card, "00A4020C0244", "6700");
	hand_expect(h->card, "00A4020002440808", "6C09");	/* the FCI is longer */
}

static void
select_by_path(void **state)
{
	struct hand *h = *state;

	h->file.select_path = true;
	hand_take(h);
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "00A408000643020114" "00", "6700");
	hand_expect(h->card, "00A40800063FFF4302011400", "6F078002012C820101" "9000");
	hand_expect(h->card, "00A4080C044302FFFF", "6A82");
}

/*
 * Reading.
 */

static void
read_in_pieces(void **state)
{
	struct hand *h = *state;
	struct cur der = hand_certificate(AUTHENTICATION), part;
	AUTO(buf_free) struct buf want = BUF(2048);

	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "00B0000010", "6986");
	hand_expect(h->card, "00A4000C024302", "9000");
	hand_expect(h->card, "00A4020C020114", "9000");
	assert_true(cur_take(&der, 0xfe, &part));
	hex_put(&want, part);
	buf_str(&want, "9000");
	hand_expect(h->card, "00B00000FE", buf_cstr(&want));
	buf_clear(&want);
	hex_put(&want, der);
	buf_str(&want, "9000");
	hand_expect(h->card, "00B000FE2E", buf_cstr(&want));	/* to the last byte */
	hand_expect(h->card, "00B0000000", "6700");		/* 256 is too much */
	hand_expect(h->card, "00B00000FF", "6700");
	hand_expect(h->card, "00B081000A", "6A86");		/* short EF identifier */
}

/* The word at the end of a file differs between cards. */
static void
end_of_file(void **state)
{
	static const struct {
		enum end_of_file end;
		const char *last, *behind;
	} cards[] = {
		{ END_6282, "61616282", "6282" },
		{ END_6A86, "61619000", "6A86" },
		{ END_6B00, "61616282", "6B00" },
		{ END_9000, "61619000", "9000" },
	};
	struct hand *h = *state;

	for (size_t i = 0; i < NELEM(cards); i++) {
		h->file.end_of_file = cards[i].end;
		hand_take(h);
		hand_expect(h->card, HAND_SELECT, "9000");
		hand_expect(h->card, "00A4000C024302", "9000");
		hand_expect(h->card, "00A4020C020114", "9000");
		hand_expect(h->card, "00B0012A10", cards[i].last);
		hand_expect(h->card, "00B0012C10", cards[i].behind);
		hand_expect(h->card, "00B07FFF10", cards[i].behind);
	}
}

static void
certificates_behind_the_pin(void **state)
{
	struct hand *h = *state;

	h->file.read_before_pin = false;
	hand_take(h);
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "00A4000C024302", "9000");
	hand_expect(h->card, "00A4020C020114", "9000");
	hand_expect(h->card, "00B0000002", "6982");
	hand_expect(h->card, HAND_VERIFY, "9000");
	hand_expect(h->card, "00B0000002", "30829000");
	hand_expect(h->card, "00A4020C020001", "9000");		/* a key is never read */
	hand_expect(h->card, "00B0000002", "6982");
}

static void
data_objects(void **state)
{
	struct hand *h = *state;

	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "00CA010008", "445A0000000000019000");
	hand_expect(h->card, "00CA010000", "445A0000000000019000");
	hand_expect(h->card, "00CA010004", "6C08");
	hand_expect(h->card, "00CA01010A", "C208555A492D564952549000");
	hand_expect(h->card, "00CA010206", "7FFF201D0C0B9000");
	hand_expect(h->card, "00CA010304", "030100109000");
	hand_expect(h->card, "00CA010500", "0304010000989000");
	hand_expect(h->card, "00CA010400", "6A88");
}

static void
challenges_differ(void **state)
{
	struct hand *h = *state;
	char first[64];

	hand_expect(h->card, HAND_SELECT, "9000");
	assert_true(cur_to_str(cur_str(hand_send(h->card, "0084000010")), first, 64));
	assert_int_equal(strlen(first), 36);
	assert_string_not_equal(first, hand_send(h->card, "0084000010"));
	hand_expect(h->card, "00840000", "6700");
}

/*
 * ISO 7816-15.
 */

/* The AODF of SafeSign applet 3.0.0.6 as it is printed in public test vectors. */
static void
aodf_as_safesign(void **state)
{
	struct hand *h = *state;

	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "00A4020C024408", "9000");
	hand_expect(h->card, "00B00000BF",
	    "304730110C08557365722050696E030206C0040101300304" "0103A12D302B030304CC90"
	    "0A010102010402010F80010304" "0100180F3230323130333032"
	    "3036343534315A300404023F00"
	    "3042300C0C06534F2050696E030206C0300304" "0101A12D302B030304CD900A0101020104"
	    "02010F800101040100180F32303231303330323036343534315A300404023F00"
	    "A130301F0C164368616C6C656E676520526573706F6E7365204B6579030206C00401013003"
	    "040102A10830060101FF0401029000");
}

static void
odf_is_relative(void **state)
{
	struct hand *h = *state;

	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "00A4020C025031", "9000");
	hand_expect(h->card, "00B0000048",
	    "A006300404024400A106300404024401A206300404024402A306300404024403"
	    "A406300404024404A506300404024405A606300404024406A706300404024407"
	    "A8063004040244089000");
}

/* Keys without a path; the CDF of a pass comes in one READ BINARY. */
static void
keys_have_no_path(void **state)
{
	struct hand *h = *state;
	const char *got;

	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "00A4020C024400", "9000");
	got = hand_send(h->card, "00B00000FE");
	assert_non_null(strstr(got, "A10A3008" "30020400" "02020800"));
	hand_expect(h->card, "00A4020C024404", "9000");
	got = hand_send(h->card, "00B00000FE");
	assert_true(strlen(got) < 2 * 0xfe);
	assert_non_null(strstr(got, "04083F003FFF43020114"));

	h->file.key_paths = true;
	hand_take(h);
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "00A4020C024400", "9000");
	assert_non_null(strstr(hand_send(h->card, "00B00000FE"), "04083F003FFF43020001"));
}

/*
 * Classes, channels, lengths.
 */

static void
second_channel(void **state)
{
	struct hand *h = *state;

	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "01A404000CA000000063504B43532D313500", "6881");
	hand_expect(h->card, "0070000001", "019000");
	hand_expect(h->card, "0070000001", "6A81");
	hand_expect(h->card, "01CA010008", "6D00");	/* nothing is selected on it */
	hand_expect(h->card, "01A404000CA000000063504B43532D313500", "9000");
	hand_expect(h->card, "0120" "00030F313233343536000000000000000000", "9000");
	hand_expect(h->card, "8134000203", "0303019000");
	hand_expect(h->card, HAND_MSE, "9000");		/* the PIN holds for both */
	hand_check_signature(hand_send(h->card, HAND_SIGN));
	hand_expect(h->card, "012A9E9A33" HAND_DIGEST_INFO HAND_HASH "00", "6985");
	hand_expect(h->card, "01708001", "9000");
	hand_expect(h->card, "01CA010008", "6881");
	hand_expect(h->card, "00708000", "6A81");
	h->file.second_channel = false;
	hand_take(h);
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "0070000001", "6881");
}

static void
odd_commands(void **state)
{
	struct hand *h = *state;

	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "00A404", "6700");
	hand_expect(h->card, "", "6700");
	hand_expect(h->card, "0CCA010008", "6E00");	/* secure messaging */
	hand_expect(h->card, "10CA010008", "6E00");	/* chaining */
	hand_expect(h->card, "02CA010008", "6881");
	hand_expect(h->card, "FFCA010008", "6E00");
	hand_expect(h->card, "00FF0000", "6D00");
	hand_expect(h->card, "80CA010008", "6D00");
	hand_expect(h->card, "00CA0100000008", "6700");	/* extended length */
	hand_expect(h->card, "002000030F3132", "6700");	/* Lc says more */
	hand_expect(h->card, "00C0000010", "6985");	/* nothing waits */
}

/* Vendor lock (DESIGN section 6 rule 11): a prompt, 9000, and nothing else. */
static void
vendor_lock(void **state)
{
	struct hand *h = *state;
	AUTO(buf_free) struct buf want = BUF(512);

	hex_put(&want, cur_str("I am the SafeSign Applet of A.E.T. Europe B.V. "
	    "please authenticate yourself.\n"));
	assert_int_equal(want.len, 2 * 77);
	buf_str(&want, "9000");
	h->file.vendor_lock = true;
	hand_take(h);
	hand_expect(h->card, HAND_SELECT, buf_cstr(&want));
	hand_expect(h->card, "00A404000CA000000063504B43532D3135", buf_cstr(&want));
	hand_expect(h->card, "00A4020C025031", "6982");
	hand_expect(h->card, "00CA010008", "6982");
	hand_expect(h->card, HAND_VERIFY, "6982");
	hand_expect(h->card, "8034000203", "6982");
	hand_expect(h->card, "00FF0000", "6982");
	assert_int_equal(vcard_state(h->card)->tries[USER_PIN], 3);
}

static void
selected_at_reset(void **state)
{
	struct hand *h = *state;

	h->file.selected_at_reset = true;
	hand_take(h);
	hand_expect(h->card, "00CA010008", "445A0000000000019000");
	hand_expect(h->card, "00A4000C023F00", "9000");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HAND_TEST(select_wants_the_aid),
		HAND_TEST(select_as_safesign),
		HAND_TEST(select_by_path),
		HAND_TEST(read_in_pieces),
		HAND_TEST(end_of_file),
		HAND_TEST(certificates_behind_the_pin),
		HAND_TEST(data_objects),
		HAND_TEST(challenges_differ),
		HAND_TEST(aodf_as_safesign),
		HAND_TEST(odf_is_relative),
		HAND_TEST(keys_have_no_path),
		HAND_TEST(second_channel),
		HAND_TEST(odd_commands),
		HAND_TEST(vendor_lock),
		HAND_TEST(selected_at_reset),
	};

	return cmocka_run_group_tests(tests, NULL, hand_group_teardown);
}
