/* SPDX-License-Identifier: EUPL-1.2 */
/* The virtual PIV card: objects, PINs, keys, and what YubiKeys can besides. */
#include "tests/check.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/b64.h"
#include "tests/unit/vcard_hand.h"

#define SELECT		"00A4040009A0000003080000100000"
#define VERIFY		"0020008008313233343536FFFF"
#define WRONG		"0020008008313131313131FFFF"
#define HASH_48		HAND_HASH "202122232425262728292A2B2C2D2E2F"
#define SIGN_9A		"008711" "9A26" "7C2482008120" HAND_HASH "00"
#define SIGN_9C		"008711" "9C26" "7C2482008120" HAND_HASH "00"
#define SIGN_9E		"008714" "9E36" "7C3482008130" HASH_48 "00"
#define SLOT_RSA	0x82
#define SLOT_ED25519	0x83
#define SLOT_X25519	0x84

struct bench {
	struct card_file file;
	struct vcard *card;
	EVP_PKEY *keys[CARD_KEYS];	/* the card's, borrowed */
};

static struct cur
certificate(void)
{
	return hand_certificate(AUTHENTICATION);
}

static void
put_key(struct bench *b, uint8_t slot, EVP_PKEY *key, struct cur cert)
{
	size_t i;

	assert_true(piv_index(slot, &i));
	assert_non_null(key);
	assert_ok(vcard_set_key(b->card, i, key, cert));
	b->keys[i] = key;
}

static EVP_PKEY *
key_in(const struct bench *b, uint8_t slot)
{
	size_t i;

	assert_true(piv_index(slot, &i));
	return b->keys[i];
}

static EVP_PKEY *
rsa(void)
{
	EVP_PKEY *key = hand_key(AUTHENTICATION);

	assert_int_equal(EVP_PKEY_up_ref(key), 1);
	return key;
}

/* Another card, as b->file is now. */
static void
take(struct bench *b)
{
	vcard_free(&b->card);
	assert_ok(vcard_new(&b->file, &b->card));
	put_key(b, 0x9a, EVP_EC_gen("P-256"), certificate());
	put_key(b, 0x9c, EVP_EC_gen("P-256"), certificate());
	put_key(b, 0x9d, EVP_EC_gen("P-256"), cur_of(NULL, 0));
	put_key(b, 0x9e, EVP_EC_gen("P-384"), certificate());
	put_key(b, SLOT_RSA, rsa(), certificate());
	put_key(b, SLOT_ED25519, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
	    cur_of(NULL, 0));
	put_key(b, SLOT_X25519, EVP_PKEY_Q_keygen(NULL, NULL, "X25519"),
	    cur_of(NULL, 0));
	assert_ok(vcard_finish(b->card));
}

