/* SPDX-License-Identifier: EUPL-1.2 */
/* Certificates and CRLs for tests, by libcrypto. */
#include "tests/check.h"

#include "tests/unit/make_cert.h"
#include "tests/unit/rsa_key.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/b64.h"

void
made_drop(struct made *m)
{
	X509_free(m->x);
	EVP_PKEY_free(m->key);
	buf_free(&m->der);
	*m = (struct made){ 0 };
}

static EVP_PKEY *
new_key(const char *kind)
{
	if (kind == NULL)
		return kept_rsa_key(2048);
	if (strncmp(kind, "RSA", 3) == 0)
		return kept_rsa_key((unsigned)strtoul(kind + 3, NULL, 10));
	if (strcmp(kind, "ED25519") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return EVP_EC_gen(kind);
}

static void
add_name(X509_NAME *name, const char *field, int type, const char *value)
{
	if (value != NULL)
		assert_int_equal(X509_NAME_add_entry_by_txt(name, field, type,
		    (const uint8_t *)value, -1, -1, 0), 1);
}

static void
add_ext(X509 *x, X509V3_CTX *ctx, int nid, const char *value)
{
	X509_EXTENSION *e;

	if (value == NULL)
		return;
	e = X509V3_EXT_nconf_nid(NULL, ctx, nid, value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

static void
add_raw(X509 *x, int nid, const char *hex)
{
	ASN1_OCTET_STRING *s = ASN1_OCTET_STRING_new();
	AUTO(buf_free) struct buf b = BUF(4096);
	X509_EXTENSION *e;

	assert_ok(hex_get(cur_str(hex), &b));
	assert_int_equal(ASN1_OCTET_STRING_set(s, b.p, (int)b.len), 1);
	e = X509_EXTENSION_create_by_NID(NULL, nid, 0, s);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(s);
}

static EVP_MD_CTX *
signer(EVP_PKEY *key, const char *hash, bool pss)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;

	assert_int_equal(EVP_DigestSignInit(ctx, &pctx,
	    EVP_get_digestbyname(hash != NULL ? hash : "SHA256"), NULL, key), 1);
	if (pss) {
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx,
		    RSA_PKCS1_PSS_PADDING), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx,
		    RSA_PSS_SALTLEN_DIGEST), 1);
	}
	return ctx;
}

static void
add_extensions(X509 *x, const struct recipe *how, X509 *issuer)
{
	/* Policies are not parsed without one; the section is for name constraints. */
	CONF *conf = NCONF_new(NULL);
	BIO *text = BIO_new_mem_buf("[belgium]\nC=BE\n", -1);
	X509V3_CTX ctx;

	assert_true(NCONF_load_bio(conf, text, NULL) > 0);
	BIO_free(text);
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	X509V3_set_nconf(&ctx, conf);
	add_ext(x, &ctx, NID_basic_constraints, how->basic);
	add_ext(x, &ctx, NID_subject_key_identifier, "hash");
	if (issuer != x)
		add_ext(x, &ctx, NID_authority_key_identifier, "keyid");
	add_ext(x, &ctx, NID_key_usage, how->usage);
	add_ext(x, &ctx, NID_ext_key_usage, how->eku);
	add_ext(x, &ctx, NID_certificate_policies, how->policies);
	add_ext(x, &ctx, NID_subject_alt_name, how->san);
	add_ext(x, &ctx, NID_name_constraints, how->constraints);
	add_ext(x, &ctx, NID_netscape_comment, how->comment);
	if (how->san_hex != NULL)
		add_raw(x, NID_subject_alt_name, how->san_hex);
	if (how->twice != 0)
		add_ext(x, &ctx, how->twice, how->usage);
	NCONF_free(conf);
}

static void
to_der(X509 *x, struct buf *ret)
{
	uint8_t *der = NULL;
	int n = i2d_X509(x, &der);

	assert_true(n > 0);
	*ret = (struct buf)BUF(65536);
	buf_put(ret, der, (size_t)n);
	OPENSSL_free(der);
	assert_ok(buf_end(ret));
}

