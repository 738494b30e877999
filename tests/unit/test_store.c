/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The broker's memory: what may happen once happens once, also between processes, after
 * a kill and after a reboot (T5).
 */
#include "tests/check.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/store.h"

#define ISSUER	"https://broker.example"
#define NOW_MS	1000000
#define UTC	1790000000

static const struct peer alice = { "local", 1001 }, bob = { "local", 1002 };

struct place {
	char folder[64];
	char path[128];
};

static int
set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return -1;
	snprintf(p->folder, sizeof(p->folder), "test_store.XXXXXX");
	if (mkdtemp(p->folder) == NULL)
		return -1;
	snprintf(p->path, sizeof(p->path), "%s/broker.db", p->folder);
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const tails[] = { "", "-wal", "-shm" };
	struct place *p = *state;
	char name[160];

	for (size_t i = 0; i < NELEM(tails); i++) {
		snprintf(name, sizeof(name), "%s%s", p->path, tails[i]);
		unlink(name);
	}
	rmdir(p->folder);
	free(p);
	return 0;
}

static struct store *
open_at(const struct place *p)
{
	struct store *s = NULL;

	assert_ok(store_open(p->path, ISSUER, "test", &s));
	assert_ok(store_boot(s, "boot-1"));
	return s;
}

static struct login_row
add_login(struct store *s, uint8_t handle)
{
	struct login_row row = { .client = "ehr", .asker = alice, .acr = LOA_HIGH,
		.opened_utc = UTC, .until_ms = NOW_MS + 300000 };

	memset(row.handle, handle, sizeof(row.handle));
	memset(row.secret, 0x55, sizeof(row.secret));
	assert_ok(store_login_add(s, &row));
	return row;
}

static struct session_row
add_session(struct store *s, const struct login_row *login, const char *id)
{
	struct session_row row = { .login = *login, .auth_utc = UTC, .acr = LOA_HIGH,
		.uzi_number = "900000001", .pass_type = "Z",
		.finish_ms = NOW_MS + 30000, .lease_ms = NOW_MS + 31000 };

	snprintf(row.id, sizeof(row.id), "%s", id);
	assert_ok(store_session_add(s, &row));
	return row;
}

static void
login_once(void **state)
{
	AUTO(store_close) struct store *s = open_at(*state);
	struct login_row row = add_login(s, 1), got;
	uint8_t never[HASH_LEN] = { 0 };

	assert_ok(store_login_find(s, row.handle, &got));
	assert_int_equal(got.id, row.id);
	assert_false(got.bound);
	assert_int_equal(got.asker.uid, alice.uid);
	assert_int_equal(got.acr, LOA_HIGH);
	assert_int_equal(store_login_find(s, never, &got), ERR_NOT_FOUND);
	assert_err(store_login_add(s, &row), ERR_SYS);	/* the same handle */
}

/* T4: the first agent has it; another uid or host is told what nobody is told. */
static void
login_binds_once(void **state)
{
	AUTO(store_close) struct store *s = open_at(*state);
	struct login_row row = add_login(s, 1), got;
	const struct peer elsewhere = { "ward-7", alice.uid };

	assert_ok(store_login_bind(s, row.handle, &alice, NOW_MS, &got));
	assert_true(got.bound);
	assert_int_equal(got.agent.uid, alice.uid);
	assert_ok(store_login_bind(s, row.handle, &alice, NOW_MS, &got));
	assert_int_equal(store_login_bind(s, row.handle, &bob, NOW_MS, &got),
	    ERR_NOT_FOUND);
	assert_int_equal(store_login_bind(s, row.handle, &elsewhere, NOW_MS, &got),
	    ERR_NOT_FOUND);
	assert_int_equal(store_login_bind(s, row.handle, &alice, row.until_ms, &got),
	    ERR_NOT_FOUND);	/* too late */
}

