/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every function of the three lists: before C_Initialize and in a child after fork(), with
 * nothing where something is expected, and those that no card of ours offers (PKCS #11
 * sections 5.1 and 5.4; pkcs11 reference, defect 3, checklist 5 and 10).
 */
#include "tests/check.h"

#include <assert.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/p11_desk.h"

#define BEFORE	CKR_CRYPTOKI_NOT_INITIALIZED
#define NO	CKR_FUNCTION_NOT_SUPPORTED, CKR_FUNCTION_NOT_SUPPORTED
#define LEGACY	CKR_FUNCTION_NOT_PARALLEL, CKR_FUNCTION_NOT_PARALLEL
#define BAD	CKR_ARGUMENTS_BAD
#define IDLE	CKR_OPERATION_NOT_INITIALIZED

static char something[16];

/* Part of the list, function, arguments; the answer before C_Initialize, and in session s. */
#define ROWS_2_40(R)							\
	R(v2, C_Initialize, (&(struct ck_c_initialize_args){ .reserved = something }),	\
	    BAD, CKR_CRYPTOKI_ALREADY_INITIALIZED)			\
	R(v2, C_Finalize, (something), BEFORE, BAD)			\
	R(v2, C_GetInfo, (NULL), BEFORE, BAD)				\
	R(v2, C_GetFunctionList, (NULL), BAD, BAD)			\
	R(v2, C_GetSlotList, (0, NULL, NULL), BEFORE, BAD)		\
	R(v2, C_GetSlotInfo, (0, NULL), BEFORE, BAD)			\
	R(v2, C_GetTokenInfo, (0, NULL), BEFORE, BAD)			\
	R(v2, C_GetMechanismList, (0, NULL, NULL), BEFORE, BAD)		\
	R(v2, C_GetMechanismInfo, (0, CKM_RSA_PKCS, NULL), BEFORE, BAD)	\
	R(v2, C_InitToken, (0, NULL, 0, NULL), NO)			\
	R(v2, C_InitPIN, (s, NULL, 0), BEFORE, CKR_USER_NOT_LOGGED_IN)	\
	R(v2, C_SetPIN, (s, NULL, 0, NULL, 0), BEFORE, BAD)		\
	R(v2, C_OpenSession, (0, CKF_SERIAL_SESSION, NULL, NULL, NULL), BEFORE, BAD)	\
	R(v2, C_CloseSession, (0), BEFORE, CKR_SESSION_HANDLE_INVALID)	\
	R(v2, C_CloseAllSessions, (99), BEFORE, CKR_SLOT_ID_INVALID)	\
	R(v2, C_GetSessionInfo, (s, NULL), BEFORE, BAD)			\
	R(v2, C_GetOperationState, (s, NULL, NULL), NO)			\
	R(v2, C_SetOperationState, (s, NULL, 0, 0, 0), NO)		\
	R(v2, C_Login, (s, CKU_USER, NULL, 0), BEFORE, BAD)		\
	R(v2, C_Logout, (s), BEFORE, CKR_USER_NOT_LOGGED_IN)		\
	R(v2, C_CreateObject, (s, NULL, 0, NULL), NO)			\
	R(v2, C_CopyObject, (s, 0, NULL, 0, NULL), NO)			\
	R(v2, C_DestroyObject, (s, 0), BEFORE, CKR_OBJECT_HANDLE_INVALID)	\
	R(v2, C_GetObjectSize, (s, 0, NULL), NO)			\
	R(v2, C_GetAttributeValue, (s, 0, NULL, 3), BEFORE, BAD)	\
	R(v2, C_SetAttributeValue, (s, 0, NULL, 0), NO)			\
	R(v2, C_FindObjectsInit, (s, NULL, 3), BEFORE, BAD)		\
	R(v2, C_FindObjects, (s, NULL, 3, NULL), BEFORE, BAD)		\
	R(v2, C_FindObjectsFinal, (s), BEFORE, IDLE)			\
	R(v2, C_EncryptInit, (s, NULL, 0), BEFORE, CKR_OK)		\
	R(v2, C_Encrypt, (s, NULL, 0, NULL, NULL), BEFORE, IDLE)	\
	R(v2, C_EncryptUpdate, (s, NULL, 0, NULL, NULL), BEFORE, IDLE)	\
	R(v2, C_EncryptFinal, (s, NULL, NULL), BEFORE, IDLE)		\
	R(v2, C_DecryptInit, (s, NULL, 0), BEFORE, CKR_OK)		\
	R(v2, C_Decrypt, (s, NULL, 0, NULL, NULL), BEFORE, IDLE)	\
	R(v2, C_DecryptUpdate, (s, NULL, 0, NULL, NULL), BEFORE, IDLE)	\
	R(v2, C_DecryptFinal, (s, NULL, NULL), BEFORE, IDLE)		\
	R(v2, C_DigestInit, (s, NULL), BEFORE, CKR_OK)			\
	R(v2, C_Digest, (s, NULL, 0, NULL, NULL), BEFORE, IDLE)		\
	R(v2, C_DigestUpdate, (s, NULL, 0), BEFORE, IDLE)		\
	R(v2, C_DigestKey, (s, 0), NO)					\
	R(v2, C_DigestFinal, (s, NULL, NULL), BEFORE, IDLE)		\
	R(v2, C_SignInit, (s, NULL, 0), BEFORE, CKR_OK)			\
	R(v2, C_Sign, (s, NULL, 0, NULL, NULL), BEFORE, IDLE)		\
	R(v2, C_SignUpdate, (s, NULL, 0), BEFORE, IDLE)			\
	R(v2, C_SignFinal, (s, NULL, NULL), BEFORE, IDLE)		\
	R(v2, C_SignRecoverInit, (s, NULL, 0), NO)			\
	R(v2, C_SignRecover, (s, NULL, 0, NULL, NULL), NO)		\
	R(v2, C_VerifyInit, (s, NULL, 0), BEFORE, CKR_OK)		\
	R(v2, C_Verify, (s, NULL, 0, NULL, 0), BEFORE, IDLE)		\
	R(v2, C_VerifyUpdate, (s, NULL, 0), BEFORE, IDLE)		\
	R(v2, C_VerifyFinal, (s, NULL, 0), BEFORE, IDLE)		\
	R(v2, C_VerifyRecoverInit, (s, NULL, 0), NO)			\
	R(v2, C_VerifyRecover, (s, NULL, 0, NULL, NULL), NO)		\
	R(v2, C_DigestEncryptUpdate, (s, NULL, 0, NULL, NULL), NO)	\
	R(v2, C_DecryptDigestUpdate, (s, NULL, 0, NULL, NULL), NO)	\
	R(v2, C_SignEncryptUpdate, (s, NULL, 0, NULL, NULL), NO)	\
	R(v2, C_DecryptVerifyUpdate, (s, NULL, 0, NULL, NULL), NO)	\
	R(v2, C_GenerateKey, (s, NULL, NULL, 0, NULL), NO)		\
	R(v2, C_GenerateKeyPair, (s, NULL, NULL, 0, NULL, 0, NULL, NULL), NO)	\
	R(v2, C_WrapKey, (s, NULL, 0, 0, NULL, NULL), NO)		\
	R(v2, C_UnwrapKey, (s, NULL, 0, NULL, 0, NULL, 0, NULL), NO)	\
	R(v2, C_DeriveKey, (s, NULL, 0, NULL, 0, NULL), BEFORE, BAD)	\
	R(v2, C_SeedRandom, (s, NULL, 3), BEFORE, BAD)			\
	R(v2, C_GenerateRandom, (s, NULL, 3), BEFORE, BAD)		\
	R(v2, C_GetFunctionStatus, (s), LEGACY)				\
	R(v2, C_CancelFunction, (s), LEGACY)				\
	R(v2, C_WaitForSlotEvent, (CKF_DONT_BLOCK, NULL, NULL), BEFORE, BAD)

