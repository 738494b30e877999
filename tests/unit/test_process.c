/* SPDX-License-Identifier: EUPL-1.2 */
/* What concerns the whole process: its lock for secrets, its log, its clocks. */
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"

static void
secret_is_kept_and_wiped(void **state)
{
	struct secret s = { 0 };
	char large[SECRET_MAX + 1];

	(void)state;
	memset(large, '1', sizeof(large));
	assert_ok(secret_set(&s, cur_str("123456")));
	assert_true(cur_eq_str(secret_view(&s), "123456"));
	/* A shorter one leaves nothing of the longer one. */
	assert_ok(secret_set(&s, cur_str("99")));
	assert_true(cur_eq_str(secret_view(&s), "99"));
	for (size_t i = 2; i < SECRET_MAX; i++)
		assert_int_equal(s.p[i], 0);
	assert_ok(secret_set(&s, cur_of(large, SECRET_MAX)));
	assert_err(secret_set(&s, cur_of(large, sizeof(large))), ERR_LIMIT);
	assert_int_equal(s.len, 0);
	for (size_t i = 0; i < SECRET_MAX; i++)
		assert_int_equal(s.p[i], 0);
	assert_ok(secret_set(&s, cur_of(NULL, 0)));
	assert_int_equal(s.len, 0);
	assert_ok(secret_set(&s, cur_str("123456")));
	secret_wipe(&s);
	assert_int_equal(s.len + s.p[0] + s.p[5], 0);
}

/* In a child: its exit status is the number of the first thing that is not so. */
static int
in_child(int (*fn)(void))
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0)
		_exit(fn());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
become_ordinary(void)
{
	return getuid() == 0 ? setgid(12345) | setuid(12345) : 0;
}

/* T24 */
static int
locked(void)
{
	AUTO(buf_free) struct buf b = BUF(65536);
	const char *missing = NULL;
	struct rlimit core;

	if (become_ordinary() != 0)
		return 1;
	secret_lock_process(&missing);
	if (missing == NULL || strstr(missing, "core") != NULL)
		return 2;
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 3;
	if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0 || core.rlim_max != 0)
		return 4;
	/* /proc/self is root's now; trusted files must be readable all the same. */
	if (file_read_trusted("/etc/passwd", 0, &b) != ERR_OK)
		return 5;
	return 0;
}

/* A small limit must never turn into a failed allocation in the middle of a login. */
static int
locked_under_a_limit(void)
{
	const struct rlimit small = { 1 << 20, 1 << 20 };
	const char *missing = NULL;
	uint8_t *p;

	if (setrlimit(RLIMIT_MEMLOCK, &small) != 0 || become_ordinary() != 0)
		return 1;
	secret_lock_process(&missing);
	if (strcmp(missing, "memory lock except for the stack") != 0)
		return 2;
	p = malloc(32 << 20);
	if (p == NULL)
		return 3;
	memset(p, 1, 32 << 20);
	free(p);
	return 0;
}

static int
locked_without_any(void)
{
	const struct rlimit none = { 0, 0 };
	const char *missing = NULL;

	if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || become_ordinary() != 0)
		return 1;
	secret_lock_process(&missing);
	/* The sanitizers make mlock() do nothing and say yes. */
	return strncmp(missing, "memory lock", 11) == 0 ? 0 : 2;
}

static void
process_is_locked(void **state)
{
	struct stat st;

	(void)state;
	if (stat("/", &st) != 0 || st.st_uid != 0)
		skip();
	assert_int_equal(in_child(locked), 0);
	assert_int_equal(in_child(locked_under_a_limit), 0);
	assert_int_equal(in_child(locked_without_any), 0);
}

/* What a child wrote to its stderr. */
static void
stderr_of(void (*fn)(const char *stream), struct buf *ret)
{
	char stream[64], chunk[4096];
	int ends[2], status;
	struct stat st;
	pid_t child;
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fstat(ends[1], &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		fn(stream);
		_exit(0);
	}
	close(ends[1]);
	while ((n = read(ends[0], chunk, sizeof(chunk))) > 0)
		buf_put(ret, chunk, (size_t)n);
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void
logs_plainly(const char *stream)
{
	(void)stream;
	setenv("JOURNAL_STREAM", "1:1", 1);
	log_start("test", LOG_LEVEL_INFO);
	log_error("one %d", 1);
	log_warn("two");
	log_info("three\nof\x1b[0m\tseveral\x7f");
	log_debug("never");
}

static void
logs_to_journal(const char *stream)
{
	setenv("JOURNAL_STREAM", stream, 1);
	log_start("test", LOG_LEVEL_DEBUG);
	log_error("one");
	log_debug("two");
}

static void
logs_much(const char *stream)
{
	char text[5000];

	(void)stream;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_start("test", LOG_LEVEL_INFO);
	log_info("%s", text);
	log_info("next");
}

static void
log_lines(void **state)
{
	AUTO(buf_free) struct buf plain = BUF(8192), journal = BUF(8192), much = BUF(8192);

	(void)state;
	stderr_of(logs_plainly, &plain);
	assert_string_equal(buf_cstr(&plain),
	    "test: error: one 1\ntest: warning: two\ntest: info: three?of?[0m?several?\n");
	stderr_of(logs_to_journal, &journal);
	assert_string_equal(buf_cstr(&journal), "<3>one\n<7>two\n");
	stderr_of(logs_much, &much);
	assert_true(much.len > 1000 && much.len < 1100);
	assert_non_null(strstr(buf_cstr(&much), "xxx\ntest: info: next\n"));
}

static void
clocks(void **state)
{
	int64_t utc = clock_utc(), boot = clock_boot_ms();

	(void)state;
	assert_true(utc > 1700000000);
	assert_true(llabs(utc - (int64_t)time(NULL)) <= 1);
	assert_true(boot > 0);
	while (clock_boot_ms() == boot)
		;
	assert_true(clock_boot_ms() > boot);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secret_is_kept_and_wiped),
		cmocka_unit_test(process_is_locked),
		cmocka_unit_test(log_lines),
		cmocka_unit_test(clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
