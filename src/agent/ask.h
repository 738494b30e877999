/* SPDX-License-Identifier: EUPL-1.2 */
/* The body of POST /v1/logins (docs/agent-protocol.md section 3). */
#ifndef DEZI_AGENT_ASK_H
#define DEZI_AGENT_ASK_H

#include "base/buf.h"

#define ASK_HANDLE_LEN	43	/* 32 bytes in base64url */

struct ask {
	char	handle[ASK_HANDLE_LEN + 1];
	char	broker[64];		/* "": the default one */
	/* For a page, with what the browser said of it (T3, T18). */
	bool	page;
	char	origin[256];
	bool	top;
	char	extension[128];
};

/* Strict: an unknown, repeated or missing member is refused.  ERR_BAD_REQUEST. */
MUST_CHECK enum err ask_read(struct cur body, struct ask *ret);

#endif
