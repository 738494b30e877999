/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One transaction with a card.  Nobody else's command comes between two of ours,
 * and what a card can make us do in it is bounded: so many commands, so many rounds,
 * so many bytes, so much time (hostile-cards, section 0 and vectors 18 to 25).
 *
 *	AUTO(channel_end) struct channel ch = { 0 };
 */
#ifndef DEZI_CARD_CHANNEL_H
#define DEZI_CARD_CHANNEL_H

#include "card/reader.h"
#include "iso7816/apdu.h"

#define CHANNEL_COMMANDS	96	/* commands in one transaction */
#define CHANNEL_APDUS		512	/* the same, with GET RESPONSE and repeats */
#define CHANNEL_MS		60000	/* of waiting for the card's answers, in all */
#define CHANNEL_ROUNDS		300	/* GET RESPONSE in one command */
#define CHANNEL_BLOCKS		20	/* parts of one chained command */
#define CHANNEL_DF_MAX		16	/* bytes of a path below the application */
/* The same for a card of which nobody knows yet whose it is, all that is tried together. */
#define CHANNEL_PROBE_APDUS	64
#define CHANNEL_PROBE_MS	10000

struct channel {
	struct reader *reader;		/* NULL: no transaction is open */
	uint8_t	 number;		/* logical channel, added to CLA */
	bool	 opened;		/* ... by us: it is closed at the end */
	bool	 extended;		/* the card takes commands of extended length */
	bool	 reset;			/* end the transaction with RESET */
	bool	 dead;			/* no answer came: nothing more is sent */
	bool	 spent;			/* time or APDUs: a command was not sent for it */
	unsigned commands, apdus;	/* sent so far */
	unsigned most_apdus;
	uint64_t until_ms;		/* reader->answer_ms may not be more */
	/* Where file.c has been: the selected DF, relative to the application. */
	uint8_t	 df[CHANNEL_DF_MAX];
	size_t	 df_len;
};

/* Start.  ERR_CARD_BUSY after 10 s; ERR_REMOVED, ERR_CARD_RESET, ERR_IO. */
MUST_CHECK enum err channel_begin(struct reader *reader, struct channel *ret);
/* Another budget: so many APDUs, of which some are sent; time until answer_ms is that. */
void channel_limit(struct channel *ch, unsigned sent, unsigned most, uint64_t until_ms);
/* End, with RESET if ch->reset.  May be called twice, and on a zeroed channel. */
void channel_end(struct channel *ch);

/* Use logical channel n (1 to 3) from now on; open: ask the card for it first. */
MUST_CHECK enum err channel_logical(struct channel *ch, uint8_t n, bool open);

/*
 * One command; its reply's data is appended to ret (which may be NULL when none is
 * wanted), at most cmd->le bytes or what GET RESPONSE fetched; *ret_sw is the last
 * status word.  After 61xx the rest is fetched, after 6Cxx the command is repeated
 * once; neither happens to a secret command, whose data is dropped.  With cmd->head
 * what waits after the first data is left to the card, and *ret_sw may be 61xx.
 *
 * What is too long for the short form goes in extended form where card and reader take
 * it, else by command chaining; *ret_sw is then that of the part that was refused.  A
 * reader that refuses or garbles the extended form gets the short one as long as the
 * card stays in it (hostile-cards, vectors 29 and 34).
 *	ERR_LIMIT	the transaction's budget (commands, time) is used up, or ret is full
 *	ERR_IO		the reply is no reply
 *	ERR_CARD	the card announced data and does not give it
 *	ERR_REMOVED, ERR_CARD_RESET
 */
MUST_CHECK enum err channel_send(struct channel *ch, const struct apdu *cmd,
    struct buf *ret, unsigned *ret_sw);

/*
 * The same, for a command whose data is a PIN (or, to change it, the old one and the new
 * one) that a person types on the reader.  cmd has no data; rules say what stands there.
 * Waits for the person.  *ret_sw is the card's word.
 *	ERR_CANCELLED, ERR_TIMEOUT, ERR_MISMATCH, ERR_PIN_LENGTH	nothing was sent,
 *			unless ch is dead: then reader->waiting gave up
 *	ERR_UNSUPPORTED	the reader cannot, and is not asked again: nothing was sent
 *	ERR_CARD, ERR_IO, ERR_REMOVED, ERR_CARD_RESET	who knows what was sent
 */
MUST_CHECK enum err channel_pad(struct channel *ch, enum pad_use use,
    const struct apdu *cmd, const struct pin_rules *rules, unsigned *ret_sw);

#endif
