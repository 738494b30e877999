/* SPDX-License-Identifier: EUPL-1.2 */
/* Who gets the result of a login, and how long its session lives. */
#include "tests/check.h"

#include <string.h>

#include "tests/unit/broker_house.h"

#define NEVER	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static enum err
result_for(struct house_test *t, const struct flow_at *at, const char *secret,
    const char *finish)
{
	struct flow_result res;
	enum err r = flow_result(&t->h.flow, at, cur_str(t->l.opened.login.text),
	    cur_str(secret), cur_str(finish), "", &res);

	if (r != ERR_OK)		/* nothing of the person stays behind */
		assert_string_equal(res.person.uzi_number, "");
	return r;
}

static enum err
result(struct house_test *t)
{
	return result_for(t, &t->h.at, t->l.opened.request_secret.text,
	    t->l.accepted.finish.text);
}

/* NULL: alive. */
static const char *
why_ended(struct house_test *t)
{
	static struct flow_session s;

	assert_ok(flow_session(&t->h.flow, &t->h.at, cur_str(t->l.accepted.session),
	    cur_str(t->l.opened.request_secret.text), &s));
	return s.alive ? NULL : s.why;
}

static enum err
present_as(struct house_test *t, const struct flow_at *at, const char *token)
{
	int64_t lease;

	return flow_present(&t->h.flow, at, cur_str(t->l.accepted.session),
	    cur_str(token), &lease);
}

static enum err
present(struct house_test *t)
{
	return present_as(t, &t->h.at, t->l.accepted.lease_token.text);
}

static enum err
absent(struct house_test *t, int64_t seconds, int64_t *ret_lease)
{
	return flow_absent(&t->h.flow, &t->h.at, cur_str(t->l.accepted.session),
	    cur_str(t->l.accepted.lease_token.text), seconds, ret_lease);
}

static enum err
end(struct house_test *t, const struct flow_at *at, const char *token, const char *reason)
{
	return flow_end(&t->h.flow, at, cur_str(t->l.accepted.session), cur_str(token),
	    reason);
}

static void
tick(struct house_test *t)
{
	int64_t next;

	assert_ok(flow_tick(&t->h.flow, &t->h.at, &next));
}

/* --- results --- */

static void
result_needs_both_halves(void **state)
{
	struct house_test *t = *state;
	const char *secret, *finish;

	house_login(&t->h, &t->l, &house_pki.z, &house_pki.pki.z);
	secret = t->l.opened.request_secret.text;
	finish = t->l.accepted.finish.text;
	assert_err(result_for(t, &t->h.at, NEVER, finish), ERR_UNKNOWN);
	assert_err(result_for(t, &t->h.at, secret, NEVER), ERR_UNKNOWN);
	assert_err(result_for(t, &t->h.at, secret, ""), ERR_UNKNOWN);
	assert_err(result_for(t, &t->h.at, finish, secret), ERR_UNKNOWN);
	assert_ok(result(t));
}

/* T4, the other way: who ran the login cannot fetch what another asked for. */
static void
result_is_the_askers(void **state)
{
	struct house_test *t = *state;
	struct flow_at bob = house_bob(&t->h);
	struct flow_session s;

	house_login(&t->h, &t->l, &house_pki.z, &house_pki.pki.z);
	for (int i = 0; i < FLOW_TRIES + 1; i++)	/* and it does no harm */
		assert_err(result_for(t, &bob, t->l.opened.request_secret.text,
		    t->l.accepted.finish.text), ERR_UNKNOWN);
	assert_ok(result(t));
	assert_err(flow_session(&t->h.flow, &bob, cur_str(t->l.accepted.session),
	    cur_str(t->l.opened.request_secret.text), &s), ERR_UNKNOWN);
}

static void
finish_once(void **state)
{
	struct house_test *t = *state;

	house_login(&t->h, &t->l, &house_pki.z, &house_pki.pki.z);
	assert_ok(result(t));
	assert_err(result(t), ERR_REPLAYED);
	house_restart(&t->h);
	assert_err(result(t), ERR_REPLAYED);
	assert_null(why_ended(t));
}

