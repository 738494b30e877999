/* SPDX-License-Identifier: EUPL-1.2 */
/* The agent's surroundings for tests. */
#include "tests/unit/agent_world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/rand.h>

#include "agent/attempt.h"
#include "agent/events.h"
#include "base/file.h"
#include "base/names.h"
#include "jose/json.h"
#include "jose/jsonw.h"

#define TURN_USEC	1000000

/* Readers */

struct watch {
	int pipe[2];
};

struct watch_state world_readers;
unsigned world_pokes;
static struct watch *the_watch;

enum err
watch_start(struct watch **ret)
{
	struct watch *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	assert_int_equal(pipe(w->pipe), 0);
	*ret = the_watch = w;
	world_readers_changed();
	return ERR_OK;
}

void
watch_stop(struct watch **w)
{
	if (*w == NULL)
		return;
	close((*w)->pipe[0]);
	close((*w)->pipe[1]);
	free(*w);
	*w = the_watch = NULL;
}

int
watch_fd(const struct watch *w)
{
	return w->pipe[0];
}

void
watch_poke(struct watch *w)
{
	(void)w;
	world_pokes++;
}

bool
watch_take(struct watch *w, struct watch_state *ret)
{
	char c;
	int left = 0;

	assert_int_equal(ioctl(w->pipe[0], FIONREAD, &left), 0);
	if (left == 0)
		return false;
	assert_int_equal(read(w->pipe[0], &c, 1), 1);
	*ret = world_readers;
	return true;
}

void
world_readers_changed(void)
{
	if (the_watch != NULL)
		assert_int_equal(write(the_watch->pipe[1], "", 1), 1);
}

void
world_pull_card(void)
{
	world_card->present = false;
	world_card->event_counter++;
	world_readers_changed();
}

static void
readers_reset(void)
{
	world_readers = (struct watch_state){ .service = true, .generation = 3, .n = 2 };
	strcpy(world_readers.readers[0].name, "Reader A 00 00");
	strcpy(world_readers.readers[1].name, "Reader B 01 00");
	world_readers.readers[1].present = true;
	world_readers.readers[1].event_counter = 7;
	world_readers.readers[1].atr[0] = 0x3b;
	world_readers.readers[1].atr_len = 1;
}

/* Screen */

struct seat {
	seat_fn *fn;
	void	*arg;
};

bool world_in_front, world_can_lock, world_has_slept;
unsigned world_locks;
static struct seat the_seat;

enum err
seat_new(sd_event *loop, seat_fn *fn, void *arg, struct seat **ret)
{
	(void)loop;
	the_seat = (struct seat){ fn, arg };
	*ret = &the_seat;
	return ERR_OK;
}

void
seat_free(struct seat **s)
{
	*s = NULL;
}

bool
seat_in_front(const struct seat *s)
{
	(void)s;
	return world_in_front;
}

enum err
seat_lock(struct seat *s)
{
	(void)s;
	world_locks++;
	return world_can_lock ? ERR_OK : fail(ERR_NOT_AVAILABLE, "lock");
}

bool
seat_slept(struct seat *s)
{
	bool slept = world_has_slept;

	(void)s;
	world_has_slept = false;
	return slept;
}

void
world_seat(enum seat_change what)
{
	the_seat.fn(the_seat.arg, what);
}

/* Broker */

static void
reply(struct http_exchange *x, struct buf *b)
{
	assert_ok(buf_end(b));
	http_reply_json(x, 200, buf_view(b), NULL);
}

static void
on_challenge(struct broker *k, struct http_exchange *x)
{
	AUTO(buf_free) struct buf jws = BUF(CHALLENGE_MAX), b = BUF(2 * CHALLENGE_MAX);
	struct challenge *c = &k->challenge;

	k->challenges++;
	if (k->refuse_challenge != ERR_OK) {
		http_reply_problem(x, k->refuse_challenge, NULL);
		return;
	}
	if (!k->repeat) {
		snprintf(c->jti, sizeof(c->jti), "jti-%u", k->challenges);
		assert_int_equal(RAND_bytes(c->nonce, sizeof(c->nonce)), 1);
	}
	c->iat = clock_utc() + k->skew;
	c->exp = c->iat + 120;
	assert_ok(challenge_write(c, k->sign_with_other ? k->other : k->key, &jws));
	jsonw_object(&b);
	jsonw_member_str(&b, "challenge", buf_view(&jws));
	jsonw_object_end(&b);
	reply(x, &b);
}

