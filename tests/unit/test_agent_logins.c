/* SPDX-License-Identifier: EUPL-1.2 */
/* Logins through the agent's socket: accepted, followed, cancelled, refused. */
#include "tests/unit/agent_world.h"

#include <string.h>

#include "agent/worker.h"
#include "base/file.h"

#define PAGE(origin, top)						\
	"{\"login\":\"" HANDLE "\",\"page\":{\"origin\":\"" origin "\","	\
	"\"top\":" top ",\"extension\":\"dezi@example.nl\"}}"
#define ORIGIN	"https://epd.example.nl"

static struct answer *
get(struct world *w, const char *path)
{
	return world_call(w, "GET", path, NULL, NULL);
}

static void
allow_pages(struct world *w)
{
	w->conf.extension.n = 1;
	strcpy(w->conf.extension.item[0], "dezi@example.nl");
	strcpy(w->broker.challenge.origin, ORIGIN);
}

/* What works */

static void
login_is_accepted(void **state)
{
	struct world *w = *state;
	AUTO(buf_free) struct buf audit = BUF(8192);
	struct answer *a;
	char finish[64], id[64];

	world_script(w, "good");
	world_start(w);
	a = world_login(w);
	world_expect(w, a, 200, NULL);
	answer_member(a, "finish", finish, sizeof(finish));
	answer_member(a, "id", id, sizeof(id));
	assert_string_equal(finish, FINISH);
	assert_int_equal(w->broker.challenges, 1);
	assert_non_null(strstr(w->broker.assertion, "\"login\":\"" HANDLE "\""));
	assert_non_null(strstr(w->broker.assertion, "aGVhZGVy.cGF5bG9hZA.c2lnbmF0dXJl"));

	/* T33: neither the card's serial, nor the handle, nor finish is written down. */
	assert_ok(file_read(w->audit_file, &audit));
	assert_non_null(strstr(buf_cstr(&audit), "\"result\":\"ok\""));
	assert_non_null(strstr(buf_cstr(&audit), id));
	assert_null(strstr(buf_cstr(&audit), "4E4C0001"));
	assert_null(strstr(buf_cstr(&audit), HANDLE));
	assert_null(strstr(buf_cstr(&audit), FINISH));
}

static void
login_of_a_page(void **state)
{
	struct world *w = *state;
	struct answer *a;
	char finish[64];

	allow_pages(w);
	world_script(w, "good");
	world_start(w);
	a = world_call(w, "POST", "/v1/logins", PAGE(ORIGIN, "true"), NULL);
	world_expect(w, a, 200, NULL);
	answer_member(a, "finish", finish, sizeof(finish));
	assert_string_equal(finish, FINISH);
}

static void
worker_gets_clean_surroundings(void **state)
{
	struct world *w = *state;

	world_script(w, "surroundings");
	world_start(w);
	world_expect(w, world_login(w), 200, NULL);
}

static void
challenge_is_renewed(void **state)
{
	struct world *w = *state;

	world_script(w, "renew");
	world_start(w);
	world_expect(w, world_login(w), 200, NULL);
	assert_int_equal(w->broker.challenges, 2);
}

/* Asynchronously */

static void
async_tells_state_and_finish_once(void **state)
{
	struct world *w = *state;
	struct answer *a;
	char location[256], text[64];

	world_script(w, "good");
	w->broker.hold = true;
	world_start(w);
	a = world_login_async(w);
	world_expect(w, a, 202, NULL);
	assert_memory_equal(a->location, "/v1/logins/", 11);
	memcpy(location, a->location, sizeof(location));
	UNTIL(w, w->broker.held != NULL);
	a = world_wait_state(w, location, "finishing");
	assert_null(strstr(a->body, FINISH));
	broker_release(w);
	a = world_wait_state(w, location, "done");
	answer_member(a, "finish", text, sizeof(text));
	assert_string_equal(text, FINISH);
	a = get(w, location);
	world_expect(w, a, 200, NULL);
	assert_null(strstr(a->body, "finish\""));
}

