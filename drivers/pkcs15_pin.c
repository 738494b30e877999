/* SPDX-License-Identifier: EUPL-1.2 */
/* The PIN of a card: which one it is, how many tries it has, how it is sent. */
#include "drivers/pkcs15.h"

#include "iso7816/sw.h"

#define ISO9564_FORMAT	0x20
#define ISO9564_BLOCK	8	/* bytes */
#define TRIES_MAX	15	/* a counter that says more is not believed */

static enum err
query_tries(const struct profile *p, struct channel *ch, uint8_t ref,
    struct pin_state *ret)
{
	AUTO(buf_free) struct buf reply = BUF(APDU_LE_MAX);
	struct profile_apdu cmd;
	unsigned sw;
	enum err r;

	profile_apdu(&p->tries_query, ref, &cmd);
	if ((r = channel_send(ch, &cmd.a, &reply, &sw)) != ERR_OK)
		return note(r, "tries");
	if (sw == SW_BLOCKED) {
		ret->tries = 0;
		return ERR_OK;
	}
	if (sw != SW_OK || reply.len != p->tries_len || reply.p[p->tries_at] > TRIES_MAX)
		return ERR_NOT_FOUND;
	ret->tries = reply.p[p->tries_at];
	return ERR_OK;
}

/* VERIFY without a PIN: only for cards that are known not to count it. */
static enum err
empty_verify(struct channel *ch, uint8_t ref, struct pin_state *ret)
{
	const struct apdu a = { .ins = 0x20, .p2 = ref };
	unsigned sw;
	enum err r = channel_send(ch, &a, NULL, &sw);

	if (r != ERR_OK)
		return note(r, "tries");
	if (sw == SW_BLOCKED)
		ret->tries = 0;
	else if (!sw_tries(sw, &ret->tries))
		return ERR_NOT_FOUND;
	return ERR_OK;
}

enum err
pkcs15_tries_of(const struct profile *p, struct channel *ch, uint8_t ref,
    struct pin_state *ret)
{
	struct pin_state s = { .tries = -1 };
	enum err r = ERR_NOT_FOUND;

	if (p->tries == TRIES_QUERY)
		r = query_tries(p, ch, ref, &s);
	else if (p->tries == TRIES_EMPTY_VERIFY)
		r = empty_verify(ch, ref, &s);
	if (r != ERR_OK)
		return r;
	s.blocked = s.tries == 0;
	s.last_try = s.tries == 1;
	*ret = s;
	return ERR_OK;
}

/* The card describes no PIN: the profile's reference, or the first that answers. */
enum err
pkcs15_find_pin(struct pkcs15 *t, struct channel *ch)
{
	struct pin_state s;
	enum err r;

	t->has_fallback = false;
	if (t->n_pins != 0 || t->p->n_pin_refs == 0)
		return ERR_OK;
	t->fallback = t->p->pin_refs[0];
	if (t->p->n_pin_refs == 1) {
		t->has_fallback = true;
		return ERR_OK;
	}
	for (size_t i = 0; i < t->p->n_pin_refs && !t->has_fallback; i++) {
		r = pkcs15_tries_of(t->p, ch, t->p->pin_refs[i], &s);
		if (r != ERR_OK && r != ERR_NOT_FOUND)
			return r;
		t->has_fallback = r == ERR_OK;
		t->fallback = t->p->pin_refs[i];
	}
	return ERR_OK;
}

/*
 * The one usable PIN that protects the key.  NULL when there is none, or when it
 * cannot be told which: no PIN is sent to find out (vector 52).
 */
static const struct p15_pin *
pin_of(const struct pkcs15 *t, const struct p15_key *key)
{
	const struct p15_pin *found = NULL;

	for (size_t i = 0; i < t->n_pins; i++) {
		if (!p15_pin_usable(&t->pins[i]))
			continue;
		if (key->c.auth_id.n != 0 &&
		    !p15_id_same(&t->pins[i].id, &key->c.auth_id))
			continue;
		if (found != NULL)
			return NULL;
		found = &t->pins[i];
	}
	return found;
}

/* What both the card and the profile allow; else what the card does. */
static void
as_described(const struct profile *p, const struct p15_pin *pin, struct pkcs15_pin *f)
{
	bool halved = pin->type == P15_PIN_BCD && p->pin_bcd_digits;

	if (f->rules.min < pin->min)
		f->rules.min = pin->min;
	if (f->rules.max > pin->max)
		f->rules.max = pin->max;
	if (f->rules.min > f->rules.max) {
		f->rules.min = pin->min;
		f->rules.max = pin->max;
	}
	f->rules.ref = pin->ref;
	f->type = pin->type;
	f->rules.coded = p15_pin_is_coded(pin->type);
	f->rules.digits_only |= f->rules.coded;
	f->padded = (pin->flags & P15_PIN_PADDED) != 0;
	f->pad = pin->pad;
	f->pad_len = halved ? (pin->stored + 1) / 2 : pin->stored;
	if (halved && f->padded && f->rules.max > pin->stored)
		f->rules.max = pin->stored;
	f->path = pin->path;
}

