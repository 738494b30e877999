/* SPDX-License-Identifier: EUPL-1.2 */
/* Keys of sessions: what a template may ask, what may be seen, who may see it. */
#include "tests/check.h"

#include "pkcs11/session.h"

static ck_object_class_t class_secret = CKO_SECRET_KEY, class_public = CKO_PUBLIC_KEY;
static ck_key_type_t type_aes = CKK_AES, type_rsa = CKK_RSA;
static ck_ulong len_16 = 16, len_20 = 20, len_0;
static unsigned char yes = 1, no;

#define A(type, value)	{ (type), &(value), sizeof(value) }

static const struct {
	struct ck_attribute t[4];
	ck_ulong n;
	ck_rv_t want;
} templates[] = {
	{ { { 0 } }, 0, CKR_OK },
	{ { A(CKA_CLASS, class_secret), A(CKA_TOKEN, no), A(CKA_DERIVE, yes) }, 3, CKR_OK },
	{ { A(CKA_KEY_TYPE, type_aes), A(CKA_VALUE_LEN, len_16) }, 2, CKR_OK },
	{ { A(CKA_KEY_TYPE, type_aes) }, 1, CKR_TEMPLATE_INCOMPLETE },
	{ { A(CKA_KEY_TYPE, type_aes), A(CKA_VALUE_LEN, len_20) }, 2, CKR_TEMPLATE_INCONSISTENT },
	{ { A(CKA_KEY_TYPE, type_rsa) }, 1, CKR_TEMPLATE_INCONSISTENT },
	{ { A(CKA_CLASS, class_public) }, 1, CKR_ATTRIBUTE_VALUE_INVALID },
	{ { A(CKA_TOKEN, yes) }, 1, CKR_ATTRIBUTE_VALUE_INVALID },
	{ { A(CKA_VALUE_LEN, len_0) }, 1, CKR_ATTRIBUTE_VALUE_INVALID },
	{ { A(CKA_VALUE, len_16) }, 1, CKR_ATTRIBUTE_VALUE_INVALID },
	{ { A(CKA_SENSITIVE, len_16) }, 1, CKR_ATTRIBUTE_VALUE_INVALID },
	{ { { CKA_SENSITIVE, NULL, 1 } }, 1, CKR_ATTRIBUTE_VALUE_INVALID },
	{ { { CKA_LABEL, NULL, 5 } }, 1, CKR_ATTRIBUTE_VALUE_INVALID },
	{ { { CKA_LABEL, NULL, 0 } }, 1, CKR_OK },
};

static void
templates_are_checked(void **state UNUSED)
{
	for (size_t i = 0; i < NELEM(templates); i++) {
		AUTO(derived_free) struct derived *d = NULL;
		ck_ulong len;

		assert_int_equal(derived_make(templates[i].t, templates[i].n, &d, &len),
		    templates[i].want);
		assert_int_equal(d != NULL, templates[i].want == CKR_OK);
	}
}

static ck_rv_t
value_of(const struct derived *d)
{
	AUTO(buf_free) struct buf b = BUF(64);
	ck_rv_t rv = derived_put(d, CKA_VALUE, &b);

	if (rv == CKR_OK)
		assert_true(cur_eq_str(buf_view(&b), "secret"));
	else
		assert_int_equal(b.len, 0);
	return rv;
}

static void
a_value_is_seen_by_leave(void **state UNUSED)
{
	const struct ck_attribute sensitive[] = { A(CKA_SENSITIVE, yes) };
	const struct ck_attribute kept[] = { A(CKA_EXTRACTABLE, no) };
	AUTO(derived_free) struct derived *a = NULL, *b = NULL, *c = NULL;
	AUTO(buf_free) struct buf got = BUF(64);
	ck_ulong len;

	assert_int_equal(derived_make(NULL, 0, &a, &len), CKR_OK);
	assert_int_equal(derived_make(sensitive, 1, &b, &len), CKR_OK);
	assert_int_equal(derived_make(kept, 1, &c, &len), CKR_OK);
	buf_str(&a->value, "secret");
	buf_str(&b->value, "secret");
	buf_str(&c->value, "secret");
	assert_int_equal(value_of(a), CKR_OK);
	assert_int_equal(value_of(b), CKR_ATTRIBUTE_SENSITIVE);
	assert_int_equal(value_of(c), CKR_ATTRIBUTE_SENSITIVE);
	assert_int_equal(derived_put(b, CKA_VALUE_LEN, &got), CKR_OK);
	assert_int_equal(got.len, sizeof(ck_ulong));
	assert_int_equal(derived_put(b, CKA_MODULUS, &got), CKR_ATTRIBUTE_TYPE_INVALID);
}

/* One more for the session; not private when the template says so. */
static struct derived *
add(struct slot *slot, struct session *s, bool private)
{
	const struct ck_attribute open[] = { A(CKA_PRIVATE, no) };
	struct derived *d = NULL;
	ck_ulong len;

	assert_int_equal(derived_make(open, private ? 0 : 1, &d, &len), CKR_OK);
	if (derived_add(slot, s, d) != CKR_OK)
		derived_free(&d);
	return d;
}

static void
private_keys_are_the_users(void **state UNUSED)
{
	struct session second = { .handle = 2 }, first = { .handle = 1, .next = &second };
	struct slot slot = { .sessions = &first };
	struct derived *a = add(&slot, &first, true), *b = add(&slot, &second, false);

	assert_true(a->handle != b->handle);
	assert_ptr_equal(derived_find(&slot, a->handle), a);
	assert_ptr_equal(derived_find(&slot, b->handle), b);
	assert_null(derived_find(&slot, a->handle + 100));
	assert_ptr_equal(derived_at(&slot, 0, false), b);
	assert_null(derived_at(&slot, 1, false));
	assert_ptr_equal(derived_at(&slot, 1, true), b);
	derived_drop_private(&first.derived);
	derived_drop_private(&second.derived);
	assert_null(first.derived);
	assert_ptr_equal(second.derived, b);
	/* They are not without number. */
	for (size_t i = 1; i < DERIVED_MAX; i++)
		assert_non_null(add(&slot, &first, true));
	assert_null(add(&slot, &second, true));
	derived_drop(&first.derived);
	derived_drop(&second.derived);
	assert_null(derived_at(&slot, 0, true));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates_are_checked),
		cmocka_unit_test(a_value_is_seen_by_leave),
		cmocka_unit_test(private_keys_are_the_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
