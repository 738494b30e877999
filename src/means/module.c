/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Of libp11, what loads, initialises and finalises a library is used.  The rest goes
 * through PKCS#11 directly (p11.c), because libp11 (0.4.12, Debian 12) cannot say it, or
 * not safely:
 *
 *   - with a token that vanished PKCS11_login() and all that needs a session wait for
 *     ever (C_OpenSession fails, then pthread_cond_wait; libp11 issue 525);
 *   - PKCS11_login() keeps the PIN, and logs in again with it unasked (prev_pin);
 *   - one slot that answers with an error makes PKCS11_enumerate_slots() fail, so that a
 *     strange card in another reader would end the login;
 *   - the token's flags are a copy from then, which the rules for tries cannot rest on,
 *     and how long a PIN may be is not told at all;
 *   - of a failure remains -1, where wrong, blocked and removed are not the same.
 */
#include "means/module.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include <libp11.h>

#include "base/text.h"
#include "card/reader.h"
#include "means/leaf.h"
#include "means/p11.h"
#include "means/signature.h"

#define CERT_MAX	16384
#define SIGNATURE_MAX	1024
#define MODULUS_MAX	1024
#define WRONG_PINS_MAX	2	/* where nobody counts (DESIGN section 6 rule 2) */

struct module {
	struct module_options o;
	struct reader *reader;		/* NULL: the token is in none */
	struct p11 *p11;
	PKCS11_CTX *ctx;		/* NULL: not initialised, or finalised */
	/* of the last look */
	struct p11_token token;
	struct buf id;			/* CKA_ID of the certificate */
	size_t	 width;
	bool	 looked;
};

static void
busy(const struct module *m, bool is)
{
	if (m->o.busy != NULL)
		m->o.busy(m->o.arg, is);
}

/* Loading and ending */

static enum err
initialise(struct module *m)
{
	PKCS11_CTX *ctx = PKCS11_CTX_new();

	if (ctx == NULL)
		return fail(ERR_NOMEM, "library");
	if (PKCS11_CTX_load(ctx, m->o.library) != 0) {
		PKCS11_CTX_free(ctx);
		return fail(ERR_MODULE, "%s: C_Initialize failed", m->o.library);
	}
	m->ctx = ctx;
	return ERR_OK;
}

/* C_Logout, C_Finalize.  The library's own connection to the card ends with it. */
static void
finalise(struct module *m)
{
	if (m->p11 != NULL)
		p11_end(m->p11);
	if (m->ctx == NULL)
		return;
	PKCS11_CTX_unload(m->ctx);
	PKCS11_CTX_free(m->ctx);
	m->ctx = NULL;
}

static void
module_free(struct module **m)
{
	if (*m == NULL)
		return;
	busy(*m, true);
	finalise(*m);
	p11_free(&(*m)->p11);
	busy(*m, false);
	reader_close(&(*m)->reader);
	buf_free(&(*m)->id);
	free(*m);
	*m = NULL;
}

static void
module_close(struct means *means)
{
	struct module *m = means->state;

	module_free(&m);
}

/* Looking */

/* A slot is called as its reader; there is room for 64 bytes, and blanks end it. */
static bool
is_in_our_reader(const struct module *m, const struct p11_token *t)
{
	size_t n;

	if (m->o.no_reader)
		return true;
	n = strnlen(m->reader->name, sizeof(t->reader) - 1);
	while (n > 0 && m->reader->name[n - 1] == ' ')
		n--;
	return n != 0 && strlen(t->reader) == n && memcmp(t->reader, m->reader->name, n) == 0;
}

/*
 * Those that may be meant come first; how many is returned.  Where no slot is called as
 * the reader, only a card that is alone can be meant.
 */
static size_t
keep_ours(const struct module *m, struct p11_token *all, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (is_in_our_reader(m, &all[i]))
			all[kept++] = all[i];
	return kept == 0 && m->o.alone && n == 1 ? 1 : kept;
}

/* *cert and *id are of the token that is the answer. */
static enum err
look_at_token(struct module *m, const struct p11_token *t, struct buf *cert,
    struct buf *id)
{
	enum err r;

	if ((r = p11_session(m->p11, t->slot)) != ERR_OK)
		return r;
	r = p11_cert(m->p11, leaf_suits, NULL, cert, id);
	p11_end(m->p11);
	return r;
}

static void
take(struct buf *to, struct buf *from)
{
	buf_free(to);
	*to = *from;
	*from = (struct buf){ .max = to->max };
}

