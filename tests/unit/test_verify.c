/* SPDX-License-Identifier: EUPL-1.2 */
/* The verdict on an assertion: each thing that can be wrong has its own word. */
#include "tests/check.h"

#include <openssl/ec.h>
#include <string.h>

#include "base/names.h"
#include "tests/unit/make_attest.h"
#include "tests/unit/make_cert.h"
#include "tests/unit/raw_jws.h"
#include "tests/unit/rsa_key.h"
#include "verify/verify.h"

#define ISS	"https://broker.example.nl"

static EVP_PKEY *leaf_key, *other_key, *broker_key;
static struct pki pki;
static struct made leaf, other_leaf;

/* What the broker asked, and the exact bytes of it. */
static struct challenge asked;
static struct buf asked_jws = BUF(CHALLENGE_MAX);

static void
ask(void)
{
	asked = (struct challenge){
		.iss = ISS, .jti = "c-1", .iat = MADE_NOW - 20, .exp = MADE_NOW + 100,
		.client_id = "epd", .rp_name_nl = "EPD van Oost",
		.rp_name_en = "EHR East",
		.origin = "https://epd.example.nl", .acr = NAME_LOA_HIGH,
		.policies = { "2.16.528.1.1007.99.211" }, .n_policies = 1,
	};
	memset(asked.nonce, 7, sizeof(asked.nonce));
	assert_ok(challenge_write(&asked, broker_key, &asked_jws));
}

/* The answer of an honest workstation. */
static struct assertion
answer(void)
{
	struct verify_expect e;
	struct assertion a = {
		.aud = ISS, .client_id = "epd", .rp_name = "EPD van Oost",
		.origin = "https://epd.example.nl", .iat = MADE_NOW, .jti = "a-1",
		.evidence = {
			.means = "native", .driver = "uzi", .reader = "Lezer",
			.pin_entry = "window", .one_transaction = true, .caller = "epd",
		},
	};

	assert_ok(verify_expect_of(&asked, buf_view(&asked_jws), &e));
	memcpy(a.challenge_sha256, e.challenge_sha256, sizeof(a.challenge_sha256));
	memcpy(a.nonce, e.nonce, sizeof(a.nonce));
	return a;
}

static void
new_store(enum cert_env env, struct cert_store **ret)
{
	AUTO(buf_free) struct buf crl = BUF(65536);
	const struct made *const issuers[] = { &pki.root, &pki.level2, &pki.z };

	assert_ok(cert_store_new(env, CERT_REVOCATION_HARD, ret));
	assert_ok(cert_store_add_anchor(*ret, buf_view(&pki.root.der)));
	assert_ok(cert_store_add_intermediate(*ret, buf_view(&pki.level2.der)));
	for (size_t i = 0; i < NELEM(issuers); i++) {
		buf_clear(&crl);
		make_crl(&(const struct crl_recipe){ .revoked = { 666 } }, issuers[i],
		    &crl);
		assert_ok(cert_store_add_crl(*ret, buf_view(&crl)));
	}
}

static enum err
verdict(struct cur jws, int64_t now, struct verify_result *ret)
{
	AUTO(cert_store_free) struct cert_store *s = NULL;
	struct verify_expect e;
	struct verify_rules rules = { .cert = { .now = now, .pass_types = "ZN" } };

	new_store(CERT_ENV_ACCEPTANCE, &s);
	rules.store = s;
	assert_ok(verify_expect_of(&asked, buf_view(&asked_jws), &e));
	return verify_assertion(jws, &e, &rules, ret);
}

/* Header and payload of an assertion, as text. */
static void
texts(const struct assertion *a, enum jws_alg alg, const struct made *who, struct buf *h,
    struct buf *p)
{
	const struct cur x5c[] = { buf_view(&who->der), buf_view(&pki.z.der) };

	assert_ok(assertion_header(alg, x5c, NELEM(x5c), h));
	assert_ok(assertion_payload(a, p));
}

