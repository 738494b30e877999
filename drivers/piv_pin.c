/* SPDX-License-Identifier: EUPL-1.2 */
/* PIN and PUK of a PIV card (pt2 sections 3.2.1 to 3.2.3). */
#include "drivers/piv.h"

#include "iso7816/sw.h"

#define TRIES_MAX	15	/* a counter that says more is not believed */

static bool
tries_in(const struct profile *p, unsigned sw, int *ret)
{
	if (p->pin_630x && (sw & 0xfff0) == 0x6300 && sw != SW_WARNING_CHANGED) {
		*ret = (int)(sw & 0xf);
		return true;
	}
	return sw_tries(sw, ret);
}

/* What the card says to a PIN or PUK. */
static enum err
pin_result(const struct profile *p, const char *what, unsigned sw, struct pin_state *ret)
{
	struct pin_state s = { .tries = -1 };

	if (sw == SW_OK)
		return ERR_OK;
	if (sw == SW_REFERENCE_UNUSABLE)
		return fail(ERR_PIN_UNSET, "%s: %s (%04x)", what, sw_name(sw), sw);
	if (!tries_in(p, sw, &s.tries) && sw != SW_WARNING_CHANGED && sw != SW_BLOCKED)
		return fail(ERR_CARD, "%s: %s (%04x)", what, sw_name(sw), sw);
	s.blocked = sw == SW_BLOCKED || s.tries == 0;
	s.last_try = s.tries == 1;
	if (s.blocked)
		s.tries = 0;
	*ret = s;
	return fail(s.blocked ? ERR_PIN_BLOCKED : ERR_PIN_WRONG, "%s: %s (%04x)", what,
	    sw_name(sw), sw);
}

/* Where a new one went along: 6985 is what YubiKeys have for one that is too simple. */
static enum err
new_result(const struct profile *p, const char *what, unsigned sw, struct pin_state *ret)
{
	if (sw == SW_BAD_DATA || sw == SW_CONDITIONS)
		return fail(ERR_PIN_REFUSED, "%s: %s (%04x)", what, sw_name(sw), sw);
	return pin_result(p, what, sw, ret);
}

/* 6 to 8 bytes, filled with FF, which therefore is in none (pt1 section 4.3). */
static enum err
put_secret(const struct profile *p, const struct secret *in, struct secret *ret)
{
	if (in->len < p->pin_min || in->len > p->pin_max || in->len > PIV_SECRET_LEN ||
	    memchr(in->p, 0xff, in->len) != NULL)
		return fail(ERR_PIN_LENGTH, "nothing was sent");
	memset(ret->p, 0xff, PIV_SECRET_LEN);
	memcpy(ret->p, in->p, in->len);
	ret->len = PIV_SECRET_LEN;
	return ERR_OK;
}

/*
 * A PIN is digits, and whatever can be typed where the card takes more (pt2 section
 * 2.4.3); control characters are in none.  A PUK is eight bytes of any value.
 */
static enum err
pin_is_possible(const struct profile *p, const struct secret *pin)
{
	for (size_t i = 0; i < pin->len; i++) {
		uint8_t c = pin->p[i];

		if (c < 0x20 || c == 0x7f || (p->pin_digits && (c < '0' || c > '9')))
			return fail(ERR_PIN_LENGTH, "nothing was sent");
	}
	return ERR_OK;
}

static enum err
put_pin(const struct profile *p, const struct secret *pin, struct secret *ret)
{
	enum err r = pin_is_possible(p, pin);

	return r == ERR_OK ? put_secret(p, pin, ret) : r;
}

/* Two, one behind the other. */
static enum err
put_pair(const struct profile *p, const struct secret *first, const struct secret *second,
    struct secret *ret)
{
	AUTO(secret_wipe) struct secret other = { .len = 0 };
	enum err r;

	if ((r = put_secret(p, first, ret)) != ERR_OK ||
	    (r = put_secret(p, second, &other)) != ERR_OK)
		return r;
	memcpy(ret->p + ret->len, other.p, other.len);
	ret->len += other.len;
	return ERR_OK;
}

static struct pin_rules
rules_of(const struct profile *p, uint8_t ref)
{
	return (struct pin_rules){
		.min = p->pin_min,
		.max = p->pin_max < PIV_SECRET_LEN ? p->pin_max : PIV_SECRET_LEN,
		.digits_only = p->pin_digits, .ref = ref,
		.block = PIV_SECRET_LEN, .pad = 0xff,
	};
}

