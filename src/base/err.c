/* SPDX-License-Identifier: EUPL-1.2 */
/* The error trail and the words of the error codes. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TRAIL_MAX	768

static _Thread_local char trail[TRAIL_MAX];

static const struct {
	const char *word;
	const char *page;
	int	    http;
	const char *title;
} codes[] = {
#define ERR_ROW(code, word, page, http, title) [code] = { word, page, http, title },
	ERR_TABLE(ERR_ROW)
#undef ERR_ROW
};

/*
 * The part of a path below the top of the tree, so that trails are the same everywhere,
 * also below /usr/src.
 */
static const char *
short_file(const char *file)
{
	static const char *const tops[] = { "src/", "drivers/", "pkcs11/", "tests/" };
	const char *last = file;

	for (size_t i = 0; i < NELEM(tops); i++)
		for (const char *p = file; (p = strstr(p, tops[i])) != NULL; p++)
			if (p > last)
				last = p;
	return last;
}

static void PRINTF(3, 0)
append(const char *file, int line, const char *fmt, va_list ap)
{
	size_t n = strlen(trail);

	if (n != 0)
		n += (size_t)snprintf(trail + n, sizeof(trail) - n, ": ");
	if (n >= sizeof(trail))
		return;
	n += (size_t)vsnprintf(trail + n, sizeof(trail) - n, fmt, ap);
	if (n >= sizeof(trail))
		return;
	snprintf(trail + n, sizeof(trail) - n, " (%s:%d)", short_file(file), line);
}

void
err_start(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	trail[0] = '\0';
	va_start(ap, fmt);
	append(file, line, fmt, ap);
	va_end(ap);
}

void
err_add(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	append(file, line, fmt, ap);
	va_end(ap);
}

const char *
err_trail(void)
{
	return trail;
}

static size_t
row(enum err e)
{
	return (size_t)e < NELEM(codes) ? (size_t)e : (size_t)ERR_SYS;
}

const char *
err_word(enum err e)
{
	return codes[row(e)].word;
}

const char *
err_page_word(enum err e)
{
	return codes[row(e)].page;
}

const char *
err_title(enum err e)
{
	return codes[row(e)].title;
}

int
err_http(enum err e)
{
	return codes[row(e)].http;
}

enum err
err_of_word(const char *word)
{
	for (size_t i = 0; i < NELEM(codes); i++)
		if (strcmp(codes[i].word, word) == 0 && strcmp(word, "failed") != 0)
			return (enum err)i;
	return ERR_SYS;
}