static struct pkcs15_pin
by_profile(const struct profile *p, uint8_t ref)
{
	return (struct pkcs15_pin){
		.rules = { .min = p->pin_min, .max = p->pin_max,
		    .digits_only = p->pin_digits, .ref = ref },
		.type = P15_PIN_ASCII,
		.padded = p->pin_pad_len != 0,
		.pad = p->pin_pad,
		.pad_len = p->pin_pad_len,
	};
}

/* For those who let a reader make the command. */
static void
as_sent(struct pkcs15_pin *f)
{
	f->rules.block = f->padded ? f->pad_len : 0;
	f->rules.pad = f->pad;
}

bool
pkcs15_pin(const struct pkcs15 *t, const struct p15_key *key, struct pkcs15_pin *ret)
{
	const struct p15_pin *pin = pin_of(t, key);
	struct pkcs15_pin f = by_profile(t->p, t->fallback);

	if (pin == NULL && (t->n_pins != 0 || !t->has_fallback))
		return false;
	if (pin != NULL)
		as_described(t->p, pin, &f);
	as_sent(&f);
	*ret = f;
	return true;
}

/* The PIN names it; a PIN of the security officer's is the applet's word for PUK. */
static bool
is_puk_of(const struct p15_pin *puk, const struct p15_pin *pin)
{
	const uint32_t kind = P15_PIN_UNBLOCKING | P15_PIN_SO;
	const uint32_t hidden = P15_PIN_INTEGRITY | P15_PIN_CONFIDENTIAL;

	return (puk->flags & kind) != 0 && (puk->flags & P15_PIN_INITIALIZED) != 0 &&
	    (puk->flags & hidden) == 0 && p15_pin_is_known(puk->type) &&
	    (pin->c.auth_id.n == 0 || p15_id_same(&puk->id, &pin->c.auth_id));
}

bool
pkcs15_puk(const struct pkcs15 *t, const struct p15_key *key, struct pkcs15_pin *ret)
{
	const struct p15_pin *pin = pin_of(t, key), *found = NULL;

	for (size_t i = 0; pin != NULL && i < t->n_pins; i++) {
		if (!is_puk_of(&t->pins[i], pin))
			continue;
		if (found != NULL)
			return false;	/* it is not found by trying (vector 52) */
		found = &t->pins[i];
	}
	if (found == NULL || found->ref == pin->ref)
		return false;
	*ret = by_profile(t->p, found->ref);
	as_described(t->p, found, ret);
	as_sent(ret);
	return true;
}

enum err
pkcs15_pin_rules(void *state, const struct card_key *key, struct pin_rules *ret)
{
	const struct pkcs15 *t = state;
	struct pkcs15_pin form;

	if (!pkcs15_pin(t, &t->keys[key->slot], &form))
		return ERR_NOT_FOUND;
	*ret = form.rules;
	return ERR_OK;
}

enum err
pkcs15_tries(void *state, struct channel *ch, const struct card_key *key,
    struct pin_state *ret)
{
	const struct pkcs15 *t = state;

	return pkcs15_tries_of(t->p, ch, key->pin_ref, ret);
}

enum err
pkcs15_pin_result(const char *what, unsigned sw, struct pin_state *ret)
{
	struct pin_state s = { .tries = -1 };

	if (sw == SW_OK)
		return ERR_OK;
	if (sw == SW_REFERENCE_UNUSABLE)
		return fail(ERR_PIN_UNSET, "%s: %s (%04x)", what, sw_name(sw), sw);
	if (sw_tries(sw, &s.tries) || sw == SW_WARNING_CHANGED || sw == SW_BLOCKED) {
		s.blocked = sw == SW_BLOCKED || s.tries == 0;
		s.last_try = s.tries == 1;
		if (s.blocked)
			s.tries = 0;
		*ret = s;
		return fail(s.blocked ? ERR_PIN_BLOCKED : ERR_PIN_WRONG, "%s: %s (%04x)",
		    what, sw_name(sw), sw);
	}
	return fail(ERR_CARD, "%s: %s (%04x)", what, sw_name(sw), sw);
}

static bool
pin_is_possible(const struct pin_rules *rules, const struct secret *pin)
{
	if (pin->len < rules->min || pin->len > rules->max)
		return false;
	for (size_t i = 0; i < pin->len; i++) {
		uint8_t c = pin->p[i];

		if (c < 0x20 || c > 0x7e || (rules->digits_only && (c < '0' || c > '9')))
			return false;
	}
	return true;
}

