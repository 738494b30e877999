/* SPDX-License-Identifier: EUPL-1.2 */
/* A card that is shared with other programs, and stays open between two calls. */
#include "card/session.h"

#include <sys/mman.h>

#include "card/file.h"
#include "card/inner.h"

void
card_contents_free(struct card_contents *v)
{
	buf_free(&v->cert);
}

const char *
card_title(const struct card *c)
{
	return c->profile->title;
}

const char *
card_maker(const struct card *c)
{
	return c->profile->maker;
}

/* Keys, from the cache if the card proves it; *ret_view has the certificate then. */
static enum err
find_keys(struct card *c, struct channel *ch, struct card_contents *v,
    struct card_view *ret_view)
{
	enum err r = card_recall(c, ch, NULL, NULL, v->keys, NELEM(v->keys), &v->n_keys,
	    ret_view);

	if (r == ERR_OK)
		return r;
	buf_clear(&ret_view->cert);
	if (r != ERR_NOT_FOUND)
		return r;
	r = c->driver->keys(c->state, ch, v->keys, NELEM(v->keys), &v->n_keys);
	return r == ERR_OK ? r : note(r, "keys");
}

static enum err
list_authorities(struct card *c, struct channel *ch, struct card_contents *v)
{
	enum err r = c->driver->authorities(c->state, ch, v->authorities,
	    NELEM(v->authorities), &v->n_authorities);

	v->listed = r == ERR_OK;
	return r == ERR_OK ? r : note(r, "authorities");
}

/* Few programs ask for them, and to read their directory costs commands. */
static enum err
recall_authorities(struct card *c, struct channel *ch, struct card_contents *v)
{
	const struct driver *d = c->driver;

	v->listed = d->authorities == NULL;
	if (v->listed || d->knows_authorities == NULL || !d->knows_authorities(c->state))
		return ERR_OK;
	return list_authorities(c, ch, v);
}

static void
find_keypad(struct card *c, struct card_contents *v)
{
	struct reader *r = c->reader;

	v->keypad = reader_keypad(r, PAD_VERIFY, &v->rules) != NULL;
	v->keypad_change = reader_keypad(r, PAD_CHANGE, &v->rules) != NULL;
	if (!v->has_puk)
		return;
	/* A card that only proves the PUK by unblocking is given one that we keep. */
	v->puk_keypad = c->driver->puk_verify != NULL &&
	    reader_keypad(r, PAD_VERIFY, &v->puk_rules) != NULL;
	v->keypad_new = c->driver->puk_verify != NULL && c->driver->unblock != NULL &&
	    reader_keypad(r, PAD_NEW, &v->rules) != NULL;
	v->puk_keypad_change = reader_keypad(r, PAD_CHANGE, &v->puk_rules) != NULL;
}

static enum err
find_pins(struct card *c, struct channel *ch, struct card_contents *v)
{
	if (v->login == NULL)
		return ERR_OK;
	if (c->driver->pin_rules(c->state, v->login, &v->rules) != ERR_OK) {
		v->login = NULL;
		return ERR_OK;
	}
	v->has_puk = c->driver->puk_rules != NULL &&
	    c->driver->puk_rules(c->state, v->login, &v->puk_rules) == ERR_OK;
	find_keypad(c, v);
	return card_read_tries(c, ch, v->login, &v->pin);
}

/* The key that logs in; with its certificate, where that costs nothing more. */
static enum err
find_login(struct card *c, struct channel *ch, struct card_contents *v,
    struct card_view *view)
{
	struct card_key *key;
	enum err r;

	v->login = card_login_key(v->keys, v->n_keys);
	if (v->login == NULL) {
		if ((r = card_settle_keys(c, ch, v->keys, v->n_keys)) != ERR_OK)
			return r;
		v->login = card_login_key(v->keys, v->n_keys);
	}
	if (v->login == NULL || view->cert.len != 0 || c->driver->has_read == NULL ||
	    !c->driver->has_read(c->state, v->login))
		return ERR_OK;
	key = &v->keys[v->login - v->keys];
	r = c->driver->cert(c->state, ch, key, &view->cert);
	if (r != ERR_OK)
		buf_clear(&view->cert);
	if (r != ERR_OK)
		return r == ERR_NOT_FOUND ? ERR_OK : note(r, "certificate");
	if (c->driver->update != NULL)
		c->driver->update(c->state, key);
	view->key = *key;
	return ERR_OK;
}

