/* SPDX-License-Identifier: EUPL-1.2 */
/* The thumbprint of a key (RFC 7638). */
#include "jose/jws.h"

#include <openssl/core_names.h>
#include <openssl/err.h>

#include "base/b64.h"
#include "jose/jsonw.h"

#define NUMBER_MAX	1024	/* bytes of one number of a key */

static void
bn_drop(BIGNUM **n)
{
	BN_free(*n);
	*n = NULL;
}

/*
 * One number of the key as base64url: size bytes, as an EC coordinate has (RFC 7518
 * section 6.2.1.2), or as many as it needs (section 6.3.1.1) when size is 0.
 */
static enum err
member_number(struct buf *b, const char *name, const EVP_PKEY *key, const char *param,
    size_t size)
{
	AUTO(bn_drop) BIGNUM *n = NULL;
	AUTO(buf_free) struct buf text = BUF(B64URL_LEN(NUMBER_MAX));
	uint8_t bytes[NUMBER_MAX];

	if (EVP_PKEY_get_bn_param(key, param, &n) != 1) {
		ERR_clear_error();
		return fail(ERR_CRYPTO, "thumbprint: the key has no %s", name);
	}
	if (size == 0)
		size = (size_t)BN_num_bytes(n);
	if (size > sizeof(bytes) || BN_bn2binpad(n, bytes, (int)size) != (int)size)
		return fail(ERR_UNSUPPORTED, "thumbprint: %s is too large", name);
	b64url_put(&text, cur_of(bytes, size));
	if (buf_end(&text) != ERR_OK)
		return fail(buf_end(&text), "thumbprint");
	jsonw_member_str(b, name, buf_view(&text));
	return ERR_OK;
}

/* RFC 7638 section 3.2: the required members, sorted by name. */
static enum err
rsa_members(struct buf *b, const EVP_PKEY *key)
{
	enum err r;

	if ((r = member_number(b, "e", key, OSSL_PKEY_PARAM_RSA_E, 0)) != ERR_OK)
		return r;
	jsonw_member_str(b, "kty", cur_str("RSA"));
	return member_number(b, "n", key, OSSL_PKEY_PARAM_RSA_N, 0);
}

static enum err
ec_members(struct buf *b, const EVP_PKEY *key)
{
	static const struct {
		const char *group, *crv;
		size_t size;
	} curves[] = {
		{ "prime256v1", "P-256", 32 },
		{ "secp384r1", "P-384", 48 },
		{ "secp521r1", "P-521", 66 },
	};
	char group[32] = "";
	size_t i;
	enum err r;

	EVP_PKEY_get_group_name(key, group, sizeof(group), NULL);
	for (i = 0; i < NELEM(curves) && strcmp(group, curves[i].group) != 0;)
		i++;
	if (i == NELEM(curves))
		return fail(ERR_UNSUPPORTED, "thumbprint: another curve");
	jsonw_member_str(b, "crv", cur_str(curves[i].crv));
	jsonw_member_str(b, "kty", cur_str("EC"));
	r = member_number(b, "x", key, OSSL_PKEY_PARAM_EC_PUB_X, curves[i].size);
	if (r != ERR_OK)
		return r;
	return member_number(b, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y, curves[i].size);
}

static enum err
members(struct buf *b, const EVP_PKEY *key)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
		return rsa_members(b, key);
	case EVP_PKEY_EC:
		return ec_members(b, key);
	default:
		return fail(ERR_UNSUPPORTED, "thumbprint: neither RSA nor EC");
	}
}

enum err
jwk_thumbprint(const EVP_PKEY *key, char ret[JWK_THUMBPRINT_LEN + 1])
{
	AUTO(buf_free) struct buf json = BUF(4096), text = BUF(JWK_THUMBPRINT_LEN);
	uint8_t hash[32];
	enum err r;

	jsonw_object(&json);
	if ((r = members(&json, key)) != ERR_OK)
		return r;
	jsonw_object_end(&json);
	if (buf_end(&json) != ERR_OK)
		return fail(buf_end(&json), "thumbprint");
	if (EVP_Digest(json.p, json.len, hash, NULL, EVP_sha256(), NULL) != 1) {
		ERR_clear_error();
		return fail(ERR_CRYPTO, "thumbprint");
	}
	b64url_put(&text, cur_of(hash, sizeof(hash)));
	if (!buf_to_str(&text, ret, JWK_THUMBPRINT_LEN + 1))
		return fail(ERR_NOMEM, "thumbprint");
	return ERR_OK;
}
