/* SPDX-License-Identifier: EUPL-1.2 */
/* Answers and events, in pieces of every size. */
#include "tests/check.h"

#include "net/answer.h"
#include "net/sse.h"

#define OK_HEAD		"HTTP/1.1 200 OK\r\n"

struct row {
	const char *text;
	enum err    want;
	bool	    done;
	int	    status;
	const char *body;
};

static void
feed(const struct row *t, size_t piece, struct http_answer *a, bool *ret_done, enum err *ret)
{
	struct answer_parser p;
	struct cur rest = cur_str(t->text), part;

	*a = (struct http_answer){ .body = BUF(64) };
	answer_start(&p, a);
	for (*ret = ERR_OK; rest.n != 0 && *ret == ERR_OK;) {
		cur_take(&rest, piece < rest.n ? piece : rest.n, &part);
		*ret = answer_feed(&p, part);
	}
	*ret_done = *ret == ERR_OK && answer_is_done(&p);
}

/* However the bytes are cut, the answer is the same. */
static void
one(void **state)
{
	const struct row *t = *state;

	for (size_t piece = 1; piece <= strlen(t->text); piece++) {
		AUTO(http_answer_free) struct http_answer a;
		bool done;
		enum err r;

		feed(t, piece, &a, &done, &r);
		assert_err(r, t->want);
		assert_int_equal(done, t->done);
		if (!t->done)
			continue;
		assert_int_equal(a.status, t->status);
		assert_true(cur_eq_str(buf_view(&a.body), t->body));
	}
}

static void
headers(void **state UNUSED)
{
	const struct row t = { "HTTP/1.1 202 \r\nLocation:\t/v1/logins/7 \r\n"
	    "content-type: application/problem+json; charset=utf-8\r\nX: y\r\n"
	    "content-LENGTH: 2\r\n\r\nab", ERR_OK, true, 202, "ab" };
	AUTO(http_answer_free) struct http_answer a;
	bool done;
	enum err r;

	feed(&t, 1000, &a, &done, &r);
	assert_ok(r);
	assert_true(done);
	assert_string_equal(a.location, "/v1/logins/7");
	assert_string_equal(a.type, "application/problem+json");
}

/* What an interim answer said is not what the answer says. */
static void
interim_is_forgotten(void **state UNUSED)
{
	const struct row t = { "HTTP/1.1 103 Early\r\nLocation: /x\r\nContent-Length: 9\r\n\r\n"
	    "HTTP/1.1 204 No\r\n\r\n", ERR_OK, true, 204, "" };
	AUTO(http_answer_free) struct http_answer a;
	bool done;
	enum err r;

	feed(&t, 1000, &a, &done, &r);
	assert_ok(r);
	assert_true(done);
	assert_string_equal(a.location, "");
}

static void
too_long(void **state UNUSED)
{
	AUTO(http_answer_free) struct http_answer a = { .body = BUF(64) };
	struct answer_parser p;
	char line[512];

	memset(line, 'x', sizeof(line));
	answer_start(&p, &a);
	assert_ok(answer_feed(&p, cur_str(OK_HEAD "X: ")));
	for (int i = 0; i < 7; i++)
		assert_ok(answer_feed(&p, cur_of(line, sizeof(line))));
	assert_err(answer_feed(&p, cur_of(line, sizeof(line))), ERR_LIMIT);
	answer_start(&p, &a);
	assert_ok(answer_feed(&p, cur_str(OK_HEAD)));
	for (int i = 1; i < ANSWER_LINES_MAX; i++)
		assert_ok(answer_feed(&p, cur_str("X: y\r\n")));
	assert_err(answer_feed(&p, cur_str("X: y\r\n")), ERR_LIMIT);
	answer_start(&p, &a);
	line[255] = '\0';
	assert_ok(answer_feed(&p, cur_str(OK_HEAD "Location: ")));
	assert_ok(answer_feed(&p, cur_str(line)));
	assert_ok(answer_feed(&p, cur_str("\r\n")));
	assert_ok(answer_feed(&p, cur_str("Location: ")));
	assert_ok(answer_feed(&p, cur_str(line)));
	assert_err(answer_feed(&p, cur_str("y\r\n")), ERR_MALFORMED);
}

