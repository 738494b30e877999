/* SPDX-License-Identifier: EUPL-1.2 */
/* RSA keys for tests, which take long to make: longest under valgrind and sanitizers. */
#ifndef DEZI_TESTS_UNIT_RSA_KEY_H
#define DEZI_TESTS_UNIT_RSA_KEY_H

#include <openssl/evp.h>

/*
 * Another key with each call in a process.  The nth of that length is the same in every
 * process of a build tree: it is kept below it, for tests only.
 */
EVP_PKEY *kept_rsa_key(unsigned bits);

#endif
