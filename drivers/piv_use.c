/* SPDX-License-Identifier: EUPL-1.2 */
/* GENERAL AUTHENTICATE: signing, deciphering, agreeing on keys (pt2 section 3.2.4). */
#include "drivers/piv.h"

#include "iso7816/ecdsa.h"
#include "iso7816/sw.h"
#include "iso7816/tlv.h"

#define REPLY_MAX	1024	/* bytes of a template in a reply */
#define TAG_CHALLENGE	0x81	/* what is to be signed or deciphered */
#define TAG_EXPONENT	0x85	/* the other's point */

/* SP 800-78-5 table 6-2; E0, E1 and 16 are Yubico's. */
static bool
alg_id(const struct spki *k, uint8_t *ret)
{
	static const struct {
		enum spki_kind kind;
		unsigned bits;
		uint8_t id;
	} ids[] = {
		{ SPKI_RSA, 1024, 0x06 }, { SPKI_RSA, 2048, 0x07 }, { SPKI_RSA, 3072, 0x05 },
		{ SPKI_RSA, 4096, 0x16 }, { SPKI_EC, 256, 0x11 }, { SPKI_EC, 384, 0x14 },
		{ SPKI_ED25519, 255, 0xe0 }, { SPKI_X25519, 255, 0xe1 },
	};

	for (size_t i = 0; i < NELEM(ids); i++)
		if (ids[i].kind == k->kind && ids[i].bits == k->bits) {
			*ret = ids[i].id;
			return true;
		}
	return false;
}

static enum err
result(unsigned sw)
{
	static const char what[] = "GENERAL AUTHENTICATE";

	if (sw == SW_SECURITY || sw == SW_CONDITIONS)
		return fail(ERR_NOT_LOGGED_IN, "%s: %s (%04x)", what, sw_name(sw), sw);
	return fail(ERR_CARD, "%s: %s (%04x)", what, sw_name(sw), sw);
}

/* 7C { 82 empty: the answer is wanted; tag: input }, in this order: some cards insist. */
static void
put_template(struct buf *b, uint8_t tag, struct cur input)
{
	AUTO(buf_free) struct buf body = BUF(APDU_LONG_DATA);

	tlv_put(&body, 0x82, cur_of(NULL, 0));
	tlv_put(&body, tag, input);
	if (buf_end(&body) != ERR_OK)
		b->failed = body.failed;
	tlv_put(b, 0x7c, buf_view(&body));
}

static enum err
authenticate(struct channel *ch, const struct card_key *key, uint8_t alg, uint8_t tag,
    struct cur input, struct buf *ret)
{
	AUTO(buf_free) struct buf data = BUF(APDU_LONG_DATA), reply = BUF(REPLY_MAX);
	struct apdu a = { .ins = 0x87, .p1 = alg, .p2 = piv_key_ref(key->slot) };
	struct cur response;
	unsigned sw;
	enum err r;

	put_template(&data, tag, input);
	if ((r = buf_end(&data)) != ERR_OK)
		return fail(r == ERR_LIMIT ? ERR_UNSUPPORTED : r, "%zu bytes at once", input.n);
	a.data = buf_view(&data);
	/* Extended length is for what does not fit; the reply to a short command does. */
	a.le = data.len > APDU_DATA_MAX ? REPLY_MAX : APDU_LE_MAX;
	if ((r = channel_send(ch, &a, &reply, &sw)) != ERR_OK)
		return note(r, "GENERAL AUTHENTICATE");
	if (sw != SW_OK)
		return result(sw);
	if (!piv_response(buf_view(&reply), &response))
		return fail(ERR_CARD, "GENERAL AUTHENTICATE: no response in %zu bytes",
		    reply.len);
	buf_cur(ret, response);
	return buf_end(ret);
}

/* The left-most bytes of a hash that is too long (FIPS 186-5 section 6.4.1), zeros before
 * one that is too short, which changes nothing and is what some cards insist on. */
static enum err
put_hash(struct cur hash, size_t n, struct buf *ret)
{
	for (size_t i = hash.n; i < n; i++)
		buf_u8(ret, 0);
	if (hash.n > n)
		hash.n = n;
	buf_cur(ret, hash);
	return buf_end(ret);
}

static enum err
sign_ecdsa(struct channel *ch, const struct card_key *key, const struct spki *k,
    uint8_t alg, struct cur hash, struct buf *ret)
{
	AUTO(buf_free) struct buf der = BUF(REPLY_MAX), input = BUF(64);
	size_t n = k->bits / 8;
	enum err r;

	if ((r = put_hash(hash, n, &input)) != ERR_OK ||
	    (r = authenticate(ch, key, alg, TAG_CHALLENGE, buf_view(&input), &der)) != ERR_OK)
		return r;
	if (!ecdsa_plain(buf_view(&der), n, ret))
		return fail(ERR_CARD, "an ECDSA signature of %zu bytes", der.len);
	return buf_end(ret);
}

