/* SPDX-License-Identifier: EUPL-1.2 */
/* Reads broker.conf. */
#include "broker/conf.h"

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "broker/table.h"
#include "login/claims.h"

#define CLIENTS_MAX	256
#define SECONDS_MAX	3600
#define LEASE_MIN	3	/* less, and a busy workstation loses its sessions */

#define PATH_KEY(field)							\
	static enum err							\
	set_##field(void *row, const struct ini_line *line)		\
	{								\
		struct broker_conf *c = row;				\
									\
		return ini_path(line, c->field, sizeof(c->field));	\
	}
PATH_KEY(database)
PATH_KEY(agent_socket)
PATH_KEY(client_socket)
PATH_KEY(trust)
PATH_KEY(people)
PATH_KEY(means)

#define SECONDS_KEY(field, least)					\
	static enum err							\
	set_##field(void *row, const struct ini_line *line)		\
	{								\
		struct broker_conf *c = row;				\
									\
		return ini_int(line, least, SECONDS_MAX, &c->field);	\
	}
SECONDS_KEY(lease_seconds, LEASE_MIN)
SECONDS_KEY(absence_seconds, 0)
SECONDS_KEY(finish_seconds, LEASE_MIN)

static const char *const env_words[] = {
	[CERT_ENV_PRODUCTION] = "production",
	[CERT_ENV_ACCEPTANCE] = "acceptance",
	[CERT_ENV_TEST] = "test",
};

const char *
conf_env_word(enum cert_env env)
{
	return env_words[env];
}

static enum err
set_issuer(void *row, const struct ini_line *line)
{
	struct broker_conf *c = row;
	enum err r;

	if ((r = ini_str(line, c->issuer, sizeof(c->issuer))) != ERR_OK)
		return r;
	if (strncmp(c->issuer, "https://", strlen("https://")) != 0 ||
	    !claims_is_id(c->issuer))
		return ini_refuse(line, "an https:// address");
	return ERR_OK;
}

static enum err
set_environment(void *row, const struct ini_line *line)
{
	struct broker_conf *c = row;
	size_t i;
	enum err r;

	if ((r = ini_choice(line, env_words, NELEM(env_words), &i)) == ERR_OK)
		c->environment = (enum cert_env)i;
	return r;
}

static enum err
set_key(void *row, const struct ini_line *line)
{
	struct broker_conf *c = row;

	if (c->n_keys == CONF_KEYS_MAX)
		return ini_refuse(line, "at most 4 keys");
	return ini_path(line, c->keys[c->n_keys++], CONF_PATH_MAX);
}

static enum err
set_revocation(void *row, const struct ini_line *line)
{
	static const char *const words[] = { "hard", "soft" };
	struct broker_conf *c = row;
	size_t i;
	enum err r;

	if ((r = ini_choice(line, words, NELEM(words), &i)) == ERR_OK)
		c->revocation = i == 0 ? CERT_REVOCATION_HARD : CERT_REVOCATION_SOFT;
	return r;
}

static bool
add_policy(struct broker_conf *c, struct cur oid)
{
	char *at = c->policies[c->n_policies];

	if (!cur_to_str(oid, at, sizeof(c->policies[0])) || !claims_is_oid(at))
		return false;
	c->policy_list[c->n_policies++] = at;
	return true;
}

static enum err
set_policy(void *row, const struct ini_line *line)
{
	struct broker_conf *c = row;

	if (c->n_policies == CHALLENGE_POLICIES)
		return ini_refuse(line, "at most 8 policies");
	if (!add_policy(c, line->value))
		return ini_refuse(line, "a policy OID of digits and dots");
	return ERR_OK;
}

static enum err
set_pass_types(void *row, const struct ini_line *line)
{
	struct broker_conf *c = row;

	if (ini_str(line, c->pass_types, sizeof(c->pass_types)) != ERR_OK ||
	    c->pass_types[0] == '\0' ||
	    strspn(c->pass_types, "ZNM") != strlen(c->pass_types))
		return ini_refuse(line, "letters out of Z, N and M");
	return ERR_OK;
}

static enum err
set_audit(void *row, const struct ini_line *line)
{
	struct broker_conf *c = row;

	if (cur_eq_str(line->value, "journal"))
		return ERR_OK;
	return ini_path(line, c->audit, sizeof(c->audit));
}

