/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The pkcs15 driver with cards as ISO 7816-15 has them, and as they are (iso7816
 * reference, sections 1 to 10): every command is pinned, and so is what is believed.
 */
#include "tests/check.h"

#include "base/b64.h"
#include "tests/unit/p15_talk.h"

#define SHA256_OF(x)	"3031300D060960864801650304020105000420" x
#define HASH32		"000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
#define ZEROS16		"00000000000000000000000000000000"
#define R32		"7F02030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20"
#define S32		"0002030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F21"
#define BYTES255	X64("5A") X64("5A") X64("5A") X32("5A") X16("5A") X4("5A") X4("5A") X4("5A") \
	"5A5A5A"
#define S31		"02030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F21"

struct talk {
	const struct replay_line *lines;
	size_t	 n;
	enum err look, sign;		/* ERR_NOT_FOUND: no signature is asked for */
	size_t	 resets;
	enum key_alg alg;		/* 0: KEY_ALG_RSA_PKCS1 */
	const char *input;		/* hex; NULL: DEADBEEF */
	const char *signature;		/* hex; NULL: SIGNATURE */
	const char *pin;		/* NULL: 123456 */
	bool	 known;			/* the profile names the ATR */
	void	 (*tweak)(struct profile *p);
};

#define NO_SIGN	ERR_NOT_FOUND

#define LINES(...)							\
	.lines = (const struct replay_line[]){ __VA_ARGS__ },		\
	.n = NELEM(((const struct replay_line[]){ __VA_ARGS__ }))
#define ROW(name, look_, sign_, resets_, ...)				\
	{ name, talk_once, NULL, NULL, &(struct talk){			\
	    .look = look_, .sign = sign_, .resets = resets_, __VA_ARGS__ } }

static void
sign_once(const struct talk *t, struct card *c, const struct card_view *v)
{
	AUTO(buf_free) struct buf in = BUF(1024), want = BUF(1024), sig = BUF(1024);
	AUTO(secret_wipe) struct secret pin = { .len = 0 };
	struct pin_state left;

	assert_ok(hex_get(cur_str(t->input != NULL ? t->input : "DEADBEEF"), &in));
	assert_ok(hex_get(cur_str(t->signature != NULL ? t->signature : SIGNATURE), &want));
	assert_ok(secret_set(&pin, cur_str(t->pin != NULL ? t->pin : "123456")));
	assert_err(card_sign_once(c, &v->key, t->alg != 0 ? t->alg : KEY_ALG_RSA_PKCS1,
	    &pin, false, buf_view(&in), &sig, &left), t->sign);
	if (t->sign == ERR_OK)
		assert_true(cur_eq(buf_view(&sig), buf_view(&want)));
	else
		assert_int_equal(sig.len, 0);
}

static void
check_end(const struct replay_seen *seen, const struct talk *t, const struct reader *r)
{
	if (!replay_done(r))
		print_error("line %zu of %zu, %s\n", seen->line, t->n, seen->wrong);
	assert_true(replay_done(r));
	assert_int_equal(seen->resets, t->resets);
	assert_false(seen->open);
	/* What a probe may cost, and no more (hostile-cards, budgets). */
	if (t->look != ERR_OK)
		assert_true(seen->apdus <= 64);
}

static void
name_atr(struct profile *p)
{
	const uint8_t atr[] = { 0x3b, 0x80, 0x01, 0x81 };

	p->n_atr = 1;
	p->atr[0].n = sizeof(atr);
	memcpy(p->atr[0].value, atr, sizeof(atr));
	memset(p->atr[0].mask, 0xff, sizeof(atr));
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

	read_profile("pkcs15", &p);
	p.probe = false;
	name_atr(&p);
	if (!t->known)
		p.search = false;
	if (t->tweak != NULL)
		t->tweak(&p);
	assert_ok(replay_open(t->lines, t->n, ATR_OTHER, &r));
	e = card_open(r, drivers_table, profiles, &c);
	if (e == ERR_OK)
		e = card_look(c, NULL, NULL, NULL, &v);
	assert_err(e, t->look);
	if (e == ERR_OK && t->sign != NO_SIGN)
		sign_once(t, c, &v);
	check_end(replay_seen(r), t, r);
}

/* TokenInfo as TOKEN_BYTES, and changed on a later day (lastUpdate). */
#define TOKEN_CHANGED							\
	"301E02010004081122334455667788A50F180D 3230323630383131313230305A"
#define P_CHANGED	PICK, SAY(SFI("92"), TOKEN_CHANGED "9000")

/* Looks one after another, with one cache. */
static void
look_again(struct card_cache *cache, const struct replay_line *lines, size_t n,
    bool want_cache)
{
	struct profile p;
	const struct profile *const profiles[] = { &p, NULL };
	AUTO(reader_close) struct reader *r = NULL;
	AUTO(card_close) struct card *c = NULL;
	AUTO(card_view_free) struct card_view v = { .from_cache = false };

	read_profile("pkcs15", &p);
	p.probe = p.search = false;
	name_atr(&p);
	assert_ok(replay_open(lines, n, ATR_OTHER, &r));
	assert_ok(card_open(r, drivers_table, profiles, &c));
	assert_ok(card_look(c, cache, NULL, NULL, &v));
	if (!replay_done(r))
		print_error("line %zu of %zu, %s\n", replay_seen(r)->line, n,
		    replay_seen(r)->wrong);
	assert_true(replay_done(r));
	assert_int_equal(v.from_cache, want_cache);
}

/* The certificate that logs in is the same; the directories may not be. */
static void
a_changed_card_is_read_again(void **state)
{
	const struct replay_line first[] = { P_LOOK }, same[] = { P_START, P_CERT };
	const struct replay_line changed[] = { P_CHANGED, P_DIRECTORIES, P_CERT };
	const struct replay_line same_again[] = { P_CHANGED, P_CERT };
	AUTO(card_cache_close) struct card_cache *cache = NULL;
	char dir[64];

	(void)state;
	cache = make_cache(dir);
	look_again(cache, first, NELEM(first), false);
	look_again(cache, same, NELEM(same), true);
	look_again(cache, changed, NELEM(changed), false);
	look_again(cache, same_again, NELEM(same_again), true);
	look_again(cache, first, NELEM(first), false);
	remove_cache(&cache, dir);
}

