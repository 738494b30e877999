/* SPDX-License-Identifier: EUPL-1.2 */
/* Codes, their words, and the trail. */
#include "tests/check.h"

#include <pthread.h>
#include <string.h>

#include "base/err.h"

static enum err
below(void)
{
	return fail(ERR_CARD, "SW %04x", 0x6982u);
}

static enum err
above(void)
{
	return note(below(), "key %02x", 0x9au);
}

static void
trail(void **state)
{
	const char *t;

	(void)state;
	assert_int_equal(above(), ERR_CARD);
	t = err_trail();
	assert_ptr_equal(strstr(t, "SW 6982 (tests/unit/test_err.c:"), t);
	assert_non_null(strstr(t, "): key 9a (tests/unit/test_err.c:"));
	/* A new failure starts a new trail. */
	assert_int_equal(below(), ERR_CARD);
	assert_null(strstr(err_trail(), "key 9a"));
}

static void
trail_is_bounded(void **state)
{
	(void)state;
	assert_int_equal(below(), ERR_CARD);
	for (int i = 0; i < 200; i++)
		assert_int_equal(note(ERR_IO, "floor %d", i), ERR_IO);
	assert_true(strlen(err_trail()) < 1024);
	assert_non_null(strstr(err_trail(), "SW 6982"));
}

static void *
other_thread(void *arg)
{
	(void)arg;
	return err_trail()[0] == '\0' && below() == ERR_CARD ? NULL : &trail_is_bounded;
}

static void
trail_is_of_the_thread(void **state)
{
	pthread_t t;
	void *bad = NULL;

	(void)state;
	(void)fail(ERR_IO, "mine");
	assert_int_equal(pthread_create(&t, NULL, other_thread, NULL), 0);
	assert_int_equal(pthread_join(t, &bad), 0);
	assert_null(bad);
	assert_ptr_equal(strstr(err_trail(), "mine"), err_trail());
}

/* Words are stable names: each leads back to its code, and none is another's. */
static void
words(void **state)
{
	(void)state;
	for (enum err e = ERR_OK; e < ERR_COUNT; e++) {
		assert_non_null(err_word(e));
		assert_true(strlen(err_word(e)) > 0);
		assert_true(strlen(err_title(e)) > 0);
		assert_true(strlen(err_page_word(e)) > 0);
		assert_true(err_http(e) >= 200 && err_http(e) < 600);
		if (strcmp(err_word(e), "failed") == 0)
			assert_int_equal(err_of_word(err_word(e)), ERR_SYS);
		else
			assert_int_equal(err_of_word(err_word(e)), e);
	}
}

static void
unknown_words(void **state)
{
	(void)state;
	assert_int_equal(err_of_word(""), ERR_SYS);
	assert_int_equal(err_of_word("never_said"), ERR_SYS);
	assert_int_equal(err_of_word("BUSY"), ERR_SYS);
	assert_string_equal(err_word((enum err)9999), "failed");
	assert_string_equal(err_word((enum err)-1), "failed");
	assert_int_equal(err_http((enum err)9999), 500);
}

/* T32: what a page may learn is a small closed set (threats.md section 7). */
static void
page_words(void **state)
{
	static const char *const closed[] = { "ok", "failed", "not_available", "no_card",
		"card_not_usable", "busy", "cancelled", "timeout", "not_allowed", "version" };

	(void)state;
	for (enum err e = ERR_OK; e < ERR_COUNT; e++) {
		size_t i = 0;

		while (i < NELEM(closed) && strcmp(err_page_word(e), closed[i]) != 0)
			i++;
		assert_true(i < NELEM(closed));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trail),
		cmocka_unit_test(trail_is_bounded),
		cmocka_unit_test(trail_is_of_the_thread),
		cmocka_unit_test(words),
		cmocka_unit_test(unknown_words),
		cmocka_unit_test(page_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
