/* SPDX-License-Identifier: EUPL-1.2 */
/* ISO 7816-15 files: examples, and hostile-cards vectors 7 to 14 and 49 to 60. */
#include "tests/check.h"

#include <stdlib.h>

#include "base/b64.h"
#include "base/text.h"
#include "iso7816/p15.h"
#include "iso7816/tlv.h"

static struct cur
hex(const char *s, struct buf *b)
{
	buf_clear(b);
	assert_ok(hex_get(cur_str(s), b));
	return buf_view(b);
}

static void
assert_path(const struct p15_path *p, const char *want)
{
	AUTO(buf_free) struct buf b = BUF(64);

	hex_put(&b, cur_of(p->p, p->n));
	assert_string_equal(buf_cstr(&b), want);
}

/* The AODF of a SafeSign applet 3.0.0.6 (uzi-card.md section 4). */
static const char safesign_aodf[] =
    "30 47 30 11 0C 08 55 73 65 72 20 50 69 6E 03 02 06 C0 04 01 01 30 03 04 01 03 "
    "A1 2D 30 2B 03 03 04 CC 90 0A 01 01 02 01 04 02 01 0F 80 01 03 04 01 00 "
    "18 0F 32 30 32 31 30 33 30 32 30 36 34 35 34 31 5A 30 04 04 02 3F 00 "
    "30 42 30 0C 0C 06 53 4F 20 50 69 6E 03 02 06 C0 30 03 04 01 01 "
    "A1 2D 30 2B 03 03 04 CD 90 0A 01 01 02 01 04 02 01 0F 80 01 01 04 01 00 "
    "18 0F 32 30 32 31 30 33 30 32 30 36 34 35 34 31 5A 30 04 04 02 3F 00 "
    "A1 30 30 1F 0C 16 43 68 61 6C 6C 65 6E 67 65 20 52 65 73 70 6F 6E 73 65 20 4B 65 79 "
    "03 02 06 C0 04 01 01 30 03 04 01 02 A1 08 30 06 01 01 FF 04 01 02";

static void
reads_the_safesign_aodf(void **state)
{
	AUTO(buf_free) struct buf b = BUF(512);
	struct p15_pin pins[8];

	(void)state;
	assert_int_equal(hex(safesign_aodf, &b).n, 191);
	assert_int_equal(p15_read_pins(buf_view(&b), pins, NELEM(pins)), 2);
	assert_string_equal(pins[0].c.label, "User Pin");
	assert_int_equal(pins[0].id.n, 1);
	assert_int_equal(pins[0].id.p[0], 3);
	assert_int_equal(pins[0].c.auth_id.p[0], 1);
	assert_int_equal(pins[0].ref, 3);
	assert_int_equal(pins[0].min, 4);
	assert_int_equal(pins[0].max, 15);
	assert_int_equal(pins[0].stored, 15);
	assert_int_equal(pins[0].pad, 0);
	assert_true((pins[0].flags & P15_PIN_PADDED) != 0);
	assert_true(p15_pin_usable(&pins[0]));
	assert_path(&pins[0].path, "3F00");
	assert_string_equal(pins[1].c.label, "SO Pin");
	assert_int_equal(pins[1].ref, 1);
	assert_false(p15_pin_usable(&pins[1]));
}

static void
reads_a_padded_pin(void **state)
{
	AUTO(buf_free) struct buf b = BUF(512);
	struct p15_pin pin;

	(void)state;				/* iso7816.md section 7 */
	hex("30 36 30 0C 0C 03 50 49 4E 03 02 06 C0 04 01 02 30 03 04 01 01 "
	    "A1 21 30 1F 03 02 02 4C 0A 01 01 02 01 06 02 01 08 02 01 08 80 02 00 81 04 "
	    "01 FF 30 06 04 04 3F 00 50 15", &b);
	assert_int_equal(p15_read_pins(buf_view(&b), &pin, 1), 1);
	assert_int_equal(pin.ref, 0x81);
	assert_int_equal(pin.min, 6);
	assert_int_equal(pin.max, 8);
	assert_int_equal(pin.pad, 0xff);
	assert_true(p15_pin_usable(&pin));
	assert_path(&pin.path, "3F005015");
}

/* One PIN object: flags, type, what follows minLength on. */
static size_t
one_pin(const char *flags, const char *type, const char *rest, struct p15_pin *ret)
{
	AUTO(buf_free) struct buf inner = BUF(512), attr = BUF(512), all = BUF(512);
	AUTO(buf_free) struct buf file = BUF(600), b = BUF(512);

	buf_cur(&inner, hex(flags, &b));
	buf_cur(&inner, hex(type, &b));
	buf_cur(&inner, hex(rest, &b));
	tlv_put(&attr, 0x30, buf_view(&inner));
	buf_cur(&all, hex("30 00 30 03 04 01 01", &b));
	tlv_put(&all, 0xa1, buf_view(&attr));
	tlv_put(&file, 0x30, buf_view(&all));
	assert_ok(buf_end(&file));
	return p15_read_pins(buf_view(&file), ret, 1);
}

