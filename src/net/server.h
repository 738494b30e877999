/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * HTTP/1.1 on a Unix socket, for the agent and the broker: libmicrohttpd inside an
 * sd-event loop, one thread.
 *
 * Before a handler sees anything the server has checked: the peer's uid, Host, that
 * no Origin and no Sec-Fetch-* header is there (T11: it came from a browser through
 * some bridge), that the body is complete and at most HTTP_BODY_MAX bytes (413).
 */
#ifndef DEZI_NET_SERVER_H
#define DEZI_NET_SERVER_H

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "base/buf.h"

#define HTTP_BODY_MAX	65536

struct http_server;
struct http_exchange;		/* one request, until it was answered or its client left */
struct http_stream;		/* a server-sent event stream */

struct http_peer {
	uid_t	uid;
	gid_t	gid;
	pid_t	pid;
};

typedef void http_handler(void *arg, struct http_exchange *x);

struct http_server_options {
	const char *host;		/* the only Host header that is answered */
	/* May this uid speak to us at all?  NULL: everybody.  Refused: 403 "not_allowed". */
	bool	 (*peer_ok)(void *arg, const struct http_peer *peer);
	http_handler *handler;		/* each complete request */
	void	*arg;
	unsigned max_connections;	/* 0: 64 */
	unsigned max_per_uid;		/* 0: 32 */
	/*
	 * For a whole request to come in, for an answer to be taken, and between two
	 * requests; 0: 30000.  Never counts while an answer is awaited or a stream is open.
	 */
	unsigned patience_ms;
};

/*
 * listen_fd: bound and listening; the server's from now on, also on failure.  o->host is
 * borrowed.  ERR_SYS, ERR_NOMEM.
 */
MUST_CHECK enum err http_server_start(sd_event *loop, int listen_fd,
    const struct http_server_options *o, struct http_server **ret);
/*
 * Never from within a handler.  Exchanges and streams that are open end without a word
 * to their owners, who must not use them any more.
 */
void http_server_stop(struct http_server **s);

/*
 * Bind and listen at path, mode given; an old socket that nobody answers is replaced.
 * The directory must be ours.  ERR_BUSY: somebody listens there.  ERR_CONFIG, ERR_SYS.
 */
MUST_CHECK enum err http_listen(const char *path, mode_t mode, int *ret_fd);

/* What was asked.  Valid until the answer. */
const char *http_method(const struct http_exchange *x);
const char *http_path(const struct http_exchange *x);	/* without query; a query is refused */
struct cur http_body(const struct http_exchange *x);
const char *http_header(const struct http_exchange *x, const char *name); /* NULL: absent */
const struct http_peer *http_exchange_peer(const struct http_exchange *x);

/*
 * fn is called once if the client leaves before the answer; x is gone after it.  A handler
 * that does not answer at once must ask for this.
 */
void http_on_gone(struct http_exchange *x, void (*fn)(void *arg), void *arg);

/*
 * Answer, now or later, exactly once; x is gone after it.  Body may be empty (204).
 * location may be NULL.
 */
void http_reply_json(struct http_exchange *x, int status, struct cur json,
    const char *location);
void http_reply_empty(struct http_exchange *x, int status);
/*
 * A problem document (RFC 9457) for e: {"type","title","status"} and, where members is
 * not NULL, more members: the text between braces of a JSON object, without them.
 */
void http_reply_problem(struct http_exchange *x, enum err e, const char *members);

/*
 * Answer 200 text/event-stream and keep it open; gone is called when the client left, or
 * was closed for reading too slowly, never from within a call below; the stream is gone
 * with it.  NULL when there is no memory: x is answered, and a NULL stream may be put to
 * and closed.
 */
struct http_stream *http_stream_start(struct http_exchange *x, void (*gone)(void *arg),
    void *arg);
#define HTTP_STREAM_QUEUE_MAX	262144
/*
 * Queue bytes ("id: 1\nevent: card\ndata: {}\n\n").  A client that lets more than
 * HTTP_STREAM_QUEUE_MAX pile up is closed.
 */
void http_stream_put(struct http_stream *st, struct cur bytes);
/* End it; gone is not called. */
void http_stream_close(struct http_stream **st);

#endif
