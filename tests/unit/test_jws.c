/* SPDX-License-Identifier: EUPL-1.2 */
/* JWS against the vectors of RFC 7515 and RFC 7638, and against forgers. */
#include "tests/check.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "base/b64.h"
#include "jose/jws.h"

/* RFC 7515 appendix A.2 and A.3: payload, keys, signatures. */
#define A_PAYLOAD							\
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt" \
	"cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define A2_INPUT	"eyJhbGciOiJSUzI1NiJ9." A_PAYLOAD
#define A2_N								\
	"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp" \
	"-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOW" \
	"vG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUs" \
	"LA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9k" \
	"G4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2" \
	"PAcDTW9gb54h4FRWyuXpoQ"
#define A2_D								\
	"Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_G" \
	"Q5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKV" \
	"RUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9J" \
	"YanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoF" \
	"aFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjn" \
	"czT0QU91p1DhOVRuOopznQ"
#define A2_SIGNATURE							\
	"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7" \
	"AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4" \
	"BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K" \
	"0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv" \
	"hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB" \
	"p0igcN_IoypGlUPQGe77Rw"
#define A3_INPUT	"eyJhbGciOiJFUzI1NiJ9." A_PAYLOAD
#define A3_X		"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define A3_Y		"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define A3_SIGNATURE							\
	"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA" \
	"pmWQxfKTUJqPP3-Kg6NU1Q"
/* RFC 7638 section 3.1. */
#define T_N								\
	"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86z" \
	"wu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5Js" \
	"GY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMic" \
	"AtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-" \
	"bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csF" \
	"Cur-kEgU8awapJzKnqDKgw"
/* 379 times the generator of P-256: x starts with a zero (RFC 7518 section 6.2.1.2). */
#define Z_X		"AFVDiUrz0A7X10Cr29dclrBod7eH219w7qeLkKjXwAo"
#define Z_Y		"u0yFo9jqKe-q-iRAaRLdhNWxTcMr9lbvbGvVil2UP5I"
#define T_PRINT		"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"

static void
decode(const char *text, struct buf *ret)
{
	assert_ok(b64url_get(cur_str(text), ret));
}

static EVP_PKEY *
from_data(const char *type, int selection, OSSL_PARAM_BLD *bld)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY *key = NULL;

	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &key, selection, params), 1);
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* d may be NULL: a public key. */
static EVP_PKEY *
rsa_key(const char *n, const char *d)
{
	const char *const names[] = { OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E,
		OSSL_PKEY_PARAM_RSA_D };
	const char *const values[] = { n, "AQAB", d };
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *numbers[3] = { NULL };
	EVP_PKEY *key;

	for (size_t i = 0; i < 3 && values[i] != NULL; i++) {
		AUTO(buf_free) struct buf b = BUF(1024);

		decode(values[i], &b);
		numbers[i] = BN_bin2bn(b.p, (int)b.len, NULL);
		assert_int_equal(OSSL_PARAM_BLD_push_BN(bld, names[i], numbers[i]), 1);
	}
	key = from_data("RSA", d == NULL ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR, bld);
	OSSL_PARAM_BLD_free(bld);
	for (size_t i = 0; i < 3; i++)
		BN_free(numbers[i]);
	return key;
}

static EVP_PKEY *
p256_key(const char *x, const char *y)
{
	AUTO(buf_free) struct buf point = BUF(65);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY *key;

	buf_u8(&point, 4);
	decode(x, &point);
	decode(y, &point);
	assert_int_equal(OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
	    "P-256", 0), 1);
	assert_int_equal(OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY,
	    point.p, point.len), 1);
	key = from_data("EC", EVP_PKEY_PUBLIC_KEY, bld);
	OSSL_PARAM_BLD_free(bld);
	return key;
}

static void
rfc7515_a2(void **state)
{
	AUTO(pkey_drop) EVP_PKEY *public = rsa_key(A2_N, NULL);
	AUTO(pkey_drop) EVP_PKEY *private = rsa_key(A2_N, A2_D);
	AUTO(buf_free) struct buf sig = BUF(512), made = BUF(512);
	struct cur input = cur_str(A2_INPUT);

	(void)state;
	decode(A2_SIGNATURE, &sig);
	assert_ok(jws_verify(JWS_RS256, public, input, buf_view(&sig)));
	/* PKCS #1 v1.5 is deterministic, so our own must be the same bytes. */
	assert_ok(jws_sign(JWS_RS256, private, input, &made));
	assert_true(cur_eq(buf_view(&sig), buf_view(&made)));
}

