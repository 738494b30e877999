/* SPDX-License-Identifier: EUPL-1.2 */
/* The broker's own keys: ES256, in files that nobody else can read. */
#ifndef DEZI_BROKER_KEYS_H
#define DEZI_BROKER_KEYS_H

#include <sys/types.h>

#include "jose/jws.h"

/*
 * Read a private key (PEM).  ERR_CONFIG: readable or writable by others than root and
 * owner (mode 0600 or 0640), not an unencrypted P-256 key.
 */
MUST_CHECK enum err key_load(const char *path, uid_t owner, EVP_PKEY **ret);

/*
 * Make a key: path (private, 0600) and path.pub (public, 0644), and its thumbprint, which
 * agents pin.  ERR_CONFIG when one of the files exists: a key is never written over.
 */
MUST_CHECK enum err key_make(const char *path,
    char ret_thumbprint[JWK_THUMBPRINT_LEN + 1]);

#endif
