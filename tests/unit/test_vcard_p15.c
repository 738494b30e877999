/* SPDX-License-Identifier: EUPL-1.2 */
/* The virtual ISO 7816-15 card: files, PINs, keys, and the ways in which cards differ. */
#include "tests/check.h"

#include <openssl/ec.h>

#include "base/b64.h"
#include "tests/unit/vcard_hand.h"

#define SELECT_HOME	"00A4080C025015"
#define VERIFY		"0020008108313233343536FFFF"
#define VERIFY_2	"0020008208323334353637FFFF"
#define MSE_1		"002241B606800102840101"
#define MSE_2		"002241B603840182"

/* Key 0: RSA; 1: RSA behind the second PIN, asked each time; 2: RSA to decipher; 3: EC. */
struct bench {
	struct card_file file;
	struct vcard *card;
	EVP_PKEY *ec;
};

static void
take(struct bench *b)
{
	vcard_free(&b->card);
	assert_ok(vcard_new(&b->file, &b->card));
	for (size_t i = 0; i < 3; i++) {
		EVP_PKEY *key = hand_key((enum purpose)i);

		assert_int_equal(EVP_PKEY_up_ref(key), 1);
		assert_ok(vcard_set_key(b->card, i, key, hand_certificate(
		    (enum purpose)i)));
	}
	b->ec = EVP_EC_gen("P-256");
	assert_non_null(b->ec);
	assert_ok(vcard_set_key(b->card, 3, b->ec, cur_of(NULL, 0)));
	assert_ok(vcard_finish(b->card));
}

static int
setup(void **state)
{
	static struct bench b;

	b = (struct bench){ 0 };
	card_file_defaults_of(CARD_P15, &b.file);
	memcpy(b.file.secrets[USER_PIN], "123456", 7);
	memcpy(b.file.secrets[SECOND_PIN], "234567", 7);
	memcpy(b.file.secrets[PUK], "12345678", 9);
	memcpy(b.file.serial, "\x44\x5a\0\0\0\0\0\x01", CARD_SERIAL);
	memcpy(b.file.label, "Card", 5);
	b.file.references[SECOND_PIN] = 0x82;
	memcpy(b.file.keys[0].label, "AUTH", 5);
	memcpy(b.file.keys[1].label, "SIGN", 5);
	b.file.keys[1].reference = 0x82;
	b.file.keys[1].usage = SIGNATURE;
	b.file.keys[1].pin = P15_SECOND_PIN;
	b.file.keys[1].consent = true;
	b.file.keys[2].usage = CONFIDENTIALITY;
	take(&b);
	*state = &b;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *b = *state;

	vcard_free(&b->card);
	return 0;
}

/* The first bytes of a file of the application, in hex with 9000. */
static const char *
first(struct bench *b, const char *fid, const char *n)
{
	char command[32];

	hand_expect(b->card, SELECT_HOME, "9000");
	snprintf(command, sizeof(command), "00A4020C02%s", fid);
	hand_expect(b->card, command, "9000");
	snprintf(command, sizeof(command), "00B00000%s", n);
	return hand_send(b->card, command);
}

/*
 * Files.
 */

static void
selects(void **state)
{
	struct bench *b = *state;

	hand_expect(b->card, "00A40000023F0000", "6F0A8201388302" "3F00" "8A0105" "9000");
	hand_expect(b->card, "00A4000402501500", "62188201388302" "5015"
	    "840CA000000063504B43532D3135" "8A0105" "9000");
	hand_expect(b->card, "00A4020402503100", "620E8002003C8201018302" "5031"
	    "8A0105" "9000");
	hand_expect(b->card, "00A4000C025032", "9000");
	hand_expect(b->card, "00A4030C", "9000");		/* the MF is above */
	hand_expect(b->card, "00A4000C025032", "6A82");
	hand_expect(b->card, "00A4010C025015", "9000");
	hand_expect(b->card, "00A4010C025031", "6A82");
	hand_expect(b->card, "00A4080C0450155031", "9000");
	hand_expect(b->card, "00A4080C0450153FFF", "6A82");
	hand_expect(b->card, "00A4080C03501550", "6700");
	hand_expect(b->card, "00A404000CA000000063504B43532D313500",
	    "6F188201388302" "5015" "840CA000000063504B43532D3135" "8A0105" "9000");
	hand_expect(b->card, "00A4040005A00000030800", "6A82");
	hand_expect(b->card, "00A40002025031", "6A86");
	b->file.p15.fcp = FCP_REFUSED;
	b->file.select_path = false;
	take(b);
	hand_expect(b->card, "00A40000023F0000", "6A86");
	hand_expect(b->card, "00A40004023F0000", "6A86");
	hand_expect(b->card, "00A4080C025015", "6A86");
	hand_expect(b->card, "00A4000C025015", "9000");
	b->file.p15.fcp = FCP_NO_SIZE;
	take(b);
	hand_expect(b->card, "00A4000C025015", "9000");
	hand_expect(b->card, "00A4020402503100", "620A8201018302" "5031" "8A0105" "9000");
}

