/* SPDX-License-Identifier: EUPL-1.2 */
/* What the chip of a card computes. */
#include "vcard/crypto.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "vcard/ossl.h"

#define RESULT_MAX	1024

bool
crypto_is_rsa(const EVP_PKEY *key)
{
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
}

bool
crypto_is_ec(const EVP_PKEY *key)
{
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;
}

size_t
crypto_size(const EVP_PKEY *key)
{
	return ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
}

static bool
decrypt(EVP_PKEY *key, int padding, struct cur in, struct buf *out)
{
	AUTO(ossl_key_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	uint8_t plain[RESULT_MAX];
	size_t n = sizeof(plain);

	if (ctx == NULL || in.n != crypto_size(key) || EVP_PKEY_decrypt_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, padding) != 1 ||
	    EVP_PKEY_decrypt(ctx, plain, &n, in.p, in.n) != 1)
		return false;
	buf_put(out, plain, n);
	explicit_bzero(plain, sizeof(plain));
	return true;
}

bool
crypto_rsa_raw(EVP_PKEY *key, struct cur block, struct buf *out)
{
	return decrypt(key, RSA_NO_PADDING, block, out);
}

bool
crypto_rsa_decipher(EVP_PKEY *key, struct cur cryptogram, struct buf *out)
{
	return decrypt(key, RSA_PKCS1_PADDING, cryptogram, out);
}

/* padding 0: a key that has none. */
static bool
sign(EVP_PKEY *key, int padding, struct cur data, struct buf *out)
{
	AUTO(ossl_key_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	uint8_t signature[RESULT_MAX];
	size_t n = sizeof(signature);

	if (ctx == NULL || EVP_PKEY_sign_init(ctx) != 1 ||
	    (padding != 0 && EVP_PKEY_CTX_set_rsa_padding(ctx, padding) != 1) ||
	    EVP_PKEY_sign(ctx, signature, &n, data.p, data.n) != 1)
		return false;
	buf_put(out, signature, n);
	return true;
}

bool
crypto_rsa_pkcs1(EVP_PKEY *key, struct cur data, struct buf *out)
{
	return sign(key, RSA_PKCS1_PADDING, data, out);
}

bool
crypto_ecdsa(EVP_PKEY *key, struct cur hash, struct buf *out)
{
	return sign(key, 0, hash, out);
}

bool
crypto_ed25519(EVP_PKEY *key, struct cur message, struct buf *out)
{
	AUTO(ossl_md) EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t signature[64];
	size_t n = sizeof(signature);

	if (md == NULL || EVP_DigestSignInit(md, NULL, NULL, NULL, key) != 1 ||
	    EVP_DigestSign(md, signature, &n, message.p, message.n) != 1)
		return false;
	buf_put(out, signature, n);
	return true;
}

/* The public key of the other side, on our curve. */
static EVP_PKEY *
peer_of(const EVP_PKEY *key, struct cur point)
{
	AUTO(ossl_key) EVP_PKEY *peer = NULL;
	EVP_PKEY *ret;

	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_X25519)
		return EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, point.p,
		    point.n);
	peer = EVP_PKEY_new();
	if (peer == NULL || EVP_PKEY_copy_parameters(peer, key) != 1 ||
	    EVP_PKEY_set1_encoded_public_key(peer, point.p, point.n) != 1)
		return NULL;
	ret = peer;
	peer = NULL;
	return ret;
}

bool
crypto_agree(EVP_PKEY *key, struct cur point, struct buf *out)
{
	AUTO(ossl_key) EVP_PKEY *peer = peer_of(key, point);
	AUTO(ossl_key_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	uint8_t secret[RESULT_MAX];
	size_t n = sizeof(secret);

	if (ctx == NULL || peer == NULL || EVP_PKEY_derive_init(ctx) != 1 ||
	    EVP_PKEY_derive_set_peer(ctx, peer) != 1 ||
	    EVP_PKEY_derive(ctx, secret, &n) != 1)
		return false;
	buf_put(out, secret, n);
	explicit_bzero(secret, sizeof(secret));
	return true;
}

bool
crypto_put_point(const EVP_PKEY *key, struct buf *out)
{
	uint8_t raw[32], *point = NULL;
	size_t n = sizeof(raw);

	if (!crypto_is_ec(key)) {
		if (EVP_PKEY_get_raw_public_key(key, raw, &n) != 1)
			return false;
		buf_put(out, raw, n);
		return true;
	}
	n = EVP_PKEY_get1_encoded_public_key((EVP_PKEY *)(uintptr_t)key, &point);
	buf_put(out, point, n);
	OPENSSL_free(point);
	return n != 0;
}

bool
crypto_put_number(const EVP_PKEY *key, const char *name, struct buf *out)
{
	AUTO(ossl_bn) BIGNUM *v = NULL;
	uint8_t *room;

	if (EVP_PKEY_get_bn_param(key, name, &v) != 1)
		return false;
	room = buf_room(out, (size_t)BN_num_bytes(v));
	return room != NULL && BN_bn2bin(v, room) > 0;
}
