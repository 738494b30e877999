/* SPDX-License-Identifier: EUPL-1.2 */
/* The register of persons and their employments. */
#include "broker/people.h"

#include <stdlib.h>

#include "base/text.h"
#include "broker/table.h"

#define ROWS_MAX	10000
#define UZI_DIGITS	9
#define SUBSCRIBER_DIGITS 8	/* URA, uzi-certificates.md section 6 */

struct person_row {
	struct person v;
	int	      line;
};

struct employment_row {
	struct employment v;
	int		  line;
};

struct people {
	struct person_row     *persons;	/* by uzi_number */
	size_t		       n_persons;
	struct employment_row *rows;	/* by uzi_number, then line */
	struct employment     *employments;	/* the same, without the lines */
	size_t		       n_employments;
};

static bool
is_digits(const char *s, size_t n)
{
	return strlen(s) == n && strspn(s, "0123456789") == n;
}

static enum err
digits(const struct ini_line *line, size_t n, const char *expected, char *ret,
    size_t size)
{
	enum err r;

	if ((r = ini_str(line, ret, size)) != ERR_OK)
		return r;
	return is_digits(ret, n) ? ERR_OK : ini_refuse(line, expected);
}

/* A name as a person reads it: it ends in an application's window (T30). */
static enum err
shown(const struct ini_line *line, char *ret, size_t size)
{
	if (line->value.n == 0 || !text_is_safe(line->value, size))
		return ini_refuse(line, "a text without control characters");
	return ini_str(line, ret, size);
}

static enum err
set_dezi_number(void *row, const struct ini_line *line)
{
	struct person_row *p = row;

	return digits(line, UZI_DIGITS, "9 digits", p->v.dezi_number,
	    sizeof(p->v.dezi_number));
}

static enum err
set_name(void *row, const struct ini_line *line)
{
	struct person_row *p = row;

	return shown(line, p->v.name, sizeof(p->v.name));
}

static enum err
set_status(void *row, const struct ini_line *line)
{
	static const char *const words[] = { "blocked", "active" };
	struct person_row *p = row;
	size_t i;
	enum err r;

	if ((r = ini_choice(line, words, NELEM(words), &i)) == ERR_OK)
		p->v.active = i == 1;
	return r;
}

static enum err
set_uzi_number(void *row, const struct ini_line *line)
{
	struct employment_row *e = row;

	return digits(line, UZI_DIGITS, "9 digits", e->v.uzi_number,
	    sizeof(e->v.uzi_number));
}

static enum err
set_subscriber(void *row, const struct ini_line *line)
{
	struct employment_row *e = row;

	return digits(line, SUBSCRIBER_DIGITS, "8 digits", e->v.subscriber,
	    sizeof(e->v.subscriber));
}

static enum err
set_subscriber_name(void *row, const struct ini_line *line)
{
	struct employment_row *e = row;

	return shown(line, e->v.subscriber_name, sizeof(e->v.subscriber_name));
}

/* NN.NNN, uzi-certificates.md section 6. */
static enum err
set_role(void *row, const struct ini_line *line)
{
	struct employment_row *e = row;
	char *role = e->v.role;

	if (ini_str(line, role, sizeof(e->v.role)) != ERR_OK || strlen(role) != 6 ||
	    strspn(role, "0123456789") != 2 || role[2] != '.' || !is_digits(role + 3, 3))
		return ini_refuse(line, "a role as NN.NNN");
	return ERR_OK;
}

static const struct table_key person_keys[] = {
	{ "dezi_number", TABLE_NEEDED, set_dezi_number },
	{ "name", TABLE_NEEDED, set_name },
	{ "status", TABLE_NEEDED, set_status },
};

static const struct table_key employment_keys[] = {
	{ "uzi_number", TABLE_NEEDED, set_uzi_number },
	{ "subscriber", TABLE_NEEDED, set_subscriber },
	{ "subscriber_name", TABLE_NEEDED, set_subscriber_name },
	{ "role", TABLE_NEEDED, set_role },
};

static enum err
begin_person(void *arg, const struct ini_line *header, void **ret_row)
{
	struct people *p = arg;
	struct person_row *row;

	row = table_grow(p->persons, &p->n_persons, sizeof(*row), ROWS_MAX);
	if (row == NULL)
		return fail(ERR_LIMIT, "line %d: too many persons", header->number);
	p->persons = row;
	row += p->n_persons - 1;
	row->line = header->number;
	if (!cur_to_str(header->name, row->v.uzi_number, sizeof(row->v.uzi_number)) ||
	    !is_digits(row->v.uzi_number, UZI_DIGITS))
		return ini_refuse(header, "a UZI number of 9 digits");
	*ret_row = row;
	return ERR_OK;
}

