/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * broker.conf(5): what the operator decided.  Read once at start; nothing in a request
 * changes it.
 */
#ifndef DEZI_BROKER_CONF_H
#define DEZI_BROKER_CONF_H

#include <sys/types.h>

#include "broker/means.h"
#include "cert/cert.h"
#include "login/challenge.h"

#define CONF_PATH_MAX	1024
#define CONF_KEYS_MAX	4
#define CONF_ORIGINS_MAX 16
#define CONF_UIDS_MAX	16

/* A care application that may ask for logins. */
struct client {
	char	 id[128];
	uint8_t	 secret_sha256[32];
	char	 rp_name_nl[128];
	char	 rp_name_en[128];		/* "" when there is none */
	char	 origins[CONF_ORIGINS_MAX][256];
	size_t	 n_origins;			/* 0: native only */
	enum loa acr;				/* the least it may ask for */
	uid_t	 uids[CONF_UIDS_MAX];
	size_t	 n_uids;
	bool	 any_uid;
};

struct broker_conf {
	char	 issuer[256];
	enum cert_env environment;
	char	 keys[CONF_KEYS_MAX][CONF_PATH_MAX];	/* the first one signs */
	size_t	 n_keys;
	char	 database[CONF_PATH_MAX];
	char	 agent_socket[CONF_PATH_MAX];
	char	 client_socket[CONF_PATH_MAX];
	char	 trust[CONF_PATH_MAX];
	enum cert_revocation revocation;
	char	 policies[CHALLENGE_POLICIES][64];	/* never none */
	const char *policy_list[CHALLENGE_POLICIES];	/* the same, for cert_rules */
	size_t	 n_policies;
	char	 pass_types[8];
	char	 people[CONF_PATH_MAX];			/* register.conf */
	char	 means[CONF_PATH_MAX];
	char	 audit[CONF_PATH_MAX];			/* "": the journal */
	int64_t	 lease_seconds;
	int64_t	 absence_seconds;
	int64_t	 finish_seconds;
	struct client *clients;
	size_t	 n_clients;
};

/* Pure but for user names (getpwnam).  The trail names line and expectation. */
MUST_CHECK enum err conf_read(struct cur text, struct broker_conf **ret);
void conf_free(struct broker_conf **c);

/* NULL: no such client. */
const struct client *conf_client(const struct broker_conf *c, const char *id);
bool client_uid_ok(const struct client *c, uid_t uid);
/* "" is a native caller, which only a client without origins may be. */
bool client_origin_ok(const struct client *c, const char *origin);

const char *conf_env_word(enum cert_env env);	/* "production" */

#endif
