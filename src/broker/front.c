/* SPDX-License-Identifier: EUPL-1.2 */
/* Requests in JSON to calls of flow.h. */
#include "broker/front.h"

#include "jose/json.h"
#include "jose/jsonw.h"
#include "login/claims.h"

#define WORD_MAX	256	/* handles, secrets and identifiers, with NUL */
#define ANSWER_MAX	131072

/* A secret of a body, gone when its call is done. */
struct word {
	char text[WORD_MAX];
};

static void
word_wipe(struct word *w)
{
	explicit_bzero(w, sizeof(*w));
}

/* What a route's function gets. */
struct asked {
	struct flow *f;
	const struct flow_at *at;
	struct cur  id;			/* the part of the path that names something */
	struct cur  bearer;
	const json_t *body;		/* NULL: none */
};

typedef enum err run_fn(const struct asked *a, struct front_reply *ret);

struct route {
	const char *method;
	const char *before;		/* the path, up to the id */
	const char *after;		/* NULL: no id in this path */
	bool	    body;
	run_fn	   *run;
};

void
front_reply_free(struct front_reply *r)
{
	buf_free(&r->json);
}

static enum err
done(struct front_reply *ret)
{
	enum err r;

	jsonw_object_end(&ret->json);
	if ((r = buf_end(&ret->json)) != ERR_OK)
		return fail(r, "answer");
	return ERR_OK;
}

static void
put_str(struct front_reply *ret, const char *name, const char *value)
{
	jsonw_member_str(&ret->json, name, cur_str(value));
}

static enum err
need_word(const json_t *o, const char *name, struct word *ret)
{
	return json_need_str(o, name, ret->text, sizeof(ret->text));
}

/* Of any length, borrowed: who reads it says what is too long, and records it. */
static enum err
need_text(const json_t *o, const char *name, struct cur *ret)
{
	const json_t *v = json_object_get(o, name);

	if (!json_is_string(v))
		return fail(ERR_MALFORMED, "\"%s\": expected text", name);
	*ret = cur_of(json_string_value(v), json_string_length(v));
	return ERR_OK;
}

/* --- agent.sock --- */

static enum err
post_challenge(const struct asked *a, struct front_reply *ret)
{
	static const char *const names[] = { "login" };
	AUTO(buf_free) struct buf jws = BUF(CHALLENGE_MAX);
	char login[WORD_MAX];
	enum err r;

	if ((r = json_only(a->body, names, NELEM(names))) != ERR_OK ||
	    (r = json_need_str(a->body, "login", login, sizeof(login))) != ERR_OK ||
	    (r = flow_challenge(a->f, a->at, cur_str(login), &jws)) != ERR_OK)
		return r;
	jsonw_object(&ret->json);
	jsonw_member_str(&ret->json, "challenge", buf_view(&jws));
	return done(ret);
}

static enum err
post_assertion(const struct asked *a, struct front_reply *ret)
{
	static const char *const names[] = { "login", "assertion" };
	AUTO(flow_accepted_wipe) struct flow_accepted ok = { 0 };
	char login[WORD_MAX];
	struct cur jws;
	enum err r;

	if ((r = json_only(a->body, names, NELEM(names))) != ERR_OK ||
	    (r = json_need_str(a->body, "login", login, sizeof(login))) != ERR_OK ||
	    (r = need_text(a->body, "assertion", &jws)) != ERR_OK ||
	    (r = flow_assertion(a->f, a->at, cur_str(login), jws, &ok)) != ERR_OK)
		return r;
	jsonw_object(&ret->json);
	put_str(ret, "session", ok.session);
	put_str(ret, "lease_token", ok.lease_token.text);
	jsonw_member_int(&ret->json, "lease", ok.lease);
	put_str(ret, "finish", ok.finish.text);
	return done(ret);
}

