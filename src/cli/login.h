/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi login: the two halves of playing the care application. */
#ifndef DEZI_CLI_LOGIN_H
#define DEZI_CLI_LOGIN_H

#include "cli/cli.h"

#define LOGIN_WORD_MAX	256

struct login_options {
	char	 client_socket[HOST_SOCKET_MAX];
	char	 agent_socket[HOST_SOCKET_MAX];
	const char *client_id;
	const char *secret_file;
	const char *acr;
	const char *broker;		/* of agent.conf; NULL: the default */
	int	 choice;		/* from 1; 0: none made */
	bool	 watch;
};

/* What a login gathers on its way. */
struct login_run {
	const struct login_options *o;
	int64_t	 began_ms;		/* boot clock */
	char	 handle[LOGIN_WORD_MAX];
	char	 request_secret[LOGIN_WORD_MAX];
	char	 location[LOGIN_WORD_MAX];	/* of the login at the agent; "" before */
	char	 finish[LOGIN_WORD_MAX];
	char	 session[LOGIN_WORD_MAX];
	char	 step[32];		/* last one told */
	json_t	*answer;		/* what the agent said at the end */
	json_t	*identity;		/* what the broker said at the end */
};

/* Tell a step on stderr: seconds since the beginning, number (0: a part of one), text. */
void login_tell(const struct login_run *l, int step, const char *fmt, ...) PRINTF(3, 4);

/* Step 1: the request. */
MUST_CHECK enum err login_request(struct login_run *l);
/* Steps 2 and 3: the agent runs it; tells what the person sees. */
MUST_CHECK enum err login_agent(struct login_run *l);
/* Tell the agent that nobody waits any more.  Safe to call when nothing runs. */
void login_cancel(const struct login_run *l);
/* Steps 4 and 5: the identity.  ERR_PENDING: choices are in l->identity, none was made. */
MUST_CHECK enum err login_result(struct login_run *l);

/*
 * Follow agent and broker until the session has ended.  *ret: the broker's last word
 * about it, with "session".
 */
MUST_CHECK enum err login_watch(struct login_run *l, json_t **ret);

#endif
