/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Whole scenarios of an ordinary program, with one thing going wrong at each point: every
 * PC/SC error, the card gone, reset, swapped, silly replies, pcscd gone.  The answer is the
 * one of the reference (pkcs11.md section 7), CKR_GENERAL_ERROR is never one, and without
 * the fault the module works again, in the same process.
 *
 * As a rule each error is tried at some of the points; DEZI_TEST_LONG=1 tries them all.
 */
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winscard.h>

#include "tests/unit/heap.h"
#include "tests/unit/p11_desk.h"

#define NEW_PIN		"654321"
#define CUR(text)	{ (const uint8_t *)(text), sizeof(text) - 1 }

/*
 * A program's day.  Each step returns what the first call that failed returned.
 */
struct run {
	ck_session_handle_t s;
	ck_object_handle_t key, public, cipher, cipher_public;
};

#define TRY(call)							\
	do {								\
		ck_rv_t try_rv = (call);				\
		if (try_rv != CKR_OK)					\
			return try_rv;					\
	} while (0)

static ck_rv_t
step_list(struct run *r UNUSED)
{
	ck_slot_id_t slots[4];
	ck_ulong n = 0, again = NELEM(slots);

	TRY(C_GetSlotList(1, NULL, &n));
	TRY(C_GetSlotList(1, slots, &again));
	return n == 1 && again == 1 && slots[0] == 0 ? CKR_OK : CKR_TOKEN_NOT_PRESENT;
}

static ck_rv_t
step_info(struct run *r UNUSED)
{
	struct ck_slot_info slot;
	struct ck_token_info token;
	ck_mechanism_type_t mechs[64];
	ck_ulong n = NELEM(mechs);

	TRY(C_GetSlotInfo(0, &slot));
	TRY(C_GetTokenInfo(0, &token));
	TRY(C_GetMechanismList(0, mechs, &n));
	return CKR_OK;
}

static ck_rv_t
step_open(struct run *r)
{
	struct ck_session_info info;

	TRY(C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &r->s));
	return C_GetSessionInfo(r->s, &info);
}

static ck_rv_t
find(struct run *r, ck_object_class_t class, ck_object_handle_t *ret, ck_ulong max)
{
	struct ck_attribute a = { CKA_CLASS, &class, sizeof(class) };
	ck_ulong n = 0;

	TRY(C_FindObjectsInit(r->s, &a, 1));
	TRY(C_FindObjects(r->s, ret, max, &n));
	TRY(C_FindObjectsFinal(r->s));
	/* Private keys are hidden once the login is lost. */
	return n >= max ? CKR_OK : CKR_USER_NOT_LOGGED_IN;
}

static ck_rv_t
step_read(struct run *r)
{
	ck_object_handle_t cert;
	unsigned char der[4096];
	struct ck_attribute a = { CKA_VALUE, der, sizeof(der) };

	TRY(find(r, CKO_CERTIFICATE, &cert, 1));
	return C_GetAttributeValue(r->s, cert, &a, 1);
}

static ck_rv_t
step_login(struct run *r)
{
	return login(r->s, CKU_USER, DESK_PIN);
}

static ck_rv_t
step_find(struct run *r)
{
	ck_object_handle_t private[3], public[3];

	TRY(find(r, CKO_PRIVATE_KEY, private, 3));
	TRY(find(r, CKO_PUBLIC_KEY, public, 3));
	r->key = private[KEY_AUTH];
	r->public = public[KEY_AUTH];
	r->cipher = private[KEY_CONF];
	r->cipher_public = public[KEY_CONF];
	return CKR_OK;
}

static ck_rv_t
step_sign(struct run *r)
{
	struct ck_mechanism m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	unsigned char sig[512], data[] = "hello";
	ck_ulong n = sizeof(sig);

	TRY(C_SignInit(r->s, &m, r->key));
	TRY(C_Sign(r->s, data, sizeof(data), sig, &n));
	TRY(C_VerifyInit(r->s, &m, r->public));
	return C_Verify(r->s, data, sizeof(data), sig, n);
}

