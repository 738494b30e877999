/* SPDX-License-Identifier: EUPL-1.2 */
/* The world of one login as a worker has it: cards, windows, and the agent to ask. */
#ifndef DEZI_WORKER_WORLD_H
#define DEZI_WORKER_WORLD_H

#include <pthread.h>

#include "card/cache.h"
#include "card/pcsc.h"
#include "card/profile.h"
#include "host/conf.h"
#include "host/pinentry.h"
#include "login/wire.h"

struct guard;			/* worker/guard.h */

#define WORLD_READERS	64
#define WORLD_CARD_MS	30000	/* DESIGN section 4: so long a card is waited for */

/* All of it is opened before the worker is confined. */
struct world {
	pthread_mutex_t windows;	/* the guard closes them from its thread */
	int	 agent;			/* the socket pair's end */
	struct host_conf *conf;
	const struct host_broker *broker;
	struct pinentry *window;	/* for PINs */
	struct pinentry *message;	/* "insert your card"; NULL: not needed */
	struct pinentry *teller;	/* "type it on the reader", "touch"; the same */
	struct pinentry **telling;	/* the window that says so; NULL: none did yet */
	struct pcsc *pcsc;
	struct pcsc_reader_state before[WORLD_READERS];	/* when the login began */
	size_t	 n_before;
	struct profiles profiles;
	struct card_cache *cache;	/* may be NULL */
	struct cert_store *store;
	/*
	 * Set when our drivers cannot serve the card and a module of the configuration
	 * does: the login then ends with an error here, and goes on there.
	 */
	struct wire_hand_over hand_over;
	/* of dezi-module-worker */
	const struct host_module *module;
	const char *reader;		/* "": the token is in none */
	uint32_t events;		/* of that reader */
	struct guard *guard;
	int64_t	 pinpad_end;		/* until then a person may type on the reader */
};

/* What login_run() wants; w must outlive it. */
struct login_world world_of(struct world *w);

/* Close one of its windows; NULL is fine. */
void world_close_window(struct world *w, struct pinentry **window);

/* The limit of windows: they close that much before the challenge ends. */
int64_t world_window_end(const struct login_request *rq);
/* Is this reader not to be used? */
bool world_is_ignored(const struct world *w, const struct pcsc_reader_state *r);
/* ERR_NOT_ALLOWED: policy demands a keypad, and this means cannot use one. */
MUST_CHECK enum err world_demand_pinpad(const struct world *w, const struct means_view *v);
/* Neither the card nor we can count: any try may be the last. */
void world_doubt_tries(const struct world *w, struct means_view *v);

/* Was there, when the login began, a card that a profile knows? */
bool world_had_card(const struct world *w);
/* Or one whose keys may want to be touched, as their metadata tell? */
bool world_may_want_touch(const struct world *w);
/* To the module whose token is in no reader; false when the configuration has none. */
bool world_hand_over_without_reader(struct world *w);

#endif