static void
short_identifiers(void **state)
{
	struct bench *b = *state;

	hand_expect(b->card, SELECT_HOME, "9000");
	hand_expect(b->card, "00B0910002", "6A86");
	b->file.p15.short_ids = true;
	take(b);
	hand_expect(b->card, SELECT_HOME, "9000");
	hand_expect(b->card, "00B0910002", "A00A" "9000");
	hand_expect(b->card, "00B0000202", "3008" "9000");	/* it is selected, too */
	hand_expect(b->card, "00B0920302", "0201" "9000");
	hand_expect(b->card, "00B0930002", "6A82");
	hand_expect(b->card, "00A4000C023F00", "9000");
	hand_expect(b->card, "00B0910002", "6A82");
}

static void
ef_dir(void **state)
{
	struct bench *b = *state;

	hand_expect(b->card, "00A4020C022F00", "9000");
	hand_expect(b->card, "00B0000000", "611A" "4F0CA000000063504B43532D3135"
	    "500443617264" "51043F005015" "6282");
	b->file.p15.others = 1;
	take(b);
	hand_expect(b->card, "00A4020C022F00", "9000");
	assert_int_equal(strncmp(hand_send(b->card, "00B0000000"),
	    "6110" "4F07F044455A496F30" "50054F74686572" "611A", 40), 0);
	b->file.p15.ef_dir = false;
	take(b);
	hand_expect(b->card, "00A4020C022F00", "6A82");
}

/* The examples of the reference: what a file says of keys and PINs. */
static void
directories(void **state)
{
	struct bench *b = *state;
	const char *got = first(b, "4401", "00");

	assert_int_equal(strncmp(got, "3036" "300D0C0441555448" "03020780" "040101"
	    "3013" "040145" "03020520" "030203B8" "020101" "A103020101"
	    "A110300E" "3008" "04063F0050154501" "02020800", 112), 0);
	assert_non_null(strstr(got, "30100C045349474E" "03020780" "040103" "020101"
	    "3015" "040146" "0303062040" "030203B8" "02020082"));
	assert_int_equal(strncmp(first(b, "4481", "00"),
	    "3036300C0C0350494E030206C00401023003040101" "A121301F" "0302024C" "0A0101"
	    "020106" "020108" "020108" "80020081" "0401FF" "3006" "04043F005015", 112), 0);
	assert_int_equal(strncmp(first(b, "5031", "00"),
	    "A00A3008" "04063F0050154401" "A10A3008" "04063F0050154411", 48), 0);
	assert_non_null(strstr(first(b, "5032", "00"),
	    "A26F" "301A" "020101" "020101" "0500" "03020640"
	    "06092A864886F70D010101" "020102"));
}

static void
paths_differ(void **state)
{
	struct bench *b = *state;

	b->file.p15.paths = PATHS_RELATIVE;
	b->file.p15.negative = true;
	b->file.filler = 2;
	b->file.p15.filler_ff = true;
	take(b);
	assert_int_equal(strncmp(first(b, "5031", "00"), "A0063004" "04024401", 16), 0);
	assert_non_null(strstr(hand_send(b->card, "00B0000000"), "FFFF6282"));
	assert_non_null(strstr(first(b, "4401", "00"), "020182"));
	b->file.p15.paths = PATHS_3FFF;
	b->file.key_paths = false;
	b->file.p15.home = 0x4100;
	take(b);
	hand_expect(b->card, "00A4080C025015", "6A82");
	hand_expect(b->card, "00A4080C0441005031", "9000");
	assert_int_equal(strncmp(hand_send(b->card, "00B0000000"),
	    "A00A3008" "04063F003FFF4401", 24), 0);
	hand_expect(b->card, "00A4080C0441004401", "9000");
	assert_non_null(strstr(hand_send(b->card, "00B0000000"), "30020400"));
}

