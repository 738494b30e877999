/* SPDX-License-Identifier: EUPL-1.2 */
/* May this certificate log in?  Leaf, environment, path, policy, revocation. */
#include "tests/check.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "cert/inner.h"
#include "tests/unit/make_cert.h"
#include "tests/unit/rsa_key.h"

static EVP_PKEY *leaf_key, *weak_key;
static struct pki pki, other, production;
static struct made rsa_ca;	/* an issuing CA with an RSA key, for PSS */

#define DEFAULT_CRL	&(const struct crl_recipe){ 0 }

static void
add_crl(struct cert_store *s, const struct made *issuer, const struct crl_recipe *how)
{
	AUTO(buf_free) struct buf der = BUF(65536);

	if (how == NULL)
		return;
	make_crl(how, issuer, &der);
	assert_ok(cert_store_add_crl(s, buf_view(&der)));
}

static void
new_store(enum cert_env env, enum cert_revocation revocation, const struct pki *p,
    struct cert_store **ret)
{
	assert_ok(cert_store_new(env, revocation, ret));
	assert_ok(cert_store_add_anchor(*ret, buf_view(&p->root.der)));
	assert_ok(cert_store_add_intermediate(*ret, buf_view(&p->level2.der)));
	assert_ok(cert_store_add_intermediate(*ret, buf_view(&p->z.der)));
	assert_ok(cert_store_add_intermediate(*ret, buf_view(&p->n.der)));
	assert_ok(cert_store_add_intermediate(*ret, buf_view(&p->m.der)));
	add_crl(*ret, &p->root, DEFAULT_CRL);
	add_crl(*ret, &p->level2, DEFAULT_CRL);
}

static enum err
check(const struct cert_store *s, const struct made *leaf, const struct cert_rules *rules,
    struct cert_verdict *ret)
{
	AUTO(cert_free) struct cert *c = NULL;

	assert_ok(cert_parse(buf_view(&leaf->der), &c));
	return cert_check_login(s, c, NULL, 0, rules, ret);
}

/* ---- the leaf ---- */

typedef void change_fn(struct recipe *r);

static void good(struct recipe *r) { (void)r; }
static void expired(struct recipe *r) { r->until = MADE_NOW - 1; }
static void early(struct recipe *r) { r->from = MADE_NOW + 1; }
static void ends_now(struct recipe *r) { r->until = MADE_NOW + 1; }
static void for_ever(struct recipe *r) { r->until_text = "G99991231235959Z"; }
static void from_2050(struct recipe *r) { r->from_text = "G20500101000000Z"; }
static void until_2049(struct recipe *r) { r->until_text = "U491231235959Z"; }
static void until_1950(struct recipe *r) { r->until_text = "U500101000000Z"; }
static void with_fraction(struct recipe *r) { r->until_text = "G20490101000000.5Z"; }
static void local_time(struct recipe *r) { r->until_text = "G20490101000000"; }
static void no_time(struct recipe *r) { r->until_text = "Gnever"; }
static void signature(struct recipe *r) { r->usage = "critical,nonRepudiation"; }
static void weak_hash(struct recipe *r) { r->hash = "SHA1"; }
static void no_policy(struct recipe *r) { r->policies = NULL; }
static void no_san(struct recipe *r) { r->san = NULL; }
static void any_policy(struct recipe *r) { r->policies = "2.5.29.32.0"; }
static void foreign_policy(struct recipe *r) { r->policies = "1.2.3.4"; }
static void not_in_ca(struct recipe *r) { r->policies = "2.16.528.1.1007.99.216"; }

static void
production_policy(struct recipe *r)
{
	r->policies = "2.16.528.1.1003.1.2.5.1";
}

static void
short_key(struct recipe *r)
{
	r->key = NULL;
	r->kind = "RSA1024";
}

