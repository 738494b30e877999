/* SPDX-License-Identifier: EUPL-1.2 */
/* One transaction: commands in, data and status word out, within a budget. */
#include "card/channel.h"

#include "iso7816/fci.h"
#include "iso7816/sw.h"

/* A command on its way: it may hold a PIN, so it stays off the heap and is wiped. */
struct wire {
	uint8_t	 p[APDU_LONG_MAX];
	size_t	 n;
};

static void
wire_wipe(struct wire *w)
{
	explicit_bzero(w, sizeof(*w));
}

static enum err
wire_put(const struct apdu *a, enum apdu_form form, struct wire *ret)
{
	/* Full from the start, so that nothing is ever allocated or moved. */
	struct buf b = { .p = ret->p, .cap = sizeof(ret->p), .max = sizeof(ret->p) };
	enum err r = apdu_encode(a, form, &b);

	ret->n = b.len;
	return r;
}

enum err
channel_begin(struct reader *reader, struct channel *ret)
{
	enum err r = reader->ops->begin(reader);

	if (r != ERR_OK)
		return note(r, "begin");
	*ret = (struct channel){ .reader = reader, .most_apdus = CHANNEL_APDUS,
	    .until_ms = reader->answer_ms + CHANNEL_MS };
	return ERR_OK;
}

void
channel_limit(struct channel *ch, unsigned sent, unsigned most, uint64_t until_ms)
{
	ch->apdus = sent;
	ch->most_apdus = most;
	ch->until_ms = until_ms;
}

/* Both ends must take it; a secret is never that long. */
static bool
goes_extended(const struct channel *ch, const struct apdu *a)
{
	struct reader *r = ch->reader;

	/* The reader is asked last, when all else says yes. */
	return apdu_is_long(a) && ch->extended && !r->protocol_t0 && !a->secret &&
	    reader_max_apdu(r) > APDU_LE_MAX && a->data.n <= r->max_apdu;
}

static enum apdu_form
form_of(const struct channel *ch, const struct apdu *a)
{
	if (ch->reader->protocol_t0)
		return APDU_SHORT_T0;
	return goes_extended(ch, a) ? APDU_EXTENDED : APDU_SHORT;
}

/* A reader that cuts long replies off leaves data where the status word should be. */
static bool
is_status(unsigned sw)
{
	return sw >> 12 == 6 || sw >> 12 == 9;
}

static enum err
within_budget(struct channel *ch)
{
	ch->spent = true;
	if (ch->apdus >= ch->most_apdus)
		return fail(ERR_LIMIT, "the card never stops talking");
	if (ch->reader->answer_ms > ch->until_ms)
		return fail(ERR_LIMIT, "the card takes too long");
	ch->spent = false;
	return ERR_OK;
}

/* Send a once, within the budget.  *ret_data points into reply. */
static enum err
transmit(struct channel *ch, const struct apdu *a, struct buf *reply,
    struct cur *ret_data, unsigned *ret_sw)
{
	enum apdu_form form = form_of(ch, a);
	AUTO(wire_wipe) struct wire w = { .n = 0 };
	enum err r;

	if (ch->dead)
		return fail(ERR_IO, "the card has stopped answering");
	if ((r = within_budget(ch)) != ERR_OK)
		return r;
	ch->apdus++;
	if ((r = wire_put(a, form, &w)) != ERR_OK)
		return r;
	buf_clear(reply);
	r = ch->reader->ops->transmit(ch->reader, cur_of(w.p, w.n), a->secret, reply);
	if (buf_end(reply) == ERR_LIMIT)
		r = fail(ERR_IO, "a reply of more than %d bytes", APDU_REPLY_MAX);
	if (r == ERR_OK && !apdu_reply(buf_view(reply), ret_data, ret_sw))
		r = fail(ERR_IO, "a reply of %zu bytes", reply->len);
	if (r == ERR_OK && form == APDU_EXTENDED && !is_status(*ret_sw))
		r = fail(ERR_IO, "a reply without a status word");
	if (r != ERR_OK) {
		if (form == APDU_EXTENDED && r == ERR_IO)
			ch->reader->max_apdu = APDU_LE_MAX;
		ch->dead = true;
		return note(r, "command %02x", a->ins);
	}
	if (ret_data->n > a->le) {
		/* Without Le some send FCI all the same; but nothing has more than Le. */
		ch->reader->suspicious |= a->le != 0;
		ret_data->n = a->le;	/* nobody asked for the rest */
	}
	return ERR_OK;
}

