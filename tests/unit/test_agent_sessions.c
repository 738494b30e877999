/* SPDX-License-Identifier: EUPL-1.2 */
/* From the accepted login to the end of its session. */
#include "tests/unit/agent_world.h"

#include <string.h>

#include "base/file.h"

/* Does the agent keep a session of which its list says this? */
static bool
sessions_say(struct world *w, const char *what)
{
	struct answer *a = world_call(w, "GET", "/v1/sessions", NULL, NULL);
	bool found;

	world_expect(w, a, 200, NULL);
	found = strstr(a->body, what) != NULL;
	world_forget(w, a);
	return found;
}

static void
assert_no_session(struct world *w)
{
	assert_true(sessions_say(w, "{\"sessions\":[]}"));
}

/* Before it is accepted */

/* DESIGN section 6 rule 3: the watch starts from the state that the worker left. */
static void
card_gone_before_the_assertion(void **state)
{
	struct world *w = *state;

	world_script(w, "good");
	world_card->event_counter = 8;
	world_card->present = false;
	world_start(w);
	world_expect(w, world_login(w), 409, "card_removed");
	assert_int_equal(w->broker.assertions, 0);
}

/* T9: a quick swap, seen only as a counter. */
static void
card_swapped_before_the_assertion(void **state)
{
	struct world *w = *state;

	world_script(w, "good");
	world_card->event_counter = 9;
	world_start(w);
	world_expect(w, world_login(w), 409, "card_removed");
	assert_int_equal(w->broker.assertions, 0);
}

static void
card_gone_during_the_assertion(void **state)
{
	struct world *w = *state;
	struct answer *a;

	w->broker.hold = true;
	world_script(w, "good");
	world_start(w);
	a = world_login(w);
	UNTIL(w, w->broker.held != NULL);
	world_pull_card();
	world_settle(w);
	/* It is back before the broker answers, and with the same number again. */
	world_card->present = true;
	world_card->event_counter = 7;
	world_readers_changed();
	world_settle(w);
	broker_release(w);
	world_expect(w, a, 409, "card_removed");
	UNTIL(w, w->broker.ends == 1);
	assert_string_equal(w->broker.end_body, "{\"reason\":\"card_removed\"}");
	assert_string_equal(w->broker.bearer, "Bearer T-1");
	assert_no_session(w);
}

static void
pcscd_restarted_during_login(void **state)
{
	struct world *w = *state;
	struct answer *a;

	w->broker.hold = true;
	world_script(w, "good");
	world_start(w);
	a = world_login(w);
	UNTIL(w, w->broker.held != NULL);
	world_readers.generation++;
	world_readers_changed();
	world_settle(w);
	broker_release(w);
	world_expect(w, a, 409, "card_removed");
	UNTIL(w, w->broker.ends == 1);
}

/* The worker saw the insertion before the watch did. */
static void
watch_catches_up(void **state)
{
	struct world *w = *state;
	struct answer *a;

	world_card->event_counter = 6;
	world_card->present = false;
	world_script(w, "good");
	world_start(w);
	a = world_login(w);
	UNTIL(w, world_pokes == 1);
	assert_int_equal(w->broker.assertions, 0);
	world_card->event_counter = 7;
	world_card->present = true;
	world_readers_changed();
	world_expect(w, a, 200, NULL);
	assert_true(sessions_say(w, "\"state\":\"alive\""));
	world_pull_card();
	UNTIL(w, w->broker.ends == 1);
}

static void
watch_does_not_catch_up(void **state)
{
	struct world *w = *state;

	world_card->event_counter = 6;
	world_script(w, "good");
	world_start(w);
	world_expect(w, world_login(w), 409, "card_removed");
	assert_int_equal(w->broker.assertions, 0);
}

/* Nobody is there to take finish: the session must not stay. */
static void
caller_leaves_during_the_assertion(void **state)
{
	struct world *w = *state;
	struct answer *a;

	w->broker.hold = true;
	world_script(w, "good");
	world_start(w);
	a = world_login(w);
	UNTIL(w, w->broker.held != NULL);
	world_hang_up(a);
	world_settle(w);
	broker_release(w);
	UNTIL(w, w->broker.ends == 1);
	assert_string_equal(w->broker.end_body, "{\"reason\":\"cancelled\"}");
	assert_no_session(w);
}

/* Removal (T35) */

static void
removal_ends_the_session(void **state)
{
	struct world *w = *state;
	AUTO(buf_free) struct buf audit = BUF(8192);
	int64_t since;

	world_start(w);
	world_log_in(w);
	world_log_in(w);
	assert_true(sessions_say(w, "\"id\":\"S-1\""));
	/* The token is nobody's business but the broker's. */
	assert_false(sessions_say(w, "T-1"));
	since = clock_boot_ms();
	world_pull_card();
	UNTIL(w, w->broker.ends == 2);
	assert_true(clock_boot_ms() - since < 500);
	assert_string_equal(w->broker.end_body, "{\"reason\":\"card_removed\"}");
	assert_no_session(w);
	assert_ok(file_read(w->audit_file, &audit));
	assert_non_null(strstr(buf_cstr(&audit), "\"event\":\"session\""));
	assert_non_null(strstr(buf_cstr(&audit), "\"result\":\"card_removed\""));
}

