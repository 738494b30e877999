/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What attributes need of a certificate.  libcrypto in a library context of our own:
 * the default provider and no configuration, so that a program whose openssl.cnf loads
 * an engine on this very module does not end up in it again.
 */
#ifndef DEZI_PKCS11_CRYPTO_H
#define DEZI_PKCS11_CRYPTO_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/buf.h"
#include "pkcs11/mech.h"

/* Made on first use, dropped by crypto_end(); NULL when libcrypto refuses. */
OSSL_LIB_CTX *crypto_context(void);
void crypto_end(void);
/* After fork(): forget it without touching it. */
void crypto_abandon(void);

struct x509_view {
	X509	 *x;
	EVP_PKEY *key;		/* x's */
	unsigned  bits;
};

MUST_CHECK enum err x509_view_make(struct cur der, struct x509_view *ret);
void x509_view_free(struct x509_view *v);

/* DER, appended. */
MUST_CHECK enum err x509_put_subject(const struct x509_view *v, struct buf *ret);
MUST_CHECK enum err x509_put_issuer(const struct x509_view *v, struct buf *ret);
MUST_CHECK enum err x509_put_serial(const struct x509_view *v, struct buf *ret);
MUST_CHECK enum err x509_put_spki(const struct x509_view *v, struct buf *ret);
/* Big-endian, no leading zero.  ERR_NOT_FOUND: not an RSA key. */
MUST_CHECK enum err x509_put_modulus(const struct x509_view *v, struct buf *ret);
MUST_CHECK enum err x509_put_exponent(const struct x509_view *v, struct buf *ret);
/* ECParameters (a named curve) and ECPoint as DER OCTET STRING.  ERR_NOT_FOUND: no EC key. */
MUST_CHECK enum err x509_put_ec_params(const struct x509_view *v, struct buf *ret);
MUST_CHECK enum err x509_put_ec_point(const struct x509_view *v, struct buf *ret);
/* CK_DATE: YYYYMMDD. */
MUST_CHECK enum err x509_put_start(const struct x509_view *v, struct buf *ret);
MUST_CHECK enum err x509_put_end(const struct x509_view *v, struct buf *ret);

/*
 * Is sig over input right?  input is DigestInfo or whatever was padded (PKCS1), a hash
 * (PSS, ECDSA: sig is r and s), or the message (EdDSA).
 */
bool crypto_check(const struct x509_view *v, const struct mech *m, const struct mech_params *p,
    struct cur input, struct cur sig);

/* Is the point a public key on the curve of the certificate's?  It goes to the card. */
bool crypto_is_peer(const struct x509_view *v, struct cur point);

/* RSAES-PKCS1-v1_5 or RSAES-OAEP, appended. */
MUST_CHECK enum err crypto_encrypt(const struct x509_view *v, const struct mech *m,
    const struct mech_params *p, struct cur data, struct buf *ret);

/* Of the system, which are better than those of a card and cost it nothing. */
MUST_CHECK enum err crypto_random(void *ret, size_t n);

/* A digest of data by name ("SHA1", "SHA2-256"), appended. */
MUST_CHECK enum err crypto_digest(const char *name, struct cur data, struct buf *ret);

#endif
