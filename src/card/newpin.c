/* SPDX-License-Identifier: EUPL-1.2 */
/* Changing and unblocking a PIN so that nothing stays open behind it. */
#include "card/newpin.h"

#include <stdio.h>

#include "card/file.h"
#include "card/inner.h"

enum pin_fault
pin_check(const struct pin_rules *rules, const struct secret *pin)
{
	if (pin->len < rules->min)
		return PIN_SHORT;
	if (pin->len > rules->max)
		return PIN_LONG;
	for (size_t i = 0; i < pin->len; i++) {
		uint8_t c = pin->p[i];

		if (c < 0x20 || c > 0x7e || (rules->digits_only && (c < '0' || c > '9')))
			return PIN_STRANGE;
	}
	return PIN_FITS;
}

/* Our own wrong PUKs are counted beside our wrong PINs, under a name of their own. */
static void
puk_name(const struct card *c, char ret[static CARD_SERIAL_MAX + 4])
{
	snprintf(ret, CARD_SERIAL_MAX + 4, "puk %s", c->serial);
}

static bool
can_count(const struct card *c)
{
	return c->cache != NULL && c->serial[0] != '\0';
}

/* As card_pin_goes() and card_pin_went(); those who lose all PUKs need a new card. */
static unsigned
puk_goes(const struct card *c, const struct secret *puk)
{
	char name[CARD_SERIAL_MAX + 4];

	if (!can_count(c) || puk == NULL)
		return 0;
	puk_name(c, name);
	return card_cache_pin_goes(c->cache, name);
}

static void
puk_went(const struct card *c, const struct secret *puk, unsigned before, enum err verified)
{
	char name[CARD_SERIAL_MAX + 4];

	if (!can_count(c))
		return;
	puk_name(c, name);
	if (puk != NULL)
		card_cache_pin_went(c->cache, name, before, verified);
	else
		card_cache_count_pin(c->cache, name, verified);
}

/* As card_read_tries(), for the PUK. */
static enum err
read_puk_tries(struct card *c, struct channel *ch, const struct card_key *key,
    struct pin_state *ret)
{
	struct pin_state s = { .tries = -1 };
	char name[CARD_SERIAL_MAX + 4];
	enum err r = ERR_NOT_FOUND;

	if (c->driver->puk_tries != NULL && !c->query_costs)
		r = c->driver->puk_tries(c->state, ch, key, &s);
	if (r != ERR_OK && r != ERR_NOT_FOUND)
		return note(r, "tries of the PUK");
	if (r == ERR_NOT_FOUND) {
		puk_name(c, name);
		s = (struct pin_state){ .tries = -1 };
		s.last_try = can_count(c) &&
		    card_cache_wrong_pins(c->cache, name) >= CARD_WRONG_PINS;
	}
	*ret = s;
	return ERR_OK;
}

/* A card without a serial is known by the certificate of its login key. */
static enum err
know_by_certificate(struct card *c, struct channel *ch, const struct card_key *key)
{
	AUTO(card_view_free) struct card_view view = { .key = *key, .cert = BUF(FILE_CERT_MAX) };
	enum err r;

	if (c->serial[0] != '\0' || c->cert.len != 0 || !key->has_cert)
		return ERR_OK;
	r = c->driver->cert(c->state, ch, key, &view.cert);
	if (r == ERR_OK)
		card_remember(c, &view);
	return r == ERR_NOT_FOUND ? ERR_OK : r;
}

static enum err
look_at_puk(struct card *c, struct channel *ch, struct card_pins *v)
{
	v->has_puk = c->driver->puk_rules != NULL &&
	    c->driver->puk_rules(c->state, &v->key, &v->puk_rules) == ERR_OK;
	if (!v->has_puk)
		return ERR_OK;
	v->can_unblock = c->driver->unblock != NULL;
	/* The PUK first, and then the new PIN; or both in one command. */
	v->keypad_unblock = v->can_unblock && (c->driver->puk_verify != NULL ?
	    reader_keypad(c->reader, PAD_VERIFY, &v->puk_rules) != NULL &&
	    reader_keypad(c->reader, PAD_NEW, &v->rules) != NULL :
	    reader_keypad(c->reader, PAD_CHANGE, &v->puk_rules) != NULL);
	return read_puk_tries(c, ch, &v->key, &v->puk);
}

