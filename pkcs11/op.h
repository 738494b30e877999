/* SPDX-License-Identifier: EUPL-1.2 */
/* What signing, verifying, encrypting and decrypting have in common. */
#ifndef DEZI_PKCS11_OP_H
#define DEZI_PKCS11_OP_H

#include "pkcs11/session.h"

/*
 * Begin; mechanism NULL ends the operation that is active instead.
 *	CKR_OPERATION_ACTIVE, CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID,
 *	CKR_KEY_HANDLE_INVALID, CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_FUNCTION_NOT_PERMITTED,
 *	CKR_USER_NOT_LOGGED_IN
 */
ck_rv_t op_begin(struct call *c, enum op_kind kind, const struct ck_mechanism *mechanism,
    ck_object_handle_t key);
/* Begin hashing or keeping data; for C_DigestInit. */
ck_rv_t op_begin_data(struct op *o, size_t max);
/* More data. CKR_DATA_LEN_RANGE */
ck_rv_t op_update(struct op *o, const unsigned char *data, ck_ulong n);
/*
 * What is signed: DigestInfo, hash, or the data itself; size as op_size().
 *	CKR_DATA_LEN_RANGE	there is none, or more than goes into one block
 */
ck_rv_t op_input(struct op *o, ck_ulong size, struct buf *ret);
/* The hash. */
ck_rv_t op_hash(struct op *o, struct buf *ret);

/*
 * End it, and with it the transaction that a PIN of its own opened.  Nothing, when the
 * card, the session and o went away meanwhile.
 */
void op_finish(struct call *c, struct op *o);

/* As call_failed(), after a use of the key. */
ck_rv_t op_failed(struct call *c, const struct op *o, enum err e, const char *what);

const struct card_key *op_key(const struct call *c, const struct op *o);
/* Bytes of the key's modulus, or of r and s. */
ck_rv_t op_size(struct call *c, const struct op *o, ck_ulong *ret);

/*
 * The protocol of section 5.2: false when the caller only wanted the length, or gave too
 * little room; *ret_rv is what to answer then.
 */
bool op_room(const unsigned char *out, ck_ulong *len, ck_ulong need, ck_rv_t *ret_rv);

#endif
