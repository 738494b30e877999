/* SPDX-License-Identifier: EUPL-1.2 */
/* Our card stack as a login means, with real keys; and which reader it is. */
#include "tests/check.h"

#include <openssl/x509.h>

#include "base/b64.h"
#include "means/find.h"
#include "means/signature.h"
#include "tests/unit/fake_card.h"
#include "tests/unit/make_cert.h"
#include "tests/unit/uzi_talk.h"

static struct profile profile;
static const struct profile *const profiles[] = { &profile, NULL };
static struct made auth, sign, both, decrypt, ec;

static int
setup(void **state)
{
	const struct recipe a = { .cn = "A", .usage = "critical,digitalSignature" };
	const struct recipe h = { .cn = "H", .usage = "critical,nonRepudiation" };
	const struct recipe b = { .cn = "B", .usage = "digitalSignature,nonRepudiation" };
	const struct recipe v = { .cn = "V", .usage = "keyEncipherment" };
	const struct recipe e = { .cn = "E", .usage = "digitalSignature",
	    .kind = "P-256" };

	(void)state;
	read_uzi_profile(&profile);
	make_cert(&a, NULL, &auth);
	make_cert(&h, NULL, &sign);
	make_cert(&b, NULL, &both);
	make_cert(&v, NULL, &decrypt);
	make_cert(&e, NULL, &ec);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	made_drop(&auth);
	made_drop(&sign);
	made_drop(&both);
	made_drop(&decrypt);
	made_drop(&ec);
	return 0;
}

#define USE_SIGN	"0520"
#define USE_NON_REP	"062040"

static void
make_pass(struct fake_card *c)
{
	fake_card_make(c, buf_view(&auth.der), USE_SIGN, buf_view(&sign.der),
	    USE_NON_REP);
	c->key[0] = auth.key;
	c->key[1] = sign.key;
}

static void
open_means(struct fake_card *c, struct card_cache *cache, struct means **ret)
{
	const struct native_options o = { .profiles = profiles,
	    .drivers = drivers_table, .cache = cache };

	assert_ok(native_open(fake_card_reader(c, "Reader 00 00", ATR), &o, ret));
}

static enum err
sign_with(struct means *m, const struct means_view *v, const char *digits,
    struct buf *sig, struct pin_state *left)
{
	AUTO(secret_wipe) struct secret pin = { .len = 0 };

	assert_ok(secret_set(&pin, cur_str(digits)));
	return m->ops->sign(m, v, &pin, false, cur_str("to be signed"), sig, left);
}

static bool
verifies(EVP_PKEY *key, struct cur sig)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestVerify(ctx, sig.p, sig.n, (const uint8_t *)"to be signed", 12) == 1;

	EVP_MD_CTX_free(ctx);
	return good;
}

static void
looks_and_signs(void **state)
{
	AUTO(means_view_free) struct means_view v = { .event_counter = 0 };
	AUTO(fake_card_drop) struct fake_card c = { .tries = 0 };
	AUTO(buf_free) struct buf sig = BUF(1024);
	AUTO(means_close) struct means *m = NULL;
	struct pin_state left;

	(void)state;
	make_pass(&c);
	open_means(&c, NULL, &m);
	assert_string_equal(m->ops->name, "native");
	assert_true(m->ops->one_transaction);
	assert_int_equal(c.apdus, 0);		/* the ATR was enough */
	assert_ok(m->ops->look(m, &v));
	assert_string_equal(v.reader, "Reader 00 00");
	assert_string_equal(v.driver, "uzi");
	assert_string_equal(v.serial, "445A000000000001");
	assert_int_equal(v.event_counter, 1);
	assert_int_equal(v.alg, MEANS_RS256);
	assert_int_equal(v.pin.tries, 3);
	assert_int_equal(v.pin_min, 6);
	assert_int_equal(v.pin_max, 15);
	assert_true(cur_eq(buf_view(&v.cert), buf_view(&auth.der)));
	assert_err(sign_with(m, &v, "654321", &sig, &left), ERR_PIN_WRONG);
	assert_int_equal(left.tries, 2);
	assert_int_equal(sig.len, 0);
	assert_ok(sign_with(m, &v, "123456", &sig, &left));
	assert_true(verifies(auth.key, buf_view(&sig)));
	assert_int_equal(c.resets, 1);		/* and the PIN is forgotten */
	assert_false(c.verified);
	assert_int_equal(c.signatures, 1);
}