/* A modulus of two primes as a library of Infineon made them (CVE-2017-15361). */
static void
badly_made_key(struct recipe *r)
{
	static const char modulus[] =
	    "DCBFD90EA5499D684487F4933920B0274923BBA9C8AF6EFFFC8A3FD81F00F482"
	    "53E214AF51AE580AF4E3C832C0834FF695A64A1758565A8A6AD0FAA693096567"
	    "47596197D573C6E6D3BA9A2C89F4EF5369ED71576012F39D5E9B3A50ED0261A8"
	    "9C8B9C1AAE7C699FF84AE50F338742309EFE919E1AEC58F0429B8BE2B65103CA"
	    "103FB3AE7C16F57DC27EFBD766CB1AEFD8562CFDC89763E64E1DB43B107D3CC0"
	    "44876DC5FA357FFE4C7B4C33EEA841E2DB196423EB9B65CC1A5BA9477E856972"
	    "E08F4CBBB62551B53C059D2DB10A9B1493D736CB6D78F9717278E518528F2FFF"
	    "3A6A1D3F510C0BC79B63B0EEDD5E15C28B00E06F94764661330F99194DDB950F";
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	BIGNUM *n = NULL;
	OSSL_PARAM *params;

	assert_true(BN_hex2bn(&n, modulus) > 0);
	assert_int_equal(OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n), 1);
	assert_int_equal(OSSL_PARAM_BLD_push_uint(b, OSSL_PKEY_PARAM_RSA_E, 65537), 1);
	params = OSSL_PARAM_BLD_to_param(b);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &weak_key, EVP_PKEY_PUBLIC_KEY, params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	BN_free(n);
	EVP_PKEY_CTX_free(ctx);
	r->key = weak_key;
}

struct leaf_case {
	change_fn *change;
	enum err want;
	char type;
	const char *pass_types;		/* "ZN" when NULL */
	const char *policy;		/* configured */
	bool foreign;			/* signed by the other PKI */
};

static void
leaf(void **state)
{
	const struct leaf_case *t = *state;
	AUTO(cert_store_free) struct cert_store *s = NULL;
	AUTO(cert_verdict_free) struct cert_verdict v = { 0 };
	AUTO(made_drop) struct made m = { 0 };
	const struct pki *p = t->foreign ? &other : &pki;
	const struct made *ca = t->type == 'Z' ? &p->z : t->type == 'N' ? &p->n : &p->m;
	const struct cert_rules rules = {
		.now = MADE_NOW,
		.pass_types = t->pass_types != NULL ? t->pass_types : "ZN",
		.policies = t->policy != NULL ? &t->policy : NULL,
		.n_policies = t->policy != NULL,
	};
	struct recipe how = pass_recipe(t->type);

	how.key = leaf_key;
	t->change(&how);
	make_cert(&how, ca, &m);
	new_store(CERT_ENV_ACCEPTANCE, CERT_REVOCATION_HARD, &pki, &s);
	add_crl(s, ca, DEFAULT_CRL);
	assert_err(check(s, &m, &rules, &v), t->want);
	assert_string_equal(v.serial, "4D");
	if (t->want != ERR_OK)
		return;
	assert_int_equal(v.who.pass_type, t->type);
	assert_int_equal(v.chain_n, 4);
	assert_true(cur_eq(cert_der(v.chain[0]), buf_view(&m.der)));
	assert_true(cur_eq(cert_der(v.chain[3]), buf_view(&pki.root.der)));
}

#define LEAF(name, change_, want_, type_, ...) \
	{ "leaf: " name, leaf, NULL, NULL, &(struct leaf_case){ \
	    .change = change_, .want = want_, .type = type_, __VA_ARGS__ } }

/* ---- environments ---- */

