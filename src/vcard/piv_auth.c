/* SPDX-License-Identifier: EUPL-1.2 */
/* GENERAL AUTHENTICATE (SP 800-73-5 part 2 section 3.2.4): the keys at work. */
#include <openssl/rand.h>

#include "vcard/crypto.h"
#include "vcard/der.h"
#include "vcard/inside.h"

#define SLOT_MANAGEMENT	0x9b

enum {
	ALG_3DES_OLD = 0x00, ALG_3DES = 0x03, ALG_RSA_3072 = 0x05, ALG_RSA_1024 = 0x06,
	ALG_RSA_2048 = 0x07, ALG_P256 = 0x11, ALG_P384 = 0x14, ALG_RSA_4096 = 0x16,
	ALG_ED25519 = 0xe0, ALG_X25519 = 0xe1
};

/* Dynamic authentication template: what was sent under which tag. */
struct template {
	struct cur challenge;		/* 81 */
	struct cur point;		/* 85 */
	bool	   has_challenge, has_point;
	bool	   wants_response;	/* 82, empty */
	bool	   response_first;	/* ... and before the others, as in the standard */
};

static uint8_t
rsa_algorithm(int bits)
{
	return bits == 1024 ? ALG_RSA_1024 : bits == 2048 ? ALG_RSA_2048 :
	    bits == 3072 ? ALG_RSA_3072 : bits == 4096 ? ALG_RSA_4096 : 0;
}

uint8_t
piv_algorithm(const EVP_PKEY *key)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
		return rsa_algorithm(EVP_PKEY_get_bits(key));
	case EVP_PKEY_EC:
		return EVP_PKEY_get_bits(key) == 256 ? ALG_P256 :
		    EVP_PKEY_get_bits(key) == 384 ? ALG_P384 : 0;
	case EVP_PKEY_ED25519:
		return ALG_ED25519;
	case EVP_PKEY_X25519:
		return ALG_X25519;
	default:
		return 0;
	}
}

/* Length of BER, one to three bytes. */
static bool
take_length(struct cur *in, size_t *ret)
{
	uint8_t first;
	uint16_t two;

	if (!cur_u8(in, &first))
		return false;
	*ret = first;
	if (first < 0x80)
		return true;
	if (first == 0x81 && cur_u8(in, &first)) {
		*ret = first;
		return true;
	}
	if (first != 0x82 || !cur_u16(in, &two))
		return false;
	*ret = two;
	return true;
}

static bool
take_tlv(struct cur *in, uint8_t *ret_tag, struct cur *ret)
{
	size_t n;

	return cur_u8(in, ret_tag) && take_length(in, &n) && cur_take(in, n, ret);
}

static bool
parse_template(struct cur in, struct template *ret)
{
	struct cur body, value;
	uint8_t tag;

	*ret = (struct template){ 0 };
	if (!take_tlv(&in, &tag, &body) || tag != 0x7c || in.n != 0)
		return false;
	while (body.n != 0) {
		if (!take_tlv(&body, &tag, &value))
			return false;
		if (tag == 0x82 && value.n == 0) {
			ret->wants_response = true;
			ret->response_first = !ret->has_challenge && !ret->has_point;
		} else if (tag == 0x81) {
			ret->challenge = value;
			ret->has_challenge = true;
		} else if (tag == 0x85) {
			ret->point = value;
			ret->has_point = true;
		} else {
			return false;
		}
	}
	return true;
}

/* 7C { tag: result } */
static void
put_result(struct buf *out, unsigned tag, const struct buf *result)
{
	size_t at = der_open(out, 0x7c);

	der_put(out, tag, buf_view(result));
	der_close(out, at);
}

/* A challenge of the management key, which is all that anybody may ask of it here. */
static unsigned
management(const struct command *m, const struct template *t, struct buf *out)
{
	AUTO(buf_free) struct buf challenge = BUF(16);
	size_t n = m->p1 == ALG_3DES_OLD || m->p1 == ALG_3DES ? 8 : 16;
	uint8_t *room = buf_room(&challenge, n);

	if (!t->has_challenge || t->challenge.n != 0)
		return SW_SECURITY;
	if (room == NULL || RAND_bytes(room, (int)n) != 1)
		return SW_FAULT;
	put_result(out, 0x81, &challenge);
	return SW_OK;
}

/* Does the PIN policy of the key allow its use now? */
static bool
may_use(const struct vcard *c, size_t i)
{
	switch ((enum pin_policy)c->file.keys[i].policy) {
	case PIN_NEVER:
		return true;
	case PIN_ONCE:
		return piv_is_verified(c);
	case PIN_ALWAYS:
		return piv_is_verified(c) && c->fresh;
	}
	return false;
}

/* A card may insist on a hash of the size of the field; a longer one fits nowhere. */
static bool
hash_fits(const struct vcard *c, const EVP_PKEY *key, size_t n)
{
	size_t field = crypto_size(key);

	return c->file.piv.exact ? n == field : n != 0 && n <= field;
}

static bool
sign(const struct vcard *c, EVP_PKEY *key, struct cur data, struct buf *ret)
{
	if (crypto_is_rsa(key))
		return crypto_rsa_raw(key, data, ret);
	if (crypto_is_ec(key))
		return hash_fits(c, key, data.n) && crypto_ecdsa(key, data, ret);
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 &&
	    crypto_ed25519(key, data, ret);
}

/* Key agreement is for 9D and retired keys; a YubiKey asks no such thing. */
static bool
agree(const struct vcard *c, size_t i, struct cur point, struct buf *ret)
{
	EVP_PKEY *key = c->keys[i].key;
	uint8_t slot = piv_slot(i);

	if (!c->file.piv.yubico && (slot == 0x9a || slot == 0x9c || slot == 0x9e))
		return false;
	return (crypto_is_ec(key) || EVP_PKEY_get_base_id(key) == EVP_PKEY_X25519) &&
	    crypto_agree(key, point, ret);
}

static bool
is_understood(const struct vcard *c, const struct template *t)
{
	return t->wants_response && t->has_challenge != t->has_point &&
	    (t->response_first || !c->file.piv.exact);
}

static unsigned
use(struct vcard *c, size_t i, const struct template *t, struct buf *out)
{
	AUTO(buf_free) struct buf result = BUF(RESPONSE_MAX);
	bool good = t->has_point ? agree(c, i, t->point, &result) :
	    sign(c, c->keys[i].key, t->challenge, &result);

	if (!good)
		return SW_DATA;
	c->counts.signatures++;
	put_result(out, 0x82, &result);
	return buf_end(&result) == ERR_OK ? SW_OK : SW_MEMORY;
}

unsigned
piv_authenticate(struct vcard *c, struct vchannel *ch UNUSED, const struct command *m,
    struct buf *out)
{
	struct template t;
	size_t i;

	if (!parse_template(m->data, &t))
		return SW_DATA;
	if (m->p2 == SLOT_MANAGEMENT)
		return management(m, &t, out);
	if (!piv_index(m->p2, &i) || c->keys[i].key == NULL || i == PIV_ATTESTATION)
		return c->file.piv.yubico ? SW_DATA : SW_P1P2;
	if (m->p1 != piv_algorithm(c->keys[i].key) || !is_understood(c, &t))
		return SW_DATA;
	if (c->file.piv.vci && piv_slot(i) != 0x9e)
		return SW_SECURITY;
	if (!may_use(c, i))
		return SW_SECURITY;
	if (!c->file.activated)
		return SW_CONDITIONS;
	return use(c, i, &t, out);
}
