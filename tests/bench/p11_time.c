/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A program that signs with a PKCS #11 module, as any other would, and says how long it
 * took.  For tests/bench/module.py, which gives the same to several modules.
 *
 *	p11_time MODULE readers			C_Initialize to C_GetSlotList
 *	p11_time MODULE PIN CKA_ID COUNT	C_Initialize to the first signature (of a hash of
 *						32 bytes, with CKM_RSA_PKCS or CKM_ECDSA, which
 *						every module has), reading the certificate of
 *						the key on the way, then COUNT more
 *
 * The answer is a line: how many readers, or the first and all further signatures
 * together, in microseconds.  After signatures C_Finalize waits for the end of the input.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/def.h"
#include "pkcs11/cryptoki.h"

#define SLOTS_MAX	64
#define HASH		32

static struct ck_function_list *p11;

static _Noreturn void
give_up(const char *what, ck_rv_t rv)
{
	fprintf(stderr, "p11_time: %s: %#lx\n", what, rv);
	exit(1);
}

static void
must(ck_rv_t rv, const char *what)
{
	if (rv != CKR_OK)
		give_up(what, rv);
}

#define MUST(call)	must(p11->call, #call)

static long long
microseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void
load(const char *path)
{
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	ck_rv_t (*get)(struct ck_function_list **) = NULL;

	if (module != NULL)
		*(void **)&get = dlsym(module, "C_GetFunctionList");
	if (get == NULL)
		give_up(path, 0);
	must(get(&p11), "C_GetFunctionList");
}

static ck_ulong
list_slots(bool with_token, ck_slot_id_t slots[SLOTS_MAX])
{
	ck_ulong n = SLOTS_MAX;

	MUST(C_GetSlotList(with_token, NULL, &n));
	n = SLOTS_MAX;
	MUST(C_GetSlotList(with_token, slots, &n));
	return n;
}

static ck_object_handle_t
find(ck_session_handle_t session, ck_object_class_t class, unsigned char *id, ck_ulong id_len)
{
	struct ck_attribute wanted[] = {
		{ CKA_CLASS, &class, sizeof(class) }, { CKA_ID, id, id_len },
	};
	ck_object_handle_t found = 0;
	ck_ulong n = 0;

	MUST(C_FindObjectsInit(session, wanted, NELEM(wanted)));
	MUST(C_FindObjects(session, &found, 1, &n));
	MUST(C_FindObjectsFinal(session));
	if (n != 1)
		give_up("no object with this id", class);
	return found;
}

static void
read_value(ck_session_handle_t session, ck_object_handle_t object)
{
	unsigned char value[16384];
	struct ck_attribute a = { CKA_VALUE, value, sizeof(value) };

	MUST(C_GetAttributeValue(session, object, &a, 1));
}

static ck_mechanism_type_t
mechanism_of(ck_session_handle_t session, ck_object_handle_t key)
{
	ck_key_type_t type = CKK_RSA;
	struct ck_attribute a = { CKA_KEY_TYPE, &type, sizeof(type) };

	MUST(C_GetAttributeValue(session, key, &a, 1));
	return type == CKK_RSA ? CKM_RSA_PKCS : CKM_ECDSA;
}

static void
sign(ck_session_handle_t session, ck_mechanism_type_t type, ck_object_handle_t key)
{
	static const unsigned char sha256[] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86,
		0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };
	struct ck_mechanism mechanism = { type, NULL, 0 };
	unsigned char data[sizeof(sha256) + HASH] = { 0 }, sig[1024];
	size_t before = type == CKM_RSA_PKCS ? sizeof(sha256) : 0;
	ck_ulong n = sizeof(sig);

	memcpy(data, sha256, before);	/* DigestInfo (RFC 8017 section 9.2) */
	MUST(C_SignInit(session, &mechanism, key));
	MUST(C_Sign(session, data, before + HASH, sig, &n));
}

static size_t
read_hex(const char *hex, unsigned char *ret, size_t max)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n && i < max; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &ret[i]) != 1)
			give_up(hex, 0);
	return n;
}

static void
time_signatures(char *pin, const char *hex, long count)
{
	unsigned char id[64];
	ck_ulong id_len = read_hex(hex, id, sizeof(id));
	ck_slot_id_t slots[SLOTS_MAX];
	struct ck_token_info info;
	ck_session_handle_t session;
	ck_object_handle_t key;
	ck_mechanism_type_t type;
	long long began = microseconds(), first;

	MUST(C_Initialize(NULL));
	if (list_slots(true, slots) == 0)
		give_up("no token", 0);
	MUST(C_GetTokenInfo(slots[0], &info));
	MUST(C_OpenSession(slots[0], CKF_SERIAL_SESSION, NULL, NULL, &session));
	read_value(session, find(session, CKO_CERTIFICATE, id, id_len));
	MUST(C_Login(session, CKU_USER, (unsigned char *)pin, strlen(pin)));
	key = find(session, CKO_PRIVATE_KEY, id, id_len);
	type = mechanism_of(session, key);
	sign(session, type, key);
	first = microseconds();
	for (long i = 0; i < count; i++)
		sign(session, type, key);
	printf("%lld %lld\n", first - began, microseconds() - first);
	/* What was done so far is counted now; the log-out comes after. */
	fflush(stdout);
	(void)getchar();
	MUST(C_Finalize(NULL));
}

static void
time_readers(void)
{
	ck_slot_id_t slots[SLOTS_MAX];
	long long began = microseconds();
	ck_ulong n;

	MUST(C_Initialize(NULL));
	n = list_slots(false, slots);
	printf("%lu %lld\n", n, microseconds() - began);
	MUST(C_Finalize(NULL));
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[2], "readers") == 0) {
		load(argv[1]);
		time_readers();
		return 0;
	}
	if (argc != 5)
		give_up("MODULE readers, or MODULE PIN CKA_ID COUNT", 0);
	load(argv[1]);
	time_signatures(argv[2], argv[3], strtol(argv[4], NULL, 10));
	return 0;
}
