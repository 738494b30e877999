/* SPDX-License-Identifier: EUPL-1.2 */
/* Purpose and key of a certificate, as every login means judges them. */
#include "means/leaf.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "base/b64.h"
#include "iso7816/digestinfo.h"

#define RSA_BITS_MIN	2048	/* RFC 7518 section 3.3 */

static void
x509_drop(X509 **x)
{
	X509_free(*x);
	*x = NULL;
}

static void
bn_drop(BIGNUM **n)
{
	BN_free(*n);
	*n = NULL;
}

static X509 *
parse(struct cur der)
{
	const unsigned char *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);

	if (x != NULL && p != der.p + der.n)
		x509_drop(&x);
	return x;
}

static bool
alg_of(const EVP_PKEY *key, enum means_alg *ret, size_t *ret_width)
{
	int bits = EVP_PKEY_get_bits(key);
	char curve[32] = "";

	if (EVP_PKEY_is_a(key, "RSA") && bits >= RSA_BITS_MIN) {
		*ret = MEANS_RS256;
		*ret_width = (size_t)(bits + 7) / 8;
		return true;
	}
	if (!EVP_PKEY_is_a(key, "EC") ||
	    EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) != 1)
		return false;
	if (strcmp(curve, "prime256v1") == 0) {
		*ret = MEANS_ES256;
		*ret_width = 32;
		return true;
	}
	*ret = MEANS_ES384;
	*ret_width = 48;
	return strcmp(curve, "secp384r1") == 0;
}

enum err
leaf_alg(struct cur der, enum means_alg *ret, size_t *ret_width)
{
	AUTO(x509_drop) X509 *x = parse(der);
	const EVP_PKEY *key;

	if (x == NULL || (key = X509_get0_pubkey(x)) == NULL ||
	    !alg_of(key, ret, ret_width))
		return fail(ERR_NO_CERT, "a certificate with a key of no kind of ours");
	return ERR_OK;
}

bool
leaf_suits(void *arg UNUSED, struct cur der)
{
	AUTO(x509_drop) X509 *x = parse(der);
	const EVP_PKEY *key;
	enum means_alg alg;
	uint32_t usage;
	size_t width;

	if (x == NULL || (key = X509_get0_pubkey(x)) == NULL)
		return false;
	usage = X509_get_key_usage(x);	/* all ones when there is no extension */
	return (usage & KU_DIGITAL_SIGNATURE) != 0 && (usage & KU_NON_REPUDIATION) == 0 &&
	    alg_of(key, &alg, &width);
}

enum err
leaf_input(enum means_alg alg, struct cur tbs, struct buf *ret)
{
	const EVP_MD *md = alg == MEANS_ES384 ? EVP_sha384() : EVP_sha256();
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned len;

	if (EVP_Digest(tbs.p, tbs.n, hash, &len, md, NULL) != 1)
		return fail(ERR_CRYPTO, "hash");
	if (alg == MEANS_RS256)
		return digestinfo_put(ret, cur_of(hash, len));
	buf_put(ret, hash, len);
	return buf_end(ret);
}

enum err
leaf_modulus(struct cur der, struct buf *ret)
{
	AUTO(x509_drop) X509 *x = parse(der);
	AUTO(bn_drop) BIGNUM *n = NULL;
	uint8_t *room;

	if (x == NULL || !EVP_PKEY_is_a(X509_get0_pubkey(x), "RSA"))
		return ERR_OK;
	if (EVP_PKEY_get_bn_param(X509_get0_pubkey(x), OSSL_PKEY_PARAM_RSA_N, &n) != 1)
		return fail(ERR_CRYPTO, "modulus");
	room = buf_room(ret, (size_t)BN_num_bytes(n));
	if (room != NULL)
		BN_bn2bin(n, room);
	return buf_end(ret);
}

enum err
leaf_name(struct cur der, char *ret, size_t size)
{
	AUTO(buf_free) struct buf hex = BUF(size);
	uint8_t hash[EVP_MAX_MD_SIZE];

	if (EVP_Digest(der.p, der.n, hash, NULL, EVP_sha256(), NULL) != 1)
		return fail(ERR_CRYPTO, "SHA-256");
	hex_put(&hex, cur_of(hash, 16));
	return buf_to_str(&hex, ret, size) ? ERR_OK : fail(ERR_LIMIT, "name");
}
