/* SPDX-License-Identifier: EUPL-1.2 */
/* The test PKI, judged by libcrypto. */
#include "tests/check.h"

#include <fts.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "vcard/card.h"
#include "vcard/keys.h"
#include "vcard/ossl.h"
#include "vcard/pki.h"

#define NOW	INT64_C(1780000000)
#define HOUR	3600
#define BITS	1280	/* the least that RSASSA-PSS with SHA-512 fits in */

static char dir[] = "/tmp/dezi-pki.XXXXXX";

/* Small keys: the shape is the same. */
static int
make(void **state UNUSED)
{
	struct pki_options o = { .dir = dir, .now = NOW, .ca_bits = BITS,
	    .pass_bits = BITS, .passes = pass_plans, .passes_n = PASSES };

	assert_non_null(mkdtemp(dir));
	assert_ok(pki_make(&o));
	return 0;
}

static int
unmake(void **state UNUSED)
{
	char *const paths[] = { dir, NULL };
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *e;

	assert_non_null(fts);
	while ((e = fts_read(fts)) != NULL)
		if (e->fts_info != FTS_D)
			remove(e->fts_accpath);
	return fts_close(fts);
}

static X509 *
read_cert(const char *name)
{
	char path[PATH_MAX];
	X509 *c = NULL;

	assert_ok(pki_path(path, "%s/%s.der", dir, name));
	assert_ok(x509_read(path, &c));
	return c;
}

static void
add_crl(X509_STORE *store, size_t i)
{
	AUTO(buf_free) struct buf der = BUF(65536);
	AUTO(ossl_crl) X509_CRL *crl = NULL;
	char path[PATH_MAX];
	const uint8_t *p;

	assert_ok(pki_path(path, "%s/trust/crls/%s.crl", dir, ca_plans[i].slug));
	assert_ok(file_read(path, &der));
	p = der.p;
	crl = d2i_X509_CRL(NULL, &p, (long)der.len);
	assert_non_null(crl);
	assert_int_equal(X509_STORE_add_crl(store, crl), 1);
}

static void
add_ca(X509_STORE *anchors, STACK_OF(X509) *others, size_t i)
{
	bool root = ca_plans[i].issuer == (enum ca_id)i;
	char name[256];
	X509 *c;

	snprintf(name, sizeof(name), "trust/%s/%s", root ? "anchors" : "intermediates",
	    ca_plans[i].slug);
	c = read_cert(name);
	if (root) {
		assert_int_equal(X509_STORE_add_cert(anchors, c), 1);
		X509_free(c);
	} else {
		assert_int_not_equal(sk_X509_push(others, c), 0);
	}
}

/* X509_V_OK, or why the certificate is refused, with CRLs for the whole path. */
static int
judge(const char *name, int64_t when)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *others = sk_X509_new_null();
	AUTO(ossl_cert) X509 *leaf = read_cert(name);
	int verdict;

	for (size_t i = 0; i < CA_COUNT; i++) {
		add_ca(store, others, i);
		add_crl(store, i);
	}
	assert_int_equal(X509_STORE_CTX_init(ctx, store, leaf, others), 1);
	X509_STORE_CTX_set_time(ctx, 0, when);
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL |
	    X509_V_FLAG_X509_STRICT);
	verdict = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_pop_free(others, X509_free);
	return verdict;
}

static void
passes_verify(void **state UNUSED)
{
	for (size_t i = 0; i < PASSES; i++)
		for (size_t k = 0; k < PURPOSES; k++) {
			char name[128];
			int want = pass_plans[i].expired ? X509_V_ERR_CERT_HAS_EXPIRED :
			    pass_plans[i].revoked ? X509_V_ERR_CERT_REVOKED : X509_V_OK;

			snprintf(name, sizeof(name), "cards/%s/%s", pass_plans[i].slug,
			    purpose_slugs[k]);
			if (pass_plans[i].has[k])
				assert_int_equal(judge(name, NOW), want);
		}
}