static const struct table_key broker_keys[] = {
	{ "issuer", TABLE_NEEDED, set_issuer },
	{ "environment", TABLE_NEEDED, set_environment },
	{ "key", TABLE_NEEDED | TABLE_MANY, set_key },
	{ "database", TABLE_NEEDED, set_database },
	{ "agent_socket", TABLE_NEEDED, set_agent_socket },
	{ "client_socket", TABLE_NEEDED, set_client_socket },
	{ "trust", TABLE_NEEDED, set_trust },
	{ "revocation", 0, set_revocation },
	{ "policy", TABLE_MANY, set_policy },
	{ "pass_types", 0, set_pass_types },
	{ "register", TABLE_NEEDED, set_people },
	{ "means", TABLE_NEEDED, set_means },
	{ "audit", TABLE_NEEDED, set_audit },
	{ "lease_seconds", 0, set_lease_seconds },
	{ "absence_seconds", 0, set_absence_seconds },
	{ "finish_seconds", 0, set_finish_seconds },
};

static enum err
set_secret(void *row, const struct ini_line *line)
{
	struct client *c = row;
	AUTO(buf_free) struct buf b = BUF(sizeof(c->secret_sha256));

	if (ini_hex(line, &b) != ERR_OK || b.len != sizeof(c->secret_sha256))
		return ini_refuse(line, "64 hexadecimal digits");
	memcpy(c->secret_sha256, b.p, b.len);
	return ERR_OK;
}

/* It is shown in the PIN window (T30). */
static enum err
rp_name(const struct ini_line *line, char *ret, size_t size)
{
	enum err r;

	if ((r = ini_str(line, ret, size)) != ERR_OK)
		return r;
	return claims_is_text(ret) ? ERR_OK :
	    ini_refuse(line, "a text without control characters");
}

static enum err
set_rp_name_nl(void *row, const struct ini_line *line)
{
	struct client *c = row;

	return rp_name(line, c->rp_name_nl, sizeof(c->rp_name_nl));
}

static enum err
set_rp_name_en(void *row, const struct ini_line *line)
{
	struct client *c = row;

	return rp_name(line, c->rp_name_en, sizeof(c->rp_name_en));
}

static enum err
set_origin(void *row, const struct ini_line *line)
{
	struct client *c = row;
	char *at;
	enum err r;

	if (c->n_origins == CONF_ORIGINS_MAX)
		return ini_refuse(line, "at most 16 origins");
	at = c->origins[c->n_origins++];
	if ((r = ini_str(line, at, sizeof(c->origins[0]))) != ERR_OK)
		return r;
	return claims_is_origin(at) ? ERR_OK :
	    ini_refuse(line, "an origin as https://host or https://host:port");
}

static enum err
set_acr(void *row, const struct ini_line *line)
{
	struct client *c = row;
	char uri[128];

	if (ini_str(line, uri, sizeof(uri)) != ERR_OK ||
	    (c->acr = loa_of_uri(uri)) == LOA_NONE)
		return ini_refuse(line, "http://eidas.europa.eu/LoA/low, substantial "
		    "or high");
	return ERR_OK;
}

static bool
uid_of_name(const char *name, uid_t *ret)
{
	struct passwd pw, *found = NULL;
	char space[4096];

	if (getpwnam_r(name, &pw, space, sizeof(space), &found) != 0 || found == NULL)
		return false;
	*ret = found->pw_uid;
	return true;
}

static enum err
set_uid(void *row, const struct ini_line *line)
{
	struct client *c = row;
	char word[64];
	int64_t n;
	enum err r;

	if (cur_eq_str(line->value, "*")) {
		c->any_uid = true;
		return ERR_OK;
	}
	if (c->n_uids == CONF_UIDS_MAX)
		return ini_refuse(line, "at most 16 uids");
	if ((r = ini_str(line, word, sizeof(word))) != ERR_OK)
		return r;
	if (strspn(word, "0123456789") != strlen(word)) {
		if (!uid_of_name(word, &c->uids[c->n_uids]))
			return ini_refuse(line, "a number, the name of a user, or *");
	} else {
		/* (uid_t)-1 is nobody: chown(2) and SO_PEERCRED use it as "none" */
		if ((r = ini_int(line, 0, (int64_t)UINT_MAX - 1, &n)) != ERR_OK)
			return r;
		c->uids[c->n_uids] = (uid_t)n;
	}
	c->n_uids++;
	return ERR_OK;
}

