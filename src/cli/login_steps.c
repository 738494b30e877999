/* SPDX-License-Identifier: EUPL-1.2 */
/* The five steps of a Dezi login, as a care application takes them (DESIGN sections 1, 5). */
#include "config.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/names.h"
#include "cli/login.h"

#define CALL_MS		10000	/* broker, and short calls of the agent */
#define STREAM_MS	25000	/* a heartbeat comes every 10 s: silence is a lost agent */

static struct http_call_options
client_call(const struct login_run *l, const char *method, const char *path)
{
	return (struct http_call_options){
		.socket = l->o->client_socket, .owner = (uid_t)-1, .host = NAME_HOST_BROKER,
		.method = method, .path = path, .timeout_ms = CALL_MS,
	};
}

static struct http_call_options
agent_call(const struct login_run *l, const char *method, const char *path)
{
	return (struct http_call_options){
		.socket = l->o->agent_socket, .owner = getuid(), .host = NAME_HOST_AGENT,
		.method = method, .path = path, .timeout_ms = CALL_MS,
	};
}

/* A call with a JSON body, which is wiped: it may hold a secret. */
static enum err
post(struct http_call_options *o, const json_t *body, json_t **ret)
{
	AUTO(buf_free) struct buf text = BUF(JSON_BODY_MAX);
	enum err r;

	if (body == NULL)
		return fail(ERR_NOMEM, "%s", o->path);
	if ((r = json_put(&text, body)) != ERR_OK)
		return r;
	o->body = buf_view(&text);
	return cli_call(o, ret);
}

/* The client secret: the first line of a file. */
static enum err
read_secret(const char *path, struct buf *ret)
{
	AUTO(buf_free) struct buf text = BUF(LOGIN_WORD_MAX);
	struct cur rest, line;
	enum err r = file_read(path, &text);

	if (r == ERR_NOT_FOUND)
		return fail(ERR_CONFIG, "%s is not there", path);
	if (r != ERR_OK)
		return r;
	rest = buf_view(&text);
	if (!cur_until(&rest, '\n', &line))
		line = rest;
	if (line.n == 0)
		return fail(ERR_CONFIG, "%s is empty", path);
	buf_cur(ret, line);
	return buf_cstr(ret) == NULL ? fail(ERR_NOMEM, "client secret") : ERR_OK;
}

enum err
login_request(struct login_run *l)
{
	AUTO(buf_free) struct buf secret = BUF(LOGIN_WORD_MAX);
	AUTO(json_drop) json_t *body = NULL;
	AUTO(json_drop) json_t *answer = NULL;
	struct http_call_options o = client_call(l, "POST", "/v1/requests");
	int64_t expires;
	enum err r;

	login_tell(l, 1, _("The care application asks the broker for a login."));
	if ((r = read_secret(l->o->secret_file, &secret)) != ERR_OK)
		return r;
	body = json_pack("{s:s, s:s, s:s}", "client_id", l->o->client_id, "client_secret",
	    buf_cstr(&secret), "acr", l->o->acr);
	if ((r = post(&o, body, &answer)) != ERR_OK ||
	    (r = json_need_str(answer, "login", l->handle, sizeof(l->handle))) != ERR_OK ||
	    (r = json_need_str(answer, "request_secret", l->request_secret,
	    sizeof(l->request_secret))) != ERR_OK ||
	    (r = json_need_int(answer, "expires", &expires)) != ERR_OK)
		return note(r, "request");
	login_tell(l, 0, _("The broker gave a handle; it is good for %d seconds."),
	    (int)(expires - clock_utc()));
	return ERR_OK;
}

/* What the person sees while the agent works. */
static void
tell_step(struct login_run *l, const char *step)
{
	static const struct {
		const char *step, *text;
	} texts[] = {
		{ "waiting_card", N_("The agent waits for a card: insert your card.") },
		{ "reading_card", N_("The card is read: which certificate is for logging in?") },
		{ "asking_pin", N_("The PIN window is open: it says who asks, and where.") },
		{ "signing", N_("The card checks the PIN, signs, and forgets the PIN.") },
		{ "finishing", N_("The agent hands the signed answer to the broker.") },
	};

	if (strcmp(step, l->step) == 0)
		return;
	snprintf(l->step, sizeof(l->step), "%s", step);
	for (size_t i = 0; i < NELEM(texts); i++)
		if (strcmp(step, texts[i].step) == 0)
			login_tell(l, 0, "%s", _(texts[i].text));
}

