/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Inside the server: a connection and the exchange that it is having.  The only header
 * that shows libmicrohttpd.
 */
#ifndef DEZI_NET_EXCHANGE_H
#define DEZI_NET_EXCHANGE_H

#include <microhttpd.h>

#include "net/server.h"

enum exchange_state {
	EXCHANGE_READING,	/* no whole request yet */
	EXCHANGE_WAITING,	/* the handler has it */
	EXCHANGE_ANSWERED,	/* response is set, or on its way */
	EXCHANGE_STREAMING,
	EXCHANGE_DEAD,		/* ends when libmicrohttpd asks next */
};

/* What the exchanges of a server share; it belongs to the server. */
struct exchange_home {
	sd_event		   *loop;
	struct http_server_options  o;
	sd_event_source		   *pump;	/* runs libmicrohttpd soon */
	struct http_exchange	   *all;
};

struct http_exchange {
	struct exchange_home  *home;
	struct http_exchange  *next, *prev;
	struct MHD_Connection *mhd;
	int		       fd;		/* libmicrohttpd's */
	struct http_peer       peer;
	sd_event_source	      *watch;		/* while suspended: did the client leave? */
	sd_event_source	      *deadline;

	enum exchange_state    state;
	bool		       suspended;
	bool		       target_ok;
	const char	      *method, *path;
	struct buf	       body;
	size_t		       discarded;
	struct MHD_Response   *response;
	unsigned	       status;
	struct http_stream    *stream;		/* when one was started */
	void		     (*gone)(void *arg);
	void		      *gone_arg;
};

/* One more in home->all.  NULL when there is no memory. */
struct http_exchange *exchange_new(struct exchange_home *home, int fd,
    const struct http_peer *peer);
void exchange_free(struct http_exchange *x);
/* End it when libmicrohttpd runs next; nobody is told. */
void exchange_kill(struct http_exchange *x);

/* The callbacks of libmicrohttpd. */
void *exchange_on_target(void *arg, const char *target, struct MHD_Connection *mhd);
enum MHD_Result exchange_on_request(void *arg, struct MHD_Connection *mhd, const char *path,
    const char *method, const char *version, const char *part, size_t *part_n,
    void **con_cls);
void exchange_on_completed(void *arg, struct MHD_Connection *mhd, void **con_cls,
    enum MHD_RequestTerminationCode code);

/* Only from within a callback of libmicrohttpd, which then leaves x alone. */
void exchange_suspend(struct http_exchange *x);
/* Nothing happens to one that is not suspended. */
void exchange_resume(struct http_exchange *x);
void exchange_deadline_set(struct http_exchange *x);
void exchange_deadline_clear(struct http_exchange *x);

/* NULL (no memory): the connection is closed instead. */
void exchange_answer(struct http_exchange *x, int status, struct MHD_Response *response);
/* Takes response; type and location may be NULL.  NULL when there is no memory. */
struct MHD_Response *exchange_headers(struct MHD_Response *response, const char *type,
    const char *location);

/* When the exchange is over: frees the stream, and tells its owner unless he closed it. */
void stream_gone(struct http_stream **st);
/* The same without telling. */
void stream_free(struct http_stream **st);

#endif