static void
rfc7515_a3(void **state)
{
	AUTO(pkey_drop) EVP_PKEY *key = p256_key(A3_X, A3_Y);
	AUTO(buf_free) struct buf sig = BUF(64);

	(void)state;
	decode(A3_SIGNATURE, &sig);
	assert_ok(jws_verify(JWS_ES256, key, cur_str(A3_INPUT), buf_view(&sig)));
}

static EVP_PKEY *
key_for(enum jws_alg alg)
{
	switch (alg) {
	case JWS_ES256:
		return EVP_EC_gen("P-256");
	case JWS_ES384:
		return EVP_EC_gen("P-384");
	case JWS_RS256:
	case JWS_PS256:
	case JWS_ALG_NONE:
		break;
	}
	return rsa_key(A2_N, A2_D);
}

/* Each algorithm verifies its own, and nothing that differs in one bit anywhere. */
static void
sign_and_verify(void **state)
{
	(void)state;
	for (enum jws_alg alg = JWS_RS256; alg <= JWS_ES384; alg++) {
		AUTO(pkey_drop) EVP_PKEY *key = key_for(alg);
		AUTO(buf_free) struct buf sig = BUF(512);
		struct cur input = cur_str(A2_INPUT);

		assert_ok(jws_sign(alg, key, input, &sig));
		assert_ok(jws_verify(alg, key, input, buf_view(&sig)));
		assert_err(jws_verify(alg, key, cur_str(A3_INPUT), buf_view(&sig)),
		    ERR_SIGNATURE);
		for (size_t i = 0; i < sig.len; i += 7) {
			sig.p[i] ^= 1;
			assert_err(jws_verify(alg, key, input, buf_view(&sig)), ERR_SIGNATURE);
			sig.p[i] ^= 1;
		}
	}
}

/* Too short, too long, empty, all zero, all ones. */
static void
odd_signatures(void **state)
{
	static const uint8_t zeros[600];
	uint8_t ones[600];

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	for (enum jws_alg alg = JWS_RS256; alg <= JWS_ES384; alg++) {
		AUTO(pkey_drop) EVP_PKEY *key = key_for(alg);
		static const size_t sizes[] = { 0, 1, 63, 64, 65, 96, 255, 256, 257, 600 };

		for (size_t i = 0; i < NELEM(sizes); i++) {
			assert_err(jws_verify(alg, key, cur_str("x"),
			    cur_of(zeros, sizes[i])), ERR_SIGNATURE);
			assert_err(jws_verify(alg, key, cur_str("x"),
			    cur_of(ones, sizes[i])), ERR_SIGNATURE);
		}
	}
}

/* RFC 7518 section 3.4: never DER. */
static void
ecdsa_der_is_refused(void **state)
{
	AUTO(pkey_drop) EVP_PKEY *key = EVP_EC_gen("P-256");
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[80];
	size_t n = sizeof(der);

	(void)state;
	assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, key, NULL), 1);
	assert_int_equal(EVP_DigestSign(ctx, der, &n, (const uint8_t *)"x", 1), 1);
	EVP_MD_CTX_free(ctx);
	assert_err(jws_verify(JWS_ES256, key, cur_str("x"), cur_of(der, n)), ERR_SIGNATURE);
}

/* RFC 7518 section 3.5: salt as long as the hash, MGF1 with the same hash. */
static void
pss_parameters(void **state)
{
	static const struct {
		int	    salt;
		const char *mgf1;
		enum err    want;
	} cases[] = {
		{ 32, "SHA256", ERR_OK },
		{ 0, "SHA256", ERR_SIGNATURE },
		{ 20, "SHA256", ERR_SIGNATURE },
		{ RSA_PSS_SALTLEN_MAX, "SHA256", ERR_SIGNATURE },
		{ 32, "SHA1", ERR_SIGNATURE },
	};
	AUTO(pkey_drop) EVP_PKEY *key = rsa_key(A2_N, A2_D);

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		EVP_MD_CTX *ctx = EVP_MD_CTX_new();
		EVP_PKEY_CTX *p;
		uint8_t sig[256];
		size_t n = sizeof(sig);

		assert_int_equal(EVP_DigestSignInit_ex(ctx, &p, "SHA256", NULL, NULL, key, NULL), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(p, cases[i].salt), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md_name(p, cases[i].mgf1, NULL), 1);
		assert_int_equal(EVP_DigestSign(ctx, sig, &n, (const uint8_t *)"x", 1), 1);
		EVP_MD_CTX_free(ctx);
		assert_err(jws_verify(JWS_PS256, key, cur_str("x"), cur_of(sig, n)),
		    cases[i].want);
	}
}

