/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Sessions: each belongs to one insertion of one card and dies with it.  A handle says
 * in which slot it is, so that no table of all sessions needs a lock.
 */
#ifndef DEZI_PKCS11_SESSION_H
#define DEZI_PKCS11_SESSION_H

#include <openssl/evp.h>

#include "pkcs11/derived.h"
#include "pkcs11/mech.h"
#include "pkcs11/module.h"
#include "pkcs11/slot.h"
#include "pkcs11/token.h"

enum op_kind { OP_DIGEST, OP_SIGN, OP_VERIFY, OP_ENCRYPT, OP_DECRYPT, OP_KINDS };

/* One operation under way. */
struct op {
	bool	 active;
	bool	 multi;			/* an Update was called */
	const struct mech *mech;
	struct mech_params params;
	const struct object *object;	/* the key; lives as long as the token */
	EVP_MD_CTX *md;			/* what is hashed here; NULL: data is kept */
	struct buf data;
	/* For a key that asks for the PIN each time: it was given (CONTEXT_SPECIFIC). */
	bool	 allowed;
	bool	 given;			/* C_VerifySignatureInit: result is the signature */
	bool	 done;			/* result is what was made, and not fetched yet */
	struct buf result;
};

struct find {
	bool	 active;
	size_t	 n, at;
	ck_object_handle_t found[TOKEN_OBJECTS + DERIVED_MAX];
};

struct session {
	struct session *next;
	ck_session_handle_t handle;
	bool	 rw;
	struct op ops[OP_KINDS];
	struct find find;
	struct derived *derived;	/* keys that it made */
};

/* End an operation.  May be called on one that is not active. */
void op_end(struct op *o);
/* With the slot's lock: all of them; the user's login ends with the last. */
void sessions_close_all(struct slot *s);
/* Is one of them read-only? */
bool sessions_read_only(const struct slot *s);
/* The transaction that was held for one of their operations has ended. */
void sessions_disallow(struct slot *s);
/* The token has gone: so have they.  Nothing is sent. */
void sessions_drop(struct slot *s);

/* What one C_ function holds while it works: module entered, slot locked. */
struct call {
	bool	 entered;
	struct slot *slot;		/* locked; or NULL */
	struct session *s;
	struct token *t;
};
void call_end(struct call *c);

/*
 *	CALL(c, session);	struct call c, ended on every way out; returns the error
 *	CKR_CRYPTOKI_NOT_INITIALIZED, CKR_SESSION_HANDLE_INVALID, CKR_DEVICE_REMOVED
 */
ck_rv_t call_session(struct call *c, ck_session_handle_t handle);
/* The same without asking pcscd whether the card is there: using it will tell. */
ck_rv_t call_session_unasked(struct call *c, ck_session_handle_t handle);
/* The slot alone, locked; no look at the card. */
ck_rv_t call_slot(struct call *c, ck_slot_id_t id);

#define CALL(c, handle)							\
	AUTO(call_end) struct call c = { .entered = false };		\
	ck_rv_t call_##c = call_session(&(c), (handle));		\
	if (call_##c != CKR_OK)						\
		return call_##c
#define CALL_UNASKED(c, handle)						\
	AUTO(call_end) struct call c = { .entered = false };		\
	ck_rv_t call_##c = call_session_unasked(&(c), (handle));	\
	if (call_##c != CKR_OK)						\
		return call_##c
#define CALL_SLOT(c, id)						\
	AUTO(call_end) struct call c = { .entered = false };		\
	ck_rv_t call_##c = call_slot(&(c), (id));			\
	if (call_##c != CKR_OK)						\
		return call_##c

/* After an error of the card: what it means for the login, and what to answer. */
ck_rv_t call_failed(struct call *c, enum err e, const char *what);

#endif