static ck_rv_t
step_sign_parts(struct run *r)
{
	struct ck_mechanism m = { CKM_SHA384_RSA_PKCS, NULL, 0 };
	unsigned char sig[512], data[] = "hello";
	ck_ulong n = 0;

	TRY(C_SignInit(r->s, &m, r->key));
	TRY(C_SignUpdate(r->s, data, 3));
	TRY(C_SignUpdate(r->s, data + 3, 2));
	TRY(C_SignFinal(r->s, NULL, &n));
	return C_SignFinal(r->s, sig, &n);
}

static ck_rv_t
step_decrypt(struct run *r)
{
	struct ck_mechanism m = { CKM_RSA_PKCS, NULL, 0 };
	unsigned char block[512], out[512], data[] = "secret";
	ck_ulong n = sizeof(block), n_out = sizeof(out);

	TRY(C_EncryptInit(r->s, &m, r->cipher_public));
	TRY(C_Encrypt(r->s, data, sizeof(data), block, &n));
	TRY(C_DecryptInit(r->s, &m, r->cipher));
	TRY(C_Decrypt(r->s, block, n, out, &n_out));
	/* What the card deciphered nobody can check but the program. */
	return n_out == sizeof(data) && memcmp(out, data, n_out) == 0 ? CKR_OK :
	    CKR_ENCRYPTED_DATA_INVALID;
}

static ck_rv_t
step_change(struct run *r)
{
	unsigned char old[] = DESK_PIN, new[] = NEW_PIN;

	return C_SetPIN(r->s, old, sizeof(old) - 1, new, sizeof(new) - 1);
}

static ck_rv_t
step_logout(struct run *r)
{
	return C_Logout(r->s);
}

static ck_rv_t
step_officer(struct run *r)
{
	return login(r->s, CKU_SO, DESK_PUK);
}

static ck_rv_t
step_unblock(struct run *r)
{
	unsigned char new[] = DESK_PIN;

	return C_InitPIN(r->s, new, sizeof(new) - 1);
}

static ck_rv_t
step_close(struct run *r)
{
	return C_CloseSession(r->s);
}

static ck_rv_t
step_begin_always(struct run *r)
{
	struct ck_mechanism m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	ck_object_handle_t keys[3];

	TRY(find(r, CKO_PRIVATE_KEY, keys, 3));
	return C_SignInit(r->s, &m, keys[KEY_SIGN]);
}

static ck_rv_t
step_context(struct run *r)
{
	return login(r->s, CKU_CONTEXT_SPECIFIC, DESK_PIN);
}

static ck_rv_t
step_sign_always(struct run *r)
{
	unsigned char sig[512], data[] = "hello";
	ck_ulong n = sizeof(sig);

	return C_Sign(r->s, data, sizeof(data), sig, &n);
}

struct step {
	const char *name;
	ck_rv_t (*fn)(struct run *r);
	bool	 shrugs;		/* what has gone wrong does not matter to it */
};

static const struct step day[] = {
	{ "list", step_list, false }, { "info", step_info, false },
	{ "open", step_open, false }, { "read", step_read, false },
	{ "login", step_login, false }, { "find", step_find, false },
	{ "sign", step_sign, false }, { "sign in parts", step_sign_parts, false },
	{ "decrypt", step_decrypt, false }, { "change the PIN", step_change, false },
	{ "logout", step_logout, true }, { "SO login", step_officer, false },
	{ "unblock", step_unblock, false }, { "logout", step_logout, true },
	{ "close", step_close, true }, { NULL, NULL, false },
};
static const struct step always[] = {
	{ "list", step_list, false }, { "open", step_open, false },
	{ "login", step_login, false }, { "begin", step_begin_always, false },
	{ "context login", step_context, false }, { "sign", step_sign_always, false },
	{ "close", step_close, true }, { NULL, NULL, false },
};

/* *ret_step: the one that failed, or the last one, which is NULL. */
static ck_rv_t
run_steps(const struct step *steps, const struct step **ret_step)
{
	struct run r = { 0 };
	ck_rv_t rv = CKR_OK;

	for (; steps->fn != NULL && rv == CKR_OK; steps++)
		rv = steps->fn(&r);
	*ret_step = rv == CKR_OK ? steps : steps - 1;
	return rv;
}

/*
 * What the reference wants.
 */
enum class { GONE, RESET, MUTE, MEMORY, TROUBLE };

