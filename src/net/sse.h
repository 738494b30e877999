/* SPDX-License-Identifier: EUPL-1.2 */
/* Reading server-sent events (HTML, section 9.2), pure: bytes in, in pieces of any size. */
#ifndef DEZI_NET_SSE_H
#define DEZI_NET_SSE_H

#include "net/client.h"

#define SSE_LINE_MAX	65536
#define SSE_DATA_MAX	131072

struct sse_parser {
	struct buf line;
	struct buf data;
	bool	   has_data;
	char	   event[64];
};

void sse_start(struct sse_parser *p);
void sse_free(struct sse_parser *p);

/*
 * fn for each event that is complete; what it returns other than ERR_OK is returned.
 * ERR_MALFORMED: a NUL, or the name of an event that is too long; ERR_LIMIT, ERR_NOMEM.
 */
MUST_CHECK enum err sse_feed(struct sse_parser *p, struct cur in, http_event_fn *fn, void *arg);

#endif
