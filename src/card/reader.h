/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The seam below which bytes travel: PC/SC (pcsc.c), a written conversation
 * (replay.c), or either of them overheard (trace.c).
 */
#ifndef DEZI_CARD_READER_H
#define DEZI_CARD_READER_H

#include "base/buf.h"
#include "card/card.h"

enum reader_end { READER_LEAVE, READER_RESET };

struct reader_ops {
	/*
	 * Start a transaction; waits at most 10 s for another's (ERR_CARD_BUSY).
	 * A card that was reset is reconnected here, once.  ERR_REMOVED,
	 * ERR_CARD_RESET, ERR_IO.
	 */
	enum err (*begin)(struct reader *r);
	void	 (*end)(struct reader *r, enum reader_end how);
	/*
	 * One command, one reply of at least two bytes (data and status word), which
	 * is appended.  secret: the command holds a PIN, is not shown and not repeated.
	 *	ERR_REMOVED, ERR_CARD_RESET, ERR_IO
	 */
	enum err (*transmit)(struct reader *r, struct cur command, bool secret,
	    struct buf *ret_reply);
	/* The counter of card events now; a change means that the card was out. */
	enum err (*events)(struct reader *r, uint32_t *ret);
	void	 (*close)(struct reader *r);
};

struct reader {
	const struct reader_ops *ops;
	char	 name[CARD_READER_MAX];
	uint8_t	 atr[CARD_ATR_MAX];
	size_t	 atr_len;
	uint32_t event_counter;		/* when it was opened */
	uint64_t service;		/* as struct pcsc_reader_state */
	bool	 protocol_t0;		/* case 4 goes without Le (pcsc.md section 3) */
	/* Bytes of data that one command or reply may have; up to 256: short form only. */
	size_t	 max_apdu;
	void	*state;			/* the implementation's own */
};

/* Closes and frees.  NULL is fine. */
void reader_close(struct reader **r);

#endif
