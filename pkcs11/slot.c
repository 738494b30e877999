/* SPDX-License-Identifier: EUPL-1.2 */
/* The table of slots and what is in them. */
#include "pkcs11/slot.h"

#include <stdlib.h>

#include "pkcs11/log.h"
#include "pkcs11/module.h"
#include "pkcs11/session.h"
#include "pkcs11/token.h"

#define LISTED_MAX	64	/* readers that pcscd tells of at once */
#define LOOKS_MAX	3	/* at a card that gives nothing but trouble */

static struct {
	struct lock table, listing;
	struct slot **e;
	size_t	 n, cap;
	bool	 listed;	/* once, with whatever was there: what comes later is news */
	struct pcsc *pcsc;	/* for the listing; NULL: pcscd is not there */
	enum err trouble;	/* the last one, so that it is logged once */
} all;

ck_rv_t
slots_start(void)
{
	ck_rv_t rv = lock_make(&all.table);

	if (rv == CKR_OK && (rv = lock_make(&all.listing)) != CKR_OK)
		lock_destroy(&all.table);
	return rv;
}

/* Many programs call C_Finalize and nothing before it: the card is logged out all the same. */
static void
slot_free(struct slot *s)
{
	hold_join(s);
	lock_take(&s->lock);
	if (slot_check(s) != CKR_DEVICE_REMOVED)
		sessions_close_all(s);
	slot_drop(s);
	lock_give(&s->lock);
	lock_destroy(&s->lock);
	free(s);
}

void
slots_end(void)
{
	for (size_t i = 0; i < all.n; i++)
		slot_free(all.e[i]);
	free(all.e);
	pcsc_close(&all.pcsc);
	lock_destroy(&all.listing);
	lock_destroy(&all.table);
	slots_abandon();
}

void
slots_abandon(void)
{
	memset(&all, 0, sizeof(all));
}

static void
no_service(enum err e)
{
	if (e != all.trouble)
		(void)say_error(e, e == ERR_PCSC_DENIED ?
		    "polkit keeps this program from the smartcard service" : "readers");
	all.trouble = e;
	pcsc_close(&all.pcsc);
}

static enum err
list_once(struct pcsc_reader_state ret[LISTED_MAX], size_t *ret_n)
{
	enum err e = ERR_OK;

	if (all.pcsc == NULL && (e = pcsc_open(&all.pcsc)) == ERR_OK)
		pcsc_alone(all.pcsc);
	return e == ERR_OK ? pcsc_list(all.pcsc, ret, LISTED_MAX, ret_n) : e;
}

/*
 * With the listing's lock.  Nothing to be had from pcscd means no reader; one that was
 * started again since is asked at once.
 */
static size_t
list(struct pcsc_reader_state ret[LISTED_MAX])
{
	bool was_open = all.pcsc != NULL;
	size_t n = 0;
	enum err e = list_once(ret, &n);

	if (e != ERR_OK && was_open) {
		pcsc_close(&all.pcsc);
		e = list_once(ret, &n);
	}
	if (e != ERR_OK) {
		no_service(e);
		return 0;
	}
	all.trouble = ERR_OK;
	return n < LISTED_MAX ? n : LISTED_MAX;
}

static struct slot *
slot_named(const char *name)
{
	for (size_t i = 0; i < all.n; i++)
		if (strcmp(all.e[i]->name, name) == 0)
			return all.e[i];
	return NULL;
}

static bool
make_room(void)
{
	size_t cap = all.cap == 0 ? 8 : 2 * all.cap;
	struct slot **e;

	if (all.n < all.cap)
		return true;
	e = calloc(cap, sizeof(struct slot *));
	if (e == NULL)
		return false;
	if (all.n != 0)
		memcpy(e, all.e, all.n * sizeof(struct slot *));
	free(all.e);
	all.e = e;
	all.cap = cap;
	return true;
}

static ck_rv_t
add_slot(const struct pcsc_reader_state *state)
{
	struct slot *s;
	ck_rv_t rv;

	if (!make_room() || (s = calloc(1, sizeof(*s))) == NULL)
		return CKR_HOST_MEMORY;
	if ((rv = lock_make(&s->lock)) != CKR_OK) {
		free(s);
		return rv;
	}
	s->id = all.n;
	memcpy(s->name, state->name, sizeof(s->name));
	s->now = *state;
	s->event = all.listed && state->present;
	all.e[all.n++] = s;
	return CKR_OK;
}

static bool
same_insertion(const struct pcsc_reader_state *a, const struct pcsc_reader_state *b)
{
	return a->present == b->present && a->event_counter == b->event_counter &&
	    a->service == b->service;
}

static const struct pcsc_reader_state *
state_named(const struct pcsc_reader_state *states, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(states[i].name, name) == 0)
			return &states[i];
	return NULL;
}

