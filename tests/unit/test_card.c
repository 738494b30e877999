/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The rules that hold for every card: the cache and its proof, events, removal at
 * every single command, other programs (T9, T10, T26, T36).
 */
#include "tests/check.h"

#include "card/session.h"
#include "tests/unit/uzi_talk.h"

static struct profile profile;
static const struct profile *const profiles[] = { &profile, NULL };
static const uint8_t input[] = { 0xde, 0xad, 0xbe, 0xef };

static int
setup(void **state)
{
	(void)state;
	read_uzi_profile(&profile);
	return 0;
}

/* One login: open, look, sign.  Each step only if the one before went well. */
struct login {
	struct reader *r;
	struct card *c;
	struct card_view v;
	struct buf sig;
	struct pin_state left;
	enum err look, sign;
};

static void
login_end(struct login *l)
{
	card_view_free(&l->v);
	buf_free(&l->sig);
	card_close(&l->c);
	reader_close(&l->r);
}

static void
login_open(struct login *l, const struct replay_line *lines, size_t n)
{
	*l = (struct login){ .sig = BUF(1024) };
	assert_ok(replay_open(lines, n, ATR, &l->r));
	assert_ok(card_open(l->r, drivers_table, profiles, &l->c));
}

static void
login_look(struct login *l, struct card_cache *cache)
{
	l->look = card_look(l->c, cache, NULL, NULL, &l->v);
}

static void
login_sign(struct login *l, const char *digits, bool allow_last)
{
	AUTO(secret_wipe) struct secret pin = { .len = 0 };

	assert_ok(secret_set(&pin, cur_str(digits)));
	l->sign = card_sign_once(l->c, &l->v.key, KEY_ALG_RSA_PKCS1, &pin, allow_last,
	    cur_of(input, sizeof(input)), &l->sig, &l->left);
}

static void
assert_played(const struct login *l)
{
	if (!replay_done(l->r))
		print_error("line %zu: %s\n", replay_seen(l->r)->line,
		    replay_seen(l->r)->wrong);
	assert_true(replay_done(l->r));
}

static void
second_login_costs_twelve(void **state)
{
	const struct replay_line first[] = { LOOK, SIGN };
	const struct replay_line second[] = { LOOK_CACHED, SIGN };
	AUTO(card_cache_close) struct card_cache *cache = NULL;
	AUTO(login_end) struct login l = { .look = ERR_OK };
	char dir[64];

	(void)state;
	cache = make_cache(dir);
	login_open(&l, first, NELEM(first));
	login_look(&l, cache);
	assert_ok(l.look);
	assert_false(l.v.from_cache);
	login_sign(&l, "123456", false);
	assert_ok(l.sign);
	assert_played(&l);
	login_end(&l);
	login_open(&l, second, NELEM(second));
	login_look(&l, cache);
	assert_ok(l.look);
	assert_true(l.v.from_cache);
	assert_int_equal(l.v.cert.len, 14);
	assert_int_equal(l.v.rules.ref, 3);
	login_sign(&l, "123456", false);
	assert_ok(l.sign);
	assert_played(&l);
	assert_int_equal(replay_seen(l.r)->apdus, 12);
	assert_int_equal(replay_seen(l.r)->secrets, 1);
	remove_cache(&cache, dir);
}

/* A look with a cache that another card's, or an older, content filled. */
static void
look_after(const struct replay_line *first, size_t n_first,
    const struct replay_line *second, size_t n_second, bool want_cache)
{
	AUTO(card_cache_close) struct card_cache *cache = NULL;
	AUTO(login_end) struct login l = { .look = ERR_OK };
	char dir[64];

	cache = make_cache(dir);
	login_open(&l, first, n_first);
	login_look(&l, cache);
	assert_ok(l.look);
	login_end(&l);
	login_open(&l, second, n_second);
	login_look(&l, cache);
	assert_ok(l.look);
	assert_int_equal(l.v.from_cache, want_cache);
	assert_played(&l);
	remove_cache(&cache, dir);
}

#define OTHER_CERT	"300C 30020501 30020500 03020001"

