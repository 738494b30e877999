/* SPDX-License-Identifier: EUPL-1.2 */
/* PC/SC.  pcsc.c is the only file that includes winscard.h. */
#ifndef DEZI_CARD_PCSC_H
#define DEZI_CARD_PCSC_H

#include "card/reader.h"

struct pcsc;			/* one context: one thread at a time */

/* ERR_NO_SERVICE, ERR_PCSC_DENIED (polkit), ERR_IO */
MUST_CHECK enum err pcsc_open(struct pcsc **ret);
void pcsc_close(struct pcsc **p);
/* Right after pcsc_open(): make no thread, ever, and wait as long as pcscd lets us wait. */
void pcsc_alone(struct pcsc *p);

/*
 * Make what pcsc_connect() will need, a thread and a second connection to pcscd, now:
 * for a process that will not be allowed to later.  Same errors.
 */
MUST_CHECK enum err pcsc_prepare(struct pcsc *p);

struct pcsc_reader_state {
	char	 name[CARD_READER_MAX];
	bool	 present;		/* a card is in it */
	bool	 mute;			/* ... and does not answer */
	bool	 in_use;		/* ... and another program has it */
	uint32_t event_counter;		/* a change means another insertion */
	uint8_t	 atr[CARD_ATR_MAX];
	size_t	 atr_len;
	uint64_t service;		/* which run of pcscd it is; 0: unknown */
	uint32_t word;			/* PC/SC's own, for pcsc_wait() */
};
/* The readers and what is in them now, without an APDU. *ret_n may exceed max. */
MUST_CHECK enum err pcsc_list(struct pcsc *p, struct pcsc_reader_state *ret, size_t max,
    size_t *ret_n);

/*
 * Wait until something differs from the n states given (a reader, a card, its event
 * counter) or timeout_ms passed (ERR_TIMEOUT).  pcsc_cancel(), from another thread,
 * ends the wait: ERR_CANCELLED.  ERR_NO_SERVICE: the daemon went away.
 */
MUST_CHECK enum err pcsc_wait(struct pcsc *p, const struct pcsc_reader_state *known,
    size_t n, int timeout_ms);
void pcsc_cancel(struct pcsc *p);

/* Commands sent to cards through this context so far. */
uint32_t pcsc_apdus(const struct pcsc *p);

/*
 * Connect, shared, within 10 s.  p must outlive the reader.  One call of a card
 * takes at most 60 s; after that the reader answers ERR_IO until it came back.
 *	ERR_CARD_BUSY	another program's transaction, or exclusive use
 *	ERR_CARD_NOT_USABLE	it does not answer to power and reset
 *	ERR_NO_CARD, ERR_REMOVED, ERR_IO
 */
MUST_CHECK enum err pcsc_connect(struct pcsc *p, const char *reader, struct reader **ret);

#endif
