/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi-broker: two sockets, one loop. */
#include "config.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/names.h"
#include "broker/front.h"
#include "broker/keys.h"
#include "broker/load.h"
#include "net/server.h"

#define CONF_DEFAULT	SYSCONFDIR "/dezi/broker.conf"
#define EXIT_USAGE	2
#define TIMER_SLACK_US	20000
#define CONNECTIONS	256	/* of which one uid has at most 32 */
#define RETRY_MS	1000	/* after the database failed */

enum { AGENT, CLIENT, SOCKETS };

struct broker {
	struct loaded	    l;
	struct flow	    flow;
	sd_event	   *loop;
	sd_event_source	   *timer;
	struct http_server *servers[SOCKETS];
};

static void
broker_free(struct broker *b)
{
	for (size_t i = 0; i < SOCKETS; i++)
		http_server_stop(&b->servers[i]);
	sd_event_source_unref(b->timer);
	sd_event_unref(b->loop);
	loaded_free(&b->l);
}

static struct flow_at
at_of(const struct http_peer *peer)
{
	struct flow_at at = { .peer = { .host = FLOW_HOST_LOCAL, .uid = geteuid() },
		.utc = clock_utc(), .boot_ms = clock_boot_ms() };

	if (peer != NULL)
		at.peer.uid = peer->uid;
	return at;
}

/* --- time --- */

static void
arm(struct broker *b, int64_t next_ms)
{
	if (next_ms == INT64_MAX) {
		sd_event_source_set_enabled(b->timer, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time(b->timer, (uint64_t)(next_ms < 0 ? 0 : next_ms) * 1000);
	sd_event_source_set_enabled(b->timer, SD_EVENT_ONESHOT);
}

/* After every call and at every deadline: end what is overdue, sleep until the next. */
static void
settle(struct broker *b)
{
	struct flow_at at = at_of(NULL);
	int64_t next_ms;

	if (flow_tick(&b->flow, &at, &next_ms) != ERR_OK) {
		log_error("sessions cannot be ended: %s", err_trail());
		next_ms = at.boot_ms + RETRY_MS;
	}
	arm(b, next_ms);
}

static int
on_timer(sd_event_source *s, uint64_t usec, void *arg)
{
	(void)s;
	(void)usec;
	settle(arg);
	return 0;
}

/* --- requests --- */

/* What the operator must repair; a refusal stands in the audit, not here. */
static void
log_fault(enum err r)
{
	if (err_http(r) >= 500)
		log_error("%s: %s", err_word(r), err_trail());
}

typedef enum err front_fn(struct flow *f, const struct flow_at *at,
    const struct front_call *c, struct front_reply *ret);

static void
serve(struct broker *b, struct http_exchange *x, front_fn *front)
{
	AUTO(front_reply_free) struct front_reply reply = { 0 };
	struct flow_at at = at_of(http_exchange_peer(x));
	struct front_call c = { .method = http_method(x), .path = http_path(x),
		.authorization = http_header(x, "Authorization"), .body = http_body(x) };
	enum err r = front(&b->flow, &at, &c, &reply);

	if (r != ERR_OK) {
		log_fault(r);
		http_reply_problem(x, r, NULL);
	} else if (reply.json.len != 0) {
		http_reply_json(x, reply.status, buf_view(&reply.json), NULL);
	} else {
		http_reply_empty(x, reply.status);
	}
	settle(b);
}

static void
on_agent(void *arg, struct http_exchange *x)
{
	serve(arg, x, front_agent);
}

static void
on_client(void *arg, struct http_exchange *x)
{
	serve(arg, x, front_client);
}

/* A uid that no client of the configuration knows has nothing to ask. */
static bool
client_peer_ok(void *arg, const struct http_peer *peer)
{
	const struct broker *b = arg;

	for (size_t i = 0; i < b->l.conf->n_clients; i++)
		if (client_uid_ok(&b->l.conf->clients[i], peer->uid))
			return true;
	return false;
}

/* --- signals --- */

static int
on_reload(sd_event_source *s, const struct signalfd_siginfo *si, void *arg)
{
	struct broker *b = arg;
	struct flow_at at = at_of(NULL);

	(void)s;
	(void)si;
	if (load_again(&b->l) != ERR_OK)
		log_error("not reloaded: %s", err_trail());
	b->flow.people = b->l.people;
	b->flow.means = b->l.means;
	if (flow_note(&b->flow, &at, "reload") != ERR_OK)
		log_error("audit: %s", err_trail());
	return 0;
}

static enum err
watch_signals(struct broker *b)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	/* Without a handler a signal ends the loop. */
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 ||
	    sd_event_add_signal(b->loop, NULL, SIGTERM, NULL, NULL) < 0 ||
	    sd_event_add_signal(b->loop, NULL, SIGINT, NULL, NULL) < 0 ||
	    sd_event_add_signal(b->loop, NULL, SIGHUP, on_reload, b) < 0)
		return fail(ERR_SYS, "signals");
	return ERR_OK;
}

/* --- start --- */

static const char *const socket_names[SOCKETS] = { "agent", "client" };

static void
names_free(char ***names)
{
	if (*names == NULL)
		return;
	for (char **n = *names; *n != NULL; n++)
		free(*n);
	free(*names);
}