static void
answer_assertion(struct broker *k, struct http_exchange *x)
{
	AUTO(buf_free) struct buf b = BUF(1024);

	if (k->refuse_assertion != ERR_OK) {
		http_reply_problem(x, k->refuse_assertion, NULL);
		return;
	}
	jsonw_object(&b);
	buf_fmt(&b, "\"session\":\"S-%u\",\"lease_token\":\"T-%u\",\"lease\":%d,"
	    "\"finish\":\"" FINISH "\"", k->assertions, k->assertions, k->lease);
	jsonw_object_end(&b);
	reply(x, &b);
}

void
broker_release(struct world *w)
{
	struct http_exchange *x = w->broker.held;

	assert_non_null(x);
	w->broker.held = NULL;
	answer_assertion(&w->broker, x);
}

static void
on_held_gone(void *arg)
{
	struct broker *k = arg;

	k->held = NULL;
}

static void
keep(struct http_exchange *x, char *body, size_t size, char *bearer)
{
	const char *auth = http_header(x, "Authorization");

	assert_true(cur_to_str(http_body(x), body, size));
	if (bearer != NULL)
		snprintf(bearer, 256, "%s", auth == NULL ? "" : auth);
}

static void
on_assertion(struct broker *k, struct http_exchange *x)
{
	k->assertions++;
	keep(x, k->assertion, sizeof(k->assertion), NULL);
	if (k->hold) {
		k->held = x;
		http_on_gone(x, on_held_gone, k);
	} else {
		answer_assertion(k, x);
	}
}

static void
on_lease(struct broker *k, struct http_exchange *x)
{
	AUTO(buf_free) struct buf b = BUF(64);
	bool absent = strstr(k->lease_body, "absent") != NULL;

	if (k->hold_leases)
		return;
	if (k->refuse_lease != ERR_OK) {
		http_reply_problem(x, k->refuse_lease, NULL);
		return;
	}
	buf_fmt(&b, "{\"lease\":%d}", absent ? k->absence : k->lease);
	reply(x, &b);
}

static void
on_broker(void *arg, struct http_exchange *x)
{
	struct broker *k = arg;
	const char *method = http_method(x), *path = http_path(x);

	if (strcmp(path, "/v1/challenges") == 0) {
		on_challenge(k, x);
	} else if (strcmp(path, "/v1/assertions") == 0) {
		on_assertion(k, x);
	} else if (strcmp(method, "PUT") == 0) {
		k->leases++;
		keep(x, k->lease_body, sizeof(k->lease_body), k->bearer);
		on_lease(k, x);
	} else if (strcmp(method, "DELETE") == 0) {
		k->ends++;
		keep(x, k->end_body, sizeof(k->end_body), k->bearer);
		if (k->refuse_end != ERR_OK)
			http_reply_problem(x, k->refuse_end, NULL);
		else
			http_reply_empty(x, 204);
	} else {
		http_reply_problem(x, ERR_UNKNOWN, NULL);
	}
}

static void
broker_start(struct world *w)
{
	const struct http_server_options o = { .host = NAME_HOST_BROKER,
		.handler = on_broker, .arg = &w->broker };
	int fd;

	w->broker.key = EVP_EC_gen("P-256");
	w->broker.other = EVP_EC_gen("P-256");
	assert_non_null(w->broker.key);
	assert_non_null(w->broker.other);
	w->broker.lease = 30;
	w->broker.absence = 600;
	w->broker.challenge = (struct challenge){ .iss = "https://broker.example.nl",
		.client_id = "epd", .rp_name_nl = "EPD Oost", .rp_name_en = "EHR East",
		.acr = NAME_LOA_HIGH, .policies = { "2.16.528.1.1007.99.211" },
		.n_policies = 1 };
	assert_ok(http_listen(w->broker_socket, 0666, &fd));
	assert_ok(http_server_start(w->loop, fd, &o, &w->broker.server));
}

