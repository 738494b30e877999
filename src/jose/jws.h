/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * JWS compact serialisation (RFC 7515) with the four algorithms of DESIGN section 5
 * (RFC 7518 section 3): RS256, PS256, ES256, ES384; RS256 also with 3072 and 4096 bit.
 * No "none", no HS*, no SHA-1, RSA of at least 2048 bits.
 */
#ifndef DEZI_JOSE_JWS_H
#define DEZI_JOSE_JWS_H

#include <openssl/evp.h>

#include "base/buf.h"

#define JWS_MAX		32768	/* a whole compact JWS */

enum jws_alg { JWS_ALG_NONE, JWS_RS256, JWS_PS256, JWS_ES256, JWS_ES384 };

const char *jws_alg_name(enum jws_alg alg);		/* "RS256" */
/* JWS_ALG_NONE for every name that is not one of ours. */
enum jws_alg jws_alg_of_name(struct cur name);
/* May this key have made a signature of this algorithm?  (key type, curve, size) */
bool jws_alg_fits(enum jws_alg alg, const EVP_PKEY *key);

struct jws_parts {
	struct cur signing_input;	/* ASCII: header "." payload, borrowed */
	struct buf header;		/* decoded */
	struct buf payload;
	struct buf signature;
};
void jws_parts_free(struct jws_parts *p);

/* Exactly three strict base64url parts.  ERR_MALFORMED, ERR_LIMIT, ERR_NOMEM. */
MUST_CHECK enum err jws_split(struct cur compact, struct jws_parts *ret);

/*
 * The protected header, parsed strictly: "alg" and "typ" are required; "crit", "jku",
 * "jwk", "x5u", "b64", "zip" are refused (ERR_MALFORMED); a repeated member is
 * ERR_MALFORMED; "kid" and "x5c" are kept.  An alg that is not ours: ERR_ALG.
 */
#define JWS_X5C_MAX	6
struct jws_header {
	enum jws_alg alg;
	char	   typ[64];
	char	   kid[128];			/* "" when absent */
	struct buf x5c[JWS_X5C_MAX];		/* DER, leaf first */
	size_t	   x5c_n;
};
void jws_header_free(struct jws_header *h);
MUST_CHECK enum err jws_header_parse(struct cur json, struct jws_header *ret);

/*
 * Verify with the key of the signer.  ERR_ALG when alg does not fit the key,
 * ERR_SIGNATURE when the signature is wrong, ERR_CRYPTO.
 */
MUST_CHECK enum err jws_verify(enum jws_alg alg, EVP_PKEY *key, struct cur signing_input,
    struct cur signature);

/* Append base64url(header) "." base64url(payload): what a card or key signs. */
MUST_CHECK enum err jws_signing_input(struct cur header, struct cur payload, struct buf *ret);

/* Append "." base64url(signature) to a signing input, which makes it a compact JWS. */
MUST_CHECK enum err jws_finish(struct buf *signing_input, struct cur signature);

/* Sign with a key in software (the broker's).  Appends the raw JWS signature. */
MUST_CHECK enum err jws_sign(enum jws_alg alg, EVP_PKEY *key, struct cur signing_input,
    struct buf *ret);

/* JWK thumbprint (RFC 7638, SHA-256) of an EC or RSA public key, base64url. */
#define JWK_THUMBPRINT_LEN	43
MUST_CHECK enum err jwk_thumbprint(const EVP_PKEY *key, char ret[JWK_THUMBPRINT_LEN + 1]);

static inline void
pkey_drop(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
	*key = NULL;
}

#endif
