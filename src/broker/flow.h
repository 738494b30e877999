/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the broker does, without HTTP: requests, challenges, assertions, results and
 * sessions (DESIGN section 5).  front.c maps two sockets to it; an OpenID Provider's
 * /authorize and /token can sit on the same calls.
 *
 * Who calls and what time it is are parameters.  Each call writes its audit record
 * before it answers; a login that cannot be recorded is not granted.
 */
#ifndef DEZI_BROKER_FLOW_H
#define DEZI_BROKER_FLOW_H

#include "broker/audit.h"
#include "broker/conf.h"
#include "broker/people.h"
#include "broker/store.h"

#define FLOW_HOST_LOCAL		"local"
#define FLOW_LOGIN_SECONDS	300	/* a handle's life */
#define FLOW_CHALLENGES		3	/* per login */
#define FLOW_OPEN_MAX		64	/* open logins per asker */
#define FLOW_FLOODS		64	/* uids that are told apart there */
#define FLOW_TRIES		5	/* wrong secrets, then the login is dead */

struct flow {
	const struct broker_conf *conf;
	const struct people *people;
	const struct means *means;
	struct store *store;
	struct cert_store *trust;
	struct audit *audit;
	EVP_PKEY *key;			/* signs challenges */
	random_fn *random;
	void	*random_arg;
	char	 boot_id[64];
	/* Refusals: so many of a uid are recorded in a minute, the rest is counted. */
	struct flow_flood {
		int64_t	 since_ms;
		unsigned recorded;
	} floods[FLOW_FLOODS];
	unsigned left_out;
	int64_t	 cleaned_ms;
};

/* Who calls, and when. */
struct flow_at {
	struct peer peer;
	int64_t	 utc;
	int64_t	 boot_ms;
};

/*
 * At start, before anything is served: what began in another boot ends.
 * *ret_next_ms is as in flow_tick().
 */
MUST_CHECK enum err flow_start(struct flow *f, const struct flow_at *at,
    int64_t *ret_next_ms);
/*
 * End what is overdue and forget what is old.  *ret_next_ms: the boot clock when it must
 * be called again at the latest, INT64_MAX: when a session was made.
 */
MUST_CHECK enum err flow_tick(struct flow *f, const struct flow_at *at,
    int64_t *ret_next_ms);
/* "start", "stop", "reload" in the audit. */
MUST_CHECK enum err flow_note(struct flow *f, const struct flow_at *at,
    const char *event);

/* --- for care applications --- */

struct flow_request {
	const char *client_id;
	struct cur  client_secret;
	const char *acr;
	const char *origin;		/* "": native */
};
struct flow_opened {
	struct token login;
	struct token request_secret;
	int64_t	     expires;		/* UTC */
};
void flow_opened_wipe(struct flow_opened *o);
/*
 *	ERR_NOT_ALLOWED	client, secret, uid or origin
 *	ERR_ACR		not a level, less than the client's, more than any means gives
 *	ERR_BUSY	too many open logins of this uid
 */
MUST_CHECK enum err flow_request(struct flow *f, const struct flow_at *at,
    const struct flow_request *rq, struct flow_opened *ret);

struct flow_result {
	/* Either choices, */
	const struct employment *choices;	/* borrowed from the register */
	size_t	 n_choices;
	/* or, when there are none, an answer. */
	struct person person;
	struct employment employment;
	char	 pass_type[2];
	enum loa acr;
	int64_t	 auth_utc;
	char	 session[SESSION_ID_LEN + 1];
};
/*
 * choice "": none made.
 *	ERR_UNKNOWN	login, request secret or finish: no word says which
 *	ERR_PENDING	not accepted yet
 *	ERR_TIMEOUT	never accepted, and it is too late
 *	ERR_GONE	the session has ended
 *	ERR_REPLAYED	finish was used
 *	ERR_BAD_REQUEST	the choice is none of the choices
 *	ERR_PERSON	not in the register any more; the session ends
 */
MUST_CHECK enum err flow_result(struct flow *f, const struct flow_at *at,
    struct cur login, struct cur request_secret, struct cur finish, const char *choice,
    struct flow_result *ret);

struct flow_session {
	bool	alive;
	char	why[32];		/* when it is not */
	int64_t	ended_utc;
};
/* ERR_UNKNOWN. */
MUST_CHECK enum err flow_session(struct flow *f, const struct flow_at *at,
    struct cur session, struct cur request_secret, struct flow_session *ret);

/* --- for agents --- */

/*
 * Appends the challenge.  ERR_UNKNOWN: no such handle, or not this peer's (T4), or not
 * open; ERR_LIMIT: it had all its challenges.
 */
MUST_CHECK enum err flow_challenge(struct flow *f, const struct flow_at *at,
    struct cur login, struct buf *ret_jws);

struct flow_accepted {
	char	     session[SESSION_ID_LEN + 1];
	struct token lease_token;
	struct token finish;
	int64_t	     lease;		/* seconds */
};
void flow_accepted_wipe(struct flow_accepted *a);
/*
 * The lists A to F of dezi.md section 7.
 *	ERR_UNKNOWN	as above
 *	ERR_REPLAYED	accepted before, or the nonce was used
 *	ERR_CHALLENGE	no challenge was asked for
 *	ERR_STALE	the challenge is too old by our clock
 *	those of verify_assertion()
 *	ERR_MEANS, ERR_ACR, ERR_PERSON
 */
MUST_CHECK enum err flow_assertion(struct flow *f, const struct flow_at *at,
    struct cur login, struct cur assertion, struct flow_accepted *ret);

/*
 * The card is there, or away for so many seconds.  *ret_lease: alive for how long.
 * ERR_UNKNOWN: session, token or uid; ERR_GONE: it has ended.
 */
MUST_CHECK enum err flow_present(struct flow *f, const struct flow_at *at,
    struct cur session, struct cur lease_token, int64_t *ret_lease);
MUST_CHECK enum err flow_absent(struct flow *f, const struct flow_at *at,
    struct cur session, struct cur lease_token, int64_t seconds, int64_t *ret_lease);
/* reason: letters and '_', it is told to the care application. */
MUST_CHECK enum err flow_end(struct flow *f, const struct flow_at *at,
    struct cur session, struct cur lease_token, const char *reason);

#endif
