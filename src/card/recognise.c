/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Which card is it, and is it still the same one?  The profiles that name its ATR, or
 * those that may be tried; one SELECT for each application (pcsc reference); the serial
 * number, or else the certificate, at every later look (T9).
 */
#include "card/card.h"

#include "base/b64.h"
#include "card/inner.h"
#include "iso7816/atr.h"
#include "iso7816/sw.h"

static const struct driver *
driver_of(const struct profile *p, const struct driver *const *drivers)
{
	for (; *drivers != NULL; drivers++) {
		const struct driver *d = *drivers;

		if (strcmp(d->name, p->driver) == 0 ||
		    (d->alias != NULL && strcmp(d->alias, p->driver) == 0))
			return d;
	}
	return NULL;
}

/* What to try: the profiles that name the ATR, or else those that may be tried. */
struct candidates {
	struct candidate {
		const struct profile *profile;
		const struct driver *driver;
	} e[PROFILES_MAX];
	size_t	 n;
	bool	 by_atr;
};

static void
add_candidate(struct candidates *all, const struct profile *p,
    const struct driver *const *drivers)
{
	const struct driver *d = driver_of(p, drivers);

	if (d != NULL && all->n < NELEM(all->e))
		all->e[all->n++] = (struct candidate){ p, d };
}

static void
find_candidates(const struct reader *reader, const struct driver *const *drivers,
    const struct profile *const *profiles, struct candidates *ret)
{
	struct cur atr = cur_of(reader->atr, reader->atr_len);

	*ret = (struct candidates){ .by_atr = true };
	for (size_t i = 0; profiles[i] != NULL; i++)
		if (profile_matches(profiles[i], atr))
			add_candidate(ret, profiles[i], drivers);
	if (ret->n != 0)
		return;
	ret->by_atr = false;
	for (size_t i = 0; profiles[i] != NULL; i++)
		if (profiles[i]->probe)
			add_candidate(ret, profiles[i], drivers);
}

static bool
takes_extended(const struct card *c)
{
	enum profile_extended e = c->profile->extended;

	return e == EXTENDED_YES || (e == EXTENDED_ATR &&
	    atr_takes_extended(cur_of(c->reader->atr, c->reader->atr_len)));
}

enum err
card_begin(struct card *c, struct channel *ch)
{
	enum err r = channel_begin(c->reader, ch);

	if (r == ERR_OK)
		ch->extended = takes_extended(c);
	return r;
}

enum err
card_select(struct card *c, struct channel *ch)
{
	const struct profile *p = c->profile;
	enum err r;

	if (p->channel != 0 && !ch->opened &&
	    (r = channel_logical(ch, p->channel, p->channel_open)) != ERR_OK)
		return r;
	return c->driver->select(c->state, ch);
}

static enum err
become(struct card *c, const struct candidate *as)
{
	enum err r;

	if (c->driver != NULL)
		c->driver->close(c->state);
	c->driver = NULL;
	c->profile = as->profile;
	if ((r = as->driver->open(as->profile, &c->state)) == ERR_OK)
		c->driver = as->driver;
	return r;
}

/* Both would send the same SELECT. */
static bool
same_application(const struct candidate *a, const struct candidate *b)
{
	const struct profile *p = a->profile, *q = b->profile;

	return a->driver == b->driver && p->channel == q->channel &&
	    p->channel_open == q->channel_open &&
	    cur_eq(cur_of(p->aid, p->aid_len), cur_of(q->aid, q->aid_len));
}

/* Does the card answer what only cards of this profile answer? */
static enum err
prove(struct channel *ch, const struct profile *p, bool *ret)
{
	AUTO(buf_free) struct buf reply = BUF(APDU_REPLY_MAX);
	struct profile_apdu cmd;
	unsigned sw;
	enum err r;

	profile_apdu(&p->proof, 0, &cmd);
	r = channel_send(ch, &cmd.a, &reply, &sw);
	if (r != ERR_OK && r != ERR_CARD && r != ERR_LIMIT)
		return note(r, "proof");
	*ret = r == ERR_OK && sw == SW_OK && (cmd.a.le == APDU_LE_MAX ? reply.len != 0 :
	    reply.len == cmd.a.le);
	return ERR_OK;
}

