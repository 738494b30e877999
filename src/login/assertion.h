/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The assertion: the answer to a challenge, signed by the card
 * (docs/broker-protocol.md section 4).
 *
 * The worker builds every byte from a struct assertion; nothing of a caller's is
 * copied into the signed bytes but as the value of a JSON string.  What a card signs
 * is ASCII of the form base64url "." base64url, and begins with "eyJ": never a TLS 1.2
 * handshake (first byte 01), never a TLS 1.3 CertificateVerify (64 spaces), never DER
 * (T6).
 */
#ifndef DEZI_LOGIN_ASSERTION_H
#define DEZI_LOGIN_ASSERTION_H

#include "jose/jws.h"
#include "login/challenge.h"

#define ASSERTION_ATTEST_MAX	4096	/* bytes of each of its certificates */

struct assertion_cert {
	uint8_t	 der[ASSERTION_ATTEST_MAX];
	size_t	 n;			/* 0: there is none */
};

struct assertion {
	uint8_t	 challenge_sha256[32];	/* of the exact compact challenge */
	uint8_t	 nonce[CHALLENGE_NONCE];
	char	 aud[256];		/* iss of the challenge */
	char	 client_id[128];
	char	 rp_name[128];		/* as shown to the person */
	char	 origin[256];		/* as shown to the person; "" when none */
	int64_t	 iat;
	char	 jti[64];
	/* evidence: the workstation's word, proved by nothing */
	struct assertion_evidence {
		char means[16];		/* "native", "module" */
		char driver[16];	/* "uzi" */
		char reader[128];	/* safe text */
		char pin_entry[16];	/* "window", "pinpad" */
		bool one_transaction;
		char caller[256];	/* package or executable, home folder stripped */
		/*
		 * Of PIV tokens whose maker vouches for their keys (cert/attest.h); both
		 * or none.  This much is not only the workstation's word.
		 */
		struct assertion_cert statement, device;
	} evidence;
};

/* The protected header for these certificates (DER, leaf first). */
MUST_CHECK enum err assertion_header(enum jws_alg alg, const struct cur *x5c, size_t n,
    struct buf *ret);
/* The payload: JSON, members in a fixed order. */
MUST_CHECK enum err assertion_payload(const struct assertion *a, struct buf *ret);

/*
 * Read a payload: strict, unknown members only inside evidence, v must be 1
 * (ERR_VERSION), anything else wrong is ERR_MALFORMED.
 */
MUST_CHECK enum err assertion_payload_read(struct cur json, struct assertion *ret);

#endif
