/* SPDX-License-Identifier: EUPL-1.2 */
/* What the files of this folder know of each other; nobody else includes it. */
#ifndef DEZI_CERT_INNER_H
#define DEZI_CERT_INNER_H

#include <openssl/x509v3.h>

#include "cert/cert.h"

#define CERT_POLICIES	16
#define CERT_CHAIN	8	/* leaf and anchor included */
#define CERT_OID_MAX	64

struct cert {
	X509	  *x;
	struct buf der;
	char	   policies[CERT_POLICIES][CERT_OID_MAX];
	size_t	   n_policies;
};

/* cert.c */

/* A certificate from OpenSSL's form, by its own DER. */
MUST_CHECK enum err cert_of_x509(X509 *x, struct cert **ret);
/*
 * The only attribute nid of a name, as UTF-8.  ERR_NOT_FOUND (bare) when absent,
 * ERR_CERT_PROFILE when repeated, too long, or not text.
 */
MUST_CHECK enum err name_text(const X509_NAME *name, int nid, char *ret, size_t size);

/*
 * The subjectAltName: the whole extension is one GeneralNames, with nothing behind it.
 * ERR_NOT_FOUND (bare) when there is none, ERR_CERT_PROFILE.
 */
MUST_CHECK enum err alt_names(const X509 *x, GENERAL_NAMES **ret);

/* attest.c */

struct attest;
/*
 * What a statement says, with nothing proved: the part of attest_check() that reads
 * extensions, for who would get no forged one past the rest.
 */
MUST_CHECK enum err attest_read(struct cur statement, struct attest *ret);

/* purpose.c */

/* Does the certificate itself assert this policy? */
bool cert_has_policy(const struct cert *c, const char *oid);
/* 2.16.528.1.1007.99: the UZI register's arc for tests. */
bool oid_is_test(const char *oid);

#define AUTH_LEVEL	2	/* of chains; 112 bits: RSA of 2048, no SHA-1 */

/* weak.c */

/* ERR_WEAK_KEY: whoever has the certificate can find the private key. */
MUST_CHECK enum err check_weakness(const EVP_PKEY *key);

/* store.c, load.c */

struct crl_mark;
struct cert_store {
	enum cert_env	     env;
	enum cert_revocation revocation;
	STACK_OF(X509)	    *anchors;
	STACK_OF(X509)	    *intermediates;
	STACK_OF(X509_CRL)  *crls;	/* from memory */
	/* from files, replaced together by cert_store_refresh() */
	char		    *crl_dir;	/* NULL: none */
	STACK_OF(X509_CRL)  *crl_files;
	struct crl_mark	    *marks;
	size_t		     n_marks;
	char		     trouble[256];
};

static inline void
x509_drop(X509 **x)
{
	X509_free(*x);
	*x = NULL;
}

static inline void
x509_stack_drop(STACK_OF(X509) **s)
{
	sk_X509_pop_free(*s, X509_free);
	*s = NULL;
}

static inline void
crl_stack_drop(STACK_OF(X509_CRL) **s)
{
	sk_X509_CRL_pop_free(*s, X509_CRL_free);
	*s = NULL;
}

/* Forget what cert_store_load() and cert_store_refresh() read. */
void load_drop(struct cert_store *s);

/* chain.c */

struct chain {
	STACK_OF(X509) *certs;		/* leaf first, anchor last; NULL: no path */
	bool	expired;
	bool	early;
	bool	policy_missing;		/* not asserted all the way down */
};
void chain_drop(struct chain *c);

/*
 * The path from leaf to an anchor of s.  ERR_OK says that every link holds: signatures,
 * names, basic constraints, path lengths, name constraints, key sizes, no SHA-1.  What
 * is wrong with time and policy stands in ret.  purpose is an X509_PURPOSE_ number.
 * ERR_CERT_UNTRUSTED, ERR_CRYPTO.
 */
MUST_CHECK enum err chain_build(const struct cert_store *s, const struct cert *leaf,
    STACK_OF(X509) *untrusted, const char *const *policies, size_t n_policies,
    int purpose, int64_t now, struct chain *ret);

/* revoked.c */

/* Parse a CRL; refuse what could never be relied on.  ERR_MALFORMED, ERR_UNSUPPORTED. */
MUST_CHECK enum err crl_parse(struct cur der, X509_CRL **ret);

/*
 * Is each certificate below the anchor, by a fresh CRL of its issuer, not revoked?
 * ERR_CERT_REVOKED, ERR_REVOCATION (cannot be said).
 */
MUST_CHECK enum err revoked_check(const struct cert_store *s, STACK_OF(X509) *chain,
    int64_t now);

#endif
