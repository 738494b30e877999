/* SPDX-License-Identifier: EUPL-1.2 */
/* The client against our server, and against servers that say what a test tells them. */
#include "tests/check.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/names.h"
#include "net/client.h"
#include "net/server.h"
#include "tests/unit/net_bench.h"

struct world {
	struct bench bench;
	pid_t	     child;
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	bench_open(&w->bench);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	if (w->child > 0) {
		kill(w->child, SIGKILL);
		waitpid(w->child, NULL, 0);
	}
	bench_close(&w->bench);
	free(w);
	return 0;
}

static struct http_call_options
options(const struct world *w)
{
	return (struct http_call_options){ .socket = w->bench.path, .owner = getuid(),
		.host = "test", .method = "GET", .path = "/a",
		.timeout_ms = BENCH_PATIENCE_MS };
}

static void
tell(void *arg, struct http_exchange *x)
{
	AUTO(buf_free) struct buf b = BUF(HTTP_BODY_MAX);
	const char *auth = http_header(x, "Authorization");
	const char *prefer = http_header(x, "Prefer");
	const char *type = http_header(x, "Content-Type");
	struct http_stream *st;

	(void)arg;
	if (strcmp(http_path(x), "/problem") == 0) {
		http_reply_problem(x, ERR_STALE, NULL);
	} else if (strcmp(http_path(x), "/held") == 0) {
		;
	} else if (strcmp(http_path(x), "/stream") == 0) {
		st = http_stream_start(x, NULL, NULL);
		for (int i = 0; i < 100; i++)
			http_stream_put(st, cur_str("event: n\ndata: {}\n\n"));
		http_stream_close(&st);
	} else {
		buf_fmt(&b, "%s %s [%s] [%s] [%s] ", http_method(x), http_path(x),
		    auth == NULL ? "" : auth, prefer == NULL ? "" : prefer,
		    type == NULL ? "" : type);
		buf_cur(&b, http_body(x));
		http_reply_json(x, 202, buf_view(&b), "/v1/x");
	}
}

/* For a child process, which may not use its parent's loop. */
static void
serve_for_ever(int fd)
{
	const struct http_server_options o = { .host = "test", .handler = tell };
	struct http_server *s;
	sd_event *loop;

	if (sd_event_new(&loop) >= 0 && http_server_start(loop, fd, &o, &s) == ERR_OK)
		sd_event_loop(loop);
	_exit(1);
}

/* Our own server, in a process of its own; it listens when this returns. */
static void
serve(struct world *w)
{
	int fd;

	assert_ok(http_listen(w->bench.path, 0600, &fd));
	w->child = fork();
	assert_true(w->child >= 0);
	if (w->child == 0)
		serve_for_ever(fd);
	close(fd);
}

/* For a child process: to each request the same text, then the end unless it must hang. */
static void
pretend_for_ever(int fd, struct cur text, bool hang)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char got[4096];
	int c;

	while (poll(&p, 1, -1) == 1) {
		c = accept(fd, NULL, NULL);
		if (c < 0 || recv(c, got, sizeof(got), 0) < 0 ||
		    send(c, text.p, text.n, MSG_NOSIGNAL) < 0)
			break;
		if (!hang)
			close(c);
	}
	_exit(1);
}

static void
pretend(struct world *w, struct cur text, bool hang)
{
	int fd;

	assert_ok(http_listen(w->bench.path, 0600, &fd));
	w->child = fork();
	assert_true(w->child >= 0);
	if (w->child == 0)
		pretend_for_ever(fd, text, hang);
	close(fd);
}

static void
call(void **state)
{
	struct world *w = *state;
	struct http_call_options o = options(w);
	AUTO(http_answer_free) struct http_answer a = { 0 };
	AUTO(http_answer_free) struct http_answer b = { 0 };

	serve(w);
	o.method = "PUT";
	o.path = "/v1/sessions/a-b_c";
	o.bearer = "t0k-en_~";
	o.prefer = "respond-async";
	o.body = cur_str("{\"card\":\"present\"}");
	assert_ok(http_call(&o, &a));
	assert_int_equal(a.status, 202);
	assert_string_equal(a.location, "/v1/x");
	assert_string_equal(a.type, "application/json");
	assert_string_equal(buf_cstr(&a.body), "PUT /v1/sessions/a-b_c [Bearer t0k-en_~] "
	    "[respond-async] [application/json] {\"card\":\"present\"}");
	o = options(w);
	o.method = "POST";
	assert_ok(http_call(&o, &b));
	assert_string_equal(buf_cstr(&b.body), "POST /a [] [] [] ");
}

