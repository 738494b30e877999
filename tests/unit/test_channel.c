/* SPDX-License-Identifier: EUPL-1.2 */
/* One transaction: budgets, 61xx, 6Cxx, secrets (hostile-cards vectors 17 to 26, 31). */
#include "tests/check.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/b64.h"
#include "card/channel.h"
#include "card/helper.h"
#include "card/replay.h"
#include "card/trace.h"

/* A reader that says the same for ever. */
struct parrot {
	const char *reply;	/* hex */
	unsigned ms;		/* after so long */
	size_t	 said;
	size_t	 ends, resets;
	uint8_t	 last[APDU_LONG_MAX];
	size_t	 last_len;
	bool	 suspicious;
};

static enum err
parrot_begin(struct reader *r)
{
	(void)r;
	return ERR_OK;
}

static void
parrot_end(struct reader *r, enum reader_end how)
{
	struct parrot *p = r->state;

	p->ends++;
	p->resets += how == READER_RESET;
}

static enum err
parrot_transmit(struct reader *r, struct cur command, bool secret, struct buf *ret)
{
	struct parrot *p = r->state;

	(void)secret;
	p->said++;
	r->answer_ms += p->ms;
	memcpy(p->last, command.p, command.n);
	p->last_len = command.n;
	return hex_get(cur_str(p->reply), ret);
}

static const struct reader_ops parrot_ops = {
	.begin = parrot_begin, .end = parrot_end, .transmit = parrot_transmit,
};

static const struct apdu get_data = { .ins = 0xca, .p1 = 1, .le = 8 };

/* Send one command to a card that only knows one reply. */
static enum err
ask(const char *reply, const struct apdu *a, struct buf *ret, struct parrot *p,
    unsigned *sw)
{
	struct reader r = { .ops = &parrot_ops, .state = p };
	AUTO(channel_end) struct channel ch = { 0 };
	enum err e;

	*p = (struct parrot){ .reply = reply };
	assert_ok(channel_begin(&r, &ch));
	e = channel_send(&ch, a, ret, sw);
	p->suspicious = r.suspicious;
	return e;
}

static void
ends_what_it_began(void **state)
{
	struct parrot p = { .reply = "9000" };
	struct reader r = { .ops = &parrot_ops, .state = &p };
	struct channel ch = { 0 };

	(void)state;
	channel_end(&ch);
	assert_int_equal(p.ends, 0);
	assert_ok(channel_begin(&r, &ch));
	channel_end(&ch);
	channel_end(&ch);
	assert_int_equal(p.ends, 1);
	assert_int_equal(p.resets, 0);
	assert_ok(channel_begin(&r, &ch));
	ch.reset = true;
	channel_end(&ch);
	assert_int_equal(p.resets, 1);
}

static void
bounds_a_card_that_never_stops(void **state)
{
	AUTO(buf_free) struct buf b = BUF(100000);
	struct parrot p;
	unsigned sw;

	(void)state;
	/* vector 21: 61 00 without data; 61 01 and one byte, for ever */
	assert_err(ask("6100", &get_data, &b, &p, &sw), ERR_CARD);
	assert_int_equal(p.said, 2);
	assert_err(ask("00 6101", &get_data, &b, &p, &sw), ERR_LIMIT);
	assert_int_equal(p.said, CHANNEL_ROUNDS + 1);
	/* vector 23 */
	assert_err(ask("6C00", &get_data, &b, &p, &sw), ERR_CARD);
	assert_int_equal(p.said, 2);
	assert_int_equal(b.len, 0);
}

