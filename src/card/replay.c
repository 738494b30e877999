/* SPDX-License-Identifier: EUPL-1.2 */
/* A written conversation as a reader. */
#include "card/replay.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/b64.h"
#include "iso7816/apdu.h"

#define NEVER	SIZE_MAX

struct replay {
	const struct replay_line *lines;
	size_t	 n;
	struct cur bytes;		/* instead of lines */
	bool	 from_bytes;
	struct replay_seen seen;
	size_t	 cut_at;
	enum err cut;
	size_t	 events_at;
	uint32_t events;
	bool	 busy;
	unsigned slow;			/* ms that each command takes */
	bool	 controls;		/* from_bytes: control codes take chunks too */
};

static struct replay *
state_of(const struct reader *r)
{
	return r->state;
}

/* Something was done that the script does not foresee.  The first time counts. */
static enum err
wrong(struct replay *s, const char *what, struct cur command, bool secret)
{
	AUTO(buf_free) struct buf b = BUF(sizeof(s->seen.wrong) * 4);

	if (s->seen.wrong[0] != '\0')
		return fail(ERR_IO, "replay: off the script");
	buf_fmt(&b, "line %zu: %s ", s->seen.line, what);
	if (!secret)
		hex_put(&b, command);
	if (buf_cstr(&b) != NULL)
		snprintf(s->seen.wrong, sizeof(s->seen.wrong), "%s", (const char *)b.p);
	return fail(ERR_IO, "replay: off the script");
}

static enum err
replay_begin(struct reader *r)
{
	struct replay *s = state_of(r);

	if (s->busy)
		return fail(ERR_CARD_BUSY, "replay: taken");
	if (s->seen.open)
		return wrong(s, "second begin", cur_of(NULL, 0), false);
	if (s->seen.apdus >= s->cut_at)
		return fail(s->cut, "replay: cut");
	s->seen.begins++;
	s->seen.open = true;
	return ERR_OK;
}

static void
replay_end(struct reader *r, enum reader_end how)
{
	struct replay *s = state_of(r);

	if (!s->seen.open)
		(void)wrong(s, "end without begin", cur_of(NULL, 0), false);
	s->seen.open = false;
	if (how == READER_RESET)
		s->seen.resets++;
}

static enum err
play_line(struct replay *s, struct cur command, bool secret, struct buf *ret)
{
	AUTO(buf_free) struct buf want = BUF(APDU_LONG_MAX);
	const struct replay_line *line;

	if (s->seen.line == s->n)
		return wrong(s, "not written:", command, secret);
	line = &s->lines[s->seen.line];
	if (hex_get(cur_str(line->command), &want) != ERR_OK ||
	    !cur_eq(buf_view(&want), command))
		return wrong(s, "not this:", command, secret);
	s->seen.line++;
	if (line->reply == NULL)
		return fail(line->what, "replay: as written");
	return hex_get(cur_str(line->reply), ret);
}

static enum err
play_bytes(struct replay *s, struct buf *ret)
{
	uint8_t kind = 0;
	uint16_t n;
	struct cur reply;

	if (!cur_u8(&s->bytes, &kind) || kind == 1)
		return fail(ERR_REMOVED, "replay: removed");
	if (kind == 2)
		return fail(ERR_CARD_RESET, "replay: reset");
	if (kind == 3)
		return fail(ERR_IO, "replay: no contact");
	if (!cur_u16(&s->bytes, &n))
		return fail(ERR_REMOVED, "replay: removed");
	if (!cur_take(&s->bytes, n, &reply)) {
		reply = s->bytes;
		s->bytes = cur_of(NULL, 0);
	}
	buf_cur(ret, reply);
	return buf_end(ret);
}

static enum err
replay_transmit(struct reader *r, struct cur command, bool secret, struct buf *ret_reply)
{
	struct replay *s = state_of(r);

	if (!s->seen.open)
		return wrong(s, "no transaction:", command, secret);
	if (s->seen.apdus >= s->cut_at)
		return fail(s->cut, "replay: cut");
	s->seen.apdus++;
	r->answer_ms += s->slow;
	s->seen.secrets += secret;
	if (s->from_bytes)
		return play_bytes(s, ret_reply);
	return play_line(s, command, secret, ret_reply);
}

static bool
is_control(const struct replay_line *line)
{
	return line->command[0] == '@';
}

