/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Certificates and CRLs (RFC 5280) as a plan says, right or wrong on purpose.  Every
 * extension is written here and not by libcrypto, so that a reader that uses libcrypto
 * does not judge its own writing.
 */
#ifndef DEZI_VCARD_X509_H
#define DEZI_VCARD_X509_H

#include <openssl/x509.h>

#include "base/buf.h"

#define X509_SUBJECT_PARTS	8

/* Key usage (RFC 5280 section 4.2.1.3), as der_bits() takes them. */
#define USAGE_DIGITAL_SIGNATURE	0x8000u
#define USAGE_NON_REPUDIATION	0x4000u
#define USAGE_KEY_ENCIPHERMENT	0x2000u
#define USAGE_DATA_ENCIPHERMENT	0x1000u
#define USAGE_KEY_AGREEMENT	0x0800u
#define USAGE_CERT_SIGN		0x0400u
#define USAGE_CRL_SIGN		0x0200u

struct x509_part {
	const char *oid;
	const char *text;	/* UTF-8; NULL: left out */
};

/* An extension of a vendor's own; value as it is. */
struct x509_extra {
	const char *oid;	/* NULL: the end */
	struct cur  value;
};

struct x509_plan {
	struct x509_part subject[X509_SUBJECT_PARTS];	/* in order */
	EVP_PKEY *key;			/* its public half */
	int64_t	  not_before;		/* UTC */
	int64_t	  not_after;
	bool	  ca;
	int	  path_len;		/* of a CA; -1: none stated */
	unsigned  usage;
	const char *const *eku;		/* ends with NULL; NULL: no extension */
	const char *const *policies;	/* the same */
	const char *cps;		/* qualifiers; NULL: none */
	const char *notice;
	const char *crl_url;		/* NULL: no extension */
	const char *issuer_url;		/* the same */
	const char *ocsp_url;
	struct cur  san;		/* the extension's value; empty: no extension */
	const struct x509_extra *extra;	/* behind all others; NULL: none */
	bool	    bare;		/* no extensions but those of extra */
};

/* Who signs.  cert NULL: the certificate that is made signs itself. */
struct x509_signer {
	X509	 *cert;
	EVP_PKEY *key;
	bool	  pss;		/* RSASSA-PSS SHA-512; else PKCS#1 v1.5 or ECDSA, SHA-256 */
};

/* Take over when a certificate is valid.  ERR_CRYPTO */
MUST_CHECK enum err x509_times_of(const X509 *cert, struct x509_plan *ret);
/* ERR_CRYPTO, ERR_NOMEM */
MUST_CHECK enum err x509_make(const struct x509_plan *p, const struct x509_signer *by,
    X509 **ret);

struct x509_revoked {
	uint8_t serial[20];
	size_t	serial_len;
	int64_t when;
};
/* Good for 48 hours; its CRLNumber is now, so that a later one has a higher number. */
MUST_CHECK enum err x509_make_crl(const struct x509_signer *by, int64_t now,
    const struct x509_revoked *list, size_t n, X509_CRL **ret);

/* DER, mode 0644. */
MUST_CHECK enum err x509_write(const char *path, const X509 *cert);
MUST_CHECK enum err x509_write_crl(const char *path, const X509_CRL *crl);
/* DER.  ERR_NOT_FOUND (bare), ERR_MALFORMED, ERR_SYS */
MUST_CHECK enum err x509_read(const char *path, X509 **ret);

#endif
