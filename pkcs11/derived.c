/* SPDX-License-Identifier: EUPL-1.2 */
/* Secret keys of sessions: their templates and attributes. */
#include "pkcs11/derived.h"

#include <stdlib.h>

#include "pkcs11/session.h"

#define HANDLE_BIT	(1UL << (8 * sizeof(ck_object_handle_t) - 1))
#define TEXT_MAX	256	/* bytes of CKA_LABEL and CKA_ID */

static bool
take_bool(const struct ck_attribute *a, bool *ret)
{
	if (a->value == NULL || a->value_len != 1)
		return false;
	*ret = *(const unsigned char *)a->value != 0;
	return true;
}

static bool
take_ulong(const struct ck_attribute *a, ck_ulong *ret)
{
	if (a->value == NULL || a->value_len != sizeof(*ret))
		return false;
	memcpy(ret, a->value, sizeof(*ret));
	return true;
}

static bool
take_bytes(const struct ck_attribute *a, struct buf *ret)
{
	if (a->value == NULL && a->value_len != 0)
		return false;
	buf_clear(ret);
	buf_put(ret, a->value, a->value_len);
	return buf_end(ret) == ERR_OK;
}

/* False: it cannot be had.  What the key may be used for is left to its owner: here it
 * is for nothing but being read. */
static bool
take_attribute(const struct ck_attribute *a, struct derived *d, ck_ulong *len)
{
	ck_ulong class = CKO_SECRET_KEY;
	bool token = false, good = true;

	switch (a->type) {
	case CKA_CLASS:
		good = take_ulong(a, &class);
		break;
	case CKA_TOKEN:
		good = take_bool(a, &token);
		break;
	case CKA_KEY_TYPE:
		good = take_ulong(a, &d->type);
		break;
	case CKA_VALUE_LEN:
		good = take_ulong(a, len) && *len != 0;
		break;
	case CKA_PRIVATE:
		good = take_bool(a, &d->private);
		break;
	case CKA_SENSITIVE:
		good = take_bool(a, &d->sensitive);
		break;
	case CKA_EXTRACTABLE:
		good = take_bool(a, &d->extractable);
		break;
	case CKA_LABEL:
		good = take_bytes(a, &d->label);
		break;
	case CKA_ID:
		good = take_bytes(a, &d->id);
		break;
	case CKA_VALUE:
		good = false;
		break;
	default:
		break;
	}
	return good && class == CKO_SECRET_KEY && !token;
}

ck_rv_t
derived_make(const struct ck_attribute *template, ck_ulong n, struct derived **ret,
    ck_ulong *ret_len)
{
	AUTO(derived_free) struct derived *d = calloc(1, sizeof(*d));
	ck_ulong len = 0;

	if (d == NULL)
		return CKR_HOST_MEMORY;
	d->type = CKK_GENERIC_SECRET;
	d->private = d->extractable = true;
	d->value.max = DERIVED_BYTES;
	d->label.max = d->id.max = TEXT_MAX;
	for (ck_ulong i = 0; i < n; i++)
		if (!take_attribute(&template[i], d, &len))
			return CKR_ATTRIBUTE_VALUE_INVALID;
	if (d->type != CKK_GENERIC_SECRET && d->type != CKK_AES)
		return CKR_TEMPLATE_INCONSISTENT;
	if (d->type == CKK_AES && len != 16 && len != 24 && len != 32)
		return len == 0 ? CKR_TEMPLATE_INCOMPLETE : CKR_TEMPLATE_INCONSISTENT;
	*ret = d;
	*ret_len = len;
	d = NULL;
	return CKR_OK;
}

void
derived_free(struct derived **d)
{
	if (*d == NULL)
		return;
	buf_free(&(*d)->value);
	buf_free(&(*d)->label);
	buf_free(&(*d)->id);
	free(*d);
	*d = NULL;
}

void
derived_drop(struct derived **list)
{
	while (*list != NULL) {
		struct derived *first = *list;

		*list = first->next;
		derived_free(&first);
	}
}

void
derived_drop_private(struct derived **list)
{
	while (*list != NULL) {
		struct derived *d = *list;

		if (d->private) {
			*list = d->next;
			derived_free(&d);
		} else {
			list = &d->next;
		}
	}
}

struct derived *
derived_find(const struct slot *slot, ck_object_handle_t handle)
{
	for (struct session *s = slot->sessions; s != NULL; s = s->next)
		for (struct derived *d = s->derived; d != NULL; d = d->next)
			if (d->handle == handle)
				return d;
	return NULL;
}

const struct derived *
derived_at(const struct slot *slot, size_t i, bool user)
{
	for (const struct session *s = slot->sessions; s != NULL; s = s->next)
		for (const struct derived *d = s->derived; d != NULL; d = d->next)
			if ((user || !d->private) && i-- == 0)
				return d;
	return NULL;
}

ck_rv_t
derived_add(struct slot *slot, struct session *s, struct derived *d)
{
	if (derived_at(slot, DERIVED_MAX - 1, true) != NULL)
		return CKR_HOST_MEMORY;
	d->handle = HANDLE_BIT | ++slot->serial;
	d->next = s->derived;
	s->derived = d;
	return CKR_OK;
}

static ck_rv_t
ended(const struct buf *ret)
{
	return buf_end(ret) == ERR_OK ? CKR_OK : CKR_HOST_MEMORY;
}

static ck_rv_t
put_bool(struct buf *ret, bool v)
{
	buf_u8(ret, v);
	return ended(ret);
}

static ck_rv_t
put_ulong(struct buf *ret, ck_ulong v)
{
	buf_put(ret, &v, sizeof(v));
	return ended(ret);
}

static ck_rv_t
put_bytes(struct buf *ret, const struct buf *from)
{
	buf_cur(ret, buf_view(from));
	return ended(ret);
}

ck_rv_t
derived_put(const struct derived *d, ck_attribute_type_t type, struct buf *ret)
{
	switch (type) {
	case CKA_CLASS:
		return put_ulong(ret, CKO_SECRET_KEY);
	case CKA_KEY_TYPE:
		return put_ulong(ret, d->type);
	case CKA_VALUE_LEN:
		return put_ulong(ret, d->value.len);
	case CKA_KEY_GEN_MECHANISM:
		return put_ulong(ret, CK_UNAVAILABLE_INFORMATION);
	case CKA_PRIVATE:
		return put_bool(ret, d->private);
	case CKA_SENSITIVE:
		return put_bool(ret, d->sensitive);
	case CKA_EXTRACTABLE:
		return put_bool(ret, d->extractable);
	case CKA_DESTROYABLE:
		return put_bool(ret, true);
	case CKA_TOKEN:
	case CKA_MODIFIABLE:
	case CKA_COPYABLE:
	case CKA_LOCAL:
	case CKA_ALWAYS_SENSITIVE:
	case CKA_NEVER_EXTRACTABLE:
	case CKA_TRUSTED:
	case CKA_WRAP_WITH_TRUSTED:
	case CKA_ENCRYPT:
	case CKA_DECRYPT:
	case CKA_SIGN:
	case CKA_VERIFY:
	case CKA_WRAP:
	case CKA_UNWRAP:
	case CKA_DERIVE:
		return put_bool(ret, false);
	case CKA_LABEL:
		return put_bytes(ret, &d->label);
	case CKA_ID:
		return put_bytes(ret, &d->id);
	case CKA_VALUE:
		return d->sensitive || !d->extractable ? CKR_ATTRIBUTE_SENSITIVE :
		    put_bytes(ret, &d->value);
	default:
		return CKR_ATTRIBUTE_TYPE_INVALID;
	}
}
