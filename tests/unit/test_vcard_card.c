/* SPDX-License-Identifier: EUPL-1.2 */
/* The virtual card, command by command, as a driver meets it. */
#include "tests/check.h"

#include <openssl/rsa.h>
#include <openssl/sha.h>

#include "base/b64.h"
#include "tests/unit/vcard_hand.h"

#define DIGEST_INFO	"3031300D060960864801650304020105000420"
#define HASH		"000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
#define SIGN		"002A9E9A33" DIGEST_INFO HASH "00"
#define MSE_SIGN	"002241B606840100800102"
#define READ_ODF	"00A4020C025031"

/* Each test has a card of its own, with the defaults unless it changes them. */
struct hand {
	struct card_file file;
	struct vcard	*card;
};

static void
take(struct hand *h)
{
	vcard_free(&h->card);
	h->card = hand_card(&h->file);
}

static int
setup(void **state)
{
	static struct hand h;

	h = (struct hand){ 0 };
	card_file_defaults(&h.file);
	memcpy(h.file.secrets[USER_PIN], "123456", 7);
	take(&h);
	*state = &h;
	return 0;
}

static int
teardown(void **state)
{
	struct hand *h = *state;

	vcard_free(&h->card);
	return 0;
}

static int
group_end(void **state UNUSED)
{
	hand_end();
	return 0;
}

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
	hand_expect(h->card, "00A4000C023FFF", "6A82");		/* a placeholder, no file */
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
	take(h);
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
		take(h);
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
	take(h);
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
	    "0A010102010402010F80010304" "0100180F32303231303330323036343534315A300404023F00"
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
	hand_expect(h->card, READ_ODF, "9000");
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
	take(h);
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "00A4020C024400", "9000");
	assert_non_null(strstr(hand_send(h->card, "00B00000FE"), "04083F003FFF43020001"));
}

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
	hand_expect(h->card, "00200003", "63C2");	/* a wrong PIN ends what was proved */
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
	take(h);
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, HAND_VERIFY, "63C2");
	hand_expect(h->card, "0020000306313233343536", "9000");
	h->file.pin_padding = PAD_ANY;
	take(h);
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
	take(h);
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "00200003", "63C2");
	hand_expect(h->card, "00200003", "63C1");
	h->file.empty_verify = EMPTY_REFUSED;
	take(h);
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "00200003", "6700");
}

static void
pin_that_was_never_set(void **state)
{
	struct hand *h = *state;

	h->file.secrets[USER_PIN][0] = '\0';
	take(h);
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
	hand_expect(h->card, "002C0303", "6982");		/* the PUK was not proved */
	hand_expect(h->card, "002000010F313233343536373800000000000000", "9000");
	hand_expect(h->card, "002C02030F313233343536000000000000000000", "9000");
	hand_expect(h->card, HAND_VERIFY, "9000");
	hand_expect(h->card, "002C0001", "6A88");		/* nothing unblocks the PUK */
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
	take(h);
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
	hand_expect(h->card, MSE_SIGN, "9000");
	vcard_reset(h->card);
	hand_expect(h->card, SIGN, "6D00");
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, "00200003", "63C3");
	hand_expect(h->card, SIGN, "6985");
}

/*
 * Keys.
 */

static void
check_signature(const char *hex)
{
	AUTO(buf_free) struct buf sig = BUF(1024);
	uint8_t hash[32];
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(hand_key(AUTHENTICATION), NULL);

	for (size_t i = 0; i < sizeof(hash); i++)
		hash[i] = (uint8_t)i;
	assert_ok(hex_get(cur_str(hex), &sig));
	assert_int_equal(sig.len, 258);
	assert_int_equal(sig.p[256] << 8 | sig.p[257], 0x9000);
	assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()), 1);
	assert_int_equal(EVP_PKEY_verify(ctx, sig.p, 256, hash, sizeof(hash)), 1);
	EVP_PKEY_CTX_free(ctx);
}

