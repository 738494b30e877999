/* SPDX-License-Identifier: EUPL-1.2 */
/* A virtual card in the hand of a test. */
#include "tests/check.h"

#include "tests/unit/vcard_hand.h"

#include <openssl/rsa.h>
#include <stdlib.h>

#include "base/b64.h"

#define BITS	2048

static EVP_PKEY *keys[PURPOSES];
static const char *const certificates[PURPOSES] = {
	"\x30\x82\x01\x00 authentication", "\x30\x82\x01\x00 signature",
	"\x30\x82\x01\x00 confidentiality" };

EVP_PKEY *
hand_key(enum purpose purpose)
{
	if (keys[purpose] == NULL)
		keys[purpose] = EVP_RSA_gen(BITS);
	assert_non_null(keys[purpose]);
	return keys[purpose];
}

/* 300 bytes: more than one READ BINARY. */
struct cur
hand_certificate(enum purpose purpose)
{
	static uint8_t der[PURPOSES][300];

	memset(der[purpose], 'a' + (int)purpose, sizeof(der[purpose]));
	memcpy(der[purpose], certificates[purpose], 16);
	return cur_of(der[purpose], sizeof(der[purpose]));
}

struct vcard *
hand_card(const struct card_file *f)
{
	struct card_file file = *f;
	struct vcard *c;

	memcpy(file.serial, "\x44\x5a\0\0\0\0\0\x01", CARD_SERIAL);
	if (file.secrets[PUK][0] == '\0')
		strncpy(file.secrets[PUK], "12345678", CARD_PIN_BYTES);
	for (size_t i = 0; i < PURPOSES; i++)
		file.keys[i].present = true;
	assert_ok(vcard_new(&file, &c));
	for (size_t i = 0; i < PURPOSES; i++) {
		EVP_PKEY *key = hand_key((enum purpose)i);

		assert_int_equal(EVP_PKEY_up_ref(key), 1);
		assert_ok(vcard_set_key(c, (enum purpose)i, key,
		    hand_certificate((enum purpose)i)));
	}
	assert_ok(vcard_finish(c));
	return c;
}

void
hand_end(void)
{
	for (size_t i = 0; i < PURPOSES; i++) {
		EVP_PKEY_free(keys[i]);
		keys[i] = NULL;
	}
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