#define ROWS_3_0(R)							\
	R(v3, C_GetInterfaceList, (NULL, NULL), BAD, BAD)		\
	R(v3, C_GetInterface, (NULL, NULL, NULL, 0), BAD, BAD)		\
	R(v3, C_LoginUser, (s, CKU_USER, NULL, 0, NULL, 0), NO)		\
	R(v3, C_SessionCancel, (s, 0), BEFORE, CKR_OK)			\
	R(v3, C_MessageEncryptInit, (s, NULL, 0), NO)			\
	R(v3, C_EncryptMessage, (s, NULL, 0, NULL, 0, NULL, 0, NULL, NULL), NO)	\
	R(v3, C_EncryptMessageBegin, (s, NULL, 0, NULL, 0), NO)		\
	R(v3, C_EncryptMessageNext, (s, NULL, 0, NULL, 0, NULL, NULL, 0), NO)	\
	R(v3, C_MessageEncryptFinal, (s), NO)				\
	R(v3, C_MessageDecryptInit, (s, NULL, 0), NO)			\
	R(v3, C_DecryptMessage, (s, NULL, 0, NULL, 0, NULL, 0, NULL, NULL), NO)	\
	R(v3, C_DecryptMessageBegin, (s, NULL, 0, NULL, 0), NO)		\
	R(v3, C_DecryptMessageNext, (s, NULL, 0, NULL, 0, NULL, NULL, 0), NO)	\
	R(v3, C_MessageDecryptFinal, (s), NO)				\
	R(v3, C_MessageSignInit, (s, NULL, 0), NO)			\
	R(v3, C_SignMessage, (s, NULL, 0, NULL, 0, NULL, NULL), NO)	\
	R(v3, C_SignMessageBegin, (s, NULL, 0), NO)			\
	R(v3, C_SignMessageNext, (s, NULL, 0, NULL, 0, NULL, NULL), NO)	\
	R(v3, C_MessageSignFinal, (s), NO)				\
	R(v3, C_MessageVerifyInit, (s, NULL, 0), NO)			\
	R(v3, C_VerifyMessage, (s, NULL, 0, NULL, 0, NULL, 0), NO)	\
	R(v3, C_VerifyMessageBegin, (s, NULL, 0), NO)			\
	R(v3, C_VerifyMessageNext, (s, NULL, 0, NULL, 0, NULL, 0), NO)	\
	R(v3, C_MessageVerifyFinal, (s), NO)

