/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Is this assertion the answer to our challenge, and who gave it?
 *
 * What a broker needs (docs/broker-protocol.md section 4.3): the checks B, C and D in
 * the order in which they stand there, each with its own word.  Pure: the time, the
 * anchors and the record of the challenge are parameters.  That a nonce is used once,
 * and belongs to this login, is the caller's to see to (list A): take it out of the
 * store before you call, whatever comes of it.
 */
#ifndef DEZI_VERIFY_VERIFY_H
#define DEZI_VERIFY_VERIFY_H

#include "cert/attest.h"
#include "cert/cert.h"
#include "login/assertion.h"

#define VERIFY_SKEW_DEFAULT	60	/* seconds */
#define VERIFY_RP_NAMES		2

/*
 * What the caller asked for, from its own records and never from the assertion.
 * Strings are borrowed.
 */
struct verify_expect {
	uint8_t	 challenge_sha256[32];	/* of the exact compact challenge */
	uint8_t	 nonce[CHALLENGE_NONCE];
	const char *aud;		/* iss of the challenge */
	const char *client_id;
	const char *rp_names[VERIFY_RP_NAMES];	/* each language's; NULL: none */
	const char *origin;		/* "": the challenge had none */
};

/* Fill ret from a challenge and its exact bytes.  c must outlive ret.  ERR_CRYPTO. */
MUST_CHECK enum err verify_expect_of(const struct challenge *c, struct cur compact,
    struct verify_expect *ret);

struct verify_rules {
	const struct cert_store *store;
	struct cert_rules cert;		/* cert.now is also the time of receipt, UTC */
	/*
	 * Clocks of workstations differ: iat may be this many seconds before or after
	 * the receipt.  What lies within is reported, not refused.  0: the default.
	 */
	int64_t	 skew_max;
};

struct verify_result {
	enum jws_alg alg;
	struct assertion said;		/* what was signed, evidence included */
	int64_t	 skew;			/* iat minus time of receipt */
	struct cert_verdict cert;	/* who, and by which chain */
};
void verify_result_free(struct verify_result *r);

/*
 * The verdict: ERR_OK, or the first check that failed.  ret is filled as far as the
 * checks came (for the audit record) and must be freed in either case.
 *	ERR_LIMIT, ERR_MALFORMED, ERR_VERSION	size, form, typ, members (B 5)
 *	what cert_parse() says of the leaf
 *	ERR_AUDIENCE, ERR_STALE			aud, iat (B 6)
 *	ERR_ALG, ERR_SIGNATURE			(C 7, 8)
 *	ERR_MISMATCH				not the challenge of this login
 *	those of cert_check_login()		(D)
 */
MUST_CHECK enum err verify_assertion(struct cur compact, const struct verify_expect *e,
    const struct verify_rules *rules, struct verify_result *ret);

/*
 * The same without the record of a challenge, for an assertion found in a file: all
 * but aud, iat and what was asked is checked, at rules->cert.now.
 */
MUST_CHECK enum err verify_assertion_offline(struct cur compact,
    const struct verify_rules *rules, struct verify_result *ret);

/* Did an attestation come along? */
bool verify_has_attestation(const struct verify_result *v);
/*
 * What the maker of the card says of the key that signed, if that is true
 * (docs/broker-protocol.md section 4.4).  After one of the calls above was ERR_OK; as often
 * as there are vendors to ask.  vendors: their pinned roots and intermediates, and nothing
 * else, as cert_store_load() reads them from a folder.  There is no time in it.
 * ret->verdict is filled in any case.
 *	ERR_OK			ATTEST_GOOD, and only then
 *	ERR_NOT_FOUND (bare)	ATTEST_ABSENT
 *	those of attest_check()	the others
 */
MUST_CHECK enum err verify_attestation(const struct verify_result *v,
    const struct cert_store *vendors, struct attest *ret);

#endif
