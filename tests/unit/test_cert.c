/* SPDX-License-Identifier: EUPL-1.2 */
/* Reading certificates: purpose, UZI profile, roles; the real ones where they are. */
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "cert/inner.h"
#include "tests/unit/make_cert.h"
#include "tests/unit/rsa_key.h"

static EVP_PKEY *leaf_key;	/* one for all: making RSA keys takes time */
static struct pki pki;

/* ---- the real ones ---- */

/* The shared fixtures stand beside the tree, or where DEZI_SHARED says. */
static bool
fixture(const char *name, struct buf *ret)
{
	const char *shared = getenv("DEZI_SHARED"), *srcdir = getenv("srcdir");
	char path[4096];

	if (shared != NULL)
		snprintf(path, sizeof(path), "%s/fixtures/uzi/%s", shared, name);
	else
		snprintf(path, sizeof(path), "%s/../shared/fixtures/uzi/%s",
		    srcdir != NULL ? srcdir : ".", name);
	buf_clear(ret);

	return file_read(path, ret) == ERR_OK;
}

#define NEED(name, b)	do { if (!fixture(name, b)) skip(); } while (0)

static void
load_real(const char *name, struct cert **ret)
{
	AUTO(buf_free) struct buf der = BUF(65536);

	assert_true(fixture(name, &der));
	assert_ok(cert_parse(buf_view(&der), ret));
	assert_true(cur_eq(cert_der(*ret), buf_view(&der)));
}

static const char *const test_cas[] = {
	"test-ca/test-zorg-csp-level-2-persoon-ca-g3.der",
	"test-ca/test-uzi-register-zorgverlener-ca-g3.der",
	"test-ca/test-uzi-register-medewerker-op-naam-ca-g3.der",
};
static const char *const production_cas[] = {
	"production-ca/staat-der-nederlanden-organisatie-persoon-ca-g3.der",
	"production-ca/uzi-register-medewerker-op-naam-ca-g3-2017.der",
	"production-ca/uzi-register-medewerker-op-naam-ca-g3-2019.der",
	"production-ca/uzi-register-zorgverlener-ca-g3-2017.der",
	"production-ca/uzi-register-zorgverlener-ca-g3-2019.der",
};
#define TEST_ROOT	"test-ca/test-zorg-csp-root-ca-g3.der"
#define PRODUCTION_ROOT	"production-ca/staat-der-nederlanden-root-ca-g3.der"

static void
real_store(enum cert_env env, const char *root, const char *const *cas, size_t n,
    struct cert_store **ret)
{
	AUTO(buf_free) struct buf der = BUF(65536);

	assert_ok(cert_store_new(env, CERT_REVOCATION_HARD, ret));
	assert_true(fixture(root, &der));
	assert_ok(cert_store_add_anchor(*ret, buf_view(&der)));
	for (size_t i = 0; i < n; i++) {
		assert_true(fixture(cas[i], &der));
		assert_ok(cert_store_add_intermediate(*ret, buf_view(&der)));
	}
}

static void
expect_path(const struct cert_store *s, const struct cert *c, const char *policy,
    int64_t now, int length)
{
	AUTO(chain_drop) struct chain path = { 0 };

	assert_ok(chain_build(s, c, s->intermediates, &policy, policy != NULL,
	    X509_PURPOSE_ANY, now, &path));
	assert_false(path.expired || path.early || path.policy_missing);
	assert_int_equal(sk_X509_num(path.certs), length);
}

#define JUNE_2018	1527811200
#define JUNE_2019	1559347200
#define OCTOBER_2020	1603880000	/* 28-10-2020: the three CRLs are fresh */