static void
good(void **state)
{
	AUTO(buf_free) struct buf h = BUF(JWS_MAX), p = BUF(JWS_MAX), jws = BUF(JWS_MAX);
	AUTO(verify_result_free) struct verify_result v = { 0 };
	struct assertion a = answer();

	(void)state;
	texts(&a, JWS_RS256, &leaf, &h, &p);
	raw_jws(buf_view(&h), buf_view(&p), JWS_RS256, leaf_key, &jws);
	assert_ok(verdict(buf_view(&jws), MADE_NOW + 3, &v));
	assert_int_equal(v.alg, JWS_RS256);
	assert_int_equal(v.skew, -3);
	assert_string_equal(v.cert.who.uzi_number, "900000001");
	assert_string_equal(v.cert.who.role, "01.015");
	assert_string_equal(v.cert.policy, "2.16.528.1.1007.99.211");
	assert_string_equal(v.cert.issuer_cn, "TEST UZI-register Zorgverlener CA G3");
	assert_int_equal(v.cert.chain_n, 4);
	assert_string_equal(v.said.evidence.driver, "uzi");
	assert_true(v.said.evidence.one_transaction);
}

static void
other_algorithms(void **state)
{
	static const struct {
		enum jws_alg alg;
		const char *kind;
	} all[] = {
		{ JWS_PS256, "RSA2048" }, { JWS_ES256, "P-256" }, { JWS_ES384, "P-384" },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(all); i++) {
		AUTO(buf_free) struct buf h = BUF(JWS_MAX), p = BUF(JWS_MAX),
		    jws = BUF(JWS_MAX);
		AUTO(verify_result_free) struct verify_result v = { 0 };
		AUTO(made_drop) struct made m = { 0 };
		struct recipe how = pass_recipe('Z');
		struct assertion a = answer();

		how.kind = all[i].kind;
		make_cert(&how, &pki.z, &m);
		texts(&a, all[i].alg, &m, &h, &p);
		raw_jws(buf_view(&h), buf_view(&p), all[i].alg, m.key, &jws);
		assert_ok(verdict(buf_view(&jws), MADE_NOW, &v));
		assert_int_equal(v.alg, all[i].alg);
	}
}

/* ---- one thing changed ---- */

struct change {
	const char *find_header, *with_header;
	const char *find, *with;	/* in the payload */
	int64_t	late;			/* received so many seconds after iat */
	enum jws_alg alg;		/* JWS_ALG_NONE: RS256 */
	bool	unsigned_;
	bool	after;			/* the payload is changed after signing */
	bool	other_cert, other_signer;
	enum err want;
};

static void
sign_or_alter(const struct change *t, struct cur h, struct cur before, struct cur p,
    struct buf *ret)
{
	AUTO(buf_free) struct buf first = BUF(JWS_MAX);
	enum jws_alg alg = t->unsigned_ ? JWS_ALG_NONE :
	    t->alg != JWS_ALG_NONE ? t->alg : JWS_RS256;
	EVP_PKEY *key = t->other_signer ? other_key : leaf_key;
	struct cur rest;

	raw_jws(h, t->after ? before : p, alg, key, &first);
	if (!t->after) {
		buf_cur(ret, buf_view(&first));
		return;
	}
	rest = cur_of(memrchr(first.p, '.', first.len), 0);
	rest.n = (size_t)(first.p + first.len - rest.p);
	assert_ok(jws_signing_input(h, p, ret));
	buf_cur(ret, rest);
}

static void
changed(void **state)
{
	const struct change *t = *state;
	AUTO(buf_free) struct buf h = BUF(JWS_MAX), p = BUF(JWS_MAX), jws = BUF(JWS_MAX);
	AUTO(buf_free) struct buf h2 = BUF(JWS_MAX), p2 = BUF(JWS_MAX);
	AUTO(verify_result_free) struct verify_result v = { 0 };
	struct assertion a = answer();

	texts(&a, JWS_RS256, t->other_cert ? &other_leaf : &leaf, &h, &p);
	replace_put(&h2, buf_cstr(&h), t->find_header != NULL ? t->find_header : "",
	    t->with_header != NULL ? t->with_header : "");
	replace_put(&p2, buf_cstr(&p), t->find != NULL ? t->find : "",
	    t->with != NULL ? t->with : "");
	sign_or_alter(t, buf_view(&h2), buf_view(&p), buf_view(&p2), &jws);
	assert_err(verdict(buf_view(&jws), MADE_NOW + t->late, &v), t->want);
	assert_int_equal(v.cert.chain_n, t->want == ERR_OK ? 4 : 0);
}