static enum err
put_lease(const struct asked *a, struct front_reply *ret)
{
	static const char *const names[] = { "card", "seconds" };
	char card[WORD_MAX];
	int64_t seconds = 0, lease = 0;
	bool away;
	enum err r;

	if ((r = json_need_str(a->body, "card", card, sizeof(card))) != ERR_OK)
		return r;
	away = strcmp(card, "absent") == 0;
	if (!away && strcmp(card, "present") != 0)
		return fail(ERR_BAD_REQUEST, "card is neither present nor absent");
	if ((r = json_only(a->body, names, away ? 2 : 1)) != ERR_OK ||
	    (away && (r = json_need_int(a->body, "seconds", &seconds)) != ERR_OK))
		return r;
	if (seconds < 0 || seconds > INT32_MAX)
		return fail(ERR_BAD_REQUEST, "seconds");
	r = away ? flow_absent(a->f, a->at, a->id, a->bearer, seconds, &lease) :
	    flow_present(a->f, a->at, a->id, a->bearer, &lease);
	if (r != ERR_OK)
		return r;
	jsonw_object(&ret->json);
	jsonw_member_int(&ret->json, "lease", lease);
	return done(ret);
}

static enum err
delete_session(const struct asked *a, struct front_reply *ret)
{
	static const char *const names[] = { "reason" };
	char reason[WORD_MAX];
	enum err r;

	if ((r = json_only(a->body, names, NELEM(names))) != ERR_OK ||
	    (r = json_need_str(a->body, "reason", reason, sizeof(reason))) != ERR_OK ||
	    (r = flow_end(a->f, a->at, a->id, a->bearer, reason)) != ERR_OK)
		return r;
	ret->status = 204;
	return ERR_OK;
}

/* --- client.sock --- */

static enum err
post_request(const struct asked *a, struct front_reply *ret)
{
	static const char *const names[] = {
		"client_id", "client_secret", "acr", "origin",
	};
	AUTO(flow_opened_wipe) struct flow_opened ok = { 0 };
	AUTO(word_wipe) struct word secret;
	char id[WORD_MAX], acr[WORD_MAX], origin[WORD_MAX];
	struct flow_request rq;
	enum err r;

	if ((r = json_only(a->body, names, NELEM(names))) != ERR_OK ||
	    (r = json_need_str(a->body, "client_id", id, sizeof(id))) != ERR_OK ||
	    (r = need_word(a->body, "client_secret", &secret)) != ERR_OK ||
	    (r = json_need_str(a->body, "acr", acr, sizeof(acr))) != ERR_OK ||
	    (r = claims_optional(a->body, "origin", origin, sizeof(origin))) != ERR_OK)
		return r;
	rq = (struct flow_request){ id, cur_str(secret.text), acr, origin };
	if ((r = flow_request(a->f, a->at, &rq, &ok)) != ERR_OK)
		return r;
	jsonw_object(&ret->json);
	put_str(ret, "login", ok.login.text);
	put_str(ret, "request_secret", ok.request_secret.text);
	jsonw_member_int(&ret->json, "expires", ok.expires);
	return done(ret);
}

static const char *
role_name(const char *role)
{
	const char *name = cert_role_name(role);

	return name == NULL ? "" : name;
}

static void
put_employment(struct front_reply *ret, const struct employment *e)
{
	put_str(ret, "subscriber", e->subscriber);
	put_str(ret, "subscriber_name", e->subscriber_name);
	put_str(ret, "role", e->role);
	put_str(ret, "role_name", role_name(e->role));
}

static enum err
put_choices(struct front_reply *ret, const struct flow_result *res)
{
	jsonw_object(&ret->json);
	jsonw_member_array(&ret->json, "choices");
	for (size_t i = 0; i < res->n_choices; i++) {
		jsonw_item_object(&ret->json);
		put_str(ret, "id", res->choices[i].id);
		put_employment(ret, &res->choices[i]);
		jsonw_object_end(&ret->json);
	}
	jsonw_array_end(&ret->json);
	return done(ret);
}

static enum err
put_identity(struct front_reply *ret, const struct flow_result *res)
{
	jsonw_object(&ret->json);
	jsonw_member_object(&ret->json, "identity");
	put_str(ret, "uzi_number", res->person.uzi_number);
	put_str(ret, "pass_type", res->pass_type);
	put_employment(ret, &res->employment);
	put_str(ret, "name", res->person.name);
	put_str(ret, "dezi_number", res->person.dezi_number);
	jsonw_object_end(&ret->json);
	put_str(ret, "acr", loa_uri(res->acr));
	jsonw_member_int(&ret->json, "auth_time", res->auth_utc);
	put_str(ret, "session", res->session);
	return done(ret);
}