static enum err
inspect(struct card *c, struct channel *ch, struct card_contents *v)
{
	AUTO(card_view_free) struct card_view view = { .cert = BUF(FILE_CERT_MAX) };
	enum err r;

	if ((r = card_start(c, ch)) != ERR_OK ||
	    (r = find_keys(c, ch, v, &view)) != ERR_OK ||
	    (r = recall_authorities(c, ch, v)) != ERR_OK)
		return r;
	if ((r = find_login(c, ch, v, &view)) != ERR_OK)
		return r;
	if (view.cert.len != 0) {
		card_remember(c, &view);
		/* What was kept may be the certificate of another login key. */
		if (v->login != NULL && v->login->slot == view.key.slot)
			buf_cur(&v->cert, buf_view(&view.cert));
	}
	return find_pins(c, ch, v);
}

enum err
card_inspect(struct card *c, struct card_cache *cache, struct card_contents *ret)
{
	AUTO(channel_end) struct channel ch = { 0 };
	enum err r;

	*ret = (struct card_contents){ .cert = BUF(FILE_CERT_MAX), .pin = { .tries = -1 } };
	c->cache = cache;
	r = inspect(c, &ch, ret);
	if (r == ERR_OK)
		r = buf_end(&ret->cert);
	return r == ERR_OK ? r : note(r, "look at the card");
}

/* For reading only: the reader tells when it is another card, so no serial is asked. */
static enum err
resume(struct card *c, struct channel *ch)
{
	enum err r = card_begin(c, ch);

	if (r == ERR_OK)
		r = card_select(c, ch);
	return r == ERR_NOT_MINE ? fail(ERR_CARD_CHANGED, "the application is not there") : r;
}

static bool
is_unsure(const struct card_contents *v)
{
	for (size_t i = 0; i < v->n_keys; i++)
		if (v->keys[i].presence == KEY_UNSURE)
			return true;
	return false;
}

enum err
card_settle(struct card *c, struct card_contents *v)
{
	AUTO(channel_end) struct channel ch = { 0 };
	enum err r;

	if (!is_unsure(v))
		return ERR_OK;
	if ((r = resume(c, &ch)) != ERR_OK)
		return r;
	return card_settle_keys(c, &ch, v->keys, v->n_keys);
}

enum err
card_list_authorities(struct card *c, struct card_contents *v)
{
	AUTO(channel_end) struct channel ch = { 0 };
	enum err r;

	if (v->listed)
		return ERR_OK;
	if ((r = resume(c, &ch)) != ERR_OK || (r = list_authorities(c, &ch, v)) != ERR_OK)
		return r;
	card_save(c);
	return ERR_OK;
}

/* The cache is filled when a login certificate was read that can be proved later. */
static void
keep(struct card *c, const struct card_key *key, struct cur cert)
{
	AUTO(card_view_free) struct card_view view = { .key = *key, .cert = BUF(FILE_CERT_MAX) };
	AUTO(buf_free) struct buf saved = BUF(SAVED_MAX);

	if (card_login_rank(key) == 0 || c->driver->save(c->state, key, &saved) != ERR_OK)
		return;
	buf_cur(&view.cert, cert);
	if (buf_end(&view.cert) == ERR_OK)
		card_remember(c, &view);
}

enum err
card_read_cert(struct card *c, struct card_key *key, struct buf *ret_der)
{
	AUTO(buf_free) struct buf der = BUF(FILE_CERT_MAX);
	AUTO(channel_end) struct channel ch = { 0 };
	enum err r;

	if ((r = resume(c, &ch)) != ERR_OK)
		return r;
	r = c->driver->cert(c->state, &ch, key, &der);
	if (r != ERR_OK)
		return r == ERR_NOT_FOUND ? fail(ERR_NO_CERT, "of this key") : r;
	if (c->driver->update != NULL)
		c->driver->update(c->state, key);
	keep(c, key, buf_view(&der));
	buf_cur(ret_der, buf_view(&der));
	return buf_end(ret_der);
}

enum err
card_read_authority(struct card *c, const struct card_authority *a, struct buf *ret_der)
{
	AUTO(channel_end) struct channel ch = { 0 };
	enum err r;

	if ((r = resume(c, &ch)) != ERR_OK)
		return r;
	r = c->driver->authority(c->state, &ch, a, ret_der);
	return r == ERR_NOT_FOUND ? fail(ERR_NO_CERT, "of this authority") : r;
}

void
card_doubt(struct card *c)
{
	if (c->cache != NULL && !c->doubted)
		card_cache_drop(c->cache, c->profile->name, c->serial);
	c->doubted = true;
}

