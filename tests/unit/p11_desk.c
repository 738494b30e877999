/* SPDX-License-Identifier: EUPL-1.2 */
/* Passes with real keys and certificates, made once for each program. */
#include "tests/check.h"

#include "tests/unit/p11_desk.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/make_cert.h"

static struct made certs[PURPOSES], ca;
static char folder[64], conf[96];

static const struct recipe recipes[PURPOSES] = {
	{ .cn = "Zoe Test", .o = "Test", .usage = "critical,digitalSignature", .serial = 11 },
	{ .cn = "Zoe Test", .o = "Test", .usage = "critical,nonRepudiation", .serial = 12 },
	{ .cn = "Zoe Test", .o = "Test", .usage = "critical,keyEncipherment", .serial = 13 },
};

void
desk_configure(const char *lines)
{
	const char *src = getenv("srcdir");
	/* A configured path has no ".."; the tree of make distcheck has. */
	char *top = realpath(src != NULL ? src : ".", NULL);
	FILE *f = fopen(conf, "w");

	assert_non_null(top);
	assert_non_null(f);
	fprintf(f, "[module]\nprofiles = %s/drivers/profiles\n%s", top, lines);
	fclose(f);
	free(top);
}

int
desk_setup(const char *lines)
{
	const struct recipe authority = { .cn = "Test CA", .o = "Test",
	    .basic = "critical,CA:TRUE", .usage = "critical,keyCertSign", .kind = "P-256" };
	char text[256];

	make_cert(&authority, NULL, &ca);
	for (size_t i = 0; i < PURPOSES; i++)
		make_cert(&recipes[i], &ca, &certs[i]);
	snprintf(folder, sizeof(folder), "/tmp/dezi-desk.XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(conf, sizeof(conf), "%s/pkcs11.conf", folder);
	snprintf(text, sizeof(text), "log = none\n%s", lines);
	desk_configure(text);
	setenv("DEZI_PKCS11_CONF", conf, 1);
	setenv("XDG_RUNTIME_DIR", folder, 1);
	return 0;
}

int
desk_teardown(void)
{
	for (size_t i = 0; i < PURPOSES; i++)
		made_drop(&certs[i]);
	made_drop(&ca);
	return unlink(conf) == 0 && rmdir(folder) == 0 ? 0 : -1;
}

const char *
desk_conf(void)
{
	return conf;
}

struct cur
desk_cert(enum purpose i)
{
	return buf_view(&certs[i].der);
}

struct cur
desk_authority(void)
{
	return buf_view(&ca.der);
}

static void
pass_command(void *arg, struct cur command, struct buf *ret)
{
	vcard_command(((struct pass *)arg)->card, command, ret);
}

static void
pass_reset(void *arg)
{
	vcard_reset(((struct pass *)arg)->card);
}

void
pass_remake(struct pass *p)
{
	vcard_free(&p->card);
	assert_ok(vcard_new(&p->file, &p->card));
	for (size_t i = 0; i < PURPOSES; i++) {
		assert_int_equal(EVP_PKEY_up_ref(certs[i].key), 1);
		assert_ok(vcard_set_key(p->card, (enum purpose)i, certs[i].key,
		    buf_view(&certs[i].der)));
	}
	assert_ok(vcard_set_ca(p->card, 0, buf_view(&ca.der)));
	assert_ok(vcard_finish(p->card));
	p->in_hand = (struct ws_card){ .atr_len = p->file.atr_len, .arg = p,
	    .command = pass_command, .reset = pass_reset };
	memcpy(p->in_hand.atr, p->file.atr, p->file.atr_len);
}

void
pass_make(struct pass *p, unsigned number, bool always)
{
	*p = (struct pass){ .card = NULL };
	card_file_defaults(&p->file);
	memcpy(p->file.secrets[USER_PIN], DESK_PIN, sizeof(DESK_PIN));
	memcpy(p->file.secrets[PUK], DESK_PUK, sizeof(DESK_PUK));
	memcpy(p->file.serial, "\x44\x5a\0\0\0\0\0", CARD_SERIAL - 1);
	p->file.serial[CARD_SERIAL - 1] = (uint8_t)number;
	for (size_t i = 0; i < PURPOSES; i++)
		p->file.keys[i].present = true;
	p->file.keys[SIGNATURE].consent = always;
	p->file.cas[0] = (struct card_object){ .present = true, .label = "Test CA",
	    .file = 0x1371 };
	p->file.cas_n = 1;
	p->file.chaining = true;	/* or nothing could be deciphered */
	pass_remake(p);
}

void
pass_drop(struct pass *p)
{
	vcard_free(&p->card);
}

static void
strange_command(void *arg, struct cur command UNUSED, struct buf *ret)
{
	buf_u16(ret, *(const unsigned *)arg);
}

void
stranger(struct ws_card *ret, const unsigned *sw)
{
	static const uint8_t atr[] = { 0x3b, 0x82, 0x80, 0x01, 0x42, 0x42, 0x81 };

	*ret = (struct ws_card){ .atr_len = sizeof(atr), .command = strange_command };
	memcpy(ret->atr, atr, sizeof(atr));
	memcpy(&ret->arg, &sw, sizeof(sw));
}

void
desk_again(struct desk *d)
{
	ws_start();
	ws_secret(DESK_PIN);
	ws_hurry(true);
	ws_plug(DESK_READER);
	ws_insert(DESK_READER, &d->pass.in_hand);
	assert_rv(C_Initialize(NULL), CKR_OK);
}

int
desk_begin(void **state)
{
	static struct desk d;

	pass_make(&d.pass, 1, false);
	pass_make(&d.other, 2, false);
	desk_again(&d);
	*state = &d;
	return 0;
}

void
desk_closed(void)
{
	assert_rv(C_Finalize(NULL), CKR_OK);
	assert_string_equal(ws_end(), "");
	assert_int_equal(ws_resets(), 0);
}

int
desk_end(void **state)
{
	struct desk *d = *state;

	desk_closed();
	pass_drop(&d->pass);
	pass_drop(&d->other);
	return 0;
}

ck_session_handle_t
open_session(ck_slot_id_t slot, ck_flags_t more)
{
	ck_session_handle_t s = 0;

	assert_rv(C_OpenSession(slot, CKF_SERIAL_SESSION | more, NULL, NULL, &s), CKR_OK);
	return s;
}

ck_rv_t
login(ck_session_handle_t s, ck_user_type_t user, const char *pin)
{
	unsigned char copy[64];
	size_t n = strlen(pin);

	assert_true(n <= sizeof(copy));
	memcpy(copy, pin, n);
	return C_Login(s, user, copy, n);
}

ck_flags_t
token_flags(ck_slot_id_t slot)
{
	struct ck_token_info info;

	assert_rv(C_GetTokenInfo(slot, &info), CKR_OK);
	return info.flags;
}

ck_object_handle_t
object(ck_session_handle_t s, ck_object_class_t class, unsigned n)
{
	struct ck_attribute a = { CKA_CLASS, &class, sizeof(class) };
	ck_object_handle_t found[8];
	ck_ulong got = 0;

	assert_rv(C_FindObjectsInit(s, &a, 1), CKR_OK);
	assert_rv(C_FindObjects(s, found, NELEM(found), &got), CKR_OK);
	assert_rv(C_FindObjectsFinal(s), CKR_OK);
	assert_true(n < got);
	return found[n];
}

ck_rv_t
sign(ck_session_handle_t s, ck_object_handle_t key)
{
	struct ck_mechanism m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	unsigned char sig[512], data[] = "hello";
	ck_ulong n = sizeof(sig);
	ck_rv_t rv = C_SignInit(s, &m, key);

	return rv == CKR_OK ? C_Sign(s, data, sizeof(data), sig, &n) : rv;
}

void
works(ck_slot_id_t slot)
{
	ck_session_handle_t s = open_session(slot, 0);

	assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
	assert_rv(sign(s, object(s, CKO_PRIVATE_KEY, KEY_AUTH)), CKR_OK);
	assert_rv(C_CloseAllSessions(slot), CKR_OK);
	assert_int_equal(ws_held(), 0);
	assert_string_equal(ws_complaint(), "");
}

unsigned
entries(const char *path)
{
	DIR *d = opendir(path);
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

bool
threads_are(unsigned n)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (int i = 0; i < 2000 && entries("/proc/self/task") != n; i++)
		nanosleep(&moment, NULL);
	return entries("/proc/self/task") == n;
}
