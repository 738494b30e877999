/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A vendor's PKCS#11 library that does what the environment tells it, well or badly: for
 * tests of dezi-module-worker, which loads it as any other.
 *
 *	FAKE_P11_CERT, FAKE_P11_KEY	of the token: DER and PEM
 *	FAKE_P11_OTHER			a second certificate, listed first
 *	FAKE_P11_READER			what its slot is called
 *	FAKE_P11_LOG			a file: the names of the calls that matter
 *	FAKE_P11_DO			words, parted by blanks; see does()
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <p11-kit/pkcs11.h>

#define PIN		"123456"
#define SLOT		7UL
#define SLOT_BAD	8UL		/* answers with an error, with "bad-slot" */
#define SESSION		11UL
#define CERT		21UL
#define CERT_OTHER	22UL
#define KEY		23UL
#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define UNUSED		__attribute__((unused))

static struct {
	bool	 logged_in, again, gone;
	unsigned wrong;
	CK_OBJECT_CLASS wanted;
	unsigned found;
	CK_MECHANISM_TYPE mechanism;
	int	 log;
} state = { .log = -1 };

static bool
does(const char *word)
{
	const char *all = getenv("FAKE_P11_DO");
	size_t n = strlen(word);

	while (all != NULL && *all != '\0') {
		size_t len = strcspn(all, " ");

		if (len == n && memcmp(all, word, n) == 0)
			return true;
		all += len + (all[len] == ' ');
	}
	return false;
}

static void
note_call(const char *name)
{
	const char *path = getenv("FAKE_P11_LOG");
	char line[64];
	int n = snprintf(line, sizeof(line), "%s\n", name);

	if (path != NULL && state.log < 0)
		state.log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (state.log >= 0 && write(state.log, line, (size_t)n) != n)
		abort();
}

/* What a test asked for at this place: "sign-hangs", "sign-stops", "sign-crashes",
 * "sign-exits". */
static void
misbehave(const char *where)
{
	char word[32];

	snprintf(word, sizeof(word), "%s-hangs", where);
	while (does(word))
		pause();
	snprintf(word, sizeof(word), "%s-stops", where);
	if (does(word))
		raise(SIGSTOP);		/* and with it every thread of the process */
	snprintf(word, sizeof(word), "%s-crashes", where);
	if (does(word))
		raise(SIGSEGV);
	snprintf(word, sizeof(word), "%s-forks", where);
	if (does(word) && fork() == 0)
		for (;;)
			pause();	/* with all descriptors that its parent has */
	snprintf(word, sizeof(word), "%s-exits", where);
	if (does(word))
		exit(0);
}

static void __attribute__((constructor))
loaded(void)
{
	if (does("closes"))
		closefrom(1);		/* so that nobody hears of it any more */
	misbehave("load");
	if (does("prints")) {
		printf("tokens=99\nmanufacturer=Mallory\nthe PIN is " PIN "\n");
		fflush(stdout);
		fprintf(stderr, "the PIN is " PIN "\n");
	}
}

static CK_RV
initialize(void *args UNUSED)
{
	note_call("C_Initialize");
	misbehave("init");
	return does("init-fails") ? CKR_GENERAL_ERROR : CKR_OK;
}

static CK_RV
finalize(void *reserved UNUSED)
{
	note_call("C_Finalize");
	misbehave("finalize");
	state.logged_in = false;
	return CKR_OK;
}

static void
fill(CK_UTF8CHAR *to, size_t size, const char *text)
{
	size_t n = strlen(text);

	if (n > size)
		n = size;
	memset(to, ' ', size);
	memcpy(to, text, n);
}

static CK_RV
get_info(CK_INFO *info)
{
	memset(info, 0, sizeof(*info));
	info->cryptokiVersion = (CK_VERSION){ 2, 40 };
	fill(info->manufacturerID, sizeof(info->manufacturerID), "Tests");
	fill(info->libraryDescription, sizeof(info->libraryDescription), "Fake token");
	return CKR_OK;
}

static CK_RV
get_slot_list(CK_BBOOL present UNUSED, CK_SLOT_ID *ids, CK_ULONG *n)
{
	CK_ULONG have = does("bad-slot") ? 2 : 1, room = *n;

	*n = does("many-slots") ? 100000 : have;
	if (ids == NULL)
		return CKR_OK;
	if (room < have)
		return CKR_BUFFER_TOO_SMALL;
	ids[have - 1] = SLOT;
	if (have == 2)
		ids[0] = SLOT_BAD;
	return CKR_OK;
}

static CK_RV
get_slot_info(CK_SLOT_ID id UNUSED, CK_SLOT_INFO *info)
{
	const char *reader = getenv("FAKE_P11_READER");

	memset(info, 0, sizeof(*info));
	fill(info->slotDescription, sizeof(info->slotDescription),
	    reader == NULL ? "Fake slot" : reader);
	info->flags = state.gone || does("empty") ? 0 : CKF_TOKEN_PRESENT;
	return CKR_OK;
}