/* The certificate decides, whatever PrKDF says (rule 4, T7). */
static void
one_pair(const struct made *first, const char *use1, const struct made *second,
    const char *use2, enum err want, const struct made *chosen)
{
	AUTO(means_view_free) struct means_view v = { .event_counter = 0 };
	AUTO(fake_card_drop) struct fake_card c = { .tries = 0 };
	AUTO(buf_free) struct buf sig = BUF(1024);
	AUTO(means_close) struct means *m = NULL;
	struct pin_state left;

	fake_card_make(&c, buf_view(&first->der), use1, buf_view(&second->der), use2);
	c.key[0] = first->key;
	c.key[1] = second->key;
	open_means(&c, NULL, &m);
	assert_err(m->ops->look(m, &v), want);
	if (want != ERR_OK)
		return;
	assert_true(cur_eq(buf_view(&v.cert), buf_view(&chosen->der)));
	assert_ok(sign_with(m, &v, "123456", &sig, &left));
	assert_true(verifies(chosen->key, buf_view(&sig)));
}

static void
only_authentication_logs_in(void **state)
{
	(void)state;
	one_pair(&auth, USE_SIGN, &sign, USE_NON_REP, ERR_OK, &auth);
	one_pair(&sign, USE_SIGN, &auth, USE_SIGN, ERR_OK, &auth);
	one_pair(&sign, USE_SIGN, &decrypt, USE_SIGN, ERR_NO_CERT, NULL);
	one_pair(&both, USE_SIGN, &sign, USE_NON_REP, ERR_NO_CERT, NULL);
	/* declared for signatures: never, even with the right certificate */
	one_pair(&sign, USE_SIGN, &auth, USE_NON_REP, ERR_NO_CERT, NULL);
	/* a key of another kind than its certificate's (vectors 40, 58) */
	one_pair(&ec, USE_SIGN, &sign, USE_NON_REP, ERR_NO_CERT, NULL);
}

static void
refuses_what_is_no_certificate(void **state)
{
	AUTO(buf_free) struct buf longer = BUF(20000);
	AUTO(means_view_free) struct means_view v = { .event_counter = 0 };
	AUTO(fake_card_drop) struct fake_card c = { .tries = 0 };
	AUTO(means_close) struct means *m = NULL;

	(void)state;
	/* The right outside, nonsense within. */
	assert_ok(hex_get(cur_str("300C 30020500 30020500 03020001"), &longer));
	fake_card_make(&c, buf_view(&longer), USE_SIGN, buf_view(&sign.der), USE_NON_REP);
	open_means(&c, NULL, &m);
	assert_err(m->ops->look(m, &v), ERR_NO_CERT);
}

static void
another_card_gets_no_pin(void **state)
{
	AUTO(means_view_free) struct means_view v = { .event_counter = 0 };
	AUTO(fake_card_drop) struct fake_card c = { .tries = 0 };
	AUTO(buf_free) struct buf sig = BUF(1024);
	AUTO(means_close) struct means *m = NULL;
	struct pin_state left;

	(void)state;				/* T9 */
	make_pass(&c);
	open_means(&c, NULL, &m);
	assert_ok(m->ops->look(m, &v));
	c.serial[7]++;
	assert_err(sign_with(m, &v, "123456", &sig, &left), ERR_CARD_CHANGED);
	c.serial[7]--;
	c.events++;
	assert_err(sign_with(m, &v, "123456", &sig, &left), ERR_CARD_CHANGED);
	c.events--;
	v.event_counter++;
	assert_err(sign_with(m, &v, "123456", &sig, &left), ERR_CARD_CHANGED);
	v.event_counter--;
	v.serial[0]++;
	assert_err(sign_with(m, &v, "123456", &sig, &left), ERR_CARD_CHANGED);
	assert_int_equal(c.verifies, 0);
}

