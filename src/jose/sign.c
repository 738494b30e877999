/* SPDX-License-Identifier: EUPL-1.2 */
/* The signatures of RFC 7518 sections 3.3 to 3.5, with libcrypto. */
#include "jose/jws.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#define RSA_BITS_MIN	2048
#define RSA_BITS_MAX	4096	/* a larger key only costs time */
#define SIGNATURE_MAX	(RSA_BITS_MAX / 8)

struct kind {
	int	    key;		/* EVP_PKEY_RSA, EVP_PKEY_EC */
	const char *digest;
	int	    padding;		/* RSA */
	const char *group;		/* EC */
	size_t	    half;		/* EC: bytes of r, and of s */
};

static const struct kind kinds[] = {
	[JWS_ALG_NONE] = { .key = EVP_PKEY_NONE },
	[JWS_RS256] = { EVP_PKEY_RSA, "SHA256", RSA_PKCS1_PADDING, NULL, 0 },
	[JWS_PS256] = { EVP_PKEY_RSA, "SHA256", RSA_PKCS1_PSS_PADDING, NULL, 0 },
	[JWS_ES256] = { EVP_PKEY_EC, "SHA256", 0, "prime256v1", 32 },
	[JWS_ES384] = { EVP_PKEY_EC, "SHA384", 0, "secp384r1", 48 },
};

static const struct kind *
kind_of(enum jws_alg alg)
{
	return &kinds[(size_t)alg < NELEM(kinds) ? alg : JWS_ALG_NONE];
}

static void
md_ctx_drop(EVP_MD_CTX **ctx)
{
	EVP_MD_CTX_free(*ctx);
	*ctx = NULL;
}

static void
ecdsa_sig_drop(ECDSA_SIG **sig)
{
	ECDSA_SIG_free(*sig);
	*sig = NULL;
}

/* libcrypto keeps its errors in a queue of the thread: leave it as it was, empty. */
static enum err
crypto_failed(enum err e, const char *what)
{
	unsigned long error = ERR_get_error();

	ERR_clear_error();
	return fail(e, "%s: %s", what, error == 0 ? "no reason given" :
	    ERR_reason_error_string(error) == NULL ? "unknown reason" :
	    ERR_reason_error_string(error));
}

static bool
is_group(const EVP_PKEY *key, const char *want)
{
	char group[32];

	return EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
	    strcmp(group, want) == 0;
}

bool
jws_alg_fits(enum jws_alg alg, const EVP_PKEY *key)
{
	const struct kind *k = kind_of(alg);

	if (k->key == EVP_PKEY_NONE || key == NULL || EVP_PKEY_get_base_id(key) != k->key)
		return false;
	if (k->group != NULL)
		return is_group(key, k->group);
	return EVP_PKEY_get_bits(key) >= RSA_BITS_MIN && EVP_PKEY_get_bits(key) <= RSA_BITS_MAX;
}

/* RFC 7518 section 3.5: salt as long as the hash, MGF1 with the same hash. */
static bool
set_padding(EVP_PKEY_CTX *ctx, const struct kind *k)
{
	if (k->key != EVP_PKEY_RSA)
		return true;
	if (EVP_PKEY_CTX_set_rsa_padding(ctx, k->padding) != 1)
		return false;
	return k->padding != RSA_PKCS1_PSS_PADDING ||
	    (EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1 &&
		EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, k->digest, NULL) == 1);
}

