/* SPDX-License-Identifier: EUPL-1.2 */
/* The words that store.c says to SQLite. */
#ifndef DEZI_BROKER_SQL_H
#define DEZI_BROKER_SQL_H

#define SQL_VERSION	1		/* of the schema: PRAGMA user_version */

extern const char sql_schema[];
extern const char sql_mark[];		/* sets the version */

enum stmt {
	BEGIN, COMMIT, ROLLBACK,
	META_GET, META_SET, LOGINS_DIE, SESSIONS_DIE,
	LOGIN_ADD, LOGIN_BIND, LOGIN_FIND, LOGIN_MISS, LOGIN_COUNT,
	CHALLENGE_COUNT, CHALLENGE_PUT, CHALLENGE_USE, CHALLENGE_HAS,
	LOGIN_ACCEPT, SESSION_ADD, SESSION_FIND, SESSION_OF, SESSION_FINISH,
	SESSION_LEASE, SESSION_END, SESSION_OVERDUE, SESSION_DEADLINE,
	CLEAN, CHECKPOINT, AUDIT_NEXT,
	STMTS
};

extern const char *const sql_text[STMTS];

#endif