/* One login in a fresh process; the APDUs of look and sign together. */
static size_t
one_login(struct fake_card *c, struct card_cache *cache, enum err want)
{
	AUTO(means_view_free) struct means_view v = { .event_counter = 0 };
	AUTO(buf_free) struct buf sig = BUF(1024);
	AUTO(means_close) struct means *m = NULL;
	struct pin_state left;

	c->apdus = 0;
	open_means(c, cache, &m);
	assert_ok(m->ops->look(m, &v));
	assert_true(cur_eq(buf_view(&v.cert), buf_view(&auth.der)));
	assert_err(sign_with(m, &v, "123456", &sig, &left), want);
	assert_int_equal(want == ERR_OK, verifies(auth.key, buf_view(&sig)));
	return c->apdus;
}

static void
cache_serves_the_second_login(void **state)
{
	AUTO(card_cache_close) struct card_cache *cache = NULL;
	AUTO(fake_card_drop) struct fake_card c = { .tries = 0 };
	size_t first;
	char dir[64];

	(void)state;
	make_pass(&c);
	cache = make_cache(dir);
	first = one_login(&c, cache, ERR_OK);
	assert_true(first > 12 && first <= 34);
	assert_int_equal(one_login(&c, cache, ERR_OK), 12);
	/* What the cache says may be why it failed: the next login reads the card. */
	c.refuses = true;
	assert_int_equal(one_login(&c, cache, ERR_CARD), 12);
	c.refuses = false;
	assert_int_equal(one_login(&c, cache, ERR_OK), first);
	remove_cache(&cache, dir);
}

/* A signature that does not fit: the next login reads the card, not what was kept of it. */
static void
doubt_empties_the_cache(void **state)
{
	AUTO(card_cache_close) struct card_cache *cache = NULL;
	AUTO(fake_card_drop) struct fake_card c = { .tries = 0 };
	AUTO(means_view_free) struct means_view v = { .event_counter = 0 };
	AUTO(means_close) struct means *m = NULL;
	size_t first;
	char dir[64];

	(void)state;
	make_pass(&c);
	cache = make_cache(dir);
	first = one_login(&c, cache, ERR_OK);
	assert_int_equal(one_login(&c, cache, ERR_OK), 12);
	open_means(&c, cache, &m);
	assert_ok(m->ops->look(m, &v));
	m->ops->doubt(m, &v);
	assert_int_equal(one_login(&c, cache, ERR_OK), first);
	remove_cache(&cache, dir);
}

static void
unknown_card_is_left_in_peace(void **state)
{
	const struct native_options none = { .drivers = drivers_table,
	    .profiles = (const struct profile *const[]){ NULL } };
	AUTO(card_cache_close) struct card_cache *cache = NULL;
	AUTO(means_view_free) struct means_view v = { .event_counter = 0 };
	AUTO(fake_card_drop) struct fake_card c = { .tries = 0 };
	AUTO(means_close) struct means *m = NULL;
	struct pcsc_reader_state s = { .name = "Reader 00 00", .event_counter = 1,
	    .service = 1 };
	AUTO(buf_free) struct buf atr = BUF(CARD_ATR_MAX);
	char dir[64];

	(void)state;
	make_pass(&c);
	assert_err(native_open(fake_card_reader(&c, "Reader 00 00", ATR), &none, &m),
	    ERR_CARD_UNKNOWN);
	cache = make_cache(dir);
	c.alien = true;
	open_means(&c, cache, &m);
	assert_err(m->ops->look(m, &v), ERR_CARD_UNKNOWN);
	assert_int_equal(c.apdus, 1);
	assert_ok(hex_get(cur_str(ATR), &atr));
	memcpy(s.atr, atr.p, atr.len);
	s.atr_len = atr.len;
	assert_true(card_cache_is_unknown(cache, profiles, &s));
	/* Who has no profiles says nothing to who has some. */
	assert_false(card_cache_is_unknown(cache, none.profiles, &s));
	remove_cache(&cache, dir);
}

/* hostile-cards, vectors 44 to 46 */

