/* SPDX-License-Identifier: EUPL-1.2 */
/* Certificates and CRLs as a plan says. */
#include "vcard/x509.h"

#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <time.h>

#include "base/file.h"
#include "vcard/der.h"
#include "vcard/ossl.h"

#define EXT_MAX		4096
#define CERT_MAX	16384
#define SERIAL_LEN	20
#define CRL_SECONDS	((int64_t)48 * 3600)

#define OID_SAN		"2.5.29.17"
#define OID_AIA		"1.3.6.1.5.5.7.1.1"
#define OID_SKI		"2.5.29.14"
#define OID_BASIC	"2.5.29.19"
#define OID_AKI		"2.5.29.35"
#define OID_POLICIES	"2.5.29.32"
#define OID_CDP		"2.5.29.31"
#define OID_USAGE	"2.5.29.15"
#define OID_EKU		"2.5.29.37"
#define OID_CRL_NUMBER	"2.5.29.20"
#define OID_AD_ISSUERS	"1.3.6.1.5.5.7.48.2"
#define OID_AD_OCSP	"1.3.6.1.5.5.7.48.1"
#define OID_QT_CPS	"1.3.6.1.5.5.7.2.1"
#define OID_QT_NOTICE	"1.3.6.1.5.5.7.2.2"

enum { TAG_OCTETS = 0x04, TAG_UTF8 = 0x0c, TAG_IA5 = 0x16, TAG_SEQ = 0x30,
	TAG_BITS = 0x03, TAG_URI = 0x86, TAG_0 = 0xa0, TAG_KEY_ID = 0x80 };

static enum err
trouble(const char *what)
{
	return fail(ERR_CRYPTO, "%s could not be made", what);
}

/*
 * Names.
 */

static enum err
put_subject(X509 *c, const struct x509_plan *p)
{
	AUTO(ossl_name) X509_NAME *name = X509_NAME_new();

	for (size_t i = 0; i < X509_SUBJECT_PARTS && name != NULL; i++) {
		const struct x509_part *part = &p->subject[i];
		/* Country and serialNumber are PrintableString, the rest UTF8String. */
		int type = part->oid != NULL && (strcmp(part->oid, "2.5.4.6") == 0 ||
		    strcmp(part->oid, "2.5.4.5") == 0) ? V_ASN1_PRINTABLESTRING :
		    V_ASN1_UTF8STRING;

		if (part->text != NULL &&
		    X509_NAME_add_entry_by_txt(name, part->oid, type,
		    (const unsigned char *)part->text, -1, -1, 0) != 1)
			return trouble("a name");
	}
	return X509_set_subject_name(c, name) == 1 ? ERR_OK : trouble("a name");
}

/*
 * Extensions.
 */

static X509_EXTENSION *
make_ext(const char *oid, bool critical, const struct buf *value)
{
	AUTO(ossl_oid) ASN1_OBJECT *id = OBJ_txt2obj(oid, 1);
	AUTO(ossl_octets) ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();

	if (buf_end(value) != ERR_OK || id == NULL || octets == NULL ||
	    ASN1_OCTET_STRING_set(octets, value->p, (int)value->len) != 1)
		return NULL;
	return X509_EXTENSION_create_by_OBJ(NULL, id, critical, octets);
}

static enum err
add_ext(X509 *c, const char *oid, bool critical, const struct buf *value)
{
	AUTO(ossl_ext) X509_EXTENSION *e = make_ext(oid, critical, value);

	return e != NULL && X509_add_ext(c, e, -1) == 1 ? ERR_OK :
	    trouble("an extension");
}

static enum err
add_san(X509 *c, const struct x509_plan *p)
{
	AUTO(buf_free) struct buf b = BUF(EXT_MAX);

	buf_cur(&b, p->san);
	return p->san.n == 0 ? ERR_OK : add_ext(c, OID_SAN, false, &b);
}

static void
put_access(struct buf *b, const char *method, const char *url)
{
	size_t at;

	if (url == NULL)
		return;
	at = der_open(b, TAG_SEQ);
	der_oid(b, method);
	der_str(b, TAG_URI, url);
	der_close(b, at);
}

static enum err
add_access(X509 *c, const struct x509_plan *p)
{
	AUTO(buf_free) struct buf b = BUF(EXT_MAX);
	size_t at = der_open(&b, TAG_SEQ);

	put_access(&b, OID_AD_ISSUERS, p->issuer_url);
	put_access(&b, OID_AD_OCSP, p->ocsp_url);
	der_close(&b, at);
	return p->issuer_url == NULL && p->ocsp_url == NULL ? ERR_OK :
	    add_ext(c, OID_AIA, false, &b);
}

