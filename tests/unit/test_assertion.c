/* SPDX-License-Identifier: EUPL-1.2 */
/* The assertion: exact bytes, strict reading, what a card can be made to sign (T6). */
#include "tests/check.h"

#include <string.h>

#include "base/b64.h"
#include "login/assertion.h"
#include "tests/unit/raw_jws.h"

static struct assertion
sample(void)
{
	struct assertion a = {
		.aud = "https://broker.example.nl", .client_id = "epd",
		.rp_name = "EPD \"Oost\"", .origin = "https://epd.example.nl",
		.iat = 1790000000, .jti = "a-1",
		.evidence = {
			.means = "native", .driver = "uzi", .reader = "Lezer 00 00",
			.pin_entry = "window", .one_transaction = true,
			.caller = "~/bin/epd",
		},
	};

	memset(a.challenge_sha256, 0, sizeof(a.challenge_sha256));
	memset(a.nonce, 0xff, sizeof(a.nonce));
	return a;
}

#define ZEROS	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define ONES	"__________________________________________8"

static const char sample_text[] =
    "{\"v\":1,\"challenge_sha256\":\"" ZEROS "\",\"nonce\":\"" ONES "\","
    "\"aud\":\"https://broker.example.nl\",\"client_id\":\"epd\","
    "\"rp_name\":\"EPD \\\"Oost\\\"\",\"origin\":\"https://epd.example.nl\","
    "\"iat\":1790000000,\"jti\":\"a-1\",\"evidence\":{\"means\":\"native\","
    "\"driver\":\"uzi\",\"reader\":\"Lezer 00 00\",\"pin_entry\":\"window\","
    "\"one_transaction\":true,\"caller\":\"~/bin/epd\"}}";

static void
exact_payload(void **state)
{
	AUTO(buf_free) struct buf b = BUF(8192);
	struct assertion a = sample();

	(void)state;
	assert_ok(assertion_payload(&a, &b));
	assert_string_equal(buf_cstr(&b), sample_text);
	buf_clear(&b);
	a.origin[0] = '\0';
	assert_ok(assertion_payload(&a, &b));
	assert_null(strstr(buf_cstr(&b), "origin"));
}

static void
exact_header(void **state)
{
	AUTO(buf_free) struct buf b = BUF(8192);
	const struct cur x5c[] = { cur_of("\x30\x00", 2), cur_of("\xff\xff\xff", 3) };
	struct cur many[JWS_X5C_MAX + 1];

	(void)state;
	assert_ok(assertion_header(JWS_PS256, x5c, 2, &b));
	assert_string_equal(buf_cstr(&b),
	    "{\"alg\":\"PS256\",\"typ\":\"dezi-assertion+jwt\","
	    "\"x5c\":[\"MAA=\",\"////\"]}");
	for (size_t i = 0; i < NELEM(many); i++)
		many[i] = x5c[0];
	assert_err(assertion_header(JWS_ALG_NONE, x5c, 1, &b), ERR_MALFORMED);
	assert_err(assertion_header(JWS_RS256, x5c, 0, &b), ERR_MALFORMED);
	assert_err(assertion_header(JWS_RS256, many, NELEM(many), &b), ERR_MALFORMED);
}

static void
round_trip(void **state)
{
	AUTO(buf_free) struct buf b = BUF(8192), c = BUF(8192);
	struct assertion a = sample(), r;

	(void)state;
	assert_ok(assertion_payload(&a, &b));
	assert_ok(assertion_payload_read(buf_view(&b), &r));
	assert_memory_equal(r.nonce, a.nonce, sizeof(a.nonce));
	assert_string_equal(r.rp_name, "EPD \"Oost\"");
	assert_true(r.evidence.one_transaction);
	assert_string_equal(r.evidence.caller, "~/bin/epd");
	assert_ok(assertion_payload(&r, &c));
	assert_true(cur_eq(buf_view(&b), buf_view(&c)));
}

