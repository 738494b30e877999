/* SPDX-License-Identifier: EUPL-1.2 */
/* Audit records as the calls of flow.h make them, and the end of a session. */
#ifndef DEZI_BROKER_RECORD_H
#define DEZI_BROKER_RECORD_H

#include "broker/flow.h"

/* Begin a record: when, what, who calls. */
void record_begin(struct audit_record *rec, const struct flow *f,
    const struct flow_at *at, const char *event);
/* The login that it is about. */
void record_login(struct audit_record *rec, const struct login_row *row);
/* Add the result and write.  Yields result, or why it could not be recorded. */
enum err record_end(struct flow *f, const struct flow_at *at, struct audit_record *rec,
    enum err result);

/* End a session now.  ERR_GONE: it had ended. */
MUST_CHECK enum err session_end(struct flow *f, const struct flow_at *at,
    const struct session_row *row, const char *why);
/* It was granted, but could not be recorded: then it is not granted. */
void session_take_back(struct flow *f, const struct flow_at *at, const char *id);
/* Why it ends by itself, or NULL when its time is not over. */
const char *session_overdue(const struct session_row *row, int64_t now_ms);

bool peer_eq(const struct peer *a, const struct peer *b);

#endif
