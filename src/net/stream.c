/* SPDX-License-Identifier: EUPL-1.2 */
/* Server-sent event streams: a bounded queue that the client empties. */
#include "net/exchange.h"

#include <stdlib.h>
#include <sys/socket.h>

#define STREAM_BLOCK	8192

struct http_stream {
	struct http_exchange *x;
	struct buf	      queue;
	size_t		      taken;	/* of queue, by libmicrohttpd */
	bool		      ending;
	void		    (*gone)(void *arg);
	void		     *arg;
};

void
stream_free(struct http_stream **st)
{
	if (*st == NULL)
		return;
	buf_free(&(*st)->queue);
	free(*st);
	*st = NULL;
}

void
stream_gone(struct http_stream **st)
{
	void (*gone)(void *) = *st == NULL ? NULL : (*st)->gone;
	void *arg = *st == NULL ? NULL : (*st)->arg;

	stream_free(st);
	if (gone != NULL)
		gone(arg);
}

/* libmicrohttpd asks for at most max bytes of the stream. */
static ssize_t
on_stream(void *arg, uint64_t pos UNUSED, char *to, size_t max)
{
	struct http_exchange *x = arg;
	struct http_stream *st = x->stream;
	size_t left, n;

	if (x->state == EXCHANGE_DEAD)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	left = st->queue.len - st->taken;
	n = left < max ? left : max;
	if (n == 0 && st->ending)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (n == 0) {
		exchange_suspend(x);
		return 0;
	}
	memcpy(to, st->queue.p + st->taken, n);
	st->taken += n;
	if (n == left) {
		buf_clear(&st->queue);
		st->taken = 0;
	}
	return (ssize_t)n;
}

struct http_stream *
http_stream_start(struct http_exchange *x, void (*gone)(void *arg), void *arg)
{
	struct http_stream *st = calloc(1, sizeof(*st));
	struct MHD_Response *response = exchange_headers(MHD_create_response_from_callback(
	    MHD_SIZE_UNKNOWN, STREAM_BLOCK, on_stream, x, NULL), "text/event-stream", NULL);

	if (st == NULL || response == NULL) {
		free(st);
		if (response != NULL)
			MHD_destroy_response(response);
		exchange_answer(x, MHD_HTTP_INTERNAL_SERVER_ERROR, NULL);
		return NULL;
	}
	*st = (struct http_stream){ .x = x, .queue = BUF(HTTP_STREAM_QUEUE_MAX), .gone = gone,
		.arg = arg };
	x->stream = st;
	exchange_answer(x, MHD_HTTP_OK, response);
	exchange_deadline_clear(x);
	x->state = EXCHANGE_STREAMING;
	return st;
}

/* Move what is still to be taken to the front, so that max counts only that. */
static void
compact(struct http_stream *st)
{
	size_t left = st->queue.len - st->taken;

	if (st->taken == 0)
		return;
	memmove(st->queue.p, st->queue.p + st->taken, left);
	st->queue.len = left;
	st->taken = 0;
}

void
http_stream_put(struct http_stream *st, struct cur bytes)
{
	if (st == NULL || st->x->state == EXCHANGE_DEAD)
		return;
	if (bytes.n > st->queue.max - st->queue.len)
		compact(st);
	buf_cur(&st->queue, bytes);
	if (buf_end(&st->queue) != ERR_OK) {
		st->x->state = EXCHANGE_DEAD;
		shutdown(st->x->fd, SHUT_RDWR);
	}
	exchange_resume(st->x);
}

void
http_stream_close(struct http_stream **stream)
{
	struct http_stream *st = *stream;

	if (st == NULL)
		return;
	*stream = NULL;
	st->gone = NULL;
	st->ending = true;
	exchange_deadline_set(st->x);
	exchange_resume(st->x);
}
