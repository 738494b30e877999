/* SPDX-License-Identifier: EUPL-1.2 */
/* What follows a login: its result, its session, and the end of that. */
#include "broker/flow.h"

#include "broker/record.h"

#define MS		1000
#define KEEP_SECONDS	86400	/* how long one can ask why a session ended */
#define CLEAN_MS	3600000

/* --- time --- */

enum err
flow_tick(struct flow *f, const struct flow_at *at, int64_t *ret_next_ms)
{
	struct session_row row;
	enum err r;

	while ((r = store_session_overdue(f->store, at->boot_ms, &row)) == ERR_OK) {
		const char *why = session_overdue(&row, at->boot_ms);

		r = session_end(f, at, &row, why == NULL ? "lease" : why);
		if (r != ERR_OK && r != ERR_GONE)
			return r;
	}
	if (r != ERR_NOT_FOUND)
		return r;
	if (at->boot_ms - f->cleaned_ms >= CLEAN_MS) {
		f->cleaned_ms = at->boot_ms;
		if ((r = store_clean(f->store, at->utc - KEEP_SECONDS)) != ERR_OK)
			return r;
	}
	r = store_session_deadline(f->store, ret_next_ms);
	if (r == ERR_NOT_FOUND)
		*ret_next_ms = INT64_MAX;
	return r == ERR_NOT_FOUND ? ERR_OK : r;
}

enum err
flow_start(struct flow *f, const struct flow_at *at, int64_t *ret_next_ms)
{
	enum err r;

	if ((r = store_boot(f->store, f->boot_id)) != ERR_OK ||
	    (r = flow_note(f, at, "start")) != ERR_OK)
		return r;
	f->cleaned_ms = at->boot_ms - CLEAN_MS;
	return flow_tick(f, at, ret_next_ms);
}

enum err
flow_note(struct flow *f, const struct flow_at *at, const char *event)
{
	struct audit_record rec;

	record_begin(&rec, f, at, event);
	audit_str(&rec, "environment", conf_env_word(f->conf->environment));
	return record_end(f, at, &rec, ERR_OK);
}

/* --- results --- */

/* The row, or zeros: what is missing and what is another's take the same way. */
static enum err
find_login(struct flow *f, struct cur login, struct login_row *ret)
{
	uint8_t handle[HASH_LEN];
	enum err r;

	*ret = (struct login_row){ 0 };
	if ((r = token_hash(login, handle)) != ERR_OK)
		return r;
	r = store_login_find(f->store, handle, ret);
	return r == ERR_NOT_FOUND ? ERR_OK : r;
}

static enum err
find_session(struct flow *f, int64_t login, struct session_row *ret)
{
	enum err r;

	*ret = (struct session_row){ 0 };
	r = store_session_of(f->store, login, ret);
	return r == ERR_NOT_FOUND ? ERR_OK : r;
}

static enum err
check_secret(struct cur given, const uint8_t want[HASH_LEN], bool *ret_same)
{
	uint8_t hash[HASH_LEN];
	enum err r;

	if ((r = token_hash(given, hash)) == ERR_OK)
		*ret_same = hash_eq(hash, want);
	return r;
}

/* Somebody guesses.  After so many the login is nobody's. */
static enum err
missed(struct flow *f, const struct flow_at *at, const struct login_row *login,
    const struct session_row *session)
{
	int64_t tries = 0;
	enum err r;

	if ((r = store_login_miss(f->store, login->id, FLOW_TRIES, &tries)) != ERR_OK)
		return r;
	if (tries >= FLOW_TRIES && session->id[0] != '\0' && session->ended_utc == 0 &&
	    session->finish_ms != 0) {
		r = session_end(f, at, session, "refused");
		if (r != ERR_OK && r != ERR_GONE)
			return r;
	}
	return fail(ERR_UNKNOWN, "wrong request secret or finish");
}

