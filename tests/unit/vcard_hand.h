/* SPDX-License-Identifier: EUPL-1.2 */
/* A virtual card in the hand of a test: keys made once, commands and answers in hex. */
#ifndef DEZI_TESTS_VCARD_HAND_H
#define DEZI_TESTS_VCARD_HAND_H

#include "vcard/card.h"

#define HAND_DIGEST_INFO	"3031300D060960864801650304020105000420"
#define HAND_HASH							\
	"000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
#define HAND_SIGN	"002A9E9A33" HAND_DIGEST_INFO HAND_HASH "00"
#define HAND_MSE	"002241B606840100800102"
#define HAND_SELECT	"00A404000CA000000063504B43532D313500"
#define HAND_VERIFY	"002000030F313233343536000000000000000000"

/* Each test has a card of its own, with the defaults unless it changes them. */
struct hand {
	struct card_file file;
	struct vcard	*card;
};
#define HAND_TEST(f)	cmocka_unit_test_setup_teardown(f, hand_setup, hand_teardown)
int hand_setup(void **state);
int hand_teardown(void **state);
int hand_group_teardown(void **state);
/* Another card, as h->file is now. */
void hand_take(struct hand *h);

/* The keys of every card. */
EVP_PKEY *hand_key(enum purpose purpose);
struct cur hand_certificate(enum purpose purpose);
void hand_end(void);

/* The whole answer in hex; valid until the next call. */
const char *hand_send(struct vcard *c, const char *hex);
/* Asserts that it is a signature over HAND_HASH by key AUTHENTICATION, and 9000. */
void hand_check_signature(const char *hex);
/* Asserts that the answer to command is want. */
#define hand_expect(c, command, want) assert_string_equal(hand_send(c, command), want)

#endif
