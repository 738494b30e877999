/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Readers without hardware: one plays a written conversation and is satisfied with
 * nothing but the commands written there, one answers from bytes (for fuzzing).
 */
#ifndef DEZI_CARD_REPLAY_H
#define DEZI_CARD_REPLAY_H

#include "card/reader.h"

/*
 * A control code is written "@42000D48" or "@42000D48 1E 1E ...".  In a script without
 * any, the reader has none (ERR_UNSUPPORTED).
 */
struct replay_line {
	const char *command;	/* hex, single spaces allowed */
	const char *reply;	/* the same, with status word; NULL: see what */
	enum err    what;	/* happens instead: ERR_REMOVED, ERR_CARD_RESET, ERR_IO ... */
};

struct replay_seen {
	size_t	 line;		/* lines played */
	size_t	 begins, resets;	/* transactions, and how many ended with RESET */
	size_t	 apdus;
	size_t	 controls;	/* control codes, also those that it has not */
	size_t	 secrets;	/* commands that were marked secret */
	bool	 open;		/* a transaction is open */
	char	 wrong[128];	/* what went against the script, "" when nothing */
};

/* lines and atr (hex) stay the caller's and must outlive the reader. */
MUST_CHECK enum err replay_open(const struct replay_line *lines, size_t n,
    const char *atr, struct reader **ret);
const struct replay_seen *replay_seen(const struct reader *r);
/* Every line was played, and nothing else was asked. */
bool replay_done(const struct reader *r);
/* From the n-th APDU on (0: the next) every transmit and begin fails with e. */
void replay_cut(struct reader *r, size_t n, enum err e);
/* The card's event counter, from the n-th APDU on. */
void replay_events(struct reader *r, size_t n, uint32_t counter);
/* Each command takes so long, on no clock but r->answer_ms. */
void replay_slow(struct reader *r, unsigned ms);
/* The next begin finds the transaction taken by another program, for ever. */
void replay_busy(struct reader *r);

/*
 * Each command, and with replay_controls() each control code, takes one chunk off input:
 * u8 kind, u16 length, bytes.  Kind 0 is a reply, every other one a failure.  At the end
 * of input the card is gone.
 */
MUST_CHECK enum err replay_open_bytes(struct cur input, struct cur atr,
    struct reader **ret);
void replay_controls(struct reader *r);

#endif
