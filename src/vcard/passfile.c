/* SPDX-License-Identifier: EUPL-1.2 */
/* Reading pass files. */
#include "vcard/passfile.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/ini.h"
#include "base/text.h"
#include "vcard/need.h"

#define PASS_FILE_MAX	65536
#define TEXT_MAX	128

enum text { T_SLUG, T_UZI, T_ROLE, T_SUBSCRIBER, T_SUBSCRIBER_NAME, T_TITLE, T_GIVEN,
	T_SURNAME, T_CN, TEXTS };

struct pass_file {
	struct pass_plan plans[PASSES_MAX];
	char texts[PASSES_MAX][TEXTS][TEXT_MAX];
	size_t n;
};

static bool
all_digits(const char *s, size_t n)
{
	return strlen(s) == n && strspn(s, "0123456789") == n;
}

/* NN.SSS */
static bool
is_role(const char *s)
{
	return strlen(s) == 6 && s[2] == '.' && strspn(s, "0123456789") == 2 &&
	    strspn(s + 3, "0123456789") == 3;
}

static enum err
read_digits(const struct ini_line *line, size_t n, char ret[TEXT_MAX])
{
	enum err r = ini_str(line, ret, TEXT_MAX);

	if (r == ERR_OK && !all_digits(ret, n))
		return fail(ERR_CONFIG, "line %d: expected %zu digits", line->number, n);
	return r;
}

static enum err
read_role(const struct ini_line *line, char ret[TEXT_MAX])
{
	enum err r = ini_str(line, ret, TEXT_MAX);

	return r == ERR_OK && !is_role(ret) ? ini_refuse(line, "a role as 01.015") : r;
}

static enum err
read_type(const struct ini_line *line, struct pass_plan *p)
{
	static const char *const words[] = { "Z", "N", "M" };
	static const enum ca_id issuers[] = { CA_Z, CA_N, CA_M };
	size_t i;
	enum err r = ini_choice(line, words, NELEM(words), &i);

	if (r != ERR_OK)
		return r;
	p->type = words[i][0];
	p->issuer = issuers[i];
	return ERR_OK;
}

static enum err
on_key(struct pass_file *f, const struct ini_line *line)
{
	static const struct {
		const char *key;
		enum text   text;
	} names[] = {
		{ "subscriber_name", T_SUBSCRIBER_NAME }, { "title", T_TITLE },
		{ "given_names", T_GIVEN }, { "surname", T_SURNAME },
		{ "function", T_CN },
	};
	struct pass_plan *p = &f->plans[f->n - 1];
	char (*texts)[TEXT_MAX] = f->texts[f->n - 1];

	for (size_t i = 0; i < NELEM(names); i++)
		if (cur_eq_str(line->key, names[i].key))
			return ini_str(line, texts[names[i].text], TEXT_MAX);
	if (cur_eq_str(line->key, "type"))
		return read_type(line, p);
	if (cur_eq_str(line->key, "uzi_number"))
		return read_digits(line, 9, texts[T_UZI]);
	if (cur_eq_str(line->key, "subscriber"))
		return read_digits(line, 8, texts[T_SUBSCRIBER]);
	if (cur_eq_str(line->key, "role"))
		return read_role(line, texts[T_ROLE]);
	if (cur_eq_str(line->key, "revoked"))
		return ini_bool(line, &p->revoked);
	if (cur_eq_str(line->key, "expired"))
		return ini_bool(line, &p->expired);
	if (cur_eq_str(line->key, "vendor_lock"))
		return ini_bool(line, &p->locked);
	return ini_refuse(line, "type, uzi_number, subscriber, subscriber_name, role, "
	    "title, given_names, surname, function, revoked, expired or vendor_lock");
}

static enum err
start_pass(struct pass_file *f, const struct ini_line *line)
{
	if (!cur_eq_str(line->section, "pass") || !text_is_name(line->name, 40))
		return ini_refuse(line, "[pass NAME]");
	for (size_t i = 0; i < f->n; i++)
		if (cur_eq_str(line->name, f->texts[i][T_SLUG]))
			return ini_refuse(line, "each pass once");
	if (f->n == PASSES_MAX)
		return fail(ERR_LIMIT, "more than %d passes", PASSES_MAX);
	if (!cur_to_str(line->name, f->texts[f->n][T_SLUG], TEXT_MAX))
		return ini_refuse(line, "[pass NAME]");
	f->n++;
	return ERR_OK;
}

