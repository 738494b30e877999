/* SPDX-License-Identifier: EUPL-1.2 */
/* Requests to a broker and what its answers mean. */
#include "host/brokerlink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/b64.h"
#include "base/file.h"
#include "base/names.h"
#include "base/text.h"
#include "jose/json.h"
#include "jose/jsonw.h"
#include "login/challenge.h"
#include "net/client.h"

#define BODY_MAX	(JWS_MAX + 256)
#define FINISH_BYTES	32
#define ASK_TIMEOUT_MS	10000
/* A lease is renewed, and a session ended, again and again: rather twice than late. */
#define LEASE_TIMEOUT_MS 3000

struct brokerlink_call {
	struct http_call *http;
	struct brokerlink_call **owner;	/* where the caller keeps it */
	void	 (*answer)(struct brokerlink_call *c, enum err e,
		     const struct http_answer *a);
	union {
		brokerlink_challenge_fn *challenge;
		brokerlink_grant_fn *grant;
		brokerlink_lease_fn *lease;
		brokerlink_done_fn *done;
	} fn;
	void	*arg;
};

void
brokerlink_drop(struct brokerlink_call **c)
{
	if (*c == NULL)
		return;
	http_call_drop(&(*c)->http);
	free(*c);
	*c = NULL;
}

/* Once, when an answer came or cannot come any more. */
static void
on_http(void *arg, enum err e, const struct http_answer *a)
{
	struct brokerlink_call *c = arg;

	*c->owner = NULL;
	if (e == ERR_OK && (a->status < 200 || a->status > 299))
		e = http_problem(a);
	/* These two are said to the direct caller only, and a peer is none. */
	if (e == ERR_NOT_FOUND || e == ERR_NOT_MINE)
		e = ERR_BROKER;
	c->answer(c, e, a);
	http_call_drop(&c->http);
	free(c);
}

static enum err
start(sd_event *loop, const struct host_broker *b, struct http_call_options *o,
    const struct brokerlink_call *like, struct brokerlink_call **ret)
{
	struct brokerlink_call *c;
	enum err r;

	r = file_check_trusted(b->socket, b->owner);
	if (r == ERR_NOT_FOUND)
		return fail(ERR_BROKER, "no socket of the broker");
	if (r != ERR_OK)
		return note(ERR_BROKER, "socket of the broker");
	o->socket = b->socket;
	o->owner = b->owner;
	o->host = NAME_HOST_BROKER;
	if ((c = malloc(sizeof(*c))) == NULL)
		return fail(ERR_NOMEM, "call to the broker");
	*c = *like;
	c->owner = ret;
	*ret = c;
	if ((r = http_call_start(loop, o, on_http, c, &c->http)) == ERR_OK)
		return ERR_OK;
	*ret = NULL;
	free(c);
	return note(r, "call to the broker");
}

enum err
brokerlink_read_challenge(struct cur body, struct buf *ret)
{
	static const char *const names[] = { "challenge" };
	AUTO(json_drop) json_t *o = NULL;
	char compact[CHALLENGE_MAX];
	enum err r;

	if ((r = json_load_object(body, &o)) != ERR_OK ||
	    (r = json_only(o, names, NELEM(names))) != ERR_OK ||
	    (r = json_need_str(o, "challenge", compact, sizeof(compact))) != ERR_OK)
		return note(r, "answer to /v1/challenges");
	buf_str(ret, compact);
	return buf_end(ret);
}

/* An answer that makes no sense is the broker's fault, not that of who asked us. */
static enum err
as_broker(enum err e)
{
	return e == ERR_MALFORMED || e == ERR_LIMIT ? note(ERR_BROKER, "broker") : e;
}

static void
challenge_answer(struct brokerlink_call *c, enum err e, const struct http_answer *a)
{
	AUTO(buf_free) struct buf compact = BUF(CHALLENGE_MAX);

	if (e == ERR_OK)
		e = as_broker(brokerlink_read_challenge(buf_view(&a->body), &compact));
	c->fn.challenge(c->arg, e, buf_view(&compact));
}