static const struct code {
	long	 rv;
	enum class class;
} codes[] = {
	{ SCARD_F_INTERNAL_ERROR, TROUBLE }, { SCARD_E_CANCELLED, TROUBLE },
	{ SCARD_E_INVALID_HANDLE, GONE }, { SCARD_E_INVALID_PARAMETER, TROUBLE },
	{ SCARD_E_INVALID_TARGET, TROUBLE }, { SCARD_E_NO_MEMORY, MEMORY },
	{ SCARD_F_WAITED_TOO_LONG, TROUBLE }, { SCARD_E_INSUFFICIENT_BUFFER, TROUBLE },
	{ SCARD_E_UNKNOWN_READER, GONE }, { SCARD_E_TIMEOUT, TROUBLE },
	{ SCARD_E_SHARING_VIOLATION, TROUBLE }, { SCARD_E_NO_SMARTCARD, GONE },
	{ SCARD_E_UNKNOWN_CARD, TROUBLE }, { SCARD_E_CANT_DISPOSE, TROUBLE },
	{ SCARD_E_PROTO_MISMATCH, TROUBLE }, { SCARD_E_NOT_READY, TROUBLE },
	{ SCARD_E_INVALID_VALUE, GONE }, { SCARD_E_SYSTEM_CANCELLED, TROUBLE },
	{ SCARD_F_COMM_ERROR, TROUBLE }, { SCARD_F_UNKNOWN_ERROR, TROUBLE },
	{ SCARD_E_INVALID_ATR, TROUBLE }, { SCARD_E_NOT_TRANSACTED, GONE },
	{ SCARD_E_READER_UNAVAILABLE, GONE }, { SCARD_P_SHUTDOWN, GONE },
	{ SCARD_E_PCI_TOO_SMALL, TROUBLE }, { SCARD_E_READER_UNSUPPORTED, TROUBLE },
	{ SCARD_E_DUPLICATE_READER, TROUBLE }, { SCARD_E_CARD_UNSUPPORTED, MUTE },
	{ SCARD_E_NO_SERVICE, GONE }, { SCARD_E_SERVICE_STOPPED, GONE },
	{ SCARD_E_UNEXPECTED, TROUBLE }, { SCARD_E_ICC_INSTALLATION, TROUBLE },
	{ SCARD_E_ICC_CREATEORDER, TROUBLE }, { SCARD_E_DIR_NOT_FOUND, TROUBLE },
	{ SCARD_E_FILE_NOT_FOUND, TROUBLE }, { SCARD_E_NO_DIR, TROUBLE },
	{ SCARD_E_NO_FILE, TROUBLE }, { SCARD_E_NO_ACCESS, TROUBLE },
	{ SCARD_E_WRITE_TOO_MANY, TROUBLE }, { SCARD_E_BAD_SEEK, TROUBLE },
	{ SCARD_E_INVALID_CHV, TROUBLE }, { SCARD_E_UNKNOWN_RES_MNG, TROUBLE },
	{ SCARD_E_NO_SUCH_CERTIFICATE, TROUBLE },
	{ SCARD_E_CERTIFICATE_UNAVAILABLE, TROUBLE },
	{ SCARD_E_NO_READERS_AVAILABLE, GONE }, { SCARD_E_COMM_DATA_LOST, TROUBLE },
	{ SCARD_E_NO_KEY_CONTAINER, TROUBLE }, { SCARD_E_SERVER_TOO_BUSY, TROUBLE },
	{ SCARD_W_UNSUPPORTED_CARD, MUTE }, { SCARD_W_UNRESPONSIVE_CARD, MUTE },
	{ SCARD_W_UNPOWERED_CARD, MUTE }, { SCARD_W_RESET_CARD, RESET },
	{ SCARD_W_REMOVED_CARD, GONE }, { SCARD_W_SECURITY_VIOLATION, GONE },
	{ SCARD_W_WRONG_CHV, TROUBLE }, { SCARD_W_CHV_BLOCKED, TROUBLE },
	{ SCARD_W_EOF, TROUBLE }, { SCARD_W_CANCELLED_BY_USER, TROUBLE },
	{ SCARD_W_CARD_NOT_AUTHENTICATED, TROUBLE },
	/* What libpcsclite has no name for. */
	{ 0x80100099, TROUBLE }, { 1, TROUBLE }, { -1, TROUBLE },
};

