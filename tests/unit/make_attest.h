/* SPDX-License-Identifier: EUPL-1.2 */
/* A maker of PIV tokens for tests: root, device, statements, right and wrong. */
#ifndef DEZI_TESTS_MAKE_ATTEST_H
#define DEZI_TESTS_MAKE_ATTEST_H

#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "base/buf.h"

/* An extension of the vendor's arc; its bytes are the content of extnValue. */
struct attest_ext {
	const char *number;
	const char *bytes;
	int	 n;
};
#define ATTEST_FIRMWARE(bytes)		{ "3", bytes, 3 }
#define ATTEST_SERIAL			{ "7", "\x02\x04\x00\xbc\x61\x4e", 6 }	/* 12345678 */
#define ATTEST_POLICY(bytes)		{ "8", bytes, 2 }	/* PIN, touch */
#define ATTEST_FORM			{ "9", "\x03", 1 }
#define ATTEST_END			{ NULL, NULL, 0 }

#define ATTEST_ROOT_CN		"Vendor Root"
#define ATTEST_DEVICE_CN	"PIV Attestation"
#define ATTEST_9A_CN		"YubiKey PIV Attestation 9a"
#define ATTEST_DEVICE_CA	"critical,CA:TRUE,pathlen:0"

/*
 * One certificate: subject, key, issuer's name and key; basic constraints or NULL.  With
 * them it is good for ever, without them no more.
 */
void attest_make(const char *cn, EVP_PKEY *pub, const char *issuer, EVP_PKEY *signer,
    const char *ca, const struct attest_ext *exts, struct buf *ret);
/* The same, until then. */
#define ATTEST_PAST	"20200101000000Z"
void attest_make_until(const char *cn, EVP_PKEY *pub, const char *issuer, EVP_PKEY *signer,
    const char *ca, const struct attest_ext *exts, const char *until, struct buf *ret);

struct maker {
	EVP_PKEY *root_key, *device_key;
	struct buf root, device;
};
void maker_make(struct maker *m);
void maker_drop(struct maker *m);
/* What its device says of the key in slot 9A. */
void maker_say(const struct maker *m, EVP_PKEY *about, const struct attest_ext *exts,
    struct buf *ret);

#endif
