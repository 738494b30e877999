/* SPDX-License-Identifier: EUPL-1.2 */
/* A slot's connection to vpcd: connecting, messages, leaving. */
#include "vcard/link.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MS		((int64_t)1000)
#define BACKOFF_FIRST	(20 * MS)
#define BACKOFF_MOST	(200 * MS)
/* vpcd's queue is one long: a connection that waits in it was forgotten. */
#define CONNECT_MOST	(300 * MS)
/* pcscd looks every 400 ms whether a card is there; be away for longer than that. */
#define ABSENCE		(500 * MS)
/* A pcscd that hangs does not close; go anyway. */
#define LEAVE_MOST	(2000 * MS)

enum { CONTROL_OFF = 0, CONTROL_ON = 1, CONTROL_RESET = 2, CONTROL_ATR = 4 };

static void
down(struct slot *s, int64_t next)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->link = LINK_DOWN;
	s->seen = false;
	s->next = next;
	s->reply_at = SLOT_NEVER;
	s->then = (struct fault){ 0 };
	buf_clear(&s->in);
	buf_clear(&s->out);
}

/*
 * vpcd sends length and content apart, without TCP_NODELAY: until the first is
 * acknowledged the second waits.  The kernel forgets this option, so it is set again
 * before everything that receives.
 */
static void
acknowledge_at_once(const struct slot *s)
{
	int one = 1;

	setsockopt(s->fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one));
}

static void
try_later(struct slot *s, int64_t now)
{
	s->backoff = s->backoff == 0 ? BACKOFF_FIRST : s->backoff * 2;
	if (s->backoff > BACKOFF_MOST)
		s->backoff = BACKOFF_MOST;
	down(s, now + s->backoff);
}

/*
 * Where nobody listens, a connection of this machine to itself may be given the very port
 * that it goes to, and is then connected with itself: vpcd could not have the port.
 */
static bool
is_itself(int fd)
{
	struct sockaddr_in here = { 0 }, there = { 0 };
	socklen_t n = sizeof(here), m = sizeof(there);

	return getsockname(fd, (struct sockaddr *)&here, &n) == 0 &&
	    getpeername(fd, (struct sockaddr *)&there, &m) == 0 &&
	    here.sin_port == there.sin_port;
}

static void
up(struct slot *s, int64_t now)
{
	static const struct linger at_once = { .l_onoff = 1 };

	if (is_itself(s->fd)) {
		/* An orderly end would keep the port for another minute. */
		setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		try_later(s, now);
		return;
	}
	s->link = LINK_UP;
	s->next = SLOT_NEVER;
	s->backoff = 0;
	acknowledge_at_once(s);
}

static void
start_connect(struct slot *s, int64_t now)
{
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(s->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1;

	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0) {
		try_later(s, now);
		return;
	}
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(s->fd, (const struct sockaddr *)&to, sizeof(to)) == 0) {
		up(s, now);
	} else if (errno == EINPROGRESS) {
		s->link = LINK_CONNECTING;
		s->next = now + CONNECT_MOST;
	} else {
		try_later(s, now);
	}
}

static void
end_connect(struct slot *s, short events, int64_t now)
{
	int error = 0;
	socklen_t n = sizeof(error);

	if (events == 0 && now < s->next)
		return;
	if (events != 0 && getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 &&
	    error == 0)
		up(s, now);
	else
		try_later(s, now);
}

void
link_leave(struct slot *s, int64_t now)
{
	if (s->link != LINK_UP || shutdown(s->fd, SHUT_WR) != 0) {
		down(s, s->link == LINK_DOWN ? s->next : now + ABSENCE);
		return;
	}
	/* vpcd reads the end of the stream, and closes: that we can see. */
	s->link = LINK_LEAVING;
	s->next = now + LEAVE_MOST;
	s->seen = false;
	buf_clear(&s->in);
	buf_clear(&s->out);
}

/*
 * Messages.
 */

enum err
link_take(struct cur *in, struct cur *ret)
{
	struct cur at = *in;
	uint16_t n;

	do {
		if (!cur_u16(&at, &n) || !cur_take(&at, n, ret))
			return ERR_NOT_FOUND;
		*in = at;
	} while (n == 0);
	return ERR_OK;
}