static void
login_dies_of_guesses(void **state)
{
	AUTO(store_close) struct store *s = open_at(*state);
	struct login_row row = add_login(s, 1), got;
	int64_t tries;

	for (int i = 1; i <= 3; i++) {
		assert_ok(store_login_find(s, row.handle, &got));
		assert_int_equal(got.state, LOGIN_OPEN);
		assert_ok(store_login_miss(s, row.id, 3, &tries));
		assert_int_equal(tries, i);
	}
	assert_ok(store_login_find(s, row.handle, &got));
	assert_int_equal(got.state, LOGIN_DEAD);
}

static void
login_count(void **state)
{
	AUTO(store_close) struct store *s = open_at(*state);
	struct login_row first = add_login(s, 1);
	int64_t n;

	add_login(s, 2);
	assert_ok(store_login_count(s, &alice, NOW_MS, &n));
	assert_int_equal(n, 2);
	assert_ok(store_login_count(s, &bob, NOW_MS, &n));
	assert_int_equal(n, 0);
	add_session(s, &first, "s1");
	assert_ok(store_login_count(s, &alice, NOW_MS, &n));
	assert_int_equal(n, 1);
	assert_ok(store_login_count(s, &alice, NOW_MS + 300000, &n));
	assert_int_equal(n, 0);
}

/* A new one replaces the former; after the third there is no more. */
static void
challenge_replaces(void **state)
{
	AUTO(store_close) struct store *s = open_at(*state);
	struct login_row row = add_login(s, 1);
	struct challenge_row c = { .until_ms = NOW_MS + 120000 }, got;

	assert_int_equal(store_challenge_use(s, row.id, &got), ERR_NOT_FOUND);
	for (uint8_t i = 1; i <= 3; i++) {
		memset(c.nonce, i, sizeof(c.nonce));
		memset(c.jws_sha256, i, sizeof(c.jws_sha256));
		assert_ok(store_challenge_put(s, row.id, 3, &c));
	}
	assert_err(store_challenge_put(s, row.id, 3, &c), ERR_LIMIT);
	assert_ok(store_challenge_use(s, row.id, &got));
	assert_int_equal(got.nonce[0], 3);
	assert_int_equal(got.until_ms, c.until_ms);
	assert_err(store_challenge_use(s, row.id, &got), ERR_REPLAYED);
}

/* T5: used is used, when the program starts again too. */
static void
nonce_once_after_restart(void **state)
{
	struct store *s = open_at(*state);
	struct login_row row = add_login(s, 1);
	struct challenge_row c = { .until_ms = NOW_MS + 120000 }, got;

	assert_ok(store_challenge_put(s, row.id, 3, &c));
	assert_ok(store_challenge_use(s, row.id, &got));
	store_close(&s);
	s = open_at(*state);
	assert_err(store_challenge_use(s, row.id, &got), ERR_REPLAYED);
	store_close(&s);
}

/* A child uses the nonce and is killed at once: no clean end, no checkpoint. */
static void
nonce_once_after_kill(void **state)
{
	struct store *s = open_at(*state);
	struct login_row row = add_login(s, 1);
	struct challenge_row c = { .until_ms = NOW_MS + 120000 }, got;
	int status;
	pid_t pid;

	assert_ok(store_challenge_put(s, row.id, 3, &c));
	store_close(&s);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		s = open_at(*state);
		if (store_challenge_use(s, row.id, &got) == ERR_OK)
			raise(SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	s = open_at(*state);
	assert_err(store_challenge_use(s, row.id, &got), ERR_REPLAYED);
	store_close(&s);
}

#define RACERS	4
#define ROUNDS	20

/* Each racer tries every login; it says how many it won. */
static int
race(const struct place *p, const int64_t *logins, int start)
{
	struct store *s = NULL;
	struct challenge_row got;
	int won = 0;
	char go;

	if (store_open(p->path, ISSUER, "test", &s) != ERR_OK)
		return 100;
	if (read(start, &go, 1) != 0)	/* until the parent closes its end */
		return 101;
	for (int i = 0; i < ROUNDS; i++) {
		enum err r = store_challenge_use(s, logins[i], &got);

		if (r == ERR_OK)
			won++;
		else if (r != ERR_REPLAYED)
			return 102;
	}
	store_close(&s);
	return won;
}

/* T5: several processes on one database; each nonce has exactly one winner. */
static void
nonce_has_one_winner(void **state)
{
	struct store *s = open_at(*state);
	struct challenge_row c = { .until_ms = NOW_MS + 120000 };
	int64_t logins[ROUNDS];
	pid_t pids[RACERS];
	int start[2], total = 0;

	for (int i = 0; i < ROUNDS; i++) {
		logins[i] = add_login(s, (uint8_t)(i + 1)).id;
		assert_ok(store_challenge_put(s, logins[i], 3, &c));
	}
	store_close(&s);
	assert_int_equal(pipe(start), 0);
	for (int i = 0; i < RACERS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			close(start[1]);
			_exit(race(*state, logins, start[0]));
		}
	}
	close(start[0]);
	close(start[1]);
	for (int i = 0; i < RACERS; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		assert_true(WEXITSTATUS(status) <= ROUNDS);
		total += WEXITSTATUS(status);
	}
	assert_int_equal(total, ROUNDS);
}

