/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Out of memory, at every place where base, jose and net ask for some: each run of a
 * piece of work fails one allocation more, until it gets through.  What is lost then is
 * for the leak checkers to say.
 */
#include "tests/check.h"

#include <openssl/ec.h>

#include "base/b64.h"
#include "base/frame.h"
#include "base/ini.h"
#include "jose/json.h"
#include "jose/jsonw.h"
#include "jose/jws.h"
#include "net/answer.h"
#include "net/server.h"
#include "net/sse.h"
#include "tests/unit/net_bench.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);

static long countdown;		/* to the allocation that fails; 0: none does */
static bool failed;

static bool
fails_now(void)
{
	if (countdown == 0 || --countdown != 0)
		return false;
	failed = true;
	return true;
}

void *
__wrap_malloc(size_t n)
{
	return fails_now() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails_now() ? NULL : __real_calloc(n, size);
}

static enum err
work_json(void)
{
	static const char text[] = "{\"a\":\"b\",\"c\":[1,2.5,true,null,\"\\u00e9\"],\"d\":{\"e\":-1}}";
	AUTO(json_drop) json_t *o = NULL;
	AUTO(buf_free) struct buf b = BUF(256);
	enum err r;

	if ((r = json_load_object(cur_str(text), &o)) != ERR_OK)
		return r;
	return json_put(&b, o);
}

static enum err
work_jsonw(void)
{
	AUTO(buf_free) struct buf b = BUF(4096);

	jsonw_object(&b);
	for (int i = 0; i < 20; i++)
		jsonw_member_str(&b, "name", cur_str("some text that makes the buffer grow"));
	jsonw_object_end(&b);
	return buf_end(&b);
}

static enum err
work_jws(void)
{
	AUTO(jws_parts_free) struct jws_parts p = { 0 };
	AUTO(jws_header_free) struct jws_header h = { 0 };
	AUTO(buf_free) struct buf b = BUF(1024);
	enum err r;

	r = jws_signing_input(cur_str("{\"alg\":\"ES256\",\"typ\":\"t\",\"kid\":\"k\","
	    "\"x5c\":[\"MAA=\",\"MAA=\"]}"), cur_str("{}"), &b);
	if (r != ERR_OK || (r = jws_finish(&b, cur_str("signature"))) != ERR_OK ||
	    (r = jws_split(buf_view(&b), &p)) != ERR_OK)
		return r;
	return jws_header_parse(buf_view(&p.header), &h);
}

static enum err
work_thumbprint(void)
{
	AUTO(pkey_drop) EVP_PKEY *key = EVP_EC_gen("P-256");
	char print[JWK_THUMBPRINT_LEN + 1];

	return jwk_thumbprint(key, print);
}

static enum err
work_frame(void)
{
	AUTO(buf_free) struct buf b = BUF(FRAME_MAX), body = BUF(FRAME_MAX);

	field_put(&body, cur_str("field"));
	if (buf_end(&body) != ERR_OK)
		return buf_end(&body);
	return frame_put(&b, 1, buf_view(&body));
}

static enum err
work_bytes(void)
{
	AUTO(buf_free) struct buf b = BUF(64), c = BUF(64), d = BUF(64);
	enum err r;

	if ((r = b64url_get(cur_str("AAAA"), &b)) != ERR_OK ||
	    (r = hex_get(cur_str("00 11"), &c)) != ERR_OK)
		return r;
	buf_fmt(&d, "%d", 1);
	return buf_cstr(&d) == NULL ? buf_end(&d) : ERR_OK;
}

static enum err
work_answer(void)
{
	AUTO(http_answer_free) struct http_answer a = { .body = BUF(1024) };
	struct answer_parser p;

	answer_start(&p, &a);
	return answer_feed(&p, cur_str("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"));
}

static enum err
on_event(void *arg UNUSED, const char *event UNUSED, struct cur data UNUSED)
{
	return ERR_OK;
}

