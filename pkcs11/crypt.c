/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Encrypting in software with the public key, deciphering on the card.  Parts are
 * collected: RSA has one block.
 */
#include "pkcs11/ckr.h"
#include "pkcs11/log.h"
#include "pkcs11/op.h"
#include "pkcs11/pad.h"

#define BLOCK_MAX	1024

/* Make the result, once: a caller with too little room may come back for it. */
typedef ck_rv_t make_fn(struct call *c, struct op *o, struct buf *ret);

/* Bytes of a block that are not the message's (RFC 8017 sections 7.1.1, 7.2.1). */
static size_t
overhead(const struct op *o)
{
	return o->mech->scheme == SCHEME_OAEP ? 2 * o->params.digest_len + 2 : 11;
}

static ck_rv_t
encrypt(struct call *c, struct op *o, struct buf *ret)
{
	const struct token_cert *cert = NULL;
	enum err e = token_cert(c->t, o->object, &cert);
	ck_ulong size;
	ck_rv_t rv;

	if (e == ERR_NOT_FOUND)
		return CKR_KEY_HANDLE_INVALID;
	if (e != ERR_OK)
		return call_failed(c, e, "certificate of the key");
	if ((rv = op_size(c, o, &size)) != CKR_OK)
		return rv;
	if (o->data.len + overhead(o) > size)
		return CKR_DATA_LEN_RANGE;
	return ckr_of(crypto_encrypt(&cert->view, o->mech, &o->params, buf_view(&o->data),
	    ret));
}

/* The padding comes off on the card where that can do it, else here. */
static enum err
open_block(struct call *c, const struct op *o, struct buf *ret)
{
	AUTO(buf_free) struct buf block = BUF(BLOCK_MAX);
	const struct card_key *key = op_key(c, o);
	enum err e;

	if (o->mech->scheme == SCHEME_PKCS1 && (key->algs & KEY_ALG_RSA_DECRYPT) != 0)
		return card_use(c->t->card, key, KEY_ALG_RSA_DECRYPT, buf_view(&o->data), ret);
	e = card_use(c->t->card, key, KEY_ALG_RSA_DECRYPT_RAW, buf_view(&o->data), &block);
	if (e == ERR_OK && block.len != o->data.len)
		e = fail(ERR_CARD, "a block of %zu bytes", block.len);
	if (e != ERR_OK)
		return e;
	return o->mech->scheme == SCHEME_OAEP ? unpad_oaep(&o->params, buf_view(&block), ret) :
	    unpad_pkcs1(buf_view(&block), ret);
}

static ck_rv_t
decrypt(struct call *c, struct op *o, struct buf *ret)
{
	const struct card_key *key = op_key(c, o);
	ck_ulong size;
	ck_rv_t rv;
	enum err e;

	if ((rv = op_size(c, o, &size)) != CKR_OK)
		return rv;
	if (o->data.len != size)
		return CKR_ENCRYPTED_DATA_LEN_RANGE;
	if (token_always_asks(c->t, key) && !o->allowed)
		return CKR_USER_NOT_LOGGED_IN;
	e = open_block(c, o, ret);
	if (e == ERR_MALFORMED)
		return CKR_ENCRYPTED_DATA_INVALID;
	return e == ERR_OK ? CKR_OK : op_failed(c, o, e, "decrypt");
}

static make_fn *const makers[OP_KINDS] = { [OP_ENCRYPT] = encrypt, [OP_DECRYPT] = decrypt };

/* The plain text is shorter than its block, but nobody knows before it is made. */
static ck_rv_t
finish(struct call *c, enum op_kind kind, unsigned char *out, ck_ulong *out_len)
{
	struct op *o = &c->s->ops[kind];
	ck_ulong most;
	ck_rv_t rv;

	if (!o->done) {
		if ((rv = op_size(c, o, &most)) != CKR_OK)
			return rv;
		if (out == NULL) {
			*out_len = most;
			return CKR_OK;
		}
		o->result.max = BLOCK_MAX;
		if ((rv = makers[kind](c, o, &o->result)) != CKR_OK)
			return rv;
		o->done = true;
	}
	if (!op_room(out, out_len, o->result.len, &rv))
		return rv;
	if (o->result.len != 0)
		memcpy(out, o->result.p, o->result.len);
	*out_len = o->result.len;
	return CKR_OK;
}