struct events {
	struct buf seen;	/* "name=data;" for each */
	enum err   then;
};

static enum err
on_event(void *arg, const char *event, struct cur data)
{
	struct events *e = arg;

	buf_fmt(&e->seen, "%s=", event);
	buf_cur(&e->seen, data);
	buf_u8(&e->seen, ';');
	return e->then;
}

struct stream_row {
	const char *text;
	const char *want;
};

static void
stream_one(void **state)
{
	const struct stream_row *t = *state;

	for (size_t piece = 1; piece <= strlen(t->text); piece++) {
		AUTO(sse_free) struct sse_parser p;
		AUTO(buf_free) struct buf seen = BUF(1024);
		struct events e = { .seen = BUF(1024) };
		struct cur rest = cur_str(t->text), part;

		sse_start(&p);
		while (rest.n != 0) {
			cur_take(&rest, piece < rest.n ? piece : rest.n, &part);
			assert_ok(sse_feed(&p, part, on_event, &e));
		}
		seen = e.seen;
		assert_string_equal(buf_cstr(&seen), t->want);
	}
}

static void
stream_refused(void **state UNUSED)
{
	AUTO(buf_free) struct buf large = BUF(SSE_LINE_MAX + 1);
	AUTO(sse_free) struct sse_parser p, q, s, u;
	struct events e = { .seen = BUF(0), .then = ERR_CANCELLED };

	sse_start(&p);
	assert_err(sse_feed(&p, cur_of("a\0b\n", 4), on_event, &e), ERR_MALFORMED);
	sse_start(&q);
	memset(buf_room(&large, large.max), 'x', large.max);
	assert_err(sse_feed(&q, buf_view(&large), on_event, &e), ERR_LIMIT);
	sse_start(&s);
	assert_ok(sse_feed(&s, cur_str("event: "), on_event, &e));
	assert_err(sse_feed(&s, cur_str("a234567890123456789012345678901234567890123456789012"
	    "345678901234\n"), on_event, &e), ERR_MALFORMED);
	/* What the callee says ends it. */
	sse_start(&u);
	assert_err(sse_feed(&u, cur_str("data: x\n\n"), on_event, &e), ERR_CANCELLED);
}

/* Many lines of data, each within its bound. */
static void
stream_data_bound(void **state UNUSED)
{
	AUTO(buf_free) struct buf line = BUF(SSE_LINE_MAX);
	AUTO(sse_free) struct sse_parser p;
	struct events e = { .seen = BUF(0) };

	sse_start(&p);
	buf_str(&line, "data:");
	memset(buf_room(&line, 60000), 'x', 60000);
	buf_u8(&line, '\n');
	assert_ok(sse_feed(&p, buf_view(&line), on_event, &e));
	assert_ok(sse_feed(&p, buf_view(&line), on_event, &e));
	assert_err(sse_feed(&p, buf_view(&line), on_event, &e), ERR_LIMIT);
}

#define ROW(name, text, want, done, status, body)			\
	{ name, one, NULL, NULL, &(struct row){ text, want, done, status, body } }
#define GOOD(name, text, status, body)	ROW(name, text, ERR_OK, true, status, body)
#define PART(name, text)		ROW(name, text, ERR_OK, false, 0, "")
#define BAD(name, text)			ROW(name, text, ERR_MALFORMED, false, 0, "")
#define LARGE(name, text)		ROW(name, text, ERR_LIMIT, false, 0, "")
#define STREAM(text, want)						\
	{ text, stream_one, NULL, NULL, &(struct stream_row){ text, want } }

