/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A program's whole use of the module with a card whose every reply is the input: nothing
 * is left open, no PIN stands in a command that is not for it, no answer is one that
 * PKCS #11 does not know in such a place.
 *
 *	u8 scenario, u8 length and ATR, then u16 length and reply, again and again
 *
 * When the input has ended the card answers 6F00.
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkcs11/cryptoki.h"
#include "tests/unit/fake_winscard.h"

#define READER	"Fuzz 00 00"
#define PIN	"135790"

/* Of the UZI pass; the profiles of the source tree are not looked for. */
static const char profile[] =
	"[profile]\ndriver = pkcs15\nprobe = yes\ntitle = Pass\n"
	"[card]\naid = A0 00 00 00 63 50 4B 43 53 2D 31 35\nserial = 00 CA 01 00 08\n"
	"[pin]\nreference = 03\npadding = 00 15\nmin = 4\n";

struct replies {
	struct cur in;
	unsigned commands;
};

static void
answer(void *arg, struct cur command UNUSED, struct buf *ret)
{
	struct replies *r = arg;
	struct cur reply;
	uint16_t n;

	r->commands++;
	if (cur_u16(&r->in, &n) && cur_take(&r->in, n, &reply))
		buf_cur(ret, reply);
	else
		buf_u16(ret, 0x6f00);
}

static char folder[] = "/tmp/dezi-fuzz.XXXXXX";

static void
clean_up(void)
{
	static const char *const files[] = { "profiles/pass.profile", "pkcs11.conf", "profiles" };
	char path[64];

	for (size_t i = 0; i < NELEM(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		remove(path);
	}
	rmdir(folder);
}

static void
set_up(void)
{
	char path[64], conf[64];
	FILE *f;

	must(mkdtemp(folder) != NULL && atexit(clean_up) == 0);
	snprintf(path, sizeof(path), "%s/profiles", folder);
	must(mkdir(path, 0700) == 0);
	snprintf(path, sizeof(path), "%s/profiles/pass.profile", folder);
	must((f = fopen(path, "w")) != NULL);
	fputs(profile, f);
	fclose(f);
	snprintf(conf, sizeof(conf), "%s/pkcs11.conf", folder);
	must((f = fopen(conf, "w")) != NULL);
	fprintf(f, "[module]\nlog = none\ncache = no\nprofiles = %s/profiles\n", folder);
	fclose(f);
	setenv("DEZI_PKCS11_CONF", conf, 1);
}

/* What a call may answer, whatever the card says. */
static ck_rv_t
sane(ck_rv_t rv)
{
	must(rv != CKR_GENERAL_ERROR && rv != CKR_ARGUMENTS_BAD &&
	    rv != CKR_CRYPTOKI_NOT_INITIALIZED);
	return rv;
}

static ck_rv_t
login(ck_session_handle_t s, ck_user_type_t user)
{
	unsigned char pin[] = PIN;

	return sane(C_Login(s, user, pin, sizeof(pin) - 1));
}

static void
read_all(ck_session_handle_t s, ck_object_handle_t o)
{
	static const ck_attribute_type_t types[] = { CKA_VALUE, CKA_ID, CKA_LABEL, CKA_SUBJECT,
	    CKA_ISSUER, CKA_SERIAL_NUMBER, CKA_MODULUS, CKA_EC_POINT, CKA_START_DATE,
	    CKA_MODULUS_BITS, CKA_CHECK_VALUE, CKA_ALLOWED_MECHANISMS, CKA_UNIQUE_ID };
	unsigned char value[20000];

	for (size_t i = 0; i < NELEM(types); i++) {
		struct ck_attribute a = { types[i], value, sizeof(value) };

		if (sane(C_GetAttributeValue(s, o, &a, 1)) == CKR_OK)
			must(a.value_len <= sizeof(value));
	}
}

static void
use(ck_session_handle_t s, ck_object_handle_t o, bool always)
{
	struct ck_mechanism hashed = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	struct ck_mechanism bare = { CKM_RSA_PKCS, NULL, 0 };
	struct ck_mechanism ec = { CKM_ECDSA_SHA256, NULL, 0 };
	unsigned char in[256] = { 1 }, out[1024];
	ck_ulong n = sizeof(out);

	if (sane(C_SignInit(s, &hashed, o)) == CKR_OK ||
	    sane(C_SignInit(s, &ec, o)) == CKR_OK) {
		if (always)
			login(s, CKU_CONTEXT_SPECIFIC);
		sane(C_Sign(s, in, sizeof(in), out, &n));
	}
	n = sizeof(out);
	if (sane(C_DecryptInit(s, &bare, o)) == CKR_OK) {
		if (always)
			login(s, CKU_CONTEXT_SPECIFIC);
		sane(C_Decrypt(s, in, sizeof(in), out, &n));
	}
	sane(C_SessionCancel(s, CKF_SIGN | CKF_DECRYPT));
}

static void
use_objects(ck_session_handle_t s, bool always)
{
	ck_object_handle_t found[32];
	ck_ulong n = 0;

	if (sane(C_FindObjectsInit(s, NULL, 0)) != CKR_OK ||
	    sane(C_FindObjects(s, found, NELEM(found), &n)) != CKR_OK)
		return;
	sane(C_FindObjectsFinal(s));
	for (ck_ulong i = 0; i < n; i++) {
		read_all(s, found[i]);
		use(s, found[i], always);
	}
}

static void
scenario(uint8_t which)
{
	unsigned char old[] = PIN, new[] = "246802";
	ck_session_handle_t s;
	struct ck_token_info info;
	ck_mechanism_type_t mechs[64];
	ck_ulong n = NELEM(mechs);

	sane(C_GetTokenInfo(0, &info));
	sane(C_GetMechanismList(0, mechs, &n));
	if (sane(C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s)) != CKR_OK)
		return;
	if ((which & 1) != 0)
		login(s, CKU_USER);
	if ((which & 2) != 0)
		use_objects(s, (which & 4) != 0);
	if ((which & 8) != 0)
		sane(C_SetPIN(s, old, sizeof(old) - 1, new, sizeof(new) - 1));
	if ((which & 16) != 0) {
		sane(C_Logout(s));
		login(s, CKU_SO);
		sane(C_InitPIN(s, new, sizeof(new) - 1));
	}
	sane(C_GetTokenInfo(0, &info));
	sane(C_CloseSession(s));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct replies r = { .in = cur_of(data, size) };
	struct ws_card card = { .arg = &r, .command = answer };
	struct cur atr;
	uint8_t which, n;
	ck_ulong slots;

	if (!ready)
		set_up();
	ready = true;
	if (!cur_u8(&r.in, &which) || !cur_u8(&r.in, &n) || n > sizeof(card.atr) ||
	    !cur_take(&r.in, n, &atr))
		return 0;
	memcpy(card.atr, atr.p, atr.n);
	card.atr_len = atr.n;
	ws_start();
	ws_secret(PIN);
	ws_hurry(true);
	ws_plug(READER);
	ws_insert(READER, &card);
	must(C_Initialize(&(struct ck_c_initialize_args){
	    .flags = CKF_LIBRARY_CANT_CREATE_OS_THREADS }) == CKR_OK);
	must(C_GetSlotList(1, NULL, &slots) == CKR_OK && slots == 1);
	scenario(which);
	must(ws_held() == 0);
	must(C_Finalize(NULL) == CKR_OK);
	must(ws_end()[0] == '\0' && ws_resets() == 0);
	must(r.commands < 20000);
	return 0;
}
