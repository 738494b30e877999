/* SPDX-License-Identifier: EUPL-1.2 */
/* How the broker remembers; the only file that knows SQLite. */
#include "broker/store.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "broker/sql.h"

#define BUSY_MS		2000

struct store {
	sqlite3	     *db;
	sqlite3_stmt *stmts[STMTS];
};

/*
 * One use of a statement: parameters in order, then steps.  It is reset on every way
 * out, and the first failure sticks, as in struct buf.
 */
struct use {
	struct store *s;
	sqlite3_stmt *st;
	int	      at;	/* parameters bound, or columns read */
	int	      rc;
};
#define USE(store, id)	{ .s = (store), .st = (store)->stmts[id], .rc = SQLITE_OK }

static void
use_end(struct use *u)
{
	sqlite3_reset(u->st);
	sqlite3_clear_bindings(u->st);
}

static void
put_int(struct use *u, int64_t v)
{
	int rc = sqlite3_bind_int64(u->st, ++u->at, v);

	if (u->rc == SQLITE_OK)
		u->rc = rc;
}

static void
put_str(struct use *u, const char *s)
{
	int rc = sqlite3_bind_text(u->st, ++u->at, s, -1, SQLITE_TRANSIENT);

	if (u->rc == SQLITE_OK)
		u->rc = rc;
}

static void
put_hash(struct use *u, const uint8_t *p)
{
	int rc = sqlite3_bind_blob(u->st, ++u->at, p, HASH_LEN, SQLITE_TRANSIENT);

	if (u->rc == SQLITE_OK)
		u->rc = rc;
}

static void
put_peer(struct use *u, const struct peer *p)
{
	put_str(u, p->host);
	put_int(u, (int64_t)p->uid);
}

/* ERR_OK: a row is there.  ERR_NOT_FOUND (bare): no row, the statement is done. */
static enum err
use_row(struct use *u)
{
	if (u->rc == SQLITE_OK)
		u->rc = sqlite3_step(u->st);
	u->at = 0;
	if (u->rc == SQLITE_ROW) {
		u->rc = SQLITE_OK;
		return ERR_OK;
	}
	if (u->rc == SQLITE_DONE)
		return ERR_NOT_FOUND;
	return fail(ERR_SYS, "database: %s", sqlite3_errstr(u->rc));
}

/* Run to the end.  With RETURNING the change is made when the last row is taken. */
static enum err
use_done(struct use *u)
{
	enum err r;

	while ((r = use_row(u)) == ERR_OK)
		;
	return r == ERR_NOT_FOUND ? ERR_OK : r;
}

static int64_t
take_int(struct use *u)
{
	return sqlite3_column_int64(u->st, u->at++);
}

static void
take_str(struct use *u, char *ret, size_t size)
{
	const unsigned char *p = sqlite3_column_text(u->st, u->at);
	int n = sqlite3_column_bytes(u->st, u->at++);

	/* What does not fit was not written by us: an empty string fits nothing. */
	if (p == NULL || !cur_to_str(cur_of(p, (size_t)n), ret, size))
		ret[0] = '\0';
}

static void
take_hash(struct use *u, uint8_t *ret)
{
	const void *p = sqlite3_column_blob(u->st, u->at);
	int n = sqlite3_column_bytes(u->st, u->at++);

	memset(ret, 0, HASH_LEN);
	if (p != NULL && n == HASH_LEN)
		memcpy(ret, p, HASH_LEN);
}

static void
take_peer(struct use *u, struct peer *ret)
{
	take_str(u, ret->host, sizeof(ret->host));
	ret->uid = (uid_t)take_int(u);
}

static void
take_login(struct use *u, struct login_row *ret)
{
	*ret = (struct login_row){ 0 };
	ret->id = take_int(u);
	take_hash(u, ret->handle);
	take_hash(u, ret->secret);
	take_str(u, ret->client, sizeof(ret->client));
	take_peer(u, &ret->asker);
	ret->bound = sqlite3_column_type(u->st, u->at + 1) != SQLITE_NULL;
	take_peer(u, &ret->agent);
	take_str(u, ret->origin, sizeof(ret->origin));
	ret->acr = (enum loa)take_int(u);
	ret->opened_utc = take_int(u);
	ret->until_ms = take_int(u);
	ret->state = (enum login_state)take_int(u);
	ret->tries = take_int(u);
}

