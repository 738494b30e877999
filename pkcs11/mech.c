/* SPDX-License-Identifier: EUPL-1.2 */
/* The table of mechanisms. */
#include "pkcs11/mech.h"

#define RSA	(1u << KEY_RSA)
#define EC	(1u << KEY_EC)
#define EC_FLAGS (CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS)
#define SIGNS	(CKF_SIGN | CKF_VERIFY)
#define OPENS	(CKF_ENCRYPT | CKF_DECRYPT)
#define RSA_BITS 1024, 4096
#define EC_BITS	256, 521
#define ED_BITS	255, 255

#define DIGEST(type, name)						\
	{ type, SCHEME_DIGEST, name, 0, 0, 0, CKF_DIGEST, 0, 0 }
/* What the card does not pad is padded on the way to it. */
#define PKCS1(type, name)						\
	{ type, SCHEME_PKCS1, name, RSA, KEY_ALG_RSA_PKCS1 | KEY_ALG_RSA_RAW, 0, SIGNS, RSA_BITS }
#define PSS(type, name)							\
	{ type, SCHEME_PSS, name, RSA, KEY_ALG_RSA_RAW, 0, SIGNS, RSA_BITS }
#define ECDSA(type, name)						\
	{ type, SCHEME_ECDSA, name, EC, KEY_ALG_ECDSA, 0, SIGNS | EC_FLAGS, EC_BITS }

static const struct mech mechs[] = {
	{ CKM_RSA_PKCS, SCHEME_PKCS1, NULL, RSA, KEY_ALG_RSA_PKCS1 | KEY_ALG_RSA_RAW,
	    KEY_ALGS_OPEN, SIGNS | OPENS, RSA_BITS },
	PKCS1(CKM_SHA1_RSA_PKCS, "SHA1"),
	PKCS1(CKM_SHA224_RSA_PKCS, "SHA2-224"),
	PKCS1(CKM_SHA256_RSA_PKCS, "SHA2-256"),
	PKCS1(CKM_SHA384_RSA_PKCS, "SHA2-384"),
	PKCS1(CKM_SHA512_RSA_PKCS, "SHA2-512"),
	PSS(CKM_RSA_PKCS_PSS, NULL),
	PSS(CKM_SHA1_RSA_PKCS_PSS, "SHA1"),
	PSS(CKM_SHA224_RSA_PKCS_PSS, "SHA2-224"),
	PSS(CKM_SHA256_RSA_PKCS_PSS, "SHA2-256"),
	PSS(CKM_SHA384_RSA_PKCS_PSS, "SHA2-384"),
	PSS(CKM_SHA512_RSA_PKCS_PSS, "SHA2-512"),
	{ CKM_RSA_PKCS_OAEP, SCHEME_OAEP, NULL, RSA, 0, KEY_ALG_RSA_DECRYPT_RAW, OPENS, RSA_BITS },
	ECDSA(CKM_ECDSA, NULL),
	ECDSA(CKM_ECDSA_SHA1, "SHA1"),
	ECDSA(CKM_ECDSA_SHA224, "SHA2-224"),
	ECDSA(CKM_ECDSA_SHA256, "SHA2-256"),
	ECDSA(CKM_ECDSA_SHA384, "SHA2-384"),
	ECDSA(CKM_ECDSA_SHA512, "SHA2-512"),
	{ CKM_EDDSA, SCHEME_EDDSA, NULL, 1u << KEY_EDWARDS, KEY_ALG_EDDSA, 0, SIGNS, ED_BITS },
	{ CKM_ECDH1_DERIVE, SCHEME_ECDH, NULL, EC | 1u << KEY_MONTGOMERY, 0, KEY_ALG_ECDH,
	    CKF_DERIVE | EC_FLAGS, 255, 521 },
	DIGEST(CKM_SHA_1, "SHA1"),
	DIGEST(CKM_SHA224, "SHA2-224"),
	DIGEST(CKM_SHA256, "SHA2-256"),
	DIGEST(CKM_SHA384, "SHA2-384"),
	DIGEST(CKM_SHA512, "SHA2-512"),
};

