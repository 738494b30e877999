/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi-broker on real sockets, by the wall clock: what only a program can get wrong. */
#include "tests/check.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/names.h"
#include "jose/json.h"
#include "tests/unit/broker_run.h"

#define OTHER_UID	12345
#define NEVER		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void
lease_is(const struct run *p, const struct run_login *l, const char *token,
    const char *body, enum err want)
{
	char path[128];

	snprintf(path, sizeof(path), "/v1/sessions/%s/lease", l->session);
	run_call_is(p->agent, "PUT", path, token, body, want);
}

static void
whole_login(void **state)
{
	struct run *p = *state;
	AUTO(http_answer_free) struct http_answer a;
	AUTO(json_drop) json_t *got = NULL;
	AUTO(json_drop) json_t *want = NULL;
	struct run_login l;
	char path[128];

	run_start(p, NULL);
	run_log_in(p, &l);
	run_result(p, &l, &a);
	assert_int_equal(a.status, 200);
	assert_ok(json_load_object(buf_view(&a.body), &got));
	want = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
	    "uzi_number", "900000001", "pass_type", "Z", "subscriber", "90000123",
	    "subscriber_name", "Oost", "role", "01.015", "role_name",
	    cert_role_name("01.015"), "name", "Zo\303\253", "dezi_number", "100000001");
	assert_true(json_equal(json_object_get(got, "identity"), want));
	assert_string_equal(json_string_value(json_object_get(got, "acr")),
	    NAME_LOA_HIGH);
	assert_string_equal(json_string_value(json_object_get(got, "session")),
	    l.session);
	assert_true(json_integer_value(json_object_get(got, "auth_time")) >
	    clock_utc() - 60);
	assert_int_equal(json_object_size(got), 4);
	run_state_is(p, &l, "alive");
	lease_is(p, &l, l.token, "{\"card\":\"present\"}", ERR_OK);
	lease_is(p, &l, l.token, "{\"card\":\"present\",\"seconds\":3}", ERR_MALFORMED);
	lease_is(p, &l, l.token, "{\"card\":\"absent\"}", ERR_MALFORMED);
	lease_is(p, &l, l.token, "{\"card\":\"absent\",\"seconds\":-1}", ERR_BAD_REQUEST);
	lease_is(p, &l, l.token, "{\"card\":\"gone\"}", ERR_BAD_REQUEST);
	lease_is(p, &l, NULL, "{\"card\":\"present\"}", ERR_UNKNOWN);
	snprintf(path, sizeof(path), "/v1/sessions/%s", l.session);
	run_call_is(p->agent, "DELETE", path, l.token, "{\"reason\":\"card_removed\"}",
	    ERR_OK);
	run_call_is(p->agent, "DELETE", path, l.token, "{\"reason\":\"card_removed\"}",
	    ERR_GONE);
	run_state_is(p, &l, "card_removed");
	assert_int_equal(run_stop(p, SIGTERM), 0);
}

/* Each socket has its own calls. */
static void
paths(void **state)
{
	static const struct {
		bool	    agent;
		const char *method, *path;
	} rows[] = {
		{ false, "POST", "/v1/challenges" },
		{ false, "POST", "/v1/assertions" },
		{ true, "POST", "/v1/requests" },
		{ true, "GET", "/v1/sessions/x" },
		{ true, "GET", "/v1/challenges" },
		{ true, "POST", "/v1/challenges/" },
		{ true, "POST", "/v2/challenges" },
		{ true, "PUT", "/v1/sessions//lease" },
		{ true, "PUT", "/v1/sessions/a/b/lease" },
		{ true, "DELETE", "/v1/sessions/" },
		{ false, "POST", "/v1/requests//result" },
		{ false, "GET", "/" },
		{ false, "GET", "/v1/requests" },
	};
	struct run *p = *state;

	run_start(p, NULL);
	for (size_t i = 0; i < NELEM(rows); i++) {
		AUTO(http_answer_free) struct http_answer a;

		run_call(rows[i].agent ? p->agent : p->client, rows[i].method,
		    rows[i].path, NULL,
		    strcmp(rows[i].method, "GET") == 0 ? "" : "{}", &a);
		assert_int_equal(a.status, 404);
	}
}

/* One megabyte, which our own client would not send: the answer's status line. */
static void
send_megabyte(const struct run *p, char *ret, size_t size)
{
	static const char head[] = "POST /v1/challenges HTTP/1.1\r\n"
	    "Host: " NAME_HOST_BROKER "\r\nContent-Type: application/json\r\n"
	    "Content-Length: 1048576\r\n\r\n";
	static char body[1 << 20];
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = RUN_PATIENCE_MS / 1000 };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ssize_t n;

	memset(body, ' ', sizeof(body));
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", p->agent);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_true(send(fd, head, sizeof(head) - 1, MSG_NOSIGNAL) > 0);
	/* It may answer and close before all is there. */
	(void)!send(fd, body, sizeof(body), MSG_NOSIGNAL);
	n = recv(fd, ret, size - 1, MSG_WAITALL);
	ret[n < 0 ? 0 : n] = '\0';
	close(fd);
}

