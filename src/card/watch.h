/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Readers and cards as they come and go.  A thread of its own waits in PC/SC and
 * writes to a pipe; the program's loop reads that.  No APDU is ever sent.
 *
 * A lost pcscd is a removal of every card; it is looked for again after 1, 2, 5 and
 * then every 10 s, and whenever watch_poke() is called (after sleep, T36).
 */
#ifndef DEZI_CARD_WATCH_H
#define DEZI_CARD_WATCH_H

#include "card/pcsc.h"

struct watch;

MUST_CHECK enum err watch_start(struct watch **ret);
void watch_stop(struct watch **w);
/* Readable when watch_take() has something new.  Stays the watch's. */
int watch_fd(const struct watch *w);
void watch_poke(struct watch *w);

#define WATCH_READERS	64
struct watch_state {
	bool	 service;		/* pcscd answers */
	uint64_t generation;		/* changes when pcscd restarted */
	struct pcsc_reader_state readers[WATCH_READERS];
	size_t	 n;
};
/* The newest state.  False when nothing changed since the last call. */
bool watch_take(struct watch *w, struct watch_state *ret);

#endif