static void
flush(struct slot *s, int64_t now)
{
	ssize_t n = s->out.len == 0 ? 0 : send(s->fd, s->out.p, s->out.len, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		try_later(s, now);
		return;
	}
	if (n <= 0)
		return;
	memmove(s->out.p, s->out.p + n, s->out.len - (size_t)n);
	s->out.len -= (size_t)n;
}

static void
put_message(struct slot *s, struct cur content)
{
	buf_u16(&s->out, (unsigned)content.n);
	buf_cur(&s->out, content);
}

static void
control(struct slot *s, uint8_t what)
{
	const struct card_file *f = vcard_file(s->card);

	switch (what) {
	case CONTROL_ON:
		s->stats.power_ons++;
		break;
	case CONTROL_RESET:
		s->stats.resets++;
		break;
	case CONTROL_ATR:
		s->stats.polls++;
		s->seen = true;
		put_message(s, cur_of(f->atr, f->atr_len));
		return;
	default:
		break;
	}
	vcard_reset(s->card);	/* power off, power on, reset: all forget */
}

/* Control messages are answered at once, also while the answer to a command waits. */
static void
consume(struct slot *s, int64_t now)
{
	struct cur in = buf_view(&s->in), message;
	enum err r = ERR_OK;

	while (r == ERR_OK && s->link == LINK_UP) {
		if ((r = link_take(&in, &message)) != ERR_OK)
			break;
		if (message.n == 1)
			control(s, message.p[0]);
		else
			slot_command(s, message, now);
	}
	if (s->link != LINK_UP)
		return;			/* the card left; nothing is kept */
	memmove(s->in.p, in.p, in.n);
	s->in.len = in.n;
}

/* Answers leave when their time has come. */
static void
send_reply(struct slot *s, int64_t now)
{
	if (s->link != LINK_UP || now < s->reply_at)
		return;
	put_message(s, buf_view(&s->reply));
	flush(s, now);
	if (s->link == LINK_UP)
		slot_answered(s, now);
}

/* False: the other side has gone. */
static bool
receive(struct slot *s)
{
	size_t len = s->in.len;
	uint8_t *room = buf_room(&s->in, LINK_MESSAGE_MAX - len);
	ssize_t n;

	if (room == NULL)
		return false;
	acknowledge_at_once(s);
	n = recv(s->fd, room, LINK_MESSAGE_MAX - len, 0);
	s->in.len = len + (n > 0 ? (size_t)n : 0);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void
run_up(struct slot *s, short events, int64_t now)
{
	if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) {
		if (!receive(s)) {
			vcard_reset(s->card);	/* pcscd went, and the power */
			try_later(s, now);
			return;
		}
		consume(s, now);
	}
	if (s->link == LINK_UP)
		flush(s, now);
	send_reply(s, now);
	if (s->link == LINK_UP)
		acknowledge_at_once(s);
}

static void
run_leaving(struct slot *s, short events, int64_t now)
{
	if (events != 0 && receive(s)) {
		buf_clear(&s->in);	/* nobody is there to answer */
		return;
	}
	if (events != 0 || now >= s->next)
		down(s, now + ABSENCE);
}

short
slot_events(const struct slot *s)
{
	if (s->link == LINK_CONNECTING)
		return POLLOUT;
	return (short)(POLLIN | (s->out.len != 0 ? POLLOUT : 0));
}

int64_t
slot_deadline(const struct slot *s)
{
	if (s->link == LINK_DOWN && s->card == NULL)
		return SLOT_NEVER;
	return s->next < s->reply_at ? s->next : s->reply_at;
}

void
slot_run(struct slot *s, short events, int64_t now)
{
	if (s->link == LINK_CONNECTING)
		end_connect(s, events, now);
	else if (s->link == LINK_UP)
		run_up(s, events, now);
	else if (s->link == LINK_LEAVING)
		run_leaving(s, events, now);
	if (s->link == LINK_DOWN && s->card != NULL && now >= s->next)
		start_connect(s, now);
}
