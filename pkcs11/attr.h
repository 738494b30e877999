/* SPDX-License-Identifier: EUPL-1.2 */
/* The attributes of an object, as one table. */
#ifndef DEZI_PKCS11_ATTR_H
#define DEZI_PKCS11_ATTR_H

#include "pkcs11/token.h"

#define ATTR_MAX	(FILE_CERT_BYTES + 64)
#define FILE_CERT_BYTES	16384	/* as card/file.h */

/*
 * Append the value.
 *	CKR_ATTRIBUTE_TYPE_INVALID	objects of this kind do not have it
 *	CKR_ATTRIBUTE_SENSITIVE		nobody gets it
 *	CKR_DEVICE_REMOVED, CKR_DEVICE_ERROR, CKR_HOST_MEMORY ...
 * *ret_error, when not CKR_OK came from the card, says more; else ERR_OK.
 */
ck_rv_t attr_put(struct token *t, const struct object *o, ck_attribute_type_t type,
    struct buf *ret, enum err *ret_error);

/* Does the value need the certificate? */
bool attr_is_costly(const struct token *t, const struct object *o, ck_attribute_type_t type);

#endif
