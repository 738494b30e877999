/* SPDX-License-Identifier: EUPL-1.2 */
/* Files that must be there: an absent one is a mistake of whoever named it. */
#ifndef DEZI_VCARD_NEED_H
#define DEZI_VCARD_NEED_H

#include "base/err.h"

static inline enum err
need(enum err r, const char *path)
{
	return r == ERR_NOT_FOUND ? fail(ERR_CONFIG, "%s does not exist", path) : r;
}

#endif