static void
other_readers_do_not_matter(void **state)
{
	struct world *w = *state;

	world_start(w);
	world_log_in(w);
	world_readers.readers[0].present = true;
	world_readers.readers[0].event_counter = 5;
	world_card->in_use = true;
	world_readers_changed();
	world_settle(w);
	assert_true(sessions_say(w, "\"state\":\"alive\""));
	assert_int_equal(w->broker.ends, 0);
}

/* R5: the next person's card never continues the session. */
static void
other_card_ends_the_session(void **state)
{
	struct world *w = *state;

	world_start(w);
	world_log_in(w);
	world_card->event_counter += 2;
	world_readers_changed();
	UNTIL(w, w->broker.ends == 1);
}

static void
lost_service_ends_the_session(void **state)
{
	struct world *w = *state;

	world_start(w);
	world_log_in(w);
	world_readers.service = false;
	world_readers.n = 0;
	world_readers_changed();
	UNTIL(w, w->broker.ends == 1);
}

static void
lost_reader_ends_the_session(void **state)
{
	struct world *w = *state;

	world_start(w);
	world_log_in(w);
	world_readers.n = 1;
	world_readers_changed();
	UNTIL(w, w->broker.ends == 1);
}

/* T36 */
static void
sleep_ends_the_session(void **state)
{
	struct world *w = *state;

	world_start(w);
	world_log_in(w);
	world_seat(SEAT_SLEEP);
	UNTIL(w, w->broker.ends == 1);
	assert_string_equal(w->broker.end_body, "{\"reason\":\"sleep\"}");
	world_seat(SEAT_AWAKE);
	assert_true(world_pokes > 0);
}

/* Without logind the clocks tell. */
static void
sleep_that_nobody_announced(void **state)
{
	struct world *w = *state;

	world_start(w);
	world_log_in(w);
	world_has_slept = true;
	world_card->in_use = true;
	world_readers_changed();
	UNTIL(w, w->broker.ends == 1);
}

/* T37 */
static void
inactive_session_ends(void **state)
{
	struct world *w = *state;

	world_start(w);
	world_log_in(w);
	world_seat(SEAT_LEFT);
	world_settle(w);
	assert_true(sessions_say(w, "\"state\":\"alive\""));	/* require_session = no */
	w->conf.require_session = true;
	w->conf.card_removal = HOST_REMOVAL_NOTHING;
	world_seat(SEAT_LEFT);
	world_settle(w);
	assert_true(sessions_say(w, "\"state\":\"alive\""));	/* the policy keeps it */
	w->conf.card_removal = HOST_REMOVAL_END;
	world_seat(SEAT_LEFT);
	UNTIL(w, w->broker.ends == 1);
	assert_string_equal(w->broker.end_body, "{\"reason\":\"inactive\"}");
}

/* Policies (R7) */

static void
grace_then_end(void **state)
{
	struct world *w = *state;

	w->conf.card_removal = HOST_REMOVAL_GRACE;
	w->conf.grace_seconds = 1;
	world_start(w);
	world_log_in(w);
	world_pull_card();
	UNTIL(w, w->broker.leases == 1);
	assert_string_equal(w->broker.lease_body, "{\"card\":\"absent\",\"seconds\":1}");
	assert_int_equal(w->broker.ends, 0);
	assert_true(sessions_say(w, "\"state\":\"absent\""));
	/* A card that comes back could be anybody's. */
	world_card->present = true;
	world_card->event_counter++;
	world_readers_changed();
	UNTIL(w, w->broker.ends == 1);
	assert_string_equal(w->broker.end_body, "{\"reason\":\"card_removed\"}");
}

static void
broker_has_no_patience(void **state)
{
	struct world *w = *state;

	w->conf.card_removal = HOST_REMOVAL_GRACE;
	w->conf.grace_seconds = 600;
	w->broker.refuse_lease = ERR_NOT_ALLOWED;
	world_start(w);
	world_log_in(w);
	world_pull_card();
	UNTIL(w, w->broker.ends == 1);
}

static void
nothing_keeps_the_session(void **state)
{
	struct world *w = *state;

	w->conf.card_removal = HOST_REMOVAL_NOTHING;
	world_start(w);
	world_log_in(w);
	world_pull_card();
	UNTIL(w, w->broker.leases == 1);
	assert_string_equal(w->broker.lease_body,
	    "{\"card\":\"absent\",\"seconds\":86400}");
	assert_true(sessions_say(w, "\"state\":\"absent\""));
	assert_int_equal(w->broker.ends, 0);
	assert_int_equal(world_locks, 0);
}