static void
signatures_get_their_length(void **state)
{
	uint8_t k[257] = { 0 };
	AUTO(buf_free) struct buf b = BUF(1024);

	(void)state;
	k[1] = 0x55;
	k[256] = 0x66;
	assert_ok(signature_rsa(cur_of(k + 1, 256), 256, &b));
	assert_true(cur_eq(buf_view(&b), cur_of(k + 1, 256)));
	buf_clear(&b);
	assert_ok(signature_rsa(cur_of(k + 2, 255), 256, &b));	/* 45: stripped */
	assert_int_equal(b.len, 256);
	assert_int_equal(b.p[0], 0);
	assert_int_equal(b.p[255], 0x66);
	buf_clear(&b);
	assert_ok(signature_rsa(cur_of(k, 257), 256, &b));	/* one zero too many */
	assert_true(cur_eq(buf_view(&b), cur_of(k + 1, 256)));
	buf_clear(&b);
	k[0] = 1;
	assert_err(signature_rsa(cur_of(k, 257), 256, &b), ERR_CARD);
	assert_err(signature_rsa(cur_of(k, 0), 256, &b), ERR_CARD);
	assert_err(signature_rsa(cur_of(k, 257), 255, &b), ERR_CARD);
	assert_int_equal(b.len, 0);
}

static enum err
ecdsa(const char *hex, size_t n, struct buf *ret)
{
	AUTO(buf_free) struct buf in = BUF(256);

	buf_clear(ret);
	assert_ok(hex_get(cur_str(hex), &in));
	return signature_ecdsa(buf_view(&in), n, ret);
}

static void
ecdsa_becomes_r_and_s(void **state)
{
	const char *const bad[] = {
		"30 06 02 01 00 02 01 01",		/* r = 0 */
		"30 06 02 01 01 02 01 80",		/* negative */
		"30 07 02 02 00 01 02 01 01",		/* not minimal */
		"30 08 02 03 01 02 03 02 01 01",	/* too long, n = 2 */
		"30 06 02 01 01 02 01 01 00",		/* trailing */
		"30 09 02 01 01 02 01 01 02 01 01",	/* three of them */
		"30 03 02 01 01", "30 00", "", "01", "00 00 01 01", "01 01 00 00",
		"30 06 02 00 02 02 01 01",
	};
	AUTO(buf_free) struct buf b = BUF(256);

	(void)state;				/* vector 46, with integers of 2 bytes */
	assert_ok(ecdsa("30 07 02 02 12 34 02 01 05", 2, &b));
	assert_true(cur_eq(buf_view(&b), cur_of("\x12\x34\x00\x05", 4)));
	assert_ok(ecdsa("30 0A 02 03 00 82 34 02 03 00 FF FF", 2, &b));
	assert_true(cur_eq(buf_view(&b), cur_of("\x82\x34\xff\xff", 4)));
	assert_ok(ecdsa("12 34 00 05", 2, &b));
	assert_int_equal(b.len, 4);
	for (size_t i = 0; i < NELEM(bad); i++)
		assert_err(ecdsa(bad[i], 2, &b), ERR_CARD);
}

static void
drop_last_byte(struct buf *sig)
{
	sig->len--;
	memmove(sig->p, sig->p + 1, sig->len);
}

static void
add_a_byte(struct buf *sig)
{
	buf_u8(sig, 1);
}

/* Vectors 44 and 45. */
static void
spoilt_signatures_do_not_verify(void **state)
{
	AUTO(means_view_free) struct means_view v = { .event_counter = 0 };
	AUTO(fake_card_drop) struct fake_card c = { .tries = 0 };
	AUTO(buf_free) struct buf sig = BUF(1024);
	AUTO(means_close) struct means *m = NULL;
	struct pin_state left;

	(void)state;
	make_pass(&c);
	open_means(&c, NULL, &m);
	assert_ok(m->ops->look(m, &v));
	c.spoil = drop_last_byte;
	assert_ok(sign_with(m, &v, "123456", &sig, &left));
	assert_int_equal(sig.len, 256);		/* of the right length ... */
	assert_false(verifies(auth.key, buf_view(&sig)));	/* but wrong */
	buf_clear(&sig);
	c.spoil = add_a_byte;
	assert_ok(sign_with(m, &v, "123456", &sig, &left));
	/* no more is taken than was asked for (vector 19) */
	assert_int_equal(sig.len, 256);
	assert_true(verifies(auth.key, buf_view(&sig)));
}

/* Which reader: PC/SC is what these say. */

static struct world {
	struct pcsc_reader_state readers[4];
	struct fake_card card[4];
	size_t	 n;
	size_t	 connects;
	enum err list, connect;
} world;

