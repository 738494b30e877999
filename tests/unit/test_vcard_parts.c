/* SPDX-License-Identifier: EUPL-1.2 */
/* What the simulator reads: card files, states, orders, messages of vpcd; its faults. */
#include "tests/check.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/b64.h"
#include "vcard/der.h"
#include "vcard/link.h"
#include "vcard/passfile.h"

/*
 * Card files.
 */

#define PUK_LINE	"[card]\npuk = 12345678\n"

static enum err
parse(const char *text, struct card_file *ret)
{
	return card_file_parse(cur_str(text), ret);
}

static void
card_file_right(void **state UNUSED)
{
	struct card_file f;

	assert_ok(parse(PUK_LINE "pin = abc123\natr = 3B 80 01 81\n"
	    "serial = 00112233445566FF\n"
	    "pin_tries = 5\n"
	    "[applet]\nvendor_lock = yes\npin_padding = none\nend_of_file = 6B00\n"
	    "read_max = 256\npin_reference = 2\n"
	    "[key signature]\nkey = a.key\ncertificate = b.der\nreference = 7\n"
	    "file = 05A1\n"
	    "consent = yes\n"
	    "[ca root]\ncertificate = r.der\n"
	    "[delay]\napdu_ms = 15\nbyte_us = 100\nsignature_ms = 400\n", &f));
	assert_string_equal(f.secrets[USER_PIN], "abc123");
	assert_int_equal(f.atr_len, 4);
	assert_int_equal(f.serial[7], 0xff);
	assert_int_equal(f.tries[USER_PIN], 5);
	assert_int_equal(f.tries[PUK], 3);
	assert_true(f.vendor_lock);
	assert_int_equal(f.pin_padding, PAD_NONE);
	assert_int_equal(f.end_of_file, END_6B00);
	assert_int_equal(f.read_max, 256);
	assert_int_equal(f.references[USER_PIN], 2);
	assert_false(f.keys[AUTHENTICATION].present);
	assert_true(f.keys[SIGNATURE].present && f.keys[SIGNATURE].consent);
	assert_int_equal(f.keys[SIGNATURE].reference, 7);
	assert_int_equal(f.keys[SIGNATURE].file, 0x05a1);
	assert_int_equal(f.cas_n, 1);
	assert_string_equal(f.cas[0].label, "root");
	assert_int_equal(f.delays.apdu_ms, 15);
	assert_int_equal(f.delays.byte_us, 100);
	assert_int_equal(f.delays.sign_ms, 400);
}

/* The ATR of a UZI pass is the default. */
static void
card_file_defaults_are_uzi(void **state UNUSED)
{
	AUTO(buf_free) struct buf hex = BUF(128);
	struct card_file f;

	assert_ok(parse(PUK_LINE, &f));
	hex_put(&hex, cur_of(f.atr, f.atr_len));
	assert_string_equal(buf_cstr(&hex),
	    "3BDC18FF8191FE1FC3060A2B06010401E910050204D6");
	assert_int_equal(f.read_max, 0xfe);
	assert_true(f.activated && f.tries_query && !f.vendor_lock && !f.logout);
}

