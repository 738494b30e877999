/* SPDX-License-Identifier: EUPL-1.2 */
/* What the broker keeps in files beside its database: its key and its audit. */
#include "tests/check.h"

#include <ftw.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "broker/audit.h"
#include "broker/keys.h"

static char folder[64];

static const char *
in_folder(const char *name)
{
	static char path[2][128];
	static int turn;

	turn = 1 - turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	return path[turn];
}

static int
set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/dezi-test-XXXXXX");
	return mkdtemp(folder) == NULL;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int
tear_down(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

/* --- keys --- */

static void
key_is_made(void **state)
{
	AUTO(pkey_drop) EVP_PKEY *private = NULL;
	AUTO(pkey_drop) EVP_PKEY *public = NULL;
	char made[JWK_THUMBPRINT_LEN + 1], again[JWK_THUMBPRINT_LEN + 1];
	FILE *f;

	(void)state;
	assert_ok(key_make(in_folder("key"), made));
	assert_int_equal(mode_of(in_folder("key")), 0600);
	assert_int_equal(mode_of(in_folder("key.pub")), 0644);
	assert_ok(key_load(in_folder("key"), geteuid(), &private));
	assert_ok(jwk_thumbprint(private, again));
	assert_string_equal(made, again);
	f = fopen(in_folder("key.pub"), "r");
	assert_non_null(f);
	public = PEM_read_PUBKEY(f, NULL, NULL, NULL);
	fclose(f);
	assert_non_null(public);
	assert_int_equal(EVP_PKEY_eq(private, public), 1);
}

static void
key_is_not_written_over(void **state)
{
	AUTO(buf_free) struct buf before = BUF(8192);
	AUTO(buf_free) struct buf after = BUF(8192);
	char made[JWK_THUMBPRINT_LEN + 1];

	(void)state;
	assert_ok(key_make(in_folder("key"), made));
	assert_ok(file_read(in_folder("key"), &before));
	assert_err(key_make(in_folder("key"), made), ERR_CONFIG);
	assert_ok(file_read(in_folder("key"), &after));
	assert_true(cur_eq(buf_view(&before), buf_view(&after)));
	/* A public key that is left over is somebody's too. */
	assert_int_equal(unlink(in_folder("key")), 0);
	assert_err(key_make(in_folder("key"), made), ERR_CONFIG);
	assert_int_equal(access(in_folder("key"), F_OK), -1);
}

static void
key_is_private(void **state)
{
	static const mode_t good[] = { 0600, 0640, 0400 };
	static const mode_t bad[] = { 0644, 0660, 0604, 0602, 0601 };
	char made[JWK_THUMBPRINT_LEN + 1];

	(void)state;
	assert_ok(key_make(in_folder("key"), made));
	for (size_t i = 0; i < NELEM(good); i++) {
		AUTO(pkey_drop) EVP_PKEY *key = NULL;

		assert_int_equal(chmod(in_folder("key"), good[i]), 0);
		assert_ok(key_load(in_folder("key"), geteuid(), &key));
	}
	for (size_t i = 0; i < NELEM(bad); i++) {
		EVP_PKEY *key = NULL;

		assert_int_equal(chmod(in_folder("key"), bad[i]), 0);
		assert_err(key_load(in_folder("key"), geteuid(), &key), ERR_CONFIG);
		assert_null(key);
	}
}

static void
write_key(const char *kind, const char *password)
{
	EVP_PKEY *key = EVP_EC_gen(kind);
	const EVP_CIPHER *cipher = password == NULL ? NULL : EVP_aes_256_cbc();
	FILE *f = fopen(in_folder("key"), "w");

	assert_non_null(key);
	assert_non_null(f);
	assert_int_equal(PEM_write_PKCS8PrivateKey(f, key, cipher, password,
	    password == NULL ? 0 : (int)strlen(password), NULL, NULL), 1);
	fclose(f);
	EVP_PKEY_free(key);
	assert_int_equal(chmod(in_folder("key"), 0600), 0);
}

static void
key_is_one_of_ours(void **state)
{
	EVP_PKEY *key = NULL;
	char made[JWK_THUMBPRINT_LEN + 1];

	(void)state;
	assert_err(key_load(in_folder("key"), geteuid(), &key), ERR_CONFIG);
	assert_ok(file_write(in_folder("key"), cur_str("no key at all\n"), 0600));
	assert_err(key_load(in_folder("key"), geteuid(), &key), ERR_CONFIG);
	write_key("P-384", NULL);
	assert_err(key_load(in_folder("key"), geteuid(), &key), ERR_CONFIG);
	/* Nobody is there to type it, and nobody is waited for. */
	write_key("P-256", "password");
	assert_err(key_load(in_folder("key"), geteuid(), &key), ERR_CONFIG);
	assert_ok(key_make(in_folder("other"), made));
	assert_int_equal(chmod(in_folder("other.pub"), 0600), 0);
	assert_err(key_load(in_folder("other.pub"), geteuid(), &key), ERR_CONFIG);
	assert_null(key);
}

/* --- audit --- */

static void
write_record(struct audit *a, const char *event)
{
	struct audit_record r = { .n = 0 };

	audit_str(&r, "event", event);
	audit_str(&r, "empty", "");
	audit_str(&r, "none", NULL);
	audit_int(&r, "number", -7);
	audit_time(&r, "time", 1790000000);
	audit_hex(&r, "hash", cur_of("\001\377", 2));
	assert_ok(audit_write(a, &r));
}

static void
file_is(const char *path, const char *want)
{
	AUTO(buf_free) struct buf text = BUF(65536);

	assert_ok(file_read(path, &text));
	assert_string_equal(buf_cstr(&text), want);
}

#define RECORD(event)							\
	"{\"event\":\"" event "\",\"number\":\"-7\","			\
	"\"time\":\"2026-09-21T14:13:20Z\",\"hash\":\"01FF\"}\n"

static void
audit_appends(void **state)
{
	AUTO(audit_close) struct audit *a = NULL;

	(void)state;
	assert_ok(audit_open(in_folder("audit"), &a));
	assert_int_equal(mode_of(in_folder("audit")), 0600);
	write_record(a, "one");
	audit_close(&a);
	assert_ok(audit_open(in_folder("audit"), &a));
	write_record(a, "two");
	file_is(in_folder("audit"), RECORD("one") RECORD("two"));
}

/* A log rotation moves the file away and says so. */
static void
audit_rotates(void **state)
{
	AUTO(audit_close) struct audit *a = NULL;

	(void)state;
	assert_ok(audit_open(in_folder("audit"), &a));
	write_record(a, "one");
	assert_int_equal(rename(in_folder("audit"), in_folder("audit.1")), 0);
	write_record(a, "two");
	assert_ok(audit_reopen(a));
	write_record(a, "three");
	file_is(in_folder("audit.1"), RECORD("one") RECORD("two"));
	file_is(in_folder("audit"), RECORD("three"));
}

/* One record is one line, whatever is in it, and a cut leaves whole characters (T30). */
static void
audit_quotes_and_cuts(void **state)
{
	AUTO(audit_close) struct audit *a = NULL;
	struct audit_record r = { .n = 0 };
	AUTO(buf_free) struct buf text = BUF(65536);
	char longer[600];

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(longer); i += 2)
		memcpy(longer + i, "\303\251", 3);
	assert_ok(audit_open(in_folder("audit"), &a));
	audit_str(&r, "quoted", "a\"b\\c\nd");
	audit_str(&r, "long", longer);
	audit_str(&r, "latin", "Zo\353");
	assert_ok(audit_write(a, &r));
	assert_ok(file_read(in_folder("audit"), &text));
	assert_non_null(strstr(buf_cstr(&text), "\"quoted\":\"a\\\"b\\\\c\\nd\""));
	assert_ptr_equal(memchr(text.p, '\n', text.len), text.p + text.len - 1);
	assert_non_null(strstr(buf_cstr(&text), "\"latin\":\"Zo?\""));
	assert_int_equal(strlen(r.fields[1].value), 262);
}

static void
audit_is_private(void **state)
{
	struct audit *a = NULL;

	(void)state;
	assert_ok(file_write(in_folder("audit"), cur_str(""), 0644));
	assert_err(audit_open(in_folder("audit"), &a), ERR_CONFIG);
	assert_int_equal(symlink(in_folder("audit"), in_folder("link")), 0);
	assert_err(audit_open(in_folder("link"), &a), ERR_SYS);
	assert_err(audit_open("/dev/null", &a), ERR_CONFIG);
	assert_err(audit_open(in_folder("no/such/folder"), &a), ERR_SYS);
	assert_null(a);
}

#define ONE(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(key_is_made),
		ONE(key_is_not_written_over),
		ONE(key_is_private),
		ONE(key_is_one_of_ours),
		ONE(audit_appends),
		ONE(audit_rotates),
		ONE(audit_quotes_and_cuts),
		ONE(audit_is_private),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
