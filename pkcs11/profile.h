/* SPDX-License-Identifier: EUPL-1.2 */
/* The profiles that the module truly follows (PKCS #11 profiles), as CKO_PROFILE objects. */
#ifndef DEZI_PKCS11_PROFILE_H
#define DEZI_PKCS11_PROFILE_H

#include "base/def.h"
#include "pkcs11/cryptoki.h"

/*
 * Baseline: slots, sessions, finding and reading objects.  Authentication token: a key
 * that signs after login.  Public certificates: certificates are seen without one.
 * Extended asks for the creation of objects, which no card of ours offers.
 */
static const ck_ulong profile_ids[] = {
	CKP_BASELINE_PROVIDER, CKP_AUTHENTICATION_TOKEN, CKP_PUBLIC_CERTIFICATES_TOKEN,
};

#define PROFILE_COUNT	NELEM(profile_ids)

static inline ck_ulong
profile_id(unsigned i)
{
	return profile_ids[i];
}

#endif
