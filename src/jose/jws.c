/* SPDX-License-Identifier: EUPL-1.2 */
/* JWS compact serialisation: taking it apart, reading its header, putting it together. */
#include "jose/jws.h"

#include "base/b64.h"
#include "jose/json.h"

static const char *const names[] = {
	[JWS_ALG_NONE] = "",
	[JWS_RS256] = "RS256",
	[JWS_PS256] = "PS256",
	[JWS_ES256] = "ES256",
	[JWS_ES384] = "ES384",
};

const char *
jws_alg_name(enum jws_alg alg)
{
	return (size_t)alg < NELEM(names) ? names[alg] : names[JWS_ALG_NONE];
}

enum jws_alg
jws_alg_of_name(struct cur name)
{
	for (size_t i = JWS_ALG_NONE + 1; i < NELEM(names); i++)
		if (cur_eq_str(name, names[i]))
			return (enum jws_alg)i;
	return JWS_ALG_NONE;
}

void
jws_parts_free(struct jws_parts *p)
{
	buf_free(&p->header);
	buf_free(&p->payload);
	buf_free(&p->signature);
	p->signing_input = cur_of(NULL, 0);
}

static enum err
decode_part(struct cur text, const char *what, struct buf *ret)
{
	enum err r;

	*ret = (struct buf)BUF(JWS_MAX);
	if ((r = b64url_get(text, ret)) != ERR_OK)
		return note(r, "JWS %s", what);
	return ERR_OK;
}

enum err
jws_split(struct cur compact, struct jws_parts *ret)
{
	AUTO(jws_parts_free) struct jws_parts p = { 0 };
	struct cur rest = compact, header, payload;
	enum err r;

	if (compact.n > JWS_MAX)
		return fail(ERR_LIMIT, "JWS of %zu bytes", compact.n);
	if (!cur_until(&rest, '.', &header) || !cur_until(&rest, '.', &payload))
		return fail(ERR_MALFORMED, "JWS of fewer than three parts");
	if ((r = decode_part(header, "header", &p.header)) != ERR_OK ||
	    (r = decode_part(payload, "payload", &p.payload)) != ERR_OK ||
	    (r = decode_part(rest, "signature", &p.signature)) != ERR_OK)
		return r;
	p.signing_input = cur_of(compact.p, header.n + 1 + payload.n);
	*ret = p;
	p = (struct jws_parts){ 0 };	/* the caller's now */
	return ERR_OK;
}

void
jws_header_free(struct jws_header *h)
{
	for (size_t i = 0; i < NELEM(h->x5c); i++)
		buf_free(&h->x5c[i]);
	h->x5c_n = 0;
}

/*
 * crit (RFC 7515 section 4.1.11) names what must be understood: we understand nothing
 * of it.  The others would let the sender choose the key, or the bytes that are signed.
 */
static enum err
refuse_members(const json_t *o)
{
	static const char *const refused[] = { "crit", "jku", "jwk", "x5u", "b64", "zip" };

	for (size_t i = 0; i < NELEM(refused); i++)
		if (json_object_get(o, refused[i]) != NULL)
			return fail(ERR_MALFORMED, "JWS header with \"%s\"", refused[i]);
	return ERR_OK;
}

static enum err
read_alg(const json_t *o, enum jws_alg *ret)
{
	const json_t *v = json_object_get(o, "alg");

	if (!json_is_string(v))
		return fail(ERR_MALFORMED, "JWS header without \"alg\"");
	*ret = jws_alg_of_name(cur_of(json_string_value(v), json_string_length(v)));
	if (*ret == JWS_ALG_NONE)
		return fail(ERR_ALG, "JWS header: another algorithm");
	return ERR_OK;
}

/* Padded base64, not base64url (RFC 7515 section 4.1.6). */
static enum err
read_x5c(const json_t *o, struct jws_header *h)
{
	const json_t *list = json_object_get(o, "x5c");
	size_t n = json_array_size(list);
	enum err r;

	if (list == NULL)
		return ERR_OK;
	if (!json_is_array(list) || n == 0 || n > NELEM(h->x5c))
		return fail(ERR_MALFORMED, "x5c: expected 1 to %d certificates", JWS_X5C_MAX);
	for (size_t i = 0; i < n; i++) {
		const json_t *v = json_array_get(list, i);

		h->x5c[i] = (struct buf)BUF(JWS_MAX);
		if (!json_is_string(v) || json_string_length(v) == 0)
			return fail(ERR_MALFORMED, "x5c: expected text");
		r = b64_get(cur_of(json_string_value(v), json_string_length(v)), &h->x5c[i]);
		if (r != ERR_OK)
			return note(r, "x5c");
		h->x5c_n = i + 1;
	}
	return ERR_OK;
}

enum err
jws_header_parse(struct cur json, struct jws_header *ret)
{
	AUTO(jws_header_free) struct jws_header h = { 0 };
	AUTO(json_drop) json_t *o = NULL;
	enum err r;

	if ((r = json_load_object(json, &o)) != ERR_OK)
		return note(r, "JWS header");
	if ((r = refuse_members(o)) != ERR_OK || (r = read_alg(o, &h.alg)) != ERR_OK)
		return r;
	if ((r = json_need_str(o, "typ", h.typ, sizeof(h.typ))) != ERR_OK)
		return note(r, "JWS header");
	r = json_get_str(o, "kid", h.kid, sizeof(h.kid));
	if (r != ERR_OK && r != ERR_NOT_FOUND)
		return note(r, "JWS header");
	if ((r = read_x5c(o, &h)) != ERR_OK)
		return note(r, "JWS header");
	*ret = h;
	h = (struct jws_header){ 0 };	/* the caller's now */
	return ERR_OK;
}

enum err
jws_signing_input(struct cur header, struct cur payload, struct buf *ret)
{
	b64url_put(ret, header);
	buf_u8(ret, '.');
	b64url_put(ret, payload);
	if (buf_end(ret) != ERR_OK)
		return fail(buf_end(ret), "JWS signing input");
	return ERR_OK;
}

enum err
jws_finish(struct buf *signing_input, struct cur signature)
{
	buf_u8(signing_input, '.');
	b64url_put(signing_input, signature);
	if (buf_end(signing_input) != ERR_OK)
		return fail(buf_end(signing_input), "JWS");
	return ERR_OK;
}
