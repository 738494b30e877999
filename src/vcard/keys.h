/* SPDX-License-Identifier: EUPL-1.2 */
/* Keys: made many at once (RSA-4096 is slow), written and read as PEM. */
#ifndef DEZI_VCARD_KEYS_H
#define DEZI_VCARD_KEYS_H

#include <openssl/evp.h>

#include "base/buf.h"

struct key_job {
	unsigned  bits;		/* of an RSA key; 0: none is wanted */
	const char *curve;	/* the key is an elliptic one on it */
	EVP_PKEY *key;		/* the job's own until somebody takes it */
};

/* Make every key, on all processors.  ERR_CRYPTO, ERR_SYS. */
MUST_CHECK enum err keys_make(struct key_job *jobs, size_t n);
void keys_free(struct key_job *jobs, size_t n);

/* PKCS#8 in PEM, not encrypted, mode 0600. */
MUST_CHECK enum err key_write(const char *path, const EVP_PKEY *key);
/* ERR_NOT_FOUND (bare), ERR_MALFORMED, ERR_SYS */
MUST_CHECK enum err key_read(const char *path, EVP_PKEY **ret);

#endif
