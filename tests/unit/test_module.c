/* SPDX-License-Identifier: EUPL-1.2 */
/* A vendor's library as a login means: a library and a reader that do as they are told. */
#include "tests/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "base/file.h"
#include "card/reader.h"
#include "jose/jws.h"
#include "means/module.h"
#include "tests/unit/make_cert.h"

#define TBS	"eyJhbGciOiJSUzI1NiJ9.e30"
#define READER	"Reader B 01 00"

/* The reader's side, and what happened to it. */
struct fake_reader {
	uint32_t events;
	uint32_t jump_after;		/* another counter after so many questions; 0: never */
	enum err begin;
	unsigned asked, resets;
};

static struct {
	char	 dir[64], cert[96], key[96], log[96], library[256];
	struct made leaf;
	struct fake_reader reader;
	int	 depth;			/* of library_busy() */
	unsigned times;
} t;

static void
note_reset(void)
{
	int fd = open(t.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "reset\n", 6), 6);
	close(fd);
}

static enum err
reader_begin(struct reader *r)
{
	(void)r;
	return t.reader.begin == ERR_OK ? ERR_OK : fail(t.reader.begin, "told to");
}

static void
reader_end(struct reader *r, enum reader_end how)
{
	(void)r;
	if (how == READER_RESET) {
		t.reader.resets++;
		note_reset();
	}
}

static enum err
reader_events(struct reader *r, uint32_t *ret)
{
	(void)r;
	t.reader.asked++;
	*ret = t.reader.events +
	    (t.reader.jump_after != 0 && t.reader.asked > t.reader.jump_after);
	return ERR_OK;
}

static void
reader_closed(struct reader *r)
{
	(void)r;
}

static const struct reader_ops reader_ops = {
	.begin = reader_begin, .end = reader_end, .events = reader_events,
	.close = reader_closed,
};

static struct reader *
reader_new(const char *name)
{
	struct reader *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->ops = &reader_ops;
	snprintf(r->name, sizeof(r->name), "%s", name);
	r->event_counter = t.reader.events;
	return r;
}

static void
library_busy(void *arg, bool is)
{
	(void)arg;
	t.depth += is ? 1 : -1;
	t.times++;
	assert_true(t.depth == 0 || t.depth == 1);
}

static void
write_der(const char *path, const struct buf *der)
{
	assert_ok(file_write(path, buf_view(der), 0600));
}

static void
token_has(const struct made *m)
{
	FILE *f = fopen(t.key, "w");

	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, m->key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
	write_der(t.cert, &m->der);
}

static void
make_leaf(const char *kind, const char *usage, struct made *ret)
{
	const struct recipe how = { .cn = "Test", .kind = kind, .usage = usage };

	made_drop(ret);
	make_cert(&how, NULL, ret);
}

static int
setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	snprintf(t.dir, sizeof(t.dir), "/tmp/test_module.XXXXXX");
	assert_non_null(mkdtemp(t.dir));
	snprintf(t.cert, sizeof(t.cert), "%s/cert", t.dir);
	snprintf(t.key, sizeof(t.key), "%s/key", t.dir);
	snprintf(t.log, sizeof(t.log), "%s/log", t.dir);
	snprintf(t.library, sizeof(t.library), "%s/tests/unit/.libs/fake_p11.so",
	    getenv("builddir"));
	t.reader.events = 4;
	make_leaf("RSA2048", "critical,digitalSignature", &t.leaf);
	token_has(&t.leaf);
	setenv("FAKE_P11_CERT", t.cert, 1);
	setenv("FAKE_P11_KEY", t.key, 1);
	setenv("FAKE_P11_LOG", t.log, 1);
	setenv("FAKE_P11_READER", READER, 1);
	unsetenv("FAKE_P11_DO");
	unsetenv("FAKE_P11_OTHER");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	made_drop(&t.leaf);
	unlink(t.cert);
	unlink(t.key);
	unlink(t.log);
	rmdir(t.dir);
	assert_int_equal(t.depth, 0);
	return 0;
}

static struct module_options
options(void)
{
	return (struct module_options){ .name = "fake", .library = t.library, .pinpad = true,
		.busy = library_busy };
}

/* Open and look; the reader is called READER. */
static struct means *
looked(struct means_view *v)
{
	struct module_options o = options();
	struct means *m;

	assert_ok(module_open(reader_new(READER), &o, &m));
	assert_ok(m->ops->look(m, v));
	return m;
}