#define ROWS_3_2(R)							\
	R(v32, C_EncapsulateKey, (s, NULL, 0, NULL, 0, NULL, NULL, NULL), NO)	\
	R(v32, C_DecapsulateKey, (s, NULL, 0, NULL, 0, NULL, 0, NULL), NO)	\
	R(v32, C_VerifySignatureInit, (s, NULL, 0, NULL, 0), BEFORE, CKR_OK)	\
	R(v32, C_VerifySignature, (s, NULL, 0), BEFORE, IDLE)		\
	R(v32, C_VerifySignatureUpdate, (s, NULL, 0), BEFORE, IDLE)	\
	R(v32, C_VerifySignatureFinal, (s), BEFORE, IDLE)		\
	R(v32, C_GetSessionValidationFlags, (s, 1, NULL), BEFORE, BAD)	\
	R(v32, C_AsyncComplete, (s, NULL, NULL), NO)			\
	R(v32, C_AsyncGetID, (s, NULL, NULL), NO)			\
	R(v32, C_AsyncJoin, (s, NULL, 0, NULL, 0), NO)			\
	R(v32, C_WrapKeyAuthenticated, (s, NULL, 0, 0, NULL, 0, NULL, NULL), NO)	\
	R(v32, C_UnwrapKeyAuthenticated, (s, NULL, 0, NULL, 0, NULL, 0, NULL, 0, NULL), NO)

typedef ck_rv_t call_fn(const struct ck_function_list_3_2 *f, ck_session_handle_t s);

