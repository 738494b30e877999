/* SPDX-License-Identifier: EUPL-1.2 */
/* The assertion, written and read (docs/broker-protocol.md section 4). */
#include "login/assertion.h"

#include "base/b64.h"
#include "base/names.h"
#include "jose/jsonw.h"
#include "login/claims.h"

#define ATTEST_TEXT	((ASSERTION_ATTEST_MAX + 2) / 3 * 4)	/* base64 */

/*
 * Written by hand: alg, typ and base64 need no escapes, and "alg" comes first, so that
 * whatever a card signs begins with {"alg" (T6).
 */
enum err
assertion_header(enum jws_alg alg, const struct cur *x5c, size_t n, struct buf *ret)
{
	if (alg == JWS_ALG_NONE || n == 0 || n > JWS_X5C_MAX)
		return fail(ERR_MALFORMED, "assertion: no algorithm or certificate");
	buf_fmt(ret, "{\"alg\":\"%s\",\"typ\":\"%s\",\"x5c\":[", jws_alg_name(alg),
	    NAME_TYP_ASSERTION);
	for (size_t i = 0; i < n; i++) {
		buf_str(ret, i == 0 ? "\"" : ",\"");
		b64_put(ret, x5c[i]);
		buf_str(ret, "\"");
	}
	buf_str(ret, "]}");
	if (buf_end(ret) != ERR_OK)
		return fail(buf_end(ret), "assertion: header");

	return ERR_OK;
}

static void
put_bytes32(struct buf *b, const char *name, const uint8_t p[32])
{
	AUTO(buf_free) struct buf text = BUF(B64URL_LEN(32));

	b64url_put(&text, cur_of(p, 32));
	if (buf_end(&text) != ERR_OK)
		b->failed = buf_end(&text);
	else
		jsonw_member_str(b, name, buf_view(&text));
}

static void
put_str(struct buf *b, const char *name, const char *s)
{
	jsonw_member_str(b, name, cur_str(s));
}

static void
put_cert(struct buf *b, const struct assertion_cert *c)
{
	AUTO(buf_free) struct buf text = BUF(ATTEST_TEXT);

	b64_put(&text, cur_of(c->der, c->n));
	if (buf_end(&text) != ERR_OK)
		b->failed = buf_end(&text);
	else
		jsonw_item_str(b, buf_view(&text));
}

/* Leaf first, as in x5c. */
static void
put_attestation(struct buf *b, const struct assertion_evidence *e)
{
	jsonw_member_array(b, "piv_attestation");
	put_cert(b, &e->statement);
	put_cert(b, &e->device);
	jsonw_array_end(b);
}

static void
put_evidence(struct buf *b, const struct assertion_evidence *e)
{
	jsonw_member_object(b, "evidence");
	put_str(b, "means", e->means);
	put_str(b, "driver", e->driver);
	put_str(b, "reader", e->reader);
	put_str(b, "pin_entry", e->pin_entry);
	jsonw_member_bool(b, "one_transaction", e->one_transaction);
	put_str(b, "caller", e->caller);
	if (e->statement.n != 0 && e->device.n != 0)
		put_attestation(b, e);
	jsonw_object_end(b);
}

enum err
assertion_payload(const struct assertion *a, struct buf *ret)
{
	jsonw_object(ret);
	jsonw_member_int(ret, "v", CLAIMS_VERSION);
	put_bytes32(ret, "challenge_sha256", a->challenge_sha256);
	put_bytes32(ret, "nonce", a->nonce);
	put_str(ret, "aud", a->aud);
	put_str(ret, "client_id", a->client_id);
	put_str(ret, "rp_name", a->rp_name);
	if (a->origin[0] != '\0')
		put_str(ret, "origin", a->origin);
	jsonw_member_int(ret, "iat", a->iat);
	put_str(ret, "jti", a->jti);
	put_evidence(ret, &a->evidence);
	jsonw_object_end(ret);
	if (buf_end(ret) != ERR_OK)
		return fail(buf_end(ret), "assertion: payload");

	return ERR_OK;
}

struct text_claim {
	const char *name;
	char	   *at;
	size_t	    size;
};

static enum err
read_texts(const json_t *o, const struct text_claim *all, size_t n)
{
	enum err r;

	for (size_t i = 0; i < n; i++)
		if ((r = json_need_str(o, all[i].name, all[i].at, all[i].size)) != ERR_OK)
			return r;
	return ERR_OK;
}

