/* SPDX-License-Identifier: EUPL-1.2 */
/* Frames between agent and worker: read back whole, and refused when cut or stretched. */
#include "tests/check.h"

#include <string.h>

#include "base/frame.h"
#include "login/wire.h"

static struct login_request
sample(void)
{
	struct login_request rq = {
		.login_id = "l-1", .challenge = "eyJ.e30.AA",
		.deadline_boot_ms = 123456789012,
		.caller = "/usr/bin/epd", .language = "nl",
		.c = {
			.iss = "https://broker.example.nl", .jti = "c-1",
			.iat = 1790000000,
			.exp = 1790000120, .client_id = "epd",
			.rp_name_nl = "Zi\xc3\xabkenhuis",
			.origin = "https://epd.example.nl",
			.acr = "high", .policies = { "1.2.3", "1.2.4" }, .n_policies = 2,
		},
	};

	memset(rq.c.nonce, 0x5a, sizeof(rq.c.nonce));
	return rq;
}

static void
request(void **state)
{
	AUTO(buf_free) struct buf b = BUF(65536), again = BUF(65536);
	struct login_request rq = sample(), r;

	(void)state;
	assert_ok(wire_put_request(&b, &rq));
	assert_ok(wire_get_request(buf_view(&b), &r));
	assert_string_equal(r.login_id, "l-1");
	assert_string_equal(r.challenge, "eyJ.e30.AA");
	assert_string_equal(r.c.rp_name_nl, "Zi\xc3\xabkenhuis");
	assert_string_equal(r.c.rp_name_en, "");
	assert_string_equal(r.c.policies[1], "1.2.4");
	assert_int_equal(r.deadline_boot_ms, 123456789012);
	assert_ok(wire_put_request(&again, &r));
	assert_true(cur_eq(buf_view(&b), buf_view(&again)));
}

/* Every shorter body is refused, and one byte more. */
static void
request_cut(void **state)
{
	AUTO(buf_free) struct buf b = BUF(65536);
	struct login_request rq = sample(), r = { .deadline_boot_ms = -5 };

	(void)state;
	assert_ok(wire_put_request(&b, &rq));
	for (size_t n = 0; n < b.len; n++)
		assert_err(wire_get_request(cur_of(b.p, n), &r), ERR_MALFORMED);
	buf_u8(&b, 0);
	assert_err(wire_get_request(buf_view(&b), &r), ERR_MALFORMED);
	assert_int_equal(r.deadline_boot_ms, -5);
}

static void
request_wrong(void **state)
{
	AUTO(buf_free) struct buf b = BUF(65536);
	struct login_request rq = sample(), r;
	uint8_t *name;

	(void)state;
	rq.c.n_policies = CHALLENGE_POLICIES + 1;
	assert_err(wire_put_request(&b, &rq), ERR_LIMIT);
	rq = sample();
	assert_ok(wire_put_request(&b, &rq));
	name = memmem(b.p, b.len, "Zi\xc3", 3);
	assert_non_null(name);
	name[2] = 0xff;				/* no UTF-8 */
	assert_err(wire_get_request(buf_view(&b), &r), ERR_MALFORMED);
	name[2] = 0;				/* a NUL */
	assert_err(wire_get_request(buf_view(&b), &r), ERR_MALFORMED);
}

static void
done(void **state)
{
	AUTO(buf_free) struct buf b = BUF(65536);
	struct login_result d = {
		.assertion = BUF(JWS_MAX), .reader = "Lezer", .event_counter = 0xfffe0001,
		.serial = "0A0B", .alg = JWS_RS256, .apdus = 12,
	}, r = { 0 };

	(void)state;
	buf_str(&d.assertion, "eyJ.e30.AA");
	assert_ok(wire_put_done(&b, &d));
	assert_ok(wire_get_done(buf_view(&b), &r));
	assert_true(cur_eq_str(buf_view(&r.assertion), "eyJ.e30.AA"));
	assert_string_equal(r.reader, "Lezer");
	assert_string_equal(r.serial, "0A0B");
	assert_int_equal(r.event_counter, 0xfffe0001);
	assert_int_equal(r.alg, JWS_RS256);
	assert_int_equal(r.apdus, 12);
	assert_int_equal(r.pin.tries, -1);
	buf_free(&r.assertion);
	for (size_t n = 0; n < b.len; n++)
		assert_err(wire_get_done(cur_of(b.p, n), &r), ERR_MALFORMED);
	buf_u8(&b, 0);
	assert_err(wire_get_done(buf_view(&b), &r), ERR_MALFORMED);
	buf_free(&d.assertion);
}

