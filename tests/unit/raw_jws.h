/* SPDX-License-Identifier: EUPL-1.2 */
/* Tokens for tests, made of any text: right ones with one thing changed. */
#ifndef DEZI_TESTS_RAW_JWS_H
#define DEZI_TESTS_RAW_JWS_H

#include <openssl/evp.h>

#include "jose/jws.h"

/* text with the first occurrence of find replaced; fails the test when there is none. */
void replace_put(struct buf *b, const char *text, const char *find, const char *with);
/* header and payload as they stand, signed by alg; JWS_ALG_NONE: an empty signature. */
void raw_jws(struct cur header, struct cur payload, enum jws_alg alg, EVP_PKEY *key,
    struct buf *ret);

#endif