static enum err
sign_with(struct means *m, const struct means_view *v, const char *pin, bool last,
    struct buf *sig, struct pin_state *state)
{
	AUTO(secret_wipe) struct secret s = { 0 };

	assert_ok(secret_set(&s, cur_str(pin)));
	return m->ops->sign(m, v, &s, last, cur_str(TBS), sig, state);
}

static enum err
one_login(const char *do_what, const char *pin, struct buf *sig, struct pin_state *state)
{
	AUTO(means_view_free) struct means_view v = { 0 };
	AUTO(means_close) struct means *m = NULL;

	setenv("FAKE_P11_DO", do_what, 1);
	m = looked(&v);
	return sign_with(m, &v, pin, false, sig, state);
}

static void
was_called(const char *want)
{
	AUTO(buf_free) struct buf log = BUF(4096);
	enum err r = file_read(t.log, &log);

	assert_true(r == ERR_OK || r == ERR_NOT_FOUND);
	assert_string_equal(buf_cstr(&log) == NULL ? "" : buf_cstr(&log), want);
	unlink(t.log);
}

/* T8: logged out, finalised, and then reset by us. */
static void
signs_and_leaves_the_card_locked(void **state)
{
	AUTO(buf_free) struct buf sig = BUF(1024);
	struct pin_state pin;

	(void)state;
	assert_ok(one_login("", "123456", &sig, &pin));
	was_called("C_Initialize\nC_CloseSession\nC_Login\nC_Sign\nC_Logout\n"
	    "C_CloseSession\nC_Finalize\nreset\n");
	assert_ok(jws_verify(JWS_RS256, t.leaf.key, cur_str(TBS), buf_view(&sig)));
	assert_int_equal(t.reader.resets, 1);
	assert_true(t.times != 0);
}

static void
tells_what_it_found(void **state)
{
	AUTO(means_view_free) struct means_view v = { 0 };
	AUTO(means_close) struct means *m = NULL;

	(void)state;
	m = looked(&v);
	assert_string_equal(m->ops->name, "module");
	assert_false(m->ops->one_transaction);
	assert_string_equal(v.reader, READER);
	assert_string_equal(v.driver, "fake");
	assert_string_equal(v.serial, "462D30303031");
	assert_int_equal(v.event_counter, 4);
	assert_int_equal(v.pin.tries, -1);
	assert_int_equal(v.pin_min, 4);
	assert_int_equal(v.pin_max, 12);
	assert_false(v.pinpad);
	assert_true(cur_eq(buf_view(&v.cert), buf_view(&t.leaf.der)));
}

/* A key of another kind; a library that knows hashing mechanisms only; a PIN twice. */
static void
other_ways_to_sign(void **state)
{
	AUTO(buf_free) struct buf sig = BUF(1024);
	struct pin_state pin;

	(void)state;
	assert_ok(one_login("hashes-itself always", "123456", &sig, &pin));
	assert_ok(jws_verify(JWS_RS256, t.leaf.key, cur_str(TBS), buf_view(&sig)));
	make_leaf("P-256", "critical,digitalSignature", &t.leaf);
	token_has(&t.leaf);
	buf_clear(&sig);
	assert_ok(one_login("", "123456", &sig, &pin));
	assert_ok(jws_verify(JWS_ES256, t.leaf.key, cur_str(TBS), buf_view(&sig)));
}

static void
a_wrong_pin_disturbs_nobody(void **state)
{
	AUTO(buf_free) struct buf sig = BUF(1024);
	AUTO(means_view_free) struct means_view v = { 0 };
	AUTO(means_close) struct means *m = NULL;
	struct pin_state pin;

	(void)state;
	m = looked(&v);
	assert_int_equal(sign_with(m, &v, "654321", false, &sig, &pin), ERR_PIN_WRONG);
	assert_int_equal(t.reader.resets, 0);
	/* The library has been finalised: there is no second PIN. */
	assert_int_equal(sign_with(m, &v, "123456", false, &sig, &pin), ERR_UNSUPPORTED);
	assert_int_equal(sig.len, 0);
}

