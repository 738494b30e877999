/* SPDX-License-Identifier: EUPL-1.2 */
/* Signing on the card: hashed and framed here, padded and signed there, checked here. */
#include "pkcs11/log.h"
#include "pkcs11/op.h"
#include "pkcs11/pad.h"

#define SIGNATURE_MAX	1024
#define INPUT_MAX	2048

ck_rv_t
C_SignInit(ck_session_handle_t session, struct ck_mechanism *mechanism,
    ck_object_handle_t key)
{
	CALL(c, session);

	return op_begin(&c, OP_SIGN, mechanism, key);
}

static enum key_alg
alg_of(const struct mech *m)
{
	switch (m->scheme) {
	case SCHEME_PSS:
		return KEY_ALG_RSA_RAW;
	case SCHEME_ECDSA:
		return KEY_ALG_ECDSA;
	case SCHEME_EDDSA:
		return KEY_ALG_EDDSA;
	case SCHEME_PKCS1:
	case SCHEME_DIGEST:
	case SCHEME_OAEP:
	case SCHEME_ECDH:
		break;
	}
	return KEY_ALG_RSA_PKCS1;
}

/* What goes to the card: for PSS the whole block, else the input itself. */
static ck_rv_t
frame(struct call *c, const struct op *o, struct cur input, struct buf *ret)
{
	unsigned bits = 0;
	enum err e = ERR_OK;

	if (o->mech->scheme != SCHEME_PSS)
		buf_cur(ret, input);
	else if ((e = token_key_bits(c->t, o->object, &bits)) != ERR_OK)
		return call_failed(c, e, "size of the key");
	else
		e = pad_pss(&o->params, input, bits, ret);
	if (e == ERR_OK)
		e = buf_end(ret);
	if (e == ERR_LIMIT)
		return CKR_DATA_LEN_RANGE;
	return e == ERR_OK ? CKR_OK : say_error(e, "pad");
}

/* What the card gives is only handed on when the certificate says that it is right. */
static ck_rv_t
check(struct call *c, const struct op *o, struct cur input, struct cur sig)
{
	const struct token_cert *cert = NULL;
	enum err e;

	do {
		e = token_cert(c->t, o->object, &cert);
		if (e == ERR_NOT_FOUND)
			return CKR_OK;	/* without one there is nothing to check with */
		if (e != ERR_OK)
			return call_failed(c, e, "certificate of the key");
		if (crypto_check(&cert->view, o->mech, &o->params, input, sig))
			return CKR_OK;
	} while (token_doubt(c->t, o->object));
	say(LOG_LEVEL_ERROR, "the card's signature does not fit its certificate");
	return CKR_DEVICE_ERROR;
}

/* A short signature lost zeros at its front (hostile-cards, vector 45). */
static ck_rv_t
give(struct cur sig, ck_ulong need, unsigned char *out, ck_ulong *out_len)
{
	memset(out, 0, need - sig.n);
	memcpy(out + (need - sig.n), sig.p, sig.n);
	*out_len = need;
	return CKR_OK;
}

static ck_rv_t
sign(struct call *c, struct op *o, ck_ulong need, unsigned char *out, ck_ulong *out_len)
{
	AUTO(buf_free) struct buf input = BUF(INPUT_MAX), block = BUF(INPUT_MAX);
	AUTO(buf_free) struct buf sig = BUF(SIGNATURE_MAX);
	const struct card_key *key = op_key(c, o);
	ck_rv_t rv;
	enum err e;

	if ((rv = op_input(o, need, &input)) != CKR_OK)
		return rv;
	if (token_always_asks(c->t, key) && !o->allowed)
		return CKR_USER_NOT_LOGGED_IN;
	if ((rv = frame(c, o, buf_view(&input), &block)) != CKR_OK)
		return rv;
	e = card_use(c->t->card, key, alg_of(o->mech), buf_view(&block), &sig);
	if (e != ERR_OK)
		return op_failed(c, o, e, "sign");
	if (sig.len > need) {
		(void)token_doubt(c->t, o->object);
		return CKR_DEVICE_ERROR;
	}
	if ((rv = check(c, o, buf_view(&input), buf_view(&sig))) != CKR_OK)
		return rv;
	return give(buf_view(&sig), need, out, out_len);
}

/* The operation ends here, but for a question about the length. */
static ck_rv_t
finish(struct call *c, const unsigned char *data, ck_ulong n, unsigned char *out,
    ck_ulong *out_len)
{
	struct op *o = &c->s->ops[OP_SIGN];
	ck_ulong need = 0;
	ck_rv_t rv;

	if (out_len == NULL)
		rv = CKR_ARGUMENTS_BAD;
	else if ((rv = op_size(c, o, &need)) == CKR_OK) {
		if (!op_room(out, out_len, need, &rv))
			return rv;
		rv = op_update(o, data, n);
		if (rv == CKR_OK)
			rv = sign(c, o, need, out, out_len);
	}
	op_finish(c, o);
	return rv;
}

ck_rv_t
C_Sign(ck_session_handle_t session, unsigned char *data, ck_ulong n, unsigned char *out,
    ck_ulong *out_len)
{
	CALL_UNASKED(c, session);
	struct op *o = &c.s->ops[OP_SIGN];

	if (!o->active)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (o->multi)
		return CKR_OPERATION_ACTIVE;
	return finish(&c, data, n, out, out_len);
}

ck_rv_t
C_SignUpdate(ck_session_handle_t session, unsigned char *data, ck_ulong n)
{
	CALL_UNASKED(c, session);
	struct op *o = &c.s->ops[OP_SIGN];
	ck_rv_t rv;

	if (!o->active)
		return CKR_OPERATION_NOT_INITIALIZED;
	o->multi = true;
	rv = op_update(o, data, n);
	if (rv != CKR_OK)
		op_finish(&c, o);
	return rv;
}

ck_rv_t
C_SignFinal(ck_session_handle_t session, unsigned char *out, ck_ulong *out_len)
{
	CALL_UNASKED(c, session);

	if (!c.s->ops[OP_SIGN].active)
		return CKR_OPERATION_NOT_INITIALIZED;
	return finish(&c, NULL, 0, out, out_len);
}