/* From systemd, by FileDescriptorName=. */
static enum err
inherited(int ret_fds[SOCKETS])
{
	AUTO(names_free) char **names = NULL;
	int n = sd_listen_fds_with_names(1, &names);

	if (n < 0)
		return fail(ERR_SYS, "sd_listen_fds: %s", strerror(-n));
	for (int i = 0; i < n; i++) {
		size_t k = 0;

		while (k < SOCKETS && strcmp(names[i], socket_names[k]) != 0)
			k++;
		if (k == SOCKETS || ret_fds[k] >= 0)
			return fail(ERR_CONFIG, "expected sockets named \"agent\" and "
			    "\"client\" (FileDescriptorName=), each once");
		ret_fds[k] = SD_LISTEN_FDS_START + i;
	}
	return ERR_OK;
}

static enum err
listen_on(struct broker *b)
{
	const struct broker_conf *c = b->l.conf;
	const char *paths[SOCKETS] = { c->agent_socket, c->client_socket };
	const struct http_server_options options[SOCKETS] = {
		{ .host = NAME_HOST_BROKER, .handler = on_agent, .arg = b,
		    .max_connections = CONNECTIONS },
		{ .host = NAME_HOST_BROKER, .handler = on_client, .arg = b,
		    .peer_ok = client_peer_ok, .max_connections = CONNECTIONS },
	};
	int fds[SOCKETS] = { -1, -1 };
	enum err r;

	if ((r = inherited(fds)) != ERR_OK)
		return r;
	for (size_t i = 0; i < SOCKETS; i++)
		if ((fds[i] < 0 &&
		    (r = http_listen(paths[i], 0666, &fds[i])) != ERR_OK) ||
		    (r = http_server_start(b->loop, fds[i], &options[i],
		    &b->servers[i])) != ERR_OK)
			return note(r, "%s", paths[i]);
	return ERR_OK;
}

static enum err
make_loop(struct broker *b)
{
	if (sd_event_default(&b->loop) < 0 ||
	    sd_event_add_time(b->loop, &b->timer, CLOCK_BOOTTIME, 0, TIMER_SLACK_US,
	    on_timer, b) < 0)
		return fail(ERR_SYS, "event loop");
	return watch_signals(b);
}

static enum err
start(struct broker *b, const char *conf_path)
{
	struct flow_at at = at_of(NULL);
	int64_t next_ms;
	enum err r;

	if ((r = load_all(conf_path, &b->l)) != ERR_OK)
		return r;
	b->flow = (struct flow){ .conf = b->l.conf, .people = b->l.people,
		.means = b->l.means, .store = b->l.store, .trust = b->l.trust,
		.audit = b->l.audit, .key = b->l.key, .random = random_os };
	if ((r = load_boot_id(b->flow.boot_id, sizeof(b->flow.boot_id))) != ERR_OK ||
	    (r = make_loop(b)) != ERR_OK ||
	    (r = flow_start(&b->flow, &at, &next_ms)) != ERR_OK ||
	    (r = listen_on(b)) != ERR_OK)
		return r;
	arm(b, next_ms);
	return ERR_OK;
}

static void
say_ready(const struct broker *b)
{
	const struct broker_conf *c = b->l.conf;
	const char *trouble = cert_store_trouble(b->l.trust);

	log_info("issuer %s, environment %s", c->issuer, conf_env_word(c->environment));
	for (size_t i = 0; i < c->n_keys; i++)
		log_info("key %s%s", b->l.thumbprints[i], i == 0 ? " (signs)" : "");
	if (trouble[0] != '\0')
		log_warn("a revocation list cannot be used: %s", trouble);
	if (c->revocation == CERT_REVOCATION_SOFT)
		log_warn("revocation is soft: unknown is let through");
	log_info("ready");
	sd_notify(0, "READY=1");
}

static int
exit_status(enum err r)
{
	return r == ERR_CONFIG || r == ERR_MALFORMED ? EXIT_USAGE : EXIT_FAILURE;
}

static int
run(const char *conf_path)
{
	AUTO(broker_free) struct broker b = { 0 };
	struct flow_at at;
	enum err r;

	/* Secrets pass through this memory: no core, no debugger of the same uid. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	umask(077);
	if ((r = start(&b, conf_path)) != ERR_OK) {
		log_error("%s", err_trail());
		return exit_status(r);
	}
	say_ready(&b);
	if (sd_event_loop(b.loop) < 0) {
		log_error("event loop failed");
		return EXIT_FAILURE;
	}
	sd_notify(0, "STOPPING=1");
	at = at_of(NULL);
	if (flow_note(&b.flow, &at, "stop") != ERR_OK)
		log_error("audit: %s", err_trail());
	return EXIT_SUCCESS;
}

static int
make_key(const char *path)
{
	char thumbprint[JWK_THUMBPRINT_LEN + 1];
	enum err r = key_make(path, thumbprint);

	if (r != ERR_OK) {
		log_error("%s", err_trail());
		return exit_status(r);
	}
	printf("%s\n", thumbprint);
	return EXIT_SUCCESS;
}

static void
usage(FILE *out)
{
	fputs("usage: dezi-broker [--config FILE]\n"
	    "       dezi-broker --make-key FILE\n"
	    "\n"
	    "  --config FILE    configuration, " CONF_DEFAULT " if not given\n"
	    "  --make-key FILE  make a key in FILE and FILE.pub, print its thumbprint\n"
	    "  --help           show this\n"
	    "  --version        show the version\n", out);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "make-key", required_argument, NULL, 'k' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	const char *conf_path = CONF_DEFAULT, *key_path = NULL;
	int c;

	log_start("dezi-broker", LOG_LEVEL_INFO);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 'c':
			conf_path = optarg;
			break;
		case 'k':
			key_path = optarg;
			break;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		case 'v':
			printf("dezi-broker %s\n", PACKAGE_VERSION);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	if (optind != argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	return key_path != NULL ? make_key(key_path) : run(conf_path);
}
