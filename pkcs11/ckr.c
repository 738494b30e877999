/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every code is listed and there is no default: a new one does not compile until
 * somebody decided what PKCS #11 says.  CKR_GENERAL_ERROR is for what cannot happen.
 */
#include "pkcs11/ckr.h"

ck_rv_t
ckr_of(enum err e)
{
	switch (e) {
	case ERR_OK:
		return CKR_OK;
	case ERR_NOMEM:
		return CKR_HOST_MEMORY;
	case ERR_CANCELLED:
	case ERR_TIMEOUT:
		return CKR_FUNCTION_CANCELED;
	case ERR_NOT_TOUCHED:
		return CKR_FUNCTION_REJECTED;
	case ERR_UNSUPPORTED:
		return CKR_FUNCTION_NOT_SUPPORTED;
	case ERR_BAD_REQUEST:
		return CKR_ARGUMENTS_BAD;

	case ERR_NO_SERVICE:
	case ERR_PCSC_DENIED:
	case ERR_NO_READER:
	case ERR_NO_CARD:
		return CKR_TOKEN_NOT_PRESENT;
	case ERR_REMOVED:
	case ERR_CARD_CHANGED:
		return CKR_DEVICE_REMOVED;
	case ERR_CARD_UNKNOWN:
	case ERR_VENDOR_LOCKED:
	case ERR_NOT_MINE:
	case ERR_CARD_NOT_USABLE:
		return CKR_TOKEN_NOT_RECOGNIZED;
	case ERR_NOT_LOGGED_IN:
	case ERR_CARD_RESET:
		return CKR_USER_NOT_LOGGED_IN;
	case ERR_IO:
	case ERR_CARD:
	case ERR_CARD_BUSY:
	case ERR_MALFORMED:
	case ERR_LIMIT:
	case ERR_NOT_FOUND:
	case ERR_SIGNATURE:
	case ERR_MODULE:
		return CKR_DEVICE_ERROR;
	case ERR_CARD_INACTIVE:
		return CKR_ACTION_PROHIBITED;

	case ERR_PIN_WRONG:
	case ERR_PIN_LAST_TRY:
		return CKR_PIN_INCORRECT;
	case ERR_PIN_BLOCKED:
		return CKR_PIN_LOCKED;
	case ERR_PIN_LENGTH:
		return CKR_PIN_LEN_RANGE;
	case ERR_PIN_REFUSED:
	case ERR_MISMATCH:		/* a new PIN, typed twice */
		return CKR_PIN_INVALID;
	case ERR_PIN_UNSET:
		return CKR_USER_PIN_NOT_INITIALIZED;

	case ERR_ALG:
		return CKR_MECHANISM_INVALID;
	case ERR_CRYPTO:
	case ERR_SYS:
	case ERR_CONFIG:
	case ERR_FAILED:
		return CKR_FUNCTION_FAILED;

	/* Of logins and brokers: never reached from a card. */
	case ERR_SEVERAL_CARDS:
	case ERR_NO_PINENTRY:
	case ERR_NO_CERT:
	case ERR_CERT_UNTRUSTED:
	case ERR_CERT_EXPIRED:
	case ERR_CERT_EARLY:
	case ERR_CERT_USAGE:
	case ERR_WEAK_KEY:
	case ERR_CERT_POLICY:
	case ERR_CERT_REVOKED:
	case ERR_REVOCATION:
	case ERR_CERT_PROFILE:
	case ERR_PASS_TYPE:
	case ERR_NOT_ALLOWED:
	case ERR_BUSY:
	case ERR_NOT_AVAILABLE:
	case ERR_CHALLENGE:
	case ERR_STALE:
	case ERR_BROKER:
	case ERR_VERSION:
	case ERR_UNKNOWN:
	case ERR_REPLAYED:
	case ERR_AUDIENCE:
	case ERR_MEANS:
	case ERR_ACR:
	case ERR_PERSON:
	case ERR_PENDING:
	case ERR_GONE:
	case ERR_COUNT:
		break;
	}
	return CKR_GENERAL_ERROR;
}