/* ---- the certificate ---- */

typedef void change_fn(struct recipe *r);

static void signature_cert(struct recipe *r) { r->usage = "critical,nonRepudiation"; }
static void expired(struct recipe *r) { r->until = MADE_NOW - 1; }
static void early(struct recipe *r) { r->from = MADE_NOW + 1; }
static void revoked(struct recipe *r) { r->serial = 666; }
static void no_policy(struct recipe *r) { r->policies = "1.2.3"; }
static void unchanged(struct recipe *r) { (void)r; }

static void
six_fields(struct recipe *r)
{
	r->san = "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:900000001@90000123,"
	    "otherName:2.5.5.5;IA5:2.16.528.1.1007.99.217-1-900000001-Z-90000123-01.015";
}

static void
eight_fields(struct recipe *r)
{
	r->san = "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:900000001@90000123,"
	    "otherName:2.5.5.5;IA5:"
	    "2.16.528.1.1007.99.217-1-900000001-Z-90000123-01.015-00000000-1";
}

/* The IA5String says 3E where 61 bytes follow. */
static void
odd_length(struct recipe *r)
{
	r->san = NULL;
	r->san_hex = "3048A0460603550505A03F163E"
	    "322E31362E3532382E312E313030372E39392E3231372D312D3930303030303030312D5A2D"
	    "39303030303132332D30312E3031352D3030303030303030";
}

struct cert_case {
	change_fn *change;
	bool	self;
	enum err want;
};

static void
certificate(void **state)
{
	const struct cert_case *t = *state;
	AUTO(buf_free) struct buf h = BUF(JWS_MAX), p = BUF(JWS_MAX), jws = BUF(JWS_MAX);
	AUTO(verify_result_free) struct verify_result v = { 0 };
	AUTO(made_drop) struct made m = { 0 };
	struct recipe how = pass_recipe('Z');
	struct assertion a = answer();

	how.key = leaf_key;
	t->change(&how);
	make_cert(&how, t->self ? NULL : &pki.z, &m);
	texts(&a, JWS_RS256, &m, &h, &p);
	raw_jws(buf_view(&h), buf_view(&p), JWS_RS256, leaf_key, &jws);
	assert_err(verdict(buf_view(&jws), MADE_NOW, &v), t->want);
	assert_string_equal(v.said.jti, "a-1");	/* for the audit record */
}

/* A pass of the test CA, at a broker of production: its CA is not there (T38). */
static void
wrong_environment(void **state)
{
	AUTO(buf_free) struct buf h = BUF(JWS_MAX), p = BUF(JWS_MAX), jws = BUF(JWS_MAX);
	AUTO(verify_result_free) struct verify_result v = { 0 };
	AUTO(cert_store_free) struct cert_store *s = NULL;
	struct pki production = { 0 };
	struct verify_expect e;
	struct verify_rules rules = { .cert = { .now = MADE_NOW, .pass_types = "ZN" } };
	struct assertion a = answer();

	(void)state;
	make_pki("", "2.16.528.1.1003.1.2.5.", &production);
	assert_ok(cert_store_new(CERT_ENV_PRODUCTION, CERT_REVOCATION_HARD, &s));
	assert_ok(cert_store_add_anchor(s, buf_view(&production.root.der)));
	assert_ok(cert_store_add_intermediate(s, buf_view(&production.level2.der)));
	rules.store = s;
	texts(&a, JWS_RS256, &leaf, &h, &p);
	raw_jws(buf_view(&h), buf_view(&p), JWS_RS256, leaf_key, &jws);
	assert_ok(verify_expect_of(&asked, buf_view(&asked_jws), &e));
	assert_err(verify_assertion(buf_view(&jws), &e, &rules, &v), ERR_CERT_UNTRUSTED);
	assert_string_equal(v.cert.issuer_cn, "TEST UZI-register Zorgverlener CA G3");
	pki_drop(&production);
}

