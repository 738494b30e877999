/* SPDX-License-Identifier: EUPL-1.2 */
/* How often a card may get a PIN, and when the person is told or asked (T26). */
#include "tests/check.h"

#include "base/b64.h"
#include "tests/unit/login_bench.h"

#include <stdio.h>

static void
blocked(void **state)
{
	struct bench *b = *state;

	b->pin = (struct pin_state){ .tries = 0, .blocked = true };
	assert_err(bench_run(b), ERR_PIN_BLOCKED);
	assert_int_equal(b->asked, 0);
	assert_int_equal(b->signed_, 0);
	assert_true(b->ret.pin.blocked);
}

/* We never see it, and the assertion says so. */
static void
pin_on_the_reader(void **state)
{
	struct bench *b = *state;

	b->pinpad = true;
	assert_ok(bench_run(b));
	assert_int_equal(b->asked, 0);
	assert_int_equal(b->told_pinpad, 1);
	assert_int_equal(b->signed_, 1);
	assert_string_equal(b->sent[0], "");
	assert_string_equal(b->steps, "reading_card asking_pin signing ");
}

static void
wrong_then_right(void **state)
{
	struct bench *b = *state;

	b->pins[0] = "111111";
	b->signs[0] = (struct bench_sign){ ERR_PIN_WRONG, 2 };
	b->signs[1] = (struct bench_sign){ ERR_OK, 3 };
	assert_ok(bench_run(b));
	assert_int_equal(b->asked, 2);
	assert_int_equal(b->signed_, 2);
	assert_string_equal(b->sent[0], "111111");
	assert_string_equal(b->sent[1], "123456");
	/* No login sends two PINs without the person seeing the count. */
	assert_int_equal(b->seen[0].tries, 3);
	assert_int_equal(b->seen[0].why, LOGIN_ASK_FIRST);
	assert_int_equal(b->seen[1].tries, 2);
	assert_int_equal(b->seen[1].why, LOGIN_ASK_WRONG);
	assert_int_equal(b->asked_last_try, 0);
}

static void
wrong_and_one_left(void **state)
{
	struct bench *b = *state;

	b->pin.tries = 2;
	b->signs[0] = (struct bench_sign){ ERR_PIN_WRONG, 1 };
	assert_err(bench_run(b), ERR_PIN_WRONG);
	assert_int_equal(b->asked, 1);
	assert_int_equal(b->signed_, 1);
	assert_int_equal(b->ret.pin.tries, 1);
}

/* However many remain: two PINs in one login, not three. */
static void
wrong_twice(void **state)
{
	struct bench *b = *state;

	b->pin.tries = 10;
	b->signs[0] = (struct bench_sign){ ERR_PIN_WRONG, 9 };
	b->signs[1] = (struct bench_sign){ ERR_PIN_WRONG, 8 };
	assert_err(bench_run(b), ERR_PIN_WRONG);
	assert_int_equal(b->signed_, 2);
	assert_int_equal(b->ret.pin.tries, 8);
}

static void
blocked_by_this_one(void **state)
{
	struct bench *b = *state;

	b->signs[0] = (struct bench_sign){ ERR_PIN_BLOCKED, 0 };
	assert_err(bench_run(b), ERR_PIN_BLOCKED);
	assert_int_equal(b->signed_, 1);
	assert_true(b->ret.pin.blocked);
}

static void
last_try_refused(void **state)
{
	static const enum err all[] = { ERR_PIN_LAST_TRY, ERR_CANCELLED, ERR_TIMEOUT };
	struct bench *b = *state;

	b->pin = (struct pin_state){ .tries = 1, .last_try = true };
	for (size_t i = 0; i < NELEM(all); i++) {
		b->last_try_r = all[i];
		assert_err(bench_run(b), all[i]);
	}
	assert_int_equal(b->asked_last_try, NELEM(all));
	assert_int_equal(b->asked, 0);
	assert_int_equal(b->signed_, 0);
}

