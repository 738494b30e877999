/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A program that stays with a PIV card for a while, as the PKCS #11 module does: all its
 * slots, PUK and new PINs, and how few commands the first signature costs.
 */
#include "tests/check.h"

#include <unistd.h>

#include "card/cache.h"
#include "card/inner.h"
#include "card/newpin.h"
#include "tests/unit/piv_talk.h"

#define P256_OBJECT_AT(tag)	GET(tag, P256_OBJECT "9000")
#define X25519_OBJECT		OBJECT("42", "3B", X25519_CERT, "00")
#define UNBLOCK(sw)		SAY("002C0080 10 3837363534333231 363534333231FFFF", sw)
#define CHANGE(ref, sw)		SAY("002400" ref "10 313233343536FFFF 363534333231FFFF", sw)

struct bench {
	struct profile p;
	const struct profile *profiles[2];
	struct reader *r;
	struct card *c;
	struct card_cache *cache;
	struct card_contents v;
};

static void
close_bench(struct bench *b)
{
	card_contents_free(&b->v);
	card_close(&b->c);
	reader_close(&b->r);
}

static void
play(struct bench *b, const char *profile, const char *atr, size_t max_apdu,
    const struct replay_line *lines, size_t n)
{
	read_piv_profile(profile, atr, &b->p);
	b->profiles[0] = &b->p;
	b->profiles[1] = NULL;
	assert_ok(replay_open(lines, n, atr, &b->r));
	b->r->max_apdu = max_apdu;
	assert_ok(card_open(b->r, drivers_table, b->profiles, &b->c));
	assert_ok(card_inspect(b->c, b->cache, &b->v));
}

#define PLAY(b, ...)							\
	AUTO(close_bench) struct bench b = { .r = NULL };		\
	static const struct replay_line lines[] = { __VA_ARGS__ };	\
	play(&b, "piv", ATR, 0, lines, NELEM(lines))

static void
check_end(const struct bench *b)
{
	if (!replay_done(b->r))
		print_error("line %zu, %s\n", replay_seen(b->r)->line,
		    replay_seen(b->r)->wrong);
	assert_true(replay_done(b->r));
	assert_false(replay_seen(b->r)->open);
}

static struct card_key *
key_of(struct bench *b, uint8_t id)
{
	size_t i = 0;

	while (i + 1 < b->v.n_keys && b->v.keys[i].id[0] != id)
		i++;
	assert_int_equal(b->v.keys[i].id[0], id);
	return &b->v.keys[i];
}

static struct secret
secret(const char *text)
{
	struct secret s = { .len = 0 };

	assert_ok(secret_set(&s, cur_str(text)));
	return s;
}

static enum err
verify(struct bench *b, struct card_key *key)
{
	struct secret pin = secret("123456");
	struct pin_state left;

	return card_verify(b->c, key, &pin, &left);
}

static enum err
use(struct bench *b, struct card_key *key, enum key_alg alg, size_t n, uint8_t first,
    size_t *ret_n)
{
	AUTO(buf_free) struct buf out = BUF(1024);
	uint8_t input[256];
	enum err r;

	memset(input, 0xde, sizeof(input));
	input[0] = first;
	r = card_use(b->c, key, alg, cur_of(input, n), &out);
	*ret_n = out.len;
	return r;
}

static void
assert_ecdsa(struct bench *b, struct card_key *key, enum err want)
{
	size_t n;

	assert_err(use(b, key, KEY_ALG_ECDSA, 32, 0xde, &n), want);
	assert_int_equal(n, want == ERR_OK ? 64 : 0);
}