/* Each line that is wrong says so, with its number. */
static void
card_file_wrong(void **state UNUSED)
{
	static const struct {
		const char *text, *says;
	} files[] = {
		{ "", "puk" },
		{ "[card]\npin = 123456\n", "puk" },
		{ "pin = 1\n", "line 1" },
		{ "[card\n", "line 1" },
		{ PUK_LINE "colour = red\n", "line 3" },
		{ PUK_LINE "serial = 00\n", "line 3: expected 8" },
		{ PUK_LINE "serial = zz\n", "line 3" },
		{ PUK_LINE "atr = 3B\n", "line 3" },
		{ PUK_LINE "pin = 1234567890123456\n", "line 3" },
		{ PUK_LINE "pin = 12 34\n", "line 3" },
		{ PUK_LINE "pin = p\xc3\xafn\n", "line 3" },
		{ PUK_LINE "pin_tries = 0\n", "line 3" },
		{ PUK_LINE "pin_tries = 16\n", "line 3" },
		{ PUK_LINE "[applet]\nlogout = maybe\n", "line 4: expected yes or no" },
		{ PUK_LINE "[applet]\nend_of_file = 6A82\n", "line 4: expected one of" },
		{ PUK_LINE "[applet]\nread_max = 0\n", "line 4" },
		{ PUK_LINE "[applet]\npin_reference = 1\n", "share a reference" },
		{ PUK_LINE "[applet]\nunlock = yes\n", "line 4" },
		{ PUK_LINE "[applet x]\n", "line 3" },
		{ PUK_LINE "[key]\n", "line 3" },
		{ PUK_LINE "[key login]\n", "line 3" },
		{ PUK_LINE "[key signature]\n[key signature]\n",
		    "line 4: expected each key once" },
		{ PUK_LINE "[key signature]\nkey = a\n", "no certificate" },
		{ PUK_LINE "[key signature]\ncertificate = a\n", "no key" },
		{ PUK_LINE "[key signature]\nfile = 0001\n", "line 4: expected a file" },
		{ PUK_LINE "[key signature]\nfile = 3FFF\n", "line 4: expected a file" },
		{ PUK_LINE "[key signature]\nreference = 256\n", "line 4" },
		{ PUK_LINE "[key signature]\nkey = a\ncertificate = b\nfile = 1371\n"
		    "[ca r]\ncertificate = c\n", "share a file" },
		{ PUK_LINE "[key signature]\nkey = a\ncertificate = b\nreference = 2\n"
		    "[key confidentiality]\nkey = a\ncertificate = b\n",
		    "share a file or" },
		{ PUK_LINE "[ca]\n", "line 3" },
		{ PUK_LINE "[ca r]\nkey = a\n", "line 4" },
		{ PUK_LINE "[ca 1]\n[ca 2]\n[ca 3]\n[ca 4]\n[ca 5]\n[ca 6]\n"
		    "[ca 7]\n[ca 8]\n[ca 9]\n", "line 11: expected at most 8" },
		{ PUK_LINE "[delay]\napdu_ms = -1\n", "line 4" },
		{ PUK_LINE "[delay]\nwait = 1\n", "line 4" },
	};
	struct card_file f;

	for (size_t i = 0; i < NELEM(files); i++) {
		enum err r = parse(files[i].text, &f);

		if (r == ERR_OK || strstr(err_trail(), files[i].says) == NULL)
			print_error("%s -> %s\n", files[i].text, err_trail());
		assert_true(r == ERR_CONFIG || r == ERR_MALFORMED);
		assert_non_null(strstr(err_trail(), files[i].says));
	}
}

/*
 * States.
 */

static void
state_comes_back(void **state UNUSED)
{
	AUTO(buf_free) struct buf text = BUF(4096);
	struct card_file f;
	struct card_state old, back;

	assert_ok(parse(PUK_LINE "pin = 123456\n", &f));
	card_state_new(&f, &old);
	old.tries[USER_PIN] = 1;
	old.tries[PUK] = 0;
	snprintf(old.secrets[USER_PIN], sizeof(old.secrets[USER_PIN]), "654321");
	card_state_put(&text, &f, &old);
	assert_ok(buf_end(&text));
	card_state_new(&f, &back);
	assert_false(card_state_eq(&old, &back));
	assert_ok(card_state_parse(buf_view(&text), &f, &back));
	assert_true(card_state_eq(&old, &back));
	/* A secret that was not changed is the card file's business. */
	assert_null(strstr(buf_cstr(&text), "12345678"));
}

static void
state_wrong(void **state UNUSED)
{
	static const char *const texts[] = { "[state]\npin_tries = 4\n", "[card]\n",
		"[state]\npin_tries = x\n", "[state]\npuk = 1234567890123456\n",
		"[state]\nserial = 1\n" };
	struct card_file f;
	struct card_state s;

	assert_ok(parse(PUK_LINE, &f));
	for (size_t i = 0; i < NELEM(texts); i++) {
		card_state_new(&f, &s);
		assert_err(card_state_parse(cur_str(texts[i]), &f, &s), ERR_CONFIG);
	}
}