/* World */

static void
conf_make(struct world *w)
{
	struct host_broker *b = &w->conf.brokers[0];
	const char *top = getenv("builddir");
	int n;

	n = snprintf(w->conf.worker, sizeof(w->conf.worker), "%s/tests/unit/fake_worker",
	    top == NULL ? "." : top);
	assert_true(n > 0 && (size_t)n < sizeof(w->conf.worker));
	memcpy(w->conf.module_worker, w->conf.worker, sizeof(w->conf.worker));
	w->conf.n_modules = 2;
	strcpy(w->conf.modules[0].name, "vendor");
	w->conf.modules[0].use = true;
	strcpy(w->conf.modules[1].name, "off");
	w->conf.native_client.n = 1;
	strcpy(w->conf.native_client.item[0], "epd");
	w->conf.n_brokers = 1;
	strcpy(b->name, "test");
	strcpy(b->issuer, "https://broker.example.nl");
	b->environment = CERT_ENV_TEST;
	snprintf(b->socket, sizeof(b->socket), "%s", w->broker_socket);
	b->owner = geteuid();
	b->keys[0] = w->broker.key;
	b->n_keys = 1;
}

static void
paths_make(struct world *w)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(w->dir, sizeof(w->dir), "%.40s/agent.XXXXXX",
	    tmp == NULL || strlen(tmp) > 40 ? P_tmpdir : tmp);
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->socket, sizeof(w->socket), "%s/agent.sock", w->dir);
	snprintf(w->broker_socket, sizeof(w->broker_socket), "%s/broker.sock", w->dir);
	snprintf(w->script, sizeof(w->script), "%s/script", w->dir);
	snprintf(w->audit_file, sizeof(w->audit_file), "%s/audit", w->dir);
}

int
world_make(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	sigset_t child;

	assert_non_null(w);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	signal(SIGPIPE, SIG_IGN);
	paths_make(w);
	assert_true(sd_event_new(&w->loop) >= 0);
	readers_reset();
	world_in_front = world_can_lock = true;
	world_has_slept = false;
	world_locks = world_pokes = 0;
	broker_start(w);
	conf_make(w);
	*state = w;
	return 0;
}

void
world_start(struct world *w)
{
	int fd;

	w->env[0] = (char *)(uintptr_t)"LANG=nl_NL.UTF-8";
	w->agent.loop = w->loop;
	w->agent.conf = &w->conf;
	w->agent.conf_file = w->script;
	w->agent.language = "nl";
	w->agent.worker_env = w->env;
	if (w->agent.login_ms == 0)
		w->agent.login_ms = ATTEMPT_TIME_MS;
	if (w->agent.heartbeat_ms == 0)
		w->agent.heartbeat_ms = EVENTS_HEARTBEAT_MS;
	assert_ok(audit_open(w->audit_file, "", &w->agent.audit));
	assert_ok(http_listen(w->socket, 0600, &fd));
	assert_ok(agent_start(&w->agent, fd));
	/* The first look of the watch. */
	sd_event_run(w->loop, 0);
}

int
world_drop(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < w->n; i++)
		http_call_drop(&w->answers[i].call);
	agent_stop(&w->agent);
	audit_close(&w->agent.audit);
	http_server_stop(&w->broker.server);
	EVP_PKEY_free(w->broker.key);
	EVP_PKEY_free(w->broker.other);
	sd_event_unref(w->loop);
	unlink(w->socket);
	unlink(w->broker_socket);
	unlink(w->script);
	unlink(w->audit_file);
	assert_int_equal(rmdir(w->dir), 0);
	free(w);
	return 0;
}

void
world_script(const struct world *w, const char *what)
{
	assert_ok(file_write(w->script, cur_str(what), 0600));
}

/* Callers */