/* Which other keys there are is found out when somebody wants to know. */
static void
slots_are_looked_at_late(void **state)
{
	PLAY(b, LOOK_EC, SELECT, GET(TAG_9C, RSA_FIRST "6146"), P256_OBJECT_AT(TAG_9D),
	    ABSENT(TAG_9E), GET(TAG_HISTORY, "530A C10102 C20100 F300 FE00 9000"),
	    P256_OBJECT_AT(TAG_82), GET(TAG_83, "5300 9000"));
	static const uint8_t there[] = { 1, 2, 3, 5 };
	size_t n = 0;

	(void)state;
	assert_int_equal(b.v.n_keys, 24);
	assert_int_equal(b.v.login->id[0], 1);
	assert_int_equal(b.v.login->type, KEY_EC);
	assert_int_equal(b.v.cert.len, 106);
	assert_int_equal(key_of(&b, 2)->presence, KEY_UNSURE);
	assert_ok(card_settle(b.c, &b.v));
	assert_ok(card_settle(b.c, &b.v));
	for (size_t i = 0; i < b.v.n_keys; i++)
		if (b.v.keys[i].presence == KEY_PRESENT)
			assert_int_equal(b.v.keys[i].id[0], there[n++]);
	assert_int_equal(n, sizeof(there));
	assert_true(key_of(&b, 2)->always_auth);
	assert_int_equal(key_of(&b, 2)->algs, KEY_ALG_RSA_RAW | KEY_ALG_ECDSA | KEY_ALG_EDDSA);
	assert_int_equal(key_of(&b, 5)->algs, KEY_ALG_RSA_DECRYPT_RAW | KEY_ALG_ECDH);
	assert_string_equal(key_of(&b, 5)->label, "Retired Key Management 1");
	check_end(&b);
}

/* A history that promises too much, or is none: no retired keys. */
static void
history_is_bounded(void **state)
{
	PLAY(b, LOOK_EC, SELECT, ABSENT(TAG_9C), P256_OBJECT_AT(TAG_9D), ABSENT(TAG_9E),
	    GET(TAG_HISTORY, "5305 C101FF FE00 9000"));

	(void)state;
	assert_ok(card_settle(b.c, &b.v));
	for (size_t i = 3; i < b.v.n_keys; i++)
		assert_int_equal(b.v.keys[i].presence, KEY_ABSENT);
	check_end(&b);
}

/* Without a key in 9A the PIN is still the person's; what else is there has been seen. */
static void
without_login_key(void **state)
{
	PLAY(b, SELECT, CHUID, DISCOVERY, ABSENT(TAG_9A), P256_OBJECT_AT(TAG_9C),
	    ABSENT(TAG_9D), P256_OBJECT_AT(TAG_9E));
	const struct card_key *last;

	(void)state;
	assert_non_null(b.v.login);
	assert_int_equal(b.v.login->id[0], 2);
	assert_int_equal(b.v.cert.len, 0);
	assert_int_equal(b.v.login->presence, KEY_PRESENT);
	assert_int_equal(key_of(&b, 3)->presence, KEY_ABSENT);
	last = key_of(&b, 4);
	assert_int_equal(last->presence, KEY_PRESENT);
	assert_true(last->no_pin);
	check_end(&b);
}

/* Nothing comes between the PIN and the key 9C: it is known before (vector 42). */
static void
signature_key_wants_its_pin(void **state)
{
	PLAY(b, LOOK_EC, SELECT, CHUID, P256_OBJECT_AT(TAG_9C), VERIFY("9000"),
	    SAY(EC_COMMAND("9C"), "7C0A 8208 3006 020105 020107 9000"));
	struct secret pin = secret("123456");
	struct pin_state left;

	(void)state;
	assert_ok(card_hold(b.c, key_of(&b, 2), &pin, &left));
	assert_ecdsa(&b, key_of(&b, 2), ERR_OK);
	card_release(b.c);
	check_end(&b);
}

/* Anybody may use 9E, so it proves no person: it has no PIN, and never logs in. */
static void
card_key_needs_no_pin(void **state)
{
	PLAY(b, LOOK_EC, SELECT, P256_OBJECT_AT(TAG_9E),
	    SAY(EC_COMMAND("9E"), "7C0A 8208 3006 020105 020107 9000"), SELECT, CHUID);
	AUTO(buf_free) struct buf der = BUF(16384);
	struct card_key *key = key_of(&b, 4);

	(void)state;
	assert_ok(card_read_cert(b.c, key, &der));
	assert_int_equal(key->type, KEY_EC);
	assert_int_equal(key->bits, 256);
	assert_ecdsa(&b, key, ERR_OK);
	assert_err(verify(&b, key), ERR_CARD);
	close_bench(&b);
}

/* Another program selected something else: ours is selected again, once. */
static void
selected_again(void **state)
{
	PLAY(b, LOOK_EC, SELECT, CHUID, VERIFY("9000"), EC_SIGN, EC_SAYS("6D00"), SELECT,
	    CHUID, EC_SAYS("6982"), LOGOUT);

	(void)state;
	assert_ok(verify(&b, key_of(&b, 1)));
	assert_ecdsa(&b, key_of(&b, 1), ERR_OK);
	assert_ecdsa(&b, key_of(&b, 1), ERR_NOT_LOGGED_IN);
	close_bench(&b);
}

