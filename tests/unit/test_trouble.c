/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Trouble at every point of what programs do with a card of each kind, from PC/SC up: no
 * memory at each allocation, a failure of each call to PC/SC.  Whatever happens, all is
 * given back, no transaction stays open, no block of the heap holds or held a PIN, the
 * memory that one card may cost is bounded, and a card that was logged in to is closed
 * again (T8, T9; hostile-cards section 0).
 */
#include "tests/check.h"

#include <winscard.h>

#include "card/newpin.h"
#include "means/find.h"
#include "tests/unit/heap.h"
#include "tests/unit/wallet.h"

#define MEMORY_MAX	((size_t)4 << 20)
#define TRY(e)								\
	do {								\
		enum err try_e = (e);					\
		if (try_e != ERR_OK)					\
			return try_e;					\
	} while (0)

static struct wallet_card cards[WALLET_KINDS];
static struct wallet_card *inside;	/* the one in the reader */
static bool keypad;			/* PINs are typed there */
static struct card_cache *cache;

static enum err
take(const char *text, struct secret *ret)
{
	return secret_set(ret, cur_str(text));
}

/*
 * The tasks.
 */
typedef enum err work_fn(struct pcsc *p);

/* As the login worker does: which reader, which certificate, PIN and signature. */
static enum err
login(struct pcsc *p, struct card_cache *with)
{
	const struct native_search s = { .o = wallet_options };
	struct native_options o = wallet_options;
	AUTO(means_view_free) struct means_view v = { .event_counter = 0 };
	AUTO(secret_wipe) struct secret pin = { .len = 0 };
	AUTO(buf_free) struct buf sig = BUF(1024);
	AUTO(means_close) struct means *m = NULL;
	struct pcsc_reader_state found;
	struct reader *r = NULL;
	struct pin_state left;

	if (!keypad)
		TRY(take(WALLET_PIN, &pin));
	TRY(native_find(p, &s, &found));
	TRY(pcsc_connect(p, found.name, &r));
	o.cache = with;
	TRY(native_open(r, &o, &m));
	TRY(m->ops->look(m, &v));
	if (keypad && !v.pinpad)
		return ERR_UNSUPPORTED;
	TRY(m->ops->sign(m, &v, &pin, false, cur_str("to be signed"), &sig, &left));
	return sig.len != 0 ? ERR_OK : ERR_CARD;
}

static enum err
work_login(struct pcsc *p)
{
	return login(p, NULL);
}

/* A card that was seen before need not be read again. */
static enum err
work_login_again(struct pcsc *p)
{
	TRY(login(p, cache));
	return login(p, cache);
}

static enum err
open_card(struct pcsc *p, struct reader **ret_reader, struct card **ret)
{
	TRY(pcsc_connect(p, WALLET_READER, ret_reader));
	(*ret_reader)->keypads = wallet_options.keypads;
	return card_open(*ret_reader, wallet_options.drivers, wallet_options.profiles, ret);
}

static enum err
use(struct card *c, const struct card_key *key)
{
	static const uint8_t digest_info[51] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86,
	    0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };
	AUTO(buf_free) struct buf sig = BUF(1024);

	if (key->type == KEY_EC)
		return card_use(c, key, KEY_ALG_ECDSA, cur_of(digest_info + 19, 32), &sig);
	return card_use(c, key, KEY_ALG_RSA_PKCS1, cur_of(digest_info, sizeof(digest_info)),
	    &sig);
}