static void
by_digest_info(struct profile *p)
{
	p->digest_info = DIGEST_INFO_HOST;
	p->alg_rsa_pkcs1 = 0x02;
}

static void
by_internal_authenticate(struct profile *p)
{
	p->mse[1] = 0xa4;
}

static void
only_prkdf(struct profile *p)
{
	p->key_ref = KEY_REF_PRKDF;
}

static void
with_bcd_digits(struct profile *p)
{
	p->pin_bcd_digits = true;
}

static void
with_key_file(struct profile *p)
{
	p->key_path = true;
}

/* A look with other bytes in one of the directories. */
#define WITH_AODF(size, bytes)						\
	P_START, ODF_SFI, FILE("4408", size, bytes), P_PRKDF, P_CDF
#define WITH_KEY(size, bytes)						\
	P_START, ODF_SFI, P_AODF, FILE("4400", size, bytes), P_CDF, P_CERT
#define WITH_CDF(size, bytes)						\
	P_START, ODF_SFI, P_AODF, P_PRKDF, FILE("4404", size, bytes)
/* TokenInfo with algorithms, and a key that names some of them */
#define ALG_LOOK(token, size, bytes)					\
	PICK, SAY(SFI("92"), token "9000"), ODF_SFI, P_AODF,		\
	FILE("4400", size, bytes), P_CDF, P_CERT
#define ALG_SIGN(token, mse)						\
	PICK, SAY(SFI("92"), token "9000"), P_VERIFY, SAY(mse, "9000")

/* A login with a PIN of that type; what VERIFY is then. */
#define CODED(type, lengths, verify)					\
	WITH_AODF("38", AODF_TYPE(type, lengths)), P_CERT, P_START,	\
	SAY(verify, "9000"), P_MSE, PSO
/* A look at a key and a certificate that only the public key brings together. */
#define PAIR(y)								\
	P_START, SAY(SFI("91"), ODF_PUBLIC "9000"), P_AODF,		\
	FILE("4400", "33", KEY_EC), FILE("4404", "21", CDF_STRANGE),	\
	FILE("4402", "25", PUKDF_EC), FILE("4601", "45", PUBLIC_POINT(y)),	\
	FILE("4331", "72", CERT_EC)

/* EC keys, certificates and public keys: label in hex, iD, file.  Nobody's certificate
 * is CERT_EC, whose public key is PUBLIC_POINT(X32("0B")). */
#define A_KEY(label, id)						\
	"A031300D0C04" label "03020780040101300E0401" id "03020520030203B8020101"	\
	"A110300E300804063F005015450102020100"
#define A_CERT(label, id, fid)						\
	"301F300A0C04" label "0302064030030401" id "A10C300A300804063F005015" fid
#define A_PUBLIC(label, id, fid)					\
	"A023300A0C04" label "0302064030070401" id "03020102A10C300A300804063F005015" fid
#define L_AUTH		"41555448"
#define L_SIGN		"5349474E"
#define L_CONF		"434F4E46"
#define L_NOBODY	"58585858"
#define P_PUBLIC(fid, y)	FILE(fid, "45", PUBLIC_POINT(y))
#define P_STRANGE	FILE("4331", "72", CERT_EC)
#define MANY(n_keys, keys, n_certs, certs, n_publics, publics)		\
	P_START, SAY(SFI("91"), ODF_PUBLIC "9000"), P_AODF, FILE("4400", n_keys, keys),	\
	FILE("4404", n_certs, certs), FILE("4402", n_publics, publics)
/* AUTH has a certificate, 4332, and four have none: each could cost 14 commands. */
#define TOO_MANY							\
	MANY("FF", A_KEY(L_AUTH, "45") A_KEY(L_SIGN, "46") A_KEY(L_SIGN, "47")	\
	    A_KEY(L_SIGN, "48") A_KEY(L_SIGN, "49"),			\
	    "E7", A_CERT(L_AUTH, "45", "4332") A_CERT(L_NOBODY, "91", "4331")	\
	    A_CERT(L_NOBODY, "92", "4331") A_CERT(L_NOBODY, "93", "4331")	\
	    A_CERT(L_NOBODY, "94", "4331") A_CERT(L_NOBODY, "95", "4331")	\
	    A_CERT(L_NOBODY, "96", "4331"), "94", A_PUBLIC(L_SIGN, "46", "4601")	\
	    A_PUBLIC(L_SIGN, "47", "4601") A_PUBLIC(L_SIGN, "48", "4601")	\
	    A_PUBLIC(L_SIGN, "49", "4601"))

#define NO_SERIAL	SAY(SFI("92"), "3003 020100 9000")

/* Without short identifiers; the first SELECT of a file tells how. */
#define NO_SFI		SAY(SFI("92"), "6A86")

/* The application below a path: what follows its SELECT. */
#define HOME_FILES							\
	FILE("5032", "0F", TOKEN_BYTES), FILE("5031", "24", P_ODF_BYTES),	\
	P_AODF, P_PRKDF, P_CDF, P_CERT
#define NOT_BY_NAME	SAY(SELECT_AID, "6A82")
#define MF		SAY("00A4000C023F00", "9000")
#define DF_5015		SAY("00A4080C025015", "9000")
/* 16 applications in 3F00 5010, and the way to one */
#define DIR_NOWHERE	X16("610651043F005010")
#define NOWHERE		SAY("00A4080C025010", "6A82"), MF, SAY("00A4000C025010", "6A82"),
#define PROOF		FILE("5031", "24", P_ODF_BYTES)

/* The certificate is an object of the directory, not a file. */
#define CDF_OTHER_VALUE							\
	"3025300A0C0441555448030206403003040145A1123010A00E"		\
	"300C3002050130020500030200 01"

/* Compressed: CERT_EC, 59 bytes, and one of 16385 bytes. */
#define WRAPPED_BODY							\
	"78DA33283048636264346080C24803613676AD368F73B64C8C6C1C600633233BB313"	\
	"030B1701C04D001830B1323033313002000EBD0A1C"
