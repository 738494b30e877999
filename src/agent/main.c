/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * dezi-agent(8): the only thing that applications talk to.  This file reads the
 * environment and the command line and wires the parts; it is the only one that does.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <systemd/sd-daemon.h>

#include "agent/agent.h"
#include "agent/attempt.h"
#include "agent/events.h"
#include "base/log.h"
#include "base/names.h"
#include "net/server.h"

#define ENV_MAX		16

enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE };

struct options {
	const char *config;		/* NULL: HOST_CONF_FILE */
	const char *socket;		/* NULL: systemd's, or the default */
};

/* All that a worker may know of our environment (DESIGN section 6). */
static const char *const worker_env_names[] = {
	"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR",
	"DBUS_SESSION_BUS_ADDRESS", "GPG_TTY", "TERM", "LANG", "LC_ALL", "LC_MESSAGES",
	"LANGUAGE",
};

static int
usage(FILE *to, int status)
{
	fputs("Usage: dezi-agent [--config FILE] [--socket PATH]\n"
	    "Log in with a smartcard: the agent of one user.\n\n"
	    "  --config FILE  instead of " HOST_CONF_FILE "\n"
	    "  --socket PATH  listen here, instead of $XDG_RUNTIME_DIR/"
	    NAME_RUNTIME_DIR "/" NAME_AGENT_SOCKET "\n"
	    "  --version      say which version this is\n"
	    "  --help         say this\n", to);
	return status;
}

/* -1: go on; else the exit status. */
static int
read_options(int argc, char **argv, struct options *ret)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "socket", required_argument, NULL, 's' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'c')
			ret->config = optarg;
		else if (c == 's')
			ret->socket = optarg;
		else if (c == 'h')
			return usage(stdout, EXIT_OK);
		else if (c == 'v')
			return printf("dezi-agent %s\n", PACKAGE_VERSION) < 0;
		else
			return usage(stderr, EXIT_USAGE);
	}
	return optind == argc ? -1 : usage(stderr, EXIT_USAGE);
}

static const char *
locale(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < NELEM(names); i++) {
		const char *v = getenv(names[i]);

		if (v != NULL && v[0] != '\0')
			return v;
	}
	return "";
}

/* "NAME=value" for each that is set.  It lives as long as the program. */
static enum err
make_worker_env(char *ret[ENV_MAX])
{
	size_t n = 0;

	_Static_assert(NELEM(worker_env_names) < ENV_MAX, "room for the NULL");
	for (size_t i = 0; i < NELEM(worker_env_names); i++) {
		const char *v = getenv(worker_env_names[i]);

		if (v == NULL)
			continue;
		if (asprintf(&ret[n], "%s=%s", worker_env_names[i], v) < 0)
			return fail(ERR_NOMEM, "environment");
		n++;
	}
	ret[n] = NULL;
	return ERR_OK;
}

/* Which pcscd we talk to is said by the configuration and by nothing else (T38). */
static enum err
set_pcsc_env(const struct host_conf *c)
{
	static const char *const drop[] = { "PCSCLITE_CSOCK_NAME", "LIBPCSCLITE_DELEGATE",
		"PCSCLITE_NO_BLOCKING", "PCSCLITE_FILTER_IGNORE_READER_NAMES",
		"PCSCLITE_FILTER_EXTEND_READER_NAMES" };

	for (size_t i = 0; i < NELEM(drop); i++)
		unsetenv(drop[i]);
	if (c->pcsc_socket[0] != '\0' && setenv(drop[0], c->pcsc_socket, 1) != 0)
		return fail(ERR_NOMEM, "environment");
	return ERR_OK;
}

/* Lease tokens are in our memory: no core file, no tracing by other programs. */
static void
protect_process(void)
{
	const struct rlimit none = { 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	umask(077);
}

/* 0, 1 and 2 are what everybody thinks they are. */
static enum err
open_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd < 0)
		return fail(ERR_SYS, "/dev/null: %s", strerror(errno));
	close(fd);
	return ERR_OK;
}