/* Nobody is asked for a PIN that cannot be the right one any more. */
static enum err
worth_typing(struct card *c, struct channel *ch, const struct card_key *key,
    struct pin_state *ret)
{
	enum err r = card_read_tries(c, ch, key, ret);

	return r == ERR_OK && ret->blocked ? fail(ERR_PIN_BLOCKED, "no tries are left") : r;
}

static enum err
verify(struct card *c, struct channel *ch, const struct card_key *key,
    const struct secret *pin, struct pin_state *ret)
{
	unsigned before;
	enum err r;

	secret_wipe(&c->puk);
	*ret = (struct pin_state){ .tries = -1 };
	if ((r = card_pin_fits(c, key, pin)) != ERR_OK ||
	    (r = card_start_secret(c, ch)) != ERR_OK ||
	    (r = card_check_events(c)) != ERR_OK)
		return r;
	if (pin == NULL && (r = worth_typing(c, ch, key, ret)) != ERR_OK)
		return r;
	c->tries_seen = -1;
	before = card_pin_goes(c, pin);
	r = c->driver->verify(c->state, ch, key, pin, ret);
	card_pin_went(c, pin, before, r);
	return r;
}

enum err
card_verify(struct card *c, const struct card_key *key, const struct secret *pin,
    struct pin_state *ret_pin)
{
	AUTO(channel_end) struct channel ch = { 0 };

	(void)card_release(c);
	return verify(c, &ch, key, pin, ret_pin);
}

enum err
card_hold(struct card *c, const struct card_key *key, const struct secret *pin,
    struct pin_state *ret_pin)
{
	enum err r;

	(void)card_release(c);
	r = verify(c, &c->held, key, pin, ret_pin);
	if (r == ERR_OK)
		c->held_for = key;
	else
		(void)card_release(c);
	return r;
}

const struct card_key *
card_release(struct card *c)
{
	const struct card_key *key = c->held_for;

	c->held_for = NULL;
	if (key != NULL && c->driver->logout(c->state, &c->held, key) != ERR_OK)
		key = NULL;
	channel_end(&c->held);
	return key;
}

bool
card_is_held(const struct card *c)
{
	return c->held.reader != NULL;
}

static enum err
operate(struct card *c, struct channel *ch, const struct card_key *key, enum key_alg alg,
    struct cur input, struct buf *out)
{
	if ((alg & (KEY_ALG_RSA_DECRYPT | KEY_ALG_RSA_DECRYPT_RAW | KEY_ALG_ECDH)) == 0)
		return card_sign(c, ch, key, alg, input, out);
	if (c->driver->decipher == NULL)
		return fail(ERR_UNSUPPORTED, "decipher");
	return c->driver->decipher(c->state, ch, key, alg, input, out);
}

/* A card that asks for each use forgets the PIN with it; or it has done so already. */
static enum err
operate_held(struct card *c, const struct card_key *key, enum key_alg alg,
    struct cur input, struct buf *out)
{
	enum err r = operate(c, &c->held, key, alg, input, out);

	if (key == c->held_for && ((r == ERR_OK && key->always_auth) || r == ERR_NOT_LOGGED_IN))
		c->held_for = NULL;
	return r;
}

/* Without SELECT at first: as a rule nobody else was here, and it may log out. */
static enum err
operate_alone(struct card *c, const struct card_key *key, enum key_alg alg,
    struct cur input, struct buf *out)
{
	AUTO(channel_end) struct channel ch = { 0 };
	enum err r = card_begin(c, &ch);

	if (r != ERR_OK)
		return r;
	if (c->profile->channel == 0) {
		r = operate(c, &ch, key, alg, input, out);
		if (r != ERR_CARD && r != ERR_NOT_LOGGED_IN)
			return r;
		buf_clear(out);
	}
	if ((r = card_identify(c, &ch)) != ERR_OK)
		return r;
	return operate(c, &ch, key, alg, input, out);
}

enum err
card_use(struct card *c, const struct card_key *key, enum key_alg alg, struct cur input,
    struct buf *ret)
{
	AUTO(buf_free) struct buf out = BUF(ret->max);
	enum err r;

	if (card_is_held(c))
		r = operate_held(c, key, alg, input, &out);
	else
		r = operate_alone(c, key, alg, input, &out);
	if (r == ERR_OK)
		r = card_check_events(c);
	if (r != ERR_OK)
		return note(r, "use a key");
	buf_cur(ret, buf_view(&out));
	return buf_end(ret);
}

