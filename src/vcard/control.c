/* SPDX-License-Identifier: EUPL-1.2 */
/* The control socket. */
#include "vcard/control.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANSWER_MAX	4096

void
control_init(struct control *c)
{
	*c = (struct control){ .fd = -1 };
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		c->clients[i] = (struct control_client){ .fd = -1,
		    .in = BUF(ORDER_MAX), .out = BUF(4 * ANSWER_MAX) };
}

static void
hang_up(struct control_client *k)
{
	close(k->fd);
	k->fd = -1;
	k->waiting = false;
	buf_free(&k->in);
	buf_free(&k->out);
}

void
control_end(struct control *c)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i].fd >= 0)
			hang_up(&c->clients[i]);
	if (c->fd < 0)
		return;
	unlink(c->at.sun_path);
	close(c->fd);
	c->fd = -1;
}

bool
control_address(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return cur_to_str(cur_str(path), ret->sun_path, sizeof(ret->sun_path));
}

/* A socket file whose owner died is in the way; one that answers is not ours to take. */
static enum err
clear_way(const struct control *c)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;
	int error = 0;

	if (fd < 0 || connect(fd, (const struct sockaddr *)&c->at, sizeof(c->at)) != 0)
		error = errno;
	if (fd >= 0)
		close(fd);
	if (error == 0)
		return fail(ERR_CONFIG, "%s: somebody listens there", c->at.sun_path);
	/* A file that is no socket refuses connections too. */
	if (error == ECONNREFUSED && lstat(c->at.sun_path, &st) == 0 &&
	    S_ISSOCK(st.st_mode))
		unlink(c->at.sun_path);
	return ERR_OK;
}

enum err
control_listen(struct control *c, const char *path)
{
	mode_t mask;
	int bound;
	enum err r;

	if (!control_address(path, &c->at))
		return fail(ERR_CONFIG, "%s: too long for a socket", path);
	if ((r = clear_way(c)) != ERR_OK)
		return r;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mask = umask(0177);
	bound = c->fd < 0 ? -1 :
	    bind(c->fd, (const struct sockaddr *)&c->at, sizeof(c->at));
	umask(mask);
	if (bound == 0 && listen(c->fd, CONTROL_CLIENTS) == 0)
		return ERR_OK;
	r = fail(ERR_SYS, "%s: %s", path, strerror(errno));
	if (bound != 0 && c->fd >= 0) {
		close(c->fd);
		c->fd = -1;		/* the file is not ours to remove */
	}
	return r;
}

/*
 * Orders.
 */

static uint64_t
counter(const struct slot *s, enum wait_for what)
{
	switch (what) {
	case WAIT_APDUS:
		return s->stats.apdus;
	case WAIT_VERIFIES:
		return s->stats.verifies;
	case WAIT_SIGNATURES:
		return s->stats.signatures;
	case WAIT_RESETS:
		return s->stats.resets;
	case WAIT_POLLS:
		return s->stats.polls;
	case WAIT_PRESENT:
	case WAIT_ABSENT:
	case WAITS:
		break;
	}
	return 0;
}

static bool
is_fulfilled(const struct slot *s, const struct order *o, int64_t now)
{
	if (o->wait == WAIT_PRESENT)
		return slot_is_present(s);
	if (o->wait == WAIT_ABSENT)
		return slot_is_absent(s, now);
	return counter(s, o->wait) >= (uint64_t)o->target;
}

static enum err
swap(struct slot *s, const struct order *o, int64_t now)
{
	enum err r = s->card == NULL ? ERR_OK : slot_remove(s, now);

	return r != ERR_OK ? r : slot_insert(s, o->card, now);
}

static enum err
set_tries(struct slot *s, const struct order *o)
{
	if (s->card == NULL)
		return fail(ERR_CONFIG, "there is no card in slot %zu", s->number);
	if (o->tries[SECOND_PIN] >= 0 &&
	    vcard_file(s->card)->references[SECOND_PIN] == NO_REFERENCE)
		return fail(ERR_CONFIG, "the card has no second PIN");
	for (size_t i = 0; i < SECRETS; i++) {
		if (o->tries[i] > vcard_file(s->card)->tries[i])
			return fail(ERR_CONFIG, "the card has %lld tries at most",
			    (long long)vcard_file(s->card)->tries[i]);
		if (o->tries[i] >= 0)
			vcard_state(s->card)->tries[i] = (unsigned)o->tries[i];
	}
	return slot_save(s);
}

static enum err
restore(struct slot *s)
{
	if (s->card == NULL)
		return fail(ERR_CONFIG, "there is no card in slot %zu", s->number);
	card_state_new(vcard_file(s->card), vcard_state(s->card));
	return slot_save(s);
}

static enum err
add_fault(struct slot *s, const struct fault *f)
{
	return faults_add(&s->faults, f) ? ERR_OK :
	    fail(ERR_LIMIT, "at most %d faults at a time", FAULTS_MAX);
}

static void
set_delays(struct slot *s, const struct card_delays *d)
{
	s->delays = *d;
	s->delays_forced = true;
}

