/* SPDX-License-Identifier: EUPL-1.2 */
/* The state of a card in its file. */
#include "vcard/state.h"

#include "base/file.h"
#include "base/ini.h"

#define STATE_MAX	4096

static const char *const secret_names[SECRETS] = { "pin", "puk", "pin2" };
static const char *const tries_names[SECRETS] = { "pin_tries", "puk_tries",
	"pin2_tries" };

void
card_state_new(const struct card_file *f, struct card_state *ret)
{
	*ret = (struct card_state){ 0 };
	for (size_t i = 0; i < SECRETS; i++) {
		memcpy(ret->secrets[i], f->secrets[i], sizeof(ret->secrets[i]));
		ret->tries[i] = (unsigned)f->tries[i];
	}
}

bool
card_state_eq(const struct card_state *a, const struct card_state *b)
{
	for (size_t i = 0; i < SECRETS; i++)
		if (a->tries[i] != b->tries[i] ||
		    strcmp(a->secrets[i], b->secrets[i]) != 0)
			return false;
	return true;
}

struct parse {
	const struct card_file *f;
	struct card_state      *s;
};

static enum err
on_line(void *arg, const struct ini_line *line)
{
	const struct parse *p = arg;
	int64_t tries;
	enum err r;

	if (line->key.n == 0)
		return cur_eq_str(line->section, "state") ? ERR_OK :
		    ini_refuse(line, "[state]");
	for (size_t i = 0; i < SECRETS; i++) {
		if (p->f->references[i] == NO_REFERENCE)
			continue;
		if (cur_eq_str(line->key, secret_names[i]))
			return ini_str(line, p->s->secrets[i], sizeof(p->s->secrets[i]));
		if (!cur_eq_str(line->key, tries_names[i]))
			continue;
		if ((r = ini_int(line, 0, p->f->tries[i], &tries)) == ERR_OK)
			p->s->tries[i] = (unsigned)tries;
		return r;
	}
	return ini_refuse(line, "pin, puk, pin_tries or puk_tries (pin2, pin2_tries)");
}

enum err
card_state_parse(struct cur text, const struct card_file *f, struct card_state *ret)
{
	struct parse p = { f, ret };

	return ini_parse(text, on_line, &p);
}

void
card_state_put(struct buf *b, const struct card_file *f, const struct card_state *s)
{
	buf_str(b, "# What this virtual card remembers; delete the file for a new card.\n"
	    "[state]\n");
	for (size_t i = 0; i < SECRETS; i++) {
		if (f->references[i] == NO_REFERENCE)
			continue;
		if (strcmp(s->secrets[i], f->secrets[i]) != 0)
			buf_fmt(b, "%s = %s\n", secret_names[i], s->secrets[i]);
		buf_fmt(b, "%s = %u\n", tries_names[i], s->tries[i]);
	}
}

enum err
card_state_load(const char *path, const struct card_file *f, struct card_state *ret)
{
	AUTO(buf_free) struct buf text = BUF(STATE_MAX);
	enum err r = file_read(path, &text);

	card_state_new(f, ret);
	if (r == ERR_NOT_FOUND)
		return ERR_OK;
	if (r == ERR_OK)
		r = card_state_parse(buf_view(&text), f, ret);
	return r == ERR_OK ? ERR_OK : note(r, "%s", path);
}

enum err
card_state_save(const char *path, const struct card_file *f, const struct card_state *s)
{
	AUTO(buf_free) struct buf text = BUF(STATE_MAX);

	card_state_put(&text, f, s);
	if (buf_end(&text) != ERR_OK)
		return fail(buf_end(&text), "%s", path);
	return file_write(path, buf_view(&text), 0600);
}
