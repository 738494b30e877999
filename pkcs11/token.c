/* SPDX-License-Identifier: EUPL-1.2 */
/* Opening a card, reading of it what is asked for, and closing it again. */
#include "pkcs11/token.h"

#include <stdlib.h>

#include "card/cache.h"
#include "card/file.h"
#include "card/trace.h"
#include "drivers/drivers.h"
#include "pkcs11/log.h"
#include "pkcs11/module.h"
#include "pkcs11/profile.h"

#define HANDLE_SHIFT	12	/* handles: generation, and index from 1 */

static enum err
connect(struct token *t, const struct pcsc_reader_state *state)
{
	struct reader *inner = NULL;
	enum err e;

	if ((e = pcsc_open(&t->pcsc)) != ERR_OK)
		return e;
	if (!module_threads())
		pcsc_alone(t->pcsc);
	if ((e = pcsc_connect(t->pcsc, state->name, &inner)) != ERR_OK)
		return e;
	if (conf()->level < LOG_LEVEL_DEBUG || conf()->log == CONF_LOG_NONE) {
		t->reader = inner;
		return ERR_OK;
	}
	return trace_open(inner, say_apdu, inner->name, &t->reader);
}

/* The cache is a help, no more: without it everything is read from the card. */
static void
open_cache(struct token *t)
{
	if (conf()->cache_dir[0] != '\0' &&
	    card_cache_open(conf()->cache_dir, &t->cache) != ERR_OK)
		say(LOG_LEVEL_INFO, "no cache: %s", err_trail());
}

static void
add_object(struct token *t, enum object_kind kind, size_t index)
{
	if (t->n_objects < NELEM(t->objects))
		t->objects[t->n_objects++] = (struct object){ kind, (unsigned)index };
}

static void
list_objects(struct token *t)
{
	for (size_t i = 0; i < t->v.n_keys; i++) {
		if (t->v.keys[i].has_cert)
			add_object(t, OBJECT_CERT, i);
		if (t->v.keys[i].has_cert)
			add_object(t, OBJECT_PUBLIC, i);
		add_object(t, OBJECT_PRIVATE, i);
	}
	for (size_t i = 0; i < PROFILE_COUNT; i++)
		add_object(t, OBJECT_PROFILE, i);
	for (size_t i = 0; i < t->v.n_authorities; i++)
		add_object(t, OBJECT_AUTHORITY, i);
}

enum err
token_list_authorities(struct token *t)
{
	enum err e;

	if (t->v.listed)
		return ERR_OK;
	if ((e = card_list_authorities(t->card, &t->v)) != ERR_OK)
		return e;
	for (size_t i = 0; i < t->v.n_authorities; i++)
		add_object(t, OBJECT_AUTHORITY, i);
	return ERR_OK;
}

static enum err
look(struct token *t)
{
	enum err e;

	e = card_open(t->reader, drivers_table, profiles_list(&conf()->profiles), &t->card);
	if (e == ERR_OK)
		e = card_inspect(t->card, t->cache, &t->v);
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < NELEM(t->certs); i++)
		t->certs[i].der.max = FILE_CERT_MAX;
	for (size_t i = 0; i < NELEM(t->authorities); i++)
		t->authorities[i].der.max = FILE_CERT_MAX;
	list_objects(t);
	return ERR_OK;
}

enum err
token_open(const struct pcsc_reader_state *state, unsigned long generation, struct token **ret)
{
	AUTO(token_free) struct token *t = calloc(1, sizeof(*t));
	enum err e;

	if (t == NULL)
		return fail(ERR_NOMEM, "token");
	t->generation = generation;
	t->puk.tries = -1;
	open_cache(t);
	if (t->cache != NULL &&
	    card_cache_is_unknown(t->cache, profiles_list(&conf()->profiles), state))
		return fail(ERR_CARD_UNKNOWN, "as another program found out");
	if ((e = connect(t, state)) != ERR_OK)
		return e;
	t->reader->keypads = conf()->keypad ? &conf()->profiles.keypads : NULL;
	e = look(t);
	if (t->cache != NULL && e == ERR_CARD_UNKNOWN)
		card_cache_set_unknown(t->cache, profiles_list(&conf()->profiles), state);
	if (e != ERR_OK)
		return e;
	if (t->reader->suspicious)
		say(LOG_LEVEL_WARN, "%s: the card gives more than it is asked for",
		    t->reader->name);
	*ret = t;
	t = NULL;
	return ERR_OK;
}