static void
agree_on_keys(void **state)
{
	PLAY(b, LOOK_EC, SELECT, P256_OBJECT_AT(TAG_9D),
	    SAY("0087119D47 7C45 8200 8541 04" X64("DE") "00", "7C22 8220" X32("5A") "9000"),
	    SAY("0087119D47 7C45 8200 8541 04" X64("DE") "00", "7C21 821F" X16("5A") X4("5A")
	    X4("5A") X4("5A") "5A5A5A 9000"),
	    SAY("0087119D47 7C45 8200 8541 04" X64("DE") "00", "7C23 8221" X32("5A") "5A 9000"),
	    SELECT, CHUID,
	    SAY("0087119D47 7C45 8200 8541 04" X64("DE") "00", "7C23 8221" X32("5A") "5A 9000"));
	AUTO(buf_free) struct buf der = BUF(16384);
	struct card_key *key = key_of(&b, 3);
	size_t n;

	(void)state;
	assert_ok(card_read_cert(b.c, key, &der));
	assert_int_equal(key->algs, KEY_ALG_ECDH);
	assert_ok(use(&b, key, KEY_ALG_ECDH, 65, 0x04, &n));
	assert_int_equal(n, 32);
	assert_ok(use(&b, key, KEY_ALG_ECDH, 65, 0x04, &n));
	assert_int_equal(n, 32);
	assert_err(use(&b, key, KEY_ALG_ECDH, 65, 0x04, &n), ERR_CARD);
	assert_err(use(&b, key, KEY_ALG_ECDH, 64, 0x04, &n), ERR_MALFORMED);
	check_end(&b);
}

static void
agree_on_keys_x25519(void **state)
{
	PLAY(b, LOOK_EC, SELECT, GET(TAG_9D, X25519_OBJECT "9000"),
	    SAY("0087E19D26 7C24 8200 8520 04" X16("DE") X4("DE") X4("DE") X4("DE") "DEDEDE 00",
	    "7C22 8220" X32("5A") "9000"));
	AUTO(buf_free) struct buf der = BUF(16384);
	struct card_key *key = key_of(&b, 3);
	size_t n;

	(void)state;
	assert_ok(card_read_cert(b.c, key, &der));
	assert_int_equal(key->type, KEY_MONTGOMERY);
	assert_ok(use(&b, key, KEY_ALG_ECDH, 32, 0x04, &n));
	assert_int_equal(n, 32);
	check_end(&b);
}

/* The block comes back whole, whatever zeros the card dropped. */
static void
decipher(void **state)
{
	PLAY(b, LOOK_EC, SELECT, GET(TAG_9D, RSA_FIRST "6146"), SAY("00C0000046", RSA_REST "9000"),
	    SAY("1087079DFF 7C820106 8200 81820100 00" X64("DE") X64("DE") X64("DE") X32("DE")
	    X16("DE") X4("DE"), "9000"),
	    SAY("0087079D0B" X4("DE") X4("DE") "DEDEDE 00", "7C12 8210" X16("5A") "9000"));
	AUTO(buf_free) struct buf der = BUF(16384);
	struct card_key *key = key_of(&b, 3);
	size_t n;

	(void)state;
	assert_ok(card_read_cert(b.c, key, &der));
	assert_int_equal(key->type, KEY_RSA);
	assert_int_equal(key->algs, KEY_ALG_RSA_DECRYPT_RAW);
	assert_ok(use(&b, key, KEY_ALG_RSA_DECRYPT_RAW, 256, 0x00, &n));
	assert_int_equal(n, 256);
	check_end(&b);
}

static enum err
unblock(struct bench *b, struct pin_state *left)
{
	struct secret new = secret("654321");

	return card_unblock(b->c, key_of(b, 1), &new, left);
}

static enum err
give_puk(struct bench *b, const char *text)
{
	struct secret puk = secret(text);
	struct pin_state left;

	return card_verify_puk(b->c, key_of(b, 1), &puk, &left);
}