/* All certificates in one file: the second starts where the first one ends. */
static void
offsets(void **state)
{
	struct bench *b = *state;

	assert_int_equal(strncmp(first(b, "4332", "04"), "30820128", 8), 0);
	b->file.p15.offsets = true;
	take(b);
	assert_non_null(strstr(first(b, "4441", "00"), "04063F0050154330" "020100"
	    "8002012C"));
	assert_non_null(strstr(first(b, "4441", "00"), "04063F0050154330" "0202012C"
	    "8002012C"));
	hand_expect(b->card, "00A4020C024330", "9000");
	hand_expect(b->card, "00B0012C04", "308201289000");
	hand_expect(b->card, "00A4020C024332", "6A82");
}

static void
behind_the_pin(void **state)
{
	struct bench *b = *state;

	b->file.read_before_pin = false;
	b->file.p15.df_forgets = true;
	take(b);
	assert_string_equal(first(b, "4331", "04"), "6982");
	hand_expect(b->card, VERIFY, "9000");
	hand_expect(b->card, "00B0000004", "308201289000");
	hand_expect(b->card, "00A4000C023F00", "9000");
	assert_string_equal(first(b, "4331", "04"), "6982");
	assert_string_equal(first(b, "4501", "04"), "6982");	/* a private key, never */
}

/*
 * PINs and keys.
 */

static void
pins(void **state)
{
	struct bench *b = *state;

	hand_expect(b->card, "00200081", "63C3");
	hand_expect(b->card, "0020008106313233343536", "6700");
	hand_expect(b->card, "0020008108313131313131FFFF", "63C2");
	hand_expect(b->card, VERIFY, "9000");
	hand_expect(b->card, "00200082", "63C3");	/* the other PIN is another */
	hand_expect(b->card, VERIFY_2, "9000");
	hand_expect(b->card, "0020FF81", "9000");
	hand_expect(b->card, "00200081", "63C3");
	hand_expect(b->card, "0024008210" "323334353637FFFF" "373635343332FFFF", "9000");
	hand_expect(b->card, VERIFY_2, "63C2");
	hand_expect(b->card, "002C008210" "3132333435363738" "323334353637FFFF", "9000");
	hand_expect(b->card, VERIFY_2, "9000");
}

static void
signs(void **state)
{
	struct bench *b = *state;

	hand_expect(b->card, SELECT_HOME, "9000");
	hand_expect(b->card, HAND_SIGN, "6985");
	hand_expect(b->card, MSE_1, "9000");
	hand_expect(b->card, HAND_SIGN, "6982");
	hand_expect(b->card, VERIFY, "9000");
	hand_check_signature(hand_send(b->card, HAND_SIGN));
	hand_expect(b->card, "002241B606800142840101", "6A80");	/* TokenInfo says 02 */
	hand_expect(b->card, "002241B603840103", "6985");	/* a key to decipher */
	hand_expect(b->card, "002241B603840107", "6A88");
	hand_expect(b->card, "002241B60481024501", "9000");	/* by its file */
	hand_check_signature(hand_send(b->card, HAND_SIGN));
	hand_expect(b->card, "0022F301", "9000");
	hand_expect(b->card, HAND_SIGN, "6985");
	hand_expect(b->card, "002241A403840101", "9000");
	hand_check_signature(hand_send(b->card,
	    "0088000033" HAND_DIGEST_INFO HAND_HASH "00"));
}

/* The second key: its own PIN, and for each signature again. */
static void
consent(void **state)
{
	struct bench *b = *state;

	hand_expect(b->card, VERIFY, "9000");
	hand_expect(b->card, MSE_2, "9000");
	hand_expect(b->card, HAND_SIGN, "6982");
	hand_expect(b->card, VERIFY_2, "9000");
	assert_int_equal(strlen(hand_send(b->card, HAND_SIGN)), 2 * 258);
	hand_expect(b->card, HAND_SIGN, "6982");
	assert_int_equal(vcard_counts(b->card).signatures, 1);
}

static void
inputs_differ(void **state)
{
	struct bench *b = *state;

	b->file.p15.input = INPUT_HASH;
	take(b);
	hand_expect(b->card, VERIFY, "9000");
	hand_expect(b->card, MSE_1, "6A80");
	hand_expect(b->card, "002241B606800142840101", "9000");
	hand_expect(b->card, HAND_SIGN, "6A80");
	hand_check_signature(hand_send(b->card, "002A9E9A20" HAND_HASH "00"));
	b->file.p15.input = INPUT_BLOCK;
	b->file.mse_any_order = false;
	take(b);
	hand_expect(b->card, VERIFY, "9000");
	hand_expect(b->card, "002241B606800108840101", "6A80");
	hand_expect(b->card, "002241B606840101800108", "9000");
	hand_expect(b->card, "002A9E9A20" HAND_HASH "00", "6A80");
}

