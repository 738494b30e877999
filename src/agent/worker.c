/* SPDX-License-Identifier: EUPL-1.2 */
/* Starting, hearing and ending workers. */
#include "agent/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/log.h"

#define WORKER_FD	3
#define OUT_MAX		(2 * (FRAME_MAX + 4))
#define GRACE_USEC	1000000

struct worker {
	struct worker *next;
	struct workers *all;
	const struct worker_fns *fns;	/* NULL: nobody wants to hear of it any more */
	void	*arg;
	pid_t	 pid;
	bool	 told;			/* done, failed or hand_over was called */
	bool	 vendor;		/* it is a module worker */
	bool	 buried;		/* the number is not its own any more */
	bool	 asked;			/* it waits for a challenge */
	int	 fd;			/* -1: closed */
	struct buf in, out;
	sd_event_source *io, *child, *grace;
};

struct workers {
	sd_event *loop;
	char *const *env;
	struct worker *first;
};

static void
fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
kill_group(const struct worker *w, int sig)
{
	/* Right after fork it may not lead a group yet. */
	if (!w->buried && kill(-w->pid, sig) != 0)
		kill(w->pid, sig);
}

static void
hang_up(struct worker *w)
{
	w->io = sd_event_source_disable_unref(w->io);
	fd_close(&w->fd);
}

static void
worker_free(struct worker *w)
{
	hang_up(w);
	sd_event_source_disable_unref(w->child);
	sd_event_source_disable_unref(w->grace);
	buf_free(&w->in);
	buf_free(&w->out);
	free(w);
}

static void
forget(struct worker *w)
{
	struct worker **at = &w->all->first;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	worker_free(w);
}

/* Nothing of what it says or said matters any more. */
static void
detach(struct worker **w)
{
	(*w)->fns = NULL;
	hang_up(*w);
	if ((*w)->buried)
		forget(*w);
	*w = NULL;
}

/* The last word to the caller, who may detach or finish the worker in it. */
static void
tell_failed(struct worker *w, enum err e, int tries)
{
	const struct worker_fns *fns = w->fns;

	if (fns == NULL || w->told)
		return;
	w->told = true;
	fns->failed(w->arg, e, tries);
}

/* Whose fault it is when it dies: of a vendor's library, or nobody knows. */
static enum err
death_of(const struct worker *w)
{
	return w->vendor ? ERR_MODULE : ERR_FAILED;
}

static void
tell_nonsense(struct worker *w, const char *what)
{
	log_error("worker %d: %s", (int)w->pid, what);
	hang_up(w);
	kill_group(w, SIGKILL);
	tell_failed(w, death_of(w), -1);
}

/* Frames.  Each returns false when it is not what may be said now. */

static bool
on_step(struct worker *w, struct cur body)
{
	for (enum login_step s = LOGIN_WAITING_CARD; s <= LOGIN_SIGNING; s++) {
		if (!cur_eq_str(body, login_step_name(s)))
			continue;
		w->fns->step(w->arg, s);
		return true;
	}
	return false;
}

static bool
on_need_challenge(struct worker *w, struct cur body)
{
	if (body.n != 0 || w->asked)
		return false;
	w->asked = true;
	w->fns->need_challenge(w->arg);
	return true;
}

static bool
on_done(struct worker *w, struct cur body)
{
	AUTO(login_result_free) struct login_result r = { 0 };

	if (w->asked || wire_get_done(body, &r) != ERR_OK)
		return false;
	w->told = true;
	hang_up(w);
	w->fns->done(w->arg, &r);
	return true;
}

static bool
on_failed(struct worker *w, struct cur body)
{
	struct wire_failure f;
	enum err e;

	if (wire_get_failure(body, &f) != ERR_OK)
		return false;
	e = err_of_word(f.word);
	log_info("worker %d: %s: %s", (int)w->pid, err_word(e), f.trail);
	hang_up(w);
	/* A word that is no code of ours, or no failure, is one all the same. */
	tell_failed(w, e == ERR_SYS || e == ERR_OK ? ERR_FAILED : e, f.tries);
	return true;
}

/* Only from our own worker: a vendor's process sends nobody anywhere. */
static bool
on_hand_over(struct worker *w, struct cur body)
{
	struct wire_hand_over h;

	if (w->vendor || w->asked || wire_get_hand_over(body, &h) != ERR_OK)
		return false;
	w->told = true;
	hang_up(w);
	w->fns->hand_over(w->arg, &h);
	return true;
}

static const struct {
	uint8_t type;
	bool	(*on)(struct worker *w, struct cur body);
} frames[] = {
	{ WIRE_STEP, on_step },
	{ WIRE_NEED_CHALLENGE, on_need_challenge },
	{ WIRE_DONE, on_done },
	{ WIRE_FAILED, on_failed },
	{ WIRE_HAND_OVER, on_hand_over },
};

static bool
on_frame(struct worker *w, uint8_t type, struct cur body)
{
	for (size_t i = 0; i < NELEM(frames); i++)
		if (frames[i].type == type)
			return frames[i].on(w, body);
	return false;
}