/* Login, asker and both secrets; whatever is wrong, the answer is ERR_UNKNOWN. */
static enum err
prove_asker(struct flow *f, const struct flow_at *at, struct cur login,
    struct cur request_secret, struct cur finish, struct audit_record *rec,
    struct login_row *ret_login, struct session_row *ret)
{
	bool secret_ok = false, finish_ok = false, ours;
	enum err r;

	if ((r = find_login(f, login, ret_login)) != ERR_OK ||
	    (r = find_session(f, ret_login->id, ret)) != ERR_OK ||
	    (r = check_secret(request_secret, ret_login->secret, &secret_ok)) != ERR_OK ||
	    (r = check_secret(finish, ret->finish, &finish_ok)) != ERR_OK)
		return r;
	if (ret->id[0] == '\0')
		finish_ok = true;	/* there is none yet */
	ours = ret_login->id != 0 && peer_eq(&ret_login->asker, &at->peer);
	if (!ours)
		return fail(ERR_UNKNOWN, "no login of this asker");
	record_login(rec, ret_login);
	if (ret_login->tries >= FLOW_TRIES)
		return fail(ERR_UNKNOWN, "too many wrong secrets before");
	if (!secret_ok || !finish_ok)
		return missed(f, at, ret_login, ret);
	return ERR_OK;
}

static enum err
check_answerable(struct flow *f, const struct flow_at *at, const struct login_row *login,
    const struct session_row *row)
{
	const char *why;
	enum err r;

	if (row->id[0] == '\0') {
		if (login->state == LOGIN_OPEN && login->until_ms > at->boot_ms)
			return fail(ERR_PENDING, "not accepted yet");
		return fail(ERR_TIMEOUT, "never accepted");
	}
	if ((why = session_overdue(row, at->boot_ms)) != NULL) {
		r = session_end(f, at, row, why);
		return r == ERR_OK || r == ERR_GONE ?
		    fail(ERR_GONE, "the session has ended") : r;
	}
	if (row->ended_utc != 0)
		return fail(ERR_GONE, "the session has ended");
	if (row->finish_ms == 0)
		return fail(ERR_REPLAYED, "this finish was used before");
	return ERR_OK;
}

static enum err
choose(const struct flow *f, const char *uzi_number, const char *choice,
    struct flow_result *ret)
{
	const struct employment *e;
	size_t n = people_employments(f->people, uzi_number, &e);

	if (n == 0)
		return fail(ERR_PERSON, "no employment in the register");
	if (choice[0] == '\0' && n > 1) {
		ret->choices = e;
		ret->n_choices = n;
		return ERR_OK;
	}
	for (size_t i = 0; i < n; i++)
		if (choice[0] == '\0' || strcmp(e[i].id, choice) == 0) {
			ret->employment = e[i];
			return ERR_OK;
		}
	return fail(ERR_BAD_REQUEST, "no such choice");
}

static void
record_identity(struct audit_record *rec, const struct session_row *row,
    const struct flow_result *res)
{
	audit_str(rec, "session", row->id);
	audit_str(rec, "uzi_number", row->uzi_number);
	audit_str(rec, "dezi_number", res->person.dezi_number);
	audit_str(rec, "name", res->person.name);
	audit_str(rec, "pass_type", row->pass_type);
	audit_str(rec, "employment", res->employment.id);
	audit_str(rec, "subscriber", res->employment.subscriber);
	audit_str(rec, "role", res->employment.role);
	audit_str(rec, "acr", loa_uri(row->acr));
	if (res->n_choices != 0)
		audit_int(rec, "choices", (int64_t)res->n_choices);
}

/* Blocked since the assertion: the session must not go on. */
static enum err
still_registered(struct flow *f, const struct flow_at *at, const struct session_row *row,
    struct flow_result *ret)
{
	const struct person *p = people_find(f->people, row->uzi_number);
	enum err r;

