/* SPDX-License-Identifier: EUPL-1.2 */
/* The challenge: what is written is read, and everything else is refused. */
#include "tests/check.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

#include "login/challenge.h"
#include "tests/unit/raw_jws.h"

#define ISS	"https://broker.example.nl"

static EVP_PKEY *key, *foreign, *rsa;
static char kid[JWK_THUMBPRINT_LEN + 1];

static const char payload_text[] =
    "{\"v\":1,\"iss\":\"" ISS "\",\"aud\":\"urn:nl:dezi:agent\",\"jti\":\"c-1\","
    "\"nonce\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\",\"iat\":1790000000,"
    "\"exp\":1790000120,\"client_id\":\"epd\",\"rp_name\":{\"nl\":\"EPD van Oost\","
    "\"en\":\"EHR East\"},\"origin\":\"https://epd.example.nl:8443\","
    "\"acr\":\"http://eidas.europa.eu/LoA/high\","
    "\"cert_policies\":[\"2.16.528.1.1007.99.211\"]}";

static enum err
read_with(struct cur compact, EVP_PKEY *pinned, struct challenge *ret)
{
	return challenge_read(compact, ISS, &pinned, 1, ret);
}

static struct challenge
sample(void)
{
	struct challenge c = {
		.iss = ISS, .jti = "c-1", .iat = 1790000000, .exp = 1790000090,
		.client_id = "epd",
		.rp_name_nl = "Huisarts \xe2\x80\x9cOost\xe2\x80\x9d \\ \"x\"",
		.rp_name_en = "GP East", .origin = "https://epd.example.nl",
		.acr = "http://eidas.europa.eu/LoA/high",
		.policies = { "2.16.528.1.1007.99.211", "1.2.3" }, .n_policies = 2,
	};

	for (size_t i = 0; i < sizeof(c.nonce); i++)
		c.nonce[i] = (uint8_t)(255 - i);
	return c;
}

static void
expect_same(const struct challenge *a, const struct challenge *b)
{
	assert_string_equal(a->iss, b->iss);
	assert_string_equal(a->jti, b->jti);
	assert_memory_equal(a->nonce, b->nonce, sizeof(a->nonce));
	assert_int_equal(a->iat, b->iat);
	assert_int_equal(a->exp, b->exp);
	assert_string_equal(a->client_id, b->client_id);
	assert_string_equal(a->rp_name_nl, b->rp_name_nl);
	assert_string_equal(a->rp_name_en, b->rp_name_en);
	assert_string_equal(a->origin, b->origin);
	assert_string_equal(a->acr, b->acr);
	assert_int_equal(a->n_policies, b->n_policies);
	for (size_t i = 0; i < a->n_policies; i++)
		assert_string_equal(a->policies[i], b->policies[i]);
}

static void
round_trip(void **state)
{
	AUTO(buf_free) struct buf jws = BUF(CHALLENGE_MAX);
	struct challenge c = sample(), d;

	(void)state;
	assert_ok(challenge_write(&c, key, &jws));
	assert_ok(read_with(buf_view(&jws), key, &d));
	expect_same(&c, &d);
	c.rp_name_en[0] = c.origin[0] = '\0';
	buf_clear(&jws);
	assert_ok(challenge_write(&c, key, &jws));
	assert_ok(read_with(buf_view(&jws), key, &d));
	expect_same(&c, &d);
}

static void
not_written(void **state)
{
	AUTO(buf_free) struct buf jws = BUF(CHALLENGE_MAX);
	struct challenge c;

	(void)state;
	c = sample();
	c.exp = c.iat + CHALLENGE_LIFE_MAX + 1;
	assert_err(challenge_write(&c, key, &jws), ERR_MALFORMED);
	c = sample();
	c.n_policies = 0;
	assert_err(challenge_write(&c, key, &jws), ERR_MALFORMED);
	c = sample();
	memcpy(c.origin, "http://x", 9);
	assert_err(challenge_write(&c, key, &jws), ERR_MALFORMED);
	c = sample();
	c.rp_name_nl[0] = '\0';
	assert_err(challenge_write(&c, key, &jws), ERR_MALFORMED);
	c = sample();
	assert_err(challenge_write(&c, rsa, &jws), ERR_ALG);
	assert_int_equal(jws.len, 0);
}

struct change {
	const char *find, *with;	/* in the payload */
	const char *find_header, *with_header;
	enum jws_alg alg;		/* JWS_ALG_NONE: ES256 */
	bool	foreign, rsa, unsigned_;
	enum err want;
};

