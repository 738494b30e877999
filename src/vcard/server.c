/* SPDX-License-Identifier: EUPL-1.2 */
/* The running simulator. */
#include "vcard/server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "vcard/control.h"

struct server {
	struct slot    slots[SLOTS];
	struct control control;
	int	       signals;
	bool	       ready;
};

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
server_end(struct server *s)
{
	for (size_t i = 0; i < SLOTS; i++)
		slot_end(&s->slots[i]);
	control_end(&s->control);
	if (s->signals >= 0)
		close(s->signals);
}

static enum err
take_signals(struct server *s)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 ||
	    (s->signals = signalfd(-1, &set, SFD_CLOEXEC)) < 0)
		return fail(ERR_SYS, "signals: %s", strerror(errno));
	return ERR_OK;
}

static enum err
start(struct server *s, const struct server_options *o)
{
	enum err r = take_signals(s);

	for (size_t i = 0; i < SLOTS && r == ERR_OK; i++) {
		s->slots[i].verbose = o->verbose;
		if (o->cards[i] != NULL)
			r = slot_insert(&s->slots[i], o->cards[i], now_us());
	}
	if (r == ERR_OK && o->control != NULL)
		r = control_listen(&s->control, o->control);
	return r;
}

/* Said once: whoever started us may go on. */
static void
tell_ready(struct server *s)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (s->slots[i].card != NULL && !slot_is_present(&s->slots[i]))
			return;
	puts("ready");
	fflush(stdout);
	s->ready = true;
}

static int64_t
earliest(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Wait for a descriptor or the first deadline. */
static enum err
wait_for_events(struct server *s, struct pollfd *fds, size_t n)
{
	int64_t until = control_deadline(&s->control, s->slots), left;
	struct timespec t;

	for (size_t i = 0; i < SLOTS; i++)
		until = earliest(until, slot_deadline(&s->slots[i]));
	left = until == SLOT_NEVER ? 0 : until - now_us();
	if (left < 0)
		left = 0;
	t.tv_sec = left / 1000000;
	t.tv_nsec = left % 1000000 * 1000;
	if (ppoll(fds, n, until == SLOT_NEVER ? NULL : &t, NULL) < 0 && errno != EINTR)
		return fail(ERR_SYS, "poll: %s", strerror(errno));
	return ERR_OK;
}

/* One turn.  *ret_stop: a signal came. */
static enum err
turn(struct server *s, bool *ret_stop)
{
	struct pollfd fds[1 + SLOTS + CONTROL_FDS];
	enum err r;

	if (!s->ready)
		tell_ready(s);
	fds[0] = (struct pollfd){ .fd = s->signals, .events = POLLIN };
	for (size_t i = 0; i < SLOTS; i++)
		fds[1 + i] = (struct pollfd){ .fd = s->slots[i].fd,
		    .events = slot_events(&s->slots[i]) };
	control_fds(&s->control, fds + 1 + SLOTS);
	if ((r = wait_for_events(s, fds, NELEM(fds))) != ERR_OK)
		return r;
	*ret_stop = fds[0].revents != 0;
	for (size_t i = 0; i < SLOTS; i++)
		slot_run(&s->slots[i], fds[1 + i].revents, now_us());
	control_run(&s->control, fds + 1 + SLOTS, s->slots, now_us());
	return ERR_OK;
}

enum err
server_run(const struct server_options *o)
{
	AUTO(server_end) struct server s = { .signals = -1 };
	bool stop = false;
	enum err r;

	control_init(&s.control);
	for (size_t i = 0; i < SLOTS; i++)
		slot_init(&s.slots[i], i, (uint16_t)(o->port + i), o->state_dir);
	if ((r = start(&s, o)) != ERR_OK)
		return r;
	tell_ready(&s);			/* without a card there is nothing to wait for */
	while (!stop && r == ERR_OK)
		r = turn(&s, &stop);
	return r;
}