/* ---- the record ---- */

struct record_case {
	const char *name;
	void (*change)(struct verify_expect *e);
	enum err want;
};

static void r_none(struct verify_expect *e) { (void)e; }
static void r_hash(struct verify_expect *e) { e->challenge_sha256[31] ^= 1; }
static void r_nonce(struct verify_expect *e) { e->nonce[0] ^= 1; }
static void r_aud(struct verify_expect *e) { e->aud = ISS "/"; }
static void r_client(struct verify_expect *e) { e->client_id = "epd2"; }
static void r_origin(struct verify_expect *e) { e->origin = "https://epd.example.n"; }
static void r_native(struct verify_expect *e) { e->origin = ""; }
static void r_dutch(struct verify_expect *e) { e->rp_names[0] = "EPD van West"; }

static void
r_english(struct verify_expect *e)
{
	e->rp_names[1] = e->rp_names[0];
	e->rp_names[0] = NULL;
}

/* T3, T5: compared with the broker's own record. */
static void
record(void **state)
{
	static const struct record_case all[] = {
		{ "the record", r_none, ERR_OK },
		{ "another challenge", r_hash, ERR_MISMATCH },
		{ "another nonce", r_nonce, ERR_MISMATCH },
		{ "another broker", r_aud, ERR_AUDIENCE },
		{ "another client", r_client, ERR_MISMATCH },
		{ "another origin", r_origin, ERR_MISMATCH },
		{ "no origin", r_native, ERR_MISMATCH },
		{ "another name", r_dutch, ERR_MISMATCH },
		{ "the other language's name", r_english, ERR_OK },
	};
	AUTO(buf_free) struct buf h = BUF(JWS_MAX), p = BUF(JWS_MAX), jws = BUF(JWS_MAX);
	AUTO(cert_store_free) struct cert_store *s = NULL;
	struct verify_rules rules = { .cert = { .now = MADE_NOW, .pass_types = "ZN" } };
	struct assertion a = answer();

	(void)state;
	new_store(CERT_ENV_ACCEPTANCE, &s);
	rules.store = s;
	texts(&a, JWS_RS256, &leaf, &h, &p);
	raw_jws(buf_view(&h), buf_view(&p), JWS_RS256, leaf_key, &jws);
	for (size_t i = 0; i < NELEM(all); i++) {
		AUTO(verify_result_free) struct verify_result v = { 0 };
		struct verify_expect e;

		print_message("%s\n", all[i].name);
		assert_ok(verify_expect_of(&asked, buf_view(&asked_jws), &e));
		all[i].change(&e);
		assert_err(verify_assertion(buf_view(&jws), &e, &rules, &v), all[i].want);
	}
}

/* The window is the operator's; within it the skew is told. */
static void
skew(void **state)
{
	static const struct {
		int64_t late, most;
		enum err want;
	} all[] = {
		{ 60, 0, ERR_OK }, { 61, 0, ERR_STALE }, { -60, 0, ERR_OK }, { -61, 0,
		ERR_STALE },
		{ 300, 300, ERR_OK }, { 301, 300, ERR_STALE }, { 5, 4, ERR_STALE },
	};
	AUTO(buf_free) struct buf h = BUF(JWS_MAX), p = BUF(JWS_MAX), jws = BUF(JWS_MAX);
	AUTO(cert_store_free) struct cert_store *s = NULL;
	struct assertion a = answer();
	struct verify_expect e;

	(void)state;
	new_store(CERT_ENV_ACCEPTANCE, &s);
	texts(&a, JWS_RS256, &leaf, &h, &p);
	raw_jws(buf_view(&h), buf_view(&p), JWS_RS256, leaf_key, &jws);
	assert_ok(verify_expect_of(&asked, buf_view(&asked_jws), &e));
	for (size_t i = 0; i < NELEM(all); i++) {
		AUTO(verify_result_free) struct verify_result v = { 0 };
		const struct verify_rules rules = {
			.store = s, .skew_max = all[i].most,
			.cert = { .now = MADE_NOW + all[i].late, .pass_types = "ZN" },
		};

		assert_err(verify_assertion(buf_view(&jws), &e, &rules, &v), all[i].want);
		assert_int_equal(v.skew, all[i].want == ERR_OK ? -all[i].late : 0);
	}
}

