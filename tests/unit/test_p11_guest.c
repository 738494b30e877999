/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The module is a guest in a program: it prints nothing, takes no signal, leaves no thread
 * and no descriptor, and what it writes to its own log holds no PIN (issue of the module,
 * threads, processes, memory; pkcs11 reference, checklist 13, defects 9 and 17).  That it
 * calls nothing with which it could do otherwise at exit is what tests/check-exports sees.
 */
#include "tests/check.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/p11_desk.h"

#define WRONG_PIN	"987654"
#define WRONG_PUK	"87654321"
#define NEW_PIN		"246813"
#define LOG_MAX		(16 << 20)

static char log_path[80], voice_path[80];

/*
 * Much of what a program can do, right and wrong.
 */
static void
set_pin(ck_session_handle_t s, const char *old, const char *new)
{
	unsigned char a[16], b[16];

	memcpy(a, old, strlen(old));
	memcpy(b, new, strlen(new));
	(void)C_SetPIN(s, a, strlen(old), b, strlen(new));
}

static void
as_officer(void)
{
	unsigned char new[] = DESK_PIN;
	ck_session_handle_t s = open_session(0, CKF_RW_SESSION);

	assert_rv(login(s, CKU_SO, WRONG_PUK), CKR_PIN_INCORRECT);
	assert_rv(login(s, CKU_SO, DESK_PUK), CKR_OK);
	assert_rv(C_InitPIN(s, new, sizeof(new) - 1), CKR_OK);
	assert_rv(C_CloseSession(s), CKR_OK);
}

static void
as_user(void)
{
	struct ck_mechanism m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	ck_session_handle_t s = open_session(0, CKF_RW_SESSION);
	unsigned char sig[512];
	ck_ulong n = sizeof(sig);

	assert_rv(login(s, CKU_USER, WRONG_PIN), CKR_PIN_INCORRECT);
	assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
	assert_rv(C_SignInit(s, &m, object(s, CKO_PRIVATE_KEY, KEY_SIGN)), CKR_OK);
	assert_rv(login(s, CKU_CONTEXT_SPECIFIC, WRONG_PIN), CKR_PIN_INCORRECT);
	assert_rv(login(s, CKU_CONTEXT_SPECIFIC, DESK_PIN), CKR_OK);
	assert_rv(C_SignFinal(s, sig, &n), CKR_OK);
	set_pin(s, WRONG_PIN, NEW_PIN);
	set_pin(s, DESK_PIN, NEW_PIN);
	set_pin(s, NEW_PIN, DESK_PIN);
	assert_rv(sign(s, object(s, CKO_PRIVATE_KEY, KEY_AUTH)), CKR_OK);
}

static void
a_day(struct desk *d)
{
	ck_slot_id_t slot;

	d->pass.file.keys[SIGNATURE].consent = true;
	pass_remake(&d->pass);
	ws_insert(DESK_READER, &d->pass.in_hand);
	as_officer();
	as_user();
	ws_other_resets(DESK_READER);
	works(0);
	ws_before(5, (struct ws_event){ .what = WS_REMOVE });
	(void)C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &slot);
	(void)login(slot, CKU_USER, DESK_PIN);
	ws_clear();
	ws_service_stop(0x8010001d);
	(void)C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL);
	ws_service_start();
	ws_insert(DESK_READER, &d->other.in_hand);
	works(0);
}

/*
 * What it leaves behind.
 */
static void
say_to(const char *path, int ret_kept[2])
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	fflush(stdout);
	fflush(stderr);
	for (int i = 0; i < 2; i++) {
		ret_kept[i] = dup(i + 1);
		assert_true(ret_kept[i] >= 0);
		assert_int_equal(dup2(fd, i + 1), i + 1);
	}
	close(fd);
}

/* Returns how much was said meanwhile. */
static long
say_as_before(const char *path, const int kept[2])
{
	struct stat st;

	fflush(stdout);
	fflush(stderr);
	for (int i = 0; i < 2; i++) {
		dup2(kept[i], i + 1);
		close(kept[i]);
	}
	return stat(path, &st) == 0 && unlink(path) == 0 ? (long)st.st_size : -1;
}