/* What a YubiKey says of its key: something, or nothing. */
static enum err
attest(struct card *c, const struct card_key *key)
{
	AUTO(buf_free) struct buf statement = BUF(16384), device = BUF(16384);
	enum err e = card_attest(c, key, &statement, &device);

	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err
read_all(struct card *c, struct card_contents *v)
{
	AUTO(buf_free) struct buf der = BUF(16384);

	TRY(card_settle(c, v));
	for (size_t i = 0; i < v->n_keys; i++) {
		buf_clear(&der);
		if (v->keys[i].has_cert && v->keys[i].presence == KEY_PRESENT)
			TRY(card_read_cert(c, &v->keys[i], &der));
	}
	return ERR_OK;
}

/* As the PKCS #11 module does: a card that stays open between the calls. */
static enum err
work_session(struct pcsc *p)
{
	AUTO(reader_close) struct reader *r = NULL;
	AUTO(card_close) struct card *c = NULL;
	AUTO(secret_wipe) struct secret pin = { .len = 0 };
	AUTO(card_contents_free) struct card_contents v = { .n_keys = 0 };
	const struct secret *typed = keypad ? NULL : &pin;
	struct pin_state left;
	enum err e;

	TRY(take(WALLET_PIN, &pin));
	TRY(open_card(p, &r, &c));
	TRY(card_inspect(c, NULL, &v));
	if (v.login == NULL)
		return ERR_NO_CERT;
	TRY(read_all(c, &v));
	TRY(attest(c, v.login));
	TRY(card_verify(c, v.login, typed, &left));
	TRY(use(c, v.login));
	TRY(card_hold(c, v.login, typed, &left));
	TRY(use(c, v.login));
	e = card_logout(c, v.login, true);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* New PINs, by the PIN and by the PUK, while the card stays open. */
static enum err
work_pins(struct pcsc *p)
{
	AUTO(reader_close) struct reader *r = NULL;
	AUTO(card_close) struct card *c = NULL;
	AUTO(secret_wipe) struct secret pin = { .len = 0 }, puk = { .len = 0 };
	AUTO(secret_wipe) struct secret fresh = { .len = 0 };
	AUTO(card_contents_free) struct card_contents v = { .n_keys = 0 };
	struct pin_state left;
	enum err e;

	TRY(take(WALLET_PIN, &pin));
	TRY(take(WALLET_PUK, &puk));
	TRY(take(WALLET_NEW, &fresh));
	TRY(open_card(p, &r, &c));
	TRY(card_inspect(c, NULL, &v));
	if (v.login == NULL)
		return ERR_NO_CERT;
	TRY(card_change(c, v.login, CARD_PIN, true, keypad ? NULL : &pin,
	    keypad ? NULL : &fresh, &left));
	TRY(card_verify_puk(c, v.login, &puk, &left));
	TRY(card_unblock(c, v.login, &pin, &left));
	e = card_logout(c, v.login, true);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* As "dezi pin" does: each in one transaction. */
static enum err
work_newpin(struct pcsc *p)
{
	AUTO(reader_close) struct reader *r = NULL;
	AUTO(card_close) struct card *c = NULL;
	AUTO(secret_wipe) struct secret pin = { .len = 0 }, puk = { .len = 0 };
	AUTO(secret_wipe) struct secret fresh = { .len = 0 };
	struct card_newpin change = { .proof = &pin, .fresh = &fresh };
	struct card_newpin unblock = { .proof = &puk, .fresh = &pin };
	struct card_pins pins;

	TRY(take(WALLET_PIN, &pin));
	TRY(take(WALLET_PUK, &puk));
	TRY(take(WALLET_NEW, &fresh));
	TRY(open_card(p, &r, &c));
	TRY(card_pins(c, NULL, &pins));
	TRY(card_change_once(c, &pins.key, &change));
	return card_unblock_once(c, &pins.key, &unblock);
}

static const struct task {
	const char *name;
	work_fn *work;
	bool	 one_by_one;		/* the card is closed behind each PIN */
	bool	 keypad;		/* can be done there */
	bool	 changes;		/* PINs */
} tasks[] = {
	{ "login", work_login, true, true, false },
	{ "login again", work_login_again, true, false, false },
	{ "session", work_session, false, true, false },
	{ "pins", work_pins, false, true, true },
	{ "newpin", work_newpin, true, false, true },
};

/*
 * One course.
 */
static enum err
run(const struct task *t)
{
	AUTO(pcsc_close) struct pcsc *p = NULL;

	TRY(pcsc_open(&p));
	TRY(pcsc_prepare(p));
	return t->work(p);
}

static const char *const kinds[] = { "uzi", "p15", "piv", "yubikey" };

static void
wrong(const struct task *t, const char *what, unsigned n, enum err e)
{
	print_error("%s%s on %s, %s %u: %s: %s\n", t->name, keypad ? " by keypad" : "",
	    kinds[inside->kind], what, n, err_word(e), err_trail());
	assert_true(false);
}

static void
assert_clean(const struct task *t, const char *what, unsigned n, enum err e)
{
	const char *complaint;

	if (heap_live() != 0 || heap_spilled() != 0 || heap_holding() != 0 ||
	    heap_peak() > MEMORY_MAX) {
		print_error("blocks left: %zu; with a PIN: %zu, given back: %zu; bytes: %zu\n",
		    heap_live(), heap_holding(), heap_spilled(), heap_peak());
		wrong(t, what, n, e);
	}
	complaint = ws_end();
	if (complaint[0] != '\0' || ws_held() != 0) {
		print_error("%s\n", complaint);
		wrong(t, what, n, e);
	}
	if (t->one_by_one && vcard_is_verified(inside->card))
		wrong(t, "left open:", n, e);
}

static enum err
course(const struct task *t, long no_memory, enum ws_call call, unsigned n, long rv)
{
	enum err e;

	ws_start();
	ws_hurry(true);
	ws_allow_resets(true);
	ws_secret(WALLET_PIN);
	ws_plug(WALLET_READER);
	if (keypad)
		ws_keypad(WALLET_READER, WALLET_PIN, WALLET_NEW);
	wallet_renew(inside);
	ws_insert(WALLET_READER, &inside->in_hand);
	if (n != 0)
		ws_fail(call, n, rv);
	cache = wallet_cache();
	heap_watch(no_memory);
	e = run(t);
	heap_rest();
	return e;
}

/* Every point; but valgrind looks at some only, or it would take hours. */
static unsigned
stride(void)
{
	return under_valgrind() ? 997 : 1;
}

static bool
can(const struct task *t)
{
	/* The standard tells how an ISO 7816-15 card is read, not how its PINs change. */
	return (!t->changes || inside->kind != WALLET_P15) && (!keypad || t->keypad);
}

typedef void each_fn(const struct task *t);

static void
each_task(each_fn *fn)
{
	for (size_t k = 0; k < WALLET_KINDS; k++)
		for (size_t i = 0; i < 2 * NELEM(tasks); i++) {
			inside = &cards[k];
			keypad = i >= NELEM(tasks);
			if (can(&tasks[i % NELEM(tasks)]))
				fn(&tasks[i % NELEM(tasks)]);
		}
}

static void
good(const struct task *t)
{
	enum err e = course(t, 0, WS_CALLS, 0, 0);

	if (e != ERR_OK)
		wrong(t, "without trouble", 0, e);
	assert_clean(t, "without trouble", 0, e);
	assert_true(heap_peak() > 0);
}

static void
all_is_well_without_trouble(void **state UNUSED)
{
	each_task(good);
}

static void
no_memory_for(const struct task *t)
{
	unsigned n = 0;
	enum err e;

	do {
		n += stride();
		e = course(t, n, WS_CALLS, 0, 0);
		assert_clean(t, "allocation", n, e);
		/* It is not taken for a fault of the card (but a keypad is not insisted on). */
		if (e != ERR_OK && e != ERR_NOMEM && (!keypad || e != ERR_UNSUPPORTED))
			wrong(t, "allocation", n, e);
	} while (heap_failed());
	assert_true(n > 20);
}

static void
no_memory(void **state UNUSED)
{
	each_task(no_memory_for);
}

/* Nothing depends on how these end. */
static bool
is_farewell(enum ws_call call)
{
	return call == WS_RELEASE || call == WS_DISCONNECT || call == WS_END ||
	    call == WS_CANCEL;
}

static void
one_failure(const struct task *t, enum ws_call call, unsigned n, long rv)
{
	enum err e = course(t, 0, call, n, rv);
	char what[64];

	snprintf(what, sizeof(what), "%lx from %s", (unsigned long)rv & 0xffffffff,
	    ws_call_name(call));
	assert_clean(t, what, n, e);
	if (ws_clear())
		wrong(t, what, n, ERR_OK);	/* it did not come to that call */
	if ((e == ERR_NOMEM && rv != (long)SCARD_E_NO_MEMORY) ||
	    (is_farewell(call) && e != ERR_OK))
		wrong(t, what, n, e);
}

static void
every_failure_of(const struct task *t)
{
	static const long words[] = { SCARD_W_REMOVED_CARD, SCARD_W_RESET_CARD,
	    SCARD_F_COMM_ERROR, SCARD_E_NO_SERVICE, SCARD_E_NO_MEMORY };
	unsigned count[WS_CALLS];

	assert_int_equal(course(t, 0, WS_CALLS, 0, 0), ERR_OK);
	for (size_t i = 0; i < WS_CALLS; i++)
		count[i] = ws_calls((enum ws_call)i);
	assert_true(count[WS_TRANSMIT] > 5 && count[WS_END] > 1);
	for (size_t i = 0; i < WS_CALLS; i++)
		for (unsigned n = 1; n <= count[i]; n += stride())
			for (size_t k = 0; k < NELEM(words); k++)
				one_failure(t, (enum ws_call)i, n, words[k]);
}

static void
every_failure_of_pcsc(void **state UNUSED)
{
	each_task(every_failure_of);
}

static int
setup(void **state)
{
	if (wallet_setup(state) != 0)
		return -1;
	for (size_t k = 0; k < WALLET_KINDS; k++)
		wallet_make(&cards[k], (enum wallet_kind)k, 1, false);
	heap_secret(WALLET_PIN);
	heap_secret(WALLET_NEW);
	heap_secret(WALLET_PUK);
	ws_around(heap_outside);
	return 0;
}

static int
teardown(void **state)
{
	ws_around(NULL);
	for (size_t k = 0; k < WALLET_KINDS; k++)
		wallet_drop(&cards[k]);
	return wallet_teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_well_without_trouble),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(every_failure_of_pcsc),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
