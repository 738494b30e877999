/* SPDX-License-Identifier: EUPL-1.2 */
/* A socket is put only where nobody else can have put one. */
#include "tests/check.h"

#include "net/server.h"
#include "tests/unit/net_bench.h"

static int
setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	bench_open(b);
	*state = b;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *b = *state;

	bench_close(b);
	free(b);
	return 0;
}

static void
listens(void **state)
{
	struct bench *b = *state;
	struct stat st;
	int fd = -1, client;

	assert_ok(http_listen(b->path, 0660, &fd));
	assert_int_equal(stat(b->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0660);
	client = bench_connect(b);
	close(client);
	close(fd);
}

static void
stale_socket_is_replaced(void **state)
{
	struct bench *b = *state;
	int fd = -1, client;

	assert_ok(http_listen(b->path, 0600, &fd));
	close(fd);
	assert_ok(http_listen(b->path, 0600, &fd));
	client = bench_connect(b);
	close(client);
	close(fd);
}

static void
busy_socket_is_left_alone(void **state)
{
	struct bench *b = *state;
	int fd = -1, other = -1, client;

	assert_ok(http_listen(b->path, 0600, &fd));
	assert_err(http_listen(b->path, 0600, &other), ERR_BUSY);
	assert_int_equal(other, -1);
	client = bench_connect(b);
	close(client);
	close(fd);
}

static void
file_is_left_alone(void **state)
{
	struct bench *b = *state;
	FILE *f = fopen(b->path, "w");
	struct stat st;
	int fd = -1;

	assert_non_null(f);
	fclose(f);
	assert_err(http_listen(b->path, 0600, &fd), ERR_SYS);
	assert_int_equal(stat(b->path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
}

/* T12 */
static void
directory_of_others(void **state)
{
	struct bench *b = *state;
	int fd = -1;

	assert_int_equal(chmod(b->dir, 0770), 0);
	assert_err(http_listen(b->path, 0600, &fd), ERR_CONFIG);
	assert_int_equal(chmod(b->dir, 01777), 0);
	assert_err(http_listen(b->path, 0600, &fd), ERR_CONFIG);
	assert_int_equal(chmod(b->dir, 0755), 0);
	assert_ok(http_listen(b->path, 0600, &fd));
	close(fd);
	assert_err(http_listen("/tmp/dezi-test-sock", 0600, &fd), ERR_CONFIG);
}

static void
odd_paths(void **state)
{
	struct bench *b = *state;
	char path[256];
	int fd = -1;

	assert_err(http_listen("sock", 0600, &fd), ERR_CONFIG);
	assert_err(http_listen("", 0600, &fd), ERR_CONFIG);
	snprintf(path, sizeof(path), "%s/%0120d", b->dir, 0);
	assert_err(http_listen(path, 0600, &fd), ERR_CONFIG);
	snprintf(path, sizeof(path), "%s/none/sock", b->dir);
	assert_err(http_listen(path, 0600, &fd), ERR_SYS);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(listens),
		T(stale_socket_is_replaced),
		T(busy_socket_is_left_alone),
		T(file_is_left_alone),
		T(directory_of_others),
		T(odd_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