/* T38: whatever is configured, no test policy leads to a login in production. */
static void
test_policy_in_production(void **state)
{
	static const char *const both[] = {
		"2.16.528.1.1007.99.211", "2.16.528.1.1003.1.2.5.1",
	};
	AUTO(cert_store_free) struct cert_store *s = NULL;
	AUTO(made_drop) struct made test = { 0 }, real = { 0 };
	AUTO(cert_verdict_free) struct cert_verdict v = { 0 }, w = { 0 };
	const struct cert_rules rules = {
		.now = MADE_NOW, .pass_types = "ZN", .policies = both, .n_policies = 2,
	};
	struct recipe how = pass_recipe('Z');

	(void)state;
	how.key = leaf_key;
	make_cert(&how, &production.z, &test);
	how.policies = "2.16.528.1.1003.1.2.5.1";
	how.san = "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:900000001@90000123,"
	    "otherName:2.5.5.5;IA5:"
	    "2.16.528.1.1003.1.3.5.5.2-1-900000001-Z-90000123-01.015-00000000";
	make_cert(&how, &production.z, &real);
	new_store(CERT_ENV_PRODUCTION, CERT_REVOCATION_HARD, &production, &s);
	add_crl(s, &production.z, DEFAULT_CRL);
	assert_err(check(s, &test, &rules, &v), ERR_CERT_POLICY);
	assert_ok(check(s, &real, &rules, &w));
	assert_string_equal(w.policy, "2.16.528.1.1003.1.2.5.1");
}

static void
test_ca_in_production(void **state)
{
	AUTO(cert_store_free) struct cert_store *s = NULL;
	AUTO(made_drop) struct made by_policy = { 0 };
	const struct recipe how = {
		.cn = "UZI-register Zorgverlener CA G3", .kind = "P-256",
		.basic = "critical,CA:TRUE", .usage = "critical,keyCertSign,cRLSign",
		.policies = "2.16.528.1.1007.99.211",
	};

	(void)state;
	assert_ok(cert_store_new(CERT_ENV_PRODUCTION, CERT_REVOCATION_HARD, &s));
	assert_err(cert_store_add_anchor(s, buf_view(&pki.root.der)), ERR_CONFIG);
	assert_err(cert_store_add_intermediate(s, buf_view(&pki.z.der)), ERR_CONFIG);
	make_cert(&how, NULL, &by_policy);
	assert_err(cert_store_add_anchor(s, buf_view(&by_policy.der)), ERR_CONFIG);
	assert_ok(cert_store_add_anchor(s, buf_view(&production.root.der)));
}

static void
anchors_are_cas(void **state)
{
	AUTO(cert_store_free) struct cert_store *s = NULL;
	AUTO(made_drop) struct made m = { 0 };
	struct recipe how = pass_recipe('Z');

	(void)state;
	how.key = leaf_key;
	make_cert(&how, &pki.z, &m);
	assert_ok(cert_store_new(CERT_ENV_TEST, CERT_REVOCATION_HARD, &s));
	assert_err(cert_store_add_anchor(s, buf_view(&m.der)), ERR_CONFIG);
	assert_err(cert_store_add_anchor(s, cur_str("not a certificate")), ERR_CONFIG);
}

static void
soft_only_in_test(void **state)
{
	AUTO(cert_store_free) struct cert_store *s = NULL;

	(void)state;
	assert_err(cert_store_new(CERT_ENV_PRODUCTION, CERT_REVOCATION_SOFT, &s),
	    ERR_CONFIG);
	assert_err(cert_store_new(CERT_ENV_ACCEPTANCE, CERT_REVOCATION_SOFT, &s),
	    ERR_CONFIG);
	assert_null(s);
	assert_ok(cert_store_new(CERT_ENV_TEST, CERT_REVOCATION_SOFT, &s));
}

/* ---- the path ---- */