/* Budgets: 64 KiB for one command, 20 parts of a chain. */
static void
bounds_the_bytes_of_a_command(void **state)
{
	static const uint8_t much[CHANNEL_BLOCKS * APDU_DATA_MAX + 1];
	const struct apdu too_long = { .ins = 0xdb, .data = { much, sizeof(much) } };
	const struct apdu just = { .ins = 0xdb, .data = { much, sizeof(much) - 1 } };
	AUTO(buf_free) struct buf b = BUF(1000000), reply = BUF(1000);
	const struct apdu all = { .ins = 0xcb, .le = APDU_LE_MAX };
	struct parrot p;
	unsigned sw;

	(void)state;
	for (int i = 0; i < APDU_LE_MAX; i++)
		buf_str(&reply, "5A");
	buf_str(&reply, "6100");
	assert_err(ask(buf_cstr(&reply), &all, &b, &p, &sw), ERR_LIMIT);
	assert_int_equal(p.said, 65536 / APDU_LE_MAX + 1);
	assert_int_equal(b.len, 0);
	assert_err(ask("9000", &too_long, &b, &p, &sw), ERR_LIMIT);
	assert_int_equal(p.said, 0);
	assert_ok(ask("9000", &just, &b, &p, &sw));
	assert_int_equal(p.said, CHANNEL_BLOCKS);
}

static void
bounds_a_transaction(void **state)
{
	struct parrot p = { .reply = "9000" };
	struct reader r = { .ops = &parrot_ops, .state = &p };
	AUTO(buf_free) struct buf b = BUF(100000);
	AUTO(channel_end) struct channel ch = { 0 };
	unsigned sw;

	(void)state;
	assert_ok(channel_begin(&r, &ch));
	for (int i = 0; i < CHANNEL_COMMANDS; i++)
		assert_ok(channel_send(&ch, &get_data, NULL, &sw));
	assert_err(channel_send(&ch, &get_data, NULL, &sw), ERR_LIMIT);
	assert_int_equal(p.said, CHANNEL_COMMANDS);
	channel_end(&ch);
	/* The rounds of all commands together. */
	p = (struct parrot){ .reply = "00 6101" };
	assert_ok(channel_begin(&r, &ch));
	assert_err(channel_send(&ch, &get_data, &b, &sw), ERR_LIMIT);
	assert_err(channel_send(&ch, &get_data, &b, &sw), ERR_LIMIT);
	assert_int_equal(p.said, CHANNEL_APDUS);
}

/* A logical channel is closed also where nothing else may be said any more. */
static void
closes_its_channel_at_the_limit(void **state)
{
	static const uint8_t manage[] = { 0x00, 0x70, 0x80, 0x01 };
	struct parrot p = { .reply = "9000" };
	struct reader r = { .ops = &parrot_ops, .state = &p };
	AUTO(channel_end) struct channel ch = { 0 };
	unsigned sw;

	(void)state;
	assert_ok(channel_begin(&r, &ch));
	ch.number = 1;
	ch.opened = true;
	r.answer_ms = CHANNEL_MS + 1;
	channel_limit(&ch, CHANNEL_APDUS, CHANNEL_APDUS, CHANNEL_MS);
	assert_err(channel_send(&ch, &get_data, NULL, &sw), ERR_LIMIT);
	assert_int_equal(p.said, 0);
	channel_end(&ch);
	assert_int_equal(p.said, 1);
	assert_int_equal(p.last_len, sizeof(manage));
	assert_memory_equal(p.last, manage, sizeof(manage));
}

/* Slow is not mute: it is heard, and then no more (budgets; vector 31). */
static void
bounds_the_time_of_a_transaction(void **state)
{
	struct parrot p = { .reply = "9000", .ms = 29000 };
	struct reader r = { .ops = &parrot_ops, .state = &p };
	AUTO(channel_end) struct channel ch = { 0 };
	unsigned sw;

	(void)state;
	for (int again = 0; again < 2; again++) {
		p.said = 0;
		assert_ok(channel_begin(&r, &ch));
		for (int i = 0; i < 3; i++)
			assert_ok(channel_send(&ch, &get_data, NULL, &sw));
		assert_err(channel_send(&ch, &get_data, NULL, &sw), ERR_LIMIT);
		assert_int_equal(p.said, CHANNEL_MS / 29000 + 1);
		channel_end(&ch);
	}
	/* One answer takes as long as it takes, and counts. */
	p = (struct parrot){ .reply = "9000", .ms = 120000 };
	assert_ok(channel_begin(&r, &ch));
	assert_ok(channel_send(&ch, &get_data, NULL, &sw));
	assert_err(channel_send(&ch, &get_data, NULL, &sw), ERR_LIMIT);
	assert_int_equal(p.said, 1);
}