/*
 * The first token of the reader that holds a certificate for login: a library may show
 * one card as several tokens, one for each PIN.  Without a reader several are several
 * persons' for all we know.
 */
static enum err
choose_token(struct module *m, const struct p11_token *all, size_t n, struct buf *cert)
{
	enum err r, why = fail(ERR_CARD_UNKNOWN, "the library sees no token there");
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		AUTO(buf_free) struct buf c = BUF(CERT_MAX), id = BUF(P11_ID_MAX);

		if ((r = look_at_token(m, &all[i], &c, &id)) != ERR_OK) {
			why = r;
			continue;
		}
		if (found++ != 0)
			continue;
		m->token = all[i];
		take(cert, &c);
		take(&m->id, &id);
		if (!m->o.no_reader)
			break;
	}
	if (found > 1)
		return fail(ERR_SEVERAL_CARDS, "%zu tokens can log in", found);
	return found == 1 ? ERR_OK : note(why, "%zu tokens", n);
}

static enum err
serial_of(const struct module *m, const struct p11_token *t, struct cur cert, char *ret,
    size_t size)
{
	if (m->o.serial_of_cert || t->serial[0] == '\0')
		return leaf_name(cert, ret, size);
	snprintf(ret, size, "%s", t->serial);
	return ERR_OK;
}

/* Flags say that it is the last, or nobody counts and we were wrong twice. */
static struct pin_state
pin_state(const struct module *m, const struct p11_token *t, const char *serial)
{
	struct pin_state pin = t->pin;

	if (pin.tries < 0 && m->o.cache != NULL &&
	    card_cache_wrong_pins(m->o.cache, serial) >= WRONG_PINS_MAX)
		pin.last_try = true;
	return pin;
}

static enum err
fill_view(struct module *m, struct buf *cert, struct means_view *ret)
{
	struct means_view v = { .pin_min = m->token.pin_min, .pin_max = m->token.pin_max };
	enum err r;

	if ((r = leaf_alg(buf_view(cert), &v.alg, &m->width)) != ERR_OK ||
	    (r = serial_of(m, &m->token, buf_view(cert), v.serial, sizeof(v.serial))) !=
	    ERR_OK)
		return r;
	if (m->reader != NULL) {
		snprintf(v.reader, sizeof(v.reader), "%s", m->reader->name);
		v.event_counter = m->reader->event_counter;
	}
	snprintf(v.driver, sizeof(v.driver), "%s", m->o.name);
	v.pin = pin_state(m, &m->token, v.serial);
	v.pinpad = m->token.pinpad && m->o.pinpad;
	take(&v.cert, cert);
	*ret = v;
	return ERR_OK;
}

static enum err
look(struct module *m, struct means_view *ret)
{
	AUTO(buf_free) struct buf cert = BUF(CERT_MAX);
	struct p11_token all[P11_TOKENS_MAX];
	size_t n;
	enum err r;

	if ((r = p11_tokens(m->p11, all, &n)) != ERR_OK)
		return r;
	n = keep_ours(m, all, n);
	if (n == 0 && m->o.no_reader)
		return fail(ERR_NO_CARD, "no token");
	if ((r = choose_token(m, all, n, &cert)) != ERR_OK)
		return r;
	return fill_view(m, &cert, ret);
}

static enum err
module_look(struct means *means, struct means_view *ret)
{
	struct module *m = means->state;
	enum err r;

	assert(m->ctx != NULL);
	busy(m, true);
	r = look(m, ret);
	busy(m, false);
	m->looked = r == ERR_OK;
	return r == ERR_OK ? r : note(r, "[module %s]", m->o.name);
}

/* Signing */

static enum err
check_events(const struct module *m, const struct means_view *v)
{
	uint32_t now = 0;
	enum err r;

	if (m->reader == NULL)
		return ERR_OK;
	if ((r = m->reader->ops->events(m->reader, &now)) != ERR_OK)
		return note(r, "event counter");
	return now == v->event_counter ? ERR_OK :
	    fail(ERR_CARD_CHANGED, "the card has been out");
}

static bool
is_that_cert(void *arg, struct cur der)
{
	const struct means_view *v = arg;

	return cur_eq(der, buf_view(&v->cert));
}

