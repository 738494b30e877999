/* SPDX-License-Identifier: EUPL-1.2 */
/* From Certificate down to SubjectPublicKeyInfo (RFC 5280 section 4.1), and into it. */
#include "iso7816/spki.h"

#include "iso7816/tlv.h"

#define EXPONENT_MAX	8	/* bytes */

static const uint8_t oid_rsa[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01 };
static const uint8_t oid_ec[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 };
static const uint8_t oid_p256[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
static const uint8_t oid_p384[] = { 0x2b, 0x81, 0x04, 0x00, 0x22 };
static const uint8_t oid_x25519[] = { 0x2b, 0x65, 0x6e };
static const uint8_t oid_ed25519[] = { 0x2b, 0x65, 0x70 };

#define IS(c, oid)	cur_eq(c, cur_of(oid, sizeof(oid)))

/* A positive INTEGER without the zero in front that some need. */
static bool
take_positive(struct cur *in, struct cur *ret)
{
	struct cur v, zero;

	if (!tlv_take_tag(in, 0x02, &v) || v.n == 0 || (v.p[0] & 0x80) != 0)
		return false;
	if (v.p[0] == 0)
		(void)cur_take(&v, 1, &zero);
	*ret = v;
	return v.n != 0 && v.p[0] != 0;
}

static unsigned
bits_of(struct cur number)
{
	unsigned bits = (unsigned)number.n * 8;

	for (uint8_t top = number.p[0]; (top & 0x80) == 0; top = (uint8_t)(top << 1))
		bits--;
	return bits;
}

static bool
size_is_known(unsigned bits)
{
	return bits == 1024 || bits == 2048 || bits == 3072 || bits == 4096;
}

/* RSAPublicKey (RFC 8017 appendix A.1.1). */
static bool
take_rsa(struct cur key, struct cur *ret_n, struct cur *ret_e)
{
	struct cur seq;

	return tlv_take_tag(&key, 0x30, &seq) && key.n == 0 && take_positive(&seq, ret_n) &&
	    take_positive(&seq, ret_e) && seq.n == 0;
}

static struct spki
read_rsa(struct cur key)
{
	const struct spki other = { .kind = SPKI_OTHER };
	struct cur n, e;
	unsigned bits;

	if (!take_rsa(key, &n, &e))
		return other;
	if (e.n > EXPONENT_MAX || (e.p[e.n - 1] & 1) == 0 || (e.n == 1 && e.p[0] == 1))
		return other;
	bits = bits_of(n);
	return size_is_known(bits) ? (struct spki){ SPKI_RSA, bits } : other;
}

/* The curve by name, the point uncompressed (RFC 5480 section 2). */
static struct spki
read_ec(struct cur params, struct cur key)
{
	struct spki k = { .kind = SPKI_OTHER };
	struct cur curve;

	if (!tlv_take_tag(&params, 0x06, &curve) || params.n != 0 || key.n == 0 ||
	    key.p[0] != 0x04)
		return k;
	if (IS(curve, oid_p256) && key.n == 1 + 2 * 32)
		k = (struct spki){ SPKI_EC, 256 };
	else if (IS(curve, oid_p384) && key.n == 1 + 2 * 48)
		k = (struct spki){ SPKI_EC, 384 };
	return k;
}

static struct spki
read_key(struct cur oid, struct cur params, struct cur key)
{
	if (IS(oid, oid_rsa))
		return read_rsa(key);
	if (IS(oid, oid_ec))
		return read_ec(params, key);
	if (IS(oid, oid_ed25519) && key.n == 32)
		return (struct spki){ SPKI_ED25519, 255 };
	if (IS(oid, oid_x25519) && key.n == 32)
		return (struct spki){ SPKI_X25519, 255 };
	return (struct spki){ .kind = SPKI_OTHER };
}

/* Everything in front of the key: version, serial, algorithm, issuer, dates, subject. */
static bool
find_key(struct cur tbs, struct cur *ret)
{
	static const uint32_t before[] = { 0x02, 0x30, 0x30, 0x30, 0x30 };
	struct cur skip;

	tlv_skip(&tbs, 0xa0);
	for (size_t i = 0; i < NELEM(before); i++)
		if (!tlv_take_tag(&tbs, before[i], &skip))
			return false;
	return tlv_take_tag(&tbs, 0x30, ret);
}

/* Its algorithm, what else is said of that, and the bytes of the BIT STRING. */
static bool
open_info(struct cur info, struct cur *ret_oid, struct cur *ret_params, struct cur *ret_key,
    uint8_t *ret_unused)
{
	return tlv_take_tag(&info, 0x30, ret_params) && tlv_take_tag(&info, 0x03, ret_key) &&
	    info.n == 0 && tlv_take_tag(ret_params, 0x06, ret_oid) &&
	    cur_u8(ret_key, ret_unused);
}

/* The same, of the key in a certificate. */
static bool
open_cert(struct cur cert, struct cur *ret_oid, struct cur *ret_params, struct cur *ret_key,
    uint8_t *ret_unused)
{
	struct cur outer, tbs, info;

	return tlv_take_tag(&cert, 0x30, &outer) && cert.n == 0 &&
	    tlv_take_tag(&outer, 0x30, &tbs) && find_key(tbs, &info) &&
	    open_info(info, ret_oid, ret_params, ret_key, ret_unused);
}

bool
spki_read(struct cur cert, struct spki *ret)
{
	struct cur oid, params, key;
	uint8_t unused;

	if (!open_cert(cert, &oid, &params, &key, &unused))
		return false;
	*ret = unused == 0 ? read_key(oid, params, key) : (struct spki){ .kind = SPKI_OTHER };
	return true;
}

static bool
number_of(struct cur oid, struct cur params, struct cur key, struct cur *ret)
{
	struct cur e;

	if (read_key(oid, params, key).kind == SPKI_OTHER)
		return false;
	if (IS(oid, oid_rsa))
		return take_rsa(key, ret, &e);
	*ret = key;
	return true;
}

bool
spki_number(struct cur cert, struct cur *ret)
{
	struct cur oid, params, key;
	uint8_t unused;

	return open_cert(cert, &oid, &params, &key, &unused) && unused == 0 &&
	    number_of(oid, params, key, ret);
}

bool
spki_public(struct cur file, struct cur *ret)
{
	struct cur seq, n, e, oid, params, key;
	uint8_t unused;

	if (tlv_take_tag(&file, 0x04, ret))
		return ret->n != 0;
	if (!tlv_take_tag(&file, 0x30, &seq))
		return false;
	if (open_info(seq, &oid, &params, &key, &unused))
		return unused == 0 && number_of(oid, params, key, ret);
	if (!take_positive(&seq, &n) || !take_positive(&seq, &e))
		return false;
	*ret = n;
	return true;
}
