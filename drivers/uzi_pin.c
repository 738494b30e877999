/* SPDX-License-Identifier: EUPL-1.2 */
/* The PIN of a UZI pass: which one it is, how many tries it has, how it is sent. */
#include "drivers/uzi.h"

#include "iso7816/sw.h"

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

/* ERR_NOT_FOUND: not known without spending one. */
static enum err
tries_of(const struct profile *p, struct channel *ch, uint8_t ref, struct pin_state *ret)
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
uzi_find_pin(struct uzi *u, struct channel *ch)
{
	struct pin_state s;
	enum err r;

	u->has_fallback = false;
	if (u->n_pins != 0 || u->p->n_pin_refs == 0)
		return ERR_OK;
	u->fallback = u->p->pin_refs[0];
	if (u->p->n_pin_refs == 1) {
		u->has_fallback = true;
		return ERR_OK;
	}
	for (size_t i = 0; i < u->p->n_pin_refs && !u->has_fallback; i++) {
		r = tries_of(u->p, ch, u->p->pin_refs[i], &s);
		if (r != ERR_OK && r != ERR_NOT_FOUND)
			return r;
		u->has_fallback = r == ERR_OK;
		u->fallback = u->p->pin_refs[i];
	}
	return ERR_OK;
}

/*
 * The one usable PIN that protects the key.  NULL when there is none, or when it
 * cannot be told which: no PIN is sent to find out (vector 52).
 */
static const struct p15_pin *
pin_of(const struct uzi *u, const struct p15_key *key)
{
	const struct p15_pin *found = NULL;

	for (size_t i = 0; i < u->n_pins; i++) {
		if (!p15_pin_usable(&u->pins[i]))
			continue;
		if (key->c.auth_id.n != 0 &&
		    !p15_id_same(&u->pins[i].id, &key->c.auth_id))
			continue;
		if (found != NULL)
			return NULL;
		found = &u->pins[i];
	}
	return found;
}

bool
uzi_pin(const struct uzi *u, const struct p15_key *key, struct uzi_pin *ret)
{
	const struct profile *p = u->p;
	const struct p15_pin *pin = pin_of(u, key);
	struct uzi_pin f = {
		.rules = { p->pin_min, p->pin_max, p->pin_digits, u->fallback },
		.padded = p->pin_pad_len != 0,
		.pad = p->pin_pad,
		.pad_len = p->pin_pad_len,
	};

	if (pin == NULL && (u->n_pins != 0 || !u->has_fallback))
		return false;
	if (pin != NULL) {
		/* What both the card and the profile allow; else what the card does. */
		f.rules.min = pin->min > p->pin_min ? pin->min : p->pin_min;
		f.rules.max = pin->max < p->pin_max ? pin->max : p->pin_max;
		if (f.rules.min > f.rules.max) {
			f.rules.min = pin->min;
			f.rules.max = pin->max;
		}
		f.rules.ref = pin->ref;
		f.padded = (pin->flags & P15_PIN_PADDED) != 0;
		f.pad = pin->pad;
		f.pad_len = pin->stored;
		f.path = pin->path;
	}
	*ret = f;
	return true;
}

enum err
uzi_pin_rules(void *state, const struct card_key *key, struct pin_rules *ret)
{
	const struct uzi *u = state;
	struct uzi_pin form;

	if (!uzi_pin(u, &u->keys[key->slot], &form))
		return ERR_NOT_FOUND;
	*ret = form.rules;
	return ERR_OK;
}

enum err
uzi_tries(void *state, struct channel *ch, const struct card_key *key,
    struct pin_state *ret)
{
	const struct uzi *u = state;

	return tries_of(u->p, ch, key->pin_ref, ret);
}

/* What the card says to a PIN. */
static enum err
pin_result(unsigned sw, struct pin_state *ret)
{
	struct pin_state s = { .tries = -1 };

	if (sw == SW_OK)
		return ERR_OK;
	if (sw == SW_REFERENCE_UNUSABLE)
		return fail(ERR_PIN_UNSET, "VERIFY: %s (%04x)", sw_name(sw), sw);
	if (sw_tries(sw, &s.tries) || sw == SW_WARNING_CHANGED || sw == SW_BLOCKED) {
		s.blocked = sw == SW_BLOCKED || s.tries == 0;
		s.last_try = s.tries == 1;
		if (s.blocked)
			s.tries = 0;
		*ret = s;
		return fail(s.blocked ? ERR_PIN_BLOCKED : ERR_PIN_WRONG,
		    "VERIFY: %s (%04x)", sw_name(sw), sw);
	}
	return fail(ERR_CARD, "VERIFY: %s (%04x)", sw_name(sw), sw);
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

enum err
uzi_verify(void *state, struct channel *ch, const struct card_key *key,
    const struct secret *pin, struct pin_state *ret)
{
	AUTO(secret_wipe) struct secret padded = { .len = 0 };
	struct apdu a = { .ins = 0x20, .secret = true };
	const struct uzi *u = state;
	struct uzi_pin form;
	unsigned sw;
	enum err r;

	if (!uzi_pin(u, &u->keys[key->slot], &form))
		return fail(ERR_CARD, "no PIN for the key");
	if (!pin_is_possible(&form.rules, pin) ||
	    (form.padded && (form.pad_len > SECRET_MAX || pin->len > form.pad_len)))
		return fail(ERR_PIN_LENGTH, "nothing was sent");
	memcpy(padded.p, pin->p, pin->len);
	padded.len = pin->len;
	while (form.padded && padded.len < form.pad_len)
		padded.p[padded.len++] = form.pad;
	/* In the wrong folder it would be another PIN: a failure here ends it. */
	if (u->p->pin_path && form.path.n != 0 &&
	    (r = file_folder(ch, u->p, &form.path)) != ERR_OK)
		return note(r, "folder of the PIN");
	a.p2 = form.rules.ref;
	a.data = secret_view(&padded);
	if ((r = channel_send(ch, &a, NULL, &sw)) != ERR_OK)
		return note(r, "VERIFY");
	return pin_result(sw, ret);
}

enum err
uzi_logout(void *state, struct channel *ch, const struct card_key *key)
{
	const struct uzi *u = state;
	struct profile_apdu cmd;
	unsigned sw;
	enum err r;

	if (u->p->logout.n == 0)
		return ERR_NOT_FOUND;
	profile_apdu(&u->p->logout, key->pin_ref, &cmd);
	if ((r = channel_send(ch, &cmd.a, NULL, &sw)) != ERR_OK)
		return note(r, "log out");
	return sw == SW_OK ? ERR_OK :
	    fail(ERR_CARD, "log out: %s (%04x)", sw_name(sw), sw);
}
