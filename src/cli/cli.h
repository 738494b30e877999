/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the subcommands of dezi share: exit status, texts, and how a call to one of the
 * sockets is made.
 *
 * Texts for a person go to stderr or stdout through gettext; with --json stdout holds
 * one JSON object (or one per line for events) with constant English names.
 */
#ifndef DEZI_CLI_CLI_H
#define DEZI_CLI_CLI_H

#include <getopt.h>
#include <libintl.h>
#include <stdio.h>

#include "cert/cert.h"
#include "host/conf.h"
#include "jose/json.h"
#include "net/client.h"

#define _(s)	gettext(s)
#define N_(s)	(s)

enum cli_status { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

struct cli_command {
	const char *name;
	const char *words;		/* what follows the name, for the usage */
	const char *what;		/* one line, N_() */
	enum cli_status (*run)(int argc, char **argv);
};

enum cli_status cmd_login(int argc, char **argv);
enum cli_status cmd_cards(int argc, char **argv);
enum cli_status cmd_cert(int argc, char **argv);
enum cli_status cmd_pin(int argc, char **argv);
enum cli_status cmd_events(int argc, char **argv);
enum cli_status cmd_verify(int argc, char **argv);
enum cli_status cmd_doctor(int argc, char **argv);

/* Say on stderr how the subcommand is used.  Always CLI_USAGE. */
enum cli_status cli_usage(const char *command);

/* A result in words for a person, and what can be done about it.  Never NULL. */
const char *cli_message(enum err e);
const char *cli_advice(enum err e);

/* "dezi: <message> <advice>" and the trail on stderr. */
void cli_complain(enum err e, const char *message, const char *advice);
/*
 * "dezi: <message>" and the trail on stderr; with json also {"result":word} on stdout.
 * Always CLI_FAILED.
 */
enum cli_status cli_failed(enum err e, bool json);

/*
 * Call fn, once and in a thread of its own, for SIGINT, SIGQUIT, SIGTERM or SIGHUP, which
 * do nothing else from now on.  Before any other thread is made.  ERR_SYS.
 */
MUST_CHECK enum err cli_on_signal(void (*fn)(void *arg, int number), void *arg);
/* After a signal, whose fn ends the program, this does not return. */
void cli_leave_to_signal(void);

/* One line of JSON on stdout, at once. */
void cli_print_json(const json_t *j);
/* Text from outside, made safe to show; "" for NULL. Valid until the fourth next call. */
const char *cli_safe(const char *text);
/* "2026-11-22 14:03" UTC. */
const char *cli_date(int64_t utc, char ret[static 32]);

/* {"uzi_number", "pass_type", "subscriber", "role", "name"}; NULL: no memory. */
json_t *cli_identity_json(const struct uzi_identity *who);
void cli_identity_print(const struct uzi_identity *who);

/* Paths: the agent's socket below $XDG_RUNTIME_DIR.  ERR_CONFIG when that is not set. */
MUST_CHECK enum err cli_agent_socket(const char *option, char *ret, size_t size);

/*
 * One JSON call.  *ret: the object of a 2xx answer, NULL for one without a body; else
 * the code that the problem document names.
 */
MUST_CHECK enum err cli_call(const struct http_call_options *o, json_t **ret);

/* What says whom to trust: options, or else a broker of the agent's configuration. */
struct cli_trust {
	const char *dir;		/* --trust */
	const char *environment;	/* --environment */
	const char *config;		/* --config */
	const char *broker;		/* --broker */
};
#define CLI_TRUST_OPTIONS						\
	{ "trust", required_argument, NULL, 't' },			\
	{ "environment", required_argument, NULL, 'e' },		\
	{ "config", required_argument, NULL, 'c' },			\
	{ "broker", required_argument, NULL, 'b' }
/* Was it one of those? */
bool cli_trust_option(struct cli_trust *t, int option, const char *value);
MUST_CHECK enum err cli_trust_store(const struct cli_trust *t,
    enum cert_revocation revocation, struct cert_store **ret);
/* The agent's configuration at path; NULL: the system's. */
MUST_CHECK enum err cli_conf(const char *path, struct host_conf **ret);

#endif
