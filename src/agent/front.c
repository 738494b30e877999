/* SPDX-License-Identifier: EUPL-1.2 */
/* A table of calls. */
#include "agent/front.h"

#include <string.h>
#include <unistd.h>

#include "agent/cards.h"
#include "agent/events.h"
#include "agent/logins.h"
#include "agent/sessions.h"
#include "base/names.h"
#include "jose/jsonw.h"
#include "net/server.h"

#define ANSWER_MAX	HTTP_STREAM_QUEUE_MAX	/* SESSIONS_MAX sessions */

/* Only the person whose agent this is; root has no business here either (T12). */
static bool
peer_ok(void *arg UNUSED, const struct http_peer *peer)
{
	return peer->uid == getuid();
}

static void
reply(struct http_exchange *x, const struct buf *b)
{
	if (buf_end(b) != ERR_OK)
		http_reply_problem(x, buf_end(b), NULL);
	else
		http_reply_json(x, 200, buf_view(b), NULL);
}

static void
post_login(struct agent *a, struct http_exchange *x, const char *id UNUSED)
{
	logins_post(a->logins, x);
}

static void
get_login(struct agent *a, struct http_exchange *x, const char *id)
{
	logins_get(a->logins, x, id);
}

static void
delete_login(struct agent *a, struct http_exchange *x, const char *id)
{
	logins_delete(a->logins, x, id);
}

static void
get_sessions(struct agent *a, struct http_exchange *x, const char *id UNUSED)
{
	AUTO(buf_free) struct buf b = BUF(ANSWER_MAX);

	jsonw_object(&b);
	sessions_put(a->sessions, &b);
	jsonw_object_end(&b);
	reply(x, &b);
}

static void
get_cards(struct agent *a, struct http_exchange *x, const char *id UNUSED)
{
	AUTO(buf_free) struct buf b = BUF(ANSWER_MAX);

	jsonw_object(&b);
	cards_put(cards_now(a->cards), a->conf, &b);
	jsonw_object_end(&b);
	reply(x, &b);
}

static void
get_events(struct agent *a, struct http_exchange *x, const char *id UNUSED)
{
	AUTO(buf_free) struct buf b = BUF(ANSWER_MAX);

	jsonw_object(&b);
	cards_put(cards_now(a->cards), a->conf, &b);
	logins_put(a->logins, &b);
	sessions_put(a->sessions, &b);
	jsonw_object_end(&b);
	events_open(a->events, x, buf_view(&b));
}

static const struct call {
	const char *method;
	const char *path;
	bool	    id;			/* one more part follows the path */
	void	    (*on)(struct agent *a, struct http_exchange *x, const char *id);
} calls[] = {
	{ "POST", "/v1/logins", false, post_login },
	{ "GET", "/v1/logins/", true, get_login },
	{ "DELETE", "/v1/logins/", true, delete_login },
	{ "GET", "/v1/sessions", false, get_sessions },
	{ "GET", "/v1/events", false, get_events },
	{ "GET", "/v1/cards", false, get_cards },
};

/* What follows the call's path: "" where nothing may; NULL when it is another path. */
static const char *
match(const struct call *c, const char *path)
{
	size_t n = strlen(c->path);

	if (strncmp(path, c->path, n) != 0)
		return NULL;
	path += n;
	if (c->id)
		return *path != '\0' && strchr(path, '/') == NULL ? path : NULL;
	return *path == '\0' ? path : NULL;
}

static void
on_request(void *arg, struct http_exchange *x)
{
	struct agent *a = arg;
	bool known = false;

	for (size_t i = 0; i < NELEM(calls); i++) {
		const char *id = match(&calls[i], http_path(x));

		if (id == NULL)
			continue;
		known = true;
		if (strcmp(calls[i].method, http_method(x)) != 0)
			continue;
		calls[i].on(a, x, id);
		return;
	}
	http_reply_problem(x, known ? ERR_BAD_REQUEST : ERR_NOT_FOUND, NULL);
}

enum err
front_start(struct agent *a, int listen_fd)
{
	const struct http_server_options o = { .host = NAME_HOST_AGENT,
		.peer_ok = peer_ok, .handler = on_request, .arg = a };

	return http_server_start(a->loop, listen_fd, &o, &a->server);
}
