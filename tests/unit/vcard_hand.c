/* SPDX-License-Identifier: EUPL-1.2 */
/* A virtual card in the hand of a test. */
#include "tests/check.h"

#include "tests/unit/vcard_hand.h"
#include "tests/unit/rsa_key.h"

#include <stdlib.h>

#include "base/b64.h"

#define BITS	2048

static EVP_PKEY *keys[PURPOSES];
EVP_PKEY *
hand_key(enum purpose purpose)
{
	if (keys[purpose] == NULL)
		keys[purpose] = kept_rsa_key(BITS);
	assert_non_null(keys[purpose]);
	return keys[purpose];
}

/* 300 bytes: more than one READ BINARY. */
struct cur
hand_certificate(enum purpose purpose)
{
	static uint8_t der[PURPOSES][300];

	memset(der[purpose], 'a' + (int)purpose, sizeof(der[purpose]));
	memcpy(der[purpose], "\x30\x82\x01\x28", 4);
	return cur_of(der[purpose], sizeof(der[purpose]));
}

void
hand_take(struct hand *h)
{
	vcard_free(&h->card);
	assert_ok(vcard_new(&h->file, &h->card));
	for (size_t i = 0; i < PURPOSES; i++) {
		EVP_PKEY *key = hand_key((enum purpose)i);

		assert_int_equal(EVP_PKEY_up_ref(key), 1);
		assert_ok(vcard_set_key(h->card, (enum purpose)i, key,
		    hand_certificate((enum purpose)i)));
	}
	assert_ok(vcard_finish(h->card));
}

int
hand_setup(void **state)
{
	static struct hand h;

	h = (struct hand){ 0 };
	card_file_defaults(&h.file);
	memcpy(h.file.secrets[USER_PIN], "123456", 7);
	memcpy(h.file.secrets[PUK], "12345678", 9);
	memcpy(h.file.serial, "\x44\x5a\0\0\0\0\0\x01", CARD_SERIAL);
	hand_take(&h);
	*state = &h;
	return 0;
}

int
hand_teardown(void **state)
{
	struct hand *h = *state;

	vcard_free(&h->card);
	return 0;
}

void
hand_end(void)
{
	for (size_t i = 0; i < PURPOSES; i++) {
		EVP_PKEY_free(keys[i]);
		keys[i] = NULL;
	}
}

int
hand_group_teardown(void **state UNUSED)
{
	hand_end();
	return 0;
}

const char *
hand_send(struct vcard *c, const char *hex)
{
	static char text[4096];
	AUTO(buf_free) struct buf command = BUF(8192);
	AUTO(buf_free) struct buf reply = BUF(8192);
	AUTO(buf_free) struct buf out = BUF(sizeof(text));

	assert_ok(hex_get(cur_str(hex), &command));
	vcard_command(c, buf_view(&command), &reply);
	assert_true(reply.len >= 2);
	hex_put(&out, buf_view(&reply));
	assert_true(cur_to_str(buf_view(&out), text, sizeof(text)));
	return text;
}

void
hand_check_signature(const char *hex)
{
	AUTO(buf_free) struct buf sig = BUF(1024);
	uint8_t hash[32];
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(hand_key(AUTHENTICATION), NULL);

	for (size_t i = 0; i < sizeof(hash); i++)
		hash[i] = (uint8_t)i;
	assert_ok(hex_get(cur_str(hex), &sig));
	assert_int_equal(sig.len, 258);
	assert_int_equal(sig.p[256] << 8 | sig.p[257], 0x9000);
	assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()), 1);
	assert_int_equal(EVP_PKEY_verify(ctx, sig.p, 256, hash, sizeof(hash)), 1);
	EVP_PKEY_CTX_free(ctx);
}
