/* SPDX-License-Identifier: EUPL-1.2 */
/* The real dezi-broker in a folder of its own. */
#include "tests/check.h"

#include "tests/unit/broker_run.h"

#include <fcntl.h>
#include <ftw.h>
#include <openssl/pem.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/names.h"
#include "jose/json.h"

static struct made root, ca, pass;	/* valid today */
static EVP_PKEY *broker_key;

/* --- files --- */

static void
put_file(const struct run *p, const char *name, struct cur content, mode_t mode)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	assert_ok(file_write(path, content, mode));
}

void
run_put_text(const struct run *p, const char *name, const char *text)
{
	put_file(p, name, cur_str(text), 0644);
}

static void
put_folder(const struct run *p, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void
put_crl(const struct run *p, const char *name, const struct made *issuer)
{
	AUTO(buf_free) struct buf der = BUF(65536);
	const struct crl_recipe how = { .from = time(NULL) - 3600,
		.until = time(NULL) + MADE_DAY };

	make_crl(&how, issuer, &der);
	put_file(p, name, buf_view(&der), 0644);
}

void
run_put_register(const struct run *p, const char *status)
{
	AUTO(buf_free) struct buf text = BUF(4096);

	buf_fmt(&text, "[person 900000001]\ndezi_number = 100000001\n"
	    "name = Zo\303\253\nstatus = %s\n[employment z]\nuzi_number = 900000001\n"
	    "subscriber = 90000123\nsubscriber_name = Oost\nrole = 01.015\n", status);
	assert_non_null(buf_cstr(&text));
	run_put_text(p, "register.conf", (const char *)text.p);
}

void
run_put_conf(const struct run *p, const char *extra)
{
	AUTO(buf_free) struct buf text = BUF(8192), hex = BUF(128);
	uint8_t hash[HASH_LEN];
	const char *d = p->dir;

	assert_ok(token_hash(cur_str(HOUSE_SECRET), hash));
	hex_put(&hex, cur_of(hash, sizeof(hash)));
	buf_fmt(&text, "[broker]\nissuer = " HOUSE_ISSUER "\nenvironment = test\n"
	    "key = %s/key.pem\ndatabase = %s/broker.db\nagent_socket = %s\n"
	    "client_socket = %s\ntrust = %s/trust\nregister = %s/register.conf\n"
	    "means = %s/means.conf\naudit = %s/audit.log\n%s"
	    "[client ehr]\nsecret_sha256 = %s\nrp_name_nl = Dossier\n"
	    "acr = " NAME_LOA_HIGH "\nuid = *\n", d, d, p->agent, p->client, d, d, d, d,
	    extra, buf_cstr(&hex));
	assert_non_null(buf_cstr(&text));
	run_put_text(p, "broker.conf", (const char *)text.p);
}

static void
put_key(const struct run *p)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *text;
	long n;

	assert_int_equal(PEM_write_bio_PrivateKey(b, broker_key, NULL, NULL, 0, NULL,
	    NULL), 1);
	n = BIO_get_mem_data(b, &text);
	put_file(p, "key.pem", cur_of(text, (size_t)n), 0600);
	BIO_free(b);
}