/* What the maker of a token says of its key, leaf first. */
static void
with_attestation(void **state)
{
	static const char want[] = "\"caller\":\"~/bin/epd\","
	    "\"piv_attestation\":[\"MAA=\",\"////\"]}}";
	AUTO(buf_free) struct buf b = BUF(32768), c = BUF(32768);
	struct assertion a = sample(), r;
	struct assertion_evidence *e = &a.evidence;
	const char *text;

	(void)state;
	memcpy(e->statement.der, "\x30\x00", 2);
	e->statement.n = 2;
	memset(e->device.der, 0xff, sizeof(e->device.der));
	assert_ok(assertion_payload(&a, &b));	/* one alone is none */
	assert_string_equal(buf_cstr(&b), sample_text);
	buf_clear(&b);
	e->device.n = 3;
	assert_ok(assertion_payload(&a, &b));
	assert_non_null(text = buf_cstr(&b));
	assert_string_equal(text + strlen(text) - strlen(want), want);
	assert_ok(assertion_payload_read(buf_view(&b), &r));
	assert_int_equal(r.evidence.statement.n, 2);
	assert_memory_equal(r.evidence.statement.der, "\x30\x00", 2);
	assert_int_equal(r.evidence.device.n, 3);
	assert_memory_equal(r.evidence.device.der, "\xff\xff\xff", 3);
	/* As long as they may be, both; and not a byte more. */
	buf_clear(&b);
	e->statement.n = e->device.n = ASSERTION_ATTEST_MAX;
	assert_ok(assertion_payload(&a, &b));
	assert_true(b.len < JWS_MAX / 4 * 3);
	assert_ok(assertion_payload_read(buf_view(&b), &r));
	assert_int_equal(r.evidence.device.n, ASSERTION_ATTEST_MAX);
	assert_ok(assertion_payload(&r, &c));
	assert_true(cur_eq(buf_view(&b), buf_view(&c)));
}

static void
attestation_too_long(void **state)
{
	static const uint8_t big[ASSERTION_ATTEST_MAX + 1];
	AUTO(buf_free) struct buf b = BUF(32768), list = BUF(32768);
	struct assertion a;

	(void)state;
	buf_str(&list, "\"piv_attestation\":[\"MAA=\",\"");
	b64_put(&list, cur_of(big, sizeof(big)));
	buf_str(&list, "\"],\"means\"");
	replace_put(&b, sample_text, "\"means\"", buf_cstr(&list));
	assert_err(assertion_payload_read(buf_view(&b), &a), ERR_LIMIT);
}

struct change {
	const char *find, *with;
	enum err want;
};

static void
changed(void **state)
{
	const struct change *t = *state;
	AUTO(buf_free) struct buf b = BUF(65536);
	struct assertion a = { .iat = -5 };

	replace_put(&b, sample_text, t->find, t->with);
	assert_err(assertion_payload_read(buf_view(&b), &a), t->want);
	assert_true(t->want == ERR_OK || a.iat == -5);
}

/* T-parse */
static void
deep_and_long(void **state)
{
	AUTO(buf_free) struct buf deep = BUF(65536), inside = BUF(65536),
	    big = BUF(1 << 20);
	AUTO(buf_free) struct buf nest = BUF(16384);
	struct assertion a;

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_str(&nest, "[");
	replace_put(&deep, sample_text, "{\"v\":1", buf_cstr(&nest));
	assert_err(assertion_payload_read(buf_view(&deep), &a), ERR_LIMIT);
	buf_clear(&nest);
	buf_str(&nest, "\"x\":");
	for (int i = 0; i < 1000; i++)
		buf_str(&nest, "{\"x\":");
	buf_str(&nest, "0");
	for (int i = 0; i < 1000; i++)
		buf_str(&nest, "}");
	buf_str(&nest, ",\"means\"");
	replace_put(&inside, sample_text, "\"means\"", buf_cstr(&nest));
	assert_err(assertion_payload_read(buf_view(&inside), &a), ERR_LIMIT);
	memset(buf_room(&big, 1 << 20), ' ', 1 << 20);
	assert_err(assertion_payload_read(buf_view(&big), &a), ERR_LIMIT);
}

/* ---- T6: what a card signs ---- */

/*
 * A signing input that we make is of one form, whatever stands in the fields.  From the
 * form follows that it is nothing that anybody else takes a signature for.
 */
static void
expect_our_form(struct cur in)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t spaces[64];
	size_t dots = 0;

	assert_true(cur_starts(in, cur_str("eyJhbGciOi")));	/* {"alg": */
	for (size_t i = 0; i < in.n; i++)
		if (in.p[i] == '.')
			dots++;
		else
			assert_non_null(memchr(alphabet, in.p[i], sizeof(alphabet) - 1));
	assert_int_equal(dots, 1);
	/* A TLS 1.2 client signs the handshake from its ClientHello, type 1 (RFC 5246
	 * sections 7.4 and 7.4.8); a hello_request is type 0. */
	assert_true(in.p[0] != 0x01 && in.p[0] != 0x00);
	/* A TLS 1.3 CertificateVerify begins with 64 spaces (RFC 8446 section 4.4.3). */
	memset(spaces, ' ', sizeof(spaces));
	assert_false(cur_starts(in, cur_of(spaces, sizeof(spaces))));
	/* Documents: DER, a SET OF attributes (RFC 5652 section 5.4) or a SEQUENCE. */
	assert_true(in.p[0] != 0x30 && in.p[0] != 0x31);
	/* No digest, and no DigestInfo, is as long. */
	assert_true(in.n > 19 + 64);
}

