/* SPDX-License-Identifier: EUPL-1.2 */
/* The mechanisms, as one table: what is hashed, how it is padded, what the card gets. */
#ifndef DEZI_PKCS11_MECH_H
#define DEZI_PKCS11_MECH_H

#include "base/buf.h"
#include "card/card.h"
#include "pkcs11/cryptoki.h"

enum mech_scheme {
	SCHEME_DIGEST,			/* C_Digest only */
	SCHEME_PKCS1,			/* RSASSA- and RSAES-PKCS1-v1_5 (RFC 8017 sections 7.2, 8.2) */
	SCHEME_PSS,			/* RSASSA-PSS (section 8.1) */
	SCHEME_OAEP,			/* RSAES-OAEP (section 7.1) */
	SCHEME_ECDSA,
	SCHEME_EDDSA,
	SCHEME_ECDH,			/* C_DeriveKey only */
};

struct mech {
	ck_mechanism_type_t type;
	enum mech_scheme scheme;
	const char *digest;		/* libcrypto's name; NULL: the caller hashed */
	unsigned keys;			/* bits: 1u << enum key_type */
	/* A key can do it that has one of these abilities (enum key_alg). */
	unsigned signs, opens;		/* by signing; by deciphering or deriving */
	ck_flags_t flags;		/* as C_GetMechanismInfo says it, without CKF_HW */
	ck_ulong min, max;		/* bits of the key; 0 for digests */
};

#define MECH_LABEL_MAX	256

/* What came with the type; nothing of it points to the caller's memory. */
struct mech_params {
	const char *digest, *mgf;	/* of PSS and OAEP: libcrypto's names */
	size_t	 digest_len;
	size_t	 salt_len;		/* of PSS */
	uint8_t	 label[MECH_LABEL_MAX];	/* of OAEP */
	size_t	 label_len;
};

/* NULL: not one of ours. */
const struct mech *mech_find(ck_mechanism_type_t type);
size_t mech_count(void);
const struct mech *mech_at(size_t i);

/* May a key with these abilities use it? */
bool mech_fits(const struct mech *m, enum key_type type, unsigned algs);

/* The DER in front of the hash in DigestInfo (RFC 8017 section 9.2), appended. */
void mech_put_prefix(const struct mech *m, struct buf *ret);

/* Abilities of keys that sign, and of those that decipher. */
#define KEY_ALGS_SIGN	(KEY_ALG_RSA_PKCS1 | KEY_ALG_RSA_RAW | KEY_ALG_ECDSA | KEY_ALG_EDDSA)
#define KEY_ALGS_OPEN	(KEY_ALG_RSA_DECRYPT | KEY_ALG_RSA_DECRYPT_RAW)

/*
 * Which one is asked for, and how.
 *	CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID
 */
ck_rv_t mech_read(const struct ck_mechanism *given, const struct mech **ret,
    struct mech_params *ret_params);

#endif