static void
take_session(struct use *u, struct session_row *ret)
{
	*ret = (struct session_row){ 0 };
	take_str(u, ret->id, sizeof(ret->id));
	take_hash(u, ret->lease_token);
	take_hash(u, ret->finish);
	ret->auth_utc = take_int(u);
	ret->acr = (enum loa)take_int(u);
	take_str(u, ret->uzi_number, sizeof(ret->uzi_number));
	take_str(u, ret->pass_type, sizeof(ret->pass_type));
	ret->finish_ms = take_int(u);
	ret->lease_ms = take_int(u);
	ret->absent_ms = take_int(u);
	ret->ended_utc = take_int(u);
	take_str(u, ret->why, sizeof(ret->why));
	take_login(u, &ret->login);
}

/* Run a change.  *ret_n: how many rows it changed. */
static enum err
change(struct use *u, int *ret_n)
{
	enum err r;

	if ((r = use_done(u)) != ERR_OK)
		return r;
	*ret_n = sqlite3_changes(u->s->db);
	return ERR_OK;
}

/* A change that must hit one row; none: e. */
static enum err
change_one(struct use *u, enum err e)
{
	enum err r;
	int n;

	if ((r = change(u, &n)) != ERR_OK)
		return r;
	return n == 1 ? ERR_OK : e;
}

static enum err
plain(struct store *s, enum stmt id)
{
	AUTO(use_end) struct use u = USE(s, id);

	return use_done(&u);
}

/* For AUTO(): what was begun and not committed is taken back. */
static void
roll_back(struct store **s)
{
	if (*s != NULL && !sqlite3_get_autocommit((*s)->db))
		(void)plain(*s, ROLLBACK);
}

/* --- opening --- */

static enum err
exec(sqlite3 *db, const char *text)
{
	int rc = sqlite3_exec(db, text, NULL, NULL, NULL);

	if (rc != SQLITE_OK)
		return fail(ERR_SYS, "database: %s", sqlite3_errstr(rc));
	return ERR_OK;
}

static enum err
meta_get(struct store *s, const char *name, char *ret, size_t size)
{
	AUTO(use_end) struct use u = USE(s, META_GET);
	enum err r;

	put_str(&u, name);
	if ((r = use_row(&u)) == ERR_OK)
		take_str(&u, ret, size);
	return r;
}

static enum err
meta_set(struct store *s, const char *name, const char *value)
{
	AUTO(use_end) struct use u = USE(s, META_SET);

	put_str(&u, name);
	put_str(&u, value);
	return use_done(&u);
}

static enum err
schema_version(sqlite3 *db, int *ret)
{
	sqlite3_stmt *st = NULL;
	int rc;

	rc = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL);
	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		*ret = sqlite3_column_int(st, 0);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	if (rc != SQLITE_OK)
		return fail(ERR_SYS, "database: %s", sqlite3_errstr(rc));
	return ERR_OK;
}

/* Under the write lock, so that two programs that start at once make one schema. */
static enum err
make_schema(sqlite3 *db)
{
	enum err r;
	int version = 0;

	if ((r = exec(db, "BEGIN IMMEDIATE")) != ERR_OK ||
	    (r = schema_version(db, &version)) != ERR_OK)
		return r;
	if (version == 0 && ((r = exec(db, sql_schema)) != ERR_OK ||
	    (r = exec(db, sql_mark)) != ERR_OK))
		return r;
	if (version > SQL_VERSION)
		return fail(ERR_CONFIG, "database: made by a later version of this "
		    "program");
	return exec(db, "COMMIT");
}

static enum err
prepare(struct store *s)
{
	for (size_t i = 0; i < STMTS; i++) {
		int rc = sqlite3_prepare_v3(s->db, sql_text[i], -1,
		    SQLITE_PREPARE_PERSISTENT, &s->stmts[i], NULL);

		if (rc != SQLITE_OK)
			return fail(ERR_CONFIG, "database: not ours: %s",
			    sqlite3_errmsg(s->db));
	}
	return ERR_OK;
}