static void
changed(void **state)
{
	const struct change *t = *state;
	AUTO(buf_free) struct buf h = BUF(4096), p = BUF(65536), jws = BUF(65536);
	EVP_PKEY *signer = t->rsa ? rsa : t->foreign ? foreign : key;
	enum jws_alg alg = t->alg != JWS_ALG_NONE ? t->alg : JWS_ES256;
	char header[256];
	struct challenge c = { .iat = -5 };

	snprintf(header, sizeof(header),
	    "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"dezi-challenge+jwt\"}", kid);
	if (t->find_header != NULL)
		replace_put(&h, header, t->find_header, t->with_header);
	else
		buf_str(&h, header);
	if (t->find != NULL)
		replace_put(&p, payload_text, t->find, t->with);
	else
		buf_str(&p, payload_text);
	raw_jws(buf_view(&h), buf_view(&p), t->unsigned_ ? JWS_ALG_NONE : alg, signer,
	    &jws);
	assert_err(read_with(buf_view(&jws), key, &c), t->want);
	assert_true(t->want == ERR_OK || c.iat == -5);
}

/* T1: several keys may be pinned, at a roll-over; the header says which. */
static void
several_keys(void **state)
{
	AUTO(buf_free) struct buf jws = BUF(CHALLENGE_MAX);
	EVP_PKEY *const both[] = { foreign, key };
	struct challenge c = sample(), d;

	(void)state;
	assert_ok(challenge_write(&c, key, &jws));
	assert_ok(challenge_read(buf_view(&jws), ISS, both, 2, &d));
	assert_err(challenge_read(buf_view(&jws), ISS, both, 1, &d), ERR_CHALLENGE);
	assert_err(challenge_read(buf_view(&jws), ISS, NULL, 0, &d), ERR_CHALLENGE);
}

static void
not_a_jws(void **state)
{
	static const char *const texts[] = {
		"", ".", "..", "a.b.c", "eyJ9.e30.", "e30.e30.e30.e30",
	};
	AUTO(buf_free) struct buf jws = BUF(65536);
	struct challenge c = sample(), d;

	(void)state;
	for (size_t i = 0; i < NELEM(texts); i++)
		assert_err(read_with(cur_str(texts[i]), key, &d), ERR_CHALLENGE);
	assert_ok(challenge_write(&c, key, &jws));
	jws.p[jws.len / 2] ^= 1;
	assert_err(read_with(buf_view(&jws), key, &d), ERR_CHALLENGE);
	jws.p[jws.len / 2] ^= 1;
	jws.p[jws.len - 5] = jws.p[jws.len - 5] == 'A' ? 'B' : 'A';
	assert_err(read_with(buf_view(&jws), key, &d), ERR_CHALLENGE);
	while (jws.len < CHALLENGE_MAX)
		buf_u8(&jws, 'A');
	assert_err(read_with(buf_view(&jws), key, &d), ERR_CHALLENGE);
}

/* A thousand brackets cost no stack, and a body of 1 MB no time (T-parse). */
static void
deep_and_long(void **state)
{
	AUTO(buf_free) struct buf p = BUF(4096), jws = BUF(8192);
	AUTO(buf_free) struct buf big = BUF(1 << 20);
	char header[256];
	struct challenge d;

	(void)state;
	snprintf(header, sizeof(header),
	    "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"dezi-challenge+jwt\"}", kid);
	buf_str(&p, "{\"v\":");
	for (int i = 0; i < 1000; i++)
		buf_u8(&p, '[');
	raw_jws(cur_str(header), buf_view(&p), JWS_ES256, key, &jws);
	assert_err(read_with(buf_view(&jws), key, &d), ERR_CHALLENGE);
	memset(buf_room(&big, 1 << 20), 'A', 1 << 20);
	assert_err(read_with(buf_view(&big), key, &d), ERR_CHALLENGE);
}

static int
setup(void **state)
{
	(void)state;
	key = EVP_EC_gen("P-256");
	foreign = EVP_EC_gen("P-256");
	rsa = EVP_RSA_gen(2048);

	return jwk_thumbprint(key, kid) != ERR_OK;
}

static int
teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	EVP_PKEY_free(foreign);
	EVP_PKEY_free(rsa);

	return 0;
}

#define ROW(name, ...)	{ name, changed, NULL, NULL, &(struct change){ __VA_ARGS__ } }
#define GOOD(name, a, b)	ROW(name, .find = a, .with = b, .want = ERR_OK)
#define BAD(name, a, b)		ROW(name, .find = a, .with = b, .want = ERR_CHALLENGE)
#define HEAD(name, a, b) \
	ROW(name, .find_header = a, .with_header = b, .want = ERR_CHALLENGE)