/* Build it as the worker does.  Refusing is fine: then nothing is signed. */
static bool
build(const struct assertion *a, enum jws_alg alg, struct cur leaf, struct buf *ret)
{
	AUTO(buf_free) struct buf h = BUF(JWS_MAX), p = BUF(JWS_MAX);

	return assertion_header(alg, &leaf, 1, &h) == ERR_OK &&
	    assertion_payload(a, &p) == ERR_OK &&
	    jws_signing_input(buf_view(&h), buf_view(&p), ret) == ERR_OK;
}

struct field {
	char  *at;
	size_t size;
};

#define FIELDS	10

/* The texts of an assertion that come from outside, each with its room. */
static void
fields(struct assertion *a, struct field ret[FIELDS])
{
	struct assertion_evidence *e = &a->evidence;
	const struct field all[FIELDS] = {
		{ a->aud, sizeof(a->aud) }, { a->client_id, sizeof(a->client_id) },
		{ a->rp_name, sizeof(a->rp_name) }, { a->origin, sizeof(a->origin) },
		{ a->jti, sizeof(a->jti) }, { e->means, sizeof(e->means) },
		{ e->driver, sizeof(e->driver) }, { e->reader, sizeof(e->reader) },
		{ e->pin_entry, sizeof(e->pin_entry) }, { e->caller, sizeof(e->caller) },
	};

	memcpy(ret, all, sizeof(all));
}

static uint32_t
next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

#define TLS13	\
	"                                                                "	\
	"TLS 1.3, client CertificateVerify"

static const char *const hostile[] = {
	"", "\x01", "\x01\x01\x01\xfc\x03\x03", "\x30\x82\x01\x0a", "\x31\x0b",
	TLS13,
	"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05",
	"0123456789abcdef0123456789abcdef", "\"}.", "\",\"alg\":\"none\",\"x\":\"",
	"\"}}",
	"\\", "\\u0000", "\n\r\t", ".", "..", "eyJhbGciOiJub25lIn0.e30.", "%n%s%x",
	"\xc3\xab\xe2\x80\xae\xf0\x9f\xa9\xba", "\xff\xfe", "\xed\xa0\x80",
};

/* Each hostile text in each field, and in the certificate, alone. */
static void
t6_hostile_texts(void **state)
{
	size_t built = 0;

	(void)state;
	for (size_t i = 0; i < NELEM(hostile); i++)
		for (size_t k = 0; k < FIELDS; k++) {
			AUTO(buf_free) struct buf in = BUF(JWS_MAX);
			struct assertion a = sample();
			struct field all[FIELDS];
			size_t n = strlen(hostile[i]) + 1;

			fields(&a, all);
			if (n <= all[k].size)
				memcpy(all[k].at, hostile[i], n);
			if (!build(&a, JWS_RS256, cur_of(hostile[i], n - 1), &in))
				continue;
			built++;
			expect_our_form(buf_view(&in));
		}
	assert_true(built > NELEM(hostile) * FIELDS / 2);
}

/* Any bytes in all fields at once; half of the time such that UTF-8 is likely. */
static void
t6_any_bytes(void **state)
{
	uint32_t seed = 20261122;
	size_t built = 0;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		AUTO(buf_free) struct buf in = BUF(JWS_MAX);
		struct assertion a = sample();
		struct field all[FIELDS];
		uint8_t mask = round % 2 == 0 ? 0xff : 0x7f;

		fields(&a, all);
		for (size_t k = 0; k < FIELDS; k++) {
			size_t n = next(&seed) % all[k].size;

			for (size_t i = 0; i < n; i++)
				all[k].at[i] = (char)(next(&seed) & mask);
			all[k].at[n] = '\0';
		}
		a.iat = (int64_t)((uint64_t)next(&seed) << 32 | next(&seed));
		if (!build(&a, (enum jws_alg)(1 + next(&seed) % 4),
		    cur_str(a.evidence.caller), &in))
			continue;
		built++;
		expect_our_form(buf_view(&in));
	}
	assert_true(built >= 1000);
}

#define ROW(name, a, b, r) \
	{ name, changed, NULL, NULL, &(struct change){ .find = a, .with = b, .want = r } }
