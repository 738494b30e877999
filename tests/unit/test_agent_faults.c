/* SPDX-License-Identifier: EUPL-1.2 */
/* Brokers and workers that fail, misbehave or are not who they should be. */
#include "tests/unit/agent_world.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/worker.h"

/* Brokers that fail */

static void
broker_refuses(void **state)
{
	struct world *w = *state;

	world_script(w, "good");
	world_start(w);
	w->broker.refuse_challenge = ERR_UNKNOWN;
	world_expect(w, world_login(w), 404, "unknown");
	w->broker.refuse_challenge = ERR_OK;
	w->broker.refuse_assertion = ERR_CERT_REVOKED;
	world_expect(w, world_login(w), 403, "certificate_revoked");
}

static void
broker_is_gone(void **state)
{
	struct world *w = *state;

	world_start(w);
	http_server_stop(&w->broker.server);
	world_expect(w, world_login(w), 502, "broker_unreachable");
	assert_int_equal(unlink(w->broker_socket), 0);
	world_expect(w, world_login(w), 502, "broker_unreachable");
}

static void
broker_leaves_in_between(void **state)
{
	struct world *w = *state;
	struct answer *a;

	world_script(w, "renew");
	world_start(w);
	a = world_login(w);
	UNTIL(w, w->broker.challenges == 1);
	/* The answer is out before the server is. */
	sd_event_run(w->loop, 0);
	http_server_stop(&w->broker.server);
	world_expect(w, a, 502, "broker_unreachable");
}

/* T13: a socket in a folder in which others can write may be anybody's. */
static void
brokers_folder_is_unsafe(void **state)
{
	struct world *w = *state;

	world_start(w);
	assert_int_equal(chmod(w->dir, 0777), 0);
	world_expect(w, world_login(w), 502, "broker_unreachable");
	assert_int_equal(chmod(w->dir, 0700), 0);
	assert_int_equal(w->broker.challenges, 0);
}

static void
brokers_owner_is_another(void **state)
{
	struct world *w = *state;

	if (geteuid() == 0)
		skip();		/* root is always trusted */
	w->conf.brokers[0].owner = geteuid() + 1;
	world_start(w);
	world_expect(w, world_login(w), 502, "broker_unreachable");
	assert_int_equal(w->broker.challenges, 0);
}

static void
answer_with_a_bad_lease(void **state)
{
	struct world *w = *state;

	w->broker.lease = 0;
	world_script(w, "good");
	world_start(w);
	world_expect(w, world_login(w), 502, "broker_unreachable");
}

/* Workers that fail */

/* T29: what a vendor's library does to its process is told, and ends there. */
static void
vendors_worker_misbehaves(void **state)
{
	struct world *w = *state;

	world_start(w);
	world_script(w, "vendor_dies");
	world_expect(w, world_login(w), 502, "vendor_library");
	world_script(w, "vendor_hands_over");
	world_expect(w, world_login(w), 502, "vendor_library");
	assert_int_equal(w->broker.assertions, 0);
	world_script(w, "hand_over");
	world_expect(w, world_login(w), 200, NULL);
}

static void
worker_misbehaves(void **state)
{
	static const char *const scripts[] = { "dies", "leaves", "garbage", "empty_frame",
		"unknown_type", "unknown_step", "bad_done", "bad_failed", "failed_ok",
		"agents_frame", "renew_impatient", "no such word",
		"hand_over_to_nobody", "hand_over_to_what_is_off", "no_reader" };
	struct world *w = *state;

	world_start(w);
	for (size_t i = 0; i < NELEM(scripts); i++) {
		world_script(w, scripts[i]);
		world_expect(w, world_login(w), 500, "failed");
	}
	assert_int_equal(w->broker.assertions, 0);
	/* And the agent lives. */
	world_script(w, "good");
	world_expect(w, world_login(w), 200, NULL);
}

static void
worker_is_not_there(void **state)
{
	struct world *w = *state;

	strcpy(w->conf.worker, "/nonexistent");
	world_start(w);
	world_expect(w, world_login(w), 500, "failed");
}

/* A worker that ignores everything is killed, and its window cannot stay. */
static void
stubborn_worker_is_killed(void **state)
{
	struct world *w = *state;
	struct answer *a;
	int64_t since;

	world_script(w, "stubborn");
	world_start(w);
	a = world_login_async(w);
	world_expect(w, a, 202, NULL);
	world_wait_state(w, a->location, "asking_pin");
	since = clock_boot_ms();
	world_expect(w, world_call(w, "DELETE", a->location, NULL, NULL), 204, NULL);
	assert_true(workers_linger(w->agent.workers));
	UNTIL(w, !workers_linger(w->agent.workers));
	/* It was asked to go first, and given the time to. */
	assert_true(clock_boot_ms() - since >= 900);
}

/* Its own watchdog stands still with it: nobody waits for the time of the login. */
static void
stopped_worker_is_killed(void **state)
{
	struct world *w = *state;
	int64_t since = clock_boot_ms();

	world_script(w, "stops");
	world_start(w);
	world_expect(w, world_login(w), 500, "failed");
	assert_true(clock_boot_ms() - since < 5000);
	assert_false(workers_linger(w->agent.workers));
	world_script(w, "good");
	world_expect(w, world_login(w), 200, NULL);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, world_make, world_drop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(broker_refuses),
		TEST(broker_is_gone),
		TEST(broker_leaves_in_between),
		TEST(brokers_folder_is_unsafe),
		TEST(brokers_owner_is_another),
		TEST(answer_with_a_bad_lease),
		TEST(worker_misbehaves),
		TEST(vendors_worker_misbehaves),
		TEST(worker_is_not_there),
		TEST(stubborn_worker_is_killed),
		TEST(stopped_worker_is_killed),
	};

	return cmocka_run_group_tests_name("agent_faults", tests, NULL, NULL);
}