int
main(void)
{
	const struct CMUnitTest tests[] = {
		GOOD("length", OK_HEAD "Content-Length: 5\r\n\r\nhello", 200, "hello"),
		GOOD("length 0", OK_HEAD "Content-Length: 0\r\n\r\n", 200, ""),
		GOOD("no reason", "HTTP/1.1 410\r\nContent-Length: 0\r\n\r\n", 410, ""),
		GOOD("no content", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
		GOOD("continue", "HTTP/1.1 100 Continue\r\n\r\n" OK_HEAD
		    "Content-Length: 1\r\n\r\nx", 200, "x"),
		GOOD("chunked", OK_HEAD "Transfer-Encoding: Chunked\r\n\r\n"
		    "5\r\nhello\r\n1;x=y\r\n \r\nA \r\n0123456789\r\n0\r\n\r\n", 200,
		    "hello 0123456789"),
		GOOD("chunked, empty, trailers", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n"
		    "000\r\nContent-Length: 7\r\n\r\n", 200, ""),
		PART("cut in the head", OK_HEAD "Content-Length: 5\r\n"),
		PART("cut in the body", OK_HEAD "Content-Length: 5\r\n\r\nhell"),
		PART("cut in a chunk", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhell"),
		PART("cut before the last chunk",
		    OK_HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
		BAD("other version", "HTTP/1.0 200 OK\r\n\r\n"),
		BAD("no HTTP", "SSH-2.0-OpenSSH\r\n"),
		BAD("empty first line", "\r\n"),
		BAD("two digits", "HTTP/1.1 20 OK\r\n"),
		BAD("four digits", "HTTP/1.1 2000 OK\r\n"),
		BAD("status 600", "HTTP/1.1 600 OK\r\n"),
		BAD("status 000", "HTTP/1.1 000 OK\r\n"),
		BAD("upgrade", "HTTP/1.1 101 Switching\r\n\r\n"),
		BAD("line feed only", "HTTP/1.1 200 OK\n"),
		BAD("no length", OK_HEAD "\r\n"),
		BAD("two lengths", OK_HEAD "Content-Length: 1\r\nContent-Length: 1\r\n"),
		BAD("length and chunked",
		    OK_HEAD "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
		BAD("other coding", OK_HEAD "Transfer-Encoding: gzip, chunked\r\n"),
		BAD("coding twice",
		    OK_HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
		BAD("negative length", OK_HEAD "Content-Length: -1\r\n"),
		BAD("length with sign", OK_HEAD "Content-Length: +1\r\n"),
		BAD("length list", OK_HEAD "Content-Length: 1, 1\r\n"),
		BAD("empty length", OK_HEAD "Content-Length:\r\n"),
		BAD("hex length", OK_HEAD "Content-Length: a\r\n"),
		BAD("folded", OK_HEAD "X: y\r\n z: a\r\n"),
		BAD("blank before colon", OK_HEAD "X : y\r\n"),
		BAD("no colon", OK_HEAD "X\r\n"),
		BAD("no name", OK_HEAD ": y\r\n"),
		BAD("control", OK_HEAD "X: \x01\r\n"),
		BAD("carriage return inside", OK_HEAD "X: a\rb\r\n"),
		BAD("chunk longer than it said",
		    OK_HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n"),
		BAD("chunk size of signs", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n-1\r\n"),
		BAD("chunk size like a digit", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n@\r\n"),
		BAD("chunk size 0x", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n0x1\r\n"),
		BAD("empty chunk size", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n\r\n"),
		BAD("bytes behind", OK_HEAD "Content-Length: 0\r\n\r\nx"),
		BAD("second answer", "HTTP/1.1 204 No\r\n\r\nHTTP/1.1 204 No\r\n"),
		LARGE("length 65", OK_HEAD "Content-Length: 65\r\n"),
		LARGE("length 2^64", OK_HEAD "Content-Length: 18446744073709551616\r\n"),
		LARGE("chunk 2^64",
		    OK_HEAD "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n"),
		LARGE("second chunk", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n"
		    "20\r\n01234567890123456789012345678901\r\n21\r\n"),
		cmocka_unit_test(headers),
		cmocka_unit_test(interim_is_forgotten),
		cmocka_unit_test(too_long),
		STREAM("data: a\n\n", "message=a;"),
		STREAM("id: 1\r\nevent: card\r\ndata: {\"a\":1}\r\n\r\n", "card={\"a\":1};"),
		STREAM("event: a\ndata:1\n\ndata:2\n\n", "a=1;message=2;"),
		STREAM("data: a\ndata:  b\ndata\n\n", "message=a\n b\n;"),
		STREAM(": heartbeat\n\n\n", ""),
		STREAM("event: x\n\ndata: y\n\n", "message=y;"),
		STREAM("data: cut\n", ""),
		STREAM("retry: 5\nother: 6\ndataset: 7\n\n", ""),
		cmocka_unit_test(stream_refused),
		cmocka_unit_test(stream_data_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
