/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * dezi-login-worker: one login, then the end.  It is started by the agent with a socket
 * on descriptor 3 (login/wire.h); it parses no JSON and no HTTP, and of our programs it
 * alone holds a PIN.  prepare() is DESIGN section 6, "worker confinement, in order".
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/frame.h"
#include "base/log.h"
#include "base/names.h"
#include "host/prompt.h"
#include "login/wire.h"
#include "worker/confine.h"
#include "worker/environ.h"
#include "worker/guard.h"
#include "worker/world.h"

#define AGENT_FD	3

struct options {
	const char *config;
	const char *broker;
	bool	 probe;
};

static void
world_drop(struct world *w)
{
	world_close_window(w, &w->message);
	world_close_window(w, &w->window);
	pcsc_close(&w->pcsc);
	profiles_free(&w->profiles);
	card_cache_close(&w->cache);
	cert_store_free(&w->store);
	host_conf_free(&w->conf);
}

/* The agent is gone: nobody must be left with a window that leads to nothing. */
static void
close_windows(void *arg)
{
	struct world *w = arg;

	pthread_mutex_lock(&w->windows);	/* for good */
	if (w->message != NULL)
		pinentry_abandon(w->message);
	if (w->window != NULL)
		pinentry_abandon(w->window);
}

static enum err
read_configuration(struct world *w, const struct options *o)
{
	/* The agent names its own file to us; the usual one must be root's. */
	bool named = strcmp(o->config, HOST_CONF_FILE) != 0;
	enum err r;

	if ((r = host_conf_load(o->config, named, &w->conf)) != ERR_OK)
		return r;
	w->broker = host_conf_broker(w->conf, o->broker);
	if (w->broker == NULL)
		return fail(ERR_CONFIG, "%s: no such broker", o->config);
	return ERR_OK;
}

static const char *
locale_of_terminal(void)
{
	const char *all = environ_get("LC_ALL"), *lang = environ_get("LANG");

	if (all != NULL && all[0] != '\0')
		return all;
	return lang != NULL && lang[0] != '\0' ? lang : "C.UTF-8";
}

static enum err
start_window(const struct world *w, struct pinentry **ret)
{
	const struct pinentry_options o = {
		.program = w->conf->pinentry, .tty = environ_get("GPG_TTY"),
		.term = environ_get("TERM"), .locale = locale_of_terminal(),
	};

	return pinentry_start(&o, ret);
}

/* Only the configuration says where pcscd is. */
static enum err
open_pcscd(struct world *w)
{
	enum err r;

	if (w->conf->pcsc_socket[0] != '\0' &&
	    setenv("PCSCLITE_CSOCK_NAME", w->conf->pcsc_socket, 1) != 0)
		return fail(ERR_NOMEM, "environment");
	if ((r = pcsc_open(&w->pcsc)) != ERR_OK ||
	    (r = pcsc_list(w->pcsc, w->before, NELEM(w->before), &w->n_before)) != ERR_OK)
		return r;
	if (w->n_before > NELEM(w->before))
		w->n_before = NELEM(w->before);
	return ERR_OK;
}

/* Without a card a second window will ask for one: it must be started now. */
static enum err
start_message(struct world *w)
{
	return world_had_card(w) ? ERR_OK : start_window(w, &w->message);
}

/* Public parts of cards, in the person's runtime directory.  A login can do without. */
static void
open_cache(struct world *w)
{
	const char *runtime = environ_get("XDG_RUNTIME_DIR");
	char dir[HOST_PATH_MAX];

	if (runtime == NULL || runtime[0] != '/' ||
	    snprintf(dir, sizeof(dir), "%s/%s/cards", runtime, NAME_RUNTIME_DIR) >=
	    (int)sizeof(dir))
		return;
	if (card_cache_open(dir, &w->cache) != ERR_OK)
		log_warn("no card cache: %s", err_trail());
}

static enum err
load(struct world *w)
{
	enum err r;

	prompt_language("en", LOCALEDIR);
	prompt_language("nl", LOCALEDIR);
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return fail(ERR_CRYPTO, "libcrypto");
	open_cache(w);
	if ((r = profiles_load(w->conf->profiles, SYSCONFDIR "/dezi/profiles",
	    w->conf->owner, &w->profiles)) != ERR_OK)
		return r;
	return cert_store_load(w->broker->trust, w->broker->environment,
	    CERT_REVOCATION_ELSEWHERE, &w->store);
}

static enum err
give_up_the_rest(const struct world *w)
{
	pid_t windows[2] = { pinentry_pid(w->window), 0 };

	if (w->message != NULL)
		windows[1] = pinentry_pid(w->message);
	return confine_calls(windows, w->message != NULL ? 2 : 1);
}

