/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One HTTP call: a state machine that never blocks, driven by poll() in the blocking
 * forms and by sd-event in the other.
 */
#include "net/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/names.h"
#include "base/text.h"
#include "jose/json.h"
#include "net/answer.h"
#include "net/sse.h"

#define REQUEST_MAX	(HTTP_ANSWER_MAX + 8192)
#define READ_SIZE	16384

struct talk {
	int		     fd;
	struct buf	     out;
	size_t		     sent;
	struct answer_parser in;
	struct http_answer   a;
};

struct http_call {
	struct talk	 t;
	sd_event_source	*io, *timer;
	http_call_done	*done;
	void		*arg;
};

void
http_answer_free(struct http_answer *a)
{
	buf_free(&a->body);
}

static void
talk_end(struct talk *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	buf_free(&t->out);
	http_answer_free(&t->a);
}

/* Nothing of ours may end a line of the request: no blanks, no controls. */
static bool
is_word(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s == 0x7f)
			return false;
	return true;
}

static enum err
put_request(struct buf *b, const struct http_call_options *o)
{
	if (!is_word(o->method) || !is_word(o->path) || o->path[0] != '/' ||
	    !is_word(o->host) || (o->bearer != NULL && !is_word(o->bearer)) ||
	    (o->prefer != NULL && !is_word(o->prefer)))
		return fail(ERR_MALFORMED, "a request with blanks or controls in it");
	buf_fmt(b, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", o->method, o->path,
	    o->host);
	if (o->bearer != NULL)
		buf_fmt(b, "Authorization: Bearer %s\r\n", o->bearer);
	if (o->prefer != NULL)
		buf_fmt(b, "Prefer: %s\r\n", o->prefer);
	if (o->body.n != 0)
		buf_str(b, "Content-Type: application/json\r\n");
	if (o->body.n != 0 || strcmp(o->method, "GET") != 0)
		buf_fmt(b, "Content-Length: %zu\r\n", o->body.n);
	buf_str(b, "\r\n");
	buf_cur(b, o->body);
	if (buf_end(b) != ERR_OK)
		return fail(buf_end(b), "a request");
	return ERR_OK;
}

/*
 * T13: the socket's path proves nothing; who listens there does.  A socket that systemd
 * listened on is root's.
 */
static enum err
check_peer(int fd, uid_t owner)
{
	struct ucred cred;
	socklen_t n = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) != 0)
		return fail(ERR_BROKER, "who listens: %s", strerror(errno));
	if (owner != (uid_t)-1 && cred.uid != owner && cred.uid != 0)
		return fail(ERR_BROKER, "uid %u listens, not %u", cred.uid, owner);
	return ERR_OK;
}

static enum err
contact(struct talk *t, const struct http_call_options *o)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (!cur_to_str(cur_str(o->socket), addr.sun_path, sizeof(addr.sun_path)))
		return fail(ERR_BROKER, "%s: too long for a socket", o->socket);
	t->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (t->fd < 0)
		return fail(ERR_SYS, "socket: %s", strerror(errno));
	/* On a Unix socket this never waits: EAGAIN means that its queue is full. */
	if (connect(t->fd, (const struct sockaddr *)&addr, sizeof(addr)) != 0)
		return fail(ERR_BROKER, "%s: %s", o->socket, strerror(errno));
	return check_peer(t->fd, o->owner);
}

static enum err
talk_start(struct talk *t, const struct http_call_options *o)
{
	enum err r;

	t->fd = -1;
	t->sent = 0;
	t->out = (struct buf)BUF(REQUEST_MAX);
	t->a = (struct http_answer){ .body = BUF(HTTP_ANSWER_MAX) };
	answer_start(&t->in, &t->a);
	if ((r = put_request(&t->out, o)) != ERR_OK)
		return r;
	return contact(t, o);
}

