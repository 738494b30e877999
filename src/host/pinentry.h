/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The PIN window: a pinentry program and the Assuan lines that are spoken with it.
 * pinentry.c is the only file that includes assuan.h.
 *
 * A window is a process of its own.  It is started before there is anything to show,
 * because a confined process can start none (DESIGN section 6), and it dies with us.
 * Texts are UTF-8 that was made safe (base/text.h); what Assuan takes for control is
 * escaped here.  The external password cache is never enabled (rule 9), and a PIN that
 * came out of one all the same is refused.
 */
#ifndef DEZI_HOST_PINENTRY_H
#define DEZI_HOST_PINENTRY_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/secret.h"

struct pinentry;

struct pinentry_options {
	const char *program;		/* absolute path */
	/* As the environment has them; NULL or "" where it has not. */
	const char *tty;		/* GPG_TTY */
	const char *term;		/* TERM */
	const char *locale;		/* of LC_CTYPE */
};

/* One window.  NULL: as in the last one, or the program's own words. */
struct pinentry_text {
	const char *title;
	const char *desc;
	const char *error;		/* shown with emphasis */
	const char *prompt;
	const char *ok, *cancel;	/* no cancel in pinentry_show(): it only tells */
};

/*
 * Start one; nothing is shown, and nothing is waited for: whether it works is known with
 * the first window.  ERR_NO_PINENTRY when it cannot be executed.
 */
MUST_CHECK enum err pinentry_start(const struct pinentry_options *o,
    struct pinentry **ret);
/* Close the window, if one is open, and end the program; NULL is fine. */
void pinentry_stop(struct pinentry **p);
/*
 * For a process that is about to end, from any of its threads: close the window and
 * put the terminal back.  Frees nothing.
 */
void pinentry_abandon(const struct pinentry *p);
pid_t pinentry_pid(const struct pinentry *p);

/*
 * Ask for a PIN until end_boot_ms (CLOCK_BOOTTIME).
 *	ERR_CANCELLED	the person said so, or closed the window
 *	ERR_TIMEOUT	nothing was entered in time; it may hang
 *	ERR_LIMIT	more than SECRET_MAX bytes were entered; ret is empty
 *	ERR_NO_PINENTRY	it cannot show a window, or is gone
 */
MUST_CHECK enum err pinentry_pin(struct pinentry *p, const struct pinentry_text *t,
    int64_t end_boot_ms, struct secret *ret);

/* Ask yes or no.  ERR_CANCELLED is no. */
MUST_CHECK enum err pinentry_confirm(struct pinentry *p, const struct pinentry_text *t,
    int64_t end_boot_ms);

/*
 * The same without waiting: show it, and look now and then whether it was answered.
 * ERR_NOT_FOUND (bare): not yet.  A window that was not answered is closed by
 * pinentry_stop() only.
 */
MUST_CHECK enum err pinentry_show(struct pinentry *p, const struct pinentry_text *t,
    int64_t end_boot_ms);
MUST_CHECK enum err pinentry_answer(struct pinentry *p);

/* text as an argument of an Assuan line: '%', '\\' and controls become %XX. */
void pinentry_escape(struct buf *b, const char *text);

#endif
