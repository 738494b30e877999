/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One virtual card of each kind that a driver is for, with a login certificate, to be put
 * into the readers of fake_winscard.h; and the card stack as a program opens it there.
 */
#ifndef DEZI_TESTS_WALLET_H
#define DEZI_TESTS_WALLET_H

#include "card/cache.h"
#include "card/session.h"
#include "means/native.h"
#include "tests/unit/fake_winscard.h"
#include "vcard/card.h"

#define WALLET_READER	"Virtual Reader 00 00"
#define WALLET_PIN	"123456"
#define WALLET_NEW	"246802"
#define WALLET_PUK	"87654321"

enum wallet_kind { WALLET_UZI, WALLET_P15, WALLET_PIV, WALLET_YUBIKEY, WALLET_KINDS };

struct wallet_card {
	enum wallet_kind kind;
	struct card_file file;
	struct vcard *card;
	struct ws_card in_hand;
};

/* Keys, certificates and profiles; made once for all tests. */
int wallet_setup(void **state);
int wallet_teardown(void **state);

/* Instead of the key and certificate of everybody's login, or NULL. */
struct made;
extern const struct made *wallet_login;

/* number: of its serial.  Cards of one number and kind have different keys if other. */
void wallet_make(struct wallet_card *c, enum wallet_kind kind, uint8_t number, bool other);
void wallet_drop(struct wallet_card *c);
/* Its login certificate. */
struct cur wallet_cert(const struct wallet_card *c, bool other);
/* Is that its signature of tbs, as a means gives it? */
bool wallet_signed(const struct wallet_card *c, bool other, struct cur tbs, struct cur sig);
/* As new again: PIN, PUK, tries, nothing selected. */
void wallet_renew(struct wallet_card *c);

/* An empty cache, instead of the one before; it goes away with wallet_teardown(). */
struct card_cache *wallet_cache(void);

/* All profiles of the source tree, and a list of keypads that knows WALLET_READER. */
extern struct native_options wallet_options;

#endif