static enum err
look(struct card *c, struct channel *ch, struct card_pins *v)
{
	struct card_key keys[CARD_KEYS_MAX];
	const struct card_key *key;
	size_t n = 0;
	enum err r;

	if ((r = card_start(c, ch)) != ERR_OK)
		return r;
	if ((r = c->driver->keys(c->state, ch, keys, NELEM(keys), &n)) != ERR_OK)
		return note(r, "keys");
	key = card_login_key(keys, n);
	if (key == NULL && (r = card_settle_keys(c, ch, keys, n)) != ERR_OK)
		return r;
	if (key == NULL)
		key = card_login_key(keys, n);
	if (key == NULL || c->driver->pin_rules(c->state, key, &v->rules) != ERR_OK)
		return fail(ERR_UNSUPPORTED, "no PIN is known for %zu keys", n);
	v->key = *key;
	v->can_change = c->driver->change != NULL;
	v->keypad_change = v->can_change &&
	    reader_keypad(c->reader, PAD_CHANGE, &v->rules) != NULL;
	if ((r = know_by_certificate(c, ch, key)) != ERR_OK ||
	    (r = card_read_tries(c, ch, key, &v->pin)) != ERR_OK)
		return r;
	return look_at_puk(c, ch, v);
}

enum err
card_pins(struct card *c, struct card_cache *cache, struct card_pins *ret)
{
	AUTO(channel_end) struct channel ch = { 0 };
	enum err r;

	*ret = (struct card_pins){ .pin.tries = -1, .puk.tries = -1 };
	c->cache = cache;
	r = look(c, &ch, ret);
	return r == ERR_OK ? r : note(r, "look at the PIN");
}

/* The card said no to the secret, or never saw it: then nothing is open. */
static bool
nothing_opened(const struct channel *ch, enum err r)
{
	return !ch->dead && (r == ERR_PIN_WRONG || r == ERR_PIN_BLOCKED ||
	    r == ERR_PIN_LENGTH || r == ERR_PIN_UNSET || r == ERR_CANCELLED ||
	    r == ERR_TIMEOUT || r == ERR_MISMATCH || r == ERR_UNSUPPORTED);
}

/* No answer came: what the card has done, nobody knows. */
static bool
is_in_doubt(enum err r)
{
	return r == ERR_IO || r == ERR_REMOVED || r == ERR_CARD_RESET || r == ERR_NO_SERVICE;
}

static enum err
both_fit(const struct pin_rules *of_proof, const struct pin_rules *of_fresh,
    const struct card_newpin *n)
{
	if (n->proof == NULL && n->fresh == NULL)
		return ERR_OK;		/* the reader counts what is typed */
	if (pin_check(of_proof, n->proof) != PIN_FITS ||
	    pin_check(of_fresh, n->fresh) != PIN_FITS)
		return fail(ERR_PIN_LENGTH, "nothing was sent");
	return ERR_OK;
}

static enum err
change_fits(struct card *c, const struct card_key *key, const struct card_newpin *n)
{
	struct pin_rules pin;

	if (c->driver->change == NULL ||
	    c->driver->pin_rules(c->state, key, &pin) != ERR_OK)
		return fail(ERR_UNSUPPORTED, "no way to change it is known");
	return both_fit(&pin, &pin, n);
}

static enum err
change(struct card *c, struct channel *ch, const struct card_key *key, struct card_newpin *n)
{
	unsigned before = card_pin_goes(c, n->proof);
	enum err r;

	ch->reset = true;
	c->tries_seen = -1;
	r = c->driver->change(c->state, ch, key, CARD_PIN, n->proof, n->fresh, &n->left);
	n->in_doubt = is_in_doubt(r);
	card_pin_went(c, n->proof, before, r);
	if (nothing_opened(ch, r) ||
	    (r == ERR_OK && c->driver->logout(c->state, ch, key) == ERR_OK))
		ch->reset = false;
	return r;
}

