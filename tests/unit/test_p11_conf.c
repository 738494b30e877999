/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What pkcs11.conf and the environment change: readers that are no slots, what a logout
 * does to a card without a command for it, the log, what is shared with other programs.
 */
#include "tests/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/p11_desk.h"

#define LOG_MAX	(1 << 20)

static char folder[64];

static const char *
at(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

/* The module begins anew with these lines. */
static void
with(const char *lines)
{
	assert_rv(C_Finalize(NULL), CKR_OK);
	desk_configure(lines);
	assert_rv(C_Initialize(NULL), CKR_OK);
}

/* ... and a log of that name, empty. */
static void
with_log(const char *name, const char *more)
{
	char lines[256];

	snprintf(lines, sizeof(lines), "cache = no\nlog = %s\n%s", at(name), more);
	unlink(at(name));
	with(lines);
}

static void
with_cache_and_log(void)
{
	char lines[256];

	snprintf(lines, sizeof(lines), "log = %s\n", at("log"));
	unlink(at("log"));
	with(lines);
}

/* NULL: it was never written. */
static const char *
log_of(const char *name, struct buf *ret)
{
	enum err e = file_read(at(name), ret);

	if (e == ERR_NOT_FOUND)
		return NULL;
	assert_ok(e);
	return buf_cstr(ret);
}

/* Without desk_configure(), which names the profiles itself. */
static void
wrong_profiles_are_refused(void)
{
	FILE *f;

	assert_int_equal(mkdir(at("profiles"), 0700), 0);
	f = fopen(at("profiles/x.profile"), "w");
	assert_non_null(f);
	fputs("[junk", f);
	fclose(f);
	f = fopen(desk_conf(), "w");
	assert_non_null(f);
	fprintf(f, "[module]\nlog = none\nprofiles = %s\n", at("profiles"));
	fclose(f);
	assert_rv(C_Initialize(NULL), CKR_FUNCTION_FAILED);
	unlink(at("profiles/x.profile"));
	(void)rmdir(at("profiles"));
}

static void
wrong_ones_are_refused(void **state UNUSED)
{
	static const char *const wrong[] = {
		"level = error\nsurprise = yes\n", "cache = maybe\n", "level = loud\n", "log = relative/path\n",
		"cache = no\ncache = no\n", "[other]\n", "ignore_reader\n",
		"profiles = /nonexistent\n",
	};

	assert_rv(C_Finalize(NULL), CKR_OK);
	setenv("DEZI_PKCS11_LOG", at("log"), 1);
	for (size_t i = 0; i < NELEM(wrong); i++) {
		AUTO(buf_free) struct buf log = BUF(LOG_MAX);
		const char *said;

		unlink(at("log"));
		desk_configure(wrong[i]);
		assert_rv(C_Initialize(NULL), CKR_FUNCTION_FAILED);
		assert_rv(C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
		/* Why nothing works stands in the log, and nowhere else. */
		assert_non_null(said = log_of("log", &log));
		assert_non_null(strstr(said, "C_Initialize: "));
	}
	unsetenv("DEZI_PKCS11_LOG");
	wrong_profiles_are_refused();
	desk_configure("log = none\ncache = no\n");
	assert_int_equal(chmod(desk_conf(), 0666), 0);
	assert_rv(C_Initialize(NULL), CKR_FUNCTION_FAILED);
	assert_int_equal(chmod(desk_conf(), 0644), 0);
	assert_rv(C_Initialize(NULL), CKR_OK);
	works(0);
}

static void
ignored_readers_are_no_slots(void **state)
{
	struct desk *d = *state;
	ck_slot_id_t slots[4];
	struct ck_slot_info info;
	ck_ulong n = NELEM(slots);

	ws_plug("Camera 00 00");
	ws_plug("Another 00 00");
	ws_insert("Another 00 00", &d->other.in_hand);
	with("log = none\ncache = no\nignore_reader = Virtual\nignore_reader = Camera\n");
	assert_rv(C_GetSlotList(0, slots, &n), CKR_OK);
	assert_int_equal(n, 1);
	assert_rv(C_GetSlotInfo(0, &info), CKR_OK);
	assert_memory_equal(info.slot_description, "Another 00 00", 13);
	works(0);
	assert_int_equal(vcard_counts(d->pass.card).verifies, 0);
}

/* The pass has no command to log out (docs/pkcs11.md, "What it does to the card"). */
static void
logout_resets_where_it_may(void **state)
{
	struct desk *d = *state;
	AUTO(buf_free) struct buf b = BUF(LOG_MAX), c = BUF(LOG_MAX);
	ck_session_handle_t s;

	with_log("log", "");
	s = open_session(0, 0);
	for (int i = 0; i < 2; i++) {
		assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
		ws_forget_counts();
		assert_rv(C_Logout(s), CKR_OK);
		assert_int_equal(ws_calls(WS_TRANSMIT), 0);
		assert_true(vcard_is_verified(d->pass.card));
	}
	assert_int_equal(ws_resets(), 0);
	assert_non_null(strstr(log_of("log", &b), "it stays open to other programs"));
	/* Said once. */
	assert_null(strstr(strstr(log_of("log", &c), "it stays open") + 1, "it stays open"));

	ws_allow_resets(true);
	with("cache = no\nlog = none\nreset_on_logout = yes\n");
	s = open_session(0, 0);
	assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
	assert_rv(C_Logout(s), CKR_OK);
	assert_false(vcard_is_verified(d->pass.card));
	assert_int_equal(ws_resets(), 1);
	/* Nobody is logged in, so nothing is reset. */
	assert_rv(C_CloseSession(s), CKR_OK);
	assert_int_equal(ws_resets(), 1);
	works(0);
	ws_forget_counts();
	/* Many programs end so. */
	s = open_session(0, 0);
	assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
	assert_rv(C_Finalize(NULL), CKR_OK);
	assert_false(vcard_is_verified(d->pass.card));
	assert_int_equal(ws_resets(), 1);
	assert_rv(C_Initialize(NULL), CKR_OK);
	ws_forget_counts();
}

static void
the_log_is_as_loud_as_it_should_be(void **state UNUSED)
{
	AUTO(buf_free) struct buf a = BUF(LOG_MAX), b = BUF(LOG_MAX), c = BUF(LOG_MAX);
	struct stat st;

	with_log("log", "level = error\n");
	works(0);
	assert_null(log_of("log", &a));
	with_log("log", "level = debug\n");
	works(0);
	assert_non_null(strstr(log_of("log", &a), " debug: "));
	assert_int_equal(stat(at("log"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* The environment of one program. */
	setenv("DEZI_PKCS11_LOG", at("other"), 1);
	setenv("DEZI_PKCS11_LEVEL", "info", 1);
	with_log("log", "");
	ws_other_resets(DESK_READER);
	works(0);
	assert_null(log_of("log", &b));
	setenv("DEZI_PKCS11_LEVEL", "debug", 1);
	with("cache = no\nlog = none\n");
	works(0);
	assert_non_null(strstr(log_of("other", &c), " debug: "));
	unsetenv("DEZI_PKCS11_LOG");
	unsetenv("DEZI_PKCS11_LEVEL");
	unlink(at("log"));
	unlink(at("other"));
}

/*
 * What programs share.
 */
static void
make_file(const char *name)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static void
forget_shared(void)
{
	static const char *const names[] = { "dezi/cards/state", "pcscd.pid", "profiles/x.profile" };

	for (size_t i = 0; i < NELEM(names); i++)
		unlink(at(names[i]));
	(void)rmdir(at("dezi/cards"));
	(void)rmdir(at("dezi"));
	(void)rmdir(at("profiles"));
}

static ck_rv_t
look(unsigned *ret_commands)
{
	struct ck_token_info info;
	ck_rv_t rv;

	ws_forget_counts();
	rv = C_GetTokenInfo(0, &info);
	*ret_commands = ws_calls(WS_TRANSMIT);
	return rv;
}

/* Checklist 9, DESIGN section 6 rule 6: between programs too, but never a wrong one. */
static void
a_card_that_nobody_knows_is_asked_once(void **state UNUSED)
{
	static const unsigned file_not_found = 0x6a82;
	struct ws_card alien;
	unsigned commands;
	char lines[256];
	FILE *f;

	stranger(&alien, &file_not_found);
	ws_insert(DESK_READER, &alien);
	/* Which run of pcscd it is is not known: each finds out for itself. */
	for (int i = 0; i < 2; i++) {
		with("log = none\n");
		assert_rv(look(&commands), CKR_TOKEN_NOT_RECOGNIZED);
		assert_in_range(commands, 1, 2);
	}
	make_file("pcscd.pid");
	with("log = none\n");
	assert_rv(look(&commands), CKR_TOKEN_NOT_RECOGNIZED);
	assert_in_range(commands, 1, 2);
	for (int i = 0; i < 3; i++) {
		with("log = none\n");
		assert_rv(look(&commands), CKR_TOKEN_NOT_RECOGNIZED);
		assert_int_equal(commands, 0);
	}
	/* Who has other profiles, or no part in it, looks. */
	assert_int_equal(mkdir(at("profiles"), 0700), 0);
	f = fopen(at("profiles/x.profile"), "w");
	assert_non_null(f);
	fputs("[profile]\ndriver = pkcs15\nprobe = yes\n[card]\naid = A0 00 00 00 01\n"
	    "[pin]\nreference = 01\n", f);
	fclose(f);
	assert_rv(C_Finalize(NULL), CKR_OK);
	snprintf(lines, sizeof(lines), "[module]\nlog = none\nprofiles = %s\n", at("profiles"));
	f = fopen(desk_conf(), "w");
	assert_non_null(f);
	fputs(lines, f);
	fclose(f);
	assert_rv(C_Initialize(NULL), CKR_OK);
	assert_rv(look(&commands), CKR_TOKEN_NOT_RECOGNIZED);
	assert_in_range(commands, 1, 2);
	with("log = none\ncache = no\n");
	assert_rv(look(&commands), CKR_TOKEN_NOT_RECOGNIZED);
	assert_in_range(commands, 1, 2);
	/* Another insertion. */
	ws_insert(DESK_READER, &alien);
	with("log = none\n");
	assert_rv(look(&commands), CKR_TOKEN_NOT_RECOGNIZED);
	assert_in_range(commands, 1, 2);
	forget_shared();
}

/* One byte of the public key in the cached certificate: behind what is compared. */
static void
spoil_cache(void)
{
	const struct cur cert = desk_cert(AUTHENTICATION);
	AUTO(buf_free) struct buf b = BUF(LOG_MAX);
	uint8_t *is, byte;
	int fd;

	assert_ok(file_read(at("dezi/cards/state"), &b));
	is = memmem(b.p, b.len, cert.p, cert.n);
	assert_non_null(is);
	byte = is[400] ^ 1;
	fd = open(at("dezi/cards/state"), O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &byte, 1, is - b.p + 400), 1);
	close(fd);
}

/* A certificate in the cache that begins as the card's does is not the card's for that. */
static void
a_false_certificate_is_forgotten(void **state UNUSED)
{
	AUTO(buf_free) struct buf b = BUF(LOG_MAX), c = BUF(LOG_MAX);

	with("log = none\n");
	works(0);
	with("log = none\n");
	works(0);
	spoil_cache();
	with_cache_and_log();
	works(0);
	assert_non_null(strstr(log_of("log", &b), "it is dropped"));
	works(0);
	with_cache_and_log();
	works(0);
	assert_null(strstr(log_of("log", &c), "it is dropped"));
	with("log = none\ncache = no\n");
	unlink(at("log"));
	forget_shared();
}

static int
begin(void **state)
{
	desk_configure("log = none\ncache = no\n");
	return desk_begin(state);
}

static int
setup(void **state UNUSED)
{
	snprintf(folder, sizeof(folder), "/tmp/dezi-test-conf.XXXXXX");
	if (mkdtemp(folder) == NULL || desk_setup("") != 0)
		return -1;
	setenv("XDG_RUNTIME_DIR", folder, 1);
	setenv("PCSCLITE_CSOCK_NAME", at("pcscd.comm"), 1);
	return 0;
}

static int
teardown(void **state UNUSED)
{
	return desk_teardown() == 0 ? rmdir(folder) : -1;
}

#define CONF_TEST(f)	cmocka_unit_test_setup_teardown(f, begin, desk_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CONF_TEST(wrong_ones_are_refused),
		CONF_TEST(ignored_readers_are_no_slots),
		CONF_TEST(logout_resets_where_it_may),
		CONF_TEST(the_log_is_as_loud_as_it_should_be),
		CONF_TEST(a_card_that_nobody_knows_is_asked_once),
		CONF_TEST(a_false_certificate_is_forgotten),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
