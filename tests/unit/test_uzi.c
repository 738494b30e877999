/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every path of the uzi driver as a conversation: what is sent is pinned byte by byte,
 * and so is what is believed (uzi-card reference section 5, hostile-cards).
 */
#include "tests/check.h"

#include "card/session.h"
#include "tests/unit/uzi_talk.h"

struct talk {
	const struct replay_line *lines;
	size_t	 n;
	enum err look, sign;	/* ERR_NOT_FOUND: no signature is asked for */
	int	 tries;		/* after the look, or after the signature */
	size_t	 resets;
	const char *atr;
	void	 (*tweak)(struct profile *p);
	bool	 allow_last;
	const char *pin;
};

#define NO_SIGN	ERR_NOT_FOUND
#define NONE	(-1)

/* ROW(name, look, sign, tries, resets, TWEAK..., LINES(...)) */
#define LINES(...)							\
	.lines = (const struct replay_line[]){ __VA_ARGS__ },		\
	.n = NELEM(((const struct replay_line[]){ __VA_ARGS__ }))
#define ROW(name, look_, sign_, tries_, resets_, ...)			\
	{ name, talk_once, NULL, NULL, &(struct talk){			\
	    .look = look_, .sign = sign_, .tries = tries_, .resets = resets_, \
	    __VA_ARGS__ } }

static void
check_end(const struct talk *t, const struct reader *r)
{
	const struct replay_seen *seen = replay_seen(r);

	if (!replay_done(r))
		print_error("line %zu of %zu, %s\n", seen->line, t->n, seen->wrong);
	assert_true(replay_done(r));
	assert_int_equal(seen->resets, t->resets);
	assert_false(seen->open);
}

static void
sign_once(const struct talk *t, struct card *c, const struct card_view *v)
{
	const uint8_t input[] = { 0xde, 0xad, 0xbe, 0xef };
	AUTO(buf_free) struct buf sig = BUF(1024);
	AUTO(secret_wipe) struct secret pin = { .len = 0 };
	struct pin_state left = { .tries = 99 };

	assert_ok(secret_set(&pin, cur_str(t->pin != NULL ? t->pin : "123456")));
	assert_err(card_sign_once(c, &v->key, KEY_ALG_RSA_PKCS1, &pin, t->allow_last,
	    cur_of(input, sizeof(input)), &sig, &left), t->sign);
	assert_int_equal(left.tries, t->tries);
	assert_int_equal(sig.len, t->sign == ERR_OK ? 8 : 0);
}

static void
talk_once(void **state)
{
	const struct talk *t = *state;
	struct profile p;
	const struct profile *const profiles[] = { &p, NULL };
	AUTO(reader_close) struct reader *r = NULL;
	AUTO(card_close) struct card *c = NULL;
	AUTO(card_view_free) struct card_view v = { .from_cache = false };
	enum err e;

	read_uzi_profile(&p);
	if (t->tweak != NULL)
		t->tweak(&p);
	assert_ok(replay_open(t->lines, t->n, t->atr != NULL ? t->atr : ATR, &r));
	e = card_open(r, drivers_table, profiles, &c);
	if (e == ERR_OK)
		e = card_look(c, NULL, NULL, NULL, &v);
	assert_err(e, t->look);
	if (t->look == ERR_OK) {
		assert_int_equal(v.key.usage, KEY_AUTHENTICATION);
		if (t->sign == NO_SIGN)
			assert_int_equal(v.pin.tries, t->tries);
		else
			sign_once(t, c, &v);
	}
	check_end(t, r);
}

/* Habits of other cards, and of the one that we do not know yet. */

static void
with_logout(struct profile *p)
{
	p->logout = (struct profile_command){ { 0x00, 0x20, 0xff, 0x00 }, 4, 3 };
}

static void
without_tries(struct profile *p)
{
	p->tries = TRIES_NONE;
}

static void
with_empty_verify(struct profile *p)
{
	p->tries = TRIES_EMPTY_VERIFY;
}

static void
without_aodf(struct profile *p)
{
	p->pin_aodf = false;
	p->n_pin_refs = 1;
}

static void
with_pin_path(struct profile *p)
{
	p->pin_path = true;
}

static void
with_key_path(struct profile *p)
{
	p->key_path = true;
}

static void
with_ordinal(struct profile *p)
{
	p->key_ref = KEY_REF_ORDINAL;
	p->mse_tags[0] = 0x80;
	p->mse_tags[1] = 0x84;
	p->alg_rsa_pkcs1 = 0x12;
}

static void
with_channel(struct profile *p)
{
	p->channel = 1;
	p->channel_open = true;
}

static void
with_channel_unasked(struct profile *p)
{
	p->channel = 1;
}

static void
without_serial(struct profile *p)
{
	p->serial.n = 0;
}

static void
with_small_chunk(struct profile *p)
{
	p->chunk = 16;
}

static void
digits_only(struct profile *p)
{
	p->pin_digits = true;
}

