/* SPDX-License-Identifier: EUPL-1.2 */
/* The virtual card: PIN, PUK and private keys. */
#include "tests/check.h"

#include <openssl/rsa.h>

#include "base/b64.h"
#include "tests/unit/vcard_hand.h"

/*
 * PIN and PUK.
 */

static void
verify_counts(void **state)
{
	struct hand *h = *state;

	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "8034000200", "0303019000");
	hand_expect(h->card, "00200003", "63C3");
	hand_expect(h->card, "002000030F313233343537000000000000000000", "63C2");
	hand_expect(h->card, "8034000203", "0302019000");
	hand_expect(h->card, HAND_VERIFY, "9000");
	hand_expect(h->card, "00200003", "9000");
	hand_expect(h->card, "8034000203", "0303019000");
	hand_expect(h->card, "002000030F313233343537000000000000000000", "63C2");
	hand_expect(h->card, "00200003", "63C2");	/* nothing is proved any more */
	hand_expect(h->card, "002000030F313233343537000000000000000000", "63C1");
	hand_expect(h->card, "002000030F313233343537000000000000000000", "63C0");
	hand_expect(h->card, HAND_VERIFY, "6983");
	hand_expect(h->card, "00200003", "6983");
	hand_expect(h->card, "8034000203", "0300019000");
}

/* What costs no try: wrong reference, wrong length, wrong parameters. */
static void
verify_is_strict(void **state)
{
	struct hand *h = *state;

	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "002000020F313233343536000000000000000000", "6A88");
	hand_expect(h->card, "0020000306313233343536", "6700");
	hand_expect(h->card, "002000031031323334353600000000000000000000", "6700");
	hand_expect(h->card, "002001030F313233343536000000000000000000", "6A86");
	hand_expect(h->card, "00200003", "63C3");
}

static void
padding_is_a_habit(void **state)
{
	struct hand *h = *state;

	h->file.pin_padding = PAD_NONE;
	hand_take(h);
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, HAND_VERIFY, "63C2");
	hand_expect(h->card, "0020000306313233343536", "9000");
	h->file.pin_padding = PAD_ANY;
	hand_take(h);
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, HAND_VERIFY, "9000");
	hand_expect(h->card, "0020000306313233343536", "9000");
}

/* Hostile card 41: the empty VERIFY may cost a try, or not be there. */
static void
empty_verify_is_a_habit(void **state)
{
	struct hand *h = *state;

	h->file.empty_verify = EMPTY_COUNTS;
	hand_take(h);
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "00200003", "63C2");
	hand_expect(h->card, "00200003", "63C1");
	h->file.empty_verify = EMPTY_REFUSED;
	hand_take(h);
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "00200003", "6700");
}

static void
pin_that_was_never_set(void **state)
{
	struct hand *h = *state;

	h->file.secrets[USER_PIN][0] = '\0';
	hand_take(h);
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, HAND_VERIFY, "6984");
}

static void
change_pin(void **state)
{
	struct hand *h = *state;
	const char *change = "002400031E"
	    "313233343536000000000000000000" "363534333231000000000000000000";

	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "002400031E"
	    "313233343536000000000000000000" "363534000000000000000000000000", "6A80");
	hand_expect(h->card, "00200003", "63C3");	/* too short: no try was spent */
	hand_expect(h->card, change, "9000");
	hand_expect(h->card, change, "63C2");		/* the old one is gone */
	hand_expect(h->card, HAND_VERIFY, "63C1");
	hand_expect(h->card, "002000030F363534333231000000000000000000", "9000");
	hand_expect(h->card, "002401030F313233343536000000000000000000", "9000");
	hand_expect(h->card, HAND_VERIFY, "9000");
	vcard_reset(h->card);
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "002401030F363534333231000000000000000000", "6982");
}

static void
unblock(void **state)
{
	struct hand *h = *state;

	vcard_state(h->card)->tries[USER_PIN] = 0;
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, HAND_VERIFY, "6983");
	hand_expect(h->card, "002C00031E"
	    "313233343536373900000000000000" "363534333231000000000000000000", "63C2");
	hand_expect(h->card, "002C00031E"
	    "313233343536373800000000000000" "363534333231000000000000000000", "9000");
	hand_expect(h->card, "002000030F363534333231000000000000000000", "9000");
	hand_expect(h->card, "002C0303", "6982");	/* the PUK was not proved */
	hand_expect(h->card, "002000010F313233343536373800000000000000", "9000");
	hand_expect(h->card, "002C02030F313233343536000000000000000000", "9000");
	hand_expect(h->card, HAND_VERIFY, "9000");
	hand_expect(h->card, "002C0001", "6A88");	/* nothing unblocks the PUK */
}