/* After 61xx: fetch what waits, or its beginning.  Each round brings at least one byte. */
static enum err
collect(struct channel *ch, bool head, struct buf *data, unsigned *sw)
{
	for (int i = 0; sw_more(*sw); i++) {
		AUTO(buf_free) struct buf reply = BUF(APDU_REPLY_MAX);
		const struct apdu get = { .cla = ch->number, .ins = 0xc0,
		    .le = sw_count(*sw) };
		struct cur more;
		enum err r;

		if (i == CHANNEL_ROUNDS)
			return fail(ERR_LIMIT, "the card never stops talking");
		if ((r = transmit(ch, &get, &reply, &more, sw)) != ERR_OK)
			return note(r, "GET RESPONSE");
		if (more.n == 0)
			return fail(ERR_CARD, "GET RESPONSE brings nothing (%04x)", *sw);
		buf_cur(data, more);
		if (buf_end(data) != ERR_OK)
			return fail(buf_end(data), "too much data");
		if (head)
			return ERR_OK;
	}
	if (*sw != SW_OK && *sw != SW_END_OF_FILE)
		return fail(ERR_CARD, "GET RESPONSE: %s (%04x)", sw_name(*sw), *sw);
	return ERR_OK;
}

/*
 * A chain of ours, or another program's, was broken off, and the card has only now
 * forgotten it.  SELECT may be said twice; what else it was, its sender must know.
 */
static bool
forgot_a_chain(const struct apdu *a, unsigned sw)
{
	return sw == SW_CHAIN_LAST && a->ins == 0xa4;
}

/* The command, repeated once if the card wants another Le. */
static enum err
send_once(struct channel *ch, const struct apdu *a, struct buf *data, unsigned *sw)
{
	AUTO(buf_free) struct buf reply = BUF(APDU_REPLY_MAX);
	struct apdu again = *a;
	struct cur got;
	enum err r;

	r = transmit(ch, a, &reply, &got, sw);
	if (r == ERR_OK && forgot_a_chain(a, *sw))
		r = transmit(ch, a, &reply, &got, sw);
	if (r != ERR_OK)
		return r;
	if (sw_wrong_le(*sw) && !a->secret && a->le != 0) {
		again.le = sw_count(*sw);
		if ((r = transmit(ch, &again, &reply, &got, sw)) != ERR_OK)
			return r;
		if (sw_wrong_le(*sw))
			return fail(ERR_CARD, "the card does not know what it wants");
	}
	if (!a->secret)
		buf_cur(data, got);
	return buf_end(data);
}

/* All parts but the last, which is left in a.  Not SW_OK: the card refuses a part. */
static enum err
chain(struct channel *ch, struct apdu *a, unsigned *sw)
{
	struct apdu part = *a;
	struct buf none = BUF(0);

	part.cla |= 0x10;		/* ISO 7816-4 section 5.1.1.1 */
	part.le = 0;
	*sw = SW_OK;
	if (a->data.n > CHANNEL_BLOCKS * APDU_DATA_MAX)
		return fail(ERR_LIMIT, "a command of %zu bytes", a->data.n);
	while (a->data.n > APDU_DATA_MAX) {
		enum err r;

		(void)cur_take(&a->data, APDU_DATA_MAX, &part.data);
		if ((r = send_once(ch, &part, &none, sw)) != ERR_OK || *sw != SW_OK)
			return r;
	}
	return ERR_OK;
}

static enum err
send_long(struct channel *ch, struct apdu *a, struct buf *data, unsigned *sw)
{
	enum err r;

	if (goes_extended(ch, a)) {
		if (a->le > ch->reader->max_apdu)
			a->le = (unsigned)ch->reader->max_apdu;
		r = send_once(ch, a, data, sw);
		if (r != ERR_OK || *sw != SW_WRONG_LENGTH)
			return r;
		ch->reader->max_apdu = APDU_LE_MAX;
	}
	if (a->le > APDU_LE_MAX)
		a->le = APDU_LE_MAX;	/* the rest comes by 61xx */
	if ((r = chain(ch, a, sw)) != ERR_OK)
		return note(r, "chaining");
	return *sw == SW_OK ? send_once(ch, a, data, sw) : ERR_OK;
}

enum err
channel_send(struct channel *ch, const struct apdu *cmd, struct buf *ret,
    unsigned *ret_sw)
{
	AUTO(buf_free) struct buf data = BUF(FILE_SIZE_MAX);
	struct apdu a = *cmd;
	unsigned sw;
	enum err r;

	if (ch->commands == CHANNEL_COMMANDS)
		return fail(ERR_LIMIT, "too many commands in one transaction");
	ch->commands++;
	a.cla |= ch->number;
	r = apdu_is_long(&a) ? send_long(ch, &a, &data, &sw) : send_once(ch, &a, &data, &sw);
	if (r != ERR_OK)
		return r;
	if (sw_more(sw) && !a.secret && !(a.head && data.len != 0) &&
	    (r = collect(ch, a.head, &data, &sw)) != ERR_OK)
		return note(r, "command %02x", a.ins);
	if (ret != NULL && a.le != 0)
		buf_cur(ret, buf_view(&data));
	if (ret != NULL && buf_end(ret) != ERR_OK)
		return fail(buf_end(ret), "a reply of %zu bytes", data.len);
	*ret_sw = sw;
	return ERR_OK;
}

/*
 * One control code, or two; what went wrong on the way says nothing of the card.
 * *ret_early: an answer came before anybody could type.
 */
