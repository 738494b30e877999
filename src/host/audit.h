/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The agent's audit: what was asked, by which program, and how it ended.  Never a name,
 * a number of a person, a PIN or a byte of a card (DESIGN section 6 rule 10, T33): a
 * card is a keyed hash, and the key dies with the machine's runtime directory.
 */
#ifndef DEZI_HOST_AUDIT_H
#define DEZI_HOST_AUDIT_H

#include "base/buf.h"

#define AUDIT_CARD_LEN	32	/* hex digits of a card's hash */

struct audit;

/* Empty strings (and NULL) and zero times are left out. */
struct audit_record {
	const char *event;		/* "login", "session" */
	const char *login;		/* the agent's id of it, never the handle */
	const char *broker;		/* its name in the configuration */
	const char *client;		/* client id of the care application */
	const char *origin;		/* of the page */
	const char *caller;		/* program, home folder stripped */
	const char *result;		/* word of docs/errors.md, or why it ended */
	const char *card;		/* audit_card() */
	int64_t	    began_utc, ended_utc;
};

/*
 * file: one JSON object a line, appended, mode 0600; "": the journal.  key_file: made
 * when it is not there; "": a key that lives as long as this process.
 * ERR_CONFIG (the file cannot be written, the key is not ours), ERR_SYS, ERR_CRYPTO
 */
MUST_CHECK enum err audit_open(const char *file, const char *key_file,
    struct audit **ret);
void audit_close(struct audit **a);

MUST_CHECK enum err audit_write(struct audit *a, const struct audit_record *r);

/* The keyed hash of a serial; "" for a card without one, or when it cannot be made. */
void audit_card(const struct audit *a, const char *serial, char ret[AUDIT_CARD_LEN + 1]);

#endif