static void
put_time(ASN1_TIME *t, int64_t seconds, const char *text)
{
	ASN1_TIME_set(t, seconds);
	if (text == NULL)
		return;
	assert_int_equal(ASN1_STRING_set(t, text + 1, -1), 1);
	t->type = text[0] == 'G' ? V_ASN1_GENERALIZEDTIME : V_ASN1_UTCTIME;
}

void
make_cert(const struct recipe *how, const struct made *issuer, struct made *ret)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	EVP_MD_CTX *ctx;

	*ret = (struct made){ .x = x };
	if (how->key != NULL)
		EVP_PKEY_up_ref(how->key);
	ret->key = how->key != NULL ? how->key : new_key(how->kind);
	assert_non_null(ret->key);
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), how->serial != 0 ? how->serial : 1);
	put_time(X509_getm_notBefore(x),
	    how->from != 0 ? how->from : MADE_NOW - 180 * MADE_DAY, how->from_text);
	put_time(X509_getm_notAfter(x),
	    how->until != 0 ? how->until : MADE_NOW + 180 * MADE_DAY, how->until_text);
	add_name(name, "C", MBSTRING_ASC, "NL");
	add_name(name, "O", MBSTRING_UTF8, how->o);
	add_name(name, "title", MBSTRING_UTF8, how->title);
	add_name(name, "serialNumber", MBSTRING_ASC, how->serial_number);
	add_name(name, "CN", MBSTRING_UTF8, how->cn);
	X509_set_issuer_name(x, issuer == NULL ? name : X509_get_subject_name(issuer->x));
	assert_int_equal(X509_set_pubkey(x, ret->key), 1);
	add_extensions(x, how, issuer == NULL ? x : issuer->x);
	ctx = signer(issuer == NULL ? ret->key : issuer->key, how->hash, how->pss);
	assert_true(X509_sign_ctx(x, ctx) > 0);
	EVP_MD_CTX_free(ctx);
	to_der(x, &ret->der);
}

static void
revoke(X509_CRL *crl, long serial, int64_t when)
{
	ASN1_INTEGER *n = ASN1_INTEGER_new();
	ASN1_TIME *t = ASN1_TIME_set(NULL, when);
	X509_REVOKED *r = X509_REVOKED_new();

	ASN1_INTEGER_set(n, serial);
	assert_int_equal(X509_REVOKED_set_serialNumber(r, n), 1);
	assert_int_equal(X509_REVOKED_set_revocationDate(r, t), 1);
	assert_int_equal(X509_CRL_add0_revoked(crl, r), 1);
	ASN1_INTEGER_free(n);
	ASN1_TIME_free(t);
}

static void
add_crl_extensions(X509_CRL *crl, const struct crl_recipe *how, X509 *issuer)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;
	ASN1_INTEGER *number = ASN1_INTEGER_new();

	X509V3_set_ctx(&ctx, issuer, NULL, NULL, crl, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid");
	assert_non_null(e);
	X509_CRL_add_ext(crl, e, -1);
	X509_EXTENSION_free(e);
	ASN1_INTEGER_set(number, 7);
	assert_int_equal(X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0), 1);
	ASN1_INTEGER_free(number);
	if (how->critical) {
		e = X509V3_EXT_conf(NULL, &ctx, "1.2.3.4", "critical,DER:0500");
		assert_non_null(e);
		X509_CRL_add_ext(crl, e, -1);
		X509_EXTENSION_free(e);
	}
}

void
make_crl(const struct crl_recipe *how, const struct made *issuer, struct buf *ret)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *from = ASN1_TIME_set(NULL,
	    how->from != 0 ? how->from : MADE_NOW - 3600);
	ASN1_TIME *until = ASN1_TIME_set(NULL,
	    how->until != 0 ? how->until : MADE_NOW + 2 * MADE_DAY);
	EVP_MD_CTX *ctx;
	uint8_t *der = NULL;
	int n;

	X509_CRL_set_version(crl, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->x));
	X509_CRL_set1_lastUpdate(crl, from);
	if (!how->endless)
		X509_CRL_set1_nextUpdate(crl, until);
	for (size_t i = 0; i < NELEM(how->revoked) && how->revoked[i] != 0; i++)
		revoke(crl, how->revoked[i], MADE_NOW - MADE_DAY);
	X509_CRL_sort(crl);
	add_crl_extensions(crl, how, issuer->x);
	ctx = signer(issuer->key, how->hash, how->pss);
	assert_true(X509_CRL_sign_ctx(crl, ctx) > 0);
	EVP_MD_CTX_free(ctx);
	n = i2d_X509_CRL(crl, &der);
	assert_true(n > 0);
	buf_put(ret, der, (size_t)n);
	OPENSSL_free(der);
	assert_ok(buf_end(ret));
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	X509_CRL_free(crl);
}

