/* SPDX-License-Identifier: EUPL-1.2 */
/* Event streams: text/event-stream, one id for all of them. */
#include "agent/events.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MESSAGE_MAX	65536	/* of a change; a snapshot may be longer */

struct listener {
	struct events *all;
	struct http_stream *stream;	/* NULL: free */
};

struct events {
	struct listener listeners[EVENTS_STREAMS];
	sd_event_source *heartbeat;
	uint64_t id;			/* of the last change */
	uint64_t beat_usec;
};

static void
put_message(struct buf *b, const char *name, const uint64_t *id, struct cur data)
{
	if (id != NULL)
		buf_fmt(b, "id: %llu\n", (unsigned long long)*id);
	buf_fmt(b, "event: %s\ndata: ", name);
	buf_cur(b, data);
	buf_str(b, "\n\n");
}

static size_t
count(const struct events *e)
{
	size_t n = 0;

	for (size_t i = 0; i < EVENTS_STREAMS; i++)
		n += e->listeners[i].stream != NULL;
	return n;
}

/* The client left: the stream is gone already. */
static void
on_gone(void *arg)
{
	struct listener *l = arg;

	l->stream = NULL;
	if (count(l->all) == 0)
		sd_event_source_set_enabled(l->all->heartbeat, SD_EVENT_OFF);
}

/* A stream may go while we write to it; its place in the array does not. */
static void
put_all(struct events *e, struct cur bytes)
{
	for (size_t i = 0; i < EVENTS_STREAMS; i++)
		if (e->listeners[i].stream != NULL)
			http_stream_put(e->listeners[i].stream, bytes);
}

/* The next one, unless nobody listens. */
static void
beat_later(struct events *e)
{
	sd_event_source_set_time_relative(e->heartbeat, e->beat_usec);
	sd_event_source_set_enabled(e->heartbeat, count(e) == 0 ? SD_EVENT_OFF :
	    SD_EVENT_ONESHOT);
}

static int
on_heartbeat(sd_event_source *s, uint64_t usec, void *arg)
{
	static const char beat[] = "event: heartbeat\ndata: {}\n\n";
	struct events *e = arg;

	(void)s;
	(void)usec;
	put_all(e, cur_str(beat));
	beat_later(e);
	return 0;
}

enum err
events_new(sd_event *loop, int64_t heartbeat_ms, struct events **ret)
{
	AUTO(events_free) struct events *e = calloc(1, sizeof(*e));
	int r;

	if (e == NULL)
		return fail(ERR_NOMEM, "events");
	for (size_t i = 0; i < EVENTS_STREAMS; i++)
		e->listeners[i].all = e;
	e->beat_usec = (uint64_t)heartbeat_ms * 1000;
	r = sd_event_add_time(loop, &e->heartbeat, CLOCK_MONOTONIC, 0, 0, on_heartbeat,
	    e);
	if (r < 0)
		return fail(ERR_SYS, "heartbeat: %s", strerror(-r));
	sd_event_source_set_enabled(e->heartbeat, SD_EVENT_OFF);
	*ret = e;
	e = NULL;		/* the caller's now */
	return ERR_OK;
}

void
events_free(struct events **e)
{
	if (*e == NULL)
		return;
	for (size_t i = 0; i < EVENTS_STREAMS; i++)
		if ((*e)->listeners[i].stream != NULL)
			http_stream_close(&(*e)->listeners[i].stream);
	sd_event_source_unref((*e)->heartbeat);
	free(*e);
	*e = NULL;
}

static struct listener *
free_listener(struct events *e)
{
	for (size_t i = 0; i < EVENTS_STREAMS; i++)
		if (e->listeners[i].stream == NULL)
			return &e->listeners[i];
	return NULL;
}

void
events_open(struct events *e, struct http_exchange *x, struct cur snapshot)
{
	AUTO(buf_free) struct buf b = BUF(HTTP_STREAM_QUEUE_MAX);
	struct listener *l = free_listener(e);

	put_message(&b, "snapshot", &e->id, snapshot);
	if (l == NULL || buf_end(&b) != ERR_OK) {
		http_reply_problem(x, ERR_LIMIT, NULL);
		return;
	}
	l->stream = http_stream_start(x, on_gone, l);
	if (l->stream == NULL)
		return;
	if (count(e) == 1)
		beat_later(e);
	http_stream_put(l->stream, buf_view(&b));
}

void
events_send(struct events *e, const char *name, struct cur data)
{
	AUTO(buf_free) struct buf b = BUF(MESSAGE_MAX);

	e->id++;
	put_message(&b, name, &e->id, data);
	if (buf_end(&b) == ERR_OK)
		put_all(e, buf_view(&b));
}
