/* SPDX-License-Identifier: EUPL-1.2 */
/* What several subcommands do: print, call a socket, find out whom to trust. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/names.h"
#include "base/text.h"
#include "cli/cli.h"

#define SAFE_MAX	512
#define SAFE_TURNS	4

void
cli_print_json(const json_t *j)
{
	AUTO(buf_free) struct buf text = BUF(JSON_BODY_MAX);

	if (json_put(&text, j) != ERR_OK || buf_cstr(&text) == NULL)
		return;
	printf("%s\n", buf_cstr(&text));
	fflush(stdout);
}

const char *
cli_safe(const char *text)
{
	static char turns[SAFE_TURNS][SAFE_MAX];
	static unsigned turn;
	AUTO(buf_free) struct buf b = BUF(SAFE_MAX);
	char *ret = turns[turn++ % SAFE_TURNS];

	text_put_safe(&b, cur_str(text == NULL ? "" : text), SAFE_MAX / 4 - 1);
	if (buf_end(&b) != ERR_OK || !cur_to_str(buf_view(&b), ret, SAFE_MAX))
		return "?";
	return ret;
}

const char *
cli_date(int64_t utc, char ret[static 32])
{
	time_t t = (time_t)utc;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(ret, 32, "%Y-%m-%d %H:%M", &tm) == 0)
		return "?";
	return ret;
}

void
cli_complain(enum err e, const char *message, const char *advice)
{
	const char *trail = err_trail();

	fprintf(stderr, "dezi: %s %s\n", message, advice);
	if (trail[0] != '\0')
		fprintf(stderr, "      %s: %s\n", err_word(e), cli_safe(trail));
}

enum cli_status
cli_failed(enum err e, bool json)
{
	AUTO(json_drop) json_t *j = NULL;

	cli_complain(e, cli_message(e), cli_advice(e));
	if (json && (j = json_pack("{s:s}", "result", err_word(e))) != NULL)
		cli_print_json(j);
	return CLI_FAILED;
}

json_t *
cli_identity_json(const struct uzi_identity *who)
{
	char type[2] = { who->pass_type, '\0' };

	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "uzi_number", who->uzi_number,
	    "pass_type", type, "subscriber", who->subscriber, "role", who->role,
	    "name", who->name);
}

void
cli_identity_print(const struct uzi_identity *who)
{
	const char *role = cert_role_name(who->role);

	printf(_("name        %s\n"), cli_safe(who->name));
	printf(_("UZI number  %s, pass type %c\n"), cli_safe(who->uzi_number), who->pass_type);
	printf(_("role        %s %s\n"), cli_safe(who->role), role == NULL ? "" : role);
	printf(_("subscriber  %s %s\n"), cli_safe(who->subscriber),
	    cli_safe(who->subscriber_name));
}

enum err
cli_agent_socket(const char *option, char *ret, size_t size)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	int n;

	if (option != NULL) {
		n = snprintf(ret, size, "%s", option);
	} else {
		if (dir == NULL || dir[0] != '/')
			return fail(ERR_CONFIG, "XDG_RUNTIME_DIR is not set; use --agent-socket");
		n = snprintf(ret, size, "%s/" NAME_RUNTIME_DIR "/" NAME_AGENT_SOCKET, dir);
	}
	return n > 0 && (size_t)n < size ? ERR_OK :
	    fail(ERR_CONFIG, "the path of the agent's socket is too long");
}

enum err
cli_call(const struct http_call_options *o, json_t **ret)
{
	AUTO(http_answer_free) struct http_answer a = { .body.max = HTTP_ANSWER_MAX };
	enum err r;

	*ret = NULL;
	if ((r = http_call(o, &a)) != ERR_OK)
		return note(r, "%s %s", o->method, o->socket);
	if (a.status < 200 || a.status > 299) {
		r = http_problem(&a);
		return fail(r, "%s answered %d %s", o->socket, a.status, err_title(r));
	}
	if (a.body.len == 0)
		return ERR_OK;
	if ((r = json_load_object(buf_view(&a.body), ret)) != ERR_OK)
		return note(r, "answer of %s", o->socket);
	return ERR_OK;
}

enum err
cli_conf(const char *path, struct host_conf **ret)
{
	return host_conf_load(path == NULL ? HOST_CONF_FILE : path, path != NULL, ret);
}

bool
cli_trust_option(struct cli_trust *t, int option, const char *value)
{
	switch (option) {
	case 't':
		t->dir = value;
		return true;
	case 'e':
		t->environment = value;
		return true;
	case 'c':
		t->config = value;
		return true;
	case 'b':
		t->broker = value;
		return true;
	default:
		return false;
	}
}

static enum err
environment(const char *name, enum cert_env *ret)
{
	static const char *const names[] = {
		[CERT_ENV_PRODUCTION] = "production", [CERT_ENV_ACCEPTANCE] = "acceptance",
		[CERT_ENV_TEST] = "test",
	};

	for (size_t i = 0; i < NELEM(names); i++)
		if (strcmp(name, names[i]) == 0) {
			*ret = (enum cert_env)i;
			return ERR_OK;
		}
	return fail(ERR_CONFIG, "expected production, acceptance or test");
}

enum err
cli_trust_store(const struct cli_trust *t, enum cert_revocation revocation,
    struct cert_store **ret)
{
	AUTO(host_conf_free) struct host_conf *conf = NULL;
	const struct host_broker *broker;
	enum cert_env env = CERT_ENV_PRODUCTION;
	enum err r;

	if (t->environment != NULL && (r = environment(t->environment, &env)) != ERR_OK)
		return r;
	if (t->dir != NULL)
		return cert_store_load(t->dir, env, revocation, ret);
	if ((r = cli_conf(t->config, &conf)) != ERR_OK)
		return r;
	if ((broker = host_conf_broker(conf, t->broker)) == NULL)
		return fail(ERR_CONFIG, "no [broker] of that name in the configuration");
	if (t->environment == NULL)
		env = broker->environment;
	return cert_store_load(broker->trust, env, revocation, ret);
}