static void
cert_free(struct token_cert *c)
{
	x509_view_free(&c->view);
	buf_free(&c->der);
}

void
token_free(struct token **ret)
{
	struct token *t = *ret;

	if (t == NULL)
		return;
	*ret = NULL;
	for (size_t i = 0; i < NELEM(t->certs); i++)
		cert_free(&t->certs[i]);
	for (size_t i = 0; i < NELEM(t->authorities); i++)
		cert_free(&t->authorities[i]);
	card_contents_free(&t->v);
	card_close(&t->card);
	reader_close(&t->reader);
	card_cache_close(&t->cache);
	pcsc_close(&t->pcsc);
	free(t);
}

enum err
token_present(struct token *t)
{
	uint32_t now = 0;
	enum err e = t->reader->ops->events(t->reader, &now);

	if (e == ERR_OK && now != t->reader->event_counter)
		e = fail(ERR_REMOVED, "the card has been out");
	return e;
}

const char *
token_serial(const struct token *t)
{
	return card_serial(t->card);
}

static enum err
read_cert(struct token *t, const struct object *o, struct buf *der)
{
	struct card_key *key = &t->v.keys[o->index];

	if (o->kind == OBJECT_AUTHORITY)
		return card_read_authority(t->card, &t->v.authorities[o->index], der);
	if (key == t->v.login && t->v.cert.len != 0) {
		buf_cur(der, buf_view(&t->v.cert));	/* the cache had it */
		return buf_end(der);
	}
	return card_read_cert(t->card, key, der);
}

enum err
token_cert(struct token *t, const struct object *o, const struct token_cert **ret)
{
	struct token_cert *c = o->kind == OBJECT_AUTHORITY ? &t->authorities[o->index] :
	    &t->certs[o->index];
	enum err e;

	if (!c->read) {
		e = read_cert(t, o, &c->der);
		if (e == ERR_OK)
			e = x509_view_make(buf_view(&c->der), &c->view);
		if (e != ERR_OK)
			buf_clear(&c->der);
		/* What is missing or malformed stays so; trouble may pass. */
		if (e != ERR_OK && e != ERR_NO_CERT && e != ERR_MALFORMED)
			return e;
		if (e != ERR_OK)
			say(LOG_LEVEL_WARN, "a certificate cannot be used: %s", err_trail());
		c->read = true;
	}
	if (c->der.len == 0)
		return ERR_NOT_FOUND;
	*ret = c;
	return ERR_OK;
}

bool
token_doubt(struct token *t, const struct object *o)
{
	struct token_cert *c = &t->certs[o->index];

	if (t->v.cert.len == 0)
		return false;		/* all of it was read from the card */
	say(LOG_LEVEL_WARN, "what is cached of the card may not be true: it is dropped");
	card_doubt(t->card);
	if (&t->v.keys[o->index] != t->v.login)
		return false;
	buf_clear(&t->v.cert);
	cert_free(c);
	*c = (struct token_cert){ .der = BUF(FILE_CERT_MAX) };
	return true;
}

