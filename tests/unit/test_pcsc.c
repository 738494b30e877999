/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The card stack over PC/SC with hostile cards, readers and other programs: what the
 * vectors of hostile-cards say about them, under its budgets.
 */
#include "tests/check.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <time.h>
#include <winscard.h>

#include "base/b64.h"
#include "base/clock.h"
#include "card/inner.h"
#include "card/watch.h"
#include "means/find.h"
#include "tests/unit/wallet.h"

#define SECOND_READER	"Virtual Reader 01 00"

static struct wallet_card card;		/* most tests need one */

static int
begin(void **state UNUSED)
{
	ws_start();
	ws_hurry(true);
	ws_allow_resets(true);
	ws_secret(WALLET_PIN);
	ws_plug(WALLET_READER);
	wallet_make(&card, WALLET_UZI, 1, false);
	ws_insert(WALLET_READER, &card.in_hand);
	return 0;
}

static int
end(void **state UNUSED)
{
	assert_string_equal(ws_end(), "");
	wallet_drop(&card);
	return 0;
}

static void
open_means(struct pcsc *p, const char *reader, struct card_cache *cache, struct means **ret)
{
	struct native_options o = wallet_options;
	struct reader *r = NULL;

	o.cache = cache;
	assert_ok(pcsc_connect(p, reader, &r));
	assert_ok(native_open(r, &o, ret));
}

static enum err
sign(struct means *m, const struct means_view *v, struct buf *ret)
{
	AUTO(secret_wipe) struct secret pin = { .len = 0 };
	struct pin_state left;

	assert_ok(secret_set(&pin, cur_str(WALLET_PIN)));
	return m->ops->sign(m, v, &pin, false, cur_str("to be signed"), ret, &left);
}

/* Vector 30: three times it is connected again, and then it is given up. */
static void
resets_itself_whenever_somebody_begins(void **state UNUSED)
{
	AUTO(pcsc_close) struct pcsc *p = NULL;
	AUTO(means_close) struct means *m = NULL;
	struct means_view v;

	assert_ok(pcsc_open(&p));
	open_means(p, WALLET_READER, NULL, &m);
	ws_storm(WALLET_READER, true);
	ws_forget_counts();
	assert_err(m->ops->look(m, &v), ERR_CARD_RESET);
	assert_int_equal(ws_calls(WS_RECONNECT), 3);
	assert_int_equal(ws_calls(WS_TRANSMIT), 0);
	assert_int_equal(vcard_counts(card.card).verifies, 0);
}

/* ... or at each command: the first one that is not answered is the last. */
static void
resets_itself_at_every_command(void **state UNUSED)
{
	AUTO(pcsc_close) struct pcsc *p = NULL;

	assert_ok(pcsc_open(&p));
	for (unsigned n = 1; n <= 20; n++) {
		AUTO(means_view_free) struct means_view v = { .event_counter = 0 };
		AUTO(buf_free) struct buf sig = BUF(1024);
		AUTO(means_close) struct means *m = NULL;
		enum err e;

		open_means(p, WALLET_READER, NULL, &m);
		ws_forget_counts();
		ws_before(n, (struct ws_event){ .what = WS_RESET });
		e = m->ops->look(m, &v);
		if (e == ERR_OK)
			e = sign(m, &v, &sig);
		assert_err(e, ERR_CARD_RESET);
		assert_int_equal(ws_calls(WS_TRANSMIT), n);
		assert_int_equal(sig.len, 0);
	}
}

static void
assert_atr(struct pcsc *p, size_t want)
{
	struct pcsc_reader_state s[2];
	struct reader *r = NULL;
	size_t n;

	assert_ok(pcsc_list(p, s, NELEM(s), &n));
	assert_int_equal(n, 1);
	assert_int_equal(s[0].atr_len, want);
	assert_ok(pcsc_connect(p, WALLET_READER, &r));
	assert_int_equal(r->atr_len, want);
	reader_close(&r);
}

