/* SPDX-License-Identifier: EUPL-1.2 */
/* Random numbers: the system's, which are better than those of a card and cost it nothing. */
#include <errno.h>
#include <sys/random.h>

#include "pkcs11/session.h"

ck_rv_t
C_GenerateRandom(ck_session_handle_t session, unsigned char *out, ck_ulong n)
{
	CALL(c, session);

	if (out == NULL && n != 0)
		return CKR_ARGUMENTS_BAD;
	while (n != 0) {
		ssize_t got = getrandom(out, n < 256 ? n : 256, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return CKR_FUNCTION_FAILED;
		out += got;
		n -= (ck_ulong)got;
	}
	return CKR_OK;
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