/*
 * The application of candidate i is there.  Which of the profiles that have it is it?
 * One that can prove it; else the first that has nothing to prove, or the last.
 */
static enum err
choose(struct channel *ch, const struct candidates *all, size_t i, size_t *ret)
{
	size_t rest = SIZE_MAX, last = i, n = 0;
	bool is = false;
	enum err r;

	for (size_t k = i; k < all->n; k++)
		n += same_application(&all->e[i], &all->e[k]);
	for (size_t k = i; n > 1 && k < all->n; k++) {
		if (!same_application(&all->e[i], &all->e[k]))
			continue;
		last = k;
		if (all->e[k].profile->proof.n == 0) {
			rest = rest == SIZE_MAX ? k : rest;
			continue;
		}
		if ((r = prove(ch, all->e[k].profile, &is)) != ERR_OK)
			return r;
		if (is) {
			*ret = k;
			return ERR_OK;
		}
	}
	*ret = rest != SIZE_MAX ? rest : last;
	return ERR_OK;
}

static bool
was_tried(const struct candidates *all, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_application(&all->e[k], &all->e[i]))
			return true;
	return false;
}

/*
 * Not the profile that the application was selected with, but another that has it.  What
 * an adaptable driver learns from SELECT, this one has not heard.
 */
static enum err
change_to(struct card *c, struct channel *ch, const struct candidate *as)
{
	enum err r = become(c, as);

	if (r != ERR_OK)
		return r;
	ch->extended = takes_extended(c);
	return as->profile->adapt ? card_select(c, ch) : ERR_OK;
}

/* What a card may cost of which nobody knows yet whose it is. */
struct budget {
	unsigned apdus;			/* sent so far */
	uint64_t until_ms;
};

/*
 *	ERR_NOT_MINE	the application is not there
 *	ERR_LIMIT	the budget is used up: what was not heard proves nothing
 */
static enum err
try_candidate(struct card *c, struct channel *ch, const struct candidates *all, size_t i,
    struct budget *b)
{
	size_t found = i;
	enum err r;

	if ((r = become(c, &all->e[i])) != ERR_OK || (r = card_begin(c, ch)) != ERR_OK)
		return r;
	channel_limit(ch, b->apdus, CHANNEL_PROBE_APDUS, b->until_ms);
	if ((r = card_select(c, ch)) == ERR_OK && (r = choose(ch, all, i, &found)) == ERR_OK &&
	    found != i)
		r = change_to(c, ch, &all->e[found]);
	b->apdus = ch->apdus;
	if (ch->spent)
		return fail(ERR_LIMIT, "the card costs too much before it is known");
	return r;
}

/*
 * One SELECT per application, in a transaction each: a logical channel is its own.  The
 * one in which a card was recognised stays open, with the application selected.
 */
static enum err
try_all(struct card *c, struct channel *ch, const struct candidates *all)
{
	struct budget b = { .until_ms = c->reader->answer_ms + CHANNEL_PROBE_MS };
	bool locked = false;

	for (size_t i = 0; i < all->n; i++) {
		enum err r;

		if (was_tried(all, i))
			continue;
		r = try_candidate(c, ch, all, i, &b);
		if (r == ERR_OK) {
			channel_limit(ch, 0, CHANNEL_APDUS, c->reader->answer_ms + CHANNEL_MS);
			return ERR_OK;
		}
		channel_end(ch);
		if (r == ERR_VENDOR_LOCKED)
			locked = true;
		else if (r != ERR_NOT_MINE && r != ERR_CARD)
			return r;
	}
	if (locked)
		return fail(ERR_VENDOR_LOCKED, "the card asks for its vendor's software");
	return fail(ERR_CARD_UNKNOWN, "no driver knows the card");
}

/* As what another program, or an earlier one, found it in this insertion. */
static enum err
try_remembered(struct card *c, struct channel *ch, const struct candidates *all,
    const struct pcsc_reader_state *s)
{
	char name[sizeof(c->profile->name)];
	enum err r;

	if (!card_cache_profile(c->cache, c->profiles, s, name, sizeof(name)))
		return ERR_NOT_MINE;
	for (size_t i = 0; i < all->n; i++) {
		if (strcmp(all->e[i].profile->name, name) != 0)
			continue;
		if ((r = become(c, &all->e[i])) == ERR_OK &&
		    (r = card_begin(c, ch)) == ERR_OK)
			r = card_select(c, ch);
		return r;
	}
	return ERR_NOT_MINE;
}

