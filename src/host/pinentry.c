/* SPDX-License-Identifier: EUPL-1.2 */
/* A pinentry process, its Assuan lines, and the ways in which it can fail. */
#include "host/pinentry.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <assuan.h>

#include "base/clock.h"

#define START_MS	10000	/* a toolkit on a slow desktop */
#define ANSWER_MS	5000	/* for a line that shows nothing */
#define STOP_MS		300	/* to put a terminal back as it was */
#define LATE_MS		2000	/* how much later than its own time limit it may answer */
#define LINES_MAX	64	/* in one answer */

struct pinentry {
	assuan_context_t ctx;	/* NULL: nothing was said yet */
	int	 fd;		/* our end; the context's once there is one */
	pid_t	 pid;
	char	 program[256], ttyname[64], term[64], locale[64];
	int64_t	 end;		/* of the window that is shown */
	bool	 shown;		/* a window is open */
	bool	 keep_modes;	/* of tty, which the program would leave as they were */
	int	 tty;		/* -1: none */
	struct termios modes;	/* of tty, before anything was shown */
};

/*
 * libassuan keeps lines, and so PINs, in its context.  Memory that it gives back is
 * wiped; its size stands in front of it.
 */
union chunk {
	size_t	 size;
	max_align_t align;
};

static void *
wiping_malloc(size_t n)
{
	union chunk *c = n > SIZE_MAX - sizeof(*c) ? NULL : calloc(1, sizeof(*c) + n);

	if (c == NULL)
		return NULL;
	c->size = n;
	return c + 1;
}

static void
wiping_free(void *p)
{
	union chunk *c = p;

	if (p == NULL)
		return;
	c--;
	explicit_bzero(p, c->size);
	free(c);
}

static void *
wiping_realloc(void *p, size_t n)
{
	void *q = wiping_malloc(n);

	if (q == NULL || p == NULL)
		return q;
	memcpy(q, p, n < ((union chunk *)p - 1)->size ? n : ((union chunk *)p - 1)->size);
	wiping_free(p);
	return q;
}

static int
no_log(assuan_context_t ctx UNUSED, void *hook UNUSED, unsigned cat UNUSED,
    const char *msg UNUSED)
{
	return 0;
}

static enum err
err_of(gpg_error_t e)
{
	gpg_err_code_t code = gpg_err_code(e);

	if (code == GPG_ERR_NO_ERROR)
		return ERR_OK;
	if (code == GPG_ERR_CANCELED || code == GPG_ERR_FULLY_CANCELED ||
	    code == GPG_ERR_NOT_CONFIRMED)
		return fail(ERR_CANCELLED, "the window was cancelled");
	if (code == GPG_ERR_TIMEOUT)
		return fail(ERR_TIMEOUT, "nothing was entered in time");
	return fail(ERR_NO_PINENTRY, "pinentry: %s", gpg_strerror(e));
}

/* The child's side: the socket is its standard input and output, the rest is closed. */
static _Noreturn void
become(const char *program, int fd, pid_t parent)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	/* Nobody must be asked for a PIN that nobody will use. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	if (getppid() != parent || null < 0 || dup2(fd, STDIN_FILENO) < 0 ||
	    dup2(fd, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0 ||
	    close_range(3, ~0U, 0) != 0)
		_exit(127);
	execl(program, program, (char *)NULL);
	_exit(127);
}

static enum err
spawn(struct pinentry *p, const char *program)
{
	pid_t parent = getpid();
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return fail(ERR_SYS, "socketpair: %s", strerror(errno));
	p->pid = fork();
	if (p->pid == 0)
		become(program, ends[1], parent);
	close(ends[1]);
	p->fd = ends[0];
	return p->pid > 0 ? ERR_OK : fail(ERR_SYS, "fork: %s", strerror(errno));
}

/* Until there is something to read or end has come. */
static enum err
wait_readable(const struct pinentry *p, int64_t end)
{
	for (;;) {
		struct pollfd f = { .fd = p->fd, .events = POLLIN };
		int64_t left = end - clock_boot_ms();
		int n = poll(&f, 1, left < 0 ? 0 : left > 600000 ? 600000 : (int)left);

		if (n > 0)
			return ERR_OK;
		if (n < 0 && errno != EINTR)
			return fail(ERR_SYS, "poll: %s", strerror(errno));
		if (n == 0 && clock_boot_ms() >= end)
			return fail(ERR_TIMEOUT, "pinentry does not answer");
	}
}

