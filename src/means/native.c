/* SPDX-License-Identifier: EUPL-1.2 */
/* Our own card stack as a login means: whole bytes in, a JWS signature out. */
#include "means/native.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "means/leaf.h"
#include "means/signature.h"

#define SIGNATURE_MAX	1024

struct native {
	struct reader *reader;
	struct native_options o;
	struct card *card;
	struct card_key key;		/* of the last look */
	size_t	 width;			/* of its modulus, or of one ECDSA integer */
	bool	 looked, from_cache;
};

/* What the driver calls the operation for a key of this kind. */
static enum key_alg
card_alg(enum means_alg alg)
{
	return alg == MEANS_RS256 ? KEY_ALG_RSA_PKCS1 : KEY_ALG_ECDSA;
}

/* The padding of RSA is the card's work, or src/card's. */
static bool
card_can(const struct card_key *key, enum means_alg alg)
{
	unsigned algs = alg == MEANS_RS256 ? KEY_ALG_RSA_PKCS1 | KEY_ALG_RSA_RAW : KEY_ALG_ECDSA;

	return (key->algs & algs) != 0;
}

static void
leave_in_peace(struct native *n)
{
	struct pcsc_reader_state s = card_cache_insertion(n->reader);

	if (n->o.cache != NULL)
		card_cache_set_unknown(n->o.cache, n->o.profiles, &s);
}

static enum err
fill_view(struct native *n, struct card_view *in, struct means_view *ret)
{
	struct means_view v = { .event_counter = n->reader->event_counter };
	enum err r = leaf_alg(buf_view(&in->cert), &v.alg, &n->width);

	if (r != ERR_OK)
		return r;
	if (!card_can(&in->key, v.alg))
		return fail(ERR_NO_CERT, "a key that does not fit its certificate");
	snprintf(v.reader, sizeof(v.reader), "%s", n->reader->name);
	snprintf(v.driver, sizeof(v.driver), "%s", card_driver(n->card));
	snprintf(v.serial, sizeof(v.serial), "%s", card_serial(n->card));
	v.pin = in->pin;
	v.pin_min = in->rules.min;
	v.pin_max = in->rules.max;
	v.touch = in->key.touch;
	v.pin_digits_only = in->rules.digits_only;
	v.pinpad = in->keypad;
	v.keyboard = in->keypad && n->o.keyboard;
	v.cert = in->cert;
	in->cert = (struct buf)BUF(0);		/* the view's now */
	*ret = v;
	return ERR_OK;
}

static enum err
native_look(struct means *m, struct means_view *ret)
{
	AUTO(card_view_free) struct card_view view = { .cert = BUF(0) };
	struct native *n = m->state;
	enum err r;

	n->looked = false;
	r = card_look(n->card, n->o.cache, leaf_suits, NULL, &view);
	if (r == ERR_CARD_UNKNOWN)
		leave_in_peace(n);
	if (r != ERR_OK || (r = fill_view(n, &view, ret)) != ERR_OK)
		return r;
	n->key = view.key;
	n->from_cache = view.from_cache;
	n->looked = true;
	return ERR_OK;
}

/* What the cache said may be why it failed: the next login reads the card itself. */
static bool
cache_is_suspect(enum err r)
{
	return r == ERR_CARD || r == ERR_CARD_INACTIVE || r == ERR_UNSUPPORTED;
}

static void
native_doubt(struct means *m, const struct means_view *v)
{
	struct native *n = m->state;

	if (n->from_cache && n->o.cache != NULL)
		card_cache_drop(n->o.cache, card_profile_name(n->card), v->serial);
}

static enum err
native_sign(struct means *m, const struct means_view *v, const struct secret *pin,
    bool allow_last, struct cur tbs, struct buf *ret_sig, struct pin_state *ret_pin)
{
	AUTO(buf_free) struct buf input = BUF(128), sig = BUF(SIGNATURE_MAX);
	const struct secret *typed = v->pinpad && pin->len == 0 ? NULL : pin;
	struct native *n = m->state;
	enum err r;

	assert(n->looked);
	assert(v->alg != MEANS_PS256);	/* look() never says so */
	*ret_pin = (struct pin_state){ .tries = -1 };
	if (v->event_counter != n->reader->event_counter ||
	    strcmp(v->serial, card_serial(n->card)) != 0)
		return fail(ERR_CARD_CHANGED, "that was another card");
	if ((r = leaf_input(v->alg, tbs, &input)) != ERR_OK)
		return r;
	r = card_sign_once(n->card, &n->key, card_alg(v->alg), typed, allow_last,
	    buf_view(&input), &sig, ret_pin);
	if (cache_is_suspect(r))
		native_doubt(m, v);
	if (r != ERR_OK)
		return r;
	return v->alg == MEANS_RS256 ? signature_rsa(buf_view(&sig), n->width, ret_sig) :
	    signature_ecdsa(buf_view(&sig), n->width, ret_sig);
}

static enum err
native_attest(struct means *m, const struct means_view *v UNUSED, struct buf *ret_statement,
    struct buf *ret_device)
{
	struct native *n = m->state;
	enum err r;

	assert(n->looked);
	r = card_attest(n->card, &n->key, ret_statement, ret_device);
	if (r != ERR_OK && r != ERR_NOT_FOUND)
		log_info("the card's attestation: %s", err_trail());
	return r;
}

static void
native_free(struct native **n)
{
	if (*n == NULL)
		return;
	card_close(&(*n)->card);
	reader_close(&(*n)->reader);
	free(*n);
	*n = NULL;
}

static void
native_close(struct means *m)
{
	struct native *n = m->state;

	native_free(&n);
}

static const struct means_ops native_ops = {
	.name = "native",
	.one_transaction = true,
	.look = native_look,
	.sign = native_sign,
	.doubt = native_doubt,
	.attest = native_attest,
	.close = native_close,
};

enum err
native_open(struct reader *reader, const struct native_options *o, struct means **ret)
{
	AUTO(native_free) struct native *n = calloc(1, sizeof(*n));
	struct means *m;
	enum err r;

	if (n == NULL) {
		reader_close(&reader);
		return fail(ERR_NOMEM, "means");
	}
	n->reader = reader;
	n->o = *o;
	reader->keypads = o->keypads;
	reader->waiting = o->waiting;
	reader->waiting_arg = o->waiting_arg;
	r = card_open(reader, o->drivers, o->profiles, &n->card);
	if (r == ERR_CARD_UNKNOWN)
		leave_in_peace(n);
	if (r != ERR_OK)
		return r;
	if ((m = calloc(1, sizeof(*m))) == NULL)
		return fail(ERR_NOMEM, "means");
	m->ops = &native_ops;
	m->state = n;
	n = NULL;
	*ret = m;
	return ERR_OK;
}
