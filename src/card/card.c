/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What may be asked of a card, and the rules that hold for every driver: one
 * transaction, the same card as before, no try spent unasked, the PIN forgotten at the
 * end (DESIGN section 6).
 */
#include "card/card.h"

#include <assert.h>
#include <stdlib.h>

#include "card/file.h"
#include "card/inner.h"
#include "iso7816/digestinfo.h"

void
card_view_free(struct card_view *v)
{
	buf_free(&v->cert);
}

enum err
card_probe(struct card *c, struct card_cache *cache)
{
	AUTO(channel_end) struct channel ch = { 0 };

	c->cache = cache;
	return c->driver == NULL ? card_recognise(c, &ch) : ERR_OK;
}

enum err
card_open(struct reader *reader, const struct driver *const *drivers,
    const struct profile *const *profiles, struct card **ret)
{
	AUTO(card_close) struct card *c = calloc(1, sizeof(*c));
	enum err r;

	if (c == NULL)
		return fail(ERR_NOMEM, "card");
	c->reader = reader;
	c->drivers = drivers;
	c->profiles = profiles;
	c->cert.max = FILE_CERT_MAX;
	c->tries_seen = -1;
	if ((r = card_guess(c)) != ERR_OK)
		return r;
	*ret = c;
	c = NULL;
	return ERR_OK;
}

void
card_close(struct card **c)
{
	if (*c == NULL)
		return;
	if ((*c)->driver != NULL)
		(*c)->driver->close((*c)->state);
	channel_end(&(*c)->held);
	secret_wipe(&(*c)->puk);
	buf_free(&(*c)->cert);
	free(*c);
	*c = NULL;
}

const char *
card_driver(const struct card *c)
{
	return c->profile != NULL ? c->profile->kind : "";
}

const char *
card_profile_name(const struct card *c)
{
	return c->profile != NULL ? c->profile->name : "";
}

const char *
card_serial(const struct card *c)
{
	return c->serial;
}

int
card_login_rank(const struct card_key *key)
{
	if (key->algs == 0 || !key->has_cert || key->usage == KEY_SIGNATURE ||
	    key->usage == KEY_CONFIDENTIALITY || key->no_pin ||
	    key->presence != KEY_PRESENT)
		return 0;
	return key->usage == KEY_AUTHENTICATION ? 2 : 1;
}

const struct card_key *
card_login_key(const struct card_key *keys, size_t n)
{
	for (int rank = 2; rank > 0; rank--)
		for (size_t i = 0; i < n; i++)
			if (card_login_rank(&keys[i]) == rank)
				return &keys[i];
	/* Without a login key, the PIN of any key that can be used. */
	for (size_t i = 0; i < n; i++)
		if (keys[i].algs != 0 && !keys[i].no_pin && keys[i].presence == KEY_PRESENT)
			return &keys[i];
	return NULL;
}

/* The certificate of one key, into view if it suits.  ERR_NOT_FOUND: it does not. */
static enum err
try_key(struct card *c, struct channel *ch, const struct card_key *key,
    card_suits_fn *suits, void *arg, struct card_view *view)
{
	enum err r;

	buf_clear(&view->cert);
	if ((r = c->driver->cert(c->state, ch, key, &view->cert)) != ERR_OK)
		return r;
	if (suits != NULL && !suits(arg, buf_view(&view->cert)))
		return ERR_NOT_FOUND;
	view->key = *key;
	if (c->driver->update != NULL)
		c->driver->update(c->state, &view->key);
	return view->key.algs != 0 ? ERR_OK : ERR_NOT_FOUND;
}

static enum err
learn(struct card *c, struct channel *ch, card_suits_fn *suits, void *arg,
    struct card_view *view)
{
	struct card_key keys[CARD_KEYS_MAX];
	size_t n = 0;
	enum err r;

	if ((r = c->driver->keys(c->state, ch, keys, NELEM(keys), &n)) != ERR_OK)
		return note(r, "keys");
	for (int rank = 2; rank > 0; rank--)
		for (size_t i = 0; i < n; i++) {
			if (card_login_rank(&keys[i]) != rank)
				continue;
			r = try_key(c, ch, &keys[i], suits, arg, view);
			if (r != ERR_NOT_FOUND)
				return r;
		}
	return fail(ERR_NO_CERT, "%zu keys", n);
}