/* The broker waits as long as it wants to, and tells. */
static void
broker_has_less_patience(void **state)
{
	struct world *w = *state;

	w->conf.card_removal = HOST_REMOVAL_NOTHING;
	w->broker.absence = 1;
	world_start(w);
	world_log_in(w);
	world_pull_card();
	UNTIL(w, w->broker.leases == 1);
	UNTIL(w, sessions_say(w, "\"sessions\":[]"));
	assert_int_equal(w->broker.leases, 1);
	assert_int_equal(w->broker.ends, 0);
}

static void
lock_keeps_the_session(void **state)
{
	struct world *w = *state;

	w->conf.card_removal = HOST_REMOVAL_LOCK;
	world_start(w);
	world_log_in(w);
	world_pull_card();
	UNTIL(w, w->broker.leases == 1);
	assert_int_equal(world_locks, 1);
	assert_int_equal(w->broker.ends, 0);
}

static void
lock_that_fails_ends_the_session(void **state)
{
	struct world *w = *state;

	w->conf.card_removal = HOST_REMOVAL_LOCK;
	world_can_lock = false;
	world_start(w);
	world_log_in(w);
	world_pull_card();
	UNTIL(w, w->broker.ends == 1);
}

/* Leases */

static void
lease_is_renewed(void **state)
{
	struct world *w = *state;

	w->broker.lease = 3;
	world_start(w);
	world_log_in(w);
	UNTIL(w, w->broker.leases == 2);
	assert_string_equal(w->broker.lease_body, "{\"card\":\"present\"}");
	assert_string_equal(w->broker.bearer, "Bearer T-1");
}

static void
broker_ended_it(void **state)
{
	struct world *w = *state;

	w->broker.lease = 3;
	w->broker.refuse_lease = ERR_GONE;
	world_start(w);
	world_log_in(w);
	UNTIL(w, w->broker.leases == 1);
	UNTIL(w, sessions_say(w, "\"sessions\":[]"));
	world_pull_card();
	world_settle(w);
	assert_int_equal(w->broker.ends, 0);
}

/* An error that may pass does not end it; the lease's own end does. */
static void
lease_runs_out(void **state)
{
	struct world *w = *state;

	w->broker.lease = 3;
	w->broker.refuse_lease = ERR_SYS;
	world_start(w);
	world_log_in(w);
	UNTIL(w, w->broker.leases == 3);
	assert_true(sessions_say(w, "\"state\":\"alive\""));
	UNTIL(w, sessions_say(w, "\"sessions\":[]"));
	assert_int_equal(w->broker.ends, 0);
}

static void
broker_dies(void **state)
{
	struct world *w = *state;

	w->broker.lease = 3;
	world_start(w);
	world_log_in(w);
	http_server_stop(&w->broker.server);
	assert_true(sessions_say(w, "\"state\":\"alive\""));
	UNTIL(w, sessions_say(w, "\"sessions\":[]"));
}

/* A renewal that is on its way does not hold up the end. */
static void
removal_during_a_renewal(void **state)
{
	struct world *w = *state;
	int64_t since;

	w->broker.lease = 3;
	w->broker.hold_leases = true;
	world_start(w);
	world_log_in(w);
	UNTIL(w, w->broker.leases == 1);
	since = clock_boot_ms();
	world_pull_card();
	UNTIL(w, w->broker.ends == 1);
	assert_true(clock_boot_ms() - since < 500);
}

static void
end_is_repeated_until_it_is_heard(void **state)
{
	struct world *w = *state;

	w->broker.refuse_end = ERR_SYS;
	world_start(w);
	world_log_in(w);
	world_pull_card();
	UNTIL(w, w->broker.ends == 1);
	assert_no_session(w);
	w->broker.refuse_end = ERR_OK;
	UNTIL(w, w->broker.ends == 2);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, world_make, world_drop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(card_gone_before_the_assertion),
		TEST(card_swapped_before_the_assertion),
		TEST(card_gone_during_the_assertion),
		TEST(pcscd_restarted_during_login),
		TEST(watch_catches_up),
		TEST(watch_does_not_catch_up),
		TEST(caller_leaves_during_the_assertion),
		TEST(removal_ends_the_session),
		TEST(other_readers_do_not_matter),
		TEST(other_card_ends_the_session),
		TEST(lost_service_ends_the_session),
		TEST(lost_reader_ends_the_session),
		TEST(sleep_ends_the_session),
		TEST(sleep_that_nobody_announced),
		TEST(inactive_session_ends),
		TEST(grace_then_end),
		TEST(broker_has_no_patience),
		TEST(nothing_keeps_the_session),
		TEST(broker_has_less_patience),
		TEST(lock_keeps_the_session),
		TEST(lock_that_fails_ends_the_session),
		TEST(lease_is_renewed),
		TEST(broker_ended_it),
		TEST(lease_runs_out),
		TEST(broker_dies),
		TEST(removal_during_a_renewal),
		TEST(end_is_repeated_until_it_is_heard),
	};

	return cmocka_run_group_tests_name("agent_sessions", tests, NULL, NULL);
}
