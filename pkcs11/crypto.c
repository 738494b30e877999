/* SPDX-License-Identifier: EUPL-1.2 */
/* Certificates as attributes, digests, and the context in which libcrypto works for us. */
#include "pkcs11/crypto.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#include <openssl/core_names.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
static OSSL_LIB_CTX *context;
static OSSL_PROVIDER *provider;

static void
make_context(void)
{
	context = OSSL_LIB_CTX_new();
	if (context == NULL)
		return;
	/* By name, so that no configuration file is asked which providers there are. */
	provider = OSSL_PROVIDER_load(context, "default");
	if (provider == NULL) {
		OSSL_LIB_CTX_free(context);
		context = NULL;
	}
}

OSSL_LIB_CTX *
crypto_context(void)
{
	OSSL_LIB_CTX *c;

	pthread_mutex_lock(&making);
	if (context == NULL)
		make_context();
	c = context;
	pthread_mutex_unlock(&making);
	return c;
}

void
crypto_end(void)
{
	if (context == NULL)
		return;
	OSSL_PROVIDER_unload(provider);
	OSSL_LIB_CTX_free(context);
	provider = NULL;
	context = NULL;
}

void
crypto_abandon(void)
{
	pthread_mutex_init(&making, NULL);
	provider = NULL;
	context = NULL;
}

void
x509_view_free(struct x509_view *v)
{
	X509_free(v->x);
	*v = (struct x509_view){ 0 };
}

enum err
x509_view_make(struct cur der, struct x509_view *ret)
{
	AUTO(x509_view_free) struct x509_view v = { 0 };
	const uint8_t *p = der.p;

	if (crypto_context() == NULL)
		return fail(ERR_CRYPTO, "libcrypto");
	v.x = X509_new_ex(crypto_context(), NULL);
	if (v.x == NULL)
		return fail(ERR_NOMEM, "certificate");
	if (d2i_X509(&v.x, &p, (long)der.n) == NULL)
		return fail(ERR_MALFORMED, "not a certificate");
	v.key = X509_get0_pubkey(v.x);
	if (v.key == NULL)
		return fail(ERR_MALFORMED, "no public key that is understood");
	v.bits = (unsigned)EVP_PKEY_get_bits(v.key);
	*ret = v;
	v = (struct x509_view){ 0 };	/* the caller's now */
	return ERR_OK;
}

