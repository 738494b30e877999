/* SPDX-License-Identifier: EUPL-1.2 */
/* Problem documents (RFC 9457). */
#ifndef DEZI_NET_PROBLEM_H
#define DEZI_NET_PROBLEM_H

#include "base/buf.h"

#define PROBLEM_MEDIA_TYPE	"application/problem+json"

/* Append the document for e.  members: as http_reply_problem(). */
void problem_put(struct buf *b, enum err e, const char *members);

#endif
