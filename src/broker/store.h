/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The broker's memory, in SQLite: logins, challenges, sessions, the number of the last
 * audit record.  Secrets are here as SHA-256 only; a UZI number is overwritten once it
 * was answered.
 *
 * Every step on which a rule hangs (a handle bound once, a nonce used once, a session
 * made once, a finish used once) is one SQL statement whose condition is the rule, so it
 * holds between processes and after a kill.  The database is not forced to the disk at
 * each commit: what a power cut takes back belongs to a boot that is over, and
 * store_boot() ends all that was begun in it.
 *
 * Times: _ms is CLOCK_BOOTTIME, _utc is for people.  ERR_SYS: the database fails.
 */
#ifndef DEZI_BROKER_STORE_H
#define DEZI_BROKER_STORE_H

#include <sys/types.h>

#include "broker/means.h"
#include "broker/token.h"
#include "login/challenge.h"

/* A user of a machine.  Without a relay the machine is always "local". */
struct peer {
	char  host[64];
	uid_t uid;
};

enum login_state { LOGIN_OPEN, LOGIN_ACCEPTED, LOGIN_DEAD };

struct login_row {
	int64_t	 id;
	uint8_t	 handle[HASH_LEN];
	uint8_t	 secret[HASH_LEN];	/* the request secret's */
	char	 client[128];
	struct peer asker;		/* who opened it on client.sock */
	bool	 bound;
	struct peer agent;		/* whose agent runs it, when bound */
	char	 origin[256];
	enum loa acr;			/* asked */
	int64_t	 opened_utc;
	int64_t	 until_ms;
	enum login_state state;
	int64_t	 tries;			/* wrong secrets presented */
};

struct challenge_row {
	uint8_t	 jws_sha256[HASH_LEN];
	uint8_t	 nonce[CHALLENGE_NONCE];
	int64_t	 until_ms;
};

#define SESSION_ID_BYTES 16
#define SESSION_ID_LEN	B64URL_LEN(SESSION_ID_BYTES)

struct session_row {
	char	 id[SESSION_ID_LEN + 1];	/* no secret */
	struct login_row login;
	uint8_t	 lease_token[HASH_LEN];
	uint8_t	 finish[HASH_LEN];
	int64_t	 auth_utc;
	enum loa acr;			/* reached */
	char	 uzi_number[16];	/* "" once answered or ended */
	char	 pass_type[2];
	int64_t	 finish_ms;		/* answer before; 0: answered */
	int64_t	 lease_ms;		/* alive until */
	int64_t	 absent_ms;		/* card away at most until; 0: present */
	int64_t	 ended_utc;		/* 0: alive */
	char	 why[32];		/* it ended, or is to end */
};

struct store;

/*
 * Open or make the database (":memory:" for tests).  One broker, one database:
 * ERR_CONFIG when it belongs to another issuer or environment or to a later version.
 */
MUST_CHECK enum err store_open(const char *path, const char *issuer,
    const char *environment, struct store **ret);
void store_close(struct store **s);

/*
 * Remember the boot.  Another one than before: open logins die, and sessions that were
 * alive are overdue, whatever the new clock says ("reboot" stands in their why).
 */
MUST_CHECK enum err store_boot(struct store *s, const char *boot_id);

/* row->id is set. */
MUST_CHECK enum err store_login_add(struct store *s, struct login_row *row);
/*
 * Bind an open login to its first agent.  ERR_NOT_FOUND (bare): no such handle, or too
 * late, or not open, or another agent's; one statement, no difference.
 */
MUST_CHECK enum err store_login_bind(struct store *s, const uint8_t handle[HASH_LEN],
    const struct peer *agent, int64_t now_ms, struct login_row *ret);
/* ERR_NOT_FOUND (bare). */
MUST_CHECK enum err store_login_find(struct store *s, const uint8_t handle[HASH_LEN],
    struct login_row *ret);
/* A wrong secret.  The max-th makes an open login dead. *ret_tries: how many so far. */
MUST_CHECK enum err store_login_miss(struct store *s, int64_t login, int64_t max,
    int64_t *ret_tries);
/* Open logins that this peer asked for. */
MUST_CHECK enum err store_login_count(struct store *s, const struct peer *asker,
    int64_t now_ms, int64_t *ret);

/* Replaces the former challenge of the login.  ERR_LIMIT: it had max already. */
MUST_CHECK enum err store_challenge_put(struct store *s, int64_t login, int64_t max,
    const struct challenge_row *row);
/* Use it up, whatever comes of it.  ERR_REPLAYED: used before; ERR_NOT_FOUND (bare). */
MUST_CHECK enum err store_challenge_use(struct store *s, int64_t login,
    struct challenge_row *ret);

/* Accept row->login.id.  ERR_REPLAYED: it is not open any more. */
MUST_CHECK enum err store_session_add(struct store *s, const struct session_row *row);
/* ERR_NOT_FOUND (bare). */
MUST_CHECK enum err store_session_find(struct store *s, struct cur id,
    struct session_row *ret);
MUST_CHECK enum err store_session_of(struct store *s, int64_t login,
    struct session_row *ret);
/* The finish is used, the person is forgotten.  ERR_REPLAYED: used before, or ended. */
MUST_CHECK enum err store_session_finish(struct store *s, const char *id);
/* ERR_GONE: it has ended. */
MUST_CHECK enum err store_session_lease(struct store *s, const char *id,
    int64_t lease_ms, int64_t absent_ms);
MUST_CHECK enum err store_session_end(struct store *s, const char *id, const char *why,
    int64_t utc);
/* One session that is alive though its time is over.  ERR_NOT_FOUND (bare): none. */
MUST_CHECK enum err store_session_overdue(struct store *s, int64_t now_ms,
    struct session_row *ret);
/* When the next one will be.  ERR_NOT_FOUND (bare): no session is alive. */
MUST_CHECK enum err store_session_deadline(struct store *s, int64_t *ret_ms);

/* Forget what was opened, or ended, before that time, in the log of the database too. */
MUST_CHECK enum err store_clean(struct store *s, int64_t before_utc);

/* The number of the next audit record: gapless within one boot. */
MUST_CHECK enum err store_audit_next(struct store *s, int64_t *ret);

#endif