static enum err
read_cert(const json_t *v, struct assertion_cert *ret)
{
	AUTO(buf_free) struct buf der = BUF(ASSERTION_ATTEST_MAX);
	enum err r;

	if (!json_is_string(v) || json_string_length(v) == 0)
		return fail(ERR_MALFORMED, "\"piv_attestation\": expected text");
	r = b64_get(cur_of(json_string_value(v), json_string_length(v)), &der);
	if (r != ERR_OK)
		return note(r, "\"piv_attestation\"");
	memcpy(ret->der, der.p, der.len);
	ret->n = der.len;

	return ERR_OK;
}

static enum err
read_attestation(const json_t *e, struct assertion_evidence *ret)
{
	const json_t *list = json_object_get(e, "piv_attestation");
	enum err r;

	if (list == NULL)
		return ERR_OK;
	if (!json_is_array(list) || json_array_size(list) != 2)
		return fail(ERR_MALFORMED, "\"piv_attestation\": expected two certificates");
	if ((r = read_cert(json_array_get(list, 0), &ret->statement)) != ERR_OK)
		return r;

	return read_cert(json_array_get(list, 1), &ret->device);
}

/* The workstation may say more here than we know of; what we know must be well formed. */
static enum err
read_evidence(const json_t *o, struct assertion_evidence *ret)
{
	const json_t *e = json_object_get(o, "evidence");
	const json_t *once = json_object_get(e, "one_transaction");
	enum err r;
	const struct text_claim texts[] = {
		{ "means", ret->means, sizeof(ret->means) },
		{ "driver", ret->driver, sizeof(ret->driver) },
		{ "reader", ret->reader, sizeof(ret->reader) },
		{ "pin_entry", ret->pin_entry, sizeof(ret->pin_entry) },
		{ "caller", ret->caller, sizeof(ret->caller) },
	};

	if (!json_is_object(e))
		return fail(ERR_MALFORMED, "\"evidence\": expected an object");
	if (!json_is_boolean(once))
		return fail(ERR_MALFORMED, "\"one_transaction\": expected true or false");
	ret->one_transaction = json_is_true(once);

	if ((r = read_texts(e, texts, NELEM(texts))) != ERR_OK)
		return r;

	return read_attestation(e, ret);
}

static enum err
read_claims(const json_t *o, struct assertion *ret)
{
	const struct text_claim texts[] = {
		{ "aud", ret->aud, sizeof(ret->aud) },
		{ "client_id", ret->client_id, sizeof(ret->client_id) },
		{ "rp_name", ret->rp_name, sizeof(ret->rp_name) },
		{ "jti", ret->jti, sizeof(ret->jti) },
	};
	enum err r;

	if ((r = claims_bytes(o, "challenge_sha256", ret->challenge_sha256,
	    sizeof(ret->challenge_sha256))) != ERR_OK ||
	    (r = claims_bytes(o, "nonce", ret->nonce, sizeof(ret->nonce))) != ERR_OK ||
	    (r = read_texts(o, texts, NELEM(texts))) != ERR_OK ||
	    (r = json_need_int(o, "iat", &ret->iat)) != ERR_OK)
		return r;
	r = claims_optional(o, "origin", ret->origin, sizeof(ret->origin));
	if (r != ERR_OK)
		return r;
	if (!claims_is_id(ret->aud) || !claims_is_id(ret->client_id) ||
	    !claims_is_id(ret->jti))
		return fail(ERR_MALFORMED, "an identifier that is none");

	return read_evidence(o, &ret->evidence);
}

enum err
assertion_payload_read(struct cur json, struct assertion *ret)
{
	static const char *const members[] = {
		"v", "challenge_sha256", "nonce", "aud", "client_id", "rp_name", "origin",
		"iat", "jti", "evidence",
	};
	AUTO(json_drop) json_t *o = NULL;
	struct assertion a = { 0 };
	enum err r;

	if ((r = json_load_object(json, &o)) != ERR_OK ||
	    (r = claims_version(o)) != ERR_OK ||
	    (r = json_only(o, members, NELEM(members))) != ERR_OK ||
	    (r = read_claims(o, &a)) != ERR_OK)
		return note(r, "assertion");
	*ret = a;

	return ERR_OK;
}
