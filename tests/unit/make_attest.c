/* SPDX-License-Identifier: EUPL-1.2 */
/* Certificates of a maker of tokens, for tests. */
#include "tests/check.h"

#include "tests/unit/make_attest.h"

#include <openssl/x509v3.h>
#include <stdio.h>

#define OID	"1.3.6.1.4.1.41482.3."
#define FAR	"99991231235959Z"
#define ROOT_CA	"critical,CA:TRUE,pathlen:1"

static void
name(X509_NAME *n, const char *cn)
{
	assert_int_equal(X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8,
	    (const uint8_t *)cn, -1, -1, 0), 1);
}

static void
add(X509 *x, X509_EXTENSION *e)
{
	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

static void
add_vendor(X509 *x, const struct attest_ext *e)
{
	ASN1_OCTET_STRING *v = ASN1_OCTET_STRING_new();
	char oid[64];
	ASN1_OBJECT *o;

	snprintf(oid, sizeof(oid), OID "%s", e->number);
	o = OBJ_txt2obj(oid, 1);
	assert_int_equal(ASN1_OCTET_STRING_set(v, (const uint8_t *)e->bytes, e->n), 1);
	add(x, X509_EXTENSION_create_by_OBJ(NULL, o, 0, v));
	ASN1_OBJECT_free(o);
	ASN1_OCTET_STRING_free(v);
}

void
attest_make(const char *cn, EVP_PKEY *pub, const char *issuer, EVP_PKEY *signer,
    const char *ca, const struct attest_ext *exts, struct buf *ret)
{
	attest_make_until(cn, pub, issuer, signer, ca, exts, ca == NULL ? ATTEST_PAST : FAR, ret);
}

void
attest_make_until(const char *cn, EVP_PKEY *pub, const char *issuer, EVP_PKEY *signer,
    const char *ca, const struct attest_ext *exts, const char *until, struct buf *ret)
{
	X509 *x = X509_new();
	uint8_t *der = NULL;
	int n;

	assert_int_equal(X509_set_version(x, 2), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 1), 1);
	/* long ago */
	assert_int_equal(ASN1_TIME_set_string(X509_getm_notBefore(x), "20160314000000Z"), 1);
	assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(x), until), 1);
	name(X509_get_subject_name(x), cn);
	name(X509_get_issuer_name(x), issuer);
	assert_int_equal(X509_set_pubkey(x, pub), 1);
	if (ca != NULL)
		add(x, X509V3_EXT_nconf_nid(NULL, NULL, NID_basic_constraints, ca));
	for (; exts != NULL && exts->number != NULL; exts++)
		add_vendor(x, exts);
	assert_int_not_equal(X509_sign(x, signer, EVP_sha256()), 0);
	assert_true((n = i2d_X509(x, &der)) > 0);
	buf_put(ret, der, (size_t)n);
	assert_ok(buf_end(ret));
	OPENSSL_free(der);
	X509_free(x);
}

void
maker_make(struct maker *m)
{
	*m = (struct maker){ .root = BUF(8192), .device = BUF(8192) };
	assert_non_null(m->root_key = EVP_EC_gen("P-256"));
	assert_non_null(m->device_key = EVP_EC_gen("P-256"));
	attest_make(ATTEST_ROOT_CN, m->root_key, ATTEST_ROOT_CN, m->root_key, ROOT_CA, NULL,
	    &m->root);
	attest_make(ATTEST_DEVICE_CN, m->device_key, ATTEST_ROOT_CN, m->root_key,
	    ATTEST_DEVICE_CA, NULL, &m->device);
}

void
maker_drop(struct maker *m)
{
	EVP_PKEY_free(m->root_key);
	EVP_PKEY_free(m->device_key);
	buf_free(&m->root);
	buf_free(&m->device);
	*m = (struct maker){ .root_key = NULL };
}

void
maker_say(const struct maker *m, EVP_PKEY *about, const struct attest_ext *exts,
    struct buf *ret)
{
	buf_clear(ret);
	attest_make(ATTEST_9A_CN, about, ATTEST_DEVICE_CN, m->device_key, NULL, exts, ret);
}
