/* SPDX-License-Identifier: EUPL-1.2 */
/* Who asked for which login, and what they are told. */
#include "agent/logins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "agent/attempt.h"
#include "agent/caller.h"
#include "agent/events.h"
#include "agent/policy.h"
#include "agent/seat.h"
#include "agent/sessions.h"
#include "agent/worker.h"
#include "base/b64.h"
#include "base/clock.h"
#include "base/log.h"
#include "jose/jsonw.h"

#define ID_BYTES	16
#define ID_LEN		(B64URL_LEN(ID_BYTES) + 1)
#define JSON_MAX	1024
#define PATH		"/v1/logins/"

struct login {
	struct login *next;
	struct logins *all;
	char	 id[ID_LEN];
	struct caller caller;
	struct ask ask;			/* the handle is wiped when it ended */
	const struct host_broker *broker;
	struct http_exchange *x;	/* waits for an answer; NULL: nobody does */
	bool	 async;
	struct attempt *attempt;	/* NULL: it ended */
	const char *state;
	int64_t	 began_utc;
	/* when it ended */
	int64_t	 ended_ms;
	enum err result;
	int	 tries;
	enum jws_alg alg;
	uint32_t apdus;
	char	 finish[BROKERLINK_FINISH_LEN + 1];	/* until it is given away */
};

struct logins {
	struct agent *agent;
	struct login *active;		/* NULL: none */
	struct login *ended;		/* newest first */
	struct attempt *abandoned;
	int64_t	 pause_until_ms;
	struct replay seen;
};

static void
login_free(struct login *l)
{
	explicit_bzero(l, sizeof(*l));
	free(l);
}

/* JSON */

/* What the caller may know of the error (T32). */
static enum err
visible(const struct login *l, enum err e)
{
	return l->ask.page ? policy_for_page(e) : e;
}

static void
put_state(struct buf *b, const struct login *l)
{
	jsonw_member_str(b, "id", cur_str(l->id));
	jsonw_member_str(b, "state", cur_str(l->state));
	if (l->attempt == NULL && l->result != ERR_OK)
		jsonw_member_str(b, "error", cur_str(err_word(visible(l, l->result))));
}

void
logins_put(const struct logins *ls, struct buf *b)
{
	jsonw_member_array(b, "logins");
	if (ls->active != NULL) {
		jsonw_item_object(b);
		put_state(b, ls->active);
		jsonw_object_end(b);
	}
	jsonw_array_end(b);
}

static void
tell(const struct login *l)
{
	AUTO(buf_free) struct buf b = BUF(JSON_MAX);

	jsonw_object(&b);
	put_state(&b, l);
	jsonw_object_end(&b);
	if (buf_end(&b) == ERR_OK)
		events_send(l->all->agent->events, "login", buf_view(&b));
}

static void
reply(struct http_exchange *x, int status, struct buf *b, const char *location)
{
	if (buf_end(b) != ERR_OK)
		http_reply_problem(x, buf_end(b), NULL);
	else
		http_reply_json(x, status, buf_view(b), location);
}

/* A problem, with what the caller may know besides. */
static void
reply_problem(struct http_exchange *x, const struct login *l, enum err e, int tries)
{
	AUTO(buf_free) struct buf b = BUF(JSON_MAX);

	if (l->ask.page) {
		http_reply_problem(x, policy_for_page(e), NULL);
		return;
	}
	jsonw_member_str(&b, "id", cur_str(l->id));
	if (tries >= 0)
		jsonw_member_int(&b, "tries", tries);
	http_reply_problem(x, e, buf_cstr(&b));
}

/* How it was signed, for a native caller; a page learns finish and nothing else. */
static void
put_signature(struct buf *b, const struct login *l)
{
	if (l->ask.page || l->result != ERR_OK)
		return;
	jsonw_member_str(b, "alg", cur_str(jws_alg_name(l->alg)));
	jsonw_member_int(b, "apdus", l->apdus);
}

static void
reply_finish(struct http_exchange *x, struct login *l)
{
	AUTO(buf_free) struct buf b = BUF(JSON_MAX);

	jsonw_object(&b);
	jsonw_member_str(&b, "id", cur_str(l->id));
	jsonw_member_str(&b, "finish", cur_str(l->finish));
	put_signature(&b, l);
	jsonw_object_end(&b);
	explicit_bzero(l->finish, sizeof(l->finish));
	reply(x, 200, &b, NULL);
}

/* The end of a login */

static void
write_audit(const struct login *l, enum err e, const char *client, const char *card)
{
	const struct audit_record r = { .event = "login", .login = l->id,
		.broker = l->broker == NULL ? "" : l->broker->name, .client = client,
		.origin = l->ask.origin, .caller = l->caller.shown, .result = err_word(e),
		.card = card, .began_utc = l->began_utc, .ended_utc = clock_utc() };

	if (audit_write(l->all->agent->audit, &r) != ERR_OK)
		log_error("audit: %s", err_trail());
}

