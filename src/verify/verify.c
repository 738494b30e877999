/* SPDX-License-Identifier: EUPL-1.2 */
/* The broker's verdict on an assertion (docs/broker-protocol.md section 4.3). */
#include "verify/verify.h"

#include <openssl/evp.h>

#include "base/names.h"
#include "login/claims.h"

/* A token taken apart: what the checks read. */
struct token {
	struct jws_parts  parts;
	struct jws_header header;
	struct cert	 *leaf;
};

static void
token_drop(struct token *t)
{
	jws_parts_free(&t->parts);
	jws_header_free(&t->header);
	cert_free(&t->leaf);
}

void
verify_result_free(struct verify_result *r)
{
	cert_verdict_free(&r->cert);
	*r = (struct verify_result){ 0 };
}

enum err
verify_expect_of(const struct challenge *c, struct cur compact, struct verify_expect *ret)
{
	const char *en = c->rp_name_en[0] != '\0' ? c->rp_name_en : NULL;
	struct verify_expect e = {
		.aud = c->iss, .client_id = c->client_id, .origin = c->origin,
		.rp_names = { c->rp_name_nl, en },
	};

	memcpy(e.nonce, c->nonce, sizeof(e.nonce));
	if (EVP_Digest(compact.p, compact.n, e.challenge_sha256, NULL, EVP_sha256(),
	    NULL) != 1)
		return fail(ERR_CRYPTO, "SHA-256");
	*ret = e;

	return ERR_OK;
}

/* B 5: size, form, typ, members, version; and a leaf that is a certificate. */
static enum err
read_token(struct cur compact, struct token *t, struct verify_result *ret)
{
	static const char *const members[] = { "alg", "typ", "x5c" };
	enum err r;

	r = claims_open(compact, NAME_TYP_ASSERTION, members, NELEM(members), &t->parts,
	    &t->header);
	if (r != ERR_OK)
		return r;
	ret->alg = t->header.alg;
	r = assertion_payload_read(buf_view(&t->parts.payload), &ret->said);
	if (r != ERR_OK)
		return r;

	return cert_parse(buf_view(&t->header.x5c[0]), &t->leaf);
}

/* B 6.  iat is a stranger's number: compare, and subtract only what is near. */
static enum err
check_time(const struct verify_rules *rules, struct verify_result *ret)
{
	int64_t now = rules->cert.now, iat = ret->said.iat;
	int64_t most = rules->skew_max != 0 ? rules->skew_max : VERIFY_SKEW_DEFAULT;

	if (iat < now - most || iat > now + most)
		return fail(ERR_STALE, "iat is more than %lld s off", (long long)most);
	ret->skew = iat - now;

	return ERR_OK;
}

static enum err
check_audience(const struct verify_expect *e, const struct assertion *said)
{
	if (strcmp(said->aud, e->aud) != 0)
		return fail(ERR_AUDIENCE, "meant for another broker");

	return ERR_OK;
}

/* C: the key decides which algorithms there can be, the header only names one (T-alg). */
static enum err
check_signature(const struct token *t)
{
	enum err r;

	if (!jws_alg_fits(t->header.alg, cert_key(t->leaf)))
		return fail(ERR_ALG, "%s with another kind of key",
		    jws_alg_name(t->header.alg));
	r = jws_verify(t->header.alg, cert_key(t->leaf), t->parts.signing_input,
	    buf_view(&t->parts.signature));

	return r == ERR_OK ? ERR_OK : note(r, "assertion");
}

static bool
is_rp_name(const struct verify_expect *e, const char *name)
{
	for (size_t i = 0; i < NELEM(e->rp_names); i++)
		if (e->rp_names[i] != NULL && strcmp(e->rp_names[i], name) == 0)
			return true;
	return false;
}

/* The answer to this challenge, and the person saw what was asked (T3, T5). */
static enum err
check_asked(const struct verify_expect *e, const struct assertion *said)
{
	if (memcmp(said->challenge_sha256, e->challenge_sha256,
	    sizeof(said->challenge_sha256)) != 0)
		return fail(ERR_MISMATCH, "of another challenge");
	if (memcmp(said->nonce, e->nonce, sizeof(said->nonce)) != 0)
		return fail(ERR_MISMATCH, "another nonce");
	if (strcmp(said->client_id, e->client_id) != 0)
		return fail(ERR_MISMATCH, "another client");
	if (!is_rp_name(e, said->rp_name))
		return fail(ERR_MISMATCH, "another name of the relying party");
	if (strcmp(said->origin, e->origin) != 0)
		return fail(ERR_MISMATCH, "another origin");

	return ERR_OK;
}

/* D */
static enum err
check_certificate(const struct token *t, const struct verify_rules *rules,
    struct verify_result *ret)
{
	struct cur extra[JWS_X5C_MAX];
	size_t n = 0;

	for (size_t i = 1; i < t->header.x5c_n; i++)
		extra[n++] = buf_view(&t->header.x5c[i]);

	return cert_check_login(rules->store, t->leaf, extra, n, &rules->cert,
	    &ret->cert);
}

enum err
verify_assertion(struct cur compact, const struct verify_expect *e,
    const struct verify_rules *rules, struct verify_result *ret)
{
	AUTO(token_drop) struct token t = { 0 };
	enum err r;

	*ret = (struct verify_result){ 0 };
	if ((r = read_token(compact, &t, ret)) != ERR_OK ||
	    (r = check_audience(e, &ret->said)) != ERR_OK ||
	    (r = check_time(rules, ret)) != ERR_OK ||
	    (r = check_signature(&t)) != ERR_OK ||
	    (r = check_asked(e, &ret->said)) != ERR_OK)
		return r;

	return check_certificate(&t, rules, ret);
}

enum err
verify_assertion_offline(struct cur compact, const struct verify_rules *rules,
    struct verify_result *ret)
{
	AUTO(token_drop) struct token t = { 0 };
	enum err r;

	*ret = (struct verify_result){ 0 };
	if ((r = read_token(compact, &t, ret)) != ERR_OK ||
	    (r = check_signature(&t)) != ERR_OK)
		return r;

	return check_certificate(&t, rules, ret);
}

bool
verify_has_attestation(const struct verify_result *v)
{
	return v->said.evidence.statement.n != 0;
}

enum err
verify_attestation(const struct verify_result *v, const struct cert_store *vendors,
    struct attest *ret)
{
	const struct assertion_evidence *e = &v->said.evidence;

	*ret = (struct attest){ .verdict = ATTEST_ABSENT };
	if (!verify_has_attestation(v))
		return ERR_NOT_FOUND;
	if (v->cert.chain_n == 0) {
		ret->verdict = ATTEST_OTHER_KEY;
		return fail(ERR_MISMATCH, "attestation: of a login that was refused");
	}
	return attest_check(vendors, cur_of(e->statement.der, e->statement.n),
	    cur_of(e->device.der, e->device.n), v->cert.chain[0], ret);
}