/* A CRL is good for two days. */
static void
crls_run_out(void **state UNUSED)
{
	assert_int_equal(judge("cards/z/authentication", NOW + 47 * HOUR), X509_V_OK);
	assert_int_equal(judge("cards/z/authentication", NOW + 49 * HOUR),
	    X509_V_ERR_CRL_HAS_EXPIRED);
	assert_ok(pki_crls(dir, NOW + 49 * HOUR));
	assert_int_equal(judge("cards/z/authentication", NOW + 49 * HOUR), X509_V_OK);
	assert_int_equal(judge("cards/z-revoked/signature", NOW + 49 * HOUR),
	    X509_V_ERR_CERT_REVOKED);
	assert_ok(pki_crls(dir, NOW));
}

/* The same names and the same pass keys, and yet not ours. */
static void
foreign_passes_do_not(void **state UNUSED)
{
	AUTO(ossl_cert) X509 *own = read_cert("cards/z/authentication");
	AUTO(ossl_cert) X509 *foreign = read_cert("other/cards/z/authentication");

	assert_int_not_equal(judge("other/cards/z/authentication", NOW), X509_V_OK);
	assert_int_equal(X509_NAME_cmp(X509_get_issuer_name(own),
	    X509_get_issuer_name(foreign)), 0);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(own),
	    X509_get0_pubkey(foreign)), 1);
}

static void
revoke_one(void **state UNUSED)
{
	char path[PATH_MAX];

	assert_int_equal(judge("cards/n/signature", NOW), X509_V_OK);
	assert_ok(pki_path(path, "%s/cards/n/signature.der", dir));
	assert_ok(pki_revoke(dir, path, NOW));
	assert_int_equal(judge("cards/n/signature", NOW), X509_V_ERR_CERT_REVOKED);
	assert_int_equal(judge("cards/n/authentication", NOW), X509_V_OK);
	/* A file that is not there. */
	assert_ok(pki_path(path, "%s/cards/none.der", dir));
	assert_err(pki_revoke(dir, path, NOW), ERR_CONFIG);
}

static void
existing_pki_stays(void **state UNUSED)
{
	struct pki_options o = { .dir = dir, .now = NOW, .ca_bits = BITS,
	    .pass_bits = BITS, .passes = pass_plans, .passes_n = PASSES };

	assert_err(pki_make(&o), ERR_CONFIG);
}

static void
keys_are_private(void **state UNUSED)
{
	static const char *const names[] = { "cards/z/authentication.key", "cards/z.card",
		"negative/expired.key", "ca/zorg-csp-root-ca-g3.key",
		"other/cards/z/signature.key" };
	char path[PATH_MAX];
	struct stat st;

	for (size_t i = 0; i < NELEM(names); i++) {
		assert_ok(pki_path(path, "%s/%s", dir, names[i]));
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
}

/* The UZI name as CPS section 6 of the reference has it, to the byte. */
static void
uzi_name(void **state UNUSED)
{
	static const uint8_t want[] =
	    "\x30\x6c\xa0\x22\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x14"
	    "\x02\x03\xa0\x14\x0c\x12" "900000001@90000123"
	    "\xa0\x46\x06\x03\x55\x05\x05\xa0\x3f\x16\x3d"
	    "2.16.528.1.1007.99.217-1-900000001-Z-90000123-01.015-00000000";
	AUTO(ossl_cert) X509 *c = read_cert("cards/z/authentication");
	int at = X509_get_ext_by_NID(c, NID_subject_alt_name, -1);
	const ASN1_OCTET_STRING *der;

	assert_true(at >= 0);
	der = X509_EXTENSION_get_data(X509_get_ext(c, at));
	assert_int_equal(der->length, sizeof(want) - 1);
	assert_memory_equal(der->data, want, sizeof(want) - 1);
}

static void
profile(void **state UNUSED)
{
	static const struct {
		const char *name;
		uint32_t usage;
		int bits, signature;
	} certs[] = {
		{ "cards/z/authentication", KU_DIGITAL_SIGNATURE, BITS,
		    NID_sha256WithRSAEncryption },
		{ "cards/n/signature", KU_NON_REPUDIATION, BITS,
		    NID_sha256WithRSAEncryption },
		{ "cards/m/confidentiality",
		    KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT, BITS,
		    NID_sha256WithRSAEncryption },
		{ "cards/z-g4/authentication", KU_DIGITAL_SIGNATURE, BITS / 2 * 3,
		    NID_rsassaPss },
	};

	for (size_t i = 0; i < NELEM(certs); i++) {
		AUTO(ossl_cert) X509 *c = read_cert(certs[i].name);

		assert_int_equal(X509_get_key_usage(c), certs[i].usage);
		assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(c)), certs[i].bits);
		assert_int_equal(X509_get_signature_nid(c), certs[i].signature);
	}
}