#define LOCAL_SET	"03 02 02 48"		/* local, initialized */
#define LOCAL_PADDED	"03 02 02 4C"
#define ASCII		"0A 01 01"

static void
judges_pins(void **state)
{
	struct p15_pin p;

	(void)state;
	assert_int_equal(one_pin(LOCAL_SET, ASCII, "02 01 04 02 01 08 80 01 82", &p), 1);
	assert_true(p15_pin_usable(&p));
	assert_int_equal(p.ref, 0x82);
	/* vector 53: pinReference 0, missing, 255, -1 are references; 300 is none */
	assert_int_equal(one_pin(LOCAL_SET, ASCII, "02 01 04 02 01 08 80 01 00", &p), 1);
	assert_int_equal(p.ref, 0);
	assert_int_equal(one_pin(LOCAL_SET, ASCII, "02 01 04 02 01 08", &p), 1);
	assert_int_equal(p.ref, 0);
	assert_int_equal(one_pin(LOCAL_SET, ASCII, "02 01 04 02 01 08 80 02 00 FF", &p),
	    1);
	assert_int_equal(p.ref, 255);
	assert_int_equal(one_pin(LOCAL_SET, ASCII, "02 01 04 02 01 08 80 01 FF", &p), 1);
	assert_int_equal(p.ref, 255);
	assert_int_equal(one_pin(LOCAL_SET, ASCII, "02 01 04 02 01 08 80 02 01 2C", &p),
	    0);
	/* vector 54 */
	assert_int_equal(one_pin(LOCAL_SET, ASCII, "02 01 0A 02 01 08 02 01 04", &p), 0);
	assert_int_equal(one_pin(LOCAL_PADDED, ASCII, "02 01 04 02 01 00 04 01 00", &p),
	    0);
	assert_int_equal(one_pin(LOCAL_PADDED, ASCII, "02 01 04 02 02 00 C8 04 01 00",
	    &p), 0);
	assert_int_equal(one_pin(LOCAL_PADDED, ASCII,
	    "02 01 04 02 04 7F FF FF FF 04 01 00", &p), 0);
	assert_int_equal(one_pin(LOCAL_PADDED, ASCII, "02 01 04 02 01 08 04 00", &p), 0);
	assert_int_equal(one_pin(LOCAL_PADDED, ASCII, "02 01 04 02 01 08 04 03 00 00 00",
	    &p), 0);
	assert_int_equal(one_pin(LOCAL_PADDED, ASCII, "02 01 04 02 01 08", &p), 0);
	/* What is stored shorter than allowed is not cut, but not allowed. */
	assert_int_equal(one_pin(LOCAL_PADDED, ASCII,
	    "02 01 04 02 01 08 02 01 0C 04 01 00", &p), 1);
	assert_int_equal(p.max, 8);
	for (int type = 0; type <= 4; type++) {
		char text[] = "0A 01 00";

		text[7] = (char)('0' + type);
		assert_int_equal(one_pin(LOCAL_SET, text, "02 01 04 02 01 08", &p), 1);
		assert_int_equal(p15_pin_usable(&p), type != 3);
		assert_int_equal(p.max, type == 0 ? 16 : type == 4 ? 12 : 8);
	}
	/* Digits, two in a byte; a block of ISO 9564-1 has room for 12, and no padChar. */
	assert_int_equal(one_pin(LOCAL_PADDED, "0A 01 00",
	    "02 01 04 02 01 04 02 01 0C 04 01 FF", &p), 1);
	assert_int_equal(p.max, 8);
	assert_int_equal(one_pin(LOCAL_PADDED, "0A 01 04", "02 01 04 02 01 08 02 01 10", &p), 1);
	assert_int_equal(p.max, 12);
	assert_int_equal(one_pin(LOCAL_SET, "0A 01 04", "02 01 0D 02 01 08", &p), 0);
	assert_int_equal(one_pin(LOCAL_SET, "0A 02 00 FF", "02 01 04 02 01 08", &p), 0);
	/* not initialized; unblocking; SO and unblocking; integrity; confidentiality */
	assert_int_equal(one_pin("03 02 02 40", ASCII, "02 01 04 02 01 08", &p), 1);
	assert_false(p15_pin_usable(&p));
	assert_int_equal(one_pin("03 02 00 4A", ASCII, "02 01 04 02 01 08", &p), 1);
	assert_false(p15_pin_usable(&p));
	assert_int_equal(one_pin("03 02 00 4B", ASCII, "02 01 04 02 01 08", &p), 1);
	assert_false(p15_pin_usable(&p));
	assert_int_equal(one_pin("03 03 04 48 40", ASCII, "02 01 04 02 01 08", &p), 1);
	assert_false(p15_pin_usable(&p));
	assert_int_equal(one_pin("03 03 04 48 20", ASCII, "02 01 04 02 01 08", &p), 1);
	assert_false(p15_pin_usable(&p));
}

