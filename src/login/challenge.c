/* SPDX-License-Identifier: EUPL-1.2 */
/* The challenge, read and written (docs/broker-protocol.md section 3). */
#include "login/challenge.h"

#include <openssl/evp.h>

#include "base/b64.h"
#include "base/names.h"
#include "login/claims.h"

/* The same for what is read and for what is written. */
static enum err
check_texts(const struct challenge *c)
{
	if (!claims_is_id(c->iss) || !claims_is_id(c->jti) ||
	    !claims_is_id(c->client_id) || !claims_is_id(c->acr))
		return fail(ERR_MALFORMED, "an identifier that is none");
	if (!claims_is_text(c->rp_name_nl) ||
	    (c->rp_name_en[0] != '\0' && !claims_is_text(c->rp_name_en)))
		return fail(ERR_MALFORMED, "a name that cannot be shown");
	if (c->origin[0] != '\0' && !claims_is_origin(c->origin))
		return fail(ERR_MALFORMED, "an origin that is none");
	if (c->n_policies == 0 || c->n_policies > CHALLENGE_POLICIES)
		return fail(ERR_MALFORMED, "%zu policies", c->n_policies);
	for (size_t i = 0; i < c->n_policies; i++)
		if (!claims_is_oid(c->policies[i]))
			return fail(ERR_MALFORMED, "a policy that is no OID");

	return ERR_OK;
}

static enum err
check_times(const struct challenge *c)
{
	if (c->iat <= 0 || c->exp <= c->iat || c->exp - c->iat > CHALLENGE_LIFE_MAX)
		return fail(ERR_MALFORMED, "it may live %d seconds", CHALLENGE_LIFE_MAX);

	return ERR_OK;
}

static enum err
read_names(const json_t *o, struct challenge *ret)
{
	static const char *const languages[] = { "nl", "en" };
	const json_t *names = json_object_get(o, "rp_name");
	enum err r;

	if (!json_is_object(names))
		return fail(ERR_MALFORMED, "\"rp_name\": expected an object");
	if ((r = json_only(names, languages, NELEM(languages))) != ERR_OK)
		return r;
	r = json_need_str(names, "nl", ret->rp_name_nl, sizeof(ret->rp_name_nl));
	if (r != ERR_OK)
		return r;

	return claims_optional(names, "en", ret->rp_name_en, sizeof(ret->rp_name_en));
}

static enum err
read_policies(const json_t *o, struct challenge *ret)
{
	const json_t *list = json_object_get(o, "cert_policies");
	size_t n = json_array_size(list);

	if (!json_is_array(list) || n == 0 || n > CHALLENGE_POLICIES)
		return fail(ERR_MALFORMED, "\"cert_policies\": expected 1 to %d",
		    CHALLENGE_POLICIES);
	for (size_t i = 0; i < n; i++) {
		const json_t *v = json_array_get(list, i);

		if (!json_is_string(v) || !cur_to_str(cur_of(json_string_value(v),
		    json_string_length(v)), ret->policies[i], sizeof(ret->policies[i])))
			return fail(ERR_MALFORMED, "\"cert_policies\": expected OIDs");
	}
	ret->n_policies = n;

	return ERR_OK;
}

static enum err
read_strings(const json_t *o, struct challenge *ret)
{
	const struct {
		const char *name;
		char  *at;
		size_t size;
	} all[] = {
		{ "iss", ret->iss, sizeof(ret->iss) },
		{ "jti", ret->jti, sizeof(ret->jti) },
		{ "client_id", ret->client_id, sizeof(ret->client_id) },
		{ "acr", ret->acr, sizeof(ret->acr) },
	};
	enum err r;

	for (size_t i = 0; i < NELEM(all); i++)
		if ((r = json_need_str(o, all[i].name, all[i].at, all[i].size)) != ERR_OK)
			return r;

	return claims_optional(o, "origin", ret->origin, sizeof(ret->origin));
}

static enum err
check_parties(const json_t *o, const char *iss, const struct challenge *c)
{
	char aud[sizeof(NAME_AUD_AGENT)];
	enum err r;

	if ((r = json_need_str(o, "aud", aud, sizeof(aud))) != ERR_OK)
		return r;
	if (strcmp(aud, NAME_AUD_AGENT) != 0)
		return fail(ERR_MALFORMED, "\"aud\" is not the agent");
	if (strcmp(c->iss, iss) != 0)
		return fail(ERR_MALFORMED, "\"iss\" is not the configured broker");

	return ERR_OK;
}

static enum err
read_payload(struct cur json, const char *iss, struct challenge *ret)
{
	static const char *const members[] = {
		"v", "iss", "aud", "jti", "nonce", "iat", "exp", "client_id", "rp_name",
		"origin", "acr", "cert_policies",
	};
	AUTO(json_drop) json_t *o = NULL;
	enum err r;

	if ((r = json_load_object(json, &o)) != ERR_OK ||
	    (r = claims_version(o)) != ERR_OK ||
	    (r = json_only(o, members, NELEM(members))) != ERR_OK ||
	    (r = read_strings(o, ret)) != ERR_OK ||
	    (r = check_parties(o, iss, ret)) != ERR_OK ||
	    (r = claims_bytes(o, "nonce", ret->nonce, sizeof(ret->nonce))) != ERR_OK ||
	    (r = json_need_int(o, "iat", &ret->iat)) != ERR_OK ||
	    (r = json_need_int(o, "exp", &ret->exp)) != ERR_OK ||
	    (r = read_names(o, ret)) != ERR_OK || (r = read_policies(o, ret)) != ERR_OK ||
	    (r = check_times(ret)) != ERR_OK)
		return r;

	return check_texts(ret);
}

