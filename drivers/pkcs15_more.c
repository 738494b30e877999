/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a card does besides a login: certificates of authorities, a new PIN.
 * CHANGE REFERENCE DATA and RESET RETRY COUNTER as ISO 7816-4 has them; a UZI pass was
 * not seen doing them yet (uzi-card reference, section 4).
 */
#include "drivers/pkcs15.h"

#include "iso7816/sw.h"

static void
describe(const struct p15_cert *cert, unsigned slot, struct card_authority *ret)
{
	*ret = (struct card_authority){ .id_len = cert->id.n, .slot = slot };
	memcpy(ret->id, cert->id.p, cert->id.n);
	memcpy(ret->label, cert->c.label, sizeof(ret->label));
}

static enum err
learn_authorities(struct pkcs15 *t, struct channel *ch)
{
	enum err r;

	buf_clear(&t->cas);
	if (t->odf.n == 0 && (r = pkcs15_read_odf(t, ch)) != ERR_OK)
		return r;
	if ((r = pkcs15_read_directory(t, ch, P15_CDF_TRUSTED, &t->cas)) != ERR_OK ||
	    (r = pkcs15_read_directory(t, ch, P15_CDF_USEFUL, &t->cas)) != ERR_OK)
		return r;
	t->n_authorities = p15_read_certs(buf_view(&t->cas), t->authorities,
	    NELEM(t->authorities));
	t->has_cas = true;
	return ERR_OK;
}

enum err
pkcs15_authorities(void *state, struct channel *ch, struct card_authority *ret,
    size_t max, size_t *ret_n)
{
	struct pkcs15 *t = state;
	size_t n;
	enum err r;

	if (!t->has_cas && (r = learn_authorities(t, ch)) != ERR_OK)
		return r;
	n = t->n_authorities < max ? t->n_authorities : max;
	for (size_t i = 0; i < n; i++)
		describe(&t->authorities[i], (unsigned)i, &ret[i]);
	*ret_n = n;
	return ERR_OK;
}

bool
pkcs15_knows_authorities(void *state)
{
	const struct pkcs15 *t = state;

	return t->has_cas;
}

enum err
pkcs15_authority(void *state, struct channel *ch, const struct card_authority *a,
    struct buf *ret_der)
{
	struct pkcs15 *t = state;
	size_t size = 0;

	return pkcs15_read_cert(t, ch, &t->authorities[a->slot], ret_der, &size);
}

enum err
pkcs15_puk_rules(void *state, const struct card_key *key, struct pin_rules *ret)
{
	const struct pkcs15 *t = state;
	struct pkcs15_pin form;

	if (!pkcs15_puk(t, &t->keys[key->slot], &form))
		return ERR_NOT_FOUND;
	*ret = form.rules;
	return ERR_OK;
}

enum err
pkcs15_puk_tries(void *state, struct channel *ch, const struct card_key *key,
    struct pin_state *ret)
{
	const struct pkcs15 *t = state;
	struct pkcs15_pin form;

	if (!pkcs15_puk(t, &t->keys[key->slot], &form))
		return ERR_NOT_FOUND;
	return pkcs15_tries_of(t->p, ch, form.rules.ref, ret);
}

/* Two secrets in one command: as long as they may be, and wiped. */
struct pair {
	uint8_t	 p[2 * SECRET_MAX];
	size_t	 n;
};

static void
pair_wipe(struct pair *w)
{
	explicit_bzero(w, sizeof(*w));
}

static enum err
put_both(const struct pkcs15_pin *form, const struct secret *old,
    const struct secret *new, struct pair *ret)
{
	AUTO(secret_wipe) struct secret first = { .len = 0 }, second = { .len = 0 };
	enum err r;

	if ((r = pkcs15_put_pin(form, old, &first)) != ERR_OK ||
	    (r = pkcs15_put_pin(form, new, &second)) != ERR_OK)
		return r;
	memcpy(ret->p, first.p, first.len);
	memcpy(ret->p + first.len, second.p, second.len);
	ret->n = first.len + second.len;
	return ERR_OK;
}

enum err
pkcs15_change(void *state, struct channel *ch, const struct card_key *key,
    enum card_secret which, const struct secret *old, const struct secret *new,
    struct pin_state *ret)
{
	AUTO(pair_wipe) struct pair both = { .n = 0 };
	struct apdu a = { .ins = 0x24, .secret = true };
	struct pkcs15 *t = state;
	const struct p15_key *k = &t->keys[key->slot];
	struct pkcs15_pin form;
	unsigned sw;
	enum err r;

	if (which == CARD_PIN ? !pkcs15_pin(t, k, &form) : !pkcs15_puk(t, k, &form))
		return fail(ERR_UNSUPPORTED, "no PIN or PUK is known for the key");
	if ((old != NULL && (r = put_both(&form, old, new, &both)) != ERR_OK) ||
	    (r = pkcs15_pin_folder(t, ch, &form)) != ERR_OK)
		return r;
	a.p2 = form.rules.ref;
	a.data = cur_of(both.p, both.n);
	r = old != NULL ? channel_send(ch, &a, NULL, &sw) :
	    channel_pad(ch, PAD_CHANGE, &a, &form.rules, &sw);
	if (r != ERR_OK)
		return note(r, "CHANGE REFERENCE DATA");
	if (sw == SW_BAD_DATA)
		return fail(ERR_PIN_REFUSED, "CHANGE REFERENCE DATA: %s", sw_name(sw));
	return pkcs15_pin_result("CHANGE REFERENCE DATA", sw, ret);
}

enum err
pkcs15_unblock(void *state, struct channel *ch, const struct card_key *key,
    const struct secret *puk UNUSED, const struct secret *new, struct pin_state *ret UNUSED)
{
	AUTO(secret_wipe) struct secret padded = { .len = 0 };
	struct apdu a = { .ins = 0x2c, .p1 = 0x02, .secret = true };
	struct pkcs15 *t = state;
	struct pkcs15_pin form;
	unsigned sw;
	enum err r;

	if (!pkcs15_pin(t, &t->keys[key->slot], &form))
		return fail(ERR_UNSUPPORTED, "no PIN is known for the key");
	if ((new != NULL && (r = pkcs15_put_pin(&form, new, &padded)) != ERR_OK) ||
	    (r = pkcs15_pin_folder(t, ch, &form)) != ERR_OK)
		return r;
	a.p2 = form.rules.ref;
	a.data = secret_view(&padded);
	r = new != NULL ? channel_send(ch, &a, NULL, &sw) :
	    channel_pad(ch, PAD_NEW, &a, &form.rules, &sw);
	if (r != ERR_OK)
		return note(r, "RESET RETRY COUNTER");
	if (sw == SW_BAD_DATA)
		return fail(ERR_PIN_REFUSED, "RESET RETRY COUNTER: %s", sw_name(sw));
	return sw == SW_OK ? ERR_OK : pkcs15_use_result("RESET RETRY COUNTER", sw);
}
