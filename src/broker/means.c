/* SPDX-License-Identifier: EUPL-1.2 */
/* The registry of login means. */
#include "broker/means.h"

#include <stdlib.h>

#include "base/names.h"
#include "base/text.h"
#include "broker/table.h"

#define ROWS_MAX	256

struct means {
	struct means_row *rows;
	size_t		  n;
};

static const char *const uris[] = {
	[LOA_LOW] = NAME_LOA_LOW,
	[LOA_SUBSTANTIAL] = NAME_LOA_SUBSTANTIAL,
	[LOA_HIGH] = NAME_LOA_HIGH,
};

enum loa
loa_of_uri(const char *uri)
{
	for (size_t i = LOA_LOW; i < NELEM(uris); i++)
		if (strcmp(uri, uris[i]) == 0)
			return (enum loa)i;
	return LOA_NONE;
}

const char *
loa_uri(enum loa loa)
{
	return loa == LOA_NONE ? "" : uris[loa];
}

static enum err
set_issuer_cn(void *row, const struct ini_line *line)
{
	struct means_row *m = row;

	return ini_str(line, m->issuer_cn, sizeof(m->issuer_cn));
}

static enum err
set_policy(void *row, const struct ini_line *line)
{
	struct means_row *m = row;

	return ini_str(line, m->policy, sizeof(m->policy));
}

static enum err
set_driver(void *row, const struct ini_line *line)
{
	struct means_row *m = row;

	return ini_str(line, m->driver, sizeof(m->driver));
}

static enum err
set_one_transaction(void *row, const struct ini_line *line)
{
	struct means_row *m = row;

	return ini_bool(line, &m->one_transaction);
}

static enum err
set_acr(void *row, const struct ini_line *line)
{
	struct means_row *m = row;
	size_t i;
	enum err r;

	r = ini_choice(line, uris + LOA_LOW, NELEM(uris) - LOA_LOW, &i);
	if (r == ERR_OK)
		m->acr = (enum loa)(i + LOA_LOW);
	return r;
}

static const struct table_key keys[] = {
	{ "issuer_cn", TABLE_NEEDED, set_issuer_cn },
	{ "policy", TABLE_NEEDED, set_policy },
	{ "driver", TABLE_NEEDED, set_driver },
	{ "one_transaction", TABLE_NEEDED, set_one_transaction },
	{ "acr", TABLE_NEEDED, set_acr },
};

static enum err
begin(void *arg, const struct ini_line *header, void **ret_row)
{
	struct means *m = arg;
	struct means_row *row;

	row = table_grow(m->rows, &m->n, sizeof(*row), ROWS_MAX);
	if (row == NULL)
		return fail(ERR_LIMIT, "line %d: too many means", header->number);
	m->rows = row;
	row += m->n - 1;
	if (!text_is_name(header->name, sizeof(row->name) - 1) ||
	    !cur_to_str(header->name, row->name, sizeof(row->name)))
		return ini_refuse(header, "a name of letters, digits, '.', '_' and '-'");
	*ret_row = row;
	return ERR_OK;
}

static const struct table_section sections[] = {
	{ "means", true, keys, NELEM(keys), begin, NULL },
};

enum err
means_read(struct cur text, struct means **ret)
{
	AUTO(means_free) struct means *m = calloc(1, sizeof(*m));
	enum err r;

	if (m == NULL)
		return fail(ERR_NOMEM, "means");
	if ((r = table_read(text, sections, NELEM(sections), m)) != ERR_OK)
		return r;
	if (m->n == 0)
		return fail(ERR_CONFIG, "expected at least one [means NAME]");
	*ret = m;
	m = NULL;
	return ERR_OK;
}

void
means_free(struct means **m)
{
	if (*m == NULL)
		return;
	free((*m)->rows);
	free(*m);
	*m = NULL;
}

const struct means_row *
means_find(const struct means *m, const struct means_facts *f)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct means_row *w = &m->rows[i];

		if (strcmp(w->issuer_cn, f->issuer_cn) == 0 &&
		    strcmp(w->policy, f->policy) == 0 &&
		    (strcmp(w->driver, "*") == 0 || strcmp(w->driver, f->driver) == 0) &&
		    (f->one_transaction || !w->one_transaction))
			return w;
	}
	return NULL;
}

enum loa
means_best(const struct means *m)
{
	enum loa best = LOA_NONE;

	for (size_t i = 0; i < m->n; i++)
		if (m->rows[i].acr > best)
			best = m->rows[i].acr;
	return best;
}
