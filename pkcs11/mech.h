/* SPDX-License-Identifier: EUPL-1.2 */
/* The mechanisms, as one table: what is hashed, how it is padded, what the card gets. */
#ifndef DEZI_PKCS11_MECH_H
#define DEZI_PKCS11_MECH_H

#include "base/buf.h"
#include "card/card.h"
#include "pkcs11/cryptoki.h"

enum mech_scheme {
	SCHEME_DIGEST,			/* C_Digest only */
	SCHEME_PKCS1,			/* RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2) */
	SCHEME_ECDSA,
};

struct mech {
	ck_mechanism_type_t type;
	enum mech_scheme scheme;
	const char *digest;		/* libcrypto's name; NULL: the caller hashed */
	enum key_type key;
	ck_flags_t flags;		/* as C_GetMechanismInfo says it, without CKF_HW */
	ck_ulong min, max;		/* bits of the key; 0 for digests */
};

/* NULL: not one of ours. */
const struct mech *mech_find(ck_mechanism_type_t type);
size_t mech_count(void);
const struct mech *mech_at(size_t i);

/* May a key with these abilities (enum key_alg) use it? */
bool mech_fits(const struct mech *m, enum key_type type, unsigned algs);

/* The DER in front of the hash in DigestInfo (RFC 8017 section 9.2), appended. */
void mech_put_prefix(const struct mech *m, struct buf *ret);

/* Bits of enum key_alg with which a key signs. */
#define KEY_ALGS_SIGN	(KEY_ALG_RSA_PKCS1 | KEY_ALG_ECDSA)

/*
 * Which one is asked for.  None of them has parameters.
 *	CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID
 */
ck_rv_t mech_read(const struct ck_mechanism *given, const struct mech **ret);

#endif
