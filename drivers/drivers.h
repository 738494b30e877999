/* SPDX-License-Identifier: EUPL-1.2 */
/* The kinds of card that this house knows, in the order in which they are tried. */
#ifndef DEZI_DRIVERS_DRIVERS_H
#define DEZI_DRIVERS_DRIVERS_H

#include "card/driver.h"

extern const struct driver driver_piv;
extern const struct driver driver_pkcs15;

/* NULL-terminated, as card_open() wants it. */
extern const struct driver *const drivers_table[];

#endif
