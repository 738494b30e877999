/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the pkcs15 driver does for programs that keep a card: authorities, deciphering,
 * PIN and PUK, each with both outcomes; and which profile a card gets that two fit.
 */
#include "tests/check.h"

#include "base/b64.h"
#include "card/channel.h"
#include "card/newpin.h"
#include "tests/unit/p15_talk.h"

#define BYTES16		"000102030405060708090A0B0C0D0E0F"
#define BYTES48		BYTES16 BYTES16 BYTES16
#define BYTES240	BYTES48 BYTES48 BYTES48 BYTES48 BYTES48

struct keep {
	struct profile p;
	struct reader *r;
	struct card *c;
	struct card_contents v;
	struct pin_state pin;
};

struct talk {
	const struct replay_line *lines;
	size_t	 n;
	enum err (*act)(struct keep *k);
	enum err want;
	int	 tries;
	void	 (*tweak)(struct profile *p);
};

#define LINES(...)							\
	.lines = (const struct replay_line[]){ __VA_ARGS__ },		\
	.n = NELEM(((const struct replay_line[]){ __VA_ARGS__ }))
#define ROW(name, act_, want_, tries_, ...)				\
	{ name, talk, NULL, NULL, &(struct talk){			\
	    .act = act_, .want = want_, .tries = tries_, __VA_ARGS__ } }
#define NONE	(-1)

static void
keep_end(struct keep *k)
{
	card_contents_free(&k->v);
	card_close(&k->c);
	reader_close(&k->r);
}

static void
keep_open(struct keep *k, const struct replay_line *lines, size_t n)
{
	const uint8_t atr[] = { 0x3b, 0x80, 0x01, 0x81 };
	const struct profile *const profiles[] = { &k->p, NULL };

	k->p.n_atr = 1;
	k->p.atr[0].n = sizeof(atr);
	memcpy(k->p.atr[0].value, atr, sizeof(atr));
	memset(k->p.atr[0].mask, 0xff, sizeof(atr));
	assert_ok(replay_open(lines, n, ATR_OTHER, &k->r));
	assert_ok(card_open(k->r, drivers_table, profiles, &k->c));
	assert_ok(card_inspect(k->c, NULL, &k->v));
}

static void
talk(void **state)
{
	const struct talk *t = *state;
	AUTO(keep_end) struct keep k = { .pin = { .tries = NONE } };

	read_profile("pkcs15", &k.p);
	if (t->tweak != NULL)
		t->tweak(&k.p);
	keep_open(&k, t->lines, t->n);
	assert_err(t->act(&k), t->want);
	assert_int_equal(k.pin.tries, t->tries);
	if (!replay_done(k.r))
		print_error("line %zu of %zu, %s\n", replay_seen(k.r)->line, t->n,
		    replay_seen(k.r)->wrong);
	assert_true(replay_done(k.r));
}

static struct secret
secret_of(const char *text)
{
	struct secret s = { .len = 0 };

	assert_ok(secret_set(&s, cur_str(text)));
	return s;
}

/* Authorities */

static enum err
read_authority(struct keep *k)
{
	AUTO(buf_free) struct buf der = BUF(1024);
	enum err r;

	assert_false(k->v.listed);
	assert_ok(card_list_authorities(k->c, &k->v));
	assert_ok(card_list_authorities(k->c, &k->v));	/* nothing is sent again */
	assert_int_equal(k->v.n_authorities, 1);
	assert_string_equal(k->v.authorities[0].label, "CA");
	assert_int_equal(k->v.authorities[0].id[0], 0x77);
	r = card_read_authority(k->c, &k->v.authorities[0], &der);
	assert_int_equal(der.len, r == ERR_OK ? 14 : 0);
	return r;
}

/* Deciphering */

static enum err
decipher_with(struct keep *k, enum key_alg alg, const char *hex)
{
	AUTO(buf_free) struct buf in = BUF(1024), plain = BUF(1024);
	struct secret pin = secret_of("123456");
	enum err r;

	assert_int_equal(k->v.n_keys, 1);
	assert_true((k->v.keys[0].algs & alg) != 0);
	assert_ok(card_verify(k->c, &k->v.keys[0], &pin, &k->pin));
	assert_ok(hex_get(cur_str(hex), &in));
	r = card_use(k->c, &k->v.keys[0], alg, buf_view(&in), &plain);
	assert_int_equal(plain.len, r == ERR_OK ? 4 : 0);
	return r;
}

