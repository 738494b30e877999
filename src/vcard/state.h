/* SPDX-License-Identifier: EUPL-1.2 */
/* What a card remembers without power: tries, changed secrets.  A file, across runs. */
#ifndef DEZI_VCARD_STATE_H
#define DEZI_VCARD_STATE_H

#include "vcard/cardfile.h"

struct card_state {
	char	 secrets[SECRETS][CARD_PIN_BYTES + 1];
	unsigned tries[SECRETS];	/* left; a PUK without tries: the card is dead */
};

/* A card as it comes from the factory. */
void card_state_new(const struct card_file *f, struct card_state *ret);
bool card_state_eq(const struct card_state *a, const struct card_state *b);

/* Pure.  What text does not say stays as it is. */
MUST_CHECK enum err card_state_parse(struct cur text, const struct card_file *f,
    struct card_state *ret);
/* Only what differs from the card file, but always the tries. */
void card_state_put(struct buf *b, const struct card_file *f, const struct card_state *s);

/* As from the factory when path does not exist. */
MUST_CHECK enum err card_state_load(const char *path, const struct card_file *f,
    struct card_state *ret);
MUST_CHECK enum err card_state_save(const char *path, const struct card_file *f,
    const struct card_state *s);

#endif