/* With the table's lock. */
static ck_rv_t
apply(const struct pcsc_reader_state *states, size_t n, bool grow)
{
	const struct pcsc_reader_state gone = { .present = false };
	ck_rv_t rv;

	for (size_t i = 0; i < all.n; i++) {
		struct slot *s = all.e[i];
		const struct pcsc_reader_state *now = state_named(states, n, s->name);

		if (now == NULL)
			now = &gone;
		/* A reader that came back with an empty mouth is no news. */
		if (!same_insertion(&s->now, now) && (s->now.present || now->present))
			s->event = true;
		s->now = *now;
	}
	for (size_t i = 0; grow && i < n; i++) {
		if (conf_ignores(conf(), states[i].name) || slot_named(states[i].name) != NULL)
			continue;
		if ((rv = add_slot(&states[i])) != CKR_OK)
			return rv;
	}
	/* The readers of the first listing are where a program begins. */
	all.listed = all.listed || grow;
	return CKR_OK;
}

ck_rv_t
slots_refresh(bool grow)
{
	struct lock *listing AUTO(lock_leave) = lock_enter(&all.listing);
	struct pcsc_reader_state states[LISTED_MAX];
	size_t n = list(states);
	struct lock *table AUTO(lock_leave) = lock_enter(&all.table);

	(void)listing;
	(void)table;
	return apply(states, n, grow);
}

size_t
slots_count(void)
{
	struct lock *table AUTO(lock_leave) = lock_enter(&all.table);

	(void)table;
	return all.n;
}

ck_rv_t
slot_find(ck_slot_id_t id, struct slot **ret)
{
	struct lock *table AUTO(lock_leave) = lock_enter(&all.table);

	(void)table;
	if (id >= all.n)
		return CKR_SLOT_ID_INVALID;
	*ret = all.e[id];	/* until C_Finalize */
	return CKR_OK;
}

struct pcsc_reader_state
slot_state(struct slot *s)
{
	struct lock *table AUTO(lock_leave) = lock_enter(&all.table);

	(void)table;
	return s->now;
}

bool
slots_take_event(ck_slot_id_t *ret)
{
	struct lock *table AUTO(lock_leave) = lock_enter(&all.table);

	(void)table;
	for (size_t i = 0; i < all.n; i++)
		if (all.e[i]->event) {
			all.e[i]->event = false;
			*ret = i;
			return true;
		}
	return false;
}

void
slot_drop(struct slot *s)
{
	sessions_drop(s);
	token_free(&s->token);
}

ck_rv_t
slot_check(struct slot *s)
{
	enum err e;

	if (s->token == NULL)
		return CKR_OK;
	e = token_present(s->token);
	if (e == ERR_OK)
		return CKR_OK;
	if (e != ERR_REMOVED && e != ERR_NO_SERVICE)
		return say_error(e, s->name);
	say(LOG_LEVEL_INFO, "%s: the card was removed", s->name);
	slot_drop(s);
	return CKR_DEVICE_REMOVED;
}

/* Gone between the listing and the look, or nobody to ask. */
static bool
is_absence(enum err e)
{
	return e == ERR_REMOVED || e == ERR_NO_CARD || e == ERR_NO_READER ||
	    e == ERR_NO_SERVICE || e == ERR_PCSC_DENIED || e == ERR_CARD_CHANGED;
}

/* It may go better the next time: of this machine, of the contact, of other programs. */
static bool
may_pass(enum err e)
{
	return e == ERR_NOMEM || e == ERR_SYS || e == ERR_IO || e == ERR_CARD_BUSY ||
	    e == ERR_CARD_RESET || e == ERR_TIMEOUT || e == ERR_BUSY;
}

/* How the look ended for this insertion, so that a card is not bothered for ever. */
static ck_rv_t
not_opened(struct slot *s, enum err e)
{
	ck_rv_t rv = say_error(e, s->name);

	if (is_absence(e))
		return CKR_TOKEN_NOT_PRESENT;
	if (!may_pass(e)) {
		s->looks = LOOKS_MAX;
		return CKR_TOKEN_NOT_RECOGNIZED;
	}
	/* Memory and waiting cost the card nothing. */
	if (e == ERR_IO || e == ERR_CARD_RESET)
		s->looks++;
	return e == ERR_NOMEM ? rv : CKR_DEVICE_ERROR;
}

static ck_rv_t
look(struct slot *s)
{
	struct pcsc_reader_state state;
	enum err e;
	ck_rv_t rv = slots_refresh(false);

	if (rv != CKR_OK)
		return rv;
	state = slot_state(s);
	if (!state.present)
		return CKR_TOKEN_NOT_PRESENT;
	if (!same_insertion(&s->looked_at, &state)) {
		s->looked_at = state;
		s->looks = 0;
	}
	if (state.mute || s->looks >= LOOKS_MAX)
		return CKR_TOKEN_NOT_RECOGNIZED;
	e = token_open(&state, ++s->generation, &s->token);
	if (e != ERR_OK)
		return not_opened(s, e);
	if (s->keypad_off)
		token_no_keypad(s->token);
	return CKR_OK;
}

ck_rv_t
slot_token(struct slot *s, struct token **ret)
{
	ck_rv_t rv = slot_check(s);

	if (rv != CKR_OK && rv != CKR_DEVICE_REMOVED)
		return rv;
	if (s->token == NULL && (rv = look(s)) != CKR_OK)
		return rv;
	*ret = s->token;
	return CKR_OK;
}