static void
finish_of_another_login(void **state)
{
	struct house_test *t = *state;
	struct house_login other;

	house_login(&t->h, &other, &house_pki.n, &house_pki.pki.n);
	house_login(&t->h, &t->l, &house_pki.z, &house_pki.pki.z);
	assert_err(result_for(t, &t->h.at, t->l.opened.request_secret.text,
	    other.accepted.finish.text), ERR_UNKNOWN);
	assert_err(result_for(t, &t->h.at, other.opened.request_secret.text,
	    t->l.accepted.finish.text), ERR_UNKNOWN);
	house_login_drop(&other);
}

static void
guesses_kill_the_login(void **state)
{
	struct house_test *t = *state;

	house_login(&t->h, &t->l, &house_pki.z, &house_pki.pki.z);
	for (int i = 0; i < FLOW_TRIES; i++)
		assert_err(result_for(t, &t->h.at, t->l.opened.request_secret.text,
		    NEVER), ERR_UNKNOWN);
	assert_err(result(t), ERR_UNKNOWN);
	assert_string_equal(why_ended(t), "refused");
	assert_err(present(t), ERR_GONE);
}

/* Guessing at an open login: then no assertion makes it good either. */
static void
guesses_kill_an_open_login(void **state)
{
	struct house_test *t = *state;

	house_begin(t);
	house_sign(&t->l, &house_pki.z, &house_pki.pki.z);
	for (int i = 0; i < FLOW_TRIES; i++)
		assert_err(result_for(t, &t->h.at, NEVER, NEVER), ERR_UNKNOWN);
	assert_err(flow_assertion(&t->h.flow, &t->h.at, cur_str(t->l.opened.login.text),
	    buf_view(&t->l.assertion), &t->l.accepted), ERR_UNKNOWN);
}

/* A session that was answered is not ended by who knows its handle. */
static void
guesses_do_not_end_a_session(void **state)
{
	struct house_test *t = *state;

	house_login(&t->h, &t->l, &house_pki.z, &house_pki.pki.z);
	assert_ok(result(t));
	for (int i = 0; i < FLOW_TRIES + 1; i++)
		assert_err(result_for(t, &t->h.at, NEVER, NEVER), ERR_UNKNOWN);
	assert_null(why_ended(t));
}

static void
result_too_early(void **state)
{
	struct house_test *t = *state;

	house_ask(&t->h, "native", "", &t->l);
	assert_err(result_for(t, &t->h.at, t->l.opened.request_secret.text, NEVER),
	    ERR_PENDING);
	assert_err(result_for(t, &t->h.at, NEVER, NEVER), ERR_UNKNOWN);
	house_later(&t->h, FLOW_LOGIN_SECONDS * 1000);
	assert_err(result_for(t, &t->h.at, t->l.opened.request_secret.text, NEVER),
	    ERR_TIMEOUT);
}

static void
result_of_a_handle_that_never_was(void **state)
{
	struct house_test *t = *state;
	struct flow_result res;

	assert_err(flow_result(&t->h.flow, &t->h.at, cur_str(NEVER), cur_str(NEVER),
	    cur_str(NEVER), "", &res), ERR_UNKNOWN);
}

/* Not fetched in 30 seconds: over, though the lease is kept up. */
static void
not_finished_in_time(void **state)
{
	struct house_test *t = *state;

	house_login(&t->h, &t->l, &house_pki.z, &house_pki.pki.z);
	house_later(&t->h, 20000);
	assert_ok(present(t));
	house_later(&t->h, 9999);
	assert_null(why_ended(t));
	house_later(&t->h, 1);
	assert_err(result(t), ERR_GONE);
	assert_string_equal(why_ended(t), "finish_timeout");
	assert_err(present(t), ERR_GONE);
}

