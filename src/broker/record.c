/* SPDX-License-Identifier: EUPL-1.2 */
/* How audit records and the end of a session are written. */
#include "broker/record.h"

#define FLOOD_MS	60000
#define FLOOD_MAX	60

bool
peer_eq(const struct peer *a, const struct peer *b)
{
	return a->uid == b->uid && strcmp(a->host, b->host) == 0;
}

void
record_begin(struct audit_record *rec, const struct flow *f, const struct flow_at *at,
    const char *event)
{
	rec->n = 0;
	audit_str(rec, "event", event);
	audit_time(rec, "time", at->utc);
	audit_str(rec, "issuer", f->conf->issuer);
	audit_str(rec, "boot", f->boot_id);
	audit_str(rec, "host", at->peer.host);
	audit_int(rec, "uid", at->peer.uid);
}

/* The hash of a handle names a login without opening it: 256 random bits went in. */
void
record_login(struct audit_record *rec, const struct login_row *row)
{
	audit_hex(rec, "login", cur_of(row->handle, 8));
	audit_str(rec, "client_id", row->client);
	audit_str(rec, "origin", row->origin);
}

/*
 * Anybody on this machine can be refused as often as he likes.  That must show in the
 * audit, and must not fill its disk, and must not hide that others are refused.
 */
static bool
flooded(struct flow *f, const struct flow_at *at)
{
	struct flow_flood *fl = &f->floods[at->peer.uid % FLOW_FLOODS];

	if (at->boot_ms - fl->since_ms >= FLOOD_MS)
		*fl = (struct flow_flood){ .since_ms = at->boot_ms };
	if (fl->recorded == FLOOD_MAX) {
		f->left_out++;
		return true;
	}
	fl->recorded++;
	return false;
}

static enum err
write_record(struct flow *f, struct audit_record *rec)
{
	int64_t seq;
	enum err r;

	if ((r = store_audit_next(f->store, &seq)) != ERR_OK)
		return r;
	audit_int(rec, "seq", seq);
	if (f->left_out != 0)
		audit_int(rec, "refusals_left_out", f->left_out);
	if ((r = audit_write(f->audit, rec)) == ERR_OK)
		f->left_out = 0;
	return r;
}

enum err
record_end(struct flow *f, const struct flow_at *at, struct audit_record *rec,
    enum err result)
{
	enum err r;

	if (result != ERR_OK && flooded(f, at))
		return result;
	audit_str(rec, "result", err_word(result));
	if (result != ERR_OK)
		audit_str(rec, "detail", err_trail());
	r = write_record(f, rec);
	return r == ERR_OK ? result : r;
}

const char *
session_overdue(const struct session_row *row, int64_t now_ms)
{
	if (row->ended_utc != 0)
		return NULL;
	if (row->why[0] != '\0')
		return row->why;
	if (row->finish_ms != 0 && row->finish_ms <= now_ms &&
	    row->finish_ms <= row->lease_ms)
		return "finish_timeout";
	if (row->lease_ms > now_ms)
		return NULL;
	return row->absent_ms != 0 ? "card_removed" : "lease";
}

enum err
session_end(struct flow *f, const struct flow_at *at, const struct session_row *row,
    const char *why)
{
	struct audit_record rec;
	enum err r;

	if ((r = store_session_end(f->store, row->id, why, at->utc)) != ERR_OK)
		return r;
	record_begin(&rec, f, at, "session_end");
	record_login(&rec, &row->login);
	audit_str(&rec, "session", row->id);
	audit_str(&rec, "why", why);
	return record_end(f, at, &rec, ERR_OK);
}

void
session_take_back(struct flow *f, const struct flow_at *at, const char *id)
{
	enum err r = store_session_end(f->store, id, "not_recorded", at->utc);

	/* Should that fail too, the lease runs out: nobody has its token. */
	(void)r;
}