/* What parameters call a hash: as itself, and inside MGF1. */
static const struct hash {
	ck_mechanism_type_t type;
	unsigned long mgf;
	const char *name;
	size_t	 n;
} hashes[] = {
	{ CKM_SHA_1, CKG_MGF1_SHA1, "SHA1", 20 },
	{ CKM_SHA224, CKG_MGF1_SHA224, "SHA2-224", 28 },
	{ CKM_SHA256, CKG_MGF1_SHA256, "SHA2-256", 32 },
	{ CKM_SHA384, CKG_MGF1_SHA384, "SHA2-384", 48 },
	{ CKM_SHA512, CKG_MGF1_SHA512, "SHA2-512", 64 },
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
	if (type != KEY_UNKNOWN && (m->keys & 1u << type) == 0)
		return false;
	return (algs & (m->signs | m->opens)) != 0;
}

static bool
read_hashes(ck_mechanism_type_t type, unsigned long mgf, struct mech_params *ret)
{
	for (size_t i = 0; i < NELEM(hashes); i++) {
		if (hashes[i].type == type) {
			ret->digest = hashes[i].name;
			ret->digest_len = hashes[i].n;
		}
		if (hashes[i].mgf == mgf)
			ret->mgf = hashes[i].name;
	}
	return ret->digest != NULL && ret->mgf != NULL;
}

/* CK_RSA_PKCS_PSS_PARAMS; the hash is that of the mechanism, if it has one. */
static bool
read_pss(const struct ck_mechanism *given, const struct mech *m, struct mech_params *ret)
{
	struct ck_rsa_pkcs_pss_params p;

	if (given->parameter == NULL || given->parameter_len != sizeof(p))
		return false;
	memcpy(&p, given->parameter, sizeof(p));
	if (!read_hashes(p.hash_alg, p.mgf, ret) ||
	    (m->digest != NULL && strcmp(m->digest, ret->digest) != 0))
		return false;
	ret->salt_len = p.s_len;
	return true;
}

/* CK_RSA_PKCS_OAEP_PARAMS */
static bool
read_oaep(const struct ck_mechanism *given, struct mech_params *ret)
{
	struct ck_rsa_pkcs_oaep_params p;

	if (given->parameter == NULL || given->parameter_len != sizeof(p))
		return false;
	memcpy(&p, given->parameter, sizeof(p));
	if (!read_hashes(p.hash_alg, p.mgf, ret) || p.source_data_len > sizeof(ret->label) ||
	    (p.source_data == NULL && p.source_data_len != 0) ||
	    (p.source != CKZ_DATA_SPECIFIED && (p.source != 0 || p.source_data_len != 0)))
		return false;
	if (p.source_data_len != 0)
		memcpy(ret->label, p.source_data, p.source_data_len);
	ret->label_len = p.source_data_len;
	return true;
}

/* Of CKM_ECDH1_DERIVE they are C_DeriveKey's business; some callers pass a pointer of
 * length 0. */
ck_rv_t
mech_read(const struct ck_mechanism *given, const struct mech **ret,
    struct mech_params *ret_params)
{
	const struct mech *m = mech_find(given->mechanism);
	struct mech_params p = { .digest = NULL };
	bool good = true;

	if (m == NULL)
		return CKR_MECHANISM_INVALID;
	if (m->scheme == SCHEME_PSS)
		good = read_pss(given, m, &p);
	else if (m->scheme == SCHEME_OAEP)
		good = read_oaep(given, &p);
	else if (m->scheme != SCHEME_ECDH)
		good = given->parameter_len == 0;
	if (!good)
		return CKR_MECHANISM_PARAM_INVALID;
	*ret = m;
	*ret_params = p;
	return CKR_OK;
}