#define CALLER(part, fn, args, ...)					\
	static ck_rv_t							\
	call_##fn(const struct ck_function_list_3_2 *f, ck_session_handle_t s)	\
	{								\
		(void)s;						\
		return f->part.fn args;					\
	}
ROWS_2_40(CALLER)
ROWS_3_0(CALLER)
ROWS_3_2(CALLER)

struct row {
	const char *name;
	call_fn	*call;
	ck_rv_t	 before, after;
};
#define ROW(part, fn, args, ...)	{ #fn, call_##fn, __VA_ARGS__ },
static const struct row rows_2_40[] = { ROWS_2_40(ROW) }, rows_3_0[] = { ROWS_3_0(ROW) },
    rows_3_2[] = { ROWS_3_2(ROW) };

/* No function is left out: each name can only stand there once. */
#define POINTERS(size)	((size) / sizeof(void (*)(void)))
static_assert(NELEM(rows_2_40) == POINTERS(sizeof(struct ck_function_list) -
    offsetof(struct ck_function_list, C_Initialize)), "a function of 2.40");
static_assert(NELEM(rows_3_0) == POINTERS(sizeof(struct ck_functions_3_0)), "of 3.0");
static_assert(NELEM(rows_3_2) == POINTERS(sizeof(struct ck_functions_3_2)), "of 3.2");

static const struct {
	struct ck_version version;
	size_t	 parts;
} lists[] = { { { 2, 40 }, 1 }, { { 3, 0 }, 2 }, { { 3, 2 }, 3 } };

static const struct {
	const struct row *rows;
	size_t	 n;
} parts[] = {
	{ rows_2_40, NELEM(rows_2_40) }, { rows_3_0, NELEM(rows_3_0) },
	{ rows_3_2, NELEM(rows_3_2) },
};

/* Is that an answer for it? */
typedef bool right_fn(const struct row *row, ck_rv_t rv);

static bool
list_is_right(struct ck_version version, size_t n_parts, ck_session_handle_t s,
    right_fn *right)
{
	struct ck_interface *i = NULL;

	if (C_GetInterface(NULL, &version, &i, 0) != CKR_OK)
		return false;
	for (size_t p = 0; p < n_parts; p++)
		for (size_t k = 0; k < parts[p].n; k++) {
			const struct row *row = &parts[p].rows[k];
			ck_rv_t rv = row->call(i->function_list, s);

			if (right(row, rv))
				continue;
			print_error("%d.%d: %s: %#lx\n", version.major, version.minor, row->name, rv);
			return false;
		}
	return true;
}

static bool
all_are_right(ck_session_handle_t s, right_fn *right)
{
	for (size_t i = 0; i < NELEM(lists); i++)
		if (!list_is_right(lists[i].version, lists[i].parts, s, right))
			return false;
	return true;
}

static bool
right_before(const struct row *row, ck_rv_t rv)
{
	return rv == row->before;
}

static bool
right_after(const struct row *row, ck_rv_t rv)
{
	return rv == row->after;
}

/* What has no session to ask says so, unless it had no need of one. */
static bool
right_without(const struct row *row, ck_rv_t rv)
{
	return rv == row->after || rv == CKR_SESSION_HANDLE_INVALID;
}

static void
before_initialize(void **state UNUSED)
{
	assert_rv(C_Finalize(NULL), CKR_OK);
	assert_true(all_are_right(1 << 16 | 1, right_before));
	assert_int_equal(ws_calls(WS_TRANSMIT), 0);
	assert_rv(C_Initialize(NULL), CKR_OK);
}

static void
in_a_child(void **state UNUSED)
{
	ck_session_handle_t s;
	int status = -1;
	pid_t pid;

	/* A child leaves its parent's memory as it is, which to valgrind is lost. */
	if (under_valgrind())
		skip();
	s = open_session(0, CKF_RW_SESSION);
	pid = fork();
	/* C_Initialize there is refused for its arguments, and changes nothing. */
	if (pid == 0)
		_exit(all_are_right(s, right_before) ? 0 : 1);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	works(0);
}

