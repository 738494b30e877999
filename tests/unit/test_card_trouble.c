/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Trouble at every point of what is done with a card: no memory at each allocation, no
 * card, a reset or no contact at each command.  Whatever happens, no transaction stays
 * open, no block of memory is lost, none is given back with a PIN in it (T8, T9), and a
 * card that has seen a PIN of a login is never left open.
 */
#include "tests/check.h"

#include "card/session.h"
#include "tests/unit/heap.h"
#include "tests/unit/uzi_talk.h"

/* What goes over the wire as PIN, PUK and new PIN. */
static const char *const secrets[] = { "123456", "87654321", "246802" };

static struct profile profile;
static const struct profile *const profiles[] = { &profile, NULL };
/* One card may cost so much memory (hostile-cards, section 0). */
#define MEMORY_MAX	((size_t)4 << 20)

static const uint8_t input[] = { 0xde, 0xad, 0xbe, 0xef };

static int
setup(void **state UNUSED)
{
	read_uzi_profile(&profile);
	for (size_t i = 0; i < NELEM(secrets); i++)
		heap_secret(secrets[i]);
	return 0;
}

/* One piece of work with a card that was just inserted. */
typedef enum err work_fn(struct card *c);

static enum err
take(const char *text, struct secret *ret)
{
	return secret_set(ret, cur_str(text));
}

static enum err
work_login(struct card *c)
{
	AUTO(secret_wipe) struct secret pin = { .len = 0 };
	AUTO(card_view_free) struct card_view v = { .cert = BUF(0) };
	AUTO(buf_free) struct buf sig = BUF(1024);
	struct pin_state left;
	enum err r;

	if ((r = take(secrets[0], &pin)) != ERR_OK ||
	    (r = card_look(c, NULL, NULL, NULL, &v)) != ERR_OK)
		return r;
	return card_sign_once(c, &v.key, KEY_ALG_RSA_PKCS1, &pin, false,
	    cur_of(input, sizeof(input)), &sig, &left);
}

static enum err
use(struct card *c, const struct card_contents *v)
{
	AUTO(buf_free) struct buf sig = BUF(1024);

	return card_use(c, v->login, KEY_ALG_RSA_PKCS1, cur_of(input, sizeof(input)), &sig);
}

static enum err
work_session(struct card *c)
{
	AUTO(secret_wipe) struct secret pin = { .len = 0 };
	AUTO(card_contents_free) struct card_contents v = { .n_keys = 0 };
	struct pin_state left;
	enum err r;

	if ((r = take(secrets[0], &pin)) != ERR_OK ||
	    (r = card_inspect(c, NULL, &v)) != ERR_OK ||
	    (r = card_verify(c, v.login, &pin, &left)) != ERR_OK ||
	    (r = use(c, &v)) != ERR_OK ||
	    (r = card_hold(c, v.login, &pin, &left)) != ERR_OK ||
	    (r = use(c, &v)) != ERR_OK)
		return r;
	r = card_logout(c, v.login, true);
	return r == ERR_NOT_FOUND ? ERR_OK : r;
}

static enum err
work_pins(struct card *c)
{
	AUTO(secret_wipe) struct secret pin = { .len = 0 }, puk = { .len = 0 };
	AUTO(secret_wipe) struct secret new = { .len = 0 };
	AUTO(card_contents_free) struct card_contents v = { .n_keys = 0 };
	struct pin_state left;
	enum err r;

	if ((r = take(secrets[0], &pin)) != ERR_OK ||
	    (r = take(secrets[1], &puk)) != ERR_OK ||
	    (r = take(secrets[2], &new)) != ERR_OK ||
	    (r = card_inspect(c, NULL, &v)) != ERR_OK ||
	    (r = card_change(c, v.login, CARD_PIN, false, &pin, &new, &left)) != ERR_OK ||
	    (r = card_verify_puk(c, v.login, &puk, &left)) != ERR_OK)
		return r;
	return card_unblock(c, v.login, &pin, &left);
}

#define PADDED(pin)	pin "000000000000000000"
#define OLD_NEW		PADDED("313233343536") PADDED("323436383032")
#define CHANGE		SAY("002400031E" OLD_NEW, "9000")
#define VERIFY_PUK	SAY("002000010F 3837363534333231 00000000000000", "9000")
#define UNBLOCK		SAY("002C02030F" PADDED("313233343536"), "9000")

