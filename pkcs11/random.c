/* SPDX-License-Identifier: EUPL-1.2 */
/* Random numbers, and what 3.2 asks of a session that no card of ours has. */
#include "pkcs11/session.h"

ck_rv_t
C_GenerateRandom(ck_session_handle_t session, unsigned char *out, ck_ulong n)
{
	CALL(c, session);

	if (out == NULL && n != 0)
		return CKR_ARGUMENTS_BAD;
	return crypto_random(out, n) == ERR_OK ? CKR_OK : CKR_FUNCTION_FAILED;
}

ck_rv_t
C_SeedRandom(ck_session_handle_t session, unsigned char *seed, ck_ulong n)
{
	CALL(c, session);

	return seed == NULL && n != 0 ? CKR_ARGUMENTS_BAD : CKR_RANDOM_SEED_NOT_SUPPORTED;
}

/* 3.2: no validation is claimed. */
ck_rv_t
C_GetSessionValidationFlags(ck_session_handle_t session, ck_ulong type UNUSED,
    ck_flags_t *ret)
{
	CALL(c, session);

	if (ret == NULL)
		return CKR_ARGUMENTS_BAD;
	*ret = 0;
	return CKR_OK;
}
