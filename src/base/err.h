/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One set of results for the whole house.
 *
 * A result has a code, for the program that called, and a trail, for the person
 * who reads the log.  fail() starts the trail, note() adds one floor to it; both
 * yield their code.  The trail is per thread, of fixed size, and needs no memory.
 *
 * ERR_NOT_FOUND and ERR_NOT_MINE are answers, not errors: they are returned bare,
 * the direct caller must deal with them, and they are never passed on.
 *
 * Trails never hold bytes from a card, a PIN, or a name of a person.
 *
 * Every code has a word, the stable name by which other programs know it
 * (docs/errors.md).  Words are only ever added.
 */
#ifndef DEZI_BASE_ERR_H
#define DEZI_BASE_ERR_H

#include "base/def.h"

/* X(code, word, word for a web page, HTTP status, title) */
#define ERR_TABLE(X)							\
	X(ERR_OK, "ok", "ok", 200, "ok")				\
	/* answers */							\
	X(ERR_NOT_FOUND, "not_found", "failed", 404, "not found")	\
	X(ERR_NOT_MINE, "not_mine", "failed", 500, "not mine")		\
	/* this program and this machine */				\
	X(ERR_NOMEM, "failed", "failed", 500, "out of memory")		\
	X(ERR_LIMIT, "limit", "failed", 413, "something is larger than allowed") \
	X(ERR_MALFORMED, "malformed", "failed", 400, "data is malformed") \
	X(ERR_SYS, "failed", "failed", 500, "the operating system refused") \
	X(ERR_CRYPTO, "failed", "failed", 500, "a cryptographic operation failed") \
	X(ERR_CONFIG, "config", "not_available", 503, "the configuration is wrong or unsafe") \
	X(ERR_FAILED, "failed", "failed", 500, "the login failed")	\
	X(ERR_UNSUPPORTED, "unsupported", "failed", 501, "not supported") \
	/* PC/SC, readers, cards */					\
	X(ERR_NO_SERVICE, "no_service", "not_available", 503, "the smartcard service is not running") \
	X(ERR_PCSC_DENIED, "no_access", "not_available", 503, "access to the smartcard service was refused") \
	X(ERR_NO_READER, "no_reader", "no_card", 409, "no reader")	\
	X(ERR_NO_CARD, "no_card", "no_card", 409, "no card")		\
	X(ERR_SEVERAL_CARDS, "several_cards", "card_not_usable", 409, "more than one usable card") \
	X(ERR_REMOVED, "card_removed", "no_card", 409, "the card was removed") \
	X(ERR_CARD_CHANGED, "card_changed", "card_not_usable", 409, "another card is in the reader") \
	X(ERR_CARD_RESET, "card_reset", "card_not_usable", 409, "another program reset the card") \
	X(ERR_CARD_BUSY, "card_busy", "busy", 409, "another program is using the card") \
	X(ERR_IO, "card_io", "card_not_usable", 502, "no contact with the card") \
	X(ERR_CARD, "card_error", "card_not_usable", 502, "the card answered with an error") \
	X(ERR_CARD_UNKNOWN, "card_unknown", "card_not_usable", 409, "the card is not recognised") \
	X(ERR_VENDOR_LOCKED, "vendor_locked", "card_not_usable", 409, "the card only answers to its vendor's software") \
	X(ERR_CARD_INACTIVE, "card_inactive", "card_not_usable", 409, "the card must be activated first") \
	X(ERR_CARD_NOT_USABLE, "card_not_usable", "card_not_usable", 409, "this card cannot be used") \
	X(ERR_MODULE, "vendor_library", "card_not_usable", 502, "the vendor's library failed") \
	/* PIN and person */						\
	X(ERR_PIN_WRONG, "pin_wrong", "failed", 403, "wrong PIN")	\
	X(ERR_PIN_BLOCKED, "pin_blocked", "card_not_usable", 403, "the PIN is blocked") \
	X(ERR_PIN_LAST_TRY, "pin_last_try", "card_not_usable", 403, "only one try is left") \
	X(ERR_PIN_LENGTH, "pin_length", "failed", 403, "a PIN of that length cannot be right") \
	X(ERR_PIN_REFUSED, "pin_refused", "failed", 403, "the new PIN is not acceptable") \
	X(ERR_PIN_UNSET, "pin_unset", "card_not_usable", 403, "the card has no PIN yet") \
	X(ERR_NOT_LOGGED_IN, "not_logged_in", "failed", 403, "the card asks for the PIN") \
	X(ERR_NOT_TOUCHED, "not_touched", "timeout", 403, "the token was not touched") \
	X(ERR_CANCELLED, "cancelled", "cancelled", 403, "cancelled by the user") \
	X(ERR_TIMEOUT, "timeout", "timeout", 408, "too late")		\
	X(ERR_NO_PINENTRY, "no_pin_window", "not_available", 503, "the PIN window cannot be shown") \
	/* certificate */						\
	X(ERR_NO_CERT, "no_certificate", "card_not_usable", 409, "the card has no certificate for login") \
	X(ERR_CERT_UNTRUSTED, "certificate_untrusted", "card_not_usable", 403, "the certificate does not lead to a configured anchor") \
	X(ERR_CERT_EXPIRED, "certificate_expired", "card_not_usable", 403, "the certificate has expired") \
	X(ERR_CERT_EARLY, "certificate_not_yet_valid", "card_not_usable", 403, "the certificate is not valid yet") \
	X(ERR_CERT_USAGE, "certificate_usage", "card_not_usable", 403, "the certificate is not for login") \
	X(ERR_WEAK_KEY, "weak_key", "card_not_usable", 403, "the key of the certificate is known to be weak") \
	X(ERR_CERT_POLICY, "certificate_policy", "card_not_usable", 403, "the certificate policy is not accepted") \
	X(ERR_CERT_REVOKED, "certificate_revoked", "card_not_usable", 403, "the certificate has been revoked") \
	X(ERR_REVOCATION, "revocation_unknown", "failed", 503, "revocation of the certificate cannot be checked") \
	X(ERR_CERT_PROFILE, "certificate_profile", "card_not_usable", 403, "the certificate does not follow the UZI profile") \
	X(ERR_PASS_TYPE, "pass_not_personal", "card_not_usable", 403, "a pass without a name cannot log in") \
	/* challenge, caller, agent */					\
	X(ERR_BAD_REQUEST, "bad_request", "failed", 400, "the request is not understood") \
	X(ERR_NOT_ALLOWED, "not_allowed", "not_allowed", 403, "not allowed") \
	X(ERR_BUSY, "busy", "busy", 409, "another login is in progress") \
	X(ERR_NOT_AVAILABLE, "not_available", "not_available", 503, "not available in this session") \
	X(ERR_CHALLENGE, "challenge_refused", "not_allowed", 403, "the challenge is not acceptable") \
	X(ERR_STALE, "challenge_expired", "timeout", 403, "the challenge has expired") \
	X(ERR_BROKER, "broker_unreachable", "not_available", 502, "the broker does not answer") \
	X(ERR_VERSION, "version", "version", 400, "this version is not spoken here") \
	/* broker */							\
	X(ERR_UNKNOWN, "unknown", "failed", 404, "unknown")		\
	X(ERR_REPLAYED, "replayed", "failed", 403, "used before")	\
	X(ERR_ALG, "alg_refused", "failed", 403, "the algorithm is not accepted") \
	X(ERR_SIGNATURE, "signature_invalid", "failed", 403, "the signature is wrong") \
	X(ERR_AUDIENCE, "audience_mismatch", "failed", 403, "meant for somebody else") \
	X(ERR_MISMATCH, "request_mismatch", "failed", 403, "not what was asked") \
	X(ERR_MEANS, "means_refused", "card_not_usable", 403, "this login means is not registered") \
	X(ERR_ACR, "acr_not_met", "card_not_usable", 403, "the level of assurance is too low") \
	X(ERR_PERSON, "not_registered", "not_allowed", 403, "the person is not in the register") \
	X(ERR_PENDING, "pending", "failed", 409, "not finished yet")	\
	X(ERR_GONE, "ended", "failed", 410, "the session has ended")