/* A peer that stops listening may have answered all the same, so that is no error yet. */
static void
send_some(struct talk *t)
{
	while (t->sent < t->out.len) {
		ssize_t n = send(t->fd, t->out.p + t->sent, t->out.len - t->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		t->sent = n < 0 ? t->out.len : t->sent + (size_t)n;
	}
}

static enum err
receive_some(struct talk *t)
{
	uint8_t chunk[READ_SIZE];
	ssize_t n = recv(t->fd, chunk, sizeof(chunk), 0);
	enum err r;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return ERR_NOT_FOUND;
	if (n < 0)
		return fail(ERR_BROKER, "receive: %s", strerror(errno));
	if (n == 0)
		return fail(ERR_BROKER, "the connection ended before the answer did");
	r = answer_feed(&t->in, cur_of(chunk, (size_t)n));
	explicit_bzero(chunk, (size_t)n);	/* it may have been a token */
	if (r == ERR_MALFORMED || r == ERR_LIMIT)
		return note(ERR_BROKER, "no answer of ours");
	return r;
}

/*
 * One step: send what can be sent, receive at most READ_SIZE.  ERR_NOT_FOUND (bare):
 * wait for what talk_wants() says.
 */
static enum err
talk_step(struct talk *t)
{
	send_some(t);
	return receive_some(t);
}

/* All steps until the answer is complete (ERR_OK) or there is something to wait for. */
static enum err
talk_go_on(struct talk *t)
{
	enum err r = ERR_OK;

	while (r == ERR_OK && !answer_is_done(&t->in))
		r = talk_step(t);
	return r;
}

static uint32_t
talk_wants(const struct talk *t)
{
	return EPOLLIN | (t->sent < t->out.len ? EPOLLOUT : 0);
}

/* Wait until one of wants, or until the clock says so. */
static enum err
wait_for(const struct talk *t, int64_t until)
{
	struct pollfd p = { .fd = t->fd, .events = (short)talk_wants(t) };
	int64_t left = until - clock_boot_ms();
	int n;

	if (left <= 0)
		return fail(ERR_TIMEOUT, "no answer in time");
	n = poll(&p, 1, left > INT32_MAX ? INT32_MAX : (int)left);
	if (n < 0 && errno != EINTR)
		return fail(ERR_SYS, "poll: %s", strerror(errno));
	return ERR_OK;
}

enum err
http_call(const struct http_call_options *o, struct http_answer *ret)
{
	AUTO(talk_end) struct talk t;
	int64_t until = clock_boot_ms() + o->timeout_ms;
	enum err r;

	if ((r = talk_start(&t, o)) != ERR_OK)
		return r;
	while ((r = talk_go_on(&t)) == ERR_NOT_FOUND)
		if ((r = wait_for(&t, until)) != ERR_OK)
			return r;
	if (r != ERR_OK)
		return r;
	*ret = t.a;
	t.a = (struct http_answer){ 0 };	/* the caller's now */
	return ERR_OK;
}

/* c may be gone when done returns. */
static void
finish(struct http_call *c, enum err e)
{
	sd_event_source_set_enabled(c->io, SD_EVENT_OFF);
	sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
	c->done(c->arg, e, &c->t.a);
}

static int
on_io(sd_event_source *source, int fd UNUSED, uint32_t events UNUSED, void *arg)
{
	struct http_call *c = arg;
	enum err r = talk_go_on(&c->t);

	if (r == ERR_NOT_FOUND)
		sd_event_source_set_io_events(source, talk_wants(&c->t));
	else
		finish(c, r);
	return 0;
}

static int
on_timer(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *arg)
{
	finish(arg, fail(ERR_TIMEOUT, "no answer in time"));
	return 0;
}

enum err
http_call_start(sd_event *loop, const struct http_call_options *o, http_call_done *done,
    void *arg, struct http_call **ret)
{
	AUTO(http_call_drop) struct http_call *c = calloc(1, sizeof(*c));
	uint64_t usec = o->timeout_ms < 0 ? 0 : (uint64_t)o->timeout_ms * 1000;
	enum err r;
	int e;

	if (c == NULL)
		return fail(ERR_NOMEM, "HTTP call");
	c->done = done;
	c->arg = arg;
	if ((r = talk_start(&c->t, o)) != ERR_OK)
		return r;
	e = sd_event_add_io(loop, &c->io, c->t.fd, talk_wants(&c->t), on_io, c);
	if (e >= 0)
		e = sd_event_add_time_relative(loop, &c->timer, CLOCK_BOOTTIME, usec, 0,
		    on_timer, c);
	if (e < 0)
		return fail(ERR_SYS, "HTTP call: %s", strerror(-e));
	*ret = c;
	c = NULL;		/* the caller's now */
	return ERR_OK;
}

void
http_call_drop(struct http_call **call)
{
	struct http_call *c = *call;

	if (c == NULL)
		return;
	*call = NULL;
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->timer);
	talk_end(&c->t);
	free(c);
}

enum err
http_problem(const struct http_answer *a)
{
	AUTO(json_drop) json_t *o = NULL;
	char type[256];
	enum err e;

	if (a->status < 400 || json_load_object(buf_view(&a->body), &o) != ERR_OK ||
	    json_need_str(o, "type", type, sizeof(type)) != ERR_OK ||
	    !cur_starts(cur_str(type), cur_str(NAME_PROBLEM)))
		return fail(ERR_BROKER, "status %d without a problem document", a->status);
	e = err_of_word(type + strlen(NAME_PROBLEM));
	/* These mean something within a program, not between two. */
	if (e == ERR_OK || e == ERR_NOT_FOUND || e == ERR_NOT_MINE)
		return fail(ERR_BROKER, "status %d without a usable word", a->status);
	return fail(e, "status %d: %s", a->status, err_word(e));
}

/* Hand what has come in of the body to fn, as events. */
static enum err
take_events(struct talk *t, struct sse_parser *p, http_event_fn *fn, void *arg)
{
	enum err r;

	if (!answer_has_head(&t->in) || t->a.status != 200 ||
	    !text_eq_nocase(cur_str(t->a.type), "text/event-stream"))
		return ERR_OK;
	r = sse_feed(p, buf_view(&t->a.body), fn, arg);
	buf_clear(&t->a.body);
	return r;
}

enum err
http_events(const struct http_call_options *o, http_event_fn *fn, void *arg)
{
	AUTO(talk_end) struct talk t;
	AUTO(sse_free) struct sse_parser events;
	int64_t heard = clock_boot_ms();
	enum err r;

	sse_start(&events);
	if ((r = talk_start(&t, o)) != ERR_OK)
		return r;
	while (!answer_is_done(&t.in)) {
		r = talk_step(&t);
		if (r == ERR_NOT_FOUND) {
			r = wait_for(&t, heard + o->timeout_ms);
		} else if (r == ERR_OK) {
			heard = clock_boot_ms();
			r = take_events(&t, &events, fn, arg);
		}
		if (r != ERR_OK)
			return r;
	}
	if (t.a.status == 200)
		return fail(ERR_BROKER, "the stream ended");
	return http_problem(&t.a);
}