static int
setup(void **state)
{
	static struct bench b;

	b = (struct bench){ 0 };
	card_file_defaults_of(CARD_PIV, &b.file);
	memcpy(b.file.secrets[USER_PIN], "123456", 7);
	memcpy(b.file.secrets[PUK], "12345678", 9);
	memcpy(b.file.serial, "\x44\x5a\0\0\0\0\x30\x39", CARD_SERIAL);
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

/* The bytes of an answer that ends with 9000. */
static void
get(struct bench *b, const char *command, struct buf *ret)
{
	const char *hex = hand_send(b->card, command);
	size_t n = strlen(hex);

	assert_true(n >= 4);
	assert_string_equal(hex + n - 4, "9000");
	buf_clear(ret);
	assert_ok(hex_get(cur_of(hex, n - 4), ret));
}

/*
 * Selecting and data.
 */

static void
selects(void **state)
{
	struct bench *b = *state;

	hand_expect(b->card, "00CB3FFF055C035FC10200", "6D00");
	hand_expect(b->card, "00A40400" "05A00000039700", "6A82");
	hand_expect(b->card, SELECT, "611B" "4F0BA000000308000010000100"
	    "7907" "4F05A000000308" "5003504956" "9000");
	hand_expect(b->card, "00A4040C" "05A000000308", "9000");
	hand_expect(b->card, "00A4040005A00000039700", "6A82");
	hand_expect(b->card, "002000FF", "6A88");	/* PIV is selected still */
	hand_expect(b->card, "00A4000C023F00", "6A82");
	b->file.piv.apt = APT_SHORT;
	take(b);
	hand_expect(b->card, SELECT, "6111" "4F06000010000100" "79074F05A000000308"
	    "9000");
	b->file.piv.apt = APT_NONE;
	take(b);
	hand_expect(b->card, SELECT, "9000");
}

static void
data_objects(void **state)
{
	struct bench *b = *state;

	hand_send(b->card, SELECT);
	hand_expect(b->card, "00CB3FFF035C017E00",
	    "7E124F0BA0000003080000100001005F2F0240009000");
	hand_expect(b->card, "00CB3FFF055C035FC10C00", "5308C10101C20100FE009000");
	hand_expect(b->card, "00CB3FFF055C035FC10300", "6A82");
	hand_expect(b->card, "00CB3FFF055C035FC10B00", "6A82");	/* 9D: a key only */
	hand_expect(b->card, "00CB3FFF045C035FC100", "6A80");
	hand_expect(b->card, "00CB00FF055C035FC10C00", "6A86");
	/* Le is too small: what fits, and the rest waits. */
	hand_expect(b->card, "00CB3FFF055C035FC10C04", "5308C1016106");
	hand_expect(b->card, "00C0000006", "01C20100FE009000");
	b->file.piv.absent_empty = true;
	b->file.piv.discovery = DISCOVERY_NONE;
	b->file.piv.chuid = b->file.piv.history = b->file.piv.ccc = false;
	take(b);
	hand_send(b->card, SELECT);
	hand_expect(b->card, "00CB3FFF055C035FC10300", "53009000");
	hand_expect(b->card, "00CB3FFF055C035FC10200", "53009000");
	hand_expect(b->card, "00CB3FFF035C017E00", "6A82");
}

static void
chuid_has_the_guid(void **state)
{
	struct bench *b = *state;

	memset(b->file.piv.guid, 0x5a, sizeof(b->file.piv.guid));
	take(b);
	hand_send(b->card, SELECT);
	assert_non_null(strstr(hand_send(b->card, "00CB3FFF055C035FC10200"),
	    "3410" "5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A" "3508"));
}

/* 308 bytes: in a short command with the rest in GET RESPONSE, in a long one whole. */
static void
certificates(void **state)
{
	struct bench *b = *state;
	AUTO(buf_free) struct buf want = BUF(2048), got = BUF(2048);

	buf_put(&want, "\x53\x82\x01\x35\x70\x82\x01\x2c", 8);
	buf_cur(&want, certificate());
	buf_put(&want, "\x71\x01\x00\xfe\x00", 5);
	hand_send(b->card, SELECT);
	assert_string_equal(hand_send(b->card, "00CB3FFF055C035FC10500") + 512, "6139");
	get(b, "00C0000039", &got);
	assert_memory_equal(got.p, want.p + 256, 0x39);
	get(b, "00CB3FFF0000055C035FC1050000", &got);
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.p, want.p, want.len);
	get(b, "00CB3FFF0000055C035FC10D0000", &got);		/* retired key 82 */
	assert_int_equal(got.len, want.len);
	b->file.keys[0].compressed = true;
	take(b);
	hand_send(b->card, SELECT);
	get(b, "00CB3FFF0000055C035FC1050000", &got);
	assert_true(got.len < 100);
	assert_memory_equal(got.p + 4, "\x1f\x8b", 2);
	assert_memory_equal(got.p + got.len - 5, "\x71\x01\x01\xfe\x00", 5);
}

/*
 * PINs.
 */

static void
pin_counts(void **state)
{
	struct bench *b = *state;

	hand_send(b->card, SELECT);
	hand_expect(b->card, "00200080", "63C3");
	hand_expect(b->card, "0020008006313233343536", "6A80");	/* not padded */
	hand_expect(b->card, "002000800831323334FF3536FF", "6A80");
	hand_expect(b->card, WRONG, "63C2");
	hand_expect(b->card, "00200080", "63C2");
	hand_expect(b->card, VERIFY, "9000");
	hand_expect(b->card, "00200080", "9000");
	hand_send(b->card, SELECT);
	hand_expect(b->card, "00200080", "9000");	/* the same applet: kept */
	hand_expect(b->card, "0020FF80", "9000");
	hand_expect(b->card, "00200080", "63C3");
	hand_expect(b->card, "00200081", "6A88");	/* the PUK is never verified */
	hand_expect(b->card, "00200000", "6A88");	/* no global PIN */
	hand_expect(b->card, WRONG, "63C2");
	hand_expect(b->card, WRONG, "63C1");
	hand_expect(b->card, WRONG, "63C0");
	hand_expect(b->card, VERIFY, "6983");
	hand_expect(b->card, "002C008010" "3132333435363738" "363534333231FFFF", "9000");
	hand_expect(b->card, "00200080", "63C3");
	hand_expect(b->card, "0020008008363534333231FFFF", "9000");
}

