/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The secrets that this broker hands out: 256 random bits, written as base64url.  Only
 * their SHA-256 is kept; a copy of the database opens nothing.
 */
#ifndef DEZI_BROKER_TOKEN_H
#define DEZI_BROKER_TOKEN_H

#include "base/b64.h"

#define TOKEN_BYTES	32
#define TOKEN_LEN	B64URL_LEN(TOKEN_BYTES)
#define HASH_LEN	32

struct token {
	char text[TOKEN_LEN + 1];
};
void token_wipe(struct token *t);

/* A source of random bytes: tests have their own. */
typedef enum err random_fn(void *arg, uint8_t *ret, size_t n);
/* The operating system's, through libcrypto.  ERR_CRYPTO. */
MUST_CHECK enum err random_os(void *arg, uint8_t *ret, size_t n);

/* A fresh secret, and its hash.  The errors of the source. */
MUST_CHECK enum err token_new(random_fn *source, void *arg, struct token *ret,
    uint8_t ret_hash[HASH_LEN]);

/*
 * The hash of what somebody presents.  Any bytes have one, so that what is no token at
 * all takes the same way as one that never was (T4).  ERR_CRYPTO.
 */
MUST_CHECK enum err token_hash(struct cur presented, uint8_t ret[HASH_LEN]);

/* Constant time. */
bool hash_eq(const uint8_t a[HASH_LEN], const uint8_t b[HASH_LEN]);

#endif
