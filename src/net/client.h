/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * HTTP/1.1 over a Unix socket, the caller's side: one request, one answer, one
 * connection.  Own code because the agent's idle memory is bounded and the answers
 * are few: status, Content-Type, Content-Length or chunked body.
 */
#ifndef DEZI_NET_CLIENT_H
#define DEZI_NET_CLIENT_H

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "base/buf.h"

#define HTTP_ANSWER_MAX	131072

struct http_call_options {
	const char *socket;		/* path */
	/* The peer's uid must be this, or 0; (uid_t)-1: anybody.  ERR_BROKER. */
	uid_t	 owner;
	const char *host;		/* Host header */
	const char *method;
	const char *path;
	const char *bearer;		/* Authorization: Bearer, or NULL */
	const char *prefer;		/* Prefer, or NULL */
	struct cur body;		/* application/json, or empty */
	int	 timeout_ms;		/* for the whole call; of events: the longest silence */
};

struct http_answer {
	int	 status;
	char	 type[64];		/* Content-Type without parameters, "" when absent */
	char	 location[256];		/* "" when absent */
	struct buf body;		/* .max HTTP_ANSWER_MAX */
};
void http_answer_free(struct http_answer *a);

/*
 * Blocking.  ERR_BROKER: no contact, wrong peer, or an answer that is no HTTP; ERR_TIMEOUT;
 * ERR_MALFORMED: an option that cannot be said in HTTP.  ret is written on ERR_OK only.
 */
MUST_CHECK enum err http_call(const struct http_call_options *o, struct http_answer *ret);

/*
 * In a loop.  Errors that are known at once are returned, and done is not called.  Else
 * done is called exactly once, from the loop, unless the call is dropped first; a is valid
 * until the call is dropped.  The caller drops it in each case, also from within done.
 * o is copied.
 */
struct http_call;
typedef void http_call_done(void *arg, enum err e, const struct http_answer *a);
MUST_CHECK enum err http_call_start(sd_event *loop, const struct http_call_options *o,
    http_call_done *done, void *arg, struct http_call **ret);
void http_call_drop(struct http_call **c);

/*
 * The error code that a problem document names, ERR_SYS when its word is not known;
 * ERR_BROKER when the answer is not one.  Never ERR_OK or an answer ("not found").
 * Members that matter are read by the caller.
 */
enum err http_problem(const struct http_answer *a);

/*
 * An open event stream (text/event-stream), blocking: fn for each event (name, data)
 * until it returns other than ERR_OK, which is returned.  ERR_BROKER at end of stream;
 * another answer than a stream is returned as http_problem() tells it.
 */
typedef enum err http_event_fn(void *arg, const char *event, struct cur data);
MUST_CHECK enum err http_events(const struct http_call_options *o, http_event_fn *fn, void *arg);

#endif