/* The PUK goes in one command with the new PIN; before, it waits, and then it is gone. */
static void
unblock_with_puk(void **state)
{
	PLAY(b, LOOK_EC, AGAIN, UNBLOCK("9000"), AGAIN, UNBLOCK("63C2"), SELECT, LOGOUT, AGAIN,
	    UNBLOCK("6983"), AGAIN, UNBLOCK("6985"));
	struct pin_state left;

	(void)state;
	assert_true(b.v.has_puk);
	assert_int_equal(b.v.puk_rules.ref, 0x81);
	assert_err(unblock(&b, &left), ERR_NOT_LOGGED_IN);
	assert_err(give_puk(&b, "12345"), ERR_PIN_LENGTH);
	assert_ok(give_puk(&b, "87654321"));
	assert_ok(unblock(&b, &left));
	assert_err(unblock(&b, &left), ERR_NOT_LOGGED_IN);
	assert_ok(give_puk(&b, "87654321"));
	assert_err(unblock(&b, &left), ERR_PIN_WRONG);
	assert_int_equal(left.tries, 2);
	assert_ok(give_puk(&b, "87654321"));
	assert_ok(card_logout(b.c, key_of(&b, 1), false));
	assert_err(unblock(&b, &left), ERR_NOT_LOGGED_IN);
	assert_ok(give_puk(&b, "87654321"));
	assert_err(unblock(&b, &left), ERR_PIN_BLOCKED);
	assert_ok(give_puk(&b, "87654321"));
	assert_err(unblock(&b, &left), ERR_PIN_REFUSED);
	check_end(&b);
}

static void
change(void **state)
{
	PLAY(b, LOOK_EC, AGAIN, CHANGE("80", "9000"), AGAIN, CHANGE("80", "63C1"), AGAIN,
	    CHANGE("81", "9000"), AGAIN, AGAIN, AGAIN, AGAIN, CHANGE("80", "6985"), AGAIN,
	    CHANGE("81", "6A80"));
	struct secret old = secret("123456"), new = secret("654321"), odd = secret("65432\xff");
	struct secret strange = secret("65432\n");
	struct card_key *key = key_of(&b, 1);
	struct pin_state left;

	(void)state;
	assert_ok(card_change(b.c, key, CARD_PIN, false, &old, &new, &left));
	assert_err(card_change(b.c, key, CARD_PIN, false, &old, &new, &left), ERR_PIN_WRONG);
	assert_int_equal(left.tries, 1);
	assert_ok(card_change(b.c, key, CARD_PUK, false, &old, &new, &left));
	assert_err(card_change(b.c, key, CARD_PIN, false, &old, &odd, &left), ERR_PIN_LENGTH);
	assert_err(card_change(b.c, key, CARD_PIN, false, &old, &strange, &left),
	    ERR_PIN_LENGTH);
	assert_err(card_change(b.c, key, CARD_PIN, false, &strange, &new, &left),
	    ERR_PIN_LENGTH);
	/* The new one is not what the token takes. */
	assert_err(card_change(b.c, key, CARD_PIN, false, &old, &new, &left), ERR_PIN_REFUSED);
	assert_err(card_change(b.c, key, CARD_PUK, false, &old, &new, &left), ERR_PIN_REFUSED);
	check_end(&b);
}

/* The PUK is for the PIN of the application. */
static void
no_puk_for_the_global_pin(void **state)
{
	PLAY(b, SELECT, CHUID, DISCOVERY_OF("6020"), CERT_P256);

	(void)state;
	assert_int_equal(b.v.rules.ref, 0);
	assert_false(b.v.has_puk);
	assert_err(give_puk(&b, "87654321"), ERR_UNSUPPORTED);
	check_end(&b);
}

/* Tries of PIN and PUK of a YubiKey; the metadata it does not have is not asked again. */
static void
tries_of_a_yubikey(void **state)
{
#define OPENED	SELECT, SAY("00F8000000", "00BC614E 9000"), CERT_P256, \
	SAY("00F7009A00", "6A88")
	static const struct replay_line lines[] = {
		OPENED, SAY("00F7008000", "06020302 9000"),
		OPENED, SAY("00F7008000", "06020302 9000"),
		SAY("00F7008100", "06020301 9000"),
		OPENED, SAY("00F7008000", "6D00"), SAY("00200080", "63C2"),
	};
	AUTO(close_bench) struct bench b = { .r = NULL };
	struct card_pins pins;

	(void)state;
	play(&b, "piv-yubikey", ATR, 0, lines, NELEM(lines));
	assert_int_equal(b.v.pin.tries, 2);
	assert_ok(card_pins(b.c, NULL, &pins));
	assert_int_equal(pins.puk.tries, 1);
	assert_true(pins.puk.last_try);
	assert_ok(card_pins(b.c, NULL, &pins));
	assert_int_equal(pins.pin.tries, 2);
	assert_int_equal(pins.puk.tries, -1);
	check_end(&b);
}