static enum err
post_result(const struct asked *a, struct front_reply *ret)
{
	static const char *const names[] = { "request_secret", "finish", "choice" };
	AUTO(word_wipe) struct word secret;
	AUTO(word_wipe) struct word finish;
	char choice[WORD_MAX];
	struct flow_result res;
	enum err r;

	if ((r = json_only(a->body, names, NELEM(names))) != ERR_OK ||
	    (r = need_word(a->body, "request_secret", &secret)) != ERR_OK ||
	    (r = need_word(a->body, "finish", &finish)) != ERR_OK ||
	    (r = claims_optional(a->body, "choice", choice, sizeof(choice))) != ERR_OK ||
	    (r = flow_result(a->f, a->at, a->id, cur_str(secret.text),
	    cur_str(finish.text), choice, &res)) != ERR_OK)
		return r;
	return res.n_choices != 0 ? put_choices(ret, &res) : put_identity(ret, &res);
}

static enum err
get_session(const struct asked *a, struct front_reply *ret)
{
	struct flow_session s;
	enum err r;

	if ((r = flow_session(a->f, a->at, a->id, a->bearer, &s)) != ERR_OK)
		return r;
	jsonw_object(&ret->json);
	put_str(ret, "state", s.alive ? "alive" : "ended");
	if (!s.alive) {
		put_str(ret, "why", s.why);
		jsonw_member_int(&ret->json, "ended", s.ended_utc);
	}
	return done(ret);
}

/* --- routes --- */

static const struct route agent_routes[] = {
	{ "POST", "/v1/challenges", NULL, true, post_challenge },
	{ "POST", "/v1/assertions", NULL, true, post_assertion },
	{ "PUT", "/v1/sessions/", "/lease", true, put_lease },
	{ "DELETE", "/v1/sessions/", "", true, delete_session },
};

static const struct route client_routes[] = {
	{ "POST", "/v1/requests", NULL, true, post_request },
	{ "POST", "/v1/requests/", "/result", true, post_result },
	{ "GET", "/v1/sessions/", "", false, get_session },
};

static bool
path_fits(const struct route *rt, struct cur path, struct cur *ret_id)
{
	struct cur skip;

	if (rt->after == NULL)
		return cur_eq_str(path, rt->before);
	if (!cur_starts(path, cur_str(rt->before)) ||
	    !cur_take(&path, strlen(rt->before), &skip) ||
	    path.n <= strlen(rt->after) ||
	    !cur_take(&path, path.n - strlen(rt->after), ret_id))
		return false;
	return cur_eq_str(path, rt->after) && memchr(ret_id->p, '/', ret_id->n) == NULL;
}

/* RFC 6750 section 2.1; absent is an empty token, which is nobody's. */
static struct cur
bearer_of(const char *authorization)
{
	struct cur c = cur_str(authorization == NULL ? "" : authorization), skip;

	if (!cur_starts(c, cur_str("Bearer ")) || !cur_take(&c, strlen("Bearer "), &skip))
		return cur_of(NULL, 0);
	return c;
}

static enum err
carry_out(const struct route *rt, struct asked *a, const struct front_call *c,
    struct front_reply *ret)
{
	AUTO(json_drop) json_t *body = NULL;
	enum err r;

	if (!rt->body && c->body.n != 0)
		return fail(ERR_BAD_REQUEST, "this call has no body");
	if (rt->body && (r = json_load_object(c->body, &body)) != ERR_OK)
		return r;
	a->body = body;
	a->bearer = bearer_of(c->authorization);
	ret->status = 200;
	ret->json.max = ANSWER_MAX;
	return rt->run(a, ret);
}

static enum err
dispatch(const struct route *routes, size_t n, struct flow *f, const struct flow_at *at,
    const struct front_call *c, struct front_reply *ret)
{
	struct asked a = { .f = f, .at = at };

	for (size_t i = 0; i < n; i++)
		if (strcmp(routes[i].method, c->method) == 0 &&
		    path_fits(&routes[i], cur_str(c->path), &a.id))
			return carry_out(&routes[i], &a, c, ret);
	return ERR_NOT_FOUND;
}

enum err
front_agent(struct flow *f, const struct flow_at *at, const struct front_call *c,
    struct front_reply *ret)
{
	return dispatch(agent_routes, NELEM(agent_routes), f, at, c, ret);
}

enum err
front_client(struct flow *f, const struct flow_at *at, const struct front_call *c,
    struct front_reply *ret)
{
	return dispatch(client_routes, NELEM(client_routes), f, at, c, ret);
}
