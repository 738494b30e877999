/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Which readers have a keypad that can be trusted, and what is odd about them, as data:
 * keypads.conf beside the card profiles, in the format of base/ini.h.  A reader that it
 * does not name has none (pcsc.md section 9 rule 1; T27).
 */
#ifndef DEZI_CARD_KEYPADS_H
#define DEZI_CARD_KEYPADS_H

#include <sys/types.h>

#include "card/pinpad.h"

#define KEYPADS_MAX	64
#define KEYPADS_FILE	"keypads.conf"

struct keypads {
	struct keypad item[KEYPADS_MAX];
	size_t	 n;
};

/* Pure: append what text says.  ERR_CONFIG with "line N: expected ..." in the trail. */
MUST_CHECK enum err keypads_parse(struct cur text, struct keypads *ret);
/*
 * The file in folder more (NULL: none), then that in dir: the first that names a reader
 * decides about it.  A missing file says nothing.  Trust as for profiles_load().
 */
MUST_CHECK enum err keypads_load(const char *dir, const char *more, uid_t owner,
    struct keypads *ret);
/* NULL: nothing is known of it.  USB numbers come before names. */
const struct keypad *keypads_find(const struct keypads *all, const struct features *f,
    const char *name);

#endif