/* Write name on first use; later it must be the same. */
static enum err
check_owner(struct store *s, const char *name, const char *value)
{
	char had[256];
	enum err r;

	r = meta_get(s, name, had, sizeof(had));
	if (r == ERR_NOT_FOUND)
		return meta_set(s, name, value);
	if (r != ERR_OK)
		return r;
	if (strcmp(had, value) != 0)
		return fail(ERR_CONFIG, "database: expected the %s \"%s\", it belongs to "
		    "\"%s\"", name, value, had);
	return ERR_OK;
}

static enum err
set_up(sqlite3 *db)
{
	enum err r;

	sqlite3_busy_timeout(db, BUSY_MS);
	sqlite3_extended_result_codes(db, 1);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	if ((r = exec(db, "PRAGMA journal_mode = WAL")) != ERR_OK ||
	    (r = exec(db, "PRAGMA synchronous = NORMAL")) != ERR_OK ||
	    (r = exec(db, "PRAGMA foreign_keys = ON")) != ERR_OK ||
	    (r = exec(db, "PRAGMA secure_delete = ON")) != ERR_OK ||
	    (r = exec(db, "PRAGMA trusted_schema = OFF")) != ERR_OK)
		return r;
	return make_schema(db);
}

enum err
store_open(const char *path, const char *issuer, const char *environment,
    struct store **ret)
{
	AUTO(store_close) struct store *s = calloc(1, sizeof(*s));
	enum err r;
	int rc;

	if (s == NULL)
		return fail(ERR_NOMEM, "database");
	rc = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
	    SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK)
		return fail(ERR_SYS, "database: %s", sqlite3_errstr(rc));
	if ((r = set_up(s->db)) != ERR_OK || (r = prepare(s)) != ERR_OK ||
	    (r = check_owner(s, "issuer", issuer)) != ERR_OK ||
	    (r = check_owner(s, "environment", environment)) != ERR_OK)
		return r;
	*ret = s;
	s = NULL;
	return ERR_OK;
}

void
store_close(struct store **s)
{
	if (*s == NULL)
		return;
	for (size_t i = 0; i < STMTS; i++)
		sqlite3_finalize((*s)->stmts[i]);
	sqlite3_close((*s)->db);
	free(*s);
	*s = NULL;
}

enum err
store_boot(struct store *s, const char *boot_id)
{
	AUTO(roll_back) struct store *open = s;
	char had[64];
	enum err r;

	if ((r = plain(s, BEGIN)) != ERR_OK)
		return r;
	r = meta_get(s, "boot", had, sizeof(had));
	if (r != ERR_OK)
		return r == ERR_NOT_FOUND ? fail(ERR_SYS, "database: no boot id") : r;
	if (strcmp(had, boot_id) != 0 && ((r = meta_set(s, "boot", boot_id)) != ERR_OK ||
	    (r = plain(s, LOGINS_DIE)) != ERR_OK ||
	    (r = plain(s, SESSIONS_DIE)) != ERR_OK))
		return r;
	return plain(open, COMMIT);
}

/* --- logins --- */

enum err
store_login_add(struct store *s, struct login_row *row)
{
	AUTO(use_end) struct use u = USE(s, LOGIN_ADD);
	enum err r;

	put_hash(&u, row->handle);
	put_hash(&u, row->secret);
	put_str(&u, row->client);
	put_peer(&u, &row->asker);
	put_str(&u, row->origin);
	put_int(&u, row->acr);
	put_int(&u, row->opened_utc);
	put_int(&u, row->until_ms);
	if ((r = use_done(&u)) != ERR_OK)
		return r;
	row->id = sqlite3_last_insert_rowid(s->db);
	return ERR_OK;
}

static enum err
one_login(struct use *u, struct login_row *ret)
{
	enum err r;

	if ((r = use_row(u)) != ERR_OK)
		return r;
	take_login(u, ret);
	return use_done(u);
}

