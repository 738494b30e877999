/* SPDX-License-Identifier: EUPL-1.2 */
/* What an object says of itself; what needs the certificate reads it now. */
#include "pkcs11/attr.h"

#include "card/file.h"
#include "pkcs11/ckr.h"
#include "pkcs11/mech.h"
#include "pkcs11/profile.h"

_Static_assert(FILE_CERT_BYTES == FILE_CERT_MAX, "a certificate must fit");

/* Kinds of object, as bits. */
#define CERTS		(1u << OBJECT_CERT | 1u << OBJECT_AUTHORITY)
#define PUBLIC		(1u << OBJECT_PUBLIC)
#define PRIVATE		(1u << OBJECT_PRIVATE)
#define KEYS		(PUBLIC | PRIVATE)
#define PROFILE		(1u << OBJECT_PROFILE)
#define ALL		(CERTS | KEYS | PROFILE)

#define CATEGORY_USER		1UL	/* CK_CERTIFICATE_CATEGORY_TOKEN_USER */
#define CATEGORY_AUTHORITY	2UL

struct source {
	struct token *t;
	const struct object *o;
	const struct card_key *key;	/* NULL: not of a key */
	enum err error;
};

typedef ck_rv_t put_fn(struct source *s, struct buf *ret);

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
put_true(struct source *s UNUSED, struct buf *ret)
{
	return put_bool(ret, true);
}

static ck_rv_t
put_false(struct source *s UNUSED, struct buf *ret)
{
	return put_bool(ret, false);
}

static ck_rv_t
put_empty(struct source *s UNUSED, struct buf *ret)
{
	return ended(ret);
}

static ck_rv_t
put_zero(struct source *s UNUSED, struct buf *ret)
{
	return put_ulong(ret, 0);
}

static ck_rv_t
put_unavailable(struct source *s UNUSED, struct buf *ret)
{
	return put_ulong(ret, CK_UNAVAILABLE_INFORMATION);
}

static ck_rv_t
put_secret(struct source *s UNUSED, struct buf *ret UNUSED)
{
	return CKR_ATTRIBUTE_SENSITIVE;
}

static ck_rv_t
put_class(struct source *s, struct buf *ret)
{
	static const ck_object_class_t classes[] = {
		[OBJECT_CERT] = CKO_CERTIFICATE, [OBJECT_AUTHORITY] = CKO_CERTIFICATE,
		[OBJECT_PUBLIC] = CKO_PUBLIC_KEY, [OBJECT_PRIVATE] = CKO_PRIVATE_KEY,
		[OBJECT_PROFILE] = CKO_PROFILE,
	};

	return put_ulong(ret, classes[s->o->kind]);
}

static ck_rv_t
put_private(struct source *s, struct buf *ret)
{
	return put_bool(ret, s->o->kind == OBJECT_PRIVATE && !s->key->no_pin);
}

static ck_rv_t
put_label(struct source *s, struct buf *ret)
{
	if (s->key != NULL)
		buf_str(ret, s->key->label);
	else if (s->o->kind == OBJECT_AUTHORITY)
		buf_str(ret, s->t->v.authorities[s->o->index].label);
	return ended(ret);
}

static ck_rv_t
put_id(struct source *s, struct buf *ret)
{
	const struct card_authority *a = &s->t->v.authorities[s->o->index];

	if (s->key != NULL)
		buf_put(ret, s->key->id, s->key->id_len);
	else
		buf_put(ret, a->id, a->id_len);
	return ended(ret);
}

/* The card's serial, what it is, and where: the same in every process, for this card. */
static ck_rv_t
put_unique_id(struct source *s, struct buf *ret)
{
	buf_fmt(ret, "%s-%d-%u", token_serial(s->t), (int)s->o->kind, s->o->index);
	return ended(ret);
}

static ck_rv_t
put_profile(struct source *s, struct buf *ret)
{
	return put_ulong(ret, profile_id(s->o->index));
}

static ck_rv_t
put_x509(struct source *s UNUSED, struct buf *ret)
{
	return put_ulong(ret, CKC_X_509);
}