enum err
card_change_once(struct card *c, const struct card_key *key, struct card_newpin *n)
{
	AUTO(channel_end) struct channel ch = { 0 };
	enum err r;

	n->left = (struct pin_state){ .tries = -1 };
	n->in_doubt = false;
	if ((r = change_fits(c, key, n)) != ERR_OK ||
	    (r = card_start_secret(c, &ch)) != ERR_OK ||
	    (r = card_read_tries(c, &ch, key, &n->left)) != ERR_OK ||
	    (r = card_may_try(&n->left, n->allow_last)) != ERR_OK ||
	    (r = card_check_events(c)) != ERR_OK ||
	    (r = change(c, &ch, key, n)) != ERR_OK)
		return note(r, "change the PIN");
	return ERR_OK;
}

static enum err
unblock_fits(struct card *c, const struct card_key *key, const struct card_newpin *n)
{
	struct pin_rules pin, puk;

	if (c->driver->puk_rules == NULL || c->driver->unblock == NULL ||
	    c->driver->puk_rules(c->state, key, &puk) != ERR_OK ||
	    c->driver->pin_rules(c->state, key, &pin) != ERR_OK)
		return fail(ERR_UNSUPPORTED, "no way to unblock is known");
	return both_fit(&puk, &pin, n);
}

/* Where the PUK is proved by unblocking itself, one command does both. */
static enum err
unblock_at_once(struct card *c, struct channel *ch, const struct card_key *key,
    struct card_newpin *n)
{
	unsigned before = puk_goes(c, n->proof);
	enum err r = c->driver->unblock(c->state, ch, key, n->proof, n->fresh, &n->left);

	puk_went(c, n->proof, before, r);
	if (nothing_opened(ch, r))
		ch->reset = false;
	return r;
}

static enum err
unblock_after_puk(struct card *c, struct channel *ch, const struct card_key *key,
    struct card_newpin *n, bool *ret_proved)
{
	unsigned before = puk_goes(c, n->proof);
	struct pin_state unused;
	enum err r = c->driver->puk_verify(c->state, ch, key, n->proof, &n->left);

	*ret_proved = r == ERR_OK;
	puk_went(c, n->proof, before, r);
	if (nothing_opened(ch, r))
		ch->reset = false;
	if (r != ERR_OK)
		return r;
	/* From here on the PUK is open: whatever comes, RESET. */
	return c->driver->unblock(c->state, ch, key, NULL, n->fresh, &unused);
}

/* The log-out command names the PIN, and the PUK may be open too: so RESET. */
static enum err
unblock(struct card *c, struct channel *ch, const struct card_key *key, struct card_newpin *n)
{
	bool sent = true;
	enum err r;

	ch->reset = true;
	c->tries_seen = -1;
	r = c->driver->puk_verify == NULL ? unblock_at_once(c, ch, key, n) :
	    unblock_after_puk(c, ch, key, n, &sent);
	n->in_doubt = sent && is_in_doubt(r);
	if (r == ERR_OK)
		card_cache_count_pin(c->cache, c->serial, r);
	return r == ERR_NOT_LOGGED_IN ? note(ERR_CARD, "after the right PUK") : r;
}

enum err
card_unblock_once(struct card *c, const struct card_key *key, struct card_newpin *n)
{
	AUTO(channel_end) struct channel ch = { 0 };
	enum err r;

	n->left = (struct pin_state){ .tries = -1 };
	n->in_doubt = false;
	if ((r = unblock_fits(c, key, n)) != ERR_OK ||
	    (r = card_start_secret(c, &ch)) != ERR_OK ||
	    (r = read_puk_tries(c, &ch, key, &n->left)) != ERR_OK ||
	    (r = card_may_try(&n->left, n->allow_last)) != ERR_OK ||
	    (r = card_check_events(c)) != ERR_OK ||
	    (r = unblock(c, &ch, key, n)) != ERR_OK)
		return note(r, "unblock the PIN");
	return ERR_OK;
}