static void
session_once(void **state)
{
	AUTO(store_close) struct store *s = open_at(*state);
	struct login_row login = add_login(s, 1);
	struct session_row row = add_session(s, &login, "s1"), got;

	memcpy(row.id, "s2", 3);
	assert_err(store_session_add(s, &row), ERR_REPLAYED);
	assert_int_equal(store_session_find(s, cur_str("s2"), &got), ERR_NOT_FOUND);
	assert_int_equal(store_session_find(s, cur_str(""), &got), ERR_NOT_FOUND);
	assert_ok(store_session_find(s, cur_str("s1"), &got));
	assert_string_equal(got.uzi_number, "900000001");
	assert_int_equal(got.login.id, login.id);
	assert_int_equal(got.login.state, LOGIN_ACCEPTED);
	assert_ok(store_session_of(s, login.id, &got));
	assert_string_equal(got.id, "s1");
}

/* finish counts once, and then the person is forgotten. */
static void
finish_once(void **state)
{
	AUTO(store_close) struct store *s = open_at(*state);
	struct login_row login = add_login(s, 1);
	struct session_row got;

	add_session(s, &login, "s1");
	assert_ok(store_session_finish(s, "s1"));
	assert_err(store_session_finish(s, "s1"), ERR_REPLAYED);
	assert_ok(store_session_find(s, cur_str("s1"), &got));
	assert_int_equal(got.finish_ms, 0);
	assert_string_equal(got.uzi_number, "");
	assert_int_equal(got.ended_utc, 0);
}

static void
session_ends_once(void **state)
{
	AUTO(store_close) struct store *s = open_at(*state);
	struct login_row login = add_login(s, 1);
	struct session_row got;
	int64_t at;

	add_session(s, &login, "s1");
	assert_ok(store_session_deadline(s, &at));
	assert_int_equal(at, NOW_MS + 30000);	/* finish comes first */
	assert_ok(store_session_lease(s, "s1", NOW_MS + 90000, 0));
	assert_ok(store_session_end(s, "s1", "card_removed", UTC + 5));
	assert_err(store_session_end(s, "s1", "logout", UTC + 6), ERR_GONE);
	assert_err(store_session_lease(s, "s1", NOW_MS + 99000, 0), ERR_GONE);
	assert_err(store_session_finish(s, "s1"), ERR_REPLAYED);
	assert_ok(store_session_find(s, cur_str("s1"), &got));
	assert_string_equal(got.why, "card_removed");
	assert_int_equal(got.ended_utc, UTC + 5);
	assert_string_equal(got.uzi_number, "");
	assert_int_equal(store_session_deadline(s, &at), ERR_NOT_FOUND);
}

static void
session_overdue_by_time(void **state)
{
	AUTO(store_close) struct store *s = open_at(*state);
	struct login_row one = add_login(s, 1), two = add_login(s, 2);
	struct session_row got;
	int64_t at;

	add_session(s, &one, "s1");
	add_session(s, &two, "s2");
	assert_ok(store_session_finish(s, "s2"));
	assert_int_equal(store_session_overdue(s, NOW_MS + 29999, &got), ERR_NOT_FOUND);
	assert_ok(store_session_overdue(s, NOW_MS + 30000, &got));
	assert_string_equal(got.id, "s1");	/* not finished */
	assert_ok(store_session_end(s, "s1", "finish_timeout", UTC));
	assert_int_equal(store_session_overdue(s, NOW_MS + 30999, &got), ERR_NOT_FOUND);
	assert_ok(store_session_deadline(s, &at));
	assert_int_equal(at, NOW_MS + 31000);
	assert_ok(store_session_overdue(s, NOW_MS + 31000, &got));
	assert_string_equal(got.id, "s2");
}

