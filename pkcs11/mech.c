/* SPDX-License-Identifier: EUPL-1.2 */
/* The table of mechanisms and the reading of their parameters. */
#include "mech.h"

#include <openssl/evp.h>

#define RSA_FLAGS	(CKF_SIGN | CKF_VERIFY)
#define EC_FLAGS	(CKF_SIGN | CKF_VERIFY | CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS)

#define DIGEST(type, name)	{ type, SCHEME_DIGEST, name, KEY_RSA, CKF_DIGEST, 0, 0 }
#define RSA(type, scheme, name)	{ type, scheme, name, KEY_RSA, RSA_FLAGS, 1024, 4096 }
#define EC(type, name)		{ type, SCHEME_ECDSA, name, KEY_EC, EC_FLAGS, 256, 521 }

static const struct mech mechs[] = {
	{ CKM_RSA_PKCS, SCHEME_PKCS1, NULL, KEY_RSA,
	    RSA_FLAGS | CKF_ENCRYPT | CKF_DECRYPT, 1024, 4096 },
	{ CKM_RSA_X_509, SCHEME_RSA_RAW, NULL, KEY_RSA,
	    RSA_FLAGS | CKF_ENCRYPT | CKF_DECRYPT, 1024, 4096 },
	{ CKM_RSA_PKCS_OAEP, SCHEME_OAEP, NULL, KEY_RSA,
	    CKF_ENCRYPT | CKF_DECRYPT, 1024, 4096 },
	RSA(CKM_SHA1_RSA_PKCS, SCHEME_PKCS1, "SHA1"),
	RSA(CKM_SHA224_RSA_PKCS, SCHEME_PKCS1, "SHA2-224"),
	RSA(CKM_SHA256_RSA_PKCS, SCHEME_PKCS1, "SHA2-256"),
	RSA(CKM_SHA384_RSA_PKCS, SCHEME_PKCS1, "SHA2-384"),
	RSA(CKM_SHA512_RSA_PKCS, SCHEME_PKCS1, "SHA2-512"),
	RSA(CKM_RSA_PKCS_PSS, SCHEME_PSS, NULL),
	RSA(CKM_SHA1_RSA_PKCS_PSS, SCHEME_PSS, "SHA1"),
	RSA(CKM_SHA224_RSA_PKCS_PSS, SCHEME_PSS, "SHA2-224"),
	RSA(CKM_SHA256_RSA_PKCS_PSS, SCHEME_PSS, "SHA2-256"),
	RSA(CKM_SHA384_RSA_PKCS_PSS, SCHEME_PSS, "SHA2-384"),
	RSA(CKM_SHA512_RSA_PKCS_PSS, SCHEME_PSS, "SHA2-512"),
	EC(CKM_ECDSA, NULL),
	EC(CKM_ECDSA_SHA1, "SHA1"),
	EC(CKM_ECDSA_SHA224, "SHA2-224"),
	EC(CKM_ECDSA_SHA256, "SHA2-256"),
	EC(CKM_ECDSA_SHA384, "SHA2-384"),
	EC(CKM_ECDSA_SHA512, "SHA2-512"),
	{ CKM_ECDH1_DERIVE, SCHEME_ECDH, NULL, KEY_EC,
	    CKF_DERIVE | CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS, 256, 521 },
	DIGEST(CKM_SHA_1, "SHA1"),
	DIGEST(CKM_SHA224, "SHA2-224"),
	DIGEST(CKM_SHA256, "SHA2-256"),
	DIGEST(CKM_SHA384, "SHA2-384"),
	DIGEST(CKM_SHA512, "SHA2-512"),
};

