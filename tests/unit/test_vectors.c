/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The test vectors of docs/broker-protocol.md: what stands in tests/data is what our
 * code reads, writes and accepts.  "test_vectors --write FOLDER" makes new ones.
 */
#include "tests/check.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tests/unit/make_attest.h"
#include "tests/unit/make_cert.h"
#include "tests/unit/raw_jws.h"
#include "verify/verify.h"

static const char *folder;

static const char *
path_of(const char *name, char ret[4096])
{
	snprintf(ret, 4096, "%s/%s", folder, name);
	return ret;
}

static void
load(const char *name, struct buf *ret)
{
	char path[4096];

	assert_ok(file_read(path_of(name, path), ret));
}

static EVP_PKEY *
load_key(const char *name)
{
	AUTO(buf_free) struct buf pem = BUF(8192);
	EVP_PKEY *key;
	BIO *in;

	load(name, &pem);
	in = BIO_new_mem_buf(pem.p, (int)pem.len);
	key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
	BIO_free(in);
	assert_non_null(key);

	return key;
}

static struct challenge
the_challenge(void)
{
	struct challenge c = {
		.iss = "https://broker.example.nl",
		.jti = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d",
		.iat = MADE_NOW - 20, .exp = MADE_NOW + 100, .client_id = "epd",
		.rp_name_nl = "Zi\xc3\xabkenhuis \xe2\x80\x9cOost\xe2\x80\x9d",
		.rp_name_en = "East \"General\" \\ Hospital",
		.origin = "https://epd.example.nl:8443",
		.acr = "http://eidas.europa.eu/LoA/high",
		.policies = { "2.16.528.1.1007.99.211" }, .n_policies = 1,
	};

	for (size_t i = 0; i < sizeof(c.nonce); i++)
		c.nonce[i] = (uint8_t)i;
	return c;
}

static struct assertion
the_assertion(struct cur challenge)
{
	struct challenge c = the_challenge();
	struct verify_expect e;
	struct assertion a = {
		.aud = "https://broker.example.nl", .client_id = "epd",
		.origin = "https://epd.example.nl:8443", .iat = MADE_NOW,
		.jti = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed",
		.evidence = {
			.means = "native", .driver = "uzi", .reader = "Virtual PCD 00 00",
			.pin_entry = "window", .one_transaction = true,
			.caller = "/usr/bin/epd",
		},
	};

	assert_ok(verify_expect_of(&c, challenge, &e));
	memcpy(a.challenge_sha256, e.challenge_sha256, sizeof(a.challenge_sha256));
	memcpy(a.nonce, e.nonce, sizeof(a.nonce));
	memcpy(a.rp_name, c.rp_name_nl, sizeof(a.rp_name));
	return a;
}

/* ---- making ---- */

static void
save(const char *name, struct cur content)
{
	char path[4096];

	assert_ok(file_write(path_of(name, path), content, 0644));
}

static void
save_key(const char *name, EVP_PKEY *key, bool public)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *text;
	long n;

	assert_int_equal(public ? PEM_write_bio_PUBKEY(out, key) :
	    PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
	n = BIO_get_mem_data(out, &text);
	save(name, cur_of(text, (size_t)n));
	BIO_free(out);
}

/* NAME.jws and NAME-payload.json; ret: the header. */
static void
write_assertion(const char *name, const struct assertion *a, EVP_PKEY *key,
    struct cur leaf, struct cur ca, struct buf *ret)
{
	AUTO(buf_free) struct buf p = BUF(JWS_MAX), jws = BUF(JWS_MAX);
	const struct cur x5c[] = { leaf, ca };
	char file[64];

	assert_ok(assertion_header(JWS_RS256, x5c, NELEM(x5c), ret));
	assert_ok(assertion_payload(a, &p));
	raw_jws(buf_view(ret), buf_view(&p), JWS_RS256, key, &jws);
	snprintf(file, sizeof(file), "%s-payload.json", name);
	save(file, buf_view(&p));
	snprintf(file, sizeof(file), "%s.jws", name);
	save(file, buf_view(&jws));
}

static void
write_all(void **state)
{
	AUTO(buf_free) struct buf jws = BUF(CHALLENGE_MAX);
	AUTO(jws_parts_free) struct jws_parts parts = { 0 };
	AUTO(pkey_drop) EVP_PKEY *broker = EVP_EC_gen("P-256");
	AUTO(buf_free) struct buf header = BUF(JWS_MAX);
	AUTO(made_drop) struct made leaf = { 0 };
	struct recipe how = pass_recipe('Z');
	struct challenge c = the_challenge();
	struct pki pki = { 0 };
	struct assertion a;

	(void)state;
	make_pki("TEST ", "2.16.528.1.1007.99.21", &pki);
	make_cert(&how, &pki.z, &leaf);
	save_key("broker-private.pem", broker, false);
	save_key("broker-public.pem", broker, true);
	save_key("pass-private.pem", leaf.key, false);
	save("pass.der", buf_view(&leaf.der));
	save("root.der", buf_view(&pki.root.der));
	save("level2.der", buf_view(&pki.level2.der));
	save("issuing.der", buf_view(&pki.z.der));
	assert_ok(challenge_write(&c, broker, &jws));
	assert_ok(jws_split(buf_view(&jws), &parts));
	save("challenge.jws", buf_view(&jws));
	save("challenge-header.json", buf_view(&parts.header));
	save("challenge-payload.json", buf_view(&parts.payload));
	a = the_assertion(buf_view(&jws));
	write_assertion("assertion", &a, leaf.key, buf_view(&leaf.der),
	    buf_view(&pki.z.der), &header);
	save("assertion-header.json", buf_view(&header));
	pki_drop(&pki);
}