/* It goes on only for a caller who asked for the length or had too little room. */
static ck_rv_t
end(struct call *c, enum op_kind kind, unsigned char *out, ck_ulong *out_len)
{
	ck_rv_t rv = out_len == NULL ? CKR_ARGUMENTS_BAD : finish(c, kind, out, out_len);

	if (rv == CKR_BUFFER_TOO_SMALL || (rv == CKR_OK && out == NULL))
		return rv;
	if (c->s != NULL)
		op_finish(c, &c->s->ops[kind]);
	return rv;
}

static ck_rv_t
whole(struct call *c, enum op_kind kind, const unsigned char *in, ck_ulong n,
    unsigned char *out, ck_ulong *out_len)
{
	struct op *o = &c->s->ops[kind];
	ck_rv_t rv;

	if (!o->active)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (o->multi)
		return CKR_OPERATION_ACTIVE;
	/* After a question about the length the same data may be given again, or other data:
	 * what was made is of no use for that. */
	if (o->done && (in == NULL || !cur_eq(buf_view(&o->data), cur_of(in, n)))) {
		o->done = false;
		buf_clear(&o->result);
	}
	buf_clear(&o->data);
	if ((rv = op_update(o, in, n)) != CKR_OK) {
		op_finish(c, o);
		return rv;
	}
	return end(c, kind, out, out_len);
}

static ck_rv_t
part(struct call *c, enum op_kind kind, const unsigned char *in, ck_ulong n,
    ck_ulong *out_len)
{
	struct op *o = &c->s->ops[kind];
	ck_rv_t rv;

	if (!o->active)
		return CKR_OPERATION_NOT_INITIALIZED;
	o->multi = true;
	rv = out_len == NULL ? CKR_ARGUMENTS_BAD : op_update(o, in, n);
	if (rv == CKR_OK)
		*out_len = 0;
	else
		op_finish(c, o);
	return rv;
}

static ck_rv_t
last(struct call *c, enum op_kind kind, unsigned char *out, ck_ulong *out_len)
{
	return c->s->ops[kind].active ? end(c, kind, out, out_len) :
	    CKR_OPERATION_NOT_INITIALIZED;
}

ck_rv_t
C_EncryptInit(ck_session_handle_t session, struct ck_mechanism *mechanism,
    ck_object_handle_t key)
{
	CALL(c, session);

	return op_begin(&c, OP_ENCRYPT, mechanism, key);
}

ck_rv_t
C_Encrypt(ck_session_handle_t session, unsigned char *in, ck_ulong n, unsigned char *out,
    ck_ulong *out_len)
{
	CALL(c, session);

	return whole(&c, OP_ENCRYPT, in, n, out, out_len);
}

ck_rv_t
C_EncryptUpdate(ck_session_handle_t session, unsigned char *in, ck_ulong n,
    unsigned char *out UNUSED, ck_ulong *out_len)
{
	CALL(c, session);

	return part(&c, OP_ENCRYPT, in, n, out_len);
}

ck_rv_t
C_EncryptFinal(ck_session_handle_t session, unsigned char *out, ck_ulong *out_len)
{
	CALL(c, session);

	return last(&c, OP_ENCRYPT, out, out_len);
}

ck_rv_t
C_DecryptInit(ck_session_handle_t session, struct ck_mechanism *mechanism,
    ck_object_handle_t key)
{
	CALL(c, session);

	return op_begin(&c, OP_DECRYPT, mechanism, key);
}

ck_rv_t
C_Decrypt(ck_session_handle_t session, unsigned char *in, ck_ulong n, unsigned char *out,
    ck_ulong *out_len)
{
	CALL_UNASKED(c, session);

	return whole(&c, OP_DECRYPT, in, n, out, out_len);
}

ck_rv_t
C_DecryptUpdate(ck_session_handle_t session, unsigned char *in, ck_ulong n,
    unsigned char *out UNUSED, ck_ulong *out_len)
{
	CALL(c, session);

	return part(&c, OP_DECRYPT, in, n, out_len);
}

ck_rv_t
C_DecryptFinal(ck_session_handle_t session, unsigned char *out, ck_ulong *out_len)
{
	CALL_UNASKED(c, session);

	return last(&c, OP_DECRYPT, out, out_len);
}