enum err
pcsc_list(struct pcsc *p, struct pcsc_reader_state *ret, size_t max, size_t *ret_n)
{
	(void)p;
	for (size_t i = 0; i < world.n && i < max; i++)
		ret[i] = world.readers[i];
	*ret_n = world.n;
	return world.list;
}

enum err
pcsc_connect(struct pcsc *p, const char *reader, struct reader **ret)
{
	(void)p;
	world.connects++;
	if (world.connect != ERR_OK)
		return world.connect;
	for (size_t i = 0; i < world.n; i++)
		if (strcmp(world.readers[i].name, reader) == 0) {
			AUTO(buf_free) struct buf hex = BUF(128);

			hex_put(&hex, cur_of(world.readers[i].atr,
			    world.readers[i].atr_len));
			*ret = fake_card_reader(&world.card[i], reader, buf_cstr(&hex));
			return ERR_OK;
		}
	return ERR_REMOVED;
}

enum what { EMPTY, UZI, UZI_UNLISTED, UZI_LOCKED, ALIEN, MUTE };

static void
put_reader(size_t i, enum what what)
{
	struct pcsc_reader_state *s = &world.readers[i];
	AUTO(buf_free) struct buf atr = BUF(CARD_ATR_MAX);

	*s = (struct pcsc_reader_state){ .present = what != EMPTY, .mute = what == MUTE,
	    .event_counter = 1, .service = 1 };
	snprintf(s->name, sizeof(s->name), "Reader %02zu 00", i);
	assert_ok(hex_get(cur_str(what == UZI ? ATR : "3B800181"), &atr));
	if (what != EMPTY && what != MUTE) {
		memcpy(s->atr, atr.p, atr.len);
		s->atr_len = atr.len;
	}
	fake_card_drop(&world.card[i]);
	make_pass(&world.card[i]);
	world.card[i].alien = what == ALIEN;
	world.card[i].locked = what == UZI_LOCKED;
	if (i >= world.n)
		world.n = i + 1;
}

static int
empty_world(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(world.card); i++)
		fake_card_drop(&world.card[i]);
	world = (struct world){ .n = 0 };
	return 0;
}

static const struct native_search plain = {
	.o = { .profiles = profiles, .drivers = drivers_table },
};

static void
says_what_is_missing(void **state)
{
	struct pcsc_reader_state found;

	(void)state;
	assert_err(native_find(NULL, &plain, &found), ERR_NO_READER);
	put_reader(0, EMPTY);
	assert_err(native_find(NULL, &plain, &found), ERR_NO_CARD);
	put_reader(0, ALIEN);
	assert_err(native_find(NULL, &plain, &found), ERR_CARD_UNKNOWN);
	put_reader(0, MUTE);
	assert_err(native_find(NULL, &plain, &found), ERR_CARD_UNKNOWN);
	world.list = ERR_NO_SERVICE;
	assert_err(native_find(NULL, &plain, &found), ERR_NO_SERVICE);
}

static void
takes_the_only_usable_card(void **state)
{
	struct pcsc_reader_state found;

	(void)state;
	put_reader(0, ALIEN);
	put_reader(1, UZI);
	put_reader(2, EMPTY);
	assert_ok(native_find(NULL, &plain, &found));
	assert_string_equal(found.name, "Reader 01 00");
	assert_int_equal(world.connects, 0);	/* nothing was sent to the other card */
	put_reader(1, UZI_UNLISTED);
	assert_ok(native_find(NULL, &plain, &found));
	assert_string_equal(found.name, "Reader 01 00");
	assert_int_equal(world.card[0].apdus, 1);	/* one SELECT, no more */
	put_reader(1, UZI_LOCKED);
	assert_ok(native_find(NULL, &plain, &found));	/* look() will say it */
	assert_string_equal(found.name, "Reader 01 00");
}