/* The token that was looked at, by serial and certificate (DESIGN section 6 rule 3, T9). */
static enum err
check_token(struct module *m, const struct means_view *v, struct p11_token *ret)
{
	AUTO(buf_free) struct buf cert = BUF(CERT_MAX), id = BUF(P11_ID_MAX);
	enum err r;

	if ((r = p11_token(m->p11, m->token.slot, ret)) != ERR_OK)
		return r;
	if (strcmp(ret->serial, m->token.serial) != 0)
		return fail(ERR_CARD_CHANGED, "another serial number");
	r = p11_cert(m->p11, is_that_cert, (void *)(uintptr_t)v, &cert, &id);
	return r == ERR_NO_CERT ? fail(ERR_CARD_CHANGED, "another certificate") : r;
}

/* Nothing that could cost a try has been sent before. */
static enum err
admit(const struct module *m, const struct means_view *v, const struct p11_token *t,
    const struct secret *pin, bool allow_last, struct pin_state *ret_pin)
{
	*ret_pin = pin_state(m, t, v->serial);
	if (ret_pin->blocked)
		return fail(ERR_PIN_BLOCKED, "no tries are left");
	if (ret_pin->last_try && !allow_last)
		return fail(ERR_PIN_LAST_TRY, "one try is left");
	if (!v->pinpad && (pin->len < t->pin_min || pin->len > t->pin_max))
		return fail(ERR_PIN_LENGTH, "nothing was sent");
	return ERR_OK;
}

/*
 * *open: the card may be unlocked from here on, whatever the library says.  Only where
 * it surely said no, nobody else's work is disturbed by a reset.
 */
static enum err
log_in(struct module *m, const struct means_view *v, const struct secret *pin, bool *open,
    struct pin_state *ret_pin)
{
	const struct secret *sent = v->pinpad ? NULL : pin;
	unsigned before = 0;
	struct p11_token t;
	enum err r;

	/* A library that hangs, crashes or exits ends the process in this call. */
	if (sent != NULL)
		before = card_cache_pin_goes(m->o.cache, v->serial);
	r = p11_login(m->p11, sent);
	*open = r != ERR_PIN_WRONG && r != ERR_PIN_BLOCKED && r != ERR_PIN_LENGTH &&
	    r != ERR_PIN_UNSET;
	if (sent != NULL)
		card_cache_pin_went(m->o.cache, v->serial, before, r);
	else
		card_cache_count_pin(m->o.cache, v->serial, r);
	if (r == ERR_PIN_BLOCKED)
		*ret_pin = (struct pin_state){ .tries = 0, .blocked = true };
	else if (r == ERR_PIN_WRONG && p11_token(m->p11, m->token.slot, &t) == ERR_OK)
		*ret_pin = pin_state(m, &t, v->serial);
	return r;
}

static enum err
order_signature(struct module *m, const struct means_view *v, const struct secret *pin,
    struct cur tbs, struct buf *sig)
{
	AUTO(buf_free) struct buf input = BUF(128), modulus = BUF(MODULUS_MAX);
	struct p11_order o = {
		.alg = v->alg, .id = buf_view(&m->id), .tbs = tbs,
		.pin = v->pinpad ? NULL : pin,
	};
	enum err r;

	if ((r = leaf_input(v->alg, tbs, &input)) != ERR_OK ||
	    (r = leaf_modulus(buf_view(&v->cert), &modulus)) != ERR_OK)
		return r;
	o.input = buf_view(&input);
	o.modulus = buf_view(&modulus);
	r = p11_sign(m->p11, &o, sig);
	return r == ERR_NOT_LOGGED_IN ? note(ERR_CARD_INACTIVE, "after the right PIN") : r;
}

static enum err
use_library(struct module *m, const struct means_view *v, const struct secret *pin,
    bool allow_last, struct cur tbs, struct buf *sig, struct pin_state *ret_pin, bool *open)
{
	struct p11_token t;
	enum err r;

	if ((r = p11_session(m->p11, m->token.slot)) != ERR_OK ||
	    (r = check_token(m, v, &t)) != ERR_OK ||
	    (r = admit(m, v, &t, pin, allow_last, ret_pin)) != ERR_OK ||
	    (r = check_events(m, v)) != ERR_OK ||
	    (r = log_in(m, v, pin, open, ret_pin)) != ERR_OK ||
	    (r = order_signature(m, v, pin, tbs, sig)) != ERR_OK)
		return r;
	return check_token(m, v, &t);
}

/*
 * Whatever the library did, or left undone, nobody finds the card unlocked (T8).  If we
 * do not get at the card, it is not proved to be the same either: no signature.
 */