static void
with_nothing(void **state UNUSED)
{
	ck_session_handle_t s = open_session(0, CKF_RW_SESSION);

	assert_true(all_are_right(s, right_after));
	assert_true(all_are_right(0, right_without));
	assert_true(all_are_right(~0UL, right_without));
	assert_true(all_are_right(s + (1 << 16), right_without));
	assert_rv(C_CloseSession(s), CKR_OK);
	works(0);
}

/* A card that is gone changes nothing of what is not offered. */
static bool
right_when_gone(const struct row *row, ck_rv_t rv)
{
	return rv == row->after || (row->before == BEFORE && (rv == CKR_DEVICE_REMOVED ||
	    rv == CKR_SESSION_HANDLE_INVALID || rv == CKR_TOKEN_NOT_PRESENT));
}

static void
without_a_card(void **state UNUSED)
{
	ck_session_handle_t s = open_session(0, CKF_RW_SESSION);

	ws_remove(DESK_READER);
	assert_true(all_are_right(s, right_when_gone));
}

/*
 * In the middle of an operation.
 */
struct bench {
	ck_session_handle_t s;
	ck_object_handle_t private, public, cipher, cipher_public;
};

static unsigned char data[4] = "data", out[512];

static ck_ulong *
room(void)
{
	static ck_ulong n;

	n = sizeof(out);
	return &n;
}

enum begin { SIGN, VERIFY, GIVEN, ENCRYPT, DECRYPT, DIGEST, FIND };

static ck_rv_t
begin(const struct bench *b, enum begin kind)
{
	struct ck_mechanism signs = { CKM_SHA256_RSA_PKCS, NULL, 0 }, sha = { CKM_SHA256, NULL, 0 };
	struct ck_mechanism opens = { CKM_RSA_PKCS, NULL, 0 };

	switch (kind) {
	case SIGN:
		return C_SignInit(b->s, &signs, b->private);
	case VERIFY:
		return C_VerifyInit(b->s, &signs, b->public);
	case GIVEN:
		return C_VerifySignatureInit(b->s, &signs, b->public, out, 256);
	case ENCRYPT:
		return C_EncryptInit(b->s, &opens, b->cipher_public);
	case DECRYPT:
		return C_DecryptInit(b->s, &opens, b->cipher);
	case DIGEST:
		return C_DigestInit(b->s, &sha);
	case FIND:
		break;
	}
	return C_FindObjectsInit(b->s, NULL, 0);
}

/* Refused, and over; what is looked for can still be found. */
#define REFUSED(kind, call)						\
	do {								\
		assert_rv(begin(&b, (kind)), CKR_OK);			\
		assert_rv((call), CKR_ARGUMENTS_BAD);			\
		if ((kind) == FIND)					\
			assert_rv(C_FindObjectsFinal(b.s), CKR_OK);	\
	} while (0)

static struct bench
make_bench(void)
{
	ck_session_handle_t s = open_session(0, 0);

	assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
	return (struct bench){ s, object(s, CKO_PRIVATE_KEY, KEY_AUTH),
	    object(s, CKO_PUBLIC_KEY, KEY_AUTH), object(s, CKO_PRIVATE_KEY, KEY_CONF),
	    object(s, CKO_PUBLIC_KEY, KEY_CONF) };
}