static void
bodies(void **state)
{
	static char deep[2100], long_body[60000];
	char line[32];
	struct run *p = *state;

	memset(deep, '[', 1000);
	memset(deep + 1000, ']', 1000);
	snprintf(long_body, sizeof(long_body), "{\"login\":\"");
	memset(long_body + 10, 'A', 50000);
	snprintf(long_body + 50010, 10, "\"}");
	run_start(p, NULL);
	send_megabyte(p, line, sizeof(line));
	assert_memory_equal(line, "HTTP/1.1 413 ", 13);
	run_call_is(p->agent, "POST", "/v1/challenges", NULL, deep, ERR_LIMIT);
	run_call_is(p->agent, "POST", "/v1/challenges", NULL, long_body, ERR_MALFORMED);
	run_call_is(p->agent, "POST", "/v1/challenges", NULL, "", ERR_MALFORMED);
	run_call_is(p->agent, "POST", "/v1/challenges", NULL, "[]", ERR_MALFORMED);
	run_call_is(p->agent, "POST", "/v1/challenges", NULL, "{\"login\":7}",
	    ERR_MALFORMED);
	run_call_is(p->agent, "POST", "/v1/challenges", NULL,
	    "{\"login\":\"a\",\"login\":\"b\"}", ERR_MALFORMED);
	run_call_is(p->agent, "POST", "/v1/challenges", NULL,
	    "{\"login\":\"" NEVER "\",\"broker\":\"x\"}", ERR_MALFORMED);
	run_call_is(p->agent, "POST", "/v1/challenges", NULL, "{\"login\":\"\\u0000\"}",
	    ERR_MALFORMED);
	run_call_is(p->client, "POST", "/v1/requests", NULL,
	    "{\"client_id\":\"ehr\",\"client_secret\":\"x\"}", ERR_MALFORMED);
	run_call_is(p->client, "GET", "/v1/sessions/x", NEVER, "{}", ERR_BAD_REQUEST);
	run_call_is(p->agent, "POST", "/v1/challenges", NULL, "{\"login\":\"" NEVER "\"}",
	    ERR_UNKNOWN);		/* it is still there */
}

/* T4 over the socket: the other uid's answer is, to the byte, that of no handle. */
static int
as_another(const struct run *p, const struct run_login *l)
{
	AUTO(http_answer_free) struct http_answer theirs;
	AUTO(http_answer_free) struct http_answer never;
	char body[128];

	snprintf(body, sizeof(body), "{\"login\":\"%s\"}", l->handle);
	run_call(p->agent, "POST", "/v1/challenges", NULL, body, &theirs);
	run_call(p->agent, "POST", "/v1/challenges", NULL, "{\"login\":\"" NEVER "\"}",
	    &never);
	return theirs.status == 404 && never.status == 404 &&
	    cur_eq(buf_view(&theirs.body), buf_view(&never.body)) ? 0 : 1;
}

static void
another_uid(void **state)
{
	struct run *p = *state;
	struct run_login l;
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	run_start(p, NULL);
	run_ask(p, &l);
	run_sign(p, &l);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (setgid(OTHER_UID) != 0 || setuid(OTHER_UID) != 0)
			_exit(2);
		_exit(as_another(p, &l));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	run_call_is(p->agent, "POST", "/v1/assertions", NULL, l.body, ERR_OK);
}

/* T5: killed between refusal and second try; a session outlives its broker. */
static void
kill_keeps_what_was(void **state)
{
	struct run *p = *state;
	struct run_login bad, good;
	char *dot;

	run_start(p, NULL);
	run_log_in(p, &good);
	run_ask(p, &bad);
	run_sign(p, &bad);
	dot = strrchr(bad.body, '.');
	assert_non_null(dot);
	dot[20] = dot[20] == 'A' ? 'B' : 'A';
	run_call_is(p->agent, "POST", "/v1/assertions", NULL, bad.body, ERR_SIGNATURE);
	run_stop(p, SIGKILL);
	run_start(p, NULL);
	run_call_is(p->agent, "POST", "/v1/assertions", NULL, bad.body, ERR_REPLAYED);
	run_call_is(p->agent, "POST", "/v1/assertions", NULL, good.body, ERR_REPLAYED);
	run_state_is(p, &good, "alive");
}