static void
repeats_no_secret(void **state)
{
	const uint8_t pin[] = "123456";
	const struct apdu verify = { .ins = 0x20, .p2 = 2, .data = { pin, 6 }, .le = 8,
	    .secret = true };
	AUTO(buf_free) struct buf b = BUF(100);
	struct parrot p;
	unsigned sw = 0;

	(void)state;				/* vector 24 */
	assert_ok(ask("6C08", &verify, &b, &p, &sw));
	assert_int_equal(p.said, 1);
	assert_int_equal(sw, 0x6c08);
	assert_ok(ask("6108", &verify, &b, &p, &sw));
	assert_int_equal(p.said, 1);
	assert_ok(ask("31 32 33 9000", &verify, &b, &p, &sw));
	assert_int_equal(b.len, 0);		/* and keeps nothing that came back */
}

static void
takes_no_more_than_asked(void **state)
{
	AUTO(buf_free) struct buf b = BUF(100), little = BUF(4);
	const struct apdu nothing = { .ins = 0xa4 };
	struct parrot p;
	unsigned sw;

	(void)state;				/* vector 19 */
	assert_ok(ask("000102030405060708090A 9000", &get_data, &b, &p, &sw));
	assert_int_equal(b.len, 8);
	assert_true(p.suspicious);
	assert_ok(ask("0001 9000", &nothing, &b, &p, &sw));
	assert_int_equal(b.len, 8);
	assert_ok(ask("0001 9000", &get_data, NULL, &p, &sw));
	assert_false(p.suspicious);
	assert_err(ask("0001020304 9000", &get_data, &little, &p, &sw), ERR_LIMIT);
}

static void
wants_a_status_word(void **state)
{
	AUTO(buf_free) struct buf b = BUF(100), big = BUF(2 * APDU_REPLY_MAX + 3);
	struct parrot p;
	unsigned sw;

	(void)state;				/* vector 25 */
	assert_err(ask("", &get_data, &b, &p, &sw), ERR_IO);
	assert_err(ask("90", &get_data, &b, &p, &sw), ERR_IO);
	for (int i = 0; i < APDU_REPLY_MAX + 1; i++)
		buf_str(&big, "00");
	assert_err(ask(buf_cstr(&big), &get_data, &b, &p, &sw), ERR_IO);
	assert_int_equal(b.len, 0);
}

/* 260 bytes of data: a part of 255 and one of 5, which carries Le. */
static const uint8_t long_data[260] = { 0xaa };
static const struct apdu long_command = { .ins = 0x87, .p1 = 7, .p2 = 0x9a,
    .data = { long_data, sizeof(long_data) }, .le = 256 };

static const char *
hex_of(struct buf *b, const char *head, size_t zeros, const char *tail)
{
	buf_clear(b);
	buf_str(b, head);
	for (size_t i = 0; i < zeros; i++)
		buf_str(b, "00");
	buf_str(b, tail);
	return buf_cstr(b);
}

/* Play lines to a card that may take extended length, in a reader that takes max_apdu. */
static enum err
play_long(const struct replay_line *lines, size_t n, size_t *max_apdu, const struct apdu *a,
    struct buf *ret, unsigned *sw)
{
	AUTO(reader_close) struct reader *r = NULL;
	AUTO(channel_end) struct channel ch = { 0 };
	enum err e;

	assert_ok(replay_open(lines, n, "3B00", &r));
	r->max_apdu = *max_apdu;
	assert_ok(channel_begin(r, &ch));
	ch.extended = true;
	e = channel_send(&ch, a, ret, sw);
	channel_end(&ch);
	assert_string_equal(replay_seen(r)->wrong, "");
	assert_true(replay_done(r));
	*max_apdu = r->max_apdu;
	return e;
}