/* Vector 32: an ATR of 64 bytes is none; 33 with a wrong check byte are some. */
static void
odd_atrs(void **state UNUSED)
{
	AUTO(pcsc_close) struct pcsc *p = NULL;
	struct ws_card odd = card.in_hand;
	struct reader *r = NULL;

	assert_ok(pcsc_open(&p));
	ws_claim_atr(64);
	assert_atr(p, 0);
	ws_claim_atr(0);
	memset(odd.atr, 0x80, sizeof(odd.atr));
	odd.atr[0] = 0x3b;
	odd.atr_len = sizeof(odd.atr);
	ws_insert(WALLET_READER, &odd);
	assert_atr(p, sizeof(odd.atr));
	odd.mute = true;
	ws_insert(WALLET_READER, &odd);
	assert_err(pcsc_connect(p, WALLET_READER, &r), ERR_CARD_NOT_USABLE);
}

/* Vector 33: after a reset it speaks T=0, and commands go in that protocol. */
static void
speaks_another_protocol_after_a_reset(void **state UNUSED)
{
	AUTO(pcsc_close) struct pcsc *p = NULL;
	AUTO(reader_close) struct reader *r = NULL;
	static const uint8_t fid[] = { 0x3f, 0x00 };
	const struct apdu select = { .ins = 0xa4, .p2 = 0x0c, .data = { fid, 2 } };

	assert_ok(pcsc_open(&p));
	assert_ok(pcsc_connect(p, WALLET_READER, &r));
	for (int i = 0; i < 4; i++) {
		AUTO(channel_end) struct channel ch = { 0 };
		unsigned sw = 0;

		assert_ok(channel_begin(r, &ch));
		assert_int_equal(r->protocol_t0, i % 2);
		assert_ok(channel_send(&ch, &select, NULL, &sw));
		channel_end(&ch);
		ws_speak(WALLET_READER, i % 2 == 0);
		ws_other_resets(WALLET_READER);
	}
	assert_string_equal(ws_complaint(), "");
}

/* Look and sign with the card in that reader: it is the one whose certificate that is. */
static void
is_itself(struct pcsc *p, const char *reader, struct card_cache *cache,
    const struct wallet_card *c, bool other)
{
	AUTO(means_view_free) struct means_view v = { .event_counter = 0 };
	AUTO(buf_free) struct buf sig = BUF(1024);
	AUTO(means_close) struct means *m = NULL;

	open_means(p, reader, cache, &m);
	assert_ok(m->ops->look(m, &v));
	assert_string_equal(v.reader, reader);
	assert_true(cur_eq(buf_view(&v.cert), wallet_cert(c, other)));
	assert_ok(sign(m, &v, &sig));
	assert_true(wallet_signed(c, other, cur_str("to be signed"), buf_view(&sig)));
	assert_false(wallet_signed(c, !other, cur_str("to be signed"), buf_view(&sig)));
}

/*
 * Two cards of one serial number (GUID) and different keys, at once (vectors 39 and 63):
 * each is itself, also when the other one is in the cache under that number.
 */
static void
cloned_numbers(void **state UNUSED)
{
	AUTO(pcsc_close) struct pcsc *p = NULL;

	assert_ok(pcsc_open(&p));
	ws_plug(SECOND_READER);
	for (int kind = 0; kind < WALLET_KINDS; kind++) {
		struct card_cache *cache = wallet_cache();
		struct wallet_card one, two;

		wallet_make(&one, (enum wallet_kind)kind, 7, false);
		wallet_make(&two, (enum wallet_kind)kind, 7, true);
		ws_insert(WALLET_READER, &one.in_hand);
		ws_insert(SECOND_READER, &two.in_hand);
		for (int i = 0; i < 2; i++) {
			is_itself(p, WALLET_READER, cache, &one, false);
			is_itself(p, SECOND_READER, cache, &two, true);
		}
		assert_int_equal(vcard_counts(one.card).verifies, 2);
		assert_int_equal(vcard_counts(two.card).verifies, 2);
		ws_remove(SECOND_READER);
		ws_remove(WALLET_READER);
		wallet_drop(&one);
		wallet_drop(&two);
	}
}