static void
stale_cache_is_noticed(void **state)
{
	const struct replay_line first[] = { LOOK };
	const struct replay_line same[] = { LOOK_CACHED };
	const struct replay_line other_bytes[] = {
		SELECT, SERIAL, CERT_DF, CERT_EF, READ("0000", "0E", OTHER_CERT "9000"),
		/* back from the folder of certificates: the application again */
		SELECT, DIRECTORIES, CERT_DF, CERT_EF,
		    READ("0000", "0E", OTHER_CERT "9000"),
		TRIES };
	const struct replay_line other_size[] = {
		SELECT, SERIAL, CERT_DF, EF("0114", "000F"), CERT_READ,
		SELECT, DIRECTORIES, CERT, TRIES };
	const struct replay_line gone[] = {
		SELECT, SERIAL, CERT_DF, SAY("00A4020002011400", "6A82"),
		SELECT, DIRECTORIES, CERT, TRIES };
	const struct replay_line other_card[] = {
		SELECT, SAY("00CA010008", "0102030405060709 9000"), DIRECTORIES, CERT,
		    TRIES };

	(void)state;
	look_after(first, NELEM(first), same, NELEM(same), true);
	look_after(first, NELEM(first), other_bytes, NELEM(other_bytes), false);
	look_after(first, NELEM(first), other_size, NELEM(other_size), false);
	look_after(first, NELEM(first), gone, NELEM(gone), false);
	look_after(first, NELEM(first), other_card, NELEM(other_card), false);
}

/* Removed, reset or without contact at the n-th of the 26 commands of a login. */
static void
lost_at_every_command(void **state)
{
	const enum err ways[] = { ERR_REMOVED, ERR_CARD_RESET, ERR_IO };
	const struct replay_line lines[] = { LOOK, SIGN };
	const size_t verify_at = NELEM(lines) - 3;

	(void)state;
	for (size_t k = 0; k < NELEM(ways) * NELEM(lines); k++) {
		AUTO(login_end) struct login l = { .look = ERR_OK };
		size_t n = k % NELEM(lines);
		enum err way = ways[k / NELEM(lines)];

		login_open(&l, lines, NELEM(lines));
		replay_cut(l.r, n, way);
		login_look(&l, NULL);
		if (n < NELEM(lines) - 6) {
			assert_err(l.look, way);
			assert_int_equal(replay_seen(l.r)->secrets, 0);
		} else {
			assert_ok(l.look);
			login_sign(&l, "123456", false);
			assert_err(l.sign, way);
			assert_int_equal(l.sig.len, 0);
			/* Once a PIN was on its way the card is reset. */
			assert_int_equal(replay_seen(l.r)->resets, n >= verify_at);
			assert_int_equal(replay_seen(l.r)->secrets, n > verify_at);
		}
		assert_false(replay_seen(l.r)->open);
		assert_string_equal(replay_seen(l.r)->wrong, "");
	}
}

static void
card_that_was_out_gets_no_pin(void **state)
{
	const struct replay_line before[] = { LOOK, SELECT, SERIAL, TRIES };
	const struct replay_line after[] = { LOOK, SIGN };
	AUTO(login_end) struct login l = { .look = ERR_OK };

	(void)state;				/* T36 */
	login_open(&l, before, NELEM(before));
	login_look(&l, NULL);
	assert_ok(l.look);
	replay_events(l.r, 0, 3);
	login_sign(&l, "123456", false);
	assert_err(l.sign, ERR_CARD_CHANGED);
	assert_played(&l);
	assert_int_equal(replay_seen(l.r)->secrets, 0);
	login_end(&l);
	/* Out and in again while it signed: no signature leaves. */
	login_open(&l, after, NELEM(after));
	login_look(&l, NULL);
	replay_events(l.r, 6, 3);
	login_sign(&l, "123456", false);
	assert_err(l.sign, ERR_CARD_CHANGED);
	assert_played(&l);
	assert_int_equal(l.sig.len, 0);
}