static void
real_pass_z(void **state)
{
	AUTO(cert_store_free) struct cert_store *s = NULL;
	AUTO(buf_free) struct buf b = BUF(65536);
	static const struct {
		const char *name, *policy;
		enum cert_purpose purpose;
	} all[] = {
		{ "authentication", "2.16.528.1.1007.99.211", CERT_AUTHENTICATION },
		{ "signature", "2.16.528.1.1007.99.212", CERT_SIGNATURE },
		{ "confidentiality", "2.16.528.1.1007.99.213", CERT_CONFIDENTIALITY },
	};

	(void)state;
	NEED(TEST_ROOT, &b);
	real_store(CERT_ENV_ACCEPTANCE, TEST_ROOT, test_cas, NELEM(test_cas), &s);
	for (size_t i = 0; i < NELEM(all); i++) {
		AUTO(cert_free) struct cert *c = NULL;
		struct uzi_identity who;
		char path[128];

		snprintf(path, sizeof(path), "test-pass-z/%s.der", all[i].name);
		load_real(path, &c);
		assert_int_equal(cert_purpose(c), all[i].purpose);
		assert_true(cert_has_policy(c, all[i].policy));
		expect_path(s, c, all[i].policy, JUNE_2018, 4);
		assert_ok(cert_uzi(c, CERT_ENV_ACCEPTANCE, &who));
		assert_string_equal(who.uzi_number, "900016528");
		assert_int_equal(who.pass_type, 'Z');
		assert_string_equal(who.subscriber, "90000382");
		assert_string_equal(who.subscriber_name, "T\xc3\xa9st Zorginstelling 03");
		assert_string_equal(who.role, "01.000");
		assert_string_equal(who.agb, "00000000");
		assert_string_equal(who.name, "Jan test-90014548");
		assert_string_equal(who.title, "Arts");
		assert_string_equal(who.oid_ca, "2.16.528.1.1007.99.217");
		assert_err(cert_uzi(c, CERT_ENV_PRODUCTION, &who), ERR_CERT_PROFILE);
	}
}

static void
real_dates(void **state)
{
	AUTO(buf_free) struct buf b = BUF(65536);
	AUTO(cert_free) struct cert *c = NULL;

	(void)state;
	NEED(TEST_ROOT, &b);
	load_real("test-pass-z/authentication.der", &c);
	assert_int_equal(cert_not_before(c), 1499945948);	/* 13-7-2017 11:39:08 */
	assert_int_equal(cert_not_after(c), 1594553948);	/* 12-7-2020 11:39:08 */
	assert_int_equal(cert_key_bits(c), 2048);
}

/* What a time is, and what is none: then it cannot be said (vector 72). */
static void
odd_dates(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
	} all[] = {
		{ "G99991231235959Z", 253402300799 }, { "G20500101000000Z", 2524608000 },
		{ "U491231235959Z", 2524607999 }, { "U500101000000Z", -631152000 },
		{ "G", INT64_MIN }, { "Unever", INT64_MIN },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(all); i++) {
		AUTO(cert_free) struct cert *c = NULL;
		AUTO(made_drop) struct made m = { 0 };
		struct recipe how = pass_recipe('Z');

		how.key = leaf_key;
		how.until_text = all[i].text;
		make_cert(&how, &pki.z, &m);
		assert_ok(cert_parse(buf_view(&m.der), &c));
		assert_true(cert_not_after(c) == all[i].want);
	}
}

/* Its JWS was made with the signature key: it may not log in (T7). */
static void
real_pass_n(void **state)
{
	AUTO(cert_store_free) struct cert_store *s = NULL;
	AUTO(cert_verdict_free) struct cert_verdict v = { 0 };
	AUTO(cert_free) struct cert *c = NULL;
	AUTO(buf_free) struct buf b = BUF(65536);
	const struct cert_rules rules = { .now = OCTOBER_2020, .pass_types = "ZN" };

	(void)state;
	NEED(TEST_ROOT, &b);
	real_store(CERT_ENV_ACCEPTANCE, TEST_ROOT, test_cas, NELEM(test_cas), &s);
	load_real("test-pass-n/signature.der", &c);
	assert_int_equal(cert_purpose(c), CERT_SIGNATURE);
	expect_path(s, c, "2.16.528.1.1007.99.212", OCTOBER_2020, 4);
	assert_err(cert_check_login(s, c, NULL, 0, &rules, &v), ERR_CERT_USAGE);
	assert_string_equal(v.who.uzi_number, "900021219");
	assert_int_equal(v.who.pass_type, 'N');
	assert_string_equal(v.who.role, "00.000");
	assert_string_equal(v.serial, "1CF53CA955CAA837A9AD81C20962818BEBC9B556");
	assert_string_equal(v.issuer_cn, "TEST UZI-register Medewerker op naam CA G3");
}

