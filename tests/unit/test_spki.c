/* SPDX-License-Identifier: EUPL-1.2 */
/* Which key a certificate is about, and what is no certificate (hostile-cards, vector 40). */
#include "tests/check.h"

#include <stdlib.h>

#include "base/b64.h"
#include "iso7816/spki.h"
#include "iso7816/tlv.h"

#define P256		"06072A8648CE3D0201 06082A8648CE3D030107"
#define P384		"06072A8648CE3D0201 06052B81040022"
#define RSA		"06092A864886F70D010101 0500"

/* An algorithm in hex, then a key of a length: 04 or 00 first, all bytes A5. */
struct key {
	const char *alg;
	const char *before;	/* of the BIT STRING, in hex */
	size_t	 n;		/* bytes of A5 after that */
	const char *after;
	enum spki_kind kind;
	unsigned bits;
};

static void
put_hex(struct buf *b, const char *text)
{
	AUTO(buf_free) struct buf packed = BUF(4096);

	for (; *text != '\0'; text++)
		if (*text != ' ')
			buf_put(&packed, text, 1);
	assert_ok(hex_get(buf_view(&packed), b));
}

/* Certificate { tbs { [0], serial, four empty sequences, SubjectPublicKeyInfo } } */
static void
make(const struct key *k, struct buf *ret)
{
	AUTO(buf_free) struct buf alg = BUF(256), bits = BUF(2048), info = BUF(4096);
	AUTO(buf_free) struct buf tbs = BUF(8192), body = BUF(8192);

	put_hex(&alg, k->alg);
	put_hex(&bits, k->before);
	for (size_t i = 0; i < k->n; i++)
		buf_u8(&bits, 0xa5);
	put_hex(&bits, k->after);
	tlv_put(&info, 0x30, buf_view(&alg));
	tlv_put(&info, 0x03, buf_view(&bits));
	put_hex(&tbs, "A003020102 020101 3000 3000 3000 3000");
	tlv_put(&tbs, 0x30, buf_view(&info));
	tlv_put(&body, 0x30, buf_view(&tbs));
	put_hex(&body, "3000 030100");
	tlv_put(ret, 0x30, buf_view(&body));
	assert_ok(buf_end(ret));
}

static void
check(void **state)
{
	const struct key *k = *state;
	AUTO(buf_free) struct buf cert = BUF(16384);
	struct spki s = { .kind = SPKI_UNKNOWN };
	struct cur number;

	make(k, &cert);
	assert_true(spki_read(buf_view(&cert), &s));
	assert_int_equal(s.kind, k->kind);
	assert_int_equal(s.bits, k->bits);
	assert_int_equal(spki_number(buf_view(&cert), &number), k->kind != SPKI_OTHER);
	if (k->kind != SPKI_OTHER)
		assert_int_equal(number.n, (k->kind == SPKI_EC) + k->n);
}

/* A public key by itself, in each form, with filling behind it. */
static void
by_itself(void **state)
{
	static const struct {
		const char *hex;
		size_t n;
		uint8_t first;
	} forms[] = {
		{ "0403 04A5A5 0000", 3, 0x04 }, { "3008 0203 00A5A5 020103 FFFF", 2, 0xa5 },
		{ "302A 3005 06032B6570 0321 00 A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5"
		  "A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5 00", 32, 0xa5 },
		{ "", 0, 0 }, { "0400", 0, 0 }, { "3003 0201A5", 0, 0 }, { "0404 0405", 0, 0 },
		{ "3005 0201A5 0203", 0, 0 }, { "3000", 0, 0 }, { "0203 010203", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(forms); i++) {
		AUTO(buf_free) struct buf b = BUF(128);
		struct cur number;

		put_hex(&b, forms[i].hex);
		assert_int_equal(spki_public(buf_view(&b), &number), forms[i].n != 0);
		if (forms[i].n == 0)
			continue;
		assert_int_equal(number.n, forms[i].n);
		assert_int_equal(number.p[0], forms[i].first);
	}
}

#define KEY(name, ...)	{ name, check, NULL, NULL, &(struct key){ __VA_ARGS__ } }
#define NO(name, ...)	KEY(name, __VA_ARGS__, SPKI_OTHER, 0)
#define E3		"020103"

/* Every way to cut it off, and a byte too many. */
static void
is_no_certificate(void **state)
{
	const struct key k = { P256, "0004", 64, "", SPKI_EC, 256 };
	AUTO(buf_free) struct buf cert = BUF(16384);
	struct spki s;

	(void)state;
	make(&k, &cert);
	for (size_t n = 0; n < cert.len; n++)
		assert_false(spki_read(cur_of(cert.p, n), &s));
	buf_u8(&cert, 0);
	assert_false(spki_read(buf_view(&cert), &s));
}

static const struct CMUnitTest tests[] = {
	KEY("RSA-1024", RSA, "00 30818702 8181 00", 128, E3, SPKI_RSA, 1024),
	KEY("RSA-2048", RSA, "00 3082010802820101 00", 256, E3, SPKI_RSA, 2048),
	KEY("RSA-3072", RSA, "00 3082018802820181 00", 384, E3, SPKI_RSA, 3072),
	KEY("RSA-4096", RSA, "00 3082020802820201 00", 512, E3, SPKI_RSA, 4096),
	KEY("RSA of a length that is not minimal", RSA, "00 3082008702 8181 00", 128, E3,
	    SPKI_RSA, 1024),
	NO("RSA-512", RSA, "00 30460241 00", 64, E3),
	NO("RSA of 2047 bits", RSA, "00 308201080282010100 25", 255, E3),
	NO("RSA, e is 1", RSA, "00 3082010802820101 00", 256, "020101"),
	NO("RSA, e is even", RSA, "00 3082010802820101 00", 256, "020102"),
	NO("RSA, e is 0", RSA, "00 3082010802820101 00", 256, "020100"),
	NO("RSA, e of 9 bytes", RSA, "00 3082011002820101 00", 256, "0209 010000000000000001"),
	NO("RSA, n is negative", RSA, "00 3082010702820100", 256, E3),
	NO("RSA, n is 0", RSA, "00 3006 020100", 0, E3),
	NO("RSA, no e", RSA, "00 3082010502820101 00", 256, ""),
	NO("RSA, bytes behind e", RSA, "00 3082010902820101 00", 256, E3 "00"),
	NO("RSA, bytes behind the key", RSA, "00 3082010802820101 00", 256, E3 "00"),
	KEY("P-256", P256, "0004", 64, "", SPKI_EC, 256),
	KEY("P-384", P384, "0004", 96, "", SPKI_EC, 384),
	NO("P-256 with the point of P-384", P256, "0004", 96, ""),
	NO("a compressed point", P256, "0002", 32, ""),
	NO("no point", P256, "00", 0, ""),
	NO("a curve by its numbers", "06072A8648CE3D0201 3003020101", "0004", 64, ""),
	NO("a curve with something behind", P256 "0500", "0004", 64, ""),
	NO("P-521", "06072A8648CE3D0201 06052B81040023", "0004", 132, ""),
	KEY("Ed25519", "06032B6570", "00", 32, "", SPKI_ED25519, 255),
	KEY("X25519", "06032B656E", "00", 32, "", SPKI_X25519, 255),
	NO("Ed25519 of 33 bytes", "06032B6570", "00", 33, ""),
	NO("an algorithm that nobody knows", "06032B6571", "00", 57, ""),
	NO("bits that are not bytes", P256, "0104", 64, ""),
	cmocka_unit_test(is_no_certificate),
	cmocka_unit_test(by_itself),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