static const char rsa_auth_key[] =
    "30 31 30 0D 0C 04 41 55 54 48 03 02 07 80 04 01 01 30 0E 04 01 45 03 02 05 20 03 02 "
    "03 B8 02 01 01 A1 10 30 0E 30 08 04 06 3F 00 50 15 45 01 02 02 08 00";
static const char rsa_sign_key[] =
    "30 36 30 10 0C 04 53 49 47 4E 03 02 07 80 04 01 02 02 01 01 30 10 04 01 46 03 03 06 "
    "20 40 03 02 03 B8 02 02 00 82 A1 10 30 0E 30 08 04 06 3F 00 50 15 45 02 02 02 08 00";
static const char ec_auth_key[] =
    "A0 31 30 0D 0C 04 41 55 54 48 03 02 07 80 04 01 01 30 0E 04 01 45 03 02 05 20 03 02 "
    "03 B8 02 01 01 A1 10 30 0E 30 08 04 06 3F 00 50 15 45 01 02 02 01 00";

static void
reads_private_keys(void **state)
{
	AUTO(buf_free) struct buf file = BUF(512), b = BUF(512);
	struct p15_key k[8];

	(void)state;
	buf_cur(&file, hex(rsa_auth_key, &b));
	buf_cur(&file, hex("00 00 00", &b));	/* a deleted one */
	buf_cur(&file, hex(rsa_sign_key, &b));
	buf_cur(&file, hex("A1 03 02 01 00", &b));	/* DH */
	buf_cur(&file, hex(ec_auth_key, &b));
	buf_cur(&file, hex("FF FF FF", &b));
	assert_int_equal(p15_read_keys(buf_view(&file), k, NELEM(k)), 3);
	assert_string_equal(k[0].c.label, "AUTH");
	assert_true(k[0].c.is_private);
	assert_int_equal(k[0].c.auth_id.p[0], 1);
	assert_int_equal(k[0].id.p[0], 0x45);
	assert_int_equal(k[0].usage, P15_USE_SIGN);
	assert_true(k[0].has_ref);
	assert_int_equal(k[0].ref, 1);
	assert_int_equal(k[0].bits, 2048);
	assert_false(k[0].ec);
	assert_path(&k[0].path, "3F0050154501");
	assert_int_equal(k[1].usage, P15_USE_SIGN | P15_USE_NON_REPUDIATION);
	assert_int_equal(k[1].c.consent, 1);
	assert_int_equal(k[1].ref, 0x82);
	assert_int_equal(k[1].ordinal, 1);
	assert_true(k[2].ec);
	assert_int_equal(k[2].bits, 256);
	assert_int_equal(k[2].ordinal, 3);
	/* No more than there is room for. */
	assert_int_equal(p15_read_keys(buf_view(&file), k, 1), 1);
}

/* One RSA key whose class and type attributes are given. */
static size_t
one_key(const char *class, const char *type, struct p15_key *ret)
{
	AUTO(buf_free) struct buf all = BUF(512), attr = BUF(512), file = BUF(512),
	    b = BUF(512);

	buf_cur(&all, hex("30 06 03 02 07 80 04 00", &b));
	tlv_put(&all, 0x30, hex(class, &b));
	tlv_put(&attr, 0x30, hex(type, &b));
	tlv_put(&all, 0xa1, buf_view(&attr));
	tlv_put(&file, 0x30, buf_view(&all));
	assert_ok(buf_end(&file));
	return p15_read_keys(buf_view(&file), ret, 1);
}

#define ID_USE	"04 01 45 03 02 05 20"
#define FILE_1	"30 04 04 02 45 01 02 02 08 00"

static size_t
odd_key(const char *file, struct p15_key *ret)
{
	AUTO(buf_free) struct buf b = BUF(512);

	return p15_read_keys(hex(file, &b), ret, 1);
}

