/* SPDX-License-Identifier: EUPL-1.2 */
/* Reads the sections of an ini file by a table of their keys. */
#include "broker/table.h"

#include <assert.h>
#include <stdlib.h>

struct reading {
	const struct table_section *sections;
	size_t	 n_sections;
	void	*arg;
	const struct table_section *now;	/* the open section, or NULL */
	void	*row;
	struct ini_line header;			/* of the open section */
	bool	 seen[TABLE_KEYS_MAX];
};

static enum err
close_section(struct reading *rd)
{
	const struct table_section *s = rd->now;

	if (s == NULL)
		return ERR_OK;
	rd->now = NULL;
	for (size_t i = 0; i < s->n_keys; i++)
		if ((s->keys[i].flags & TABLE_NEEDED) != 0 && !rd->seen[i])
			return fail(ERR_CONFIG, "line %d: expected the key \"%s\" in "
			    "this section", rd->header.number, s->keys[i].name);
	return s->end == NULL ? ERR_OK : s->end(rd->arg, rd->row, &rd->header);
}

static enum err
open_section(struct reading *rd, const struct ini_line *line)
{
	const struct table_section *s = NULL;
	enum err r;

	for (size_t i = 0; i < rd->n_sections && s == NULL; i++)
		if (cur_eq_str(line->section, rd->sections[i].name))
			s = &rd->sections[i];
	if (s == NULL)
		return ini_refuse(line, "a section that this file may have");
	if (s->named != (line->name.n != 0))
		return ini_refuse(line, s->named ? "a name after the section's word"
		    : "no name after the section's word");
	assert(s->n_keys <= TABLE_KEYS_MAX);
	memset(rd->seen, 0, sizeof(rd->seen));
	if ((r = s->begin(rd->arg, line, &rd->row)) != ERR_OK)
		return r;
	rd->now = s;
	rd->header = *line;
	return ERR_OK;
}

static enum err
on_line(void *arg, const struct ini_line *line)
{
	struct reading *rd = arg;
	enum err r;

	if (line->key.n == 0) {
		if ((r = close_section(rd)) != ERR_OK)
			return r;
		return open_section(rd, line);
	}
	if (rd->now == NULL)
		return ini_refuse(line, "a section before the first key");
	for (size_t i = 0; i < rd->now->n_keys; i++) {
		const struct table_key *k = &rd->now->keys[i];

		if (!cur_eq_str(line->key, k->name))
			continue;
		if (rd->seen[i] && (k->flags & TABLE_MANY) == 0)
			return ini_refuse(line, "this key only once in a section");
		rd->seen[i] = true;
		return k->set(rd->row, line);
	}
	return ini_refuse(line, "a key that this section may have");
}

enum err
table_read(struct cur text, const struct table_section *sections, size_t n, void *arg)
{
	struct reading rd = { .sections = sections, .n_sections = n, .arg = arg };
	enum err r;

	if ((r = ini_parse(text, on_line, &rd)) != ERR_OK)
		return r;
	return close_section(&rd);
}

void *
table_grow(void *rows, size_t *n, size_t size, size_t max)
{
	uint8_t *more;

	if (*n >= max || (more = reallocarray(rows, *n + 1, size)) == NULL)
		return NULL;
	memset(more + *n * size, 0, size);
	*n += 1;
	return more;
}
