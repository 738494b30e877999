/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The two sockets of DESIGN section 5: HTTP and JSON to flow.h and back.  What a request
 * may hold is decided here; what it means is not.
 */
#ifndef DEZI_BROKER_FRONT_H
#define DEZI_BROKER_FRONT_H

#include "broker/flow.h"

/* One request, as the HTTP server hands it over.  Borrowed. */
struct front_call {
	const char *method;
	const char *path;
	const char *authorization;	/* NULL: absent */
	struct cur  body;
};

struct front_reply {
	int	   status;
	struct buf json;		/* empty: no body */
};
void front_reply_free(struct front_reply *r);

/*
 * Route and carry out.  ERR_NOT_FOUND: no such call on this socket; ERR_MALFORMED,
 * ERR_LIMIT, ERR_BAD_REQUEST: not as docs/broker-protocol.md has it; else as in flow.h.
 * Pure but for what flow does (fuzzed).
 */
MUST_CHECK enum err front_agent(struct flow *f, const struct flow_at *at,
    const struct front_call *c, struct front_reply *ret);
MUST_CHECK enum err front_client(struct flow *f, const struct flow_at *at,
    const struct front_call *c, struct front_reply *ret);

#endif
