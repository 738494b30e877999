/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A vendor's PKCS#11 library, asked directly for what a login needs.
 *
 * It is trusted code by configuration (T29), but it may be broken: every count, length
 * and loop is bounded here, and an answer that cannot be is ERR_MODULE.  What it can do
 * besides, crash or never come back, only a process of its own survives.
 */
#ifndef DEZI_MEANS_P11_H
#define DEZI_MEANS_P11_H

#include "means/means.h"

#define P11_TOKENS_MAX	64
#define P11_ID_MAX	256

struct p11;

/* A token that is there now. */
struct p11_token {
	unsigned long slot;
	char	 reader[65];		/* slotDescription, without the blanks behind it */
	char	 serial[33];		/* hex; "" when the token has none */
	bool	 pinpad;		/* CKF_PROTECTED_AUTHENTICATION_PATH */
	struct pin_state pin;		/* by the token's flags: tries is 1, 0 or -1 */
	size_t	 pin_min, pin_max;
};

/*
 * Load the library; nothing is initialised.  ERR_MODULE says why it cannot be used.
 */
MUST_CHECK enum err p11_load(const char *path, struct p11 **ret);
/* Close what was opened, log out what was logged in; the library stays loaded. */
void p11_free(struct p11 **p);

/* The rest: after C_Initialize. */

/* All tokens; a slot that answers with an error holds none.  ERR_MODULE. */
MUST_CHECK enum err p11_tokens(struct p11 *p, struct p11_token ret[P11_TOKENS_MAX],
    size_t *ret_n);
/* One of them again.  ERR_REMOVED when it is gone. */
MUST_CHECK enum err p11_token(struct p11 *p, unsigned long slot, struct p11_token *ret);

/* A session with a token, in place of the former.  ERR_REMOVED, ERR_MODULE, ... */
MUST_CHECK enum err p11_session(struct p11 *p, unsigned long slot);
/*
 * The first certificate that suits, of those that are visible now; its CKA_ID goes to
 * ret_id.  ERR_NO_CERT, ERR_REMOVED, ERR_MODULE, ...
 */
MUST_CHECK enum err p11_cert(struct p11 *p, card_suits_fn *suits, void *arg,
    struct buf *ret_der, struct buf *ret_id);

/*
 * C_Login as user; pin NULL: the person types it on the reader.
 *	ERR_PIN_WRONG, ERR_PIN_BLOCKED, ERR_PIN_LENGTH, ERR_PIN_UNSET, ERR_CANCELLED,
 *	ERR_CARD_INACTIVE (an expired PIN), ERR_REMOVED, ERR_MODULE, ...
 */
MUST_CHECK enum err p11_login(struct p11 *p, const struct secret *pin);

/* What is to be signed, and by which key. */
struct p11_order {
	enum means_alg alg;
	struct cur id;			/* CKA_ID of the certificate */
	struct cur modulus;		/* leaf_modulus(); empty when it is not RSA */
	struct cur input;		/* leaf_input() */
	struct cur tbs;			/* for libraries that hash themselves */
	const struct secret *pin;	/* a key may want it again; NULL: on the reader */
};
/* The library's signature, as it gives it.  ERR_NO_CERT: there is no such key. */
MUST_CHECK enum err p11_sign(struct p11 *p, const struct p11_order *o, struct buf *ret);

/* C_Logout, if logged in, and the end of the session. */
void p11_end(struct p11 *p);

#endif