/* A data line: bytes of the PIN, moved from libassuan's buffer to ours. */
static enum err
take_data(struct secret *s, char *data, size_t n)
{
	bool fits = s != NULL && n <= sizeof(s->p) - s->len;

	if (fits) {
		memcpy(s->p + s->len, data, n);
		s->len += n;
	}
	explicit_bzero(data, n);
	if (s == NULL)
		return fail(ERR_NO_PINENTRY, "pinentry sent data that nobody asked for");
	return fits ? ERR_OK : fail(ERR_LIMIT, "a PIN of more than %d bytes", SECRET_MAX);
}

static bool
is_from_cache(const char *status)
{
	static const char word[] = "PASSWORD_FROM_CACHE";

	return strncmp(status, word, sizeof(word) - 1) == 0;
}

/* One line of an answer.  *ret_done when it was the last. */
static enum err
take_line(struct pinentry *p, struct secret *s, bool *ret_done)
{
	assuan_response_t kind;
	char *line;
	int n, off;
	gpg_error_t e;

	if ((e = assuan_client_read_response(p->ctx, &line, &n)) != 0 ||
	    (e = assuan_client_parse_response(p->ctx, line, n, &kind, &off)) != 0)
		return fail(ERR_NO_PINENTRY, "pinentry is gone: %s", gpg_strerror(e));
	*ret_done = kind == ASSUAN_RESPONSE_OK || kind == ASSUAN_RESPONSE_ERROR;
	if (kind == ASSUAN_RESPONSE_ERROR)
		return err_of((gpg_error_t)strtoul(line + off, NULL, 10));
	if (kind == ASSUAN_RESPONSE_DATA)
		return take_data(s, line + off, (size_t)(n - off));
	if (kind == ASSUAN_RESPONSE_STATUS && is_from_cache(line + off))
		return fail(ERR_NO_PINENTRY, "pinentry answered from a cache");
	if (kind == ASSUAN_RESPONSE_INQUIRE || kind == ASSUAN_RESPONSE_END)
		return fail(ERR_NO_PINENTRY, "pinentry asked back");
	return ERR_OK;
}

/* The whole answer, until OK or ERR.  What went wrong first is what counts. */
static enum err
take_answer(struct pinentry *p, int64_t end, struct secret *s)
{
	enum err r, first = ERR_OK;
	bool done = false;

	for (int i = 0; !done; i++) {
		if (i == LINES_MAX)
			return fail(ERR_NO_PINENTRY, "pinentry never stops talking");
		if (!assuan_pending_line(p->ctx) && (r = wait_readable(p, end)) != ERR_OK)
			return r;
		if ((r = take_line(p, s, &done)) != ERR_OK && first == ERR_OK)
			first = r;
		if (r == ERR_NO_PINENTRY)
			break;		/* nothing after this can be understood */
	}
	return first;
}

void
pinentry_escape(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f || c == '%' || c == '\\')
			buf_fmt(b, "%%%02X", c);
		else
			buf_u8(b, c);
	}
}

static enum err
write_line(struct pinentry *p, const char *verb, const char *text)
{
	AUTO(buf_free) struct buf line = BUF(ASSUAN_LINELENGTH - 2);
	gpg_error_t e;

	buf_str(&line, verb);
	if (text != NULL) {
		buf_u8(&line, ' ');
		pinentry_escape(&line, text);
	}
	if (buf_cstr(&line) == NULL)
		return fail(ERR_NO_PINENTRY, "%s: more text than a line can hold", verb);
	if ((e = assuan_write_line(p->ctx, buf_cstr(&line))) != 0)
		return fail(ERR_NO_PINENTRY, "pinentry is gone: %s", gpg_strerror(e));
	return ERR_OK;
}

/* A line that shows nothing and is answered at once. */
static enum err
say(struct pinentry *p, const char *verb, const char *text)
{
	enum err r;

	if ((r = write_line(p, verb, text)) == ERR_OK)
		r = take_answer(p, clock_boot_ms() + ANSWER_MS, NULL);
	/* Nobody was asked anything: what is wrong is wrong with the program. */
	return r == ERR_OK ? ERR_OK : note(ERR_NO_PINENTRY, "%s", verb);
}