static enum err
work_sse(void)
{
	AUTO(sse_free) struct sse_parser p;

	sse_start(&p);
	return sse_feed(&p, cur_str("event: a\ndata: b\n\n"), on_event, NULL);
}

struct work {
	enum err (*fn)(void);
	bool	 json;		/* jansson may take what it could not keep for a fault of the text */
};

/* Until nothing fails any more: ERR_NOMEM each time, and the right result at last. */
static void
each_allocation(void **state)
{
	const struct work *t = *state;
	enum err r;

	/* jansson allocates for us. */
	json_set_alloc_funcs(__wrap_malloc, free);
	for (long n = 1;; n++) {
		assert_true(n < 1000);
		failed = false;
		countdown = n;
		r = t->fn();
		countdown = 0;
		if (!failed || !t->json || r != ERR_MALFORMED)
			assert_err(r, failed ? ERR_NOMEM : ERR_OK);
		if (!failed)
			break;
	}
}

/* A refusal stays a refusal when there is no memory to say it well. */
static void
refusal_stays(void **state)
{
	static const char *const names[] = { "a", "b" };
	const struct ini_line line = { .number = 1, .value = cur_str("c") };
	size_t at;

	(void)state;
	for (countdown = 1; countdown == 1;)
		assert_err(ini_choice(&line, names, 2, &at), ERR_CONFIG);
	countdown = 0;
}

struct world {
	struct bench	    bench;
	struct http_server *server;
	unsigned	    streams;
};

static void
on_stream_gone(void *arg)
{
	struct world *w = arg;

	w->streams--;
}

static void
handler(void *arg, struct http_exchange *x)
{
	struct world *w = arg;
	struct http_stream *st;

	if (strcmp(http_path(x), "/stream") != 0) {
		http_reply_problem(x, ERR_BUSY, NULL);
		return;
	}
	st = http_stream_start(x, on_stream_gone, w);
	w->streams += st != NULL;
	http_stream_put(st, cur_str("data: {}\n\n"));
}

/* The client hears something, or that nobody is there; the server goes on. */
static void
one_request(struct world *w, const char *path)
{
	int64_t until = clock_boot_ms() + BENCH_PATIENCE_MS;
	int fd = bench_connect(&w->bench);
	char request[128], got[4096];
	ssize_t n;

	snprintf(request, sizeof(request),
	    "POST %s HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\n{}", path);
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		assert_int_equal(errno, EPIPE);
	while ((n = recv(fd, got, sizeof(got), MSG_DONTWAIT)) < 0 && errno == EAGAIN) {
		assert_true(clock_boot_ms() < until);
		assert_true(sd_event_run(w->bench.loop, 1000) >= 0);
	}
	if (!failed)
		assert_true(n > 0);
	close(fd);
	bench_settle(&w->bench);
	assert_int_equal(w->streams, 0);
}

static void
server_goes_on(void **state)
{
	struct world w = { 0 };
	const struct http_server_options o = { .host = "test", .handler = handler, .arg = &w };
	static const char *const paths[] = { "/a", "/stream" };
	int fd;

	(void)state;
	bench_open(&w.bench);
	assert_ok(http_listen(w.bench.path, 0600, &fd));
	assert_ok(http_server_start(w.bench.loop, fd, &o, &w.server));
	for (size_t i = 0; i < NELEM(paths); i++)
		for (long n = 1; n < 20; n++) {
			failed = false;
			countdown = n;
			one_request(&w, paths[i]);
			countdown = 0;
			failed = false;
			one_request(&w, paths[i]);
		}
	http_server_stop(&w.server);
	bench_close(&w.bench);
}

#define WORK(name, ...)							\
	{ #name, each_allocation, NULL, NULL, &(struct work){ work_##name, __VA_ARGS__ } }

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORK(json, true),
		WORK(jsonw, false),
		WORK(jws, true),
		WORK(thumbprint, false),
		WORK(frame, false),
		WORK(bytes, false),
		WORK(answer, false),
		WORK(sse, false),
		cmocka_unit_test(refusal_stays),
		cmocka_unit_test(server_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