static void
pin_changes(void **state)
{
	struct bench *b = *state;

	hand_send(b->card, SELECT);
	hand_expect(b->card, "0024008010" "313233343536FFFF" "3132333435FFFFFF", "6A80");
	hand_expect(b->card, "002400800F" "313233343536FFFF" "3132333435FFFF", "6A80");
	hand_expect(b->card, "0024008010" "313131313131FFFF" "363534333231FFFF", "63C2");
	hand_expect(b->card, "0024008010" "313233343536FFFF" "363534333231FFFF", "9000");
	hand_expect(b->card, VERIFY, "63C2");
	hand_expect(b->card, "0020008008363534333231FFFF", "9000");
	hand_expect(b->card, "0024008110" "3132333435363738" "3837363534333231", "9000");
	hand_expect(b->card, "002C008010" "3132333435363738" "313233343536FFFF", "63C2");
	hand_expect(b->card, "002C008010" "3837363534333231" "313233343536FFFF", "9000");
	assert_string_equal(vcard_state(b->card)->secrets[PUK], "87654321");
}

/* A PUK that is dead leaves the PIN alone. */
static void
puk_dies_alone(void **state)
{
	struct bench *b = *state;

	hand_send(b->card, SELECT);
	for (int i = 2; i >= 0; i--) {
		char want[16];

		snprintf(want, sizeof(want), "63C%d", i);
		hand_expect(b->card, "002C008010" "3131313131313131" "313233343536FFFF",
		    want);
	}
	hand_expect(b->card, "002C008010" "3132333435363738" "313233343536FFFF", "6983");
	hand_expect(b->card, VERIFY, "9000");
}

static void
global_pin(void **state)
{
	struct bench *b = *state;

	b->file.references[SECOND_PIN] = 0;
	memcpy(b->file.secrets[SECOND_PIN], "888888", 7);
	take(b);
	hand_send(b->card, SELECT);
	hand_expect(b->card, "00200000", "6A88");	/* not without a discovery of it */
	b->file.piv.discovery = DISCOVERY_GLOBAL;
	take(b);
	hand_send(b->card, SELECT);
	hand_expect(b->card, "00CB3FFF035C017E00",
	    "7E124F0BA0000003080000100001005F2F0260209000");
	hand_expect(b->card, SIGN_9A, "6982");
	hand_expect(b->card, "0020000008383838383838FFFF", "9000");
	assert_true(vcard_is_verified(b->card));
	assert_string_not_equal(hand_send(b->card, SIGN_9A), "6982");
	hand_expect(b->card, "00200080", "63C3");
	hand_expect(b->card, "0020FF00", "9000");
	hand_expect(b->card, SIGN_9A, "6982");
}

static void
habits_of_the_pin(void **state)
{
	struct bench *b = *state;

	b->file.empty_verify = EMPTY_COUNTS;
	b->file.piv.select_forgets = true;
	b->file.logout = false;
	take(b);
	hand_send(b->card, SELECT);
	hand_expect(b->card, "00200080", "63C2");
	hand_expect(b->card, VERIFY, "9000");
	hand_expect(b->card, "0020FF80", "6A86");
	hand_send(b->card, SELECT);
	hand_expect(b->card, SIGN_9A, "6982");
	b->file.piv.vci = true;
	take(b);
	hand_send(b->card, SELECT);
	hand_expect(b->card, VERIFY, "6982");
	hand_expect(b->card, "00CB3FFF055C035FC10500", "6982");
	assert_int_equal(strlen(hand_send(b->card, "00CB3FFF055C035FC10200")), 2 * 63);
}

/*
 * Keys.
 */

/* 7C L 82 L signature. */
static struct cur
unwrap(const struct buf *answer)
{
	const uint8_t *p = answer->p;
	size_t n = p[1] < 0x80 ? 2 : p[1] == 0x81 ? 3 : 4;

	assert_int_equal(p[0], 0x7c);
	assert_int_equal(p[n], 0x82);
	assert_true(answer->len > 2 * n);
	return cur_of(p + 2 * n, answer->len - 2 * n);
}