static enum err
decipher(struct keep *k)
{
	assert_int_equal(k->v.keys[0].algs, KEY_ALG_RSA_DECRYPT);
	return decipher_with(k, KEY_ALG_RSA_DECRYPT, BYTES240 BYTES16);
}

static enum err
decipher_raw(struct keep *k)
{
	assert_int_equal(k->v.keys[0].algs, KEY_ALG_RSA_RAW | KEY_ALG_RSA_DECRYPT_RAW);
	return decipher_with(k, KEY_ALG_RSA_DECRYPT_RAW, BYTES16);
}

static enum err
derive(struct keep *k)
{
	assert_int_equal(k->v.keys[0].algs, KEY_ALG_ECDSA | KEY_ALG_ECDH);
	return decipher_with(k, KEY_ALG_ECDH, "04" BYTES16);
}

/* A block of 2048 bits for a card that pads nothing: made by the host, chained. */
static enum err
sign_block(struct keep *k)
{
	AUTO(buf_free) struct buf sig = BUF(1024);
	const uint8_t info[] = { 0xde, 0xad, 0xbe, 0xef };
	struct secret pin = secret_of("123456");
	enum err r;

	assert_ok(card_verify(k->c, &k->v.keys[0], &pin, &k->pin));
	r = card_use(k->c, &k->v.keys[0], KEY_ALG_RSA_PKCS1, cur_of(info, sizeof(info)),
	    &sig);
	assert_int_equal(sig.len, r == ERR_OK ? 8 : 0);
	return r;
}

static enum err
asks_each_time(struct keep *k)
{
	assert_true(k->v.keys[0].always_auth);
	return ERR_OK;
}

/* PIN and PUK */

static enum err
puk_rules(struct keep *k)
{
	assert_true(k->v.has_puk);
	assert_int_equal(k->v.puk_rules.ref, 0x82);
	assert_int_equal(k->v.puk_rules.min, 6);
	assert_int_equal(k->v.puk_rules.max, 8);
	assert_int_equal(k->v.rules.ref, 0x81);
	return ERR_OK;
}

static enum err
no_puk(struct keep *k)
{
	struct secret puk = secret_of("12345678");

	assert_false(k->v.has_puk);
	return card_verify_puk(k->c, k->v.login, &puk, &k->pin);
}

static enum err
puk_tries(struct keep *k)
{
	struct card_pins pins;
	enum err r = card_pins(k->c, NULL, &pins);

	k->pin = pins.puk;
	return r;
}

static enum err
puk_verify(struct keep *k)
{
	struct secret puk = secret_of("12345678");

	return card_verify_puk(k->c, k->v.login, &puk, &k->pin);
}

static enum err
change_to(struct keep *k, enum card_secret which, const char *to)
{
	struct secret old = secret_of("123456"), new = secret_of(to);

	return card_change(k->c, k->v.login, which, false, &old, &new, &k->pin);
}

static enum err
change_pin(struct keep *k)
{
	return change_to(k, CARD_PIN, "65432100");
}

static enum err
change_pin_to_5(struct keep *k)
{
	return change_to(k, CARD_PIN, "65432");
}

static enum err
change_puk(struct keep *k)
{
	return change_to(k, CARD_PUK, "65432100");
}

static enum err
unblock(struct keep *k)
{
	struct secret new = secret_of("654321");

	return card_unblock(k->c, k->v.login, &new, &k->pin);
}

static void
with_tries(struct profile *p)
{
	p->tries = TRIES_EMPTY_VERIFY;
}

static void
in_short_form(struct profile *p)
{
	p->extended = EXTENDED_NO;
}

#define INSPECT		P_START, P_DIRECTORIES
#define INSPECT_TRIES	INSPECT, SAY("00200081", "63C3")
#define INSPECT_KEY(token, size, key)					\
	PICK, SAY(SFI("92"), token "9000"), ODF_SFI, P_AODF,		\
	FILE("4400", size, key), P_CDF
#define VERIFIED(token)	PICK, SAY(SFI("92"), token "9000"), P_VERIFY
#define CAS		P_START, SAY(SFI("91"), ODF_CAS "9000"), P_AODF, P_PRKDF, P_CDF, \
	PICK, FILE("4405", "1F", CAS_BYTES), PICK
#define DECIPHER	P_START, ODF_SFI, P_AODF, FILE("4400", "33", KEY_DECIPHER),	\
	FILE("4404", "21", CDF_CONF), P_START, P_VERIFY,		\
	SAY("002241B803840103", "9000"),				\
	SAY("102A8086FF00" BYTES240 "000102030405060708090A0B0C0D", "9000")
#define LAST_PART	"002A8086020E0F00"