static void
waits_for_nobody_for_ever(void **state)
{
	const struct replay_line lines[] = { LOOK };
	AUTO(login_end) struct login l = { .look = ERR_OK };

	(void)state;				/* vector 67 */
	login_open(&l, lines, NELEM(lines));
	replay_busy(l.r);
	login_look(&l, NULL);
	assert_err(l.look, ERR_CARD_BUSY);
}

static void
no_transaction_between_two_calls(void **state)
{
	const struct replay_line lines[] = { LOOK, SIGN };
	AUTO(login_end) struct login l = { .look = ERR_OK };

	(void)state;				/* T10 */
	login_open(&l, lines, NELEM(lines));
	assert_false(replay_seen(l.r)->open);
	login_look(&l, NULL);
	assert_false(replay_seen(l.r)->open);
	assert_int_equal(replay_seen(l.r)->begins, 1);
	login_sign(&l, "123456", false);
	assert_false(replay_seen(l.r)->open);
	assert_int_equal(replay_seen(l.r)->begins, 2);
}

/* Tries that cannot be read: our own wrong PINs are counted across logins (rule 2). */
static void
counts_its_own_wrong_pins(void **state)
{
	const struct replay_line wrong[] = {
		SELECT, SERIAL, DIRECTORIES, CERT, SAY("8034000300", "6D00"),
		SELECT, SERIAL, SAY("8034000300", "6D00"),
		SAY("002000030F393939393939000000000000000000", "6300") };
	const struct replay_line wrong_again[] = {
		LOOK_CACHED_NO_TRIES, SELECT, SERIAL, SAY("8034000300", "6D00"),
		SAY("002000030F393939393939000000000000000000", "6300") };
	const struct replay_line kept[] = {
		LOOK_CACHED_NO_TRIES, SELECT, SERIAL, SAY("8034000300", "6D00") };
	const struct replay_line right[] = {
		LOOK_CACHED_NO_TRIES, SELECT, SERIAL, SAY("8034000300", "6D00"),
		VERIFY("9000"), MSE, PSO };
	AUTO(card_cache_close) struct card_cache *cache = NULL;
	AUTO(login_end) struct login l = { .look = ERR_OK };
	char dir[64];

	(void)state;
	cache = make_cache(dir);
	login_open(&l, wrong, NELEM(wrong));
	login_look(&l, cache);
	assert_ok(l.look);
	assert_int_equal(l.v.pin.tries, -1);
	assert_false(l.v.pin.last_try);
	login_sign(&l, "999999", false);
	assert_err(l.sign, ERR_PIN_WRONG);
	login_end(&l);
	login_open(&l, wrong_again, NELEM(wrong_again));
	login_look(&l, cache);
	assert_false(l.v.pin.last_try);
	login_sign(&l, "999999", false);
	assert_err(l.sign, ERR_PIN_WRONG);
	login_end(&l);
	login_open(&l, kept, NELEM(kept));
	login_look(&l, cache);
	assert_true(l.v.pin.last_try);		/* the person must agree */
	login_sign(&l, "123456", false);
	assert_err(l.sign, ERR_PIN_LAST_TRY);
	assert_played(&l);
	login_end(&l);
	login_open(&l, right, NELEM(right));
	login_look(&l, cache);
	login_sign(&l, "123456", true);
	assert_ok(l.sign);
	login_end(&l);
	login_open(&l, right, NELEM(right));	/* and the count begins anew */
	login_look(&l, cache);
	assert_false(l.v.pin.last_try);
	remove_cache(&cache, dir);
}

static void
query_that_costs_is_switched_off(void **state)
{
	const struct replay_line first[] = { LOOK, SELECT, SERIAL, TRIES_IS("02"),
		VERIFY("63C1") };
	const struct replay_line second[] = { SELECT, SERIAL, CERT };
	AUTO(card_cache_close) struct card_cache *cache = NULL;
	AUTO(login_end) struct login l = { .look = ERR_OK };
	char dir[64];

	(void)state;				/* vector 41 */
	cache = make_cache(dir);
	login_open(&l, first, NELEM(first));
	login_look(&l, cache);
	login_sign(&l, "123456", false);
	assert_err(l.sign, ERR_PIN_WRONG);
	assert_int_equal(l.left.tries, 1);
	login_end(&l);
	login_open(&l, second, NELEM(second));	/* nothing is asked */
	login_look(&l, cache);
	assert_ok(l.look);
	assert_int_equal(l.v.pin.tries, -1);
	assert_played(&l);
	remove_cache(&cache, dir);
}

