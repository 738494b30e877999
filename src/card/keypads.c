/* SPDX-License-Identifier: EUPL-1.2 */
/* keypads.conf: from text to struct keypad. */
#include "card/keypads.h"

#include <stdio.h>

#include "base/b64.h"
#include "base/file.h"
#include "base/ini.h"
#include "base/text.h"

#define FILE_MAX	65536

struct item {
	struct keypad *k;
	const struct ini_line *line;
};

static enum err
on_usb(const struct item *it)
{
	AUTO(buf_free) struct buf b = BUF(4);
	struct cur value = it->line->value, vendor;

	if (!cur_until(&value, ':', &vendor) || vendor.n != 4 || value.n != 4 ||
	    hex_get(vendor, &b) != ERR_OK || hex_get(value, &b) != ERR_OK || b.len != 4)
		return ini_refuse(it->line, "vendor and product as 08E6:3478");
	it->k->vendor = (uint16_t)(b.p[0] << 8 | b.p[1]);
	it->k->product = (uint16_t)(b.p[2] << 8 | b.p[3]);
	return ERR_OK;
}

static enum err
on_name(const struct item *it)
{
	if (it->line->value.n == 0 ||
	    !text_is_safe(it->line->value, sizeof(it->k->part) - 1))
		return ini_refuse(it->line, "a part of the reader's name");
	return ini_str(it->line, it->k->part, sizeof(it->k->part));
}

static enum err
on_use(const struct item *it)
{
	static const char *const names[] = { "yes", "no", "verify" };
	size_t i = 0;
	enum err r = ini_choice(it->line, names, NELEM(names), &i);

	it->k->absent = i == 1;
	it->k->no_change = i == 2;
	return r;
}

static enum err
on_variable(const struct item *it)
{
	return ini_bool(it->line, &it->k->variable);
}

static enum err
on_swapped(const struct item *it)
{
	return ini_bool(it->line, &it->k->swapped);
}

static enum err
one_byte(const struct item *it, uint8_t *ret)
{
	AUTO(buf_free) struct buf b = BUF(1);

	if (hex_get(it->line->value, &b) != ERR_OK || b.len != 1)
		return ini_refuse(it->line, "one byte in hex");
	*ret = b.p[0];
	return ERR_OK;
}

static enum err
on_messages(const struct item *it)
{
	enum err r = one_byte(it, &it->k->messages);

	if (!it->k->has_messages)
		it->k->change_messages = it->k->messages;
	it->k->has_messages = true;
	return r;
}

static enum err
on_change_messages(const struct item *it)
{
	if (!it->k->has_messages)
		return ini_refuse(it->line, "messages = before this");
	return one_byte(it, &it->k->change_messages);
}

static enum err
on_validation(const struct item *it)
{
	enum err r = one_byte(it, &it->k->validation);

	/* Some firmware crashes on others (pcsc.md section 10). */
	if (r == ERR_OK && (it->k->validation == 0 || it->k->validation > 7))
		return ini_refuse(it->line, "01 to 07");
	return r;
}

static const struct {
	const char *key;
	enum err (*on)(const struct item *it);
} keys[] = {
	{ "usb", on_usb }, { "name", on_name }, { "keypad", on_use },
	{ "variable", on_variable }, { "swapped", on_swapped },
	{ "messages", on_messages }, { "change_messages", on_change_messages },
	{ "validation", on_validation },
};

struct parse {
	struct keypads *all;
	struct ini_line head;		/* of the section that is read */
	unsigned seen;			/* bits: keys of that section */
};

/* A section that says of no reader what it is. */
static enum err
section_end(const struct parse *p)
{
	const struct keypad *k;

	if (p->head.number == 0)
		return ERR_OK;
	k = &p->all->item[p->all->n - 1];
	if (k->vendor == 0 && k->product == 0 && k->part[0] == '\0')
		return ini_refuse(&p->head, "usb = or name = in this section");
	return ERR_OK;
}

static enum err
section_begin(struct parse *p, const struct ini_line *line)
{
	enum err r = section_end(p);

	if (r != ERR_OK)
		return r;
	if (!cur_eq_str(line->section, "reader") || line->name.n == 0)
		return ini_refuse(line, "[reader NAME]");
	if (p->all->n == KEYPADS_MAX)
		return ini_refuse(line, "fewer readers");
	p->head = *line;
	p->seen = 0;
	p->all->item[p->all->n++] = (struct keypad){ .absent = false };
	return ERR_OK;
}

static enum err
on_line(void *arg, const struct ini_line *line)
{
	struct parse *p = arg;

	if (line->key.n == 0)
		return section_begin(p, line);
	for (size_t i = 0; p->head.number != 0 && i < NELEM(keys); i++) {
		const struct item it = { &p->all->item[p->all->n - 1], line };

		if (!cur_eq_str(line->key, keys[i].key))
			continue;
		if ((p->seen & 1u << i) != 0)
			return ini_refuse(line, "this key once");
		p->seen |= 1u << i;
		return keys[i].on(&it);
	}
	return ini_refuse(line, "a key of a [reader NAME]");
}

enum err
keypads_parse(struct cur text, struct keypads *ret)
{
	struct parse p = { .all = ret };
	enum err r = ini_parse(text, on_line, &p);

	return r == ERR_OK ? section_end(&p) : r;
}

static enum err
load_file(const char *dir, uid_t owner, struct keypads *all)
{
	AUTO(buf_free) struct buf text = BUF(FILE_MAX);
	char path[4096];
	enum err r;

	if (snprintf(path, sizeof(path), "%s/" KEYPADS_FILE, dir) >= (int)sizeof(path))
		return fail(ERR_LIMIT, "the path of " KEYPADS_FILE);
	r = file_read_trusted(path, owner, &text);
	if (r == ERR_NOT_FOUND)
		return ERR_OK;
	if (r == ERR_OK)
		r = keypads_parse(buf_view(&text), all);
	return r == ERR_OK ? r : note(r, "%s", path);
}

enum err
keypads_load(const char *dir, const char *more, uid_t owner, struct keypads *ret)
{
	struct keypads all = { .n = 0 };
	enum err r = more == NULL ? ERR_OK : load_file(more, owner, &all);

	if (r != ERR_OK || (r = load_file(dir, owner, &all)) != ERR_OK)
		return r;
	*ret = all;
	return ERR_OK;
}

const struct keypad *
keypads_find(const struct keypads *all, const struct features *f, const char *name)
{
	for (size_t i = 0; f->vendor != 0 && i < all->n; i++)
		if (all->item[i].vendor == f->vendor && all->item[i].product == f->product)
			return &all->item[i];
	for (size_t i = 0; i < all->n; i++)
		if (all->item[i].part[0] != '\0' &&
		    strstr(name, all->item[i].part) != NULL)
			return &all->item[i];
	return NULL;
}