enum err
brokerlink_challenge(sd_event *loop, const struct host_broker *b, const char *handle,
    brokerlink_challenge_fn *done, void *arg, struct brokerlink_call **ret)
{
	AUTO(buf_free) struct buf body = BUF(BODY_MAX);
	struct brokerlink_call c = { .answer = challenge_answer, .fn.challenge = done,
		.arg = arg };
	struct http_call_options o = { .method = "POST", .path = "/v1/challenges",
		.timeout_ms = ASK_TIMEOUT_MS };
	enum err r;

	jsonw_object(&body);
	jsonw_member_str(&body, "login", cur_str(handle));
	jsonw_object_end(&body);
	if ((r = buf_end(&body)) != ERR_OK)
		return fail(r, "request");
	o.body = buf_view(&body);
	return start(loop, b, &o, &c, ret);
}

/* RFC 6750 section 2.1: what may stand behind "Bearer ". */
static bool
is_token(const char *s)
{
	static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-._~+/=";

	return s[0] != '\0' && s[strspn(s, chars)] == '\0';
}

static bool
is_finish(const char *s)
{
	AUTO(buf_free) struct buf raw = BUF(FINISH_BYTES);

	return b64url_get(cur_str(s), &raw) == ERR_OK && raw.len == FINISH_BYTES;
}

static enum err
read_grant(const json_t *o, struct brokerlink_grant *g)
{
	static const char *const names[] = { "session", "lease_token", "lease",
		"finish" };
	int64_t lease;
	enum err r;

	if ((r = json_only(o, names, NELEM(names))) != ERR_OK ||
	    (r = json_need_str(o, "session", g->session, sizeof(g->session))) != ERR_OK ||
	    (r = json_need_str(o, "lease_token", g->token, sizeof(g->token))) != ERR_OK ||
	    (r = json_need_int(o, "lease", &lease)) != ERR_OK ||
	    (r = json_need_str(o, "finish", g->finish, sizeof(g->finish))) != ERR_OK)
		return r;
	/* Both go into the next request: into its path and its headers. */
	if (!text_is_name(cur_str(g->session), sizeof(g->session) - 1) ||
	    !is_token(g->token))
		return fail(ERR_MALFORMED, "session or lease_token");
	if (!is_finish(g->finish))
		return fail(ERR_MALFORMED, "finish");
	if (lease < BROKERLINK_LEASE_MIN || lease > BROKERLINK_LEASE_MAX)
		return fail(ERR_MALFORMED, "lease");
	g->lease = (int)lease;
	return ERR_OK;
}

enum err
brokerlink_read_grant(struct cur body, struct brokerlink_grant *ret)
{
	AUTO(json_drop) json_t *o = NULL;
	struct brokerlink_grant g = { 0 };
	enum err r = json_load_object(body, &o);

	if (r == ERR_OK)
		r = read_grant(o, &g);
	if (r == ERR_OK)
		*ret = g;
	explicit_bzero(&g, sizeof(g));
	return r == ERR_OK ? r : note(r, "answer to /v1/assertions");
}

static void
grant_answer(struct brokerlink_call *c, enum err e, const struct http_answer *a)
{
	struct brokerlink_grant g = { 0 };

	if (e == ERR_OK)
		e = as_broker(brokerlink_read_grant(buf_view(&a->body), &g));
	c->fn.grant(c->arg, e, e == ERR_OK ? &g : NULL);
	explicit_bzero(&g, sizeof(g));
}

enum err
brokerlink_assertion(sd_event *loop, const struct host_broker *b, const char *handle,
    struct cur assertion, brokerlink_grant_fn *done, void *arg,
    struct brokerlink_call **ret)
{
	AUTO(buf_free) struct buf body = BUF(BODY_MAX);
	struct brokerlink_call c = { .answer = grant_answer, .fn.grant = done,
		.arg = arg };
	struct http_call_options o = { .method = "POST", .path = "/v1/assertions",
		.timeout_ms = ASK_TIMEOUT_MS };
	enum err r;

