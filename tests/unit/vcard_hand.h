/* SPDX-License-Identifier: EUPL-1.2 */
/* A virtual card in the hand of a test: keys made once, commands and answers in hex. */
#ifndef DEZI_TESTS_VCARD_HAND_H
#define DEZI_TESTS_VCARD_HAND_H

#include "vcard/card.h"

#define HAND_SELECT	"00A404000CA000000063504B43532D313500"
#define HAND_VERIFY	"002000030F313233343536000000000000000000"

/* A card of f with three keys, or two of them without key SIGNATURE.  Asserts. */
struct vcard *hand_card(const struct card_file *f);
/* The public half of one of its keys. */
EVP_PKEY *hand_key(enum purpose purpose);
struct cur hand_certificate(enum purpose purpose);
void hand_end(void);

/* The whole answer in hex; valid until the next call. */
const char *hand_send(struct vcard *c, const char *hex);
/* Asserts that the answer to command is want. */
#define hand_expect(c, command, want) assert_string_equal(hand_send(c, command), want)

#endif
