/* SPDX-License-Identifier: EUPL-1.2 */
/* Shows what a reader is told and answers; secret data only by its length. */
#include "card/trace.h"

#include <stdlib.h>

#include "iso7816/apdu.h"

#define HEADER	4	/* CLA INS P1 P2 */
#define LINE	(3 * APDU_REPLY_MAX + 64)

struct trace {
	struct reader *inner;
	trace_fn *fn;
	void *arg;
};

static void
put_hex(struct buf *b, struct cur c)
{
	for (size_t i = 0; i < c.n; i++)
		buf_fmt(b, " %02X", c.p[i]);
}

static void
say(struct trace *t, struct buf *line)
{
	const char *s = buf_cstr(line);

	t->fn(t->arg, s != NULL ? s : "? too long to be shown");
}

static void
say_command(struct trace *t, struct cur command, bool secret)
{
	AUTO(buf_free) struct buf line = BUF(LINE);

	buf_str(&line, ">");
	if (secret && command.n > HEADER) {
		put_hex(&line, cur_of(command.p, HEADER));
		buf_fmt(&line, " [%zu bytes]", command.n - HEADER - 1);
	} else {
		put_hex(&line, command);
	}
	say(t, &line);
}

static void
say_result(struct trace *t, const char *what, enum err r, struct cur reply)
{
	AUTO(buf_free) struct buf line = BUF(LINE);

	buf_str(&line, what);
	if (r == ERR_OK)
		put_hex(&line, reply);
	else
		buf_fmt(&line, " %s", err_word(r));
	say(t, &line);
}

static enum err
trace_begin(struct reader *r)
{
	struct trace *t = r->state;
	enum err e = t->inner->ops->begin(t->inner);

	/* A card that was reset may have come back with another protocol. */
	r->protocol_t0 = t->inner->protocol_t0;
	r->resets = t->inner->resets;
	say_result(t, "= begin", e, cur_of(NULL, 0));
	return e;
}

static void
trace_end(struct reader *r, enum reader_end how)
{
	struct trace *t = r->state;

	t->inner->ops->end(t->inner, how);
	say_result(t, how == READER_RESET ? "= end reset" : "= end", ERR_OK,
	    cur_of(NULL, 0));
}

static enum err
trace_transmit(struct reader *r, struct cur command, bool secret, struct buf *ret_reply)
{
	struct trace *t = r->state;
	size_t at = ret_reply->len;
	struct cur before, reply;
	enum err e;

	say_command(t, command, secret);
	e = t->inner->ops->transmit(t->inner, command, secret, ret_reply);
	r->answer_ms = t->inner->answer_ms;
	reply = buf_view(ret_reply);
	(void)cur_take(&reply, at, &before);	/* what was there already */
	say_result(t, "<", e, reply);
	return e;
}

/* Of what concerns a keypad only how much there is of it: two bytes are a status word. */
static enum err
trace_control(struct reader *r, uint32_t code, struct cur in, bool secret, int ms,
    struct buf *ret)
{
	AUTO(buf_free) struct buf line = BUF(LINE);
	struct trace *t = r->state;
	size_t at = ret->len;
	struct cur before, reply;
	enum err e;

	if (t->inner->ops->control == NULL)
		return ERR_UNSUPPORTED;
	buf_fmt(&line, "! %08X", code);
	if (secret)
		buf_fmt(&line, " [%zu bytes]", in.n);
	else
		put_hex(&line, in);
	say(t, &line);
	e = t->inner->ops->control(t->inner, code, in, secret, ms, ret);
	reply = buf_view(ret);
	(void)cur_take(&reply, at, &before);	/* what was there already */
	if (!secret || e != ERR_OK || reply.n <= 2) {
		say_result(t, "<", e, reply);
		return e;
	}
	buf_clear(&line);
	buf_fmt(&line, "< [%zu bytes]", reply.n);
	say(t, &line);
	return e;
}

static enum err
trace_events(struct reader *r, uint32_t *ret)
{
	struct trace *t = r->state;

	return t->inner->ops->events(t->inner, ret);
}

static void
trace_close(struct reader *r)
{
	struct trace *t = r->state;

	reader_close(&t->inner);
	free(t);
}

static const struct reader_ops trace_ops = {
	.begin = trace_begin,
	.end = trace_end,
	.transmit = trace_transmit,
	.control = trace_control,
	.events = trace_events,
	.close = trace_close,
};

enum err
trace_open(struct reader *inner, trace_fn *fn, void *arg, struct reader **ret)
{
	struct reader *r = calloc(1, sizeof(*r));
	struct trace *t = calloc(1, sizeof(*t));

	if (r == NULL || t == NULL) {
		free(r);
		free(t);
		reader_close(&inner);
		return fail(ERR_NOMEM, "trace");
	}
	*t = (struct trace){ inner, fn, arg };
	*r = *inner;			/* name, ATR, counter, protocol */
	r->ops = &trace_ops;
	r->state = t;
	*ret = r;
	return ERR_OK;
}