static bool
is_stale(const struct login *l, size_t newer, int64_t now)
{
	return newer >= LOGINS_KEPT || now - l->ended_ms > LOGINS_KEPT_MS;
}

/* Results that nobody fetched. */
static void
forget_old(struct logins *ls)
{
	int64_t now = clock_boot_ms();
	struct login **at = &ls->ended;

	for (size_t n = 0; *at != NULL; n++) {
		struct login *l = *at;

		if (!is_stale(l, n, now)) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		login_free(l);
	}
}

static void
keep_result(struct login *l)
{
	struct logins *ls = l->all;

	l->next = ls->ended;
	ls->ended = l;
	forget_old(ls);
}

static void
on_done(void *arg, const struct attempt_outcome *o)
{
	struct login *l = arg;
	struct logins *ls = l->all;
	struct http_exchange *x = l->x;

	ls->active = NULL;
	l->attempt = NULL;
	l->x = NULL;
	l->result = o->e;
	l->tries = o->tries;
	l->alg = o->alg;
	l->apdus = o->apdus;
	l->ended_ms = clock_boot_ms();
	l->state = o->e == ERR_OK ? "done" : "failed";
	snprintf(l->finish, sizeof(l->finish), "%s", o->finish);
	if (o->e == ERR_CANCELLED)
		ls->pause_until_ms = l->ended_ms + LOGINS_PAUSE_MS;
	explicit_bzero(l->ask.handle, sizeof(l->ask.handle));
	log_info("login %s: %s", l->id, err_word(o->e));
	write_audit(l, o->e, o->client, o->card);
	tell(l);
	if (x != NULL && o->e != ERR_OK)
		reply_problem(x, l, o->e, o->tries);
	else if (x != NULL)
		reply_finish(x, l);
	if (x == NULL && l->async)
		keep_result(l);
	else
		login_free(l);
}

/* A login on its way */

static void
on_state(void *arg, const char *name)
{
	struct login *l = arg;

	l->state = name;
	tell(l);
}

/* Every refusal that is made before a window opens is the answer to the POST itself. */
static void
on_started(void *arg)
{
	AUTO(buf_free) struct buf b = BUF(JSON_MAX);
	struct login *l = arg;
	struct http_exchange *x = l->x;
	char location[sizeof(PATH) + ID_LEN];

	if (!l->async)
		return;
	l->x = NULL;
	snprintf(location, sizeof(location), PATH "%s", l->id);
	jsonw_object(&b);
	put_state(&b, l);
	jsonw_object_end(&b);
	reply(x, 202, &b, location);
}

static const struct attempt_fns attempt_fns = { .state = on_state, .started = on_started,
	.done = on_done };

/* The caller closed the connection. */
static void
on_gone(void *arg)
{
	struct login *l = arg;

	l->x = NULL;
	l->async = false;	/* it never heard of its id */
	attempt_stop(l->attempt, ERR_CANCELLED);
}

/* POST /v1/logins */

/* Does Prefer (RFC 7240) name respond-async? */
static bool
wants_async(const struct http_exchange *x)
{
	static const char word[] = "respond-async";
	const char *p = http_header(x, "Prefer");

	while (p != NULL && *p != '\0') {
		size_t n;

		p += strspn(p, " \t,");
		n = strcspn(p, " \t,;");
		if (n == sizeof(word) - 1 && strncasecmp(p, word, n) == 0)
			return true;
		p += strcspn(p, ",");
	}
	return false;
}

static enum err
make_id(char ret[ID_LEN])
{
	AUTO(buf_free) struct buf b = BUF(ID_LEN);
	uint8_t raw[ID_BYTES];

	if (getrandom(raw, sizeof(raw), 0) != sizeof(raw))
		return fail(ERR_SYS, "no random bytes");
	b64url_put(&b, cur_of(raw, sizeof(raw)));
	if (buf_end(&b) != ERR_OK || !cur_to_str(buf_view(&b), ret, ID_LEN))
		return fail(ERR_NOMEM, "login id");
	return ERR_OK;
}

/* In the order of DESIGN section 4; all of it before a broker hears of the login. */
static enum err
allow(const struct logins *ls, struct login *l)
{
	const struct agent *a = ls->agent;

	if (a->conf->require_session && !seat_in_front(a->seat))
		return fail(ERR_NOT_AVAILABLE, "the session is inactive or locked");
	if (ls->active != NULL || workers_linger(a->workers) ||
	    clock_boot_ms() < ls->pause_until_ms)
		return fail(ERR_BUSY, "another login, or a pause after one");
	if (!sessions_have_room(a->sessions))
		return fail(ERR_LIMIT, "too many sessions");
	return policy_ask(a->conf, &l->ask, &l->caller, &l->broker);
}

