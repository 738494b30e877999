/* SPDX-License-Identifier: EUPL-1.2 */
/* The keys of an ISO 7816-15 card at work: MSE, PSO, INTERNAL AUTHENTICATE. */
#include "vcard/crypto.h"
#include "vcard/inside.h"

#define PKCS1_OVERHEAD	11
#define INFO_MAX	19	/* a DigestInfo before its hash */

static bool
key_of_reference(const struct vcard *c, uint8_t reference, size_t *ret)
{
	for (size_t i = 0; i < P15_KEYS; i++)
		if (c->keys[i].key != NULL && c->file.keys[i].reference == reference) {
			*ret = i;
			return true;
		}
	return false;
}

static bool
key_of_file(const struct vcard *c, uint16_t fid, size_t *ret)
{
	*ret = (size_t)fid - FID_P15_KEYS;
	return fid >= FID_P15_KEYS && *ret < P15_KEYS && c->keys[*ret].key != NULL;
}

/* What MSE SET says; a tag that is not there has no value. */
struct environment {
	struct cur algorithm, key, file;	/* 80, 84 (or 83), 81 */
};

static bool
parse_mse(const struct vcard *c, struct cur in, struct environment *ret)
{
	struct cur value;
	uint8_t tag, n;

	*ret = (struct environment){ 0 };
	while (in.n != 0) {
		if (!cur_u8(&in, &tag) || !cur_u8(&in, &n) || !cur_take(&in, n, &value) ||
		    n == 0)
			return false;
		if (tag == 0x84 || tag == 0x83)
			ret->key = value;
		else if (tag == 0x80)
			ret->algorithm = value;
		else if (tag == 0x81)
			ret->file = value;
		else if (tag != 0x95)
			return false;
		if (tag == 0x80 && ret->key.n == 0 && !c->file.mse_any_order)
			return false;
	}
	return true;
}

/* By reference; else by file; else the file that is selected. */
static unsigned
find_key(const struct vcard *c, const struct vchannel *ch, const struct environment *e,
    size_t *ret)
{
	struct cur file = e->file;
	uint16_t fid;

	if (e->key.n != 0)
		return e->key.n == 1 && key_of_reference(c, e->key.p[0], ret) ? SW_OK :
		    SW_NOT_FOUND;
	if (file.n != 0)
		return cur_u16(&file, &fid) && file.n == 0 && key_of_file(c, fid, ret) ?
		    SW_OK : SW_NOT_FOUND;
	return ch->ef != NULL && key_of_file(c, ch->ef->fid, ret) ? SW_OK : SW_NOT_FOUND;
}

/* The reference by which TokenInfo offers what this key does. */
uint8_t
p15_algorithm(const struct vcard *c, size_t i)
{
	static const uint8_t rsa[] = { [INPUT_DIGEST_INFO] = 0x02, [INPUT_HASH] = 0x42,
		[INPUT_BLOCK] = 0x08 };

	if (c->file.keys[i].usage == CONFIDENTIALITY)
		return crypto_is_rsa(c->keys[i].key) ? 0x1a : 0x1e;
	return crypto_is_rsa(c->keys[i].key) ? rsa[c->file.p15.input] : 0x04;
}

static bool
is_allowed(const struct vcard *c, enum crt crt, size_t i)
{
	switch (crt) {
	case CRT_SIGN:
	case CRT_AUTHENTICATE:
		return c->file.keys[i].usage != CONFIDENTIALITY;
	case CRT_DECIPHER:
		return c->file.keys[i].usage == CONFIDENTIALITY;
	case CRT_NONE:
		return false;
	}
	return false;
}

/* MSE SET (P1 41), and RESTORE (P1 F3), which forgets. */
unsigned
p15_mse(struct vcard *c, struct vchannel *ch, const struct command *m,
    struct buf *out UNUSED)
{
	enum crt crt = (enum crt)m->p2;
	struct environment e;
	unsigned sw;
	size_t i;

	ch->crt = CRT_NONE;
	if (m->p1 == 0xf3)
		return SW_OK;
	if (m->p1 != 0x41 || (m->p2 != CRT_SIGN && m->p2 != CRT_AUTHENTICATE &&
	    m->p2 != CRT_DECIPHER))
		return SW_P1P2;
	if (!parse_mse(c, m->data, &e))
		return SW_DATA;
	if ((sw = find_key(c, ch, &e, &i)) != SW_OK)
		return sw;
	if (e.algorithm.n != 0 && !c->file.p15.any_algorithm &&
	    (e.algorithm.n != 1 || e.algorithm.p[0] != p15_algorithm(c, i)))
		return SW_DATA;
	if (!is_allowed(c, crt, i))
		return SW_CONDITIONS;
	ch->crt = crt;
	ch->key = i;
	return SW_OK;
}

static enum secret_kind
pin_of(const struct vcard *c, size_t i)
{
	return c->file.keys[i].pin == P15_SECOND_PIN ? SECOND_PIN : USER_PIN;
}

static unsigned
may_use(const struct vcard *c, const struct vchannel *ch, enum crt crt)
{
	if (ch->crt != crt)
		return SW_CONDITIONS;
	if (!c->verified[pin_of(c, ch->key)])
		return SW_SECURITY;
	return c->file.activated ? SW_OK : SW_CONDITIONS;
}

