/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * From the first line of a request to the last byte of its answer.
 *
 * While a handler thinks, or a stream has nothing to say, its connection is suspended:
 * libmicrohttpd does not look at it, and a watch of our own sees the client leave.
 */
#include "net/exchange.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "net/problem.h"
#include "net/request.h"

/* What an overlong chunked body may still send before it is cut off without an answer. */
#define DISCARD_MAX	(16 * HTTP_BODY_MAX)

void
exchange_suspend(struct http_exchange *x)
{
	MHD_suspend_connection(x->mhd);
	x->suspended = true;
	sd_event_source_set_enabled(x->watch, SD_EVENT_ON);
}

void
exchange_resume(struct http_exchange *x)
{
	if (!x->suspended)
		return;
	x->suspended = false;
	sd_event_source_set_enabled(x->watch, SD_EVENT_OFF);
	MHD_resume_connection(x->mhd);
	sd_event_source_set_enabled(x->home->pump, SD_EVENT_ONESHOT);
}

void
exchange_deadline_set(struct http_exchange *x)
{
	sd_event_source_set_time_relative(x->deadline, x->home->o.patience_ms * 1000ULL);
	sd_event_source_set_enabled(x->deadline, SD_EVENT_ONESHOT);
}

void
exchange_deadline_clear(struct http_exchange *x)
{
	sd_event_source_set_enabled(x->deadline, SD_EVENT_OFF);
}

/* libmicrohttpd sees the end of file and closes. */
static int
on_deadline(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *arg)
{
	struct http_exchange *x = arg;

	shutdown(x->fd, SHUT_RDWR);
	return 0;
}

/* The client of a suspended connection left. */
static int
on_left(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED, void *arg)
{
	struct http_exchange *x = arg;
	void (*gone)(void *) = x->gone;

	/* The owner of a stream hears it when libmicrohttpd has ended the answer. */
	x->state = EXCHANGE_DEAD;
	x->gone = NULL;
	exchange_resume(x);
	if (gone != NULL)
		gone(x->gone_arg);
	return 0;
}

/* Make the exchange ready for the next request. */
static void
exchange_reset(struct http_exchange *x)
{
	buf_free(&x->body);
	stream_free(&x->stream);
	if (x->response != NULL)
		MHD_destroy_response(x->response);
	x->response = NULL;
	x->gone = NULL;
	x->method = x->path = NULL;
	x->discarded = 0;
	x->target_ok = false;
}

void
exchange_free(struct http_exchange *x)
{
	exchange_reset(x);
	sd_event_source_disable_unref(x->watch);
	sd_event_source_disable_unref(x->deadline);
	if (x->next != NULL)
		x->next->prev = x->prev;
	if (x->prev != NULL)
		x->prev->next = x->next;
	else
		x->home->all = x->next;
	free(x);
}

struct http_exchange *
exchange_new(struct exchange_home *home, int fd, const struct http_peer *peer)
{
	struct http_exchange *x = calloc(1, sizeof(*x));
	uint64_t usec = home->o.patience_ms * 1000ULL;

	if (x == NULL)
		return NULL;
	*x = (struct http_exchange){ .home = home, .fd = fd, .peer = *peer,
		.next = home->all, .body = BUF(HTTP_BODY_MAX) };
	if (home->all != NULL)
		home->all->prev = x;
	home->all = x;
	if (sd_event_add_io(home->loop, &x->watch, fd, EPOLLRDHUP, on_left, x) < 0 ||
	    sd_event_source_set_enabled(x->watch, SD_EVENT_OFF) < 0 ||
	    sd_event_add_time_relative(home->loop, &x->deadline, CLOCK_MONOTONIC, usec,
		usec / 10, on_deadline, x) < 0) {
		exchange_free(x);
		return NULL;
	}
	return x;
}

void
exchange_kill(struct http_exchange *x)
{
	x->state = EXCHANGE_DEAD;
	x->gone = NULL;
	stream_free(&x->stream);
	exchange_resume(x);
}

static enum MHD_Result
on_header(void *arg, enum MHD_ValueKind kind UNUSED, const char *name, size_t name_n,
    const char *value, size_t value_n)
{
	request_header(arg, cur_of(name, name_n), cur_of(value, value_n), HTTP_BODY_MAX);
	return MHD_YES;
}

static enum err
admit(struct http_exchange *x)
{
	const struct http_server_options *o = &x->home->o;
	struct request_check k = { .host = o->host };

	if (o->peer_ok != NULL && !o->peer_ok(o->arg, &x->peer))
		return ERR_NOT_ALLOWED;
	MHD_get_connection_values_n(x->mhd, MHD_HEADER_KIND, on_header, &k);
	if (k.refused == ERR_OK && !x->target_ok)
		return ERR_BAD_REQUEST;
	return request_end(&k);
}

static enum MHD_Result
queue(struct http_exchange *x)
{
	if (x->state == EXCHANGE_DEAD || x->response == NULL)
		return MHD_NO;
	return MHD_queue_response(x->mhd, x->status, x->response);
}

/* Refused on the headers alone: the body is never read, so the connection ends with it. */
static enum MHD_Result
refuse(struct http_exchange *x, enum err e)
{
	x->state = EXCHANGE_WAITING;
	http_reply_problem(x, e, NULL);
	if (x->response != NULL)
		MHD_add_response_header(x->response, MHD_HTTP_HEADER_CONNECTION, "close");
	return queue(x);
}