/* A whole look up to CDF with other bytes in one file. */
#define UP_TO_PRKDF	SELECT, SERIAL, ODF, AODF
#define ABSENT(fid)	SAY("00A4020002" fid "00", "6A82")
#define TOKENINFO	EF("5032", "000F"),					\
	READ("0000", "0F", "300D 020100 0408 1122334455667788 9000")

/* AODF of one PIN: id, flags, what follows the flags */
#define PIN_OF(id, flags)						\
	"301E 3000 30030401" id "A115 3013" flags			\
	"0A0101 020104 02010F 800103 040100"

/* The same, behind the PIN of that id. */
#define PIN_BEHIND(id, auth)						\
	"3021 3003 0401" auth "30030401" id "A115 3013 0302024C"	\
	"0A0101 020104 02010F 800103 040100"

/* In a transaction of its own a PIN is for one use, whatever the card makes of it (T8). */
static void
a_held_pin_is_for_one_use(void **state UNUSED)
{
	static const struct replay_line lines[] = { SELECT, SERIAL, DIRECTORIES, TRIES,
	    SELECT, SERIAL, VERIFY("9000"), MSE, PSO, SAY("0020FF03", "9000"),
	    SELECT, SERIAL, VERIFY("9000"), MSE, PSO,
	    SELECT, SERIAL, VERIFY("9000"), SAY("0020FF03", "9000") };
	const uint8_t input[] = { 0xde, 0xad, 0xbe, 0xef };
	AUTO(card_contents_free) struct card_contents v = { .n_keys = 0 };
	struct secret pin = { .len = 0 };
	struct profile p;
	const struct profile *const profiles[] = { &p, NULL };
	AUTO(reader_close) struct reader *r = NULL;
	AUTO(card_close) struct card *c = NULL;
	struct pin_state left;
	struct card_key key;

	read_uzi_profile(&p);
	with_logout(&p);
	assert_ok(secret_set(&pin, cur_str("123456")));
	assert_ok(replay_open(lines, NELEM(lines), ATR, &r));
	assert_ok(card_open(r, drivers_table, profiles, &c));
	assert_ok(card_inspect(c, NULL, &v));
	key = *v.login;
	for (int i = 0; i < 3; i++) {
		AUTO(buf_free) struct buf sig = BUF(1024);

		key.always_auth = i == 1;	/* then it is the card that forgets */
		assert_ok(card_hold(c, &key, &pin, &left));
		if (i < 2)
			assert_ok(card_use(c, &key, KEY_ALG_RSA_PKCS1,
			    cur_of(input, sizeof(input)), &sig));
		assert_ptr_equal(card_release(c), i == 1 ? NULL : &key);
		assert_null(card_release(c));
	}
	assert_true(replay_done(r));
	assert_false(replay_seen(r)->open);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_held_pin_is_for_one_use),

	/* as it should be */
	ROW("look", ERR_OK, NO_SIGN, 3, 0, LINES(LOOK)),
	ROW("sign; no log out: reset", ERR_OK, ERR_OK, 3, 1, LINES(LOOK, SIGN)),
	ROW("sign; log out: no reset", ERR_OK, ERR_OK, 3, 0, .tweak = with_logout,
	    LINES(LOOK, SIGN, SAY("0020FF03", "9000"))),
	ROW("log out refused: reset", ERR_OK, ERR_OK, 3, 1, .tweak = with_logout,
	    LINES(LOOK, SIGN, SAY("0020FF03", "6A86"))),
	ROW("log out not answered: reset", ERR_OK, ERR_OK, 3, 1, .tweak = with_logout,
	    LINES(LOOK, SIGN, FAIL("0020FF03", ERR_IO))),
	ROW("signature in two parts", ERR_OK, ERR_OK, 3, 1,
	    LINES(LOOK, SELECT, SERIAL, TRIES, VERIFY("9000"), MSE,
	    SAY(PSO_COMMAND, "01020304 6104"), SAY("00C0000004", "05060708 9000"))),
	ROW("wrong Le at the signature", ERR_OK, ERR_OK, 3, 1,
	    LINES(LOOK, SELECT, SERIAL, TRIES, VERIFY("9000"), MSE,
	    SAY(PSO_COMMAND, "6C08"), SAY("002A9E9A04DEADBEEF08", SIGNATURE "9000"))),

	/* PINs */
	ROW("wrong PIN, 2 left", ERR_OK, ERR_PIN_WRONG, 2, 0,
	    LINES(LOOK, SELECT, SERIAL, TRIES, VERIFY("63C2"))),
	ROW("wrong PIN, 1 left", ERR_OK, ERR_PIN_WRONG, 1, 0,
	    LINES(LOOK, SELECT, SERIAL, TRIES, VERIFY("63C1"))),
	ROW("wrong PIN, none left", ERR_OK, ERR_PIN_BLOCKED, 0, 0,
	    LINES(LOOK, SELECT, SERIAL, TRIES, VERIFY("63C0"))),
	ROW("PIN blocked", ERR_OK, ERR_PIN_BLOCKED, 0, 0,
	    LINES(LOOK, SELECT, SERIAL, TRIES, VERIFY("6983"))),
	ROW("wrong PIN without a count (vector 26)", ERR_OK, ERR_PIN_WRONG, NONE, 0,
	    LINES(LOOK, SELECT, SERIAL, TRIES, VERIFY("6300"))),
	ROW("PIN never set", ERR_OK, ERR_PIN_UNSET, 3, 0,
	    LINES(LOOK, SELECT, SERIAL, TRIES, VERIFY("6984"))),
	ROW("PIN reference unknown: no other one is tried", ERR_OK, ERR_CARD, 3, 1,
	    LINES(LOOK, SELECT, SERIAL, TRIES, VERIFY("6A88"))),
	ROW("the last try is kept (T26)", ERR_OK, ERR_PIN_LAST_TRY, 1, 0,
	    LINES(LOOK, SELECT, SERIAL, TRIES_IS("01"))),
	ROW("the last try, asked for", ERR_OK, ERR_OK, 1, 1, .allow_last = true,
	    LINES(LOOK, SELECT, SERIAL, TRIES_IS("01"), VERIFY("9000"), MSE, PSO)),
	ROW("no tries left: nothing is sent", ERR_OK, ERR_PIN_BLOCKED, 0, 0,
	    .allow_last = true, LINES(LOOK, SELECT, SERIAL, TRIES_IS("00"))),
	ROW("a look shows that it is blocked", ERR_OK, NO_SIGN, 0, 0,
	    LINES(SELECT, SERIAL, DIRECTORIES, CERT, TRIES_IS("00"))),
	ROW("PIN of 5: nothing is sent", ERR_OK, ERR_PIN_LENGTH, NONE, 0, .pin = "12345",
	    LINES(LOOK)),
	ROW("PIN of 16: nothing is sent", ERR_OK, ERR_PIN_LENGTH, NONE, 0,
	    .pin = "1234567890123456", LINES(LOOK)),
	ROW("no PIN: nothing is sent", ERR_OK, ERR_PIN_LENGTH, NONE, 0, .pin = "",
	    LINES(LOOK)),
	ROW("letters are a PIN", ERR_OK, ERR_OK, 3, 1, .pin = "AbCdEf",
	    LINES(LOOK, SELECT, SERIAL, TRIES,
	    SAY("002000030F416243644566000000000000000000", "9000"), MSE, PSO)),
	ROW("a control character is none", ERR_OK, ERR_PIN_LENGTH, 3, 0,
	    .pin = "12345\x01", LINES(LOOK, SELECT, SERIAL, TRIES)),
	ROW("letters where the profile says digits", ERR_OK, ERR_PIN_LENGTH, 3, 0,
	    .tweak = digits_only, .pin = "12345a", LINES(LOOK, SELECT, SERIAL, TRIES)),
	ROW("wrong Le at VERIFY: not repeated (vector 24)", ERR_OK, ERR_CARD, 3, 1,
	    LINES(LOOK, SELECT, SERIAL, TRIES, VERIFY("6C08"))),
	ROW("more data at VERIFY: not fetched", ERR_OK, ERR_CARD, 3, 1,
	    LINES(LOOK, SELECT, SERIAL, TRIES, VERIFY("6102"))),

	/* tries */
	ROW("tries by empty VERIFY", ERR_OK, ERR_OK, 3, 1, .tweak = with_empty_verify,
	    LINES(SELECT, SERIAL, DIRECTORIES, CERT, SAY("00200003", "63C3"),
	    SELECT, SERIAL, SAY("00200003", "63C3"), VERIFY("9000"), MSE, PSO)),
	ROW("empty VERIFY says blocked", ERR_OK, NO_SIGN, 0, 0,
	    .tweak = with_empty_verify,
	    LINES(SELECT, SERIAL, DIRECTORIES, CERT, SAY("00200003", "6983"))),
	ROW("empty VERIFY says 9000 (vector 41)", ERR_OK, NO_SIGN, NONE, 0,
	    .tweak = with_empty_verify,
	    LINES(SELECT, SERIAL, DIRECTORIES, CERT, SAY("00200003", "9000"))),
	ROW("no way to read the tries", ERR_OK, ERR_OK, NONE, 1, .tweak = without_tries,
	    LINES(SELECT, SERIAL, DIRECTORIES, CERT, SELECT, SERIAL, VERIFY("9000"), MSE,
	    PSO)),
	ROW("tries query not known", ERR_OK, NO_SIGN, NONE, 0,
	    LINES(SELECT, SERIAL, DIRECTORIES, CERT, SAY("8034000300", "6D00"))),
	ROW("tries query of another length", ERR_OK, NO_SIGN, NONE, 0,
	    LINES(SELECT, SERIAL, DIRECTORIES, CERT, SAY("8034000300", "0303 9000"))),
	ROW("tries query says 255", ERR_OK, NO_SIGN, NONE, 0,
	    LINES(SELECT, SERIAL, DIRECTORIES, CERT, TRIES_IS("FF"))),
	ROW("a query that costs a try is not asked again", ERR_OK, ERR_OK, 2, 1,
	    LINES(LOOK, SELECT, SERIAL, TRIES_IS("02"), VERIFY("9000"), MSE, PSO)),

	/* the same card */
	ROW("another card before VERIFY (T9, vector 61)", ERR_OK, ERR_CARD_CHANGED, NONE,
	    0, LINES(LOOK, SELECT, SAY("00CA010008", "0102030405060709 9000"))),
	ROW("another kind of card before VERIFY", ERR_OK, ERR_CARD_CHANGED, NONE, 0,
	    LINES(LOOK, SAY(SELECT_AID, "6A82"))),
	ROW("no serial before VERIFY", ERR_OK, ERR_CARD_CHANGED, NONE, 0,
	    LINES(LOOK, SELECT, SAY("00CA010008", "6A88"), ABSENT("5032"))),
	ROW("vendor lock before VERIFY", ERR_OK, ERR_VENDOR_LOCKED, NONE, 0,
	    LINES(LOOK, SAY(SELECT_AID, "4920616D2074686520 9000"))),
	ROW("serial of TokenInfo", ERR_OK, ERR_OK, 3, 1, .tweak = without_serial,
	    LINES(SELECT, TOKENINFO, DIRECTORIES, CERT, TRIES,
	    SELECT, TOKENINFO, TRIES, VERIFY("9000"), MSE, PSO)),
	ROW("GET DATA not known: serial of TokenInfo", ERR_OK, NO_SIGN, 3, 0,
	    LINES(SELECT, SAY("00CA010008", "6D00"), TOKENINFO, DIRECTORIES, CERT,
	    TRIES)),
	ROW("no serial: the certificate is compared (vector 13)", ERR_OK, ERR_OK, 3, 1,
	    .tweak = without_serial,
	    LINES(SELECT, ABSENT("5032"), DIRECTORIES, CERT, TRIES,
	    SELECT, ABSENT("5032"), CERT, TRIES, VERIFY("9000"), MSE, PSO)),
	ROW("no serial: another certificate", ERR_OK, ERR_CARD_CHANGED, NONE, 0,
	    .tweak = without_serial,
	    LINES(SELECT, ABSENT("5032"), DIRECTORIES, CERT, TRIES,
	    SELECT, ABSENT("5032"), CERT_DF, CERT_EF,
	    READ("0000", "0E", "300C 30020501 30020500 03020001 9000"))),
	ROW("no serial: certificate gone", ERR_OK, ERR_CARD_CHANGED, NONE, 0,
	    .tweak = without_serial,
	    LINES(SELECT, ABSENT("5032"), DIRECTORIES, CERT, TRIES,
	    SELECT, ABSENT("5032"), CERT_DF, ABSENT("0114"))),

	/* the signature */
	ROW("refused after the PIN: inactive", ERR_OK, ERR_CARD_INACTIVE, 3, 1,
	    LINES(LOOK, SELECT, SERIAL, TRIES, VERIFY("9000"), MSE,
	    SAY(PSO_COMMAND, "6982"))),
	ROW("conditions after the PIN: inactive", ERR_OK, ERR_CARD_INACTIVE, 3, 1,
	    LINES(LOOK, SELECT, SERIAL, TRIES, VERIFY("9000"), MSE,
	    SAY(PSO_COMMAND, "6985"))),
	ROW("MSE refused after the PIN: inactive", ERR_OK, ERR_CARD_INACTIVE, 3, 1,
	    LINES(LOOK, SELECT, SERIAL, TRIES, VERIFY("9000"),
	    SAY("002241B606840100800102", "6982"))),
	ROW("MSE: wrong data", ERR_OK, ERR_CARD, 3, 1,
	    LINES(LOOK, SELECT, SERIAL, TRIES, VERIFY("9000"),
	    SAY("002241B606840100800102", "6A80"))),
	ROW("empty signature (vector 29)", ERR_OK, ERR_CARD, 3, 1,
	    LINES(LOOK, SELECT, SERIAL, TRIES, VERIFY("9000"), MSE,
	    SAY(PSO_COMMAND, "9000"))),
	ROW("signature announced, not given (vector 22)", ERR_OK, ERR_CARD, 3, 1,
	    LINES(LOOK, SELECT, SERIAL, TRIES, VERIFY("9000"), MSE,
	    SAY(PSO_COMMAND, "0102 61FF"), SAY("00C00000FF", "6A82"))),
	ROW("signature with a warning", ERR_OK, ERR_CARD, 3, 1,
	    LINES(LOOK, SELECT, SERIAL, TRIES, VERIFY("9000"), MSE,
	    SAY(PSO_COMMAND, SIGNATURE "6200"))),
	ROW("reset between VERIFY and sign (vector 62)", ERR_OK, ERR_CARD_RESET, 3, 1,
	    LINES(LOOK, SELECT, SERIAL, TRIES, VERIFY("9000"),
	    FAIL("002241B606840100800102", ERR_CARD_RESET))),
	ROW("reset during VERIFY", ERR_OK, ERR_CARD_RESET, 3, 1,
	    LINES(LOOK, SELECT, SERIAL, TRIES, FAIL(VERIFY_03, ERR_CARD_RESET))),
	ROW("removed during the signature", ERR_OK, ERR_REMOVED, 3, 1,
	    LINES(LOOK, SELECT, SERIAL, TRIES, VERIFY("9000"), MSE,
	    FAIL(PSO_COMMAND, ERR_REMOVED))),
	ROW("key reference by place, other tag order", ERR_OK, ERR_OK, 3, 1,
	    .tweak = with_ordinal, LINES(LOOK, SELECT, SERIAL, TRIES, VERIFY("9000"),
	    SAY("002241B606800112840100", "9000"), PSO)),
	ROW("key path empty: nothing is selected", ERR_OK, ERR_OK, 3, 1,
	    .tweak = with_key_path, LINES(LOOK, SIGN)),
	ROW("key path selected when the profile says so", ERR_OK, ERR_OK, 3, 1,
	    .tweak = with_key_path,
	    LINES(UP_TO_PRKDF, EF("4400", "0031"), READ("0000", "31",
	    "302F 300D 0C0441555448 03020780 040103"
	    "300E 040145 03020520 030203B8 020100 A10E300C 30060404 43024501 02020800 "
	    "9000"),
	    CDF, CERT, TRIES, SELECT, SERIAL, TRIES, VERIFY("9000"), CERT_DF,
	    EF("4501", "0100"), MSE, PSO)),
	ROW("key file not there", ERR_OK, ERR_CARD, 3, 1, .tweak = with_key_path,
	    LINES(UP_TO_PRKDF, EF("4400", "0031"), READ("0000", "31",
	    "302F 300D 0C0441555448 03020780 040103"
	    "300E 040145 03020520 030203B8 020100 A10E300C 30060404 43024501 02020800 "
	    "9000"),
	    CDF, CERT, TRIES, SELECT, SERIAL, TRIES, VERIFY("9000"), CERT_DF,
	    ABSENT("4501"))),
	ROW("PIN's folder first", ERR_OK, ERR_OK, 3, 1, .tweak = with_pin_path,
	    LINES(LOOK, SELECT, SERIAL, TRIES, SAY("00A4000C023F00", "9000"),
	    VERIFY("9000"), MSE, PSO)),
	ROW("PIN's folder refused: no VERIFY", ERR_OK, ERR_CARD, 3, 1,
	    .tweak = with_pin_path,
	    LINES(LOOK, SELECT, SERIAL, TRIES, SAY("00A4000C023F00", "6A82"))),

	/* is it ours? */
	ROW("not there", ERR_CARD_UNKNOWN, NO_SIGN, 0, 0, LINES(SAY(SELECT_AID, "6A82"))),
	ROW("unknown status to SELECT (vector 26)", ERR_CARD_UNKNOWN, NO_SIGN, 0, 0,
	    LINES(SAY(SELECT_AID, "91AF"))),
	ROW("9F10 to SELECT (vector 26)", ERR_CARD_UNKNOWN, NO_SIGN, 0, 0,
	    LINES(SAY(SELECT_AID, "9F10"))),
	ROW("1234 to SELECT (vector 26)", ERR_CARD_UNKNOWN, NO_SIGN, 0, 0,
	    LINES(SAY(SELECT_AID, "1234"))),
	ROW("6300 to SELECT (vector 26)", ERR_CARD_UNKNOWN, NO_SIGN, 0, 0,
	    LINES(SAY(SELECT_AID, "6300"))),
	ROW("6F and more 6F to everything (vector 28)", ERR_CARD_UNKNOWN, NO_SIGN, 0, 0,
	    LINES(SAY(SELECT_AID, "6F6F6F6F6F6F6F6F6F6F6F6F 9000"),
	    SAY("00CA010008", "6F6F6F6F6F6F6F6F 9000"),
	    SAY("00A4020002503100", "6F6F6F6F6F6F6F6F 9000"),
	    SAY("00B00000FE", "6F6F6F6F6F6F6F6F 6282"))),
	ROW("deactivated", ERR_CARD, NO_SIGN, 0, 0, LINES(SAY(SELECT_AID, "6283"))),
	ROW("vendor lock (vector 28)", ERR_VENDOR_LOCKED, NO_SIGN, 0, 0,
	    LINES(SAY(SELECT_AID, "4920616D207468652053616665536967 9000"))),
	ROW("an FCI is welcome", ERR_OK, NO_SIGN, 3, 0,
	    LINES(SAY(SELECT_AID, "6F0E840CA000000063504B43532D3135 9000"), SERIAL,
	    DIRECTORIES, CERT, TRIES)),
	ROW("SELECT in two parts", ERR_OK, NO_SIGN, 3, 0,
	    LINES(SAY(SELECT_AID, "6102"), SAY("00C0000002", "6F00 9000"), SERIAL,
	    DIRECTORIES, CERT, TRIES)),
	ROW("9000 to everything (vector 27)", ERR_CARD_UNKNOWN, NO_SIGN, 0, 0,
	    LINES(SELECT, SAY("00CA010008", "9000"), SAY("00A4020002503200", "9000"),
	    SAY("00B00000FE", "9000"), SAY("00A4020002503100", "9000"),
	    SAY("00B00000FE", "9000"))),
	ROW("garbage for an ODF", ERR_CARD_UNKNOWN, NO_SIGN, 0, 0,
	    LINES(SELECT, SERIAL, EF("5031", "0004"),
	    READ("0000", "04", "DEADBEEF 9000"))),
	ROW("no ODF", ERR_CARD_UNKNOWN, NO_SIGN, 0, 0,
	    LINES(SELECT, SERIAL, ABSENT("5031"))),
	ROW("ODF protected", ERR_CARD_UNKNOWN, NO_SIGN, 0, 0,
	    LINES(SELECT, SERIAL, EF("5031", "0018"), SAY("00B0000018", "6982"))),
	ROW("ATR unknown: as usual, in the transaction of the SELECT", ERR_OK, NO_SIGN, 3, 0,
	    .atr = ATR_OTHER, LINES(LOOK)),
	ROW("ATR unknown, not ours", ERR_CARD_UNKNOWN, NO_SIGN, 0, 0, .atr = ATR_OTHER,
	    LINES(SAY(SELECT_AID, "6A82"))),
	ROW("ATR unknown, vendor lock", ERR_VENDOR_LOCKED, NO_SIGN, 0, 0,
	    .atr = ATR_OTHER, LINES(SAY(SELECT_AID, "4920616D2074686520 9000"))),
	ROW("ATR unknown, contact lost is no verdict", ERR_IO, NO_SIGN, 0, 0,
	    .atr = ATR_OTHER, LINES(FAIL(SELECT_AID, ERR_IO))),

	/* keys, PINs and certificates that do not fit */
	ROW("no AODF: the first reference with tries", ERR_OK, ERR_OK, 3, 1,
	    LINES(SELECT, SERIAL, ODF, ABSENT("4408"), PRKDF, CDF,
	    SAY("8034000200", "6A88"), SAY("8034000300", "030301 9000"), CERT, TRIES,
	    SIGN)),
	ROW("no AODF, and no reference answers", ERR_NO_CERT, NO_SIGN, 0, 0,
	    LINES(SELECT, SERIAL, ODF, ABSENT("4408"), PRKDF, CDF,
	    SAY("8034000200", "6A88"), SAY("8034000300", "6A88"))),
	ROW("profile's reference alone, not the AODF", ERR_OK, ERR_OK, 3, 1,
	    .tweak = without_aodf,
	    LINES(SELECT, SERIAL, DIRECTORIES, CERT, SAY("8034000200", "030301 9000"),
	    SELECT, SERIAL, SAY("8034000200", "030301 9000"),
	    SAY("002000020F313233343536000000000000000000", "9000"), MSE, PSO)),
	ROW("key names a PIN that is not there (vector 52)", ERR_NO_CERT, NO_SIGN, 0, 0,
	    LINES(SELECT, SERIAL, ODF, EF("4408", "0020"),
	    READ("0000", "20", PIN_OF("07", "0302024C") "9000"), PRKDF, CDF)),
	ROW("key names the PUK (vector 52)", ERR_NO_CERT, NO_SIGN, 0, 0,
	    LINES(SELECT, SERIAL, ODF, EF("4408", "0020"),
	    READ("0000", "20", PIN_OF("03", "0302004E") "9000"), PRKDF, CDF)),
	ROW("two PINs of one name (vector 52)", ERR_NO_CERT, NO_SIGN, 0, 0,
	    LINES(SELECT, SERIAL, ODF, EF("4408", "0040"),
	    READ("0000", "40", PIN_OF("03", "0302024C") PIN_OF("03", "0302024C") "9000"),
	    PRKDF, CDF)),
	ROW("the key's PIN, and nothing else wrong", ERR_OK, NO_SIGN, 3, 0,
	    LINES(SELECT, SERIAL, ODF, EF("4408", "0020"),
	    READ("0000", "20", PIN_OF("03", "0302024C") "9000"), PRKDF, CDF, CERT,
	    TRIES)),
	ROW("a PIN that is behind itself (vector 52)", ERR_OK, NO_SIGN, 3, 0,
	    LINES(SELECT, SERIAL, ODF, EF("4408", "0023"),
	    READ("0000", "23", PIN_BEHIND("03", "03") "9000"), PRKDF, CDF, CERT, TRIES)),
	ROW("two PINs behind each other (vector 52)", ERR_OK, NO_SIGN, 3, 0,
	    LINES(SELECT, SERIAL, ODF, EF("4408", "0046"),
	    READ("0000", "46", PIN_BEHIND("03", "04") PIN_BEHIND("04", "03") "9000"), PRKDF,
	    CDF, CERT, TRIES)),
	ROW("PIN not initialized (vector 54)", ERR_NO_CERT, NO_SIGN, 0, 0,
	    LINES(SELECT, SERIAL, ODF, EF("4408", "0020"),
	    READ("0000", "20", PIN_OF("03", "03020244") "9000"), PRKDF, CDF)),
	ROW("no keys", ERR_NO_CERT, NO_SIGN, 0, 0,
	    LINES(UP_TO_PRKDF, ABSENT("4400"), CDF)),
	ROW("only a signature key (T7)", ERR_NO_CERT, NO_SIGN, 0, 0,
	    LINES(UP_TO_PRKDF, EF("4400", "002E"), READ("0000", "2E", KEY_SIGN "9000"),
	    CDF)),
	ROW("no key reference", ERR_NO_CERT, NO_SIGN, 0, 0,
	    LINES(UP_TO_PRKDF, EF("4400", "002A"), READ("0000", "2A",
	    "3028 300D 0C0441555448 03020780 040103"
	    "300B 040145 03020520 030203B8 A10A3008 30020400 02020800 9000"), CDF)),
	ROW("no certificates", ERR_NO_CERT, NO_SIGN, 0, 0,
	    LINES(UP_TO_PRKDF, PRKDF, ABSENT("4404"))),
	ROW("certificate listed, not there", ERR_NO_CERT, NO_SIGN, 0, 0,
	    LINES(SELECT, SERIAL, DIRECTORIES, CERT_DF, ABSENT("0114"))),
	ROW("folder of certificates not there", ERR_NO_CERT, NO_SIGN, 0, 0,
	    LINES(SELECT, SERIAL, DIRECTORIES, SAY("00A4000C024302", "6A82"))),
	ROW("certificate file empty (vector 17)", ERR_NO_CERT, NO_SIGN, 0, 0,
	    LINES(SELECT, SERIAL, DIRECTORIES, CERT_DF, CERT_EF,
	    READ("0000", "0E", "9000"))),
	ROW("a second certificate behind the first (vector 14)", ERR_OK, NO_SIGN, 3, 0,
	    LINES(SELECT, SERIAL, DIRECTORIES, CERT_DF, EF("0114", "001C"),
	    READ("0000", "1C", CERT_BYTES CERT_BYTES "9000"), TRIES)),
	ROW("not a certificate (vector 59)", ERR_NO_CERT, NO_SIGN, 0, 0,
	    LINES(SELECT, SERIAL, DIRECTORIES, CERT_DF, EF("0114", "0005"),
	    READ("0000", "05", "3003020100 9000"))),
	ROW("certificate file of FF (vector 59)", ERR_NO_CERT, NO_SIGN, 0, 0,
	    LINES(SELECT, SERIAL, DIRECTORIES, CERT_DF, EF("0114", "0005"),
	    READ("0000", "05", "FFFFFFFFFF 9000"))),
	ROW("certificate said to be 60 kB (vector 59)", ERR_NO_CERT, NO_SIGN, 0, 0,
	    LINES(SELECT, SERIAL, DIRECTORIES, CERT_DF, EF("0114", "0005"),
	    READ("0000", "05", "3082EA60 00 9000"))),
	ROW("certificate cut off", ERR_NO_CERT, NO_SIGN, 0, 0,
	    LINES(SELECT, SERIAL, DIRECTORIES, CERT_DF, EF("0114", "000A"),
	    READ("0000", "0A", "300C 30020500 30020500 9000"),
	    READ("000A", "04", "6B00"))),
	ROW("certificate protected by the PIN", ERR_NO_CERT, NO_SIGN, 0, 0,
	    LINES(SELECT, SERIAL, DIRECTORIES, CERT_DF, CERT_EF,
	    READ("0000", "0E", "6982"))),

	/* files */
	ROW("size smaller than the certificate (vector 16)", ERR_OK, NO_SIGN, 3, 0,
	    LINES(SELECT, SERIAL, DIRECTORIES, CERT_DF, EF("0114", "0006"),
	    READ("0000", "06", "300C 30020500 9000"),
	    READ("0006", "08", "30020500 03020001 9000"), TRIES)),
	ROW("no size: read to the end, 6282 (vector 15)", ERR_OK, NO_SIGN, 3, 0,
	    LINES(SELECT, SERIAL, SAY("00A4020002503100", "9000"),
	    SAY("00B00000FE", ODF_BYTES "6282"), AODF, PRKDF, CDF, CERT, TRIES)),
	ROW("no size: read to the end, 6A86 (vector 15)", ERR_OK, NO_SIGN, 3, 0,
	    LINES(SELECT, SERIAL, SAY("00A4020002503100", "6F00 9000"),
	    SAY("00B00000FE", ODF_BYTES "9000"), SAY("00B00018FE", "6A86"), AODF, PRKDF,
	    CDF, CERT, TRIES)),
	ROW("size 0: read to the end, 6B00 (vector 15)", ERR_OK, NO_SIGN, 3, 0,
	    LINES(SELECT, SERIAL, SAY("00A4020002503100", "6F048002 0000 9000"),
	    SAY("00B00000FE", ODF_BYTES "9000"), SAY("00B00018FE", "6B00"), AODF, PRKDF,
	    CDF, CERT, TRIES)),
	ROW("a size larger than the file: wrong Le (vector 15)", ERR_OK, NO_SIGN, 3, 0,
	    LINES(SELECT, SERIAL, EF("5031", "0100"), SAY("00B00000FE", "6C18"),
	    SAY("00B0000018", ODF_BYTES "9000"), SAY("00B00018E8", "6B00"), AODF, PRKDF,
	    CDF, CERT, TRIES)),
	ROW("SELECT only without FCI", ERR_OK, NO_SIGN, 3, 0,
	    LINES(SELECT, SERIAL, SAY("00A4020002503100", "6A86"),
	    SAY("00A4020C025031", "9000"), SAY("00B00000FE", ODF_BYTES "6282"), AODF,
	    PRKDF, CDF, CERT, TRIES)),
	ROW("more bytes than asked for (vector 19)", ERR_OK, NO_SIGN, 3, 0,
	    LINES(SELECT, SERIAL, EF("5031", "0018"),
	    READ("0000", "18", ODF_BYTES "0102030405 9000"), AODF, PRKDF, CDF, CERT,
	    TRIES)),
	ROW("a byte at a time (vector 18)", ERR_CARD_UNKNOWN, NO_SIGN, 0, 0,
	    LINES(SELECT, SERIAL, EF("5031", "0018"), READ("0000", "18", "A0 9000"),
	    READ("0001", "17", "06 9000"), READ("0002", "16", "30 9000"),
	    READ("0003", "15", "04 9000"), READ("0004", "14", "04 9000"),
	    READ("0005", "13", "02 9000"), READ("0006", "12", "44 9000"),
	    READ("0007", "11", "00 9000"), READ("0008", "10", "A4 9000"))),
	ROW("data that may be corrupted", ERR_NO_CERT, NO_SIGN, 0, 0,
	    LINES(SELECT, SERIAL, DIRECTORIES, CERT_DF, CERT_EF,
	    READ("0000", "0E", CERT_BYTES "6281"))),
	ROW("short chunks", ERR_NO_CERT, NO_SIGN, 0, 0, .tweak = with_small_chunk,
	    LINES(SELECT, SERIAL, EF("5031", "0018"),
	    READ("0000", "10", "A006300404024400A406300404024404 9000"),
	    READ("0010", "08", "A806300404024408 9000"), EF("4408", "0000"),
	    READ("0000", "10", "6B00"), ABSENT("4400"), ABSENT("4404"),
	    SAY("8034000200", "6A88"), SAY("8034000300", "6A88"))),

	/* logical channel */
	ROW("logical channel 1, asked for", ERR_OK, NO_SIGN, 3, 0, .tweak = with_channel,
	    LINES(SAY("0070000001", "01 9000"),
	    SAY("01A404000CA000000063504B43532D313500", "6A86"),
	    SAY("01CA010008", "0102030405060708 9000"),
	    SAY("01A4020002503100", "6F07800200188201019000"),
	    SAY("01B0000018", ODF_BYTES "9000"),
	    SAY("01A4020002440800", "6F07800200BF8201019000"),
	    SAY("01B00000BF", AODF_BYTES "9000"),
	    SAY("01A4020002440000", "6F078002005B8201019000"),
	    SAY("01B000005B", KEY_AUTH KEY_SIGN "9000"),
	    SAY("01A4020002440400", "6F07800200468201019000"),
	    SAY("01B0000046", CDF_BYTES "9000"), SAY("01A4000C024302", "9000"),
	    SAY("01A4020002011400", "6F078002000E8201019000"),
	    SAY("01B000000E", CERT_BYTES "9000"), SAY("8134000300", "030301 9000"),
	    SAY("00708001", "9000"))),
	ROW("no logical channel free", ERR_CARD, NO_SIGN, 0, 0, .tweak = with_channel,
	    LINES(SAY("0070000001", "6A81"))),
	ROW("logical channel 77 is none", ERR_CARD, NO_SIGN, 0, 0, .tweak = with_channel,
	    LINES(SAY("0070000001", "4D 9000"))),
	ROW("CLA 01 without asking", ERR_CARD_UNKNOWN, NO_SIGN, 0, 0,
	    .tweak = with_channel_unasked,
	    LINES(SAY("01A404000CA000000063504B43532D313500", "6881"))),

	/* a card that talks too much, or not at all */
	ROW("6C ping-pong (vector 23)", ERR_CARD_UNKNOWN, NO_SIGN, 0, 0,
	    LINES(SELECT, SERIAL, EF("5031", "0018"), SAY("00B0000018", "6C10"),
	    SAY("00B0000010", "6C20"))),
	ROW("61 without data (vector 21)", ERR_CARD, NO_SIGN, 0, 0,
	    LINES(SAY(SELECT_AID, "6100"), SAY("00C0000000", "6100"))),
	ROW("mute (vector 25)", ERR_IO, NO_SIGN, 0, 0, LINES(SAY(SELECT_AID, ""))),
	ROW("one byte (vector 25)", ERR_IO, NO_SIGN, 0, 0, LINES(SAY(SELECT_AID, "90"))),
	ROW("removed at once", ERR_REMOVED, NO_SIGN, 0, 0,
	    LINES(FAIL(SELECT_AID, ERR_REMOVED))),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
