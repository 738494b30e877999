/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One login, from top to bottom.  Pure: cards, person, time and random come in
 * through the world.
 */
#ifndef DEZI_LOGIN_LOGIN_H
#define DEZI_LOGIN_LOGIN_H

#include "base/secret.h"
#include "cert/cert.h"
#include "login/assertion.h"
#include "login/challenge.h"
#include "means/means.h"

/* What the agent hands to the worker: one fixed frame (login/wire.h). */
struct login_request {
	char	 login_id[48];		/* the agent's, for messages */
	char	 challenge[CHALLENGE_MAX];	/* the exact compact JWS */
	struct challenge c;		/* read and checked by the agent */
	int64_t	 deadline_boot_ms;	/* CLOCK_BOOTTIME: when the challenge ends */
	char	 caller[256];		/* executable, as shown and as attested */
	char	 language[8];		/* "nl", "en" */
};

/* The relying party's name in the language of the request, as it is shown and signed. */
const char *login_rp_name(const struct login_request *rq);

enum login_step {
	LOGIN_WAITING_CARD, LOGIN_READING_CARD, LOGIN_ASKING_PIN, LOGIN_SIGNING,
};
const char *login_step_name(enum login_step s);	/* "waiting_card", ... */

/* Why the person is asked for a PIN. */
enum login_ask {
	LOGIN_ASK_FIRST,
	LOGIN_ASK_WRONG,		/* the last one was wrong */
	LOGIN_ASK_LENGTH,		/* the last one cannot be right; not sent */
};

/*
 * What the person is shown.  says is the assertion that the card will sign: relying
 * party, origin, caller and reader are shown from there and from nowhere else.
 */
struct login_prompt {
	const struct login_request *rq;	/* language, and when it must be over */
	const struct assertion *says;
	const struct means_view *view;	/* what a PIN can look like */
	struct pin_state pin;		/* as last seen; tries -1: not known */
	enum login_ask why;
};

struct login_world {
	void	*arg;
	int64_t	 (*utc)(void *arg);		/* seconds */
	int64_t	 (*boot_ms)(void *arg);
	enum err (*random)(void *arg, uint8_t *ret, size_t n);
	void	 (*step)(void *arg, enum login_step s);
	/*
	 * The means to log in with: waits for a card if there is none.
	 * ERR_NO_READER, ERR_NO_CARD, ERR_SEVERAL_CARDS, ERR_NO_SERVICE, ...
	 */
	enum err (*means)(void *arg, const struct login_request *rq, struct means **ret,
	    struct means_view *ret_view);
	/*
	 * A newer challenge, when too little time is left for a person.  May change only
	 * challenge, c.nonce, c.jti, c.iat, c.exp and deadline_boot_ms of rq: login_run
	 * refuses any other difference.
	 */
	enum err (*renew)(void *arg, struct login_request *rq);
	/*
	 * This PIN may block the card: go on?  ERR_OK, ERR_PIN_LAST_TRY (policy),
	 * ERR_CANCELLED, ERR_TIMEOUT, ERR_NO_PINENTRY.
	 */
	enum err (*ask_last_try)(void *arg, const struct login_prompt *p);
	/*
	 * ERR_CANCELLED, ERR_TIMEOUT (the challenge ends), ERR_NO_PINENTRY.  Where the
	 * view says pinpad, an empty PIN means: on the reader.
	 */
	enum err (*ask_pin)(void *arg, const struct login_prompt *p, struct secret *ret);
	/*
	 * The PIN is typed on the reader while the means signs: say so, and do not wait.
	 * ERR_NO_PINENTRY.
	 */
	enum err (*tell_pinpad)(void *arg, const struct login_prompt *p);
	/*
	 * The token is to be touched while the means signs: the same.  Where the PIN is
	 * typed on the reader, tell_pinpad() says so.
	 */
	enum err (*tell_touch)(void *arg, const struct login_prompt *p);
	/* Workstation's trust: store and pass types. */
	const struct cert_store *store;
	const char *pass_types;
};

struct login_result {
	struct buf assertion;		/* compact JWS */
	char	 reader[CARD_READER_MAX];
	uint32_t event_counter;
	char	 serial[CARD_SERIAL_MAX];
	enum jws_alg alg;		/* of the signature */
	uint32_t apdus;			/* commands sent to cards; the world fills it */
	struct pin_state pin;		/* as last seen, also after a failure */
};
void login_result_free(struct login_result *r);

#define LOGIN_PIN_TIME_MIN	60	/* s: with less, a new challenge is fetched */
#define LOGIN_PIN_MARGIN	5	/* s: a window closes that long before the end */

/*
 * Run it.  rq may be changed by world.renew.  ret is filled on ERR_OK; ret->pin and
 * ret->reader whenever they are known.
 */
MUST_CHECK enum err login_run(const struct login_world *w, struct login_request *rq,
    struct login_result *ret);

#endif
