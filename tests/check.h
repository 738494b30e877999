/* SPDX-License-Identifier: EUPL-1.2 */
/* cmocka, and our fail() back (cmocka.h defines a macro of that name).  Include first. */
#ifndef DEZI_TESTS_CHECK_H
#define DEZI_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#undef fail

/* For what valgrind itself makes different. */
static inline bool
under_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload != NULL && strstr(preload, "vgpreload") != NULL;
}

/* Sanitizers and valgrind keep memory that was given back, and judge leaks themselves. */
static inline bool
memory_is_watched(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return true;
#else
	return under_valgrind();
#endif
}

#define assert_ok(e)							\
	do {								\
		enum err assert_ok_e = (e);				\
		if (assert_ok_e != ERR_OK)				\
			print_error("%s: %s\n", err_word(assert_ok_e), err_trail()); \
		assert_int_equal(assert_ok_e, ERR_OK);			\
	} while (0)
#define assert_err(e, want)						\
	do {								\
		enum err assert_err_e = (e);				\
		if (assert_err_e != (want))				\
			print_error("%s, not %s: %s\n", err_word(assert_err_e), \
			    err_word(want), err_trail());		\
		assert_int_equal(assert_err_e, (want));			\
	} while (0)

#endif
