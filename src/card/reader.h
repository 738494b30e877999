/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The seam below which bytes travel: PC/SC (pcsc.c), a written conversation
 * (replay.c), or either of them overheard (trace.c).
 */
#ifndef DEZI_CARD_READER_H
#define DEZI_CARD_READER_H

#include "base/buf.h"
#include "card/card.h"
#include "card/keypads.h"

#define READER_CONTROL_MAX	256	/* bytes to a control code, and of its answer */

enum reader_end { READER_LEAVE, READER_RESET };

struct reader_ops {
	/*
	 * Start a transaction; waits at most 10 s for another's (ERR_CARD_BUSY).
	 * A card that was reset is reconnected here.  ERR_REMOVED,
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
	/*
	 * A control code of the reader itself, or of its driver.  NULL: there are none.
	 * Waits ms at most, as a keypad waits for a person; a call that was given up
	 * goes on, and until it ends the reader answers ERR_IO.  secret: the answer may
	 * hold what a person typed.
	 *	ERR_UNSUPPORTED (an answer, bare), ERR_TIMEOUT, ERR_CARD_BUSY,
	 *	ERR_REMOVED, ERR_CARD_RESET, ERR_IO
	 */
	enum err (*control)(struct reader *r, uint32_t code, struct cur in, bool secret,
	    int ms, struct buf *ret);
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
	unsigned resets;		/* by others, as far as begin noticed them */
	uint64_t answer_ms;		/* how long all commands so far had to wait for answers */
	bool	 suspicious;		/* the card gave more than was asked (vector 19) */
	bool	 protocol_t0;		/* case 4 goes without Le (pcsc.md section 3) */
	/* Bytes of data that one command or reply may have; up to 256: short form only.
	 * Not known (0) before reader_features(). */
	size_t	 max_apdu;
	bool	 asked;			/* features is what the reader said */
	struct features features;	/* read by reader_features() */
	const struct keypads *keypads;	/* those that may be used; NULL: none */
	bool	 keypad_off;		/* it was tried and misbehaved */
	/* Called now and then while a person is typing there; anything but ERR_OK gives up,
	 * and is the result.  What is typed after that is lost.  NULL: wait. */
	enum err (*waiting)(void *arg);
	void	*waiting_arg;
	void	*state;			/* the implementation's own */
};

/* Closes and frees.  NULL is fine. */
void reader_close(struct reader **r);

/*
 * What the reader can do beyond carrying commands.  It is asked when this is first
 * called, by at most three control codes, and not again; a reader that says nothing, or
 * nonsense, can do nothing.  Best within a transaction: in another program's it is busy,
 * which is no answer.  Never NULL.
 */
const struct features *reader_features(struct reader *r);
/* How the keypad is used for such a PIN.  NULL: it cannot be, or may not. */
const struct keypad *reader_keypad(struct reader *r, enum pad_use use,
    const struct pin_rules *rules);
/* The member max_apdu, after asking for it; 0: the reader does not say. */
size_t reader_max_apdu(struct reader *r);

#endif