static void
maps_references_and_sizes(void **state)
{
	struct p15_key k;

	(void)state;
	/* vectors 9 and 56: negative references are bytes above 7F */
	assert_int_equal(one_key(ID_USE " 02 01 82", FILE_1, &k), 1);
	assert_int_equal(k.ref, 0x82);
	assert_int_equal(one_key(ID_USE " 02 01 FF", FILE_1, &k), 1);
	assert_int_equal(k.ref, 0xff);
	assert_int_equal(one_key(ID_USE, FILE_1, &k), 1);
	assert_false(k.has_ref);
	assert_int_equal(one_key(ID_USE " 02 02 FF 7F", FILE_1, &k), 0);
	assert_int_equal(one_key(ID_USE " 02 02 01 00", FILE_1, &k), 0);
	assert_int_equal(one_key(ID_USE " 02 00", FILE_1, &k), 0);
	assert_int_equal(one_key(ID_USE " 02 09 00 00 00 00 00 00 00 00 01", FILE_1, &k),
	    0);
	/* vector 58: the declared size is a hint */
	assert_int_equal(one_key(ID_USE, "30 04 04 02 45 01 02 01 00", &k), 1);
	assert_int_equal(k.bits, 0);
	assert_int_equal(one_key(ID_USE, "30 04 04 02 45 01 02 03 00 FF FF", &k), 1);
	assert_int_equal(k.bits, 0);
	assert_int_equal(one_key(ID_USE, "30 04 04 02 45 01", &k), 1);
	assert_int_equal(k.bits, 0);
	/* vector 56: an empty path is one; vector 8: an empty id is none */
	assert_int_equal(one_key(ID_USE, "30 02 04 00 02 02 08 00", &k), 1);
	assert_int_equal(k.path.n, 0);
	assert_int_equal(one_key("04 00 03 02 05 20", FILE_1, &k), 0);
	assert_int_equal(one_key("", FILE_1, &k), 0);
	assert_int_equal(one_key(ID_USE, "", &k), 0);
	assert_int_equal(odd_key("30 0C 30 00 30 06 04 01 45 03 02 05 20 A1 00", &k), 0);
	assert_int_equal(odd_key("30 00", &k), 0);
	/* ... and an empty label is one. */
	assert_int_equal(odd_key("30 1B 30 02 0C 00 30 07 " ID_USE " A1 0C 30 0A " FILE_1, &k), 1);
	assert_string_equal(k.c.label, "");
	/* vector 10: usage */
	assert_int_equal(one_key("04 01 45 03 02 08 20", FILE_1, &k), 0);
	assert_int_equal(one_key("04 01 45 03 00", FILE_1, &k), 0);
	/* vector 11: native */
	assert_int_equal(one_key(ID_USE " 01 02 FF FF", FILE_1, &k), 0);
	assert_int_equal(one_key(ID_USE " 01 00", FILE_1, &k), 0);
	/* an id of 65 bytes */
	assert_int_equal(one_key("04 41 "
	    "0000000000000000000000000000000000000000000000000000000000000000"
	    "000000000000000000000000000000000000000000000000000000000000000000 03 02 "
	    "05 20", FILE_1, &k),
	    0);
}

static bool
path(const char *content, struct p15_path *ret)
{
	AUTO(buf_free) struct buf b = BUF(512);

	return p15_read_path(hex(content, &b), ret);
}

static void
follows_only_sane_paths(void **state)
{
	const char *const bad[] = {		/* vector 50 */
		"04 01 3F", "04 03 3F 00 50", "04 11 0101010101010101010101010101010101",
		"04 12 010101010101010101010101010101010101",
		"04 02 00 00", "04 02 FF FF", "04 04 50 15 3F 00",
		"04 06 3F 00 50 15 3F FF",
		"04 02 45 01 02 01 FF 80 01 01", "04 02 45 01 02 01 01 80 01 FF",
		"04 02 45 01 02 04 7F FF FF FF 80 04 7F FF FF FF",
		"04 02 45 01 02 03 01 00 00 80 01 01",
		"04 02 45 01 02 01 01 80 09 00 00 00 00 00 00 00 00 01", "02 01 00", "",
	};
	struct p15_path p;

	(void)state;
	for (size_t i = 0; i < NELEM(bad); i++)
		assert_false(path(bad[i], &p));
	assert_false(path("04 81 C8 00", &p));
	assert_true(path("04 08 3F 00 3F FF 43 02 01 14", &p));
	assert_true(p15_path_is_file(&p));
	assert_false(p.part);
	assert_true(path("04 02 3F 00", &p) && !p15_path_is_file(&p));
	assert_true(path("04 02 3F FF", &p) && !p15_path_is_file(&p));
	assert_true(path("04 00", &p) && !p15_path_is_file(&p));
	assert_true(path("04 02 43 31 02 01 00 80 02 06 12", &p));
	assert_true(p.part);
	assert_int_equal(p.index, 0);
	assert_int_equal(p.length, 0x612);
	/* one without the other does not count */
	assert_true(path("04 02 43 31 02 01 05", &p));
	assert_false(p.part);
}

static const char odf[] =
    "A0 06 30 04 04 02 44 00 A1 06 30 04 04 02 44 01 A4 06 30 04 04 02 44 04 "
    "A8 06 30 04 04 02 44 08";

static void
reads_the_object_directory(void **state)
{
	AUTO(buf_free) struct buf b = BUF(512);
	struct p15_odf o;

	(void)state;
	p15_read_odf(hex(odf, &b), &o);
	assert_int_equal(o.n, 4);
	assert_int_equal(o.e[0].kind, P15_PRKDF);
	assert_int_equal(o.e[2].kind, P15_CDF);
	assert_path(&o.e[2].path, "4404");
	assert_int_equal(o.e[3].kind, P15_AODF);
	p15_read_odf(hex("A0 0A 30 08 04 06 3F 00 50 15 44 01 A4 0A 30 08 04 06 3F 00 50 "
	    "15 44 41 FF FF FF FF", &b), &o);
	assert_int_equal(o.n, 2);
	assert_path(&o.e[1].path, "3F0050154441");
	/* vector 14: padding ends it, garbage behind it is not looked at */
	p15_read_odf(hex("A0 06 30 04 04 02 44 00 00 00 A8 06 30 04 04 02 44 08", &b),
	    &o);
	assert_int_equal(o.n, 1);
	/* vectors 27, 28: not an ODF */
	p15_read_odf(cur_of(NULL, 0), &o);
	assert_int_equal(o.n, 0);
	p15_read_odf(cur_str("I am the SafeSign Applet"), &o);
	assert_int_equal(o.n, 0);
	p15_read_odf(hex("6F 07 80 02 00 48 82 01 01", &b), &o);
	assert_int_equal(o.n, 0);
	/* vector 49: objects by value, a path to the MF */
	p15_read_odf(hex("A0 06 A0 04 04 02 44 00 A4 06 30 04 04 02 3F 00 "
	    "A8 06 30 04 04 02 44 08", &b), &o);
	assert_int_equal(o.n, 1);
	assert_int_equal(o.e[0].kind, P15_AODF);
}