static void
last_try_agreed(void **state)
{
	struct bench *b = *state;

	b->pin = (struct pin_state){ .tries = 1, .last_try = true };
	assert_ok(bench_run(b));
	assert_int_equal(b->asked_last_try, 1);
	assert_true(b->allow_last[0]);
}

static void
last_try_lost(void **state)
{
	struct bench *b = *state;

	b->pin = (struct pin_state){ .tries = 1, .last_try = true };
	b->signs[0] = (struct bench_sign){ ERR_PIN_BLOCKED, 0 };
	assert_err(bench_run(b), ERR_PIN_BLOCKED);
	assert_int_equal(b->signed_, 1);
}

/* Tries unknown (rule 2): one PIN per login, also when the card now says how many. */
static void
unknown_and_wrong(void **state)
{
	struct bench *b = *state;

	b->pin.tries = -1;
	b->signs[0] = (struct bench_sign){ ERR_PIN_WRONG, 2 };
	assert_err(bench_run(b), ERR_PIN_WRONG);
	assert_int_equal(b->signed_, 1);
	assert_int_equal(b->seen[0].tries, -1);
	assert_int_equal(b->ret.pin.tries, 2);
}

static void
unknown_and_right(void **state)
{
	struct bench *b = *state;

	b->pin.tries = -1;
	b->signs[0].tries = -1;
	assert_ok(bench_run(b));
	assert_int_equal(b->asked_last_try, 0);
	assert_false(b->allow_last[0]);
}

/* Two wrong PINs were counted: the means calls the next one the last. */
static void
unknown_and_maybe_the_last(void **state)
{
	struct bench *b = *state;

	b->pin = (struct pin_state){ .tries = -1, .last_try = true };
	b->last_try_r = ERR_CANCELLED;
	assert_err(bench_run(b), ERR_CANCELLED);
	assert_int_equal(b->asked, 0);
	b->last_try_r = ERR_OK;
	assert_ok(bench_run(b));
	assert_int_equal(b->asked_last_try, 2);
	assert_true(b->allow_last[0]);
}

/* A PIN that cannot be right is not sent and costs nothing. */
static void
impossible_pins(void **state)
{
	static const char *const bad[] = { "12345", "123456789", "", "12345a", "12 456" };
	static const char *const strange[] = { "12345\t", "\x1b[A1234", "12345\x7f" };
	struct bench *b = *state;

	for (size_t i = 0; i < NELEM(bad) + NELEM(strange); i++) {
		b->asked = b->signed_ = 0;
		buf_free(&b->ret.assertion);
		/* Where letters are taken, too. */
		b->any_sign = i >= NELEM(bad);
		b->pins[0] = i < NELEM(bad) ? bad[i] : strange[i - NELEM(bad)];
		assert_ok(bench_run(b));
		assert_int_equal(b->asked, 2);
		assert_int_equal(b->signed_, 1);
		assert_string_equal(b->sent[0], "123456");
		assert_int_equal(b->seen[1].why, LOGIN_ASK_LENGTH);
	}
}

static void
impossible_for_ever(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < BENCH_ASKS; i++)
		b->pins[i] = "1";
	assert_err(bench_run(b), ERR_PIN_LENGTH);
	assert_int_equal(b->asked, 3);
	assert_int_equal(b->signed_, 0);
	assert_int_equal(b->ret.pin.tries, 3);
}

static void
enough_time(void **state)
{
	struct bench *b = *state;

	b->rq.deadline_boot_ms = BENCH_BOOT + 60000;
	assert_ok(bench_run(b));
	assert_int_equal(b->renewed_n, 0);
}

