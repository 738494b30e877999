/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One login with PIV cards of several shapes, as conversations: what is sent is pinned
 * byte by byte, and so is what is believed (piv reference, hostile-cards 24 to 47).
 */
#include "tests/check.h"

#include "tests/unit/piv_talk.h"

struct talk {
	const struct replay_line *lines;
	size_t	 n;
	enum err look, sign;	/* ERR_NOT_FOUND: no signature is asked for */
	int	 tries;		/* after the look, or after the signature */
	size_t	 resets;
	const char *profile;	/* NULL: piv */
	const char *atr;	/* NULL: one that the profile names */
	enum key_alg alg;	/* 0: RSA */
	size_t	 sig;		/* bytes; 0: as RSA-2048 has */
	size_t	 max_apdu;
	const char *pin, *serial;
	size_t	 hash;		/* bytes of input; 0: 32 */
	bool	 t0, touch;
	void	 (*tweak)(struct profile *p);
};

#define NO_SIGN	ERR_NOT_FOUND
#define NONE	(-1)

/* ROW(name, look, sign, tries, resets, MORE..., LINES(...)) */
#define LINES(...)							\
	.lines = (const struct replay_line[]){ __VA_ARGS__ },		\
	.n = NELEM(((const struct replay_line[]){ __VA_ARGS__ }))
#define ROW(name, look_, sign_, tries_, resets_, ...)			\
	{ name, talk_once, NULL, NULL, &(struct talk){			\
	    .look = look_, .sign = sign_, .tries = tries_, .resets = resets_, \
	    __VA_ARGS__ } }
#define EC	.alg = KEY_ALG_ECDSA, .sig = 64
#define EC384	.alg = KEY_ALG_ECDSA, .sig = 96
#define YUBIKEY	.profile = "piv-yubikey"
#define NEO	.profile = "piv-neo"

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
	const uint8_t info[] = { 0xde, 0xad, 0xbe, 0xef };
	uint8_t hash[64];
	struct cur input = cur_of(info, sizeof(info));
	AUTO(buf_free) struct buf sig = BUF(1024);
	AUTO(secret_wipe) struct secret pin = { .len = 0 };
	struct pin_state left = { .tries = 99 };

	memset(hash, 0xde, sizeof(hash));
	if (t->alg != 0)
		input = cur_of(hash, t->hash != 0 ? t->hash : 32);
	assert_ok(secret_set(&pin, cur_str(t->pin != NULL ? t->pin : "123456")));
	assert_err(card_sign_once(c, &v->key, t->alg != 0 ? t->alg : KEY_ALG_RSA_PKCS1, &pin,
	    false, input, &sig, &left), t->sign);
	assert_int_equal(left.tries, t->tries);
	assert_int_equal(sig.len, t->sign != ERR_OK ? 0 : t->sig != 0 ? t->sig : 256);
}

static void
talk_once(void **state)
{
	const struct talk *t = *state;
	const char *atr = t->atr != NULL ? t->atr : ATR;
	struct profile p;
	const struct profile *const profiles[] = { &p, NULL };
	AUTO(reader_close) struct reader *r = NULL;
	AUTO(card_close) struct card *c = NULL;
	AUTO(card_view_free) struct card_view v = { .from_cache = false };
	enum err e;

	read_piv_profile(t->profile != NULL ? t->profile : "piv", atr, &p);
	if (t->tweak != NULL)
		t->tweak(&p);
	assert_ok(replay_open(t->lines, t->n, atr, &r));
	r->max_apdu = t->max_apdu;
	r->protocol_t0 = t->t0;
	e = card_open(r, drivers_table, profiles, &c);
	if (e == ERR_OK)
		e = card_look(c, NULL, NULL, NULL, &v);
	assert_err(e, t->look);
	if (t->look == ERR_OK) {
		assert_int_equal(v.key.usage, KEY_AUTHENTICATION);
		assert_int_equal(v.key.touch, t->touch);
		if (t->serial != NULL)
			assert_string_equal(card_serial(c), t->serial);
		if (t->sign == NO_SIGN)
			assert_int_equal(v.pin.tries, t->tries);
		else
			sign_once(t, c, &v);
	}
	check_end(t, r);
}

static void
with_digits(struct profile *p)
{
	p->pin_digits = true;
}

static void
with_empty_verify(struct profile *p)
{
	p->tries = TRIES_EMPTY_VERIFY;
}

/* The certificate object that is shown, and what a look says then. */
#define OBJECT_ROW(name, look, object)					\
	ROW(name, look, NO_SIGN, NONE, 0, LINES(SELECT, CHUID, DISCOVERY,	\
	    GET(TAG_9A, object "9000")))
/* A signature's reply, which is refused. */
#define REPLY_ROW(name, reply)						\
	ROW(name, ERR_OK, ERR_CARD, NONE, 1, EC,			\
	    LINES(LOOK_EC, AGAIN, VERIFY("9000"), EC_SAYS(reply)))
