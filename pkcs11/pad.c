/* SPDX-License-Identifier: EUPL-1.2 */
/* EMSA-PSS, EME-OAEP and EME-PKCS1-v1_5. */
#include "pkcs11/pad.h"

#include "pkcs11/crypto.h"

#define BLOCK_MAX	1024	/* bytes of a modulus */
#define HASH_MAX	64

/* Masks: all ones or zero.  The compiler is kept from making branches of them. */
static uint32_t
mask_zero(uint32_t x)
{
	__asm__("" : "+r"(x));
	return (uint32_t)(((uint64_t)x - 1) >> 32);
}

static uint32_t
mask_equal(uint32_t a, uint32_t b)
{
	return mask_zero(a ^ b);
}

/* a < b, both below 2^31 */
static uint32_t
mask_less(uint32_t a, uint32_t b)
{
	return ~mask_zero((a - b) >> 31);
}

static uint32_t
choose(uint32_t mask, uint32_t yes, uint32_t no)
{
	return (mask & yes) | (~mask & no);
}

/* A block that is worked on, and wiped. */
struct block {
	uint8_t	 p[BLOCK_MAX];
	size_t	 n;
};

static void
block_wipe(struct block *b)
{
	explicit_bzero(b, sizeof(*b));
}

/* Mask n bytes at out with MGF1 of seed (appendix B.2.1). */
static enum err
mgf1(const char *digest, struct cur seed, uint8_t *out, size_t n)
{
	AUTO(buf_free) struct buf in = BUF(BLOCK_MAX + 4), hash = BUF(HASH_MAX);
	enum err r;

	for (uint32_t i = 0; n != 0; i++) {
		size_t take;

		buf_clear(&in);
		buf_clear(&hash);
		buf_cur(&in, seed);
		buf_u32(&in, i);
		if ((r = buf_end(&in)) != ERR_OK ||
		    (r = crypto_digest(digest, buf_view(&in), &hash)) != ERR_OK)
			return r;
		take = hash.len < n ? hash.len : n;
		for (size_t k = 0; k < take; k++)
			out[k] ^= hash.p[k];
		out += take;
		n -= take;
	}
	return ERR_OK;
}

/* H = Hash(eight zeros, mHash, salt) */
static enum err
pss_hash(const struct mech_params *p, struct cur hash, struct cur salt, struct buf *ret)
{
	AUTO(buf_free) struct buf in = BUF(BLOCK_MAX + HASH_MAX);
	enum err r;

	buf_put(&in, (const uint8_t[8]){ 0 }, 8);
	buf_cur(&in, hash);
	buf_cur(&in, salt);
	r = buf_end(&in);
	return r == ERR_OK ? crypto_digest(p->digest, buf_view(&in), ret) : r;
}

enum err
pad_pss(const struct mech_params *p, struct cur hash, unsigned bits, struct buf *ret)
{
	AUTO(buf_free) struct buf h = BUF(HASH_MAX);
	AUTO(block_wipe) struct block em = { .n = (bits + 7) / 8 }, salt = { .n = p->salt_len };
	/* The block has one bit less than the modulus: at times a byte less. */
	unsigned spare = (8 - (bits - 1) % 8) % 8;
	size_t lead = bits % 8 == 1, db_len;
	enum err r;

	if (bits < 9 || em.n > sizeof(em.p) || hash.n != p->digest_len ||
	    p->salt_len > sizeof(salt.p) || em.n - lead < hash.n + p->salt_len + 2)
		return fail(ERR_LIMIT, "no room for a hash and %zu bytes of salt", p->salt_len);
	db_len = em.n - lead - hash.n - 1;
	if ((r = crypto_random(salt.p, salt.n)) != ERR_OK ||
	    (r = pss_hash(p, hash, cur_of(salt.p, salt.n), &h)) != ERR_OK)
		return r;
	/* DB = zeros, 01, salt; masked; behind it H and BC. */
	em.p[lead + db_len - p->salt_len - 1] = 0x01;
	memcpy(em.p + lead + db_len - p->salt_len, salt.p, salt.n);
	if ((r = mgf1(p->mgf, buf_view(&h), em.p + lead, db_len)) != ERR_OK)
		return r;
	em.p[lead] &= (uint8_t)(0xff >> spare);
	memcpy(em.p + lead + db_len, h.p, h.len);
	em.p[em.n - 1] = 0xbc;
	buf_put(ret, em.p, em.n);
	return buf_end(ret);
}

