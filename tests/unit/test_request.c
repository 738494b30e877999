/* SPDX-License-Identifier: EUPL-1.2 */
/* What the server lets in, without a socket: libmicrohttpd stops some of it before us. */
#include "tests/check.h"

#include "net/request.h"

#define BODY_MAX	100

struct headers {
	const char *line[4];	/* "Name:value" */
	enum err    want;
};

static void
judged(void **state)
{
	const struct headers *t = *state;
	struct request_check k = { .host = "test" };

	for (size_t i = 0; i < NELEM(t->line) && t->line[i] != NULL; i++) {
		struct cur value = cur_str(t->line[i]), name;

		assert_true(cur_until(&value, ':', &name));
		request_header(&k, name, value, BODY_MAX);
	}
	assert_err(request_end(&k), t->want);
}

static void
nul_in_a_value(void **state)
{
	struct request_check k = { .host = "test" };

	(void)state;
	request_header(&k, cur_str("Host"), cur_str("test"), BODY_MAX);
	request_header(&k, cur_str("X"), cur_of("a\0b", 3), BODY_MAX);
	assert_err(request_end(&k), ERR_BAD_REQUEST);
}

static void
targets(void **state)
{
	static const char *const good[] = { "/", "/v1/logins", "/v1/sessions/aZ0-_.~" };
	static const char *const bad[] = { "", "v1", "*", "/a?", "/a?b=c", "/a#b", "/%2e", "/a b",
		"/a\tb", "/\xc3\xab", "/a\\b", "/a;b", "/a:b", "http://test/a", "/\x7f", "/a\"" };
	char longest[1026];

	(void)state;
	for (size_t i = 0; i < NELEM(good); i++)
		assert_true(request_target_ok(good[i]));
	for (size_t i = 0; i < NELEM(bad); i++)
		assert_false(request_target_ok(bad[i]));
	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	longest[1025] = '\0';
	assert_false(request_target_ok(longest));
	longest[1024] = '\0';
	assert_true(request_target_ok(longest));
}

#define ROW(name, want, ...)						\
	{ name, judged, NULL, NULL, &(struct headers){ { __VA_ARGS__ }, want } }

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW("host", ERR_OK, "Host:test"),
		ROW("host, body", ERR_OK, "Content-Length:100", "hoST:test"),
		ROW("length with zeros", ERR_OK, "Host:test", "Content-Length:0000000000000000000100"),
		ROW("chunked", ERR_OK, "Host:test", "Transfer-Encoding:CHUNKED"),
		ROW("a name that begins like one of ours", ERR_OK, "Host:test", "Origins:x",
		    "Sec-Fetch:y", "Hosts:z"),
		ROW("no host", ERR_BAD_REQUEST, "X:y"),
		ROW("empty host", ERR_NOT_ALLOWED, "Host:"),
		ROW("longer host", ERR_NOT_ALLOWED, "Host:test."),
		ROW("two hosts", ERR_BAD_REQUEST, "Host:test", "Host:test"),
		/* T11 */
		ROW("origin", ERR_NOT_ALLOWED, "Host:test", "Origin:"),
		ROW("origin first", ERR_NOT_ALLOWED, "ORIGIN:null", "Host:test", "Host:test"),
		ROW("sec-fetch", ERR_NOT_ALLOWED, "Host:test", "sec-fetch-dest:empty"),
		ROW("space behind a name (T11)", ERR_BAD_REQUEST, "Host:test", "Origin :x"),
		ROW("name that is no token", ERR_BAD_REQUEST, "Host:test", "X(:x"),
		ROW("sec-fetch-", ERR_NOT_ALLOWED, "Host:test", "Sec-Fetch-:x"),
		ROW("too long", ERR_LIMIT, "Host:test", "Content-Length:101"),
		ROW("2^64", ERR_LIMIT, "Host:test", "Content-Length:18446744073709551616"),
		ROW("empty length", ERR_BAD_REQUEST, "Host:test", "Content-Length:"),
		ROW("signed length", ERR_BAD_REQUEST, "Host:test", "Content-Length:+1"),
		ROW("length list", ERR_BAD_REQUEST, "Host:test", "Content-Length:1,1"),
		ROW("hex length", ERR_BAD_REQUEST, "Host:test", "Content-Length:0x1"),
		ROW("two lengths", ERR_BAD_REQUEST, "Host:test", "Content-Length:1",
		    "Content-Length:1"),
		ROW("length and coding", ERR_BAD_REQUEST, "Host:test", "Content-Length:1",
		    "Transfer-Encoding:chunked"),
		ROW("two codings", ERR_BAD_REQUEST, "Host:test", "Transfer-Encoding:chunked",
		    "Transfer-Encoding:chunked"),
		ROW("other coding", ERR_BAD_REQUEST, "Host:test", "Transfer-Encoding:identity"),
		cmocka_unit_test(nul_in_a_value),
		cmocka_unit_test(targets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