/* T2: the algorithm is decided by the key, never by the header alone. */
static void
alg_must_fit_the_key(void **state)
{
	AUTO(pkey_drop) EVP_PKEY *rsa = rsa_key(A2_N, A2_D);
	AUTO(pkey_drop) EVP_PKEY *p256 = EVP_EC_gen("P-256");
	AUTO(pkey_drop) EVP_PKEY *p384 = EVP_EC_gen("P-384");
	AUTO(pkey_drop) EVP_PKEY *k256 = EVP_EC_gen("secp256k1");
	AUTO(pkey_drop) EVP_PKEY *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	/* The first 128 bytes of the modulus: 1024 bits. */
	AUTO(pkey_drop) EVP_PKEY *small = rsa_key(
	    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp"
	    "-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOW"
	    "vG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63ks", NULL);
	EVP_PKEY *const keys[] = { rsa, p256, p384, k256, ed, small };
	static const bool fits[][6] = {
		[JWS_ALG_NONE] = { 0 },
		[JWS_RS256] = { 1, 0, 0, 0, 0, 0 },
		[JWS_PS256] = { 1, 0, 0, 0, 0, 0 },
		[JWS_ES256] = { 0, 1, 0, 0, 0, 0 },
		[JWS_ES384] = { 0, 0, 1, 0, 0, 0 },
	};

	(void)state;
	for (enum jws_alg alg = JWS_ALG_NONE; alg <= JWS_ES384; alg++)
		for (size_t i = 0; i < NELEM(keys); i++) {
			AUTO(buf_free) struct buf sig = BUF(512);
			uint8_t zero[256] = { 0 };

			assert_int_equal(jws_alg_fits(alg, keys[i]), fits[alg][i]);
			if (fits[alg][i])
				continue;
			assert_err(jws_verify(alg, keys[i], cur_str("x"),
			    cur_of(zero, sizeof(zero))), ERR_ALG);
			assert_err(jws_sign(alg, keys[i], cur_str("x"), &sig), ERR_ALG);
		}
	assert_false(jws_alg_fits((enum jws_alg)99, rsa));
	assert_false(jws_alg_fits(JWS_RS256, NULL));
}

static void
alg_names(void **state)
{
	static const char *const no[] = { "", "none", "None", "NONE", "HS256", "HS384", "rs256",
		"RS1", "RS384", "RS512", "PS384", "ES512", "ES256K", "EdDSA", "RS2566" };

	(void)state;
	for (enum jws_alg alg = JWS_RS256; alg <= JWS_ES384; alg++)
		assert_int_equal(jws_alg_of_name(cur_str(jws_alg_name(alg))), alg);
	for (size_t i = 0; i < NELEM(no); i++)
		assert_int_equal(jws_alg_of_name(cur_str(no[i])), JWS_ALG_NONE);
	assert_string_equal(jws_alg_name(JWS_ALG_NONE), "");
	assert_string_equal(jws_alg_name((enum jws_alg)-1), "");
}

struct one_header {
	const char *json;
	enum err    want;
};

static void
header_one(void **state)
{
	const struct one_header *t = *state;
	AUTO(jws_header_free) struct jws_header h = { 0 };

	assert_err(jws_header_parse(cur_str(t->json), &h), t->want);
}

static void
header_good(void **state)
{
	AUTO(jws_header_free) struct jws_header h = { 0 };

	(void)state;
	assert_ok(jws_header_parse(cur_str("{\"alg\":\"PS256\",\"typ\":\"dezi-assertion+jwt\","
	    "\"kid\":\"k1\",\"x5c\":[\"MAA=\",\"MAEC\"],\"cty\":\"x\"}"), &h));
	assert_int_equal(h.alg, JWS_PS256);
	assert_string_equal(h.typ, "dezi-assertion+jwt");
	assert_string_equal(h.kid, "k1");
	assert_int_equal(h.x5c_n, 2);
	assert_true(cur_eq(buf_view(&h.x5c[0]), cur_of("\x30\x00", 2)));
	assert_true(cur_eq(buf_view(&h.x5c[1]), cur_of("\x30\x01\x02", 3)));
}

struct one_split {
	const char *text;
	enum err    want;
};