/* raw: r and s, each half bytes, big-endian (RFC 7518 section 3.4). */
static enum err
raw_to_der(const struct kind *k, struct cur raw, uint8_t *ret, size_t size, size_t *ret_n)
{
	AUTO(ecdsa_sig_drop) ECDSA_SIG *sig = ECDSA_SIG_new();
	int half = (int)k->half, n;
	BIGNUM *r, *s;

	if (raw.n != 2 * k->half)
		return fail(ERR_SIGNATURE, "ECDSA signature of %zu bytes", raw.n);
	r = BN_bin2bn(raw.p, half, NULL);
	s = BN_bin2bn(raw.p + half, half, NULL);
	if (sig == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(sig, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		return crypto_failed(ERR_CRYPTO, "ECDSA signature");
	}
	n = i2d_ECDSA_SIG(sig, NULL);
	if (n <= 0 || (size_t)n > size || i2d_ECDSA_SIG(sig, &ret) != n)
		return crypto_failed(ERR_CRYPTO, "ECDSA signature");
	*ret_n = (size_t)n;
	return ERR_OK;
}

static enum err
der_to_raw(const struct kind *k, struct cur der, struct buf *ret)
{
	const uint8_t *p = der.p;
	AUTO(ecdsa_sig_drop) ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)der.n);
	int half = (int)k->half;
	uint8_t *o;

	if (sig == NULL || p != der.p + der.n)
		return crypto_failed(ERR_CRYPTO, "ECDSA signature");
	o = buf_room(ret, 2 * k->half);
	if (o == NULL)
		return fail(buf_end(ret), "ECDSA signature");
	if (BN_bn2binpad(ECDSA_SIG_get0_r(sig), o, half) != half ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), o + half, half) != half) {
		ret->len -= 2 * k->half;
		return crypto_failed(ERR_CRYPTO, "ECDSA signature");
	}
	return ERR_OK;
}

static enum err
verify(const struct kind *k, EVP_PKEY *key, struct cur input, struct cur signature)
{
	AUTO(md_ctx_drop) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	int good;

	if (ctx == NULL)
		return fail(ERR_NOMEM, "signature");
	if (EVP_DigestVerifyInit_ex(ctx, &pctx, k->digest, NULL, NULL, key, NULL) != 1 ||
	    !set_padding(pctx, k))
		return crypto_failed(ERR_CRYPTO, "signature");
	good = EVP_DigestVerify(ctx, signature.p, signature.n, input.p, input.n);
	if (good == 1)
		return ERR_OK;
	return crypto_failed(good == 0 ? ERR_SIGNATURE : ERR_CRYPTO, "signature");
}

enum err
jws_verify(enum jws_alg alg, EVP_PKEY *key, struct cur signing_input, struct cur signature)
{
	const struct kind *k = kind_of(alg);
	uint8_t der[SIGNATURE_MAX];
	size_t n = 0;
	enum err r;

	if (!jws_alg_fits(alg, key))
		return fail(ERR_ALG, "the algorithm does not fit the key");
	if (k->key == EVP_PKEY_RSA) {
		/* RFC 8017 section 8.2.2: exactly as long as the modulus. */
		if (signature.n != (size_t)EVP_PKEY_get_size(key))
			return fail(ERR_SIGNATURE, "RSA signature of %zu bytes", signature.n);
		return verify(k, key, signing_input, signature);
	}
	if ((r = raw_to_der(k, signature, der, sizeof(der), &n)) != ERR_OK)
		return r;
	return verify(k, key, signing_input, cur_of(der, n));
}

enum err
jws_sign(enum jws_alg alg, EVP_PKEY *key, struct cur signing_input, struct buf *ret)
{
	const struct kind *k = kind_of(alg);
	AUTO(md_ctx_drop) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t made[SIGNATURE_MAX];
	size_t n = sizeof(made);
	EVP_PKEY_CTX *pctx;

	if (!jws_alg_fits(alg, key))
		return fail(ERR_ALG, "the algorithm does not fit the key");
	if (ctx == NULL)
		return fail(ERR_NOMEM, "signature");
	if (EVP_DigestSignInit_ex(ctx, &pctx, k->digest, NULL, NULL, key, NULL) != 1 ||
	    !set_padding(pctx, k) ||
	    EVP_DigestSign(ctx, made, &n, signing_input.p, signing_input.n) != 1)
		return crypto_failed(ERR_CRYPTO, "signing");
	if (k->key == EVP_PKEY_EC)
		return der_to_raw(k, cur_of(made, n), ret);
	buf_put(ret, made, n);
	if (buf_end(ret) != ERR_OK)
		return fail(buf_end(ret), "signature");
	return ERR_OK;
}
