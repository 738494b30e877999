/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Is this a certificate with which a person may log in, and who is that?
 *
 * Path to configured anchors, validity, key usage, policy, revocation, UZI profile
 * (reference: CPS UZI-register 10.3; RFC 5280).  No clock, no network: the time and
 * the CRLs are parameters.  libcrypto stays below this header but for cert_key().
 */
#ifndef DEZI_CERT_CERT_H
#define DEZI_CERT_CERT_H

#include <openssl/evp.h>

#include "base/buf.h"

#define CERT_DER_MAX	16384

enum cert_env { CERT_ENV_PRODUCTION, CERT_ENV_ACCEPTANCE, CERT_ENV_TEST };
enum cert_revocation {
	CERT_REVOCATION_HARD,	/* no fresh CRL of every issuer: ERR_REVOCATION */
	CERT_REVOCATION_SOFT,	/* only CERT_ENV_TEST: unknown is let through */
	CERT_REVOCATION_ELSEWHERE, /* a workstation: the broker checks it */
};

/*
 * Anchors, intermediates and CRLs of one environment.  That nobody else can write into
 * dir is for the caller to check (file_check_trusted()).
 *
 * cert_store_load() reads every *.pem, *.der, *.cer and *.crt file of dir/anchors and
 * dir/intermediates, and every *.crl and *.pem of dir/crls, when those folders exist;
 * no CRL with ELSEWHERE.
 * Refused with ERR_CONFIG: no anchor; SOFT outside CERT_ENV_TEST; in
 * CERT_ENV_PRODUCTION an anchor or intermediate whose subject or policy says test
 * (policy arc 2.16.528.1.1007.99, a CN that starts with "TEST" or that dezi-vcard
 * made; T38).
 */
struct cert_store;
MUST_CHECK enum err cert_store_load(const char *dir, enum cert_env env,
    enum cert_revocation revocation, struct cert_store **ret);
/* The same from memory, for tests and dezi verify.  Adds; call as often as needed. */
MUST_CHECK enum err cert_store_new(enum cert_env env, enum cert_revocation revocation,
    struct cert_store **ret);
MUST_CHECK enum err cert_store_add_anchor(struct cert_store *s, struct cur der);
MUST_CHECK enum err cert_store_add_intermediate(struct cert_store *s, struct cur der);
MUST_CHECK enum err cert_store_add_crl(struct cert_store *s, struct cur der);
void cert_store_free(struct cert_store **s);
enum cert_env cert_store_env(const struct cert_store *s);
/*
 * Read the CRLs of dir/crls again when one of them changed.  Cheap when none did.  A
 * file that cannot be read as a CRL counts as missing, here and in cert_store_load():
 * its issuer's certificates are then refused (ERR_REVOCATION).  ERR_NOMEM, ERR_SYS.
 */
MUST_CHECK enum err cert_store_refresh(struct cert_store *s);
/* Name of the first CRL file that could not be used, for a log; "" when all could. */
const char *cert_store_trouble(const struct cert_store *s);

/*
 * The policies that lead to a login in env when nothing else is configured: those of
 * authentication certificates of Z, N and M passes.  (Pass types are refused later.)
 */
const char *const *cert_env_policies(enum cert_env env, size_t *ret_n);

enum cert_purpose {
	CERT_OTHER, CERT_AUTHENTICATION, CERT_SIGNATURE, CERT_CONFIDENTIALITY,
};

/*
 * A parsed certificate.  The DER is copied.  ERR_MALFORMED, ERR_LIMIT (length, or a key
 * beyond 8192 bits), ERR_UNSUPPORTED (neither RSA nor a named curve), ERR_CERT_PROFILE (a
 * subjectAltName that is none).
 */
struct cert;
MUST_CHECK enum err cert_parse(struct cur der, struct cert **ret);
void cert_free(struct cert **c);
struct cur cert_der(const struct cert *c);
/* The public key, borrowed. */
EVP_PKEY *cert_key(const struct cert *c);
unsigned cert_key_bits(const struct cert *c);
/* By key usage, confirmed by EKU and policy where the profile has them. */
enum cert_purpose cert_purpose(const struct cert *c);
/* UTC; INT64_MIN when it cannot be said. */
int64_t cert_not_before(const struct cert *c);
int64_t cert_not_after(const struct cert *c);

/*
 * Who the pass says its holder is (uzi-certificates section 6).  Strings are UTF-8 and
 * as in the certificate: make them safe before showing (base/text.h).
 */
struct uzi_identity {
	char uzi_number[16];
	char pass_type;			/* 'Z', 'N', 'M', 'S' */
	char subscriber[16];		/* URA */
	char subscriber_name[256];	/* subject O */
	char role[8];			/* "01.015" */
	char agb[16];
	char name[256];			/* subject CN */
	char title[64];			/* subject title, "" when absent */
	char oid_ca[64];
};
/*
 * One UZI name of exactly 7 fields, version 1; UPN and serialNumber agree with it; its
 * OID-CA is one of env and fits the pass type and the issuer's name.  CERT_ENV_TEST
 * also reads what mock certificates have: shorter numbers, OID-CAs of production,
 * UTF8String, no UPN, no serialNumber.  ERR_CERT_PROFILE.
 */
MUST_CHECK enum err cert_uzi(const struct cert *c, enum cert_env env,
    struct uzi_identity *ret);

/* "Huisarts" for "01.015" from the role table (data); NULL when it is not known. */
const char *cert_role_name(const char *role);

/* What a caller demands. */
struct cert_rules {
	int64_t	    now;		/* UTC */
	const char *const *policies;	/* accepted; NULL: the environment's */
	size_t	    n_policies;
	const char *pass_types;		/* "ZN" */
};

struct cert_verdict {
	struct uzi_identity who;	/* filled when the profile could be read */
	char issuer_cn[256];
	char policy[64];		/* the accepted policy OID, of the leaf */
	char serial[64];		/* hex */
	struct cert *chain[8];		/* leaf first, anchor last; the verdict's own */
	size_t chain_n;
};
void cert_verdict_free(struct cert_verdict *v);

/*
 * The whole list D of dezi.md for a login certificate, in this order: purpose
 * (ERR_CERT_USAGE), key (ERR_WEAK_KEY), path to an anchor (ERR_CERT_UNTRUSTED), validity
 * of every certificate (ERR_CERT_EXPIRED, ERR_CERT_EARLY), policy (ERR_CERT_POLICY),
 * profile (ERR_CERT_PROFILE), pass type (ERR_PASS_TYPE), revocation (ERR_CERT_REVOKED,
 * ERR_REVOCATION).  extra are intermediates that came with the token: never anchors.
 * ret starts zeroed, is filled as far as the checks came, also of a refusal, and must be
 * freed in either case.
 */
MUST_CHECK enum err cert_check_login(const struct cert_store *s, const struct cert *leaf,
    const struct cur *extra, size_t n_extra, const struct cert_rules *rules,
    struct cert_verdict *ret);

#endif