#define RSA_REPLY_ROW(name, reply)					\
	ROW(name, ERR_OK, ERR_CARD, NONE, 1,				\
	    LINES(LOOK, AGAIN, VERIFY("9000"), SAY("1087079AFF" RSA_BLOCK_1, "9000"),	\
	    SAY("0087079A0B" RSA_BLOCK_2 "00", reply)))
#define SELECT_ROW(name, look, ...)					\
	ROW(name, look, NO_SIGN, NONE, 0, LINES(__VA_ARGS__))
#define AFTER_SELECT	CHUID, DISCOVERY, CERT_P256

#define GZIP	"1F8B080000000000020333C83048636264346080C24803613676AD368F73B64C8C6C1C60" \
	"0633233BB313030B1701C04D000000"
#define GZIP_CERT	GZIP "3BB5E6A2 6A000000"
#define ZLIB	"33C83048636264346080C24803613676AD368F73B64C8C6C1C600633233BB313030B1701C04D" \
	"000000BAAF09D7"
/* Certificates that are well made, of 16384 bytes and of one more. */
#define GZIP_16K	"1F8B08000000000002FFEDC6B10D83301440411B471025255B50FD059025AAAC90755C503359" \
	"E6A14881444BC10277AF79D1EA3F5ADDBB9C239DB5BA25000000000000000000000000000000E022BE31F6" \
	"C3B47E7E7397FBE739250F65498FD78DF78D0371EEEB5F00400000"
#define GZIP_MORE	"1F8B08000000000002FFEDC6B10D83301440411B471025255B50FD059025AAAC90755CD0B358" \
	"F6A18884444BC10277AF79D1EA3F5ADDBB9C239DB5BA25000000000000000000000000000000E02ABE31F6" \
	"C3B47E7E7397FBE739250F65498FD78DF78D03EDE3FE3E01400000"

/* YubiKey */
#define SERIAL		SAY("00F8000000", "00BC614E 9000")
#define METADATA_OF(reply)	SAY("00F7008000", reply)
#define METADATA	METADATA_OF("0101FF 050100 06020302 9000")
#define LOOK_POLICIES(policies)						\
	SELECT, SERIAL, CERT_P256, KEY_METADATA(policies)
#define LOOK_YUBIKEY	LOOK_POLICIES("0201"), METADATA
#define YUBIKEY_AGAIN	SELECT, SERIAL, METADATA

