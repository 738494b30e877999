/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Sections of an ini file as rows: which keys a section may have, which it must have,
 * and where each value goes.  The three files of the broker are read this way, so an
 * unknown, repeated or missing key is told in the same words everywhere.
 */
#ifndef DEZI_BROKER_TABLE_H
#define DEZI_BROKER_TABLE_H

#include "base/ini.h"

#define TABLE_KEYS_MAX	32

struct table_key {
	const char *name;
	unsigned    flags;
	enum err  (*set)(void *row, const struct ini_line *line);
};
#define TABLE_NEEDED	1u	/* the section is refused without it */
#define TABLE_MANY	2u	/* may be repeated */

struct table_section {
	const char *name;
	bool	    named;		/* [client ID] against [broker] */
	const struct table_key *keys;
	size_t	    n_keys;		/* at most TABLE_KEYS_MAX */
	/* A header: make a row.  arg is that of table_read(). */
	enum err  (*begin)(void *arg, const struct ini_line *header, void **ret_row);
	/* All keys of the row are there: does it hold together?  May be NULL. */
	enum err  (*end)(void *arg, void *row, const struct ini_line *header);
};

/* ERR_CONFIG or ERR_MALFORMED with "line N: ..." in the trail; ERR_NOMEM, ERR_LIMIT. */
MUST_CHECK enum err table_read(struct cur text, const struct table_section *sections,
    size_t n, void *arg);

/*
 * The same n rows with a zeroed one behind them, n counted up; rows is gone.  NULL, and
 * nothing changes: no memory, or max rows are there already.
 */
void *table_grow(void *rows, size_t *n, size_t size, size_t max);

#endif