/* What comes along fills the middle; it never becomes an anchor. */
static void
extra_certificates(void **state)
{
	AUTO(cert_store_free) struct cert_store *s = NULL, *foreign = NULL;
	AUTO(cert_free) struct cert *c = NULL;
	AUTO(made_drop) struct made m = { 0 };
	AUTO(cert_verdict_free) struct cert_verdict v = { 0 }, w = { 0 }, x = { 0 };
	const struct cert_rules rules = { .now = MADE_NOW, .pass_types = "Z" };
	const struct cur extra[] = {
		buf_view(&pki.root.der), buf_view(&pki.level2.der), buf_view(&pki.z.der),
	};
	const struct cur broken = { pki.z.der.p, pki.z.der.len - 1 };
	struct recipe how = pass_recipe('Z');

	(void)state;
	how.key = leaf_key;
	make_cert(&how, &pki.z, &m);
	assert_ok(cert_parse(buf_view(&m.der), &c));
	assert_ok(cert_store_new(CERT_ENV_TEST, CERT_REVOCATION_ELSEWHERE, &s));
	assert_ok(cert_store_add_anchor(s, buf_view(&pki.root.der)));
	assert_err(cert_check_login(s, c, extra + 1, 1, &rules, &v), ERR_CERT_UNTRUSTED);
	assert_err(cert_check_login(s, c, &broken, 1, &rules, &v), ERR_MALFORMED);
	assert_ok(cert_check_login(s, c, extra + 1, 2, &rules, &w));
	assert_ok(cert_store_new(CERT_ENV_TEST, CERT_REVOCATION_ELSEWHERE, &foreign));
	assert_ok(cert_store_add_anchor(foreign, buf_view(&other.root.der)));
	assert_err(cert_check_login(foreign, c, extra, 3, &rules, &x),
	    ERR_CERT_UNTRUSTED);
}

/* An issuing CA may itself be the anchor; then nothing above it is asked for. */
static void
intermediate_as_anchor(void **state)
{
	AUTO(cert_store_free) struct cert_store *s = NULL;
	AUTO(made_drop) struct made m = { 0 };
	AUTO(cert_verdict_free) struct cert_verdict v = { 0 };
	const struct cert_rules rules = { .now = MADE_NOW, .pass_types = "Z" };
	struct recipe how = pass_recipe('Z');

	(void)state;
	how.key = leaf_key;
	make_cert(&how, &pki.z, &m);
	assert_ok(cert_store_new(CERT_ENV_TEST, CERT_REVOCATION_HARD, &s));
	assert_ok(cert_store_add_anchor(s, buf_view(&pki.z.der)));
	add_crl(s, &pki.z, DEFAULT_CRL);
	assert_ok(check(s, &m, &rules, &v));
	assert_int_equal(v.chain_n, 2);
}

/* The same key under two names of time: the CA was signed anew in 2019. */
static void
ca_signed_anew(void **state)
{
	AUTO(cert_store_free) struct cert_store *s = NULL;
	AUTO(made_drop) struct made m = { 0 }, old = { 0 };
	AUTO(cert_verdict_free) struct cert_verdict v = { 0 };
	const struct cert_rules rules = { .now = MADE_NOW, .pass_types = "Z" };
	struct recipe how = {
		.cn = "TEST UZI-register Zorgverlener CA G3", .o = "CIBG",
		.key = pki.z.key,
		.basic = "critical,CA:TRUE,pathlen:0",
		.usage = "critical,keyCertSign,cRLSign",
		.policies = "2.16.528.1.1007.99.211",
		.until = MADE_NOW - MADE_DAY,
	};

	(void)state;
	make_cert(&how, &pki.level2, &old);
	how = pass_recipe('Z');
	how.key = leaf_key;
	make_cert(&how, &pki.z, &m);
	assert_ok(cert_store_new(CERT_ENV_TEST, CERT_REVOCATION_ELSEWHERE, &s));
	assert_ok(cert_store_add_anchor(s, buf_view(&pki.root.der)));
	assert_ok(cert_store_add_intermediate(s, buf_view(&pki.level2.der)));
	assert_ok(cert_store_add_intermediate(s, buf_view(&old.der)));
	assert_err(check(s, &m, &rules, &v), ERR_CERT_EXPIRED);
	cert_verdict_free(&v);
	assert_ok(cert_store_add_intermediate(s, buf_view(&pki.z.der)));
	assert_ok(check(s, &m, &rules, &v));
}

struct ca_case {
	const char *basic, *usage, *eku, *constraints, *hash, *policies, *kind;
	bool pss;
	enum err want;
};

