/* SPDX-License-Identifier: EUPL-1.2 */
/* base64url, base64 and hex: one spelling for each byte string. */
#include "tests/check.h"

#include "base/b64.h"

typedef enum err get_fn(struct cur in, struct buf *ret);
typedef void put_fn(struct buf *b, struct cur in);

struct pair {
	get_fn	   *get;
	put_fn	   *put;
	const char *bytes;
	const char *text;
};

/* RFC 4648 section 10 */
static void
vector(void **state)
{
	const struct pair *t = *state;
	AUTO(buf_free) struct buf text = BUF(64), bytes = BUF(64);

	t->put(&text, cur_str(t->bytes));
	assert_true(cur_eq_str(buf_view(&text), t->text));
	assert_ok(t->get(cur_str(t->text), &bytes));
	assert_true(cur_eq_str(buf_view(&bytes), t->bytes));
}

/* Of all texts of four characters over an alphabet and some strangers, exactly those that
 * an encoder writes are read. */
static void
only_what_is_written(void **state)
{
	static const char some[] = "AQg_-9=+/w";
	const struct pair *t = *state;
	char text[4];

	for (size_t i = 0; i < 10 * 10 * 10 * 10; i++) {
		AUTO(buf_free) struct buf bytes = BUF(4), again = BUF(8);
		size_t v = i;

		for (size_t k = 0; k < 4; k++, v /= 10)
			text[k] = some[v % 10];
		for (size_t n = 0; n <= 4; n++) {
			buf_clear(&bytes);
			buf_clear(&again);
			if (t->get(cur_of(text, n), &bytes) != ERR_OK) {
				assert_int_equal(bytes.len, 0);
				continue;
			}
			t->put(&again, buf_view(&bytes));
			assert_true(cur_eq(buf_view(&again), cur_of(text, n)));
		}
	}
}

struct refusal {
	get_fn	   *get;
	const char *text;
};

static void
refused(void **state)
{
	const struct refusal *t = *state;
	AUTO(buf_free) struct buf b = BUF(64);

	buf_str(&b, "before");
	assert_err(t->get(cur_str(t->text), &b), ERR_MALFORMED);
	assert_true(cur_eq_str(buf_view(&b), "before"));
	assert_ok(buf_end(&b));
}

static void
every_byte(void **state)
{
	static get_fn *const gets[] = { b64url_get, b64_get, hex_get };
	static put_fn *const puts[] = { b64url_put, b64_put, hex_put };
	uint8_t all[256];

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	for (size_t k = 0; k < NELEM(gets); k++)
		for (size_t n = 0; n <= sizeof(all); n++) {
			AUTO(buf_free) struct buf text = BUF(1024), bytes = BUF(256);

			puts[k](&text, cur_of(all, n));
			assert_ok(buf_end(&text));
			if (k == 0)
				assert_int_equal(text.len, B64URL_LEN(n));
			assert_ok(gets[k](buf_view(&text), &bytes));
			assert_true(cur_eq(buf_view(&bytes), cur_of(all, n)));
		}
}

static void
no_room(void **state)
{
	AUTO(buf_free) struct buf three = BUF(3), two = BUF(2), huge = BUF(64);

	(void)state;
	b64url_put(&three, cur_str("abc"));
	assert_err(buf_end(&three), ERR_LIMIT);
	assert_err(b64url_get(cur_str("AAAA"), &two), ERR_LIMIT);
	buf_clear(&two);
	assert_err(hex_get(cur_str("AABBCC"), &two), ERR_LIMIT);
	/* The size is refused before a byte is looked at. */
	b64_put(&huge, cur_of("", SIZE_MAX / 4));
	assert_err(buf_end(&huge), ERR_LIMIT);
	buf_clear(&huge);
	hex_put(&huge, cur_of("", SIZE_MAX));
	assert_err(buf_end(&huge), ERR_LIMIT);
}

static void
hex(void **state)
{
	AUTO(buf_free) struct buf b = BUF(16);

	(void)state;
	assert_ok(hex_get(cur_str("3B 67 00ff fF"), &b));
	assert_true(cur_eq(buf_view(&b), cur_of("\x3b\x67\x00\xff\xff", 5)));
}

#define VECTOR(kind, bytes, text)					\
	{ #kind " " text, vector, NULL, NULL,				\
	    &(struct pair){ kind##_get, kind##_put, bytes, text } }
#define REFUSED(kind, text)						\
	{ #kind " no " text, refused, NULL, NULL, &(struct refusal){ kind##_get, text } }

int
main(void)
{
	const struct CMUnitTest tests[] = {
		VECTOR(b64url, "", ""),
		VECTOR(b64url, "f", "Zg"),
		VECTOR(b64url, "fo", "Zm8"),
		VECTOR(b64url, "foo", "Zm9v"),
		VECTOR(b64url, "foob", "Zm9vYg"),
		VECTOR(b64url, "\xfb\xff\xfe", "-__-"),
		VECTOR(b64, "", ""),
		VECTOR(b64, "f", "Zg=="),
		VECTOR(b64, "fo", "Zm8="),
		VECTOR(b64, "foo", "Zm9v"),
		VECTOR(b64, "\xfb\xff\xfe", "+//+"),
		VECTOR(hex, "\x3b\xff", "3BFF"),
		REFUSED(b64url, "Z"),
		REFUSED(b64url, "Zh"),
		REFUSED(b64url, "Zm9"),
		REFUSED(b64url, "Zg=="),
		REFUSED(b64url, "Zg="),
		REFUSED(b64url, "+/+/"),
		REFUSED(b64url, "Zm9v\n"),
		REFUSED(b64url, " Zm9v"),
		REFUSED(b64url, "Zm\xc3\xb6v"),
		REFUSED(b64, "Zg"),
		REFUSED(b64, "Zg="),
		REFUSED(b64, "Zh=="),
		REFUSED(b64, "Z==="),
		REFUSED(b64, "===="),
		REFUSED(b64, "Zg==Zg=="),
		REFUSED(b64, "Zm9v\n"),
		REFUSED(b64, "-_-_"),
		REFUSED(hex, "3"),
		REFUSED(hex, "3B6"),
		REFUSED(hex, "3G"),
		REFUSED(hex, " 3B"),
		REFUSED(hex, "3B "),
		REFUSED(hex, "3B  67"),
		REFUSED(hex, "3 B"),
		REFUSED(hex, "0x3B"),
		{ "only what is written, base64url", only_what_is_written, NULL, NULL,
		    &(struct pair){ b64url_get, b64url_put, NULL, NULL } },
		{ "only what is written, base64", only_what_is_written, NULL, NULL,
		    &(struct pair){ b64_get, b64_put, NULL, NULL } },
		cmocka_unit_test(every_byte),
		cmocka_unit_test(no_room),
		cmocka_unit_test(hex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