static bool
has_controls(const struct replay *s)
{
	for (size_t i = 0; !s->from_bytes && i < s->n; i++)
		if (is_control(&s->lines[i]))
			return true;
	return s->from_bytes && s->controls;
}

static enum err
replay_control(struct reader *r, uint32_t code, struct cur in, bool secret, int ms UNUSED,
    struct buf *ret)
{
	AUTO(buf_free) struct buf text = BUF(2048);
	struct replay *s = state_of(r);
	const struct replay_line *line;

	s->seen.controls++;
	if (!has_controls(s))
		return ERR_UNSUPPORTED;
	if (s->seen.apdus >= s->cut_at)
		return fail(s->cut, "replay: cut");
	if (s->from_bytes)
		return play_bytes(s, ret);
	buf_fmt(&text, "@%08X", code);
	for (size_t i = 0; i < in.n; i++)
		buf_fmt(&text, " %02X", in.p[i]);
	if (s->seen.line == s->n || buf_cstr(&text) == NULL ||
	    strcmp((line = &s->lines[s->seen.line])->command, buf_cstr(&text)) != 0)
		return wrong(s, buf_cstr(&text) != NULL ? buf_cstr(&text) : "control", in,
		    secret);
	s->seen.line++;
	if (line->reply != NULL)
		return hex_get(cur_str(line->reply), ret);
	if (line->what == ERR_UNSUPPORTED)
		return ERR_UNSUPPORTED;
	return fail(line->what, "replay: as written");
}

static enum err
replay_events_now(struct reader *r, uint32_t *ret)
{
	struct replay *s = state_of(r);

	*ret = s->seen.apdus >= s->events_at ? s->events : r->event_counter;
	return ERR_OK;
}

static void
replay_close(struct reader *r)
{
	free(r->state);
}

static const struct reader_ops replay_ops = {
	.begin = replay_begin,
	.end = replay_end,
	.transmit = replay_transmit,
	.control = replay_control,
	.events = replay_events_now,
	.close = replay_close,
};

static enum err
make(struct cur atr, struct reader **ret, struct replay **ret_state)
{
	struct reader *r = calloc(1, sizeof(*r));
	struct replay *s = calloc(1, sizeof(*s));

	if (r == NULL || s == NULL || atr.n > sizeof(r->atr)) {
		free(r);
		free(s);
		return fail(ERR_NOMEM, "replay");
	}
	s->cut_at = s->events_at = NEVER;
	r->ops = &replay_ops;
	r->state = s;
	r->event_counter = 1;
	snprintf(r->name, sizeof(r->name), "Replay 00 00");
	if (atr.n != 0)
		memcpy(r->atr, atr.p, atr.n);
	r->atr_len = atr.n;
	*ret = r;
	*ret_state = s;
	return ERR_OK;
}

enum err
replay_open(const struct replay_line *lines, size_t n, const char *atr,
    struct reader **ret)
{
	AUTO(buf_free) struct buf b = BUF(CARD_ATR_MAX);
	struct replay *s;
	enum err r;

	if ((r = hex_get(cur_str(atr), &b)) != ERR_OK ||
	    (r = make(buf_view(&b), ret, &s)) != ERR_OK)
		return note(r, "replay");
	s->lines = lines;
	s->n = n;
	return ERR_OK;
}

enum err
replay_open_bytes(struct cur input, struct cur atr, struct reader **ret)
{
	struct replay *s;
	enum err r = make(atr, ret, &s);

	if (r != ERR_OK)
		return r;
	s->bytes = input;
	s->from_bytes = true;
	return ERR_OK;
}

const struct replay_seen *
replay_seen(const struct reader *r)
{
	return &state_of(r)->seen;
}

bool
replay_done(const struct reader *r)
{
	const struct replay *s = state_of(r);

	return s->seen.line == s->n && s->seen.wrong[0] == '\0' && !s->seen.open;
}

void
replay_cut(struct reader *r, size_t n, enum err e)
{
	struct replay *s = state_of(r);

	s->cut_at = s->seen.apdus + n;
	s->cut = e;
}

void
replay_events(struct reader *r, size_t n, uint32_t counter)
{
	struct replay *s = state_of(r);

	s->events_at = s->seen.apdus + n;
	s->events = counter;
}

void
replay_busy(struct reader *r)
{
	state_of(r)->busy = true;
}

void
replay_slow(struct reader *r, unsigned ms)
{
	state_of(r)->slow = ms;
}

void
replay_controls(struct reader *r)
{
	state_of(r)->controls = true;
}