enum err
piv_pin_rules(void *state, const struct card_key *key, struct pin_rules *ret)
{
	const struct piv *v = state;

	if (key->no_pin)
		return ERR_NOT_FOUND;
	*ret = rules_of(v->p, key->pin_ref);
	return ERR_OK;
}

enum err
piv_puk_rules(void *state, const struct card_key *key, struct pin_rules *ret)
{
	const struct piv *v = state;

	/* RESET RETRY COUNTER is for the PIN of the application (pt2 section 3.2.3). */
	if (key->no_pin || key->pin_ref != PIV_PIN_REF)
		return ERR_NOT_FOUND;
	*ret = rules_of(v->p, PIV_PUK_REF);
	ret->digits_only = false;
	return ERR_OK;
}

enum err
piv_get_metadata(struct piv *v, struct channel *ch, uint8_t ref, struct buf *ret)
{
	const struct apdu a = { .ins = 0xf7, .p2 = ref, .le = APDU_LE_MAX, .head = true };
	unsigned sw;
	enum err r;

	if (v->no_metadata)
		return ERR_NOT_FOUND;
	if ((r = channel_send(ch, &a, ret, &sw)) != ERR_OK)
		return note(r, "GET METADATA");
	v->no_metadata = sw_unsupported(sw);
	return sw == SW_OK || sw_more(sw) ? ERR_OK : ERR_NOT_FOUND;
}

/* Of a PIN or PUK. */
static enum err
ask_metadata(struct piv *v, struct channel *ch, uint8_t ref, struct pin_state *ret)
{
	AUTO(buf_free) struct buf reply = BUF(APDU_REPLY_MAX);
	unsigned left;
	enum err r = piv_get_metadata(v, ch, ref, &reply);

	if (r != ERR_OK)
		return r;
	if (!piv_tries_left(buf_view(&reply), &left) || left > TRIES_MAX)
		return ERR_NOT_FOUND;
	ret->tries = (int)left;
	ret->must_change = piv_is_default(buf_view(&reply));
	return ERR_OK;
}

/* VERIFY without a PIN: only for cards that are known not to count it (vector 41). */
static enum err
ask_verify(const struct piv *v, struct channel *ch, uint8_t ref, struct pin_state *ret)
{
	const struct apdu a = { .ins = 0x20, .p2 = ref };
	unsigned sw;
	enum err r = channel_send(ch, &a, NULL, &sw);

	if (r != ERR_OK)
		return note(r, "tries");
	if (sw == SW_BLOCKED)
		ret->tries = 0;
	else if (!tries_in(v->p, sw, &ret->tries))
		return ERR_NOT_FOUND;
	return ERR_OK;
}

static enum err
ask_tries(struct piv *v, struct channel *ch, uint8_t ref, struct pin_state *ret)
{
	struct pin_state s = { .tries = -1 };
	enum err r = ERR_NOT_FOUND;

	if (v->p->tries == TRIES_METADATA)
		r = ask_metadata(v, ch, ref, &s);
	/* No such question can be put about the PUK. */
	if (r == ERR_NOT_FOUND && ref != PIV_PUK_REF &&
	    (v->p->tries == TRIES_METADATA || v->p->tries == TRIES_EMPTY_VERIFY))
		r = ask_verify(v, ch, ref, &s);
	if (r != ERR_OK)
		return r;
	s.blocked = s.tries == 0;
	s.last_try = s.tries == 1;
	*ret = s;
	return ERR_OK;
}

enum err
piv_tries(void *state, struct channel *ch, const struct card_key *key,
    struct pin_state *ret)
{
	return ask_tries(state, ch, key->pin_ref, ret);
}

enum err
piv_puk_tries(void *state, struct channel *ch, const struct card_key *key UNUSED,
    struct pin_state *ret)
{
	return ask_tries(state, ch, PIV_PUK_REF, ret);
}