/* The CRLs of 27-10-2020: fresh for two days, unknown before and after. */
static void
real_crls(void **state)
{
	static const char *const crls[] = {
		"crl/test-zorg-csp-root-ca-g3.crl",
		"crl/test-zorg-csp-level-2-persoon-ca-g3.crl",
		"crl/test-uzi-register-medewerker-op-naam-ca-g3.crl",
	};
	AUTO(cert_store_free) struct cert_store *s = NULL;
	AUTO(chain_drop) struct chain path = { 0 };
	AUTO(cert_free) struct cert *c = NULL;
	AUTO(buf_free) struct buf b = BUF(65536);

	(void)state;
	NEED(TEST_ROOT, &b);
	real_store(CERT_ENV_ACCEPTANCE, TEST_ROOT, test_cas, NELEM(test_cas), &s);
	load_real("test-pass-n/signature.der", &c);
	assert_ok(chain_build(s, c, s->intermediates, NULL, 0, X509_PURPOSE_ANY,
	    OCTOBER_2020, &path));
	for (size_t i = 0; i < NELEM(crls); i++) {
		assert_err(revoked_check(s, path.certs, OCTOBER_2020), ERR_REVOCATION);
		assert_true(fixture(crls[i], &b));
		assert_ok(cert_store_add_crl(s, buf_view(&b)));
	}
	assert_ok(revoked_check(s, path.certs, OCTOBER_2020));
	assert_err(revoked_check(s, path.certs, OCTOBER_2020 - 2 * MADE_DAY),
	    ERR_REVOCATION);
	assert_err(revoked_check(s, path.certs, OCTOBER_2020 + 2 * MADE_DAY),
	    ERR_REVOCATION);
}

static void
real_production(void **state)
{
	AUTO(cert_store_free) struct cert_store *s = NULL;
	AUTO(buf_free) struct buf b = BUF(65536);

	(void)state;
	NEED(PRODUCTION_ROOT, &b);
	real_store(CERT_ENV_PRODUCTION, PRODUCTION_ROOT, production_cas,
	    NELEM(production_cas), &s);
	for (size_t i = 0; i < NELEM(production_cas); i++) {
		AUTO(cert_free) struct cert *c = NULL;

		load_real(production_cas[i], &c);
		assert_int_equal(cert_purpose(c), CERT_OTHER);
		expect_path(s, c, "2.16.528.1.1003.1.2.5.1", JUNE_2019, i == 0 ? 2 : 3);
	}
}

/* T38: no test CA in production, as anchor or as intermediate. */
static void
real_test_ca_in_production(void **state)
{
	AUTO(cert_store_free) struct cert_store *s = NULL;
	AUTO(buf_free) struct buf b = BUF(65536);

	(void)state;
	NEED(TEST_ROOT, &b);
	assert_ok(cert_store_new(CERT_ENV_PRODUCTION, CERT_REVOCATION_HARD, &s));
	assert_err(cert_store_add_anchor(s, buf_view(&b)), ERR_CONFIG);
	for (size_t i = 0; i < NELEM(test_cas); i++) {
		assert_true(fixture(test_cas[i], &b));
		assert_err(cert_store_add_intermediate(s, buf_view(&b)), ERR_CONFIG);
	}
}

/* ---- purpose ---- */

struct purpose_case {
	const char *usage, *eku, *policies;
	enum cert_purpose want;
	bool ca;
};

static void
purpose(void **state)
{
	const struct purpose_case *t = *state;
	AUTO(made_drop) struct made m = { 0 };
	AUTO(cert_free) struct cert *c = NULL;
	struct recipe how = pass_recipe('Z');

	how.key = leaf_key;
	how.usage = t->usage;
	how.eku = t->eku;
	how.policies = t->policies;
	if (t->ca)
		how.basic = "critical,CA:TRUE";
	make_cert(&how, &pki.z, &m);
	assert_ok(cert_parse(buf_view(&m.der), &c));
	assert_int_equal(cert_purpose(c), t->want);
}