/* Three wrong PUKs, and nothing brings the card back. */
static void
dead_puk_kills(void **state)
{
	struct hand *h = *state;
	const char *wrong = "002C01030F313233343536373900000000000000";

	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, HAND_VERIFY, "9000");
	hand_expect(h->card, wrong, "63C2");
	hand_expect(h->card, wrong, "63C1");
	hand_expect(h->card, wrong, "63C0");
	hand_expect(h->card, "002C01030F313233343536373800000000000000", "6983");
	vcard_reset(h->card);
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, HAND_VERIFY, "6983");
	hand_expect(h->card, "8034000200", "0300019000");
}

static void
logout_is_a_habit(void **state)
{
	struct hand *h = *state;

	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, HAND_VERIFY, "9000");
	hand_expect(h->card, "0020FF03", "6A86");
	hand_expect(h->card, "00200003", "9000");
	h->file.logout = true;
	hand_take(h);
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, HAND_VERIFY, "9000");
	hand_expect(h->card, "0020FF03", "9000");
	hand_expect(h->card, "00200003", "63C3");
}

static void
reset_forgets(void **state)
{
	struct hand *h = *state;

	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, HAND_VERIFY, "9000");
	hand_expect(h->card, HAND_MSE, "9000");
	vcard_reset(h->card);
	hand_expect(h->card, HAND_SIGN, "6D00");
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "00200003", "63C3");
	hand_expect(h->card, HAND_SIGN, "6985");
}

/*
 * Keys.
 */

static void
sign(void **state)
{
	struct hand *h = *state;

	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, HAND_SIGN, "6985");
	hand_expect(h->card, HAND_MSE, "9000");
	hand_expect(h->card, HAND_SIGN, "6982");
	hand_expect(h->card, HAND_VERIFY, "9000");
	hand_check_signature(hand_send(h->card, HAND_SIGN));
	/* One PIN, many signatures. */
	hand_check_signature(hand_send(h->card, HAND_SIGN));
	assert_int_equal(vcard_counts(h->card).signatures, 2);
	/* No Le; an Le that is too small. */
	hand_expect(h->card, "002A9E9A33" HAND_DIGEST_INFO HAND_HASH, "6700");
	hand_expect(h->card, "002A9E9A33" HAND_DIGEST_INFO HAND_HASH "80", "6C00");
	hand_expect(h->card, "002A9E9B0100", "6A86");
}

/* Tag 84 before 80, and only what the card has. */
static void
mse_is_strict(void **state)
{
	struct hand *h = *state;

	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "002241B606800102840100", "6A80");
	hand_expect(h->card, "002241B606840100800112", "6A80");
	hand_expect(h->card, "002241B606840109800102", "6A88");
	hand_expect(h->card, "002241B606840102800102", "6985");	/* V does not sign */
	hand_expect(h->card, "002241A406840101800102", "6985");	/* H does not log in */
	hand_expect(h->card, "002241AA06840100800102", "6A86");
	hand_expect(h->card, "002281B606840100800102", "6A86");
	hand_expect(h->card, "0022" "41B6" "0484010080", "6A80");
	hand_expect(h->card, HAND_SIGN, "6985");
	h->file.mse_any_order = true;
	hand_take(h);
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "002241B606800102840100", "9000");
	hand_expect(h->card, "002241B603840100", "9000");
}

/* The card adds no DigestInfo: a bare hash gives a signature that nobody accepts. */
static void
digest_info_is_the_hosts(void **state)
{
	struct hand *h = *state;
	AUTO(buf_free) struct buf sig = BUF(1024);
	uint8_t plain[256];
	size_t n = sizeof(plain);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(hand_key(AUTHENTICATION), NULL);

	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, HAND_MSE, "9000");
	hand_expect(h->card, HAND_VERIFY, "9000");
	assert_ok(hex_get(cur_str(hand_send(h->card,
	    "002A9E9A20" HAND_HASH "00")), &sig));
	assert_int_equal(EVP_PKEY_verify_recover_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
	assert_int_equal(EVP_PKEY_verify_recover(ctx, plain, &n, sig.p, 256), 1);
	assert_int_equal(n, 32);
	EVP_PKEY_CTX_free(ctx);
}

