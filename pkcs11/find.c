/* SPDX-License-Identifier: EUPL-1.2 */
/* Finding objects, and reading their attributes. */
#include "pkcs11/attr.h"
#include "pkcs11/log.h"
#include "pkcs11/session.h"

/* A value that cannot be had is not equal to anything. */
static ck_rv_t
compare(ck_rv_t rv, const struct buf *value, const struct ck_attribute *a, bool *ret)
{
	*ret = false;
	if (rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE)
		return CKR_OK;
	if (rv == CKR_OK)
		*ret = cur_eq(buf_view(value), cur_of(a->value, a->value_len));
	return rv;
}

static ck_rv_t
is_equal(struct token *t, const struct object *o, const struct ck_attribute *a, bool *ret,
    enum err *error)
{
	AUTO(buf_free) struct buf value = BUF(ATTR_MAX);
	ck_rv_t rv = attr_put(t, o, a->type, &value, error);

	return compare(rv, &value, a, ret);
}

/* Those of the template that cost nothing, or the others. */
static ck_rv_t
match_some(struct token *t, const struct object *o, const struct ck_attribute *template,
    ck_ulong n, bool costly, bool *ret, enum err *error)
{
	for (ck_ulong i = 0; i < n && *ret; i++) {
		ck_rv_t rv;

		if (attr_is_costly(t, o, template[i].type) != costly)
			continue;
		if ((rv = is_equal(t, o, &template[i], ret, error)) != CKR_OK)
			return rv;
	}
	return CKR_OK;
}

/* What costs nothing is compared first, so that the card is only asked about candidates. */
static ck_rv_t
matches(struct token *t, const struct object *o, const struct ck_attribute *template,
    ck_ulong n, bool *ret, enum err *error)
{
	ck_rv_t rv;

	*ret = true;
	if ((rv = match_some(t, o, template, n, false, ret, error)) != CKR_OK || !*ret)
		return rv;
	if ((*error = token_exists(t, o, ret)) != ERR_OK)
		return CKR_DEVICE_ERROR;
	return match_some(t, o, template, n, true, ret, error);
}

/* Keys that this program derived. */
static ck_rv_t
search_derived(struct call *c, const struct ck_attribute *template, ck_ulong n)
{
	const struct derived *d;
	struct find *f = &c->s->find;

	for (size_t k = 0; (d = derived_at(c->slot, k, c->t->login == LOGIN_USER)) != NULL; k++) {
		bool yes = true;

		for (ck_ulong i = 0; i < n && yes; i++) {
			AUTO(buf_free) struct buf value = BUF(ATTR_MAX);
			ck_rv_t rv = derived_put(d, template[i].type, &value);

			if ((rv = compare(rv, &value, &template[i], &yes)) != CKR_OK)
				return rv;
		}
		if (yes)
			f->found[f->n++] = d->handle;
	}
	return CKR_OK;
}

/* What is on the token, from the first object on. */
static ck_rv_t
search_token(struct call *c, size_t first, const struct ck_attribute *template, ck_ulong n)
{
	struct find *f = &c->s->find;
	ck_rv_t rv;

	for (size_t i = first; i < c->t->n_objects; i++) {
		enum err error = ERR_OK;
		bool yes = false;

		if (!token_shows(c->t, &c->t->objects[i]))
			continue;
		rv = matches(c->t, &c->t->objects[i], template, n, &yes, &error);
		if (rv != CKR_OK)
			return error != ERR_OK ? call_failed(c, error, "find objects") : rv;
		if (yes)
			f->found[f->n++] = token_handle(c->t, i);
	}
	return CKR_OK;
}

static bool
has_certificate(const struct call *c)
{
	const struct find *f = &c->s->find;

	for (size_t i = 0; i < f->n; i++)
		if (token_object(c->t, f->found[i])->kind == OBJECT_CERT)
			return true;
	return false;
}

/*
 * May one of the authorities match?  They are certificates, and their iD is another than
 * that of a key and its own certificate (ISO 7816-15, CommonCertificateAttributes).
 */
static bool
wants_authorities(const struct call *c, const struct ck_attribute *template, ck_ulong n)
{
	const ck_object_class_t class = CKO_CERTIFICATE;

	for (ck_ulong i = 0; i < n; i++) {
		struct cur value = cur_of(template[i].value, template[i].value_len);

		if ((template[i].type == CKA_CLASS &&
		    !cur_eq(value, cur_of(&class, sizeof(class)))) ||
		    (template[i].type == CKA_ID && has_certificate(c)))
			return false;
	}
	return true;
}

/*
 * Their directory is read only when somebody asks for what may be in it; and not between
 * C_Login(CKU_CONTEXT_SPECIFIC) and the operation: a SELECT makes cards forget the PIN.
 */