/* A card that is talked to: the answer of the call during which it happened. */
static bool
is_right_of_card(const struct code *c, enum ws_call call, ck_rv_t rv)
{
	switch (c->class) {
	case GONE:
		return rv == CKR_DEVICE_REMOVED || rv == CKR_TOKEN_NOT_PRESENT;
	case RESET:
		return rv == CKR_USER_NOT_LOGGED_IN || rv == CKR_DEVICE_ERROR;
	case MUTE:
		return rv == (call == WS_CONNECT || call == WS_STATUS ?
		    CKR_TOKEN_NOT_RECOGNIZED : CKR_DEVICE_ERROR);
	case MEMORY:
		return rv == CKR_HOST_MEMORY;
	case TROUBLE:
		break;
	}
	return rv == CKR_DEVICE_ERROR;
}

static bool
is_right(const struct code *c, enum ws_call call, const struct step *step, ck_rv_t rv)
{
	bool absorbed = rv == CKR_OK;

	switch (call) {
	/* Nothing depends on how these end. */
	case WS_RELEASE:
	case WS_DISCONNECT:
	case WS_END:
	case WS_CANCEL:
		return absorbed;
	/* Of the desk: then there are no readers, or it is asked again. */
	case WS_LIST:
		return absorbed || rv == CKR_TOKEN_NOT_PRESENT;
	case WS_ESTABLISH:
	case WS_CHANGE:
		return absorbed || rv == CKR_TOKEN_NOT_PRESENT || is_right_of_card(c, call, rv);
	case WS_BEGIN:
		/* The card itself still knows the PIN; the module no longer counts on it. */
		if (c->class == RESET)
			return absorbed || rv == CKR_USER_NOT_LOGGED_IN;
		break;
	case WS_CONNECT:
		if (c->rv == SCARD_E_SHARING_VIOLATION)
			return absorbed;	/* for a moment only */
		break;
	case WS_RECONNECT:
	case WS_STATUS:
	case WS_TRANSMIT:
	case WS_CONTROL:
	case WS_CALLS:
		break;
	}
	return (absorbed && step->fn == NULL) || is_right_of_card(c, call, rv);
}

/*
 * The course.
 */
static struct pass *inside;	/* the one that is in the reader */

static bool
is_long(void)
{
	return getenv("DEZI_TEST_LONG") != NULL;
}

/* No block of the heap holds a PIN or a PUK, and none was given back with one (T8). */
static void
assert_no_secret(void)
{
	assert_int_equal(heap_holding(), 0);
	assert_int_equal(heap_spilled(), 0);
}

/* As on the next morning, though the module was never closed. */
static void
begin_anew(bool reinsert)
{
	ck_ulong n;

	ws_clear();
	ws_service_start();
	card_state_new(&inside->file, vcard_state(inside->card));
	if (reinsert)
		ws_insert(DESK_READER, &inside->in_hand);
	assert_rv(C_GetSlotList(1, NULL, &n), CKR_OK);
	assert_rv(C_CloseAllSessions(0), CKR_OK);
	assert_int_equal(ws_held(), 0);
	assert_string_equal(ws_complaint(), "");
	assert_no_secret();
	works(0);
}

static void
one_error(const struct step *steps, enum ws_call call, unsigned n, const struct code *c)
{
	const struct step *step;
	ck_rv_t rv;
	bool unused;

	if (is_long())
		printf("%s %u gives %#lx\n", ws_call_name(call), n, (unsigned long)c->rv);
	ws_insert(DESK_READER, &inside->in_hand);
	ws_fail(call, n, c->rv);
	rv = run_steps(steps, &step);
	unused = ws_clear();
	if (rv == CKR_GENERAL_ERROR || (!unused && !is_right(c, call, step, rv))) {
		print_error("%s %u gives %#lx: %s gives %#lx\n", ws_call_name(call), n,
		    (unsigned long)c->rv, step->fn != NULL ? step->name : "all", rv);
		assert_true(false);
	}
	begin_anew(c->class == MUTE);
}

static void
count_calls(const struct step *steps, unsigned ret[WS_CALLS])
{
	const struct step *step;

	ws_insert(DESK_READER, &inside->in_hand);
	ws_forget_counts();
	assert_rv(run_steps(steps, &step), CKR_OK);
	for (size_t i = 0; i < WS_CALLS; i++)
		ret[i] = ws_calls((enum ws_call)i);
	assert_true(ret[WS_TRANSMIT] > 10);
}