static const struct {
	ck_ulong mgf;
	ck_mechanism_type_t hash;
	const char *digest;
} hashes[] = {
	{ CKG_MGF1_SHA1, CKM_SHA_1, "SHA1" },
	{ CKG_MGF1_SHA224, CKM_SHA224, "SHA2-224" },
	{ CKG_MGF1_SHA256, CKM_SHA256, "SHA2-256" },
	{ CKG_MGF1_SHA384, CKM_SHA384, "SHA2-384" },
	{ CKG_MGF1_SHA512, CKM_SHA512, "SHA2-512" },
};

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
	switch (m->scheme) {
	case SCHEME_PKCS1:
		/* CKM_RSA_PKCS also decrypts; the others only sign. */
		return (algs & (KEY_ALG_RSA_PKCS1 | KEY_ALG_RSA_RAW)) != 0 ||
		    (m->digest == NULL && (algs & KEY_ALG_RSA_DECRYPT) != 0);
	case SCHEME_PSS:
	case SCHEME_RSA_RAW:
		return (algs & KEY_ALG_RSA_RAW) != 0;
	case SCHEME_OAEP:
		return (algs & KEY_ALG_RSA_DECRYPT) != 0;
	case SCHEME_ECDSA:
		return (algs & KEY_ALG_ECDSA) != 0;
	case SCHEME_ECDH:
		return (algs & KEY_ALG_ECDH) != 0;
	case SCHEME_DIGEST:
		break;
	}
	return false;
}

static const char *
digest_of_hash(ck_mechanism_type_t hash)
{
	for (size_t i = 0; i < NELEM(hashes); i++)
		if (hashes[i].hash == hash)
			return hashes[i].digest;
	return NULL;
}

static const char *
digest_of_mgf(ck_ulong mgf)
{
	for (size_t i = 0; i < NELEM(hashes); i++)
		if (hashes[i].mgf == mgf)
			return hashes[i].digest;
	return NULL;
}

static ck_rv_t
read_pss(const struct ck_mechanism *given, const struct mech *m, struct mech_params *ret)
{
	struct ck_rsa_pkcs_pss_params p;

	if (given->parameter == NULL || given->parameter_len != sizeof(p))
		return CKR_MECHANISM_PARAM_INVALID;
	memcpy(&p, given->parameter, sizeof(p));
	ret->digest = digest_of_hash(p.hash_alg);
	ret->mgf = digest_of_mgf(p.mgf);
	ret->salt_len = p.s_len;
	if (ret->digest == NULL || ret->mgf == NULL || p.s_len > 512)
		return CKR_MECHANISM_PARAM_INVALID;
	if (m->digest != NULL && strcmp(m->digest, ret->digest) != 0)
		return CKR_MECHANISM_PARAM_INVALID;
	return CKR_OK;
}

static ck_rv_t
read_oaep(const struct ck_mechanism *given, struct mech_params *ret)
{
	struct ck_rsa_pkcs_oaep_params p;

	if (given->parameter == NULL || given->parameter_len != sizeof(p))
		return CKR_MECHANISM_PARAM_INVALID;
	memcpy(&p, given->parameter, sizeof(p));
	ret->digest = digest_of_hash(p.hash_alg);
	ret->mgf = digest_of_mgf(p.mgf);
	if (ret->digest == NULL || ret->mgf == NULL ||
	    (p.source_data_len != 0 && (p.source != CKZ_DATA_SPECIFIED || p.source_data == NULL)))
		return CKR_MECHANISM_PARAM_INVALID;
	ret->label = cur_of(p.source_data, p.source_data_len);
	return CKR_OK;
}

ck_rv_t
mech_read(const struct ck_mechanism *given, const struct mech **ret,
    struct mech_params *ret_params)
{
	const struct mech *m = mech_find(given->mechanism);

	*ret_params = (struct mech_params){ 0 };
	if (m == NULL)
		return CKR_MECHANISM_INVALID;
	*ret = m;
	if (m->scheme == SCHEME_PSS)
		return read_pss(given, m, ret_params);
	if (m->scheme == SCHEME_OAEP)
		return read_oaep(given, ret_params);
	ret_params->digest = m->digest;
	/* ECDH reads its own; the rest has none.  Some callers pass a pointer of length 0. */
	if (m->scheme != SCHEME_ECDH && given->parameter_len != 0)
		return CKR_MECHANISM_PARAM_INVALID;
	return CKR_OK;
}
