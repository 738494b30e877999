/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Which certificate is a key's: by iD, as the standard has it; by label, as cards have it;
 * else by the public key, which cards may keep beside it (iso7816 reference, section 4).
 */
#include "drivers/pkcs15.h"

#define CERTS_MAX	8	/* that are read for one key */
#define COMMANDS_MAX	48	/* after so many the rest of the look goes first */

static bool
same_label(const struct p15_common *a, const struct p15_common *b)
{
	return a->label[0] != '\0' && strcmp(a->label, b->label) == 0;
}

/* Of several with its iD the one that is called as the key, or else the first. */
static const struct p15_cert *
by_id(const struct pkcs15 *t, const struct p15_key *key)
{
	const struct p15_cert *first = NULL;

	for (size_t i = 0; i < t->n_certs; i++) {
		if (!p15_id_same(&t->certs[i].id, &key->id))
			continue;
		if (same_label(&t->certs[i].c, &key->c))
			return &t->certs[i];
		if (first == NULL)
			first = &t->certs[i];
	}
	return first;
}

const struct p15_cert *
pkcs15_cert_of(const struct pkcs15 *t, const struct p15_key *key)
{
	const struct p15_cert *c = by_id(t, key);
	uint8_t pair = t->pairs[key - t->keys];

	for (size_t i = 0; i < t->n_certs && c == NULL; i++)
		if (!t->certs[i].authority && same_label(&t->certs[i].c, &key->c))
			c = &t->certs[i];
	return c == NULL && pair != 0 && pair <= t->n_certs ? &t->certs[pair - 1] : c;
}

/* Does the standard say whose it is? */
static bool
is_claimed(const struct pkcs15 *t, const struct p15_id *id)
{
	for (size_t k = 0; k < t->n_keys; k++)
		if (p15_id_same(&t->keys[k].id, id))
			return true;
	return false;
}

struct publics {
	struct p15_public e[P15_OBJECTS];
	size_t	 n;
};

/* The one beside the private one: by iD, or else by label one that is nobody's. */
static const struct p15_public *
public_of(const struct pkcs15 *t, const struct p15_key *key, const struct publics *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (p15_id_same(&all->e[i].id, &key->id))
			return &all->e[i];
	for (size_t i = 0; i < all->n; i++)
		if (same_label(&all->e[i].c, &key->c) && !is_claimed(t, &all->e[i].id))
			return &all->e[i];
	return NULL;
}

static enum err
read_public(struct pkcs15 *t, struct channel *ch, const struct p15_key *key,
    const struct publics *all, struct buf *ret)
{
	const struct p15_public *public = public_of(t, key, all);

	if (public == NULL)
		return ERR_NOT_FOUND;
	if (public->value.n == 0)
		return file_read_path(ch, &t->files, &public->path, ret);
	buf_cur(ret, public->value);
	return buf_end(ret);
}

static enum err
pair(struct pkcs15 *t, struct channel *ch, const struct publics *all, size_t k)
{
	AUTO(buf_free) struct buf public = BUF(PKCS15_DIRECTORY_MAX);
	size_t size, read = 0;
	struct cur want, number;
	enum err r = read_public(t, ch, &t->keys[k], all, &public);

	if (r != ERR_OK || !spki_public(buf_view(&public), &want))
		return pkcs15_is_trouble(r) ? r : ERR_OK;
	for (size_t i = 0; i < t->n_certs && read < CERTS_MAX; i++) {
		AUTO(buf_free) struct buf der = BUF(FILE_CERT_MAX);

		if (t->certs[i].authority || is_claimed(t, &t->certs[i].id))
			continue;
		if (ch->commands > COMMANDS_MAX)
			break;
		read++;
		r = pkcs15_read_cert(t, ch, &t->certs[i], &der, &size);
		if (pkcs15_is_trouble(r))
			return r;
		if (r == ERR_OK && spki_number(buf_view(&der), &number) &&
		    cur_eq(number, want)) {
			t->pairs[k] = (uint8_t)(i + 1);
			return ERR_OK;
		}
	}
	return ERR_OK;
}

/* From key k on. */
static enum err
pair_all(struct pkcs15 *t, struct channel *ch, size_t k)
{
	AUTO(buf_free) struct buf dir = BUF(PKCS15_DIRECTORY_MAX);
	struct publics all;
	enum err r = pkcs15_read_directory(t, ch, P15_PUKDF, &dir);

	if (r != ERR_OK)
		return pkcs15_is_trouble(r) ? r : ERR_OK;
	all.n = p15_read_publics(buf_view(&dir), all.e, NELEM(all.e));
	for (; k < t->n_keys && ch->commands <= COMMANDS_MAX; k++)
		if (pkcs15_cert_of(t, &t->keys[k]) == NULL &&
		    (r = pair(t, ch, &all, k)) != ERR_OK)
			return r;
	return ERR_OK;
}

enum err
pkcs15_pair(struct pkcs15 *t, struct channel *ch)
{
	size_t k = 0;

	memset(t->pairs, 0, sizeof(t->pairs));
	while (k < t->n_keys && pkcs15_cert_of(t, &t->keys[k]) != NULL)
		k++;
	return k < t->n_keys && t->n_certs != 0 && ch->commands <= COMMANDS_MAX ?
	    pair_all(t, ch, k) : ERR_OK;
}