static enum err
recognise(struct card *c, struct channel *ch)
{
	const struct pcsc_reader_state s = card_cache_insertion(c->reader);
	struct candidates all;
	enum err r = ERR_NOT_MINE;

	find_candidates(c->reader, c->drivers, c->profiles, &all);
	if (c->cache != NULL)
		r = try_remembered(c, ch, &all, &s);
	if (r != ERR_NOT_MINE && r != ERR_CARD)
		return r;
	channel_end(ch);
	r = try_all(c, ch, &all);
	if (r == ERR_OK && c->cache != NULL)
		card_cache_set_profile(c->cache, c->profiles, &s, c->profile->name);
	return r;
}

enum err
card_recognise(struct card *c, struct channel *ch)
{
	enum err r = recognise(c, ch);

	if (r == ERR_OK)
		return ERR_OK;
	if (c->driver != NULL)
		c->driver->close(c->state);
	c->driver = NULL;
	c->profile = NULL;
	return note(r, "recognise the card");
}

enum err
card_guess(struct card *c)
{
	struct candidates all;
	enum err r = ERR_OK;

	find_candidates(c->reader, c->drivers, c->profiles, &all);
	if (all.n == 0)
		r = fail(ERR_CARD_UNKNOWN, "no driver knows the card");
	else if (all.by_atr && all.n == 1)
		r = become(c, &all.e[0]);
	return r == ERR_OK ? ERR_OK : note(r, "recognise the card");
}

/* The serial as hex; "" when the card has none. */
static enum err
read_serial(struct card *c, struct channel *ch, char ret[CARD_SERIAL_MAX])
{
	AUTO(buf_free) struct buf serial = BUF(CARD_SERIAL_MAX / 2);
	AUTO(buf_free) struct buf hex = BUF(CARD_SERIAL_MAX);
	enum err r = c->driver->serial(c->state, ch, &serial);

	ret[0] = '\0';
	if (r == ERR_NOT_FOUND)
		return ERR_OK;
	if (r != ERR_OK)
		return note(r, "serial number");
	hex_put(&hex, buf_view(&serial));
	if (buf_end(&hex) == ERR_NOMEM)
		return fail(ERR_NOMEM, "serial number");
	if (!buf_to_str(&hex, ret, CARD_SERIAL_MAX))
		return fail(ERR_CARD, "a serial number of %zu bytes", serial.len);
	return ERR_OK;
}

/* The application is selected: is it the card of the earlier looks? */
static enum err
check_same(struct card *c, struct channel *ch)
{
	char serial[CARD_SERIAL_MAX] = "";
	bool same = true;
	enum err r;

	if ((r = read_serial(c, ch, serial)) != ERR_OK)
		return r;
	if (c->known && serial[0] == '\0' && c->serial[0] == '\0' && c->cert.len != 0)
		r = c->driver->current(c->state, ch, &c->key, buf_view(&c->cert), &same);
	if (r != ERR_OK)
		return r;
	if (c->known && (!same || strcmp(serial, c->serial) != 0))
		return fail(ERR_CARD_CHANGED, "another card");
	memcpy(c->serial, serial, sizeof(serial));
	c->known = true;
	return ERR_OK;
}

enum err
card_identify(struct card *c, struct channel *ch)
{
	enum err r = card_select(c, ch);

	if (r == ERR_NOT_MINE)
		return fail(c->known ? ERR_CARD_CHANGED : ERR_CARD_UNKNOWN,
		    "the application is not there");
	return r == ERR_OK ? check_same(c, ch) : r;
}

enum err
card_start(struct card *c, struct channel *ch)
{
	enum err r;

	if (c->driver == NULL)
		return (r = card_recognise(c, ch)) == ERR_OK ? check_same(c, ch) : r;
	r = card_begin(c, ch);
	return r == ERR_OK ? card_identify(c, ch) : r;
}

enum err
card_start_secret(struct card *c, struct channel *ch)
{
	if (c->serial[0] == '\0' && c->cert.len == 0)
		return fail(ERR_CARD_CHANGED, "nothing to know the card by");
	return card_start(c, ch);
}
