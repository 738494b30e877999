/* SPDX-License-Identifier: EUPL-1.2 */
/* A virtual card from its card file and the keys and certificates beside it. */
#include <limits.h>
#include <stdio.h>

#include "base/file.h"
#include "vcard/card.h"
#include "vcard/keys.h"
#include "vcard/need.h"

#define CERT_MAX	16384

/* Paths in a card file are relative to its folder. */
static enum err
beside(const char *card, const char *name, char ret[PATH_MAX])
{
	const char *slash = strrchr(card, '/');
	int folder = slash == NULL || name[0] == '/' ? 0 : (int)(slash + 1 - card);
	int n = snprintf(ret, PATH_MAX, "%.*s%s", folder, card, name);

	return n < 0 || n >= PATH_MAX ? fail(ERR_CONFIG, "the path is too long") : ERR_OK;
}

static enum err
read_certificate(const char *card, const struct card_object *o, struct buf *ret)
{
	char path[PATH_MAX];
	enum err r;

	if ((r = beside(card, o->certificate, path)) != ERR_OK)
		return r;
	return need(file_read(path, ret), path);
}

static enum err
load_key(struct vcard *c, const char *card, size_t i)
{
	const struct card_object *o = &vcard_file(c)->keys[i];
	AUTO(buf_free) struct buf certificate = BUF(CERT_MAX);
	EVP_PKEY *key;
	char path[PATH_MAX];
	enum err r;

	if (!o->present)
		return ERR_OK;
	if (o->certificate[0] != '\0' &&
	    (r = read_certificate(card, o, &certificate)) != ERR_OK)
		return r;
	if ((r = beside(card, o->key, path)) != ERR_OK ||
	    (r = need(key_read(path, &key), path)) != ERR_OK)
		return r;
	return vcard_set_key(c, i, key, buf_view(&certificate));
}

static enum err
load_ca(struct vcard *c, const char *card, size_t i)
{
	AUTO(buf_free) struct buf certificate = BUF(CERT_MAX);
	enum err r = read_certificate(card, &vcard_file(c)->cas[i], &certificate);

	return r != ERR_OK ? r : vcard_set_ca(c, i, buf_view(&certificate));
}

static enum err
load_objects(struct vcard *c, const char *card)
{
	enum err r = ERR_OK;

	for (size_t i = 0; i < CARD_KEYS && r == ERR_OK; i++)
		r = load_key(c, card, i);
	for (size_t i = 0; i < vcard_file(c)->cas_n && r == ERR_OK; i++)
		r = load_ca(c, card, i);
	return r != ERR_OK ? r : vcard_finish(c);
}

enum err
vcard_load(const char *path, struct vcard **ret)
{
	AUTO(buf_free) struct buf text = BUF(CARD_FILE_MAX);
	AUTO(vcard_free) struct vcard *c = NULL;
	struct card_file f;
	enum err r;

	if ((r = need(file_read(path, &text), path)) != ERR_OK ||
	    (r = card_file_parse(buf_view(&text), &f)) != ERR_OK ||
	    (r = vcard_new(&f, &c)) != ERR_OK ||
	    (r = load_objects(c, path)) != ERR_OK)
		return note(r, "card %s", path);
	*ret = c;
	c = NULL;
	return ERR_OK;
}