static void
on_answer(void *arg, enum err e, const struct http_answer *got)
{
	struct answer *a = arg;

	a->done = true;
	a->e = e;
	if (e == ERR_OK) {
		a->status = got->status;
		snprintf(a->location, sizeof(a->location), "%s", got->location);
		assert_true(cur_to_str(buf_view(&got->body), a->body, sizeof(a->body)));
	}
	http_call_drop(&a->call);
}

static struct http_call_options
options(const struct world *w, const char *method, const char *path)
{
	return (struct http_call_options){ .socket = w->socket, .owner = geteuid(),
		.host = NAME_HOST_AGENT, .method = method, .path = path,
		.timeout_ms = 30000 };
}

struct answer *
world_call(struct world *w, const char *method, const char *path, const char *body,
    const char *prefer)
{
	struct http_call_options o = options(w, method, path);
	struct answer *a;

	assert_true(w->n < CALLS_MAX);
	a = &w->answers[w->n++];
	*a = (struct answer){ 0 };
	o.prefer = prefer;
	if (body != NULL)
		o.body = cur_str(body);
	assert_ok(http_call_start(w->loop, &o, on_answer, a, &a->call));
	return a;
}

void
world_forget(struct world *w, struct answer *a)
{
	assert_ptr_equal(a, &w->answers[w->n - 1]);
	http_call_drop(&a->call);
	w->n--;
}

void
world_hang_up(struct answer *a)
{
	http_call_drop(&a->call);
}

int
world_call_elsewhere(struct world *w, const char *method, const char *path)
{
	struct http_call_options o = options(w, method, path);
	struct http_answer got;
	pid_t pid = fork();
	int status = 0;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(http_call(&o, &got) == ERR_OK ? got.status / 2 : 0);
	while (waitpid(pid, &status, WNOHANG) == 0)
		sd_event_run(w->loop, 10000);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status) * 2;
}

void
world_turn(struct world *w)
{
	assert_true(sd_event_run(w->loop, TURN_USEC) >= 0);
}

void
world_settle(struct world *w)
{
	/* A child that ends can wake the loop before it can be waited for: twice. */
	for (int idle = 0; idle < 2;) {
		int r = sd_event_run(w->loop, 20000);

		assert_true(r >= 0);
		idle = r == 0 ? idle + 1 : 0;
	}
}

void
world_wait(struct world *w, const struct answer *a)
{
	UNTIL(w, a->done);
	assert_int_equal(a->e, ERR_OK);
}

void
answer_member(const struct answer *a, const char *name, char *ret, size_t size)
{
	AUTO(json_drop) json_t *o = NULL;

	assert_ok(json_load_object(cur_str(a->body), &o));
	assert_ok(json_need_str(o, name, ret, size));
}

void
world_expect(struct world *w, const struct answer *a, int status, const char *word)
{
	char type[128];

	world_wait(w, a);
	if (a->status != status)
		print_error("%d: %s\n", a->status, a->body);
	assert_int_equal(a->status, status);
	if (word == NULL)
		return;
	answer_member(a, "type", type, sizeof(type));
	assert_string_equal(type + strlen(NAME_PROBLEM), word);
}

struct answer *
world_login(struct world *w)
{
	return world_call(w, "POST", "/v1/logins", BODY, NULL);
}

struct answer *
world_login_async(struct world *w)
{
	return world_call(w, "POST", "/v1/logins", BODY, "wait=5,Respond-Async");
}

struct answer *
world_wait_state(struct world *w, const char *location, const char *want)
{
	char path[256], is[64];
	struct answer *a;

	snprintf(path, sizeof(path), "%s", location);
	for (;;) {
		a = world_call(w, "GET", path, NULL, NULL);
		world_expect(w, a, 200, NULL);
		answer_member(a, "state", is, sizeof(is));
		if (strcmp(is, want) == 0)
			return a;
		world_forget(w, a);
	}
}

void
world_log_in(struct world *w)
{
	struct answer *a;

	world_script(w, "good");
	a = world_login(w);
	world_expect(w, a, 200, NULL);
	world_forget(w, a);
}
