/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The words of a login's windows, in Dutch and English (po/).
 *
 * Relying party, origin, caller and reader come from the assertion that the card will
 * sign, and from nowhere else.  The first line of a window is always our own: a toolkit
 * that takes text for markup decides so by the first line.
 */
#ifndef DEZI_HOST_PROMPT_H
#define DEZI_HOST_PROMPT_H

#include "host/pinentry.h"
#include "login/login.h"

/*
 * Words from now on: "nl" or "en", catalogues below localedir (LOCALEDIR).  They are
 * loaded here: a process that will be confined calls this for both before it is.
 */
void prompt_language(const char *language, const char *localedir);

/* The texts of one window; text points into the rest. */
struct prompt {
	struct buf desc, error;
	struct pinentry_text text;
};
void prompt_free(struct prompt *p);

/* ERR_LIMIT, ERR_NOMEM */
typedef enum err prompt_fn(const struct login_prompt *p, struct prompt *ret);
MUST_CHECK prompt_fn prompt_pin, prompt_last_try;
/* For a PIN that is typed on the reader; for a token that is to be touched. */
MUST_CHECK prompt_fn prompt_pinpad, prompt_touch;
MUST_CHECK enum err prompt_insert_card(const struct login_request *rq,
    struct prompt *ret);

#endif
