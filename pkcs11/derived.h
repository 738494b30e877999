/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Keys that C_DeriveKey made: secrets in this process, not on the card.  Each belongs to
 * the session that made it, is seen by all sessions of the slot, and is wiped with it.
 */
#ifndef DEZI_PKCS11_DERIVED_H
#define DEZI_PKCS11_DERIVED_H

#include "base/buf.h"
#include "pkcs11/cryptoki.h"

struct slot;
struct session;

#define DERIVED_MAX	64	/* of one slot */
#define DERIVED_BYTES	128	/* of one secret */

struct derived {
	struct derived *next;
	ck_object_handle_t handle;
	ck_key_type_t type;		/* CKK_GENERIC_SECRET or CKK_AES */
	bool	 private, sensitive, extractable;
	struct buf value, label, id;
};

/*
 * What the template asks for, without a value; *ret_len is CKA_VALUE_LEN, or 0.
 *	CKR_TEMPLATE_INCONSISTENT, CKR_ATTRIBUTE_VALUE_INVALID, CKR_HOST_MEMORY
 */
ck_rv_t derived_make(const struct ck_attribute *template, ck_ulong n, struct derived **ret,
    ck_ulong *ret_len);
/* Wiped.  NULL is fine. */
void derived_free(struct derived **d);
/* A whole list; or those in it that only the user may see. */
void derived_drop(struct derived **list);
void derived_drop_private(struct derived **list);

/* Of all sessions of the slot.  NULL: there is none of this handle. */
struct derived *derived_find(const struct slot *s, ck_object_handle_t handle);
/* The i-th that may be seen, NULL behind the last. */
const struct derived *derived_at(const struct slot *s, size_t i, bool user);
/* CKR_HOST_MEMORY: there are too many. */
ck_rv_t derived_add(struct slot *slot, struct session *s, struct derived *d);

/* As attr_put() (pkcs11/attr.h). */
ck_rv_t derived_put(const struct derived *d, ck_attribute_type_t type, struct buf *ret);

#endif