/* What the maker says of a key: passed on as it is, or nothing. */
static void
attestation(void **state)
{
#define YUBIKEY		SELECT, SAY("00F8000000", "00BC614E 9000")
#define YUBIKEY	SELECT, SAY("00F8000000", "00BC614E 9000")
	static const struct replay_line lines[] = {
		YUBIKEY, CERT_P256, SAY("00F7009A00", "6A88"),
		SAY("00F7008000", "06020302 9000"),
		YUBIKEY, SAY("00F99A0000", P256_CERT "9000"), GET("5FFF01", P256_OBJECT "9000"),
		YUBIKEY, SAY("00F99A0000", "6D00"),
		YUBIKEY, SAY("00F99A0000", "9000"),
		YUBIKEY, SAY("00F99A0000", "3003020101 9000"),
		YUBIKEY, SAY("00F99A0000", P256_CERT "00 9000"),
		YUBIKEY, SAY("00F99A0000", P256_CERT "9000"), ABSENT("5FFF01"),
		YUBIKEY, SAY("00F99A0000", P256_CERT "9000"), GET("5FFF01", "5300 9000"),
		YUBIKEY, FAIL("00F99A0000", ERR_REMOVED),
	};
	AUTO(buf_free) struct buf statement = BUF(16384), device = BUF(16384);
	AUTO(close_bench) struct bench b = { .r = NULL };

	(void)state;
	play(&b, "piv-yubikey", ATR, 0, lines, NELEM(lines));
	assert_ok(card_attest(b.c, b.v.login, &statement, &device));
	assert_int_equal(statement.len, 106);
	assert_int_equal(device.len, 106);
	for (int i = 0; i < 6; i++)
		assert_err(card_attest(b.c, b.v.login, &statement, &device), ERR_NOT_FOUND);
	assert_err(card_attest(b.c, b.v.login, &statement, &device), ERR_REMOVED);
	assert_int_equal(statement.len, 106);
	assert_int_equal(device.len, 106);
	check_end(&b);
}

static void
drop_folder(struct card_cache **cache, const char *dir)
{
	char path[80];

	card_cache_close(cache);
	snprintf(path, sizeof(path), "%s/state", dir);
	(void)remove(path);
	(void)rmdir(dir);
}

/* The card signs for it: once, as long as its certificate stays. */
static void
attests_once(void **state)
{
#define NO_METADATA	SAY("00F7009A00", "6A88")
#define STATEMENT	SAY("00F99A0000", P256_CERT "9000"), GET("5FFF01", P256_OBJECT "9000")
	static const struct replay_line cold[] = {
		YUBIKEY, CERT_P256, NO_METADATA,
		SAY("00F7008000", "06020302 9000"), YUBIKEY, STATEMENT,
	}, cached[] = {
		YUBIKEY, GET(TAG_9A, P256_OBJECT "9000"), SAY("00F7008000", "06020302 9000"),
	}, other[] = {
		YUBIKEY, GET(TAG_9A, RSA_FIRST "6146"), CERT_RSA, NO_METADATA,
		SAY("00F7008000", "06020302 9000"), YUBIKEY, STATEMENT,
	};
	const struct {
		const struct replay_line *lines;
		size_t n;
	} runs[] = { { cold, NELEM(cold) }, { cached, NELEM(cached) }, { other, NELEM(other) } };
	char dir[] = "/tmp/dezi-test-cache.XXXXXX";
	struct card_cache *cache = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_ok(card_cache_open(dir, &cache));
	for (size_t i = 0; i < NELEM(runs); i++) {
		AUTO(buf_free) struct buf statement = BUF(16384), device = BUF(16384);
		AUTO(close_bench) struct bench b = { .cache = cache };

		play(&b, "piv-yubikey", ATR, 0, runs[i].lines, runs[i].n);
		assert_ok(card_attest(b.c, b.v.login, &statement, &device));
		assert_int_equal(statement.len, 106);
		assert_int_equal(device.len, 106);
		check_end(&b);
	}
	drop_folder(&cache, dir);
}