/* Drop the first n bytes. */
static void
consume(struct buf *b, size_t n)
{
	memmove(b->p, b->p + n, b->len - n);
	explicit_bzero(b->p + b->len - n, n);
	b->len -= n;
}

/* All whole frames.  A function that is called may end our interest at any time. */
static void
take_frames(struct worker *w)
{
	while (w->fns != NULL && !w->told) {
		struct cur in = buf_view(&w->in), body;
		uint8_t type;
		enum err r = frame_take(&in, &type, &body);

		if (r == ERR_NOT_FOUND)
			return;
		if (r != ERR_OK || !on_frame(w, type, body)) {
			tell_nonsense(w, "does not speak the protocol");
			return;
		}
		consume(&w->in, w->in.len - in.n);
	}
}

/* False when there is nothing to read now. */
static bool
read_some(struct worker *w)
{
	uint8_t chunk[4096];
	ssize_t n = recv(w->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		tell_nonsense(w, "went away");
		return false;
	}
	buf_put(&w->in, chunk, (size_t)n);
	explicit_bzero(chunk, sizeof(chunk));
	if (buf_end(&w->in) != ERR_OK)
		tell_nonsense(w, "says more than there is room for");
	else
		take_frames(w);
	return true;
}

static void
want(struct worker *w)
{
	sd_event_source_set_io_events(w->io,
	    w->out.len == 0 ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

static void
write_some(struct worker *w)
{
	ssize_t n = send(w->fd, w->out.p, w->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0)
		consume(&w->out, (size_t)n);
	/* It does not listen any more, but what it said is still to be read. */
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		buf_clear(&w->out);
	want(w);
}

static int
on_io(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct worker *w = arg;

	(void)s;
	(void)fd;
	if ((revents & EPOLLOUT) != 0 && w->out.len != 0)
		write_some(w);
	if ((revents & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
		read_some(w);
	return 0;
}

/*
 * It ended: what it said before still counts, and its group ends with it.  Until this
 * returns it is a zombie and the number is still its own (sd_event_add_child(3)).
 *
 * Or it was stopped, with its own watchdog in it and perhaps the card's transaction open.
 * No terminal can do that, and nobody will wake it: it is ended, and comes here again.
 */
static int
on_child(sd_event_source *s, const siginfo_t *si, void *arg)
{
	struct worker *w = arg;

	if (si->si_code == CLD_STOPPED) {
		log_error("worker %d: stands still", (int)w->pid);
		kill_group(w, SIGKILL);
		sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
		return 0;
	}
	while (w->fd >= 0 && !w->told && read_some(w))
		continue;
	kill_group(w, SIGKILL);
	tell_failed(w, death_of(w), -1);
	w->buried = true;
	w->child = sd_event_source_disable_unref(w->child);
	w->grace = sd_event_source_disable_unref(w->grace);
	/* While somebody keeps a pointer to it, it stays. */
	if (w->fns == NULL)
		forget(w);
	return 0;
}

static int
on_grace(sd_event_source *s, uint64_t usec, void *arg)
{
	const struct worker *w = arg;

	(void)s;
	(void)usec;
	kill_group(w, SIGKILL);
	return 0;
}

/* In the child, between fork and exec: only what signal-safety(7) allows. */
static void
become(const struct worker_options *o, const char *const *argv, char *const *env, int fd,
    pid_t parent)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;
	int null;

	/* Own session: no job control stops a PIN window, one kill ends all. */
	setsid();
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		_exit(127);
	for (int sig = 1; sig < SIGRTMIN; sig++)
		sigaction(sig, &dfl, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	null = open("/dev/null", O_RDWR);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		_exit(127);
	/* fd may be 3 itself, which dup2 would leave to be closed at exec. */
	if (fd == WORKER_FD ? fcntl(fd, F_SETFD, 0) != 0 : dup2(fd, WORKER_FD) < 0)
		_exit(127);
	close_range(WORKER_FD + 1, ~0U, 0);
	execve(o->program, (char *const *)(uintptr_t)argv, env);
	_exit(127);
}

/* What a worker is started with; events: room for the number. */
struct words {
	const char *argv[12];
	char	 events[16];
};

static void
put_words(struct words *w, const struct worker_options *o)
{
	const char *own[] = { o->program, "--config", o->config, "--broker", o->broker };
	size_t n = NELEM(own);

	*w = (struct words){ .argv = { NULL } };
	memcpy(w->argv, own, sizeof(own));
	if (o->module == NULL)
		return;
	snprintf(w->events, sizeof(w->events), "%u", (unsigned)o->module->event_counter);
	w->argv[n++] = "--module";
	w->argv[n++] = o->module->module;
	w->argv[n++] = "--reader";
	w->argv[n++] = o->module->reader;
	w->argv[n++] = "--events";
	w->argv[n++] = w->events;
}

static enum err
spawn(struct worker *w, const struct worker_options *o)
{
	struct words words;
	AUTO(fd_close) int theirs = -1;
	pid_t parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return fail(ERR_SYS, "socketpair: %s", strerror(errno));
	w->fd = pair[0];
	theirs = pair[1];
	put_words(&words, o);
	w->pid = fork();
	if (w->pid < 0)
		return fail(ERR_SYS, "fork: %s", strerror(errno));
	if (w->pid == 0)
		become(o, words.argv, w->all->env, theirs, parent);
	return ERR_OK;
}

static enum err
attach(struct worker *w)
{
	sd_event *loop = w->all->loop;
	int r;

	if ((r = sd_event_add_child(loop, &w->child, w->pid, WEXITED | WSTOPPED,
		on_child, w)) < 0 ||
	    (r = sd_event_add_io(loop, &w->io, w->fd, EPOLLIN, on_io, w)) < 0 ||
	    (r = sd_event_add_time_relative(loop, &w->grace, CLOCK_MONOTONIC,
		GRACE_USEC, 0, on_grace, w)) < 0)
		return fail(ERR_SYS, "worker in the loop: %s", strerror(-r));
	sd_event_source_set_enabled(w->grace, SD_EVENT_OFF);
	/* What it said is read before it is buried. */
	sd_event_source_set_priority(w->child, SD_EVENT_PRIORITY_NORMAL + 1);
	return ERR_OK;
}

/* A frame into the queue, and as much of the queue as fits into the socket. */
static enum err
say(struct worker *w, uint8_t type, struct cur body)
{
	enum err r = frame_put(&w->out, type, body);

	if (r != ERR_OK)
		return note(r, "frame to the worker");
	/* One that hung up has failed, which was told. */
	if (w->fd >= 0)
		want(w);
	return ERR_OK;
}

static enum err
say_request(struct worker *w, uint8_t type, const struct login_request *rq)
{
	AUTO(buf_free) struct buf body = BUF(FRAME_MAX);
	enum err r;

	if ((r = wire_put_request(&body, rq)) != ERR_OK)
		return note(r, "request to the worker");
	return say(w, type, buf_view(&body));
}

static void
bury_now(struct worker *w)
{
	kill_group(w, SIGKILL);
	if (!w->buried)
		waitpid(w->pid, NULL, 0);
	worker_free(w);
}

enum err
worker_start(struct workers *ws, const struct worker_options *o,
    const struct login_request *rq, struct worker **ret)
{
	struct worker *w = calloc(1, sizeof(*w));
	enum err r;

	if (w == NULL)
		return fail(ERR_NOMEM, "worker");
	*w = (struct worker){ .all = ws, .vendor = o->module != NULL, .fns = o->fns,
		.arg = o->arg, .fd = -1, .pid = -1, .in = BUF(OUT_MAX), .out = BUF(OUT_MAX) };
	if ((r = spawn(w, o)) != ERR_OK) {
		worker_free(w);
		return r;
	}
	if ((r = attach(w)) != ERR_OK || (r = say_request(w, WIRE_LOGIN, rq)) != ERR_OK) {
		bury_now(w);
		return r;
	}
	w->next = ws->first;
	ws->first = w;
	*ret = w;
	return ERR_OK;
}

enum err
worker_challenge(struct worker *w, const struct login_request *rq)
{
	w->asked = false;
	return say_request(w, WIRE_CHALLENGE, rq);
}

enum err
worker_refuse(struct worker *w, enum err e)
{
	w->asked = false;
	return say(w, WIRE_REFUSED, cur_str(err_word(e)));
}

void
worker_finish(struct worker **w)
{
	if (*w == NULL)
		return;
	kill_group(*w, SIGKILL);
	/* It cannot act any more; that it is buried later is nobody's business. */
	(*w)->told = true;
	detach(w);
}

void
worker_stop(struct worker **w)
{
	if (*w == NULL)
		return;
	(*w)->told = false;
	kill_group(*w, SIGTERM);
	sd_event_source_set_time_relative((*w)->grace, GRACE_USEC);
	sd_event_source_set_enabled((*w)->grace, SD_EVENT_ONESHOT);
	detach(w);
}

bool
workers_linger(const struct workers *ws)
{
	for (const struct worker *w = ws->first; w != NULL; w = w->next)
		if (w->fns == NULL && !w->told)
			return true;
	return false;
}

enum err
workers_new(sd_event *loop, char *const *env, struct workers **ret)
{
	struct workers *ws = calloc(1, sizeof(*ws));

	if (ws == NULL)
		return fail(ERR_NOMEM, "workers");
	ws->loop = loop;
	ws->env = env;
	*ret = ws;
	return ERR_OK;
}

void
workers_free(struct workers **ws)
{
	if (*ws == NULL)
		return;
	while ((*ws)->first != NULL) {
		struct worker *w = (*ws)->first;

		(*ws)->first = w->next;
		bury_now(w);
	}
	free(*ws);
	*ws = NULL;
}
