/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A new PIN, as conversations: what is sent, what is not, and that nothing stays open
 * (T8, T9, T26; hostile-cards, vectors 41, 52, 61).
 */
#include "tests/check.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "card/newpin.h"
#include "tests/unit/uzi_talk.h"

/* padded with 00 to 15, as all of them */
#define OLD_PIN		"313233343536 000000000000000000"
#define NEW_PIN		"363534333231 000000000000000000"
#define PUK_CODE	"3132333435363738 00000000000000"

#define PUK_TRIES_ARE(n) SAY("8034000100", "03" n "01 9000")
#define PUK_TRIES	PUK_TRIES_ARE("03")
#define PINS		SELECT, SERIAL, DIRECTORIES, TRIES, PUK_TRIES
#define PINS_PUK(n)	SELECT, SERIAL, DIRECTORIES, TRIES, PUK_TRIES_ARE(n)
#define AGAIN		SELECT, SERIAL
#define CHANGE_COMMAND	"002400031E" OLD_PIN NEW_PIN
#define CHANGE(sw)	SAY(CHANGE_COMMAND, sw)
#define PUK_VERIFY_COMMAND "002000010F" PUK_CODE
#define PUK_VERIFY(sw)	SAY(PUK_VERIFY_COMMAND, sw)
#define UNBLOCK_COMMAND	"002C02030F" NEW_PIN
#define UNBLOCK(sw)	SAY(UNBLOCK_COMMAND, sw)
#define LOG_OUT(sw)	SAY("0020FF03", sw)
#define OTHER_CARD	SELECT, SAY("00CA010008", "0102030405060709 9000")

#define TALK(...)	.lines = (const struct replay_line[]){ __VA_ARGS__ },	\
	.n = NELEM(((const struct replay_line[]){ __VA_ARGS__ }))

typedef enum err newpin_fn(struct card *c, const struct card_key *key, struct card_newpin *n);

static void
with_logout(struct profile *p)
{
	p->logout = (struct profile_command){ .p = { 0x00, 0x20, 0xff, 0x03 }, .n = 4,
	    .ref_at = 3 };
}

static void
with_digits(struct profile *p)
{
	p->pin_digits = true;
	p->pin_max = 8;
}

struct talk {
	enum err want;
	int	 left;			/* tries of PIN or PUK; -2: does not matter */
	size_t	 resets, secrets;
	const struct replay_line *lines;
	size_t	 n;
	const char *proof, *fresh;	/* NULL: the good ones */
	bool	 allow_last, in_doubt;
	void	 (*tweak)(struct profile *p);
};

/* A card that was looked at, and what a person typed. */
struct world {
	struct profile profile;
	struct reader *r;
	struct card *c;
	struct card_pins pins;
	struct secret proof, fresh;
	struct card_newpin n;
};

static void
world_end(struct world *w)
{
	secret_wipe(&w->proof);
	secret_wipe(&w->fresh);
	card_close(&w->c);
	reader_close(&w->r);
}

static void
world_look(struct world *w, const struct talk *t, struct card_cache *cache)
{
	const struct profile *const profiles[] = { &w->profile, NULL };

	read_uzi_profile(&w->profile);
	if (t->tweak != NULL)
		t->tweak(&w->profile);
	assert_ok(replay_open(t->lines, t->n, ATR, &w->r));
	assert_ok(card_open(w->r, drivers_table, profiles, &w->c));
	assert_ok(card_pins(w->c, cache, &w->pins));
	assert_true(w->pins.can_change);
}

static void
world_type(struct world *w, const struct talk *t, const char *proof)
{
	assert_ok(secret_set(&w->proof, cur_str(t->proof != NULL ? t->proof : proof)));
	assert_ok(secret_set(&w->fresh, cur_str(t->fresh != NULL ? t->fresh : "654321")));
	w->n = (struct card_newpin){ .proof = &w->proof, .fresh = &w->fresh,
	    .allow_last = t->allow_last };
}