/* An option that this pinentry does not know is no harm. */
static void
try_option(struct pinentry *p, const char *name, const char *value)
{
	AUTO(buf_free) struct buf b = BUF(256);

	if (value[0] == '\0')
		return;
	buf_fmt(&b, "%s=%s", name, value);
	if (buf_cstr(&b) == NULL || say(p, "OPTION", buf_cstr(&b)) != ERR_OK)
		return;
}

/* "OK", which libassuan expects too; it loses memory over anything else. */
static enum err
is_ready(const struct pinentry *p)
{
	char hello[2];

	if (wait_readable(p, clock_boot_ms() + START_MS) != ERR_OK)
		return note(ERR_NO_PINENTRY, "%s", p->program);
	if (recv(p->fd, hello, sizeof(hello), MSG_PEEK) != (ssize_t)sizeof(hello) ||
	    memcmp(hello, "OK", sizeof(hello)) != 0)
		return fail(ERR_NO_PINENTRY, "%s is no pinentry", p->program);
	return ERR_OK;
}

/*
 * pinentry-tty has a terminal in another mode while it asks, and does not put it back
 * when it is ended.  The other kinds do, or use none.
 */
static bool
leaves_terminal(struct pinentry *p)
{
	AUTO(secret_wipe) struct secret flavor = { 0 };

	return p->tty >= 0 && write_line(p, "GETINFO", "flavor") == ERR_OK &&
	    take_answer(p, clock_boot_ms() + ANSWER_MS, &flavor) == ERR_OK &&
	    cur_eq_str(secret_view(&flavor), "tty");
}

/* Once, before the first window: until then it may take its time to start. */
static enum err
greet(struct pinentry *p)
{
	static struct assuan_malloc_hooks hooks = {
		wiping_malloc, wiping_realloc, wiping_free,
	};
	gpg_error_t e;
	enum err r;

	if (p->ctx != NULL)
		return ERR_OK;
	if ((r = is_ready(p)) != ERR_OK)
		return r;
	e = assuan_new_ext(&p->ctx, GPG_ERR_SOURCE_DEFAULT, &hooks, no_log, NULL);
	if (e != 0)
		return fail(ERR_NOMEM, "assuan: %s", gpg_strerror(e));
	assuan_begin_confidential(p->ctx);
	if ((e = assuan_socket_connect_fd(p->ctx, p->fd, 0)) != 0)
		return fail(ERR_NO_PINENTRY, "%s: %s", p->program, gpg_strerror(e));
	try_option(p, "ttyname", p->ttyname);
	try_option(p, "ttytype", p->term);
	try_option(p, "lc-ctype", p->locale);
	p->keep_modes = leaves_terminal(p);
	return ERR_OK;
}

static void
copy_word(char *ret, size_t size, const char *word)
{
	if (word == NULL || !cur_to_str(cur_str(word), ret, size))
		ret[0] = '\0';
}

