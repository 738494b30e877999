/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Where the application is on a card that does not lead to it by its name (iso7816
 * reference, section 1): what EF.DIR lists, else the usual folder, else the MF itself.
 * Only an object directory that can be read proves it.
 */
#include "drivers/pkcs15.h"

#include "iso7816/sw.h"

#define FID_DIR		0x2f00
#define DIR_MAX		4096	/* bytes of EF.DIR */
#define COMMANDS_MAX	48	/* no other place is tried after so many */

static const struct p15_path mf = { .p = { 0x3f, 0x00 }, .n = 2 };
static const struct p15_path usual = { .p = { 0x3f, 0x00, 0x50, 0x15 }, .n = 4 };

/* ERR_NOT_FOUND: nothing is there. */
static enum err
read_dir(struct pkcs15 *t, struct channel *ch, struct buf *ret)
{
	const struct p15_path dir = { .p = { FID_DIR >> 8, FID_DIR & 0xff }, .n = 2 };
	AUTO(buf_free) struct buf none = BUF(APDU_LE_MAX);
	unsigned sw;
	size_t size;
	enum err r;

	t->files.home = mf;
	/* Where SELECT of the MF fails, as a rule it is selected. */
	if ((r = file_application(ch, &t->files, &none, &sw)) != ERR_OK)
		return r;
	r = file_read_path(ch, &t->files, &dir, ret);
	if (r != ERR_CARD)
		return r;
	buf_clear(ret);
	if ((r = file_select(ch, &t->files, &dir, &size)) != ERR_OK)
		return r;
	return file_read_records(ch, P15_APPLICATIONS, ret);
}

static enum err
try_place(struct pkcs15 *t, struct channel *ch, const struct p15_application *a)
{
	AUTO(buf_free) struct buf reply = BUF(APDU_LE_MAX), file = BUF(DIR_MAX);
	unsigned sw;
	enum err r;

	if (ch->commands > COMMANDS_MAX)
		return ERR_NOT_FOUND;
	t->files.home = a->path;
	t->files.alias = (struct p15_path){ .n = 0 };
	t->files.aid_len = a->aid_len;
	memcpy(t->files.aid, a->aid, a->aid_len);
	if ((r = file_application(ch, &t->files, &reply, &sw)) != ERR_OK)
		return r;
	if (sw != SW_OK)
		return ERR_NOT_FOUND;
	r = file_read_path(ch, &t->files, a->odf.n != 0 ? &a->odf : &t->odf_path, &file);
	if (r != ERR_OK)
		return r;
	p15_read_odf(buf_view(&file), &t->odf);
	if (t->odf.n == 0)
		return ERR_NOT_FOUND;
	if (a->odf.n != 0)
		t->odf_path = a->odf;
	if (a->token.n != 0)
		t->token_path = a->token;
	/* The short identifiers are those of the usual places. */
	t->files.no_sfi = true;
	return ERR_OK;
}

static enum err
try_all(struct pkcs15 *t, struct channel *ch, const struct p15_application *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		enum err r = try_place(t, ch, &list[i]);

		if (r == ERR_OK || pkcs15_is_trouble(r))
			return r;
	}
	return ERR_NOT_MINE;
}

/* A path that does not begin with the MF begins there all the same. */
static void
make_absolute(struct p15_path *path)
{
	if (path->n == 0 || (path->p[0] == mf.p[0] && path->p[1] == mf.p[1]) ||
	    path->n + mf.n > sizeof(path->p))
		return;
	memmove(path->p + mf.n, path->p, path->n);
	memcpy(path->p, mf.p, mf.n);
	path->n += mf.n;
}

enum err
pkcs15_search(struct pkcs15 *t, struct channel *ch)
{
	struct p15_application list[P15_APPLICATIONS + 2];
	AUTO(buf_free) struct buf dir = BUF(DIR_MAX);
	size_t n = 0;
	enum err r;

	t->searched = true;
	r = read_dir(t, ch, &dir);
	if (pkcs15_is_trouble(r))
		return r;
	if (r == ERR_OK)
		n = p15_read_dir(buf_view(&dir), list, P15_APPLICATIONS);
	for (size_t i = 0; i < n; i++)
		make_absolute(&list[i].path);
	list[n++] = (struct p15_application){ .path = usual };
	list[n++] = (struct p15_application){ .path = mf };
	r = try_all(t, ch, list, n);
	if (r != ERR_OK) {
		files_init(&t->files, t->p);
		t->odf.n = 0;
	}
	return r;
}