/* Less than a minute: a newer challenge is what gets signed. */
static void
renewed(void **state)
{
	struct bench *b = *state;
	AUTO(jws_parts_free) struct jws_parts parts = { 0 };
	struct assertion a;
	uint8_t sha256[32];

	b->rq.deadline_boot_ms = BENCH_BOOT + 59999;
	assert_ok(bench_run(b));
	assert_int_equal(b->renewed_n, 1);
	assert_ok(jws_split(buf_view(&b->ret.assertion), &parts));
	assert_ok(assertion_payload_read(buf_view(&parts.payload), &a));
	assert_int_equal(a.nonce[0], 0x61);
	EVP_Digest("new.challenge.1", 15, sha256, NULL, EVP_sha256(), NULL);
	assert_memory_equal(a.challenge_sha256, sha256, 32);
}

/* At most three challenges in one login. */
static void
renewed_for_each_window(void **state)
{
	struct bench *b = *state;

	b->rq.deadline_boot_ms = BENCH_BOOT + 30000;
	b->renew_ms = 61000;
	b->signs[0] = (struct bench_sign){ ERR_PIN_WRONG, 2 };
	assert_ok(bench_run(b));
	assert_int_equal(b->renewed_n, 2);
}

static void
renewal_refused(void **state)
{
	struct bench *b = *state;

	b->rq.deadline_boot_ms = BENCH_BOOT + 30000;
	b->renew_r = ERR_BROKER;
	assert_err(bench_run(b), ERR_BROKER);
	assert_int_equal(b->asked, 0);
}

static void
renewal_without_time(void **state)
{
	struct bench *b = *state;

	b->rq.deadline_boot_ms = BENCH_BOOT + 30000;
	b->renew_ms = 5000;
	assert_err(bench_run(b), ERR_STALE);
	assert_int_equal(b->asked, 0);
}

#define SWAP(name, change)						\
	static void							\
	swap_##name(struct login_request *rq)				\
	{								\
		change;							\
	}
SWAP(client, rq->c.client_id[0] ^= 1)
SWAP(iss, rq->c.iss[9] ^= 1)
SWAP(rp_nl, rq->c.rp_name_nl[0] ^= 1)
SWAP(rp_en, rq->c.rp_name_en[0] ^= 1)
SWAP(origin, rq->c.origin[9] ^= 1)
SWAP(no_origin, rq->c.origin[0] = '\0')
SWAP(acr, rq->c.acr[0] ^= 1)
SWAP(caller, rq->caller[0] ^= 1)
SWAP(language, rq->language[0] ^= 1)
SWAP(login, rq->login_id[0] ^= 1)
SWAP(policies, rq->c.n_policies = 0)
SWAP(policy, rq->c.policies[0][0] ^= 1)

/* T3: a renewal cannot change the question that the person answers. */
static void
renewal_of_another_question(void **state)
{
	static void (*const swaps[])(struct login_request *) = {
		swap_client, swap_iss, swap_rp_nl, swap_rp_en, swap_origin,
		swap_no_origin, swap_acr, swap_caller, swap_language, swap_login,
		swap_policies, swap_policy,
	};
	struct bench *b = *state;
	struct login_request before = b->rq;

	before.deadline_boot_ms = BENCH_BOOT + 30000;
	before.c.n_policies = 1;
	snprintf(before.c.policies[0], sizeof(before.c.policies[0]),
	    "2.16.528.1.1007.99.211");
	for (size_t i = 0; i < NELEM(swaps); i++) {
		b->rq = before;
		b->renewed = swaps[i];
		assert_err(bench_run(b), ERR_MISMATCH);
	}
	assert_int_equal(b->asked, 0);
	assert_int_equal(b->renewed_n, NELEM(swaps));
	b->rq = before;
	b->renewed = NULL;
	assert_ok(bench_run(b));
}

/* What the assertion says of how the PIN was typed. */
static void
says_entry(const struct bench *b, const char *want)
{
	AUTO(buf_free) struct buf payload = BUF(JWS_MAX);
	struct cur jws = buf_view(&b->tbs), header;

	assert_true(cur_until(&jws, '.', &header));
	assert_ok(b64url_get(jws, &payload));
	assert_non_null(buf_cstr(&payload));
	assert_non_null(strstr(buf_cstr(&payload), want));
}