/* The end of our login's path is its id. */
static bool
is_ours(const struct login_run *l, const json_t *login)
{
	const char *id = json_string_value(json_object_get(login, "id"));
	const char *slash = strrchr(l->location, '/');

	return id != NULL && slash != NULL && strcmp(id, slash + 1) == 0;
}

/* ERR_GONE, which is what ends the stream: the agent has finished with it. */
static enum err
look_at_login(struct login_run *l, const json_t *login)
{
	const char *state = json_string_value(json_object_get(login, "state"));

	if (state == NULL || !is_ours(l, login))
		return ERR_OK;
	tell_step(l, state);
	return strcmp(state, "done") == 0 || strcmp(state, "failed") == 0 ? ERR_GONE : ERR_OK;
}

/* A snapshot holds the login that runs: when it is not ours, ours is over. */
static enum err
look_at_all(struct login_run *l, const json_t *snapshot)
{
	const json_t *login;
	size_t i;

	json_array_foreach(json_object_get(snapshot, "logins"), i, login)
		if (is_ours(l, login))
			return look_at_login(l, login);
	return ERR_GONE;
}

static enum err
on_login_event(void *arg, const char *event, struct cur data)
{
	AUTO(json_drop) json_t *j = NULL;

	if (json_load_object(data, &j) != ERR_OK)
		return ERR_OK;
	if (strcmp(event, "login") == 0)
		return look_at_login(arg, j);
	return strcmp(event, "snapshot") == 0 ? look_at_all(arg, j) : ERR_OK;
}

/* Start it; *ret_location: where it can be asked about. */
static enum err
start(struct login_run *l)
{
	AUTO(http_answer_free) struct http_answer a = { .body.max = HTTP_ANSWER_MAX };
	AUTO(buf_free) struct buf text = BUF(JSON_BODY_MAX);
	AUTO(json_drop) json_t *body = json_pack("{s:s, s:s*}", "login", l->handle, "broker",
	    l->o->broker);
	struct http_call_options o = agent_call(l, "POST", "/v1/logins");
	enum err r;

	if (body == NULL || json_put(&text, body) != ERR_OK)
		return fail(ERR_NOMEM, "login");
	o.prefer = "respond-async";
	o.body = buf_view(&text);
	if ((r = http_call(&o, &a)) != ERR_OK)
		return note(r, "agent at %s", l->o->agent_socket);
	if (a.status != 202) {
		r = http_problem(&a);
		return fail(r, "the agent answered %d", a.status);
	}
	snprintf(l->location, sizeof(l->location), "%s", a.location);
	return ERR_OK;
}

static void
tell_tries(const struct login_run *l)
{
	int64_t tries;

	if (json_get_int(l->answer, "tries", &tries) == ERR_OK)
		login_tell(l, 0, ngettext("The card has %d PIN try left.",
		    "The card has %d PIN tries left.", (unsigned long)tries), (int)tries);
}

/* What came of it: finish, or why not. */
static enum err
fetch(struct login_run *l)
{
	struct http_call_options get = agent_call(l, "GET", l->location);
	char state[32], word[64] = "";
	enum err r;

	if ((r = cli_call(&get, &l->answer)) != ERR_OK ||
	    (r = json_need_str(l->answer, "state", state, sizeof(state))) != ERR_OK)
		return note(r, "login");
	l->location[0] = '\0';
	if (strcmp(state, "done") == 0)
		return json_need_str(l->answer, "finish", l->finish, sizeof(l->finish));
	tell_tries(l);
	if (json_get_str(l->answer, "error", word, sizeof(word)) != ERR_OK)
		return fail(ERR_BROKER, "the agent says \"%s\"", cli_safe(state));
	r = err_of_word(word);
	return fail(r, "%s", err_title(r));
}

enum err
login_agent(struct login_run *l)
{
	struct http_call_options events = agent_call(l, "GET", "/v1/events");
	enum err r;

	login_tell(l, 2, _("The person chooses Dezi, with a card or token in this computer."));
	login_tell(l, 3, _("The agent takes the handle and asks the broker for its challenge."));
	if ((r = start(l)) != ERR_OK)
		return r;
	events.timeout_ms = STREAM_MS;
	if ((r = http_events(&events, on_login_event, l)) != ERR_GONE)
		return note(r, "events of the agent");
	if ((r = fetch(l)) != ERR_OK)
		return r;
	login_tell(l, 4, _("The broker has checked signature, certificate and revocation; the "
	    "care identity comes from its register."));
	return ERR_OK;
}