/*
 * Pass files.
 */

#define SUBSCRIBER	"subscriber = 90001234\nsubscriber_name = Praktijk\n"
#define PASS(name)	"[pass " name "]\nuzi_number = 912345678\n" SUBSCRIBER
#define NAMED		"given_names = Zo\u00eb\nsurname = de Wit\n"

static void
pass_file_right(void **state UNUSED)
{
	AUTO(pass_file_free) struct pass_file *f = NULL;
	const struct pass_plan *p;
	size_t n;

	assert_ok(pass_file_parse(cur_str(PASS("a") "type = Z\nrole = 01.015\n" NAMED
	    PASS("b") "type = M\nfunction = Balie\nexpired = yes\n"), &f));
	p = pass_file_plans(f, &n);
	assert_int_equal(n, 2);
	assert_string_equal(p[0].slug, "a");
	assert_string_equal(p[0].cn, "Zo\u00eb de Wit");
	assert_string_equal(p[0].role, "01.015");
	assert_null(p[0].title);
	assert_int_equal(p[0].issuer, CA_Z);
	assert_true(p[0].has[SIGNATURE] && !p[0].expired);
	assert_string_equal(p[1].cn, "Balie");
	assert_string_equal(p[1].role, "00.000");
	assert_null(p[1].surname);
	assert_int_equal(p[1].issuer, CA_M);
	assert_true(!p[1].has[SIGNATURE] && p[1].expired);
}

static void
pass_file_wrong(void **state UNUSED)
{
	static const char *const texts[] = { "", "type = Z\n", "[card x]\n", "[pass]\n",
		"[pass ../x]\n",
		PASS("a") "type = N\n" NAMED PASS("a") "type = N\n" NAMED,
		PASS("a") NAMED,				/* no type */
		PASS("a") "type = S\n" NAMED,
		PASS("a") "type = Z\n" NAMED,			/* no role */
		PASS("a") "type = Z\nrole = 1.15\n" NAMED,
		PASS("a") "type = N\nrole = 01.015\n" NAMED,
		PASS("a") "type = N\ngiven_names = Z\n",
		PASS("a") "type = N\nfunction = x\n" NAMED,
		PASS("a") "type = M\n" NAMED,
		PASS("a") "type = N\nuzi_number = 12345678\n" NAMED,
		"[pass a]\ntype = N\nuzi_number = 912345678\n" NAMED,
		PASS("a") "type = N\nbsn = 1\n" NAMED };
	struct pass_file *f;

	for (size_t i = 0; i < NELEM(texts); i++) {
		enum err r = pass_file_parse(cur_str(texts[i]), &f);

		if (r != ERR_CONFIG)
			print_error("%s", texts[i]);
		assert_int_equal(r, ERR_CONFIG);
	}
}

/*
 * Orders.
 */

static void
orders_right(void **state UNUSED)
{
	struct order o;

	assert_ok(order_parse(cur_str("insert 1 /tmp/a b.card"), &o));
	assert_int_equal(o.verb, ORDER_INSERT);
	assert_int_equal(o.slot, 1);
	assert_string_equal(o.card, "/tmp/a b.card");
	assert_ok(order_parse(cur_str("delay 0 15 100 400"), &o));
	assert_int_equal(o.delays.sign_ms, 400);
	assert_ok(order_parse(cur_str("fault 0 3 sw 6F00"), &o));
	assert_int_equal(o.fault.countdown, 3);
	assert_int_equal(o.fault.what, KIND_ANY);
	assert_int_equal(o.fault.number, 0x6f00);
	assert_int_equal(o.fault.when, FAULT_BEFORE);
	assert_ok(order_parse(cur_str("on 1 verify after swap /x y"), &o));
	assert_int_equal(o.verb, ORDER_ON);
	assert_int_equal(o.fault.what, KIND_VERIFY);
	assert_int_equal(o.fault.countdown, 1);
	assert_int_equal(o.fault.when, FAULT_AFTER);
	assert_int_equal(o.fault.kind, FAULT_SWAP);
	assert_string_equal(o.fault.card, "/x y");
	assert_ok(order_parse(cur_str("on 0 read:12 before remove"), &o));
	assert_int_equal(o.fault.countdown, 12);
	assert_ok(order_parse(cur_str("wait 0 verifies 2"), &o));
	assert_int_equal(o.wait, WAIT_VERIFIES);
	assert_int_equal(o.target, 2);
	assert_ok(order_parse(cur_str("wait 0 absent 500"), &o));
	assert_int_equal(o.timeout_ms, 500);
	assert_ok(order_parse(cur_str("tries 0 1"), &o));
	assert_int_equal(o.tries[USER_PIN], 1);
	assert_int_equal(o.tries[PUK], -1);
	assert_ok(order_parse(cur_str("tries 0 1 2"), &o));
	assert_int_equal(o.tries[PUK], 2);
}

