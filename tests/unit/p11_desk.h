/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A workstation for tests of the PKCS #11 module: its readers (fake_winscard.h), virtual
 * passes in the hand, and the calls of an ordinary program.
 */
#ifndef DEZI_TESTS_P11_DESK_H
#define DEZI_TESTS_P11_DESK_H

#include "pkcs11/cryptoki.h"
#include "tests/unit/fake_winscard.h"
#include "vcard/card.h"

#define DESK_READER	"Virtual Reader 00 00"
#define DESK_PIN	"123456"
#define DESK_PUK	"12345678"

/* A pass, ready to be put into a reader. */
struct pass {
	struct card_file file;
	struct vcard *card;
	struct ws_card in_hand;
};
/* number: of its serial.  always: its signature key wants the PIN for each use. */
void pass_make(struct pass *p, unsigned number, bool always);
/* Another one, as p->file is now. */
void pass_remake(struct pass *p);
void pass_drop(struct pass *p);

/* What is on each, DER. */
struct cur desk_cert(enum purpose i);
struct cur desk_authority(void);

/* A card that says status word sw to everything. */
void stranger(struct ws_card *ret, const unsigned *sw);

/*
 * Around all tests of a program: keys, certificates, a configuration with these lines of
 * its own, and no log.
 */
int desk_setup(const char *lines);
int desk_teardown(void);
/* Another configuration, for the next C_Initialize: these lines; and where it stands. */
void desk_configure(const char *lines);
const char *desk_conf(void);

/*
 * Around each test: one reader with a pass in it, the module initialised; and at the end
 * everything given back.
 */
struct desk {
	struct pass pass, other;
};
#define DESK_TEST(f)	cmocka_unit_test_setup_teardown(f, desk_begin, desk_end)
int desk_begin(void **state);
int desk_end(void **state);
/* The module is finalised, and nothing of it is left in the fake. */
void desk_closed(void);
/* After that, within one test: as at its beginning, with the same passes. */
void desk_again(struct desk *d);

/* What a program does; each asserts success. */
ck_session_handle_t open_session(ck_slot_id_t slot, ck_flags_t more);
ck_rv_t login(ck_session_handle_t s, ck_user_type_t user, const char *pin);
ck_flags_t token_flags(ck_slot_id_t slot);
/* The n-th object of a class. */
ck_object_handle_t object(ck_session_handle_t s, ck_object_class_t class, unsigned n);
enum { KEY_AUTH, KEY_SIGN, KEY_CONF };	/* n of the private keys */

/* Sign "hello" with CKM_SHA256_RSA_PKCS. */
ck_rv_t sign(ck_session_handle_t s, ck_object_handle_t key);
/* And all of it: a new session, PIN, signature, checked. */
void works(ck_slot_id_t slot);
/* Of a folder such as /proc/self/fd. */
unsigned entries(const char *path);
/* A thread that has been waited for may still be listed for a moment. */
bool threads_are(unsigned n);
#define assert_rv(call, want)						\
	do {								\
		ck_rv_t assert_rv_got = (call);				\
		if (assert_rv_got != (ck_rv_t)(want))			\
			print_error("%s is %#lx\n", #call, assert_rv_got); \
		assert_int_equal(assert_rv_got, (ck_rv_t)(want));	\
	} while (0)

#endif
