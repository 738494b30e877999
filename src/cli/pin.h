/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi pin: look at, change and unblock the PIN of a card. */
#ifndef DEZI_CLI_PIN_H
#define DEZI_CLI_PIN_H

#include <pthread.h>

#include "card/cache.h"
#include "card/newpin.h"
#include "cli/cli.h"
#include "cli/readers.h"
#include "host/tty.h"

struct pin_options {
	const char *config, *reader;
	bool	 terminal, json;
};

/* --- the card (pin_card.c) --- */

struct pin_card {
	struct cli_card card;
	struct card_pins pins;
};
/* For counting our own wrong PINs; NULL: without. */
struct card_cache *pin_open_cache(void);
/*
 * Recognise it and look at its PIN; no try is spent.  Where neither the card nor we can
 * count, any try may be the last.  Errors as card_open() and card_pins().
 */
MUST_CHECK enum err pin_look(const struct cli_readers *c, const struct pcsc_reader_state *r,
    struct card_cache *cache, struct pin_card *ret);
/* "use its vendor's software", by name where the card's profile has it. */
void pin_put_vendor(struct buf *b, const struct cli_readers *c,
    const struct pcsc_reader_state *r, const struct card *card);
/* What the card is, in the person's language where we know it. */
const char *pin_title(const struct card *card);
/* What a person does next, if anything. */
void pin_put_next(struct buf *b, const struct cli_readers *c,
    const struct pcsc_reader_state *r, const struct pin_card *card);
enum cli_status pin_status(const struct pin_options *o);

/* --- one change or unblocking (pin.c) --- */

enum pin_question { PIN_ASK_PROOF, PIN_ASK_FRESH, PIN_ASK_AGAIN };
enum pin_complaint { PIN_FINE, PIN_TOO_SHORT, PIN_TOO_LONG, PIN_NO_SUCH_SIGN, PIN_AS_BEFORE,
    PIN_NOT_AGAIN };

struct pin_run {
	const struct pin_options *o;
	enum card_secret by;		/* what is the proof: the PIN so far, or the PUK */
	struct cli_readers readers;
	const struct pcsc_reader_state *reader;	/* NULL: none was chosen yet */
	struct pin_card card;
	struct card_cache *cache;
	struct card_newpin n;
	/* Why the last answer would not do. */
	enum pin_question question;
	enum pin_complaint why;
	/* Who asks: a window, or else the terminal; both NULL: nobody yet. */
	struct pinentry *window;
	struct tty *tty;
	pthread_mutex_t gate;		/* of the rest, and of what a signal may take away */
	bool	 committed;		/* too late for Ctrl-C */
	bool	 typed;			/* on the reader, all of it */
};

/* --- the person (pin_ask.c) --- */

/* Open a window, or the terminal.  ERR_NO_PINENTRY. */
MUST_CHECK enum err pin_ask_start(struct pin_run *p);
/* ERR_CANCELLED, ERR_TIMEOUT, ERR_NO_PINENTRY; ERR_LIMIT: longer than any PIN. */
MUST_CHECK enum err pin_ask(struct pin_run *p, enum pin_question q, enum pin_complaint why,
    struct secret *ret);
/* In words; nothing for PIN_FINE. */
void pin_put_complaint(struct buf *b, const struct pin_run *p, enum pin_question q,
    enum pin_complaint why);
/* Can all of it be typed on the reader? */
bool pin_has_keypad(const struct pin_run *p);
/* Say what is to be typed there, and do not wait.  ERR_NO_PINENTRY. */
MUST_CHECK enum err pin_tell_keypad(struct pin_run *p);
/* Does the person agree, in so many words, to use the last try?  ERR_CANCELLED. */
MUST_CHECK enum err pin_ask_last_try(struct pin_run *p);
/* Take it away: at the end, and (abandon) from another thread before the very end. */
void pin_ask_stop(struct pin_run *p);
void pin_ask_abandon(struct pin_run *p);

#endif
