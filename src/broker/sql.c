/* SPDX-License-Identifier: EUPL-1.2 */
/* All SQL of the broker. */
#include "broker/sql.h"

const char sql_schema[] =
    "CREATE TABLE meta ("
    " name TEXT PRIMARY KEY,"
    " value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE login ("
    " id INTEGER PRIMARY KEY,"
    " handle BLOB NOT NULL UNIQUE CHECK (length(handle) = 32),"
    " secret BLOB NOT NULL CHECK (length(secret) = 32),"
    " client TEXT NOT NULL,"
    " asker_host TEXT NOT NULL,"
    " asker_uid INTEGER NOT NULL,"
    " agent_host TEXT,"
    " agent_uid INTEGER,"
    " origin TEXT NOT NULL,"
    " acr INTEGER NOT NULL,"
    " opened_utc INTEGER NOT NULL,"
    " until_ms INTEGER NOT NULL,"
    " state INTEGER NOT NULL DEFAULT 0,"
    " tries INTEGER NOT NULL DEFAULT 0,"
    " challenges INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE INDEX login_asker ON login (asker_host, asker_uid) WHERE state = 0;"
    "CREATE INDEX login_opened ON login (opened_utc);"
    "CREATE TABLE challenge ("
    " login INTEGER PRIMARY KEY REFERENCES login (id) ON DELETE CASCADE,"
    " jws_sha256 BLOB NOT NULL CHECK (length(jws_sha256) = 32),"
    " nonce BLOB NOT NULL CHECK (length(nonce) = 32),"
    " until_ms INTEGER NOT NULL,"
    " used INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE session ("
    " id TEXT PRIMARY KEY,"
    " login INTEGER NOT NULL UNIQUE REFERENCES login (id) ON DELETE CASCADE,"
    " lease_token BLOB NOT NULL CHECK (length(lease_token) = 32),"
    " finish BLOB NOT NULL CHECK (length(finish) = 32),"
    " auth_utc INTEGER NOT NULL,"
    " acr INTEGER NOT NULL,"
    " uzi_number TEXT NOT NULL,"
    " pass_type TEXT NOT NULL,"
    " finish_ms INTEGER NOT NULL,"
    " lease_ms INTEGER NOT NULL,"
    " absent_ms INTEGER NOT NULL DEFAULT 0,"
    " ended_utc INTEGER NOT NULL DEFAULT 0,"
    " why TEXT NOT NULL DEFAULT '',"
    " due_ms INTEGER GENERATED ALWAYS AS (CASE WHEN finish_ms <> 0"
    " AND finish_ms < lease_ms THEN finish_ms ELSE lease_ms END) VIRTUAL) STRICT;"
    "CREATE INDEX session_due ON session (due_ms) WHERE ended_utc = 0;"
    "INSERT INTO meta VALUES ('audit', '0'), ('boot', '');";

const char sql_mark[] = "PRAGMA user_version = 1";

/* The columns of struct login_row and struct session_row, in the order of read_*(). */
#define LOGIN_COLUMNS							\
	"login.id, login.handle, login.secret, login.client, login.asker_host,"	\
	" login.asker_uid, login.agent_host, login.agent_uid, login.origin,"	\
	" login.acr, login.opened_utc, login.until_ms, login.state, login.tries"
#define SESSION_COLUMNS							\
	"session.id, session.lease_token, session.finish, session.auth_utc,"	\
	" session.acr, session.uzi_number, session.pass_type, session.finish_ms,"	\
	" session.lease_ms, session.absent_ms, session.ended_utc, session.why, "	\
	LOGIN_COLUMNS
#define SESSION_JOIN	" FROM session JOIN login ON login.id = session.login "