enum err
store_login_bind(struct store *s, const uint8_t handle[HASH_LEN],
    const struct peer *agent, int64_t now_ms, struct login_row *ret)
{
	AUTO(use_end) struct use u = USE(s, LOGIN_BIND);

	put_hash(&u, handle);
	put_peer(&u, agent);
	put_int(&u, now_ms);
	return one_login(&u, ret);
}

enum err
store_login_find(struct store *s, const uint8_t handle[HASH_LEN], struct login_row *ret)
{
	AUTO(use_end) struct use u = USE(s, LOGIN_FIND);

	put_hash(&u, handle);
	return one_login(&u, ret);
}

/* A statement that answers one number. */
static enum err
one_int(struct use *u, int64_t *ret)
{
	enum err r;

	if ((r = use_row(u)) != ERR_OK)
		return r == ERR_NOT_FOUND ? fail(ERR_SYS, "database: no number") : r;
	*ret = take_int(u);
	return use_done(u);
}

enum err
store_login_miss(struct store *s, int64_t login, int64_t max, int64_t *ret_tries)
{
	AUTO(use_end) struct use u = USE(s, LOGIN_MISS);

	put_int(&u, login);
	put_int(&u, max);
	return one_int(&u, ret_tries);
}

enum err
store_login_count(struct store *s, const struct peer *asker, int64_t now_ms, int64_t *ret)
{
	AUTO(use_end) struct use u = USE(s, LOGIN_COUNT);

	put_peer(&u, asker);
	put_int(&u, now_ms);
	return one_int(&u, ret);
}

/* --- challenges --- */

static enum err
count_challenge(struct store *s, int64_t login, int64_t max)
{
	AUTO(use_end) struct use u = USE(s, CHALLENGE_COUNT);

	put_int(&u, login);
	put_int(&u, max);
	return change_one(&u, ERR_NOT_FOUND);
}

static enum err
put_challenge(struct store *s, int64_t login, const struct challenge_row *row)
{
	AUTO(use_end) struct use u = USE(s, CHALLENGE_PUT);

	put_int(&u, login);
	put_hash(&u, row->jws_sha256);
	put_hash(&u, row->nonce);
	put_int(&u, row->until_ms);
	return use_done(&u);
}

enum err
store_challenge_put(struct store *s, int64_t login, int64_t max,
    const struct challenge_row *row)
{
	AUTO(roll_back) struct store *open = s;
	enum err r;

	if ((r = plain(s, BEGIN)) != ERR_OK)
		return r;
	r = count_challenge(s, login, max);
	if (r == ERR_NOT_FOUND)
		return fail(ERR_LIMIT, "this login had all its challenges");
	if (r != ERR_OK || (r = put_challenge(s, login, row)) != ERR_OK)
		return r;
	return plain(open, COMMIT);
}

static enum err
has_challenge(struct store *s, int64_t login)
{
	AUTO(use_end) struct use u = USE(s, CHALLENGE_HAS);

	put_int(&u, login);
	return use_row(&u);
}

enum err
store_challenge_use(struct store *s, int64_t login, struct challenge_row *ret)
{
	AUTO(use_end) struct use u = USE(s, CHALLENGE_USE);
	enum err r;

	put_int(&u, login);
	r = use_row(&u);
	if (r == ERR_NOT_FOUND && has_challenge(s, login) == ERR_OK)
		return fail(ERR_REPLAYED, "the nonce was used before");
	if (r != ERR_OK)
		return r;
	take_hash(&u, ret->jws_sha256);
	take_hash(&u, ret->nonce);
	ret->until_ms = take_int(&u);
	return use_done(&u);
}

/* --- sessions --- */

static enum err
accept_login(struct store *s, int64_t login)
{
	AUTO(use_end) struct use u = USE(s, LOGIN_ACCEPT);

	put_int(&u, login);
	return change_one(&u, ERR_NOT_FOUND);
}