/* The same user's other programs see nothing of it. */
static void
async_is_the_callers_own(void **state)
{
	struct world *w = *state;
	struct answer *a;

	world_script(w, "hang");
	world_start(w);
	a = world_login_async(w);
	world_expect(w, a, 202, NULL);
	assert_int_equal(world_call_elsewhere(w, "GET", a->location), 404);
	assert_int_equal(world_call_elsewhere(w, "DELETE", a->location), 404);
	world_expect(w, get(w, a->location), 200, NULL);
	world_expect(w, get(w, "/v1/logins/nobody"), 404, "unknown");
}

static void
async_is_cancelled(void **state)
{
	struct world *w = *state;
	struct answer *a, *b;
	char error[32];

	world_script(w, "hang");
	world_start(w);
	a = world_login_async(w);
	world_expect(w, a, 202, NULL);
	world_expect(w, world_call(w, "DELETE", a->location, NULL, NULL), 204, NULL);
	b = get(w, a->location);
	world_expect(w, b, 200, NULL);
	answer_member(b, "error", error, sizeof(error));
	assert_string_equal(error, "cancelled");
	UNTIL(w, !workers_linger(w->agent.workers));
}

static void
async_failure_is_told(void **state)
{
	struct world *w = *state;
	struct answer *a;

	world_script(w, "pin_wrong");
	world_start(w);
	a = world_login_async(w);
	world_expect(w, a, 202, NULL);
	a = world_wait_state(w, a->location, "failed");
	assert_non_null(strstr(a->body, "\"error\":\"pin_wrong\",\"tries\":2"));
	/* What is refused before a window opens is the answer itself. */
	w->broker.refuse_challenge = ERR_UNKNOWN;
	world_expect(w, world_login_async(w), 404, "unknown");
}

static void
async_results_are_not_kept_for_ever(void **state)
{
	struct world *w = *state;
	char first[256];

	world_script(w, "pin_wrong");
	world_start(w);
	for (int i = 0; i < 9; i++) {
		struct answer *a = world_login_async(w);

		world_expect(w, a, 202, NULL);
		if (i == 0)
			memcpy(first, a->location, sizeof(first));
		world_wait_state(w, a->location, "failed");
		w->n = 0;
	}
	world_expect(w, get(w, first), 404, "unknown");
}

/* One at a time (T20) */

static void
second_login_is_busy(void **state)
{
	struct world *w = *state;

	world_script(w, "hang");
	world_start(w);
	world_login(w);
	UNTIL(w, w->broker.challenges == 1);
	world_expect(w, world_login(w), 409, "busy");
	assert_int_equal(w->broker.challenges, 1);
}

static void
pause_after_a_cancelled_one(void **state)
{
	struct world *w = *state;
	struct answer *a;
	int64_t since;
	unsigned asked = 0;

	world_script(w, "hang");
	world_start(w);
	a = world_login(w);
	UNTIL(w, w->broker.challenges == 1);
	since = clock_boot_ms();
	world_hang_up(a);
	world_script(w, "good");
	do {
		sd_event_run(w->loop, 50000);
		world_forget(w, a);
		a = world_login(w);
		world_wait(w, a);
		asked++;
		if (a->status != 200)
			world_expect(w, a, 409, "busy");
	} while (a->status != 200);
	assert_true(clock_boot_ms() - since >= 5000);
	assert_true(asked > 1);
}

static void
user_cancels(void **state)
{
	struct world *w = *state;

	world_script(w, "cancelled");
	world_start(w);
	world_expect(w, world_login(w), 403, "cancelled");
	world_expect(w, world_login(w), 409, "busy");
}

static void
login_takes_too_long(void **state)
{
	struct world *w = *state;

	world_script(w, "hang");
	w->agent.login_ms = 200;
	world_start(w);
	world_expect(w, world_login(w), 408, "timeout");
	UNTIL(w, !workers_linger(w->agent.workers));
}

/* Refused before a window opens */