static const struct replay_line login_lines[] = { LOOK, SIGN };
static const struct replay_line session_lines[] = {
	SELECT, SERIAL, DIRECTORIES, TRIES,
	SELECT, SERIAL, VERIFY("9000"), MSE, PSO,
	SELECT, SERIAL, VERIFY("9000"), MSE, PSO,
	SELECT,
};
static const struct replay_line pin_lines[] = {
	SELECT, SERIAL, DIRECTORIES, TRIES,
	SELECT, SERIAL, CHANGE, SELECT, SERIAL, VERIFY_PUK, SELECT, SERIAL, UNBLOCK,
};

static const struct task {
	const char *name;
	work_fn *work;
	const struct replay_line *lines;
	size_t	 n;
	bool	 login;			/* every PIN is forgotten again, or the card is reset */
} tasks[] = {
	{ "login", work_login, login_lines, NELEM(login_lines), true },
	{ "session", work_session, session_lines, NELEM(session_lines), false },
	{ "pins", work_pins, pin_lines, NELEM(pin_lines), false },
};

/* At which command the card fails, and how; n is SIZE_MAX: at none. */
struct cut {
	size_t	 n;
	enum err how;
};

static enum err
run(const struct task *t, const struct cut *cut, struct replay_seen *ret_seen)
{
	AUTO(reader_close) struct reader *r = NULL;
	AUTO(card_close) struct card *c = NULL;
	enum err e = replay_open(t->lines, t->n, ATR, &r);

	if (e != ERR_OK)
		return e;
	if (cut->n != SIZE_MAX)
		replay_cut(r, cut->n, cut->how);
	e = card_open(r, drivers_table, profiles, &c);
	if (e == ERR_OK)
		e = t->work(c);
	card_close(&c);
	*ret_seen = *replay_seen(r);
	return e;
}

/* What holds however it went. */
static void
assert_clean(const struct task *t, const struct replay_seen *seen, enum err e)
{
	assert_false(seen->open);
	assert_int_equal(heap_live(), 0);
	assert_int_equal(heap_spilled(), 0);
	assert_true(heap_peak() <= MEMORY_MAX);
	if (t->login && seen->secrets != 0)
		assert_int_equal(seen->resets, 1);
	if (e == ERR_OK)
		assert_string_equal(seen->wrong, "");
}

static enum err
try(const struct task *t, long countdown, const struct cut *cut, struct replay_seen *seen)
{
	enum err e;

	*seen = (struct replay_seen){ .line = 0 };
	heap_watch(countdown);
	e = run(t, cut, seen);
	heap_rest();
	assert_int_equal(heap_holding(), 0);
	assert_clean(t, seen, e);
	return e;
}

static void
all_is_well_without_trouble(void **state UNUSED)
{
	for (size_t i = 0; i < NELEM(tasks); i++) {
		const struct cut none = { SIZE_MAX, ERR_OK };
		struct replay_seen seen;
		enum err e = try(&tasks[i], 0, &none, &seen);

		if (e != ERR_OK)
			print_error("%s: %s: %s\n", tasks[i].name, err_word(e), seen.wrong);
		assert_int_equal(e, ERR_OK);
		assert_int_equal(seen.line, tasks[i].n);
	}
}

static void
no_memory(void **state UNUSED)
{
	for (size_t i = 0; i < NELEM(tasks); i++) {
		const struct cut none = { SIZE_MAX, ERR_OK };
		struct replay_seen seen;
		long n = 0;
		enum err e;

		do {
			e = try(&tasks[i], ++n, &none, &seen);
			assert_true(e == ERR_OK || heap_failed());
		} while (heap_failed());
		assert_int_equal(e, ERR_OK);
		assert_true(n > 50);
	}
}

static void
no_card(void **state UNUSED)
{
	static const enum err how[] = { ERR_REMOVED, ERR_CARD_RESET, ERR_IO, ERR_NO_SERVICE };

	for (size_t i = 0; i < NELEM(tasks); i++)
		for (size_t n = 0; n < tasks[i].n; n++)
			for (size_t k = 0; k < NELEM(how); k++) {
				const struct cut cut = { n, how[k] };
				struct replay_seen seen;

				assert_int_equal(try(&tasks[i], 0, &cut, &seen), how[k]);
			}
}

/* The test finds what it is for. */
static void
a_spill_is_seen(void **state UNUSED)
{
	char *volatile p;

	heap_watch(0);
	p = malloc(32);
	assert_non_null(p);
	memcpy(p, "x123456", 8);
	assert_int_equal(heap_holding(), 1);
	free(p);
	heap_rest();
	assert_int_equal(heap_spilled(), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_spill_is_seen),
		cmocka_unit_test(all_is_well_without_trouble),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(no_card),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
