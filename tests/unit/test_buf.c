/* SPDX-License-Identifier: EUPL-1.2 */
/* Buffers and cursors: all memory is read and written through them. */
#include "tests/check.h"

#include "base/buf.h"

static void
puts_and_takes(void **state)
{
	AUTO(buf_free) struct buf b = BUF(64);
	struct cur c, part;
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;
	uint8_t u8;

	(void)state;
	buf_u8(&b, 0x12);
	buf_u16(&b, 0x3456);
	buf_u32(&b, 0x789abcde);
	buf_u64(&b, 0x0123456789abcdef);
	buf_str(&b, "ab");
	buf_fmt(&b, "%d-%s", 7, "x");
	assert_ok(buf_end(&b));
	c = buf_view(&b);
	assert_true(cur_u8(&c, &u8) && u8 == 0x12);
	assert_true(cur_u16(&c, &u16) && u16 == 0x3456);
	assert_true(cur_u32(&c, &u32) && u32 == 0x789abcde);
	assert_true(cur_u64(&c, &u64) && u64 == 0x0123456789abcdef);
	assert_true(cur_take(&c, 2, &part) && cur_eq_str(part, "ab"));
	assert_true(cur_eq_str(c, "7-x"));
}

/* Every take that fails leaves the cursor as it was. */
static void
takes_too_much(void **state)
{
	struct cur c = cur_str("abc"), part = cur_str("unchanged");
	uint64_t u64 = 1;
	uint32_t u32 = 1;
	uint16_t u16 = 1;
	uint8_t u8 = 1;
	struct cur none = cur_of(NULL, 0), one = cur_str("x");

	(void)state;
	assert_false(cur_take(&c, 4, &part));
	assert_false(cur_take(&c, SIZE_MAX, &part));
	assert_false(cur_u32(&c, &u32));
	assert_false(cur_u64(&c, &u64));
	assert_false(cur_until(&c, 'z', &part));
	assert_true(cur_eq_str(c, "abc"));
	assert_true(cur_eq_str(part, "unchanged"));
	assert_false(cur_u8(&none, &u8));
	assert_false(cur_until(&none, 0, &part));
	assert_false(cur_u16(&one, &u16));
	assert_int_equal(u8 + u16 + u32 + u64, 4);
	assert_true(cur_take(&none, 0, &part));
	assert_true(cur_take(&c, 3, &part) && c.n == 0);
}

static void
cursors(void **state)
{
	struct cur c = cur_str("key=a=b"), part;
	char str[4];

	(void)state;
	assert_true(cur_eq_str(cur_trim(cur_str(" \t a b\t ")), "a b"));
	assert_int_equal(cur_trim(cur_str(" \t ")).n, 0);
	assert_int_equal(cur_trim(cur_of(NULL, 0)).n, 0);
	assert_true(cur_until(&c, '=', &part));
	assert_true(cur_eq_str(part, "key"));
	assert_true(cur_eq_str(c, "a=b"));
	assert_true(cur_starts(c, cur_str("a=")));
	assert_true(cur_starts(c, cur_of(NULL, 0)));
	assert_false(cur_starts(c, cur_str("a=bc")));
	assert_true(cur_eq(cur_of(NULL, 0), cur_str("")));
	assert_false(cur_eq_str(cur_of("a\0", 2), "a"));
	assert_true(cur_to_str(c, str, sizeof(str)));
	assert_string_equal(str, "a=b");
	assert_false(cur_to_str(cur_str("abcd"), str, sizeof(str)));
	assert_false(cur_to_str(cur_of("a\0b", 3), str, sizeof(str)));
	assert_true(cur_to_str(cur_of(NULL, 0), str, sizeof(str)));
	assert_string_equal(str, "");
}

