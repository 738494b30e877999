/* SPDX-License-Identifier: EUPL-1.2 */
/* Beginning operations, and feeding them. */
#include "pkcs11/op.h"

#include "pkcs11/log.h"

#define DATA_MAX	1900	/* bytes of data for a mechanism that does not hash */
#define PKCS1_OVERHEAD	11	/* bytes of a block that are not the data's (RFC 8017 9.2) */

const struct card_key *
op_key(const struct call *c, const struct op *o)
{
	return &c->t->v.keys[o->object->index];
}

/* What an operation of this kind asks of a key. */
static unsigned
needs(const struct mech *m, enum op_kind kind)
{
	return kind == OP_SIGN || kind == OP_VERIFY ? m->signs : m->opens;
}

/* The right kind of object, for someone who may use it. */
static ck_rv_t
find_key(const struct call *c, enum op_kind kind, ck_object_handle_t handle,
    const struct object **ret)
{
	const struct object *o = token_object(c->t, handle);
	bool private = kind == OP_SIGN || kind == OP_DECRYPT;

	if (o == NULL || (o->kind != OBJECT_PRIVATE && o->kind != OBJECT_PUBLIC))
		return CKR_KEY_HANDLE_INVALID;
	if (!token_shows(c->t, o))
		return CKR_USER_NOT_LOGGED_IN;
	if (private != (o->kind == OBJECT_PRIVATE))
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	*ret = o;
	return CKR_OK;
}

static ck_rv_t
check_key(struct call *c, const struct object *o, enum op_kind kind, const struct mech *m)
{
	bool signs = kind == OP_SIGN || kind == OP_VERIFY;
	const struct card_key *key = NULL;
	enum err e;

	if (needs(m, kind) == 0 || m->scheme == SCHEME_ECDH)
		return CKR_MECHANISM_INVALID;
	if ((e = token_key(c->t, o, &key)) != ERR_OK)
		return call_failed(c, e, "kind of the key");
	if ((m->keys & 1u << key->type) == 0)
		return CKR_KEY_TYPE_INCONSISTENT;
	if ((key->algs & (signs ? KEY_ALGS_SIGN : KEY_ALGS_OPEN)) == 0)
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	return (key->algs & needs(m, kind)) != 0 ? CKR_OK : CKR_MECHANISM_INVALID;
}

ck_rv_t
op_begin_data(struct op *o, size_t max)
{
	EVP_MD *md;
	bool good;

	o->data.max = max;
	if (o->mech->digest == NULL)
		return CKR_OK;
	md = EVP_MD_fetch(crypto_context(), o->mech->digest, NULL);
	o->md = EVP_MD_CTX_new();
	good = md != NULL && o->md != NULL && EVP_DigestInit_ex2(o->md, md, NULL) == 1;
	EVP_MD_free(md);
	return good ? CKR_OK : CKR_FUNCTION_FAILED;
}

void
op_finish(struct call *c, struct op *o)
{
	if (c->s == NULL)
		return;
	if (o->allowed)
		token_release(c->t);
	op_end(o);
}

ck_rv_t
op_begin(struct call *c, enum op_kind kind, const struct ck_mechanism *mechanism,
    ck_object_handle_t handle)
{
	struct op *o = &c->s->ops[kind];
	struct op new = { .active = true };
	ck_rv_t rv;

	if (mechanism == NULL) {
		op_finish(c, o);
		return CKR_OK;
	}
	if (o->active)
		return CKR_OPERATION_ACTIVE;
	if ((rv = mech_read(mechanism, &new.mech, &new.params)) != CKR_OK ||
	    (rv = find_key(c, kind, handle, &new.object)) != CKR_OK ||
	    (rv = check_key(c, new.object, kind, new.mech)) != CKR_OK)
		return rv;
	rv = op_begin_data(&new, DATA_MAX);
	if (rv == CKR_OK)
		*o = new;
	else
		op_end(&new);
	return rv;
}

ck_rv_t
op_update(struct op *o, const unsigned char *data, ck_ulong n)
{
	if (data == NULL && n != 0)
		return CKR_ARGUMENTS_BAD;
	if (o->md != NULL)
		return EVP_DigestUpdate(o->md, data, n) == 1 ? CKR_OK : CKR_FUNCTION_FAILED;
	buf_put(&o->data, data, n);
	if (buf_end(&o->data) == ERR_OK)
		return CKR_OK;
	return o->data.failed == ERR_NOMEM ? CKR_HOST_MEMORY : CKR_DATA_LEN_RANGE;
}

ck_rv_t
op_hash(struct op *o, struct buf *ret)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned n;

	if (EVP_DigestFinal_ex(o->md, hash, &n) != 1)
		return CKR_FUNCTION_FAILED;
	buf_put(ret, hash, n);
	return buf_end(ret) == ERR_OK ? CKR_OK : CKR_HOST_MEMORY;
}

/* May it be signed with a key of size bytes? */
static bool
fits(const struct op *o, ck_ulong size, struct cur input)
{
	if (o->mech->scheme == SCHEME_PSS)
		return o->md != NULL || input.n == o->params.digest_len;
	/* A card takes an empty block for a mistake. */
	return o->mech->scheme != SCHEME_PKCS1 ||
	    (input.n != 0 && input.n + PKCS1_OVERHEAD <= size);
}

ck_rv_t
op_input(struct op *o, ck_ulong size, struct buf *ret)
{
	ck_rv_t rv = CKR_OK;

	if (o->md == NULL)
		buf_cur(ret, buf_view(&o->data));
	else if (o->mech->scheme == SCHEME_PKCS1)
		mech_put_prefix(o->mech, ret);
	if (o->md != NULL)
		rv = op_hash(o, ret);
	else if (buf_end(ret) != ERR_OK)
		rv = CKR_HOST_MEMORY;
	return rv == CKR_OK && !fits(o, size, buf_view(ret)) ? CKR_DATA_LEN_RANGE : rv;
}

ck_rv_t
op_failed(struct call *c, const struct op *o, enum err e, const char *what)
{
	ck_rv_t rv;

	/* Only its own PIN was forgotten, over what came in between: the login may hold. */
	if (e == ERR_NOT_LOGGED_IN && o->allowed)
		return say_error(e, what);
	rv = call_failed(c, e, what);
	if (e == ERR_CARD || e == ERR_CARD_INACTIVE || e == ERR_UNSUPPORTED)
		(void)token_doubt(c->t, o->object);
	return rv;
}

ck_rv_t
op_size(struct call *c, const struct op *o, ck_ulong *ret)
{
	unsigned bits = 0;
	enum err e = token_key_bits(c->t, o->object, &bits);

	if (e != ERR_OK)
		return call_failed(c, e, "size of the key");
	if (bits == 0)
		return CKR_KEY_SIZE_RANGE;
	*ret = (bits + 7) / 8;
	if ((o->mech->keys & 1u << KEY_RSA) == 0)
		*ret *= 2;
	return CKR_OK;
}

bool
op_room(const unsigned char *out, ck_ulong *len, ck_ulong need, ck_rv_t *ret_rv)
{
	if (out != NULL && *len >= need)
		return true;
	*ret_rv = out == NULL ? CKR_OK : CKR_BUFFER_TOO_SMALL;
	*len = need;
	return false;
}