int
run_set_up(void **state)
{
	static struct run p;

	memset(&p, 0, sizeof(p));
	snprintf(p.dir, sizeof(p.dir), "/tmp/dezi-test-XXXXXX");
	assert_non_null(mkdtemp(p.dir));
	assert_int_equal(chmod(p.dir, 0755), 0);
	snprintf(p.conf, sizeof(p.conf), "%s/broker.conf", p.dir);
	snprintf(p.agent, sizeof(p.agent), "%s/agent.sock", p.dir);
	snprintf(p.client, sizeof(p.client), "%s/client.sock", p.dir);
	put_folder(&p, "trust");
	put_folder(&p, "trust/anchors");
	put_folder(&p, "trust/intermediates");
	put_folder(&p, "trust/crls");
	put_file(&p, "trust/anchors/root.der", buf_view(&root.der), 0644);
	put_file(&p, "trust/intermediates/ca.der", buf_view(&ca.der), 0644);
	put_crl(&p, "trust/crls/root.crl", &root);
	put_crl(&p, "trust/crls/ca.crl", &ca);
	run_put_text(&p, "means.conf", "[means z]\nissuer_cn = TEST Zorgverlener CA\n"
	    "policy = 2.16.528.1.1007.99.211\ndriver = uzi\none_transaction = yes\n"
	    "acr = " NAME_LOA_HIGH "\n");
	run_put_register(&p, "active");
	put_key(&p);
	run_put_conf(&p, "");
	*state = &p;
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

/* --- the program --- */

/* A datagram socket at which the program says READY=1, as to systemd. */
static int
notify_socket(const struct run *p, char *ret_path, size_t size)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(ret_path, size, "%s/notify", p->dir);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", ret_path);
	unlink(ret_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void
wait_ready(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char text[256] = "";

	while (strstr(text, "READY=1") == NULL) {
		ssize_t n;

		assert_int_equal(poll(&pfd, 1, RUN_PATIENCE_MS), 1);
		n = recv(fd, text, sizeof(text) - 1, 0);
		assert_true(n > 0);
		text[n] = '\0';
	}
}

/* fds: two listening sockets to hand over, or NULL. */
static void
in_child(const struct run *p, const char *notify, const int *fds)
{
	const char *build = getenv("builddir");
	char program[1024], pid[32], log[128];
	int err;

	snprintf(program, sizeof(program), "%s/dezi-broker", build != NULL ? build : ".");
	snprintf(log, sizeof(log), "%s/stderr", p->dir);
	err = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	dup2(err, STDERR_FILENO);
	setenv("NOTIFY_SOCKET", notify, 1);
	if (fds != NULL) {
		dup2(fds[0], 3);
		dup2(fds[1], 4);
		snprintf(pid, sizeof(pid), "%ld", (long)getpid());
		setenv("LISTEN_PID", pid, 1);
		setenv("LISTEN_FDS", "2", 1);
		setenv("LISTEN_FDNAMES", "client:agent", 1);
	}
	execl(program, program, "--config", p->conf, (char *)NULL);
	_exit(127);
}

void
run_start(struct run *p, const int *fds)
{
	char notify[128];
	int fd = notify_socket(p, notify, sizeof(notify));

	p->pid = fork();
	assert_true(p->pid >= 0);
	if (p->pid == 0)
		in_child(p, notify, fds);
	wait_ready(fd);
	close(fd);
}

int
run_stop(struct run *p, int sig)
{
	int status = 0;

	if (p->pid == 0)
		return 0;
	kill(p->pid, sig);
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	p->pid = 0;
	return status;
}

int
run_tear_down(void **state)
{
	struct run *p = *state;

	run_stop(p, SIGKILL);
	return nftw(p->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A start that must fail: its exit status, and what it said. */
int
run_fails(const struct run *p, char *ret_said, size_t size)
{
	AUTO(buf_free) struct buf said = BUF(16384);
	char log[128], notify[128];
	int status, fd = notify_socket(p, notify, sizeof(notify));
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		in_child(p, notify, NULL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(fd);
	assert_true(WIFEXITED(status));
	snprintf(log, sizeof(log), "%s/stderr", p->dir);
	assert_ok(file_read(log, &said));
	snprintf(ret_said, size, "%s", buf_cstr(&said));
	return WEXITSTATUS(status);
}

/* --- calls --- */

void
run_call(const char *socket_path, const char *method, const char *path,
    const char *bearer, const char *body, struct http_answer *ret)
{
	const struct http_call_options o = { .socket = socket_path, .owner = (uid_t)-1,
		.host = NAME_HOST_BROKER, .method = method, .path = path,
		.bearer = bearer, .body = cur_str(body), .timeout_ms = RUN_PATIENCE_MS };

	memset(ret, 0, sizeof(*ret));
	ret->body.max = HTTP_ANSWER_MAX;
	assert_ok(http_call(&o, ret));
}

void
run_call_is(const char *socket_path, const char *method, const char *path,
    const char *bearer, const char *body, enum err want)
{
	AUTO(http_answer_free) struct http_answer a;

	run_call(socket_path, method, path, bearer, body, &a);
	if (want == ERR_OK) {
		assert_true(a.status == 200 || a.status == 204);
		return;
	}
	assert_int_equal(a.status, err_http(want));
	assert_err(http_problem(&a), want);
}

/* One string or number of the answer. */
void
run_member(const struct http_answer *a, const char *name, char *ret, size_t size)
{
	AUTO(json_drop) json_t *o = NULL;

	assert_int_equal(a->status, 200);
	assert_ok(json_load_object(buf_view(&a->body), &o));
	assert_ok(json_need_str(o, name, ret, size));
}

void
run_ask(struct run *p, struct run_login *l)
{
	AUTO(http_answer_free) struct http_answer a;

	run_call(p->client, "POST", "/v1/requests", NULL, "{\"client_id\":\"ehr\","
	    "\"client_secret\":\"" HOUSE_SECRET "\",\"acr\":\"" NAME_LOA_HIGH "\"}", &a);
	run_member(&a, "login", l->handle, sizeof(l->handle));
	run_member(&a, "request_secret", l->secret, sizeof(l->secret));
}

/* Fetch the challenge and have the pass answer it. */
void
run_sign(struct run *p, struct run_login *l)
{
	AUTO(http_answer_free) struct http_answer a;
	struct house_login h = { .assertion = BUF(JWS_MAX) };
	char body[128], jws[CHALLENGE_MAX];

	snprintf(body, sizeof(body), "{\"login\":\"%s\"}", l->handle);
	run_call(p->agent, "POST", "/v1/challenges", NULL, body, &a);
	run_member(&a, "challenge", jws, sizeof(jws));
	assert_ok(challenge_read(cur_str(jws), HOUSE_ISSUER, &broker_key, 1, &h.asked));
	house_answer(&h, cur_str(jws));
	house_sign(&h, &pass, &ca);
	snprintf(l->body, sizeof(l->body), "{\"login\":\"%s\",\"assertion\":\"%.*s\"}",
	    l->handle, (int)h.assertion.len, (const char *)h.assertion.p);
	house_login_drop(&h);
}

void
run_log_in(struct run *p, struct run_login *l)
{
	AUTO(http_answer_free) struct http_answer a;

	run_ask(p, l);
	run_sign(p, l);
	run_call(p->agent, "POST", "/v1/assertions", NULL, l->body, &a);
	run_member(&a, "session", l->session, sizeof(l->session));
	run_member(&a, "lease_token", l->token, sizeof(l->token));
	run_member(&a, "finish", l->finish, sizeof(l->finish));
}

void
run_result(struct run *p, const struct run_login *l, struct http_answer *ret)
{
	char path[128], body[256];

	snprintf(path, sizeof(path), "/v1/requests/%s/result", l->handle);
	snprintf(body, sizeof(body), "{\"request_secret\":\"%s\",\"finish\":\"%s\"}",
	    l->secret, l->finish);
	run_call(p->client, "POST", path, NULL, body, ret);
}

void
run_state_is(struct run *p, const struct run_login *l, const char *want)
{
	AUTO(http_answer_free) struct http_answer a;
	char path[128], word[64];

	snprintf(path, sizeof(path), "/v1/sessions/%s", l->session);
	run_call(p->client, "GET", path, l->secret, "", &a);
	run_member(&a, strcmp(want, "alive") == 0 ? "state" : "why", word, sizeof(word));
	assert_string_equal(word, want);
}

int
run_make_all(void **state)
{
	const int64_t now = time(NULL);
	struct recipe r = { .cn = "TEST root", .kind = "P-256",
		.basic = "critical,CA:TRUE", .usage = "critical,keyCertSign,cRLSign",
		.from = now - MADE_DAY, .until = now + MADE_DAY };

	(void)state;
	make_cert(&r, NULL, &root);
	r.cn = "TEST Zorgverlener CA";
	r.serial = 2;
	r.policies = "2.16.528.1.1007.99.211";
	make_cert(&r, &root, &ca);
	r = pass_recipe('Z');
	r.from = now - MADE_DAY;
	r.until = now + MADE_DAY;
	make_cert(&r, &ca, &pass);
	broker_key = EVP_EC_gen("P-256");
	return broker_key == NULL;
}

int
run_drop_all(void **state)
{
	(void)state;
	made_drop(&root);
	made_drop(&ca);
	made_drop(&pass);
	pkey_drop(&broker_key);
	return 0;
}