static void
split_one(void **state)
{
	const struct one_split *t = *state;
	AUTO(jws_parts_free) struct jws_parts p = { 0 };

	assert_err(jws_split(cur_str(t->text), &p), t->want);
}

static void
split_good(void **state)
{
	AUTO(jws_parts_free) struct jws_parts p = { 0 };
	AUTO(buf_free) struct buf again = BUF(JWS_MAX);

	(void)state;
	assert_ok(jws_split(cur_str(A2_INPUT "." A2_SIGNATURE), &p));
	assert_true(cur_eq_str(p.signing_input, A2_INPUT));
	assert_true(cur_eq_str(buf_view(&p.header), "{\"alg\":\"RS256\"}"));
	assert_int_equal(p.signature.len, 256);
	assert_ok(jws_signing_input(buf_view(&p.header), buf_view(&p.payload), &again));
	assert_ok(jws_finish(&again, buf_view(&p.signature)));
	assert_true(cur_eq_str(buf_view(&again), A2_INPUT "." A2_SIGNATURE));
}

static void
split_too_large(void **state)
{
	AUTO(jws_parts_free) struct jws_parts p = { 0 };
	AUTO(buf_free) struct buf b = BUF(1 << 20);
	uint8_t *at = buf_room(&b, 1 << 20);

	(void)state;
	assert_non_null(at);
	memset(at, 'A', b.len);
	at[4] = at[9] = '.';
	assert_err(jws_split(buf_view(&b), &p), ERR_LIMIT);
	assert_err(jws_split(cur_of(at, JWS_MAX + 1), &p), ERR_LIMIT);
	assert_ok(jws_split(cur_of(at, JWS_MAX), &p));
}

static void
too_small_buffers(void **state)
{
	AUTO(pkey_drop) EVP_PKEY *key = EVP_EC_gen("P-256");
	AUTO(buf_free) struct buf b = BUF(4), sig = BUF(63);

	(void)state;
	assert_err(jws_signing_input(cur_str("{}"), cur_str("{}"), &b), ERR_LIMIT);
	buf_clear(&b);
	assert_err(jws_finish(&b, cur_str("abc")), ERR_LIMIT);
	assert_err(jws_sign(JWS_ES256, key, cur_str("x"), &sig), ERR_LIMIT);
}

/* The thumbprint by its definition: SHA-256 of exactly this text. */
static void
assert_thumbprint(const EVP_PKEY *key, const char *json)
{
	AUTO(buf_free) struct buf want = BUF(JWK_THUMBPRINT_LEN);
	char print[JWK_THUMBPRINT_LEN + 1];
	uint8_t hash[32];

	assert_int_equal(EVP_Digest(json, strlen(json), hash, NULL, EVP_sha256(), NULL), 1);
	b64url_put(&want, cur_of(hash, sizeof(hash)));
	assert_ok(jwk_thumbprint(key, print));
	assert_true(cur_eq_str(buf_view(&want), print));
}

#define EC_JWK(x, y)							\
	"{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" x "\",\"y\":\"" y "\"}"

static void
rfc7638(void **state)
{
	AUTO(pkey_drop) EVP_PKEY *rsa = rsa_key(T_N, NULL);
	AUTO(pkey_drop) EVP_PKEY *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	AUTO(pkey_drop) EVP_PKEY *other = EVP_EC_gen("secp256k1");
	AUTO(pkey_drop) EVP_PKEY *ec = p256_key(A3_X, A3_Y);
	AUTO(pkey_drop) EVP_PKEY *zero = p256_key(Z_X, Z_Y);
	char print[JWK_THUMBPRINT_LEN + 1];

	(void)state;
	assert_ok(jwk_thumbprint(rsa, print));
	assert_string_equal(print, T_PRINT);
	assert_thumbprint(ec, EC_JWK(A3_X, A3_Y));
	assert_thumbprint(zero, EC_JWK(Z_X, Z_Y));
	assert_err(jwk_thumbprint(ed, print), ERR_UNSUPPORTED);
	assert_err(jwk_thumbprint(other, print), ERR_UNSUPPORTED);
}

#define HEADER(json, want)						\
	{ json, header_one, NULL, NULL, &(struct one_header){ json, want } }