/* 9E with a PIN may log in, but what is kept of the card is proved by 9A alone. */
static void
keeps_the_certificate_that_proves_the_card(void **state)
{
#define P384_OBJECT	OBJECT("8191", "8189", P384_CERT, "00")
	static const struct replay_line cold[] = {
		YUBIKEY, CERT_P256, NO_METADATA, SAY("00F7008000", "06020303 9000"),
		SELECT, GET(TAG_9C, "6A82"), GET(TAG_9D, "6A82"),
		GET(TAG_9E, P384_OBJECT "9000"),
		SAY("00F7009E00", "010114 02020201 9000"), SELECT, CERT_P256,
		SELECT, GET(TAG_9E, P384_OBJECT "9000"),
	}, cached[] = {
		YUBIKEY, GET(TAG_9A, P256_OBJECT "9000"),
		SAY("00F7008000", "06020303 9000"),
	};
	AUTO(buf_free) struct buf der = BUF(16384);
	char dir[] = "/tmp/dezi-test-cache.XXXXXX";
	struct card_cache *cache = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_ok(card_cache_open(dir, &cache));
	{
		AUTO(close_bench) struct bench b = { .cache = cache };

		play(&b, "piv-yubikey", ATR, 0, cold, NELEM(cold));
		assert_ok(card_settle(b.c, &b.v));
		assert_ok(card_read_cert(b.c, key_of(&b, 1), &der));
		assert_int_equal(der.len, 106);
		assert_ok(card_read_cert(b.c, key_of(&b, 4), &der));
		assert_int_equal(der.len, 106 + 137);
		assert_int_equal(card_login_rank(key_of(&b, 4)), 1);
		check_end(&b);
	}
	{
		AUTO(close_bench) struct bench b = { .cache = cache };

		play(&b, "piv-yubikey", ATR, 0, cached, NELEM(cached));
		assert_int_equal(b.v.login->id[0], 1);
		assert_int_equal(b.v.cert.len, 106);
		check_end(&b);
	}
	drop_folder(&cache, dir);
}

/*
 * Each key's own policies (piv.md sections 6 and 7): 9A wants the PIN each time, and 9C
 * once; a card that wants touch is not asked for the PIN when it has it (vector 70).
 */
static void
policies_of_a_yubikey(void **state)
{
#define YUBIKEY	SELECT, SAY("00F8000000", "00BC614E 9000")
	static const struct replay_line lines[] = {
		YUBIKEY, CERT_P256, KEY_METADATA("0303"),
		SAY("00F7008000", "06020303 9000"),
		SELECT, GET(TAG_9C, P256_OBJECT "9000"),
		SAY("00F7009C00", "010111 02020201 9000"), GET(TAG_9D, "6A82"),
		GET(TAG_9E, P256_OBJECT "9000"), SAY("00F7009E00", "6A88"),
		EC_SAYS("6982"), SAY("00200080", "63C3"), YUBIKEY, EC_SAYS("6982"),
		SAY("00200080", "63C3"),
		EC_SAYS("6982"), SAY("00200080", "9000"),
	};
	AUTO(close_bench) struct bench b = { .r = NULL };

	(void)state;
	play(&b, "piv-yubikey", ATR, 0, lines, NELEM(lines));
	assert_ok(card_settle(b.c, &b.v));
	assert_true(key_of(&b, 1)->always_auth);
	assert_true(key_of(&b, 1)->touch);
	assert_false(key_of(&b, 2)->always_auth);
	assert_false(key_of(&b, 2)->touch);
	assert_true(key_of(&b, 4)->no_pin);
	assert_ecdsa(&b, key_of(&b, 1), ERR_NOT_LOGGED_IN);
	assert_ecdsa(&b, key_of(&b, 1), ERR_NOT_TOUCHED);
	check_end(&b);
}

/* No such command goes to a card that is not known to have it. */
static void
no_attestation(void **state)
{
	PLAY(b, LOOK_EC);
	AUTO(buf_free) struct buf statement = BUF(16384), device = BUF(16384);

	(void)state;
	assert_err(card_attest(b.c, b.v.login, &statement, &device), ERR_NOT_FOUND);
	check_end(&b);
}

/* The figures: from the first look to the first signature, and to the next one. */

static size_t
first_signature(struct bench *b)
{
	AUTO(buf_free) struct buf sig = BUF(1024);
	const uint8_t info[] = { 0xde, 0xad, 0xbe, 0xef };

	assert_int_equal(b->v.cert.len, 313);
	assert_ok(verify(b, key_of(b, 1)));
	assert_ok(card_use(b->c, key_of(b, 1), KEY_ALG_RSA_PKCS1, cur_of(info, sizeof(info)),
	    &sig));
	assert_int_equal(sig.len, 256);
	check_end(b);
	return replay_seen(b->r)->apdus;
}