/* DESIGN section 6 rule 2, by the token's flags (T26). */
static void
tries_are_what_the_flags_say(void **state)
{
	AUTO(buf_free) struct buf sig = BUF(1024);
	struct pin_state pin;

	(void)state;
	assert_int_equal(one_login("final-try", "123456", &sig, &pin), ERR_PIN_LAST_TRY);
	assert_int_equal(pin.tries, 1);
	assert_true(pin.last_try);
	assert_int_equal(one_login("locked", "123456", &sig, &pin), ERR_PIN_BLOCKED);
	assert_true(pin.blocked);
	assert_int_equal(one_login("", "123", &sig, &pin), ERR_PIN_LENGTH);
	assert_int_equal(one_login("", "1234567890123", &sig, &pin), ERR_PIN_LENGTH);
	assert_int_equal(t.reader.resets, 0);
	unlink(t.log);
	{
		AUTO(means_view_free) struct means_view v = { 0 };
		AUTO(means_close) struct means *m = NULL;

		setenv("FAKE_P11_DO", "final-try", 1);
		m = looked(&v);
		assert_true(v.pin.last_try);
		assert_ok(sign_with(m, &v, "123456", true, &sig, &pin));
	}
}

/* T9: the counter is the reader's, and the library has no say in it. */
static void
a_card_that_was_out_is_another_card(void **state)
{
	AUTO(buf_free) struct buf sig = BUF(1024);
	struct pin_state pin;

	(void)state;
	t.reader.jump_after = 1;	/* after the PIN was sent */
	assert_int_equal(one_login("", "123456", &sig, &pin), ERR_CARD_CHANGED);
	assert_int_equal(sig.len, 0);
	assert_int_equal(t.reader.resets, 1);
	unlink(t.log);
	{
		AUTO(means_view_free) struct means_view v = { 0 };
		AUTO(means_close) struct means *m = NULL;

		t.reader.jump_after = 0;
		m = looked(&v);
		t.reader.events++;	/* before the PIN was sent */
		assert_int_equal(sign_with(m, &v, "123456", false, &sig, &pin),
		    ERR_CARD_CHANGED);
	}
	was_called("C_Initialize\nC_CloseSession\nC_CloseSession\nC_Finalize\n");
}

static void
another_token_or_certificate_is_another_card(void **state)
{
	AUTO(made_drop) struct made other = { 0 };
	AUTO(buf_free) struct buf sig = BUF(1024);
	AUTO(means_view_free) struct means_view v = { 0 };
	AUTO(means_close) struct means *m = NULL;
	struct pin_state pin;

	(void)state;
	assert_int_equal(one_login("swaps", "123456", &sig, &pin), ERR_CARD_CHANGED);
	assert_int_equal(t.reader.resets, 1);
	unlink(t.log);
	setenv("FAKE_P11_DO", "", 1);
	m = looked(&v);
	make_leaf("RSA2048", "critical,digitalSignature", &other);
	token_has(&other);
	assert_int_equal(sign_with(m, &v, "123456", false, &sig, &pin), ERR_CARD_CHANGED);
	was_called("C_Initialize\nC_CloseSession\nC_CloseSession\nC_Finalize\n");
}

/* Where we cannot lock the card again, nothing that it signed is used. */
static void
no_reset_no_signature(void **state)
{
	AUTO(buf_free) struct buf sig = BUF(1024);
	struct pin_state pin;

	(void)state;
	t.reader.begin = ERR_CARD_BUSY;
	assert_int_equal(one_login("", "123456", &sig, &pin), ERR_CARD_BUSY);
	assert_int_equal(sig.len, 0);
	/* What went wrong first is what is told. */
	assert_int_equal(one_login("vanishes", "123456", &sig, &pin), ERR_REMOVED);
	assert_non_null(strstr(err_trail(), "C_Sign"));
}

/* T7 */
static void
only_the_certificate_for_login(void **state)
{
	AUTO(made_drop) struct made signature = { 0 };
	AUTO(buf_free) struct buf sig = BUF(1024);
	struct module_options o = options();
	struct means_view v = { 0 };
	char path[96];
	struct means *m;
	struct pin_state pin;

	(void)state;
	make_leaf("RSA2048", "critical,nonRepudiation", &signature);
	snprintf(path, sizeof(path), "%s/other", t.dir);
	write_der(path, &signature.der);
	setenv("FAKE_P11_OTHER", path, 1);
	assert_ok(one_login("", "123456", &sig, &pin));
	setenv("FAKE_P11_CERT", path, 1);
	assert_ok(module_open(reader_new(READER), &o, &m));
	assert_int_equal(m->ops->look(m, &v), ERR_NO_CERT);
	means_close(&m);
	unlink(path);
}

static void
finds(const char *reader, const char *slot, bool alone, enum err want)
{
	struct module_options o = options();
	struct means_view v = { 0 };
	struct means *m;

	o.alone = alone;
	setenv("FAKE_P11_READER", slot, 1);
	assert_ok(module_open(reader_new(reader), &o, &m));
	assert_int_equal(m->ops->look(m, &v), want);
	means_view_free(&v);
	means_close(&m);
}