/* One CA of odd make between the level 2 CA and the leaf. */
static void
ca(void **state)
{
	const struct ca_case *t = *state;
	AUTO(cert_store_free) struct cert_store *s = NULL;
	AUTO(made_drop) struct made odd = { 0 }, m = { 0 };
	AUTO(cert_verdict_free) struct cert_verdict v = { 0 };
	AUTO(cert_free) struct cert *c = NULL;
	const struct cert_rules rules = { .now = MADE_NOW, .pass_types = "Z" };
	struct recipe how = {
		.cn = "TEST UZI-register Zorgverlener CA G4", .o = "CIBG",
		.kind = t->kind != NULL ? t->kind : "P-256",
		.basic = t->basic != NULL ? t->basic : "critical,CA:TRUE,pathlen:0",
		.usage = t->usage != NULL ? t->usage : "critical,keyCertSign,cRLSign",
		.eku = t->eku, .constraints = t->constraints, .hash = t->hash,
		.policies = t->policies != NULL ? t->policies : "2.16.528.1.1007.99.211",
	};
	struct cur extra;

	make_cert(&how, &pki.level2, &odd);
	extra = buf_view(&odd.der);
	how = pass_recipe('Z');
	how.key = leaf_key;
	how.pss = t->pss;
	make_cert(&how, &odd, &m);
	assert_ok(cert_parse(buf_view(&m.der), &c));
	new_store(CERT_ENV_TEST, CERT_REVOCATION_ELSEWHERE, &pki, &s);
	assert_err(cert_check_login(s, c, &extra, 1, &rules, &v), t->want);
}

#define CA(name, want_, ...) \
	{ "CA: " name, ca, NULL, NULL, &(struct ca_case){ __VA_ARGS__, .want = want_ } }

/* The shape of G4: RSASSA-PSS with SHA-512 over RSA-3072, its own policies. */
static void
g4(void **state)
{
	static const char *const policies[] = { "2.16.528.1.1003.1.2.44.16.11.8" };
	AUTO(cert_store_free) struct cert_store *s = NULL;
	AUTO(made_drop) struct made issuing = { 0 }, m = { 0 };
	AUTO(cert_verdict_free) struct cert_verdict v = { 0 };
	AUTO(buf_free) struct buf crl = BUF(65536);
	const struct cert_rules rules = {
		.now = MADE_NOW, .pass_types = "Z", .policies = policies, .n_policies = 1,
	};
	struct recipe how = {
		.cn = "TEST G4 TSP CA", .o = "CIBG", .key = rsa_ca.key,
		.basic = "critical,CA:TRUE,pathlen:0", .eku = "clientAuth",
		.usage = "critical,keyCertSign,cRLSign", .policies = policies[0],
		.hash = "SHA512", .pss = true,
	};

	(void)state;
	make_cert(&how, &rsa_ca, &issuing);
	how = pass_recipe('Z');
	how.kind = "RSA3072";
	how.eku = "clientAuth";
	how.policies = "0.4.0.2042.1.1,2.16.528.1.1003.1.2.44.16.11.8";
	how.hash = "SHA512";
	how.pss = true;
	make_cert(&how, &issuing, &m);
	assert_ok(cert_store_new(CERT_ENV_ACCEPTANCE, CERT_REVOCATION_HARD, &s));
	assert_ok(cert_store_add_anchor(s, buf_view(&rsa_ca.der)));
	assert_ok(cert_store_add_intermediate(s, buf_view(&issuing.der)));
	add_crl(s, &rsa_ca, &(const struct crl_recipe){ .hash = "SHA512", .pss = true });
	add_crl(s, &issuing, &(const struct crl_recipe){ .hash = "SHA384", .pss = true });
	assert_ok(check(s, &m, &rules, &v));
	assert_string_equal(v.policy, policies[0]);
	make_crl(&(const struct crl_recipe){ .hash = "SHA1", .pss = true }, &issuing,
	    &crl);
	assert_err(cert_store_add_crl(s, buf_view(&crl)), ERR_UNSUPPORTED);
}