static enum err
put_session(struct store *s, const struct session_row *row)
{
	AUTO(use_end) struct use u = USE(s, SESSION_ADD);

	put_str(&u, row->id);
	put_int(&u, row->login.id);
	put_hash(&u, row->lease_token);
	put_hash(&u, row->finish);
	put_int(&u, row->auth_utc);
	put_int(&u, row->acr);
	put_str(&u, row->uzi_number);
	put_str(&u, row->pass_type);
	put_int(&u, row->finish_ms);
	put_int(&u, row->lease_ms);
	return use_done(&u);
}

enum err
store_session_add(struct store *s, const struct session_row *row)
{
	AUTO(roll_back) struct store *open = s;
	enum err r;

	if ((r = plain(s, BEGIN)) != ERR_OK)
		return r;
	r = accept_login(s, row->login.id);
	if (r == ERR_NOT_FOUND)
		return fail(ERR_REPLAYED, "this login is not open any more");
	if (r != ERR_OK || (r = put_session(s, row)) != ERR_OK)
		return r;
	return plain(open, COMMIT);
}

static enum err
one_session(struct use *u, struct session_row *ret)
{
	enum err r;

	if ((r = use_row(u)) != ERR_OK)
		return r;
	take_session(u, ret);
	return use_done(u);
}

enum err
store_session_find(struct store *s, struct cur id, struct session_row *ret)
{
	AUTO(use_end) struct use u = USE(s, SESSION_FIND);
	char text[SESSION_ID_LEN + 1];

	put_str(&u, cur_to_str(id, text, sizeof(text)) ? text : "");
	return one_session(&u, ret);
}

enum err
store_session_of(struct store *s, int64_t login, struct session_row *ret)
{
	AUTO(use_end) struct use u = USE(s, SESSION_OF);

	put_int(&u, login);
	return one_session(&u, ret);
}

enum err
store_session_finish(struct store *s, const char *id)
{
	AUTO(use_end) struct use u = USE(s, SESSION_FINISH);
	enum err r;

	put_str(&u, id);
	if ((r = change_one(&u, ERR_NOT_FOUND)) == ERR_NOT_FOUND)
		return fail(ERR_REPLAYED, "this finish was used before");
	return r;
}

enum err
store_session_lease(struct store *s, const char *id, int64_t lease_ms, int64_t absent_ms)
{
	AUTO(use_end) struct use u = USE(s, SESSION_LEASE);
	enum err r;

	put_str(&u, id);
	put_int(&u, lease_ms);
	put_int(&u, absent_ms);
	if ((r = change_one(&u, ERR_NOT_FOUND)) == ERR_NOT_FOUND)
		return fail(ERR_GONE, "the session has ended");
	return r;
}

enum err
store_session_end(struct store *s, const char *id, const char *why, int64_t utc)
{
	AUTO(use_end) struct use u = USE(s, SESSION_END);
	enum err r;

	put_str(&u, id);
	put_str(&u, why);
	put_int(&u, utc);
	if ((r = change_one(&u, ERR_NOT_FOUND)) == ERR_NOT_FOUND)
		return fail(ERR_GONE, "the session has ended");
	return r;
}

enum err
store_session_overdue(struct store *s, int64_t now_ms, struct session_row *ret)
{
	AUTO(use_end) struct use u = USE(s, SESSION_OVERDUE);

	put_int(&u, now_ms);
	return one_session(&u, ret);
}

enum err
store_session_deadline(struct store *s, int64_t *ret_ms)
{
	AUTO(use_end) struct use u = USE(s, SESSION_DEADLINE);
	enum err r;

	if ((r = use_row(&u)) != ERR_OK)
		return r;
	if (sqlite3_column_type(u.st, 0) == SQLITE_NULL)
		return ERR_NOT_FOUND;
	*ret_ms = take_int(&u);
	return use_done(&u);
}

enum err
store_clean(struct store *s, int64_t before_utc)
{
	AUTO(use_end) struct use u = USE(s, CLEAN);

	enum err r;

	put_int(&u, before_utc);
	if ((r = use_done(&u)) != ERR_OK)
		return r;
	return plain(s, CHECKPOINT);
}

enum err
store_audit_next(struct store *s, int64_t *ret)
{
	AUTO(use_end) struct use u = USE(s, AUDIT_NEXT);

	return one_int(&u, ret);
}