/* A chain was broken off before: SELECT is said again, other commands are not. */
static void
is_heard_after_a_broken_chain(void **state)
{
	const struct replay_line select[] = {
		{ "00A40400", "6883", ERR_OK }, { "00A40400", "9000", ERR_OK },
	};
	const struct apdu a = { .ins = 0xa4, .p1 = 4 }, b = { .ins = 0x22 };
	const struct replay_line mse[] = { { "00220000", "6883", ERR_OK } };
	AUTO(buf_free) struct buf got = BUF(100);
	size_t max = 256;
	unsigned sw;

	(void)state;
	assert_ok(play_long(select, NELEM(select), &max, &a, &got, &sw));
	assert_int_equal(sw, 0x9000);
	assert_ok(play_long(mse, NELEM(mse), &max, &b, &got, &sw));
	assert_int_equal(sw, 0x6883);
}

static void
chains_what_is_too_long(void **state)
{
	AUTO(buf_free) struct buf first = BUF(1000), b = BUF(100);
	const struct replay_line good[] = {
		{ hex_of(&first, "1087079AFFAA", 254, ""), "9000", ERR_OK },
		{ "0087079A05000000000000", "AABB9000", ERR_OK },
	};
	static const uint8_t much[2 * APDU_DATA_MAX + 1];
	const struct apdu three_parts = { .ins = 0x87, .data = { much, sizeof(much) } };
	struct replay_line bad[] = { good[0] };
	size_t short_only = 256;
	struct parrot p;
	unsigned sw;

	(void)state;
	assert_ok(play_long(good, NELEM(good), &short_only, &long_command, &b, &sw));
	assert_int_equal(sw, 0x9000);
	assert_int_equal(b.len, 2);
	/* vector 29: the card knows no chaining; nothing more is sent */
	bad[0].reply = "6884";
	buf_clear(&b);
	assert_ok(play_long(bad, NELEM(bad), &short_only, &long_command, &b, &sw));
	assert_int_equal(sw, 0x6884);
	assert_int_equal(b.len, 0);
	/* ... nor the parts in between */
	assert_ok(ask("6884", &three_parts, &b, &p, &sw));
	assert_int_equal(sw, 0x6884);
	assert_int_equal(p.said, 1);
}

/* Vector 22: more was promised, and is not there: the part that came is not used. */
static void
uses_no_part_of_a_reply(void **state)
{
	static const char *const says[] = { "6A82", "6D00", "CC 6F00", "CC 6300" };
	AUTO(buf_free) struct buf b = BUF(100);
	size_t max = 256;
	unsigned sw = 0;

	(void)state;
	for (size_t i = 0; i < NELEM(says); i++) {
		const struct replay_line lines[] = {
			{ "00CA010008", "AABB 61FF", ERR_OK },
			{ "00C00000FF", says[i], ERR_OK },
		};
		const struct replay_line later[] = {
			{ "00CA010008", "AABB 61FF", ERR_OK },
			{ "00C00000FF", "CC 6102", ERR_OK },
			{ "00C0000002", "DD", ERR_OK },
		};

		assert_err(play_long(lines, NELEM(lines), &max, &get_data, &b, &sw), ERR_CARD);
		assert_err(play_long(later, NELEM(later), &max, &get_data, &b, &sw), ERR_IO);
		assert_int_equal(b.len, 0);
		assert_int_equal(sw, 0);
	}
}

