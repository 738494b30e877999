/* SPDX-License-Identifier: EUPL-1.2 */
/* The keys: preparing (MSE SET), using (PSO, INTERNAL AUTHENTICATE), public halves. */
#include <openssl/core_names.h>

#include "vcard/crypto.h"
#include "vcard/inside.h"

#define ALG_PKCS1	0x02	/* the host brings the DigestInfo */
#define PKCS1_OVERHEAD	11

static bool
key_of(const struct vcard *c, uint8_t reference, enum purpose *ret)
{
	for (size_t i = 0; i < PURPOSES; i++)
		if (c->keys[i].key != NULL && c->file.keys[i].reference == reference) {
			*ret = (enum purpose)i;
			return true;
		}
	return false;
}

/* Which key may do what; as its certificate's key usage says. */
static bool
is_allowed(enum crt crt, enum purpose purpose)
{
	switch (crt) {
	case CRT_SIGN:
		return purpose != CONFIDENTIALITY;
	case CRT_AUTHENTICATE:
		return purpose == AUTHENTICATION;
	case CRT_DECIPHER:
		return purpose == CONFIDENTIALITY;
	case CRT_NONE:
		return false;
	}
	return false;
}

/* Data objects 84 (key) and 80 (algorithm), each one byte.  Tag 84 first, or refused. */
static bool
parse_mse(const struct vcard *c, struct cur in, uint8_t *ret_key, uint8_t *ret_alg)
{
	bool key = false;
	uint8_t tag, len;

	*ret_key = 0;
	*ret_alg = ALG_PKCS1;
	while (in.n != 0) {
		if (!cur_u8(&in, &tag) || !cur_u8(&in, &len) || len != 1 || in.n == 0)
			return false;
		if (tag == 0x84)
			key = cur_u8(&in, ret_key);
		else if (tag != 0x80 || (!key && !c->file.mse_any_order) ||
		    !cur_u8(&in, ret_alg))
			return false;
	}
	return key;
}

unsigned
cmd_mse(struct vcard *c, struct vchannel *ch, const struct command *m,
    struct buf *out UNUSED)
{
	enum crt crt = (enum crt)m->p2;
	enum purpose purpose;
	uint8_t reference, alg;

	if (m->p1 != 0x41 || (m->p2 != CRT_SIGN && m->p2 != CRT_AUTHENTICATE &&
	    m->p2 != CRT_DECIPHER))
		return SW_P1P2;
	ch->crt = CRT_NONE;
	if (!parse_mse(c, m->data, &reference, &alg) || alg != ALG_PKCS1)
		return SW_DATA;
	if (!key_of(c, reference, &purpose))
		return SW_NOT_FOUND;
	if (!is_allowed(crt, purpose))
		return SW_CONDITIONS;
	ch->crt = crt;
	ch->key = purpose;
	return SW_OK;
}

/* What must hold before a private key is used. */
static unsigned
may_use(const struct vcard *c, const struct vchannel *ch, enum crt crt)
{
	if (ch->crt != crt)
		return SW_CONDITIONS;
	if (!c->verified[USER_PIN])
		return SW_SECURITY;
	return c->file.activated ? SW_OK : SW_CONDITIONS;
}

static void
was_used(struct vcard *c, const struct vchannel *ch)
{
	c->counts.signatures++;
	if (c->file.keys[ch->key].consent)
		c->verified[USER_PIN] = false;
}

/* 00 01 FF.. 00 and what the host sent: no DigestInfo is added. */
static unsigned
pkcs1_sign(struct vcard *c, const struct vchannel *ch, struct cur data, struct buf *out)
{
	EVP_PKEY *key = c->keys[ch->key].key;

	if (data.n == 0 || data.n + PKCS1_OVERHEAD > crypto_size(key))
		return SW_LENGTH;
	if (!crypto_rsa_pkcs1(key, data, out))
		return SW_FAULT;
	was_used(c, ch);
	return SW_OK;
}

/* Data: padding indicator 00 and the cryptogram. */
static unsigned
pkcs1_decipher(struct vcard *c, const struct vchannel *ch, struct cur data,
    struct buf *out)
{
	EVP_PKEY *key = c->keys[ch->key].key;
	uint8_t indicator;

	if (data.n != crypto_size(key) + 1)
		return SW_LENGTH;
	if (!cur_u8(&data, &indicator) || indicator != 0 ||
	    !crypto_rsa_decipher(key, data, out))
		return SW_DATA;
	was_used(c, ch);
	return SW_OK;
}

/* PERFORM SECURITY OPERATION: COMPUTE DIGITAL SIGNATURE or DECIPHER. */
unsigned
cmd_pso(struct vcard *c, struct vchannel *ch, const struct command *m, struct buf *out)
{
	bool sign = m->p1 == 0x9e && m->p2 == 0x9a;
	unsigned sw;

	if (!sign && (m->p1 != 0x80 || m->p2 != 0x86))
		return SW_P1P2;
	if (!m->has_le)
		return SW_LENGTH;
	if ((sw = may_use(c, ch, sign ? CRT_SIGN : CRT_DECIPHER)) != SW_OK)
		return sw;
	return sign ? pkcs1_sign(c, ch, m->data, out) :
	    pkcs1_decipher(c, ch, m->data, out);
}

/* INTERNAL AUTHENTICATE */
unsigned
cmd_authenticate(struct vcard *c, struct vchannel *ch, const struct command *m,
    struct buf *out)
{
	unsigned sw;

	if (m->p1 != 0 || m->p2 != 0)
		return SW_P1P2;
	if (!m->has_le)
		return SW_LENGTH;
	if ((sw = may_use(c, ch, CRT_AUTHENTICATE)) != SW_OK)
		return sw;
	return pkcs1_sign(c, ch, m->data, out);
}

/* 80 3A <key> 01: modulus; 02: public exponent. */
unsigned
cmd_public_key(struct vcard *c, struct vchannel *ch UNUSED, const struct command *m,
    struct buf *out)
{
	enum purpose purpose;

	if (m->p2 != 0x01 && m->p2 != 0x02)
		return SW_P1P2;
	if (!key_of(c, m->p1, &purpose))
		return SW_NOT_FOUND;
	return crypto_put_number(c->keys[purpose].key, m->p2 == 0x01 ?
	    OSSL_PKEY_PARAM_RSA_N : OSSL_PKEY_PARAM_RSA_E, out) ? SW_OK : SW_FAULT;
}