/* ---- revocation ---- */

struct revocation_case {
	const struct crl_recipe *root, *level2, *issuing;	/* NULL: none */
	bool forged;		/* the issuing CA's, with its name by another key */
	bool soft;
	enum err want;
};

static void
revocation(void **state)
{
	const struct revocation_case *t = *state;
	AUTO(cert_store_free) struct cert_store *s = NULL;
	AUTO(made_drop) struct made m = { 0 };
	AUTO(cert_verdict_free) struct cert_verdict v = { 0 };
	const struct cert_rules rules = { .now = MADE_NOW, .pass_types = "Z" };
	struct recipe how = pass_recipe('Z');

	how.key = leaf_key;
	make_cert(&how, &pki.z, &m);
	assert_ok(cert_store_new(CERT_ENV_TEST,
	    t->soft ? CERT_REVOCATION_SOFT : CERT_REVOCATION_HARD, &s));
	assert_ok(cert_store_add_anchor(s, buf_view(&pki.root.der)));
	assert_ok(cert_store_add_intermediate(s, buf_view(&pki.level2.der)));
	assert_ok(cert_store_add_intermediate(s, buf_view(&pki.z.der)));
	add_crl(s, &pki.root, t->root);
	add_crl(s, &pki.level2, t->level2);
	add_crl(s, t->forged ? &other.z : &pki.z, t->issuing);
	assert_err(check(s, &m, &rules, &v), t->want);
	assert_int_equal(v.who.pass_type, 'Z');
}

#define FRESH	DEFAULT_CRL
#define CRL(...)	(&(const struct crl_recipe){ __VA_ARGS__ })
#define REVOKED(name, want_, root_, level2_, issuing_, ...) \
	{ "revocation: " name, revocation, NULL, NULL, &(struct revocation_case){ \
	    .root = root_, .level2 = level2_, .issuing = issuing_, .want = want_, \
	    __VA_ARGS__ } }

/* An old and a new list of one CA: the new one counts, in whatever order they came. */
static void
two_crls(void **state)
{
	const struct crl_recipe old = {
		.from = MADE_NOW - MADE_DAY, .until = MADE_NOW + MADE_DAY,
	};
	const struct crl_recipe new = { .from = MADE_NOW - 60, .revoked = { 77 } };

	(void)state;
	for (int i = 0; i < 2; i++) {
		AUTO(cert_store_free) struct cert_store *s = NULL;
		AUTO(made_drop) struct made m = { 0 };
		AUTO(cert_verdict_free) struct cert_verdict v = { 0 };
		const struct cert_rules rules = { .now = MADE_NOW, .pass_types = "Z" };
		struct recipe how = pass_recipe('Z');

		how.key = leaf_key;
		make_cert(&how, &pki.z, &m);
		new_store(CERT_ENV_TEST, CERT_REVOCATION_HARD, &pki, &s);
		add_crl(s, &pki.z, i == 0 ? &old : &new);
		add_crl(s, &pki.z, i == 0 ? &new : &old);
		assert_err(check(s, &m, &rules, &v), ERR_CERT_REVOKED);
	}
}

static void
not_a_crl(void **state)
{
	AUTO(cert_store_free) struct cert_store *s = NULL;
	AUTO(buf_free) struct buf der = BUF(65536);

	(void)state;
	assert_ok(cert_store_new(CERT_ENV_TEST, CERT_REVOCATION_HARD, &s));
	assert_err(cert_store_add_crl(s, cur_of(NULL, 0)), ERR_MALFORMED);
	assert_err(cert_store_add_crl(s, cur_str("not a CRL")), ERR_MALFORMED);
	assert_err(cert_store_add_crl(s, buf_view(&pki.z.der)), ERR_MALFORMED);
	make_crl(CRL(.endless = true), &pki.z, &der);
	assert_err(cert_store_add_crl(s, buf_view(&der)), ERR_MALFORMED);
	buf_clear(&der);
	make_crl(CRL(.hash = "SHA1"), &pki.z, &der);
	assert_err(cert_store_add_crl(s, buf_view(&der)), ERR_UNSUPPORTED);
	buf_clear(&der);
	make_crl(FRESH, &pki.z, &der);
	assert_err(cert_store_add_crl(s, cur_of(der.p, der.len - 1)), ERR_MALFORMED);
	assert_ok(cert_store_add_crl(s, buf_view(&der)));
}