static void
nothing_in_the_middle(void **state UNUSED)
{
	const struct bench b = make_bench();
	ck_object_handle_t found[4];

	REFUSED(SIGN, C_Sign(b.s, NULL, 4, out, room()));
	REFUSED(SIGN, C_Sign(b.s, data, 4, out, NULL));
	REFUSED(SIGN, C_SignUpdate(b.s, NULL, 4));
	REFUSED(SIGN, C_SignFinal(b.s, out, NULL));
	REFUSED(VERIFY, C_Verify(b.s, NULL, 4, out, 256));
	REFUSED(VERIFY, C_Verify(b.s, data, 4, NULL, 256));
	REFUSED(VERIFY, C_VerifyUpdate(b.s, NULL, 4));
	REFUSED(VERIFY, C_VerifyFinal(b.s, NULL, 256));
	REFUSED(GIVEN, C_VerifySignature(b.s, NULL, 4));
	REFUSED(GIVEN, C_VerifySignatureUpdate(b.s, NULL, 4));
	REFUSED(ENCRYPT, C_Encrypt(b.s, NULL, 4, out, room()));
	REFUSED(ENCRYPT, C_Encrypt(b.s, data, 4, out, NULL));
	REFUSED(ENCRYPT, C_EncryptUpdate(b.s, NULL, 4, out, room()));
	REFUSED(ENCRYPT, C_EncryptUpdate(b.s, data, 4, out, NULL));
	REFUSED(ENCRYPT, C_EncryptFinal(b.s, out, NULL));
	REFUSED(DECRYPT, C_Decrypt(b.s, NULL, 4, out, room()));
	REFUSED(DECRYPT, C_Decrypt(b.s, data, 4, out, NULL));
	REFUSED(DECRYPT, C_DecryptUpdate(b.s, NULL, 4, out, room()));
	REFUSED(DECRYPT, C_DecryptUpdate(b.s, data, 4, out, NULL));
	REFUSED(DECRYPT, C_DecryptFinal(b.s, out, NULL));
	REFUSED(DIGEST, C_Digest(b.s, NULL, 4, out, room()));
	REFUSED(DIGEST, C_Digest(b.s, data, 4, out, NULL));
	REFUSED(DIGEST, C_DigestUpdate(b.s, NULL, 4));
	REFUSED(DIGEST, C_DigestFinal(b.s, out, NULL));
	REFUSED(FIND, C_FindObjects(b.s, NULL, 4, room()));
	REFUSED(FIND, C_FindObjects(b.s, found, 4, NULL));
	assert_rv(sign(b.s, b.private), CKR_OK);
}

/* Mechanisms and templates that promise more than they bring. */
static void
nothing_behind_a_length(void **state UNUSED)
{
	static const ck_mechanism_type_t types[] = {
		CKM_RSA_PKCS_PSS, CKM_SHA256_RSA_PKCS_PSS, CKM_RSA_PKCS_OAEP, CKM_RSA_PKCS,
		CKM_SHA256_RSA_PKCS, CKM_ECDSA, CKM_ECDH1_DERIVE, CKM_SHA256, 0x80000001,
	};
	const struct bench b = make_bench();
	struct ck_attribute a = { CKA_LABEL, NULL, 7 };
	ck_object_handle_t key;

	for (size_t i = 0; i < NELEM(types); i++)
		for (ck_ulong n = 1; n < 64; n++) {
			struct ck_mechanism m = { types[i], NULL, n };

			assert_int_not_equal(C_SignInit(b.s, &m, b.private), CKR_OK);
			assert_int_not_equal(C_VerifyInit(b.s, &m, b.public), CKR_OK);
			assert_int_not_equal(C_DecryptInit(b.s, &m, b.cipher), CKR_OK);
			assert_int_not_equal(C_EncryptInit(b.s, &m, b.cipher_public), CKR_OK);
			assert_int_not_equal(C_DigestInit(b.s, &m), CKR_OK);
			assert_int_not_equal(C_DeriveKey(b.s, &m, b.private, &a, 1, &key), CKR_OK);
		}
	assert_rv(C_FindObjectsInit(b.s, &a, 1), CKR_ATTRIBUTE_VALUE_INVALID);
	assert_rv(C_GetAttributeValue(b.s, b.public, &a, 1), CKR_OK);
	assert_int_not_equal(a.value_len, CK_UNAVAILABLE_INFORMATION);
	assert_rv(C_GetAttributeValue(b.s, b.public, &a, 0), CKR_OK);
	assert_rv(sign(b.s, b.private), CKR_OK);
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
		DESK_TEST(before_initialize),
		DESK_TEST(in_a_child),
		DESK_TEST(with_nothing),
		DESK_TEST(without_a_card),
		DESK_TEST(nothing_in_the_middle),
		DESK_TEST(nothing_behind_a_length),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
