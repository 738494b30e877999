/* SPDX-License-Identifier: EUPL-1.2 */
/* Audit records in a file, and the key that hides the card. */
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "host/audit.h"
#include "jose/json.h"

#define SERIAL	"4E4C30313233343536"

struct place {
	char dir[64];
	char log[96];
	char key[96];
};

static int
place_make(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	const char *tmp = getenv("TMPDIR");

	if (p == NULL)
		return -1;
	snprintf(p->dir, sizeof(p->dir), "%.40s/audit.XXXXXX",
	    tmp == NULL || strlen(tmp) > 40 ? P_tmpdir : tmp);
	if (mkdtemp(p->dir) == NULL)
		return -1;
	snprintf(p->log, sizeof(p->log), "%s/log", p->dir);
	snprintf(p->key, sizeof(p->key), "%s/key", p->dir);
	*state = p;
	return 0;
}

static int
place_remove(void **state)
{
	struct place *p = *state;

	unlink(p->log);
	unlink(p->key);
	rmdir(p->dir);
	free(p);
	return 0;
}

static void
write_one(struct audit *a, const char *result)
{
	char card[AUDIT_CARD_LEN + 1];
	struct audit_record r = { .event = "login", .login = "L1", .broker = "acc",
		.client = "epd", .origin = "", .caller = "~/bin/\"ehr\"\n",
		.result = result, .card = card, .began_utc = 1767225600 };

	audit_card(a, SERIAL, card);
	assert_int_equal(strlen(card), AUDIT_CARD_LEN);
	assert_ok(audit_write(a, &r));
}

/* T33: fields from a list, the card as a keyed hash, readable by the owner alone. */
static void
record_is_one_line_of_json(void **state)
{
	const struct place *p = *state;
	AUTO(audit_close) struct audit *a = NULL;
	AUTO(buf_free) struct buf b = BUF(4096);
	AUTO(json_drop) json_t *o = NULL;
	static const char *const names[] = { "event", "login", "broker", "client",
		"caller", "card", "began", "result" };
	struct cur text, line;
	struct stat st;
	char s[64];

	assert_ok(audit_open(p->log, p->key, &a));
	write_one(a, "ok");
	write_one(a, "cancelled");
	assert_int_equal(stat(p->log, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_ok(file_read(p->log, &b));
	assert_null(strstr(buf_cstr(&b), SERIAL));
	text = buf_view(&b);
	assert_true(cur_until(&text, '\n', &line));
	assert_ok(json_load_object(line, &o));
	assert_ok(json_only(o, names, NELEM(names)));
	assert_ok(json_need_str(o, "began", s, sizeof(s)));
	assert_string_equal(s, "2026-01-01T00:00:00Z");
	assert_ok(json_need_str(o, "caller", s, sizeof(s)));
	assert_string_equal(s, "~/bin/\"ehr\"\n");
	assert_true(cur_until(&text, '\n', &line));
	assert_int_equal(text.n, 0);
}

static void
same_card_same_hash_until_the_key_dies(void **state)
{
	const struct place *p = *state;
	char first[AUDIT_CARD_LEN + 1], second[AUDIT_CARD_LEN + 1];
	AUTO(audit_close) struct audit *a = NULL;
	struct stat st;

	assert_ok(audit_open("", p->key, &a));
	assert_int_equal(stat(p->key, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	audit_card(a, SERIAL, first);
	audit_close(&a);
	assert_ok(audit_open("", p->key, &a));
	audit_card(a, SERIAL, second);
	assert_string_equal(first, second);
	audit_card(a, SERIAL "00", second);
	assert_string_not_equal(first, second);
	audit_card(a, "", second);
	assert_string_equal(second, "");
	audit_close(&a);
	assert_int_equal(unlink(p->key), 0);
	assert_ok(audit_open("", p->key, &a));
	audit_card(a, SERIAL, second);
	assert_string_not_equal(first, second);
}

static void
key_that_others_can_write_is_refused(void **state)
{
	const struct place *p = *state;
	AUTO(audit_close) struct audit *a = NULL;

	assert_ok(audit_open("", p->key, &a));
	audit_close(&a);
	assert_int_equal(chmod(p->key, 0622), 0);
	assert_err(audit_open("", p->key, &a), ERR_CONFIG);
	assert_null(a);
}

static void
file_must_be_a_file(void **state)
{
	const struct place *p = *state;
	AUTO(audit_close) struct audit *a = NULL;

	assert_err(audit_open(p->dir, p->key, &a), ERR_CONFIG);
	assert_err(audit_open("/nonexistent/dir/log", p->key, &a), ERR_CONFIG);
	assert_int_equal(symlink("/dev/null", p->log), 0);
	assert_err(audit_open(p->log, p->key, &a), ERR_CONFIG);
}

/* Whether a journal listens or not, a record is no reason to fail. */
static void
journal_takes_a_record(void **state)
{
	AUTO(audit_close) struct audit *a = NULL;

	(void)state;
	assert_ok(audit_open("", "", &a));
	write_one(a, "ok");
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, place_make, place_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(record_is_one_line_of_json),
		TEST(same_card_same_hash_until_the_key_dies),
		TEST(key_that_others_can_write_is_refused),
		TEST(file_must_be_a_file),
		TEST(journal_takes_a_record),
	};

	return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