#define NONCE	"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(not_written),
		cmocka_unit_test(several_keys),
		cmocka_unit_test(not_a_jws),
		cmocka_unit_test(deep_and_long),
		GOOD("as it is", "", ""),
		GOOD("without origin", "\"origin\":\"https://epd.example.nl:8443\",", ""),
		GOOD("in Dutch only", ",\"en\":\"EHR East\"", ""),
		GOOD("an IPv6 origin", "https://epd.example.nl:8443",
		    "https://[fe80::1]:8443"),
		ROW("T2: alg none", .find_header = "ES256", .with_header = "none",
		    .unsigned_ = true, .want = ERR_CHALLENGE),
		ROW("T2: no signature", .unsigned_ = true, .want = ERR_CHALLENGE),
		HEAD("T2: HS256", "ES256", "HS256"),
		ROW("T2: RS256", .find_header = "ES256", .with_header = "RS256",
		    .alg = JWS_RS256, .rsa = true, .want = ERR_CHALLENGE),
		HEAD("T2: crit", "{", "{\"crit\":[\"exp\"],"),
		HEAD("a member twice", "{", "{\"alg\":\"ES256\","),
		HEAD("a member more", "{", "{\"cty\":\"x\","),
		HEAD("no kid", "\"kid\"", "\"kit\""),
		HEAD("another typ", "dezi-challenge+jwt", "dezi-assertion+jwt"),
		HEAD("typ in another case", "dezi-challenge+jwt", "Dezi-Challenge+jwt"),
		HEAD("typ with a tail", "dezi-challenge+jwt", "dezi-challenge+jwt2"),
		HEAD("x5c", "{", "{\"x5c\":[\"AA==\"],"),
		ROW("T1: signed by another key", .foreign = true, .want = ERR_CHALLENGE),
		ROW("version 2", .find = "\"v\":1", .with = "\"v\":2",
		    .want = ERR_VERSION),
		BAD("version as text", "\"v\":1", "\"v\":\"1\""),
		BAD("version 1.0", "\"v\":1", "\"v\":1.0"),
		BAD("no version", "\"v\":1,", ""),
		BAD("T1: another iss", ISS, ISS "/"),
		BAD("another aud", "urn:nl:dezi:agent", "urn:nl:dezi:agent2"),
		BAD("aud as a list", "\"urn:nl:dezi:agent\"", "[\"urn:nl:dezi:agent\"]"),
		BAD("no jti", "\"jti\":\"c-1\",", ""),
		BAD("empty jti", "\"c-1\"", "\"\""),
		BAD("short nonce", NONCE, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg"),
		BAD("long nonce", NONCE, NONCE "AAAA"),
		BAD("nonce with padding", NONCE, NONCE "="),
		BAD("a second spelling of the nonce", NONCE,
		    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9"),
		BAD("T5: lives too long", "1790000120", "1790000121"),
		BAD("ends before it begins", "1790000120", "1789999999"),
		BAD("ends when it begins", "1790000120", "1790000000"),
		BAD("exp that overflows", "\"iat\":1790000000",
		    "\"iat\":-9223372036854775807"),
		BAD("exp out of range", "1790000120", "99999999999999999999"),
		BAD("no client", "\"client_id\":\"epd\",", ""),
		BAD("client with a space", "\"epd\"", "\"e pd\""),
		BAD("client with a NUL", "\"epd\"", "\"epd\\u0000x\""),
		BAD("no name",
		    "\"rp_name\":{\"nl\":\"EPD van Oost\",\"en\":\"EHR East\"},", ""),
		BAD("no Dutch name", "\"nl\":\"EPD van Oost\",", ""),
		BAD("empty name", "EPD van Oost", ""),
		BAD("empty English name", "EHR East", ""),
		BAD("a third language", "\"nl\":", "\"fr\":\"DPI\",\"nl\":"),
		BAD("name as text", "{\"nl\":\"EPD van Oost\",\"en\":\"EHR East\"}",
		    "\"EPD\""),
		BAD("T30: name with a control", "EPD van Oost", "EPD\\nvan Oost"),
		BAD("T30: name that turns the text", "EPD van Oost", "EPD \\u202etsoo"),
		BAD("T30: name of no UTF-8", "EPD van Oost", "EPD \xff"),
		BAD("name that is too long", "EPD van Oost",
		    "0123456789012345678901234567890123456789012345678901234567890123456789"
		    "0123456789012345678901234567890123456789012345678901234567890123456789"),
		BAD("origin with a path", ":8443\"", ":8443/\""),
		BAD("origin in capitals", "https://epd", "https://EPD"),
		BAD("origin without https", "https://epd", "http://epd"),
		BAD("origin null", "https://epd.example.nl:8443", "null"),
		BAD("origin with a user", "https://epd", "https://x@epd"),
		BAD("origin with an empty port", ":8443\"", ":\""),
		BAD("empty origin", "https://epd.example.nl:8443", ""),
		BAD("no acr", "\"acr\":\"http://eidas.europa.eu/LoA/high\",", ""),
		BAD("no policies", ",\"cert_policies\":[\"2.16.528.1.1007.99.211\"]", ""),
		BAD("an empty list of policies", "\"2.16.528.1.1007.99.211\"", ""),
		BAD("a policy that is none", "2.16.528.1.1007.99.211", "2.16..211"),
		BAD("too many policies", "[\"",
		    "[\"1.1\",\"1.1\",\"1.1\",\"1.1\",\"1.1\",\"1.1\","
		    "\"1.1\",\"1.1\",\""),
		BAD("a claim more", "{\"v\":1", "{\"x\":0,\"v\":1"),
		BAD("a claim twice", "{\"v\":1", "{\"v\":1,\"v\":1"),
		BAD("text behind it", "211\"]}", "211\"]} x"),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