const char *const sql_text[STMTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[META_GET] = "SELECT value FROM meta WHERE name = ?1",
	[META_SET] = "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)",
	[LOGINS_DIE] = "UPDATE login SET state = 2 WHERE state = 0",
	[SESSIONS_DIE] = "UPDATE session SET lease_ms = 0, why = 'reboot'"
	    " WHERE ended_utc = 0",
	[LOGIN_ADD] = "INSERT INTO login (handle, secret, client, asker_host, asker_uid,"
	    " origin, acr, opened_utc, until_ms)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[LOGIN_BIND] = "UPDATE login SET agent_host = ?2, agent_uid = ?3"
	    " WHERE handle = ?1 AND state = 0 AND until_ms > ?4 AND"
	    " (agent_uid IS NULL OR (agent_host = ?2 AND agent_uid = ?3))"
	    " RETURNING " LOGIN_COLUMNS,
	[LOGIN_FIND] = "SELECT " LOGIN_COLUMNS " FROM login WHERE handle = ?1",
	[LOGIN_MISS] = "UPDATE login SET tries = tries + 1, state ="
	    " CASE WHEN state = 0 AND tries + 1 >= ?2 THEN 2 ELSE state END"
	    " WHERE id = ?1 RETURNING tries",
	[LOGIN_COUNT] = "SELECT count(*) FROM login WHERE state = 0 AND asker_host = ?1"
	    " AND asker_uid = ?2 AND until_ms > ?3",
	[CHALLENGE_COUNT] = "UPDATE login SET challenges = challenges + 1"
	    " WHERE id = ?1 AND challenges < ?2",
	[CHALLENGE_PUT] = "INSERT OR REPLACE INTO challenge (login, jws_sha256, nonce,"
	    " until_ms) VALUES (?1, ?2, ?3, ?4)",
	[CHALLENGE_USE] = "UPDATE challenge SET used = 1 WHERE login = ?1 AND used = 0"
	    " RETURNING jws_sha256, nonce, until_ms",
	[CHALLENGE_HAS] = "SELECT 1 FROM challenge WHERE login = ?1",
	[LOGIN_ACCEPT] = "UPDATE login SET state = 1 WHERE id = ?1 AND state = 0",
	[SESSION_ADD] = "INSERT INTO session (id, login, lease_token, finish, auth_utc,"
	    " acr, uzi_number, pass_type, finish_ms, lease_ms)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
	[SESSION_FIND] = "SELECT " SESSION_COLUMNS SESSION_JOIN "WHERE session.id = ?1",
	[SESSION_OF] = "SELECT " SESSION_COLUMNS SESSION_JOIN "WHERE session.login = ?1",
	[SESSION_FINISH] = "UPDATE session SET finish_ms = 0, uzi_number = '',"
	    " pass_type = '' WHERE id = ?1 AND finish_ms <> 0 AND ended_utc = 0",
	[SESSION_LEASE] = "UPDATE session SET lease_ms = ?2, absent_ms = ?3"
	    " WHERE id = ?1 AND ended_utc = 0",
	[SESSION_END] = "UPDATE session SET ended_utc = ?3, why = ?2, uzi_number = '',"
	    " pass_type = '' WHERE id = ?1 AND ended_utc = 0",
	[SESSION_OVERDUE] = "SELECT " SESSION_COLUMNS SESSION_JOIN
	    "WHERE session.ended_utc = 0 AND session.due_ms <= ?1"
	    " ORDER BY session.due_ms LIMIT 1",
	[SESSION_DEADLINE] = "SELECT min(due_ms) FROM session WHERE ended_utc = 0",
	[CLEAN] = "DELETE FROM login WHERE opened_utc < ?1 AND NOT EXISTS"
	    " (SELECT 1 FROM session WHERE session.login = login.id"
	    " AND (ended_utc = 0 OR ended_utc >= ?1))",
	[CHECKPOINT] = "PRAGMA wal_checkpoint(TRUNCATE)",
	[AUDIT_NEXT] = "UPDATE meta SET value = CAST(value + 1 AS TEXT)"
	    " WHERE name = 'audit' RETURNING CAST(value AS INTEGER)",
};