static void
look_at_terminal(struct pinentry *p)
{
	if (p->ttyname[0] != '/')
		return;
	p->tty = open(p->ttyname, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (p->tty >= 0 && tcgetattr(p->tty, &p->modes) != 0) {
		close(p->tty);
		p->tty = -1;
	}
}

enum err
pinentry_start(const struct pinentry_options *o, struct pinentry **ret)
{
	AUTO(pinentry_stop) struct pinentry *p = calloc(1, sizeof(*p));
	enum err r;

	if (p == NULL)
		return fail(ERR_NOMEM, "pinentry");
	p->fd = p->tty = -1;
	copy_word(p->program, sizeof(p->program), o->program);
	copy_word(p->ttyname, sizeof(p->ttyname), o->tty);
	copy_word(p->term, sizeof(p->term), o->term);
	copy_word(p->locale, sizeof(p->locale), o->locale);
	/* Writing to one that is gone is an error, not our end. */
	signal(SIGPIPE, SIG_IGN);
	if (access(p->program, X_OK) != 0)
		return fail(ERR_NO_PINENTRY, "%s: %s", o->program, strerror(errno));
	look_at_terminal(p);
	if ((r = spawn(p, p->program)) != ERR_OK)
		return r;
	*ret = p;
	p = NULL;		/* the caller's now */
	return ERR_OK;
}

pid_t
pinentry_pid(const struct pinentry *p)
{
	return p->pid;
}

/* Its end of the socket closes when it ends: that is the news that we wait for. */
void
pinentry_abandon(const struct pinentry *p)
{
	struct pollfd f = { .fd = p->fd, .events = POLLRDHUP };

	kill(p->pid, SIGTERM);
	poll(&f, 1, STOP_MS);
	if (p->keep_modes && p->shown)
		tcsetattr(p->tty, TCSANOW, &p->modes);
}

void
pinentry_stop(struct pinentry **pp)
{
	struct pinentry *p = *pp;

	if (p == NULL)
		return;
	if (p->pid > 0) {
		pinentry_abandon(p);
		kill(p->pid, SIGKILL);
		while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (p->ctx != NULL)
		assuan_release(p->ctx);
	else if (p->fd >= 0)
		close(p->fd);
	if (p->tty >= 0)
		close(p->tty);
	free(p);
	*pp = NULL;
}

/* All texts of one window, and how long it may stay. */
static enum err
set_texts(struct pinentry *p, const struct pinentry_text *t, int64_t end)
{
	const struct {
		const char *verb, *text;
	} lines[] = {
		{ "SETTITLE", t->title }, { "SETDESC", t->desc },
		{ "SETPROMPT", t->prompt }, { "SETERROR", t->error },
		{ "SETOK", t->ok }, { "SETCANCEL", t->cancel },
	};
	int64_t seconds = (end - clock_boot_ms()) / 1000;
	char number[24];
	enum err r;

	if (seconds <= 0)
		return fail(ERR_TIMEOUT, "no time for a window");
	if ((r = greet(p)) != ERR_OK)
		return r;
	for (size_t i = 0; i < NELEM(lines); i++)
		if (lines[i].text != NULL &&
		    (r = say(p, lines[i].verb, lines[i].text)) != ERR_OK)
			return r;
	snprintf(number, sizeof(number), "%lld", (long long)seconds);
	p->end = end;
	return say(p, "SETTIMEOUT", number);
}

/* "Cancelled" is what some say when their time is over; others say nothing at all. */
static enum err
answer_in_time(struct pinentry *p, struct secret *s)
{
	enum err r = take_answer(p, p->end + LATE_MS, s);

	p->shown = r == ERR_NO_PINENTRY || r == ERR_TIMEOUT;
	if (r == ERR_CANCELLED && clock_boot_ms() >= p->end - 500)
		return fail(ERR_TIMEOUT, "nothing was entered in time");
	return r;
}

static enum err
show(struct pinentry *p, const struct pinentry_text *t, int64_t end, const char *verb)
{
	enum err r;

	if ((r = set_texts(p, t, end)) != ERR_OK ||
	    (r = write_line(p, verb, NULL)) != ERR_OK)
		return r;
	p->shown = true;
	return ERR_OK;
}

enum err
pinentry_pin(struct pinentry *p, const struct pinentry_text *t, int64_t end_boot_ms,
    struct secret *ret)
{
	enum err r;

	secret_wipe(ret);
	if ((r = show(p, t, end_boot_ms, "GETPIN")) != ERR_OK)
		return r;
	if ((r = answer_in_time(p, ret)) != ERR_OK)
		secret_wipe(ret);
	return r;
}

enum err
pinentry_show(struct pinentry *p, const struct pinentry_text *t, int64_t end_boot_ms)
{
	return show(p, t, end_boot_ms, t->cancel != NULL ? "CONFIRM" : "CONFIRM --one-button");
}

enum err
pinentry_answer(struct pinentry *p)
{
	struct pollfd f = { .fd = p->fd, .events = POLLIN };

	if (!assuan_pending_line(p->ctx) && poll(&f, 1, 0) == 0)
		return ERR_NOT_FOUND;
	return answer_in_time(p, NULL);
}

enum err
pinentry_confirm(struct pinentry *p, const struct pinentry_text *t, int64_t end_boot_ms)
{
	enum err r;

	if ((r = pinentry_show(p, t, end_boot_ms)) != ERR_OK)
		return r;
	return answer_in_time(p, NULL);
}