/* Move what stands at start to the front; how far is not to be seen. */
static void
shift(struct block *b, uint32_t start)
{
	for (size_t step = 1; step < b->n; step <<= 1) {
		uint32_t move = ~mask_zero(start & (uint32_t)step);

		for (size_t i = 0; i < b->n; i++) {
			uint32_t from = i + step < b->n ? b->p[i + step] : 0;

			b->p[i] = (uint8_t)choose(move, from, b->p[i]);
		}
	}
}

/* The message from start on, if it is good. */
static enum err
give(struct block *b, uint32_t good, uint32_t start, struct buf *ret)
{
	shift(b, start);
	if (good == 0)
		return fail(ERR_MALFORMED, "what was deciphered has no valid padding");
	buf_put(ret, b->p, b->n - start);
	return buf_end(ret);
}

enum err
unpad_pkcs1(struct cur block, struct buf *ret)
{
	AUTO(block_wipe) struct block b = { .n = block.n };
	uint32_t good, found = 0, at = 0;

	if (block.n < 11 || block.n > sizeof(b.p))
		return fail(ERR_MALFORMED, "a block of %zu bytes", block.n);
	memcpy(b.p, block.p, block.n);
	/* 00 02, at least eight bytes that are not zero, 00, message */
	good = mask_zero(b.p[0]) & mask_equal(b.p[1], 2);
	for (uint32_t i = 2; i < b.n; i++) {
		uint32_t zero = mask_zero(b.p[i]);

		at = choose(zero & ~found, i, at);
		found |= zero;
	}
	good &= found & ~mask_less(at, 10);
	return give(&b, good, at + 1, ret);
}

/* DB = hash of the label, zeros, 01, message.  Where is the message? */
static uint32_t
oaep_message(const struct block *db, struct cur label, uint32_t *ret_good)
{
	uint32_t good = ~0u, found = 0, at = 0;

	for (size_t i = 0; i < label.n; i++)
		good &= mask_equal(db->p[i], label.p[i]);
	for (uint32_t i = (uint32_t)label.n; i < db->n; i++) {
		uint32_t one = mask_equal(db->p[i], 1), zero = mask_zero(db->p[i]);

		at = choose(one & ~found, i, at);
		good &= found | one | zero;
		found |= one;
	}
	*ret_good = good & found;
	return at + 1;
}

enum err
unpad_oaep(const struct mech_params *p, struct cur block, struct buf *ret)
{
	AUTO(buf_free) struct buf label = BUF(HASH_MAX);
	AUTO(block_wipe) struct block seed = { .n = p->digest_len }, db = { .n = 0 };
	uint32_t good, start;
	enum err r;

	if (block.n > sizeof(db.p) || block.n < 2 * p->digest_len + 2)
		return fail(ERR_MALFORMED, "a block of %zu bytes", block.n);
	db.n = block.n - 1 - seed.n;
	memcpy(seed.p, block.p + 1, seed.n);
	memcpy(db.p, block.p + 1 + seed.n, db.n);
	if ((r = crypto_digest(p->digest, cur_of(p->label, p->label_len), &label)) != ERR_OK ||
	    (r = mgf1(p->mgf, cur_of(db.p, db.n), seed.p, seed.n)) != ERR_OK ||
	    (r = mgf1(p->mgf, cur_of(seed.p, seed.n), db.p, db.n)) != ERR_OK)
		return r;
	start = oaep_message(&db, buf_view(&label), &good);
	return give(&db, good & mask_zero(block.p[0]), start, ret);
}
