/* SPDX-License-Identifier: EUPL-1.2 */
/* Digests, in software. */
#include "pkcs11/op.h"

ck_rv_t
C_DigestInit(ck_session_handle_t session, struct ck_mechanism *mechanism)
{
	CALL(c, session);
	struct op *o = &c.s->ops[OP_DIGEST];
	struct op new = { .active = true };
	ck_rv_t rv;

	if (mechanism == NULL) {
		op_end(o);
		return CKR_OK;
	}
	if (o->active)
		return CKR_OPERATION_ACTIVE;
	if ((rv = mech_read(mechanism, &new.mech, &new.params)) != CKR_OK)
		return rv;
	if (new.mech->scheme != SCHEME_DIGEST)
		return CKR_MECHANISM_INVALID;
	rv = op_begin_data(&new, 0);
	if (rv == CKR_OK)
		*o = new;
	else
		op_end(&new);
	return rv;
}

/* The operation ends here, but for a question about the length. */
static ck_rv_t
finish(struct op *o, const unsigned char *data, ck_ulong n, unsigned char *out,
    ck_ulong *out_len)
{
	AUTO(buf_free) struct buf hash = BUF(EVP_MAX_MD_SIZE);
	ck_rv_t rv;

	if (out_len == NULL)
		rv = CKR_ARGUMENTS_BAD;
	else if (!op_room(out, out_len, (ck_ulong)EVP_MD_CTX_get_size(o->md), &rv))
		return rv;
	else if ((rv = op_update(o, data, n)) == CKR_OK && (rv = op_hash(o, &hash)) == CKR_OK) {
		memcpy(out, hash.p, hash.len);
		*out_len = hash.len;
	}
	op_end(o);
	return rv;
}

ck_rv_t
C_Digest(ck_session_handle_t session, unsigned char *data, ck_ulong n, unsigned char *out,
    ck_ulong *out_len)
{
	CALL(c, session);
	struct op *o = &c.s->ops[OP_DIGEST];

	if (!o->active)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (o->multi)
		return CKR_OPERATION_ACTIVE;
	return finish(o, data, n, out, out_len);
}

ck_rv_t
C_DigestUpdate(ck_session_handle_t session, unsigned char *data, ck_ulong n)
{
	CALL(c, session);
	struct op *o = &c.s->ops[OP_DIGEST];
	ck_rv_t rv;

	if (!o->active)
		return CKR_OPERATION_NOT_INITIALIZED;
	o->multi = true;
	rv = op_update(o, data, n);
	if (rv != CKR_OK)
		op_end(o);
	return rv;
}

ck_rv_t
C_DigestFinal(ck_session_handle_t session, unsigned char *out, ck_ulong *out_len)
{
	CALL(c, session);
	struct op *o = &c.s->ops[OP_DIGEST];

	if (!o->active)
		return CKR_OPERATION_NOT_INITIALIZED;
	return finish(o, NULL, 0, out, out_len);
}
