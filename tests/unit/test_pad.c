/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Blocks for cards that only know the bare RSA operation: what we pad libcrypto accepts,
 * what libcrypto pads we open, and nothing else.
 */
#include "tests/check.h"

#include <openssl/rsa.h>

#include "pkcs11/crypto.h"
#include "pkcs11/pad.h"

/* Lengths whose last byte of the modulus is full, nearly full, and one bit long. */
static const unsigned sizes[] = { 1024, 1023, 1025, 1032 };

static EVP_PKEY *keys[NELEM(sizes)];

static int
make_keys(void **state UNUSED)
{
	for (size_t i = 0; i < NELEM(sizes); i++)
		if ((keys[i] = EVP_PKEY_Q_keygen(crypto_context(), NULL, "RSA",
		    (size_t)sizes[i])) == NULL)
			return -1;
	return 0;
}

static int
drop_keys(void **state UNUSED)
{
	for (size_t i = 0; i < NELEM(sizes); i++)
		EVP_PKEY_free(keys[i]);
	crypto_end();
	return 0;
}

/* The private operation, as a card does it. */
static void
bare(EVP_PKEY *key, struct cur block, struct buf *ret)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(crypto_context(), key, NULL);
	size_t n = (size_t)EVP_PKEY_get_size(key);
	uint8_t *room = buf_room(ret, n);

	assert_non_null(room);
	assert_int_equal(block.n, n);
	assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
	assert_int_equal(EVP_PKEY_decrypt(ctx, room, &n, block.p, block.n), 1);
	EVP_PKEY_CTX_free(ctx);
}

static void
read_mech(ck_mechanism_type_t type, void *params, ck_ulong n, const struct mech **m,
    struct mech_params *p)
{
	const struct ck_mechanism given = { type, params, n };

	assert_int_equal(mech_read(&given, m, p), CKR_OK);
}

static void
pss_is_what_libcrypto_verifies(void **state UNUSED)
{
	static const struct {
		ck_mechanism_type_t hash;
		unsigned long mgf, salt;
	} cases[] = {
		{ CKM_SHA256, CKG_MGF1_SHA256, 32 }, { CKM_SHA256, CKG_MGF1_SHA256, 0 },
		{ CKM_SHA_1, CKG_MGF1_SHA1, 20 }, { CKM_SHA384, CKG_MGF1_SHA512, 11 },
		{ CKM_SHA512, CKG_MGF1_SHA512, 61 },
	};

	for (size_t k = 0; k < NELEM(sizes); k++)
		for (size_t i = 0; i < NELEM(cases); i++) {
			AUTO(buf_free) struct buf hash = BUF(64), block = BUF(300), sig = BUF(300);
			struct ck_rsa_pkcs_pss_params pss = { cases[i].hash, cases[i].mgf,
			    cases[i].salt };
			const struct x509_view v = { .key = keys[k], .bits = sizes[k] };
			const struct mech *m;
			struct mech_params p;

			read_mech(CKM_RSA_PKCS_PSS, &pss, sizeof(pss), &m, &p);
			assert_ok(crypto_digest(p.digest, cur_str("message"), &hash));
			assert_ok(pad_pss(&p, buf_view(&hash), sizes[k], &block));
			bare(keys[k], buf_view(&block), &sig);
			assert_true(crypto_check(&v, m, &p, buf_view(&hash), buf_view(&sig)));
			sig.p[5] ^= 1;
			assert_false(crypto_check(&v, m, &p, buf_view(&hash), buf_view(&sig)));
		}
}