void
card_save(struct card *c)
{
	AUTO(buf_free) struct buf saved = BUF(SAVED_MAX);

	/* Without a serial nobody could say whose it is. */
	if (c->cache != NULL && !c->doubted && c->serial[0] != '\0' && c->cert.len != 0 &&
	    c->driver->save(c->state, &c->key, &saved) == ERR_OK)
		card_cache_put(c->cache, c->profile->name, c->serial, buf_view(&saved),
		    buf_view(&c->cert));
}

void
card_remember(struct card *c, const struct card_view *view)
{
	c->key = view->key;
	buf_clear(&c->cert);
	buf_cur(&c->cert, buf_view(&view->cert));
	if (!view->from_cache)
		card_save(c);
}

enum err
card_recall(struct card *c, struct channel *ch, card_suits_fn *suits, void *arg,
    struct card_key *keys, size_t max, size_t *ret_n, struct card_view *view)
{
	AUTO(buf_free) struct buf saved = BUF(SAVED_MAX);
	bool same = false;
	enum err r;

	if (c->cache == NULL || c->serial[0] == '\0')
		return ERR_NOT_FOUND;
	r = card_cache_get(c->cache, c->profile->name, c->serial, &saved, &view->cert);
	if (r == ERR_OK)
		r = c->driver->restore(c->state, buf_view(&saved), keys, max, ret_n);
	if (r != ERR_OK || (suits != NULL && !suits(arg, buf_view(&view->cert))))
		return ERR_NOT_FOUND;
	for (size_t i = 0; i < *ret_n; i++) {
		if (card_login_rank(&keys[i]) == 0)
			continue;
		r = c->driver->current(c->state, ch, &keys[i], buf_view(&view->cert),
		    &same);
		if (r != ERR_OK)
			return r;
		if (same) {
			view->key = keys[i];
			view->from_cache = true;
			return ERR_OK;
		}
	}
	return ERR_NOT_FOUND;
}

enum err
card_read_tries(struct card *c, struct channel *ch, const struct card_key *key,
    struct pin_state *ret)
{
	struct pin_state s = { .tries = -1 };
	enum err r = ERR_NOT_FOUND;

	if (c->cache != NULL && card_cache_query_costs(c->cache, c->profile->name))
		c->query_costs = true;
	if (!c->query_costs)
		r = c->driver->tries(c->state, ch, key, &s);
	if (r != ERR_OK && r != ERR_NOT_FOUND)
		return note(r, "tries");
	if (r == ERR_NOT_FOUND) {
		s = (struct pin_state){ .tries = -1 };
		s.last_try = c->cache != NULL && c->serial[0] != '\0' &&
		    card_cache_wrong_pins(c->cache, c->serial) >= CARD_WRONG_PINS;
	} else if (c->tries_seen > s.tries) {
		c->query_costs = true;
		if (c->cache != NULL)
			card_cache_set_query_costs(c->cache, c->profile->name);
	}
	c->tries_seen = s.tries;
	*ret = s;
	return ERR_OK;
}

static enum err
look(struct card *c, struct channel *ch, card_suits_fn *suits, void *arg,
    struct card_view *view)
{
	struct card_key keys[CARD_KEYS_MAX];
	size_t n;
	enum err r;

	if ((r = card_start(c, ch)) != ERR_OK)
		return r;
	r = card_recall(c, ch, suits, arg, keys, NELEM(keys), &n, view);
	if (r == ERR_NOT_FOUND)
		r = learn(c, ch, suits, arg, view);
	if (r != ERR_OK)
		return r;
	if (c->driver->pin_rules(c->state, &view->key, &view->rules) != ERR_OK)
		return fail(ERR_NO_CERT, "no PIN for the key");
	view->keypad = reader_keypad(c->reader, PAD_VERIFY, &view->rules) != NULL;
	return card_read_tries(c, ch, &view->key, &view->pin);
}