static ck_rv_t
search_authorities(struct call *c, const struct ck_attribute *template, ck_ulong n)
{
	size_t first = c->t->n_objects;
	enum err e;

	if (c->t->v.listed || card_is_held(c->t->card) ||
	    !wants_authorities(c, template, n))
		return CKR_OK;
	if ((e = token_list_authorities(c->t)) != ERR_OK)
		return call_failed(c, e, "find objects");
	return search_token(c, first, template, n);
}

static ck_rv_t
search(struct call *c, const struct ck_attribute *template, ck_ulong n)
{
	struct find *f = &c->s->find;
	ck_rv_t rv;

	*f = (struct find){ .active = false };
	if ((rv = search_token(c, 0, template, n)) != CKR_OK ||
	    (rv = search_authorities(c, template, n)) != CKR_OK)
		return rv;
	rv = search_derived(c, template, n);
	f->active = rv == CKR_OK;
	return rv;
}

ck_rv_t
C_FindObjectsInit(ck_session_handle_t session, struct ck_attribute *template, ck_ulong n)
{
	CALL(c, session);

	if (template == NULL && n != 0)
		return CKR_ARGUMENTS_BAD;
	for (ck_ulong i = 0; i < n; i++)
		if (template[i].value == NULL && template[i].value_len != 0)
			return CKR_ATTRIBUTE_VALUE_INVALID;
	if (c.s->find.active)
		return CKR_OPERATION_ACTIVE;
	return search(&c, template, n);
}

ck_rv_t
C_FindObjects(ck_session_handle_t session, ck_object_handle_t *ret, ck_ulong max,
    ck_ulong *ret_n)
{
	CALL(c, session);
	struct find *f = &c.s->find;
	ck_ulong n = 0;

	if (ret_n == NULL || (ret == NULL && max != 0))
		return CKR_ARGUMENTS_BAD;
	if (!f->active)
		return CKR_OPERATION_NOT_INITIALIZED;
	while (n < max && f->at < f->n)
		ret[n++] = f->found[f->at++];
	*ret_n = n;
	return CKR_OK;
}

ck_rv_t
C_FindObjectsFinal(ck_session_handle_t session)
{
	CALL(c, session);

	if (!c.s->find.active)
		return CKR_OPERATION_NOT_INITIALIZED;
	c.s->find.active = false;
	return CKR_OK;
}

/* One attribute into the caller's buffer; the length protocol of section 5.2. */
static ck_rv_t
give(ck_rv_t rv, const struct buf *value, struct ck_attribute *a)
{
	if (rv == CKR_OK && a->value != NULL && a->value_len < value->len)
		rv = CKR_BUFFER_TOO_SMALL;
	if (rv != CKR_OK) {
		a->value_len = CK_UNAVAILABLE_INFORMATION;
		return rv;
	}
	if (a->value != NULL && value->len != 0)
		memcpy(a->value, value->p, value->len);
	a->value_len = value->len;
	return CKR_OK;
}

/* Every attribute is answered, whatever came of the others. */
static ck_rv_t
give_derived(const struct derived *d, struct ck_attribute *template, ck_ulong n)
{
	ck_rv_t rv = CKR_OK;

	for (ck_ulong i = 0; i < n; i++) {
		AUTO(buf_free) struct buf value = BUF(ATTR_MAX);
		ck_rv_t one = give(derived_put(d, template[i].type, &value), &value, &template[i]);

		if (one != CKR_OK)
			rv = one;
	}
	return rv;
}

static ck_rv_t
give_all(struct call *c, const struct object *o, struct ck_attribute *template, ck_ulong n)
{
	ck_rv_t rv = CKR_OK;

	for (ck_ulong i = 0; i < n; i++) {
		AUTO(buf_free) struct buf value = BUF(ATTR_MAX);
		enum err error = ERR_OK;
		ck_rv_t one = attr_put(c->t, o, template[i].type, &value, &error);

		one = give(one, &value, &template[i]);
		if (error != ERR_OK)
			return call_failed(c, error, "read an attribute");
		if (one != CKR_OK)
			rv = one;
	}
	return rv;
}

ck_rv_t
C_GetAttributeValue(ck_session_handle_t session, ck_object_handle_t object,
    struct ck_attribute *template, ck_ulong n)
{
	CALL(c, session);
	const struct object *o = token_object(c.t, object);
	const struct derived *d = derived_find(c.slot, object);

	if (template == NULL && n != 0)
		return CKR_ARGUMENTS_BAD;
	if (d != NULL && (c.t->login == LOGIN_USER || !d->private))
		return give_derived(d, template, n);
	if (o == NULL || !token_shows(c.t, o))
		return CKR_OBJECT_HANDLE_INVALID;
	return give_all(&c, o, template, n);
}