#define WITH(more)	"{\"alg\":\"RS256\",\"typ\":\"t\"," more "}"
#define SPLIT(text, want)						\
	{ "split " text, split_one, NULL, NULL, &(struct one_split){ text, want } }

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc7515_a2),
		cmocka_unit_test(rfc7515_a3),
		cmocka_unit_test(sign_and_verify),
		cmocka_unit_test(odd_signatures),
		cmocka_unit_test(ecdsa_der_is_refused),
		cmocka_unit_test(pss_parameters),
		cmocka_unit_test(alg_must_fit_the_key),
		cmocka_unit_test(alg_names),
		cmocka_unit_test(header_good),
		/* T2 */
		HEADER("{\"alg\":\"none\",\"typ\":\"t\"}", ERR_ALG),
		HEADER("{\"alg\":\"HS256\",\"typ\":\"t\"}", ERR_ALG),
		HEADER("{\"alg\":\"RS256\\u0000\",\"typ\":\"t\"}", ERR_MALFORMED),
		HEADER("{\"alg\":[\"RS256\"],\"typ\":\"t\"}", ERR_MALFORMED),
		HEADER("{\"typ\":\"t\"}", ERR_MALFORMED),
		HEADER("{\"alg\":\"RS256\"}", ERR_MALFORMED),
		HEADER("{\"alg\":\"RS256\",\"typ\":1}", ERR_MALFORMED),
		HEADER("{\"alg\":\"RS256\",\"typ\":\"t\",\"alg\":\"RS256\"}", ERR_MALFORMED),
		HEADER(WITH("\"crit\":[]"), ERR_MALFORMED),
		HEADER(WITH("\"crit\":[\"exp\"]"), ERR_MALFORMED),
		HEADER(WITH("\"crit\":null"), ERR_MALFORMED),
		HEADER(WITH("\"jku\":\"https://x\""), ERR_MALFORMED),
		HEADER(WITH("\"jwk\":{}"), ERR_MALFORMED),
		HEADER(WITH("\"x5u\":\"https://x\""), ERR_MALFORMED),
		HEADER(WITH("\"b64\":false"), ERR_MALFORMED),
		HEADER(WITH("\"zip\":\"DEF\""), ERR_MALFORMED),
		HEADER(WITH("\"kid\":7"), ERR_MALFORMED),
		HEADER(WITH("\"x5c\":[]"), ERR_MALFORMED),
		HEADER(WITH("\"x5c\":\"MAA=\""), ERR_MALFORMED),
		HEADER(WITH("\"x5c\":[1]"), ERR_MALFORMED),
		HEADER(WITH("\"x5c\":[\"\"]"), ERR_MALFORMED),
		HEADER(WITH("\"x5c\":[\"MAA\"]"), ERR_MALFORMED),
		HEADER(WITH("\"x5c\":[\"MA-_\"]"), ERR_MALFORMED),
		HEADER(WITH("\"x5c\":[\"MA\\nA=\"]"), ERR_MALFORMED),
		HEADER(WITH("\"x5c\":[\"MAA=\",\"MAA\"]"), ERR_MALFORMED),
		HEADER(WITH("\"x5c\":[\"A===\"]"), ERR_MALFORMED),
		HEADER(WITH("\"x5c\":[\"AA==\",\"AA==\",\"AA==\",\"AA==\",\"AA==\",\"AA==\"]"),
		    ERR_OK),
		HEADER(WITH("\"x5c\":[\"AA==\",\"AA==\",\"AA==\",\"AA==\",\"AA==\",\"AA==\","
		    "\"AA==\"]"), ERR_MALFORMED),
		HEADER("[]", ERR_MALFORMED),
		HEADER("", ERR_MALFORMED),
		cmocka_unit_test(split_good),
		cmocka_unit_test(split_too_large),
		SPLIT("", ERR_MALFORMED),
		SPLIT("AAAA", ERR_MALFORMED),
		SPLIT("AAAA.AAAA", ERR_MALFORMED),
		SPLIT("AAAA.AAAA.AAAA", ERR_OK),
		SPLIT("AAAA.AAAA.AAAA.AAAA", ERR_MALFORMED),
		SPLIT("AAAA.AAAA.AAAA.", ERR_MALFORMED),
		SPLIT("AAAA.AAAA.AA==", ERR_MALFORMED),
		SPLIT("AAAA.AAAA.AB", ERR_MALFORMED),
		SPLIT("AAAA.AAAA.A", ERR_MALFORMED),
		SPLIT("AAAA.AAAA.AA+/", ERR_MALFORMED),
		SPLIT("AAAA.AA AA.AAAA", ERR_MALFORMED),
		SPLIT("AAAA\n.AAAA.AAAA", ERR_MALFORMED),
		cmocka_unit_test(too_small_buffers),
		cmocka_unit_test(rfc7638),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