static void
keep(struct assertion_cert *c, const struct buf *der)
{
	assert_true(der->len <= sizeof(c->der));
	memcpy(c->der, der->p, der->len);
	c->n = der->len;
}

/* The same assertion, of a token whose maker vouches for the key: after write_all(). */
static void
write_attested(void **state)
{
	static const struct attest_ext says[] = {
		ATTEST_FIRMWARE("\x05\x07\x01"), ATTEST_SERIAL, ATTEST_POLICY("\x02\x01"),
		ATTEST_FORM, ATTEST_END,
	};
	AUTO(buf_free) struct buf asked = BUF(CHALLENGE_MAX), pass = BUF(8192),
	    issuing = BUF(8192), header = BUF(JWS_MAX), statement = BUF(8192);
	AUTO(pkey_drop) EVP_PKEY *key = load_key("pass-private.pem");
	AUTO(maker_drop) struct maker maker = { 0 };
	struct assertion a;

	(void)state;
	load("challenge.jws", &asked);
	load("pass.der", &pass);
	load("issuing.der", &issuing);
	maker_make(&maker);
	maker_say(&maker, key, says, &statement);
	save("vendor-root.der", buf_view(&maker.root));
	save("vendor-device.der", buf_view(&maker.device));
	save("vendor-statement.der", buf_view(&statement));
	a = the_assertion(buf_view(&asked));
	keep(&a.evidence.statement, &statement);
	keep(&a.evidence.device, &maker.device);
	write_assertion("attested", &a, key, buf_view(&pass), buf_view(&issuing), &header);
}

/* ---- checking ---- */

static void
challenge(void **state)
{
	AUTO(buf_free) struct buf jws = BUF(CHALLENGE_MAX), again = BUF(CHALLENGE_MAX);
	AUTO(buf_free) struct buf header = BUF(8192), payload = BUF(8192);
	AUTO(jws_parts_free) struct jws_parts parts = { 0 };
	AUTO(pkey_drop) EVP_PKEY *key = load_key("broker-private.pem");
	struct challenge want = the_challenge(), c;

	(void)state;
	load("challenge.jws", &jws);
	load("challenge-header.json", &header);
	load("challenge-payload.json", &payload);
	assert_ok(challenge_read(buf_view(&jws), want.iss, &key, 1, &c));
	/* ECDSA makes another signature each time; what is signed stays the same. */
	assert_ok(challenge_write(&c, key, &again));
	assert_ok(jws_split(buf_view(&again), &parts));
	assert_true(cur_eq(buf_view(&parts.header), buf_view(&header)));
	assert_true(cur_eq(buf_view(&parts.payload), buf_view(&payload)));
	assert_true(cur_starts(buf_view(&jws), parts.signing_input));
}

/* RS256 is deterministic: the same fields give the same token, to the byte. */
static void
assertion(void **state)
{
	AUTO(buf_free) struct buf asked = BUF(CHALLENGE_MAX), jws = BUF(JWS_MAX);
	AUTO(buf_free) struct buf h = BUF(JWS_MAX), p = BUF(JWS_MAX),
	    again = BUF(JWS_MAX);
	AUTO(buf_free) struct buf header = BUF(JWS_MAX), payload = BUF(JWS_MAX);
	AUTO(buf_free) struct buf pass = BUF(8192), issuing = BUF(8192);
	AUTO(pkey_drop) EVP_PKEY *key = load_key("pass-private.pem");
	struct cur x5c[2];
	struct assertion a;

	(void)state;
	load("challenge.jws", &asked);
	load("assertion.jws", &jws);
	load("assertion-header.json", &header);
	load("assertion-payload.json", &payload);
	load("pass.der", &pass);
	load("issuing.der", &issuing);
	x5c[0] = buf_view(&pass);
	x5c[1] = buf_view(&issuing);
	a = the_assertion(buf_view(&asked));
	assert_ok(assertion_header(JWS_RS256, x5c, NELEM(x5c), &h));
	assert_ok(assertion_payload(&a, &p));
	assert_true(cur_eq(buf_view(&h), buf_view(&header)));
	assert_true(cur_eq(buf_view(&p), buf_view(&payload)));
	raw_jws(buf_view(&h), buf_view(&p), JWS_RS256, key, &again);
	assert_true(cur_eq(buf_view(&again), buf_view(&jws)));
}