static void
screen_must_be_in_front(void **state)
{
	struct world *w = *state;

	w->conf.require_session = true;
	world_start(w);
	world_in_front = false;
	world_expect(w, world_login(w), 503, "not_available");
	assert_int_equal(w->broker.challenges, 0);
	world_in_front = true;
	world_script(w, "good");
	world_expect(w, world_login(w), 200, NULL);
}

/* T37: the person went away from the screen while the window was open. */
static void
screen_is_left_during_login(void **state)
{
	struct world *w = *state;
	struct answer *a;

	w->conf.require_session = true;
	world_script(w, "hang");
	world_start(w);
	a = world_login_async(w);
	world_expect(w, a, 202, NULL);
	a = get(w, a->location);
	world_expect(w, a, 200, NULL);
	world_seat(SEAT_LEFT);
	a = get(w, w->answers[0].location);
	world_expect(w, a, 200, NULL);
	assert_non_null(strstr(a->body, "\"error\":\"not_available\""));
}

/* T1, T2 */
static void
challenge_of_another_key(void **state)
{
	struct world *w = *state;

	w->broker.sign_with_other = true;
	world_script(w, "good");
	world_start(w);
	world_expect(w, world_login(w), 403, "challenge_refused");
	assert_int_equal(w->broker.assertions, 0);
}

/* DESIGN section 5: a clock that differs is reported, not refused. */
static void
challenge_of_another_time(void **state)
{
	struct world *w = *state;

	w->broker.skew = -3600;
	world_script(w, "good");
	world_start(w);
	world_expect(w, world_login(w), 200, NULL);
}

static void
challenge_of_another_issuer(void **state)
{
	struct world *w = *state;

	strcpy(w->broker.challenge.iss, "https://broker.example.nl.evil.nl");
	world_script(w, "good");
	world_start(w);
	world_expect(w, world_login(w), 403, "challenge_refused");
	assert_int_equal(w->broker.assertions, 0);
}

/* T5 */
static void
challenge_comes_twice(void **state)
{
	struct world *w = *state;

	world_script(w, "good");
	world_start(w);
	world_expect(w, world_login(w), 200, NULL);
	w->broker.repeat = true;
	world_expect(w, world_login(w), 403, "replayed");
	assert_int_equal(w->broker.assertions, 1);
}

static void
renewal_that_comes_twice(void **state)
{
	struct world *w = *state;

	w->broker.repeat = true;
	strcpy(w->broker.challenge.jti, "one");
	world_script(w, "renew");
	world_start(w);
	world_expect(w, world_login(w), 403, "replayed");
}

/* Between two challenges the broker changes what the person was shown. */
static void
renewal_for_another_client(void **state)
{
	struct world *w = *state;
	struct answer *a;

	world_script(w, "renew");
	world_start(w);
	a = world_login(w);
	UNTIL(w, w->broker.challenges == 1);
	strcpy(w->broker.challenge.rp_name_nl, "Een ander");
	world_expect(w, a, 403, "challenge_refused");
	assert_int_equal(w->broker.challenges, 2);
	assert_int_equal(w->broker.assertions, 0);
}

static void
renewals_have_an_end(void **state)
{
	struct world *w = *state;

	world_script(w, "renew_often");
	world_start(w);
	world_expect(w, world_login(w), 408, "timeout");
	assert_int_equal(w->broker.challenges, 3);
}

/* T3, T18, T32: a page learns one coarse word and no more. */
static void
page_is_refused(void **state)
{
	static const char *const bodies[] = {
		PAGE("https://epd.example.nm", "true"), PAGE(ORIGIN "/", "true"),
		PAGE(ORIGIN, "false"),
	};
	struct world *w = *state;

	allow_pages(w);
	world_script(w, "good");
	world_start(w);
	for (size_t i = 0; i < NELEM(bodies); i++) {
		struct answer *a = world_call(w, "POST", "/v1/logins", bodies[i], NULL);

		world_expect(w, a, 403, "not_allowed");
		assert_null(strstr(a->body, "\"id\""));
	}
	/* left out */
	world_expect(w, world_login(w), 403, "not_allowed");
	/* A frame is refused before the broker hears of it; an origin after. */
	assert_int_equal(w->broker.challenges, 3);
	assert_int_equal(w->broker.assertions, 0);
}