enum err
card_look(struct card *c, struct card_cache *cache, card_suits_fn *suits, void *arg,
    struct card_view *ret)
{
	AUTO(card_view_free) struct card_view view = { .cert = BUF(FILE_CERT_MAX) };
	AUTO(channel_end) struct channel ch = { 0 };
	enum err r;

	c->cache = cache;
	if ((r = look(c, &ch, suits, arg, &view)) != ERR_OK)
		return note(r, "look at the card");
	card_remember(c, &view);
	*ret = view;
	view.cert = (struct buf)BUF(0);
	return ERR_OK;
}

enum err
card_settle_keys(struct card *c, struct channel *ch, struct card_key *keys, size_t n)
{
	enum err r;

	if (c->driver->settle == NULL)
		return ERR_OK;
	r = c->driver->settle(c->state, ch, keys, n);
	return r == ERR_OK ? r : note(r, "which keys are there");
}

enum err
card_tries(struct card *c, const struct card_key *key, struct pin_state *ret)
{
	AUTO(channel_end) struct channel ch = { 0 };
	enum err r;

	if ((r = card_start(c, &ch)) != ERR_OK)
		return r;
	return card_read_tries(c, &ch, key, ret);
}

/* A statement has no nonce: an old one is as good as a new one, for the same certificate. */
static bool
keeps_attestation(const struct card *c, const struct card_key *key)
{
	return c->cache != NULL && c->serial[0] != '\0' && c->cert.len != 0 &&
	    key->slot == c->key.slot;
}

static enum err
ask_attestation(struct card *c, const struct card_key *key, struct buf *statement,
    struct buf *device)
{
	AUTO(channel_end) struct channel ch = { 0 };
	enum err r;

	if ((r = card_start(c, &ch)) != ERR_OK)
		return note(r, "attestation");
	return c->driver->attest(c->state, &ch, key, statement, device);
}

enum err
card_attest(struct card *c, const struct card_key *key, struct buf *ret_statement,
    struct buf *ret_device)
{
	AUTO(buf_free) struct buf statement = BUF(FILE_CERT_MAX), device = BUF(FILE_CERT_MAX);
	bool keep = keeps_attestation(c, key);
	enum err r = ERR_NOT_FOUND;

	if (c->driver->attest == NULL || !c->profile->attestation)
		return ERR_NOT_FOUND;
	if (keep)
		r = card_cache_get_attestation(c->cache, c->profile->name, c->serial,
		    buf_view(&c->cert), &statement, &device);
	if (r != ERR_OK) {
		if ((r = ask_attestation(c, key, &statement, &device)) != ERR_OK)
			return r;
		if (keep)
			card_cache_put_attestation(c->cache, c->profile->name, c->serial,
			    buf_view(&c->cert), buf_view(&statement), buf_view(&device));
	}
	buf_cur(ret_statement, buf_view(&statement));
	buf_cur(ret_device, buf_view(&device));
	r = buf_end(ret_statement) != ERR_OK ? buf_end(ret_statement) : buf_end(ret_device);
	return r == ERR_OK ? r : fail(r, "attestation");
}

enum err
card_check_events(struct card *c)
{
	uint32_t now = 0;
	enum err r = c->reader->ops->events(c->reader, &now);

	if (r != ERR_OK)
		return note(r, "event counter");
	if (now != c->reader->event_counter)
		return fail(ERR_CARD_CHANGED, "the card has been out");
	return ERR_OK;
}

/* Nothing that could cost a try has been sent before. */
enum err
card_may_try(const struct pin_state *s, bool allow_last)
{
	if (s->blocked)
		return fail(ERR_PIN_BLOCKED, "no tries are left");
	if (s->last_try && !allow_last)
		return fail(ERR_PIN_LAST_TRY, "one try is left");
	return ERR_OK;
}

unsigned
card_pin_goes(struct card *c, const struct secret *pin)
{
	return pin != NULL ? card_cache_pin_goes(c->cache, c->serial) : 0;
}

void
card_pin_went(struct card *c, const struct secret *pin, unsigned before, enum err verified)
{
	if (pin != NULL)
		card_cache_pin_went(c->cache, c->serial, before, verified);
	else
		card_cache_count_pin(c->cache, c->serial, verified);
}

