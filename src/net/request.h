/* SPDX-License-Identifier: EUPL-1.2 */
/* What the server lets in: pure checks of a request's first line and headers. */
#ifndef DEZI_NET_REQUEST_H
#define DEZI_NET_REQUEST_H

#include "base/cur.h"
#include "base/err.h"

struct request_check {
	const char *host;	/* the only one that is right */
	unsigned    hosts;
	unsigned    lengths;	/* Content-Length */
	unsigned    codings;	/* Transfer-Encoding */
	enum err    refused;	/* the first reason to refuse, or ERR_OK */
};

/*
 * The request target as it came: only the path of a name of ours, so that nothing needs
 * decoding and nothing has two spellings.  No query.
 */
bool request_target_ok(const char *target);

/* A token of RFC 9110 section 5.6.2: what the name of a header is made of. */
bool request_is_token(struct cur c);

/* Each header, in any order; then the verdict: ERR_NOT_ALLOWED, ERR_BAD_REQUEST, ERR_LIMIT. */
void request_header(struct request_check *k, struct cur name, struct cur value,
    size_t body_max);
MUST_CHECK enum err request_end(const struct request_check *k);

#endif