static enum err
begin_employment(void *arg, const struct ini_line *header, void **ret_row)
{
	struct people *p = arg;
	struct employment_row *row;

	row = table_grow(p->rows, &p->n_employments, sizeof(*row), ROWS_MAX);
	if (row == NULL)
		return fail(ERR_LIMIT, "line %d: too many employments", header->number);
	p->rows = row;
	row += p->n_employments - 1;
	row->line = header->number;
	if (!text_is_name(header->name, sizeof(row->v.id) - 1) ||
	    !cur_to_str(header->name, row->v.id, sizeof(row->v.id)))
		return ini_refuse(header, "a name of letters, digits, '.', '_' and '-'");
	*ret_row = row;
	return ERR_OK;
}

static const struct table_section sections[] = {
	{ "person", true, person_keys, NELEM(person_keys), begin_person, NULL },
	{ "employment", true, employment_keys, NELEM(employment_keys), begin_employment,
	    NULL },
};

static int
by_number(const void *a, const void *b)
{
	const struct person_row *x = a, *y = b;

	return strcmp(x->v.uzi_number, y->v.uzi_number);
}

static int
by_id(const void *a, const void *b)
{
	const struct employment_row *x = a, *y = b;

	return strcmp(x->v.id, y->v.id);
}

static int
by_holder(const void *a, const void *b)
{
	const struct employment_row *x = a, *y = b;
	int c = strcmp(x->v.uzi_number, y->v.uzi_number);

	return c != 0 ? c : (x->line > y->line) - (x->line < y->line);
}

static enum err
check_persons(struct people *p)
{
	if (p->n_persons == 0)
		return ERR_OK;
	qsort(p->persons, p->n_persons, sizeof(*p->persons), by_number);
	for (size_t i = 1; i < p->n_persons; i++)
		if (by_number(&p->persons[i - 1], &p->persons[i]) == 0)
			return fail(ERR_CONFIG, "line %d: expected a person who is not "
			    "on line %d too", p->persons[i].line, p->persons[i - 1].line);
	return ERR_OK;
}

static enum err
check_employments(struct people *p)
{
	if (p->n_employments == 0)
		return ERR_OK;
	qsort(p->rows, p->n_employments, sizeof(*p->rows), by_id);
	for (size_t i = 1; i < p->n_employments; i++)
		if (by_id(&p->rows[i - 1], &p->rows[i]) == 0)
			return fail(ERR_CONFIG, "line %d: expected an employment that is "
			    "not on line %d too", p->rows[i].line, p->rows[i - 1].line);
	for (size_t i = 0; i < p->n_employments; i++)
		if (people_find(p, p->rows[i].v.uzi_number) == NULL)
			return fail(ERR_CONFIG, "line %d: expected an employment of a "
			    "person of this register", p->rows[i].line);
	qsort(p->rows, p->n_employments, sizeof(*p->rows), by_holder);
	return ERR_OK;
}

static enum err
drop_lines(struct people *p)
{
	p->employments = calloc(p->n_employments + 1, sizeof(*p->employments));
	if (p->employments == NULL)
		return fail(ERR_NOMEM, "register");
	for (size_t i = 0; i < p->n_employments; i++)
		p->employments[i] = p->rows[i].v;
	free(p->rows);
	p->rows = NULL;
	return ERR_OK;
}

enum err
people_read(struct cur text, struct people **ret)
{
	AUTO(people_free) struct people *p = calloc(1, sizeof(*p));
	enum err r;

	if (p == NULL)
		return fail(ERR_NOMEM, "register");
	if ((r = table_read(text, sections, NELEM(sections), p)) != ERR_OK ||
	    (r = check_persons(p)) != ERR_OK ||
	    (r = check_employments(p)) != ERR_OK ||
	    (r = drop_lines(p)) != ERR_OK)
		return r;
	*ret = p;
	p = NULL;
	return ERR_OK;
}

void
people_free(struct people **p)
{
	if (*p == NULL)
		return;
	free((*p)->persons);
	free((*p)->rows);
	free((*p)->employments);
	free(*p);
	*p = NULL;
}

const struct person *
people_find(const struct people *p, const char *uzi_number)
{
	struct person_row key = { .line = 0 };
	const struct person_row *row;

	if (p->n_persons == 0 ||
	    !cur_to_str(cur_str(uzi_number), key.v.uzi_number, sizeof(key.v.uzi_number)))
		return NULL;
	row = bsearch(&key, p->persons, p->n_persons, sizeof(key), by_number);
	return row == NULL ? NULL : &row->v;
}

size_t
people_employments(const struct people *p, const char *uzi_number,
    const struct employment **ret)
{
	size_t first = 0, n = 0;

	while (first < p->n_employments &&
	    strcmp(p->employments[first].uzi_number, uzi_number) != 0)
		first++;
	while (first + n < p->n_employments &&
	    strcmp(p->employments[first + n].uzi_number, uzi_number) == 0)
		n++;
	*ret = p->employments + first;
	return n;
}