static void
uses_extended_length_where_both_ends_take_it(void **state)
{
	AUTO(buf_free) struct buf whole = BUF(1000), b = BUF(600);
	AUTO(buf_free) struct buf part = BUF(1000), reply = BUF(1000);
	const struct replay_line good[] = {
		{ hex_of(&whole, "0087079A000104AA", 259, "0100"),
		    hex_of(&reply, "", 300, "9000"), ERR_OK },
	};
	const struct apdu both_long = { .ins = 0x87, .p1 = 7, .p2 = 0x9a,
	    .data = { long_data, sizeof(long_data) }, .le = 4096 };
	struct replay_line lines[] = {
		{ NULL, "6700", ERR_OK },
		{ hex_of(&part, "1087079AFFAA", 254, ""), "9000", ERR_OK },
		{ "0087079A05000000000000", "AABB9000", ERR_OK },
	};
	size_t max = 65536;
	unsigned sw;

	(void)state;
	assert_ok(play_long(good, 1, &max, &long_command, &b, &sw));
	assert_int_equal(b.len, 256);		/* no more than was asked for (vector 19) */
	/* A reader that refuses it gets the short form from then on. */
	lines[0].command = hex_of(&whole, "0087079A000104AA", 259, "1000");
	buf_clear(&b);
	assert_ok(play_long(lines, 3, &max, &both_long, &b, &sw));
	assert_int_equal(sw, 0x9000);
	assert_int_equal(b.len, 2);
	assert_int_equal(max, 256);
	assert_ok(play_long(lines + 1, 2, &max, &both_long, &b, &sw));
	/* vector 34: a reader that cuts the reply off leaves no status word */
	max = 65536;
	lines[0].reply = hex_of(&reply, "", 254, "1234");
	assert_err(play_long(lines, 1, &max, &both_long, &b, &sw), ERR_IO);
	assert_int_equal(max, 256);
	/* ... and one that says what it takes is believed. */
	max = 259;
	assert_ok(play_long(lines + 1, 2, &max, &both_long, &b, &sw));
}

static void
says_nothing_after_the_contact_is_lost(void **state)
{
	const struct replay_line lines[] = { { "00CA010008", NULL, ERR_REMOVED } };
	AUTO(reader_close) struct reader *r = NULL;
	AUTO(channel_end) struct channel ch = { 0 };
	unsigned sw;

	(void)state;
	assert_ok(replay_open(lines, NELEM(lines), "3B00", &r));
	assert_ok(channel_begin(r, &ch));
	assert_err(channel_send(&ch, &get_data, NULL, &sw), ERR_REMOVED);
	assert_err(channel_send(&ch, &get_data, NULL, &sw), ERR_IO);
	ch.opened = true;			/* nor a word about a logical channel */
	channel_end(&ch);
	assert_true(replay_done(r));
}

static void
speaks_t0(void **state)
{
	const uint8_t fid[] = { 0x50, 0x31 };
	const struct apdu select = { .ins = 0xa4, .data = { fid, 2 }, .le = 256 };
	const struct replay_line lines[] = {	/* vector 33: case 4 goes without Le */
		{ "00A40000025031", "6104", ERR_OK },
		{ "00C0000004", "6F028000 9000", ERR_OK },
	};
	AUTO(reader_close) struct reader *r = NULL;
	AUTO(channel_end) struct channel ch = { 0 };
	AUTO(buf_free) struct buf b = BUF(256);
	unsigned sw;

	(void)state;
	assert_ok(replay_open(lines, NELEM(lines), "3B00", &r));
	r->protocol_t0 = true;
	assert_ok(channel_begin(r, &ch));
	assert_ok(channel_send(&ch, &select, &b, &sw));
	assert_int_equal(b.len, 4);
	assert_int_equal(sw, 0x9000);
	channel_end(&ch);
	assert_true(replay_done(r));
}