static void
largest_body(void **state)
{
	struct world *w = *state;
	struct http_call_options o = options(w);
	AUTO(http_answer_free) struct http_answer a = { 0 };
	AUTO(http_answer_free) struct http_answer b = { 0 };
	AUTO(buf_free) struct buf body = BUF(HTTP_BODY_MAX + 1);

	serve(w);
	o.method = "POST";
	memset(buf_room(&body, body.max), 'x', body.max);
	o.body = cur_of(body.p, HTTP_BODY_MAX - 64);
	assert_ok(http_call(&o, &a));
	assert_true(a.body.len > HTTP_BODY_MAX - 64);
	/* Refused before it was read: the answer is heard all the same. */
	o.body = buf_view(&body);
	assert_ok(http_call(&o, &b));
	assert_int_equal(b.status, 413);
	assert_err(http_problem(&b), ERR_LIMIT);
}

static void
problem(void **state)
{
	struct world *w = *state;
	struct http_call_options o = options(w);
	AUTO(http_answer_free) struct http_answer a = { 0 };

	serve(w);
	o.path = "/problem";
	assert_ok(http_call(&o, &a));
	assert_int_equal(a.status, 403);
	assert_err(http_problem(&a), ERR_STALE);
}

struct word {
	int	    status;
	const char *body;
	enum err    want;
};

static void
problem_word(void **state)
{
	const struct word *t = *state;
	AUTO(http_answer_free) struct http_answer a = { .status = t->status, .body = BUF(256) };

	buf_str(&a.body, t->body);
	assert_err(http_problem(&a), t->want);
}

static void
nobody_there(void **state)
{
	struct world *w = *state;
	struct http_call_options o = options(w);
	struct http_answer a;
	struct http_call *c = NULL;
	char path[256];
	int fd;

	assert_err(http_call(&o, &a), ERR_BROKER);
	assert_err(http_call_start(w->bench.loop, &o, NULL, NULL, &c), ERR_BROKER);
	assert_null(c);
	assert_ok(http_listen(w->bench.path, 0600, &fd));
	close(fd);
	assert_err(http_call(&o, &a), ERR_BROKER);
	snprintf(path, sizeof(path), "/%0200d", 0);
	o.socket = path;
	assert_err(http_call(&o, &a), ERR_BROKER);
}

/* T13 */
static void
wrong_owner(void **state)
{
	struct world *w = *state;
	struct http_call_options o = options(w);
	AUTO(http_answer_free) struct http_answer a = { 0 };

	serve(w);
	o.owner = getuid() + 1;
	if (getuid() == 0) {
		/* Root's sockets are good for every owner: it is systemd that listens. */
		assert_ok(http_call(&o, &a));
		return;
	}
	assert_err(http_call(&o, &a), ERR_BROKER);
}