#define GOOD(...)		GOOD_(__VA_ARGS__)
#define GOOD_(name, a, b)	ROW(name, a, b, ERR_OK)
#define BAD(...)		BAD_(__VA_ARGS__)
#define BAD_(name, a, b)	ROW(name, a, b, ERR_MALFORMED)
#define ATTEST(list)		"\"means\"", "\"piv_attestation\":" list ",\"means\""

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_payload),
		cmocka_unit_test(exact_header),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(with_attestation),
		cmocka_unit_test(attestation_too_long),
		cmocka_unit_test(deep_and_long),
		cmocka_unit_test(t6_hostile_texts),
		cmocka_unit_test(t6_any_bytes),
		GOOD("as it is", "", ""),
		GOOD("without origin", "\"origin\":\"https://epd.example.nl\",", ""),
		GOOD("more evidence", "\"means\"",
		    "\"tpm_attestation\":[\"AA==\"],\"means\""),
		GOOD("attestation", ATTEST("[\"AA==\",\"/w==\"]")),
		BAD("attestation as text", ATTEST("\"AA==\"")),
		BAD("attestation as null", ATTEST("null")),
		BAD("attestation of nothing", ATTEST("[]")),
		BAD("a statement without its device", ATTEST("[\"AA==\"]")),
		BAD("three certificates", ATTEST("[\"AA==\",\"AA==\",\"AA==\"]")),
		BAD("an empty certificate", ATTEST("[\"\",\"AA==\"]")),
		BAD("a certificate as a number", ATTEST("[\"AA==\",7]")),
		BAD("a certificate in base64url", ATTEST("[\"AA==\",\"_w==\"]")),
		BAD("a second spelling of it", ATTEST("[\"AB==\",\"AA==\"]")),
		BAD("attestation twice",
		    ATTEST("[\"AA==\",\"AA==\"],\"piv_attestation\":[]")),
		BAD("attestation outside evidence", "{\"v\":1",
		    "{\"piv_attestation\":[\"AA==\",\"AA==\"],\"v\":1"),
		GOOD("iat before 1970", "1790000000", "-1"),
		ROW("version 2", "\"v\":1", "\"v\":2", ERR_VERSION),
		ROW("version 2 with members of its own", "{\"v\":1", "{\"w\":0,\"v\":2",
		    ERR_VERSION),
		BAD("version as text", "\"v\":1", "\"v\":\"1\""),
		BAD("no version", "\"v\":1,", ""),
		BAD("a claim more", "{\"v\":1", "{\"acr\":\"high\",\"v\":1"),
		BAD("a claim twice", "{\"v\":1", "{\"aud\":\"x\",\"v\":1"),
		BAD("a claim twice in evidence", "\"means\"",
		    "\"means\":\"x\",\"means\""),
		BAD("short hash", ZEROS, "AAAA"),
		BAD("hash in hex", ZEROS,
		    "0000000000000000000000000000000000000000000000000000000000000000"),
		BAD("a second spelling of the hash", ZEROS,
		    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB"),
		BAD("no nonce", "\"nonce\":\"" ONES "\",", ""),
		BAD("no aud", "\"aud\":\"https://broker.example.nl\",", ""),
		BAD("empty aud", "https://broker.example.nl", ""),
		BAD("client as a number", "\"epd\"", "7"),
		BAD("no name", "\"rp_name\":\"EPD \\\"Oost\\\"\",", ""),
		BAD("name with a NUL", "EPD ", "EPD\\u0000"),
		BAD("half of a surrogate pair", "EPD ", "\\ud800"),
		BAD("no UTF-8", "EPD ", "\xc3("),
		BAD("empty origin", "https://epd.example.nl", ""),
		BAD("iat as a fraction", "1790000000", "1790000000.5"),
		BAD("iat out of range", "1790000000", "17900000000000000000"),
		BAD("jti too long", "a-1",
		    "0123456789012345678901234567890123456789012345678901234567890123"),
		BAD("no evidence", ",\"evidence\":", ",\"jti2\":"),
		BAD("evidence as a list", "{\"means\":\"native\",\"driver\":\"uzi\","
		    "\"reader\":\"Lezer 00 00\",\"pin_entry\":\"window\","
		    "\"one_transaction\":true,\"caller\":\"~/bin/epd\"}", "[]"),
		BAD("one_transaction as text", "true", "\"true\""),
		BAD("one_transaction as a number", "true", "1"),
		BAD("no reader", "\"reader\":\"Lezer 00 00\",", ""),
		BAD("text behind it", "bin/epd\"}}", "bin/epd\"}}{}"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