static enum err
prepare(struct world *w, const struct options *o)
{
	enum err r;

	if ((r = read_configuration(w, o)) != ERR_OK ||
	    (r = start_window(w, &w->window)) != ERR_OK ||	/* shows nothing yet */
	    (r = open_pcscd(w)) != ERR_OK ||
	    (r = load(w)) != ERR_OK ||
	    (r = start_message(w)) != ERR_OK ||
	    (r = confine_files()) != ERR_OK ||
	    (r = pcsc_prepare(w->pcsc)) != ERR_OK ||
	    (r = guard_start(w->agent, close_windows, w)) != ERR_OK ||
	    (r = give_up_the_rest(w)) != ERR_OK)
		return r;
	return ERR_OK;
}

static enum err
receive(const struct world *w, struct login_request *ret)
{
	AUTO(buf_free) struct buf body = BUF(FRAME_MAX);
	uint8_t type;
	enum err r;

	if ((r = frame_read(w->agent, &body, &type)) != ERR_OK)
		return r;
	if (type != WIRE_LOGIN)
		return fail(ERR_MALFORMED, "a frame that is no request");
	return wire_get_request(buf_view(&body), ret);
}

static enum err
log_in(struct world *w, struct login_result *ret)
{
	const struct login_world world = world_of(w);
	struct login_request rq;
	enum err r;

	if ((r = receive(w, &rq)) != ERR_OK)
		return r;
	prompt_language(strcmp(rq.language, "en") == 0 ? "en" : "nl", LOCALEDIR);
	r = login_run(&world, &rq, ret);
	ret->apdus = pcsc_apdus(w->pcsc);
	return r;
}

/* The last word: an assertion, or why there is none. */
static enum err
answer(const struct world *w, enum err r, const struct login_result *result)
{
	AUTO(buf_free) struct buf body = BUF(FRAME_MAX);
	char trail[sizeof(((struct wire_failure *)0)->trail)];

	if (r == ERR_OK) {
		if ((r = wire_put_done(&body, result)) == ERR_OK)
			return frame_write(w->agent, WIRE_DONE, buf_view(&body));
		buf_clear(&body);
	}
	snprintf(trail, sizeof(trail), "%s", err_trail());
	if ((r = wire_put_failure(&body, r, result->pin.tries, trail)) != ERR_OK)
		return r;
	return frame_write(w->agent, WIRE_FAILED, buf_view(&body));
}

static int
work(const struct options *o)
{
	AUTO(world_drop) struct world w = {
		.windows = PTHREAD_MUTEX_INITIALIZER, .agent = AGENT_FD,
	};
	AUTO(login_result_free) struct login_result result = { .pin.tries = -1 };
	enum err r;

	if ((r = prepare(&w, o)) == ERR_OK)
		r = log_in(&w, &result);
	if (answer(&w, r, &result) != ERR_OK) {
		log_error("no answer to the agent: %s", err_trail());
		return 1;
	}
	return r == ERR_OK ? 0 : 1;
}

static bool
parse(int argc, char **argv, struct options *ret)
{
	static const struct option names[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "broker", required_argument, NULL, 'b' },
		{ "probe", no_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1)
		switch (c) {
		case 'c':
			ret->config = optarg;
			break;
		case 'b':
			ret->broker = optarg;
			break;
		case 'p':
			ret->probe = true;
			break;
		default:
			return false;
		}
	return optind == argc &&
	    (ret->probe || (ret->config != NULL && ret->broker != NULL));
}

static int
usage(FILE *to, int status)
{
	fputs("dezi-login-worker is started by dezi-agent(8); by hand only as\n"
	    "\tdezi-login-worker --probe | --help | --version\n", to);
	return status;
}

/* Its socket does not go on to the programs that we start. */
static bool
agent_is_there(void)
{
	struct stat st;

	return fstat(AGENT_FD, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    fcntl(AGENT_FD, F_SETFD, FD_CLOEXEC) == 0;
}

/* Never exit(): what libraries left to be done at the end is not allowed by then. */
int
main(int argc, char **argv)
{
	struct options o = { 0 };
	const char *missing;
	int status;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout, 0);
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("dezi-login-worker %s\n", PACKAGE_VERSION) < 0;
	log_start("dezi-login-worker", LOG_LEVEL_INFO);
	if (!parse(argc, argv, &o))
		return usage(stderr, 2);
	if (environ_clean(argv) != ERR_OK) {
		log_error("%s", err_trail());
		return 1;
	}
	if (o.probe) {
		status = confine_probe() ? 0 : 1;
		fflush(stdout);
		_exit(status);
	}
	if (!agent_is_there())
		return usage(stderr, 2);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	secret_lock_process(&missing);
	_exit(work(&o));
}