static ck_rv_t
put_category(struct source *s, struct buf *ret)
{
	return put_ulong(ret, s->o->kind == OBJECT_AUTHORITY ? CATEGORY_AUTHORITY : CATEGORY_USER);
}

static ck_rv_t
put_sha1(struct source *s UNUSED, struct buf *ret)
{
	return put_ulong(ret, CKM_SHA_1);
}

/* The rest of a certificate. */
static ck_rv_t
with_cert(struct source *s, const struct token_cert **ret)
{
	enum err e = token_cert(s->t, s->o, ret);

	if (e == ERR_OK)
		return CKR_OK;
	if (e == ERR_NOT_FOUND)
		return CKR_ATTRIBUTE_TYPE_INVALID;	/* it turns out to be missing */
	s->error = e;
	return ckr_of(e);
}

static ck_rv_t
from_cert(struct source *s, struct buf *ret,
    enum err (*put)(const struct x509_view *, struct buf *))
{
	const struct token_cert *c = NULL;
	ck_rv_t rv = with_cert(s, &c);
	enum err e;

	if (rv != CKR_OK)
		return rv;
	e = put(&c->view, ret);
	return e == ERR_NOT_FOUND ? CKR_ATTRIBUTE_TYPE_INVALID : ckr_of(e);
}

#define FROM_CERT(name, put)						\
	static ck_rv_t							\
	name(struct source *s, struct buf *ret)				\
	{								\
		return from_cert(s, ret, put);				\
	}

FROM_CERT(put_subject, x509_put_subject)
FROM_CERT(put_issuer, x509_put_issuer)
FROM_CERT(put_serial, x509_put_serial)
FROM_CERT(put_spki, x509_put_spki)
FROM_CERT(put_modulus, x509_put_modulus)
FROM_CERT(put_exponent, x509_put_exponent)
FROM_CERT(put_ec_params, x509_put_ec_params)
FROM_CERT(put_ec_point, x509_put_ec_point)
FROM_CERT(put_start, x509_put_start)
FROM_CERT(put_end, x509_put_end)

static ck_rv_t
put_value(struct source *s, struct buf *ret)
{
	const struct token_cert *c = NULL;
	ck_rv_t rv = with_cert(s, &c);

	if (rv != CKR_OK)
		return rv;
	buf_cur(ret, buf_view(&c->der));
	return ended(ret);
}

/* The first three bytes of the SHA-1 of the value (section 4.6.2). */
static ck_rv_t
put_check_value(struct source *s, struct buf *ret)
{
	AUTO(buf_free) struct buf hash = BUF(64);
	const struct token_cert *c = NULL;
	ck_rv_t rv = with_cert(s, &c);

	if (rv != CKR_OK)
		return rv;
	if (crypto_digest("SHA1", buf_view(&c->der), &hash) != ERR_OK)
		return CKR_FUNCTION_FAILED;
	buf_put(ret, hash.p, 3);
	return ended(ret);
}

static ck_rv_t
put_bits(struct source *s, struct buf *ret)
{
	unsigned bits = 0;

	if (s->key->type != KEY_RSA)
		return CKR_ATTRIBUTE_TYPE_INVALID;
	s->error = token_key_bits(s->t, s->o, &bits);
	return s->error == ERR_OK ? put_ulong(ret, bits) : ckr_of(s->error);
}

static ck_rv_t
put_key_type(struct source *s, struct buf *ret)
{
	static const ck_key_type_t types[] = {
		[KEY_RSA] = CKK_RSA, [KEY_EC] = CKK_EC, [KEY_EDWARDS] = CKK_EC_EDWARDS,
		[KEY_MONTGOMERY] = CKK_EC_MONTGOMERY, [KEY_UNKNOWN] = CK_UNAVAILABLE_INFORMATION,
	};

	return put_ulong(ret, types[s->key->type]);
}

static ck_rv_t
put_signs(struct source *s, struct buf *ret)
{
	return put_bool(ret, (s->key->algs & KEY_ALGS_SIGN) != 0);
}