static void
check_ecdsa(EVP_PKEY *key, struct cur sig, size_t hash_n)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	uint8_t hash[48];

	for (size_t i = 0; i < sizeof(hash); i++)
		hash[i] = (uint8_t)i;
	assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
	assert_int_equal(EVP_PKEY_verify(ctx, sig.p, sig.n, hash, hash_n), 1);
	EVP_PKEY_CTX_free(ctx);
}

static void
signs(void **state)
{
	struct bench *b = *state;
	AUTO(buf_free) struct buf got = BUF(1024);

	hand_send(b->card, SELECT);
	hand_expect(b->card, SIGN_9A, "6982");
	get(b, SIGN_9E, &got);				/* asks for no PIN */
	check_ecdsa(key_in(b, 0x9e), unwrap(&got), 48);
	hand_expect(b->card, VERIFY, "9000");
	get(b, SIGN_9A, &got);
	check_ecdsa(key_in(b, 0x9a), unwrap(&got), 32);
	get(b, SIGN_9A, &got);
	hand_expect(b->card, "0087149A26" "7C2482008120" HAND_HASH "00", "6A80");
	hand_expect(b->card, "0087119B26" "7C2482008120" HAND_HASH "00", "6982");
	hand_expect(b->card, "0087119526" "7C2482008120" HAND_HASH "00", "6A86");
	hand_expect(b->card, "0087119A26" "7C2481208200" HAND_HASH "00", "6A80");
	hand_expect(b->card, "0087119A26" "7C2382008120" HAND_HASH "00", "6A80");
	hand_expect(b->card, "0087119A10" "7C0E8200810A0102030405060708090A00", "6A80");
	assert_int_equal(vcard_counts(b->card).signatures, 3);
	assert_int_equal(strlen(hand_send(b->card, "0087039B047C02810000")), 2 * 14);
}

/* The digital signature key wants the PIN right before each use, and nothing between. */
static void
pin_always(void **state)
{
	struct bench *b = *state;

	hand_send(b->card, SELECT);
	hand_expect(b->card, VERIFY, "9000");
	assert_string_not_equal(hand_send(b->card, SIGN_9C), "6982");
	hand_expect(b->card, SIGN_9C, "6982");
	hand_expect(b->card, VERIFY, "9000");
	hand_expect(b->card, "00CB3FFF055C035FC10300", "6A82");
	hand_expect(b->card, SIGN_9C, "6982");
	b->file.piv.always_strict = false;
	take(b);
	hand_send(b->card, SELECT);
	hand_expect(b->card, VERIFY, "9000");
	hand_expect(b->card, "00CB3FFF055C035FC10300", "6A82");
	assert_string_not_equal(hand_send(b->card, SIGN_9C), "6982");
	b->file.keys[1].policy = PIN_NEVER;
	take(b);
	hand_send(b->card, SELECT);
	assert_string_not_equal(hand_send(b->card, SIGN_9C), "6982");
}

static void
put_block(struct buf *b)
{
	buf_str(b, "7C820106" "8200" "81820100" "0001");
	for (int i = 0; i < 202; i++)
		buf_str(b, "FF");
	buf_str(b, "00" HAND_DIGEST_INFO HAND_HASH);
}

/* RSA-2048 as the reference has it: FF and 0B bytes in a chain; or in one long command. */
static void
rsa_in_a_chain(void **state)
{
	struct bench *b = *state;
	AUTO(buf_free) struct buf data = BUF(2048), command = BUF(2048), got = BUF(1024);
	AUTO(buf_free) struct buf hex = BUF(2048);

	put_block(&data);
	assert_int_equal(data.len, 2 * 266);
	hand_send(b->card, SELECT);
	hand_expect(b->card, VERIFY, "9000");
	buf_fmt(&command, "10870782FF%.510s", buf_cstr(&data));
	hand_expect(b->card, buf_cstr(&command), "9000");
	buf_clear(&command);
	buf_fmt(&command, "008707820B%s00", buf_cstr(&data) + 510);
	assert_string_equal(hand_send(b->card, buf_cstr(&command)) + 512, "6108");
	buf_clear(&command);
	buf_fmt(&command, "0087078200010A%s0000", buf_cstr(&data));
	get(b, buf_cstr(&command), &got);
	assert_int_equal(got.len, 264);
	assert_memory_equal(got.p, "\x7c\x82\x01\x04\x82\x82\x01\x00", 8);
	hex_put(&hex, unwrap(&got));
	buf_str(&hex, "9000");
	hand_check_signature(buf_cstr(&hex));
}