#define GET_LONG(tag)	"00CB3FFF0000055C03" tag "0C00"
#define CHUID_LONG	SAY(GET_LONG(TAG_CHUID), CHUID_OF(GUID) "9000")
#define SIGN_LONG							\
	SAY("0087079A00010A" RSA_BLOCK_1 RSA_BLOCK_2 "0400",		\
	    "7C820104 82820100" X64("5A") X64("5A") X64("5A") X64("5A") "9000")

/* 10 and 7 commands here; a certificate of 1.2 kB is three more in short form. */
static void
few_commands(void **state)
{
	static const struct replay_line cold[] = {
		LOOK, AGAIN, VERIFY("9000"), RSA_SIGN("9A"),
	}, cached[] = {
		SELECT, CHUID, GET(TAG_9A, RSA_FIRST "6146"), AGAIN, VERIFY("9000"), RSA_SIGN("9A"),
	}, other[] = {
		SELECT, CHUID, GET(TAG_9A, P256_OBJECT "9000"), DISCOVERY, CERT_P256,
	};
	char dir[] = "/tmp/dezi-test-cache.XXXXXX";
	struct card_cache *cache = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_ok(card_cache_open(dir, &cache));
	{
		AUTO(close_bench) struct bench b = { .cache = cache };

		play(&b, "piv", ATR, 0, cold, NELEM(cold));
		assert_int_equal(first_signature(&b), 11);
	}
	{
		AUTO(close_bench) struct bench b = { .cache = cache };

		play(&b, "piv", ATR, 0, cached, NELEM(cached));
		assert_int_equal(first_signature(&b), 9);
	}
	{
		/* the same number, another certificate: read anew */
		AUTO(close_bench) struct bench b = { .cache = cache };

		play(&b, "piv", ATR, 0, other, NELEM(other));
		assert_int_equal(b.v.login->type, KEY_EC);
		check_end(&b);
	}
	drop_folder(&cache, dir);
}

static void
few_commands_in_extended_form(void **state)
{
	static const struct replay_line cold[] = {
		SELECT, CHUID_LONG, SAY("00CB3FFF0000035C017E0C00", "6A82"),
		SAY(GET_LONG(TAG_9A), RSA_FIRST RSA_REST "9000"), SELECT, CHUID_LONG,
		VERIFY("9000"), SIGN_LONG,
	}, cached[] = {
		SELECT, CHUID_LONG, SAY(GET_LONG(TAG_9A), RSA_FIRST RSA_REST "9000"), SELECT,
		CHUID_LONG, VERIFY("9000"), SIGN_LONG,
	};
	char dir[] = "/tmp/dezi-test-cache.XXXXXX";
	struct card_cache *cache = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_ok(card_cache_open(dir, &cache));
	{
		AUTO(close_bench) struct bench b = { .cache = cache };

		play(&b, "piv", ATR_EXTENDED, 3072, cold, NELEM(cold));
		assert_int_equal(first_signature(&b), 8);
	}
	{
		AUTO(close_bench) struct bench b = { .cache = cache };

		play(&b, "piv", ATR_EXTENDED, 3072, cached, NELEM(cached));
		assert_int_equal(first_signature(&b), 7);
	}
	drop_folder(&cache, dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_are_looked_at_late),
		cmocka_unit_test(history_is_bounded),
		cmocka_unit_test(without_login_key),
		cmocka_unit_test(signature_key_wants_its_pin),
		cmocka_unit_test(card_key_needs_no_pin),
		cmocka_unit_test(selected_again),
		cmocka_unit_test(agree_on_keys),
		cmocka_unit_test(agree_on_keys_x25519),
		cmocka_unit_test(decipher),
		cmocka_unit_test(unblock_with_puk),
		cmocka_unit_test(change),
		cmocka_unit_test(no_puk_for_the_global_pin),
		cmocka_unit_test(tries_of_a_yubikey),
		cmocka_unit_test(keeps_the_certificate_that_proves_the_card),
		cmocka_unit_test(policies_of_a_yubikey),
		cmocka_unit_test(attestation),
		cmocka_unit_test(attests_once),
		cmocka_unit_test(no_attestation),
		cmocka_unit_test(few_commands),
		cmocka_unit_test(few_commands_in_extended_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