/* As long as an assertion may be, with a long name of a reader beside it. */
static void
done_as_long_as_may_be(void **state)
{
	AUTO(buf_free) struct buf b = BUF(FRAME_MAX - 1);
	AUTO(login_result_free) struct login_result r = { 0 };
	struct login_result d = { .assertion = BUF(JWS_MAX), .alg = JWS_RS256 };

	(void)state;
	memset(d.reader, 'r', sizeof(d.reader) - 1);
	memset(d.serial, 'A', sizeof(d.serial) - 1);
	memset(buf_room(&d.assertion, JWS_MAX), 'A', JWS_MAX);
	assert_ok(wire_put_done(&b, &d));
	assert_ok(wire_get_done(buf_view(&b), &r));
	assert_int_equal(r.assertion.len, JWS_MAX);
	buf_free(&d.assertion);
}

static void
done_too_long(void **state)
{
	AUTO(buf_free) struct buf b = BUF(131072);
	struct login_result d = { .assertion = BUF(65535), .alg = JWS_RS256 }, r = { 0 };

	(void)state;
	memset(buf_room(&d.assertion, JWS_MAX + 1), 'A', JWS_MAX + 1);
	assert_ok(wire_put_done(&b, &d));
	assert_err(wire_get_done(buf_view(&b), &r), ERR_LIMIT);
	buf_free(&d.assertion);
}

static void
failure(void **state)
{
	AUTO(buf_free) struct buf b = BUF(4096);
	struct wire_failure f;

	(void)state;
	assert_ok(wire_put_failure(&b, ERR_PIN_WRONG, 2, "the card said so"));
	assert_ok(wire_get_failure(buf_view(&b), &f));
	assert_string_equal(f.word, "pin_wrong");
	assert_int_equal(f.tries, 2);
	assert_string_equal(f.trail, "the card said so");
	for (size_t n = 0; n < b.len; n++)
		assert_err(wire_get_failure(cur_of(b.p, n), &f), ERR_MALFORMED);
	buf_clear(&b);
	assert_ok(wire_put_failure(&b, ERR_NO_CARD, -1, "half a character \xc3"));
	assert_ok(wire_get_failure(buf_view(&b), &f));
	assert_int_equal(f.tries, -1);
}

static void
hand_over(void **state)
{
	AUTO(buf_free) struct buf b = BUF(1024);
	const struct wire_hand_over h = { "vendor", "Reader \xff 00", 7 };
	struct wire_hand_over r;

	(void)state;
	assert_ok(wire_put_hand_over(&b, &h));
	assert_ok(wire_get_hand_over(buf_view(&b), &r));
	assert_string_equal(r.module, h.module);
	assert_string_equal(r.reader, h.reader);
	assert_int_equal(r.event_counter, 7);
	for (size_t n = 0; n < b.len; n++)
		assert_err(wire_get_hand_over(cur_of(b.p, n), &r), ERR_MALFORMED);
	buf_u8(&b, 0);
	assert_err(wire_get_hand_over(buf_view(&b), &r), ERR_MALFORMED);
	buf_clear(&b);
	assert_ok(wire_put_hand_over(&b, &(struct wire_hand_over){ .event_counter = 1 }));
	assert_err(wire_get_hand_over(buf_view(&b), &r), ERR_MALFORMED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hand_over),
		cmocka_unit_test(request),
		cmocka_unit_test(request_cut),
		cmocka_unit_test(request_wrong),
		cmocka_unit_test(done),
		cmocka_unit_test(done_as_long_as_may_be),
		cmocka_unit_test(done_too_long),
		cmocka_unit_test(failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