static void
pss_needs_room(void **state UNUSED)
{
	AUTO(buf_free) struct buf block = BUF(300);
	const uint8_t hash[64] = { 1 };
	struct mech_params p = { .digest = "SHA2-512", .mgf = "SHA2-512", .digest_len = 64,
	    .salt_len = 62 };

	assert_ok(pad_pss(&p, cur_of(hash, 64), 1024, &block));
	p.salt_len = 63;
	assert_err(pad_pss(&p, cur_of(hash, 64), 1024, &block), ERR_LIMIT);
	p.salt_len = SIZE_MAX;
	assert_err(pad_pss(&p, cur_of(hash, 64), 1024, &block), ERR_LIMIT);
	p.salt_len = 0;
	assert_err(pad_pss(&p, cur_of(hash, 32), 1024, &block), ERR_LIMIT);
	assert_err(pad_pss(&p, cur_of(hash, 64), 0, &block), ERR_LIMIT);
	assert_err(pad_pss(&p, cur_of(hash, 64), 100000, &block), ERR_LIMIT);
}

static void
opens(EVP_PKEY *key, const struct mech *m, const struct mech_params *p, struct cur message)
{
	AUTO(buf_free) struct buf cipher = BUF(300), block = BUF(300), plain = BUF(300);
	const struct x509_view v = { .key = key };

	assert_ok(crypto_encrypt(&v, m, p, message, &cipher));
	bare(key, buf_view(&cipher), &block);
	if (m->scheme == SCHEME_OAEP)
		assert_ok(unpad_oaep(p, buf_view(&block), &plain));
	else
		assert_ok(unpad_pkcs1(buf_view(&block), &plain));
	assert_true(cur_eq(buf_view(&plain), message));
}

static void
what_libcrypto_encrypts_is_opened(void **state UNUSED)
{
	static const uint8_t text[128] = { 0, 1, 0, 1 };
	struct ck_rsa_pkcs_oaep_params oaep = { .hash_alg = CKM_SHA256, .mgf = CKG_MGF1_SHA1,
	    .source = CKZ_DATA_SPECIFIED, .source_data = (char[]){ "label" },
	    .source_data_len = 5 };
	const struct mech *m;
	struct mech_params p;

	for (size_t k = 0; k < NELEM(sizes); k++) {
		size_t n = (sizes[k] + 7) / 8;

		read_mech(CKM_RSA_PKCS, NULL, 0, &m, &p);
		opens(keys[k], m, &p, cur_of(text, 0));
		opens(keys[k], m, &p, cur_of(text, 1));
		opens(keys[k], m, &p, cur_of(text, n - 11));
		read_mech(CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep), &m, &p);
		opens(keys[k], m, &p, cur_of(text, 0));
		opens(keys[k], m, &p, cur_of(text, 33));
		opens(keys[k], m, &p, cur_of(text, n - 66));
	}
}

static void
nothing_else_is_opened(void **state UNUSED)
{
	AUTO(buf_free) struct buf plain = BUF(300);
	struct mech_params p = { .digest = "SHA1", .mgf = "SHA1", .digest_len = 20 };
	uint8_t block[64] = { 0, 2 };

	memset(block + 2, 0xaa, 62);
	assert_err(unpad_pkcs1(cur_of(block, 64), &plain), ERR_MALFORMED);	/* no end */
	block[9] = 0;								/* too early */
	assert_err(unpad_pkcs1(cur_of(block, 64), &plain), ERR_MALFORMED);
	block[9] = 1;
	block[10] = 0;
	assert_ok(unpad_pkcs1(cur_of(block, 64), &plain));
	assert_int_equal(plain.len, 53);
	block[1] = 1;
	assert_err(unpad_pkcs1(cur_of(block, 64), &plain), ERR_MALFORMED);
	block[0] = 1;
	block[1] = 2;
	assert_err(unpad_pkcs1(cur_of(block, 64), &plain), ERR_MALFORMED);
	assert_err(unpad_pkcs1(cur_of(block, 10), &plain), ERR_MALFORMED);
	assert_err(unpad_pkcs1(cur_of(block, 2000), &plain), ERR_MALFORMED);
	assert_err(unpad_oaep(&p, cur_of(block, 64), &plain), ERR_MALFORMED);
	assert_err(unpad_oaep(&p, cur_of(block, 41), &plain), ERR_MALFORMED);
	assert_int_equal(plain.len, 53);
}

