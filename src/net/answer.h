/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Reading an HTTP/1.1 answer (RFC 9112), pure: bytes in, in pieces of any size.  Strict:
 * CR LF, one Content-Length or "chunked", no folded lines; anything else is refused.
 */
#ifndef DEZI_NET_ANSWER_H
#define DEZI_NET_ANSWER_H

#include "net/client.h"

#define ANSWER_LINE_MAX	4096
#define ANSWER_LINES_MAX 128		/* first lines, headers and trailers together */

enum answer_at {
	ANSWER_FIRST_LINE, ANSWER_HEADERS, ANSWER_BODY, ANSWER_CHUNK_SIZE, ANSWER_CHUNK,
	ANSWER_CHUNK_END, ANSWER_TRAILERS, ANSWER_DONE,
};

struct answer_parser {
	enum answer_at	    at;
	struct http_answer *a;		/* written as the answer comes in */
	size_t		    left;	/* of the body or the chunk */
	unsigned	    lines;
	bool		    has_length, chunked;
	size_t		    line_n;
	char		    line[ANSWER_LINE_MAX];
};

/* a is the caller's, and empty. */
void answer_start(struct answer_parser *p, struct http_answer *a);

/* ERR_MALFORMED, ERR_LIMIT, ERR_NOMEM: the answer is worth nothing. */
MUST_CHECK enum err answer_feed(struct answer_parser *p, struct cur in);

/* Is the head complete, so that status and headers in a are final? */
static inline bool
answer_has_head(const struct answer_parser *p)
{
	return p->at > ANSWER_HEADERS;
}

static inline bool
answer_is_done(const struct answer_parser *p)
{
	return p->at == ANSWER_DONE;
}

#endif