static void
orders_wrong(void **state UNUSED)
{
	static const char *const lines[] = { "", " ", "insert", "insert 0", "insert 2 a",
		"insert x a", "stats", "stats 0 1", "explode 0", "delay 0 1 2",
		"delay 0 1 2 x",
		"delay 0 99999999999 1 1", "fault 0", "fault 0 0 drop", "fault 0 1",
		"fault 0 1 burn", "fault 0 1 sw", "fault 0 1 sw 12", "fault 0 1 sw zzzz",
		"fault 0 1 delay", "fault 0 1 swap", "fault 0 1 drop 2",
		"fault 0 -1 drop",
		"on 0 dance remove", "on 0 verify:0 remove", "on 0 verify: remove",
		"on 0 verify", "wait 0", "wait 0 apdus", "wait 0 apdus x",
		"wait 0 rain 1", "wait 0 present x", "wait 0 present 1 2", "tries 0",
		"tries 0 16", "remove 00x" };
	struct order o;

	for (size_t i = 0; i < NELEM(lines); i++) {
		enum err r = order_parse(cur_str(lines[i]), &o);

		if (r != ERR_MALFORMED)
			print_error("\"%s\"\n", lines[i]);
		assert_int_equal(r, ERR_MALFORMED);
	}
}

/*
 * Faults.
 */

static void
faults_come_in_time(void **state UNUSED)
{
	struct faults f = { 0 };
	struct fault got;
	const struct fault third = { .countdown = 3, .kind = FAULT_DROP };
	const struct fault verify = { .what = KIND_VERIFY, .countdown = 2,
	    .kind = FAULT_REMOVE };

	assert_true(faults_add(&f, &third));
	assert_true(faults_add(&f, &verify));
	assert_false(faults_take(&f, KIND_VERIFY, &got));
	assert_false(faults_take(&f, KIND_SELECT, &got));
	assert_true(faults_take(&f, KIND_SELECT, &got));	/* the third of all */
	assert_int_equal(got.kind, FAULT_DROP);
	assert_false(faults_take(&f, KIND_SELECT, &got));
	assert_true(faults_take(&f, KIND_VERIFY, &got));
	assert_int_equal(got.kind, FAULT_REMOVE);
	assert_false(faults_take(&f, KIND_VERIFY, &got));	/* once */
}

/* Two that are due at once: the second happens at the next command. */
static void
faults_do_not_get_lost(void **state UNUSED)
{
	struct faults f = { 0 };
	struct fault got;
	struct fault one = { .what = KIND_ANY, .countdown = 1, .kind = FAULT_DROP };

	for (size_t i = 0; i < FAULTS_MAX; i++)
		assert_true(faults_add(&f, &one));
	assert_false(faults_add(&f, &one));
	for (size_t i = 0; i < FAULTS_MAX; i++)
		assert_true(faults_take(&f, KIND_READ, &got));
	assert_false(faults_take(&f, KIND_READ, &got));
	assert_true(faults_add(&f, &one));
	faults_clear(&f);
	assert_false(faults_take(&f, KIND_READ, &got));
}