static enum err
obey(struct slot *s, const struct order *o, int64_t now)
{
	switch (o->verb) {
	case ORDER_INSERT:
		return slot_insert(s, o->card, now);
	case ORDER_REMOVE:
		return slot_remove(s, now);
	case ORDER_SWAP:
		return swap(s, o, now);
	case ORDER_RESET_STATS:
		s->stats = (struct slot_stats){ 0 };
		return ERR_OK;
	case ORDER_DELAY:
		set_delays(s, &o->delays);
		return ERR_OK;
	case ORDER_FAULT:
	case ORDER_ON:
		return add_fault(s, &o->fault);
	case ORDER_FAULTS_CLEAR:
		faults_clear(&s->faults);
		return ERR_OK;
	case ORDER_TRIES:
		return set_tries(s, o);
	case ORDER_RESTORE:
		return restore(s);
	case ORDER_STATS:
	case ORDER_WAIT:
	case ORDERS:
		break;
	}
	return ERR_OK;
}

static void
answer(struct control_client *k, enum err r, const struct slot *s)
{
	if (r != ERR_OK) {
		buf_fmt(&k->out, "error %s\n", err_trail());
		return;
	}
	buf_str(&k->out, "ok");
	if (s != NULL) {
		buf_str(&k->out, " ");
		slot_json(s, &k->out);
	}
	buf_str(&k->out, "\n");
}

/*
 * Clients.
 */

static void
one_line(struct control_client *k, struct cur line, struct slot slots[SLOTS], int64_t now)
{
	enum err r = order_parse(line, &k->order);
	struct slot *s = &slots[k->order.slot];

	if (r == ERR_OK && k->order.verb == ORDER_WAIT) {
		k->waiting = true;
		k->until = now + k->order.timeout_ms * 1000;
		return;
	}
	if (r == ERR_OK)
		r = obey(s, &k->order, now);
	answer(k, r, r == ERR_OK && k->order.verb == ORDER_STATS ? s : NULL);
}

/* Lines that are whole, one after the other, until one has to wait. */
static void
all_lines(struct control_client *k, struct slot slots[SLOTS], int64_t now)
{
	struct cur in = buf_view(&k->in), line;

	while (!k->waiting && cur_until(&in, '\n', &line))
		one_line(k, line, slots, now);
	if (in.n == k->in.len)
		return;
	memmove(k->in.p, in.p, in.n);
	k->in.len = in.n;
}

static void
end_wait(struct control_client *k, struct slot slots[SLOTS], int64_t now)
{
	struct slot *s = &slots[k->order.slot];

	if (!k->waiting)
		return;
	if (is_fulfilled(s, &k->order, now))
		answer(k, ERR_OK, NULL);
	else if (now >= k->until)
		answer(k, fail(ERR_TIMEOUT, "it did not happen in time"), NULL);
	else
		return;
	k->waiting = false;
	all_lines(k, slots, now);
}

/* False: the client has gone, or talks nonsense. */
static bool
listen_to(struct control_client *k)
{
	uint8_t bytes[512];
	ssize_t n = recv(k->fd, bytes, sizeof(bytes), 0);

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	buf_put(&k->in, bytes, (size_t)n);
	return buf_end(&k->in) == ERR_OK;
}

static bool
talk_to(struct control_client *k)
{
	ssize_t n;

	if (k->out.len == 0)
		return buf_end(&k->out) == ERR_OK;
	n = send(k->fd, k->out.p, k->out.len, MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	memmove(k->out.p, k->out.p + n, k->out.len - (size_t)n);
	k->out.len -= (size_t)n;
	return true;
}

static void
greet(struct control *c)
{
	int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i].fd < 0) {
			c->clients[i].fd = fd;
			return;
		}
	close(fd);
}

void
control_fds(const struct control *c, struct pollfd ret[CONTROL_FDS])
{
	ret[0] = (struct pollfd){ .fd = c->fd, .events = POLLIN };
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		const struct control_client *k = &c->clients[i];

		ret[1 + i] = (struct pollfd){ .fd = k->fd,
		    .events = (short)(POLLIN | (k->out.len != 0 ? POLLOUT : 0)) };
	}
}

int64_t
control_deadline(const struct control *c, const struct slot slots[SLOTS])
{
	int64_t first = SLOT_NEVER;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		const struct control_client *k = &c->clients[i];
		const struct slot *s = &slots[k->order.slot];

		if (k->fd < 0 || !k->waiting)
			continue;
		if (k->until < first)
			first = k->until;
		/* Absence begins at a time, without an event. */
		if (k->order.wait == WAIT_ABSENT && s->card == NULL && s->next < first)
			first = s->next;
	}
	return first;
}

void
control_run(struct control *c, const struct pollfd fds[CONTROL_FDS],
    struct slot slots[SLOTS], int64_t now)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *k = &c->clients[i];
		bool heard = fds[1 + i].revents != 0;

		if (k->fd < 0)
			continue;
		if (heard && !listen_to(k)) {
			hang_up(k);
			continue;
		}
		all_lines(k, slots, now);
		end_wait(k, slots, now);
		if (!talk_to(k))
			hang_up(k);
	}
	if (fds[0].revents != 0)
		greet(c);
}