static void
was_used(struct vcard *c, const struct vchannel *ch)
{
	c->counts.signatures++;
	if (c->file.keys[ch->key].consent)
		c->verified[pin_of(c, ch->key)] = false;
}

/* What stands before a hash of that length in PKCS #1 v1.5; the card tells by it. */
static bool
put_digest_info(struct cur hash, struct buf *out)
{
	static const struct {
		size_t n;
		const char *info;
		size_t info_n;
	} hashes[] = {
		{ 20, "\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14", 15 },
		{ 32, "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"
		    "\x05\x00\x04\x20", 19 },
		{ 48, "\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02"
		    "\x05\x00\x04\x30", 19 },
		{ 64, "\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03"
		    "\x05\x00\x04\x40", 19 },
	};

	for (size_t i = 0; i < NELEM(hashes); i++)
		if (hashes[i].n == hash.n) {
			buf_put(out, hashes[i].info, hashes[i].info_n);
			buf_cur(out, hash);
			return true;
		}
	return false;
}

static bool
sign_rsa(const struct vcard *c, EVP_PKEY *key, struct cur data, struct buf *out)
{
	AUTO(buf_free) struct buf info = BUF(INFO_MAX + 64);

	if (c->file.p15.input == INPUT_BLOCK)
		return crypto_rsa_raw(key, data, out);
	if (c->file.p15.input == INPUT_HASH) {
		if (!put_digest_info(data, &info))
			return false;
		data = buf_view(&info);
	}
	return data.n != 0 && data.n + PKCS1_OVERHEAD <= crypto_size(key) &&
	    crypto_rsa_pkcs1(key, data, out);
}

/* INTEGER of a DER signature, at the size of the field. */
static bool
put_coordinate(struct cur *in, size_t size, struct buf *out)
{
	struct cur value;
	uint8_t tag, n;

	if (!cur_u8(in, &tag) || !cur_u8(in, &n) || !cur_take(in, n, &value))
		return false;
	while (value.n > size)		/* the zero before a high bit */
		value = cur_of(value.p + 1, value.n - 1);
	for (size_t i = value.n; i < size; i++)
		buf_u8(out, 0);
	buf_cur(out, value);
	return true;
}

/* r and s, as most of these cards answer; a hash longer than the field is cut. */
static bool
sign_ec(const struct vcard *c, EVP_PKEY *key, struct cur hash, struct buf *out)
{
	AUTO(buf_free) struct buf der = BUF(256);
	size_t size = crypto_size(key);
	struct cur in, head;

	if (hash.n == 0 || hash.n > 64)
		return false;
	if (c->file.p15.ec_der)
		return crypto_ecdsa(key, hash, out);
	if (!crypto_ecdsa(key, hash, &der))
		return false;
	in = buf_view(&der);
	return cur_take(&in, in.n > 1 && in.p[1] == 0x81 ? 3 : 2, &head) &&
	    put_coordinate(&in, size, out) && put_coordinate(&in, size, out);
}

static unsigned
sign(struct vcard *c, const struct vchannel *ch, struct cur data, struct buf *out)
{
	EVP_PKEY *key = c->keys[ch->key].key;

	if (!(crypto_is_rsa(key) ? sign_rsa(c, key, data, out) :
	    sign_ec(c, key, data, out)))
		return SW_DATA;
	was_used(c, ch);
	return SW_OK;
}

/* Padding indicator 00 and the cryptogram; an elliptic key: a point, and the X answers. */
static unsigned
decipher(struct vcard *c, const struct vchannel *ch, struct cur data, struct buf *out)
{
	EVP_PKEY *key = c->keys[ch->key].key;
	uint8_t indicator;
	bool good;

	if (!cur_u8(&data, &indicator) || indicator != 0)
		return SW_DATA;
	if (!crypto_is_rsa(key))
		good = crypto_agree(key, data, out);
	else if (c->file.p15.input == INPUT_BLOCK)
		good = crypto_rsa_raw(key, data, out);
	else
		good = crypto_rsa_decipher(key, data, out);
	if (!good)
		return SW_DATA;
	was_used(c, ch);
	return SW_OK;
}

unsigned
p15_pso(struct vcard *c, struct vchannel *ch, const struct command *m, struct buf *out)
{
	bool signs = m->p1 == 0x9e && m->p2 == 0x9a;
	unsigned sw;

	if (!signs && (m->p1 != 0x80 || m->p2 != 0x86))
		return SW_P1P2;
	if (!m->has_le)
		return SW_LENGTH;
	if ((sw = may_use(c, ch, signs ? CRT_SIGN : CRT_DECIPHER)) != SW_OK)
		return sw;
	return signs ? sign(c, ch, m->data, out) : decipher(c, ch, m->data, out);
}

unsigned
p15_authenticate(struct vcard *c, struct vchannel *ch, const struct command *m,
    struct buf *out)
{
	unsigned sw;

	if (m->p1 != 0 || m->p2 != 0)
		return SW_P1P2;
	if (!m->has_le)
		return SW_LENGTH;
	if ((sw = may_use(c, ch, CRT_AUTHENTICATE)) != SW_OK)
		return sw;
	return sign(c, ch, m->data, out);
}