/* The key as it is known; for what the caller wants of it. */
static enum err
prepare(struct piv *v, struct channel *ch, const struct card_key *key, enum key_alg alg,
    struct spki *ret, uint8_t *ret_id)
{
	enum err r = piv_learn(v, ch, key->slot);

	if (r != ERR_OK)
		return r;
	*ret = v->slots[key->slot].spki;
	if ((key->algs & alg) == 0 || !alg_id(ret, ret_id))
		return fail(ERR_UNSUPPORTED, "algorithm %d for the key", (int)alg);
	return ERR_OK;
}

/*
 * A token that nobody touched says the same as one that wants the PIN (piv.md section 7,
 * vector 70).  It has the PIN if VERIFY without one says so: then it is not to blame.
 */
static enum err
tell_touch(const struct piv *v, struct channel *ch, const struct card_key *key, enum err r)
{
	const struct apdu a = { .ins = 0x20, .p2 = key->pin_ref };
	/* A YubiKey before 5.3 may want it, and has no word for that. */
	bool may = key->touch || (v->no_metadata && v->p->attestation);
	unsigned sw = SW_OK;
	enum err asked;

	if (r != ERR_NOT_LOGGED_IN || !may)
		return r;
	asked = key->no_pin ? ERR_OK : channel_send(ch, &a, NULL, &sw);
	if (piv_is_trouble(asked))
		return note(asked, "VERIFY without a PIN");
	if (asked != ERR_OK || sw != SW_OK)
		return fail(r, "GENERAL AUTHENTICATE: without the PIN");
	return fail(ERR_NOT_TOUCHED, "GENERAL AUTHENTICATE: with the PIN, and refused");
}

static enum err
sign(struct piv *v, struct channel *ch, const struct card_key *key, enum key_alg alg,
    struct cur input, struct buf *ret_sig)
{
	struct spki k;
	uint8_t id;
	enum err r = prepare(v, ch, key, alg, &k, &id);

	if (r != ERR_OK)
		return r;
	if (alg == KEY_ALG_ECDSA && k.kind == SPKI_EC)
		return sign_ecdsa(ch, key, &k, id, input, ret_sig);
	if ((alg == KEY_ALG_RSA_RAW && k.kind == SPKI_RSA && input.n == k.bits / 8) ||
	    (alg == KEY_ALG_EDDSA && k.kind == SPKI_ED25519))
		return authenticate(ch, key, id, TAG_CHALLENGE, input, ret_sig);
	return fail(ERR_UNSUPPORTED, "%zu bytes with a key of %u bits", input.n, k.bits);
}

enum err
piv_sign(void *state, struct channel *ch, const struct card_key *key, enum key_alg alg,
    struct cur input, struct buf *ret_sig)
{
	const struct piv *v = state;

	return tell_touch(v, ch, key, sign(state, ch, key, alg, input, ret_sig));
}

/* Bytes of the other's point. */
static size_t
point_len(const struct spki *k)
{
	return k->kind == SPKI_EC ? 1 + 2 * (k->bits / 8) : 32;
}

enum err
piv_decipher(void *state, struct channel *ch, const struct card_key *key, enum key_alg alg,
    struct cur block, struct buf *ret)
{
	AUTO(buf_free) struct buf out = BUF(REPLY_MAX);
	struct spki k;
	uint8_t id, tag = alg == KEY_ALG_ECDH ? TAG_EXPONENT : TAG_CHALLENGE;
	bool fits;
	enum err r = prepare(state, ch, key, alg, &k, &id);
	size_t n;

	if (r != ERR_OK)
		return r;
	n = (k.bits + 7) / 8;
	if (alg == KEY_ALG_ECDH)
		fits = (k.kind == SPKI_EC || k.kind == SPKI_X25519) && block.n == point_len(&k);
	else
		fits = alg == KEY_ALG_RSA_DECRYPT_RAW && k.kind == SPKI_RSA && block.n == n;
	if (!fits)
		return fail(ERR_MALFORMED, "%zu bytes for a key of %u bits", block.n, k.bits);
	if ((r = authenticate(ch, key, id, tag, block, &out)) != ERR_OK)
		return tell_touch(state, ch, key, r);
	if (out.len > n)
		return fail(ERR_CARD, "a result of %zu bytes", out.len);
	return put_hash(buf_view(&out), n, ret);
}