static CK_FLAGS
token_flags(void)
{
	CK_FLAGS flags = CKF_TOKEN_INITIALIZED | CKF_LOGIN_REQUIRED |
	    CKF_USER_PIN_INITIALIZED;

	if (state.wrong != 0 && does("counts"))
		flags |= CKF_USER_PIN_COUNT_LOW;
	if (does("final-try") || (does("counts") && state.wrong == 2))
		flags |= CKF_USER_PIN_FINAL_TRY;
	if (does("locked"))
		flags |= CKF_USER_PIN_LOCKED;
	if (does("pinpad"))
		flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
	return flags;
}

static CK_RV
get_token_info(CK_SLOT_ID id, CK_TOKEN_INFO *info)
{
	if (id == SLOT_BAD)
		return CKR_DEVICE_ERROR;
	if (state.gone || does("empty"))
		return CKR_TOKEN_NOT_PRESENT;
	memset(info, 0, sizeof(*info));
	fill(info->label, sizeof(info->label), "Fake");
	fill(info->serialNumber, sizeof(info->serialNumber),
	    does("no-serial") ? "" : state.logged_in && does("swaps") ? "OTHER" : "F-0001");
	info->flags = token_flags();
	info->ulMinPinLen = does("odd-lengths") ? CK_UNAVAILABLE_INFORMATION : 4;
	info->ulMaxPinLen = does("odd-lengths") ? 0 : 12;
	return CKR_OK;
}

static CK_RV
open_session(CK_SLOT_ID id UNUSED, CK_FLAGS flags UNUSED, void *arg UNUSED,
    CK_NOTIFY notify UNUSED, CK_SESSION_HANDLE *ret)
{
	misbehave("open");
	if (state.gone)
		return CKR_TOKEN_NOT_PRESENT;
	*ret = SESSION;
	return CKR_OK;
}

static CK_RV
close_session(CK_SESSION_HANDLE s UNUSED)
{
	note_call("C_CloseSession");
	return CKR_OK;
}

static bool
pin_is_right(const CK_UTF8CHAR *pin, CK_ULONG n)
{
	if (does("pinpad"))
		return pin == NULL;
	return pin != NULL && n == strlen(PIN) && memcmp(pin, PIN, n) == 0;
}

/* Nobody types before the window says so: the test writes to this pipe then. */
static void
await_finger(void)
{
	const char *path = getenv("FAKE_P11_FINGER");
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	char typed;

	if (fd >= 0 && read(fd, &typed, 1) == 1)
		close(fd);
}

static CK_RV
login(CK_SESSION_HANDLE s UNUSED, CK_USER_TYPE who, CK_UTF8CHAR *pin, CK_ULONG n)
{
	note_call(who == CKU_CONTEXT_SPECIFIC ? "C_Login again" : "C_Login");
	misbehave("login");
	if (does("login-fails"))
		return CKR_FUNCTION_FAILED;
	if (does("pad-cancelled"))
		return CKR_FUNCTION_CANCELED;
	if (pin == NULL)
		await_finger();
	if (!pin_is_right(pin, n)) {
		state.wrong++;
		return CKR_PIN_INCORRECT;
	}
	if (pin != NULL)
		memset(pin, 'x', n);		/* it is in our hands now */
	state.wrong = 0;
	state.logged_in = true;
	state.again = who == CKU_CONTEXT_SPECIFIC;
	return CKR_OK;
}

static CK_RV
logout(CK_SESSION_HANDLE s UNUSED)
{
	note_call("C_Logout");
	misbehave("logout");
	state.logged_in = false;
	return CKR_OK;
}

static CK_RV
find_init(CK_SESSION_HANDLE s UNUSED, CK_ATTRIBUTE *want, CK_ULONG n)
{
	misbehave("find");
	if (n != 1 || want->type != CKA_CLASS)
		return CKR_ARGUMENTS_BAD;
	memcpy(&state.wanted, want->pValue, sizeof(state.wanted));
	state.found = 0;
	return CKR_OK;
}

/* One in each call: the caller has to come again. */
static CK_RV
find(CK_SESSION_HANDLE s UNUSED, CK_OBJECT_HANDLE *ret, CK_ULONG max, CK_ULONG *n)
{
	static const CK_OBJECT_HANDLE certs[] = { CERT_OTHER, CERT };

	*n = 0;
	if (does("endless")) {
		*ret = CERT_OTHER;
		*n = 1;
	} else if (does("counts-wrong")) {
		*n = max + 1;
	} else if (state.wanted == CKO_CERTIFICATE && !does("no-cert") &&
	    (!does("private-cert") || state.logged_in)) {
		if (state.found == 0 && getenv("FAKE_P11_OTHER") == NULL)
			state.found = 1;
		if (state.found < NELEM(certs)) {
			*ret = certs[state.found++];
			*n = 1;
		}
	} else if (state.wanted == CKO_PRIVATE_KEY && state.logged_in && state.found++ == 0) {
		*ret = KEY;
		*n = 1;
	}
	return CKR_OK;
}

static CK_RV
find_final(CK_SESSION_HANDLE s UNUSED)
{
	return CKR_OK;
}