/* The first failure stays, and nothing is put any more. */
static void
limit_is_sticky(void **state)
{
	AUTO(buf_free) struct buf b = BUF(4);

	(void)state;
	buf_str(&b, "abc");
	buf_str(&b, "de");
	assert_err(buf_end(&b), ERR_LIMIT);
	buf_u8(&b, 'd');
	assert_null(buf_room(&b, 1));
	assert_null(buf_cstr(&b));
	assert_int_equal(b.len, 3);
	buf_clear(&b);
	assert_ok(buf_end(&b));
	buf_str(&b, "defg");
	assert_ok(buf_end(&b));
	buf_u8(&b, 'h');
	assert_err(buf_end(&b), ERR_LIMIT);
	assert_true(cur_eq_str(buf_view(&b), "defg"));
}

/* The NUL of buf_cstr() and of buf_fmt() does not count. */
static void
full_to_the_brim(void **state)
{
	AUTO(buf_free) struct buf b = BUF(4), f = BUF(4), none = BUF(0);

	(void)state;
	buf_str(&b, "abcd");
	assert_string_equal(buf_cstr(&b), "abcd");
	assert_string_equal(buf_cstr(&b), "abcd");
	assert_int_equal(b.len, 4);
	buf_fmt(&f, "%s", "abcd");
	assert_ok(buf_end(&f));
	buf_fmt(&f, "%s", "");
	assert_ok(buf_end(&f));
	buf_fmt(&f, "x");
	assert_err(buf_end(&f), ERR_LIMIT);
	assert_string_equal(buf_cstr(&none), "");
	buf_str(&none, "");
	assert_ok(buf_end(&none));
	assert_non_null(buf_room(&none, 0));
}

static void
absurd_sizes(void **state)
{
	AUTO(buf_free) struct buf b = BUF(SIZE_MAX), c = BUF(SIZE_MAX);

	(void)state;
	assert_null(buf_room(&b, SIZE_MAX - 1));
	assert_err(buf_end(&b), ERR_NOMEM);
	buf_str(&c, "abc");
	assert_null(buf_room(&c, SIZE_MAX - 2));
	assert_err(buf_end(&c), ERR_LIMIT);
	assert_true(cur_eq_str(buf_view(&c), "abc"));
}

static void
strings(void **state)
{
	AUTO(buf_free) struct buf b = BUF(4), empty = BUF(4);
	char str[5] = "x";

	(void)state;
	buf_str(&b, "abcd");
	assert_true(buf_to_str(&b, str, sizeof(str)));
	assert_string_equal(str, "abcd");
	assert_false(buf_to_str(&b, str, 4));
	assert_true(buf_to_str(&empty, str, sizeof(str)));
	assert_string_equal(str, "");
	/* What failed is not the shorter thing that is in it. */
	buf_str(&empty, "abcde");
	assert_false(buf_to_str(&empty, str, sizeof(str)));
}

static void
grows(void **state)
{
	AUTO(buf_free) struct buf b = BUF(100000);

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		buf_u8(&b, i % 251);
	assert_ok(buf_end(&b));
	for (unsigned i = 0; i < 100000; i++)
		assert_int_equal(b.p[i], i % 251);
}

/* T24: what was in it is not there any more. */
static void
clear_wipes(void **state)
{
	AUTO(buf_free) struct buf b = BUF(64);
	const uint8_t *p;

	(void)state;
	buf_str(&b, "123456");
	p = b.p;
	buf_clear(&b);
	assert_ptr_equal(b.p, p);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(p[i], 0);
}

static void
free_twice(void **state)
{
	struct buf b = BUF(8), zeroed = { 0 };

	(void)state;
	buf_str(&b, "a");
	buf_free(&b);
	buf_free(&b);
	assert_null(b.p);
	buf_str(&b, "b");
	assert_true(cur_eq_str(buf_view(&b), "b"));
	buf_free(&b);
	buf_free(&zeroed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_and_takes),
		cmocka_unit_test(takes_too_much),
		cmocka_unit_test(cursors),
		cmocka_unit_test(limit_is_sticky),
		cmocka_unit_test(full_to_the_brim),
		cmocka_unit_test(absurd_sizes),
		cmocka_unit_test(strings),
		cmocka_unit_test(grows),
		cmocka_unit_test(clear_wipes),
		cmocka_unit_test(free_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