static void
attested(void **state)
{
	AUTO(buf_free) struct buf asked = BUF(CHALLENGE_MAX), jws = BUF(JWS_MAX),
	    header = BUF(JWS_MAX), payload = BUF(JWS_MAX), p = BUF(JWS_MAX),
	    again = BUF(JWS_MAX), statement = BUF(8192), device = BUF(8192);
	AUTO(pkey_drop) EVP_PKEY *key = load_key("pass-private.pem");
	struct assertion a;

	(void)state;
	load("challenge.jws", &asked);
	load("attested.jws", &jws);
	load("assertion-header.json", &header);
	load("attested-payload.json", &payload);
	load("vendor-statement.der", &statement);
	load("vendor-device.der", &device);
	a = the_assertion(buf_view(&asked));
	keep(&a.evidence.statement, &statement);
	keep(&a.evidence.device, &device);
	assert_ok(assertion_payload(&a, &p));
	assert_true(cur_eq(buf_view(&p), buf_view(&payload)));
	raw_jws(buf_view(&header), buf_view(&p), JWS_RS256, key, &again);
	assert_true(cur_eq(buf_view(&again), buf_view(&jws)));
}

static void
verify(const char *name, struct verify_result *ret)
{
	AUTO(buf_free) struct buf asked = BUF(CHALLENGE_MAX), jws = BUF(JWS_MAX);
	AUTO(buf_free) struct buf root = BUF(8192), level2 = BUF(8192);
	AUTO(cert_store_free) struct cert_store *s = NULL;
	struct challenge c = the_challenge();
	struct verify_expect e;
	struct verify_rules rules = { .cert = { .now = MADE_NOW + 2,
	    .pass_types = "ZN" } };

	load("challenge.jws", &asked);
	load(name, &jws);
	load("root.der", &root);
	load("level2.der", &level2);
	assert_ok(cert_store_new(CERT_ENV_ACCEPTANCE, CERT_REVOCATION_ELSEWHERE, &s));
	assert_ok(cert_store_add_anchor(s, buf_view(&root)));
	assert_ok(cert_store_add_intermediate(s, buf_view(&level2)));
	rules.store = s;
	assert_ok(verify_expect_of(&c, buf_view(&asked), &e));
	assert_ok(verify_assertion(buf_view(&jws), &e, &rules, ret));
	assert_string_equal(ret->cert.who.uzi_number, "900000001");
}

static void
verdict(void **state)
{
	AUTO(verify_result_free) struct verify_result v = { 0 };

	(void)state;
	verify("assertion.jws", &v);
	assert_false(verify_has_attestation(&v));
}

static void
verdict_on_attestation(void **state)
{
	AUTO(verify_result_free) struct verify_result v = { 0 };
	AUTO(cert_store_free) struct cert_store *vendors = NULL, *others = NULL;
	AUTO(buf_free) struct buf root = BUF(8192), other = BUF(8192);
	struct attest a;

	(void)state;
	verify("attested.jws", &v);
	load("vendor-root.der", &root);
	load("root.der", &other);
	assert_ok(cert_store_new(CERT_ENV_ACCEPTANCE, CERT_REVOCATION_ELSEWHERE, &vendors));
	assert_ok(cert_store_add_anchor(vendors, buf_view(&root)));
	assert_ok(verify_attestation(&v, vendors, &a));
	assert_memory_equal(a.firmware, "\x05\x07\x01", 3);
	assert_int_equal(a.serial, 12345678);
	assert_string_equal(attest_pin_word(a.pin), "once");
	assert_string_equal(attest_touch_word(a.touch), "never");
	assert_string_equal(attest_form_word(a.form), "C-keychain");
	/* The CAs of care vouch for no tokens. */
	assert_ok(cert_store_new(CERT_ENV_ACCEPTANCE, CERT_REVOCATION_ELSEWHERE, &others));
	assert_ok(cert_store_add_anchor(others, buf_view(&other)));
	assert_err(verify_attestation(&v, others, &a), ERR_CERT_UNTRUSTED);
	assert_int_equal(a.verdict, ATTEST_UNTRUSTED);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest checks[] = {
		cmocka_unit_test(challenge),
		cmocka_unit_test(assertion),
		cmocka_unit_test(attested),
		cmocka_unit_test(verdict),
		cmocka_unit_test(verdict_on_attestation),
	};
	const struct CMUnitTest makes[] = {
		cmocka_unit_test(write_all),
		cmocka_unit_test(write_attested),
	};
	const char *srcdir = getenv("srcdir");
	char path[4096];

	if (argc == 3 && strcmp(argv[1], "--write") == 0) {
		folder = argv[2];
		return cmocka_run_group_tests(makes, NULL, NULL);
	}
	snprintf(path, sizeof(path), "%s/tests/data/broker-protocol",
	    srcdir != NULL ? srcdir : ".");
	folder = path;

	return cmocka_run_group_tests(checks, NULL, NULL);
}