static const struct CMUnitTest tests[] = {
	ROW("authority", read_authority, ERR_OK, NONE,
	    LINES(CAS, FILE("4341", "0E", CERT_BYTES))),
	ROW("authority listed, not there", read_authority, ERR_NO_CERT, NONE,
	    LINES(CAS, GONE("4341"))),
	ROW("authority is no certificate (vector 59)", read_authority, ERR_NO_CERT, NONE,
	    LINES(CAS, FILE("4341", "05", "3003020100"))),

	ROW("decipher", decipher, ERR_OK, NONE,
	    LINES(DECIPHER, SAY(LAST_PART, "01020304 9000"))),
	ROW("decipher: the block is refused", decipher, ERR_MALFORMED, NONE,
	    LINES(DECIPHER, SAY(LAST_PART, "6A80"))),
	ROW("decipher: chaining not supported (vector 29)", decipher, ERR_CARD, NONE,
	    LINES(P_START, ODF_SFI, P_AODF, FILE("4400", "33", KEY_DECIPHER),
	    FILE("4404", "21", CDF_CONF), P_START, P_VERIFY,
	    SAY("002241B803840103", "9000"),
	    SAY("102A8086FF00" BYTES240 "000102030405060708090A0B0C0D", "6884"),
	    P_START, SAY("002241B803840103", "9000"),
	    SAY("102A8086FF00" BYTES240 "000102030405060708090A0B0C0D", "6884"))),
	ROW("decipher: the card forgot the PIN", decipher, ERR_NOT_LOGGED_IN, NONE,
	    LINES(DECIPHER, SAY(LAST_PART, "6982"), P_START,
	    SAY("002241B803840103", "6982"))),
	ROW("decipher a block, by the card's algorithm", decipher_raw, ERR_OK, NONE,
	    LINES(INSPECT_KEY(TOKEN_BLOCK, "38", KEY_BLOCK), VERIFIED(TOKEN_BLOCK),
	    SAY("002241B80684010180010A", "9000"),
	    SAY("002A80861100" BYTES16 "00", "01020304 9000"))),
	ROW("derive", derive, ERR_OK, NONE,
	    LINES(INSPECT_KEY(TOKEN_EC, "3C", KEY_EC_DERIVE), VERIFIED(TOKEN_EC),
	    SAY("002241B803840101", "9000"),
	    SAY("002A80861104" BYTES16 "00", "01020304 9000"))),
	ROW("sign a whole block", sign_block, ERR_OK, NONE, .tweak = in_short_form,
	    LINES(INSPECT_KEY(TOKEN_BLOCK, "38", KEY_BLOCK), VERIFIED(TOKEN_BLOCK),
	    SAY("002241B60684010180010A", "9000"),
#define FF16	"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
#define FF48	FF16 FF16 FF16
	    SAY("102A9E9AFF0001" FF48 FF48 FF48 FF48 FF48 "FFFFFFFFFFFFFFFFFF"
	    "00DEADBE", "9000"),
	    SAY("002A9E9A01EF00", SIGNATURE "9000"))),
	ROW("a PIN for each signature", asks_each_time, ERR_OK, NONE,
	    LINES(INSPECT_KEY(TOKEN_BYTES, "36", KEY_CONSENT))),

	ROW("rules of the PUK", puk_rules, ERR_OK, NONE, LINES(INSPECT)),
	ROW("no PUK is described", no_puk, ERR_UNSUPPORTED, NONE,
	    LINES(P_START, ODF_SFI, FILE("4408", "34", AODF_NEGATIVE), P_PRKDF, P_CDF,
	    P_START)),
	ROW("tries of the PUK", puk_tries, ERR_OK, 3, .tweak = with_tries,
	    LINES(INSPECT_TRIES, INSPECT_TRIES, SAY("00200082", "63C3"))),
	ROW("tries of the PUK: not for nothing", puk_tries, ERR_OK, NONE,
	    LINES(INSPECT, INSPECT)),
	ROW("PUK", puk_verify, ERR_OK, NONE,
	    LINES(INSPECT, P_START, SAY("00200082083132333435363738", "9000"))),
	ROW("wrong PUK", puk_verify, ERR_PIN_WRONG, 2,
	    LINES(INSPECT, P_START, SAY("00200082083132333435363738", "63C2"))),
	ROW("new PIN", change_pin, ERR_OK, NONE, LINES(INSPECT, P_START,
	    SAY("0024008110313233343536FFFF3635343332313030", "9000"))),
	ROW("new PIN, wrong old one", change_pin, ERR_PIN_WRONG, 1, LINES(INSPECT, P_START,
	    SAY("0024008110313233343536FFFF3635343332313030", "63C1"))),
	ROW("new PIN refused", change_pin, ERR_PIN_REFUSED, NONE, LINES(INSPECT, P_START,
	    SAY("0024008110313233343536FFFF3635343332313030", "6A80"))),
	ROW("new PIN too short: nothing is sent", change_pin_to_5, ERR_PIN_LENGTH, NONE,
	    LINES(INSPECT, P_START)),
	ROW("new PUK", change_puk, ERR_OK, NONE, LINES(INSPECT, P_START,
	    SAY("0024008210313233343536FFFF3635343332313030", "9000"))),
	ROW("new PUK, the old one blocked", change_puk, ERR_PIN_BLOCKED, 0,
	    LINES(INSPECT, P_START,
	    SAY("0024008210313233343536FFFF3635343332313030", "6983"))),
	ROW("unblock", unblock, ERR_OK, NONE,
	    LINES(INSPECT, P_START, SAY("002C028108363534333231FFFF", "9000"))),
	ROW("unblock before the PUK", unblock, ERR_NOT_LOGGED_IN, NONE,
	    LINES(INSPECT, P_START, SAY("002C028108363534333231FFFF", "6982"))),
};