/* T1: only a key that the configuration names; the token merely says which. */
static enum err
verify_pinned(const struct jws_parts *p, const struct jws_header *h,
    EVP_PKEY *const *keys, size_t n)
{
	char thumbprint[JWK_THUMBPRINT_LEN + 1];
	enum err r;

	for (size_t i = 0; i < n; i++) {
		if ((r = jwk_thumbprint(keys[i], thumbprint)) != ERR_OK)
			return r;
		if (strcmp(thumbprint, h->kid) == 0)
			return jws_verify(h->alg, keys[i], p->signing_input,
			    buf_view(&p->signature));
	}
	return fail(ERR_CHALLENGE, "a key that is not configured");
}

static enum err
read_all(struct cur compact, const char *iss, EVP_PKEY *const *keys, size_t n_keys,
    struct challenge *ret)
{
	static const char *const members[] = { "alg", "kid", "typ" };
	AUTO(jws_parts_free) struct jws_parts p = { 0 };
	AUTO(jws_header_free) struct jws_header h = { 0 };
	enum err r;

	if (compact.n >= CHALLENGE_MAX)
		return fail(ERR_LIMIT, "%zu bytes", compact.n);
	r = claims_open(compact, NAME_TYP_CHALLENGE, members, NELEM(members), &p, &h);
	if (r != ERR_OK)
		return r;
	if (h.alg != JWS_ES256)					/* T2 */
		return fail(ERR_ALG, "%s", jws_alg_name(h.alg));
	if ((r = verify_pinned(&p, &h, keys, n_keys)) != ERR_OK)
		return r;

	return read_payload(buf_view(&p.payload), iss, ret);
}

enum err
challenge_read(struct cur compact, const char *iss, EVP_PKEY *const *keys, size_t n_keys,
    struct challenge *ret)
{
	struct challenge c = { 0 };
	enum err r = read_all(compact, iss, keys, n_keys, &c);

	if (r == ERR_OK)
		*ret = c;
	else if (r == ERR_VERSION || r == ERR_NOMEM)
		return note(r, "challenge");
	else
		return note(ERR_CHALLENGE, "challenge");

	return ERR_OK;
}

/* Both languages that there are; members that are absent are left out. */
static json_t *
payload_json(const struct challenge *c)
{
	AUTO(buf_free) struct buf nonce = BUF(B64URL_LEN(CHALLENGE_NONCE) + 1);
	AUTO(json_drop) json_t *policies = json_array();
	const char *en = c->rp_name_en[0] != '\0' ? c->rp_name_en : NULL;
	const char *origin = c->origin[0] != '\0' ? c->origin : NULL;

	b64url_put(&nonce, cur_of(c->nonce, sizeof(c->nonce)));
	for (size_t i = 0; i < c->n_policies; i++)
		if (json_array_append_new(policies, json_string(c->policies[i])) != 0)
			return NULL;
	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:{s:s, s:s*}, s:s*,"
	    " s:s, s:O}", "v", CLAIMS_VERSION, "iss", c->iss, "aud", NAME_AUD_AGENT,
	    "jti", c->jti, "nonce", buf_cstr(&nonce), "iat", (json_int_t)c->iat,
	    "exp", (json_int_t)c->exp, "client_id", c->client_id,
	    "rp_name", "nl", c->rp_name_nl, "en", en, "origin", origin, "acr", c->acr,
	    "cert_policies", policies);
}

static enum err
header_json(EVP_PKEY *key, json_t **ret)
{
	char thumbprint[JWK_THUMBPRINT_LEN + 1];
	enum err r;

	if ((r = jwk_thumbprint(key, thumbprint)) != ERR_OK)
		return r;
	*ret = json_pack("{s:s, s:s, s:s}", "alg", jws_alg_name(JWS_ES256),
	    "kid", thumbprint, "typ", NAME_TYP_CHALLENGE);

	return *ret != NULL ? ERR_OK : fail(ERR_NOMEM, "challenge");
}

enum err
challenge_write(const struct challenge *c, EVP_PKEY *key, struct buf *ret)
{
	AUTO(buf_free) struct buf h = BUF(1024), p = BUF(CHALLENGE_MAX);
	AUTO(buf_free) struct buf jws = BUF(CHALLENGE_MAX - 1), sig = BUF(512);
	AUTO(json_drop) json_t *header = NULL;
	AUTO(json_drop) json_t *payload = NULL;
	enum err r;

	if ((r = check_texts(c)) != ERR_OK || (r = check_times(c)) != ERR_OK ||
	    (r = header_json(key, &header)) != ERR_OK)
		return note(r, "challenge");
	payload = payload_json(c);
	if (payload == NULL)
		return fail(ERR_NOMEM, "challenge");
	if ((r = json_put(&h, header)) != ERR_OK ||
	    (r = json_put(&p, payload)) != ERR_OK ||
	    (r = jws_signing_input(buf_view(&h), buf_view(&p), &jws)) != ERR_OK ||
	    (r = jws_sign(JWS_ES256, key, buf_view(&jws), &sig)) != ERR_OK ||
	    (r = jws_finish(&jws, buf_view(&sig))) != ERR_OK)
		return note(r, "challenge");
	buf_cur(ret, buf_view(&jws));

	return buf_end(ret);
}
