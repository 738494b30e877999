/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The challenge: what a broker asks to be signed (docs/broker-protocol.md section 3).
 * A JWS of typ NAME_TYP_CHALLENGE, ES256, by a key that the configuration pins.
 */
#ifndef DEZI_LOGIN_CHALLENGE_H
#define DEZI_LOGIN_CHALLENGE_H

#include "jose/jws.h"

#define CHALLENGE_NONCE		32	/* bytes */
#define CHALLENGE_LIFE_MAX	120	/* seconds */
#define CHALLENGE_POLICIES	8
#define CHALLENGE_MAX		8192	/* a whole compact challenge */

struct challenge {
	char	 iss[256];
	char	 jti[64];
	uint8_t	 nonce[CHALLENGE_NONCE];
	int64_t	 iat, exp;		/* UTC by the broker's clock */
	char	 client_id[128];
	char	 rp_name_nl[128];	/* never empty */
	char	 rp_name_en[128];	/* "" when the broker gave none */
	char	 origin[256];		/* "" when absent: a native caller */
	char	 acr[128];
	char	 policies[CHALLENGE_POLICIES][64];
	size_t	 n_policies;
};

/*
 * Check and read a challenge.  The header's "kid" is the thumbprint of the key; only
 * the given keys, which the configuration names, are tried.  iss and aud must be equal
 * to what is configured; exp - iat at most CHALLENGE_LIFE_MAX.  No clock: the agent
 * counts from receipt.
 *	ERR_CHALLENGE	anything about it that is not as docs/broker-protocol.md says
 *	ERR_VERSION	v is not 1
 */
MUST_CHECK enum err challenge_read(struct cur compact, const char *iss,
    EVP_PKEY *const *keys, size_t n_keys, struct challenge *ret);

/*
 * Make one, as the broker does.  ret is appended to.  ERR_MALFORMED: something in c that
 * challenge_read() would refuse.  ERR_ALG: the key is not on P-256.
 */
MUST_CHECK enum err challenge_write(const struct challenge *c, EVP_PKEY *key,
    struct buf *ret);

#endif