static ck_rv_t
put_decrypts(struct source *s, struct buf *ret)
{
	return put_bool(ret, (s->key->algs & KEY_ALGS_OPEN) != 0);
}

static ck_rv_t
put_derives(struct source *s, struct buf *ret)
{
	return put_bool(ret, s->o->kind == OBJECT_PRIVATE && (s->key->algs & KEY_ALG_ECDH) != 0);
}

static ck_rv_t
put_always(struct source *s, struct buf *ret)
{
	return put_bool(ret, token_always_asks(s->t, s->key));
}

/* Of an agreement the public key is the other side's parameter: it derives nothing. */
static ck_rv_t
put_mechanisms(struct source *s, struct buf *ret)
{
	for (size_t i = 0; i < mech_count(); i++) {
		const struct mech *m = mech_at(i);

		if ((s->o->kind == OBJECT_PRIVATE || m->scheme != SCHEME_ECDH) &&
		    mech_fits(m, s->key->type, s->key->algs))
			(void)put_ulong(ret, m->type);
	}
	return ended(ret);
}

/* TYPED: it takes the certificate where the card does not say what kind of key it is. */
enum cost { CHEAP, COSTLY, TYPED };

static const struct row {
	ck_attribute_type_t type;
	unsigned who;
	enum cost cost;
	put_fn	*put;
} rows[] = {
	{ CKA_CLASS, ALL, CHEAP, put_class },
	{ CKA_TOKEN, ALL, CHEAP, put_true },
	{ CKA_PRIVATE, ALL, CHEAP, put_private },
	{ CKA_MODIFIABLE, ALL, CHEAP, put_false },
	{ CKA_COPYABLE, ALL, CHEAP, put_false },
	{ CKA_DESTROYABLE, ALL, CHEAP, put_false },
	{ CKA_LABEL, ALL, CHEAP, put_label },
	{ CKA_UNIQUE_ID, ALL, CHEAP, put_unique_id },
	{ CKA_PROFILE_ID, PROFILE, CHEAP, put_profile },
	{ CKA_ID, CERTS | KEYS, CHEAP, put_id },
	{ CKA_SUBJECT, CERTS | KEYS, COSTLY, put_subject },
	{ CKA_PUBLIC_KEY_INFO, CERTS | KEYS, COSTLY, put_spki },

	{ CKA_CERTIFICATE_TYPE, CERTS, CHEAP, put_x509 },
	{ CKA_CERTIFICATE_CATEGORY, CERTS, CHEAP, put_category },
	{ CKA_TRUSTED, CERTS | PUBLIC, CHEAP, put_false },
	{ CKA_CHECK_VALUE, CERTS, COSTLY, put_check_value },
	{ CKA_START_DATE, CERTS, COSTLY, put_start },
	{ CKA_END_DATE, CERTS, COSTLY, put_end },
	{ CKA_ISSUER, CERTS, COSTLY, put_issuer },
	{ CKA_SERIAL_NUMBER, CERTS, COSTLY, put_serial },
	{ CKA_VALUE, CERTS, COSTLY, put_value },
	{ CKA_URL, CERTS, CHEAP, put_empty },
	{ CKA_HASH_OF_SUBJECT_PUBLIC_KEY, CERTS, CHEAP, put_empty },
	{ CKA_HASH_OF_ISSUER_PUBLIC_KEY, CERTS, CHEAP, put_empty },
	{ CKA_NAME_HASH_ALGORITHM, CERTS, CHEAP, put_sha1 },
	{ CKA_JAVA_MIDP_SECURITY_DOMAIN, CERTS, CHEAP, put_zero },

	{ CKA_KEY_TYPE, KEYS, TYPED, put_key_type },
	{ CKA_START_DATE, KEYS, CHEAP, put_empty },
	{ CKA_END_DATE, KEYS, CHEAP, put_empty },
	{ CKA_DERIVE, KEYS, TYPED, put_derives },
	{ CKA_LOCAL, KEYS, CHEAP, put_false },
	{ CKA_KEY_GEN_MECHANISM, KEYS, CHEAP, put_unavailable },
	{ CKA_ALLOWED_MECHANISMS, KEYS, TYPED, put_mechanisms },
	{ CKA_MODULUS, KEYS, COSTLY, put_modulus },
	{ CKA_PUBLIC_EXPONENT, KEYS, COSTLY, put_exponent },
	{ CKA_EC_PARAMS, KEYS, COSTLY, put_ec_params },

	{ CKA_MODULUS_BITS, PUBLIC, COSTLY, put_bits },
	{ CKA_EC_POINT, PUBLIC, COSTLY, put_ec_point },
	{ CKA_ENCRYPT, PUBLIC, TYPED, put_decrypts },
	{ CKA_VERIFY, PUBLIC, TYPED, put_signs },
	{ CKA_VERIFY_RECOVER, PUBLIC, CHEAP, put_false },
	{ CKA_WRAP, PUBLIC, CHEAP, put_false },

	{ CKA_SENSITIVE, PRIVATE, CHEAP, put_true },
	{ CKA_DECRYPT, PRIVATE, TYPED, put_decrypts },
	{ CKA_SIGN, PRIVATE, TYPED, put_signs },
	{ CKA_SIGN_RECOVER, PRIVATE, CHEAP, put_false },
	{ CKA_UNWRAP, PRIVATE, CHEAP, put_false },
	{ CKA_EXTRACTABLE, PRIVATE, CHEAP, put_false },
	/* The keys of a pass are made elsewhere and brought into it (CPS 6.1.1). */
	{ CKA_ALWAYS_SENSITIVE, PRIVATE, CHEAP, put_false },
	{ CKA_NEVER_EXTRACTABLE, PRIVATE, CHEAP, put_false },
	{ CKA_WRAP_WITH_TRUSTED, PRIVATE, CHEAP, put_false },
	{ CKA_ALWAYS_AUTHENTICATE, PRIVATE, CHEAP, put_always },
	{ CKA_VALUE, PRIVATE, CHEAP, put_secret },
	{ CKA_PRIVATE_EXPONENT, PRIVATE, CHEAP, put_secret },
	{ CKA_PRIME_1, PRIVATE, CHEAP, put_secret },
	{ CKA_PRIME_2, PRIVATE, CHEAP, put_secret },
	{ CKA_EXPONENT_1, PRIVATE, CHEAP, put_secret },
	{ CKA_EXPONENT_2, PRIVATE, CHEAP, put_secret },
	{ CKA_COEFFICIENT, PRIVATE, CHEAP, put_secret },
};