/* After a reboot the clock may be anywhere: nothing of before is alive or open. */
static void
reboot_ends_all(void **state)
{
	struct store *s = open_at(*state);
	struct login_row one = add_login(s, 1), two = add_login(s, 2), got_login;
	struct session_row got;

	add_session(s, &one, "s1");
	store_close(&s);
	s = open_at(*state);		/* the same boot */
	assert_int_equal(store_session_overdue(s, NOW_MS, &got), ERR_NOT_FOUND);
	assert_ok(store_boot(s, "boot-2"));
	assert_ok(store_session_overdue(s, 1, &got));
	assert_string_equal(got.why, "reboot");
	assert_int_equal(store_login_bind(s, two.handle, &alice, 1, &got_login),
	    ERR_NOT_FOUND);
	store_close(&s);
}

/* A broker of one environment never finds the logins of another. */
static void
one_owner(void **state)
{
	const struct place *p = *state;
	struct store *s = open_at(p);

	store_close(&s);
	assert_err(store_open(p->path, ISSUER, "production", &s), ERR_CONFIG);
	assert_err(store_open(p->path, "https://other.example", "test", &s), ERR_CONFIG);
	assert_null(s);
	assert_ok(store_open(p->path, ISSUER, "test", &s));
	store_close(&s);
}

static void
not_a_database(void **state)
{
	const struct place *p = *state;
	struct store *s = NULL;
	FILE *f = fopen(p->path, "w");

	assert_non_null(f);
	fputs("this was another file, and it stays as it was\n", f);
	fclose(f);
	assert_err(store_open(p->path, ISSUER, "test", &s), ERR_SYS);
	assert_null(s);
}

static void
clean_keeps_what_lives(void **state)
{
	AUTO(store_close) struct store *s = open_at(*state);
	struct login_row one = add_login(s, 1), two = add_login(s, 2);
	struct login_row three = add_login(s, 3), got;
	struct session_row session;

	add_session(s, &one, "alive");
	add_session(s, &two, "ended");
	assert_ok(store_session_end(s, "ended", "logout", UTC + 10));
	assert_ok(store_clean(s, UTC + 5));	/* three is old; ended is not yet */
	assert_ok(store_login_find(s, one.handle, &got));
	assert_ok(store_login_find(s, two.handle, &got));
	assert_int_equal(store_login_find(s, three.handle, &got), ERR_NOT_FOUND);
	assert_ok(store_clean(s, UTC + 11));
	assert_int_equal(store_session_find(s, cur_str("ended"), &session),
	    ERR_NOT_FOUND);
	assert_ok(store_session_find(s, cur_str("alive"), &session));
}

static void
audit_numbers(void **state)
{
	struct store *s = open_at(*state);
	int64_t n;

	for (int i = 1; i <= 3; i++) {
		assert_ok(store_audit_next(s, &n));
		assert_int_equal(n, i);
	}
	store_close(&s);
	s = open_at(*state);
	assert_ok(store_audit_next(s, &n));
	assert_int_equal(n, 4);
	store_close(&s);
}

#define ONE(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(login_once),
		ONE(login_binds_once),
		ONE(login_dies_of_guesses),
		ONE(login_count),
		ONE(challenge_replaces),
		ONE(nonce_once_after_restart),
		ONE(nonce_once_after_kill),
		ONE(nonce_has_one_winner),
		ONE(session_once),
		ONE(finish_once),
		ONE(session_ends_once),
		ONE(session_overdue_by_time),
		ONE(reboot_ends_all),
		ONE(one_owner),
		ONE(not_a_database),
		ONE(clean_keeps_what_lives),
		ONE(audit_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