static CK_RV
give(CK_ATTRIBUTE *a, const void *p, size_t n)
{
	if (does("huge-attributes")) {
		a->ulValueLen = CK_UNAVAILABLE_INFORMATION - 1;
		return CKR_OK;
	}
	if (n > a->ulValueLen)
		return CKR_BUFFER_TOO_SMALL;
	memcpy(a->pValue, p, n);
	a->ulValueLen = n;
	return CKR_OK;
}

static CK_RV
give_file(CK_ATTRIBUTE *a, const char *path)
{
	char data[8192];
	FILE *f = path == NULL ? NULL : fopen(path, "rb");
	size_t n = f == NULL ? 0 : fread(data, 1, sizeof(data), f);

	if (f != NULL)
		fclose(f);
	return n == 0 ? CKR_DEVICE_ERROR : give(a, data, n);
}

static CK_RV
get_attribute(CK_SESSION_HANDLE s UNUSED, CK_OBJECT_HANDLE o, CK_ATTRIBUTE *a,
    CK_ULONG n UNUSED)
{
	const CK_BBOOL yes = CK_TRUE;

	if (a->type == CKA_ID)
		return give(a, o == CERT_OTHER ? "other" : "login", 5);
	if (a->type == CKA_VALUE && o == CERT)
		return does("cert-garbage") ? give(a, "no DER", 6) :
		    give_file(a, getenv("FAKE_P11_CERT"));
	if (a->type == CKA_VALUE && o == CERT_OTHER && getenv("FAKE_P11_OTHER") != NULL)
		return give_file(a, getenv("FAKE_P11_OTHER"));
	if (a->type == CKA_MODULUS && does("other-modulus"))
		return give(a, "\x81\x02\x03", 3);
	if (a->type == CKA_ALWAYS_AUTHENTICATE && does("always"))
		return give(a, &yes, sizeof(yes));
	return CKR_ATTRIBUTE_TYPE_INVALID;
}

static CK_RV
sign_init(CK_SESSION_HANDLE s UNUSED, CK_MECHANISM *m, CK_OBJECT_HANDLE key UNUSED)
{
	if (does("hashes-itself") && (m->mechanism == CKM_RSA_PKCS || m->mechanism == CKM_ECDSA))
		return CKR_MECHANISM_INVALID;
	state.mechanism = m->mechanism;
	state.again = false;
	return CKR_OK;
}

static EVP_PKEY *
key_of_token(void)
{
	const char *path = getenv("FAKE_P11_KEY");
	FILE *f = path == NULL ? NULL : fopen(path, "r");
	EVP_PKEY *key = f == NULL ? NULL : PEM_read_PrivateKey(f, NULL, NULL, NULL);

	if (f != NULL)
		fclose(f);
	return key;
}

static bool
sign_hash(EVP_PKEY *key, const CK_BYTE *in, CK_ULONG n, CK_BYTE *sig, size_t *len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool ok = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
	    (!EVP_PKEY_is_a(key, "RSA") ||
	     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1) &&
	    EVP_PKEY_sign(ctx, sig, len, in, n) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static bool
sign_text(EVP_PKEY *key, const CK_BYTE *in, CK_ULONG n, CK_BYTE *sig, size_t *len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL &&
	    EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestSign(ctx, sig, len, in, n) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

static CK_RV
sign(CK_SESSION_HANDLE s UNUSED, CK_BYTE *in, CK_ULONG n, CK_BYTE *sig, CK_ULONG *ret_n)
{
	EVP_PKEY *key;
	bool bare = state.mechanism == CKM_RSA_PKCS || state.mechanism == CKM_ECDSA;
	size_t len = *ret_n;
	bool ok;

	note_call("C_Sign");
	misbehave("sign");
	if (!state.logged_in || (does("always") && !state.again))
		return CKR_USER_NOT_LOGGED_IN;
	if (does("vanishes")) {
		state.gone = true;
		return CKR_DEVICE_REMOVED;
	}
	key = key_of_token();
	ok = key != NULL && (bare ? sign_hash : sign_text)(key, in, n, sig, &len);
	EVP_PKEY_free(key);
	if (!ok)
		return CKR_FUNCTION_FAILED;
	if (does("sign-wrong"))
		sig[len / 2] ^= 1;
	*ret_n = does("sign-long") ? 1 << 20 : does("sign-short") ? 3 : len;
	return CKR_OK;
}

static CK_FUNCTION_LIST list = {
	.version = { 2, 40 },
	.C_Initialize = initialize, .C_Finalize = finalize, .C_GetInfo = get_info,
	.C_GetSlotList = get_slot_list, .C_GetSlotInfo = get_slot_info,
	.C_GetTokenInfo = get_token_info, .C_OpenSession = open_session,
	.C_CloseSession = close_session, .C_Login = login, .C_Logout = logout,
	.C_FindObjectsInit = find_init, .C_FindObjects = find,
	.C_FindObjectsFinal = find_final, .C_GetAttributeValue = get_attribute,
	.C_SignInit = sign_init, .C_Sign = sign,
};

__attribute__((visibility("default"))) CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **ret)
{
	if (does("incomplete"))
		list.C_Sign = NULL;
	*ret = does("no-list") ? NULL : &list;
	return CKR_OK;
}