static enum err
start(struct logins *ls, struct login *l)
{
	const struct attempt_options o = { .agent = ls->agent, .seen = &ls->seen,
		.abandoned = &ls->abandoned, .id = l->id, .ask = &l->ask,
		.broker = l->broker, .caller = l->caller.shown, .fns = &attempt_fns,
		.arg = l };
	enum err r = attempt_start(&o, &l->attempt);

	if (r != ERR_OK)
		return r;
	ls->active = l;
	l->state = "asking_broker";
	http_on_gone(l->x, on_gone, l);
	tell(l);
	return ERR_OK;
}

static struct login *
login_new(struct logins *ls, struct http_exchange *x)
{
	const struct http_peer *peer = http_exchange_peer(x);
	struct login *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->all = ls;
	l->x = x;
	l->async = wants_async(x);
	l->began_utc = clock_utc();
	l->state = "failed";
	caller_look(peer->uid, peer->pid, ls->agent->home, &l->caller);
	return l;
}

void
logins_post(struct logins *ls, struct http_exchange *x)
{
	struct login *l = login_new(ls, x);
	enum err r;

	forget_old(ls);
	if (l == NULL) {
		http_reply_problem(x, ERR_NOMEM, NULL);
		return;
	}
	if ((r = ask_read(http_body(x), &l->ask)) != ERR_OK ||
	    (r = make_id(l->id)) != ERR_OK) {
		log_info("%s: %s", err_word(r), err_trail());
		http_reply_problem(x, r, NULL);
		login_free(l);
		return;
	}
	if ((r = allow(ls, l)) == ERR_OK && (r = start(ls, l)) == ERR_OK)
		return;
	log_info("login %s: %s: %s", l->id, err_word(r), err_trail());
	write_audit(l, r, "", "");
	reply_problem(x, l, r, -1);
	login_free(l);
}

/* GET and DELETE /v1/logins/ID */

static struct login *
find(struct logins *ls, const char *id)
{
	if (ls->active != NULL && strcmp(ls->active->id, id) == 0)
		return ls->active;
	for (struct login *l = ls->ended; l != NULL; l = l->next)
		if (strcmp(l->id, id) == 0)
			return l;
	return NULL;
}

/* The caller's own.  Somebody else's is as unknown as one that never was. */
static struct login *
find_own(struct logins *ls, const struct http_exchange *x, const char *id)
{
	const struct http_peer *peer = http_exchange_peer(x);
	struct login *l = find(ls, id);
	struct caller who;

	if (l == NULL)
		return NULL;
	caller_look(peer->uid, peer->pid, ls->agent->home, &who);
	return caller_is(&l->caller, &who) ? l : NULL;
}

void
logins_get(struct logins *ls, struct http_exchange *x, const char *id)
{
	AUTO(buf_free) struct buf b = BUF(JSON_MAX);
	struct login *l;

	forget_old(ls);
	l = find_own(ls, x, id);
	if (l == NULL) {
		http_reply_problem(x, ERR_UNKNOWN, NULL);
		return;
	}
	jsonw_object(&b);
	put_state(&b, l);
	if (l->attempt == NULL && l->tries >= 0 && !l->ask.page)
		jsonw_member_int(&b, "tries", l->tries);
	if (l->finish[0] != '\0')
		jsonw_member_str(&b, "finish", cur_str(l->finish));
	if (l->attempt == NULL)
		put_signature(&b, l);
	jsonw_object_end(&b);
	explicit_bzero(l->finish, sizeof(l->finish));
	reply(x, 200, &b, NULL);
}

void
logins_delete(struct logins *ls, struct http_exchange *x, const char *id)
{
	struct login *l = find_own(ls, x, id);

	if (l == NULL) {
		http_reply_problem(x, ERR_UNKNOWN, NULL);
		return;
	}
	if (l->attempt != NULL)
		attempt_stop(l->attempt, ERR_CANCELLED);
	http_reply_empty(x, 204);
}

/* From the rest of the agent */

void
logins_cards(struct logins *ls, const struct watch_state *now)
{
	if (ls->active != NULL)
		attempt_cards(ls->active->attempt, now);
}

void
logins_stop(struct logins *ls, enum err why)
{
	if (ls->active != NULL)
		attempt_stop(ls->active->attempt, why);
}

enum err
logins_new(struct agent *a, struct logins **ret)
{
	struct logins *ls = calloc(1, sizeof(*ls));

	if (ls == NULL)
		return fail(ERR_NOMEM, "logins");
	ls->agent = a;
	*ret = ls;
	return ERR_OK;
}

void
logins_free(struct logins **ls)
{
	if (*ls == NULL)
		return;
	if ((*ls)->active != NULL) {
		attempts_free(&(*ls)->active->attempt);
		login_free((*ls)->active);
	}
	attempts_free(&(*ls)->abandoned);
	while ((*ls)->ended != NULL) {
		struct login *l = (*ls)->ended;

		(*ls)->ended = l->next;
		login_free(l);
	}
	explicit_bzero(*ls, sizeof(**ls));
	free(*ls);
	*ls = NULL;
}