/* For dezi verify: no record, and a time of the reader's choice. */
static void
offline(void **state)
{
	AUTO(buf_free) struct buf h = BUF(JWS_MAX), p = BUF(JWS_MAX), jws = BUF(JWS_MAX);
	AUTO(cert_store_free) struct cert_store *s = NULL;
	AUTO(verify_result_free) struct verify_result v = { 0 }, w = { 0 }, x = { 0 };
	struct verify_rules rules = { .cert = { .now = MADE_NOW + 3600,
	    .pass_types = "ZN" } };
	struct assertion a = answer();

	(void)state;
	new_store(CERT_ENV_ACCEPTANCE, &s);
	rules.store = s;
	texts(&a, JWS_RS256, &leaf, &h, &p);
	raw_jws(buf_view(&h), buf_view(&p), JWS_RS256, leaf_key, &jws);
	assert_ok(verify_assertion_offline(buf_view(&jws), &rules, &v));
	assert_string_equal(v.said.client_id, "epd");
	assert_int_equal(v.cert.who.pass_type, 'Z');
	rules.cert.now = MADE_NOW + 1000 * MADE_DAY - 1;
	assert_err(verify_assertion_offline(buf_view(&jws), &rules, &w),
	    ERR_CERT_EXPIRED);
	rules.cert.now = MADE_NOW;
	jws.p[jws.len - 9] = jws.p[jws.len - 9] == 'A' ? 'B' : 'A';
	assert_err(verify_assertion_offline(buf_view(&jws), &rules, &x), ERR_SIGNATURE);
}

/* ---- what the maker says of the key ---- */

static const struct attest_ext facts[] = {
	ATTEST_FIRMWARE("\x05\x07\x04"), ATTEST_SERIAL, ATTEST_POLICY("\x03\x02"),
	ATTEST_FORM, ATTEST_END,
};

static void
keep(struct assertion_cert *c, const struct buf *der)
{
	assert_true(der->len != 0 && der->len <= sizeof(c->der));
	memcpy(c->der, der->p, der->len);
	c->n = der->len;
}

/* An assertion of leaf, which is good, with this beside it; and what vendor makes of it. */
static enum err
with_attestation(const struct buf *statement, const struct buf *device,
    const struct maker *pinned, struct attest *ret)
{
	AUTO(buf_free) struct buf h = BUF(JWS_MAX), p = BUF(JWS_MAX), jws = BUF(JWS_MAX);
	AUTO(verify_result_free) struct verify_result v = { 0 };
	AUTO(cert_store_free) struct cert_store *vendors = NULL;
	struct assertion a = answer();

	if (statement != NULL) {
		keep(&a.evidence.statement, statement);
		keep(&a.evidence.device, device);
	}
	texts(&a, JWS_RS256, &leaf, &h, &p);
	raw_jws(buf_view(&h), buf_view(&p), JWS_RS256, leaf_key, &jws);
	assert_ok(verdict(buf_view(&jws), MADE_NOW, &v));
	assert_int_equal(verify_has_attestation(&v), statement != NULL);
	assert_ok(cert_store_new(CERT_ENV_ACCEPTANCE, CERT_REVOCATION_ELSEWHERE, &vendors));
	if (pinned != NULL)
		assert_ok(cert_store_add_anchor(vendors, buf_view(&pinned->root)));
	memset(ret, 0xee, sizeof(*ret));
	return verify_attestation(&v, vendors, ret);
}