/* Each byte of an OAEP block matters: the first, seed, label, zeros and the one. */
static void
oaep_looks_at_every_byte(void **state UNUSED)
{
	AUTO(buf_free) struct buf cipher = BUF(300), block = BUF(300);
	struct ck_rsa_pkcs_oaep_params oaep = { .hash_alg = CKM_SHA_1, .mgf = CKG_MGF1_SHA1 };
	const struct x509_view v = { .key = keys[0] };
	const struct mech *m;
	struct mech_params p, other;

	read_mech(CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep), &m, &p);
	assert_ok(crypto_encrypt(&v, m, &p, cur_str(""), &cipher));
	bare(keys[0], buf_view(&cipher), &block);
	for (size_t i = 0; i < block.len; i++) {
		AUTO(buf_free) struct buf plain = BUF(300);

		block.p[i] ^= 0x80;
		assert_err(unpad_oaep(&p, buf_view(&block), &plain), ERR_MALFORMED);
		block.p[i] ^= 0x80;
	}
	other = p;
	other.label_len = 1;
	assert_err(unpad_oaep(&other, buf_view(&block), &cipher), ERR_MALFORMED);
}

static void
parameters_are_checked(void **state UNUSED)
{
	struct ck_rsa_pkcs_pss_params pss = { CKM_SHA256, CKG_MGF1_SHA256, 32 };
	struct ck_rsa_pkcs_oaep_params oaep = { .hash_alg = CKM_SHA_1, .mgf = CKG_MGF1_SHA1,
	    .source = CKZ_DATA_SPECIFIED };
	struct ck_mechanism given = { CKM_SHA384_RSA_PKCS_PSS, &pss, sizeof(pss) };
	const struct mech *m;
	struct mech_params p;

	assert_int_equal(mech_read(&given, &m, &p), CKR_MECHANISM_PARAM_INVALID);
	given.mechanism = CKM_SHA256_RSA_PKCS_PSS;
	assert_int_equal(mech_read(&given, &m, &p), CKR_OK);
	given.parameter_len--;
	assert_int_equal(mech_read(&given, &m, &p), CKR_MECHANISM_PARAM_INVALID);
	given = (struct ck_mechanism){ CKM_RSA_PKCS_PSS, NULL, sizeof(pss) };
	assert_int_equal(mech_read(&given, &m, &p), CKR_MECHANISM_PARAM_INVALID);
	given.parameter = &pss;
	pss.hash_alg = CKM_MD5;
	assert_int_equal(mech_read(&given, &m, &p), CKR_MECHANISM_PARAM_INVALID);
	pss.hash_alg = CKM_SHA256;
	pss.mgf = 99;
	assert_int_equal(mech_read(&given, &m, &p), CKR_MECHANISM_PARAM_INVALID);
	given = (struct ck_mechanism){ CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep) };
	assert_int_equal(mech_read(&given, &m, &p), CKR_OK);
	oaep.source_data_len = MECH_LABEL_MAX + 1;
	oaep.source_data = &pss;
	assert_int_equal(mech_read(&given, &m, &p), CKR_MECHANISM_PARAM_INVALID);
	oaep.source_data_len = 1;
	oaep.source_data = NULL;
	assert_int_equal(mech_read(&given, &m, &p), CKR_MECHANISM_PARAM_INVALID);
	given = (struct ck_mechanism){ CKM_SHA256_RSA_PKCS, &pss, 1 };
	assert_int_equal(mech_read(&given, &m, &p), CKR_MECHANISM_PARAM_INVALID);
	given.mechanism = 0x80000001UL;
	assert_int_equal(mech_read(&given, &m, &p), CKR_MECHANISM_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pss_is_what_libcrypto_verifies),
		cmocka_unit_test(pss_needs_room),
		cmocka_unit_test(what_libcrypto_encrypts_is_opened),
		cmocka_unit_test(nothing_else_is_opened),
		cmocka_unit_test(oaep_looks_at_every_byte),
		cmocka_unit_test(parameters_are_checked),
	};

	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
