/* SPDX-License-Identifier: EUPL-1.2 */
/* Frames in memory and over a socket pair. */
#include "tests/check.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/frame.h"

static void
taken_as_put(void **state)
{
	AUTO(buf_free) struct buf b = BUF(1024);
	struct cur in, body;
	uint8_t type;

	(void)state;
	assert_ok(frame_put(&b, 7, cur_str("hello")));
	assert_ok(frame_put(&b, 0, cur_of(NULL, 0)));
	in = buf_view(&b);
	assert_ok(frame_take(&in, &type, &body));
	assert_int_equal(type, 7);
	assert_true(cur_eq_str(body, "hello"));
	assert_ok(frame_take(&in, &type, &body));
	assert_int_equal(type, 0);
	assert_int_equal(body.n, 0);
	assert_err(frame_take(&in, &type, &body), ERR_NOT_FOUND);
}

/* However little has come in, nothing is taken before the frame is whole. */
static void
partial(void **state)
{
	AUTO(buf_free) struct buf b = BUF(1024);
	uint8_t type = 99;
	struct cur body;

	(void)state;
	assert_ok(frame_put(&b, 7, cur_str("hello")));
	for (size_t n = 0; n < b.len; n++) {
		struct cur in = cur_of(b.p, n);

		assert_err(frame_take(&in, &type, &body), ERR_NOT_FOUND);
		assert_int_equal(in.n, n);
	}
	assert_int_equal(type, 99);
}

static void
lengths(void **state)
{
	AUTO(buf_free) struct buf large = BUF(1 << 20), body = BUF(1 << 20);
	struct cur in;
	uint8_t type;

	(void)state;
	in = cur_of("\0\0\0\0\1", 5);
	assert_err(frame_take(&in, &type, &in), ERR_MALFORMED);
	/* One more than the maximum is refused on the length alone. */
	in = cur_of("\0\1\0\1", 4);
	assert_err(frame_take(&in, &type, &in), ERR_MALFORMED);
	in = cur_of("\xff\xff\xff\xff", 4);
	assert_err(frame_take(&in, &type, &in), ERR_MALFORMED);
	memset(buf_room(&body, FRAME_MAX), 'x', FRAME_MAX);
	assert_err(frame_put(&large, 1, buf_view(&body)), ERR_LIMIT);
	assert_int_equal(large.len, 0);
	assert_ok(frame_put(&large, 1, cur_of(body.p, FRAME_MAX - 1)));
	in = buf_view(&large);
	assert_ok(frame_take(&in, &type, &in));
	assert_int_equal(in.n, FRAME_MAX - 1);
}

static void
fields(void **state)
{
	AUTO(buf_free) struct buf b = BUF(1 << 17), large = BUF(1 << 17);
	struct cur c, field;
	char str[4] = "xyz";

	(void)state;
	field_put(&b, cur_str("abc"));
	field_put(&b, cur_of(NULL, 0));
	field_put(&b, cur_of("a\0b", 3));
	field_put(&b, cur_str("long"));
	c = buf_view(&b);
	assert_true(field_take_str(&c, str, sizeof(str)));
	assert_string_equal(str, "abc");
	assert_true(field_take(&c, &field));
	assert_int_equal(field.n, 0);
	assert_false(field_take_str(&c, str, sizeof(str)));	/* a NUL */
	assert_true(field_take(&c, &field));
	assert_int_equal(field.n, 3);
	assert_false(field_take_str(&c, str, sizeof(str)));	/* no room */
	assert_true(field_take(&c, &field));
	assert_true(cur_eq_str(field, "long"));
	assert_false(field_take(&c, &field));
	c = cur_of("\0\3ab", 4);
	assert_false(field_take(&c, &field));
	assert_int_equal(c.n, 4);
	memset(buf_room(&large, 65536), 'x', 65536);
	field_put(&b, cur_of(large.p, 65535));
	assert_ok(buf_end(&b));
	field_put(&b, buf_view(&large));
	assert_err(buf_end(&b), ERR_LIMIT);
}

static void
over_a_socket(void **state)
{
	AUTO(buf_free) struct buf got = BUF(FRAME_MAX), large = BUF(FRAME_MAX);
	uint8_t type = 0;
	int pair[2], status;
	pid_t child;

	(void)state;
	memset(buf_room(&large, FRAME_MAX - 1), 'x', FRAME_MAX - 1);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(pair[0]);
		_exit(frame_write(pair[1], 3, cur_str("abc")) != ERR_OK ||
		    frame_write(pair[1], 4, buf_view(&large)) != ERR_OK ||
		    frame_write(pair[1], 5, cur_of(NULL, 0)) != ERR_OK);
	}
	close(pair[1]);
	assert_ok(frame_read(pair[0], &got, &type));
	assert_int_equal(type, 3);
	assert_true(cur_eq_str(buf_view(&got), "abc"));
	assert_ok(frame_read(pair[0], &got, &type));
	assert_int_equal(type, 4);
	assert_true(cur_eq(buf_view(&got), buf_view(&large)));
	assert_ok(frame_read(pair[0], &got, &type));
	assert_int_equal(got.len, 0);
	assert_err(frame_read(pair[0], &got, &type), ERR_IO);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	/* Nobody is there: an error, and no SIGPIPE. */
	assert_err(frame_write(pair[0], 1, cur_str("x")), ERR_IO);
	close(pair[0]);
}

struct hostile {
	const char *bytes;
	size_t	    n;
	enum err    want;
};

static void
hostile_peer(void **state)
{
	const struct hostile *t = *state;
	AUTO(buf_free) struct buf got = BUF(16);
	uint8_t type = 42;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(send(pair[1], t->bytes, t->n, MSG_NOSIGNAL), t->n);
	close(pair[1]);
	assert_err(frame_read(pair[0], &got, &type), t->want);
	assert_int_equal(type, 42);
	close(pair[0]);
}

#define HOSTILE(name, bytes, want)					\
	{ name, hostile_peer, NULL, NULL,				\
	    &(struct hostile){ bytes, sizeof(bytes) - 1, want } }

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taken_as_put),
		cmocka_unit_test(partial),
		cmocka_unit_test(lengths),
		cmocka_unit_test(fields),
		cmocka_unit_test(over_a_socket),
		HOSTILE("end in the head", "\0\0\0", ERR_IO),
		HOSTILE("end in the body", "\0\0\0\5\1abc", ERR_IO),
		HOSTILE("length 0", "\0\0\0\0\1", ERR_MALFORMED),
		HOSTILE("length 4 GiB", "\xff\xff\xff\xff\1", ERR_MALFORMED),
		HOSTILE("more than the reader allows", "\0\0\0\x12\1", ERR_LIMIT),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