static void
elliptic(void **state)
{
	struct bench *b = *state;
	AUTO(buf_free) struct buf sig = BUF(256);
	EVP_PKEY_CTX *ctx;
	uint8_t hash[32];
	const char *got;

	hand_expect(b->card, VERIFY, "9000");
	hand_expect(b->card, "002241B606800104840104", "9000");
	assert_int_equal(strlen(hand_send(b->card, "002A9E9A20" HAND_HASH "00")), 2 * 66);
	b->file.p15.ec_der = true;
	take(b);
	hand_expect(b->card, VERIFY, "9000");
	hand_expect(b->card, "002241B606800104840104", "9000");
	got = hand_send(b->card, "002A9E9A20" HAND_HASH "00");
	assert_ok(hex_get(cur_of(got, strlen(got) - 4), &sig));
	for (size_t i = 0; i < sizeof(hash); i++)
		hash[i] = (uint8_t)i;
	ctx = EVP_PKEY_CTX_new(b->ec, NULL);
	assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
	assert_int_equal(EVP_PKEY_verify(ctx, sig.p, sig.len, hash, sizeof(hash)), 1);
	EVP_PKEY_CTX_free(ctx);
}

static void
deciphers(void **state)
{
	struct bench *b = *state;
	AUTO(buf_free) struct buf command = BUF(1024);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(hand_key(CONFIDENTIALITY), NULL);
	uint8_t cryptogram[256];
	size_t n = sizeof(cryptogram);

	assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
	assert_int_equal(EVP_PKEY_encrypt(ctx, cryptogram, &n, (const uint8_t *)"abc", 3),
	    1);
	EVP_PKEY_CTX_free(ctx);
	hand_expect(b->card, VERIFY, "9000");
	hand_expect(b->card, "002241B803840103", "9000");
	buf_str(&command, "002A80860001" "01" "00");
	hex_put(&command, cur_of(cryptogram, n));
	buf_str(&command, "0000");
	hand_expect(b->card, buf_cstr(&command), "6162639000");
}

static void
data(void **state)
{
	struct bench *b = *state;

	hand_expect(b->card, "00CA018D00", "6A88");
	b->file.p15.data[0] = (struct p15_data){ { 0x01, 0x8d, 0x04, 0x00 }, 4 };
	b->file.p15.data_n = 1;
	take(b);
	hand_expect(b->card, "00CA018D00", "04009000");
}

static void
card_file(void **state UNUSED)
{
	struct card_file f;

	assert_ok(card_file_parse(cur_str("[card]\ntype = iso7816-15\npuk = 1\n"
	    "pin2 = 222222\n[applet]\npaths = 3FFF\ndata = 0102 03\nsign_input = block\n"
	    "[key one]\nkey = a\ncertificate = b\nid = 0102\n"
	    "[key two]\nkey = a\ncertificate = b\nusage = decrypt\npin = pin2\n"), &f));
	assert_int_equal(f.keys_n, 2);
	assert_string_equal(f.keys[1].label, "two");
	assert_int_equal(f.keys[0].id_len, 2);
	assert_int_equal(f.references[SECOND_PIN], 0x82);
	assert_int_equal(f.p15.paths, PATHS_3FFF);
	assert_err(card_file_parse(cur_str("[card]\nserial = 0102030405060708\n"
	    "type = piv\n"), &f), ERR_CONFIG);
	assert_err(card_file_parse(cur_str("[card]\ntype = piv\n[applet]\n"
	    "select_path = yes\n"), &f), ERR_CONFIG);
	assert_err(card_file_parse(cur_str("[card]\npin2 = 123456\n"), &f), ERR_CONFIG);
	assert_err(card_file_parse(cur_str("[card]\ntype = piv\npuk = 1\n"
	    "[key 96]\nkey = a\n"), &f), ERR_CONFIG);
	assert_err(card_file_parse(cur_str("[card]\ntype = piv\npuk = 1\n"
	    "[key f9]\nkey = a\n"), &f), ERR_CONFIG);
	assert_ok(card_file_parse(cur_str("[card]\ntype = piv\npuk = 1\n"
	    "[key 9d]\nkey = a\n"), &f));
}

#define ONE(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(selects), ONE(short_identifiers), ONE(ef_dir), ONE(directories),
		ONE(paths_differ), ONE(offsets), ONE(behind_the_pin), ONE(pins), ONE(signs), ONE(consent),
		ONE(inputs_differ), ONE(elliptic), ONE(deciphers), ONE(data),
		cmocka_unit_test(card_file),
	};

	return cmocka_run_group_tests(tests, NULL, hand_group_teardown);
}