struct house {
	struct sigaction actions[NSIG];
	sigset_t mask;
	unsigned threads, files;
	mode_t	 umask;
	char	 folder[256], locale[64];
};

static void
look_at(struct house *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (int i = 1; i < NSIG; i++)
		(void)sigaction(i, NULL, &ret->actions[i]);
	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &ret->mask), 0);
	ret->threads = entries("/proc/self/task");
	ret->files = entries("/proc/self/fd");
	ret->umask = umask(0);
	umask(ret->umask);
	assert_non_null(getcwd(ret->folder, sizeof(ret->folder)));
	snprintf(ret->locale, sizeof(ret->locale), "%s", setlocale(LC_ALL, NULL));
}

static bool
same_actions(const struct house *a, const struct house *b)
{
	for (int i = 1; i < NSIG; i++)
		if (a->actions[i].sa_handler != b->actions[i].sa_handler ||
		    a->actions[i].sa_flags != b->actions[i].sa_flags)
			return false;
	return memcmp(&a->mask, &b->mask, sizeof(a->mask)) == 0;
}

static void
the_house_is_as_it_was(void **state)
{
	static struct house before, after;
	int kept[2];
	long said;

	/* What libcrypto and libc keep for ever is there from the first time on. */
	a_day(*state);
	desk_closed();
	look_at(&before);
	say_to(voice_path, kept);
	desk_again(*state);
	a_day(*state);
	desk_closed();
	said = say_as_before(voice_path, kept);
	assert_int_equal(said, 0);
	assert_true(threads_are(before.threads));
	look_at(&after);
	assert_true(same_actions(&before, &after));
	assert_int_equal(after.files, before.files);
	assert_int_equal(after.umask, before.umask);
	assert_string_equal(after.folder, before.folder);
	assert_string_equal(after.locale, before.locale);
	desk_again(*state);
}

/* As text, and as a trace of commands would show it. */
static void
assert_absent(const char *log, const char *secret)
{
	char hex[64], spaced[64];
	size_t n = strlen(secret);

	for (size_t i = 0; i < n; i++) {
		snprintf(hex + 2 * i, 3, "%02X", (unsigned)secret[i]);
		snprintf(spaced + 3 * i, 4, "%02X ", (unsigned)secret[i]);
	}
	spaced[3 * n - 1] = '\0';
	assert_null(strstr(log, secret));
	assert_null(strcasestr(log, hex));
	assert_null(strcasestr(log, spaced));
}

static void
no_secret_in_the_log(void **state)
{
	static const char *const secrets[] = {
		DESK_PIN, WRONG_PIN, NEW_PIN, DESK_PUK, WRONG_PUK,
	};
	AUTO(buf_free) struct buf text = BUF(LOG_MAX);
	const char *log;

	unlink(log_path);
	a_day(*state);
	assert_ok(file_read(log_path, &text));
	log = buf_cstr(&text);
	assert_non_null(log);
	/* It is there, with every command. */
	assert_non_null(strstr(log, "00 20 00"));
	assert_non_null(strstr(log, "00 24 00"));
	assert_non_null(strstr(log, "00 2C 02"));
	for (size_t i = 0; i < NELEM(secrets); i++)
		assert_absent(log, secrets[i]);
}

static int
setup(void **state UNUSED)
{
	snprintf(log_path, sizeof(log_path), "/tmp/dezi-guest-log.%ld", (long)getpid());
	snprintf(voice_path, sizeof(voice_path), "/tmp/dezi-guest-voice.%ld", (long)getpid());
	setenv("DEZI_PKCS11_LOG", log_path, 1);
	setenv("DEZI_PKCS11_LEVEL", "debug", 1);
	return desk_setup("cache = no\n");
}

static int
teardown(void **state UNUSED)
{
	unlink(log_path);
	return desk_teardown();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(the_house_is_as_it_was),
		DESK_TEST(no_secret_in_the_log),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