/* Where the person may choose, an empty PIN means the reader, which has no letters. */
static void
reader_or_keyboard(void **state)
{
	struct bench *b = *state;

	b->pinpad = b->keyboard = true;
	b->pins[0] = "";
	assert_ok(bench_run(b));
	assert_int_equal(b->told_pinpad, 1);
	assert_string_equal(b->sent[0], "");
	says_entry(b, "\"pin_entry\":\"pinpad\"");
	b->pins[1] = "";
	b->signs[1] = (struct bench_sign){ ERR_PIN_WRONG, 2 };
	assert_ok(bench_run(b));	/* the second one is typed here */
	assert_int_equal(b->told_pinpad, 2);
	assert_int_equal(b->seen[2].why, LOGIN_ASK_WRONG);
	assert_string_equal(b->sent[2], "123456");
	says_entry(b, "\"pin_entry\":\"window\"");
}

/* The person agrees to a last try before the reader is asked (T26). */
static void
last_try_on_the_reader(void **state)
{
	struct bench *b = *state;

	b->pinpad = true;
	b->pin = (struct pin_state){ .tries = 1, .last_try = true };
	b->last_try_r = ERR_CANCELLED;
	assert_err(bench_run(b), ERR_CANCELLED);
	assert_int_equal(b->told_pinpad, 0);
	b->last_try_r = ERR_OK;
	assert_ok(bench_run(b));
	assert_int_equal(b->told_pinpad, 1);
	assert_true(b->allow_last[0]);
}

/* Told before each signature, and the PIN is not asked again (vector 70). */
static void
touch(void **state)
{
	struct bench *b = *state;

	b->touch = true;
	b->pins[0] = "111111";
	b->signs[0] = (struct bench_sign){ ERR_PIN_WRONG, 2 };
	b->signs[1] = (struct bench_sign){ ERR_NOT_TOUCHED, -1 };
	assert_err(bench_run(b), ERR_NOT_TOUCHED);
	assert_int_equal(b->asked, 2);
	assert_int_equal(b->told_touch, 2);
	/* The reader's window says it as well. */
	b->pinpad = true;
	assert_ok(bench_run(b));
	assert_int_equal(b->told_touch, 2);
}

static void
not_on_the_reader(void **state)
{
	static const enum err all[] = {
		ERR_CANCELLED, ERR_TIMEOUT, ERR_STALE, ERR_CARD, ERR_UNSUPPORTED,
	};
	struct bench *b = *state;

	b->pinpad = true;
	for (size_t i = 0; i < NELEM(all); i++) {
		b->signs[i].r = all[i];
		assert_err(bench_run(b), all[i]);
	}
	assert_int_equal(b->asked, 0);
	/* One that does not work: the keyboard, where policy leaves it. */
	b->keyboard = true;
	b->pins[0] = "";
	b->signs[5].r = ERR_UNSUPPORTED;
	assert_ok(bench_run(b));
	assert_int_equal(b->asked, 2);
	assert_string_equal(b->sent[6], "123456");
	says_entry(b, "\"pin_entry\":\"window\"");
}

#define T(f)	cmocka_unit_test_setup_teardown(f, bench_start, bench_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(blocked), T(pin_on_the_reader), T(wrong_then_right),
		T(wrong_and_one_left), T(wrong_twice),
		T(blocked_by_this_one), T(last_try_refused), T(last_try_agreed),
		T(last_try_lost), T(unknown_and_wrong), T(unknown_and_right),
		T(unknown_and_maybe_the_last), T(impossible_pins),
		T(impossible_for_ever), T(enough_time), T(renewed),
		T(renewed_for_each_window), T(renewal_refused), T(renewal_without_time),
		T(renewal_of_another_question), T(reader_or_keyboard),
		T(last_try_on_the_reader), T(not_on_the_reader), T(touch),
	};

	return cmocka_run_group_tests(tests, bench_group, bench_group_end);
}
