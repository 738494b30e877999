/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi login: a care application on the command line (DESIGN section 1, five steps). */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/names.h"
#include "cli/login.h"

#define CLIENT_SOCKET	"/run/dezi-broker/client.sock"

void
login_tell(const struct login_run *l, int step, const char *fmt, ...)
{
	int64_t ms = clock_boot_ms() - l->began_ms;
	char number[8] = "";
	va_list ap;

	if (step != 0)
		snprintf(number, sizeof(number), "%d", step);
	fprintf(stderr, "%3d.%03d s  %1s  ", (int)(ms / 1000), (int)(ms % 1000), number);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static bool
read_choice(const char *text, int *ret)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	*ret = (int)n;
	return errno == 0 && end != text && *end == '\0' && n >= 1 && n <= 1000;
}

static bool
copy_path(const char *from, char ret[static HOST_SOCKET_MAX])
{
	return cur_to_str(cur_str(from), ret, HOST_SOCKET_MAX);
}

static bool
take_option(struct login_options *o, int option, const char **ret_agent)
{
	switch (option) {
	case 'C':
		return copy_path(optarg, o->client_socket);
	case 'a':
		*ret_agent = optarg;
		return true;
	case 'i':
		o->client_id = optarg;
		return true;
	case 's':
		o->secret_file = optarg;
		return true;
	case 'l':
		o->acr = optarg;
		return true;
	case 'b':
		o->broker = optarg;
		return true;
	case 'n':
		return read_choice(optarg, &o->choice);
	case 'w':
		o->watch = true;
		return true;
	case 'j':	/* as it is anyway */
		return true;
	default:
		return false;
	}
}

static enum cli_status
options(int argc, char **argv, struct login_options *ret)
{
	static const struct option known[] = {
		{ "client-socket", required_argument, NULL, 'C' },
		{ "agent-socket", required_argument, NULL, 'a' },
		{ "client-id", required_argument, NULL, 'i' },
		{ "secret-file", required_argument, NULL, 's' },
		{ "acr", required_argument, NULL, 'l' },
		{ "broker", required_argument, NULL, 'b' },
		{ "choice", required_argument, NULL, 'n' },
		{ "watch", no_argument, NULL, 'w' },
		{ "until-end", no_argument, NULL, 'w' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	const char *agent = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
		if (!take_option(ret, option, &agent))
			return cli_usage("login");
	if (optind != argc || ret->client_id == NULL || ret->secret_file == NULL)
		return cli_usage("login");
	if (cli_agent_socket(agent, ret->agent_socket, sizeof(ret->agent_socket)) != ERR_OK)
		return cli_failed(ERR_CONFIG, true);
	return CLI_OK;
}

/* Ctrl-C while the PIN is asked: the window must go too. */
static void
interrupted(void *arg, int number)
{
	login_cancel(arg);
	_exit(128 + number);
}

static void
print_success(const struct login_run *l)
{
	AUTO(json_drop) json_t *j = json_copy(l->identity);
	static const char *const from_agent[] = { "alg", "apdus" };

	if (j == NULL)
		return;
	json_object_set_new(j, "result", json_string("ok"));
	json_object_set_new(j, "milliseconds", json_integer(clock_boot_ms() - l->began_ms));
	for (size_t i = 0; i < NELEM(from_agent); i++) {
		json_t *v = json_object_get(l->answer, from_agent[i]);

		json_object_set(j, from_agent[i], v == NULL ? json_null() : v);
	}
	cli_print_json(j);
}

/* Several employments and no choice made: say which there are. */
static enum cli_status
print_choices(const struct login_run *l)
{
	AUTO(json_drop) json_t *j = json_copy(l->identity);
	const json_t *c;
	size_t i;

	json_array_foreach(json_object_get(l->identity, "choices"), i, c)
		fprintf(stderr, _("           --choice %zu: %s, %s\n"), i + 1,
		    cli_safe(json_string_value(json_object_get(c, "subscriber_name"))),
		    cli_safe(json_string_value(json_object_get(c, "role"))));
	if (j != NULL) {
		json_object_set_new(j, "result", json_string(err_word(ERR_PENDING)));
		cli_print_json(j);
	}
	return CLI_FAILED;
}

static enum cli_status
watch(struct login_run *l)
{
	AUTO(json_drop) json_t *last = NULL;
	enum err r;

	login_tell(l, 0, _("The session lasts while the card is in the reader."));
	if ((r = login_watch(l, &last)) != ERR_OK)
		return cli_failed(r, true);
	login_tell(l, 0, _("The session has ended: %s."),
	    cli_safe(json_string_value(json_object_get(last, "why"))));
	cli_print_json(last);
	return CLI_OK;
}

static void
run_end(struct login_run *l)
{
	explicit_bzero(l->request_secret, sizeof(l->request_secret));
	explicit_bzero(l->finish, sizeof(l->finish));
	json_drop(&l->answer);
	json_drop(&l->identity);
}

enum cli_status
cmd_login(int argc, char **argv)
{
	struct login_options o = { .client_socket = CLIENT_SOCKET, .acr = NAME_LOA_HIGH };
	AUTO(run_end) struct login_run l = { .o = &o, .began_ms = clock_boot_ms() };
	enum cli_status s;
	enum err r;

	if ((s = options(argc, argv, &o)) != CLI_OK)
		return s;
	if ((r = cli_on_signal(interrupted, &l)) != ERR_OK || (r = login_request(&l)) != ERR_OK ||
	    (r = login_agent(&l)) != ERR_OK) {
		/* The agent may say "cancelled" before interrupted() is done. */
		cli_leave_to_signal();
		return cli_failed(r, true);
	}
	r = login_result(&l);
	if (r == ERR_PENDING && l.identity != NULL)
		return print_choices(&l);
	if (r != ERR_OK)
		return cli_failed(r, true);
	print_success(&l);
	return o.watch ? watch(&l) : CLI_OK;
}
