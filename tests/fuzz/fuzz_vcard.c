/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The virtual cards, given any commands: a byte of habits, then messages of vpcd (length
 * and command; one of length 1 is a reset).  A first byte of FE takes a PIV card, of FD
 * an ISO 7816-15 one, with the next byte of habits.  Each command is answered, no try
 * comes out of nothing, and nobody who did not prove the PIN uses a key that wants it.
 */
#include "tests/fuzz/fuzz.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "vcard/card.h"
#include "vcard/link.h"

/* Made once; the fourth and fifth are elliptic, F9 attests with the first. */
static EVP_PKEY *
key(size_t i)
{
	static EVP_PKEY *keys[5];

	if (keys[i] == NULL)
		keys[i] = i < 3 ? EVP_RSA_gen(1024) : EVP_EC_gen("P-256");
	must(keys[i] != NULL && EVP_PKEY_up_ref(keys[i]) == 1);
	return keys[i];
}

static void
secrets(struct card_file *f)
{
	memcpy(f->secrets[USER_PIN], "123456", 7);
	memcpy(f->secrets[PUK], "12345678", 9);
	f->empty_verify = EMPTY_TELLS;
}

static void
uzi_habits(uint8_t bits, struct card_file *f)
{
	card_file_defaults(f);
	secrets(f);
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

static void
piv_habits(uint8_t bits, struct card_file *f)
{
	card_file_defaults_of(CARD_PIV, f);
	secrets(f);
	f->selected_at_reset = true;
	f->piv.yubico = (bits & 0x01) != 0;
	f->piv.exact = f->piv.always_strict = (bits & 0x02) != 0;
	f->extended = f->chaining = (bits & 0x04) != 0;
	f->piv.select_forgets = f->piv.absent_empty = (bits & 0x08) != 0;
	f->piv.discovery = bits >> 4 & 3;
	f->piv.vci = bits == 0xff;
	f->references[SECOND_PIN] = 0;
	memcpy(f->secrets[SECOND_PIN], "888888", 7);
}

static void
p15_habits(uint8_t bits, struct card_file *f)
{
	card_file_defaults_of(CARD_P15, f);
	secrets(f);
	f->p15.fcp = bits & 3;
	f->p15.offsets = f->p15.df_forgets = (bits & 0x04) != 0;
	f->p15.paths = (bits & 0x08) != 0 ? PATHS_3FFF : PATHS_ABSOLUTE;
	f->p15.input = bits >> 4 & 3;
	if (f->p15.input > INPUT_BLOCK)
		f->p15.input = INPUT_DIGEST_INFO;
	f->p15.ec_der = (bits & 0x40) != 0;
	f->mse_any_order = f->read_before_pin = (bits & 0x80) != 0;
	f->keys[1].consent = true;
	f->keys[2].usage = CONFIDENTIALITY;
}

static void
put_keys(struct vcard *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		must(vcard_set_key(c, i, key(i), cur_str("0 not a certificate")) ==
		    ERR_OK);
	if (vcard_file(c)->type == CARD_PIV)
		must(vcard_set_key(c, PIV_ATTESTATION, key(0), cur_str("0 no")) ==
		    ERR_OK);
	must(vcard_finish(c) == ERR_OK);
}

static struct vcard *
make(uint8_t bits, uint8_t more)
{
	static struct card_file f;
	struct vcard *c;

	if (bits == 0xfe)
		piv_habits(more, &f);
	else if (bits == 0xfd)
		p15_habits(more, &f);
	else
		uzi_habits(bits, &f);
	must(vcard_new(&f, &c) == ERR_OK);
	put_keys(c, f.type == CARD_UZI ? PURPOSES : 5);
	return c;
}

/* A PIV card has a key that asks for no PIN: 9E, the fourth. */
static void
check_use(const struct vcard *c, struct cur command, bool verified)
{
	bool free_key = vcard_file(c)->type == CARD_PIV && command.p[3] == 0x9e;

	must((verified || free_key) && vcard_file(c)->activated &&
	    !vcard_file(c)->vendor_lock);
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
		check_use(c, command, verified);
	if (vcard_is_verified(c) && !verified)
		must(vcard_counts(c).verifies == counts.verifies + 1 &&
		    (before.tries[USER_PIN] > 0 || before.tries[SECOND_PIN] > 0));
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
	uint8_t bits, more = 0;

	if (!cur_u8(&in, &bits) || (bits >= 0xfd && bits != 0xff && !cur_u8(&in, &more)))
		return 0;
	c = make(bits, more);
	while (link_take(&in, &message) == ERR_OK) {
		if (message.n == 1)
			vcard_reset(c);
		else
			one(c, message);
	}
	return 0;
}