/* Another command in between: the chain is rolled back, the command carried out. */
static void
chain_rolls_back(void **state)
{
	struct bench *b = *state;

	hand_send(b->card, SELECT);
	hand_expect(b->card, VERIFY, "9000");
	hand_expect(b->card, "1087119A06" "7C2482008120", "9000");
	hand_expect(b->card, "00200080", "9000");
	hand_expect(b->card, "0087119A20" HAND_HASH "00", "6A80");
	hand_expect(b->card, "1087119A06" "7C2482008120", "9000");
	assert_string_not_equal(hand_send(b->card, "0087119A20" HAND_HASH "00"), "6A80");
	hand_expect(b->card, "10CB3FFF035C0133", "6884");
	b->file.chaining = b->file.extended = false;
	take(b);
	hand_send(b->card, SELECT);
	hand_expect(b->card, "1087119A06" "7C2482008120", "6E00");
	hand_expect(b->card, "00CB3FFF0000055C035FC1050000", "6700");
}

static void
signs_messages(void **state)
{
	struct bench *b = *state;
	AUTO(buf_free) struct buf got = BUF(1024);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	struct cur sig;

	hand_send(b->card, SELECT);
	hand_expect(b->card, VERIFY, "9000");
	get(b, "0087E08309" "7C078200810361626300", &got);
	assert_memory_equal(got.p, "\x7c\x42\x82\x40", 4);
	sig = unwrap(&got);
	assert_int_equal(EVP_DigestVerifyInit(md, NULL, NULL, NULL,
	    key_in(b, SLOT_ED25519)), 1);
	assert_int_equal(EVP_DigestVerify(md, sig.p, sig.n, (const uint8_t *)"abc", 3), 1);
	EVP_MD_CTX_free(md);
}

static void
agree_with(EVP_PKEY *ours, EVP_PKEY *peer, struct buf *ret)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(ours, NULL);
	size_t n = 64;
	uint8_t *room = buf_room(ret, n);

	assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
	assert_int_equal(EVP_PKEY_derive(ctx, room, &n), 1);
	ret->len -= 64 - n;
	EVP_PKEY_CTX_free(ctx);
}

static void
agrees(void **state)
{
	static const struct {
		uint8_t slot;
		const char *head;
	} slots[] = {
		{ 0x9d, "0087119D477C4582008541" },
		{ SLOT_X25519, "0087E184267C2482008520" },
	};
	struct bench *b = *state;

	hand_send(b->card, SELECT);
	hand_expect(b->card, VERIFY, "9000");
	for (size_t i = 0; i < NELEM(slots); i++) {
		AUTO(buf_free) struct buf command = BUF(1024), got = BUF(256);
		AUTO(buf_free) struct buf want = BUF(256);
		EVP_PKEY *card = key_in(b, slots[i].slot);
		EVP_PKEY *peer = slots[i].slot == 0x9d ? EVP_EC_gen("P-256") :
		    EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
		uint8_t *point = NULL;
		size_t n = EVP_PKEY_get1_encoded_public_key(peer, &point);

		buf_str(&command, slots[i].head);
		hex_put(&command, cur_of(point, n));
		buf_str(&command, "00");
		OPENSSL_free(point);
		get(b, buf_cstr(&command), &got);
		assert_memory_equal(got.p, "\x7c\x22\x82\x20", 4);
		agree_with(peer, card, &want);
		assert_true(cur_eq(unwrap(&got), buf_view(&want)));
		EVP_PKEY_free(peer);
	}
	/* Part 2: not for the key that authenticates.  And a point off the curve. */
	hand_expect(b->card, "0087119A477C4582008541" "04" HAND_HASH HAND_HASH "00",
	    "6A80");
	hand_expect(b->card, "0087119D477C4582008541" "04" HAND_HASH HAND_HASH "00",
	    "6A80");
}

/*
 * YubiKeys.
 */

static void
make_yubikey(struct bench *b)
{
	b->file.piv.yubico = true;
	b->file.piv.exact = b->file.piv.always_strict = false;
	take(b);
	hand_send(b->card, SELECT);
}

static void
plain_cards_are_none(void **state)
{
	struct bench *b = *state;

	hand_send(b->card, SELECT);
	hand_expect(b->card, "00FD000000", "6D00");
	hand_expect(b->card, "00F8000000", "6D00");
	hand_expect(b->card, "00F7009A00", "6D00");
	hand_expect(b->card, "00F99A0000", "6D00");
}