/* Nobody calls; the timer ends the session and the audit says so. */
static void
ends_by_itself(void **state)
{
	struct run *p = *state;
	int64_t until = clock_boot_ms() + RUN_PATIENCE_MS;
	struct run_login l;
	char path[128];
	bool seen = false;

	run_put_conf(p, "lease_seconds = 3\n");
	run_start(p, NULL);
	run_log_in(p, &l);
	snprintf(path, sizeof(path), "%s/audit.log", p->dir);
	while (!seen) {
		AUTO(buf_free) struct buf text = BUF(1 << 20);

		assert_true(clock_boot_ms() < until);
		assert_ok(file_read(path, &text));
		seen = memmem(text.p, text.len, "\"why\":\"lease\"", 13) != NULL;
		if (!seen)
			poll(NULL, 0, 20);
	}
	run_state_is(p, &l, "lease");
}

/* A person can be blocked without ending everybody's session. */
static void
reload(void **state)
{
	struct run *p = *state;
	int64_t until = clock_boot_ms() + RUN_PATIENCE_MS;
	enum err said = ERR_OK;
	struct run_login l, first;

	run_start(p, NULL);
	run_log_in(p, &first);
	run_put_register(p, "blocked");
	kill(p->pid, SIGHUP);
	while (said == ERR_OK) {
		AUTO(http_answer_free) struct http_answer a;

		assert_true(clock_boot_ms() < until);
		run_ask(p, &l);
		run_sign(p, &l);
		run_call(p->agent, "POST", "/v1/assertions", NULL, l.body, &a);
		said = a.status == 200 ? ERR_OK : http_problem(&a);
	}
	assert_err(said, ERR_PERSON);
	run_state_is(p, &first, "alive");
	/* A wrong one: the former stays. */
	run_put_text(p, "register.conf", "[person x]\n");
	kill(p->pid, SIGHUP);
	run_ask(p, &l);
	run_sign(p, &l);
	run_call_is(p->agent, "POST", "/v1/assertions", NULL, l.body, ERR_PERSON);
}

static int
listen_at(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	assert_true(fd > 4);	/* dup2() below may not close the other one */
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static void
socket_activation(void **state)
{
	struct run *p = *state;
	struct run_login l;
	int spare[2], fds[2];

	assert_int_equal(pipe(spare), 0);	/* sockets get higher numbers then */
	fds[0] = listen_at(p->client);
	fds[1] = listen_at(p->agent);
	run_start(p, fds);
	close(spare[0]);
	close(spare[1]);
	close(fds[0]);
	close(fds[1]);
	run_log_in(p, &l);
	run_state_is(p, &l, "alive");
	assert_int_equal(run_stop(p, SIGTERM), 0);
}

static void
wrong_configuration(void **state)
{
	struct run *p = *state;
	char said[4096], want[256], path[256];

	run_put_conf(p, "pass_types = Q\n");
	assert_int_equal(run_fails(p, said, sizeof(said)), 2);
	snprintf(want, sizeof(want), "%s: line 12: expected letters", p->conf);
	assert_non_null(strstr(said, want));

	run_put_conf(p, "");
	assert_int_equal(chmod(p->conf, 0666), 0);	/* anybody's to change */
	assert_int_equal(run_fails(p, said, sizeof(said)), 2);
	assert_non_null(strstr(said, p->conf));
	assert_int_equal(chmod(p->conf, 0644), 0);

	snprintf(path, sizeof(path), "%s/key.pem", p->dir);
	assert_int_equal(chmod(path, 0644), 0);		/* anybody's to read */
	assert_int_equal(run_fails(p, said, sizeof(said)), 2);
	assert_non_null(strstr(said, "mode 0600 or 0640"));
	assert_int_equal(chmod(path, 0600), 0);

	snprintf(path, sizeof(path), "%s/trust/anchors/root.der", p->dir);
	assert_int_equal(chmod(path, 0666), 0);		/* anybody's to be */
	assert_int_equal(run_fails(p, said, sizeof(said)), 2);
	assert_non_null(strstr(said, path));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(run_fails(p, said, sizeof(said)), 2);
}

/* One broker, one database, and one at a time on its sockets. */
static void
second_broker(void **state)
{
	struct run *p = *state;
	char said[4096];

	run_start(p, NULL);
	assert_int_equal(run_fails(p, said, sizeof(said)), 1);
	assert_non_null(strstr(said, p->agent));
}

#define ONE(name)	cmocka_unit_test_setup_teardown(name, run_set_up, run_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(whole_login),
		ONE(paths),
		ONE(bodies),
		ONE(another_uid),
		ONE(kill_keeps_what_was),
		ONE(ends_by_itself),
		ONE(reload),
		ONE(socket_activation),
		ONE(wrong_configuration),
		ONE(second_broker),
	};

	return cmocka_run_group_tests(tests, run_make_all, run_drop_all);
}