/* Every error at some points of every call, spread so that all points are met. */
static void
all_errors(const struct step *steps)
{
	unsigned count[WS_CALLS], stride = is_long() ? 1 : under_valgrind() ? 997 : 97;

	count_calls(steps, count);
	for (size_t i = 0; i < WS_CALLS; i++)
		for (size_t k = 0; count[i] != 0 && k < NELEM(codes); k++)
			for (unsigned n = (unsigned)k % (count[i] < stride ? count[i] : stride);
			    n < count[i]; n += stride)
				one_error(steps, (enum ws_call)i, n + 1, &codes[k]);
}

static void
every_error_of_a_day(void **state)
{
	inside = &((struct desk *)*state)->pass;
	all_errors(day);
}

/* A pass whose signature key wants the PIN for each use. */
static void
take_asking_pass(struct desk *d)
{
	inside = &d->other;
	inside->file.keys[SIGNATURE].consent = true;
	heap_outside(true);
	pass_remake(inside);
	heap_outside(false);
	ws_insert(DESK_READER, &inside->in_hand);
}

static void
every_error_of_a_login_for_one_signature(void **state)
{
	take_asking_pass(*state);
	all_errors(always);
}

/*
 * What happens to the card.
 */
static void
wrong(const char *what, unsigned n, const struct step *step, ck_rv_t rv)
{
	print_error("%s %u: %s gives %#lx\n", what, n, step->fn != NULL ? step->name : "all", rv);
	assert_true(false);
}

/* Right before the n-th command with a card that was just put in. */
static ck_rv_t
with_event(const struct step *steps, unsigned n, struct ws_event e,
    const struct step **ret_step)
{
	ck_rv_t rv;

	ws_insert(DESK_READER, &inside->in_hand);
	ws_before(n, e);
	rv = run_steps(steps, ret_step);
	assert_false(ws_clear());	/* it did happen */
	return rv;
}

static void
removed_at_every_command(void **state)
{
	struct desk *d = *state;
	unsigned count[WS_CALLS];

	inside = &d->pass;
	count_calls(day, count);
	for (unsigned n = 1; n <= count[WS_TRANSMIT]; n += is_long() ? 1 : 3) {
		const struct step *step;
		struct ck_session_info info;
		ck_rv_t rv = with_event(day, n, (struct ws_event){ .what = WS_REMOVE }, &step);

		if (rv != CKR_DEVICE_REMOVED && rv != CKR_TOKEN_NOT_PRESENT &&
		    (rv != CKR_SESSION_HANDLE_INVALID || !step->shrugs))
			wrong("removed at", n, step, rv);
		/* No session lives on. */
		for (ck_session_handle_t s = 1; s < 64; s++)
			assert_rv(C_GetSessionInfo(s << 16 | 1, &info),
			    CKR_SESSION_HANDLE_INVALID);
		begin_anew(true);
	}
}

/* The other card gets no PIN and signs nothing (vectors 61 and 62). */
static void
swapped_at_every_command(void **state)
{
	struct desk *d = *state;
	unsigned count[WS_CALLS];

	inside = &d->pass;
	count_calls(day, count);
	for (unsigned n = 1; n <= count[WS_TRANSMIT]; n += is_long() ? 1 : 3) {
		const struct step *step;
		const struct vcard_counts before = vcard_counts(d->other.card);
		struct vcard_counts after;
		ck_rv_t rv = with_event(day, n, (struct ws_event){ .what = WS_SWAP,
		    .card = &d->other.in_hand }, &step);

		if (rv != CKR_DEVICE_REMOVED && rv != CKR_TOKEN_NOT_PRESENT &&
		    (rv != CKR_SESSION_HANDLE_INVALID || !step->shrugs))
			wrong("swapped at", n, step, rv);
		after = vcard_counts(d->other.card);
		assert_int_equal(after.verifies, before.verifies);
		assert_int_equal(after.signatures, before.signatures);
		begin_anew(true);
	}
}