static const struct CMUnitTest tests[] = {
	/* shapes of cards, as they should be */
	ROW("RSA-2048: look", ERR_OK, NO_SIGN, NONE, 0, .serial = GUID, LINES(LOOK)),
	ROW("RSA-2048: sign, log out", ERR_OK, ERR_OK, NONE, 0,
	    LINES(LOOK, AGAIN, VERIFY("9000"), RSA_SIGN("9A"), LOGOUT)),
	ROW("P-256: sign", ERR_OK, ERR_OK, NONE, 0, EC,
	    LINES(LOOK_EC, AGAIN, VERIFY("9000"), EC_SIGN, LOGOUT)),
	ROW("P-256: a hash that is too long is cut", ERR_OK, ERR_OK, NONE, 0, EC, .hash = 48,
	    LINES(LOOK_EC, AGAIN, VERIFY("9000"), EC_SIGN, LOGOUT)),
	ROW("P-256: zeros before a hash that is too short", ERR_OK, ERR_OK, NONE, 0, EC,
	    .hash = 20, LINES(LOOK_EC, AGAIN, VERIFY("9000"),
	    SAY("0087119A26 7C24 8200 8120" X4("00") X4("00") X4("00") X16("DE") X4("DE") "00",
	    "7C0A 8208 3006 020105 020107 9000"), LOGOUT)),
	ROW("P-384: sign", ERR_OK, ERR_OK, NONE, 0, EC384, .hash = 48,
	    LINES(SELECT, CHUID, DISCOVERY,
	    GET(TAG_9A, OBJECT("8191", "8189", P384_CERT, "00") "9000"), AGAIN,
	    VERIFY("9000"), SAY("0087149A36 7C34 8200 8130" X32("DE") X16("DE") "00",
	    "7C0A 8208 3006 020105 020107 9000"), LOGOUT)),
	ROW("Ed25519: sign", ERR_OK, ERR_OK, NONE, 0, .alg = KEY_ALG_EDDSA, .sig = 64,
	    LINES(SELECT, CHUID, DISCOVERY,
	    GET(TAG_9A, OBJECT("42", "3B", ED25519_CERT, "00") "9000"), AGAIN,
	    VERIFY("9000"), SAY("0087E09A26 7C24 8200 8120" X32("DE") "00",
	    "7C42 8240" X64("5A") "9000"), LOGOUT)),
	ROW("extended length: one command each", ERR_OK, ERR_OK, NONE, 0,
	    .atr = ATR_EXTENDED, .max_apdu = 3072,
	    LINES(SELECT, SAY("00CB3FFF0000055C035FC1020C00", CHUID_OF(GUID) "9000"),
	    SAY("00CB3FFF0000035C017E0C00", "6A82"),
	    SAY("00CB3FFF0000055C035FC1050C00", RSA_FIRST RSA_REST "9000"), SELECT,
	    SAY("00CB3FFF0000055C035FC1020C00", CHUID_OF(GUID) "9000"), VERIFY("9000"),
	    SAY("0087079A00010A" RSA_BLOCK_1 RSA_BLOCK_2 "0400",
	    "7C820104 82820100" X64("5A") X64("5A") X64("5A") X64("5A") "9000"), LOGOUT)),
	ROW("T=0: Le is left out, the answer fetched", ERR_OK, ERR_OK, NONE, 0, EC, .t0 = true,
	    LINES(SAY("00A4040009A00000030800001000", "611A"),
	    SAY("00C000001A", APT "9000"), SAY("00CB3FFF055C035FC102", "613D"),
	    SAY("00C000003D", CHUID_OF(GUID) "9000"), SAY("00CB3FFF035C017E", "6A82"),
	    SAY("00CB3FFF055C035FC105", "6173"), SAY("00C0000073", P256_OBJECT "9000"),
	    SAY("00A4040009A00000030800001000", "611A"),
	    SAY("00C000001A", APT "9000"), SAY("00CB3FFF055C035FC102", "613D"),
	    SAY("00C000003D", CHUID_OF(GUID) "9000"), VERIFY("9000"),
	    SAY("0087119A26 7C24 8200 8120" X32("DE"), "610C"),
	    SAY("00C000000C", "7C0A 8208 3006 020105 020107 9000"), LOGOUT)),
	ROW("YubiKey: serial number, tries by metadata", ERR_OK, ERR_OK, 2, 0, YUBIKEY, EC,
	    .serial = "00BC614E",
	    LINES(LOOK_YUBIKEY, SELECT, SERIAL, METADATA, VERIFY("9000"), EC_SIGN, LOGOUT)),
	ROW("YubiKey before 5: CHUID, and tries by empty VERIFY", ERR_OK, ERR_OK, 3, 0,
	    YUBIKEY, EC, .serial = GUID,
	    LINES(SELECT, SAY("00F8000000", "6D00"), CHUID, CERT_P256,
	    SAY("00F7009A00", "6D00"), SAY("00200080", "63C3"), SELECT, SAY("00F8000000", "6D00"),
	    CHUID, SAY("00200080", "63C3"), VERIFY("9000"), EC_SIGN, LOGOUT)),
	ROW("YubiKey NEO: 630x, and no log out", ERR_OK, ERR_OK, 3, 1, NEO, EC,
	    LINES(SELECT, CHUID, NO_DISCOVERY, CERT_P256, SAY("00200080", "6303"), AGAIN,
	    SAY("00200080", "6303"), VERIFY("9000"), EC_SIGN)),
	ROW("YubiKey NEO: wrong PIN", ERR_OK, ERR_PIN_WRONG, 2, 0, NEO, EC,
	    LINES(SELECT, CHUID, NO_DISCOVERY, CERT_P256, SAY("00200080", "6303"), AGAIN,
	    SAY("00200080", "6303"), VERIFY("6302"))),
	ROW("the global PIN, when it comes first", ERR_OK, ERR_OK, NONE, 0, EC,
	    LINES(SELECT, CHUID, DISCOVERY_OF("6020"), CERT_P256, AGAIN,
	    SAY(VERIFY_OF("00"), "9000"), EC_SIGN, SAY("0020FF00", "9000"))),

	/* log out */
	ROW("log out not known (before SP 800-73-4): reset", ERR_OK, ERR_OK, NONE, 1, EC,
	    LINES(LOOK_EC, AGAIN, VERIFY("9000"), EC_SIGN, SAY("0020FF80", "6A86"))),
	ROW("log out refused: reset", ERR_OK, ERR_OK, NONE, 1, EC,
	    LINES(LOOK_EC, AGAIN, VERIFY("9000"), EC_SIGN, SAY("0020FF80", "6982"))),
	ROW("log out not answered: reset", ERR_OK, ERR_OK, NONE, 1, EC,
	    LINES(LOOK_EC, AGAIN, VERIFY("9000"), EC_SIGN, FAIL("0020FF80", ERR_IO))),

	/* PIN */
	ROW("wrong PIN, 2 left", ERR_OK, ERR_PIN_WRONG, 2, 0,
	    LINES(LOOK, AGAIN, VERIFY("63C2"))),
	ROW("wrong PIN, none left", ERR_OK, ERR_PIN_BLOCKED, 0, 0,
	    LINES(LOOK, AGAIN, VERIFY("63C0"))),
	ROW("PIN blocked", ERR_OK, ERR_PIN_BLOCKED, 0, 0, LINES(LOOK, AGAIN, VERIFY("6983"))),
	ROW("wrong PIN without a count (vector 26)", ERR_OK, ERR_PIN_WRONG, NONE, 0,
	    LINES(LOOK, AGAIN, VERIFY("6300"))),
	ROW("630x is only for cards that do so", ERR_OK, ERR_CARD, NONE, 1,
	    LINES(LOOK, AGAIN, VERIFY("6302"))),
	ROW("contactless without a secure channel", ERR_OK, ERR_CARD, NONE, 1,
	    LINES(LOOK, AGAIN, VERIFY("6982"))),
	ROW("no such PIN: no other one is tried", ERR_OK, ERR_CARD, NONE, 1,
	    LINES(LOOK, AGAIN, VERIFY("6A88"))),
	ROW("wrong Le at VERIFY: not repeated (vector 24)", ERR_OK, ERR_CARD, NONE, 1,
	    LINES(LOOK, AGAIN, VERIFY("6C08"))),
	ROW("PIN of 5: nothing is sent", ERR_OK, ERR_PIN_LENGTH, NONE, 0, .pin = "12345",
	    LINES(LOOK)),
	ROW("PIN of 9: nothing is sent", ERR_OK, ERR_PIN_LENGTH, NONE, 0,
	    .pin = "123456789", LINES(LOOK)),
	ROW("FF is the filling, not a PIN", ERR_OK, ERR_PIN_LENGTH, NONE, 0,
	    .pin = "12345\xff", LINES(LOOK, AGAIN)),
	ROW("a control character: nothing is sent", ERR_OK, ERR_PIN_LENGTH, NONE, 0,
	    .pin = "12345\t", LINES(LOOK, AGAIN)),
	ROW("rubbed out: nothing is sent", ERR_OK, ERR_PIN_LENGTH, NONE, 0,
	    .pin = "123456\x7f", LINES(LOOK, AGAIN)),
	ROW("signs that are printed, and accents", ERR_OK, ERR_OK, NONE, 0, EC,
	    .pin = " ~!\xc3\xa9" "1", LINES(LOOK_EC, AGAIN,
	    SAY("0020008008207E21C3A931FFFF", "9000"), EC_SIGN, LOGOUT)),
	ROW("a letter where only digits are taken", ERR_OK, ERR_PIN_LENGTH, NONE, 0,
	    .pin = "12345a", .tweak = with_digits, LINES(LOOK, AGAIN)),
	ROW("letters, and all 8", ERR_OK, ERR_OK, NONE, 0, EC, .pin = "AbCdEf78",
	    LINES(LOOK_EC, AGAIN, SAY("00200080084162436445663738", "9000"), EC_SIGN, LOGOUT)),
	ROW("9000 to the PIN, then refused (vector 42)", ERR_OK, ERR_CARD_INACTIVE, NONE, 1,
	    EC, LINES(LOOK_EC, AGAIN, VERIFY("9000"), EC_SAYS("6982"))),

	/* tries */
	ROW("empty VERIFY says 9000 (vector 41)", ERR_OK, NO_SIGN, NONE, 0,
	    .tweak = with_empty_verify, LINES(LOOK_EC, SAY("00200080", "9000"))),
	ROW("empty VERIFY costs a try (vector 41)", ERR_OK, ERR_OK, 2, 0, EC,
	    .tweak = with_empty_verify, LINES(LOOK_EC, SAY("00200080", "63C3"), AGAIN,
	    SAY("00200080", "63C2"), VERIFY("9000"), EC_SIGN, LOGOUT)),
	ROW("empty VERIFY says 15 (vector 41)", ERR_OK, NO_SIGN, 15, 0,
	    .tweak = with_empty_verify, LINES(LOOK_EC, SAY("00200080", "63CF"))),
	ROW("empty VERIFY says 6700 (vector 41)", ERR_OK, NO_SIGN, NONE, 0,
	    .tweak = with_empty_verify, LINES(LOOK_EC, SAY("00200080", "6700"))),
	ROW("empty VERIFY says blocked (vector 41)", ERR_OK, NO_SIGN, 0, 0,
	    .tweak = with_empty_verify, LINES(LOOK_EC, SAY("00200080", "6983"))),
	ROW("metadata cut off (vector 47)", ERR_OK, NO_SIGN, 3, 0, YUBIKEY,
	    LINES(LOOK_POLICIES("0201"), METADATA_OF("0101FF 060203 9000"),
	    SAY("00200080", "63C3"))),
	ROW("metadata says 255 (vector 47)", ERR_OK, NO_SIGN, 3, 0, YUBIKEY,
	    LINES(LOOK_POLICIES("0201"), METADATA_OF("0602FFFF 9000"),
	    SAY("00200080", "63C3"))),
	ROW("metadata says more than there are (vector 47)", ERR_OK, NO_SIGN, NONE, 0, YUBIKEY,
	    LINES(LOOK_POLICIES("0201"), METADATA_OF("06020305 9000"),
	    SAY("00200080", "6D00"))),

	/* what a token says of a key */
	ROW("metadata of another key (vector 47)", ERR_NO_CERT, NO_SIGN, NONE, 0, YUBIKEY,
	    LINES(SELECT, SERIAL, CERT_P256,
	    KEY_METADATA_OF("0201", X32("0A") X16("0B") X16("0C")))),
	ROW("metadata that begin like the key (vector 47)", ERR_OK, NO_SIGN, 2, 0, YUBIKEY,
	    LINES(SELECT, SERIAL, CERT_P256, SAY("00F7009A00",
	    "010111 02020201 030101 0443 8641 04" X32("0A") "9000"), METADATA)),
	ROW("metadata without a key, or cut off (vector 47)", ERR_OK, NO_SIGN, 2, 0, YUBIKEY,
	    LINES(SELECT, SERIAL, CERT_P256, SAY("00F7009A00", "010111 020202 9000"),
	    METADATA)),
	ROW("no metadata of this key", ERR_OK, NO_SIGN, 2, 0, YUBIKEY,
	    LINES(SELECT, SERIAL, CERT_P256, SAY("00F7009A00", "6A88"), METADATA)),
	ROW("metadata of RSA-2048: one command", ERR_OK, ERR_OK, 2, 0, YUBIKEY,
	    LINES(SELECT, SERIAL, CERT_RSA, SAY("00F7009A00",
	    "010107 02020201 030101 0482010A 81820100" X64("AB") X64("AB") X64("AB") X16("AB")
	    "6112"), METADATA, YUBIKEY_AGAIN, VERIFY("9000"), RSA_SIGN("9A"), LOGOUT)),
	ROW("policies that nobody knows (vector 47)", ERR_OK, ERR_OK, 2, 0, YUBIKEY, EC,
	    LINES(LOOK_POLICIES("0405"), METADATA, YUBIKEY_AGAIN, VERIFY("9000"), EC_SIGN,
	    LOGOUT)),
	ROW("the PIN right before each use: nothing in between", ERR_OK, ERR_OK, 2, 0, YUBIKEY,
	    EC, LINES(LOOK_POLICIES("0301"), METADATA, YUBIKEY_AGAIN, VERIFY("9000"), EC_SIGN,
	    LOGOUT)),
	ROW("a key that anyone may use logs nobody in", ERR_NO_CERT, NO_SIGN, NONE, 0, YUBIKEY,
	    LINES(LOOK_POLICIES("0101"))),
	ROW("touched", ERR_OK, ERR_OK, 2, 0, YUBIKEY, EC, .touch = true,
	    LINES(LOOK_POLICIES("0202"), METADATA, YUBIKEY_AGAIN, VERIFY("9000"), EC_SIGN,
	    LOGOUT)),
	ROW("not touched (vector 70)", ERR_OK, ERR_NOT_TOUCHED, 2, 1, YUBIKEY, EC,
	    .touch = true, LINES(LOOK_POLICIES("0203"), METADATA, YUBIKEY_AGAIN,
	    VERIFY("9000"), EC_SAYS("6982"), SAY("00200080", "9000"))),
	ROW("not touched, in other words (vector 70)", ERR_OK, ERR_NOT_TOUCHED, 2, 1, YUBIKEY,
	    EC, .touch = true, LINES(LOOK_POLICIES("0302"), METADATA, YUBIKEY_AGAIN,
	    VERIFY("9000"), EC_SAYS("6985"), SAY("00200080", "63C3"))),

	ROW("the PIN was right, and the card has none", ERR_OK, ERR_CARD_INACTIVE, 2, 1,
	    YUBIKEY, EC, .touch = true,
	    LINES(LOOK_POLICIES("0203"), METADATA, YUBIKEY_AGAIN,
	    VERIFY("9000"), EC_SAYS("6982"), SAY("00200080", "63C3"))),
	ROW("not touched, but pulled", ERR_OK, ERR_REMOVED, 2, 1, YUBIKEY, EC,
	    .touch = true, LINES(LOOK_POLICIES("0203"), METADATA, YUBIKEY_AGAIN, VERIFY("9000"),
	    EC_SAYS("6982"), FAIL("00200080", ERR_REMOVED))),
	ROW("not touched, before there were metadata (vector 70)", ERR_OK, ERR_NOT_TOUCHED, 3,
	    1, YUBIKEY, EC, LINES(SELECT, SERIAL, CERT_P256,
	    SAY("00F7009A00", "6D00"), SAY("00200080", "63C3"), SELECT, SERIAL,
	    SAY("00200080", "63C3"), VERIFY("9000"), EC_SAYS("6982"),
	    SAY("00200080", "9000"))),

	/* the same card */
	ROW("another card before VERIFY (T9, vector 61)", ERR_OK, ERR_CARD_CHANGED, NONE, 0,
	    LINES(LOOK, SELECT,
	    GET(TAG_CHUID, CHUID_OF("0102030405060708090A0B0C0D0E0F11") "9000"))),
	ROW("another kind of card before VERIFY", ERR_OK, ERR_CARD_CHANGED, NONE, 0,
	    LINES(LOOK, SAY(SELECT_AID, "6A82"))),
	ROW("no CHUID: the certificate is compared (vector 39)", ERR_OK, ERR_OK, NONE, 0, EC,
	    .serial = "", LINES(SELECT, ABSENT(TAG_CHUID), DISCOVERY, CERT_P256, SELECT,
	    ABSENT(TAG_CHUID), CERT_P256, VERIFY("9000"), EC_SIGN, LOGOUT)),
	ROW("no CHUID: another certificate (vector 39)", ERR_OK, ERR_CARD_CHANGED, NONE, 0, EC,
	    LINES(SELECT, ABSENT(TAG_CHUID), DISCOVERY, CERT_P256, SELECT,
	    ABSENT(TAG_CHUID), GET(TAG_9A, OBJECT("71", "6A", CERT_WITH("68", "66",
	    "30593013 06072A8648CE3D0201 06082A8648CE3D030107 034200 04" X32("0A") X32("0C")),
	    "00") "9000"))),
	ROW("GUID all zero (vector 39)", ERR_OK, NO_SIGN, NONE, 0, .serial = "",
	    LINES(SELECT, GET(TAG_CHUID, CHUID_OF(X16("00")) "9000"), DISCOVERY, CERT_P256)),
	ROW("GUID of 15 bytes", ERR_OK, NO_SIGN, NONE, 0, .serial = "",
	    LINES(SELECT, GET(TAG_CHUID, "5311 340F" X4("0101 01") "010101 9000"), DISCOVERY,
	    CERT_P256)),
	ROW("a CHUID whose signature is not fetched", ERR_OK, NO_SIGN, NONE, 0, .serial = GUID,
	    LINES(SELECT, GET(TAG_CHUID, "53820500 3410" GUID "3E8204F0 0000 6100"), DISCOVERY,
	    CERT_P256)),
	ROW("an empty CHUID", ERR_OK, NO_SIGN, NONE, 0, .serial = "",
	    LINES(SELECT, GET(TAG_CHUID, "5300 9000"), DISCOVERY, CERT_P256)),

	/* is it ours? */
	SELECT_ROW("not there", ERR_CARD_UNKNOWN, SAY(SELECT_AID, "6A82")),
	SELECT_ROW("unknown status to SELECT (vector 26)", ERR_CARD_UNKNOWN,
	    SAY(SELECT_AID, "91AF")),
	SELECT_ROW("9F10 to SELECT (vector 26)", ERR_CARD_UNKNOWN, SAY(SELECT_AID, "9F10")),
	SELECT_ROW("1234 to SELECT (vector 26)", ERR_CARD_UNKNOWN, SAY(SELECT_AID, "1234")),
	SELECT_ROW("6300 to SELECT (vector 26)", ERR_CARD_UNKNOWN, SAY(SELECT_AID, "6300")),
	SELECT_ROW("deactivated", ERR_CARD, SAY(SELECT_AID, "6283")),
	SELECT_ROW("the full AID in the template", ERR_OK,
	    SAY(SELECT_AID, "610D4F0BA000000308000010000100 9000"), AFTER_SELECT),
	SELECT_ROW("a template with a well-known mistake", ERR_OK,
	    SAY(SELECT_AID, "610B4F09A00000030800100001 9000"), AFTER_SELECT),
	SELECT_ROW("an FCI for a template", ERR_OK,
	    SAY(SELECT_AID, "6F0D840BA000000308000010000100 9000"), AFTER_SELECT),
	SELECT_ROW("no template: an object proves it", ERR_OK, SAY(SELECT_AID, "9000"),
	    DISCOVERY, AFTER_SELECT),
	SELECT_ROW("no template, only a certificate", ERR_OK, SAY(SELECT_AID, "6100"),
	    SAY("00C0000000", "DEADBEEF 9000"), NO_DISCOVERY, ABSENT(TAG_CHUID), CERT_P256,
	    AFTER_SELECT),
	SELECT_ROW("9000 to everything (vector 27)", ERR_CARD_UNKNOWN, SAY(SELECT_AID, "9000"),
	    SAY(GET_DISCOVERY, "9000"), GET(TAG_CHUID, "9000"), GET(TAG_9A, "9000")),
	SELECT_ROW("6F to everything (vector 28)", ERR_CARD_UNKNOWN,
	    SAY(SELECT_AID, X64("6F") "9000"), SAY(GET_DISCOVERY, X64("6F") "9000"),
	    GET(TAG_CHUID, X64("6F") "9000"), GET(TAG_9A, X64("6F") "9000")),
	ROW("ATR unknown: as usual, in the transaction of the SELECT", ERR_OK, NO_SIGN, NONE, 0,
	    .atr = "3B800080", LINES(LOOK)),
	SELECT_ROW("removed at once", ERR_REMOVED, FAIL(SELECT_AID, ERR_REMOVED)),

	/* Discovery is a hint, no more (vector 38) */
	ROW("discovery: another application (vector 38)", ERR_OK, ERR_OK, NONE, 0, EC,
	    LINES(SELECT, CHUID,
	    SAY(GET_DISCOVERY, "7E124F0BA1000003080000100001005F2F026020 9000"), CERT_P256,
	    AGAIN, VERIFY("9000"), EC_SIGN, LOGOUT)),
	ROW("discovery: one byte (vector 38)", ERR_OK, ERR_OK, NONE, 0, EC,
	    LINES(SELECT, CHUID,
	    SAY(GET_DISCOVERY, "7E114F0BA0000003080000100001005F2F0160 9000"), CERT_P256,
	    AGAIN, VERIFY("9000"), EC_SIGN, LOGOUT)),
	ROW("discovery: nonsense (vector 38)", ERR_OK, ERR_OK, NONE, 0, EC,
	    LINES(SELECT, CHUID, SAY(GET_DISCOVERY, "7EFF 9000"), CERT_P256,
	    AGAIN, VERIFY("9000"), EC_SIGN, LOGOUT)),
	ROW("discovery: all bits (vector 38)", ERR_OK, ERR_OK, NONE, 0, EC,
	    LINES(SELECT, CHUID, DISCOVERY_OF("FF20"), CERT_P256, AGAIN, VERIFY("9000"),
	    EC_SIGN, LOGOUT)),
	ROW("discovery: a global PIN that the rules do not have (vector 38)", ERR_OK, ERR_OK,
	    NONE, 0, EC, LINES(SELECT, CHUID, DISCOVERY_OF("4020"), CERT_P256, AGAIN,
	    VERIFY("9000"), EC_SIGN, LOGOUT)),

	/* certificate objects */
	OBJECT_ROW("gzip", ERR_OK, OBJECT("42", "3B", GZIP_CERT, "01")),
	OBJECT_ROW("gzip, said to be plain (vector 36)", ERR_OK,
	    OBJECT("42", "3B", GZIP_CERT, "00")),
	OBJECT_ROW("plain, said to be gzip (vector 36)", ERR_OK,
	    OBJECT("71", "6A", P256_CERT, "01")),
	OBJECT_ROW("compressed, as an older reading has it", ERR_OK,
	    OBJECT("42", "3B", GZIP_CERT, "80")),
	OBJECT_ROW("zlib", ERR_OK, OBJECT("36", "2F", "789C" ZLIB, "01")),
	OBJECT_ROW("zlib with a header of its own", ERR_OK,
	    OBJECT("3A", "33", "01006A00 789C" ZLIB, "01")),
	OBJECT_ROW("... whose length is wrong (vector 36)", ERR_NO_CERT,
	    OBJECT("3A", "33", "01006B00 789C" ZLIB, "01")),
	OBJECT_ROW("gzip cut off (vector 36)", ERR_NO_CERT,
	    OBJECT("3A", "33", GZIP, "01")),
	OBJECT_ROW("gzip with a wrong check sum (vector 36)", ERR_NO_CERT,
	    OBJECT("42", "3B", GZIP "3BB5E6A3 6A000000", "01")),
	OBJECT_ROW("gzip with a second member (vector 36)", ERR_NO_CERT,
	    OBJECT("7D", "76", GZIP_CERT GZIP_CERT, "01")),
	OBJECT_ROW("zlib with a dictionary (vector 36)", ERR_NO_CERT,
	    OBJECT("38", "31", "78BB0ED40343" ZLIB, "01")),
	OBJECT_ROW("16384 bytes out of 108 (vector 35)", ERR_OK,
	    OBJECT("73", "6C", GZIP_16K, "01")),
	OBJECT_ROW("... and one more (vector 35)", ERR_NO_CERT,
	    OBJECT("73", "6C", GZIP_MORE, "01")),
	OBJECT_ROW("empty (vector 37)", ERR_NO_CERT, "5300"),
	OBJECT_ROW("an empty certificate (vector 37)", ERR_NO_CERT, "53027000"),
	OBJECT_ROW("no certificate in it (vector 37)", ERR_NO_CERT, "5305 710100 FE00"),
	OBJECT_ROW("two certificates (vector 37)", ERR_NO_CERT,
	    "53 81DD 706A" P256_CERT "706A" P256_CERT "710100 FE00"),
	OBJECT_ROW("only the certificate (vector 37)", ERR_OK, "536C 706A" P256_CERT),
	OBJECT_ROW("FE in front (vector 37)", ERR_OK, "536E FE00 706A" P256_CERT),
	OBJECT_ROW("FE with data (vector 37)", ERR_NO_CERT, "536F FE0101 706A" P256_CERT),
	OBJECT_ROW("CertInfo of two bytes (vector 37)", ERR_NO_CERT,
	    "5370 71020000 706A" P256_CERT),
	OBJECT_ROW("MSCUID, too long (vector 37)", ERR_NO_CERT,
	    "53 81AE 706A" P256_CERT "7240" X64("00")),
	OBJECT_ROW("longer than what came (vector 1)", ERR_NO_CERT, "5382FFFF 706A" P256_CERT),
	OBJECT_ROW("4 GiB (vector 2)", ERR_NO_CERT, "5384FFFFFFFF 706A" P256_CERT),
	OBJECT_ROW("of indefinite length (vector 3)", ERR_NO_CERT, "5380 706A" P256_CERT "0000"),
	OBJECT_ROW("a length that is not minimal (vector 4)", ERR_OK,
	    "53 820071 70 81 6A" P256_CERT "7100 FE00" "00"),
	OBJECT_ROW("something else", ERR_NO_CERT, "7E00"),
	OBJECT_ROW("bytes behind the certificate", ERR_NO_CERT,
	    OBJECT("72", "6B", P256_CERT "00", "00")),
	SELECT_ROW("the certificate is not to be read", ERR_NO_CERT, SELECT, CHUID, DISCOVERY,
	    GET(TAG_9A, "6982")),
	SELECT_ROW("61 without end (vector 22)", ERR_NO_CERT, SELECT, CHUID, DISCOVERY,
	    GET(TAG_9A, RSA_FIRST "6146"), SAY("00C0000046", "6A82")),
	SELECT_ROW("contact lost while reading", ERR_IO, SELECT, CHUID, DISCOVERY,
	    FAIL(GET_OF(TAG_9A), ERR_IO)),

	/* keys that cannot be used: not offered for a login (vector 40) */
	OBJECT_ROW("a curve that nobody knows (vector 40)", ERR_NO_CERT, OBJECT("71", "6A",
	    CERT_WITH("68", "66", P256_SPKI_OF("2A8648CE3D030106")), "00")),

	/* replies to GENERAL AUTHENTICATE */
	RSA_REPLY_ROW("longer than what came (vector 43)",
	    "7C820104 82820100 0102030405060708090A 9000"),
	REPLY_ROW("7C longer than what is in it (vector 43)", "7C0B 8208 3006020105020107 9000"),
	REPLY_ROW("7C shorter than what is in it (vector 43)",
	    "7C09 8208 3006020105020107 9000"),
	REPLY_ROW("tag 81 instead (vector 43)", "7C0A 8108 3006020105020107 9000"),
	REPLY_ROW("two responses (vector 43)",
	    "7C14 8208 3006020105020107 8208 3006020105020107 9000"),
	REPLY_ROW("bytes behind it (vector 43)", "7C0A 8208 3006020105020107 00 9000"),
	REPLY_ROW("an empty template (vector 43)", "7C00 9000"),
	REPLY_ROW("an empty response (vector 43)", "7C02 8200 9000"),
	REPLY_ROW("nothing (vector 29)", "9000"),
	REPLY_ROW("wrong data", "6A80"),
	ROW("chaining not supported (vector 29)", ERR_OK, ERR_CARD, NONE, 1,
	    LINES(LOOK, AGAIN, VERIFY("9000"), SAY("1087079AFF" RSA_BLOCK_1, "6884"))),
	RSA_REPLY_ROW("last part expected (vector 29)", "6883"),
	RSA_REPLY_ROW("no answer to the last part (vector 29)", "9000"),
	ROW("RSA signature of 255 bytes: as it is (vector 45)", ERR_OK, ERR_OK, NONE, 0,
	    .sig = 255, LINES(LOOK, AGAIN, VERIFY("9000"),
	    SAY("1087079AFF" RSA_BLOCK_1, "9000"), SAY("0087079A0B" RSA_BLOCK_2 "00",
	    "7C820102 8281FF" X64("5A") X64("5A") X64("5A") X32("5A") X16("5A") X4("5A") X4("5A")
	    "5A 6106"), SAY("00C0000006", X4("5A") "5A5A 9000"), LOGOUT)),

	/* ECDSA */
	REPLY_ROW("r is 0 (vector 46)", "7C0A 8208 3006 020100 020107 9000"),
	REPLY_ROW("r is negative (vector 46)", "7C0A 8208 3006 020185 020107 9000"),
	REPLY_ROW("r has a zero too many (vector 46)", "7C0B 8209 3007 02020005 020107 9000"),
	REPLY_ROW("r is empty (vector 46)", "7C09 8207 3005 0200 020107 9000"),
	REPLY_ROW("r of 33 bytes (vector 46)",
	    "7C2A 8228 3026 022101" X32("05") "020107 9000"),
	REPLY_ROW("bytes behind s (vector 46)", "7C0B 8209 3007 020105 020107 00 9000"),
	REPLY_ROW("bytes behind the sequence (vector 46)",
	    "7C0B 8209 3006 020105 020107 00 9000"),
	REPLY_ROW("r and s side by side (vector 46)", "7C42 8240" X64("05") "9000"),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
