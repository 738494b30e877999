/* SPDX-License-Identifier: EUPL-1.2 */
/* ECDH on the card: the shared secret becomes a key of the session. */
#include "pkcs11/derived.h"
#include "pkcs11/log.h"
#include "pkcs11/op.h"

#define POINT_MAX	256

/* The other's point as it is, or in an OCTET STRING (PKCS #11 3.0 section 2.3.18). */
static struct cur
bare_point(struct cur point, size_t bare)
{
	struct cur inner = point;
	uint8_t tag, len;

	if (point.n != bare && cur_u8(&inner, &tag) && tag == 0x04 && cur_u8(&inner, &len)) {
		if (len == 0x81 && !cur_u8(&inner, &len))
			return point;
		if (inner.n == len && len == bare)
			return inner;
	}
	return point;
}

/* CK_ECDH1_DERIVE_PARAMS: no key derivation function, which takes no shared data. */
static bool
read_params(const struct ck_mechanism *m, struct cur *ret_point)
{
	struct ck_ecdh1_derive_params p;

	if (m->parameter == NULL || m->parameter_len != sizeof(p))
		return false;
	memcpy(&p, m->parameter, sizeof(p));
	*ret_point = cur_of(p.public_data, p.public_data_len);
	return p.kdf == CKD_NULL && p.shared_data_len == 0 && p.public_data != NULL &&
	    p.public_data_len <= POINT_MAX;
}

/* A private key that derives, and its certificate, which says on which curve. */
static ck_rv_t
find_base(struct call *c, ck_object_handle_t handle, const struct object **ret,
    const struct token_cert **ret_cert)
{
	const struct object *o = token_object(c->t, handle);
	const struct card_key *key = NULL;
	enum err e;

	if (o == NULL || (o->kind != OBJECT_PRIVATE && o->kind != OBJECT_PUBLIC))
		return CKR_KEY_HANDLE_INVALID;
	if (!token_shows(c->t, o))
		return CKR_USER_NOT_LOGGED_IN;
	if (o->kind != OBJECT_PRIVATE)
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	if ((e = token_key(c->t, o, &key)) != ERR_OK)
		return call_failed(c, e, "kind of the key");
	if (key->type != KEY_EC && key->type != KEY_MONTGOMERY)
		return CKR_KEY_TYPE_INCONSISTENT;
	if ((key->algs & KEY_ALG_ECDH) == 0)
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	/* Nothing asks for the PIN between a beginning and an end that are one call. */
	if (token_always_asks(c->t, key))
		return CKR_USER_NOT_LOGGED_IN;
	e = token_cert(c->t, o, ret_cert);
	if (e == ERR_NOT_FOUND)
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	*ret = o;
	return e == ERR_OK ? CKR_OK : call_failed(c, e, "certificate of the key");
}

/* What the card computes, as long as the field; all zeros is a point that was no key. */
static ck_rv_t
agree(struct call *c, const struct object *o, const struct token_cert *cert, struct cur point,
    struct buf *ret)
{
	const struct card_key *key = &c->t->v.keys[o->index];
	size_t field = (cert->view.bits + 7) / 8;
	AUTO(buf_free) struct buf x = BUF(DERIVED_BYTES);
	unsigned char any = 0;
	enum err e;

	point = bare_point(point, key->type == KEY_EC ? 2 * field + 1 : field);
	if (!crypto_is_peer(&cert->view, point))
		return CKR_MECHANISM_PARAM_INVALID;
	e = card_use(c->t->card, key, KEY_ALG_ECDH, point, &x);
	if (e != ERR_OK)
		return call_failed(c, e, "derive");
	for (size_t i = 0; i < x.len; i++)
		any |= x.p[i];
	if (x.len > field || any == 0)
		return CKR_DEVICE_ERROR;
	for (size_t i = x.len; i < field; i++)
		buf_u8(ret, 0);
	buf_cur(ret, buf_view(&x));
	return buf_end(ret) == ERR_OK ? CKR_OK : CKR_HOST_MEMORY;
}

/* Bytes are taken off at the front (section 2.3.18). */
static ck_rv_t
cut(struct cur secret, ck_ulong len, struct derived *d)
{
	struct cur front;

	if (len > secret.n)
		return CKR_TEMPLATE_INCONSISTENT;
	if (len != 0)
		(void)cur_take(&secret, secret.n - len, &front);
	buf_cur(&d->value, secret);
	return buf_end(&d->value) == ERR_OK ? CKR_OK : CKR_HOST_MEMORY;
}

ck_rv_t
C_DeriveKey(ck_session_handle_t session, struct ck_mechanism *mechanism,
    ck_object_handle_t base, struct ck_attribute *template, ck_ulong n,
    ck_object_handle_t *ret)
{
	AUTO(buf_free) struct buf secret = BUF(DERIVED_BYTES);
	AUTO(derived_free) struct derived *d = NULL;
	CALL(c, session);
	const struct token_cert *cert = NULL;
	const struct object *o = NULL;
	struct cur point;
	ck_ulong len;
	ck_rv_t rv;

	if (mechanism == NULL || (template == NULL && n != 0) || ret == NULL)
		return CKR_ARGUMENTS_BAD;
	if (mechanism->mechanism != CKM_ECDH1_DERIVE)
		return CKR_MECHANISM_INVALID;
	if (!read_params(mechanism, &point))
		return CKR_MECHANISM_PARAM_INVALID;
	if ((rv = derived_make(template, n, &d, &len)) != CKR_OK ||
	    (rv = find_base(&c, base, &o, &cert)) != CKR_OK ||
	    (rv = agree(&c, o, cert, point, &secret)) != CKR_OK ||
	    (rv = cut(buf_view(&secret), len, d)) != CKR_OK ||
	    (rv = derived_add(c.slot, c.s, d)) != CKR_OK)
		return rv;
	*ret = d->handle;
	d = NULL;			/* the session's now */
	return CKR_OK;
}

/* The objects of the card are the card's. */
ck_rv_t
C_DestroyObject(ck_session_handle_t session, ck_object_handle_t handle)
{
	CALL(c, session);
	const struct object *o = token_object(c.t, handle);

	for (struct session *s = c.slot->sessions; s != NULL; s = s->next)
		for (struct derived **at = &s->derived; *at != NULL; at = &(*at)->next) {
			struct derived *d = *at;

			if (d->handle != handle || (d->private && c.t->login != LOGIN_USER))
				continue;
			*at = d->next;
			derived_free(&d);
			return CKR_OK;
		}
	return o != NULL && token_shows(c.t, o) ? CKR_ACTION_PROHIBITED :
	    CKR_OBJECT_HANDLE_INVALID;
}
