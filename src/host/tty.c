/* SPDX-License-Identifier: EUPL-1.2 */
/* A question in a terminal: its modes, one line, and the way back. */
#include "host/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"

struct tty {
	int	 fd;
	struct termios modes;		/* as they were */
	pthread_mutex_t lock;		/* of the modes of the terminal */
};

enum echo { ECHO_NOTHING, ECHO_WHAT_IS_TYPED };

enum err
tty_open(const char *path, struct tty **ret)
{
	AUTO(tty_close) struct tty *t = calloc(1, sizeof(*t));
	const char *name = path == NULL ? "/dev/tty" : path;

	if (t == NULL)
		return fail(ERR_NOMEM, "terminal");
	pthread_mutex_init(&t->lock, NULL);
	t->fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (t->fd < 0 || tcgetattr(t->fd, &t->modes) != 0)
		return fail(ERR_NO_PINENTRY, "no terminal: %s: %s", name, strerror(errno));
	*ret = t;
	t = NULL;		/* the caller's now */
	return ERR_OK;
}

void
tty_close(struct tty **t)
{
	if (*t == NULL)
		return;
	if ((*t)->fd >= 0)
		close((*t)->fd);
	pthread_mutex_destroy(&(*t)->lock);
	free(*t);
	*t = NULL;
}

void
tty_abandon(struct tty *t)
{
	pthread_mutex_lock(&t->lock);	/* for good */
	tcsetattr(t->fd, TCSAFLUSH, &t->modes);
}

/* TCSAFLUSH: nothing that was typed for one question is the answer to another. */
static bool
set_modes(struct tty *t, const struct termios *modes)
{
	bool ok;

	pthread_mutex_lock(&t->lock);
	ok = tcsetattr(t->fd, TCSAFLUSH, modes) == 0;
	pthread_mutex_unlock(&t->lock);
	return ok;
}

/*
 * A line at a time and signals by keys, whatever the terminal was in; but not Ctrl-Z,
 * after which another program would find it without echo.
 */
static bool
begin_question(struct tty *t, enum echo echo)
{
	struct termios m = t->modes;

	m.c_iflag |= ICRNL;
	m.c_lflag |= ICANON | ISIG;
	m.c_cc[VSUSP] = _POSIX_VDISABLE;
	if (echo == ECHO_NOTHING)
		m.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	return set_modes(t, &m);
}

static enum err
gone(void)
{
	return fail(ERR_NO_PINENTRY, "the terminal is gone: %s", strerror(errno));
}

static enum err
put(const struct tty *t, const char *text)
{
	size_t n = strlen(text);

	while (n > 0) {
		ssize_t done = write(t->fd, text, n);

		if (done < 0 && errno != EINTR)
			return gone();
		if (done > 0) {
			text += done;
			n -= (size_t)done;
		}
	}
	return ERR_OK;
}

static enum err
show(const struct tty *t, const struct pinentry_text *x)
{
	AUTO(buf_free) struct buf b = BUF(8192);

	if (x->desc != NULL)
		buf_fmt(&b, "%s\n", x->desc);
	if (x->error != NULL)
		buf_fmt(&b, "%s\n", x->error);
	buf_fmt(&b, "%s ", x->prompt);
	if (buf_cstr(&b) == NULL)
		return fail(ERR_LIMIT, "a question");
	return put(t, buf_cstr(&b));
}

static enum err
wait_readable(const struct tty *t, int64_t end)
{
	for (;;) {
		struct pollfd f = { .fd = t->fd, .events = POLLIN };
		int64_t left = end - clock_boot_ms();
		int n = poll(&f, 1, left < 0 ? 0 : left > 600000 ? 600000 : (int)left);

		if (n > 0)
			return ERR_OK;
		if (n < 0 && errno != EINTR)
			return gone();
		if (n == 0 && clock_boot_ms() >= end)
			return fail(ERR_TIMEOUT, "nothing was entered in time");
	}
}

/* Byte by byte: what comes behind the line stays where it is. */
static enum err
read_line(const struct tty *t, int64_t end, struct secret *ret)
{
	bool fits = true;
	uint8_t byte = 0;
	ssize_t n;
	enum err r;

	secret_wipe(ret);
	for (;;) {
		if ((r = wait_readable(t, end)) != ERR_OK)
			return r;
		n = read(t->fd, &byte, 1);
		if (n == 0)
			return fail(ERR_CANCELLED, "end of input");
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return gone();
		if (n < 0)
			continue;
		if (byte == '\n')
			break;
		fits = fits && ret->len < sizeof(ret->p);
		if (fits)
			ret->p[ret->len++] = byte;
		explicit_bzero(&byte, sizeof(byte));
	}
	return fits ? ERR_OK : fail(ERR_LIMIT, "a line of more than %d bytes", SECRET_MAX);
}

static enum err
ask(struct tty *t, const struct pinentry_text *x, enum echo echo, int64_t end,
    struct secret *ret)
{
	enum err r;

	if (!begin_question(t, echo))
		return gone();
	if ((r = show(t, x)) == ERR_OK)
		r = read_line(t, end, ret);
	if (!set_modes(t, &t->modes) && r == ERR_OK)
		r = gone();
	if ((echo == ECHO_NOTHING || r != ERR_OK) && put(t, "\n") != ERR_OK && r == ERR_OK)
		r = ERR_NO_PINENTRY;
	if (r != ERR_OK)
		secret_wipe(ret);
	return r;
}

enum err
tty_pin(struct tty *t, const struct pinentry_text *x, int64_t end_boot_ms, struct secret *ret)
{
	return ask(t, x, ECHO_NOTHING, end_boot_ms, ret);
}

enum err
tty_tell(struct tty *t, const struct pinentry_text *x)
{
	enum err r = put(t, x->desc);

	return r == ERR_OK ? put(t, "\n") : r;
}

enum err
tty_confirm(struct tty *t, const struct pinentry_text *x, const char *word,
    int64_t end_boot_ms)
{
	AUTO(secret_wipe) struct secret line = { .len = 0 };
	enum err r = ask(t, x, ECHO_WHAT_IS_TYPED, end_boot_ms, &line);

	if (r == ERR_OK && !cur_eq_str(secret_view(&line), word))
		return fail(ERR_CANCELLED, "not agreed");
	return r == ERR_LIMIT ? fail(ERR_CANCELLED, "not agreed") : r;
}