/* An answer in the middle of a body is not possible, so what is too much is dropped. */
static enum MHD_Result
take_body(struct http_exchange *x, struct cur part)
{
	if (x->body.failed == ERR_OK)
		buf_cur(&x->body, part);
	else
		x->discarded += part.n;
	return x->discarded > DISCARD_MAX ? MHD_NO : MHD_YES;
}

static void
handle(struct http_exchange *x)
{
	exchange_deadline_clear(x);
	x->state = EXCHANGE_WAITING;
	if (x->body.failed != ERR_OK)
		http_reply_problem(x, x->body.failed, NULL);
	else
		x->home->o.handler(x->home->o.arg, x);
}

static struct http_exchange *
exchange_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static enum MHD_Result
begin(struct http_exchange *x, const char *method, const char *path)
{
	enum err r;

	x->method = method;
	x->path = path;
	r = admit(x);
	return r == ERR_OK ? MHD_YES : refuse(x, r);
}

/* First with the headers, then with each part of the body, then until there is an answer. */
enum MHD_Result
exchange_on_request(void *arg UNUSED, struct MHD_Connection *mhd, const char *path,
    const char *method, const char *version UNUSED, const char *part, size_t *part_n,
    void **con_cls)
{
	struct http_exchange *x = exchange_of(mhd);

	if (*con_cls == NULL) {
		*con_cls = x;
		return begin(x, method, path);
	}
	if (*part_n != 0) {
		struct cur c = cur_of(part, *part_n);

		*part_n = 0;
		return take_body(x, c);
	}
	if (x->state == EXCHANGE_READING)
		handle(x);
	if (x->state == EXCHANGE_WAITING) {
		exchange_suspend(x);
		return MHD_YES;
	}
	return queue(x);
}

/* The request target as it came, before anything in it is decoded. */
void *
exchange_on_target(void *arg UNUSED, const char *target, struct MHD_Connection *mhd)
{
	exchange_of(mhd)->target_ok = request_target_ok(target);
	return NULL;
}

/* The answer is out, or the connection broke. */
void
exchange_on_completed(void *arg UNUSED, struct MHD_Connection *mhd UNUSED, void **con_cls,
    enum MHD_RequestTerminationCode code UNUSED)
{
	struct http_exchange *x = *con_cls;

	if (x == NULL)
		return;
	*con_cls = NULL;
	if (x->state != EXCHANGE_DEAD)
		x->state = EXCHANGE_READING;
	exchange_deadline_set(x);
	stream_gone(&x->stream);
	exchange_reset(x);
}

const char *
http_method(const struct http_exchange *x)
{
	return x->method;
}

const char *
http_path(const struct http_exchange *x)
{
	return x->path;
}

struct cur
http_body(const struct http_exchange *x)
{
	return buf_view(&x->body);
}

const char *
http_header(const struct http_exchange *x, const char *name)
{
	return MHD_lookup_connection_value(x->mhd, MHD_HEADER_KIND, name);
}

const struct http_peer *
http_exchange_peer(const struct http_exchange *x)
{
	return &x->peer;
}

void
http_on_gone(struct http_exchange *x, void (*fn)(void *arg), void *arg)
{
	assert(x->state == EXCHANGE_WAITING);
	x->gone = fn;
	x->gone_arg = arg;
}

/* Without a response (no memory) the connection is closed instead. */
void
exchange_answer(struct http_exchange *x, int status, struct MHD_Response *response)
{
	assert(x->state == EXCHANGE_WAITING);
	x->gone = NULL;
	x->response = response;
	x->status = (unsigned)status;
	x->state = response == NULL ? EXCHANGE_DEAD : EXCHANGE_ANSWERED;
	exchange_deadline_set(x);
	exchange_resume(x);
}

struct MHD_Response *
exchange_headers(struct MHD_Response *response, const char *type, const char *location)
{
	if (response == NULL)
		return NULL;
	/* Answers hold tokens: no cache may keep them (RFC 9111 section 5.2.2.5). */
	if (MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") &&
	    (type == NULL ||
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type)) &&
	    (location == NULL ||
		MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, location)))
		return response;
	MHD_destroy_response(response);
	return NULL;
}

static void
reply(struct http_exchange *x, int status, struct cur body, const char *type,
    const char *location)
{
	/* MHD_RESPMEM_MUST_COPY does not write to what it copies. */
	void *p = (void *)(uintptr_t)body.p;

	exchange_answer(x, status, exchange_headers(
	    MHD_create_response_from_buffer(body.n, p, MHD_RESPMEM_MUST_COPY), type, location));
}

void
http_reply_json(struct http_exchange *x, int status, struct cur json, const char *location)
{
	reply(x, status, json, "application/json", location);
}

void
http_reply_empty(struct http_exchange *x, int status)
{
	reply(x, status, cur_of(NULL, 0), NULL, NULL);
}

void
http_reply_problem(struct http_exchange *x, enum err e, const char *members)
{
	AUTO(buf_free) struct buf b = BUF(HTTP_BODY_MAX);

	problem_put(&b, e, members);
	if (buf_end(&b) != ERR_OK)
		exchange_answer(x, MHD_HTTP_INTERNAL_SERVER_ERROR, NULL);
	else
		reply(x, err_http(e), buf_view(&b), PROBLEM_MEDIA_TYPE, NULL);
}