	if (p != NULL && p->active) {
		ret->person = *p;
		return ERR_OK;
	}
	r = session_end(f, at, row, "not_registered");
	if (r != ERR_OK && r != ERR_GONE)
		return r;
	return fail(ERR_PERSON, "not in the register any more");
}

static enum err
answer(struct flow *f, const struct flow_at *at, struct cur login,
    struct cur request_secret, struct cur finish, const char *choice,
    struct audit_record *rec, struct flow_result *ret)
{
	struct login_row asked;
	struct session_row row;
	enum err r;

	if ((r = prove_asker(f, at, login, request_secret, finish, rec, &asked,
	    &row)) != ERR_OK ||
	    (r = check_answerable(f, at, &asked, &row)) != ERR_OK ||
	    (r = still_registered(f, at, &row, ret)) != ERR_OK ||
	    (r = choose(f, row.uzi_number, choice, ret)) != ERR_OK)
		return r;
	record_identity(rec, &row, ret);
	if (ret->n_choices != 0)
		return ERR_OK;		/* finish stays good */
	memcpy(ret->pass_type, row.pass_type, sizeof(ret->pass_type));
	memcpy(ret->session, row.id, sizeof(ret->session));
	ret->acr = row.acr;
	ret->auth_utc = row.auth_utc;
	return store_session_finish(f->store, row.id);
}

enum err
flow_result(struct flow *f, const struct flow_at *at, struct cur login,
    struct cur request_secret, struct cur finish, const char *choice,
    struct flow_result *ret)
{
	struct audit_record rec;
	enum err done, r;

	*ret = (struct flow_result){ 0 };
	record_begin(&rec, f, at, "result");
	done = answer(f, at, login, request_secret, finish, choice, &rec, ret);
	if (done == ERR_PENDING)
		return done;		/* to ask too early is no event */
	r = record_end(f, at, &rec, done);
	if (done == ERR_OK && r != ERR_OK && ret->session[0] != '\0')
		session_take_back(f, at, ret->session);
	if (r != ERR_OK)
		explicit_bzero(ret, sizeof(*ret));
	return r;
}

/* --- sessions, for the care application --- */

static enum err
look(struct flow *f, const struct flow_at *at, struct cur session,
    struct cur request_secret, struct flow_session *ret)
{
	struct session_row row = { 0 };
	const char *why;
	bool secret_ok = false;
	enum err r;

	r = store_session_find(f->store, session, &row);
	if (r != ERR_OK && r != ERR_NOT_FOUND)
		return r;
	if ((r = check_secret(request_secret, row.login.secret, &secret_ok)) != ERR_OK)
		return r;
	if (row.id[0] == '\0' || !peer_eq(&row.login.asker, &at->peer) || !secret_ok)
		return fail(ERR_UNKNOWN, "no session of this asker");
	why = session_overdue(&row, at->boot_ms);
	if (why != NULL) {
		r = session_end(f, at, &row, why);
		if (r != ERR_OK && r != ERR_GONE)
			return r;
		row.ended_utc = at->utc;
	}
	ret->alive = row.ended_utc == 0;
	ret->ended_utc = row.ended_utc;
	return cur_to_str(cur_str(why == NULL ? row.why : why), ret->why,
	    sizeof(ret->why)) ? ERR_OK : fail(ERR_SYS, "database: a long word");
}

/* Looking is not an event; being refused is. */
enum err
flow_session(struct flow *f, const struct flow_at *at, struct cur session,
    struct cur request_secret, struct flow_session *ret)
{
	struct audit_record rec;
	enum err r;

	*ret = (struct flow_session){ 0 };
	r = look(f, at, session, request_secret, ret);
	if (r == ERR_OK)
		return r;
	record_begin(&rec, f, at, "session");
	return record_end(f, at, &rec, r);
}

/* --- sessions, for the agent --- */

/* The session of this agent and token, alive. */
static enum err
prove_agent(struct flow *f, const struct flow_at *at, struct cur session,
    struct cur lease_token, struct session_row *ret)
{
	const char *why;
	bool token_ok = false;
	enum err r;