enum err
piv_verify(void *state, struct channel *ch, const struct card_key *key,
    const struct secret *pin, struct pin_state *ret)
{
	AUTO(secret_wipe) struct secret padded = { .len = 0 };
	struct apdu a = { .ins = 0x20, .p2 = key->pin_ref, .secret = true };
	struct piv *v = state;
	const struct pin_rules rules = rules_of(v->p, key->pin_ref);
	unsigned sw;
	enum err r;

	if (key->no_pin)
		return fail(ERR_UNSUPPORTED, "a key without a PIN");
	/* Nothing may come between the PIN and the key that wants it each time: so what
	 * must be known of the key is read now (pt2 section 3.2.4). */
	if ((pin != NULL && (r = put_pin(v->p, pin, &padded)) != ERR_OK) ||
	    (r = piv_learn(v, ch, key->slot)) != ERR_OK)
		return r;
	a.data = secret_view(&padded);
	r = pin != NULL ? channel_send(ch, &a, NULL, &sw) :
	    channel_pad(ch, PAD_VERIFY, &a, &rules, &sw);
	if (r != ERR_OK)
		return note(r, "VERIFY");
	return pin_result(v->p, "VERIFY", sw, ret);
}

enum err
piv_logout(void *state, struct channel *ch, const struct card_key *key)
{
	const struct piv *v = state;
	struct profile_apdu cmd;
	unsigned sw;
	enum err r;

	if (v->p->logout.n == 0)
		return ERR_NOT_FOUND;
	profile_apdu(&v->p->logout, key->pin_ref, &cmd);
	if ((r = channel_send(ch, &cmd.a, NULL, &sw)) != ERR_OK)
		return note(r, "log out");
	if (sw_unsupported(sw) || sw == SW_BAD_DATA)
		return ERR_NOT_FOUND;	/* made before SP 800-73-4 */
	return sw == SW_OK ? ERR_OK :
	    fail(ERR_CARD, "log out: %s (%04x)", sw_name(sw), sw);
}

enum err
piv_change(void *state, struct channel *ch, const struct card_key *key,
    enum card_secret which, const struct secret *old, const struct secret *new,
    struct pin_state *ret)
{
	AUTO(secret_wipe) struct secret both = { .len = 0 };
	struct apdu a = { .ins = 0x24, .secret = true };
	const struct piv *v = state;
	const struct pin_rules rules = rules_of(v->p, key->pin_ref);
	unsigned sw;
	enum err r;

	if (key->no_pin)
		return fail(ERR_UNSUPPORTED, "a key without a PIN");
	if (old != NULL && which == CARD_PIN &&
	    ((r = pin_is_possible(v->p, old)) != ERR_OK ||
	    (r = pin_is_possible(v->p, new)) != ERR_OK))
		return r;
	if (old != NULL && (r = put_pair(v->p, old, new, &both)) != ERR_OK)
		return r;
	a.p2 = which == CARD_PIN ? key->pin_ref : PIV_PUK_REF;
	a.data = secret_view(&both);
	r = old != NULL ? channel_send(ch, &a, NULL, &sw) :
	    channel_pad(ch, PAD_CHANGE, &a, &rules, &sw);
	if (r != ERR_OK)
		return note(r, "CHANGE REFERENCE DATA");
	return new_result(v->p, "CHANGE REFERENCE DATA", sw, ret);
}

/* The PUK goes in the same command; the counter in the reply is the PUK's. */
enum err
piv_unblock(void *state, struct channel *ch, const struct card_key *key,
    const struct secret *puk, const struct secret *new, struct pin_state *ret)
{
	AUTO(secret_wipe) struct secret both = { .len = 0 };
	struct apdu a = { .ins = 0x2c, .p2 = PIV_PIN_REF, .secret = true };
	const struct piv *v = state;
	const struct pin_rules rules = rules_of(v->p, key->pin_ref);
	unsigned sw;
	enum err r;

	if (key->no_pin || key->pin_ref != PIV_PIN_REF)
		return fail(ERR_UNSUPPORTED, "no PUK for the key's PIN");
	if (puk != NULL && ((r = pin_is_possible(v->p, new)) != ERR_OK ||
	    (r = put_pair(v->p, puk, new, &both)) != ERR_OK))
		return r;
	a.data = secret_view(&both);
	r = puk != NULL ? channel_send(ch, &a, NULL, &sw) :
	    channel_pad(ch, PAD_CHANGE, &a, &rules, &sw);
	if (r != ERR_OK)
		return note(r, "RESET RETRY COUNTER");
	return new_result(v->p, "RESET RETRY COUNTER", sw, ret);
}