static void
assert_talk(const struct world *w, const struct talk *t)
{
	const struct replay_seen *seen = replay_seen(w->r);

	if (!replay_done(w->r))
		print_error("line %zu: %s\n", seen->line, seen->wrong);
	assert_true(replay_done(w->r));
	assert_false(seen->open);
	assert_int_equal(seen->resets, t->resets);
	assert_int_equal(seen->secrets, t->secrets);
	if (t->left != -2)
		assert_int_equal(w->n.left.tries, t->left);
	assert_int_equal(w->n.in_doubt, t->in_doubt);
}

static void
talk(const struct talk *t, const char *proof, newpin_fn *fn)
{
	AUTO(world_end) struct world w = { .r = NULL };

	world_look(&w, t, NULL);
	world_type(&w, t, proof);
	assert_err(fn(w.c, &w.pins.key, &w.n), t->want);
	assert_talk(&w, t);
}

static void
talk_change(void **state)
{
	talk(*state, "123456", card_change_once);
}

static void
talk_unblock(void **state)
{
	talk(*state, "12345678", card_unblock_once);
}

static void
what_is_known_beforehand(void **state)
{
	const struct talk t = { TALK(SELECT, SERIAL, DIRECTORIES,
	    TRIES_IS("02"), PUK_TRIES_ARE("01")) };
	AUTO(world_end) struct world w = { .r = NULL };

	(void)state;
	world_look(&w, &t, NULL);
	assert_int_equal(w.pins.pin.tries, 2);
	assert_false(w.pins.pin.last_try);
	assert_int_equal(w.pins.rules.min, 6);
	assert_int_equal(w.pins.rules.max, 15);
	assert_true(w.pins.has_puk);
	assert_true(w.pins.can_unblock);
	assert_int_equal(w.pins.puk.tries, 1);
	assert_true(w.pins.puk.last_try);
	assert_int_equal(w.pins.puk_rules.ref, 1);
	assert_true(replay_done(w.r));
}

/* PIN 03, which names no PUK, and PUKs with flags 6 and 4 (a PUK, initialized). */
#define PIN_ALONE	"301E 3000 3003040103 A115 3013 0302024C 0A0101 020104 02010F 800103 040100"
#define A_PUK(id, ref)	"301F 3000 30030401" id " A116 3014 0303014A00 0A0101 020104 02010F"	\
	"8001" ref "040100"

/* Vector 52: a PUK that nobody names is not looked for, and of two none is tried. */
static void
no_puk_is_known(void **state)
{
	const struct talk talks[] = {
		{ TALK(SELECT, SERIAL, ODF, EF("4408", "0020"),
		    READ("0000", "20", PIN_ALONE "9000"), PRKDF, CDF, TRIES) },
		{ TALK(SELECT, SERIAL, ODF, EF("4408", "0062"), READ("0000", "62", PIN_ALONE
		    A_PUK("05", "01") A_PUK("06", "04") "9000"), PRKDF, CDF, TRIES) },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(talks); i++) {
		AUTO(world_end) struct world w = { .r = NULL };

		world_look(&w, &talks[i], NULL);
		assert_false(w.pins.has_puk);
		assert_false(w.pins.can_unblock);
		world_type(&w, &talks[i], "12345678");
		assert_err(card_unblock_once(w.c, &w.pins.key, &w.n), ERR_UNSUPPORTED);
		assert_true(replay_done(w.r));
	}
}

/* ... and one that is alone is the one. */
static void
the_only_puk(void **state)
{
	const struct talk t = { TALK(SELECT, SERIAL, ODF, EF("4408", "0041"), READ("0000", "41",
	    PIN_ALONE A_PUK("05", "01") "9000"), PRKDF, CDF, TRIES, PUK_TRIES) };
	AUTO(world_end) struct world w = { .r = NULL };

	(void)state;
	world_look(&w, &t, NULL);
	assert_true(w.pins.has_puk);
	assert_int_equal(w.pins.puk_rules.ref, 1);
	assert_true(replay_done(w.r));
}