	jsonw_object(&body);
	jsonw_member_str(&body, "login", cur_str(handle));
	jsonw_member_str(&body, "assertion", assertion);
	jsonw_object_end(&body);
	if ((r = buf_end(&body)) != ERR_OK)
		return fail(r, "request");
	o.body = buf_view(&body);
	return start(loop, b, &o, &c, ret);
}

enum err
brokerlink_read_lease(struct cur body, int *ret)
{
	static const char *const names[] = { "lease" };
	AUTO(json_drop) json_t *o = NULL;
	int64_t lease;
	enum err r;

	if ((r = json_load_object(body, &o)) != ERR_OK ||
	    (r = json_only(o, names, NELEM(names))) != ERR_OK ||
	    (r = json_need_int(o, "lease", &lease)) != ERR_OK)
		return note(r, "answer to a lease");
	if (lease < 1 || lease > BROKERLINK_ABSENCE_MAX)
		return fail(ERR_MALFORMED, "answer to a lease");
	*ret = (int)lease;
	return ERR_OK;
}

static void
lease_answer(struct brokerlink_call *c, enum err e, const struct http_answer *a)
{
	int lease = 0;

	if (e == ERR_OK && a->body.len != 0)
		e = as_broker(brokerlink_read_lease(buf_view(&a->body), &lease));
	c->fn.lease(c->arg, e, lease);
}

enum err
brokerlink_lease(sd_event *loop, const struct host_broker *b, const char *session,
    const char *token, int absent_seconds, brokerlink_lease_fn *done, void *arg,
    struct brokerlink_call **ret)
{
	AUTO(buf_free) struct buf body = BUF(BODY_MAX);
	struct brokerlink_call c = { .answer = lease_answer, .fn.lease = done,
		.arg = arg };
	char path[sizeof("/v1/sessions//lease") + BROKERLINK_ID_MAX];
	struct http_call_options o = { .method = "PUT", .path = path, .bearer = token,
		.timeout_ms = LEASE_TIMEOUT_MS };
	enum err r;

	snprintf(path, sizeof(path), "/v1/sessions/%s/lease", session);
	jsonw_object(&body);
	jsonw_member_str(&body, "card",
	    cur_str(absent_seconds == 0 ? "present" : "absent"));
	if (absent_seconds != 0)
		jsonw_member_int(&body, "seconds", absent_seconds);
	jsonw_object_end(&body);
	if ((r = buf_end(&body)) != ERR_OK)
		return fail(r, "request");
	o.body = buf_view(&body);
	return start(loop, b, &o, &c, ret);
}

static void
end_answer(struct brokerlink_call *c, enum err e, const struct http_answer *a UNUSED)
{
	/* Ended before, or never known: what we wanted. */
	c->fn.done(c->arg, e == ERR_GONE || e == ERR_UNKNOWN ? ERR_OK : e);
}

enum err
brokerlink_end(sd_event *loop, const struct host_broker *b, const char *session,
    const char *token, const char *reason, brokerlink_done_fn *done, void *arg,
    struct brokerlink_call **ret)
{
	AUTO(buf_free) struct buf body = BUF(BODY_MAX);
	struct brokerlink_call c = { .answer = end_answer, .fn.done = done, .arg = arg };
	char path[sizeof("/v1/sessions/") + BROKERLINK_ID_MAX];
	struct http_call_options o = { .method = "DELETE", .path = path, .bearer = token,
		.timeout_ms = LEASE_TIMEOUT_MS };
	enum err r;

	snprintf(path, sizeof(path), "/v1/sessions/%s", session);
	jsonw_object(&body);
	jsonw_member_str(&body, "reason", cur_str(reason));
	jsonw_object_end(&body);
	if ((r = buf_end(&body)) != ERR_OK)
		return fail(r, "request");
	o.body = buf_view(&body);
	return start(loop, b, &o, &c, ret);
}