static bool
suits_second(void *arg, struct cur der)
{
	int *calls = arg;

	assert_int_equal(der.n, 14);
	return ++*calls == 2;
}

#define KEY_OTHER_USE							\
	"302B 300D 0C0441555432 03020780 040103"			\
	"300E 040146 03020520 030203B8 020101 A10A3008 30020400 02020800"

static void
certificate_decides(void **state)
{
	/* Both keys say "sign"; the second one's certificate is the one. */
	const struct replay_line lines[] = {
		SELECT, SERIAL, ODF, AODF, EF("4400", "005A"),
		READ("0000", "5A", KEY_AUTH KEY_OTHER_USE "9000"), CDF, CERT,
		EF("0115", "000E"), CERT_READ, TRIES,
		SELECT, SERIAL, TRIES, VERIFY("9000"),
		SAY("002241B606840101800102", "9000"), PSO };
	AUTO(login_end) struct login l = { .look = ERR_OK };
	int calls = 0;

	(void)state;				/* T7 */
	login_open(&l, lines, NELEM(lines));
	assert_ok(card_look(l.c, NULL, suits_second, &calls, &l.v));
	assert_int_equal(calls, 2);
	assert_int_equal(l.v.key.id[0], 0x46);
	login_sign(&l, "123456", false);
	assert_ok(l.sign);
	assert_played(&l);
}

static void
lists_keys_and_certificates(void **state)
{
	const struct replay_line lines[] = {
		SELECT, SERIAL, DIRECTORIES, TRIES, SELECT, CERT,
		SELECT, CERT_DF, SAY("00A4020002011500", "6A82"),
		SELECT, SERIAL, TRIES };
	AUTO(login_end) struct login l = { .look = ERR_OK };
	AUTO(card_contents_free) struct card_contents v = { .n_keys = 0 };
	AUTO(buf_free) struct buf der = BUF(1024);
	struct card_key *keys = v.keys;
	struct pin_state pin;

	(void)state;
	login_open(&l, lines, NELEM(lines));
	assert_string_equal(card_driver(l.c), "uzi");
	assert_string_equal(card_profile_name(l.c), "uzi");
	assert_string_equal(card_serial(l.c), "");
	assert_ok(card_inspect(l.c, NULL, &v));
	assert_string_equal(card_serial(l.c), "0102030405060708");
	assert_int_equal(v.n_keys, 2);
	assert_string_equal(keys[0].label, "AUTH");
	assert_int_equal(keys[0].usage, KEY_AUTHENTICATION);
	assert_int_equal(keys[0].bits, 2048);
	assert_int_equal(keys[0].algs, KEY_ALG_RSA_PKCS1);
	assert_int_equal(keys[0].pin_ref, 3);
	assert_true(keys[0].has_cert);
	assert_int_equal(keys[1].usage, KEY_SIGNATURE);
	assert_ok(card_read_cert(l.c, &keys[0], &der));
	assert_int_equal(der.len, 14);
	assert_err(card_read_cert(l.c, &keys[1], &der), ERR_NO_CERT);
	assert_ok(card_tries(l.c, &keys[0], &pin));
	assert_int_equal(pin.tries, 3);
	assert_played(&l);
}

/* Another profile that names the ATR, and comes first. */
static struct profile
other_profile(void)
{
	struct profile other = profile;

	memcpy(other.aid, "\xa0\x00\x00\x00\x63\x99", 6);
	other.aid_len = 6;
	snprintf(other.name, sizeof(other.name), "other");
	return other;
}

#define OTHER_ABSENT	SAY("00A4040006A0000000639900", "6A82")

