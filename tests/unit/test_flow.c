/* SPDX-License-Identifier: EUPL-1.2 */
/* A login step by step: who may ask, whose it is, what is used once. */
#include "tests/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/names.h"
#include "tests/unit/broker_house.h"

/* --- a login as it should be --- */

static void
good(void **state)
{
	struct house_test *t = *state;
	struct flow_result res;
	struct flow_session s;
	char line[4096];

	house_login(&t->h, &t->l, &house_pki.z, &house_pki.pki.z);
	assert_string_equal(t->l.asked.iss, HOUSE_ISSUER);
	assert_string_equal(t->l.asked.client_id, "native");
	assert_string_equal(t->l.asked.rp_name_nl, "Ziekenhuis Oost, dossier");
	assert_string_equal(t->l.asked.rp_name_en, "Hospital East, records");
	assert_string_equal(t->l.asked.origin, "");
	assert_string_equal(t->l.asked.acr, NAME_LOA_HIGH);
	assert_int_equal(t->l.asked.exp - t->l.asked.iat, CHALLENGE_LIFE_MAX);
	assert_int_equal(t->l.accepted.lease, 30);
	house_later(&t->h, 2000);
	assert_ok(flow_result(&t->h.flow, &t->h.at, cur_str(t->l.opened.login.text),
	    cur_str(t->l.opened.request_secret.text), cur_str(t->l.accepted.finish.text),
	    "", &res));
	assert_int_equal(res.n_choices, 0);
	assert_string_equal(res.person.uzi_number, "900000001");
	assert_string_equal(res.person.dezi_number, "100000001");
	assert_string_equal(res.person.name, "Zo\303\253 van den Br\303\273le");
	assert_string_equal(res.employment.subscriber, "90000123");
	assert_string_equal(res.employment.role, "01.015");
	assert_string_equal(res.pass_type, "Z");
	assert_int_equal(res.acr, LOA_HIGH);
	assert_int_equal(res.auth_utc, MADE_NOW);	/* receipt, not what was said */
	assert_string_equal(res.session, t->l.accepted.session);
	assert_ok(flow_session(&t->h.flow, &t->h.at, cur_str(res.session),
	    cur_str(t->l.opened.request_secret.text), &s));
	assert_true(s.alive);
	house_audit(&t->h, "\"event\":\"assertion\"", line, sizeof(line));
	assert_non_null(strstr(line, "\"uzi_number\":\"900000001\""));
	assert_non_null(strstr(line, "\"assertion_sha256\""));
	assert_non_null(strstr(line, "\"result\":\"ok\""));
}

/* Only hashes of what was handed out are on the disk. */
static void
disk_holds_no_secret(void **state)
{
	struct house_test *t = *state;
	const char *all[4];
	char name[160];
	static const char *const tails[] = { "", "-wal" };

	house_login(&t->h, &t->l, &house_pki.z, &house_pki.pki.z);
	all[0] = t->l.opened.login.text;
	all[1] = t->l.opened.request_secret.text;
	all[2] = t->l.accepted.lease_token.text;
	all[3] = t->l.accepted.finish.text;
	for (size_t i = 0; i < NELEM(tails); i++) {
		AUTO(buf_free) struct buf file = BUF(1 << 24);
		FILE *f;
		int c;

		snprintf(name, sizeof(name), "%s%s", t->h.database, tails[i]);
		f = fopen(name, "r");
		assert_non_null(f);
		while ((c = getc(f)) != EOF)
			buf_u8(&file, (unsigned)c);
		fclose(f);
		assert_ok(buf_end(&file));
		for (size_t k = 0; k < NELEM(all); k++) {
			AUTO(buf_free) struct buf raw = BUF(64);

			assert_ok(b64url_get(cur_str(all[k]), &raw));
			assert_null(memmem(file.p, file.len, all[k], strlen(all[k])));
			assert_null(memmem(file.p, file.len, raw.p, raw.len));
		}
	}
}