enum err
token_key(struct token *t, const struct object *o, const struct card_key **ret)
{
	const struct card_key *key = &t->v.keys[o->index];
	const struct token_cert *c = NULL;
	enum err e = ERR_OK;

	if (key->type == KEY_UNKNOWN)
		e = token_cert(t, o, &c);
	*ret = key;
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err
token_key_bits(struct token *t, const struct object *o, unsigned *ret)
{
	const struct token_cert *c = NULL;
	enum err e = ERR_NOT_FOUND;

	if (t->v.keys[o->index].has_cert)
		e = token_cert(t, o, &c);
	if (e == ERR_OK)
		*ret = c->view.bits;
	if (e == ERR_NOT_FOUND)
		*ret = t->v.keys[o->index].bits;
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

ck_object_handle_t
token_handle(const struct token *t, size_t i)
{
	return t->generation << HANDLE_SHIFT | (i + 1);
}

static const struct card_key *
key_of(const struct token *t, const struct object *o)
{
	bool none = o->kind == OBJECT_AUTHORITY || o->kind == OBJECT_PROFILE;

	return none ? NULL : &t->v.keys[o->index];
}

enum err
token_exists(struct token *t, const struct object *o, bool *ret)
{
	const struct card_key *key = key_of(t, o);
	enum err e = ERR_OK;

	if (key != NULL && key->presence == KEY_UNSURE)
		e = card_settle(t->card, &t->v);
	if (e == ERR_OK)
		*ret = key == NULL || key->presence == KEY_PRESENT;
	return e;
}

bool
token_shows(const struct token *t, const struct object *o)
{
	const struct card_key *key = key_of(t, o);

	if (key == NULL)
		return true;
	return key->presence != KEY_ABSENT &&
	    (o->kind != OBJECT_PRIVATE || key->no_pin || t->login == LOGIN_USER);
}

const struct object *
token_object(const struct token *t, ck_object_handle_t handle)
{
	unsigned long i = handle & ((1UL << HANDLE_SHIFT) - 1);

	if (i == 0 || i > t->n_objects || token_handle(t, i - 1) != handle)
		return NULL;
	return &t->objects[i - 1];
}

void
token_no_keypad(struct token *t)
{
	t->reader->keypad_off = true;
	t->v.keypad = t->v.keypad_change = t->v.keypad_new = false;
	t->v.puk_keypad = t->v.puk_keypad_change = false;
}

bool
token_always_asks(const struct token *t, const struct card_key *key)
{
	return !key->no_pin && (key->always_auth ||
	    (t->v.login != NULL && key->pin_ref != t->v.login->pin_ref));
}

void
token_login(struct token *t, enum login user)
{
	t->login = user;
	t->resets = t->reader->resets;
}

void
token_notice(struct token *t)
{
	if (t->login == LOGIN_NONE || t->resets == t->reader->resets)
		return;
	say(LOG_LEVEL_INFO, "%s: another program reset the card: logged out", t->reader->name);
	t->login = LOGIN_NONE;
}

void
token_ask(struct token *t)
{
	/* While a transaction is held nobody else can reset the card. */
	if (!card_is_held(t->card) && t->reader->ops->begin(t->reader) == ERR_OK)
		t->reader->ops->end(t->reader, READER_LEAVE);
	token_notice(t);
}

/* Once: some programs log in and out for each thing that they do. */
static void
warn_open(struct token *t)
{
	if (!t->warned)
		say(LOG_LEVEL_WARN, "this card has no command to log out: it stays open to other "
		    "programs until it is removed or reset (see reset_on_logout)");
	t->warned = true;
}

void
token_release(struct token *t)
{
	const struct card_key *key = card_release(t->card);

	if (key == NULL || t->login != LOGIN_USER || key->pin_ref != t->v.login->pin_ref)
		return;
	say(LOG_LEVEL_INFO, "%s: logged out, as a PIN for one operation was not used",
	    t->reader->name);
	t->login = LOGIN_NONE;
}

void
token_logout(struct token *t)
{
	enum err e = ERR_OK;

	token_release(t);
	if (t->login == LOGIN_NONE)
		return;
	t->login = LOGIN_NONE;
	e = card_logout(t->card, t->v.login, conf()->reset_on_logout);
	if (e == ERR_NOT_FOUND && conf()->reset_on_logout)
		say(LOG_LEVEL_INFO, "logged out by resetting the card");
	else if (e == ERR_NOT_FOUND)
		warn_open(t);
	else if (e != ERR_OK)
		(void)say_error(e, "log out");
}