/* T38: nobody can take these for real. */
static void
recognisable(void **state UNUSED)
{
	for (size_t i = 0; i < CA_COUNT; i++) {
		char name[256], cn[256];
		AUTO(ossl_cert) X509 *c = NULL;

		snprintf(name, sizeof(name), "ca/%s", ca_plans[i].slug);
		c = read_cert(name);
		assert_true(X509_NAME_get_text_by_NID(X509_get_subject_name(c),
		    NID_commonName, cn, sizeof(cn)) > 0);
		assert_int_equal(strncmp(cn, "TEST dezi-vcard ", 16), 0);
	}
}

/* Each card file can be used, and its key fits its certificate. */
static void
cards_load(void **state UNUSED)
{
	for (size_t i = 0; i < PASSES; i++) {
		AUTO(vcard_free) struct vcard *c = NULL;
		AUTO(ossl_key) EVP_PKEY *key = NULL;
		AUTO(ossl_cert) X509 *cert = NULL;
		char path[PATH_MAX], name[128];

		assert_ok(pki_path(path, "%s/cards/%s.card", dir, pass_plans[i].slug));
		assert_ok(vcard_load(path, &c));
		assert_int_equal(vcard_file(c)->vendor_lock, pass_plans[i].locked);
		assert_ok(pki_path(path, "%s/cards/%s/authentication.key", dir,
		    pass_plans[i].slug));
		assert_ok(key_read(path, &key));
		snprintf(name, sizeof(name), "cards/%s/authentication",
		    pass_plans[i].slug);
		cert = read_cert(name);
		assert_int_equal(X509_check_private_key(cert, key), 1);
	}
}

static void
negatives(void **state UNUSED)
{
	static const struct {
		const char *name;
		int verdict;	/* -1: libcrypto cannot say */
	} certs[] = {
		{ "negative/expired", X509_V_ERR_CERT_HAS_EXPIRED },
		{ "negative/early", X509_V_ERR_CERT_NOT_YET_VALID },
		{ "negative/san-six", X509_V_OK }, { "negative/san-eight", X509_V_OK },
		{ "negative/san-odd", -1 }, { "negative/policy", X509_V_OK },
		{ "negative/usage", X509_V_OK }, { "negative/m-pass", X509_V_OK },
	};

	for (size_t i = 0; i < NELEM(certs); i++) {
		int got = judge(certs[i].name, NOW);

		if (certs[i].verdict >= 0)
			assert_int_equal(got, certs[i].verdict);
		else
			assert_int_not_equal(got, X509_V_OK);
	}
}

/* Every token of the plan is a card that can be inserted, in both hierarchies. */
static void
tokens(void **state UNUSED)
{
	struct pki_options o = { .now = NOW, .ca_bits = BITS, .pass_bits = 1024,
	    .passes = pass_plans, .passes_n = 1, .tokens = token_plans,
	    .tokens_n = TOKENS };
	char path[PATH_MAX], below[PATH_MAX];

	assert_ok(pki_path(below, "%s/tokens", dir));
	o.dir = below;
	assert_ok(pki_make(&o));
	for (size_t i = 0; i < 2 * TOKENS; i++) {
		AUTO(vcard_free) struct vcard *c = NULL;

		assert_ok(pki_path(path, "%s/%scards/%s.card", below,
		    i < TOKENS ? "" : "other/", token_plans[i % TOKENS].pass.slug));
		assert_ok(vcard_load(path, &c));
		assert_int_not_equal(vcard_file(c)->type, CARD_UZI);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_verify),
		cmocka_unit_test(crls_run_out),
		cmocka_unit_test(foreign_passes_do_not),
		cmocka_unit_test(existing_pki_stays),
		cmocka_unit_test(keys_are_private),
		cmocka_unit_test(uzi_name),
		cmocka_unit_test(profile),
		cmocka_unit_test(recognisable),
		cmocka_unit_test(cards_load),
		cmocka_unit_test(negatives),
		cmocka_unit_test(revoke_one),
		cmocka_unit_test(tokens),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
