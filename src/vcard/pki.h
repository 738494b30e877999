/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The test PKI on disk:
 *
 *	DIR/ca/			keys and certificates of the CAs, and what they revoked
 *	DIR/trust/		anchors, intermediates, crls: a trust folder
 *	DIR/trust/attestation/	anchors: the vendors who vouch for keys of tokens
 *	DIR/cards/		NAME.card, and NAME/ with its keys and certificates
 *	DIR/other/		the same names and pass keys under foreign CAs
 *	DIR/negative/		certificates that no broker may accept
 */
#ifndef DEZI_VCARD_PKI_H
#define DEZI_VCARD_PKI_H

#include <limits.h>

#include "vcard/plan.h"

struct pki_options {
	const char *dir;
	int64_t	    now;	/* UTC */
	unsigned    ca_bits;	/* RSA; the foreign CAs have pass_bits */
	unsigned    pass_bits;	/* G4 passes have half as many again */
	const struct pass_plan *passes;
	size_t	    passes_n;	/* at most PASSES_MAX */
	const struct token_plan *tokens;
	size_t	    tokens_n;	/* at most TOKENS */
};

/* As the UZI register has them. */
#define PKI_CA_BITS	4096
#define PKI_PASS_BITS	2048

/* Make everything.  ERR_CONFIG when DIR already holds a PKI; ERR_SYS, ERR_CRYPTO. */
MUST_CHECK enum err pki_make(const struct pki_options *o);
/* Fresh CRLs for a PKI that is there. */
MUST_CHECK enum err pki_crls(const char *dir, int64_t now);
/* Revoke the certificate in the DER file and write fresh CRLs.  ERR_CONFIG: not ours. */
MUST_CHECK enum err pki_revoke(const char *dir, const char *cert, int64_t now);

/*
 * Between the files of the PKI.
 */

/* The CAs of one hierarchy: DIR's own, or the foreign one. */
struct hierarchy {
	const char *dir;
	size_t	    n;			/* of ca_plans */
	EVP_PKEY   *keys[CA_COUNT];
	X509	   *certs[CA_COUNT];
};
struct x509_signer hierarchy_signer(const struct hierarchy *h, enum ca_id id);

MUST_CHECK enum err pki_path(char ret[PATH_MAX], const char *fmt, ...) PRINTF(2, 3);
MUST_CHECK enum err pki_folder(const char *fmt, ...) PRINTF(1, 2);

/* revoked.c: what a CA revoked, remembered beside its key. */
MUST_CHECK enum err revoked_add(const struct hierarchy *h, enum ca_id id,
    const X509 *cert, int64_t now);
MUST_CHECK enum err revoked_crls(const struct hierarchy *h, int64_t now);

/* negative.c */
MUST_CHECK enum err negative_make(const struct hierarchy *h, int64_t now, EVP_PKEY *key);

/* passes.c: the passes and their card files. */
MUST_CHECK enum err passes_write(const struct hierarchy *h, const struct pki_options *o,
    EVP_PKEY *const (*keys)[PURPOSES]);

/*
 * tokens.c: the tokens, their card files, and the root of a vendor that attests them.
 */
MUST_CHECK enum err tokens_write(const struct hierarchy *h, const struct pki_options *o,
    EVP_PKEY *const (*keys)[TOKEN_KEYS], EVP_PKEY *vendor);

/* "serial = ...": "DZ", 0, and the UZI number in BCD. */
void pass_put_serial(struct buf *b, const struct pass_plan *p);
/* A section for each CA, from the issuer of the pass up to the root. */
void pass_put_cas(struct buf *b, const struct pass_plan *p);
#define FIRST_PIN	"123456"
#define FIRST_PUK	"12345678"

#endif