/* The card itself gives up and comes back, in the midst of our transaction. */
static void
reset_at_every_command(void **state)
{
	struct desk *d = *state;
	unsigned count[WS_CALLS];

	inside = &d->pass;
	count_calls(day, count);
	for (unsigned n = 1; n <= count[WS_TRANSMIT]; n += is_long() ? 1 : 3) {
		const struct step *step;
		ck_rv_t rv = with_event(day, n, (struct ws_event){ .what = WS_RESET }, &step);

		if (rv != CKR_USER_NOT_LOGGED_IN && rv != CKR_DEVICE_ERROR &&
		    (rv != CKR_OK || step->fn != NULL))
			wrong("reset at", n, step, rv);
		begin_anew(false);
		assert_int_equal(ws_resets(), 0);
	}
}

static void
pcscd_ends_at_every_command(void **state)
{
	struct desk *d = *state;
	unsigned count[WS_CALLS];

	inside = &d->pass;
	count_calls(day, count);
	for (unsigned n = 1; n <= count[WS_TRANSMIT]; n += is_long() ? 1 : 7) {
		const struct step *step;
		ck_rv_t rv = with_event(day, n, (struct ws_event){ .what = WS_STOP }, &step);

		if (rv != CKR_DEVICE_REMOVED && rv != CKR_TOKEN_NOT_PRESENT &&
		    (rv != CKR_SESSION_HANDLE_INVALID || !step->shrugs))
			wrong("without pcscd from", n, step, rv);
		begin_anew(false);
	}
}

/* Hostile cards, vectors 17, 19, 21-26, 28, 29, 43. */
static const struct cur replies[] = {
	{ NULL, 0 },
	CUR("\x90"),
	CUR("\x90\x00"),
	CUR("\x6f\x00"),
	CUR("\x69\x82"),
	CUR("\x69\x83"),
	CUR("\x63\x00"),
	CUR("\x61\xff"),
	CUR("\x6c\x00"),
	CUR("\x91\xaf"),
	CUR("SafeSign prompt\x90\x00"),
	CUR("\x7c\x82\x01\x04\x82\x82\x01\x00" "0123456789\x90\x00"),
	CUR("\x30\x84\xff\xff\xff\xff\x90\x00"),
	CUR("\x53\x82\xff\xff\x70\x90\x00"),
};

static void
silly_replies(void **state)
{
	struct desk *d = *state;
	unsigned count[WS_CALLS];

	inside = &d->pass;
	count_calls(day, count);
	for (unsigned n = 1; n <= count[WS_TRANSMIT]; n++)
		for (size_t k = n % 7; k < NELEM(replies); k += is_long() ? 1 : 7) {
			const struct step *step;
			ck_rv_t rv = with_event(day, n, (struct ws_event){ .what = WS_REPLY,
			    .reply = replies[k] }, &step);

			if (rv == CKR_GENERAL_ERROR || rv == CKR_ARGUMENTS_BAD ||
			    rv == CKR_FUNCTION_NOT_SUPPORTED || rv == CKR_HOST_MEMORY)
				wrong("a silly reply to", n, step, rv);
			begin_anew(true);
		}
}

/*
 * Between two calls.
 */
typedef void between_fn(void);

static void
other_resets(void)
{
	ws_other_resets(DESK_READER);
}

static void
other_selects(void)
{
	ws_other_selects(DESK_READER);
}

static void
out(void)
{
	ws_remove(DESK_READER);
}

static void
in_again(void)
{
	ws_remove(DESK_READER);
	ws_insert(DESK_READER, &inside->in_hand);
}

static void
new_pcscd(void)
{
	ws_service_stop(SCARD_E_INVALID_HANDLE);
	ws_service_start();
}

static ck_rv_t
with_between(const struct step *steps, size_t at, between_fn *fn,
    const struct step **ret_step)
{
	struct run r = { 0 };
	ck_rv_t rv = CKR_OK;

	for (size_t i = 0; steps->fn != NULL && rv == CKR_OK; steps++, i++) {
		if (i == at)
			fn();
		rv = steps->fn(&r);
	}
	*ret_step = rv == CKR_OK ? steps : steps - 1;
	return rv;
}

