/* SPDX-License-Identifier: EUPL-1.2 */
/* Verifying in software, with the public key of the certificate on the card. */
#include "pkcs11/log.h"
#include "pkcs11/op.h"

#define SIGNATURE_MAX	1024
#define INPUT_MAX	2048

ck_rv_t
C_VerifyInit(ck_session_handle_t session, struct ck_mechanism *mechanism,
    ck_object_handle_t key)
{
	CALL(c, session);

	return op_begin(&c, OP_VERIFY, mechanism, key);
}

static ck_rv_t
verify(struct call *c, struct op *o, struct cur sig)
{
	AUTO(buf_free) struct buf input = BUF(INPUT_MAX);
	const struct token_cert *cert = NULL;
	ck_ulong size;
	ck_rv_t rv;
	enum err e = token_cert(c->t, o->object, &cert);

	if (e == ERR_NOT_FOUND)
		return CKR_KEY_HANDLE_INVALID;
	if (e != ERR_OK)
		return call_failed(c, e, "certificate of the key");
	if ((rv = op_size(c, o, &size)) != CKR_OK || (rv = op_input(o, size, &input)) != CKR_OK)
		return rv;
	if (sig.n != size)
		return CKR_SIGNATURE_LEN_RANGE;
	return crypto_check(&cert->view, o->mech, &o->params, buf_view(&input), sig) ? CKR_OK :
	    CKR_SIGNATURE_INVALID;
}

static ck_rv_t
finish(struct call *c, const unsigned char *data, ck_ulong n, const unsigned char *sig,
    ck_ulong sig_len)
{
	struct op *o = &c->s->ops[OP_VERIFY];
	ck_rv_t rv = sig == NULL ? CKR_ARGUMENTS_BAD : op_update(o, data, n);

	if (rv == CKR_OK)
		rv = verify(c, o, cur_of(sig, sig_len));
	op_finish(c, o);
	return rv;
}

/* given: was the signature given at the beginning (3.2)? */
static ck_rv_t
expect(const struct call *c, bool given, bool whole)
{
	const struct op *o = &c->s->ops[OP_VERIFY];

	if (!o->active || o->given != given)
		return CKR_OPERATION_NOT_INITIALIZED;
	return whole && o->multi ? CKR_OPERATION_ACTIVE : CKR_OK;
}

static ck_rv_t
update(struct call *c, const unsigned char *data, ck_ulong n)
{
	struct op *o = &c->s->ops[OP_VERIFY];
	ck_rv_t rv;

	o->multi = true;
	rv = op_update(o, data, n);
	if (rv != CKR_OK)
		op_finish(c, o);
	return rv;
}

ck_rv_t
C_Verify(ck_session_handle_t session, unsigned char *data, ck_ulong n, unsigned char *sig,
    ck_ulong sig_len)
{
	CALL(c, session);
	ck_rv_t rv = expect(&c, false, true);

	return rv == CKR_OK ? finish(&c, data, n, sig, sig_len) : rv;
}

ck_rv_t
C_VerifyUpdate(ck_session_handle_t session, unsigned char *data, ck_ulong n)
{
	CALL(c, session);
	ck_rv_t rv = expect(&c, false, false);

	return rv == CKR_OK ? update(&c, data, n) : rv;
}

ck_rv_t
C_VerifyFinal(ck_session_handle_t session, unsigned char *sig, ck_ulong sig_len)
{
	CALL(c, session);
	ck_rv_t rv = expect(&c, false, false);

	return rv == CKR_OK ? finish(&c, NULL, 0, sig, sig_len) : rv;
}

/* 3.2: the signature first, then the data. */
ck_rv_t
C_VerifySignatureInit(ck_session_handle_t session, struct ck_mechanism *mechanism,
    ck_object_handle_t key, unsigned char *sig, ck_ulong sig_len)
{
	CALL(c, session);
	struct op *o = &c.s->ops[OP_VERIFY];
	ck_rv_t rv;

	if (mechanism != NULL && sig == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = op_begin(&c, OP_VERIFY, mechanism, key);
	if (rv != CKR_OK || mechanism == NULL)
		return rv;
	o->given = true;
	o->result.max = SIGNATURE_MAX;
	buf_put(&o->result, sig, sig_len);
	if (buf_end(&o->result) == ERR_OK)
		return CKR_OK;
	op_finish(&c, o);
	return CKR_SIGNATURE_LEN_RANGE;
}

ck_rv_t
C_VerifySignature(ck_session_handle_t session, unsigned char *data, ck_ulong n)
{
	CALL(c, session);
	const struct buf *sig = &c.s->ops[OP_VERIFY].result;
	ck_rv_t rv = expect(&c, true, true);

	return rv == CKR_OK ? finish(&c, data, n, sig->p, sig->len) : rv;
}

ck_rv_t
C_VerifySignatureUpdate(ck_session_handle_t session, unsigned char *data, ck_ulong n)
{
	CALL(c, session);
	ck_rv_t rv = expect(&c, true, false);

	return rv == CKR_OK ? update(&c, data, n) : rv;
}

ck_rv_t
C_VerifySignatureFinal(ck_session_handle_t session)
{
	CALL(c, session);
	const struct buf *sig = &c.s->ops[OP_VERIFY].result;
	ck_rv_t rv = expect(&c, true, false);

	return rv == CKR_OK ? finish(&c, NULL, 0, sig->p, sig->len) : rv;
}