static void
never_guesses(void **state)
{
	struct native_search s = plain;
	struct pcsc_reader_state found, before[2];

	(void)state;
	put_reader(0, UZI);
	put_reader(1, UZI);
	assert_err(native_find(NULL, &s, &found), ERR_SEVERAL_CARDS);
	memcpy(before, world.readers, sizeof(before));
	s.before = before;
	s.n_before = 2;
	assert_err(native_find(NULL, &s, &found), ERR_SEVERAL_CARDS);
	/* One was inserted, or inserted again, after the login began. */
	world.readers[1].event_counter = 3;
	assert_ok(native_find(NULL, &s, &found));
	assert_string_equal(found.name, "Reader 01 00");
	world.readers[0].event_counter = 3;
	assert_err(native_find(NULL, &s, &found), ERR_SEVERAL_CARDS);
	world.readers[1].event_counter = 1;
	before[0].present = false;
	world.readers[0].event_counter = 1;
	assert_ok(native_find(NULL, &s, &found));
	assert_string_equal(found.name, "Reader 00 00");
	/* A card that a profile names comes before one that only answers. */
	put_reader(0, UZI_UNLISTED);
	assert_ok(native_find(NULL, &plain, &found));
	assert_string_equal(found.name, "Reader 01 00");
	put_reader(1, UZI_UNLISTED);
	assert_err(native_find(NULL, &plain, &found), ERR_SEVERAL_CARDS);
}

static void
ignores_what_the_configuration_says(void **state)
{
	const char *const ignore[] = { "nothing", "01 00", "" };
	struct native_search s = plain;
	struct pcsc_reader_state found;

	(void)state;
	s.ignore = ignore;
	s.n_ignore = 3;
	put_reader(0, UZI);
	put_reader(1, UZI);
	assert_ok(native_find(NULL, &s, &found));
	assert_string_equal(found.name, "Reader 00 00");
	put_reader(0, EMPTY);
	assert_err(native_find(NULL, &s, &found), ERR_NO_CARD);
	assert_false(reader_ignored("Reader", ignore, 0));
}

static void
probes_once_per_insertion(void **state)
{
	AUTO(card_cache_close) struct card_cache *cache = NULL;
	struct native_search s = plain;
	struct pcsc_reader_state found;
	char dir[64];

	(void)state;				/* rule 6 */
	cache = make_cache(dir);
	s.o.cache = cache;
	put_reader(0, ALIEN);
	assert_err(native_find(NULL, &s, &found), ERR_CARD_UNKNOWN);
	assert_err(native_find(NULL, &s, &found), ERR_CARD_UNKNOWN);
	assert_int_equal(world.card[0].apdus, 1);
	world.readers[0].event_counter = 3;
	assert_err(native_find(NULL, &s, &found), ERR_CARD_UNKNOWN);
	assert_int_equal(world.card[0].apdus, 2);
	/* One that is known is not asked again either. */
	put_reader(1, UZI_UNLISTED);
	assert_ok(native_find(NULL, &s, &found));
	assert_ok(native_find(NULL, &s, &found));
	assert_string_equal(found.name, "Reader 01 00");
	assert_int_equal(world.card[1].apdus, 1);
	put_reader(1, EMPTY);
	/* Busy is no verdict: the login itself will wait and say so. */
	world.readers[0].event_counter = 5;
	world.connect = ERR_CARD_BUSY;
	assert_ok(native_find(NULL, &s, &found));
	world.connect = ERR_NO_SERVICE;
	assert_err(native_find(NULL, &s, &found), ERR_NO_SERVICE);
	world.connect = ERR_OK;
	assert_err(native_find(NULL, &s, &found), ERR_CARD_UNKNOWN);
	remove_cache(&cache, dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks_and_signs),
		cmocka_unit_test(only_authentication_logs_in),
		cmocka_unit_test(refuses_what_is_no_certificate),
		cmocka_unit_test(another_card_gets_no_pin),
		cmocka_unit_test(cache_serves_the_second_login),
		cmocka_unit_test(doubt_empties_the_cache),
		cmocka_unit_test(unknown_card_is_left_in_peace),
		cmocka_unit_test(signatures_get_their_length),
		cmocka_unit_test(ecdsa_becomes_r_and_s),
		cmocka_unit_test(spoilt_signatures_do_not_verify),
		cmocka_unit_test_setup_teardown(says_what_is_missing, empty_world,
		    empty_world),
		cmocka_unit_test_setup_teardown(takes_the_only_usable_card, empty_world,
		    empty_world),
		cmocka_unit_test_setup_teardown(never_guesses, empty_world, empty_world),
		cmocka_unit_test_setup_teardown(ignores_what_the_configuration_says,
		    empty_world, empty_world),
		cmocka_unit_test_setup_teardown(probes_once_per_insertion, empty_world,
		    empty_world),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