static void
attestation(void **state)
{
	AUTO(maker_drop) struct maker maker = { 0 }, foreign = { 0 };
	AUTO(buf_free) struct buf s = BUF(8192), junk = BUF(8192);
	struct attest a;

	(void)state;
	maker_make(&maker);
	maker_make(&foreign);
	assert_err(with_attestation(NULL, NULL, &maker, &a), ERR_NOT_FOUND);
	assert_int_equal(a.verdict, ATTEST_ABSENT);
	maker_say(&maker, leaf_key, facts, &s);
	assert_ok(with_attestation(&s, &maker.device, &maker, &a));
	assert_int_equal(a.verdict, ATTEST_GOOD);
	assert_memory_equal(a.firmware, "\x05\x07\x04", 3);
	assert_int_equal(a.pin, ATTEST_PIN_ALWAYS);
	assert_int_equal(a.touch, ATTEST_TOUCH_ALWAYS);
	assert_true(a.has_serial);
	assert_int_equal(a.serial, 12345678);
	assert_int_equal(a.form, 3);
	/* Nobody's word counts, or another's of the same names. */
	assert_err(with_attestation(&s, &maker.device, NULL, &a), ERR_CERT_UNTRUSTED);
	assert_int_equal(a.verdict, ATTEST_UNTRUSTED);
	assert_err(with_attestation(&s, &maker.device, &foreign, &a), ERR_CERT_UNTRUSTED);
	assert_int_equal(a.verdict, ATTEST_UNTRUSTED);
	/* A device that is good did not say it. */
	assert_err(with_attestation(&s, &foreign.device, &foreign, &a), ERR_CERT_UNTRUSTED);
	assert_int_equal(a.verdict, ATTEST_FORGED);
	s.p[s.len - 1] ^= 1;
	assert_err(with_attestation(&s, &maker.device, &maker, &a), ERR_CERT_UNTRUSTED);
	assert_int_equal(a.verdict, ATTEST_FORGED);
	assert_int_equal(a.pin, 0);
	maker_say(&maker, other_key, facts, &s);
	assert_err(with_attestation(&s, &maker.device, &maker, &a), ERR_MISMATCH);
	assert_int_equal(a.verdict, ATTEST_OTHER_KEY);
	buf_str(&junk, "0\x80");
	assert_err(with_attestation(&junk, &junk, &maker, &a), ERR_MALFORMED);
	assert_int_equal(a.verdict, ATTEST_MALFORMED);
}

/* Of a login that was refused nothing is attested. */
static void
attestation_of_a_refused_login(void **state)
{
	AUTO(buf_free) struct buf h = BUF(JWS_MAX), p = BUF(JWS_MAX), jws = BUF(JWS_MAX);
	AUTO(verify_result_free) struct verify_result v = { 0 };
	AUTO(cert_store_free) struct cert_store *vendors = NULL;
	AUTO(maker_drop) struct maker maker = { 0 };
	AUTO(buf_free) struct buf s = BUF(8192);
	struct assertion a = answer();
	struct attest at;

	(void)state;
	maker_make(&maker);
	maker_say(&maker, leaf_key, facts, &s);
	keep(&a.evidence.statement, &s);
	keep(&a.evidence.device, &maker.device);
	texts(&a, JWS_RS256, &leaf, &h, &p);
	raw_jws(buf_view(&h), buf_view(&p), JWS_RS256, other_key, &jws);
	assert_err(verdict(buf_view(&jws), MADE_NOW, &v), ERR_SIGNATURE);
	assert_true(verify_has_attestation(&v));
	assert_ok(cert_store_new(CERT_ENV_ACCEPTANCE, CERT_REVOCATION_ELSEWHERE, &vendors));
	assert_ok(cert_store_add_anchor(vendors, buf_view(&maker.root)));
	assert_err(verify_attestation(&v, vendors, &at), ERR_MISMATCH);
	assert_int_equal(at.verdict, ATTEST_OTHER_KEY);
}