static void
several_employments(void **state)
{
	struct house_test *t = *state;
	struct flow_result res;
	struct cur login, secret, finish;

	house_login(&t->h, &t->l, &house_pki.n, &house_pki.pki.n);
	login = cur_str(t->l.opened.login.text);
	secret = cur_str(t->l.opened.request_secret.text);
	finish = cur_str(t->l.accepted.finish.text);
	assert_ok(flow_result(&t->h.flow, &t->h.at, login, secret, finish, "", &res));
	assert_int_equal(res.n_choices, 2);
	assert_string_equal(res.choices[1].id, "n-west");
	assert_string_equal(res.session, "");
	assert_string_equal(res.person.uzi_number, "900000003");
	/* Another's employment is no choice, and finish is still good after all that. */
	assert_err(flow_result(&t->h.flow, &t->h.at, login, secret, finish, "z-oost",
	    &res), ERR_BAD_REQUEST);
	assert_ok(flow_result(&t->h.flow, &t->h.at, login, secret, finish, "n-west",
	    &res));
	assert_int_equal(res.n_choices, 0);
	assert_string_equal(res.employment.subscriber, "90000456");
	assert_string_equal(res.pass_type, "N");
	assert_err(flow_result(&t->h.flow, &t->h.at, login, secret, finish, "n-oost",
	    &res), ERR_REPLAYED);
}

static void
web_login_shows_origin(void **state)
{
	struct house_test *t = *state;

	house_ask(&t->h, "web", HOUSE_ORIGIN, &t->l);
	house_challenge(&t->h, &t->l);
	assert_string_equal(t->l.asked.origin, HOUSE_ORIGIN);
	house_sign(&t->l, &house_pki.z, &house_pki.pki.z);
	assert_ok(house_hand_in(t));
}

/* --- requests --- */

struct request_case {
	const char *client, *secret, *acr, *origin;
	uid_t uid;
	enum err want;
};

static void
request_refused(void **state)
{
	static const struct request_case rows[] = {
		{ "nobody", HOUSE_SECRET, NAME_LOA_HIGH, "", HOUSE_ALICE,
		    ERR_NOT_ALLOWED },
		{ "", HOUSE_SECRET, NAME_LOA_HIGH, "", HOUSE_ALICE, ERR_NOT_ALLOWED },
		{ "native", "wrong", NAME_LOA_HIGH, "", HOUSE_ALICE, ERR_NOT_ALLOWED },
		{ "native", "", NAME_LOA_HIGH, "", HOUSE_ALICE, ERR_NOT_ALLOWED },
		{ "web", HOUSE_SECRET, NAME_LOA_HIGH, HOUSE_ORIGIN, HOUSE_BOB,
		    ERR_NOT_ALLOWED },
		{ "web", HOUSE_SECRET, NAME_LOA_HIGH, "", HOUSE_ALICE, ERR_NOT_ALLOWED },
		{ "web", HOUSE_SECRET, NAME_LOA_HIGH, HOUSE_ORIGIN "/", HOUSE_ALICE,
		    ERR_NOT_ALLOWED },
		{ "native", HOUSE_SECRET, NAME_LOA_HIGH, HOUSE_ORIGIN, HOUSE_ALICE,
		    ERR_NOT_ALLOWED },
		{ "web", HOUSE_SECRET, NAME_LOA_SUBSTANTIAL, HOUSE_ORIGIN, HOUSE_ALICE,
		    ERR_ACR },
		{ "native", HOUSE_SECRET, NAME_LOA_LOW, "", HOUSE_ALICE, ERR_ACR },
		{ "native", HOUSE_SECRET, "high", "", HOUSE_ALICE, ERR_ACR },
	};
	struct house_test *t = *state;

	for (size_t i = 0; i < NELEM(rows); i++) {
		const struct request_case *c = &rows[i];
		const struct flow_request rq = { c->client, cur_str(c->secret), c->acr,
			c->origin };
		struct flow_opened opened;

		t->h.at.peer.uid = c->uid;
		assert_err(flow_request(&t->h.flow, &t->h.at, &rq, &opened), c->want);
	}
}

/* More than any registered means gives cannot be asked for. */
static void
request_beyond_means(void **state)
{
	struct house_test *t = *state;
	AUTO(means_free) struct means *low = NULL;
	const struct flow_request rq = { "native", cur_str(HOUSE_SECRET), NAME_LOA_HIGH,
		"" };
	struct flow_opened opened;

	assert_ok(means_read(cur_str("[means m]\nissuer_cn = x\npolicy = 1.2\n"
	    "driver = *\none_transaction = no\nacr = " NAME_LOA_SUBSTANTIAL "\n"), &low));
	t->h.flow.means = low;
	assert_err(flow_request(&t->h.flow, &t->h.at, &rq, &opened), ERR_ACR);
}

static void
request_limit(void **state)
{
	struct house_test *t = *state;
	const struct flow_request rq = { "native", cur_str(HOUSE_SECRET), NAME_LOA_HIGH,
		"" };
	struct flow_at bob = house_bob(&t->h);
	struct flow_opened opened;

	for (int i = 0; i < FLOW_OPEN_MAX; i++)
		assert_ok(flow_request(&t->h.flow, &t->h.at, &rq, &opened));
	assert_err(flow_request(&t->h.flow, &t->h.at, &rq, &opened), ERR_BUSY);
	assert_ok(flow_request(&t->h.flow, &bob, &rq, &opened));
	house_later(&t->h, FLOW_LOGIN_SECONDS * 1000);
	assert_ok(flow_request(&t->h.flow, &t->h.at, &rq, &opened));
}