static void
bounds_the_object_directory(void **state)
{
	AUTO(buf_free) struct buf file = BUF(100000);
	struct p15_odf o;

	(void)state;				/* vector 49 */
	for (unsigned i = 0; i < 10000; i++) {
		const uint8_t e[] = { 0xa4, 0x06, 0x30, 0x04, 0x04, 0x02,
		    (uint8_t)(0x10 + (i >> 8)), (uint8_t)i };

		buf_put(&file, e, sizeof(e));
	}
	p15_read_odf(buf_view(&file), &o);
	assert_int_equal(o.n, P15_FILES);
	buf_clear(&file);
	for (unsigned i = 0; i < 64; i++)
		buf_put(&file, "\xa4\x06\x30\x04\x04\x02\x44\x04", 8);
	p15_read_odf(buf_view(&file), &o);
	assert_int_equal(o.n, 1);
}

static void
bounds_objects_and_nesting(void **state)
{
	AUTO(buf_free) struct buf file = BUF(65536), b = BUF(512), deep = BUF(65536);
	struct p15_key *k = calloc(P15_OBJECTS + 1, sizeof(*k));
	struct p15_odf o;

	(void)state;
	assert_non_null(k);
	for (int i = 0; i < 500; i++)
		buf_cur(&file, hex(rsa_auth_key, &b));
	assert_int_equal(p15_read_keys(buf_view(&file), k, P15_OBJECTS + 1), P15_OBJECTS);
	/* vector 7 */
	for (int i = 0; i < 1000; i++) {
		AUTO(buf_free) struct buf outer = BUF(65536);

		tlv_put(&outer, 0x30, buf_view(&deep));
		buf_clear(&deep);
		buf_cur(&deep, buf_view(&outer));
	}
	assert_int_equal(p15_read_keys(buf_view(&deep), k, 4), 0);
	buf_clear(&file);
	tlv_put(&file, 0xa0, buf_view(&deep));
	assert_ok(buf_end(&file));
	p15_read_odf(buf_view(&file), &o);
	assert_int_equal(o.n, 0);
	/* One bad object does not spoil its neighbours. */
	buf_clear(&file);
	buf_cur(&file, hex("30 04 30 02 04 09", &b));
	buf_cur(&file, hex(rsa_auth_key, &b));
	buf_cur(&file, hex("30 00", &b));
	buf_cur(&file, hex(rsa_sign_key, &b));
	buf_cur(&file, hex("30 7F 01", &b));	/* beyond the end */
	assert_int_equal(p15_read_keys(buf_view(&file), k, 8), 2);
	free(k);
}

static void
reads_certificates(void **state)
{
	AUTO(buf_free) struct buf b = BUF(512), file = BUF(512);
	struct p15_cert c[4];

	(void)state;
	buf_cur(&file, hex("30 26 30 0A 0C 04 41 55 54 48 03 02 06 40 30 03 04 01 45 A1 "
	    "13 30 11 30 0F 04 06 3F 00 50 15 43 31 02 01 00 80 02 06 12", &b));
	/* by value; no file; not X.509; a CA */
	buf_cur(&file, hex("30 11 30 00 30 03 04 01 45 A1 08 30 06 A0 04 30 02 05 00",
	    &b));
	buf_cur(&file, hex("30 0F 30 00 30 03 04 01 45 A1 06 30 04 30 02 04 00", &b));
	buf_cur(&file, hex("A0 11 30 00 30 03 04 01 45 A1 08 30 06 30 04 04 02 44 00",
	    &b));
	buf_cur(&file, hex("30 14 30 00 30 06 04 01 46 01 01 FF A1 08 30 06 30 04 04 02 "
	    "44 00", &b));
	assert_int_equal(p15_read_certs(buf_view(&file), c, NELEM(c)), 2);
	assert_string_equal(c[0].c.label, "AUTH");
	assert_int_equal(c[0].id.p[0], 0x45);
	assert_path(&c[0].path, "3F0050154331");
	assert_false(c[0].authority);
	assert_true(c[1].authority);
	assert_path(&c[1].path, "4400");
}