static void
blocked_before_the_result(void **state)
{
	struct house_test *t = *state;
	AUTO(people_free) struct people *nobody = NULL;

	house_login(&t->h, &t->l, &house_pki.z, &house_pki.pki.z);
	assert_ok(people_read(cur_str("# empty\n"), &nobody));
	t->h.flow.people = nobody;
	assert_err(result(t), ERR_PERSON);
	assert_string_equal(why_ended(t), "not_registered");
	t->h.flow.people = t->h.people;
	assert_err(result(t), ERR_GONE);
}

/* --- leases --- */

static void
lease_needs_token_and_uid(void **state)
{
	struct house_test *t = *state;
	struct flow_at bob = house_bob(&t->h);
	const char *token;
	int64_t lease;

	house_login(&t->h, &t->l, &house_pki.z, &house_pki.pki.z);
	assert_ok(result(t));
	token = t->l.accepted.lease_token.text;
	assert_err(present_as(t, &t->h.at, NEVER), ERR_UNKNOWN);
	assert_err(present_as(t, &t->h.at, ""), ERR_UNKNOWN);
	assert_err(present_as(t, &t->h.at, t->l.opened.request_secret.text), ERR_UNKNOWN);
	assert_err(present_as(t, &bob, token), ERR_UNKNOWN);
	assert_err(end(t, &t->h.at, NEVER, "logout"), ERR_UNKNOWN);
	assert_err(end(t, &bob, token, "logout"), ERR_UNKNOWN);
	assert_err(flow_present(&t->h.flow, &t->h.at, cur_str("no-session"),
	    cur_str(token), &lease), ERR_UNKNOWN);
	assert_err(flow_present(&t->h.flow, &t->h.at, cur_str(""), cur_str(""), &lease),
	    ERR_UNKNOWN);
	assert_null(why_ended(t));
	assert_ok(present_as(t, &t->h.at, token));
}

/* An agent that is gone renews nothing: the session ends by itself (T35). */
static void
lease_runs_out(void **state)
{
	struct house_test *t = *state;
	int64_t next;

	house_login(&t->h, &t->l, &house_pki.z, &house_pki.pki.z);
	assert_ok(result(t));
	house_later(&t->h, 20000);
	assert_ok(present(t));
	assert_ok(flow_tick(&t->h.flow, &t->h.at, &next));
	assert_int_equal(next, t->h.at.boot_ms + 30000);
	house_later(&t->h, 29999);
	assert_null(why_ended(t));
	house_later(&t->h, 1);
	assert_ok(flow_tick(&t->h.flow, &t->h.at, &next));
	assert_int_equal(next, INT64_MAX);
	assert_string_equal(why_ended(t), "lease");
	assert_err(present(t), ERR_GONE);
}

/* Whoever looks before the timer does sees the truth too. */
static void
lease_runs_out_without_a_tick(void **state)
{
	struct house_test *t = *state;
	char line[4096];

	house_login(&t->h, &t->l, &house_pki.z, &house_pki.pki.z);
	assert_ok(result(t));
	house_later(&t->h, 30000);
	assert_err(present(t), ERR_GONE);
	assert_string_equal(why_ended(t), "lease");
	house_audit(&t->h, "\"event\":\"session_end\"", line, sizeof(line));
	assert_non_null(strstr(line, "\"why\":\"lease\""));
}

static void
card_comes_back(void **state)
{
	struct house_test *t = *state;
	int64_t lease;

	house_login(&t->h, &t->l, &house_pki.z, &house_pki.pki.z);
	assert_ok(result(t));
	assert_ok(absent(t, 20, &lease));
	assert_int_equal(lease, 20);
	house_later(&t->h, 19000);
	assert_ok(present(t));
	house_later(&t->h, 29000);
	assert_null(why_ended(t));
}

/* Policy sets the longest absence, and saying it again does not make it longer. */
static void
card_stays_away(void **state)
{
	struct house_test *t = *state;
	int64_t lease;

	house_login(&t->h, &t->l, &house_pki.z, &house_pki.pki.z);
	assert_ok(result(t));
	assert_ok(absent(t, 100000, &lease));
	assert_int_equal(lease, 60);
	house_later(&t->h, 40000);
	assert_ok(absent(t, 60, &lease));
	assert_int_equal(lease, 20);
	house_later(&t->h, 20000);
	assert_err(absent(t, 60, &lease), ERR_GONE);
	assert_string_equal(why_ended(t), "card_removed");
}

