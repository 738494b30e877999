/* SPDX-License-Identifier: EUPL-1.2 */
/* The mechanisms, as one table: what is hashed, how it is padded, what the card gets. */
#ifndef DEZI_PKCS11_MECH_H
#define DEZI_PKCS11_MECH_H

#include "base/buf.h"
#include "card/card.h"
#include "cryptoki.h"

enum mech_scheme {
	SCHEME_DIGEST,			/* C_Digest only */
	SCHEME_PKCS1,			/* RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2) */
	SCHEME_PSS,			/* RSASSA-PSS (RFC 8017 section 8.1) */
	SCHEME_RSA_RAW,			/* CKM_RSA_X_509 */
	SCHEME_OAEP,			/* RSAES-OAEP, decryption */
	SCHEME_ECDSA,
	SCHEME_ECDH,
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

/* May a key with these abilities (enum key_alg) use it?  card: on the card itself. */
bool mech_fits(const struct mech *m, enum key_type type, unsigned algs);

/* The parameters of one operation, read from a struct ck_mechanism. */
struct mech_params {
	const char *digest;		/* of the data, or of the label (OAEP) */
	const char *mgf;		/* digest of MGF1 */
	size_t	    salt_len;
	struct cur  label;		/* OAEP; borrowed from the caller */
};
/* CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID */
ck_rv_t mech_read(const struct ck_mechanism *given, const struct mech **ret,
    struct mech_params *ret_params);

#endif
