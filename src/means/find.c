/* SPDX-License-Identifier: EUPL-1.2 */
/* Which reader: usable cards are counted, unknown ones left alone. */
#include "means/find.h"

#define READERS_MAX	64

bool
reader_ignored(const char *name, const char *const *ignore, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ignore[i][0] != '\0' && strstr(name, ignore[i]) != NULL)
			return true;
	return false;
}

enum usable { NOT_USABLE, MAYBE_USABLE, USABLE };

/*
 * A card that no profile names: one SELECT, once per insertion.  What stands in the
 * way is not a verdict: the card may be used when nothing better is there, and the
 * login then says what is wrong.
 */
static enum err
probe(struct pcsc *p, const struct native_options *o, const struct pcsc_reader_state *s,
    enum usable *ret)
{
	AUTO(reader_close) struct reader *reader = NULL;
	AUTO(card_close) struct card *card = NULL;
	char name[sizeof(o->profiles[0]->name)];
	enum err r;

	*ret = NOT_USABLE;
	if (o->cache != NULL && card_cache_is_unknown(o->cache, o->profiles, s))
		return ERR_OK;
	if (o->cache != NULL &&
	    card_cache_profile(o->cache, o->profiles, s, name, sizeof(name))) {
		*ret = MAYBE_USABLE;
		return ERR_OK;
	}
	r = pcsc_connect(p, s->name, &reader);
	if (r == ERR_OK)
		r = card_open(reader, o->drivers, o->profiles, &card);
	if (r == ERR_OK)
		r = card_probe(card, o->cache);
	if (r == ERR_NO_SERVICE || r == ERR_PCSC_DENIED || r == ERR_NOMEM)
		return r;
	if (r == ERR_OK || r == ERR_VENDOR_LOCKED || r == ERR_CARD_BUSY)
		*ret = MAYBE_USABLE;
	if (r == ERR_CARD_UNKNOWN && o->cache != NULL)
		card_cache_set_unknown(o->cache, o->profiles, s);
	return ERR_OK;
}

static bool
named_by_profile(const struct native_options *o, const struct pcsc_reader_state *s)
{
	for (size_t i = 0; o->profiles[i] != NULL; i++)
		if (profile_matches(o->profiles[i], cur_of(s->atr, s->atr_len)))
			return true;
	return false;
}

bool
reader_had_card(const struct pcsc_reader_state *before, size_t n,
    const struct pcsc_reader_state *r)
{
	for (size_t i = 0; i < n; i++)
		if (before[i].present && strcmp(before[i].name, r->name) == 0 &&
		    before[i].service == r->service &&
		    before[i].event_counter == r->event_counter)
			return true;
	return false;
}

struct tally {
	const struct pcsc_reader_state *first;	/* of the best kind */
	size_t	 n;
	const struct pcsc_reader_state *first_new;
	size_t	 n_new;
	enum usable best;
	size_t	 readers, cards;
};

static void
count(struct tally *t, const struct native_search *s, const struct pcsc_reader_state *r,
    enum usable u)
{
	if (u == NOT_USABLE || u < t->best)
		return;
	if (u > t->best) {
		t->best = u;
		t->n = t->n_new = 0;
	}
	if (t->n++ == 0)
		t->first = r;
	if (!reader_had_card(s->before, s->n_before, r) && t->n_new++ == 0)
		t->first_new = r;
}

static enum err
choose(const struct tally *t, struct pcsc_reader_state *ret)
{
	if (t->readers == 0)
		return fail(ERR_NO_READER, "no reader");
	if (t->cards == 0)
		return fail(ERR_NO_CARD, "%zu readers", t->readers);
	if (t->n == 0)
		return fail(ERR_CARD_UNKNOWN, "%zu cards", t->cards);
	if (t->n == 1)
		*ret = *t->first;
	else if (t->n_new == 1)
		*ret = *t->first_new;
	else
		return fail(ERR_SEVERAL_CARDS, "%zu cards", t->n);
	return ERR_OK;
}

/*
 * Cards that a profile names come first: the others are looked at only when there is
 * none, so that nothing is sent to a card that is not needed.
 */
static enum err
weigh(struct pcsc *p, const struct native_search *s, const struct pcsc_reader_state *all,
    size_t n, struct tally *t)
{
	enum usable u;
	enum err r;

	for (size_t i = 0; i < n; i++)
		if (all[i].present && !all[i].mute && named_by_profile(&s->o, &all[i]))
			count(t, s, &all[i], USABLE);
	for (size_t i = 0; i < n && t->best != USABLE; i++) {
		if (!all[i].present || all[i].mute)
			continue;
		if ((r = probe(p, &s->o, &all[i], &u)) != ERR_OK)
			return note(r, "look for a card");
		count(t, s, &all[i], u);
	}
	return ERR_OK;
}

enum err
native_find(struct pcsc *p, const struct native_search *s, struct pcsc_reader_state *ret)
{
	struct pcsc_reader_state all[READERS_MAX];
	struct tally t = { .best = NOT_USABLE };
	size_t n = 0, kept = 0;
	enum err r;

	if ((r = pcsc_list(p, all, NELEM(all), &n)) != ERR_OK)
		return r;
	for (size_t i = 0; i < n && i < NELEM(all); i++)
		if (!reader_ignored(all[i].name, s->ignore, s->n_ignore))
			all[kept++] = all[i];
	t.readers = kept;
	for (size_t i = 0; i < kept; i++)
		t.cards += all[i].present;
	if ((r = weigh(p, s, all, kept, &t)) != ERR_OK)
		return r;
	return choose(&t, ret);
}