static void
sign(void **state)
{
	struct hand *h = *state;

	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, SIGN, "6985");
	hand_expect(h->card, MSE_SIGN, "9000");
	hand_expect(h->card, SIGN, "6982");
	hand_expect(h->card, HAND_VERIFY, "9000");
	check_signature(hand_send(h->card, SIGN));
	check_signature(hand_send(h->card, SIGN));	/* one PIN, many signatures */
	assert_int_equal(vcard_counts(h->card).signatures, 2);
	hand_expect(h->card, "002A9E9A33" DIGEST_INFO HASH, "6700");	/* no Le */
	hand_expect(h->card, "002A9E9A33" DIGEST_INFO HASH "80", "6C00");
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
	hand_expect(h->card, SIGN, "6985");
	h->file.mse_any_order = true;
	take(h);
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
	hand_expect(h->card, MSE_SIGN, "9000");
	hand_expect(h->card, HAND_VERIFY, "9000");
	assert_ok(hex_get(cur_str(hand_send(h->card, "002A9E9A20" HASH "00")), &sig));
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
	hand_expect(h->card, "0088000033" DIGEST_INFO HASH "00", "6985");
	hand_expect(h->card, "002241A406840100800102", "9000");
	hand_expect(h->card, SIGN, "6985");		/* prepared for something else */
	check_signature(hand_send(h->card, "0088000033" DIGEST_INFO HASH "00"));
}

/* A card that was never activated: the PIN is right, and no key works. */
static void
not_activated(void **state)
{
	struct hand *h = *state;

	h->file.activated = false;
	take(h);
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, HAND_VERIFY, "9000");
	hand_expect(h->card, MSE_SIGN, "9000");
	hand_expect(h->card, SIGN, "6985");
}

static void
pin_for_every_signature(void **state)
{
	struct hand *h = *state;

	h->file.keys[AUTHENTICATION].consent = true;
	take(h);
	hand_expect(h->card, HAND_SELECT, "9000");
	hand_expect(h->card, MSE_SIGN, "9000");
	hand_expect(h->card, HAND_VERIFY, "9000");
	check_signature(hand_send(h->card, SIGN));
	hand_expect(h->card, SIGN, "6982");
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
	hand_expect(h->card, "003A000200", "6D00");	/* a proprietary class, or nothing */
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
	take(h);
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
	hand_expect(h->card, MSE_SIGN, "9000");		/* the PIN holds for both */
	check_signature(hand_send(h->card, SIGN));
	hand_expect(h->card, "012A9E9A33" DIGEST_INFO HASH "00", "6985");
	hand_expect(h->card, "01708001", "9000");
	hand_expect(h->card, "01CA010008", "6881");
	hand_expect(h->card, "00708000", "6A81");
	h->file.second_channel = false;
	take(h);
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
	take(h);
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
	take(h);
	hand_expect(h->card, "00CA010008", "445A0000000000019000");
	hand_expect(h->card, "00A4000C023F00", "9000");
}

#define ONE(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(select_wants_the_aid), ONE(select_as_safesign), ONE(select_by_path),
		ONE(read_in_pieces), ONE(end_of_file), ONE(certificates_behind_the_pin),
		ONE(data_objects), ONE(challenges_differ), ONE(aodf_as_safesign),
		ONE(odf_is_relative), ONE(keys_have_no_path), ONE(verify_counts),
		ONE(verify_is_strict), ONE(padding_is_a_habit), ONE(empty_verify_is_a_habit),
		ONE(pin_that_was_never_set), ONE(change_pin), ONE(unblock),
		ONE(dead_puk_kills), ONE(logout_is_a_habit), ONE(reset_forgets), ONE(sign),
		ONE(mse_is_strict), ONE(digest_info_is_the_hosts), ONE(authenticate),
		ONE(not_activated), ONE(pin_for_every_signature), ONE(public_keys),
		ONE(decipher), ONE(second_channel), ONE(odd_commands), ONE(vendor_lock),
		ONE(selected_at_reset),
	};

	return cmocka_run_group_tests(tests, NULL, group_end);
}
