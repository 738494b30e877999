/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A PIN typed in a terminal, for a person without a PIN window: read from the terminal
 * itself, never from standard input, and not shown.  While a question is open the
 * terminal is in another mode; it is put back on every way out but SIGKILL.
 */
#ifndef DEZI_HOST_TTY_H
#define DEZI_HOST_TTY_H

#include "host/pinentry.h"

struct tty;

/* path: NULL for the terminal of this process.  ERR_NO_PINENTRY: there is none. */
MUST_CHECK enum err tty_open(const char *path, struct tty **ret);
void tty_close(struct tty **t);
/*
 * For a process that is about to end, from any of its threads: put the terminal back,
 * for good.  Frees nothing; a question that is open stays open.
 */
void tty_abandon(struct tty *t);

/*
 * Show the window's text (desc, error, prompt) as lines, and read one line without
 * showing it.  What was typed before the question is thrown away (T22).
 *	ERR_CANCELLED	end of input (Ctrl-D)
 *	ERR_TIMEOUT	nothing was entered until end_boot_ms
 *	ERR_LIMIT	more than SECRET_MAX bytes; ret is empty
 *	ERR_NO_PINENTRY	the terminal is gone
 */
MUST_CHECK enum err tty_pin(struct tty *t, const struct pinentry_text *x, int64_t end_boot_ms,
    struct secret *ret);

/* Only show desc: what is to be done elsewhere.  ERR_NO_PINENTRY. */
MUST_CHECK enum err tty_tell(struct tty *t, const struct pinentry_text *x);

/* The same for yes or no: ERR_CANCELLED for anything but this word. */
MUST_CHECK enum err tty_confirm(struct tty *t, const struct pinentry_text *x,
    const char *word, int64_t end_boot_ms);

#endif