static int
setup(void **state)
{
	const struct recipe root = {
		.cn = "TEST G4 Root", .o = "CIBG", .kind = "RSA3072", .hash = "SHA512",
		.basic = "critical,CA:TRUE", .usage = "critical,keyCertSign,cRLSign",
		.pss = true,
	};

	(void)state;
	make_pki("TEST ", "2.16.528.1.1007.99.21", &pki);
	make_pki("TEST ", "2.16.528.1.1007.99.21", &other);
	make_pki("", "2.16.528.1.1003.1.2.5.", &production);
	make_cert(&root, NULL, &rsa_ca);
	leaf_key = kept_rsa_key(2048);

	return leaf_key == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	pki_drop(&pki);
	pki_drop(&other);
	pki_drop(&production);
	made_drop(&rsa_ca);
	EVP_PKEY_free(leaf_key);
	EVP_PKEY_free(weak_key);

	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF("ends in 9999 (vector 72)", for_ever, ERR_OK, 'Z'),
		LEAF("begins in 2050 (vector 72)", from_2050, ERR_CERT_EARLY, 'Z'),
		LEAF("UTCTime of 2049 (vector 72)", until_2049, ERR_OK, 'Z'),
		LEAF("UTCTime of 1950 (vector 72)", until_1950, ERR_CERT_EXPIRED, 'Z'),
		LEAF("a fraction of a second (vector 72)", with_fraction, ERR_CERT_UNTRUSTED, 'Z'),
		LEAF("local time (vector 72)", local_time, ERR_CERT_UNTRUSTED, 'Z'),
		LEAF("no time at all (vector 72)", no_time, ERR_CERT_UNTRUSTED, 'Z'),
		LEAF("Z", good, ERR_OK, 'Z'),
		LEAF("N", good, ERR_OK, 'N'),
		LEAF("M is refused", good, ERR_PASS_TYPE, 'M'),
		LEAF("M where it is configured", good, ERR_OK, 'M', .pass_types = "ZNM"),
		LEAF("Z where only N is", good, ERR_PASS_TYPE, 'Z', .pass_types = "N"),
		LEAF("no type is configured", good, ERR_PASS_TYPE, 'Z', .pass_types = ""),
		LEAF("T7: signature certificate", signature, ERR_CERT_USAGE, 'Z'),
		LEAF("signed by a stranger", good, ERR_CERT_UNTRUSTED, 'Z',
		    .foreign = true),
		LEAF("and expired", expired, ERR_CERT_UNTRUSTED, 'Z', .foreign = true),
		LEAF("expired", expired, ERR_CERT_EXPIRED, 'Z'),
		LEAF("not yet valid", early, ERR_CERT_EARLY, 'Z'),
		LEAF("the last second", ends_now, ERR_OK, 'Z'),
		LEAF("SHA-1", weak_hash, ERR_CERT_UNTRUSTED, 'Z'),
		LEAF("RSA-1024", short_key, ERR_CERT_UNTRUSTED, 'Z'),
		LEAF("a key made badly (ROCA)", badly_made_key, ERR_WEAK_KEY, 'Z'),
		LEAF("no policy", no_policy, ERR_CERT_POLICY, 'Z'),
		LEAF("any policy", any_policy, ERR_CERT_POLICY, 'Z'),
		LEAF("another policy", foreign_policy, ERR_CERT_POLICY, 'Z'),
		LEAF("production's policy", production_policy, ERR_CERT_POLICY, 'Z'),
		LEAF("policy of the environment, not configured", good, ERR_CERT_POLICY,
		    'Z', .policy = "2.16.528.1.1007.99.214"),
		LEAF("policy configured, not the CA's", not_in_ca, ERR_CERT_POLICY, 'Z',
		    .policy = "2.16.528.1.1007.99.216"),
		LEAF("no SAN", no_san, ERR_CERT_PROFILE, 'Z'),
		cmocka_unit_test(test_policy_in_production),
		cmocka_unit_test(test_ca_in_production),
		cmocka_unit_test(anchors_are_cas),
		cmocka_unit_test(soft_only_in_test),
		cmocka_unit_test(extra_certificates),
		cmocka_unit_test(intermediate_as_anchor),
		cmocka_unit_test(ca_signed_anew),
		CA("good", ERR_OK, .eku = NULL),
		CA("is none", ERR_CERT_UNTRUSTED, .basic = "critical,CA:FALSE"),
		CA("may not sign certificates", ERR_CERT_UNTRUSTED,
		    .usage = "critical,cRLSign"),
		CA("not for clients", ERR_CERT_UNTRUSTED, .eku = "emailProtection"),
		CA("name constraint", ERR_CERT_UNTRUSTED,
		    .constraints = "critical,permitted;dirName:belgium"),
		CA("SHA-1", ERR_CERT_UNTRUSTED, .hash = "SHA1"),
		CA("RSA-1024", ERR_CERT_UNTRUSTED, .kind = "RSA1024"),
		CA("PSS", ERR_OK, .kind = "RSA2048", .pss = true),
		CA("without our policy", ERR_CERT_POLICY, .policies = "1.2.3.4"),
		CA("any policy", ERR_OK, .policies = "2.5.29.32.0"),
		cmocka_unit_test(g4),
		REVOKED("all fresh", ERR_OK, FRESH, FRESH, FRESH),
		REVOKED("none of the issuing CA", ERR_REVOCATION, FRESH, FRESH, NULL),
		REVOKED("none of the level 2 CA", ERR_REVOCATION, FRESH, NULL, FRESH),
		REVOKED("none of the root", ERR_REVOCATION, NULL, FRESH, FRESH),
		REVOKED("old", ERR_REVOCATION, FRESH, FRESH, CRL(.until = MADE_NOW - 1)),
		REVOKED("old of the root", ERR_REVOCATION, CRL(.until = MADE_NOW - 1),
		    FRESH, FRESH),
		REVOKED("not yet valid", ERR_REVOCATION, FRESH, FRESH,
		    CRL(.from = MADE_NOW + 60)),
		REVOKED("signed by another", ERR_REVOCATION, FRESH, FRESH, FRESH,
		    .forged = true),
		REVOKED("unknown critical extension", ERR_REVOCATION, FRESH, FRESH,
		    CRL(.critical = true)),
		REVOKED("leaf revoked", ERR_CERT_REVOKED, FRESH, FRESH,
		    CRL(.revoked = { 77 })),
		REVOKED("another revoked", ERR_OK, FRESH, FRESH,
		    CRL(.revoked = { 76, 78 })),
		REVOKED("issuing CA revoked", ERR_CERT_REVOKED, FRESH,
		    CRL(.revoked = { 3 }), FRESH),
		REVOKED("level 2 CA revoked", ERR_CERT_REVOKED, CRL(.revoked = { 2 }),
		    FRESH, FRESH),
		REVOKED("revoked by an old list", ERR_CERT_REVOKED, FRESH, FRESH,
		    CRL(.until = MADE_NOW - 1, .revoked = { 77 })),
		REVOKED("revoked by a forger", ERR_REVOCATION, FRESH, FRESH,
		    CRL(.revoked = { 77 }), .forged = true),
		REVOKED("soft: none", ERR_OK, NULL, NULL, NULL, .soft = true),
		REVOKED("soft: revoked", ERR_CERT_REVOKED, NULL, NULL,
		    CRL(.until = MADE_NOW - 1, .revoked = { 77 }), .soft = true),
		cmocka_unit_test(two_crls),
		cmocka_unit_test(not_a_crl),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