#define LONG63	"A reader whose name is so long that PKCS #11 cuts it off behin "

static void
the_token_is_that_of_the_reader(void **state)
{
	(void)state;
	assert_int_equal(sizeof(LONG63) - 1, 63);
	finds(READER, READER, false, ERR_OK);
	finds("Reader B 01 01", READER, false, ERR_CARD_UNKNOWN);
	finds("Reader B 01 0", READER, false, ERR_CARD_UNKNOWN);
	finds(LONG63 "xyz 00 00", LONG63 "x", false, ERR_OK);
	finds(LONG63 " yz 00 00", LONG63 " ", false, ERR_OK);
	/* A slot with a name of its own: only when nothing else can be meant. */
	finds(READER, "SafeSign 1", false, ERR_CARD_UNKNOWN);
	finds(READER, "SafeSign 1", true, ERR_OK);
	setenv("FAKE_P11_DO", "bad-slot", 1);
	finds(READER, READER, false, ERR_OK);
}

static void
a_pin_on_the_reader_is_not_ours(void **state)
{
	AUTO(buf_free) struct buf sig = BUF(1024);
	AUTO(means_view_free) struct means_view v = { 0 };
	AUTO(means_close) struct means *m = NULL;
	struct pin_state pin;

	(void)state;
	setenv("FAKE_P11_DO", "pinpad always", 1);
	m = looked(&v);
	assert_true(v.pinpad);
	assert_ok(sign_with(m, &v, "", false, &sig, &pin));
}

/* T29: what cannot be is told as such, and nothing is kept of it. */
static void
nonsense_is_refused(void **state)
{
	static const struct {
		const char *what;
		enum err open, look;
	} rows[] = {
		{ "init-fails", ERR_MODULE, ERR_OK }, { "no-list", ERR_MODULE, ERR_OK },
		{ "incomplete", ERR_MODULE, ERR_OK },
		{ "many-slots", ERR_OK, ERR_MODULE }, { "counts-wrong", ERR_OK, ERR_MODULE },
		{ "endless", ERR_OK, ERR_NO_CERT }, { "cert-garbage", ERR_OK, ERR_NO_CERT },
		{ "huge-attributes", ERR_OK, ERR_NO_CERT }, { "no-cert", ERR_OK, ERR_NO_CERT },
		{ "private-cert", ERR_OK, ERR_NO_CERT }, { "empty", ERR_OK, ERR_CARD_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(rows); i++) {
		struct module_options o = options();
		struct means_view v = { 0 };
		struct means *m = NULL;

		setenv("FAKE_P11_DO", rows[i].what, 1);
		assert_int_equal(module_open(reader_new(READER), &o, &m), rows[i].open);
		if (m != NULL)
			assert_int_equal(m->ops->look(m, &v), rows[i].look);
		means_close(&m);
	}
}

static void
what_is_no_library_is_refused(void **state)
{
	struct module_options o = options();
	struct means *m;

	(void)state;
	o.library = "/nonexistent.so";
	assert_int_equal(module_open(reader_new(READER), &o, &m), ERR_MODULE);
	o.library = t.cert;
	assert_int_equal(module_open(reader_new(READER), &o, &m), ERR_MODULE);
}

static void
a_library_can_be_asked_who_it_is(void **state)
{
	struct module_options o = options();
	struct module_facts f;

	(void)state;
	o.no_reader = true;
	assert_ok(module_probe(&o, &f));
	assert_string_equal(f.manufacturer, "Tests");
	assert_string_equal(f.description, "Fake token");
	assert_int_equal(f.tokens, 1);
	assert_string_equal(f.readers[0], READER);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(signs_and_leaves_the_card_locked),
		TEST(tells_what_it_found),
		TEST(other_ways_to_sign),
		TEST(a_wrong_pin_disturbs_nobody),
		TEST(tries_are_what_the_flags_say),
		TEST(a_card_that_was_out_is_another_card),
		TEST(another_token_or_certificate_is_another_card),
		TEST(no_reset_no_signature),
		TEST(only_the_certificate_for_login),
		TEST(the_token_is_that_of_the_reader),
		TEST(a_pin_on_the_reader_is_not_ours),
		TEST(nonsense_is_refused),
		TEST(what_is_no_library_is_refused),
		TEST(a_library_can_be_asked_who_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