static void
several_profiles_are_tried_in_order(void **state)
{
	const struct profile other = other_profile();
	const struct profile *const two[] = { &other, &profile, NULL };
	const struct profile *const none[] = { NULL };
	const struct replay_line lines[] = { OTHER_ABSENT, LOOK };
	AUTO(login_end) struct login l = { .sig = BUF(16) };
	struct card *c = NULL;

	(void)state;
	assert_ok(replay_open(lines, NELEM(lines), ATR, &l.r));
	assert_err(card_open(l.r, drivers_table, none, &c), ERR_CARD_UNKNOWN);
	assert_ok(card_open(l.r, drivers_table, two, &l.c));
	assert_string_equal(card_profile_name(l.c), "");
	login_look(&l, NULL);
	assert_ok(l.look);
	assert_string_equal(card_profile_name(l.c), "uzi");
	assert_played(&l);
}

/* Rule 6: the verdict of an insertion is shared; where it does not hold, all are tried. */
static void
once_per_insertion(void **state)
{
	const struct profile other = other_profile();
	const struct profile *const two[] = { &other, &profile, NULL };
	const struct replay_line first[] = { OTHER_ABSENT, LOOK };
	const struct replay_line again[] = { LOOK_CACHED };
	const struct replay_line gone[] = { SAY(SELECT_AID, "6A82"), OTHER_ABSENT,
		SAY(SELECT_AID, "6A82") };
	const struct {
		const struct replay_line *lines;
		size_t	 n;
		enum err want;
	} looks[] = { { first, NELEM(first), ERR_OK }, { again, NELEM(again), ERR_OK },
		{ gone, NELEM(gone), ERR_CARD_UNKNOWN } };
	AUTO(card_cache_close) struct card_cache *cache = NULL;
	char dir[64];

	(void)state;
	cache = make_cache(dir);
	for (size_t i = 0; i < NELEM(looks); i++) {
		AUTO(login_end) struct login l = { .sig = BUF(16) };

		assert_ok(replay_open(looks[i].lines, looks[i].n, ATR, &l.r));
		l.r->service = 1;	/* of which it is known */
		assert_ok(card_open(l.r, drivers_table, two, &l.c));
		login_look(&l, cache);
		assert_err(l.look, looks[i].want);
		assert_played(&l);
	}
	remove_cache(&cache, dir);
}

/* A profile of an administrator's own may still say uzi. */
static void
knows_the_older_name_of_the_driver(void **state)
{
	struct profile own = profile;
	const struct profile *const one[] = { &own, NULL };
	const struct replay_line lines[] = { LOOK };
	AUTO(login_end) struct login l = { .sig = BUF(16) };

	(void)state;
	snprintf(own.driver, sizeof(own.driver), "uzi");
	assert_ok(replay_open(lines, NELEM(lines), ATR, &l.r));
	assert_ok(card_open(l.r, drivers_table, one, &l.c));
	login_look(&l, NULL);
	assert_ok(l.look);
	assert_played(&l);
}

/* The certificate of the other key. */
#define CERT_2_BYTES	"300C 30020500 30020500 03020002"
#define CERT_2								\
	CERT_DF, EF("0115", "000E"), READ("0000", "0E", CERT_2_BYTES "9000")

/* What programs do in turn: a look, the certificates of these keys, the authorities. */
static void
browse(struct card_cache *cache, const struct replay_line *lines, size_t n_lines,
    const char *which, size_t want_cert)
{
	AUTO(login_end) struct login l = { .look = ERR_OK };
	AUTO(card_contents_free) struct card_contents v = { .n_keys = 0 };
	AUTO(buf_free) struct buf der = BUF(1024);

	login_open(&l, lines, n_lines);
	assert_ok(card_inspect(l.c, cache, &v));
	assert_int_equal(v.n_keys, 2);
	assert_int_equal(v.login->id[0], 0x45);
	assert_int_equal(v.cert.len, want_cert);
	for (; *which != '\0'; which++)
		assert_ok(card_read_cert(l.c, &v.keys[*which - '0'], &der));
	assert_ok(card_list_authorities(l.c, &v));
	assert_played(&l);
}