static void
between_any_two_calls(void **state)
{
	static const struct {
		const char *name;
		between_fn *fn;
		bool	 harmless;	/* when nobody was logged in */
		ck_rv_t	 want[3];	/* of the next call that notices */
	} rows[] = {
		{ "reset", other_resets, true, { CKR_USER_NOT_LOGGED_IN } },
		{ "other applet", other_selects, true, { CKR_USER_NOT_LOGGED_IN, CKR_OK } },
		{ "removed", out, false, { CKR_DEVICE_REMOVED, CKR_TOKEN_NOT_PRESENT } },
		{ "out and in", in_again, true, { CKR_DEVICE_REMOVED } },
		{ "new pcscd", new_pcscd, true, { CKR_DEVICE_REMOVED } },
	};
	struct desk *d = *state;

	inside = &d->pass;
	for (size_t k = 0; k < NELEM(rows); k++)
		for (size_t at = 0; at < NELEM(day) - 1; at++) {
			const struct step *step;
			ck_rv_t rv = with_between(day, at, rows[k].fn, &step);
			bool right = rows[k].harmless && rv == CKR_OK;

			for (size_t i = 0; i < NELEM(rows[k].want); i++)
				right = right || (rows[k].want[i] != CKR_OK &&
				    rv == rows[k].want[i]);
			if (!right || rv == CKR_GENERAL_ERROR)
				wrong(rows[k].name, (unsigned)at, step, rv);
			begin_anew(rows[k].fn == out);
			assert_int_equal(ws_resets(), 0);
		}
}

/*
 * No memory, at every place where the module asks for some: from its start to its end.
 */
static ck_rv_t
whole_life(const struct step *steps, const struct step **ret_step)
{
	static const struct step start = { "C_Initialize", NULL, false };
	ck_rv_t rv = C_Initialize(NULL);

	*ret_step = &start;
	/* A profile that could not be read for want of memory is one that cannot be read. */
	if (rv != CKR_OK)
		return rv == CKR_FUNCTION_FAILED && heap_failed() ? CKR_HOST_MEMORY : rv;
	rv = run_steps(steps, ret_step);
	assert_rv(C_Finalize(NULL), CKR_OK);
	return rv;
}

static void
no_memory_for(const struct step *steps)
{
	unsigned n = 0;

	assert_rv(C_Finalize(NULL), CKR_OK);
	do {
		const struct step *step;
		ck_rv_t rv;

		card_state_new(&inside->file, vcard_state(inside->card));
		ws_insert(DESK_READER, &inside->in_hand);
		n += under_valgrind() ? 997 : 1;
		heap_watch(n);
		rv = whole_life(steps, &step);
		/* Readers that cannot be listed are not there, as without pcscd. */
		if (rv == CKR_TOKEN_NOT_PRESENT && step->fn == step_list)
			rv = CKR_HOST_MEMORY;
		if ((rv != CKR_OK && rv != CKR_HOST_MEMORY) || (rv == CKR_OK && step->fn != NULL))
			wrong("no memory for allocation", n, step, rv);
		if (rv != CKR_OK && !heap_failed())
			wrong("memory for allocation", n, step, rv);
		assert_int_equal(heap_live(), 0);
		assert_no_secret();
		assert_int_equal(ws_held(), 0);
		assert_string_equal(ws_complaint(), "");
	} while (heap_failed());
	heap_spare();
	assert_true(n > 100);
	assert_rv(C_Initialize(NULL), CKR_OK);
	works(0);
}

static void
no_memory_during_a_day(void **state)
{
	inside = &((struct desk *)*state)->pass;
	no_memory_for(day);
}

static void
no_memory_for_one_signature(void **state)
{
	take_asking_pass(*state);
	no_memory_for(always);
}

static int
begin(void **state)
{
	int r;

	heap_outside(true);
	r = desk_begin(state);
	heap_outside(false);
	heap_watch(0);
	return r;
}

static int
end(void **state)
{
	heap_rest();
	return desk_end(state);
}

#define FAULT_TEST(f)	cmocka_unit_test_setup_teardown(f, begin, end)

static int
setup(void **state UNUSED)
{
	heap_secret(DESK_PIN);
	heap_secret(NEW_PIN);
	heap_secret(DESK_PUK);
	ws_around(heap_outside);
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
		FAULT_TEST(every_error_of_a_day),
		FAULT_TEST(every_error_of_a_login_for_one_signature),
		FAULT_TEST(removed_at_every_command),
		FAULT_TEST(swapped_at_every_command),
		FAULT_TEST(reset_at_every_command),
		FAULT_TEST(pcscd_ends_at_every_command),
		FAULT_TEST(silly_replies),
		FAULT_TEST(between_any_two_calls),
		FAULT_TEST(no_memory_during_a_day),
		FAULT_TEST(no_memory_for_one_signature),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