static void
authenticate(void **state)
{
	struct hand *h = *state;

	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, HAND_VERIFY, "9000");
	hand_expect(h->card, "0088000033" HAND_DIGEST_INFO HAND_HASH "00", "6985");
	hand_expect(h->card, "002241A406840100800102", "9000");
	hand_expect(h->card, HAND_SIGN, "6985");	/* prepared for something else */
	hand_check_signature(hand_send(h->card,
	    "0088000033" HAND_DIGEST_INFO HAND_HASH "00"));
}

/* A card that was never activated: the PIN is right, and no key works. */
static void
not_activated(void **state)
{
	struct hand *h = *state;

	h->file.activated = false;
	hand_take(h);
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, HAND_VERIFY, "9000");
	hand_expect(h->card, HAND_MSE, "9000");
	hand_expect(h->card, HAND_SIGN, "6985");
}

static void
pin_for_every_signature(void **state)
{
	struct hand *h = *state;

	h->file.keys[AUTHENTICATION].consent = true;
	hand_take(h);
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, HAND_MSE, "9000");
	hand_expect(h->card, HAND_VERIFY, "9000");
	hand_check_signature(hand_send(h->card, HAND_SIGN));
	hand_expect(h->card, HAND_SIGN, "6982");
}

static void
public_keys(void **state)
{
	struct hand *h = *state;
	const char *modulus;

	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "803A000200", "0100019000");
	hand_expect(h->card, "803A090200", "6A88");
	hand_expect(h->card, "803A000300", "6A86");
	hand_expect(h->card, "003A000200", "6D00");	/* not a proprietary class */
	modulus = hand_send(h->card, "803A000100");
	assert_int_equal(strlen(modulus), 2 * 258);
}

/* A cryptogram is longer than a short command: extended length, or a chain. */
static void
decipher(void **state)
{
	struct hand *h = *state;
	AUTO(buf_free) struct buf hex = BUF(2048);
	AUTO(buf_free) struct buf cut = BUF(2048);
	uint8_t cryptogram[257] = { 0 };
	size_t n = 256;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(hand_key(CONFIDENTIALITY), NULL);

	assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
	assert_int_equal(EVP_PKEY_encrypt(ctx, cryptogram + 1, &n,
	    (const uint8_t *)"\x01\x02\x03", 3), 1);
	EVP_PKEY_CTX_free(ctx);

	buf_str(&hex, "002A8086000101");
	hex_put(&hex, cur_of(cryptogram, sizeof(cryptogram)));
	buf_str(&hex, "0000");
	hand_expect(h->card, buf_cstr(&hex), "6700");	/* this card is short */
	h->file.extended = h->file.chaining = true;
	hand_take(h);
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, HAND_VERIFY, "9000");
	hand_expect(h->card, "002241B806840102800102", "9000");
	hand_expect(h->card, buf_cstr(&hex), "0102039000");

	buf_str(&cut, "102A808680");
	hex_put(&cut, cur_of(cryptogram, 128));
	hand_expect(h->card, buf_cstr(&cut), "9000");
	buf_clear(&cut);
	buf_str(&cut, "002A808681");
	hex_put(&cut, cur_of(cryptogram + 128, 129));
	buf_str(&cut, "00");
	hand_expect(h->card, buf_cstr(&cut), "0102039000");
	hand_expect(h->card, "102A8086020000", "9000");
	hand_expect(h->card, "00CA010008", "6883");	/* the chain was not finished */
	hand_expect(h->card, "10CA010008", "6884");
	hand_expect(h->card, "002A80860200FF00", "6700");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HAND_TEST(verify_counts),
		HAND_TEST(verify_is_strict),
		HAND_TEST(padding_is_a_habit),
		HAND_TEST(empty_verify_is_a_habit),
		HAND_TEST(pin_that_was_never_set),
		HAND_TEST(change_pin),
		HAND_TEST(unblock),
		HAND_TEST(dead_puk_kills),
		HAND_TEST(logout_is_a_habit),
		HAND_TEST(reset_forgets),
		HAND_TEST(sign),
		HAND_TEST(mse_is_strict),
		HAND_TEST(digest_info_is_the_hosts),
		HAND_TEST(authenticate),
		HAND_TEST(not_activated),
		HAND_TEST(pin_for_every_signature),
		HAND_TEST(public_keys),
		HAND_TEST(decipher),
	};

	return cmocka_run_group_tests(tests, NULL, hand_group_teardown);
}