/* RFC 5280 section 4.2.1.2 (1): SHA-1 over the key's bits. */
static enum err
key_id(const X509 *c, uint8_t ret[20])
{
	unsigned n = 20;

	return X509_pubkey_digest(c, EVP_sha1(), ret, &n) == 1 ? ERR_OK :
	    trouble("a key identifier");
}

static enum err
add_subject_key(X509 *c)
{
	AUTO(buf_free) struct buf b = BUF(EXT_MAX);
	uint8_t id[20];
	enum err r;

	if ((r = key_id(c, id)) != ERR_OK)
		return r;
	der_put(&b, TAG_OCTETS, cur_of(id, sizeof(id)));
	return add_ext(c, OID_SKI, false, &b);
}

static enum err
put_authority_key(struct buf *b, const X509 *issuer)
{
	uint8_t id[20];
	enum err r;
	size_t at;

	if ((r = key_id(issuer, id)) != ERR_OK)
		return r;
	at = der_open(b, TAG_SEQ);
	der_put(b, TAG_KEY_ID, cur_of(id, sizeof(id)));
	der_close(b, at);
	return ERR_OK;
}

static enum err
add_authority_key(X509 *c, const X509 *issuer)
{
	AUTO(buf_free) struct buf b = BUF(EXT_MAX);
	enum err r;

	if (issuer == NULL)
		return ERR_OK;		/* a root names nobody above it */
	if ((r = put_authority_key(&b, issuer)) != ERR_OK)
		return r;
	return add_ext(c, OID_AKI, false, &b);
}

static enum err
add_basic(X509 *c, const struct x509_plan *p)
{
	AUTO(buf_free) struct buf b = BUF(EXT_MAX);
	size_t at = der_open(&b, TAG_SEQ);

	if (p->ca) {
		der_bool(&b, true);
		if (p->path_len >= 0)
			der_int(&b, 0x02, (uint32_t)p->path_len);
	}
	der_close(&b, at);
	return add_ext(c, OID_BASIC, true, &b);
}

static void
put_qualifier(struct buf *b, const char *oid, unsigned tag, const char *text)
{
	size_t at = der_open(b, TAG_SEQ), notice;

	der_oid(b, oid);
	if (tag == TAG_UTF8) {
		notice = der_open(b, TAG_SEQ);
		der_str(b, tag, text);
		der_close(b, notice);
	} else {
		der_str(b, tag, text);
	}
	der_close(b, at);
}

/* The qualifiers stand with the last policy, as on the passes. */
static enum err
add_policies(X509 *c, const struct x509_plan *p)
{
	AUTO(buf_free) struct buf b = BUF(EXT_MAX);
	size_t all = der_open(&b, TAG_SEQ);

	for (const char *const *oid = p->policies; oid != NULL && *oid != NULL; oid++) {
		size_t one = der_open(&b, TAG_SEQ);

		der_oid(&b, *oid);
		if (oid[1] == NULL && p->cps != NULL) {
			size_t quals = der_open(&b, TAG_SEQ);

			put_qualifier(&b, OID_QT_CPS, TAG_IA5, p->cps);
			if (p->notice != NULL)
				put_qualifier(&b, OID_QT_NOTICE, TAG_UTF8, p->notice);
			der_close(&b, quals);
		}
		der_close(&b, one);
	}
	der_close(&b, all);
	return p->policies == NULL ? ERR_OK : add_ext(c, OID_POLICIES, false, &b);
}

static enum err
add_crl_point(X509 *c, const struct x509_plan *p)
{
	AUTO(buf_free) struct buf b = BUF(EXT_MAX);
	size_t all, point, name, full;

	if (p->crl_url == NULL)
		return ERR_OK;
	all = der_open(&b, TAG_SEQ);
	point = der_open(&b, TAG_SEQ);
	name = der_open(&b, TAG_0);
	full = der_open(&b, TAG_0);
	der_str(&b, TAG_URI, p->crl_url);
	der_close(&b, full);
	der_close(&b, name);
	der_close(&b, point);
	der_close(&b, all);
	return add_ext(c, OID_CDP, false, &b);
}

static enum err
add_usage(X509 *c, const struct x509_plan *p)
{
	AUTO(buf_free) struct buf b = BUF(EXT_MAX);

	der_bits(&b, TAG_BITS, p->usage);
	return add_ext(c, OID_USAGE, true, &b);
}

static enum err
add_eku(X509 *c, const struct x509_plan *p)
{
	AUTO(buf_free) struct buf b = BUF(EXT_MAX);
	size_t at = der_open(&b, TAG_SEQ);

	for (const char *const *oid = p->eku; oid != NULL && *oid != NULL; oid++)
		der_oid(&b, *oid);
	der_close(&b, at);
	return p->eku == NULL ? ERR_OK : add_ext(c, OID_EKU, false, &b);
}