static void
reads_token_information(void **state)
{
	AUTO(buf_free) struct buf b = BUF(1024);
	struct p15_token t;

	(void)state;
	assert_true(p15_read_token(hex("30 1F 02 01 00 04 08 01 02 03 04 05 06 07 08 "
	    "0C 06 56 65 6E 64 6F 72 80 04 43 61 72 64 03 02 04 60", &b), &t));
	assert_int_equal(t.serial_len, 8);
	assert_string_equal(t.label, "Card");
	assert_true(p15_read_token(hex("30 09 02 01 00 A0 04 0C 02 41 42", &b), &t));
	assert_string_equal(t.label, "AB");
	assert_int_equal(t.serial_len, 0);
	/* vector 13: a serial of 0 or 300 bytes is none */
	assert_true(p15_read_token(hex("30 05 02 01 00 04 00", &b), &t));
	assert_int_equal(t.serial_len, 0);
	hex("30 82 01 33 02 01 00 04 82 01 2C", &b);
	memset(buf_room(&b, 300), 7, 300);
	assert_true(p15_read_token(buf_view(&b), &t));
	assert_int_equal(t.serial_len, 0);
	assert_false(p15_read_token(cur_str("not this"), &t));
}

static void
reads_the_algorithms_of_a_card(void **state)
{
	AUTO(buf_free) struct buf b = BUF(512);
	struct p15_token t;

	(void)state;
	/* RSA PKCS #1 to sign by 02; ECDSA to sign, no reference; the others are broken:
	 * no mechanism, a negative reference, no operations; RSA X.509 with an OID. */
	assert_true(p15_read_token(hex("30 6D 02 01 00 04 02 11 22 0C 01 4D "
	    "80 01 4C 03 02 04 60 30 05 30 03 02 01 01 A1 02 30 00 A2 4F "
	    "30 0F 02 01 01 02 01 01 05 00 03 02 06 40 02 01 02 "
	    "30 0D 02 01 02 02 02 10 41 05 00 03 02 06 40 "
	    "30 03 02 01 03 "
	    "30 0C 02 01 FF 02 01 01 05 00 03 02 06 40 "
	    "30 08 02 01 05 02 01 01 05 00 "
	    "30 10 02 01 06 02 01 03 06 01 2A 03 02 02 04 02 01 81", &b), &t));
	assert_int_equal(t.serial_len, 2);
	assert_string_equal(t.label, "L");
	assert_int_equal(t.n_algs, 3);
	assert_int_equal(t.algs[0].reference, 1);
	assert_int_equal(t.algs[0].mechanism, 1);
	assert_int_equal(t.algs[0].operations, P15_OP_SIGN);
	assert_true(t.algs[0].has_ref);
	assert_int_equal(t.algs[0].ref, 2);
	assert_int_equal(t.algs[1].mechanism, 0x1041);
	assert_false(t.algs[1].has_ref);
	assert_int_equal(t.algs[2].operations, P15_OP_DECIPHER);
	assert_false(t.algs[2].has_ref);
}

static void
reads_a_serial_from_the_first_bytes(void **state)
{
	AUTO(buf_free) struct buf b = BUF(512);
	struct p15_token t;

	(void)state;
	assert_true(p15_read_serial(hex("30 82 01 00 02 01 00 04 02 11 22 0C 20 41", &b), &t));
	assert_int_equal(t.serial_len, 2);
	assert_false(p15_read_token(buf_view(&b), &t));
	/* The serial itself must be whole; of 0 and of 33 bytes it is none (vector 13). */
	assert_true(p15_read_serial(hex("30 82 01 00 02 01 00 04 08 11 22", &b), &t));
	assert_int_equal(t.serial_len, 0);
	assert_true(p15_read_serial(hex("30 05 02 01 00 04 00", &b), &t));
	assert_int_equal(t.serial_len, 0);
	assert_false(p15_read_serial(hex("30 80 02 01 00", &b), &t));
	assert_false(p15_read_serial(hex("31 03 02 01 00", &b), &t));
	assert_false(p15_read_serial(hex("30 03 04 01 00", &b), &t));
}

static void
reads_ef_dir(void **state)
{
	AUTO(buf_free) struct buf b = BUF(1024), many = BUF(1024);
	struct p15_application a[P15_APPLICATIONS];

	(void)state;
	assert_int_equal(p15_read_dir(hex("61 1D 4F 0C A0 00 00 00 63 50 4B 43 53 2D 31 35 "
	    "50 07 50 4B 43 53 23 31 35 51 04 3F 00 50 15 "
	    "61 0F 4F 05 A0 00 00 01 67 73 06 30 04 04 02 50 41 FF FF", &b), a, NELEM(a)), 2);
	assert_int_equal(a[0].aid_len, 12);
	assert_path(&a[0].path, "3F005015");
	assert_int_equal(a[0].odf.n, 0);
	assert_int_equal(a[1].path.n, 0);
	assert_path(&a[1].odf, "5041");
	/* A name of 4 or 17 bytes, a path of 3, neither, no TLV: left out. */
	assert_int_equal(p15_read_dir(hex("61 06 4F 04 A0 00 00 00 "
	    "61 13 4F 11 000102030405060708090A0B0C0D0E0F10 61 05 51 03 3F 00 50 61 00 "
	    "62 04 51 02 3F 00 61 FF", &b), a, NELEM(a)), 0);
	/* At most 16 entries (budgets). */
	for (int i = 0; i < 40; i++)
		buf_put(&many, "\x61\x04\x51\x02\x50\x15", 6);
	assert_int_equal(p15_read_dir(buf_view(&many), a, NELEM(a)), P15_APPLICATIONS);
	assert_int_equal(p15_read_dir(buf_view(&many), a, 3), 3);
}