#define PURPOSE(name, is, ...) \
	{ "purpose: " name, purpose, NULL, NULL, \
	    &(struct purpose_case){ __VA_ARGS__, .want = CERT_##is } }
#define DS	"critical,digitalSignature"
#define P(n)	"2.16.528.1.1007.99.21" #n

/* ---- UZI profile ---- */

#define Z_NAME	"2.16.528.1.1007.99.217-1-900000001-Z-90000123-01.015-00000000"
#define UPN	"900000001@90000123"

struct profile_case {
	const char *upn, *uzi;
	enum cert_env env;
	enum err want;
	const char *san;	/* instead */
	const char *hex;	/* instead */
	const char *serial_number;
	char issuer;		/* 'Z' by default */
};

static void
profile(void **state)
{
	const struct profile_case *t = *state;
	AUTO(made_drop) struct made m = { 0 };
	AUTO(cert_free) struct cert *c = NULL;
	struct uzi_identity who = { 0 };
	struct recipe how = pass_recipe('Z');
	char san[1024];
	enum err r;

	how.key = leaf_key;
	how.san = t->san;
	how.san_hex = t->hex;
	if (t->upn != NULL || t->uzi != NULL)
		how.san = san_text(t->upn, t->uzi, san, sizeof(san));
	if (t->serial_number != NULL)
		how.serial_number = t->serial_number;
	make_cert(&how, t->issuer == 'N' ? &pki.n : &pki.z, &m);
	r = cert_parse(buf_view(&m.der), &c);
	if (r == ERR_OK)
		r = cert_uzi(c, t->env, &who);
	assert_err(r, t->want);
	assert_int_equal(who.uzi_number[0] != '\0', t->want == ERR_OK);
}

#define PROFILE(name, r, e, ...) \
	{ "profile: " name, profile, NULL, NULL, &(struct profile_case){ \
	    .env = CERT_ENV_##e, .want = r, __VA_ARGS__ } }
#define BAD	ERR_CERT_PROFILE
#define UZI_BAD(name, text) \
	PROFILE(name, BAD, ACCEPTANCE, .upn = UPN, .uzi = text)

/* [0] { type-id 2.5.5.5, [0] IA5String of the length byte given } */
#define RAW(outer, other, explicit_, length, text) \
	"30" outer "A0" other "0603550505A0" explicit_ "16" length text
/* Z_NAME in hex: 61 bytes */
#define Z_HEX \
	"322E31362E3532382E312E313030372E39392E3231372D312D3930303030303030312D5A2D" \
	"39303030303132332D30312E3031352D3030303030303030"
/* the same with production's OID-CA: 64 bytes */
#define Z_HEX_64 \
	"322E31362E3532382E312E313030332E312E332E352E352E322D312D3930303030303030312D5A2D" \
	"39303030303132332D30312E3031352D3030303030303030"

/* ---- form ---- */

static void
not_a_certificate(void **state)
{
	AUTO(cert_free) struct cert *c = NULL;
	AUTO(made_drop) struct made m = { 0 };
	struct recipe how = pass_recipe('Z');

	(void)state;
	how.key = leaf_key;
	make_cert(&how, &pki.z, &m);
	assert_err(cert_parse(cur_of(NULL, 0), &c), ERR_LIMIT);
	assert_err(cert_parse(cur_str("30"), &c), ERR_MALFORMED);
	assert_err(cert_parse(cur_of(m.der.p, m.der.len - 1), &c), ERR_MALFORMED);
	buf_u8(&m.der, 0);
	assert_err(cert_parse(buf_view(&m.der), &c), ERR_MALFORMED);
	assert_non_null(buf_room(&m.der, CERT_DER_MAX));
	assert_err(cert_parse(buf_view(&m.der), &c), ERR_LIMIT);
	assert_null(c);
}

struct form_case {
	const char *kind;
	int twice;
	enum err want;
};

static void
form(void **state)
{
	const struct form_case *t = *state;
	AUTO(cert_free) struct cert *c = NULL;
	AUTO(made_drop) struct made m = { 0 };
	struct recipe how = pass_recipe('Z');

	how.kind = t->kind;
	how.twice = t->twice;
	if (t->kind == NULL)
		how.key = leaf_key;
	make_cert(&how, &pki.z, &m);
	assert_err(cert_parse(buf_view(&m.der), &c), t->want);
}

#define FORM(name, r, ...) \
	{ "form: " name, form, NULL, NULL, &(struct form_case){ __VA_ARGS__, .want = r } }

static void
roles(void **state)
{
	(void)state;
	assert_string_equal(cert_role_name("01.015"), "Huisarts");
	assert_string_equal(cert_role_name("01.000"), "Arts");
	assert_string_equal(cert_role_name("89.000"), "Di\xc3\xabtist");
	assert_null(cert_role_name("01.999"));
	assert_null(cert_role_name("00.000"));
	assert_null(cert_role_name(""));
}

static int
setup(void **state)
{
	(void)state;
	make_pki("TEST ", "2.16.528.1.1007.99.21", &pki);
	leaf_key = kept_rsa_key(2048);

	return leaf_key == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	pki_drop(&pki);
	EVP_PKEY_free(leaf_key);

	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_pass_z),
		cmocka_unit_test(real_dates),
		cmocka_unit_test(odd_dates),
		cmocka_unit_test(real_pass_n),
		cmocka_unit_test(real_crls),
		cmocka_unit_test(real_production),
		cmocka_unit_test(real_test_ca_in_production),
		PURPOSE("authentication", AUTHENTICATION, DS, "clientAuth", P(1)),
		PURPOSE("without a UZI policy", AUTHENTICATION, DS, "clientAuth", NULL),
		PURPOSE("signature", SIGNATURE, "critical,nonRepudiation",
		    "emailProtection", P(2)),
		PURPOSE("T7: both usages", SIGNATURE,
		    "critical,digitalSignature,nonRepudiation", "clientAuth", NULL),
		PURPOSE("T7: policy of a signature", OTHER, DS, "clientAuth", P(2)),
		PURPOSE("policies of both", OTHER, DS, "clientAuth", P(1) "," P(2)),
		PURPOSE("confidentiality", CONFIDENTIALITY,
		    "critical,keyEncipherment,dataEncipherment", "emailProtection", P(3)),
		PURPOSE("server", OTHER, "critical,digitalSignature,keyEncipherment",
		    "serverAuth,clientAuth", NULL),
		PURPOSE("server by EKU", OTHER, DS, "serverAuth,clientAuth", P(1)),
		PURPOSE("any EKU", OTHER, DS, "anyExtendedKeyUsage,clientAuth", P(1)),
		PURPOSE("no clientAuth", OTHER, DS, "emailProtection", P(1)),
		PURPOSE("no EKU", OTHER, DS, NULL, P(1)),
		PURPOSE("no usage", OTHER, NULL, "clientAuth", P(1)),
		PURPOSE("CA", OTHER, "critical,digitalSignature,keyCertSign",
		    "clientAuth", P(1), .ca = true),
		PROFILE("good", ERR_OK, ACCEPTANCE, .upn = UPN, .uzi = Z_NAME),
		PROFILE("length byte 3D", ERR_OK, TEST, .hex =
		    RAW("48", "46", "3F", "3D", Z_HEX)),
		PROFILE("length byte 40", ERR_OK, TEST, .hex =
		    RAW("4B", "49", "42", "40", Z_HEX_64)),
		PROFILE("length byte one less", BAD, TEST, .hex =
		    RAW("48", "46", "3F", "3C", Z_HEX)),
		PROFILE("length byte one more", BAD, TEST, .hex =
		    RAW("48", "46", "3F", "3E", Z_HEX)),
		PROFILE("length byte 40 on 61 bytes", BAD, TEST, .hex =
		    RAW("48", "46", "3F", "40", Z_HEX)),
		PROFILE("bytes behind the names", BAD, TEST, .hex =
		    RAW("48", "46", "3F", "3D", Z_HEX) "0000"),
		PROFILE("no SAN", BAD, ACCEPTANCE, .san = NULL),
		PROFILE("empty SAN", BAD, TEST, .hex = "3000"),
		PROFILE("other names only", BAD, ACCEPTANCE, .san = "DNS:example.nl"),
		PROFILE("UPN only", BAD, ACCEPTANCE, .upn = UPN),
		PROFILE("two UZI names", BAD, ACCEPTANCE, .san =
		    "otherName:2.5.5.5;IA5:" Z_NAME ",otherName:2.5.5.5;IA5:" Z_NAME),
		PROFILE("G4's type-id", ERR_OK, ACCEPTANCE, .san =
		    "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:" UPN ","
		    "otherName:1.3.6.1.4.1.1466.115.121.1.26;IA5:" Z_NAME),
		PROFILE("another type-id", BAD, TEST, .san =
		    "otherName:1.2.3.4.5.6.7.8.9;IA5:" Z_NAME),
		PROFILE("UTF8String", BAD, ACCEPTANCE, .san =
		    "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:" UPN ","
		    "otherName:2.5.5.5;UTF8:" Z_NAME),
		PROFILE("UTF8String, lenient", ERR_OK, TEST, .san =
		    "otherName:2.5.5.5;UTF8:" Z_NAME),
		PROFILE("an INTEGER", BAD, TEST, .san = "otherName:2.5.5.5;INT:5"),
		UZI_BAD("6 fields",
		    "2.16.528.1.1007.99.217-1-900000001-Z-90000123-01.015"),
		UZI_BAD("8 fields", Z_NAME "-1"),
		PROFILE("6 fields, lenient", BAD, TEST, .upn = UPN, .uzi =
		    "2.16.528.1.1007.99.217-1-900000001-Z-90000123-01.015"),
		PROFILE("8 fields, lenient", BAD, TEST, .upn = UPN, .uzi = Z_NAME "-1"),
		UZI_BAD("one byte more", Z_NAME "0"),
		UZI_BAD("an empty field",
		    "2.16.528.1.1007.99.217-1-900000001-Z--01.015-00000000"),
		UZI_BAD("version 2",
		    "2.16.528.1.1007.99.217-2-900000001-Z-90000123-01.015-00000000"),
		UZI_BAD("another OID-CA",
		    "2.16.528.1.1007.99.216-1-900000001-Z-90000123-01.015-00000000"),
		UZI_BAD("OID-CA of another type",
		    "2.16.528.1.1007.99.218-1-900000001-Z-90000123-01.015-00000000"),
		UZI_BAD("an unknown type",
		    "2.16.528.1.1007.99.217-1-900000001-X-90000123-01.015-00000000"),
		UZI_BAD("a letter in the number",
		    "2.16.528.1.1007.99.217-1-90000000A-Z-90000123-01.015-00000000"),
		UZI_BAD("8 digits",
		    "2.16.528.1.1007.99.217-1-90000000-Z-90000123-01.015-00000000"),
		UZI_BAD("Z without a role",
		    "2.16.528.1.1007.99.217-1-900000001-Z-90000123-00.000-00000000"),
		UZI_BAD("role of another form",
		    "2.16.528.1.1007.99.217-1-900000001-Z-90000123-01015-00000000"),
		UZI_BAD("OID-CA of production",
		    "2.16.528.1.1003.1.3.5.5.2-1-900000001-Z-90000123-01.015-00000000"),
		PROFILE("OID-CA of a test in production", BAD, PRODUCTION, .upn = UPN,
		    .uzi = Z_NAME),
		PROFILE("OID-CA of production", ERR_OK, PRODUCTION, .upn = UPN, .uzi =
		    "2.16.528.1.1003.1.3.5.5.2-1-900000001-Z-90000123-01.015-00000000"),
		PROFILE("short numbers, lenient", ERR_OK, TEST, .serial_number = "12345",
		    .uzi = "2.16.528.1.1003.1.3.5.5.2-1-12345-Z-90123-01.015-1234"),
		PROFILE("short numbers", BAD, ACCEPTANCE, .serial_number = "12345",
		    .upn = "12345@90123",
		    .uzi = "2.16.528.1.1007.99.217-1-12345-Z-90123-01.015-1234"),
		PROFILE("no UPN", BAD, ACCEPTANCE, .uzi = Z_NAME),
		PROFILE("UPN of another number", BAD, ACCEPTANCE,
		    .upn = "900000002@90000123", .uzi = Z_NAME),
		PROFILE("UPN of another subscriber", BAD, TEST,
		    .upn = "900000001@90000124", .uzi = Z_NAME),
		PROFILE("serialNumber of another", BAD, TEST, .upn = UPN, .uzi = Z_NAME,
		    .serial_number = "900000002"),
		PROFILE("issued by the CA of another type", BAD, TEST, .upn = UPN,
		    .uzi = Z_NAME, .issuer = 'N'),
		cmocka_unit_test(not_a_certificate),
		FORM("RSA-2048", ERR_OK, .kind = NULL),
		FORM("P-256", ERR_OK, .kind = "P-256"),
		FORM("Ed25519", ERR_UNSUPPORTED, .kind = "ED25519"),
		FORM("an extension twice", ERR_MALFORMED, .twice = NID_key_usage),
		cmocka_unit_test(roles),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