/*
 * The twin takes the other's place between the PIN window and VERIFY (vector 61): it is
 * told from the events of the reader, the number being the same.
 */
static void
swapped_for_its_twin(void **state UNUSED)
{
	AUTO(means_view_free) struct means_view v = { .event_counter = 0 };
	AUTO(buf_free) struct buf sig = BUF(1024);
	AUTO(pcsc_close) struct pcsc *p = NULL;
	AUTO(means_close) struct means *m = NULL;
	struct wallet_card twin;
	enum err e;

	wallet_make(&twin, WALLET_UZI, 1, true);
	assert_ok(pcsc_open(&p));
	open_means(p, WALLET_READER, NULL, &m);
	assert_ok(m->ops->look(m, &v));
	ws_insert(WALLET_READER, &twin.in_hand);
	e = sign(m, &v, &sig);
	assert_true(e == ERR_REMOVED || e == ERR_CARD_CHANGED);
	assert_int_equal(vcard_counts(twin.card).verifies, 0);
	means_close(&m);
	ws_remove(WALLET_READER);
	wallet_drop(&twin);
}

/*
 * Probing: a card that nobody knows, and that never stops (budgets; vectors 18, 21, 27).
 */
struct endless {
	const char *reply;		/* to everything */
	unsigned ms, said;
};

static enum err
endless_begin(struct reader *r UNUSED)
{
	return ERR_OK;
}

static void
endless_end(struct reader *r UNUSED, enum reader_end how UNUSED)
{
}

static enum err
endless_transmit(struct reader *r, struct cur command UNUSED, bool secret, struct buf *ret)
{
	struct endless *e = r->state;

	assert_false(secret);
	e->said++;
	r->answer_ms += e->ms;
	return hex_get(cur_str(e->reply), ret);
}

static const struct reader_ops endless_ops = {
	.begin = endless_begin, .end = endless_end, .transmit = endless_transmit,
};

static void
probing_is_bounded(void **state UNUSED)
{
	static const char *const replies[] = { "9000", "00 6101", "6100", "6C10", "61FF",
	    "6F6F6F6F6F6F6F6F 9000", "5382FFFF70 9000", "6A82", "91AF", "6883" };
	static const unsigned ms[] = { 0, 400, 3000, 59000 };

	for (size_t i = 0; i < NELEM(replies); i++)
		for (size_t k = 0; k < NELEM(ms); k++) {
			struct endless e = { .reply = replies[i], .ms = ms[k] };
			struct reader r = { .ops = &endless_ops, .state = &e,
			    .atr = { 0x3b, 0x00 }, .atr_len = 2 };
			struct card_view v;
			struct card *c = NULL;
			enum err got = card_open(&r, wallet_options.drivers,
			    wallet_options.profiles, &c);

			assert_ok(got);
			got = card_probe(c, NULL);
			assert_in_range(e.said, 1, CHANNEL_PROBE_APDUS);
			assert_true(r.answer_ms <= CHANNEL_PROBE_MS + ms[k]);
			/* 9000 to a name is not enough. */
			if (got == ERR_OK)
				got = card_look(c, NULL, NULL, NULL, &v);
			assert_true(got == ERR_CARD_UNKNOWN || got == ERR_LIMIT ||
			    got == ERR_NO_CERT);
			card_close(&c);
		}
}

/*
 * The watch.
 */