/* T-parse: 1 MB, and a thousand brackets. */
static void
deep_and_long(void **state)
{
	AUTO(buf_free) struct buf big = BUF(1 << 20), h = BUF(JWS_MAX), p = BUF(JWS_MAX);
	AUTO(buf_free) struct buf nest = BUF(16384), deep = BUF(JWS_MAX),
	    jws = BUF(JWS_MAX);
	AUTO(verify_result_free) struct verify_result v = { 0 };
	struct assertion a = answer();

	(void)state;
	memset(buf_room(&big, 1 << 20), 'A', 1 << 20);
	assert_err(verdict(buf_view(&big), MADE_NOW, &v), ERR_LIMIT);
	texts(&a, JWS_RS256, &leaf, &h, &p);
	buf_str(&nest, "\"evidence\":{\"x\":");
	for (int i = 0; i < 1000; i++)
		buf_u8(&nest, '[');
	for (int i = 0; i < 1000; i++)
		buf_u8(&nest, ']');
	buf_u8(&nest, ',');
	replace_put(&deep, buf_cstr(&p), "\"evidence\":{", buf_cstr(&nest));
	raw_jws(buf_view(&h), buf_view(&deep), JWS_RS256, leaf_key, &jws);
	assert_err(verdict(buf_view(&jws), MADE_NOW, &v), ERR_LIMIT);
}

static int
setup(void **state)
{
	struct recipe how = pass_recipe('Z');

	(void)state;
	make_pki("TEST ", "2.16.528.1.1007.99.21", &pki);
	leaf_key = kept_rsa_key(2048);
	other_key = kept_rsa_key(2048);
	broker_key = EVP_EC_gen("P-256");
	how.key = leaf_key;
	make_cert(&how, &pki.z, &leaf);
	how.key = other_key;
	make_cert(&how, &pki.z, &other_leaf);
	ask();

	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	pki_drop(&pki);
	made_drop(&leaf);
	made_drop(&other_leaf);
	EVP_PKEY_free(leaf_key);
	EVP_PKEY_free(other_key);
	EVP_PKEY_free(broker_key);
	buf_free(&asked_jws);

	return 0;
}

#define ROW(name, r, ...) \
	{ name, changed, NULL, NULL, &(struct change){ __VA_ARGS__, .want = r } }