static enum err
type(struct reader *r, const struct pad_codes *codes, struct cur in, struct buf *reply,
    bool *ret_early)
{
	enum err e = r->ops->control(r, codes->begin, in, true, PAD_MS, reply);

	if (e != ERR_OK || codes->finish == 0)
		return e;
	*ret_early = reply->len != 0;
	if (*ret_early)
		return ERR_OK;
	return r->ops->control(r, codes->finish, cur_of(NULL, 0), true, PAD_MS, reply);
}

/*
 * Before anybody typed it can only be the reader that refuses: in the words of pcsc.md
 * section 8, or as a card would that does not know a command.  A card's word at that
 * time is to something that nobody here asked.
 */
static enum err
answered(struct cur reply, bool early, unsigned *ret_sw)
{
	unsigned sw = 0;
	enum err e = pad_result(reply, &sw);

	if (e != ERR_OK)
		return e;
	if (early && sw_unsupported(sw))
		return fail(ERR_UNSUPPORTED, "the reader cannot begin (%04x)", sw);
	if (early)
		return fail(ERR_CARD, "the keypad answers before anybody typed");
	*ret_sw = sw;
	return ERR_OK;
}

/* *ret_told: the reader was, and did not say that nothing came of it. */
static enum err
ask_keypad(struct reader *r, enum pad_use use, const struct apdu *a,
    const struct pin_rules *rules, unsigned *ret_sw, bool *ret_told)
{
	AUTO(buf_free) struct buf in = BUF(READER_CONTROL_MAX);
	AUTO(buf_free) struct buf reply = BUF(READER_CONTROL_MAX);
	const struct keypad *k = reader_keypad(r, use, rules);
	struct pad_codes codes;
	bool early = false;
	enum err e;

	*ret_told = false;
	if (k == NULL || !pad_codes(&r->features, use, &codes))
		return fail(ERR_UNSUPPORTED, "no keypad for this");
	if ((e = pad_put(&in, &r->features, k, use, a, rules)) != ERR_OK)
		return e;
	e = type(r, &codes, buf_view(&in), &reply, &early);
	if (e == ERR_UNSUPPORTED)
		return fail(e, "the reader has no such keypad");
	*ret_told = e != ERR_OK;
	if (e == ERR_TIMEOUT || e == ERR_LIMIT || e == ERR_CARD_BUSY)
		return note(ERR_IO, "the keypad does not answer");
	if (e == ERR_OK)
		e = answered(buf_view(&reply), early, ret_sw);
	*ret_told |= e == ERR_CARD;
	return e;
}

enum err
channel_pad(struct channel *ch, enum pad_use use, const struct apdu *cmd,
    const struct pin_rules *rules, unsigned *ret_sw)
{
	struct apdu a = *cmd;
	enum err r;

	if (ch->dead)
		return fail(ERR_IO, "the card has stopped answering");
	if (ch->commands == CHANNEL_COMMANDS || ch->apdus >= ch->most_apdus)
		return fail(ERR_LIMIT, "too many commands in one transaction");
	ch->commands++;
	ch->apdus++;
	a.cla |= ch->number;
	r = ask_keypad(ch->reader, use, &a, rules, ret_sw, &ch->dead);
	/* What cannot be understood once is not asked again (pcsc.md section 9). */
	if (r == ERR_UNSUPPORTED || r == ERR_IO || r == ERR_CARD)
		ch->reader->keypad_off = true;
	return r == ERR_OK ? ERR_OK : note(r, "keypad");
}

enum err
channel_logical(struct channel *ch, uint8_t n, bool open)
{
	AUTO(buf_free) struct buf got = BUF(APDU_REPLY_MAX);
	const struct apdu manage = { .ins = 0x70, .le = 1 };
	unsigned sw;
	enum err r;

	if (!open) {
		ch->number = n;
		return ERR_OK;
	}
	if ((r = channel_send(ch, &manage, &got, &sw)) != ERR_OK)
		return note(r, "MANAGE CHANNEL");
	if (sw != SW_OK || got.len != 1 || got.p[0] < 1 || got.p[0] > 3)
		return fail(ERR_CARD, "MANAGE CHANNEL: %s (%04x)", sw_name(sw), sw);
	ch->number = got.p[0];
	ch->opened = true;
	return ERR_OK;
}

void
channel_end(struct channel *ch)
{
	AUTO(buf_free) struct buf reply = BUF(APDU_REPLY_MAX);
	const struct apdu close = { .ins = 0x70, .p1 = 0x80, .p2 = ch->number };
	struct cur none;
	unsigned sw;

	if (ch->reader == NULL)
		return;
	/* RESET closes every channel; a channel left open would be one too many, also
	 * where the budget is used up. */
	if (ch->opened && !ch->reset && !ch->dead) {
		channel_limit(ch, 0, 1, UINT64_MAX);
		(void)transmit(ch, &close, &reply, &none, &sw);
	}
	ch->reader->ops->end(ch->reader, ch->reset ? READER_RESET : READER_LEAVE);
	*ch = (struct channel){ 0 };
}
