/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a UZI pass does besides a login: certificates of authorities, deciphering, a new
 * PIN.  CHANGE REFERENCE DATA and RESET RETRY COUNTER as ISO 7816-4 has them; the pass
 * itself was not seen doing them yet (uzi-card reference, section 4).
 */
#include "drivers/uzi.h"

#include "iso7816/sw.h"

static void
describe(const struct p15_cert *cert, unsigned slot, struct card_authority *ret)
{
	*ret = (struct card_authority){ .id_len = cert->id.n, .slot = slot };
	memcpy(ret->id, cert->id.p, cert->id.n);
	memcpy(ret->label, cert->c.label, sizeof(ret->label));
}

static enum err
learn_authorities(struct uzi *u, struct channel *ch)
{
	enum err r;

	buf_clear(&u->cas);
	if (u->odf.n == 0 && (r = uzi_read_odf(u, ch)) != ERR_OK)
		return r;
	if ((r = uzi_read_directory(u, ch, P15_CDF_TRUSTED, &u->cas)) != ERR_OK ||
	    (r = uzi_read_directory(u, ch, P15_CDF_USEFUL, &u->cas)) != ERR_OK)
		return r;
	u->n_authorities = p15_read_certs(buf_view(&u->cas), u->authorities,
	    NELEM(u->authorities));
	u->has_cas = true;
	return ERR_OK;
}

enum err
uzi_authorities(void *state, struct channel *ch, struct card_authority *ret, size_t max,
    size_t *ret_n)
{
	struct uzi *u = state;
	size_t n;
	enum err r;

	if (!u->has_cas && (r = learn_authorities(u, ch)) != ERR_OK)
		return r;
	n = u->n_authorities < max ? u->n_authorities : max;
	for (size_t i = 0; i < n; i++)
		describe(&u->authorities[i], (unsigned)i, &ret[i]);
	*ret_n = n;
	return ERR_OK;
}

enum err
uzi_authority(void *state, struct channel *ch, const struct card_authority *a,
    struct buf *ret_der)
{
	struct uzi *u = state;
	size_t size = 0;

	return uzi_read_cert(u, ch, &u->authorities[a->slot], ret_der, &size);
}

enum err
uzi_decipher(void *state, struct channel *ch, const struct card_key *key, enum key_alg alg,
    struct cur block, struct buf *ret)
{
	AUTO(buf_free) struct buf data = BUF(1024), plain = BUF(1024);
	struct apdu a = { .ins = 0x2a, .p1 = 0x80, .p2 = 0x86, .le = APDU_LE_MAX };
	const struct uzi *u = state;
	unsigned sw;
	enum err r;

	if (alg != KEY_ALG_RSA_DECRYPT || (key->algs & alg) == 0)
		return fail(ERR_UNSUPPORTED, "algorithm %d", (int)alg);
	buf_u8(&data, 0);		/* ISO 7816-8: no further indication */
	buf_cur(&data, block);
	if ((r = buf_end(&data)) != ERR_OK ||
	    (r = uzi_set_environment(u, ch, &u->keys[key->slot], 0xb8)) != ERR_OK)
		return r;
	a.data = buf_view(&data);
	if ((r = channel_send(ch, &a, &plain, &sw)) != ERR_OK)
		return note(r, "PSO: DECIPHER");
	if (sw == SW_BAD_DATA)
		return fail(ERR_MALFORMED, "PSO: DECIPHER: %s", sw_name(sw));
	if (sw != SW_OK)
		return uzi_use_result("PSO: DECIPHER", sw);
	buf_cur(ret, buf_view(&plain));
	return buf_end(ret);
}

enum err
uzi_puk_rules(void *state, const struct card_key *key, struct pin_rules *ret)
{
	const struct uzi *u = state;
	struct uzi_pin form;

	if (!uzi_puk(u, &u->keys[key->slot], &form))
		return ERR_NOT_FOUND;
	*ret = form.rules;
	return ERR_OK;
}

enum err
uzi_puk_tries(void *state, struct channel *ch, const struct card_key *key,
    struct pin_state *ret)
{
	const struct uzi *u = state;
	struct uzi_pin form;

	if (!uzi_puk(u, &u->keys[key->slot], &form))
		return ERR_NOT_FOUND;
	return uzi_tries_of(u->p, ch, form.rules.ref, ret);
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
put_both(const struct uzi_pin *form, const struct secret *old, const struct secret *new,
    struct pair *ret)
{
	AUTO(secret_wipe) struct secret first = { .len = 0 }, second = { .len = 0 };
	enum err r;

	if ((r = uzi_put_pin(form, old, &first)) != ERR_OK ||
	    (r = uzi_put_pin(form, new, &second)) != ERR_OK)
		return r;
	memcpy(ret->p, first.p, first.len);
	memcpy(ret->p + first.len, second.p, second.len);
	ret->n = first.len + second.len;
	return ERR_OK;
}

enum err
uzi_change(void *state, struct channel *ch, const struct card_key *key,
    enum card_secret which, const struct secret *old, const struct secret *new,
    struct pin_state *ret)
{
	AUTO(pair_wipe) struct pair both = { .n = 0 };
	struct apdu a = { .ins = 0x24, .secret = true };
	const struct uzi *u = state;
	const struct p15_key *k = &u->keys[key->slot];
	struct uzi_pin form;
	unsigned sw;
	enum err r;

	if (which == CARD_PIN ? !uzi_pin(u, k, &form) : !uzi_puk(u, k, &form))
		return fail(ERR_UNSUPPORTED, "no PIN or PUK is known for the key");
	if ((r = put_both(&form, old, new, &both)) != ERR_OK ||
	    (r = uzi_pin_folder(u, ch, &form)) != ERR_OK)
		return r;
	a.p2 = form.rules.ref;
	a.data = cur_of(both.p, both.n);
	if ((r = channel_send(ch, &a, NULL, &sw)) != ERR_OK)
		return note(r, "CHANGE REFERENCE DATA");
	return uzi_pin_result("CHANGE REFERENCE DATA", sw, ret);
}

enum err
uzi_unblock(void *state, struct channel *ch, const struct card_key *key,
    const struct secret *new)
{
	AUTO(secret_wipe) struct secret padded = { .len = 0 };
	struct apdu a = { .ins = 0x2c, .p1 = 0x02, .secret = true };
	const struct uzi *u = state;
	struct uzi_pin form;
	unsigned sw;
	enum err r;

	if (!uzi_pin(u, &u->keys[key->slot], &form))
		return fail(ERR_UNSUPPORTED, "no PIN is known for the key");
	if ((r = uzi_put_pin(&form, new, &padded)) != ERR_OK ||
	    (r = uzi_pin_folder(u, ch, &form)) != ERR_OK)
		return r;
	a.p2 = form.rules.ref;
	a.data = secret_view(&padded);
	if ((r = channel_send(ch, &a, NULL, &sw)) != ERR_OK)
		return note(r, "RESET RETRY COUNTER");
	return sw == SW_OK ? ERR_OK : uzi_use_result("RESET RETRY COUNTER", sw);
}
