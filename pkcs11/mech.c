/* SPDX-License-Identifier: EUPL-1.2 */
/* The table of mechanisms. */
#include "pkcs11/mech.h"

#define RSA_FLAGS	(CKF_SIGN | CKF_VERIFY)
#define EC_FLAGS	(CKF_SIGN | CKF_VERIFY | CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS)

#define DIGEST(type, name)	{ type, SCHEME_DIGEST, name, KEY_RSA, CKF_DIGEST, 0, 0 }
#define RSA(type, scheme, name)	{ type, scheme, name, KEY_RSA, RSA_FLAGS, 1024, 4096 }
#define EC(type, name)		{ type, SCHEME_ECDSA, name, KEY_EC, EC_FLAGS, 256, 521 }

static const struct mech mechs[] = {
	{ CKM_RSA_PKCS, SCHEME_PKCS1, NULL, KEY_RSA,
	    RSA_FLAGS | CKF_ENCRYPT | CKF_DECRYPT, 1024, 4096 },
	RSA(CKM_SHA1_RSA_PKCS, SCHEME_PKCS1, "SHA1"),
	RSA(CKM_SHA224_RSA_PKCS, SCHEME_PKCS1, "SHA2-224"),
	RSA(CKM_SHA256_RSA_PKCS, SCHEME_PKCS1, "SHA2-256"),
	RSA(CKM_SHA384_RSA_PKCS, SCHEME_PKCS1, "SHA2-384"),
	RSA(CKM_SHA512_RSA_PKCS, SCHEME_PKCS1, "SHA2-512"),
	EC(CKM_ECDSA, NULL),
	EC(CKM_ECDSA_SHA1, "SHA1"),
	EC(CKM_ECDSA_SHA224, "SHA2-224"),
	EC(CKM_ECDSA_SHA256, "SHA2-256"),
	EC(CKM_ECDSA_SHA384, "SHA2-384"),
	EC(CKM_ECDSA_SHA512, "SHA2-512"),
	DIGEST(CKM_SHA_1, "SHA1"),
	DIGEST(CKM_SHA224, "SHA2-224"),
	DIGEST(CKM_SHA256, "SHA2-256"),
	DIGEST(CKM_SHA384, "SHA2-384"),
	DIGEST(CKM_SHA512, "SHA2-512"),
};

/* DigestInfo of each, up to the hash itself. */
static const struct {
	const char *digest;
	size_t	 n;
	uint8_t	 p[19];
} prefixes[] = {
	{ "SHA1", 15, { 0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a,
	    0x05, 0x00, 0x04, 0x14 } },
	{ "SHA2-224", 19, { 0x30, 0x2d, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
	    0x03, 0x04, 0x02, 0x04, 0x05, 0x00, 0x04, 0x1c } },
	{ "SHA2-256", 19, { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
	    0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 } },
	{ "SHA2-384", 19, { 0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
	    0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30 } },
	{ "SHA2-512", 19, { 0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
	    0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40 } },
};

void
mech_put_prefix(const struct mech *m, struct buf *ret)
{
	for (size_t i = 0; i < NELEM(prefixes); i++)
		if (m->digest != NULL && strcmp(prefixes[i].digest, m->digest) == 0)
			buf_put(ret, prefixes[i].p, prefixes[i].n);
}

size_t
mech_count(void)
{
	return NELEM(mechs);
}

const struct mech *
mech_at(size_t i)
{
	return &mechs[i];
}

const struct mech *
mech_find(ck_mechanism_type_t type)
{
	for (size_t i = 0; i < NELEM(mechs); i++)
		if (mechs[i].type == type)
			return &mechs[i];
	return NULL;
}

bool
mech_fits(const struct mech *m, enum key_type type, unsigned algs)
{
	if (m->scheme == SCHEME_DIGEST || m->key != type)
		return false;
	if (m->scheme == SCHEME_ECDSA)
		return (algs & KEY_ALG_ECDSA) != 0;
	/* CKM_RSA_PKCS also decrypts; the others only sign. */
	return (algs & KEY_ALG_RSA_PKCS1) != 0 ||
	    (m->digest == NULL && (algs & KEY_ALG_RSA_DECRYPT) != 0);
}

ck_rv_t
mech_read(const struct ck_mechanism *given, const struct mech **ret)
{
	const struct mech *m = mech_find(given->mechanism);

	if (m == NULL)
		return CKR_MECHANISM_INVALID;
	/* Some callers pass a pointer of length 0. */
	if (given->parameter_len != 0)
		return CKR_MECHANISM_PARAM_INVALID;
	*ret = m;
	return CKR_OK;
}