/* Before the first thread: signals are the loop's (sd_event_add_signal(3)). */
static void
block_signals(void)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGCHLD);
	sigaddset(&s, SIGTERM);
	sigaddset(&s, SIGINT);
	sigprocmask(SIG_BLOCK, &s, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* The folder of our own below the runtime directory: socket, and the audit's key. */
static enum err
runtime_folder(char *ret, size_t size)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	struct stat st;

	ret[0] = '\0';
	if (run == NULL || run[0] != '/')
		return ERR_OK;
	if ((size_t)snprintf(ret, size, "%s/" NAME_RUNTIME_DIR, run) >= size)
		return fail(ERR_CONFIG, "XDG_RUNTIME_DIR is too long");
	if (mkdir(ret, 0700) != 0 && errno != EEXIST)
		return fail(ERR_SYS, "%s: %s", ret, strerror(errno));
	if (lstat(ret, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != getuid() ||
	    (st.st_mode & 077) != 0)
		return fail(ERR_CONFIG, "%s: expected a folder of our own, mode 0700",
		    ret);
	return ERR_OK;
}

/* systemd's socket.  -1: it gave none. */
static enum err
inherited_socket(int *ret)
{
	int n = sd_listen_fds(1);

	*ret = -1;
	if (n == 0)
		return ERR_OK;
	*ret = SD_LISTEN_FDS_START;
	if (n != 1 || sd_is_socket_unix(*ret, SOCK_STREAM, 1, NULL, 0) <= 0)
		return fail(ERR_CONFIG, "expected one listening Unix socket");
	return ERR_OK;
}

/* ret_path is "" unless the socket is of our own making. */
static enum err
open_socket(const struct options *o, const char *folder, char ret_path[PATH_MAX],
    int *ret)
{
	enum err r;

	ret_path[0] = '\0';
	if ((r = inherited_socket(ret)) != ERR_OK || *ret >= 0)
		return r;
	if (o->socket == NULL && folder[0] == '\0')
		return fail(ERR_CONFIG, "no socket from systemd, no --socket and no "
		    "XDG_RUNTIME_DIR");
	if (o->socket != NULL)
		snprintf(ret_path, PATH_MAX, "%s", o->socket);
	else
		snprintf(ret_path, PATH_MAX, "%s/" NAME_AGENT_SOCKET, folder);
	if ((r = http_listen(ret_path, 0600, ret)) != ERR_OK)
		ret_path[0] = '\0';
	return r;
}

static int
on_stop(sd_event_source *s, const struct signalfd_siginfo *si, void *arg)
{
	(void)si;
	(void)arg;
	return sd_event_exit(sd_event_source_get_event(s), EXIT_OK);
}

static enum err
make_loop(struct agent *a)
{
	int r;

	if ((r = sd_event_new(&a->loop)) < 0 ||
	    (r = sd_event_add_signal(a->loop, NULL, SIGTERM, on_stop, NULL)) < 0 ||
	    (r = sd_event_add_signal(a->loop, NULL, SIGINT, on_stop, NULL)) < 0)
		return fail(ERR_SYS, "loop: %s", strerror(-r));
	return ERR_OK;
}

static enum err
loop(struct agent *a)
{
	int r;

	log_info("ready");
	sd_notify(0, "READY=1");
	r = sd_event_loop(a->loop);
	sd_notify(0, "STOPPING=1");
	return r < 0 ? fail(ERR_SYS, "loop: %s", strerror(-r)) : ERR_OK;
}

static enum err
serve(struct agent *a, const struct options *o)
{
	char folder[256], key[sizeof(folder) + sizeof("/audit.key")] = "";
	char path[PATH_MAX];
	int fd;
	enum err e;

	if ((e = runtime_folder(folder, sizeof(folder))) != ERR_OK)
		return e;
	if (folder[0] != '\0')
		snprintf(key, sizeof(key), "%s/audit.key", folder);
	if ((e = audit_open(a->conf->audit, key, &a->audit)) != ERR_OK ||
	    (e = make_loop(a)) != ERR_OK ||
	    (e = open_socket(o, folder, path, &fd)) != ERR_OK)
		return e;
	if ((e = agent_start(a, fd)) == ERR_OK)
		e = loop(a);
	if (path[0] != '\0')
		unlink(path);
	return e;
}

static int
status_of(enum err e)
{
	if (e == ERR_OK)
		return EXIT_OK;
	fprintf(stderr, "%s\n", err_trail());
	return e == ERR_CONFIG || e == ERR_MALFORMED ? EXIT_USAGE : EXIT_FAILED;
}

static enum err
run(const struct options *o)
{
	AUTO(host_conf_free) struct host_conf *conf = NULL;
	char *env[ENV_MAX];
	struct agent a = { .home = getenv("HOME"), .worker_env = env,
		.conf_file = o->config == NULL ? HOST_CONF_FILE : o->config };
	enum err e;

	if ((e = host_conf_load(a.conf_file, o->config != NULL, &conf)) != ERR_OK ||
	    (e = set_pcsc_env(conf)) != ERR_OK || (e = make_worker_env(env)) != ERR_OK)
		return e;
	a.conf = conf;
	a.login_ms = ATTEMPT_TIME_MS;
	a.heartbeat_ms = EVENTS_HEARTBEAT_MS;
	a.language = host_conf_language(conf, locale());
	e = serve(&a, o);
	agent_stop(&a);
	sd_event_unref(a.loop);
	audit_close(&a.audit);
	return e;
}

int
main(int argc, char **argv)
{
	struct options o = { 0 };
	int status = read_options(argc, argv, &o);

	if (status >= 0)
		return status;
	log_start("dezi-agent", LOG_LEVEL_INFO);
	protect_process();
	block_signals();
	status = status_of(open_standard());
	return status == EXIT_OK ? status_of(run(&o)) : status;
}
