/* SPDX-License-Identifier: EUPL-1.2 */
/* The server on a real socket in a real loop, with polite and hostile clients. */
#include "tests/check.h"

#include <sys/resource.h>

#include "net/server.h"
#include "tests/unit/net_bench.h"

#define HOST		"Host: test\r\n"
#define GET(path)	"GET " path " HTTP/1.1\r\n" HOST "\r\n"

/* What the handler of the tests saw, and what it is told to do. */
struct world {
	struct bench	      bench;
	struct http_server   *server;
	bool		      refuse_peers;
	unsigned	      requests;
	struct http_exchange *held;		/* the one that waits: path /held */
	struct http_stream   *stream;		/* path /stream */
	unsigned	      gone;
	char		      method[16], path[64], header[64];
	struct buf	      body;
	struct http_peer      peer;
};

static void
on_gone(void *arg)
{
	struct world *w = arg;

	w->held = NULL;
	w->stream = NULL;
	w->gone++;
}

static void
note_request(struct world *w, const struct http_exchange *x)
{
	const char *prefer = http_header(x, "prefer");

	w->requests++;
	snprintf(w->method, sizeof(w->method), "%s", http_method(x));
	snprintf(w->path, sizeof(w->path), "%s", http_path(x));
	snprintf(w->header, sizeof(w->header), "%s", prefer == NULL ? "" : prefer);
	buf_clear(&w->body);
	buf_cur(&w->body, http_body(x));
	w->peer = *http_exchange_peer(x);
}

static void
handler(void *arg, struct http_exchange *x)
{
	struct world *w = arg;

	note_request(w, x);
	if (strcmp(w->path, "/held") == 0) {
		w->held = x;
		http_on_gone(x, on_gone, w);
	} else if (strcmp(w->path, "/stream") == 0) {
		w->stream = http_stream_start(x, on_gone, w);
	} else if (strcmp(w->path, "/problem") == 0) {
		http_reply_problem(x, ERR_BUSY, "\"retry\":5");
	} else if (strcmp(w->path, "/empty") == 0) {
		http_reply_empty(x, 204);
	} else if (strcmp(w->path, "/made") == 0) {
		http_reply_json(x, 202, cur_str("{\"id\":1}"), "/v1/logins/1");
	} else {
		http_reply_json(x, 200, http_body(x).n != 0 ? http_body(x) : cur_str("{}"), NULL);
	}
}

static bool
peer_ok(void *arg, const struct http_peer *peer UNUSED)
{
	struct world *w = arg;

	return !w->refuse_peers;
}

static int
setup_with(void **state, const struct http_server_options *with)
{
	struct world *w = calloc(1, sizeof(*w));
	struct http_server_options o = *with;
	int fd;

	assert_non_null(w);
	w->body = (struct buf)BUF(HTTP_BODY_MAX);
	bench_open(&w->bench);
	o.host = "test";
	o.peer_ok = peer_ok;
	o.handler = handler;
	o.arg = w;
	assert_ok(http_listen(w->bench.path, 0600, &fd));
	assert_ok(http_server_start(w->bench.loop, fd, &o, &w->server));
	*state = w;
	return 0;
}

static int
setup(void **state)
{
	return setup_with(state, &(struct http_server_options){ 0 });
}

static int
teardown(void **state)
{
	struct world *w = *state;

	http_server_stop(&w->server);
	buf_free(&w->body);
	bench_close(&w->bench);
	free(w);
	return 0;
}

/* A client whose answer is collected while the loop turns. */
struct client {
	struct world *w;
	int	      fd;
	struct buf    got;
	bool	      ended;
	const char   *want;
};

static struct client
client_open(struct world *w)
{
	return (struct client){ .w = w, .fd = bench_connect(&w->bench), .got = BUF(1 << 20) };
}

static void
client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	buf_free(&c->got);
}

