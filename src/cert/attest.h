/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the vendor of a PIV token says of a key: made in this device, which asks for a PIN
 * and for a touch before it uses it (piv reference section 7, "Attestation").
 *
 * It says nothing about the person and holds no nonce: it counts only beside a fresh
 * signature of the same key.
 */
#ifndef DEZI_CERT_ATTEST_H
#define DEZI_CERT_ATTEST_H

#include "cert/cert.h"

/* Numbers and words are in others' records: they are only ever added. */
enum attest_verdict {
	ATTEST_ABSENT = 0,		/* there is no statement */
	ATTEST_GOOD = 1,
	ATTEST_MALFORMED = 2,		/* statement or device is no certificate */
	ATTEST_UNTRUSTED = 3,		/* the device leads to no pinned root, or may not vouch */
	ATTEST_FORGED = 4,		/* the statement is not the device's */
	ATTEST_OTHER_SLOT = 5,		/* about another slot than 9A */
	ATTEST_OTHER_KEY = 6,		/* about another key than the login certificate's */
	ATTEST_EXTENSION = 7,		/* an extension of another length, missing, or twice */
	ATTEST_WEAK_KEY = 8,		/* RSA, made by firmware 4.2.0 to 4.3.4 (ROCA) */
};
const char *attest_verdict_word(enum attest_verdict v);	/* "absent", "good", ... */

enum attest_pin {
	ATTEST_PIN_DEFAULT, ATTEST_PIN_NEVER, ATTEST_PIN_ONCE, ATTEST_PIN_ALWAYS,
	ATTEST_PIN_MATCH_ONCE, ATTEST_PIN_MATCH_ALWAYS,	/* or a finger */
};
enum attest_touch {
	ATTEST_TOUCH_DEFAULT, ATTEST_TOUCH_NEVER, ATTEST_TOUCH_ALWAYS, ATTEST_TOUCH_CACHED,
};

/* As the vendor's tools call them; "unknown" for a value of later devices. */
const char *attest_pin_word(unsigned policy);	/* "never", "once", "match-once" */
const char *attest_touch_word(unsigned policy);	/* "never", "always", "cached" */
const char *attest_form_word(unsigned form);	/* "A-keychain", "C-nano"; FIPS or not */
#define ATTEST_FORM_FIPS	0x80

struct attest {
	enum attest_verdict verdict;
	/* The rest is only filled when that is good. */
	uint8_t	 firmware[3];		/* compared as bytes: 5.10 comes after 5.7 */
	uint8_t	 pin, touch;		/* what stands there; unknown values are possible */
	bool	 has_serial;
	uint32_t serial;
	uint8_t	 form;			/* form factor; 0: not told */
};

/*
 * vendor holds the vendor's roots and intermediates and nothing else; statement is about
 * the key, device is the certificate that signed it; login is the certificate whose key
 * must be that one.  Dates are not looked at: a statement has those of its device.
 * ret->verdict is filled in any case; ERR_OK: it is ATTEST_GOOD.
 *	ERR_MALFORMED		no certificates; an extension of another length, missing,
 *				or twice (hostile-cards, vector 48)
 *	ERR_CERT_UNTRUSTED	forged, of another vendor, an own CA in the device, or a
 *				key that anybody can compute
 *	ERR_MISMATCH		about another key, or about another slot than 9A
 */
MUST_CHECK enum err attest_check(const struct cert_store *vendor, struct cur statement,
    struct cur device, const struct cert *login, struct attest *ret);

/* Is the firmware of a at least this one? */
bool attest_firmware_from(const struct attest *a, const uint8_t least[3]);

#endif