/* Both profiles name the application of an unknown card: one SELECT, one question. */
static void
is_profile(const char *want, const char *proof)
{
	struct profile uzi, p15;
	const struct profile *const both[] = { &p15, &uzi, NULL };
	const struct replay_line lines[] = { SELECT, SAY("00CA010008", proof) };
	struct reader *r = NULL;
	struct card *c = NULL;

	read_profile("uzi", &uzi);
	read_profile("pkcs15", &p15);
	assert_ok(replay_open(lines, NELEM(lines), ATR_OTHER, &r));
	assert_ok(card_open(r, drivers_table, both, &c));
	assert_ok(card_probe(c, NULL));
	assert_string_equal(card_profile_name(c), want);
	assert_string_equal(card_driver(c), want);
	assert_true(replay_done(r));
	card_close(&c);
	reader_close(&r);
}

/* A card so slow that the question cannot be asked any more: it may be either. */
static void
is_neither_where_time_is_up(void **state UNUSED)
{
	struct profile uzi, p15;
	const struct profile *const both[] = { &p15, &uzi, NULL };
	const struct replay_line lines[] = { SELECT };
	AUTO(reader_close) struct reader *r = NULL;
	AUTO(card_close) struct card *c = NULL;

	read_profile("uzi", &uzi);
	read_profile("pkcs15", &p15);
	assert_ok(replay_open(lines, NELEM(lines), ATR_OTHER, &r));
	replay_slow(r, CHANNEL_PROBE_MS + 1);
	assert_ok(card_open(r, drivers_table, both, &c));
	assert_err(card_probe(c, NULL), ERR_LIMIT);
	assert_string_equal(card_profile_name(c), "");
	assert_true(replay_done(r));
}

static void
an_unknown_card_gets_the_profile_that_it_proves(void **state UNUSED)
{
	is_profile("uzi", "0102030405060708 9000");
	is_profile("pkcs15", "6D00");
	is_profile("pkcs15", "01020304050607 9000");
	is_profile("pkcs15", "0102030405060708 6282");
}

static void
an_unknown_card_without_the_application_gets_one_select(void **state UNUSED)
{
	struct profile uzi, p15;
	const struct profile *const both[] = { &p15, &uzi, NULL };
	const struct replay_line lines[] = { SAY(SELECT_AID, "6A82") };
	struct reader *r = NULL;
	struct card *c = NULL;

	read_profile("uzi", &uzi);
	read_profile("pkcs15", &p15);
	assert_ok(replay_open(lines, NELEM(lines), ATR_OTHER, &r));
	assert_ok(card_open(r, drivers_table, both, &c));
	assert_err(card_probe(c, NULL), ERR_CARD_UNKNOWN);
	assert_true(replay_done(r));
	card_close(&c);
	reader_close(&r);
}

static const struct CMUnitTest choices[] = {
	cmocka_unit_test(an_unknown_card_gets_the_profile_that_it_proves),
	cmocka_unit_test(is_neither_where_time_is_up),
	cmocka_unit_test(an_unknown_card_without_the_application_gets_one_select),
};

int
main(void)
{
	int bad = cmocka_run_group_tests(tests, NULL, NULL);

	return cmocka_run_group_tests(choices, NULL, NULL) + bad;
}
