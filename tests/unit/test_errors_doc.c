/* SPDX-License-Identifier: EUPL-1.2 */
/* docs/errors.md says of every word what src/base/err.h says, and of no other. */
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define DOC_ROWS	256

struct doc {
	char	*text;
	char	*rows[DOC_ROWS];
	size_t	 n;
	bool	 seen[DOC_ROWS];
};

/* The rows of the table: lines that begin with "| `". */
static int
doc_load(void **state)
{
	static struct doc d;
	char path[4096];
	const char *top = getenv("srcdir");
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/docs/errors.md", top == NULL ? "." : top);
	f = fopen(path, "re");
	if (f == NULL)
		return -1;
	d.text = calloc(1, 65536);
	n = d.text == NULL ? 0 : fread(d.text, 1, 65535, f);
	fclose(f);
	if (n == 0)
		return -1;
	for (char *line = strtok(d.text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		if (strncmp(line, "| `", 3) == 0 && d.n < DOC_ROWS)
			d.rows[d.n++] = line;
	*state = &d;
	return 0;
}

static int
doc_free(void **state)
{
	struct doc *d = *state;

	free(d->text);
	return 0;
}

/* Is there a row that begins with these columns?  It is marked. */
static bool
doc_has(struct doc *d, const char *columns)
{
	for (size_t i = 0; i < d->n; i++) {
		if (d->seen[i] || strncmp(d->rows[i], columns, strlen(columns)) != 0)
			continue;
		d->seen[i] = true;
		return true;
	}
	return false;
}

static void
every_code_is_described(void **state)
{
	struct doc *d = *state;
	char row[512];

	for (enum err e = 0; e < ERR_COUNT; e++) {
		/* No answer carries these two. */
		if (e == ERR_OK || e == ERR_NOT_MINE)
			continue;
		snprintf(row, sizeof(row), "| `%s` | `%s` | %d | %s | ", err_word(e),
		    err_page_word(e), err_http(e), err_title(e));
		if (!doc_has(d, row))
			print_error("docs/errors.md lacks: %s\n", row);
		assert_true(strlen(row) < sizeof(row) - 1);
	}
	for (size_t i = 0; i < d->n; i++)
		if (!d->seen[i])
			print_error("no such code: %s\n", d->rows[i]);
	assert_int_equal(d->n, ERR_COUNT - 2);
	for (size_t i = 0; i < d->n; i++)
		assert_true(d->seen[i]);
}

/* T32: a page learns one of nine words, and each is a word of the table. */
static void
page_words_are_a_closed_set(void **state)
{
	static const char *const words[] = { "cancelled", "timeout", "busy",
	    "not_available", "not_allowed", "no_card", "card_not_usable", "version",
	    "failed" };

	(void)state;
	for (enum err e = ERR_OK + 1; e < ERR_COUNT; e++) {
		bool found = false;

		for (size_t i = 0; i < NELEM(words); i++)
			found = found || strcmp(err_page_word(e), words[i]) == 0;
		if (!found)
			print_error("%s\n", err_page_word(e));
		assert_true(found);
		assert_string_equal(err_word(err_of_word(err_page_word(e))),
		    err_page_word(e));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_is_described),
		cmocka_unit_test(page_words_are_a_closed_set),
	};

	return cmocka_run_group_tests_name("errors_doc", tests, doc_load, doc_free);
}