static void
kinds_of_commands(void **state UNUSED)
{
	static const struct {
		const char *hex;
		enum command_kind kind;
	} commands[] = {
		{ "00200003", KIND_VERIFY }, { "01200003", KIND_VERIFY },
		{ "0020FF03", KIND_OTHER }, { "002A9E9A00", KIND_SIGN },
		{ "002A808600", KIND_DECIPHER }, { "80340003", KIND_TRIES },
		{ "00340003", KIND_OTHER }, { "00A4", KIND_OTHER },
		{ "00A40000", KIND_SELECT },
	};

	for (size_t i = 0; i < NELEM(commands); i++) {
		AUTO(buf_free) struct buf b = BUF(64);

		assert_ok(hex_get(cur_str(commands[i].hex), &b));
		assert_int_equal(command_kind(buf_view(&b)), commands[i].kind);
	}
	assert_string_equal(command_kind_word(KIND_GET_DATA), "get-data");
}

/*
 * Messages of vpcd, and DER.
 */

static void
messages(void **state UNUSED)
{
	static const uint8_t bytes[] = { 0, 1, 4, 0, 0, 0, 2, 'a', 'b', 0, 5, 'c' };
	struct cur in = cur_of(bytes, sizeof(bytes)), m;

	assert_ok(link_take(&in, &m));
	assert_true(cur_eq(m, cur_of("\x04", 1)));
	assert_ok(link_take(&in, &m));		/* the empty one was skipped */
	assert_true(cur_eq_str(m, "ab"));
	assert_int_equal(link_take(&in, &m), ERR_NOT_FOUND);
	assert_int_equal(in.n, 3);
	in = cur_of(bytes + 3, 2);
	assert_int_equal(link_take(&in, &m), ERR_NOT_FOUND);
}

static void
expect_der(struct buf *b, const char *want)
{
	AUTO(buf_free) struct buf hex = BUF(1024);

	assert_ok(buf_end(b));
	hex_put(&hex, buf_view(b));
	assert_string_equal(buf_cstr(&hex), want);
	buf_clear(b);
}

static void
der(void **state UNUSED)
{
	AUTO(buf_free) struct buf b = BUF(70000);
	size_t at;

	der_int(&b, 0x02, 0);
	expect_der(&b, "020100");
	der_int(&b, 0x02, 127);
	expect_der(&b, "02017F");
	der_int(&b, 0x02, 128);
	expect_der(&b, "02020080");
	der_int(&b, 0x80, 0x80000000);
	expect_der(&b, "80050080000000");
	der_bits(&b, 0x03, 0x8000);
	expect_der(&b, "03020780");
	der_bits(&b, 0x03, 0x2040);
	expect_der(&b, "0303062040");
	der_bits(&b, 0x03, 0);
	expect_der(&b, "030100");
	der_oid(&b, "2.16.528.1.1007.99.217");
	expect_der(&b, "060960841001876F638159");
	der_oid(&b, "1.3.6.1.4.1.311.20.2.3");
	expect_der(&b, "060A2B060104018237140203");
	at = der_open(&b, 0x30);
	der_bool(&b, true);
	der_close(&b, at);
	expect_der(&b, "30030101FF");
	for (size_t n = 127; n < 66000; n = n * 2 + 1) {
		uint8_t *room;

		at = der_open(&b, 0x04);
		room = buf_room(&b, n);
		assert_non_null(room);
		memset(room, 0x55, n);
		der_close(&b, at);
		assert_int_equal(b.len, n +
		    (n < 128 ? 2 : n < 256 ? 3 : n < 65536 ? 4 : 5));
		assert_int_equal(b.p[b.len - 1], 0x55);
		assert_int_equal(b.p[b.len - n], 0x55);
		buf_clear(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(card_file_right),
		cmocka_unit_test(card_file_defaults_are_uzi),
		cmocka_unit_test(card_file_wrong),
		cmocka_unit_test(state_comes_back),
		cmocka_unit_test(state_wrong),
		cmocka_unit_test(pass_file_right),
		cmocka_unit_test(pass_file_wrong),
		cmocka_unit_test(orders_right),
		cmocka_unit_test(orders_wrong),
		cmocka_unit_test(faults_come_in_time),
		cmocka_unit_test(faults_do_not_get_lost),
		cmocka_unit_test(kinds_of_commands),
		cmocka_unit_test(messages),
		cmocka_unit_test(der),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