/*
 * From before VERIFY on the card may be unlocked, whatever it answers; every way out
 * locks it again.  Only where it surely said no, nobody else's work is disturbed.
 */
static enum err
verify(struct card *c, struct channel *ch, const struct card_key *key,
    const struct secret *pin, struct pin_state *ret)
{
	unsigned before = card_pin_goes(c, pin);
	enum err r;

	ch->reset = true;
	c->tries_seen = -1;
	r = c->driver->verify(c->state, ch, key, pin, ret);
	if (!ch->dead &&
	    (r == ERR_PIN_WRONG || r == ERR_PIN_BLOCKED || r == ERR_PIN_LENGTH ||
	    r == ERR_PIN_UNSET || r == ERR_CANCELLED || r == ERR_TIMEOUT ||
	    r == ERR_UNSUPPORTED))
		ch->reset = false;
	card_pin_went(c, pin, before, r);
	return r;
}

enum err
card_sign(struct card *c, struct channel *ch, const struct card_key *key, enum key_alg alg,
    struct cur input, struct buf *ret)
{
	AUTO(buf_free) struct buf block = BUF(APDU_LONG_DATA);
	enum err r;

	if (alg != KEY_ALG_RSA_PKCS1 || (key->algs & KEY_ALG_RSA_PKCS1) != 0)
		return c->driver->sign(c->state, ch, key, alg, input, ret);
	if ((r = digestinfo_pad(input, (key->bits + 7) / 8, &block)) != ERR_OK)
		return r;
	return c->driver->sign(c->state, ch, key, KEY_ALG_RSA_RAW, buf_view(&block), ret);
}

static enum err
verify_and_sign(struct card *c, struct channel *ch, const struct card_key *key,
    enum key_alg alg, const struct secret *pin, struct cur input, struct buf *sig,
    struct pin_state *ret_pin)
{
	enum err r;

	if ((r = card_check_events(c)) != ERR_OK ||
	    (r = verify(c, ch, key, pin, ret_pin)) != ERR_OK)
		return r;
	r = card_sign(c, ch, key, alg, input, sig);
	/* The driver saw that the card has no PIN.  Only where each use takes it away, as
	 * the refused one did, is touch what was missing. */
	if (r == ERR_NOT_LOGGED_IN)
		return note(key->touch && key->always_auth ? ERR_NOT_TOUCHED :
		    ERR_CARD_INACTIVE, "after the right PIN");
	if (r != ERR_OK)
		return r;
	if (c->driver->logout(c->state, ch, key) == ERR_OK)
		ch->reset = false;
	return card_check_events(c);
}

enum err
card_pin_fits(struct card *c, const struct card_key *key, const struct secret *pin)
{
	struct pin_rules rules;

	if (c->driver->pin_rules(c->state, key, &rules) != ERR_OK)
		return fail(ERR_CARD, "no PIN for the key");
	if (pin == NULL)
		return ERR_OK;		/* the reader counts what is typed */
	if (pin->len < rules.min || pin->len > rules.max)
		return fail(ERR_PIN_LENGTH, "nothing was sent");
	return ERR_OK;
}

enum err
card_sign_once(struct card *c, const struct card_key *key, enum key_alg alg,
    const struct secret *pin, bool allow_last, struct cur input, struct buf *ret_sig,
    struct pin_state *ret_pin)
{
	AUTO(buf_free) struct buf sig = BUF(ret_sig->max);
	AUTO(channel_end) struct channel ch = { 0 };
	enum err r;

	assert(c->known);		/* key can only come from a look */
	*ret_pin = (struct pin_state){ .tries = -1 };
	if ((r = card_pin_fits(c, key, pin)) != ERR_OK ||
	    (r = card_start_secret(c, &ch)) != ERR_OK ||
	    (r = card_read_tries(c, &ch, key, ret_pin)) != ERR_OK ||
	    (r = card_may_try(ret_pin, allow_last)) != ERR_OK ||
	    (r = verify_and_sign(c, &ch, key, alg, pin, input, &sig, ret_pin)) != ERR_OK)
		return note(r, "sign with the card");
	buf_cur(ret_sig, buf_view(&sig));
	return buf_end(ret_sig);
}