/* --- whose login is it? --- */

/* T4: after Alice's agent came, Bob's is told the same as for a handle that never was. */
static void
handle_of_another(void **state)
{
	struct house_test *t = *state;
	AUTO(buf_free) struct buf jws = BUF(CHALLENGE_MAX);
	struct flow_at bob = house_bob(&t->h);
	struct cur login;

	house_ask(&t->h, "native", "", &t->l);
	login = cur_str(t->l.opened.login.text);
	house_challenge(&t->h, &t->l);
	house_sign(&t->l, &house_pki.z, &house_pki.pki.z);
	assert_err(flow_challenge(&t->h.flow, &bob, login, &jws), ERR_UNKNOWN);
	assert_int_equal(jws.len, 0);
	assert_err(flow_challenge(&t->h.flow, &bob,
	    cur_str("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), &jws), ERR_UNKNOWN);
	assert_err(flow_challenge(&t->h.flow, &bob, cur_str(""), &jws), ERR_UNKNOWN);
	assert_err(flow_assertion(&t->h.flow, &bob, login, buf_view(&t->l.assertion),
	    &t->l.accepted), ERR_UNKNOWN);
	assert_ok(house_hand_in(t));	/* and Alice's nonce is still hers */
}

/* The same uid on another machine is another person (DESIGN section 2). */
static void
handle_of_another_host(void **state)
{
	struct house_test *t = *state;
	AUTO(buf_free) struct buf jws = BUF(CHALLENGE_MAX);
	struct flow_at there = t->h.at;

	house_begin(t);
	snprintf(there.peer.host, sizeof(there.peer.host), "ward-7");
	assert_err(flow_challenge(&t->h.flow, &there, cur_str(t->l.opened.login.text),
	    &jws), ERR_UNKNOWN);
}

static void
assertion_before_challenge(void **state)
{
	struct house_test *t = *state;

	house_ask(&t->h, "native", "", &t->l);
	assert_err(house_hand_in(t), ERR_UNKNOWN);	/* bound to nobody yet */
}

static void
handle_lives_five_minutes(void **state)
{
	struct house_test *t = *state;
	AUTO(buf_free) struct buf jws = BUF(CHALLENGE_MAX);

	house_ask(&t->h, "native", "", &t->l);
	house_later(&t->h, FLOW_LOGIN_SECONDS * 1000 - 40000);
	house_challenge(&t->h, &t->l);
	/* not beyond the handle */
	assert_int_equal(t->l.asked.exp - t->l.asked.iat, 40);
	house_later(&t->h, 40000);
	assert_err(flow_challenge(&t->h.flow, &t->h.at, cur_str(t->l.opened.login.text),
	    &jws), ERR_UNKNOWN);
}

static void
three_challenges(void **state)
{
	struct house_test *t = *state;
	AUTO(buf_free) struct buf first = BUF(CHALLENGE_MAX);
	struct cur login;

	house_ask(&t->h, "native", "", &t->l);
	login = cur_str(t->l.opened.login.text);
	assert_ok(flow_challenge(&t->h.flow, &t->h.at, login, &first));
	assert_ok(flow_challenge(&t->h.flow, &t->h.at, login, &first));
	house_challenge(&t->h, &t->l);
	assert_err(flow_challenge(&t->h.flow, &t->h.at, login, &first), ERR_LIMIT);
	house_sign(&t->l, &house_pki.z, &house_pki.pki.z);
	assert_ok(house_hand_in(t));	/* the last one counts still */
}

/* --- list A --- */

static void
assertion_twice(void **state)
{
	struct house_test *t = *state;

	house_login(&t->h, &t->l, &house_pki.z, &house_pki.pki.z);
	assert_err(house_hand_in(t), ERR_REPLAYED);
	house_restart(&t->h);
	assert_err(house_hand_in(t), ERR_REPLAYED);	/* T5 */
}

/* Refused is used: a second, better one does not help. */
static void
refused_uses_the_nonce_up(void **state)
{
	struct house_test *t = *state;
	AUTO(buf_free) struct buf ok = BUF(JWS_MAX);
	uint8_t *at;

	house_begin(t);
	house_sign(&t->l, &house_pki.z, &house_pki.pki.z);
	buf_cur(&ok, buf_view(&t->l.assertion));
	at = memrchr(t->l.assertion.p, '.', t->l.assertion.len);
	assert_non_null(at);
	at[20] = at[20] == 'A' ? 'B' : 'A';	/* of the signature */
	assert_err(house_hand_in(t), ERR_SIGNATURE);
	buf_clear(&t->l.assertion);
	buf_cur(&t->l.assertion, buf_view(&ok));
	assert_err(house_hand_in(t), ERR_REPLAYED);
}

static void
replaced_challenge(void **state)
{
	struct house_test *t = *state;
	AUTO(buf_free) struct buf newer = BUF(CHALLENGE_MAX);

	house_begin(t);
	house_sign(&t->l, &house_pki.z, &house_pki.pki.z);
	assert_ok(flow_challenge(&t->h.flow, &t->h.at, cur_str(t->l.opened.login.text),
	    &newer));
	assert_err(house_hand_in(t), ERR_MISMATCH);
}

static void
challenge_too_old(void **state)
{
	struct house_test *t = *state;

	house_begin(t);
	house_sign(&t->l, &house_pki.z, &house_pki.pki.z);
	house_later(&t->h, CHALLENGE_LIFE_MAX * 1000);
	assert_err(house_hand_in(t), ERR_STALE);
}

/* The last moment is in time; and the wall clock has no say in it (T-clock). */
static void
challenge_just_in_time(void **state)
{
	struct house_test *t = *state;
	char line[4096];

	house_begin(t);
	t->l.says.iat -= 11 * 3600;	/* a workstation in another time zone */
	house_sign(&t->l, &house_pki.z, &house_pki.pki.z);
	t->h.at.boot_ms += CHALLENGE_LIFE_MAX * 1000 - 1;
	t->h.at.utc += 12 * 3600;
	assert_ok(house_hand_in(t));
	house_audit(&t->h, "\"event\":\"assertion\"", line, sizeof(line));
	assert_non_null(strstr(line, "\"clock_skew\":\"-"));
}

static void
another_days_assertion(void **state)
{
	struct house_test *t = *state;

	house_begin(t);
	t->l.says.iat -= 2 * MADE_DAY;
	house_sign(&t->l, &house_pki.z, &house_pki.pki.z);
	assert_err(house_hand_in(t), ERR_STALE);
}

#define BROKERS	3

/* A broker of its own on the same database sends the assertion when the pipe closes. */
static int
one_of_many(struct house_test *t, int start)
{
	struct store *s = NULL;
	char go;
	enum err r;

	if (store_open(t->h.database, HOUSE_ISSUER, "acceptance", &s) != ERR_OK)
		return 100;
	t->h.flow.store = s;
	if (read(start, &go, 1) != 0)
		return 101;
	r = house_hand_in(t);
	store_close(&s);
	return r == ERR_OK ? 1 : r == ERR_REPLAYED ? 0 : 102;
}

/* T5: the same assertion at several brokers at once has exactly one winner. */
static void
assertion_at_once(void **state)
{
	struct house_test *t = *state;
	pid_t pids[BROKERS];
	int start[2], won = 0;

	house_begin(t);
	house_sign(&t->l, &house_pki.z, &house_pki.pki.z);
	store_close(&t->h.store);	/* no connection may cross a fork */
	assert_int_equal(pipe(start), 0);
	for (int i = 0; i < BROKERS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			close(start[1]);
			_exit(one_of_many(t, start[0]));
		}
	}
	close(start[0]);
	close(start[1]);
	for (int i = 0; i < BROKERS; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		assert_true(WEXITSTATUS(status) <= 1);
		won += WEXITSTATUS(status);
	}
	assert_int_equal(won, 1);
	house_restart(&t->h);
	assert_err(house_hand_in(t), ERR_REPLAYED);
}

static void
challenge_of_another_login(void **state)
{
	struct house_test *t = *state;
	struct house_login other;

	house_ask(&t->h, "native", "", &other);
	house_challenge(&t->h, &other);
	house_begin(t);
	t->l.says = other.says;
	house_sign(&t->l, &house_pki.z, &house_pki.pki.z);
	assert_err(house_hand_in(t), ERR_MISMATCH);
	house_login_drop(&other);
}

/* Our record against a challenge that says the same, by another key. */
static void
challenge_by_another_key(void **state)
{
	struct house_test *t = *state;
	AUTO(buf_free) struct buf forged = BUF(CHALLENGE_MAX);

	house_begin(t);
	assert_ok(challenge_write(&t->l.asked, house_pki.other_key, &forged));
	assert_ok(token_hash(buf_view(&forged), t->l.says.challenge_sha256));
	house_sign(&t->l, &house_pki.z, &house_pki.pki.z);
	assert_err(house_hand_in(t), ERR_MISMATCH);
}

/* --- the audit --- */

/* The audit's file takes nothing any more, as on a full disk. */
static void
break_audit(const struct house *h)
{
	struct stat want, st;
	int null = open("/dev/null", O_RDONLY);

	assert_true(null >= 0);
	assert_int_equal(stat(h->audit_path, &want), 0);
	for (int fd = 3; fd < 64; fd++)
		if (fstat(fd, &st) == 0 && st.st_dev == want.st_dev &&
		    st.st_ino == want.st_ino)
			assert_int_equal(dup2(null, fd), fd);
	close(null);
}

/* What cannot be recorded is not granted. */
static void
no_record_no_login(void **state)
{
	struct house_test *t = *state;
	struct session_row row;

	house_begin(t);
	house_sign(&t->l, &house_pki.z, &house_pki.pki.z);
	break_audit(&t->h);
	assert_err(house_hand_in(t), ERR_SYS);
	assert_string_equal(t->l.accepted.finish.text, "");
	assert_string_equal(t->l.accepted.lease_token.text, "");
	assert_int_equal(store_session_overdue(t->h.store, INT64_MAX, &row),
	    ERR_NOT_FOUND);
}

/* Nor is a result given that cannot be recorded; the session does not go on. */
static void
no_record_no_result(void **state)
{
	struct house_test *t = *state;
	struct session_row row;
	struct flow_result res;

	house_login(&t->h, &t->l, &house_pki.z, &house_pki.pki.z);
	break_audit(&t->h);
	assert_err(flow_result(&t->h.flow, &t->h.at, cur_str(t->l.opened.login.text),
	    cur_str(t->l.opened.request_secret.text), cur_str(t->l.accepted.finish.text),
	    "", &res), ERR_SYS);
	assert_string_equal(res.person.uzi_number, "");
	assert_ok(store_session_find(t->h.store, cur_str(t->l.accepted.session), &row));
	assert_string_equal(row.why, "not_recorded");
}

/* Anybody may be refused all day; the audit says so, and stays small. */
static void
refusals_do_not_fill_the_audit(void **state)
{
	struct house_test *t = *state;
	AUTO(buf_free) struct buf jws = BUF(CHALLENGE_MAX);
	struct flow_at bob = house_bob(&t->h);
	struct stat st;
	char line[4096];

	for (int i = 0; i < 5000; i++)
		assert_true(flow_challenge(&t->h.flow, &t->h.at, cur_str("no handle"),
		    &jws) == ERR_UNKNOWN);
	assert_int_equal(stat(t->h.audit_path, &st), 0);
	assert_true(st.st_size < 100 * 1024);
	/* Who is refused once is recorded meanwhile. */
	assert_err(flow_challenge(&t->h.flow, &bob, cur_str("no handle"), &jws),
	    ERR_UNKNOWN);
	house_audit(&t->h, "\"event\":\"challenge\"", line, sizeof(line));
	assert_non_null(strstr(line, "\"uid\":\"1002\""));
	assert_non_null(strstr(line, "\"refusals_left_out\":\"4940\""));
	house_later(&t->h, 60000);
	assert_err(flow_challenge(&t->h.flow, &t->h.at, cur_str("no handle"), &jws),
	    ERR_UNKNOWN);
	house_audit(&t->h, "\"event\":\"challenge\"", line, sizeof(line));
	assert_non_null(strstr(line, "\"uid\":\"1001\""));
}

#define ONE(name)	HOUSE_TEST(name, NULL)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(good),
		ONE(disk_holds_no_secret),
		ONE(several_employments),
		ONE(web_login_shows_origin),
		ONE(request_refused),
		ONE(request_beyond_means),
		ONE(request_limit),
		ONE(handle_of_another),
		ONE(handle_of_another_host),
		ONE(assertion_before_challenge),
		ONE(handle_lives_five_minutes),
		ONE(three_challenges),
		ONE(assertion_twice),
		ONE(refused_uses_the_nonce_up),
		ONE(replaced_challenge),
		ONE(challenge_too_old),
		ONE(challenge_just_in_time),
		ONE(another_days_assertion),
		ONE(assertion_at_once),
		ONE(challenge_of_another_login),
		ONE(challenge_by_another_key),
		ONE(no_record_no_login),
		ONE(no_record_no_result),
		ONE(refusals_do_not_fill_the_audit),
	};

	return cmocka_run_group_tests(tests, house_group_set_up,
	    house_group_tear_down);
}
