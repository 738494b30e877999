/* SPDX-License-Identifier: EUPL-1.2 */
/* The answer to reset (ISO 7816-3), as far as we look into it. */
#ifndef DEZI_ISO7816_ATR_H
#define DEZI_ISO7816_ATR_H

#include "base/cur.h"

#define ATR_MAX	33

/* Its historical bytes, whatever they hold.  False if it is not a whole ATR. */
bool atr_historical(struct cur atr, struct cur *ret);

/*
 * Does the card say there that it takes commands of extended length (ISO 7816-4, card
 * capabilities, third byte)?  Historical bytes that are something else say nothing.
 */
bool atr_takes_extended(struct cur atr);

#endif