enum err
card_logout(struct card *c, const struct card_key *key, bool reset)
{
	AUTO(channel_end) struct channel ch = { 0 };
	enum err r;

	(void)card_release(c);
	secret_wipe(&c->puk);
	if (!card_has_logout(c) && !reset)
		return ERR_NOT_FOUND;	/* without a command for a command that is not there */
	if ((r = resume(c, &ch)) != ERR_OK)
		return note(r, "log out");
	r = c->driver->logout(c->state, &ch, key);
	ch.reset = r != ERR_OK && reset;
	return r;
}

bool
card_has_logout(const struct card *c)
{
	return c->profile->logout.n != 0;
}

/*
 * The one secret on the heap: C_Login and C_InitPIN are two calls, and the card wants
 * the PUK in the second.  The page stays locked, as others may have locked it too.
 */
static enum err
keep_puk(struct card *c, const struct card_key *key, const struct secret *puk)
{
	struct pin_rules rules;

	if (c->driver->unblock == NULL || c->driver->puk_rules == NULL ||
	    c->driver->puk_rules(c->state, key, &rules) != ERR_OK)
		return fail(ERR_UNSUPPORTED, "no PUK is known");
	if (puk->len < rules.min || puk->len > rules.max)
		return fail(ERR_PIN_LENGTH, "nothing was sent");
	(void)mlock(&c->puk, sizeof(c->puk));
	return secret_set(&c->puk, secret_view(puk));
}

enum err
card_verify_puk(struct card *c, const struct card_key *key, const struct secret *puk,
    struct pin_state *ret_puk)
{
	AUTO(channel_end) struct channel ch = { 0 };
	enum err r;

	*ret_puk = (struct pin_state){ .tries = -1 };
	(void)card_release(c);
	if (c->driver->puk_verify == NULL)
		return keep_puk(c, key, puk);
	if ((r = card_start_secret(c, &ch)) != ERR_OK ||
	    (r = card_check_events(c)) != ERR_OK)
		return r;
	return c->driver->puk_verify(c->state, &ch, key, puk, ret_puk);
}

enum err
card_change(struct card *c, const struct card_key *key, enum card_secret which, bool open,
    const struct secret *old, const struct secret *new, struct pin_state *ret_pin)
{
	AUTO(channel_end) struct channel ch = { 0 };
	struct pin_state s;
	unsigned before = 0;
	enum err r;

	*ret_pin = (struct pin_state){ .tries = -1 };
	if (c->driver->change == NULL)
		return fail(ERR_UNSUPPORTED, "no way to change it is known");
	(void)card_release(c);
	if (which == CARD_PUK)
		secret_wipe(&c->puk);
	if ((r = card_start_secret(c, &ch)) != ERR_OK ||
	    (r = card_check_events(c)) != ERR_OK)
		return r;
	c->tries_seen = -1;
	if (which == CARD_PIN)
		before = card_pin_goes(c, old);
	r = c->driver->change(c->state, &ch, key, which, old, new, ret_pin);
	if (which == CARD_PIN)
		card_pin_went(c, old, before, r);
	if (r != ERR_OK || which != CARD_PIN || !open || new == NULL)
		return r;
	return c->driver->verify(c->state, &ch, key, new, &s);
}

static enum err
unblock(struct card *c, struct channel *ch, const struct card_key *key,
    const struct secret *new, struct pin_state *ret)
{
	const struct secret *puk = c->driver->puk_verify == NULL ? &c->puk : NULL;
	enum err r;

	if (puk != NULL && puk->len == 0)
		return fail(ERR_NOT_LOGGED_IN, "no PUK was given");
	if (puk != NULL && new == NULL)
		return fail(ERR_UNSUPPORTED, "the PUK here, and the new PIN on the reader");
	/* Selected again, though the card may forget the PUK by it: no PIN goes to strangers. */
	if ((r = card_pin_fits(c, key, new)) != ERR_OK ||
	    (r = card_start_secret(c, ch)) != ERR_OK || (r = card_check_events(c)) != ERR_OK)
		return r;
	c->tries_seen = -1;
	return c->driver->unblock(c->state, ch, key, puk, new, ret);
}

enum err
card_unblock(struct card *c, const struct card_key *key, const struct secret *new,
    struct pin_state *ret_puk)
{
	AUTO(channel_end) struct channel ch = { 0 };
	enum err r;

	*ret_puk = (struct pin_state){ .tries = -1 };
	if (c->driver->unblock == NULL)
		return fail(ERR_UNSUPPORTED, "no way to unblock is known");
	r = unblock(c, &ch, key, new, ret_puk);
	/* A new PIN that does not fit was not sent: it may be tried again. */
	if (r != ERR_PIN_LENGTH)
		secret_wipe(&c->puk);
	return r;
}