/* Vector 61, T9: the counter of card events has moved since the card was looked at. */
static void
card_was_out(void **state)
{
	const struct talk talks[] = {
		{ TALK(PINS, AGAIN, TRIES), .want = ERR_CARD_CHANGED, .left = 3 },
		{ TALK(PINS, AGAIN, PUK_TRIES), .want = ERR_CARD_CHANGED, .left = 3 },
	};
	static newpin_fn *const fns[] = { card_change_once, card_unblock_once };

	(void)state;
	for (size_t i = 0; i < NELEM(talks); i++) {
		AUTO(world_end) struct world w = { .r = NULL };

		world_look(&w, &talks[i], NULL);
		replay_events(w.r, 0, 4711);
		world_type(&w, &talks[i], i == 0 ? "123456" : "12345678");
		assert_err(fns[i](w.c, &w.pins.key, &w.n), ERR_CARD_CHANGED);
		assert_talk(&w, &talks[i]);
	}
}

/* Lost at every command: nothing stays open, and only the last one leaves a doubt. */
static void
removed_at_every_command(void **state)
{
	const struct talk t = { TALK(PINS, AGAIN, TRIES, CHANGE("9000")) };

	(void)state;
	for (size_t n = 0; n < 4; n++) {
		AUTO(world_end) struct world w = { .r = NULL };

		world_look(&w, &t, NULL);
		world_type(&w, &t, "123456");
		replay_cut(w.r, n, ERR_REMOVED);
		assert_err(card_change_once(w.c, &w.pins.key, &w.n), ERR_REMOVED);
		assert_int_equal(w.n.in_doubt, n == 3);
		assert_false(replay_seen(w.r)->open);
	}
}

/* Nobody counts but we: after two wrong PUKs the person must agree (T26). */
static void
wrong_puks_are_counted(void **state)
{
#define UNKNOWN		SAY("8034000100", "6D00")
#define ROUND		AGAIN, UNKNOWN, PUK_VERIFY("6300")
	const struct talk t = { TALK(SELECT, SERIAL, DIRECTORIES, TRIES, UNKNOWN, ROUND, ROUND,
	    AGAIN, UNKNOWN, AGAIN, UNKNOWN, PUK_VERIFY("9000"), UNBLOCK("9000"), AGAIN, UNKNOWN,
	    PUK_VERIFY("6300")), .resets = 1, .secrets = 5, .left = -1 };
	AUTO(card_cache_close) struct card_cache *cache = NULL;
	AUTO(world_end) struct world w = { .r = NULL };
	char dir[64];

	(void)state;
	cache = make_cache(dir);
	world_look(&w, &t, cache);
	assert_false(w.pins.puk.last_try);
	world_type(&w, &t, "12345678");
	for (int i = 0; i < 2; i++)
		assert_err(card_unblock_once(w.c, &w.pins.key, &w.n), ERR_PIN_WRONG);
	assert_err(card_unblock_once(w.c, &w.pins.key, &w.n), ERR_PIN_LAST_TRY);
	w.n.allow_last = true;
	assert_ok(card_unblock_once(w.c, &w.pins.key, &w.n));
	w.n.allow_last = false;
	assert_err(card_unblock_once(w.c, &w.pins.key, &w.n), ERR_PIN_WRONG);
	assert_talk(&w, &t);
	remove_cache(&cache, dir);
}

