/* SPDX-License-Identifier: EUPL-1.2 */
/* Making a virtual card, and what it holds. */
#include "vcard/card.h"

#include <assert.h>
#include <stdlib.h>

#include "vcard/inside.h"
#include "vcard/ossl.h"

#define CERT_MAX	16384

static const struct applet *const applets[CARD_TYPES] = {
	[CARD_UZI] = &uzi_applet, [CARD_PIV] = &piv_applet, [CARD_P15] = &p15_applet };

enum err
vcard_new(const struct card_file *f, struct vcard **ret)
{
	struct vcard *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return fail(ERR_NOMEM, "a card");
	c->applet = applets[f->type];
	c->file = *f;
	card_state_new(f, &c->state);
	for (size_t i = 0; i < CARD_KEYS; i++)
		c->keys[i].certificate.max = CERT_MAX;
	for (size_t i = 0; i < CARD_CAS; i++)
		c->cas[i].max = CERT_MAX;
	for (size_t i = 0; i < CHANNELS; i++) {
		c->channels[i].pending.max = RESPONSE_MAX;
		c->channels[i].chain.max = CHAIN_MAX;
	}
	vcard_reset(c);
	*ret = c;
	return ERR_OK;
}

void
vcard_free(struct vcard **c)
{
	struct vcard *v = *c;

	if (v == NULL)
		return;
	for (size_t i = 0; i < CARD_KEYS; i++) {
		ossl_key(&v->keys[i].key);
		buf_free(&v->keys[i].certificate);
	}
	for (size_t i = 0; i < CARD_CAS; i++)
		buf_free(&v->cas[i]);
	for (size_t i = 0; i < v->efs_n; i++)
		buf_free(&v->efs[i].content);
	for (size_t i = 0; i < v->objects_n; i++)
		buf_free(&v->objects[i].content);
	for (size_t i = 0; i < CHANNELS; i++) {
		buf_free(&v->channels[i].pending);
		buf_free(&v->channels[i].chain);
	}
	explicit_bzero(v, sizeof(*v));
	free(v);
	*c = NULL;
}

enum err
vcard_set_key(struct vcard *c, size_t i, EVP_PKEY *key, struct cur certificate)
{
	struct vkey *k = &c->keys[i];
	enum err r;

	ossl_key(&k->key);
	k->key = key;
	if ((r = c->applet->check_key(i, key)) != ERR_OK)
		return r;
	buf_clear(&k->certificate);
	buf_cur(&k->certificate, certificate);
	return buf_end(&k->certificate);
}

enum err
vcard_set_ca(struct vcard *c, size_t i, struct cur certificate)
{
	buf_clear(&c->cas[i]);
	buf_cur(&c->cas[i], certificate);
	return buf_end(&c->cas[i]);
}

enum err
vcard_finish(struct vcard *c)
{
	return c->applet->finish(c);
}

const struct card_file *
vcard_file(const struct vcard *c)
{
	return &c->file;
}

struct card_state *
vcard_state(struct vcard *c)
{
	return &c->state;
}

struct vcard_counts
vcard_counts(const struct vcard *c)
{
	return c->counts;
}

bool
vcard_is_verified(const struct vcard *c)
{
	return c->file.type == CARD_PIV ? piv_is_verified(c) : c->verified[USER_PIN];
}

void
channel_forget(struct vchannel *ch)
{
	buf_clear(&ch->pending);
	buf_clear(&ch->chain);
	ch->selected = false;
	ch->df = FID_MF;
	ch->ef = NULL;
	ch->crt = CRT_NONE;
}

void
vcard_reset(struct vcard *c)
{
	for (size_t i = 0; i < CHANNELS; i++) {
		channel_forget(&c->channels[i]);
		c->channels[i].open = i == 0;
	}
	c->channels[0].selected = c->file.selected_at_reset;
	for (size_t i = 0; i < SECRETS; i++)
		c->verified[i] = false;
	c->fresh = false;
}

void
vcard_add_ef(struct vcard *c, uint16_t df, uint16_t fid, enum ef_access access,
    struct buf *content)
{
	assert(c->efs_n < EFS);
	c->efs[c->efs_n++] = (struct ef){ df, fid, access, *content };
	*content = (struct buf){ .max = content->max };
}

const struct ef *
vcard_find_ef(const struct vcard *c, uint16_t df, uint16_t fid)
{
	for (size_t i = 0; i < c->efs_n; i++)
		if (c->efs[i].df == df && c->efs[i].fid == fid)
			return &c->efs[i];
	return NULL;
}