static void
yubico_data(void **state)
{
	struct bench *b = *state;

	make_yubikey(b);
	hand_expect(b->card, "00FD000000", "0504039000");
	hand_expect(b->card, "00F8000000", "000030399000");
	hand_expect(b->card, "00F7008000", "0101FF050101060203039000");
	hand_expect(b->card, "00F7009500", "6A88");
	assert_int_equal(strncmp(hand_send(b->card, "00F7009A00"),
	    "010111" "02020201" "030101" "0443" "8641" "04", 30), 0);
	assert_int_equal(strncmp(hand_send(b->card, "00F7008200"),
	    "010107" "02020201" "030101" "0482010981820100", 36), 0);
	hand_expect(b->card, "00F99A0000", "6A80");	/* nothing to attest with */
	b->file.piv.version[1] = 2;
	b->file.piv.show_serial = false;
	take(b);
	hand_send(b->card, SELECT);
	hand_expect(b->card, "00F7009A00", "6D00");
	hand_expect(b->card, "00F8000000", "6D00");
}

/* A certificate of the device, in DER. */
static void
device_certificate(EVP_PKEY *key, struct buf *ret)
{
	X509 *x = X509_new();
	uint8_t *der = NULL;
	int n;

	X509_set_version(x, 2);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
	    (const uint8_t *)"device", -1, -1, 0);
	X509_gmtime_adj(X509_getm_notBefore(x), -86400);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	n = i2d_X509(x, &der);
	buf_put(ret, der, (size_t)n);
	OPENSSL_free(der);
	X509_free(x);
}

static void
check_extension(X509 *x, const char *oid, const char *want, size_t n)
{
	ASN1_OBJECT *id = OBJ_txt2obj(oid, 1);
	int at = X509_get_ext_by_OBJ(x, id, -1);
	const ASN1_OCTET_STRING *v;

	ASN1_OBJECT_free(id);
	assert_true(at >= 0);
	v = X509_EXTENSION_get_data(X509_get_ext(x, at));
	assert_int_equal(ASN1_STRING_length(v), n);
	assert_memory_equal(ASN1_STRING_get0_data(v), want, n);
}

static void
attests(void **state)
{
	struct bench *b = *state;
	AUTO(buf_free) struct buf device = BUF(4096), got = BUF(4096);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	const uint8_t *p;
	char name[64];
	X509 *x;

	device_certificate(key, &device);
	b->file.keys[1].imported = true;
	b->file.keys[0].touch = TOUCH_CACHED;
	make_yubikey(b);
	put_key(b, 0xf9, key, buf_view(&device));
	get(b, "00F99A00000000", &got);
	p = got.p;
	x = d2i_X509(NULL, &p, (long)got.len);
	assert_non_null(x);
	assert_int_equal(X509_verify(x, key), 1);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(x), key_in(b, 0x9a)), 1);
	X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, name,
	    sizeof(name));
	assert_string_equal(name, "YubiKey PIV Attestation 9a");
	check_extension(x, "1.3.6.1.4.1.41482.3.3", "\x05\x04\x03", 3);
	check_extension(x, "1.3.6.1.4.1.41482.3.7", "\x02\x02\x30\x39", 4);
	check_extension(x, "1.3.6.1.4.1.41482.3.8", "\x02\x03", 2);
	check_extension(x, "1.3.6.1.4.1.41482.3.9", "\x01", 1);
	assert_int_equal(X509_get_ext_count(x), 4);
	X509_free(x);
	hand_expect(b->card, "00F99C00000000", "6A80");		/* not made on the card */
	hand_expect(b->card, "00F99500000000", "6A80");
	hand_expect(b->card, "00F9F900000000", "6A80");
	hand_expect(b->card, "008711F926" "7C2482008120" HAND_HASH "00", "6A80");
}

#define ONE(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(selects), ONE(data_objects), ONE(chuid_has_the_guid),
		ONE(certificates), ONE(pin_counts), ONE(pin_changes), ONE(puk_dies_alone),
		ONE(global_pin), ONE(habits_of_the_pin), ONE(signs), ONE(pin_always),
		ONE(rsa_in_a_chain), ONE(chain_rolls_back), ONE(signs_messages),
		ONE(agrees), ONE(plain_cards_are_none), ONE(yubico_data), ONE(attests),
	};

	return cmocka_run_group_tests(tests, NULL, hand_group_teardown);
}