	*ret = (struct session_row){ 0 };
	r = store_session_find(f->store, session, ret);
	if (r != ERR_OK && r != ERR_NOT_FOUND)
		return r;
	if ((r = check_secret(lease_token, ret->lease_token, &token_ok)) != ERR_OK)
		return r;
	if (ret->id[0] == '\0' || !ret->login.bound ||
	    !peer_eq(&ret->login.agent, &at->peer) || !token_ok)
		return fail(ERR_UNKNOWN, "no session of this agent");
	if ((why = session_overdue(ret, at->boot_ms)) != NULL) {
		r = session_end(f, at, ret, why);
		if (r != ERR_OK && r != ERR_GONE)
			return r;
		return fail(ERR_GONE, "the session has ended");
	}
	if (ret->ended_utc != 0)
		return fail(ERR_GONE, "the session has ended");
	return ERR_OK;
}

/* Renewals are no events (there are thousands a shift); being refused is one. */
static enum err
record_refusal(struct flow *f, const struct flow_at *at, const char *event, enum err r)
{
	struct audit_record rec;

	if (r == ERR_OK || r == ERR_GONE)
		return r;
	record_begin(&rec, f, at, event);
	return record_end(f, at, &rec, r);
}

static enum err
present(struct flow *f, const struct flow_at *at, struct cur session,
    struct cur lease_token)
{
	struct session_row row;
	enum err r;

	if ((r = prove_agent(f, at, session, lease_token, &row)) != ERR_OK)
		return r;
	return store_session_lease(f->store, row.id,
	    at->boot_ms + f->conf->lease_seconds * MS, 0);
}

enum err
flow_present(struct flow *f, const struct flow_at *at, struct cur session,
    struct cur lease_token, int64_t *ret_lease)
{
	*ret_lease = f->conf->lease_seconds;
	return record_refusal(f, at, "lease", present(f, at, session, lease_token));
}

/* Saying "absent" again does not make the absence longer. */
static enum err
absent(struct flow *f, const struct flow_at *at, struct cur session,
    struct cur lease_token, int64_t seconds, int64_t *ret_lease)
{
	struct session_row row;
	int64_t most = f->conf->absence_seconds, until;
	enum err r;

	if ((r = prove_agent(f, at, session, lease_token, &row)) != ERR_OK)
		return r;
	until = at->boot_ms + (seconds < most ? seconds : most) * MS;
	if (row.absent_ms != 0 && row.absent_ms < until)
		until = row.absent_ms;
	if (until <= at->boot_ms) {
		r = session_end(f, at, &row, "card_removed");
		return r == ERR_OK ? fail(ERR_GONE, "the session has ended") : r;
	}
	*ret_lease = (until - at->boot_ms + MS - 1) / MS;
	return store_session_lease(f->store, row.id, until, until);
}

enum err
flow_absent(struct flow *f, const struct flow_at *at, struct cur session,
    struct cur lease_token, int64_t seconds, int64_t *ret_lease)
{
	*ret_lease = 0;
	return record_refusal(f, at, "lease",
	    absent(f, at, session, lease_token, seconds, ret_lease));
}

static bool
is_reason(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n < sizeof(((struct session_row *)NULL)->why) &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyz_") == n;
}

static enum err
end(struct flow *f, const struct flow_at *at, struct cur session, struct cur lease_token,
    const char *reason)
{
	struct session_row row;
	enum err r;

	if (!is_reason(reason))
		return fail(ERR_BAD_REQUEST, "no reason");
	if ((r = prove_agent(f, at, session, lease_token, &row)) != ERR_OK)
		return r;
	return session_end(f, at, &row, reason);
}

enum err
flow_end(struct flow *f, const struct flow_at *at, struct cur session,
    struct cur lease_token, const char *reason)
{
	return record_refusal(f, at, "session",
	    end(f, at, session, lease_token, reason));
}