#define WRAPPED		"01007200" WRAPPED_BODY
#define WRAPPED_BIG	\
	"0100014078DAEDC6B10DC2301040D1B30D4904255B50DD02C812152B641D17482CC72E0C" \
	"80849486320BBCF79B9FA37F73F44F2D25636BF457000000000000000000000000000000" \
	"007FB9E6659AAFCFC7FB56CBB46CD3CADCEE7138ED38EFC87A8C56A3FC00DFDB0E00"
#define WITH_WRAPPED(size, bytes)					\
	P_START, ODF_SFI, P_AODF, FILE("4400", "33", KEY_EC), P_CDF, FILE("4331", size, bytes)

#define NO_LENGTH(p1)	SAY("00B0" p1 "0000", "6700"), SAY("00B0" p1 "00FE", "6700"),	\
	SAY("00B0" p1 "00E7", "6700"), SAY("00B0" p1 "00C0", "6700"), SAY("00B0" p1 "0080", "6700")

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_changed_card_is_read_again),

	/* as it should be */
	ROW("look", ERR_OK, NO_SIGN, 0, LINES(P_LOOK)),
	ROW("sign: no algorithm is named", ERR_OK, ERR_OK, 1, LINES(P_LOOK, P_SIGN)),
	ROW("relative FIDs", ERR_OK, ERR_OK, 1,
	    LINES(P_START, SAY(SFI("91"), ODF_RELATIVE "9000"), P_AODF, P_PRKDF,
	    FILE("4404", "1D", CDF_RELATIVE), P_CERT, P_SIGN)),
	ROW("3FFF is never selected", ERR_OK, NO_SIGN, 0,
	    LINES(P_START, SAY(SFI("91"), ODF_3FFF "9000"), P_AODF, P_PRKDF,
	    FILE("4404", "23", CDF_3FFF), CERT_DF, P_CERT)),
	ROW("a certificate within a file", ERR_OK, NO_SIGN, 0,
	    LINES(WITH_CDF("27", CDF_PART), FILE_AT("4331", "0100"),
	    SAY("00B00005FB", CERT_BYTES "FFFF 6282"))),
	ROW("a certificate within the directory", ERR_OK, ERR_OK, 1,
	    LINES(WITH_CDF("27", CDF_VALUE), P_SIGN)),
	ROW("a compressed certificate", ERR_OK, ERR_OK, 1, .alg = KEY_ALG_ECDSA, .input = HASH32,
	    .signature = R32 S32,
	    LINES(WITH_WRAPPED("3B", WRAPPED), P_START, P_VERIFY, P_MSE,
	    SAY("002A9E9A20" HASH32 "00", R32 S32 "9000"))),
	ROW("... in a file that is longer", ERR_OK, NO_SIGN, 0,
	    LINES(WITH_WRAPPED("40", WRAPPED "FFFFFFFFFF"))),
	ROW("... in parts, of a size that nobody tells", ERR_OK, NO_SIGN, 0,
	    LINES(P_START, ODF_SFI, P_AODF, FILE("4400", "33", KEY_EC), P_CDF,
	    SAY("00A402040243 3100", "9000"),
	    SAY("00B0000000", "01007200 78DA33283048636264346080C24803613676AD368F73B6 9000"),
	    SAY("00B0001BE5", "4C8C6C1C600633233BB313030B1701C04D001830B1323033313002000EBD0A1C"
	    "6282"), SAY("00B0003B00", "6B00"))),
	ROW("... of another size than it says (vector 36)", ERR_NO_CERT, NO_SIGN, 0,
	    LINES(WITH_WRAPPED("3B", "01007300" WRAPPED_BODY))),
	ROW("... cut off (vector 36)", ERR_NO_CERT, NO_SIGN, 0,
	    LINES(WITH_WRAPPED("14", "01007200 78DA33283048636264346080C2480361"))),
	ROW("... of more than a certificate may have (vector 35)", ERR_NO_CERT, NO_SIGN, 0,
	    LINES(WITH_WRAPPED("6A", WRAPPED_BIG))),
	ROW("no serial: the compressed certificate is read again", ERR_OK, ERR_OK, 1,
	    .alg = KEY_ALG_ECDSA, .input = HASH32, .signature = R32 S32,
	    LINES(PICK, NO_SERIAL, ODF_SFI, P_AODF, FILE("4400", "33", KEY_EC), P_CDF,
	    FILE("4331", "3B", WRAPPED), PICK, NO_SERIAL, FILE_AT("4331", "003B"),
	    SAY("00B0000072", WRAPPED "6282"), FILE("4331", "3B", WRAPPED), P_VERIFY, P_MSE,
	    SAY("002A9E9A20" HASH32 "00", R32 S32 "9000"))),
	ROW("no serial: another compressed certificate (vector 13)", ERR_OK, ERR_CARD_CHANGED, 0,
	    LINES(PICK, NO_SERIAL, ODF_SFI, P_AODF, FILE("4400", "33", KEY_EC), P_CDF,
	    FILE("4331", "3B", WRAPPED), PICK, NO_SERIAL,
	    FILE_AT("4331", "003B"), SAY("00B0000072", "01007300" WRAPPED_BODY "6282"),
	    FILE("4331", "3B", "01007300" WRAPPED_BODY))),
	ROW("certificate found by its label", ERR_OK, NO_SIGN, 0,
	    LINES(WITH_CDF("21", CDF_LABEL), P_CERT)),

	/* how it selects and reads */
	ROW("no short identifiers", ERR_OK, ERR_OK, 1,
	    LINES(PICK, NO_SFI, FILE("5032", "0F", TOKEN_BYTES),
	    FILE("5031", "24", P_ODF_BYTES), P_AODF, P_PRKDF, P_CDF, P_CERT,
	    PICK, FILE("5032", "0F", TOKEN_BYTES), P_VERIFY, P_MSE, PSO)),
	ROW("short identifiers of something else", ERR_OK, NO_SIGN, 0,
	    LINES(PICK, SAY(SFI("92"), "DEADBEEF 9000"), FILE("5032", "0F", TOKEN_BYTES),
	    FILE("5031", "24", P_ODF_BYTES), P_AODF, P_PRKDF, P_CDF, P_CERT)),
	ROW("P2 04 refused: 00, and remembered", ERR_OK, NO_SIGN, 0,
	    LINES(PICK, NO_SFI, SAY("00A4020402503200", "6A86"), EF("5032", "000F"),
	    READ("0000", "0F", TOKEN_BYTES "9000"), EF("5031", "0024"),
	    READ("0000", "24", P_ODF_BYTES "9000"), EF("4408", "006D"),
	    READ("0000", "6D", P_AODF_BYTES "9000"), EF("4400", "0033"),
	    READ("0000", "33", KEY_RSA "9000"), EF("4404", "0021"),
	    READ("0000", "21", P_CDF_BYTES "9000"), EF("4331", "000E"), CERT_READ)),
	ROW("only P2 0C: read to the end", ERR_OK, NO_SIGN, 0,
	    LINES(P_START, ODF_SFI, SAY("00A4020402440800", "6A86"),
	    SAY("00A4020002440800", "6A87"), SAY("00A4020C024408", "9000"),
	    SAY("00B0000000", P_AODF_BYTES "6282"), SAY("00A4020C024400", "9000"),
	    SAY("00B0000000", KEY_RSA "9000"), SAY("00B00033CD", "6B00"),
	    SAY("00A4020C024404", "9000"), SAY("00B0000000", P_CDF_BYTES "6282"),
	    SAY("00A4020C024331", "9000"), SAY("00B0000000", CERT_BYTES "6282"))),
	ROW("P1 02 finds nothing: 00", ERR_OK, NO_SIGN, 0,
	    LINES(P_START, ODF_SFI, GONE("4408"),
	    SAY("00A4000402440800", "62048002006D9000"),
	    SAY("00B000006D", P_AODF_BYTES "9000"),
	    SAY("00A4000402440000", "6204800200339000"),
	    SAY("00B0000033", KEY_RSA "9000"),
	    SAY("00A4000402440400", "6204800200219000"),
	    SAY("00B0000021", P_CDF_BYTES "9000"),
	    SAY("00A4000402433100", "62048002000E9000"), CERT_READ)),
	ROW("no FCI for the AID: by path", ERR_OK, NO_SIGN, 0,
	    LINES(SELECT, TOKEN, ODF_SFI, SAY("00A40804045015440800", "62048002006D9000"),
	    SAY("00B000006D", P_AODF_BYTES "9000"), P_PRKDF, P_CDF, P_CERT)),
	ROW("no SELECT by path: one FID after the other", ERR_OK, NO_SIGN, 0,
	    LINES(SELECT, TOKEN, ODF_SFI, SAY("00A40804045015440800", "6A86"),
	    MF, SAY("00A4000C025015", "9000"), P_AODF, P_PRKDF, P_CDF, P_CERT)),
	ROW("the FID of the AID's folder is another's", ERR_OK, NO_SIGN, 0,
	    LINES(P_START, ODF_SFI, GONE_FIRST("4408"),
	    SAY("00A40804045015440800", "62048002006D9000"),
	    SAY("00B000006D", P_AODF_BYTES "9000"), P_PRKDF, P_CDF, P_CERT)),
	ROW("SELECT by AID only without FCI", ERR_OK, NO_SIGN, 0,
	    LINES(SAY(SELECT_AID, "6A86"),
	    SAY("00A4040C0CA000000063504B43532D3135", "9000"), TOKEN, ODF_SFI,
	    SAY("00A40804045015440800", "62048002006D9000"),
	    SAY("00B000006D", P_AODF_BYTES "9000"), P_PRKDF, P_CDF, P_CERT)),
	ROW("Le 00 refused: FE from then on", ERR_OK, NO_SIGN, 0,
	    LINES(PICK, SAY(SFI("92"), "6700"), SAY("00B09200FE", TOKEN_BYTES "9000"),
	    SAY("00B09100FE", P_ODF_BYTES "6282"), P_AODF, P_PRKDF, P_CDF, P_CERT)),
	ROW("... and FE too: as much as there are cards for", ERR_OK, NO_SIGN, 0,
	    LINES(PICK, SAY(SFI("92"), "6700"), SAY("00B09200FE", "6700"),
	    SAY("00B09200E7", "6700"), SAY("00B09200C0", TOKEN_BYTES "9000"),
	    SAY("00B09100C0", P_ODF_BYTES "6282"), P_AODF, P_PRKDF, P_CDF, P_CERT)),
	ROW("... and all of them: it was not the length", ERR_OK, NO_SIGN, 0,
	    LINES(PICK, NO_LENGTH("92"), FILE_AT("5032", "0100"),
	    SAY("00B0000000", TOKEN_BYTES "6282"), FILE("5031", "24", P_ODF_BYTES),
	    P_AODF, P_PRKDF, P_CDF, P_CERT)),
	ROW("... everywhere: no more is tried", ERR_CARD_UNKNOWN, NO_SIGN, 0,
	    LINES(PICK, NO_LENGTH("92"), FILE_AT("5032", "0100"), NO_LENGTH("00"),
	    FILE_AT("5031", "0100"), NO_LENGTH("00"))),
	ROW("wrong Le: the right one", ERR_OK, NO_SIGN, 0,
	    LINES(PICK, SAY(SFI("92"), "6C0F"), SAY("00B092000F", TOKEN_BYTES "9000"),
	    ODF_SFI, P_AODF, P_PRKDF, P_CDF, P_CERT)),
	ROW("a size that is only allocated: not all of FF is read", ERR_OK, NO_SIGN, 0,
	    LINES(P_START, ODF_SFI, P_AODF, P_PRKDF, FILE_AT("4404", "0800"),
	    SAY("00B0000000", P_CDF_BYTES "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF 6282"),
	    P_CERT)),

	ROW("a directory in two parts", ERR_OK, NO_SIGN, 0,
	    LINES(P_START, SAY(SFI("91"), "A00A300804063F0050154400A40A3008 9000"),
	    SAY("00B0001000", "04063F0050154404A80A300804063F0050154408 6282"), P_AODF, P_PRKDF,
	    P_CDF, P_CERT)),
	ROW("a directory with FF behind it (vector 14)", ERR_OK, NO_SIGN, 0,
	    LINES(P_START, SAY(SFI("91"), P_ODF_BYTES "FFFFFF 9000"), P_AODF, P_PRKDF, P_CDF,
	    P_CERT)),

	/* where the application is */
	ROW("EF.DIR: the path wins, the first without ODF is passed", ERR_OK, NO_SIGN, 0,
	    .known = true,
	    LINES(NOT_BY_NAME, MF, FILE("2F00", "2A", DIR_TWO),
	    SAY("00A4080C025010", "9000"), GONE("5031"), DF_5015, PROOF, HOME_FILES)),
	ROW("EF.DIR: an application by name", ERR_OK, NO_SIGN, 0, .known = true,
	    LINES(NOT_BY_NAME, MF, FILE("2F00", "0E", DIR_AID),
	    SAY("00A404000AA000000167455349474E00", "6F00 9000"), PROOF,
	    FILE("5032", "0F", TOKEN_BYTES), PROOF,
	    SAY("00A40804045015440800", "62048002006D9000"),
	    SAY("00B000006D", P_AODF_BYTES "9000"), P_PRKDF, P_CDF, P_CERT)),
	ROW("EF.DIR in records", ERR_OK, NO_SIGN, 0, .known = true,
	    LINES(NOT_BY_NAME, MF, FILE_AT("2F00", "002A"), SAY("00B000002A", "6981"),
	    FILE_AT("2F00", "002A"), SAY("00B2010400", DIR_TWO "9000"),
	    SAY("00B2020400", "6A83"), SAY("00A4080C025010", "6A82"),
	    SAY("00A4000C023F00", "9000"), SAY("00A4000C025010", "6A82"),
	    DF_5015, PROOF, HOME_FILES)),
	ROW("EF.DIR: DDO moves ODF and TokenInfo", ERR_OK, NO_SIGN, 0, .known = true,
	    LINES(NOT_BY_NAME, MF, FILE("2F00", "24", DIR_DDO), DF_5015,
	    FILE("5041", "24", P_ODF_BYTES), FILE("5042", "0F", TOKEN_BYTES),
	    FILE("5041", "24", P_ODF_BYTES), P_AODF, P_PRKDF, P_CDF, P_CERT)),
	ROW("no EF.DIR: 3F00 5015", ERR_OK, ERR_OK, 1, .known = true,
	    LINES(NOT_BY_NAME, MF, GONE_FIRST("2F00"), DF_5015, PROOF, HOME_FILES,
	    DF_5015, FILE("5032", "0F", TOKEN_BYTES), P_VERIFY, P_MSE, PSO)),
	ROW("ODF straight under the MF", ERR_OK, NO_SIGN, 0, .known = true,
	    LINES(NOT_BY_NAME, MF, GONE_FIRST("2F00"), SAY("00A4080C025015", "6A82"), MF,
	    SAY("00A4000C025015", "6A82"), MF, FILE("5031", "18", ODF_RELATIVE),
	    FILE("5032", "0F", TOKEN_BYTES), FILE("5031", "18", ODF_RELATIVE), P_AODF,
	    P_PRKDF, FILE("4404", "1D", CDF_RELATIVE), P_CERT)),
	ROW("the AID answers, the ODF is elsewhere", ERR_OK, NO_SIGN, 0, .known = true,
	    LINES(PICK, SAY(SFI("92"), "6A82"), GONE_FIRST("5032"), GONE_FIRST("5031"),
	    MF, GONE_FIRST("2F00"), DF_5015, PROOF, P_AODF, P_PRKDF, P_CDF,
	    FILE("5032", "0F", TOKEN_BYTES), P_CERT)),
	ROW("EF.DIR that names itself (vector 51)", ERR_CARD_UNKNOWN, NO_SIGN, 0,
	    .known = true,
	    LINES(NOT_BY_NAME, MF, FILE("2F00", "1C", DIR_SELF), MF,
	    FILE("2F00", "1C", DIR_SELF), SAY("00A4080C025015", "6A82"), MF,
	    SAY("00A4000C025015", "6A82"), MF, GONE("5031"))),
	ROW("EF.DIR of 16 applications that are not there: not all are tried (vector 51)",
	    ERR_CARD_UNKNOWN, NO_SIGN, 0, .known = true,
	    LINES(NOT_BY_NAME, MF, FILE("2F00", "80", DIR_NOWHERE), X4(NOWHERE) X4(NOWHERE)
	    X4(NOWHERE) NOWHERE NOWHERE NOWHERE)),
	ROW("nothing anywhere", ERR_CARD_UNKNOWN, NO_SIGN, 0, .known = true,
	    LINES(NOT_BY_NAME, MF, GONE_FIRST("2F00"), SAY("00A4080C025015", "6A82"), MF,
	    SAY("00A4000C025015", "6A82"), MF, GONE_FIRST("5031"))),
	ROW("a card that is not named gets one SELECT", ERR_CARD_UNKNOWN, NO_SIGN, 0,
	    LINES(NOT_BY_NAME)),
	ROW("removed during the search is no verdict", ERR_REMOVED, NO_SIGN, 0,
	    .known = true, LINES(NOT_BY_NAME, FAIL("00A4000C023F00", ERR_REMOVED))),
	ROW("vendor lock (vector 28)", ERR_VENDOR_LOCKED, NO_SIGN, 0,
	    LINES(SAY(SELECT_AID, "4920616D207468652053616665536967 9000"))),

	/* PINs */
	ROW("the PIN that the key names, of two", ERR_OK, ERR_OK, 1,
	    LINES(WITH_AODF("6D", AODF_TWO), P_CERT, P_SIGN)),
	ROW("PIN reference written as a negative number (vector 9)", ERR_OK, ERR_OK, 1,
	    LINES(WITH_AODF("34", AODF_NEGATIVE), P_CERT, P_SIGN)),
	ROW("the PIN's folder, and back to the key's", ERR_OK, ERR_OK, 1,
	    LINES(WITH_AODF("35", AODF_ELSEWHERE), P_CERT, P_START,
	    SAY("00A4080C025016", "9000"), P_VERIFY, PICK, P_MSE, PSO)),
	ROW("the PIN's folder is not there: no PIN is sent (vector 52)", ERR_OK, ERR_CARD,
	    1, LINES(WITH_AODF("35", AODF_ELSEWHERE), P_CERT, P_START,
	    SAY("00A4080C025016", "6A82"), MF, SAY("00A4000C025016", "6A82"))),
	ROW("no PIN at all (vector 55)", ERR_NO_CERT, NO_SIGN, 0,
	    LINES(WITH_AODF("35", AODF_PUK_ONLY))),
	ROW("no AODF: no PIN is guessed (vectors 49 and 55)", ERR_NO_CERT, NO_SIGN, 0,
	    LINES(P_START, ODF_SFI, GONE_FIRST("4408"),
	    SAY("00A40804045015440800", "6A82"), DF_5015, GONE_FIRST("4408"), P_PRKDF,
	    P_CDF)),
	ROW("a private key that names no PIN: the only one (vector 55)", ERR_OK, ERR_OK, 1,
	    LINES(WITH_KEY("30", KEY_NO_AUTH), P_SIGN)),
	ROW("... of two: none (vector 55)", ERR_NO_CERT, NO_SIGN, 0,
	    LINES(P_START, ODF_SFI, FILE("4408", "6D", AODF_TWO),
	    FILE("4400", "30", KEY_NO_AUTH), P_CDF)),
	ROW("two PINs of one reference: the key's own rules (vector 53)", ERR_OK, ERR_OK,
	    1, LINES(WITH_AODF("6B", AODF_SHARED), P_CERT, P_SIGN)),

	/* PINs that are not sent as text (iso7816 reference, section 7) */
	ROW("BCD: two digits in a byte, filled to what is stored", ERR_OK, ERR_OK, 1,
	    LINES(CODED("00", "02010402010802010C", "0020008108 123456FFFFFFFFFF"))),
	ROW("BCD of an odd number of digits", ERR_OK, ERR_OK, 1, .pin = "12345",
	    LINES(CODED("00", "02010402010802010C", "0020008108 12345FFFFFFFFFFF"))),
	ROW("BCD whose stored length counts digits", ERR_OK, ERR_OK, 1,
	    .tweak = with_bcd_digits,
	    LINES(CODED("00", "020104020108020108", "0020008104 123456FF"))),
	ROW("BCD: letters are no digits (vector 54)", ERR_OK, ERR_PIN_LENGTH, 0,
	    .pin = "12345A",
	    LINES(WITH_AODF("38", AODF_TYPE("00", "02010402010802010C")), P_CERT, P_START)),
	ROW("BCD: more digits than there is room for (vector 54)", ERR_OK, ERR_PIN_LENGTH, 0,
	    .pin = "123456789",
	    LINES(WITH_AODF("38", AODF_TYPE("00", "02010402010402010C")), P_CERT)),
	ROW("a block of ISO 9564-1", ERR_OK, ERR_OK, 1,
	    LINES(CODED("04", "020104020108020108", "0020008108 26123456FFFFFFFF"))),
	ROW("... of an odd number of digits", ERR_OK, ERR_OK, 1, .pin = "12345",
	    LINES(CODED("04", "020104020108020108", "0020008108 2512345FFFFFFFFF"))),
	ROW("... of 12 digits", ERR_OK, ERR_OK, 1, .pin = "123456789012",
	    LINES(CODED("04", "02010402010802010F", "0020008108 2C123456789012FF"))),
	ROW("... of 13: nothing is sent", ERR_OK, ERR_PIN_LENGTH, 0, .pin = "1234567890123",
	    LINES(WITH_AODF("38", AODF_TYPE("04", "02010402010802010F")), P_CERT)),
	ROW("half a byte for a digit: not known how (vector 54)", ERR_NO_CERT, NO_SIGN, 0,
	    LINES(WITH_AODF("38", AODF_TYPE("03", "020104020108020108")))),

	/* who belongs to whom */
	ROW("neither id nor label: by the public key (vector 57)", ERR_OK, ERR_OK, 1,
	    .alg = KEY_ALG_ECDSA, .input = X32("DE"), .signature = X64("5A"),
	    LINES(PAIR(X32("0B")), FILE("4331", "72", CERT_EC), P_START, P_VERIFY, P_MSE,
	    SAY("002A9E9A20" X32("DE") "00", X64("5A") "9000"))),
	ROW("... and that is another one (vector 57)", ERR_NO_CERT, NO_SIGN, 0,
	    LINES(PAIR(X32("0C")))),
	ROW("... of several keys: one look at what public keys there are, none at the "
	    "certificates of others", ERR_OK, NO_SIGN, 0,
	    LINES(MANY("99", A_KEY(L_AUTH, "45") A_KEY(L_SIGN, "46") A_KEY(L_CONF, "47"),
	    "42", A_CERT(L_AUTH, "45", "4332") A_CERT(L_NOBODY, "99", "4331"),
	    "4A", A_PUBLIC(L_SIGN, "46", "4601") A_PUBLIC(L_CONF, "47", "4602")),
	    P_PUBLIC("4601", X32("0C")), P_STRANGE, P_PUBLIC("4602", X32("0D")), P_STRANGE,
	    FILE("4332", "0E", CERT_BYTES))),
	ROW("... of many: no more than leaves room for the rest", ERR_OK, NO_SIGN, 0,
	    LINES(TOO_MANY, P_PUBLIC("4601", X32("0C")), P_STRANGE, P_STRANGE, P_STRANGE,
	    P_STRANGE, P_STRANGE, P_STRANGE, P_PUBLIC("4601", X32("0C")), P_STRANGE,
	    P_STRANGE, P_STRANGE, P_STRANGE, P_STRANGE, P_STRANGE,
	    P_PUBLIC("4601", X32("0C")), P_STRANGE, P_STRANGE, P_STRANGE, P_STRANGE,
	    FILE("4332", "0E", CERT_BYTES))),
	ROW("the public key: iD before label", ERR_OK, NO_SIGN, 0,
	    LINES(MANY("33", A_KEY(L_AUTH, "45"), "21", A_CERT(L_NOBODY, "99", "4331"),
	    "4A", A_PUBLIC(L_AUTH, "46", "4602") A_PUBLIC(L_NOBODY, "45", "4601")),
	    P_PUBLIC("4601", X32("0B")), P_STRANGE, P_STRANGE)),
	ROW("... by label: not one whose iD is another key's", ERR_OK, NO_SIGN, 0,
	    LINES(MANY("66", A_KEY(L_AUTH, "45") A_KEY(L_SIGN, "46"), "42",
	    A_CERT(L_SIGN, "46", "4332") A_CERT(L_NOBODY, "99", "4331"), "4A",
	    A_PUBLIC(L_AUTH, "46", "4602") A_PUBLIC(L_AUTH, "50", "4601")),
	    P_PUBLIC("4601", X32("0B")), P_STRANGE, P_STRANGE)),
	ROW("neither, and no public key", ERR_NO_CERT, NO_SIGN, 0,
	    LINES(WITH_CDF("21", CDF_STRANGE))),
	ROW("two keys, one certificate: told apart by usage (vector 57)", ERR_OK, ERR_OK,
	    1, LINES(WITH_KEY("67", KEY_TWINS), P_SIGN)),
	ROW("two certificates, one key: always the first (vector 57)", ERR_OK, NO_SIGN, 0,
	    LINES(WITH_CDF("43", CDF_TWINS), P_CERT)),
	ROW("an empty id is nobody's certificate (vectors 8 and 57)", ERR_OK, NO_SIGN, 0,
	    LINES(WITH_CDF("3E", CDF_EMPTY), P_CERT)),
	ROW("a key with an empty id is left out (vectors 8 and 57)", ERR_OK, NO_SIGN, 0,
	    LINES(WITH_KEY("62", KEY_EMPTY))),

	/* the same card */
	ROW("no serial, and another certificate later (vectors 13 and 20)", ERR_OK,
	    ERR_CARD_CHANGED, 0,
	    LINES(PICK, NO_SERIAL, P_DIRECTORIES, P_CERT, PICK, NO_SERIAL,
	    FILE("4331", "0E", "300C 30020501 30020500 03020001"))),
	ROW("no serial: the certificate is in the directory", ERR_OK, ERR_OK, 1,
	    LINES(PICK, NO_SERIAL, ODF_SFI, P_AODF, P_PRKDF, FILE("4404", "27", CDF_VALUE),
	    PICK, NO_SERIAL, FILE("4404", "27", CDF_VALUE), P_VERIFY, P_MSE, PSO)),
	ROW("no serial: another certificate in the directory (vector 13)", ERR_OK,
	    ERR_CARD_CHANGED, 0,
	    LINES(PICK, NO_SERIAL, ODF_SFI, P_AODF, P_PRKDF, FILE("4404", "27", CDF_VALUE),
	    PICK, NO_SERIAL, FILE("4404", "27", CDF_OTHER_VALUE))),
	ROW("no serial: no directory later (vector 13)", ERR_OK, ERR_CARD_CHANGED, 0,
	    LINES(PICK, NO_SERIAL, ODF_SFI, P_AODF, P_PRKDF, FILE("4404", "27", CDF_VALUE),
	    PICK, NO_SERIAL, GONE("4404"))),
	ROW("another serial later (vectors 13 and 61)", ERR_OK, ERR_CARD_CHANGED, 0,
	    LINES(P_LOOK, PICK,
	    SAY(SFI("92"), "300D 020100 0408 1122334455667789 9000"))),
	ROW("reset at every command: the first ends it (vector 30)", ERR_CARD_RESET,
	    NO_SIGN, 0, LINES(FAIL(SELECT_AID, ERR_CARD_RESET))),

	/* keys and algorithms */
	ROW("key reference 82", ERR_OK, ERR_OK, 1,
	    LINES(WITH_KEY("34", KEY_82), P_START, P_VERIFY,
	    SAY("002241B603840182", "9000"), PSO)),
	ROW("key reference -126 is 82 (vector 9)", ERR_OK, ERR_OK, 1,
	    LINES(WITH_KEY("33", KEY_NEGATIVE), P_START, P_VERIFY,
	    SAY("002241B603840182", "9000"), PSO)),
	ROW("no key reference: the key's file (vector 56)", ERR_OK, ERR_OK, 1,
	    LINES(WITH_KEY("30", KEY_NO_REF), P_START, P_VERIFY,
	    SAY("002241B60481024501", "9000"), PSO)),
	ROW("no key reference, and it is not guessed (vector 56)", ERR_NO_CERT, NO_SIGN,
	    0, .tweak = only_prkdf,
	    LINES(P_START, ODF_SFI, P_AODF, FILE("4400", "30", KEY_NO_REF), P_CDF)),
	ROW("an empty key path selects nothing (vector 56)", ERR_OK, ERR_OK, 1,
	    .tweak = with_key_file, LINES(WITH_KEY("2D", KEY_EMPTY_PATH), P_SIGN)),
	ROW("the key's file first", ERR_OK, ERR_OK, 1, .tweak = with_key_file,
	    LINES(P_LOOK, P_START, P_VERIFY, FILE_AT("4501", "0100"), P_MSE, PSO)),
	ROW("RSA signature without its zero in front (vector 45)", ERR_OK, ERR_OK, 1,
	    .signature = "00" BYTES255,
	    LINES(P_LOOK, P_START, P_VERIFY, P_MSE, SAY(PSO_COMMAND, BYTES255 "9000"))),
	ROW("algorithm of the card: DigestInfo", ERR_OK, ERR_OK, 1,
	    LINES(ALG_LOOK(TOKEN_DIGEST_INFO, "38", KEY_DIGEST_INFO),
	    ALG_SIGN(TOKEN_DIGEST_INFO, "002241B606840101800102"), PSO)),
	ROW("algorithm of the card: a hash", ERR_OK, ERR_OK, 1,
	    .input = SHA256_OF(HASH32),
	    LINES(ALG_LOOK(TOKEN_DIGEST_INFO, "38", KEY_HASH),
	    ALG_SIGN(TOKEN_DIGEST_INFO, "002241B606840101800142"),
	    SAY("002A9E9A20" HASH32 "00", SIGNATURE "9000"))),
	ROW("a hash that no algorithm of the card is for", ERR_OK, ERR_UNSUPPORTED, 1,
	    LINES(ALG_LOOK(TOKEN_DIGEST_INFO, "38", KEY_HASH),
	    PICK, SAY(SFI("92"), TOKEN_DIGEST_INFO "9000"), P_VERIFY)),
	ROW("the profile has the last word", ERR_OK, ERR_OK, 1, .tweak = by_digest_info,
	    LINES(ALG_LOOK(TOKEN_DIGEST_INFO, "38", KEY_HASH),
	    ALG_SIGN(TOKEN_DIGEST_INFO, "002241B606840101800102"), PSO)),
	ROW("MSE AT and INTERNAL AUTHENTICATE", ERR_OK, ERR_OK, 1,
	    .tweak = by_internal_authenticate,
	    LINES(P_LOOK, P_START, P_VERIFY, SAY("002241A403840101", "9000"),
	    SAY("0088000004DEADBEEF00", SIGNATURE "9000"))),
	ROW("INTERNAL AUTHENTICATE refused", ERR_OK, ERR_CARD_INACTIVE, 1,
	    .tweak = by_internal_authenticate,
	    LINES(P_LOOK, P_START, P_VERIFY, SAY("002241A403840101", "9000"),
	    SAY("0088000004DEADBEEF00", "6982"))),

	/* EC */
	ROW("ECDSA: r and s", ERR_OK, ERR_OK, 1, .alg = KEY_ALG_ECDSA, .input = HASH32,
	    .signature = R32 S32,
	    LINES(WITH_KEY("33", KEY_EC), P_START, P_VERIFY, P_MSE,
	    SAY("002A9E9A20" HASH32 "00", R32 S32 "9000"))),
	ROW("ECDSA: DER", ERR_OK, ERR_OK, 1, .alg = KEY_ALG_ECDSA, .input = HASH32,
	    .signature = R32 S32,
	    LINES(WITH_KEY("33", KEY_EC), P_START, P_VERIFY, P_MSE,
	    SAY("002A9E9A20" HASH32 "00", "30430220" R32 "021F" S31 "9000"))),
	ROW("ECDSA: DER with something after it (vector 46)", ERR_OK, ERR_CARD, 1,
	    .alg = KEY_ALG_ECDSA, .input = HASH32,
	    LINES(WITH_KEY("33", KEY_EC), P_START, P_VERIFY, P_MSE,
	    SAY("002A9E9A20" HASH32 "00", "30430220" R32 "021F" S31 "00 9000"))),
	ROW("ECDSA: a hash longer than the field is cut", ERR_OK, ERR_OK, 1,
	    .alg = KEY_ALG_ECDSA, .input = HASH32 ZEROS16, .signature = R32 S32,
	    LINES(WITH_KEY("33", KEY_EC), P_START, P_VERIFY, P_MSE,
	    SAY("002A9E9A20" HASH32 "00", R32 S32 "9000"))),
	ROW("ECDSA: a shorter one is padded", ERR_OK, ERR_OK, 1, .alg = KEY_ALG_ECDSA,
	    .input = HASH32, .signature = R32 S32 R32,
	    LINES(WITH_KEY("33", KEY_EC_384), P_START, P_VERIFY, P_MSE,
	    SAY("002A9E9A30" ZEROS16 HASH32 "00", R32 S32 R32 "9000"))),
	ROW("ECDSA by a reference of the card", ERR_OK, ERR_OK, 1, .alg = KEY_ALG_ECDSA,
	    .input = HASH32, .signature = R32 S32,
	    LINES(ALG_LOOK(TOKEN_EC, "38", KEY_EC_ALG),
	    ALG_SIGN(TOKEN_EC, "002241B606840101800144"),
	    SAY("002A9E9A20" HASH32 "00", R32 S32 "9000"))),
	ROW("ECDSA with SHA-256: the hash as it is", ERR_OK, ERR_OK, 1,
	    .alg = KEY_ALG_ECDSA, .input = HASH32, .signature = R32 S32 R32,
	    LINES(ALG_LOOK(TOKEN_EC, "38", KEY_EC_SHA256),
	    ALG_SIGN(TOKEN_EC, "002241B606840101800154"),
	    SAY("002A9E9A20" HASH32 "00", R32 S32 R32 "9000"))),
	ROW("ECDSA: the certificate says which curve (vector 58)", ERR_OK, ERR_OK, 1,
	    .alg = KEY_ALG_ECDSA, .input = HASH32, .signature = R32 S32,
	    LINES(P_START, ODF_SFI, P_AODF, FILE("4400", "2F", KEY_EC_NO_SIZE), P_CDF,
	    FILE("4331", "72", CERT_EC), P_START, P_VERIFY, P_MSE,
	    SAY("002A9E9A20" HASH32 "00", R32 S32 "9000"))),
	ROW("ECDSA: the certificate knows better than the directory (vector 58)", ERR_OK,
	    ERR_OK, 1, .alg = KEY_ALG_ECDSA, .input = HASH32, .signature = R32 S32,
	    LINES(P_START, ODF_SFI, P_AODF, FILE("4400", "33", KEY_EC_384), P_CDF,
	    FILE("4331", "72", CERT_EC), P_START, P_VERIFY, P_MSE,
	    SAY("002A9E9A20" HASH32 "00", R32 S32 "9000"))),
	ROW("ECDSA: nobody says which curve", ERR_OK, ERR_UNSUPPORTED, 1,
	    .alg = KEY_ALG_ECDSA, .input = HASH32,
	    LINES(WITH_KEY("2F", KEY_EC_NO_SIZE), P_START, P_VERIFY)),

	/* 9000 to everything: SELECT, serial, ODF, and the search end (vector 27) */
	ROW("9000 to everything (vector 27)", ERR_CARD_UNKNOWN, NO_SIGN, 0, .known = true,
	    LINES(SELECT, SAY(SFI("92"), "9000"), SAY("00A4020402503200", "9000"),
	    SAY("00B0000000", "9000"), SAY("00A4020402503100", "9000"),
	    SAY("00B0000000", "9000"), MF, SAY("00A40204022F0000", "9000"),
	    SAY("00B0000000", "9000"), DF_5015, SAY("00A4020402503100", "9000"),
	    SAY("00B0000000", "9000"), MF, SAY("00A4020402503100", "9000"),
	    SAY("00B0000000", "9000"))),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