static enum err
on_line(void *arg, const struct ini_line *line)
{
	struct pass_file *f = arg;

	if (line->key.n == 0)
		return start_pass(f, line);
	if (f->n == 0)
		return ini_refuse(line, "[pass NAME] before the first key");
	return on_key(f, line);
}

static enum err
incomplete(const char *slug, const char *what)
{
	return fail(ERR_CONFIG, "[pass %s]: %s", slug, what);
}

/* Which texts a pass of its type has. */
static enum err
check_texts(const struct pass_plan *p, char (*texts)[TEXT_MAX])
{
	const char *slug = texts[T_SLUG];

	if (p->type == '\0' || texts[T_UZI][0] == '\0' ||
	    texts[T_SUBSCRIBER][0] == '\0' || texts[T_SUBSCRIBER_NAME][0] == '\0')
		return incomplete(slug, "type, uzi_number, subscriber and "
		    "subscriber_name are needed");
	if ((p->type == 'Z') != (texts[T_ROLE][0] != '\0'))
		return incomplete(slug, "a role belongs to type Z, and only there");
	if (p->type == 'M' ? texts[T_CN][0] == '\0' || texts[T_SURNAME][0] != '\0' ||
	    texts[T_GIVEN][0] != '\0' :
	    texts[T_CN][0] != '\0' || texts[T_SURNAME][0] == '\0' ||
	    texts[T_GIVEN][0] == '\0')
		return incomplete(slug, "type M has a function, the others have "
		    "given_names and surname");
	return ERR_OK;
}

static const char *
or_null(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

static enum err
complete(struct pass_plan *p, char (*texts)[TEXT_MAX])
{
	enum err r = check_texts(p, texts);
	int n;

	if (r != ERR_OK)
		return r;
	if (p->type != 'M') {
		n = snprintf(texts[T_CN], TEXT_MAX, "%.60s %.60s", texts[T_GIVEN],
		    texts[T_SURNAME]);
		if (n != (int)(strlen(texts[T_GIVEN]) + 1 + strlen(texts[T_SURNAME])))
			return incomplete(texts[T_SLUG], "the name is too long");
	}
	p->slug = texts[T_SLUG];
	p->uzi_number = texts[T_UZI];
	p->role = p->type == 'Z' ? texts[T_ROLE] : "00.000";
	p->subscriber = texts[T_SUBSCRIBER];
	p->subscriber_name = texts[T_SUBSCRIBER_NAME];
	p->title = or_null(texts[T_TITLE]);
	p->given = or_null(texts[T_GIVEN]);
	p->surname = or_null(texts[T_SURNAME]);
	p->cn = texts[T_CN];
	p->has[AUTHENTICATION] = p->has[CONFIDENTIALITY] = true;
	p->has[SIGNATURE] = p->type != 'M';
	return ERR_OK;
}

static enum err
read_all(struct pass_file *f, struct cur text)
{
	enum err r = ini_parse(text, on_line, f);

	for (size_t i = 0; i < f->n && r == ERR_OK; i++)
		r = complete(&f->plans[i], f->texts[i]);
	if (r == ERR_OK && f->n == 0)
		return fail(ERR_CONFIG, "no pass");
	return r;
}

enum err
pass_file_parse(struct cur text, struct pass_file **ret)
{
	AUTO(pass_file_free) struct pass_file *f = calloc(1, sizeof(*f));
	enum err r;

	if (f == NULL)
		return fail(ERR_NOMEM, "passes");
	if ((r = read_all(f, text)) != ERR_OK)
		return r;
	*ret = f;
	f = NULL;
	return ERR_OK;
}

enum err
pass_file_load(const char *path, struct pass_file **ret)
{
	AUTO(buf_free) struct buf text = BUF(PASS_FILE_MAX);
	enum err r = need(file_read(path, &text), path);

	if (r == ERR_OK)
		r = pass_file_parse(buf_view(&text), ret);
	return r == ERR_OK ? ERR_OK : note(r, "%s", path);
}

void
pass_file_free(struct pass_file **f)
{
	free(*f);
	*f = NULL;
}

const struct pass_plan *
pass_file_plans(const struct pass_file *f, size_t *ret_n)
{
	*ret_n = f->n;
	return f->plans;
}