/* A PUK whose answer was lost, or says nothing, may have cost a try as well. */
static void
lost_puks_are_counted(void **state)
{
	const struct talk t = { TALK(SELECT, SERIAL, DIRECTORIES, TRIES, UNKNOWN,
	    AGAIN, UNKNOWN, PUK_VERIFY("6F00"), AGAIN, UNKNOWN,
	    FAIL(PUK_VERIFY_COMMAND, ERR_CARD_RESET), AGAIN, UNKNOWN), .resets = 2, .secrets = 2,
	    .left = -1 };
	AUTO(card_cache_close) struct card_cache *cache = NULL;
	AUTO(world_end) struct world w = { .r = NULL };
	char dir[64];

	(void)state;
	cache = make_cache(dir);
	world_look(&w, &t, cache);
	world_type(&w, &t, "12345678");
	assert_err(card_unblock_once(w.c, &w.pins.key, &w.n), ERR_CARD);
	assert_err(card_unblock_once(w.c, &w.pins.key, &w.n), ERR_CARD_RESET);
	assert_err(card_unblock_once(w.c, &w.pins.key, &w.n), ERR_PIN_LAST_TRY);
	assert_talk(&w, &t);
	remove_cache(&cache, dir);
}

static const struct reader_ops *replay_ops;

/* The process ends with the PIN or PUK on its way. */
static enum err
end_with_secret(struct reader *r, struct cur command, bool secret, struct buf *ret)
{
	if (secret)
		_exit(0);
	return replay_ops->transmit(r, command, secret, ret);
}