/* What the replay reader promises to all tests that rely on it. */
static void
replay_notices_what_is_not_written(void **state)
{
	const struct replay_line lines[] = { { "00CA010008", "9000", ERR_OK } };
	AUTO(buf_free) struct buf b = BUF(256);
	struct reader *r = NULL;
	struct cur other = cur_of("\x00\xca\x01\x00\x09", 5);
	struct cur same = cur_of("\x00\xca\x01\x00\x08", 5);

	(void)state;
	assert_ok(replay_open(lines, 1, "3B00", &r));
	assert_false(replay_done(r));		/* a line is left over */
	assert_err(r->ops->transmit(r, same, false, &b), ERR_IO);	/* not begun */
	reader_close(&r);
	assert_ok(replay_open(lines, 1, "3B00", &r));
	assert_ok(r->ops->begin(r));
	assert_err(r->ops->transmit(r, other, false, &b), ERR_IO);
	assert_true(replay_seen(r)->wrong[0] != '\0');
	r->ops->end(r, READER_LEAVE);
	assert_false(replay_done(r));
	reader_close(&r);
	assert_ok(replay_open(lines, 1, "3B00", &r));
	assert_ok(r->ops->begin(r));
	assert_ok(r->ops->transmit(r, same, false, &b));
	assert_false(replay_done(r));		/* the transaction is open */
	r->ops->end(r, READER_LEAVE);
	assert_true(replay_done(r));
	reader_close(&r);
}

static void
on_trace(void *arg, const char *line)
{
	struct buf *all = arg;

	buf_str(all, line);
	buf_str(all, "\n");
}

static void
trace_tells_how_long_it_took(void **state)
{
	const struct replay_line lines[] = { { "00CA010008", "9000", ERR_OK } };
	AUTO(buf_free) struct buf all = BUF(4096);
	AUTO(reader_close) struct reader *r = NULL;
	AUTO(channel_end) struct channel ch = { 0 };
	struct reader *inner;
	unsigned sw;

	(void)state;
	assert_ok(replay_open(lines, NELEM(lines), "3B00", &inner));
	replay_slow(inner, 500);
	assert_ok(trace_open(inner, on_trace, &all, &r));
	assert_ok(channel_begin(r, &ch));
	assert_ok(channel_send(&ch, &get_data, NULL, &sw));
	assert_int_equal(r->answer_ms, 500);
}

static void
trace_hides_pins(void **state)
{
	const uint8_t pin[] = "123456\0\0\0\0\0\0\0\0";
	const struct apdu verify = { .ins = 0x20, .p2 = 2, .data = { pin, 15 },
	    .secret = true };
	const struct replay_line lines[] = {
		{ "00CA010008", "0102 9000", ERR_OK },
		{ "002000020F313233343536000000000000000000", "63C2", ERR_OK },
		{ "00CA010008", NULL, ERR_REMOVED },
	};
	AUTO(buf_free) struct buf all = BUF(4096);
	AUTO(reader_close) struct reader *r = NULL;
	AUTO(channel_end) struct channel ch = { 0 };
	struct reader *inner;
	uint32_t events;
	unsigned sw;

	(void)state;
	assert_ok(replay_open(lines, NELEM(lines), "3B00", &inner));
	assert_ok(trace_open(inner, on_trace, &all, &r));
	assert_string_equal(r->name, inner->name);
	assert_int_equal(r->atr_len, 2);
	assert_ok(r->ops->events(r, &events));
	assert_int_equal(events, r->event_counter);
	assert_ok(channel_begin(r, &ch));
	assert_ok(channel_send(&ch, &get_data, NULL, &sw));
	assert_ok(channel_send(&ch, &verify, NULL, &sw));
	assert_err(channel_send(&ch, &get_data, NULL, &sw), ERR_REMOVED);
	ch.reset = true;
	channel_end(&ch);
	assert_string_equal(buf_cstr(&all),
	    "= begin\n"
	    "> 00 CA 01 00 08\n< 01 02 90 00\n"
	    "> 00 20 00 02 [15 bytes]\n< 63 C2\n"
	    "> 00 CA 01 00 08\n< card_removed\n"
	    "= end reset\n");
}

/*
 * The helper thread: a call that hangs is left behind, and undone when it ends; so a
 * person can stop waiting for a card that does not answer (vector 31).
 */

struct slow {
	sem_t	*begun;		/* posted when the call has begun */
	sem_t	*go;		/* posted when the call may end; NULL: at once */
	sem_t	*undone;
	int	 in, out;
};

static void
slow_call(void *job)
{
	struct slow *s = job;

	if (s->go != NULL) {
		sem_post(s->begun);
		sem_wait(s->go);
	}
	s->out = s->in + 1;
}

