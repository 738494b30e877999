/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Sessions and login of the module with a pass in the reader: the whole state machine,
 * the flags that tell how many tries are left, keys that ask for the PIN each time
 * (pkcs11 reference, sections 2 and 11; the numbers are those of section 2).
 */
#include "tests/check.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/unit/p11_desk.h"

#define RW	CKF_RW_SESSION
#define APDU_BYTES	600
#define OTHER_PIN	"654321"

static ck_state_t
state_of(ck_session_handle_t s)
{
	struct ck_session_info info;

	assert_rv(C_GetSessionInfo(s, &info), CKR_OK);
	assert_int_equal(info.slot_id, 0);
	return info.state;
}

static ck_rv_t
set_pin(ck_session_handle_t s, const char *old, const char *new)
{
	unsigned char a[64], b[64];

	memcpy(a, old, strlen(old) + 1);
	memcpy(b, new, strlen(new) + 1);
	return C_SetPIN(s, a, strlen(old), b, strlen(new));
}

static ck_rv_t
init_pin(ck_session_handle_t s, const char *new)
{
	unsigned char b[64];

	memcpy(b, new, strlen(new) + 1);
	return C_InitPIN(s, b, strlen(new));
}

static void
states_of_all_sessions_change_together(void **state UNUSED)
{
	ck_session_handle_t ro, rw;

	assert_rv(C_OpenSession(0, 0, NULL, NULL, &ro), CKR_SESSION_PARALLEL_NOT_SUPPORTED);
	assert_rv(C_OpenSession(1, CKF_SERIAL_SESSION, NULL, NULL, &ro), CKR_SLOT_ID_INVALID);
	ro = open_session(0, 0);
	rw = open_session(0, RW);
	assert_int_equal(state_of(ro), CKS_RO_PUBLIC_SESSION);
	assert_int_equal(state_of(rw), CKS_RW_PUBLIC_SESSION);
	assert_rv(C_Logout(ro), CKR_USER_NOT_LOGGED_IN);
	assert_rv(login(ro, 7, DESK_PIN), CKR_USER_TYPE_INVALID);

	assert_rv(login(ro, CKU_USER, DESK_PIN), CKR_OK);
	assert_int_equal(state_of(ro), CKS_RO_USER_FUNCTIONS);
	assert_int_equal(state_of(rw), CKS_RW_USER_FUNCTIONS);
	assert_int_equal(state_of(open_session(0, RW)), CKS_RW_USER_FUNCTIONS);
	assert_rv(login(rw, CKU_USER, DESK_PIN), CKR_USER_ALREADY_LOGGED_IN);
	assert_rv(login(rw, CKU_SO, DESK_PUK), CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
	assert_rv(init_pin(rw, OTHER_PIN), CKR_USER_NOT_LOGGED_IN);
	assert_rv(C_Logout(rw), CKR_OK);
	assert_int_equal(state_of(ro), CKS_RO_PUBLIC_SESSION);
	assert_rv(C_Logout(rw), CKR_USER_NOT_LOGGED_IN);
}

static void
officer(void **state UNUSED)
{
	ck_session_handle_t ro = open_session(0, 0), rw = open_session(0, RW);

	assert_rv(login(rw, CKU_SO, DESK_PUK), CKR_SESSION_READ_ONLY_EXISTS);
	assert_rv(login(ro, CKU_SO, DESK_PUK), CKR_SESSION_READ_ONLY_EXISTS);
	assert_rv(C_CloseSession(ro), CKR_OK);
	assert_rv(login(rw, CKU_SO, DESK_PUK), CKR_OK);
	assert_int_equal(state_of(rw), CKS_RW_SO_FUNCTIONS);
	assert_rv(C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &ro),
	    CKR_SESSION_READ_WRITE_SO_EXISTS);
	assert_rv(login(rw, CKU_SO, DESK_PUK), CKR_USER_ALREADY_LOGGED_IN);
	assert_rv(login(rw, CKU_USER, DESK_PIN), CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
	assert_rv(init_pin(rw, OTHER_PIN), CKR_OK);
	assert_rv(C_Logout(rw), CKR_OK);
	assert_rv(login(rw, CKU_USER, DESK_PIN), CKR_PIN_INCORRECT);
	assert_rv(login(rw, CKU_USER, OTHER_PIN), CKR_OK);
}

/* Defect 1: no session is left over, however many there were, and the card forgot the PIN. */
static void
the_last_session_logs_out(void **state)
{
	struct desk *d = *state;
	ck_session_handle_t s[16];

	for (int by_one = 0; by_one < 2; by_one++)
		for (size_t n = 1; n <= NELEM(s); n++) {
			for (size_t i = 0; i < n; i++)
				s[i] = open_session(0, i % 2 == 0 ? RW : 0);
			assert_rv(login(s[0], CKU_USER, DESK_PIN), CKR_OK);
			assert_true(vcard_is_verified(d->pass.card));
			for (size_t i = 0; by_one && i < n; i++) {
				assert_int_equal(state_of(s[i]) == CKS_RW_USER_FUNCTIONS, i % 2 == 0);
				assert_rv(C_CloseSession(s[i]), CKR_OK);
			}
			assert_rv(C_CloseAllSessions(0), CKR_OK);
			for (size_t i = 0; i < n; i++)
				assert_rv(C_CloseSession(s[i]), CKR_SESSION_HANDLE_INVALID);
			s[0] = open_session(0, 0);
			assert_int_equal(state_of(s[0]), CKS_RO_PUBLIC_SESSION);
			assert_rv(C_CloseSession(s[0]), CKR_OK);
		}
}

/* Defects 1 and 2: none survives removal, and nothing hangs on what is left of them. */
static void
removal_ends_sixteen_sessions(void **state)
{
	struct desk *d = *state;
	ck_session_handle_t s[16];

	for (size_t i = 0; i < NELEM(s); i++)
		s[i] = open_session(0, RW);
	assert_rv(login(s[0], CKU_USER, DESK_PIN), CKR_OK);
	ws_remove(DESK_READER);
	assert_rv(C_Logout(s[3]), CKR_DEVICE_REMOVED);
	for (size_t i = 0; i < NELEM(s); i++) {
		assert_rv(set_pin(s[i], DESK_PIN, OTHER_PIN), CKR_SESSION_HANDLE_INVALID);
		assert_rv(login(s[i], CKU_USER, DESK_PIN), CKR_SESSION_HANDLE_INVALID);
		assert_rv(C_Logout(s[i]), CKR_SESSION_HANDLE_INVALID);
	}
	ws_insert(DESK_READER, &d->pass.in_hand);
	for (size_t i = 0; i < NELEM(s); i++)
		assert_rv(C_CloseSession(s[i]), CKR_SESSION_HANDLE_INVALID);
	works(0);
}

/* Handles of one insertion are nobody's in the next. */
static void
objects_die_with_the_insertion(void **state)
{
	struct desk *d = *state;
	struct ck_mechanism m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	ck_session_handle_t s = open_session(0, 0);
	ck_object_handle_t key;

	assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
	key = object(s, CKO_PRIVATE_KEY, KEY_AUTH);
	ws_remove(DESK_READER);
	ws_insert(DESK_READER, &d->other.in_hand);
	assert_rv(C_SignInit(s, &m, key), CKR_DEVICE_REMOVED);
	s = open_session(0, 0);
	assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
	assert_rv(C_SignInit(s, &m, key), CKR_KEY_HANDLE_INVALID);
	assert_rv(C_Logout(s), CKR_OK);
	assert_rv(C_SignInit(s, &m, object(s, CKO_PUBLIC_KEY, 0)),
	    CKR_KEY_FUNCTION_NOT_PERMITTED);
}

/* Private keys are for the user, and what was begun with them ends with the login. */
static void
logout_ends_operations(void **state UNUSED)
{
	struct ck_mechanism m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	unsigned char out[512], in[] = "x";
	ck_ulong n = sizeof(out);
	ck_session_handle_t s = open_session(0, 0);
	ck_object_handle_t key;

	assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
	key = object(s, CKO_PRIVATE_KEY, KEY_AUTH);
	assert_rv(C_SignInit(s, &m, key), CKR_OK);
	assert_rv(C_Logout(s), CKR_OK);
	assert_rv(C_Sign(s, in, 1, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	assert_rv(C_SignInit(s, &m, key), CKR_USER_NOT_LOGGED_IN);
}

/* Each wrong PIN changes the flags, and they are right after each. */
static void
flags_follow_the_tries(void **state UNUSED)
{
	const ck_flags_t all = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY |
	    CKF_USER_PIN_LOCKED;
	const ck_flags_t all_so = CKF_SO_PIN_COUNT_LOW | CKF_SO_PIN_FINAL_TRY |
	    CKF_SO_PIN_LOCKED;
	ck_session_handle_t s = open_session(0, RW);

	assert_int_equal(token_flags(0) & (all | all_so), 0);
	assert_rv(login(s, CKU_USER, "000000"), CKR_PIN_INCORRECT);
	assert_int_equal(token_flags(0) & all, CKF_USER_PIN_COUNT_LOW);
	assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
	assert_int_equal(token_flags(0) & all, 0);
	assert_rv(set_pin(s, "000000", OTHER_PIN), CKR_PIN_INCORRECT);
	assert_int_equal(token_flags(0) & all, CKF_USER_PIN_COUNT_LOW);
	assert_rv(C_Logout(s), CKR_OK);
	assert_rv(login(s, CKU_USER, "000000"), CKR_PIN_INCORRECT);
	assert_int_equal(token_flags(0) & all, CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY);
	assert_rv(login(s, CKU_USER, "000000"), CKR_PIN_LOCKED);
	assert_int_equal(token_flags(0) & all, CKF_USER_PIN_LOCKED);
	assert_rv(login(s, CKU_USER, DESK_PIN), CKR_PIN_LOCKED);
	assert_int_equal(token_flags(0) & all, CKF_USER_PIN_LOCKED);

	assert_rv(login(s, CKU_SO, "00000000"), CKR_PIN_INCORRECT);
	assert_int_equal(token_flags(0) & all_so, CKF_SO_PIN_COUNT_LOW);
	assert_rv(login(s, CKU_SO, DESK_PUK), CKR_OK);
	assert_int_equal(token_flags(0) & all_so, 0);
	assert_rv(init_pin(s, DESK_PIN), CKR_OK);
	assert_int_equal(token_flags(0) & all, 0);
	assert_rv(C_Logout(s), CKR_OK);
	assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
}

/* Checklist 7, defect 13: such a PIN is never sent, whatever stands behind it. */
static void
impossible_pins_cost_nothing(void **state)
{
	struct desk *d = *state;
	unsigned char pin[300];
	ck_session_handle_t s = open_session(0, RW);

	memset(pin, '1', sizeof(pin));
	for (size_t n = 0; n < sizeof(pin); n++) {
		ck_rv_t rv;

		if (n >= 4 && n <= 15)
			continue;
		rv = C_Login(s, CKU_USER, pin, n);
		assert_int_equal(rv, CKR_PIN_INCORRECT);
		rv = C_Login(s, CKU_SO, pin, n);
		assert_int_equal(rv, CKR_PIN_INCORRECT);
		rv = C_SetPIN(s, pin, n, pin, 6);
		assert_int_equal(rv, CKR_PIN_INCORRECT);
		rv = C_SetPIN(s, pin, 6, pin, n);
		assert_int_equal(rv, CKR_PIN_LEN_RANGE);
	}
	assert_rv(C_Login(s, CKU_USER, NULL, 6), CKR_ARGUMENTS_BAD);
	assert_int_equal(vcard_counts(d->pass.card).verifies, 0);
	assert_int_equal(ws_ins(0x20) + ws_ins(0x24) + ws_ins(0x2c), 0);
	/* The PIN ends where its length says. */
	memcpy(pin, DESK_PIN "9", 7);
	assert_rv(C_Login(s, CKU_USER, pin, 6), CKR_OK);
}

static void
change_needs_a_session_that_writes(void **state UNUSED)
{
	ck_session_handle_t ro = open_session(0, 0), rw = open_session(0, RW);

	assert_rv(set_pin(ro, DESK_PIN, OTHER_PIN), CKR_SESSION_READ_ONLY);
	assert_rv(set_pin(rw, DESK_PIN, OTHER_PIN), CKR_OK);
	assert_rv(login(ro, CKU_USER, OTHER_PIN), CKR_OK);
	/* Who is logged in stays so. */
	assert_rv(set_pin(rw, OTHER_PIN, DESK_PIN), CKR_OK);
	assert_rv(sign(ro, object(ro, CKO_PRIVATE_KEY, KEY_AUTH)), CKR_OK);
}

/*
 * Other programs.
 */

/* Defects 5 and 16; a reset is noticed by the next login, and no card is reset for it. */
static void
a_reset_by_others_ends_the_login(void **state)
{
	struct desk *d = *state;
	ck_session_handle_t s = open_session(0, 0);
	ck_object_handle_t key;

	for (int i = 0; i < 5; i++) {
		assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
		key = object(s, CKO_PRIVATE_KEY, KEY_AUTH);
		ws_other_resets(DESK_READER);
		if (i % 2 == 0)
			assert_rv(sign(s, key), CKR_USER_NOT_LOGGED_IN);
	}
	assert_int_equal(state_of(s), CKS_RO_PUBLIC_SESSION);
	assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
	assert_int_equal(vcard_counts(d->pass.card).verifies, 6);
	assert_int_equal(state_of(s), CKS_RO_USER_FUNCTIONS);
	assert_rv(sign(s, key), CKR_OK);
}

static void
another_applet_is_selected_away(void **state UNUSED)
{
	ck_session_handle_t s = open_session(0, 0);
	ck_object_handle_t key;

	assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
	key = object(s, CKO_PRIVATE_KEY, KEY_AUTH);
	ws_other_selects(DESK_READER);
	assert_rv(sign(s, key), CKR_OK);
}

/* Defect 5: C_GetSessionInfo asks nobody, C_GetTokenInfo only the first time. */
static void
asking_costs_no_commands(void **state UNUSED)
{
	ck_session_handle_t s = open_session(0, 0);

	(void)token_flags(0);
	ws_forget_counts();
	for (int i = 0; i < 20; i++) {
		(void)token_flags(0);
		(void)state_of(s);
	}
	assert_int_equal(ws_calls(WS_TRANSMIT) + ws_calls(WS_BEGIN), 0);
}

static ck_ulong
count_certificates(ck_session_handle_t s, struct cur id)
{
	ck_object_class_t class = CKO_CERTIFICATE;
	struct ck_attribute template[] = { { CKA_CLASS, &class, sizeof(class) },
	    { CKA_ID, (void *)(uintptr_t)id.p, id.n } };
	ck_object_handle_t found[8];
	ck_ulong n = 0;

	assert_rv(C_FindObjectsInit(s, template, id.n != 0 ? 2 : 1), CKR_OK);
	assert_rv(C_FindObjects(s, found, NELEM(found), &n), CKR_OK);
	assert_rv(C_FindObjectsFinal(s), CKR_OK);
	return n;
}

/* What is not asked for is not read, and what was read is not read again. */
static void
authorities_are_looked_for_when_asked_for(void **state UNUSED)
{
	ck_session_handle_t s = open_session(0, 0);
	unsigned char bytes[64];
	struct ck_attribute id = { CKA_ID, bytes, sizeof(bytes) };

	assert_rv(C_GetAttributeValue(s, object(s, CKO_PUBLIC_KEY, KEY_AUTH), &id, 1), CKR_OK);
	ws_forget_counts();
	assert_int_equal(count_certificates(s, cur_of(bytes, id.value_len)), 1);
	assert_int_equal(ws_calls(WS_TRANSMIT), 0);
	assert_int_equal(count_certificates(s, cur_of("none", 4)), 0);
	assert_true(ws_calls(WS_TRANSMIT) > 0);
	ws_forget_counts();
	assert_int_equal(count_certificates(s, cur_of(NULL, 0)), PURPOSES + 1);
	assert_int_equal(ws_calls(WS_TRANSMIT), 0);
}

/*
 * A key that asks each time.
 */
static ck_session_handle_t
with_asking_pass(struct desk *d, ck_object_handle_t *ret_key)
{
	ck_session_handle_t s;

	d->pass.file.keys[SIGNATURE].consent = true;
	pass_remake(&d->pass);
	ws_insert(DESK_READER, &d->pass.in_hand);
	s = open_session(0, 0);
	assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
	*ret_key = object(s, CKO_PRIVATE_KEY, KEY_SIGN);
	return s;
}

/* Defect 4, checklist 8. */
static void
no_login_for_an_operation_that_is_none(void **state)
{
	struct ck_mechanism m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	ck_object_handle_t key;
	ck_session_handle_t s = with_asking_pass(*state, &key);
	struct desk *d = *state;
	uint64_t verifies = vcard_counts(d->pass.card).verifies;

	assert_rv(login(s, CKU_CONTEXT_SPECIFIC, DESK_PIN), CKR_OPERATION_NOT_INITIALIZED);
	assert_rv(C_SignInit(s, &m, object(s, CKO_PRIVATE_KEY, KEY_AUTH)), CKR_OK);
	assert_rv(login(s, CKU_CONTEXT_SPECIFIC, DESK_PIN), CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(vcard_counts(d->pass.card).verifies, verifies);
	assert_int_equal(ws_held(), 0);
}

static void
verify_and_sign_in_one_transaction(void **state)
{
	struct ck_mechanism m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	unsigned char out[512], in[] = "x";
	ck_ulong n = sizeof(out);
	unsigned char always = 0;
	struct ck_attribute a = { CKA_ALWAYS_AUTHENTICATE, &always, 1 };
	ck_object_handle_t key;
	ck_session_handle_t s = with_asking_pass(*state, &key);

	assert_rv(C_GetAttributeValue(s, key, &a, 1), CKR_OK);
	assert_int_equal(always, 1);
	assert_rv(sign(s, key), CKR_USER_NOT_LOGGED_IN);
	assert_rv(C_SignInit(s, &m, key), CKR_OK);
	assert_rv(login(s, CKU_CONTEXT_SPECIFIC, "000000"), CKR_PIN_INCORRECT);
	assert_int_equal(ws_held(), 0);
	assert_rv(login(s, CKU_CONTEXT_SPECIFIC, DESK_PIN), CKR_OK);
	assert_int_equal(ws_held(), 1);
	/* One command for the key and one for the signature: nothing in between. */
	ws_forget_counts();
	assert_rv(C_Sign(s, in, 1, out, &n), CKR_OK);
	assert_int_equal(ws_calls(WS_BEGIN), 0);
	assert_int_equal(ws_calls(WS_TRANSMIT), 2);
	assert_int_equal(ws_calls(WS_END), 1);
	assert_int_equal(ws_held(), 0);
	assert_rv(sign(s, key), CKR_USER_NOT_LOGGED_IN);
}

/* ... also not what would make the card forget the PIN: it is looked for afterwards. */
static void
nothing_is_looked_for_while_held(void **state)
{
	struct ck_mechanism m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	unsigned char out[512], in[] = "x";
	ck_ulong n = sizeof(out);
	ck_object_handle_t key;
	ck_session_handle_t s = with_asking_pass(*state, &key);

	assert_rv(C_SignInit(s, &m, key), CKR_OK);
	assert_rv(login(s, CKU_CONTEXT_SPECIFIC, DESK_PIN), CKR_OK);
	ws_forget_counts();
	assert_int_equal(count_certificates(s, cur_of(NULL, 0)), PURPOSES);
	assert_int_equal(ws_calls(WS_TRANSMIT), 0);
	assert_int_equal(ws_held(), 1);
	assert_rv(C_Sign(s, in, 1, out, &n), CKR_OK);
	assert_int_equal(count_certificates(s, cur_of(NULL, 0)), PURPOSES + 1);
}

/*
 * Another thread signs between that PIN and its operation, which makes some cards (PIV)
 * forget it.  That is no log-out: only this operation ends.
 */
static void
a_forgotten_pin_is_no_logout(void **state)
{
	struct ck_mechanism m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	static const uint8_t forgotten[] = { 0x69, 0x82 };
	const struct ws_event says = { .what = WS_REPLY,
	    .reply = cur_of(forgotten, sizeof(forgotten)) };
	unsigned char out[512], in[] = "x";
	ck_ulong n = sizeof(out);
	ck_object_handle_t key;
	ck_session_handle_t s = with_asking_pass(*state, &key), other = open_session(0, 0);

	assert_rv(C_SignInit(s, &m, key), CKR_OK);
	assert_rv(login(s, CKU_CONTEXT_SPECIFIC, DESK_PIN), CKR_OK);
	assert_rv(sign(other, object(s, CKO_PRIVATE_KEY, KEY_AUTH)), CKR_OK);
	ws_before(2, says);
	assert_rv(C_Sign(s, in, 1, out, &n), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(ws_held(), 0);
	assert_int_equal(state_of(s), CKS_RO_USER_FUNCTIONS);
	assert_rv(sign(other, object(s, CKO_PRIVATE_KEY, KEY_AUTH)), CKR_OK);
	assert_rv(C_Logout(s), CKR_OK);
}

/* An ISO 7816-15 card whose signature key has a PIN of its own. */
static ck_session_handle_t
with_second_pin(struct desk *d, ck_object_handle_t *ret_key)
{
	struct card_file *f = &d->pass.file;
	ck_session_handle_t s;

	card_file_defaults_of(CARD_P15, f);
	memcpy(f->secrets[USER_PIN], DESK_PIN, sizeof(DESK_PIN));
	memcpy(f->secrets[SECOND_PIN], OTHER_PIN, sizeof(OTHER_PIN));
	memcpy(f->secrets[PUK], DESK_PUK, sizeof(DESK_PUK));
	f->references[SECOND_PIN] = 0x82;
	for (size_t i = 0; i < PURPOSES; i++) {
		f->keys[i].present = true;
		f->keys[i].usage = i;
		f->keys[i].id[0] = (uint8_t)(0x45 + i);
		f->keys[i].id_len = 1;
	}
	f->keys[SIGNATURE].pin = P15_SECOND_PIN;
	f->keys[SIGNATURE].consent = true;
	pass_remake(&d->pass);
	ws_insert(DESK_READER, &d->pass.in_hand);
	s = open_session(0, 0);
	assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
	*ret_key = object(s, CKO_PRIVATE_KEY, KEY_SIGN);
	return s;
}

/* The flags of the token tell of the PIN that logs in, and of no other. */
static void
flags_are_of_one_pin(void **state)
{
	const ck_flags_t all = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY |
	    CKF_USER_PIN_LOCKED;
	struct ck_mechanism m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	ck_object_handle_t key;
	ck_session_handle_t s = with_second_pin(*state, &key);

	assert_rv(C_SignInit(s, &m, key), CKR_OK);
	for (int i = 0; i < 3; i++) {
		assert_rv(login(s, CKU_CONTEXT_SPECIFIC, DESK_PIN),
		    i < 2 ? CKR_PIN_INCORRECT : CKR_PIN_LOCKED);
		assert_int_equal(token_flags(0) & all, 0);
	}
	assert_rv(C_Logout(s), CKR_OK);
	assert_rv(login(s, CKU_USER, "000000"), CKR_PIN_INCORRECT);
	assert_int_equal(token_flags(0) & all, CKF_USER_PIN_COUNT_LOW);
	assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
}

/* A PIV card: 9C wants the PIN each time, and there is a command to forget it. */
static ck_session_handle_t
with_piv(struct desk *d, ck_object_handle_t *ret_key)
{
	struct card_file *f = &d->pass.file;
	ck_session_handle_t s;

	card_file_defaults_of(CARD_PIV, f);
	memcpy(f->secrets[USER_PIN], DESK_PIN, sizeof(DESK_PIN));
	memcpy(f->secrets[PUK], DESK_PUK, sizeof(DESK_PUK));
	f->serial[0] = 0x44;
	for (size_t i = 0; i < PURPOSES; i++)
		f->keys[i].present = true;
	pass_remake(&d->pass);
	ws_insert(DESK_READER, &d->pass.in_hand);
	s = open_session(0, 0);
	assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
	*ret_key = object(s, CKO_PRIVATE_KEY, KEY_SIGN);
	return s;
}

/* A PIN that was given for a use of the signature key is nobody else's to use. */
static void
an_unused_pin_is_taken_back(void **state)
{
	struct desk *d = *state;
	struct ck_mechanism m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	unsigned char out[512], in[] = "x";
	ck_object_handle_t key;
	ck_session_handle_t s = with_piv(d, &key), other = open_session(0, 0);

	for (int i = 0; i < 5; i++) {
		ck_ulong n = sizeof(out);

		assert_rv(C_SignInit(other, &m, key), CKR_OK);
		assert_rv(login(other, CKU_CONTEXT_SPECIFIC, DESK_PIN), CKR_OK);
		switch (i) {
		case 0:
			assert_rv(C_Sign(other, in, 1, out, &n), CKR_OK);
			break;
		case 1:
			assert_rv(C_SignInit(other, NULL, 0), CKR_OK);
			break;
		case 2:
			assert_rv(C_Sign(other, in, 1, out, NULL), CKR_ARGUMENTS_BAD);
			break;
		case 3:
			assert_rv(C_CloseSession(other), CKR_OK);
			other = open_session(0, 0);
			break;
		case 4:
			usleep(5500000);
			break;
		}
		assert_int_equal(ws_held(), 0);
		/* What was used was used up; the login lasts. */
		assert_int_equal(vcard_is_verified(d->pass.card), i == 0);
		assert_int_equal(state_of(s), i == 0 ? CKS_RO_USER_FUNCTIONS :
		    CKS_RO_PUBLIC_SESSION);
		assert_rv(C_SignInit(other, NULL, 0), CKR_OK);
		if (i != 0)
			assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
	}
}

/* Who is not logged in proves no PIN for an operation: nobody would take it back (T8). */
static void
no_pin_for_an_operation_after_the_login(void **state)
{
	struct desk *d = *state;
	struct ck_mechanism m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	ck_object_handle_t key;
	ck_session_handle_t s = with_piv(d, &key);

	for (int seen = 0; seen < 2; seen++) {
		assert_rv(C_SignInit(s, &m, key), CKR_OK);
		ws_other_resets(DESK_READER);
		/* Noticed before, or with the PIN. */
		if (seen != 0)
			assert_rv(sign(open_session(0, 0), object(s, CKO_PRIVATE_KEY, KEY_AUTH)),
			    CKR_USER_NOT_LOGGED_IN);
		assert_rv(login(s, CKU_CONTEXT_SPECIFIC, DESK_PIN), CKR_USER_NOT_LOGGED_IN);
		assert_int_equal(ws_held(), 0);
		assert_int_equal(state_of(s), CKS_RO_PUBLIC_SESSION);
		assert_false(vcard_is_verified(d->pass.card));
		assert_rv(C_SignInit(s, NULL, 0), CKR_OK);
		assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
	}
}

/* The PIN for the operation ends with its transaction, also when that is for a new PIN. */
static void
a_changed_pin_allows_no_operation(void **state)
{
	struct desk *d = *state;
	struct ck_mechanism m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	unsigned char out[512], in[] = "x";
	ck_ulong n = sizeof(out);
	ck_object_handle_t key;
	ck_session_handle_t s = with_piv(d, &key), rw = open_session(0, RW);

	assert_rv(C_SignInit(s, &m, key), CKR_OK);
	assert_rv(login(s, CKU_CONTEXT_SPECIFIC, DESK_PIN), CKR_OK);
	assert_rv(set_pin(rw, DESK_PIN, OTHER_PIN), CKR_OK);
	assert_int_equal(ws_held(), 0);
	assert_rv(C_Sign(s, in, 1, out, &n), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(state_of(s), CKS_RO_USER_FUNCTIONS);
	assert_rv(sign(s, object(s, CKO_PRIVATE_KEY, KEY_AUTH)), CKR_OK);
}

/* However an operation with its own PIN ends, others come next. */
static void
a_held_transaction_ends(void **state)
{
	struct ck_mechanism m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	ck_object_handle_t key;
	ck_session_handle_t s = with_asking_pass(*state, &key);

	for (int i = 0; i < 5; i++) {
		assert_rv(C_SignInit(s, &m, key), CKR_OK);
		assert_rv(login(s, CKU_CONTEXT_SPECIFIC, DESK_PIN), CKR_OK);
		assert_int_equal(ws_held(), 1);
		switch (i) {
		case 0:
			assert_rv(C_SignInit(s, NULL, 0), CKR_OK);
			break;
		case 1:
			assert_rv(C_SessionCancel(s, CKF_SIGN), CKR_OK);
			break;
		case 2:
			/* A wrong PIN after a right one leaves nothing open. */
			assert_rv(login(s, CKU_CONTEXT_SPECIFIC, "000000"), CKR_PIN_INCORRECT);
			assert_int_equal(ws_held(), 0);
			assert_rv(C_SignFinal(s, (unsigned char[512]){ 0 }, &(ck_ulong){ 512 }),
			    CKR_USER_NOT_LOGGED_IN);
			break;
		case 3:
			assert_rv(C_Logout(s), CKR_OK);
			assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
			break;
		case 4:
			assert_rv(C_CloseSession(s), CKR_OK);
			break;
		}
		assert_int_equal(ws_held(), 0);
	}
	works(0);
}

static unsigned
threads(void)
{
	DIR *d = opendir("/proc/self/task");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* The PIN was given, and nothing came after it: others do not wait for ever. */
static void
a_forgotten_operation_lets_others_in(void **state)
{
	struct ck_mechanism m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	unsigned char out[512], in[] = "x";
	ck_ulong n = sizeof(out);
	ck_object_handle_t key;
	ck_session_handle_t s = with_asking_pass(*state, &key);
	int64_t from = clock_boot_ms();

	for (int i = 0; i < 2; i++) {
		assert_rv(C_SignInit(s, &m, key), CKR_OK);
		assert_rv(login(s, CKU_CONTEXT_SPECIFIC, DESK_PIN), CKR_OK);
		assert_int_equal(ws_held(), 1);
		if (i == 0)
			assert_rv(C_Sign(s, in, 1, out, &n), CKR_OK);
		usleep(300000);
	}
	/* The program makes no call from here on. */
	while (ws_held() != 0 && clock_boot_ms() < from + 20000)
		usleep(10000);
	assert_int_equal(ws_held(), 0);
	assert_in_range(clock_boot_ms() - from, 5300, 19000);
	assert_rv(C_Sign(s, in, 1, out, &n), CKR_USER_NOT_LOGGED_IN);
	assert_rv(sign(s, object(s, CKO_PRIVATE_KEY, KEY_AUTH)), CKR_OK);
}

/* The thread that ends it is gone with C_Finalize, and the transaction too, at once. */
static void
finalize_ends_a_held_transaction(void **state)
{
	struct ck_mechanism m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	unsigned before = threads();
	ck_object_handle_t key;
	int64_t from;

	for (int i = 0; i < 20; i++) {
		ck_session_handle_t s = with_asking_pass(*state, &key);

		assert_rv(C_SignInit(s, &m, key), CKR_OK);
		assert_rv(login(s, CKU_CONTEXT_SPECIFIC, DESK_PIN), CKR_OK);
		from = clock_boot_ms();
		assert_rv(C_Finalize(NULL), CKR_OK);
		assert_true(clock_boot_ms() - from < 4000);
		assert_int_equal(ws_held(), 0);
		assert_rv(C_Initialize(NULL), CKR_OK);
	}
	/* One that was waited for may still be listed for a moment. */
	for (int i = 0; i < 200 && threads() != before; i++)
		usleep(10000);
	assert_int_equal(threads(), before);
}

/* Where no thread may be made, the next call is what ends it. */
static void
without_threads_the_next_call_ends_it(void **state)
{
	struct ck_c_initialize_args args = { .flags = CKF_LIBRARY_CANT_CREATE_OS_THREADS };
	struct ck_mechanism m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	unsigned before;
	ck_object_handle_t key;
	ck_session_handle_t s;

	assert_rv(C_Finalize(NULL), CKR_OK);
	before = threads();
	assert_rv(C_Initialize(&args), CKR_OK);
	s = with_asking_pass(*state, &key);
	assert_rv(C_SignInit(s, &m, key), CKR_OK);
	assert_rv(login(s, CKU_CONTEXT_SPECIFIC, DESK_PIN), CKR_OK);
	assert_int_equal(threads(), before);
	usleep(5100000);
	assert_int_equal(ws_held(), 1);
	(void)state_of(s);
	assert_int_equal(ws_held(), 0);
}

/*
 * A card that signs falsely (hostile cards, vector 44): a bit is wrong, nothing but
 * zeros, the last signature again, or by another of its keys.
 */
static enum falsehood { HONEST, ONE_BIT, ZEROS, REPLAY, OTHER_KEY } falsehood;
static struct pass *liar;
static uint8_t last_signature[512];

static void
lie(void *arg UNUSED, struct cur command, struct buf *ret)
{
	static const uint8_t reference_of_another[] = { 0x84, 0x01, 0x01 };
	uint8_t copy[APDU_BYTES];
	bool signs = command.n > 3 && command.p[1] == 0x2a && command.p[2] == 0x9e;
	uint8_t *ref;

	assert_true(command.n <= sizeof(copy));
	memcpy(copy, command.p, command.n);
	ref = command.p[1] == 0x22 ? memmem(copy, command.n, reference_of_another, 2) : NULL;
	if (falsehood == OTHER_KEY && ref != NULL)
		ref[2] ^= 1;
	vcard_command(liar->card, cur_of(copy, command.n), ret);
	if (!signs || ret->len < 64)
		return;
	if (falsehood == ONE_BIT)
		ret->p[17] ^= 0x10;
	if (falsehood == ZEROS)
		memset(ret->p, 0, ret->len - 2);
	if (falsehood == REPLAY)
		memcpy(ret->p, last_signature, ret->len - 2);
	memcpy(last_signature, ret->p, ret->len - 2);
}

static void
no_false_signature_gets_out(void **state)
{
	struct ck_mechanism m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	struct ws_card card;
	unsigned char sig[512], data[] = "another text";
	ck_session_handle_t s;
	ck_object_handle_t key;
	ck_ulong n;

	liar = &((struct desk *)*state)->pass;
	card = liar->in_hand;
	card.command = lie;
	falsehood = HONEST;
	ws_insert(DESK_READER, &card);
	s = open_session(0, 0);
	assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
	key = object(s, CKO_PRIVATE_KEY, KEY_AUTH);
	assert_rv(sign(s, key), CKR_OK);
	for (falsehood = ONE_BIT; falsehood <= OTHER_KEY; falsehood++) {
		memset(sig, 0xee, sizeof(sig));
		n = sizeof(sig);
		assert_rv(C_SignInit(s, &m, key), CKR_OK);
		assert_rv(C_Sign(s, data, sizeof(data), sig, &n), CKR_DEVICE_ERROR);
		for (size_t i = 0; i < sizeof(sig); i++)
			assert_int_equal(sig[i], 0xee);
	}
	falsehood = HONEST;
	assert_rv(sign(s, key), CKR_OK);
	assert_rv(C_CloseSession(s), CKR_OK);
}

static int
setup(void **state UNUSED)
{
	return desk_setup("cache = no\n");
}

static int
teardown(void **state UNUSED)
{
	return desk_teardown();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(states_of_all_sessions_change_together),
		DESK_TEST(officer),
		DESK_TEST(the_last_session_logs_out),
		DESK_TEST(removal_ends_sixteen_sessions),
		DESK_TEST(objects_die_with_the_insertion),
		DESK_TEST(logout_ends_operations),
		DESK_TEST(flags_follow_the_tries),
		DESK_TEST(impossible_pins_cost_nothing),
		DESK_TEST(change_needs_a_session_that_writes),
		DESK_TEST(a_reset_by_others_ends_the_login),
		DESK_TEST(another_applet_is_selected_away),
		DESK_TEST(asking_costs_no_commands),
		DESK_TEST(no_false_signature_gets_out),
		DESK_TEST(authorities_are_looked_for_when_asked_for),
		DESK_TEST(no_login_for_an_operation_that_is_none),
		DESK_TEST(verify_and_sign_in_one_transaction),
		DESK_TEST(nothing_is_looked_for_while_held),
		DESK_TEST(a_forgotten_pin_is_no_logout),
		DESK_TEST(flags_are_of_one_pin),
		DESK_TEST(an_unused_pin_is_taken_back),
		DESK_TEST(no_pin_for_an_operation_after_the_login),
		DESK_TEST(a_changed_pin_allows_no_operation),
		DESK_TEST(a_held_transaction_ends),
		DESK_TEST(a_forgotten_operation_lets_others_in),
		DESK_TEST(finalize_ends_a_held_transaction),
		DESK_TEST(without_threads_the_next_call_ends_it),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