static void
reads_what_a_key_may_be_used_with(void **state)
{
	AUTO(buf_free) struct buf b = BUF(512);
	struct p15_key k[4];

	(void)state;
	assert_int_equal(p15_read_keys(hex("30 3B 30 0D 0C 04 41 55 54 48 03 02 07 80 04 01 01 "
	    "30 18 04 01 45 03 02 05 20 03 02 03 B8 02 01 01 A1 08 02 01 07 02 01 FF 02 00 "
	    "A1 10 30 0E 30 08 04 06 3F 00 50 15 45 01 02 02 08 00", &b), k, NELEM(k)), 1);
	assert_int_equal(k[0].n_algs, 1);
	assert_int_equal(k[0].algs[0], 7);
}

static void
reads_a_certificate_by_value(void **state)
{
	AUTO(buf_free) struct buf b = BUF(512);
	struct p15_cert c[4];

	(void)state;
	assert_int_equal(p15_read_certs(hex("30 25 30 0A 0C 04 41 55 54 48 03 02 06 40 "
	    "30 03 04 01 45 A1 12 30 10 A0 0E 30 0C 30 02 05 00 30 02 05 00 03 02 00 01 "
	    /* and one that is none (vector 59) */
	    "30 1C 30 0A 0C 04 41 55 54 48 03 02 06 40 "
	    "30 03 04 01 45 A1 09 30 07 A0 05 30 03 02 01 00", &b), c, NELEM(c)), 1);
	assert_int_equal(c[0].der.n, 14);
	assert_int_equal(c[0].path.n, 0);
}

static void
makes_labels_safe(void **state)
{
	char out[P15_LABEL_MAX], big[65536];

	(void)state;				/* vector 12 */
	p15_put_label(cur_str("A\nB\x1b[31mC\xe2\x80\xae" "D%s%n"), out);
	assert_true(text_is_safe(cur_str(out), 64));
	assert_string_equal(out, "A?B?[31mC?D%s%n");
	p15_put_label(cur_of("A\0B", 3), out);
	assert_string_equal(out, "A?B");
	p15_put_label(cur_of("\xff\xc3", 2), out);
	assert_true(text_is_utf8(cur_str(out)));
	memset(big, 'x', sizeof(big));
	p15_put_label(cur_of(big, sizeof(big)), out);
	assert_true(strlen(out) < P15_LABEL_MAX);
	for (size_t i = 0; i < sizeof(big); i += 4)
		memcpy(big + i, "\xf0\x9f\x98\x80", 4);
	p15_put_label(cur_of(big, sizeof(big)), out);
	assert_true(strlen(out) < P15_LABEL_MAX);
	assert_true(text_is_utf8(cur_str(out)));
}

/* A key whose access rules are these. */
static void
key_with(struct cur rules, struct p15_key *ret)
{
	AUTO(buf_free) struct buf b = BUF(512), common = BUF(65536), all = BUF(65536),
	    file = BUF(65536);

	buf_cur(&common, hex("03 02 07 80", &b));
	tlv_put(&common, 0x30, rules);
	tlv_put(&all, 0x30, buf_view(&common));
	buf_cur(&all, hex("30 07 " ID_USE, &b));
	buf_cur(&all, hex("A1 0C 30 0A " FILE_1, &b));
	tlv_put(&file, 0x30, buf_view(&all));
	assert_ok(buf_end(&file));
	assert_int_equal(p15_read_keys(buf_view(&file), ret, 1), 1);
}

static void
key_with_rules(int n, const char *rule, struct p15_key *ret)
{
	AUTO(buf_free) struct buf b = BUF(512), rules = BUF(65536);

	while (n-- > 0)
		buf_cur(&rules, hex(rule, &b));
	key_with(buf_view(&rules), ret);
}

static void
key_with_nested_rule(int depth, struct p15_key *ret)
{
	static const unsigned tags[] = { 0xa1, 0xa2, 0xa3 };	/* and, or, not */
	AUTO(buf_free) struct buf b = BUF(512), inner = BUF(4096), rule = BUF(4096),
	    rules = BUF(4096);

	buf_cur(&inner, hex("04 01 07", &b));
	for (int i = 0; i < depth; i++) {
		AUTO(buf_free) struct buf outer = BUF(4096);

		tlv_put(&outer, tags[i % 3], buf_view(&inner));
		buf_clear(&inner);
		buf_cur(&inner, buf_view(&outer));
	}
	buf_cur(&rule, hex("03 02 05 20", &b));
	buf_cur(&rule, buf_view(&inner));
	tlv_put(&rules, 0x30, buf_view(&rule));
	assert_ok(buf_end(&rules));
	key_with(buf_view(&rules), ret);
}

