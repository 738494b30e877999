/* SPDX-License-Identifier: EUPL-1.2 */
/* One login, from the agent's frame to the last word to the agent. */
#include "config.h"

#include "worker/work.h"

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
#include "worker/environ.h"

static void
world_drop(struct world *w)
{
	world_close_window(w, &w->message);
	world_close_window(w, &w->teller);
	world_close_window(w, &w->window);
	pcsc_close(&w->pcsc);
	profiles_free(&w->profiles);
	card_cache_close(&w->cache);
	cert_store_free(&w->store);
	host_conf_free(&w->conf);
}

void
work_close_windows(void *arg)
{
	struct world *w = arg;

	pthread_mutex_lock(&w->windows);	/* for good */
	if (w->message != NULL)
		pinentry_abandon(w->message);
	if (w->teller != NULL)
		pinentry_abandon(w->teller);
	if (w->window != NULL)
		pinentry_abandon(w->window);
}

enum err
work_configure(struct world *w, const struct work_options *o)
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

enum err
work_window(const struct world *w, struct pinentry **ret)
{
	const struct pinentry_options o = {
		.program = w->conf->pinentry, .tty = environ_get("GPG_TTY"),
		.term = environ_get("TERM"), .locale = locale_of_terminal(),
	};

	return pinentry_start(&o, ret);
}

/* Only the configuration says where pcscd is. */
enum err
work_environment(const struct world *w)
{
	if (w->conf->pcsc_socket[0] != '\0' &&
	    setenv("PCSCLITE_CSOCK_NAME", w->conf->pcsc_socket, 1) != 0)
		return fail(ERR_NOMEM, "environment");
	return ERR_OK;
}

enum err
work_pcscd(struct world *w)
{
	enum err r;

	if ((r = work_environment(w)) != ERR_OK ||
	    (r = pcsc_open(&w->pcsc)) != ERR_OK ||
	    (r = pcsc_list(w->pcsc, w->before, NELEM(w->before), &w->n_before)) != ERR_OK)
		return r;
	if (w->n_before > NELEM(w->before))
		w->n_before = NELEM(w->before);
	return ERR_OK;
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

enum err
work_load(struct world *w)
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
log_in(const struct work *k, struct world *w, struct login_result *ret)
{
	const struct login_world world = k->world(w);
	struct login_request rq;
	enum err r;

	if ((r = receive(w, &rq)) != ERR_OK)
		return r;
	prompt_language(strcmp(rq.language, "en") == 0 ? "en" : "nl", LOCALEDIR);
	r = login_run(&world, &rq, ret);
	if (w->pcsc != NULL)
		ret->apdus = pcsc_apdus(w->pcsc);
	return r;
}

static enum err
answer_hand_over(const struct world *w)
{
	AUTO(buf_free) struct buf body = BUF(FRAME_MAX);
	enum err r = wire_put_hand_over(&body, &w->hand_over);

	return r == ERR_OK ? frame_write(w->agent, WIRE_HAND_OVER, buf_view(&body)) : r;
}

/* The last word: an assertion, who is to go on, or why there is none. */
static enum err
answer(const struct world *w, enum err r, const struct login_result *result)
{
	AUTO(buf_free) struct buf body = BUF(FRAME_MAX);
	char trail[sizeof(((struct wire_failure *)0)->trail)];

	if (r != ERR_OK && w->hand_over.module[0] != '\0')
		return answer_hand_over(w);
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
work(const struct work *k, const struct work_options *o)
{
	AUTO(world_drop) struct world w = {
		.windows = PTHREAD_MUTEX_INITIALIZER, .agent = WORK_AGENT_FD,
	};
	AUTO(login_result_free) struct login_result result = { .pin.tries = -1 };
	enum err r;

	if ((r = k->prepare(&w, o)) == ERR_OK)
		r = log_in(k, &w, &result);
	if (answer(&w, r, &result) != ERR_OK) {
		log_error("no answer to the agent: %s", err_trail());
		return 1;
	}
	return r == ERR_OK ? 0 : 1;
}

static bool
parse_events(const char *text, uint32_t *ret)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	*ret = (uint32_t)v;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && v <= UINT32_MAX;
}

static bool
take_option(const struct work *k, int c, char *value, struct work_options *ret)
{
	if (c == 'c')
		ret->config = value;
	else if (c == 'b')
		ret->broker = value;
	else if (c == 'p')
		ret->probe = true;
	else if (c == 'm' && k->module)
		ret->module = value;
	else if (c == 'r' && k->module)
		ret->reader = value;
	else if (c == 'e' && k->module)
		return parse_events(value, &ret->events);
	else
		return false;
	return true;
}

static bool
is_enough(const struct work *k, const struct work_options *o)
{
	if (o->probe)
		return !k->module || (o->config != NULL && o->module != NULL);
	return o->config != NULL && o->broker != NULL &&
	    (!k->module || (o->module != NULL && o->reader != NULL));
}

static bool
parse(const struct work *k, int argc, char **argv, struct work_options *ret)
{
	static const struct option names[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "broker", required_argument, NULL, 'b' },
		{ "module", required_argument, NULL, 'm' },
		{ "reader", required_argument, NULL, 'r' },
		{ "events", required_argument, NULL, 'e' },
		{ "probe", no_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1)
		if (!take_option(k, c, optarg, ret))
			return false;
	return optind == argc && is_enough(k, ret);
}

static int
usage(const struct work *k, FILE *to, int status)
{
	fputs(k->usage, to);
	return status;
}

/* Its socket does not go on to the programs that we start. */
static bool
agent_is_there(void)
{
	struct stat st;

	return fstat(WORK_AGENT_FD, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    fcntl(WORK_AGENT_FD, F_SETFD, FD_CLOEXEC) == 0;
}

_Noreturn void
work_end(int status)
{
	fflush(stdout);
	_exit(status);
}

int
work_main(const struct work *k, int argc, char **argv)
{
	struct work_options o = { 0 };
	const char *missing;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(k, stdout, 0);
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("%s %s\n", k->program, PACKAGE_VERSION) < 0;
	log_start(k->program, LOG_LEVEL_INFO);
	if (!parse(k, argc, argv, &o))
		return usage(k, stderr, 2);
	if (environ_clean(argv) != ERR_OK) {
		log_error("%s", err_trail());
		return 1;
	}
	if (o.probe)
		work_end(k->probe(&o));
	if (!agent_is_there())
		return usage(k, stderr, 2);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	secret_lock_process(&missing);
	work_end(work(k, &o));
}