enum err {
#define ERR_ENUM(code, word, page, http, title) code,
	ERR_TABLE(ERR_ENUM)
#undef ERR_ENUM
	ERR_COUNT
};

/*
 * Start a trail.  Yields code, which is evaluated first: note(f(), ...) adds to the trail
 * that f left.  Never pass bytes from a card or a person.
 */
#define fail(code, ...)							\
	({ enum err fail_code = (code);					\
	   err_start(__FILE__, __LINE__, __VA_ARGS__); fail_code; })
/* Add a floor to the trail.  Yields code, as above. */
#define note(code, ...)							\
	({ enum err note_code = (code);					\
	   err_add(__FILE__, __LINE__, __VA_ARGS__); note_code; })

void err_start(const char *file, int line, const char *fmt, ...) PRINTF(3, 4);
void err_add(const char *file, int line, const char *fmt, ...) PRINTF(3, 4);

/* The trail of this thread's last failure, innermost last.  Never NULL. */
const char *err_trail(void);

/* The stable word; "failed" for a number that is no code. */
const char *err_word(enum err e);
/* The coarser word that a web page may learn (threats.md section 7). */
const char *err_page_word(enum err e);
/* One line of constant English. */
const char *err_title(enum err e);
int err_http(enum err e);
/* The code of a word, ERR_SYS ("failed") when the word is not known. */
enum err err_of_word(const char *word);

#endif