static void
make_ca(const char *prefix, const char *name, const char *policies, bool last,
    const struct made *issuer, struct made *ret)
{
	char cn[128];
	struct recipe how = {
		.cn = cn, .o = "CIBG", .kind = "P-256",
		.basic = last ? "critical,CA:TRUE,pathlen:0" : "critical,CA:TRUE",
		.usage = "critical,keyCertSign,cRLSign", .policies = policies,
		.eku = last ? "clientAuth,emailProtection,OCSPSigning" : NULL,
		.from = MADE_NOW - 1000 * MADE_DAY, .until = MADE_NOW + 1000 * MADE_DAY,
		.serial = last ? 3 : 2,
	};

	snprintf(cn, sizeof(cn), "%s%s", prefix, name);
	make_cert(&how, issuer, ret);
}

void
make_pki(const char *prefix, const char *arc, struct pki *ret)
{
	char policies[128];

	snprintf(policies, sizeof(policies), "%s1,%s2,%s3,%s4", arc, arc, arc, arc);
	make_ca(prefix, "Zorg CSP Root CA G3", NULL, false, NULL, &ret->root);
	make_ca(prefix, "Zorg CSP Level 2 Persoon CA G3", policies, false, &ret->root,
	    &ret->level2);
	make_ca(prefix, "UZI-register Zorgverlener CA G3", policies, true, &ret->level2,
	    &ret->z);
	make_ca(prefix, "UZI-register Medewerker op naam CA G3", policies, true,
	    &ret->level2, &ret->n);
	make_ca(prefix, "UZI-register Medewerker niet op naam CA G3", policies, true,
	    &ret->level2, &ret->m);
}

void
pki_drop(struct pki *p)
{
	made_drop(&p->root);
	made_drop(&p->level2);
	made_drop(&p->z);
	made_drop(&p->n);
	made_drop(&p->m);
}

const char *
san_text(const char *upn, const char *uzi, char *ret, size_t size)
{
	snprintf(ret, size, "%s%s%s%s%s",
	    upn != NULL ? "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:" : "",
	    upn != NULL ? upn : "", upn != NULL && uzi != NULL ? "," : "",
	    uzi != NULL ? "otherName:2.5.5.5;IA5:" : "", uzi != NULL ? uzi : "");
	return ret;
}

struct recipe
pass_recipe(char type)
{
	struct recipe r = {
		.cn = "Zo\xc3\xab van den Br\xc3\xbble",
		.o = "T\xc3\xa9st Ziekenhuis Oost",
		.title = type == 'Z' ? "Arts" : NULL, .serial_number = "900000001",
		.basic = "critical,CA:FALSE", .usage = "critical,digitalSignature",
		.eku = "clientAuth,emailProtection,1.3.6.1.4.1.311.10.3.12",
		.policies = type == 'M' ? "2.16.528.1.1007.99.214" : "2.16.528.1.1007.99.211",
		.serial = 77,
	};

	switch (type) {
	case 'Z':
		r.san = "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:900000001@90000123,"
		    "otherName:2.5.5.5;IA5:"
		    "2.16.528.1.1007.99.217-1-900000001-Z-90000123-01.015-00000000";
		break;
	case 'N':
		r.san = "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:900000001@90000123,"
		    "otherName:2.5.5.5;IA5:"
		    "2.16.528.1.1007.99.218-1-900000001-N-90000123-00.000-00000000";
		break;
	default:
		r.san = "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:900000001@90000123,"
		    "otherName:2.5.5.5;IA5:"
		    "2.16.528.1.1007.99.219-1-900000001-M-90000123-00.000-00000000";
		break;
	}
	return r;
}