static void
looks_into_access_rules(void **state)
{
	AUTO(buf_free) struct buf b = BUF(4096), rules = BUF(4096), common = BUF(4096);
	AUTO(buf_free) struct buf all = BUF(4096), file = BUF(4096);
	struct p15_key k;

	(void)state;				/* vector 60: eight are looked at */
	for (int i = 0; i < 9; i++)
		buf_cur(&rules, hex(i == 8 ? "30 07 03 02 05 20 04 01 07" :
		    "30 06 03 02 05 20 A0 00", &b));
	buf_cur(&common, hex("03 02 07 80", &b));
	tlv_put(&common, 0x30, buf_view(&rules));
	tlv_put(&all, 0x30, buf_view(&common));
	buf_cur(&all, hex("30 07 " ID_USE, &b));
	buf_cur(&all, hex("A1 0C 30 0A " FILE_1, &b));
	tlv_put(&file, 0x30, buf_view(&all));
	assert_int_equal(p15_read_keys(buf_view(&file), &k, 1), 1);
	assert_int_equal(k.c.auth_id.n, 0);

	/* Of 500 that let nobody do anything, and one of a kind that nobody knows. */
	key_with_rules(500, "30 06 03 02 05 20 05 00", &k);
	assert_int_equal(k.c.auth_id.n, 0);
	key_with_rules(1, "30 07 03 02 05 20 9E 01 07", &k);
	assert_int_equal(k.c.auth_id.n, 0);
	/* and { or { not { ... 07 }}}, 100 deep, is too deep to mean anything. */
	key_with_nested_rule(100, &k);
	assert_int_equal(k.c.auth_id.n, 0);

	buf_clear(&rules);
	buf_clear(&common);
	buf_clear(&all);
	buf_clear(&file);
	buf_cur(&rules, hex("30 06 03 02 07 80 05 00", &b));	/* read: always */
	buf_cur(&rules, hex("30 07 03 02 05 20 04 01 07", &b));	/* execute: PIN 07 */
	buf_cur(&common, hex("03 02 07 80", &b));
	tlv_put(&common, 0x30, buf_view(&rules));
	tlv_put(&all, 0x30, buf_view(&common));
	buf_cur(&all, hex("30 07 " ID_USE, &b));
	buf_cur(&all, hex("A1 0C 30 0A " FILE_1, &b));
	tlv_put(&file, 0x30, buf_view(&all));
	assert_int_equal(p15_read_keys(buf_view(&file), &k, 1), 1);
	assert_int_equal(k.c.auth_id.n, 1);
	assert_int_equal(k.c.auth_id.p[0], 7);
}

static void
knows_the_outside_of_a_certificate(void **state)
{
	AUTO(buf_free) struct buf b = BUF(512);

	(void)state;
	assert_true(p15_is_certificate(hex("30 0C 30 02 05 00 30 02 05 00 03 02 00 01",
	    &b)));
	/* vector 59 */
	assert_false(p15_is_certificate(hex("30 03 02 01 00", &b)));
	assert_false(p15_is_certificate(hex("30 0C 30 22 05 00 30 02 05 00 03 02 00 01",
	    &b)));
	assert_false(p15_is_certificate(hex("30 0C 30 02 05 00 30 02 05 00 03 02 00 01 "
	    "00", &b)));
	assert_false(p15_is_certificate(hex("FF FF FF FF", &b)));
	assert_false(p15_is_certificate(cur_of(NULL, 0)));
}

static void
compares_ids(void **state)
{
	const struct p15_id a = { { 1, 2 }, 2 }, b = { { 1, 2 }, 2 }, c = { { 1 }, 1 };
	const struct p15_id none = { .n = 0 };

	(void)state;
	assert_true(p15_id_same(&a, &b));
	assert_false(p15_id_same(&a, &c));
	assert_false(p15_id_same(&none, &none));	/* vector 8 */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_safesign_aodf),
		cmocka_unit_test(reads_a_padded_pin),
		cmocka_unit_test(judges_pins),
		cmocka_unit_test(reads_private_keys),
		cmocka_unit_test(maps_references_and_sizes),
		cmocka_unit_test(follows_only_sane_paths),
		cmocka_unit_test(reads_the_object_directory),
		cmocka_unit_test(bounds_the_object_directory),
		cmocka_unit_test(bounds_objects_and_nesting),
		cmocka_unit_test(reads_certificates),
		cmocka_unit_test(reads_token_information),
		cmocka_unit_test(reads_the_algorithms_of_a_card),
		cmocka_unit_test(reads_a_serial_from_the_first_bytes),
		cmocka_unit_test(reads_ef_dir),
		cmocka_unit_test(reads_what_a_key_may_be_used_with),
		cmocka_unit_test(reads_a_certificate_by_value),
		cmocka_unit_test(makes_labels_safe),
		cmocka_unit_test(looks_into_access_rules),
		cmocka_unit_test(knows_the_outside_of_a_certificate),
		cmocka_unit_test(compares_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