static enum err
add_extra(X509 *c, const struct x509_plan *p)
{
	enum err r = ERR_OK;

	for (const struct x509_extra *e = p->extra;
	    e != NULL && e->oid != NULL && r == ERR_OK; e++) {
		AUTO(buf_free) struct buf b = BUF(EXT_MAX);

		buf_cur(&b, e->value);
		r = add_ext(c, e->oid, false, &b);
	}
	return r;
}

/* In the order of the passes of 2017; nobody may rely on it. */
static enum err
add_extensions(X509 *c, const struct x509_plan *p, const X509 *issuer)
{
	enum err r;

	if (p->bare)
		return add_extra(c, p);
	if ((r = add_san(c, p)) != ERR_OK ||
	    (r = add_access(c, p)) != ERR_OK ||
	    (r = add_subject_key(c)) != ERR_OK ||
	    (r = add_basic(c, p)) != ERR_OK ||
	    (r = add_authority_key(c, issuer)) != ERR_OK ||
	    (r = add_policies(c, p)) != ERR_OK ||
	    (r = add_crl_point(c, p)) != ERR_OK ||
	    (r = add_usage(c, p)) != ERR_OK ||
	    (r = add_eku(c, p)) != ERR_OK)
		return r;
	return add_extra(c, p);
}

/*
 * Certificates.
 */

/* 20 random bytes, positive and of full length. */
static enum err
put_serial(X509 *c)
{
	uint8_t serial[SERIAL_LEN];
	AUTO(ossl_bn) BIGNUM *n = NULL;
	AUTO(ossl_int) ASN1_INTEGER *i = NULL;

	if (RAND_bytes(serial, sizeof(serial)) != 1)
		return trouble("a serial number");
	serial[0] = (serial[0] & 0x3f) | 0x40;
	n = BN_bin2bn(serial, sizeof(serial), NULL);
	i = n == NULL ? NULL : BN_to_ASN1_INTEGER(n, NULL);
	return i != NULL && X509_set_serialNumber(c, i) == 1 ? ERR_OK :
	    trouble("a serial number");
}

/* A context that signs as by says. */
static enum err
start_signing(EVP_MD_CTX *md, const struct x509_signer *by)
{
	EVP_PKEY_CTX *key;		/* md's own */

	if (EVP_DigestSignInit(md, &key, by->pss ? EVP_sha512() : EVP_sha256(), NULL,
	    by->key) != 1)
		return trouble("a signature");
	if (by->pss && (EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(key, RSA_PSS_SALTLEN_DIGEST) != 1))
		return trouble("a signature");
	return ERR_OK;
}

static bool
seconds_of(const ASN1_TIME *t, int64_t *ret)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	*ret = timegm(&tm);
	return true;
}

enum err
x509_times_of(const X509 *cert, struct x509_plan *ret)
{
	return seconds_of(X509_get0_notBefore(cert), &ret->not_before) &&
	    seconds_of(X509_get0_notAfter(cert), &ret->not_after) ? ERR_OK :
	    trouble("a time");
}

static enum err
fill(X509 *c, const struct x509_plan *p, const struct x509_signer *by)
{
	const X509 *issuer = by->cert != NULL ? by->cert : c;
	enum err r;

	if (X509_set_version(c, X509_VERSION_3) != 1 ||
	    X509_set_pubkey(c, p->key) != 1 ||
	    ASN1_TIME_set(X509_getm_notBefore(c), p->not_before) == NULL ||
	    ASN1_TIME_set(X509_getm_notAfter(c), p->not_after) == NULL)
		return trouble("a certificate");
	if ((r = put_serial(c)) != ERR_OK || (r = put_subject(c, p)) != ERR_OK)
		return r;
	if (X509_set_issuer_name(c, X509_get_subject_name(issuer)) != 1)
		return trouble("a certificate");
	return add_extensions(c, p, by->cert);
}

enum err
x509_make(const struct x509_plan *p, const struct x509_signer *by, X509 **ret)
{
	AUTO(ossl_cert) X509 *c = X509_new();
	AUTO(ossl_md) EVP_MD_CTX *md = EVP_MD_CTX_new();
	enum err r;

	if (c == NULL || md == NULL)
		return fail(ERR_NOMEM, "a certificate");
	if ((r = fill(c, p, by)) != ERR_OK || (r = start_signing(md, by)) != ERR_OK)
		return r;
	if (X509_sign_ctx(c, md) <= 0)
		return trouble("a signature");
	*ret = c;
	c = NULL;
	return ERR_OK;
}

/*
 * CRLs.
 */

