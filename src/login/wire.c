/* SPDX-License-Identifier: EUPL-1.2 */
/* The bodies of the frames between agent and worker: fields in a fixed order. */
#include "login/wire.h"

#include "base/frame.h"
#include "base/text.h"

static void
put_str(struct buf *b, const char *s)
{
	field_put(b, cur_str(s));
}

/* Every text is UTF-8: the worker writes it into JSON and shows it. */
static bool
take_str(struct cur *c, char *ret, size_t size)
{
	return field_take_str(c, ret, size) && text_is_utf8(cur_str(ret));
}

static bool
take_i64(struct cur *c, int64_t *ret)
{
	uint64_t v;

	if (!cur_u64(c, &v))
		return false;
	*ret = (int64_t)v;
	return true;
}

static bool
take_bytes(struct cur *c, uint8_t *ret, size_t n)
{
	struct cur bytes;

	if (!cur_take(c, n, &bytes))
		return false;
	memcpy(ret, bytes.p, n);
	return true;
}

static void
put_challenge(struct buf *b, const struct challenge *c)
{
	put_str(b, c->iss);
	put_str(b, c->jti);
	buf_put(b, c->nonce, sizeof(c->nonce));
	buf_u64(b, (uint64_t)c->iat);
	buf_u64(b, (uint64_t)c->exp);
	put_str(b, c->client_id);
	put_str(b, c->rp_name_nl);
	put_str(b, c->rp_name_en);
	put_str(b, c->origin);
	put_str(b, c->acr);
	buf_u8(b, (unsigned)c->n_policies);
	for (size_t i = 0; i < c->n_policies; i++)
		put_str(b, c->policies[i]);
}

static bool
take_policies(struct cur *in, struct challenge *ret)
{
	uint8_t n;

	if (!cur_u8(in, &n) || n > CHALLENGE_POLICIES)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!take_str(in, ret->policies[i], sizeof(ret->policies[i])))
			return false;
	ret->n_policies = n;
	return true;
}

static bool
take_challenge(struct cur *in, struct challenge *ret)
{
	return take_str(in, ret->iss, sizeof(ret->iss)) &&
	    take_str(in, ret->jti, sizeof(ret->jti)) &&
	    take_bytes(in, ret->nonce, sizeof(ret->nonce)) &&
	    take_i64(in, &ret->iat) && take_i64(in, &ret->exp) &&
	    take_str(in, ret->client_id, sizeof(ret->client_id)) &&
	    take_str(in, ret->rp_name_nl, sizeof(ret->rp_name_nl)) &&
	    take_str(in, ret->rp_name_en, sizeof(ret->rp_name_en)) &&
	    take_str(in, ret->origin, sizeof(ret->origin)) &&
	    take_str(in, ret->acr, sizeof(ret->acr)) && take_policies(in, ret);
}

static enum err
put_end(const struct buf *b, const char *what)
{
	return buf_end(b) == ERR_OK ? ERR_OK : fail(buf_end(b), "frame: %s", what);
}

enum err
wire_put_request(struct buf *b, const struct login_request *rq)
{
	if (rq->c.n_policies > CHALLENGE_POLICIES)
		return fail(ERR_LIMIT, "frame: %zu policies", rq->c.n_policies);
	put_str(b, rq->login_id);
	put_str(b, rq->challenge);
	put_challenge(b, &rq->c);
	buf_u64(b, (uint64_t)rq->deadline_boot_ms);
	put_str(b, rq->caller);
	put_str(b, rq->language);

	return put_end(b, "request");
}

enum err
wire_get_request(struct cur body, struct login_request *ret)
{
	struct login_request rq = { 0 };

	if (!take_str(&body, rq.login_id, sizeof(rq.login_id)) ||
	    !take_str(&body, rq.challenge, sizeof(rq.challenge)) ||
	    !take_challenge(&body, &rq.c) || !take_i64(&body, &rq.deadline_boot_ms) ||
	    !take_str(&body, rq.caller, sizeof(rq.caller)) ||
	    !take_str(&body, rq.language, sizeof(rq.language)) || body.n != 0)
		return fail(ERR_MALFORMED, "frame: request");
	*ret = rq;

	return ERR_OK;
}

enum err
wire_put_done(struct buf *b, const struct login_result *r)
{
	field_put(b, buf_view(&r->assertion));
	put_str(b, r->reader);
	buf_u32(b, r->event_counter);
	put_str(b, r->serial);
	put_str(b, jws_alg_name(r->alg));
	buf_u32(b, r->apdus);

	return put_end(b, "result");
}

enum err
wire_get_done(struct cur body, struct login_result *ret)
{
	AUTO(buf_free) struct buf assertion = BUF(JWS_MAX);
	struct login_result r = { .pin = { .tries = -1 } };
	struct cur jws, alg;

	if (!field_take(&body, &jws) ||
	    !take_str(&body, r.reader, sizeof(r.reader)) ||
	    !cur_u32(&body, &r.event_counter) ||
	    !take_str(&body, r.serial, sizeof(r.serial)) ||
	    !field_take(&body, &alg) || !cur_u32(&body, &r.apdus) || body.n != 0 ||
	    (r.alg = jws_alg_of_name(alg)) == JWS_ALG_NONE)
		return fail(ERR_MALFORMED, "frame: result");
	buf_cur(&assertion, jws);
	if (buf_end(&assertion) != ERR_OK)
		return fail(buf_end(&assertion), "frame: result");
	*ret = r;
	ret->assertion = assertion;
	assertion = (struct buf)BUF(0);	/* the caller's now */

	return ERR_OK;
}

enum err
wire_put_failure(struct buf *b, enum err e, int tries, const char *trail)
{
	put_str(b, err_word(e));
	buf_u32(b, (uint32_t)tries);
	put_str(b, trail);

	return put_end(b, "failure");
}

enum err
wire_get_failure(struct cur body, struct wire_failure *ret)
{
	struct wire_failure f = { 0 };
	uint32_t tries;

	/* A trail may be cut in the middle of a character; it is for the log only. */
	if (!take_str(&body, f.word, sizeof(f.word)) || !cur_u32(&body, &tries) ||
	    !field_take_str(&body, f.trail, sizeof(f.trail)) || body.n != 0)
		return fail(ERR_MALFORMED, "frame: failure");
	f.tries = (int32_t)tries;
	*ret = f;

	return ERR_OK;
}

enum err
wire_put_hand_over(struct buf *b, const struct wire_hand_over *h)
{
	put_str(b, h->module);
	put_str(b, h->reader);
	buf_u32(b, h->event_counter);

	return put_end(b, "hand over");
}

enum err
wire_get_hand_over(struct cur body, struct wire_hand_over *ret)
{
	struct wire_hand_over h = { .event_counter = 0 };

	/* A reader's name is whatever USB says; it becomes an argument, not a text. */
	if (!take_str(&body, h.module, sizeof(h.module)) || h.module[0] == '\0' ||
	    !field_take_str(&body, h.reader, sizeof(h.reader)) ||
	    !cur_u32(&body, &h.event_counter) || body.n != 0)
		return fail(ERR_MALFORMED, "frame: hand over");
	*ret = h;

	return ERR_OK;
}
