/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The one text format of this project: configuration, card profiles, virtual
 * cards, registers.
 *
 *	# comment             (also ;)
 *	[section name]        name is optional: [policy], [broker acceptance]
 *	key = value           value: the rest of the line, trimmed; no quotes, no escapes
 *
 * A key may occur more than once where its reader says so.  UTF-8, lines of at most
 * 4096 bytes, at most 10000 lines.  Parsing is pure.
 */
#ifndef DEZI_BASE_INI_H
#define DEZI_BASE_INI_H

#include "base/buf.h"

struct ini_line {
	int	   number;	/* from 1 */
	struct cur section;	/* "broker"; empty before the first header */
	struct cur name;	/* "acceptance"; empty when there is none */
	struct cur key;		/* empty: this line is the section's header */
	struct cur value;
};

/*
 * Called for each header and each key, in order.  Anything but ERR_OK ends the
 * parse and is returned; use ini_refuse() to make it.
 */
typedef enum err ini_fn(void *arg, const struct ini_line *line);

/* ERR_MALFORMED with "line 12: ..." in the trail, ERR_LIMIT, or what fn returned. */
MUST_CHECK enum err ini_parse(struct cur text, ini_fn *fn, void *arg);

/* ERR_CONFIG with the trail "line N: expected <what>". */
MUST_CHECK enum err ini_refuse(const struct ini_line *line, const char *expected);

/* Values.  Each returns ERR_CONFIG with line number and what was expected. */
MUST_CHECK enum err ini_bool(const struct ini_line *line, bool *ret);	/* yes, no */
MUST_CHECK enum err ini_int(const struct ini_line *line, int64_t min, int64_t max,
    int64_t *ret);
MUST_CHECK enum err ini_str(const struct ini_line *line, char *ret, size_t size);
/* An absolute path without "." or ".." parts. */
MUST_CHECK enum err ini_path(const struct ini_line *line, char *ret, size_t size);
/* Hex bytes, appended. */
MUST_CHECK enum err ini_hex(const struct ini_line *line, struct buf *ret);
/* One of names[0..n): its index. */
MUST_CHECK enum err ini_choice(const struct ini_line *line,
    const char *const *names, size_t n, size_t *ret);

#endif
