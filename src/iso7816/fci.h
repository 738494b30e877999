/* SPDX-License-Identifier: EUPL-1.2 */
/* File control information, the reply to SELECT (ISO 7816-4). */
#ifndef DEZI_ISO7816_FCI_H
#define DEZI_ISO7816_FCI_H

#include "base/cur.h"

#define FILE_SIZE_MAX	65536	/* no file of a card is taken to be larger */

/* The size of the file, 1 to FILE_SIZE_MAX.  False: it does not say, or nonsense. */
bool fci_size(struct cur fci, size_t *ret);
/* The identifier of what was selected (tag 83).  False: it does not say. */
bool fci_fid(struct cur fci, uint16_t *ret);

#endif