/* It has counted them before: whoever begins again must not be without them (T26). */
static void
what_is_on_its_way_is_counted(void **state)
{
	const struct talk t = { TALK(SELECT, SERIAL, DIRECTORIES, TRIES, UNKNOWN, AGAIN, UNKNOWN,
	    PUK_VERIFY("9000")) };
	AUTO(card_cache_close) struct card_cache *cache = NULL;
	AUTO(world_end) struct world w = { .r = NULL };
	char dir[64], name[CARD_SERIAL_MAX + 4];
	int status;
	pid_t pid;

	(void)state;
	cache = make_cache(dir);
	world_look(&w, &t, cache);
	world_type(&w, &t, "12345678");
	snprintf(name, sizeof(name), "puk %s", card_serial(w.c));
	if ((pid = fork()) == 0) {
		struct reader_ops ending = *w.r->ops;

		replay_ops = w.r->ops;
		ending.transmit = end_with_secret;
		w.r->ops = &ending;
		_exit(card_unblock_once(w.c, &w.pins.key, &w.n) == ERR_OK ? 1 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(card_cache_wrong_pins(cache, name), 1);
	assert_int_equal(card_cache_wrong_pins(cache, card_serial(w.c)), 0);
	remove_cache(&cache, dir);
}

/* The same rule for who shares the card: the PKCS #11 module's way (card/session.h). */
static void
a_stranger_gets_no_puk(void **state)
{
	const struct talk t = { TALK(PINS, OTHER_CARD, OTHER_CARD, OTHER_CARD) };
	AUTO(world_end) struct world w = { .r = NULL };
	struct pin_state left;

	(void)state;
	world_look(&w, &t, NULL);
	world_type(&w, &t, "12345678");
	assert_err(card_verify_puk(w.c, &w.pins.key, &w.proof, &left), ERR_CARD_CHANGED);
	assert_err(card_unblock(w.c, &w.pins.key, &w.fresh, &left), ERR_CARD_CHANGED);
	assert_err(card_change(w.c, &w.pins.key, CARD_PIN, false, &w.proof, &w.fresh, &left),
	    ERR_CARD_CHANGED);
	assert_true(replay_done(w.r));
	assert_int_equal(replay_seen(w.r)->secrets, 0);
}

static void
rules_are_checked_here(void **state)
{
	const struct pin_rules any = { .min = 4, .max = 8 };
	const struct pin_rules digits = { .min = 4, .max = 8, .digits_only = true };
	static const struct {
		const char *text;
		enum pin_fault any, digits;
	} rows[] = {
		{ "", PIN_SHORT, PIN_SHORT }, { "123", PIN_SHORT, PIN_SHORT },
		{ "1234", PIN_FITS, PIN_FITS }, { "12345678", PIN_FITS, PIN_FITS },
		{ "123456789", PIN_LONG, PIN_LONG }, { "abcd", PIN_FITS, PIN_STRANGE },
		{ "12 34", PIN_FITS, PIN_STRANGE }, { "12\t34", PIN_STRANGE, PIN_STRANGE },
		{ "1234\xc3\xab", PIN_STRANGE, PIN_STRANGE },
		{ "1234\x7f", PIN_STRANGE, PIN_STRANGE }, { "123/", PIN_FITS, PIN_STRANGE },
		{ "123:", PIN_FITS, PIN_STRANGE },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(rows); i++) {
		AUTO(secret_wipe) struct secret s = { .len = 0 };

		assert_ok(secret_set(&s, cur_str(rows[i].text)));
		assert_int_equal(pin_check(&any, &s), rows[i].any);
		assert_int_equal(pin_check(&digits, &s), rows[i].digits);
	}
}

#define ROW(name, how, want_, left_, resets_, secrets_, ...)			\
	{ name, how, NULL, NULL, &(struct talk){ .want = want_, .left = left_,	\
	    .resets = resets_, .secrets = secrets_, __VA_ARGS__ } }

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_is_known_beforehand),
	cmocka_unit_test(no_puk_is_known),
	cmocka_unit_test(the_only_puk),
	cmocka_unit_test(card_was_out),
	cmocka_unit_test(removed_at_every_command),
	cmocka_unit_test(wrong_puks_are_counted),
	cmocka_unit_test(lost_puks_are_counted),
	cmocka_unit_test(what_is_on_its_way_is_counted),
	cmocka_unit_test(a_stranger_gets_no_puk),
	cmocka_unit_test(rules_are_checked_here),

	ROW("change, then RESET", talk_change, ERR_OK, 3, 1, 1,
	    TALK(PINS, AGAIN, TRIES, CHANGE("9000"))),
	ROW("change, then log out", talk_change, ERR_OK, 3, 0, 1, .tweak = with_logout,
	    TALK(PINS, AGAIN, TRIES, CHANGE("9000"), LOG_OUT("9000"))),
	ROW("change, log out refused: RESET", talk_change, ERR_OK, 3, 1, 1,
	    .tweak = with_logout, TALK(PINS, AGAIN, TRIES, CHANGE("9000"), LOG_OUT("6A80"))),
	ROW("change, wrong PIN: no RESET", talk_change, ERR_PIN_WRONG, 2, 0, 1,
	    TALK(PINS, AGAIN, TRIES, CHANGE("63C2"))),
	ROW("change, wrong and blocked", talk_change, ERR_PIN_BLOCKED, 0, 0, 1,
	    TALK(PINS, AGAIN, TRIES, CHANGE("6983"))),
	ROW("change, the new one is refused", talk_change, ERR_PIN_REFUSED, 3, 1, 1,
	    TALK(PINS, AGAIN, TRIES, CHANGE("6A80"))),
	ROW("change, not known: an error", talk_change, ERR_CARD, 3, 1, 1,
	    TALK(PINS, AGAIN, TRIES, CHANGE("6D00"))),
	ROW("change, contact lost: in doubt", talk_change, ERR_IO, 3, 1, 1, .in_doubt = true,
	    TALK(PINS, AGAIN, TRIES, FAIL(CHANGE_COMMAND, ERR_IO))),
	ROW("change, blocked: nothing sent", talk_change, ERR_PIN_BLOCKED, 0, 0, 0,
	    TALK(PINS, AGAIN, TRIES_IS("00"))),
	ROW("change, last try: nothing sent (T26)", talk_change, ERR_PIN_LAST_TRY, 1, 0, 0,
	    TALK(PINS, AGAIN, TRIES_IS("01"))),
	ROW("change, last try agreed", talk_change, ERR_OK, 1, 1, 1, .allow_last = true,
	    TALK(PINS, AGAIN, TRIES_IS("01"), CHANGE("9000"))),
	ROW("change, another card: nothing sent (T9)", talk_change, ERR_CARD_CHANGED, -1, 0, 0,
	    TALK(PINS, OTHER_CARD)),
	ROW("change, another applet: nothing sent", talk_change, ERR_CARD_CHANGED, -1, 0, 0,
	    TALK(PINS, SAY(SELECT_AID, "6A82"))),
	ROW("change, old one impossible", talk_change, ERR_PIN_LENGTH, -1, 0, 0,
	    .proof = "12345", TALK(PINS)),
	ROW("change, new one too short", talk_change, ERR_PIN_LENGTH, -1, 0, 0,
	    .fresh = "12345", TALK(PINS)),
	ROW("change, new one too long", talk_change, ERR_PIN_LENGTH, -1, 0, 0,
	    .fresh = "1234567890123456", TALK(PINS)),
	ROW("change, new one of another alphabet", talk_change, ERR_PIN_LENGTH, -1, 0, 0,
	    .fresh = "65432a", .tweak = with_digits, TALK(PINS)),

	ROW("unblock, always RESET", talk_unblock, ERR_OK, 3, 1, 2, .tweak = with_logout,
	    TALK(PINS, AGAIN, PUK_TRIES, PUK_VERIFY("9000"), UNBLOCK("9000"))),
	ROW("unblock, wrong PUK", talk_unblock, ERR_PIN_WRONG, 2, 0, 1,
	    TALK(PINS, AGAIN, PUK_TRIES, PUK_VERIFY("63C2"))),
	ROW("unblock, wrong PUK and dead", talk_unblock, ERR_PIN_BLOCKED, 0, 0, 1,
	    .allow_last = true, TALK(PINS, AGAIN, PUK_TRIES_ARE("01"), PUK_VERIFY("63C0"))),
	ROW("unblock, PUK blocked: nothing sent", talk_unblock, ERR_PIN_BLOCKED, 0, 0, 0,
	    TALK(PINS_PUK("00"), AGAIN, PUK_TRIES_ARE("00"))),
	ROW("unblock, last try: nothing sent (T26)", talk_unblock, ERR_PIN_LAST_TRY, 1, 0, 0,
	    TALK(PINS_PUK("01"), AGAIN, PUK_TRIES_ARE("01"))),
	ROW("unblock, the PUK is not a status but an error", talk_unblock, ERR_CARD, 3, 1, 1,
	    TALK(PINS, AGAIN, PUK_TRIES, PUK_VERIFY("6A88"))),
	ROW("unblock, the new one is refused", talk_unblock, ERR_PIN_REFUSED, 3, 1, 2,
	    TALK(PINS, AGAIN, PUK_TRIES, PUK_VERIFY("9000"), UNBLOCK("6A80"))),
	ROW("unblock, the card forgot the PUK", talk_unblock, ERR_CARD, 3, 1, 2,
	    TALK(PINS, AGAIN, PUK_TRIES, PUK_VERIFY("9000"), UNBLOCK("6982"))),
	ROW("unblock, contact lost: in doubt", talk_unblock, ERR_REMOVED, 3, 1, 2,
	    .in_doubt = true, TALK(PINS, AGAIN, PUK_TRIES, PUK_VERIFY("9000"),
	    FAIL(UNBLOCK_COMMAND, ERR_REMOVED))),
	ROW("unblock, contact lost at the PUK: no doubt", talk_unblock, ERR_REMOVED, 3, 1, 1,
	    TALK(PINS, AGAIN, PUK_TRIES, FAIL(PUK_VERIFY_COMMAND, ERR_REMOVED))),
	ROW("unblock, another card: nothing sent (T9)", talk_unblock, ERR_CARD_CHANGED, -1, 0, 0,
	    TALK(PINS, OTHER_CARD)),
	ROW("unblock, PUK impossible", talk_unblock, ERR_PIN_LENGTH, -1, 0, 0, .proof = "123",
	    TALK(PINS)),
	ROW("unblock, new one too short", talk_unblock, ERR_PIN_LENGTH, -1, 0, 0,
	    .fresh = "12345", TALK(PINS)),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