void
login_cancel(const struct login_run *l)
{
	AUTO(http_answer_free) struct http_answer a = { .body.max = HTTP_ANSWER_MAX };
	struct http_call_options o = agent_call(l, "DELETE", l->location);

	o.timeout_ms = 2000;
	if (l->location[0] != '\0' && http_call(&o, &a) == ERR_OK)
		fprintf(stderr, "%s\n", cli_message(ERR_CANCELLED));
}

static enum err
ask_result(struct login_run *l, const char *choice)
{
	AUTO(json_drop) json_t *body = json_pack("{s:s, s:s, s:s*}", "request_secret",
	    l->request_secret, "finish", l->finish, "choice", choice);
	char path[LOGIN_WORD_MAX + 32];
	struct http_call_options o = client_call(l, "POST", path);

	snprintf(path, sizeof(path), "/v1/requests/%s/result", l->handle);
	json_drop(&l->identity);
	return post(&o, body, &l->identity);
}

/* The id of the choice that the person named by its number. */
static enum err
choose(struct login_run *l)
{
	const json_t *choices = json_object_get(l->identity, "choices");
	const json_t *one = json_array_get(choices, (size_t)l->o->choice - 1);
	char id[LOGIN_WORD_MAX];
	enum err r;

	if (l->o->choice == 0)
		return fail(ERR_PENDING, "several employments; use --choice");
	if (one == NULL)
		return fail(ERR_BAD_REQUEST, "there are %zu choices", json_array_size(choices));
	if ((r = json_need_str(one, "id", id, sizeof(id))) != ERR_OK)
		return r;
	return ask_result(l, id);
}

enum err
login_result(struct login_run *l)
{
	enum err r;

	login_tell(l, 5, _("The care application shows request secret and finish."));
	if ((r = ask_result(l, NULL)) != ERR_OK)
		return note(r, "result");
	if (json_object_get(l->identity, "choices") != NULL && (r = choose(l)) != ERR_OK)
		return r;
	if ((r = json_need_str(l->identity, "session", l->session, sizeof(l->session))) != ERR_OK)
		return note(r, "result");
	login_tell(l, 0, _("The care application knows who it is; the session lives."));
	return ERR_OK;
}

/* ERR_GONE: the session is over, *ret says why. */
static enum err
ask_session(const struct login_run *l, json_t **ret)
{
	char path[LOGIN_WORD_MAX + 32] = "", state[32];
	struct http_call_options o = client_call(l, "GET", path);
	enum err r;

	snprintf(path, sizeof(path), "/v1/sessions/%s", l->session);
	o.bearer = l->request_secret;
	json_drop(ret);
	if ((r = cli_call(&o, ret)) != ERR_OK ||
	    (r = json_need_str(*ret, "state", state, sizeof(state))) != ERR_OK)
		return note(r, "session");
	if (strcmp(state, "ended") != 0)
		return ERR_OK;
	json_object_set_new(*ret, "session", json_string(l->session));
	return ERR_GONE;
}

struct follow {
	const struct login_run *l;
	json_t **ret;
};

/* Whatever the agent tells: the broker has the word. */
static enum err
on_any_event(void *arg, const char *event, struct cur data UNUSED)
{
	const struct follow *f = arg;

	if (strcmp(event, "card") == 0)
		login_tell(f->l, 0, _("The agent sees a change in a reader."));
	return ask_session(f->l, f->ret);
}

enum err
login_watch(struct login_run *l, json_t **ret)
{
	struct follow f = { l, ret };
	struct http_call_options events = agent_call(l, "GET", "/v1/events");
	unsigned pause = 1;
	enum err r;

	events.timeout_ms = STREAM_MS;
	for (;;) {
		r = http_events(&events, on_any_event, &f);
		if (r == ERR_GONE)
			return ERR_OK;
		/* No agent: then the lease runs out, and the broker tells. */
		if ((r = ask_session(l, ret)) != ERR_OK)
			return r == ERR_GONE ? ERR_OK : r;
		login_tell(l, 0, _("No contact with the agent; asking again in %u s."), pause);
		sleep(pause);
		pause = pause < 5 ? pause + 1 : pause;
	}
}