static enum err
reset_card(struct module *m, const struct means_view *v)
{
	enum err r;

	if (m->reader == NULL)
		return ERR_OK;
	if ((r = m->reader->ops->begin(m->reader)) != ERR_OK)
		return note(r, "to reset the card");
	r = check_events(m, v);
	m->reader->ops->end(m->reader, READER_RESET);
	return r;
}

static enum err
give_back(struct module *m, const struct means_view *v, bool open, enum err r)
{
	char why[512];
	enum err e;

	busy(m, true);
	finalise(m);
	busy(m, false);
	if (!open)
		return r;
	snprintf(why, sizeof(why), "%s", err_trail());
	e = reset_card(m, v);
	return r == ERR_OK ? e : fail(r, "%s", why);
}

static enum err
module_sign(struct means *means, const struct means_view *v, const struct secret *pin,
    bool allow_last, struct cur tbs, struct buf *ret_sig, struct pin_state *ret_pin)
{
	AUTO(buf_free) struct buf sig = BUF(SIGNATURE_MAX);
	struct module *m = means->state;
	bool open = false;
	enum err r;

	assert(m->looked);
	*ret_pin = (struct pin_state){ .tries = -1 };
	if (m->ctx == NULL)
		return fail(ERR_UNSUPPORTED, "one PIN in one login");
	busy(m, true);
	r = use_library(m, v, pin, allow_last, tbs, &sig, ret_pin, &open);
	busy(m, false);
	r = give_back(m, v, open, r);
	if (r != ERR_OK)
		return note(r, "[module %s]", m->o.name);
	return v->alg == MEANS_RS256 ? signature_rsa(buf_view(&sig), m->width, ret_sig) :
	    signature_ecdsa(buf_view(&sig), m->width, ret_sig);
}

static const struct means_ops module_ops = {
	.name = "module",
	.one_transaction = false,
	.look = module_look,
	.sign = module_sign,
	.close = module_close,
};

static enum err
start(struct module *m)
{
	enum err r;

	busy(m, true);
	r = p11_load(m->o.library, &m->p11);
	if (r == ERR_OK)
		r = initialise(m);
	busy(m, false);
	return r;
}

static enum err
module_new(struct reader *reader, const struct module_options *o, struct module **ret)
{
	AUTO(module_free) struct module *m = calloc(1, sizeof(*m));
	enum err r;

	if (m == NULL) {
		reader_close(&reader);
		return fail(ERR_NOMEM, "means");
	}
	m->o = *o;
	m->reader = reader;
	if ((r = start(m)) != ERR_OK)
		return note(r, "[module %s]", o->name);
	*ret = m;
	m = NULL;		/* the caller's now */
	return ERR_OK;
}

enum err
module_open(struct reader *reader, const struct module_options *o, struct means **ret)
{
	AUTO(module_free) struct module *m = NULL;
	struct means *means;
	enum err r;

	assert((reader == NULL) == o->no_reader);
	if ((r = module_new(reader, o, &m)) != ERR_OK)
		return r;
	if ((means = calloc(1, sizeof(*means))) == NULL)
		return fail(ERR_NOMEM, "means");
	means->ops = &module_ops;
	means->state = m;
	m = NULL;
	*ret = means;
	return ERR_OK;
}

static void
copy_text(const char *text, char *ret, size_t size)
{
	AUTO(buf_free) struct buf safe = BUF(size);

	text_put_safe(&safe, cur_str(text == NULL ? "" : text), 64);
	if (!buf_to_str(&safe, ret, size))
		ret[0] = '\0';
}

enum err
module_probe(const struct module_options *o, struct module_facts *ret)
{
	AUTO(module_free) struct module *m = NULL;
	struct p11_token all[P11_TOKENS_MAX];
	enum err r;

	if ((r = module_new(NULL, o, &m)) != ERR_OK)
		return r;
	*ret = (struct module_facts){ .tokens = 0 };
	copy_text(m->ctx->manufacturer, ret->manufacturer, sizeof(ret->manufacturer));
	copy_text(m->ctx->description, ret->description, sizeof(ret->description));
	busy(m, true);
	r = p11_tokens(m->p11, all, &ret->tokens);
	busy(m, false);
	for (size_t i = 0; r == ERR_OK && i < ret->tokens && i < NELEM(ret->readers); i++)
		copy_text(all[i].reader, ret->readers[i], sizeof(ret->readers[i]));
	return r;
}