/* What is kept is of one certificate, whichever was read since. */
static void
keeps_what_belongs_together(void **state)
{
	const struct replay_line first[] = { SELECT, SERIAL, DIRECTORIES, TRIES,
		SELECT, CERT, SELECT, CERT_2, SELECT };
	const struct replay_line second[] = { LOOK_CACHED };
	AUTO(card_cache_close) struct card_cache *cache = NULL;
	char dir[64];

	(void)state;
	cache = make_cache(dir);
	browse(cache, first, NELEM(first), "01", 0);
	browse(cache, second, NELEM(second), "", 14);
	remove_cache(&cache, dir);
}

/* Two keys that can log in: the certificate of one is not that of the other. */
static void
mixes_no_login_keys(void **state)
{
#define KEY_AUTH_2							\
	"302B 300D 0C0441555432 03020780 040103"			\
	"300E 040146 03020520 030203B8 020101 A10A3008 30020400 02020800"
	const struct replay_line first[] = { SELECT, SERIAL, ODF, AODF,
		EF("4400", "005A"), READ("0000", "5A", KEY_AUTH KEY_AUTH_2 "9000"),
		CDF, TRIES, SELECT, CERT_2, SELECT };
	const struct replay_line second[] = { SELECT, SERIAL, CERT_2, TRIES };
	AUTO(card_cache_close) struct card_cache *cache = NULL;
	char dir[64];

	(void)state;
	cache = make_cache(dir);
	browse(cache, first, NELEM(first), "1", 0);
	browse(cache, second, NELEM(second), "", 0);
	remove_cache(&cache, dir);
}

/* What was saved is input like any other. */
static void
restores_only_what_it_saved(void **state)
{
	const struct replay_line lines[] = { LOOK };
	AUTO(buf_free) struct buf saved = BUF(60000), cert = BUF(100);
	AUTO(card_cache_close) struct card_cache *cache = NULL;
	AUTO(login_end) struct login l = { .look = ERR_OK };
	const struct card_key none = { .slot = 0 };
	struct card_key keys[4];
	char dir[64];
	void *u = NULL;
	size_t n;

	(void)state;
	cache = make_cache(dir);
	login_open(&l, lines, NELEM(lines));
	login_look(&l, cache);
	assert_ok(card_cache_get(cache, profile.name, card_serial(l.c), &saved, &cert));
	remove_cache(&cache, dir);
	assert_ok(driver_pkcs15.open(&profile, &u));
	assert_err(driver_pkcs15.save(u, &none, &cert), ERR_NOT_FOUND);
	assert_ok(driver_pkcs15.restore(u, buf_view(&saved), keys, 4, &n));
	assert_int_equal(n, 2);
	saved.p[saved.len - 8] = 2;		/* a key that is not there */
	assert_err(driver_pkcs15.restore(u, buf_view(&saved), keys, 4, &n),
	    ERR_MALFORMED);
	for (size_t i = 0; i < saved.len; i++)
		assert_err(driver_pkcs15.restore(u, cur_of(saved.p, i), keys, 4, &n),
		    ERR_MALFORMED);
	driver_pkcs15.close(u);
	driver_pkcs15.close(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(second_login_costs_twelve),
		cmocka_unit_test(stale_cache_is_noticed),
		cmocka_unit_test(lost_at_every_command),
		cmocka_unit_test(card_that_was_out_gets_no_pin),
		cmocka_unit_test(waits_for_nobody_for_ever),
		cmocka_unit_test(no_transaction_between_two_calls),
		cmocka_unit_test(counts_its_own_wrong_pins),
		cmocka_unit_test(query_that_costs_is_switched_off),
		cmocka_unit_test(certificate_decides),
		cmocka_unit_test(lists_keys_and_certificates),
		cmocka_unit_test(several_profiles_are_tried_in_order),
		cmocka_unit_test(once_per_insertion),
		cmocka_unit_test(knows_the_older_name_of_the_driver),
		cmocka_unit_test(keeps_what_belongs_together),
		cmocka_unit_test(mixes_no_login_keys),
		cmocka_unit_test(restores_only_what_it_saved),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