static unsigned
threads(void)
{
	DIR *d = opendir("/proc/self/task");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static int64_t
cpu_ms(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
wait_ms(int ms)
{
	poll(NULL, 0, ms);
}

/* Vector 66: a reader that flaps at 50 Hz is looked at five times in a second. */
static void
flapping_makes_nobody_hurry(void **state UNUSED)
{
	struct watch_state s = { .n = 0 };
	struct watch *w = NULL;
	unsigned before = threads();
	int64_t until;

	ws_hurry(false);
	assert_ok(watch_start(&w));
	wait_ms(100);
	ws_forget_counts();
	for (int i = 0; i < 50; i++) {
		ws_remove(WALLET_READER);
		ws_insert(WALLET_READER, &card.in_hand);
		wait_ms(20);
		assert_true(threads() <= before + 1);
	}
	assert_in_range(ws_calls(WS_LIST), 3, 16);
	/* What it is in the end is seen all the same. */
	ws_remove(WALLET_READER);
	until = clock_boot_ms() + 10000;
	do {
		assert_true(clock_boot_ms() < until);
		wait_ms(20);
		(void)watch_take(w, &s);
	} while (s.n != 1 || s.readers[0].present);
	watch_stop(&w);
}

/* 64 readers appear at once. */
static void
many_readers_at_once(void **state UNUSED)
{
	struct watch_state s = { .n = 0 };
	struct watch *w = NULL;
	unsigned before = threads();
	char name[WS_NAME];
	int64_t until = clock_boot_ms() + 10000;

	ws_hurry(false);
	assert_ok(watch_start(&w));
	for (unsigned i = 1; i < 64; i++) {
		snprintf(name, sizeof(name), "Another %02x 00", i);
		ws_plug(name);
	}
	do {
		assert_true(clock_boot_ms() < until);
		wait_ms(20);
		(void)watch_take(w, &s);
	} while (s.n != 64);
	assert_true(threads() <= before + 1);
	watch_stop(&w);
}

/* Vector 64: without pcscd, and without readers, nobody spins (measured). */
static void
waits_without_spinning(void **state UNUSED)
{
	struct watch_state s = { .service = true };
	struct watch *w = NULL;
	int64_t cpu;

	ws_hurry(false);
	ws_unplug(WALLET_READER);
	assert_ok(watch_start(&w));
	wait_ms(100);
	ws_forget_counts();
	cpu = cpu_ms();
	wait_ms(500);			/* no reader */
	assert_true(ws_calls(WS_LIST) + ws_calls(WS_CHANGE) < 8);
	ws_service_stop(SCARD_E_NO_SERVICE);
	wait_ms(2500);			/* no pcscd: after 1 and 2 s */
	assert_true(watch_take(w, &s));
	assert_false(s.service);
	assert_in_range(ws_calls(WS_ESTABLISH), 1, 3);
	assert_true(under_valgrind() || cpu_ms() - cpu < 300);
	ws_service_start();
	watch_poke(w);
	wait_ms(200);
	assert_true(watch_take(w, &s));
	assert_true(s.service);
	ws_plug(WALLET_READER);
	watch_stop(&w);
}

/* It vanishes while it is talked to, or asked: said to be gone (vector 64). */
static void
reader_vanishes(void **state UNUSED)
{
	AUTO(means_view_free) struct means_view v = { .event_counter = 0 };
	AUTO(pcsc_close) struct pcsc *p = NULL;
	AUTO(means_close) struct means *m = NULL;
	struct pcsc_reader_state s;
	size_t n;

	assert_ok(pcsc_open(&p));
	open_means(p, WALLET_READER, NULL, &m);
	ws_fail(WS_TRANSMIT, 3, SCARD_E_READER_UNAVAILABLE);
	assert_err(m->ops->look(m, &v), ERR_REMOVED);
	ws_unplug(WALLET_READER);
	assert_err(m->ops->look(m, &v), ERR_REMOVED);
	assert_ok(pcsc_list(p, &s, 1, &n));
	assert_int_equal(n, 0);
	ws_plug(WALLET_READER);
}

#define PCSC_TEST(f)	cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PCSC_TEST(resets_itself_whenever_somebody_begins),
		PCSC_TEST(resets_itself_at_every_command),
		PCSC_TEST(odd_atrs),
		PCSC_TEST(speaks_another_protocol_after_a_reset),
		PCSC_TEST(cloned_numbers),
		PCSC_TEST(swapped_for_its_twin),
		cmocka_unit_test(probing_is_bounded),
		PCSC_TEST(flapping_makes_nobody_hurry),
		PCSC_TEST(many_readers_at_once),
		PCSC_TEST(waits_without_spinning),
		PCSC_TEST(reader_vanishes),
	};

	return cmocka_run_group_tests(tests, wallet_setup, wallet_teardown);
}