/* Run an i2d function of libcrypto into a buffer. */
#define PUT_DER(ret, i2d, object)					\
	__extension__({							\
		int put_n = (i2d)((object), NULL);			\
		uint8_t *put_at = put_n <= 0 ? NULL : buf_room((ret), (size_t)put_n); \
		if (put_at != NULL)					\
			(i2d)((object), &put_at);			\
		put_n <= 0 ? fail(ERR_CRYPTO, #i2d) : buf_end(ret);	\
	})

enum err
x509_put_subject(const struct x509_view *v, struct buf *ret)
{
	return PUT_DER(ret, i2d_X509_NAME, X509_get_subject_name(v->x));
}

enum err
x509_put_issuer(const struct x509_view *v, struct buf *ret)
{
	return PUT_DER(ret, i2d_X509_NAME, X509_get_issuer_name(v->x));
}

enum err
x509_put_serial(const struct x509_view *v, struct buf *ret)
{
	return PUT_DER(ret, i2d_ASN1_INTEGER, X509_get0_serialNumber(v->x));
}

enum err
x509_put_spki(const struct x509_view *v, struct buf *ret)
{
	return PUT_DER(ret, i2d_X509_PUBKEY, X509_get_X509_PUBKEY(v->x));
}

static enum err
put_number(const struct x509_view *v, const char *name, struct buf *ret)
{
	BIGNUM *n = NULL;
	uint8_t *at;

	if (!EVP_PKEY_is_a(v->key, "RSA"))
		return ERR_NOT_FOUND;
	if (EVP_PKEY_get_bn_param(v->key, name, &n) != 1)
		return fail(ERR_CRYPTO, "%s", name);
	at = buf_room(ret, (size_t)BN_num_bytes(n));
	if (at != NULL)
		BN_bn2bin(n, at);
	BN_free(n);
	return buf_end(ret);
}

enum err
x509_put_modulus(const struct x509_view *v, struct buf *ret)
{
	return put_number(v, OSSL_PKEY_PARAM_RSA_N, ret);
}

enum err
x509_put_exponent(const struct x509_view *v, struct buf *ret)
{
	return put_number(v, OSSL_PKEY_PARAM_RSA_E, ret);
}

/* The keys of RFC 8410 are not on a choice of curves: their algorithm is the curve. */
static bool
is_octets(const struct x509_view *v)
{
	return EVP_PKEY_is_a(v->key, "ED25519") || EVP_PKEY_is_a(v->key, "X25519");
}

enum err
x509_put_ec_params(const struct x509_view *v, struct buf *ret)
{
	char name[80];
	ASN1_OBJECT *oid;
	enum err r;

	if (is_octets(v))
		snprintf(name, sizeof(name), "%s", EVP_PKEY_get0_type_name(v->key));
	else if (!EVP_PKEY_is_a(v->key, "EC"))
		return ERR_NOT_FOUND;
	else if (EVP_PKEY_get_utf8_string_param(v->key, OSSL_PKEY_PARAM_GROUP_NAME, name,
	    sizeof(name), NULL) != 1)
		return fail(ERR_CRYPTO, "a curve without a name");
	oid = OBJ_txt2obj(name, 0);
	if (oid == NULL)
		return fail(ERR_CRYPTO, "a curve without an identifier");
	r = PUT_DER(ret, i2d_ASN1_OBJECT, oid);
	ASN1_OBJECT_free(oid);
	return r;
}

enum err
x509_put_ec_point(const struct x509_view *v, struct buf *ret)
{
	uint8_t point[256];
	size_t n;

	if (!EVP_PKEY_is_a(v->key, "EC") && !is_octets(v))
		return ERR_NOT_FOUND;
	if (EVP_PKEY_get_octet_string_param(v->key, OSSL_PKEY_PARAM_PUB_KEY, point,
	    sizeof(point), &n) != 1)
		return fail(ERR_CRYPTO, "the point of an EC key");
	buf_u8(ret, 0x04);
	if (n >= 0x80)
		buf_u8(ret, 0x81);
	buf_u8(ret, (unsigned)n);
	buf_put(ret, point, n);
	return buf_end(ret);
}

static enum err
put_date(const ASN1_TIME *t, struct buf *ret)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return fail(ERR_MALFORMED, "a date that is none");
	buf_fmt(ret, "%04d%02d%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
	return buf_end(ret);
}

enum err
x509_put_start(const struct x509_view *v, struct buf *ret)
{
	return put_date(X509_get0_notBefore(v->x), ret);
}

enum err
x509_put_end(const struct x509_view *v, struct buf *ret)
{
	return put_date(X509_get0_notAfter(v->x), ret);
}

/* r and s of equal length, as the DER that libcrypto wants (RFC 3279 section 2.2.3). */
static enum err
put_ecdsa(struct cur sig, struct buf *ret)
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(sig.p, (int)(sig.n / 2), NULL);
	BIGNUM *s = BN_bin2bn(sig.p + sig.n / 2, (int)(sig.n / 2), NULL);
	enum err e;

	if (pair == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		ECDSA_SIG_free(pair);
		return fail(ERR_CRYPTO, "an ECDSA signature");
	}
	e = PUT_DER(ret, i2d_ECDSA_SIG, pair);
	ECDSA_SIG_free(pair);
	return e;
}

/* A digest by name, in our context; to be freed. */
static EVP_MD *
fetch(const char *name)
{
	return EVP_MD_fetch(crypto_context(), name, NULL);
}

static bool
set_pss(EVP_PKEY_CTX *ctx, const struct mech_params *p)
{
	EVP_MD *md = fetch(p->digest), *mgf = fetch(p->mgf);
	bool good = md != NULL && mgf != NULL && p->salt_len <= INT_MAX &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(ctx, md) == 1 &&
	    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, mgf) == 1 &&
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, (int)p->salt_len) == 1;

	EVP_MD_free(md);
	EVP_MD_free(mgf);
	return good;
}

/* libcrypto takes the label over, if all went well. */
static bool
set_label(EVP_PKEY_CTX *ctx, const struct mech_params *p)
{
	void *label;

	if (p->label_len == 0)
		return true;
	label = OPENSSL_memdup(p->label, p->label_len);
	if (label != NULL && EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, (int)p->label_len) == 1)
		return true;
	OPENSSL_free(label);
	return false;
}