static enum err
revoke(X509_CRL *crl, const struct x509_revoked *one)
{
	AUTO(ossl_revoked) X509_REVOKED *rev = X509_REVOKED_new();
	AUTO(ossl_bn) BIGNUM *n = BN_bin2bn(one->serial, (int)one->serial_len, NULL);
	AUTO(ossl_int) ASN1_INTEGER *serial =
	    n == NULL ? NULL : BN_to_ASN1_INTEGER(n, NULL);
	AUTO(ossl_time) ASN1_TIME *when = ASN1_TIME_set(NULL, one->when);

	if (rev == NULL || serial == NULL || when == NULL ||
	    X509_REVOKED_set_serialNumber(rev, serial) != 1 ||
	    X509_REVOKED_set_revocationDate(rev, when) != 1 ||
	    X509_CRL_add0_revoked(crl, rev) != 1)
		return trouble("a CRL");
	rev = NULL;			/* the CRL's now */
	return ERR_OK;
}

static enum err
add_crl_ext(X509_CRL *crl, const char *oid, const struct buf *value)
{
	AUTO(ossl_ext) X509_EXTENSION *e = make_ext(oid, false, value);

	return e != NULL && X509_CRL_add_ext(crl, e, -1) == 1 ? ERR_OK : trouble("a CRL");
}

static enum err
add_crl_extensions(X509_CRL *crl, const X509 *issuer, int64_t now)
{
	AUTO(buf_free) struct buf aki = BUF(EXT_MAX);
	AUTO(buf_free) struct buf number = BUF(EXT_MAX);
	enum err r;

	if ((r = put_authority_key(&aki, issuer)) != ERR_OK)
		return r;
	der_int(&number, 0x02, (uint32_t)now);
	if ((r = add_crl_ext(crl, OID_AKI, &aki)) != ERR_OK)
		return r;
	return add_crl_ext(crl, OID_CRL_NUMBER, &number);
}

static enum err
fill_crl(X509_CRL *crl, const struct x509_signer *by, int64_t now)
{
	AUTO(ossl_time) ASN1_TIME *from = ASN1_TIME_set(NULL, now);
	AUTO(ossl_time) ASN1_TIME *to = ASN1_TIME_set(NULL, now + CRL_SECONDS);

	if (from == NULL || to == NULL ||
	    X509_CRL_set_version(crl, X509_CRL_VERSION_2) != 1 ||
	    X509_CRL_set_issuer_name(crl, X509_get_subject_name(by->cert)) != 1 ||
	    X509_CRL_set1_lastUpdate(crl, from) != 1 ||
	    X509_CRL_set1_nextUpdate(crl, to) != 1)
		return trouble("a CRL");
	return add_crl_extensions(crl, by->cert, now);
}

enum err
x509_make_crl(const struct x509_signer *by, int64_t now, const struct x509_revoked *list,
    size_t n, X509_CRL **ret)
{
	AUTO(ossl_crl) X509_CRL *crl = X509_CRL_new();
	AUTO(ossl_md) EVP_MD_CTX *md = EVP_MD_CTX_new();
	enum err r;

	if (crl == NULL || md == NULL)
		return fail(ERR_NOMEM, "a CRL");
	if ((r = fill_crl(crl, by, now)) != ERR_OK)
		return r;
	for (size_t i = 0; i < n; i++)
		if ((r = revoke(crl, &list[i])) != ERR_OK)
			return r;
	if (X509_CRL_sort(crl) != 1)
		return trouble("a CRL");
	if ((r = start_signing(md, by)) != ERR_OK)
		return r;
	if (X509_CRL_sign_ctx(crl, md) <= 0)
		return trouble("a CRL");
	*ret = crl;
	crl = NULL;
	return ERR_OK;
}

/*
 * Files.
 */

static enum err
write_der(const char *path, uint8_t *der, int n)
{
	enum err r;

	if (n <= 0)
		return trouble("DER");
	r = file_write(path, cur_of(der, (size_t)n), 0644);
	OPENSSL_free(der);
	return r;
}

enum err
x509_write(const char *path, const X509 *cert)
{
	uint8_t *der = NULL;
	int n = i2d_X509(cert, &der);

	return write_der(path, der, n);
}

enum err
x509_write_crl(const char *path, const X509_CRL *crl)
{
	uint8_t *der = NULL;
	int n = i2d_X509_CRL(crl, &der);

	return write_der(path, der, n);
}

enum err
x509_read(const char *path, X509 **ret)
{
	AUTO(buf_free) struct buf der = BUF(CERT_MAX);
	const uint8_t *p;
	enum err r;

	if ((r = file_read(path, &der)) != ERR_OK)
		return r;
	p = der.p;
	*ret = d2i_X509(NULL, &p, (long)der.len);
	if (*ret == NULL)
		return fail(ERR_MALFORMED, "%s: not a certificate in DER", path);
	return ERR_OK;
}