#define HEAD(name, r, a, b)	ROW(name, r, .find_header = a, .with_header = b)
#define BODY(name, r, a, b)	ROW(name, r, .find = a, .with = b)
#define ALTERED(name, a, b)	ROW(name, ERR_SIGNATURE, .find = a, .with = b, .after = true)
#define CERT(name, f, r, ...) \
	{ "certificate: " name, certificate, NULL, NULL, \
	    &(struct cert_case){ .change = f, .want = r, __VA_ARGS__ } }

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(other_algorithms),
		ROW("nothing changed", ERR_OK, .late = 0),
		ROW("T-alg: none, unsigned", ERR_ALG, .find_header = "RS256",
		    .with_header = "none", .unsigned_ = true),
		HEAD("T-alg: HS256", ERR_ALG, "RS256", "HS256"),
		HEAD("T-alg: RS1", ERR_ALG, "RS256", "RS1"),
		HEAD("T-alg: RS512", ERR_ALG, "RS256", "RS512"),
		HEAD("T-alg: ES256 with an RSA key", ERR_ALG, "RS256", "ES256"),
		HEAD("T-alg: PS256 over a PKCS#1 signature", ERR_SIGNATURE, "RS256",
		    "PS256"),
		HEAD("alg as a list", ERR_MALFORMED, "\"RS256\"", "[\"RS256\"]"),
		HEAD("alg twice", ERR_MALFORMED, "{", "{\"alg\":\"none\","),
		HEAD("crit", ERR_MALFORMED, "{", "{\"crit\":[\"v\"],"),
		HEAD("jku", ERR_MALFORMED, "{", "{\"jku\":\"https://evil.example\","),
		HEAD("jwk", ERR_MALFORMED, "{", "{\"jwk\":{},"),
		HEAD("x5u", ERR_MALFORMED, "{", "{\"x5u\":\"https://evil.example\","),
		HEAD("kid", ERR_MALFORMED, "{", "{\"kid\":\"x\","),
		HEAD("another typ", ERR_MALFORMED, NAME_TYP_ASSERTION,
		    NAME_TYP_CHALLENGE),
		HEAD("typ with a tail", ERR_MALFORMED, NAME_TYP_ASSERTION,
		    NAME_TYP_ASSERTION "2"),
		HEAD("no x5c", ERR_MALFORMED, "x5c", "x5d"),
		HEAD("x5c that is no certificate", ERR_MALFORMED, "[\"MII", "[\"MIJ"),
		HEAD("x5c with another first", ERR_MALFORMED, "[\"", "[\"MAA=\",\""),
		HEAD("seven certificates", ERR_MALFORMED, "[\"",
		    "[\"MAA=\",\"MAA=\",\"MAA=\",\"MAA=\",\"MAA=\",\""),
		BODY("version 2", ERR_VERSION, "\"v\":1", "\"v\":2"),
		BODY("a claim more", ERR_MALFORMED, "{\"v\":1",
		    "{\"acr\":\"high\",\"v\":1"),
		BODY("a claim twice", ERR_MALFORMED, "{\"v\":1", "{\"v\":1,\"v\":1"),
		BODY("more evidence", ERR_OK, "\"means\"",
		    "\"more\":{\"x\":1},\"means\""),
		BODY("other aud", ERR_AUDIENCE, ISS, ISS ".evil"),
		BODY("other client", ERR_MISMATCH, "\"epd\",\"rp", "\"epd2\",\"rp"),
		BODY("other nonce", ERR_MISMATCH, "\"nonce\":\"Bw", "\"nonce\":\"Cw"),
		BODY("origin left out", ERR_MISMATCH,
		    "\"origin\":\"https://epd.example.nl\",", ""),
		BODY("the English name", ERR_OK, "EPD van Oost", "EHR East"),
		BODY("a name never given", ERR_MISMATCH, "EPD van Oost", "EPD van West"),
		BODY("iat at the end of time", ERR_STALE, "\"iat\":1790000000",
		    "\"iat\":9223372036854775807"),
		BODY("iat at its beginning", ERR_STALE, "\"iat\":1790000000",
		    "\"iat\":-9223372036854775807"),
		ROW("received too late", ERR_STALE, .late = 61),
		ALTERED("payload altered", "\"epd\",\"rp", "\"epd2\",\"rp"),
		ALTERED("evidence altered", "\"uzi\"", "\"piv\""),
		ROW("certificate A, signature by B", ERR_SIGNATURE, .other_signer = true),
		ROW("certificate B, signature by A", ERR_SIGNATURE, .other_cert = true),
		ROW("no signature", ERR_SIGNATURE, .unsigned_ = true),
		ROW("signed by PSS", ERR_SIGNATURE, .alg = JWS_PS256),
		CERT("T7: for signatures", signature_cert, ERR_CERT_USAGE),
		CERT("expired", expired, ERR_CERT_EXPIRED),
		CERT("not yet valid", early, ERR_CERT_EARLY),
		CERT("revoked", revoked, ERR_CERT_REVOKED),
		CERT("policy", no_policy, ERR_CERT_POLICY),
		CERT("self-signed", unchanged, ERR_CERT_UNTRUSTED, .self = true),
		CERT("SAN of 6 fields", six_fields, ERR_CERT_PROFILE),
		CERT("SAN of 8 fields", eight_fields, ERR_CERT_PROFILE),
		CERT("SAN of odd length", odd_length, ERR_CERT_PROFILE),
		cmocka_unit_test(wrong_environment),
		cmocka_unit_test(record),
		cmocka_unit_test(skew),
		cmocka_unit_test(offline),
		cmocka_unit_test(attestation),
		cmocka_unit_test(attestation_of_a_refused_login),
		cmocka_unit_test(deep_and_long),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