static bool
set_oaep(EVP_PKEY_CTX *ctx, const struct mech_params *p)
{
	EVP_MD *md = fetch(p->digest), *mgf = fetch(p->mgf);
	bool good = md != NULL && mgf != NULL &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 &&
	    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, mgf) == 1 && set_label(ctx, p);

	EVP_MD_free(md);
	EVP_MD_free(mgf);
	return good;
}

static bool
set_scheme(EVP_PKEY_CTX *ctx, const struct mech *m, const struct mech_params *p)
{
	switch (m->scheme) {
	case SCHEME_PKCS1:
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
	case SCHEME_PSS:
		return set_pss(ctx, p);
	case SCHEME_OAEP:
		return set_oaep(ctx, p);
	case SCHEME_ECDSA:
		return true;
	case SCHEME_DIGEST:
	case SCHEME_EDDSA:
	case SCHEME_ECDH:
		break;
	}
	return false;
}

/* A whole message at once: EdDSA hashes it itself, twice. */
static bool
check_message(const struct x509_view *v, struct cur message, struct cur sig)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx != NULL && EVP_DigestVerifyInit_ex(ctx, NULL, NULL, crypto_context(), NULL,
	    v->key, NULL) == 1 && EVP_DigestVerify(ctx, sig.p, sig.n, message.p, message.n) == 1;

	EVP_MD_CTX_free(ctx);
	return good;
}

/* Without a digest libcrypto compares what it unpads with input itself. */
bool
crypto_check(const struct x509_view *v, const struct mech *m, const struct mech_params *p,
    struct cur input, struct cur sig)
{
	AUTO(buf_free) struct buf der = BUF(1024);
	EVP_PKEY_CTX *ctx;
	bool good;

	if (m->scheme == SCHEME_EDDSA)
		return check_message(v, input, sig);
	if (m->scheme == SCHEME_ECDSA) {
		if (put_ecdsa(sig, &der) != ERR_OK)
			return false;
		sig = buf_view(&der);
	}
	ctx = EVP_PKEY_CTX_new_from_pkey(crypto_context(), v->key, NULL);
	good = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 && set_scheme(ctx, m, p) &&
	    EVP_PKEY_verify(ctx, sig.p, sig.n, input.p, input.n) == 1;
	EVP_PKEY_CTX_free(ctx);
	return good;
}

bool
crypto_is_peer(const struct x509_view *v, struct cur point)
{
	EVP_PKEY *peer;
	bool good;

	if (is_octets(v))
		return point.n == (size_t)EVP_PKEY_get_size(v->key);
	peer = EVP_PKEY_new();
	good = peer != NULL && point.n != 0 && point.p[0] == 0x04 &&
	    EVP_PKEY_copy_parameters(peer, v->key) == 1 &&
	    EVP_PKEY_set1_encoded_public_key(peer, point.p, point.n) == 1;
	EVP_PKEY_free(peer);
	return good;
}

enum err
crypto_encrypt(const struct x509_view *v, const struct mech *m, const struct mech_params *p,
    struct cur data, struct buf *ret)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(crypto_context(), v->key, NULL);
	size_t n = (size_t)EVP_PKEY_get_size(v->key);
	uint8_t *room = buf_room(ret, n);
	bool good = ctx != NULL && room != NULL && EVP_PKEY_encrypt_init(ctx) == 1 &&
	    set_scheme(ctx, m, p) && EVP_PKEY_encrypt(ctx, room, &n, data.p, data.n) == 1;

	EVP_PKEY_CTX_free(ctx);
	if (buf_end(ret) != ERR_OK)
		return fail(buf_end(ret), "encrypt");
	return good ? ERR_OK : fail(ERR_CRYPTO, "encrypt");
}

enum err
crypto_random(void *ret, size_t n)
{
	uint8_t *at = ret;

	while (n != 0) {
		ssize_t got = getrandom(at, n < 256 ? n : 256, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return fail(ERR_SYS, "getrandom");
		at += got;
		n -= (size_t)got;
	}
	return ERR_OK;
}

enum err
crypto_digest(const char *name, struct cur data, struct buf *ret)
{
	uint8_t out[EVP_MAX_MD_SIZE];
	size_t n;

	if (EVP_Q_digest(crypto_context(), name, NULL, data.p, data.n, out, &n) != 1)
		return fail(ERR_CRYPTO, "%s", name);
	buf_put(ret, out, n);
	return buf_end(ret);
}