static const struct table_key client_keys[] = {
	{ "secret_sha256", TABLE_NEEDED, set_secret },
	{ "rp_name_nl", TABLE_NEEDED, set_rp_name_nl },
	{ "rp_name_en", 0, set_rp_name_en },
	{ "origin", TABLE_MANY, set_origin },
	{ "acr", TABLE_NEEDED, set_acr },
	{ "uid", TABLE_NEEDED | TABLE_MANY, set_uid },
};

struct reading {
	struct broker_conf *c;
	bool		    broker;		/* seen */
};

static enum err
begin_broker(void *arg, const struct ini_line *header, void **ret_row)
{
	struct reading *rd = arg;

	if (rd->broker)
		return ini_refuse(header, "only one [broker]");
	rd->broker = true;
	*ret_row = rd->c;
	return ERR_OK;
}

static enum err
end_broker(void *arg, void *row, const struct ini_line *header)
{
	struct broker_conf *c = row;

	(void)arg;
	/* DESIGN section 2 and T38: only a test bench may let unknown through */
	if (c->revocation == CERT_REVOCATION_SOFT && c->environment != CERT_ENV_TEST)
		return ini_refuse(header, "revocation = soft only with environment "
		    "= test");
	if (c->n_policies == 0) {
		size_t n;
		const char *const *list = cert_env_policies(c->environment, &n);

		for (size_t i = 0; i < n && c->n_policies < CHALLENGE_POLICIES; i++)
			if (!add_policy(c, cur_str(list[i])))
				return ini_refuse(header, "a policy");
	}
	return ERR_OK;
}

static enum err
begin_client(void *arg, const struct ini_line *header, void **ret_row)
{
	struct reading *rd = arg;
	struct broker_conf *b = rd->c;
	struct client *c;

	c = table_grow(b->clients, &b->n_clients, sizeof(*c), CLIENTS_MAX);
	if (c == NULL)
		return fail(ERR_LIMIT, "line %d: too many clients", header->number);
	b->clients = c;
	c += b->n_clients - 1;
	if (!text_is_name(header->name, sizeof(c->id) - 1) ||
	    !cur_to_str(header->name, c->id, sizeof(c->id)))
		return ini_refuse(header, "a name of letters, digits, '.', '_' and '-'");
	if (conf_client(b, c->id) != c)
		return ini_refuse(header, "a client that is not there yet");
	*ret_row = c;
	return ERR_OK;
}

static const struct table_section sections[] = {
	{ "broker", false, broker_keys, NELEM(broker_keys), begin_broker, end_broker },
	{ "client", true, client_keys, NELEM(client_keys), begin_client, NULL },
};

static struct broker_conf *
defaults(void)
{
	struct broker_conf *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->revocation = CERT_REVOCATION_HARD;
	c->lease_seconds = 30;
	c->finish_seconds = 30;
	memcpy(c->pass_types, "ZN", sizeof("ZN"));
	return c;
}

enum err
conf_read(struct cur text, struct broker_conf **ret)
{
	AUTO(conf_free) struct broker_conf *c = defaults();
	struct reading rd = { .c = c };
	enum err r;

	if (c == NULL)
		return fail(ERR_NOMEM, "configuration");
	if ((r = table_read(text, sections, NELEM(sections), &rd)) != ERR_OK)
		return r;
	if (!rd.broker)
		return fail(ERR_CONFIG, "expected a section [broker]");
	if (c->n_clients == 0)
		return fail(ERR_CONFIG, "expected at least one [client ID]");
	*ret = c;
	c = NULL;
	return ERR_OK;
}

void
conf_free(struct broker_conf **c)
{
	if (*c == NULL)
		return;
	free((*c)->clients);
	free(*c);
	*c = NULL;
}

const struct client *
conf_client(const struct broker_conf *c, const char *id)
{
	for (size_t i = 0; i < c->n_clients; i++)
		if (strcmp(c->clients[i].id, id) == 0)
			return &c->clients[i];
	return NULL;
}

bool
client_uid_ok(const struct client *c, uid_t uid)
{
	for (size_t i = 0; i < c->n_uids; i++)
		if (c->uids[i] == uid)
			return true;
	return c->any_uid;
}

bool
client_origin_ok(const struct client *c, const char *origin)
{
	if (origin[0] == '\0')
		return c->n_origins == 0;
	for (size_t i = 0; i < c->n_origins; i++)
		if (strcmp(c->origins[i], origin) == 0)
			return true;
	return false;
}
