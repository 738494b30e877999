/* SPDX-License-Identifier: EUPL-1.2 */
/* Which of the readers holds the card to log in with (DESIGN sections 4 and 6 rule 6). */
#ifndef DEZI_MEANS_FIND_H
#define DEZI_MEANS_FIND_H

#include "means/native.h"

struct native_search {
	struct native_options o;
	const char *const *ignore;	/* readers whose name contains one are not used */
	size_t	 n_ignore;
	const struct pcsc_reader_state *before;	/* what was there when the login began */
	size_t	 n_before;
};

/*
 * A card is usable when a profile names its ATR, or when its application answers to
 * one SELECT of a driver; which of the others nobody knows is remembered in o.cache
 * until they are taken out.  One usable card is the answer; of several, the one that
 * was inserted after the login began.  No transaction is left open.
 *	ERR_NO_READER, ERR_NO_CARD, ERR_SEVERAL_CARDS
 *	ERR_CARD_UNKNOWN	there are cards, none of them usable
 *	ERR_NO_SERVICE, ERR_PCSC_DENIED, ERR_CARD_BUSY, ERR_IO
 */
MUST_CHECK enum err native_find(struct pcsc *p, const struct native_search *s,
    struct pcsc_reader_state *ret);

/* Does the configuration say to leave this reader alone? */
bool reader_ignored(const char *name, const char *const *ignore, size_t n);

/* Is the card in r one of those that were there before? */
bool reader_had_card(const struct pcsc_reader_state *before, size_t n,
    const struct pcsc_reader_state *r);

#endif
