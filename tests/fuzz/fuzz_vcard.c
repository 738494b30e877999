/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The virtual card, given any commands: a byte of habits, then messages of vpcd (length
 * and command; one of length 1 is a reset).  Each is answered, no try comes out of
 * nothing, and nobody who did not prove the PIN uses a key.
 */
#include "tests/fuzz/fuzz.h"

#include <openssl/rsa.h>

#include "vcard/card.h"
#include "vcard/link.h"

static EVP_PKEY *
key(enum purpose purpose)
{
	static EVP_PKEY *keys[PURPOSES];	/* made once */

	if (keys[purpose] == NULL)
		keys[purpose] = EVP_RSA_gen(1024);
	must(keys[purpose] != NULL);
	return keys[purpose];
}

static void
habits(uint8_t bits, struct card_file *f)
{
	card_file_defaults(f);
	memcpy(f->secrets[USER_PIN], "123456", 7);
	memcpy(f->secrets[PUK], "12345678", 9);
	f->selected_at_reset = (bits & 0x01) != 0;
	f->logout = f->mse_any_order = f->select_path = (bits & 0x02) != 0;
	f->extended = f->chaining = (bits & 0x04) != 0;
	f->read_before_pin = f->second_channel = (bits & 0x08) != 0;
	f->pin_padding = bits >> 4 & 3;
	f->empty_verify = (bits & 0x40) != 0 ? EMPTY_COUNTS : EMPTY_TELLS;
	f->end_of_file = bits & 3;
	f->vendor_lock = bits == 0xff;
	if (f->pin_padding > PAD_ANY)
		f->pin_padding = PAD_ZERO;
}

static struct vcard *
make(uint8_t bits)
{
	struct card_file f;
	struct vcard *c;

	habits(bits, &f);
	must(vcard_new(&f, &c) == ERR_OK);
	for (size_t i = 0; i < PURPOSES; i++) {
		must(EVP_PKEY_up_ref(key((enum purpose)i)) == 1);
		must(vcard_set_key(c, (enum purpose)i, key((enum purpose)i),
		    cur_str("0 not a certificate")) == ERR_OK);
	}
	must(vcard_finish(c) == ERR_OK);
	return c;
}

static void
one(struct vcard *c, struct cur command)
{
	AUTO(buf_free) struct buf reply = BUF(2 + 65535);
	struct card_state before = *vcard_state(c), *after = vcard_state(c);
	struct vcard_counts counts = vcard_counts(c);
	bool verified = vcard_is_verified(c);

	vcard_command(c, command, &reply);
	must(buf_end(&reply) == ERR_OK && reply.len >= 2);
	if (vcard_counts(c).signatures != counts.signatures)
		must(verified && vcard_file(c)->activated && !vcard_file(c)->vendor_lock);
	if (vcard_is_verified(c) && !verified)
		must(vcard_counts(c).verifies == counts.verifies + 1 &&
		    before.tries[USER_PIN] > 0 && before.tries[PUK] > 0);
	must(before.tries[PUK] > 0 || after->tries[PUK] == 0);
	for (size_t i = 0; i < SECRETS; i++) {
		must(after->tries[i] <= 3 && after->tries[i] + 1 >= before.tries[i]);
		must(memchr(after->secrets[i], 0, sizeof(after->secrets[i])) != NULL);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(vcard_free) struct vcard *c = NULL;
	struct cur in = cur_of(data, size), message;
	uint8_t bits;

	if (!cur_u8(&in, &bits))
		return 0;
	c = make(bits);
	while (link_take(&in, &message) == ERR_OK) {
		if (message.n == 1)
			vcard_reset(c);
		else
			one(c, message);
	}
	return 0;
}