static void
slow_undo(void *job)
{
	struct slow *s = job;

	sem_post(s->undone);
}

static void
on_finish(void *arg)
{
	sem_post(arg);
}

/* Give up a call that has begun; one that was given up before is merely forgotten. */
static void
give_one_up(struct helper *h, struct slow *hang)
{
	enum err r;

	do {
		r = helper_call(h, slow_call, slow_undo, hang, sizeof(*hang), 1);
		assert_true(r == ERR_TIMEOUT || r == ERR_BUSY);
	} while (sem_trywait(hang->begun) != 0);
}

static void
helper_gives_up_and_cleans_up(void **state)
{
	sem_t begun, go, undone, finished;
	struct slow quick = { .undone = &undone, .in = 41 };
	struct slow hang = { .begun = &begun, .go = &go, .undone = &undone };
	struct helper *h = NULL;

	(void)state;
	sem_init(&begun, 0, 0);
	sem_init(&go, 0, 0);
	sem_init(&undone, 0, 0);
	sem_init(&finished, 0, 0);
	assert_ok(helper_start(on_finish, &finished, &h));
	assert_ok(helper_call(h, slow_call, slow_undo, &quick, sizeof(quick), 60000));
	assert_int_equal(quick.out, 42);
	give_one_up(h, &hang);
	assert_int_equal(hang.out, 0);
	assert_err(helper_call(h, slow_call, slow_undo, &quick, sizeof(quick), 60000),
	    ERR_BUSY);
	sem_post(&go);
	sem_wait(&undone);			/* it ended, and was undone */
	while (helper_call(h, slow_call, NULL, &quick, sizeof(quick), 60000) == ERR_BUSY)
		;
	helper_stop(&h);
	assert_null(h);
	assert_int_equal(sem_trywait(&finished), 0);
	helper_stop(&h);
	sem_destroy(&begun);
	sem_destroy(&go);
	sem_destroy(&undone);
	sem_destroy(&finished);
}

static void
helper_is_left_behind_at_the_end(void **state)
{
	sem_t begun, go, undone, finished;
	struct slow hang = { .begun = &begun, .go = &go, .undone = &undone };
	struct helper *h = NULL;

	(void)state;
	sem_init(&begun, 0, 0);
	sem_init(&go, 0, 0);
	sem_init(&undone, 0, 0);
	sem_init(&finished, 0, 0);
	assert_ok(helper_start(on_finish, &finished, &h));
	give_one_up(h, &hang);
	helper_stop(&h);			/* does not wait for the call */
	sem_post(&go);
	sem_wait(&undone);
	sem_wait(&finished);			/* the thread ends by itself */
	sem_destroy(&begun);
	sem_destroy(&go);
	sem_destroy(&undone);
	sem_destroy(&finished);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_what_it_began),
		cmocka_unit_test(bounds_a_card_that_never_stops),
		cmocka_unit_test(bounds_the_bytes_of_a_command),
		cmocka_unit_test(bounds_a_transaction),
		cmocka_unit_test(closes_its_channel_at_the_limit),
		cmocka_unit_test(bounds_the_time_of_a_transaction),
		cmocka_unit_test(repeats_no_secret),
		cmocka_unit_test(takes_no_more_than_asked),
		cmocka_unit_test(wants_a_status_word),
		cmocka_unit_test(is_heard_after_a_broken_chain),
		cmocka_unit_test(chains_what_is_too_long),
		cmocka_unit_test(uses_no_part_of_a_reply),
		cmocka_unit_test(uses_extended_length_where_both_ends_take_it),
		cmocka_unit_test(says_nothing_after_the_contact_is_lost),
		cmocka_unit_test(speaks_t0),
		cmocka_unit_test(replay_notices_what_is_not_written),
		cmocka_unit_test(trace_hides_pins),
		cmocka_unit_test(trace_tells_how_long_it_took),
		cmocka_unit_test(helper_gives_up_and_cleans_up),
		cmocka_unit_test(helper_is_left_behind_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