static void
client_receive(struct client *c)
{
	char chunk[4096];
	ssize_t n;

	while (!c->ended) {
		n = recv(c->fd, chunk, sizeof(chunk), MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		c->ended = n <= 0;
		if (n > 0)
			buf_put(&c->got, chunk, (size_t)n);
	}
}

static bool
client_has(void *arg)
{
	struct client *c = arg;

	client_receive(c);
	return c->got.len != 0 && strstr(buf_cstr(&c->got), c->want) != NULL;
}

static bool
client_ended(void *arg)
{
	struct client *c = arg;

	client_receive(c);
	return c->ended;
}

static void
expect(struct client *c, const char *want)
{
	c->want = want;
	bench_until(&c->w->bench, client_has, c);
}

static void
expect_end(struct client *c)
{
	bench_until(&c->w->bench, client_ended, c);
}

static bool
handler_holds(void *arg)
{
	struct world *w = arg;

	return w->held != NULL;
}

static bool
stream_is_open(void *arg)
{
	struct world *w = arg;

	return w->stream != NULL;
}

static bool
client_is_gone(void *arg)
{
	struct world *w = arg;

	return w->gone != 0;
}

static void
get(void **state)
{
	struct world *w = *state;
	AUTO(client_close) struct client c = client_open(w);

	bench_send(c.fd, "GET /v1/cards HTTP/1.1\r\nhOST: test\r\nPrefer: respond-async\r\n\r\n");
	expect(&c, "\r\n\r\n{}");
	assert_non_null(strstr(buf_cstr(&c.got), "HTTP/1.1 200 "));
	assert_non_null(strstr(buf_cstr(&c.got), "Content-Type: application/json\r\n"));
	assert_non_null(strstr(buf_cstr(&c.got), "Cache-Control: no-store\r\n"));
	assert_string_equal(w->method, "GET");
	assert_string_equal(w->path, "/v1/cards");
	assert_string_equal(w->header, "respond-async");
	assert_int_equal(w->body.len, 0);
	assert_int_equal(w->peer.uid, getuid());
	assert_int_equal(w->peer.gid, getgid());
	assert_int_equal(w->peer.pid, getpid());
}

static void
other_answers(void **state)
{
	struct world *w = *state;
	AUTO(client_close) struct client c = client_open(w);

	bench_send(c.fd, "DELETE /problem HTTP/1.1\r\n" HOST "\r\n");
	expect(&c, "{\"type\":\"tag:dezi.invalid,2026:problem/busy\","
	    "\"title\":\"another login is in progress\",\"status\":409,\"retry\":5}");
	assert_non_null(strstr(buf_cstr(&c.got), "HTTP/1.1 409 "));
	assert_non_null(strstr(buf_cstr(&c.got), "Content-Type: application/problem+json\r\n"));
	bench_send(c.fd, GET("/made"));
	expect(&c, "Location: /v1/logins/1\r\n");
	expect(&c, "HTTP/1.1 202 ");
	bench_send(c.fd, GET("/empty"));
	expect(&c, "HTTP/1.1 204 ");
	assert_int_equal(w->requests, 3);
}

/* One connection, several requests, two of them at once. */
static void
keep_alive(void **state)
{
	struct world *w = *state;
	AUTO(client_close) struct client c = client_open(w);
	char body[32];

	for (int i = 0; i < 10; i++) {
		char request[128];

		snprintf(body, sizeof(body), "{\"n\":%d}", i);
		snprintf(request, sizeof(request),
		    "POST /a HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
		bench_send(c.fd, request);
		expect(&c, body);
	}
	buf_clear(&c.got);
	bench_send(c.fd, GET("/empty") GET("/problem"));
	expect(&c, "HTTP/1.1 204 ");
	expect(&c, "problem/busy");
	assert_int_equal(w->requests, 12);
	assert_false(c.ended);
}

/* Every request arrives whole, whatever the pieces. */
static void
byte_by_byte(void **state)
{
	static const char request[] =
	    "POST /a HTTP/1.1\r\n" HOST "Content-Length: 7\r\n\r\n{\"a\":1}";
	struct world *w = *state;
	AUTO(client_close) struct client c = client_open(w);

	for (size_t i = 0; i + 1 < sizeof(request); i++) {
		char one[2] = { request[i] };

		assert_int_equal(w->requests, 0);
		bench_send(c.fd, one);
		bench_settle(&w->bench);
	}
	expect(&c, "{\"a\":1}");
	assert_int_equal(w->requests, 1);
}

static void
chunked(void **state)
{
	struct world *w = *state;
	AUTO(client_close) struct client c = client_open(w);

	bench_send(c.fd, "POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
	    "3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n");
	expect(&c, "{\"a\":1}");
	assert_true(cur_eq_str(buf_view(&w->body), "{\"a\":1}"));
}

/* The handler takes its time; other requests are served meanwhile. */
static void
late_answer(void **state)
{
	struct world *w = *state;
	AUTO(client_close) struct client c = client_open(w);
	AUTO(client_close) struct client other = client_open(w);

	bench_send(c.fd, "POST /held HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}");
	bench_until(&w->bench, handler_holds, w);
	bench_send(other.fd, GET("/a"));
	expect(&other, "200");
	assert_int_equal(c.got.len, 0);
	http_reply_json(w->held, 201, cur_str("{\"late\":true}"), NULL);
	expect(&c, "{\"late\":true}");
	/* And the connection goes on. */
	bench_send(c.fd, GET("/empty"));
	expect(&c, "HTTP/1.1 204 ");
	assert_int_equal(w->gone, 0);
}

/* T14, T20: closing the connection cancels the login. */
static void
client_leaves(void **state)
{
	struct world *w = *state;
	AUTO(client_close) struct client c = client_open(w);

	bench_send(c.fd, GET("/held"));
	bench_until(&w->bench, handler_holds, w);
	close(c.fd);
	c.fd = -1;
	bench_until(&w->bench, client_is_gone, w);
	bench_settle(&w->bench);
	assert_int_equal(w->gone, 1);
	assert_int_equal(w->requests, 1);
}

/* Gone before the answer, and even before the request was read. */
static void
client_does_not_wait(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 3; i++) {
		AUTO(client_close) struct client c = client_open(w);

		bench_send(c.fd, i == 0 ? GET("/problem") : i == 1 ? GET("/stream") : GET("/held"));
	}
	bench_settle(&w->bench);
	assert_null(w->held);
	assert_null(w->stream);
}

/* Bytes behind the request do not hide that the client left. */
static void
client_leaves_bytes_behind(void **state)
{
	struct world *w = *state;
	AUTO(client_close) struct client c = client_open(w);

	bench_send(c.fd, GET("/held"));
	bench_until(&w->bench, handler_holds, w);
	bench_send(c.fd, GET("/a"));
	bench_settle(&w->bench);
	assert_int_equal(w->gone, 0);
	shutdown(c.fd, SHUT_WR);
	bench_until(&w->bench, client_is_gone, w);
	expect_end(&c);
	assert_int_equal(w->requests, 1);
	assert_int_equal(c.got.len, 0);
}

static void
stream(void **state)
{
	struct world *w = *state;
	AUTO(client_close) struct client c = client_open(w);

	bench_send(c.fd, GET("/stream"));
	bench_until(&w->bench, stream_is_open, w);
	expect(&c, "Content-Type: text/event-stream\r\n");
	for (int i = 0; i < 5; i++) {
		char event[64];

		snprintf(event, sizeof(event), "id: %d\ndata: {}\n\n", i);
		http_stream_put(w->stream, cur_str(event));
		if (i == 2)
			http_stream_put(w->stream, cur_str("id: 2b\ndata: {}\n\n"));
		expect(&c, event);
	}
	http_stream_put(w->stream, cur_str("last\n\n"));
	http_stream_close(&w->stream);
	assert_null(w->stream);
	expect(&c, "last\n\n");
	expect(&c, "\r\n0\r\n\r\n");
	assert_int_equal(w->gone, 0);
}

static void
stream_client_leaves(void **state)
{
	struct world *w = *state;
	AUTO(client_close) struct client c = client_open(w);

	bench_send(c.fd, GET("/stream"));
	bench_until(&w->bench, stream_is_open, w);
	http_stream_put(w->stream, cur_str("data: 1\n\n"));
	expect(&c, "data: 1\n\n");
	close(c.fd);
	c.fd = -1;
	bench_until(&w->bench, client_is_gone, w);
	bench_settle(&w->bench);
	assert_int_equal(w->gone, 1);
}

/* A client that does not read is closed when its queue is full, and not before. */
static void
stream_slow_reader(void **state)
{
	struct world *w = *state;
	AUTO(client_close) struct client c = client_open(w);
	AUTO(buf_free) struct buf event = BUF(8192);
	size_t put = 0;

	memset(buf_room(&event, 8192), 'x', 8192);
	bench_send(c.fd, GET("/stream"));
	bench_until(&w->bench, stream_is_open, w);
	while (w->gone == 0) {
		http_stream_put(w->stream, buf_view(&event));
		put += event.len;
		bench_settle(&w->bench);
		assert_true(put < 64 * 1024 * 1024);
	}
	assert_true(put > HTTP_STREAM_QUEUE_MAX);
	assert_int_equal(w->gone, 1);
	expect_end(&c);
}

/* One put that can never fit. */
static void
stream_too_much_at_once(void **state)
{
	struct world *w = *state;
	AUTO(client_close) struct client c = client_open(w);
	AUTO(buf_free) struct buf event = BUF(HTTP_STREAM_QUEUE_MAX + 1);

	memset(buf_room(&event, event.max), 'x', event.max);
	bench_send(c.fd, GET("/stream"));
	bench_until(&w->bench, stream_is_open, w);
	http_stream_put(w->stream, buf_view(&event));
	http_stream_put(w->stream, cur_str("after\n\n"));
	assert_int_equal(w->gone, 0);		/* never from within */
	bench_until(&w->bench, client_is_gone, w);
	expect_end(&c);
}

static void
no_stream(void **state UNUSED)
{
	struct http_stream *st = NULL;

	http_stream_put(NULL, cur_str("x"));
	http_stream_close(&st);
}

/* The refusals that need no handler: each ends the connection. */
struct refusal {
	const char *request;
	const char *want;
};

static void
refused(void **state)
{
	/* cmocka's initial state is the row; the world is made here. */
	const struct refusal *t = *state;
	void *made = NULL;
	struct world *w;

	setup(&made);
	w = made;
	{
		AUTO(client_close) struct client c = client_open(w);

		bench_send(c.fd, t->request);
		expect(&c, t->want);
		expect_end(&c);
		assert_int_equal(w->requests, 0);
	}
	teardown(&made);
}

/* T12: peers that may not speak to us at all. */
static void
foreign_peer(void **state)
{
	struct world *w = *state;
	AUTO(client_close) struct client c = client_open(w);

	w->refuse_peers = true;
	bench_send(c.fd, GET("/a"));
	expect(&c, "problem/not_allowed");
	assert_non_null(strstr(buf_cstr(&c.got), "HTTP/1.1 403 "));
	expect_end(&c);
	assert_int_equal(w->requests, 0);
}

static void
body_of(struct client *c, const char *header, size_t n)
{
	AUTO(buf_free) struct buf b = BUF(1 << 20);

	buf_fmt(&b, "POST /a HTTP/1.1\r\n" HOST "%s\r\n\r\n", header);
	memset(buf_room(&b, n), 'x', n);
	assert_int_equal(send(c->fd, b.p, b.len, MSG_NOSIGNAL | MSG_DONTWAIT), b.len);
}

static void
body_size(void **state)
{
	struct world *w = *state;
	AUTO(client_close) struct client c = client_open(w);
	AUTO(client_close) struct client more = client_open(w);

	body_of(&c, "Content-Length: 65536", 65536);
	expect(&c, "HTTP/1.1 200 ");
	assert_int_equal(w->body.len, HTTP_BODY_MAX);
	body_of(&more, "Content-Length: 65537", 0);
	expect(&more, "HTTP/1.1 413 ");
	expect(&more, "problem/limit");
	expect_end(&more);
	assert_int_equal(w->requests, 1);
}

/* A chunked body says its size only as it comes. */
static void
chunked_too_large(void **state)
{
	struct world *w = *state;
	AUTO(client_close) struct client c = client_open(w);

	/* Two bytes of the chunk are the CR LF that body_of() puts. */
	body_of(&c, "Transfer-Encoding: chunked\r\n\r\n18000", 0x18000 - 2);
	bench_send(c.fd, "\r\n0\r\n\r\n");
	expect(&c, "HTTP/1.1 413 ");
	assert_int_equal(w->requests, 0);
}

static void
chunked_without_end(void **state)
{
	struct world *w = *state;
	AUTO(client_close) struct client c = client_open(w);
	AUTO(buf_free) struct buf b = BUF(1 << 20);

	buf_str(&b, "8000\r\n");
	memset(buf_room(&b, 0x8000), 'x', 0x8000);
	buf_str(&b, "\r\n");
	bench_send(c.fd, "POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
	for (size_t sent = 0, total = 0; !client_ended(&c);) {
		ssize_t n = send(c.fd, b.p + sent, b.len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0)
			total += (size_t)n;
		if (n > 0)
			sent = (sent + (size_t)n) % b.len;
		assert_true(total < 4 * 1024 * 1024);
		bench_settle(&w->bench);
	}
	assert_int_equal(w->requests, 0);
}

static void
headers_too_large(void **state)
{
	struct world *w = *state;
	AUTO(client_close) struct client c = client_open(w);
	AUTO(buf_free) struct buf b = BUF(1 << 20);

	buf_str(&b, "GET /a HTTP/1.1\r\n" HOST "X: ");
	memset(buf_room(&b, 100000), 'x', 100000);
	assert_true(send(c.fd, b.p, b.len, MSG_NOSIGNAL | MSG_DONTWAIT) > 0);
	expect_end(&c);
	assert_int_equal(w->requests, 0);
}

static int
setup_impatient(void **state)
{
	return setup_with(state, &(struct http_server_options){ .patience_ms = 150 });
}

/* A slow client is cut off although it goes on sending (slow loris). */
static void
slow_headers(void **state)
{
	static const char drip[] = "X: y\r\n";
	struct world *w = *state;
	AUTO(client_close) struct client c = client_open(w);
	int64_t until = clock_boot_ms() + BENCH_PATIENCE_MS;

	bench_send(c.fd, "GET /a HTTP/1.1\r\n" HOST);
	for (size_t i = 0; !client_ended(&c); i++) {
		char one[2] = { drip[i % (sizeof(drip) - 1)] };

		assert_true(clock_boot_ms() < until);
		if (i < 1000)
			send(c.fd, one, 1, MSG_NOSIGNAL);
		sd_event_run(w->bench.loop, 1000);
	}
	assert_int_equal(w->requests, 0);
}

static void
idle_connection(void **state)
{
	struct world *w = *state;
	AUTO(client_close) struct client c = client_open(w);
	AUTO(client_close) struct client mute = client_open(w);

	bench_send(c.fd, GET("/a"));
	expect(&c, "200");
	expect_end(&c);
	expect_end(&mute);
	assert_int_equal(mute.got.len, 0);
}

/* An answer that is awaited and a stream that is open outlive every idle connection. */
static void
patience_ends_for_nobody_who_waits(void **state)
{
	struct world *w = *state;
	AUTO(client_close) struct client held = client_open(w);
	AUTO(client_close) struct client streaming = client_open(w);

	bench_send(held.fd, GET("/held"));
	bench_send(streaming.fd, GET("/stream"));
	bench_until(&w->bench, handler_holds, w);
	bench_until(&w->bench, stream_is_open, w);
	for (int i = 0; i < 3; i++) {
		AUTO(client_close) struct client idle = client_open(w);

		expect_end(&idle);
	}
	assert_int_equal(w->gone, 0);
	http_stream_put(w->stream, cur_str("still\n\n"));
	expect(&streaming, "still\n\n");
	http_reply_empty(w->held, 204);
	expect(&held, "HTTP/1.1 204 ");
	expect_end(&held);
}

/* A client that does not take its answer. */
static void
answer_not_taken(void **state)
{
	struct world *w = *state;
	AUTO(client_close) struct client c = client_open(w);
	AUTO(buf_free) struct buf large = BUF(1 << 23);

	memset(buf_room(&large, large.max), 'x', large.max);
	bench_send(c.fd, GET("/held"));
	bench_until(&w->bench, handler_holds, w);
	http_reply_json(w->held, 200, buf_view(&large), NULL);
	{
		/* When a later one was cut off for being idle, so was this one. */
		AUTO(client_close) struct client idle = client_open(w);

		bench_settle(&w->bench);
		expect_end(&idle);
	}
	expect_end(&c);
	assert_true(c.got.len < large.len);
}

static int
setup_crowded(void **state)
{
	return setup_with(state,
	    &(struct http_server_options){ .max_connections = 8, .max_per_uid = 3 });
}

static void
connections_of_one_uid(void **state)
{
	struct world *w = *state;
	AUTO(client_close) struct client a = client_open(w);
	AUTO(client_close) struct client b = client_open(w);
	AUTO(client_close) struct client c = client_open(w);
	AUTO(client_close) struct client d = client_open(w);

	expect_end(&d);
	assert_int_equal(d.got.len, 0);
	bench_send(a.fd, GET("/a"));
	expect(&a, "200");
	bench_send(c.fd, GET("/a"));
	expect(&c, "200");
	client_close(&b);
	bench_settle(&w->bench);
	{
		AUTO(client_close) struct client e = client_open(w);

		bench_send(e.fd, GET("/a"));
		expect(&e, "200");
	}
}

/* Stopped with all there is: a held exchange, a stream, half a request, an idle one. */
static void
stop_in_the_middle(void **state)
{
	struct world *w = *state;
	AUTO(client_close) struct client held = client_open(w);
	AUTO(client_close) struct client streaming = client_open(w);
	AUTO(client_close) struct client half = client_open(w);
	AUTO(client_close) struct client idle = client_open(w);

	bench_send(held.fd, GET("/held"));
	bench_send(streaming.fd, GET("/stream"));
	bench_send(half.fd, "GET /a HT");
	bench_until(&w->bench, handler_holds, w);
	bench_until(&w->bench, stream_is_open, w);
	http_stream_put(w->stream, cur_str("never read\n\n"));
	http_server_stop(&w->server);
	assert_int_equal(w->gone, 0);
	expect_end(&held);
	expect_end(&streaming);
	expect_end(&half);
	expect_end(&idle);
	http_server_stop(&w->server);
}

/* The agent starts programs: none of them gets a descriptor of the server. */
static void
nothing_is_inherited(void **state)
{
	struct world *w = *state;
	AUTO(client_close) struct client c = client_open(w);

	bench_send(c.fd, GET("/held"));
	bench_until(&w->bench, handler_holds, w);
	assert_true(bench_descriptors() > w->bench.descriptors);
	assert_int_equal(bench_inherited(), w->bench.inherited);
}

static bool
client_is_served(void *arg)
{
	struct world *w = arg;

	return w->requests != 0;
}

/* Out of descriptors, the server waits for better times, and does not spin. */
static void
no_descriptors_left(void **state)
{
	struct world *w = *state;
	struct client c;
	struct rlimit was, low;
	int next, turns = 0;

	/* Its own limit lets the kernel accept, and then drops the connection. */
	if (under_valgrind())
		skip();
	c = client_open(w);
	bench_send(c.fd, GET("/a"));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	next = dup(c.fd);
	low = (struct rlimit){ (rlim_t)next, was.rlim_max };
	close(next);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	while (sd_event_run(w->bench.loop, 0) > 0)
		turns++;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_true(turns < 10);
	assert_int_equal(w->requests, 0);
	bench_until(&w->bench, client_is_served, w);
	expect(&c, "200");
	client_close(&c);
}

/* Many at once, answered in another order than they came in. */
static void
many(void **state)
{
	struct world *w = *state;
	struct client c[24];

	for (size_t i = 0; i < NELEM(c); i++) {
		c[i] = client_open(w);
		bench_send(c[i].fd, i % 3 == 0 ? GET("/a") : i % 3 == 1 ? GET("/problem") :
		    "POST /b HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}");
	}
	for (size_t i = NELEM(c); i-- > 0;) {
		expect(&c[i], i % 3 == 1 ? "problem/busy" : "{}");
		client_close(&c[i]);
	}
	assert_int_equal(w->requests, NELEM(c));
}

#define T(f)		cmocka_unit_test_setup_teardown(f, setup, teardown)
#define REFUSED(name, request, want)					\
	{ name, refused, NULL, NULL, &(struct refusal){ request, want } }
#define FORBIDDEN	"problem/not_allowed\",\"title\":\"not allowed\",\"status\":403}"
#define BAD		"problem/bad_request\""

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(get),
		T(other_answers),
		T(keep_alive),
		T(byte_by_byte),
		T(chunked),
		T(late_answer),
		T(client_leaves),
		T(client_does_not_wait),
		T(client_leaves_bytes_behind),
		T(stream),
		T(stream_client_leaves),
		T(stream_slow_reader),
		T(stream_too_much_at_once),
		T(foreign_peer),
		T(body_size),
		T(chunked_too_large),
		T(chunked_without_end),
		T(headers_too_large),
		T(stop_in_the_middle),
		T(many),
		T(nothing_is_inherited),
		T(no_descriptors_left),
		cmocka_unit_test(no_stream),
		cmocka_unit_test_setup_teardown(slow_headers, setup_impatient, teardown),
		cmocka_unit_test_setup_teardown(idle_connection, setup_impatient, teardown),
		cmocka_unit_test_setup_teardown(patience_ends_for_nobody_who_waits,
		    setup_impatient, teardown),
		cmocka_unit_test_setup_teardown(answer_not_taken, setup_impatient, teardown),
		cmocka_unit_test_setup_teardown(connections_of_one_uid, setup_crowded, teardown),
		/* T11 */
		REFUSED("origin", "GET /a HTTP/1.1\r\n" HOST "Origin: https://x\r\n\r\n", FORBIDDEN),
		REFUSED("origin null", "GET /a HTTP/1.1\r\n" HOST "oRIGIN: null\r\n\r\n", FORBIDDEN),
		REFUSED("origin with a space behind its name (T11)",
		    "GET /a HTTP/1.1\r\n" HOST "Origin : https://x\r\n\r\n", BAD),
		REFUSED("origin empty", "GET /a HTTP/1.1\r\n" HOST "Origin:\r\n\r\n", FORBIDDEN),
		REFUSED("sec-fetch-site",
		    "GET /a HTTP/1.1\r\n" HOST "Sec-Fetch-Site: none\r\n\r\n", FORBIDDEN),
		REFUSED("sec-fetch-other",
		    "GET /a HTTP/1.1\r\n" HOST "sec-fetch-x: y\r\n\r\n", FORBIDDEN),
		REFUSED("host", "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n", FORBIDDEN),
		REFUSED("host case", "GET /a HTTP/1.1\r\nHost: TEST\r\n\r\n", FORBIDDEN),
		REFUSED("host port", "GET /a HTTP/1.1\r\nHost: test:80\r\n\r\n", FORBIDDEN),
		REFUSED("host longer", "GET /a HTTP/1.1\r\nHost: test.evil\r\n\r\n", FORBIDDEN),
		REFUSED("host twice", "GET /a HTTP/1.1\r\n" HOST HOST "\r\n", BAD),
		REFUSED("host two", "GET /a HTTP/1.1\r\n" HOST "Host: evil\r\n\r\n", FORBIDDEN),
		REFUSED("no host", "GET /a HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "),
		REFUSED("query", GET("/a?b=c"), BAD),
		REFUSED("empty query", GET("/a?"), BAD),
		REFUSED("escapes", GET("/%61"), BAD),
		REFUSED("absolute form", GET("http://test/a"), BAD),
		REFUSED("asterisk", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", BAD),
		REFUSED("two lengths", "POST /a HTTP/1.1\r\n" HOST
		    "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", BAD),
		REFUSED("length and coding", "POST /a HTTP/1.1\r\n" HOST
		    "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", BAD),
		REFUSED("other coding", "POST /a HTTP/1.1\r\n" HOST
		    "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", BAD),
		REFUSED("huge length", "POST /a HTTP/1.1\r\n" HOST
		    "Content-Length: 18446744073709551615\r\n\r\n", "HTTP/1.1 413 "),
		REFUSED("odd length", "POST /a HTTP/1.1\r\n" HOST
		    "Content-Length: +2\r\n\r\n{}", "HTTP/1.1 400 "),
		REFUSED("nonsense", "\x16\x03\x01 TLS\r\n\r\n", "HTTP/1."),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
