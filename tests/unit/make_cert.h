/* SPDX-License-Identifier: EUPL-1.2 */
/* Certificates and CRLs for tests, right and wrong.  Fails the test when it cannot. */
#ifndef DEZI_TESTS_MAKE_CERT_H
#define DEZI_TESTS_MAKE_CERT_H

#include <openssl/x509v3.h>

#include "base/buf.h"

#define MADE_NOW	1790000000	/* a day in 2026: the time of these tests */
#define MADE_DAY	86400

struct made {
	X509	 *x;
	EVP_PKEY *key;
	struct buf der;
};
void made_drop(struct made *m);

/* What goes into a certificate; a NULL or 0 leaves it out. */
struct recipe {
	const char *cn, *o, *title, *serial_number;	/* subject */
	const char *kind;	/* of a new key: "RSA2048" (default), "P-256", ... */
	EVP_PKEY *key;		/* instead of a new one: borrowed */
	long	serial;		/* default 1 */
	int64_t	from, until;	/* default: a year around MADE_NOW */
	/* Instead: "U" (UTCTime) or "G" (GeneralizedTime), and what stands there. */
	const char *from_text, *until_text;
	const char *basic;	/* each as in x509v3_config(5) */
	const char *usage;
	const char *eku;
	const char *policies;
	const char *san;	/* otherName:... */
	const char *san_hex;	/* the value of the extension, instead */
	const char *constraints;
	const char *comment;	/* to make it long */
	const char *hash;	/* default "SHA256" */
	bool	pss;
	int	twice;		/* NID of an extension to repeat */
};

/* NULL issuer: self-signed. */
void make_cert(const struct recipe *how, const struct made *issuer, struct made *ret);

struct crl_recipe {
	int64_t	from, until;	/* default: from an hour before MADE_NOW, two days */
	long	revoked[4];	/* serial numbers */
	const char *hash;
	bool	pss;
	bool	endless;	/* no nextUpdate */
	bool	critical;	/* a critical extension that nobody knows */
};
void make_crl(const struct crl_recipe *how, const struct made *issuer, struct buf *ret);

/* A root, a level 2 CA and three issuing CAs of the shape of the UZI register's. */
struct pki {
	struct made root, level2, z, n, m;
};
/* prefix begins each common name; arc is the policies' ("2.16.528.1.1007.99.21"). */
void make_pki(const char *prefix, const char *arc, struct pki *ret);
void pki_drop(struct pki *p);

/* One pass of a kind, as the CPS has it: change a field and make it. */
struct recipe pass_recipe(char type);
/* "otherName:..." of UPN and UZI name; either may be NULL. */
const char *san_text(const char *upn, const char *uzi, char *ret, size_t size);

#endif
