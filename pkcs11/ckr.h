/* SPDX-License-Identifier: EUPL-1.2 */
/* The one place where a result of the house becomes a return value of PKCS #11. */
#ifndef DEZI_PKCS11_CKR_H
#define DEZI_PKCS11_CKR_H

#include "base/err.h"
#include "pkcs11/cryptoki.h"

ck_rv_t ckr_of(enum err e);

#endif