static void
no_absence_allowed(void **state)
{
	struct house_test *t = house_test_open(NULL, NULL);
	int64_t lease;

	(void)state;
	house_login(&t->h, &t->l, &house_pki.z, &house_pki.pki.z);
	assert_ok(result(t));
	assert_err(absent(t, 30, &lease), ERR_GONE);
	assert_string_equal(why_ended(t), "card_removed");
	house_test_close(t);
}

static void
agent_ends_it(void **state)
{
	struct house_test *t = *state;
	const char *token;

	house_login(&t->h, &t->l, &house_pki.z, &house_pki.pki.z);
	assert_ok(result(t));
	token = t->l.accepted.lease_token.text;
	assert_err(end(t, &t->h.at, token, ""), ERR_BAD_REQUEST);
	assert_err(end(t, &t->h.at, token, "Card removed!"), ERR_BAD_REQUEST);
	assert_err(end(t, &t->h.at, token, "a_reason_that_does_not_fit_in_its_field"),
	    ERR_BAD_REQUEST);
	assert_null(why_ended(t));
	assert_ok(end(t, &t->h.at, token, "card_removed"));
	assert_err(end(t, &t->h.at, token, "logout"), ERR_GONE);
	assert_string_equal(why_ended(t), "card_removed");
}

/* --- time --- */

static void
reboot_ends_sessions(void **state)
{
	struct house_test *t = *state;
	int64_t next;

	house_login(&t->h, &t->l, &house_pki.z, &house_pki.pki.z);
	assert_ok(result(t));
	house_restart(&t->h);
	assert_null(why_ended(t));	/* only the program started again */
	memcpy(t->h.flow.boot_id, "boot-2", sizeof("boot-2"));
	t->h.at.boot_ms = 1000;		/* CLOCK_BOOTTIME begins again */
	assert_ok(flow_start(&t->h.flow, &t->h.at, &next));
	assert_string_equal(why_ended(t), "reboot");
	assert_err(present(t), ERR_GONE);
}

/* A day after its end nobody can ask for it any more. */
static void
old_rows_go(void **state)
{
	struct house_test *t = *state;
	struct flow_session s;

	house_login(&t->h, &t->l, &house_pki.z, &house_pki.pki.z);
	assert_ok(result(t));
	assert_ok(end(t, &t->h.at, t->l.accepted.lease_token.text, "logout"));
	house_later(&t->h, 86000 * 1000L);
	tick(t);
	assert_string_equal(why_ended(t), "logout");
	house_later(&t->h, 3600 * 1000L);
	tick(t);
	assert_err(flow_session(&t->h.flow, &t->h.at, cur_str(t->l.accepted.session),
	    cur_str(t->l.opened.request_secret.text), &s), ERR_UNKNOWN);
}

#define ONE(name)	HOUSE_TEST(name, "absence_seconds = 60\n")

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(result_needs_both_halves),
		ONE(result_is_the_askers),
		ONE(finish_once),
		ONE(finish_of_another_login),
		ONE(guesses_kill_the_login),
		ONE(guesses_kill_an_open_login),
		ONE(guesses_do_not_end_a_session),
		ONE(result_too_early),
		ONE(result_of_a_handle_that_never_was),
		ONE(not_finished_in_time),
		ONE(blocked_before_the_result),
		ONE(lease_needs_token_and_uid),
		ONE(lease_runs_out),
		ONE(lease_runs_out_without_a_tick),
		ONE(card_comes_back),
		ONE(card_stays_away),
		cmocka_unit_test(no_absence_allowed),
		ONE(agent_ends_it),
		ONE(reboot_ends_sessions),
		ONE(old_rows_go),
	};

	return cmocka_run_group_tests(tests, house_group_set_up,
	    house_group_tear_down);
}