static const struct row *
row_of(const struct object *o, ck_attribute_type_t type)
{
	for (size_t i = 0; i < NELEM(rows); i++)
		if (rows[i].type == type && (rows[i].who & 1u << o->kind) != 0)
			return &rows[i];
	return NULL;
}

static bool
is_of_key(const struct object *o)
{
	return o->kind == OBJECT_CERT || ((1u << o->kind) & KEYS) != 0;
}

bool
attr_is_costly(const struct token *t, const struct object *o, ck_attribute_type_t type)
{
	const struct row *row = row_of(o, type);

	if (row == NULL)
		return false;
	return row->cost == COSTLY ||
	    (row->cost == TYPED && t->v.keys[o->index].type == KEY_UNKNOWN);
}

ck_rv_t
attr_put(struct token *t, const struct object *o, ck_attribute_type_t type, struct buf *ret,
    enum err *ret_error)
{
	const struct row *row = row_of(o, type);
	struct source s = { .t = t, .o = o,
	    .key = is_of_key(o) ? &t->v.keys[o->index] : NULL };
	ck_rv_t rv;

	*ret_error = ERR_OK;
	if (row == NULL)
		return CKR_ATTRIBUTE_TYPE_INVALID;
	if (row->cost == TYPED && (*ret_error = token_key(t, o, &s.key)) != ERR_OK)
		return ckr_of(*ret_error);
	rv = row->put(&s, ret);
	*ret_error = s.error;
	return rv;
}