/* Two digits in a byte; the last one is alone with half of the filling. */
static void
put_digits(const struct secret *pin, uint8_t fill, struct secret *ret)
{
	for (size_t i = 0; i < pin->len; i += 2)
		ret->p[ret->len++] = (uint8_t)((pin->p[i] & 0xf) << 4 |
		    (i + 1 < pin->len ? pin->p[i + 1] & 0xf : fill & 0xf));
}

/* A block of format 2: its number and the count of digits, they, and F to the end. */
static void
put_block(const struct secret *pin, struct secret *ret)
{
	ret->p[ret->len++] = (uint8_t)(ISO9564_FORMAT | pin->len);
	put_digits(pin, 0xff, ret);
	while (ret->len < ISO9564_BLOCK)
		ret->p[ret->len++] = 0xff;
}

static size_t
bytes_of(const struct pkcs15_pin *form, size_t characters)
{
	return form->type == P15_PIN_BCD ? (characters + 1) / 2 : characters;
}

enum err
pkcs15_put_pin(const struct pkcs15_pin *form, const struct secret *pin,
    struct secret *ret)
{
	size_t n = bytes_of(form, pin->len);

	bool block = form->type == P15_PIN_ISO9564;

	if (!pin_is_possible(&form->rules, pin) ||
	    (block && pin->len > P15_PIN_ISO9564_MAX) ||
	    (form->padded && !block && (form->pad_len > SECRET_MAX || n > form->pad_len)))
		return fail(ERR_PIN_LENGTH, "nothing was sent");
	ret->len = 0;
	if (block) {
		put_block(pin, ret);
		return ERR_OK;
	}
	if (form->type == P15_PIN_BCD)
		put_digits(pin, form->pad, ret);
	else
		memcpy(ret->p, pin->p, ret->len = n);
	while (form->padded && ret->len < form->pad_len)
		ret->p[ret->len++] = form->pad;
	return ERR_OK;
}

/* In the wrong folder it would be another PIN: a failure here ends it. */
enum err
pkcs15_pin_folder(struct pkcs15 *t, struct channel *ch,
    const struct pkcs15_pin *form)
{
	enum err r;

	if (!t->p->pin_path || form->path.n == 0)
		return ERR_OK;
	r = file_folder(ch, &t->files, &form->path);
	return r == ERR_OK ? r : note(r, "folder of the PIN");
}

static enum err
verify_form(struct pkcs15 *t, struct channel *ch, const struct pkcs15_pin *form,
    const struct secret *pin, struct pin_state *ret)
{
	AUTO(secret_wipe) struct secret padded = { .len = 0 };
	struct apdu a = { .ins = 0x20, .p2 = form->rules.ref, .secret = true };
	unsigned sw;
	enum err r;

	if ((pin != NULL && (r = pkcs15_put_pin(form, pin, &padded)) != ERR_OK) ||
	    (r = pkcs15_pin_folder(t, ch, form)) != ERR_OK)
		return r;
	a.data = secret_view(&padded);
	r = pin != NULL ? channel_send(ch, &a, NULL, &sw) :
	    channel_pad(ch, PAD_VERIFY, &a, &form->rules, &sw);
	if (r != ERR_OK)
		return note(r, "VERIFY");
	return pkcs15_pin_result("VERIFY", sw, ret);
}

enum err
pkcs15_verify(void *state, struct channel *ch, const struct card_key *key,
    const struct secret *pin, struct pin_state *ret)
{
	struct pkcs15 *t = state;
	struct pkcs15_pin form;

	if (!pkcs15_pin(t, &t->keys[key->slot], &form))
		return fail(ERR_CARD, "no PIN for the key");
	return verify_form(t, ch, &form, pin, ret);
}

enum err
pkcs15_puk_verify(void *state, struct channel *ch, const struct card_key *key,
    const struct secret *puk, struct pin_state *ret)
{
	struct pkcs15 *t = state;
	struct pkcs15_pin form;

	if (!pkcs15_puk(t, &t->keys[key->slot], &form))
		return fail(ERR_UNSUPPORTED, "no PUK is known");
	return verify_form(t, ch, &form, puk, ret);
}

enum err
pkcs15_logout(void *state, struct channel *ch, const struct card_key *key)
{
	const struct pkcs15 *t = state;
	struct profile_apdu cmd;
	unsigned sw;
	enum err r;

	if (t->p->logout.n == 0)
		return ERR_NOT_FOUND;
	profile_apdu(&t->p->logout, key->pin_ref, &cmd);
	if ((r = channel_send(ch, &cmd.a, NULL, &sw)) != ERR_OK)
		return note(r, "log out");
	return sw == SW_OK ? ERR_OK :
	    fail(ERR_CARD, "log out: %s (%04x)", sw_name(sw), sw);
}