/* T13, as root: a socket that an ordinary uid listens on. */
static void
foreign_listener(void **state)
{
	struct world *w = *state;
	struct http_call_options o = options(w);
	AUTO(http_answer_free) struct http_answer a = { 0 };
	AUTO(http_answer_free) struct http_answer b = { 0 };
	int ready[2];
	char c;

	if (getuid() != 0)
		skip();
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(chown(w->bench.dir, 12345, -1), 0);
	w->child = fork();
	assert_true(w->child >= 0);
	if (w->child == 0) {
		int fd;

		if (setuid(12345) == 0 && http_listen(w->bench.path, 0666, &fd) == ERR_OK &&
		    write(ready[1], "x", 1) == 1)
			serve_for_ever(fd);
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	assert_err(http_call(&o, &a), ERR_BROKER);
	o.owner = 12345;
	assert_ok(http_call(&o, &a));
	o.owner = (uid_t)-1;
	assert_ok(http_call(&o, &b));
}

struct lie {
	const char *text;
	bool	    hang;
	enum err    want;
};

/* Servers that end too early, say nonsense, or say nothing. */
static void
lies(void **state)
{
	const struct lie *t = *state;
	struct world *w;
	void *made = NULL;

	setup(&made);
	w = made;
	{
		struct http_call_options o = options(w);
		AUTO(http_answer_free) struct http_answer a = { 0 };

		pretend(w, cur_str(t->text), t->hang);
		if (t->want == ERR_TIMEOUT)
			o.timeout_ms = 50;
		assert_err(http_call(&o, &a), t->want);
	}
	teardown(&made);
}

/* Nothing that is passed on may start a line of its own. */
static void
words_only(void **state)
{
	struct world *w = *state;
	struct http_answer a;
	static const char *const bad[] = { "/a b", "/a\r\nX: y", "/a\n", "/\x7f", "a", "" };

	for (size_t i = 0; i < NELEM(bad); i++) {
		struct http_call_options o = options(w);

		o.path = bad[i];
		assert_err(http_call(&o, &a), ERR_MALFORMED);
	}
	for (int i = 0; i < 4; i++) {
		struct http_call_options o = options(w);

		*(i == 0 ? &o.bearer : i == 1 ? &o.prefer : i == 2 ? &o.host : &o.method) = "a\r\nX:y";
		assert_err(http_call(&o, &a), ERR_MALFORMED);
	}
}

struct heard {
	unsigned done;
	enum err e;
	int	 status;
	bool	 drop;
	struct http_call *call;
};

static void
on_done(void *arg, enum err e, const struct http_answer *a)
{
	struct heard *h = arg;

	h->done++;
	h->e = e;
	h->status = a->status;
	if (h->drop)
		http_call_drop(&h->call);
}

static bool
is_done(void *arg)
{
	return ((struct heard *)arg)->done != 0;
}

/* Caller and server in one loop: neither ever waits for the other. */
static void
in_a_loop(void **state)
{
	struct world *w = *state;
	const struct http_server_options so = { .host = "test", .handler = tell };
	AUTO(http_server_stop) struct http_server *s = NULL;
	struct http_call_options o = options(w);
	struct heard h[3] = { { .drop = true }, { 0 }, { 0 } };
	int fd;

	assert_ok(http_listen(w->bench.path, 0600, &fd));
	assert_ok(http_server_start(w->bench.loop, fd, &so, &s));
	assert_ok(http_call_start(w->bench.loop, &o, on_done, &h[0], &h[0].call));
	o.path = "/problem";
	assert_ok(http_call_start(w->bench.loop, &o, on_done, &h[1], &h[1].call));
	assert_ok(http_call_start(w->bench.loop, &o, on_done, &h[2], &h[2].call));
	http_call_drop(&h[2].call);
	bench_until(&w->bench, is_done, &h[0]);
	bench_until(&w->bench, is_done, &h[1]);
	bench_settle(&w->bench);
	assert_null(h[0].call);
	assert_ok(h[0].e);
	assert_int_equal(h[0].status, 202);
	assert_ok(h[1].e);
	assert_int_equal(h[1].status, 403);
	assert_int_equal(h[0].done + h[1].done, 2);
	assert_int_equal(h[2].done, 0);
	http_call_drop(&h[1].call);
	http_call_drop(&h[1].call);
}

static void
in_a_loop_too_late(void **state)
{
	struct world *w = *state;
	struct http_call_options o = options(w);
	struct heard h = { .drop = true };

	pretend(w, cur_str("HTTP/1.1 200 OK\r\n"), true);
	o.timeout_ms = 50;
	assert_ok(http_call_start(w->bench.loop, &o, on_done, &h, &h.call));
	bench_until(&w->bench, is_done, &h);
	assert_err(h.e, ERR_TIMEOUT);
}

static void
in_a_loop_ended(void **state)
{
	struct world *w = *state;
	struct http_call_options o = options(w);
	struct heard h = { .drop = true };

	pretend(w, cur_str("HTTP/1.1 200 OK\r\n"), false);
	assert_ok(http_call_start(w->bench.loop, &o, on_done, &h, &h.call));
	bench_until(&w->bench, is_done, &h);
	assert_err(h.e, ERR_BROKER);
}

struct counted {
	unsigned n, enough;
};

static enum err
count(void *arg, const char *event, struct cur data)
{
	struct counted *c = arg;

	assert_string_equal(event, "n");
	assert_true(cur_eq_str(data, "{}"));
	return ++c->n == c->enough ? ERR_CANCELLED : ERR_OK;
}

static void
events(void **state)
{
	struct world *w = *state;
	struct http_call_options o = options(w);
	struct counted all = { 0 }, some = { .enough = 7 };

	serve(w);
	o.path = "/stream";
	assert_err(http_events(&o, count, &all), ERR_BROKER);
	assert_int_equal(all.n, 100);
	assert_err(http_events(&o, count, &some), ERR_CANCELLED);
	assert_int_equal(some.n, 7);
	o.path = "/problem";
	assert_err(http_events(&o, count, &all), ERR_STALE);
	o.path = "/a";
	assert_err(http_events(&o, count, &all), ERR_BROKER);
	o.path = "/held";
	o.timeout_ms = 50;
	assert_err(http_events(&o, count, &all), ERR_TIMEOUT);
}

/* More in one go than an answer may hold: a stream has no end. */
static void
long_stream(void **state)
{
	struct world *w = *state;
	struct http_call_options o = options(w);
	AUTO(buf_free) struct buf b = BUF(1 << 20);
	struct counted all = { 0 };

	buf_str(&b, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 20000; i++)
		buf_str(&b, "13\r\nevent: n\ndata: {}\n\n\r\n");
	buf_str(&b, "0\r\n\r\n");
	assert_ok(buf_end(&b));
	pretend(w, buf_view(&b), false);
	assert_err(http_events(&o, count, &all), ERR_BROKER);
	assert_int_equal(all.n, 20000);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
#define LIE(name, text, hang, want)					\
	{ name, lies, NULL, NULL, &(struct lie){ text, hang, want } }
#define WORD(status, body, want)					\
	{ "problem " body, problem_word, NULL, NULL, &(struct word){ status, body, want } }

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(call),
		T(largest_body),
		T(problem),
		T(nobody_there),
		T(wrong_owner),
		T(foreign_listener),
		T(words_only),
		T(in_a_loop),
		T(in_a_loop_too_late),
		T(in_a_loop_ended),
		T(events),
		T(long_stream),
		LIE("silence", "", true, ERR_TIMEOUT),
		LIE("half an answer", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", true,
		    ERR_TIMEOUT),
		LIE("nothing", "", false, ERR_BROKER),
		LIE("cut off", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", false, ERR_BROKER),
		LIE("no HTTP", "220 mail.example ESMTP\r\n", false, ERR_BROKER),
		LIE("too large", "HTTP/1.1 200 OK\r\nContent-Length: 131073\r\n\r\n", true,
		    ERR_BROKER),
		WORD(403, "{\"type\":\"" NAME_PROBLEM "busy\"}", ERR_BUSY),
		WORD(403, "{\"type\":\"" NAME_PROBLEM "failed\"}", ERR_SYS),
		WORD(403, "{\"type\":\"" NAME_PROBLEM "not_yet_known\"}", ERR_SYS),
		WORD(200, "{\"type\":\"" NAME_PROBLEM "busy\"}", ERR_BROKER),
		WORD(403, "{\"type\":\"" NAME_PROBLEM "ok\"}", ERR_BROKER),
		WORD(404, "{\"type\":\"" NAME_PROBLEM "not_found\"}", ERR_BROKER),
		WORD(404, "{\"type\":\"" NAME_PROBLEM "not_mine\"}", ERR_BROKER),
		WORD(403, "{\"type\":\"about:blank\"}", ERR_BROKER),
		WORD(403, "{\"type\":7}", ERR_BROKER),
		WORD(403, "{}", ERR_BROKER),
		WORD(403, "<html>", ERR_BROKER),
		WORD(403, "", ERR_BROKER),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