static void
page_learns_one_word(void **state)
{
	struct world *w = *state;
	struct answer *a;

	allow_pages(w);
	world_script(w, "pin_wrong");
	world_start(w);
	a = world_call(w, "POST", "/v1/logins", PAGE(ORIGIN, "true"), NULL);
	world_expect(w, a, 500, "failed");
	assert_string_equal(a->body, "{\"type\":\"tag:dezi.invalid,2026:problem/failed\","
	    "\"title\":\"the login failed\",\"status\":500}");
	w->broker.refuse_challenge = ERR_UNKNOWN;
	a = world_call(w, "POST", "/v1/logins", PAGE(ORIGIN, "true"), NULL);
	world_expect(w, a, 500, "failed");
}

static void
native_caller_learns_more(void **state)
{
	struct world *w = *state;
	struct answer *a;

	world_script(w, "pin_wrong");
	world_start(w);
	a = world_login(w);
	world_expect(w, a, 403, "pin_wrong");
	assert_non_null(strstr(a->body, "\"tries\":2"));
}

static void
configuration_decides(void **state)
{
	struct world *w = *state;

	world_script(w, "good");
	world_start(w);
	world_expect(w, world_call(w, "POST", "/v1/logins",
	    "{\"login\":\"" HANDLE "\",\"broker\":\"other\"}", NULL), 403, "not_allowed");
	assert_int_equal(w->broker.challenges, 0);
	strcpy(w->conf.native_client.item[0], "lab");
	world_expect(w, world_login(w), 403, "not_allowed");
	strcpy(w->conf.native_client.item[0], "epd");
	w->conf.native_program.n = 1;
	strcpy(w->conf.native_program.item[0], "/usr/bin/ehr");
	world_expect(w, world_login(w), 403, "not_allowed");
	assert_int_equal(w->broker.challenges, 1);
}

static void
requests_that_are_none(void **state)
{
	struct world *w = *state;

	world_start(w);
	world_expect(w, get(w, "/v2/cards"), 404, "not_found");
	world_expect(w, get(w, "/v1/logins"), 400, "bad_request");
	world_expect(w, get(w, "/v1/logins/"), 404, "not_found");
	world_expect(w, get(w, "/v1/logins/a/b"), 404, "not_found");
	world_expect(w, world_call(w, "POST", "/v1/cards", "{}", NULL), 400,
	    "bad_request");
	world_expect(w, world_call(w, "POST", "/v1/logins", "{}", NULL), 400,
	    "bad_request");
	assert_int_equal(w->broker.challenges, 0);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, world_make, world_drop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(login_is_accepted),
		TEST(login_of_a_page),
		TEST(worker_gets_clean_surroundings),
		TEST(challenge_is_renewed),
		TEST(async_tells_state_and_finish_once),
		TEST(async_failure_is_told),
		TEST(async_results_are_not_kept_for_ever),
		TEST(async_is_the_callers_own),
		TEST(async_is_cancelled),
		TEST(second_login_is_busy),
		TEST(pause_after_a_cancelled_one),
		TEST(user_cancels),
		TEST(login_takes_too_long),
		TEST(screen_must_be_in_front),
		TEST(screen_is_left_during_login),
		TEST(challenge_of_another_key),
		TEST(challenge_of_another_time),
		TEST(challenge_of_another_issuer),
		TEST(challenge_comes_twice),
		TEST(renewal_that_comes_twice),
		TEST(renewal_for_another_client),
		TEST(renewals_have_an_end),
		TEST(page_is_refused),
		TEST(page_learns_one_word),
		TEST(native_caller_learns_more),
		TEST(configuration_decides),
		TEST(requests_that_are_none),
	};

	return cmocka_run_group_tests_name("agent_logins", tests, NULL, NULL);
}
