/* SPDX-License-Identifier: EUPL-1.2 */
/* The card cache: bounded, ours alone, and nothing when it is damaged. */
#include "tests/check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/uzi_talk.h"

static void
cache_keeps_its_bounds(void **state)
{
	AUTO(card_cache_close) struct card_cache *cache = NULL, *other = NULL;
	AUTO(buf_free) struct buf saved = BUF(60000), cert = BUF(60000);
	static uint8_t big[60000];
	char dir[64], serial[CARD_SERIAL_MAX];

	(void)state;
	cache = make_cache(dir);
	assert_ok(card_cache_open(dir, &other));
	for (int i = 0; i < 40; i++) {
		snprintf(serial, sizeof(serial), "%02d", i);
		card_cache_put(cache, "uzi", serial, cur_str(serial), cur_of(big, 14000));
	}
	assert_ok(card_cache_get(other, "uzi", "39", &saved, &cert));
	assert_int_equal(saved.len, 2);
	assert_int_equal(cert.len, 14000);
	assert_err(card_cache_get(other, "uzi", "23", &saved, &cert), ERR_NOT_FOUND);
	assert_err(card_cache_get(other, "piv", "39", &saved, &cert), ERR_NOT_FOUND);
	card_cache_drop(other, "uzi", "39");
	assert_err(card_cache_get(cache, "uzi", "39", &saved, &cert), ERR_NOT_FOUND);
	assert_ok(card_cache_get(cache, "uzi", "38", &saved, &cert));
	/* Too large to be kept: then it is not. */
	card_cache_put(cache, "uzi", "39", cur_of(big, 50000), cur_of(big, 20000));
	assert_err(card_cache_get(cache, "uzi", "39", &saved, &cert), ERR_NOT_FOUND);
	remove_cache(&cache, dir);
}

/* Of one certificate; gone when what is known of the card is doubted. */
static void
cache_keeps_attestations(void **state)
{
	AUTO(card_cache_close) struct card_cache *cache = NULL;
	AUTO(buf_free) struct buf statement = BUF(100), device = BUF(100);
	const struct cur cert = cur_str("certificate"), other = cur_str("certificatf");
	char dir[64];

	(void)state;
	cache = make_cache(dir);
	assert_err(card_cache_get_attestation(cache, "piv", "01", cert, &statement, &device),
	    ERR_NOT_FOUND);
	card_cache_put(cache, "piv", "01", cur_str("s"), cert);
	card_cache_put_attestation(cache, "piv", "01", cert, cur_str("st"), cur_str("dev"));
	assert_err(card_cache_get_attestation(cache, "piv", "01", other, &statement, &device),
	    ERR_NOT_FOUND);
	assert_err(card_cache_get_attestation(cache, "piv", "02", cert, &statement, &device),
	    ERR_NOT_FOUND);
	assert_err(card_cache_get_attestation(cache, "uzi", "01", cert, &statement, &device),
	    ERR_NOT_FOUND);
	assert_int_equal(statement.len + device.len, 0);
	assert_ok(card_cache_get_attestation(cache, "piv", "01", cert, &statement, &device));
	assert_true(cur_eq_str(buf_view(&statement), "st"));
	assert_true(cur_eq_str(buf_view(&device), "dev"));
	card_cache_drop(cache, "piv", "01");
	assert_err(card_cache_get_attestation(cache, "piv", "01", cert, &statement, &device),
	    ERR_NOT_FOUND);
	remove_cache(&cache, dir);
}

static void
cache_remembers_unknown_cards(void **state)
{
	struct pcsc_reader_state s = { .name = "Reader 00 00", .event_counter = 7,
	    .atr = { 0x3b, 0x00 }, .atr_len = 2, .service = 5 }, t;
	AUTO(card_cache_close) struct card_cache *cache = NULL;
	struct profile one = { .digest = 1 }, two = { .digest = 2 };
	const struct profile *const ours[] = { &one, &two, NULL };
	const struct profile *const others[][3] = { { NULL }, { &one, NULL }, { &two, &one, NULL } };
	char dir[64];

	(void)state;				/* rule 6: once per insertion */
	cache = make_cache(dir);
	assert_false(card_cache_is_unknown(cache, ours, &s));
	card_cache_set_unknown(cache, ours, &s);
	assert_true(card_cache_is_unknown(cache, ours, &s));
	t = s;
	t.event_counter++;
	assert_false(card_cache_is_unknown(cache, ours, &t));
	t = s;
	t.atr[1] = 1;
	assert_false(card_cache_is_unknown(cache, ours, &t));
	t = s;
	t.name[0] = 'r';
	assert_false(card_cache_is_unknown(cache, ours, &t));
	t = s;
	t.service++;				/* pcscd counts from the start again */
	assert_false(card_cache_is_unknown(cache, ours, &t));
	/* What others have no profile for we may know, and the other way round. */
	for (size_t i = 0; i < NELEM(others); i++)
		assert_false(card_cache_is_unknown(cache, others[i], &s));
	/* Nobody knows which run of pcscd this is: the next one may count to the same. */
	t = s;
	t.service = 0;
	card_cache_set_unknown(cache, ours, &t);
	assert_false(card_cache_is_unknown(cache, ours, &t));
	card_cache_set_wrong_pins(cache, "01", 300);
	assert_int_equal(card_cache_wrong_pins(cache, "01"), 255);
	card_cache_set_wrong_pins(cache, "01", 0);
	assert_int_equal(card_cache_wrong_pins(cache, "01"), 0);
	/* What says nothing may have cost a try (rule 2). */
	card_cache_count_pin(cache, "01", ERR_PIN_WRONG);
	card_cache_count_pin(cache, "01", ERR_CARD);
	card_cache_count_pin(cache, "01", ERR_REMOVED);
	card_cache_count_pin(cache, "01", ERR_PIN_LENGTH);
	card_cache_count_pin(cache, "01", ERR_CANCELLED);
	assert_int_equal(card_cache_wrong_pins(cache, "01"), 3);
	card_cache_count_pin(cache, "01", ERR_OK);
	assert_int_equal(card_cache_wrong_pins(cache, "01"), 0);
	card_cache_count_pin(NULL, "01", ERR_PIN_WRONG);
	/* One that goes counts before anybody hears of it. */
	card_cache_count_pin(cache, "01", ERR_PIN_WRONG);
	assert_int_equal(card_cache_pin_goes(cache, "01"), 1);
	assert_int_equal(card_cache_wrong_pins(cache, "01"), 2);
	card_cache_pin_went(cache, "01", 1, ERR_CANCELLED);
	assert_int_equal(card_cache_wrong_pins(cache, "01"), 1);
	card_cache_count_pin(cache, "01", ERR_PIN_REFUSED);
	assert_int_equal(card_cache_wrong_pins(cache, "01"), 2);
	card_cache_set_wrong_pins(cache, "01", 1);
	assert_int_equal(card_cache_pin_goes(cache, "01"), 1);
	card_cache_pin_went(cache, "01", 1, ERR_IO);
	assert_int_equal(card_cache_wrong_pins(cache, "01"), 2);
	assert_int_equal(card_cache_pin_goes(cache, "01"), 2);
	card_cache_pin_went(cache, "01", 2, ERR_OK);
	assert_int_equal(card_cache_wrong_pins(cache, "01"), 0);
	assert_int_equal(card_cache_pin_goes(NULL, "01"), 0);
	card_cache_pin_went(NULL, "01", 0, ERR_OK);
	assert_int_equal(card_cache_pin_goes(cache, ""), 0);
	card_cache_pin_went(cache, "", 0, ERR_PIN_WRONG);
	assert_int_equal(card_cache_wrong_pins(cache, ""), 0);
	assert_true(card_cache_is_unknown(cache, ours, &s));
	remove_cache(&cache, dir);
}

/* The same for those that somebody knew. */
static void
cache_remembers_profiles(void **state)
{
	struct pcsc_reader_state s = { .name = "Reader 00 00", .event_counter = 7,
	    .service = 5 }, t = s;
	const struct profile one = { .digest = 1 };
	const struct profile *const ours[] = { &one, NULL }, *const none[] = { NULL };
	AUTO(card_cache_close) struct card_cache *cache = NULL;
	char dir[64], name[4];

	(void)state;
	cache = make_cache(dir);
	assert_false(card_cache_profile(cache, ours, &s, name, sizeof(name)));
	card_cache_set_profile(cache, ours, &s, "uzi");
	assert_true(card_cache_profile(cache, ours, &s, name, sizeof(name)));
	assert_string_equal(name, "uzi");
	assert_false(card_cache_profile(cache, ours, &s, name, 3));
	assert_false(card_cache_profile(cache, none, &s, name, sizeof(name)));
	t.event_counter++;
	assert_false(card_cache_profile(cache, ours, &t, name, sizeof(name)));
	t.service = 0;
	card_cache_set_profile(cache, ours, &t, "uzi");
	assert_false(card_cache_profile(cache, ours, &t, name, sizeof(name)));
	assert_false(card_cache_is_unknown(cache, ours, &s));
	/* The last verdict counts. */
	card_cache_set_unknown(cache, ours, &s);
	assert_true(card_cache_is_unknown(cache, ours, &s));
	assert_false(card_cache_profile(cache, ours, &s, name, sizeof(name)));
	card_cache_set_profile(cache, ours, &s, "uzi");
	assert_false(card_cache_is_unknown(cache, ours, &s));
	assert_true(card_cache_profile(cache, ours, &s, name, sizeof(name)));
	remove_cache(&cache, dir);
}

static void
write_state(const char *dir, struct cur content)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "%s/state", dir);
	fd = open(path, O_WRONLY | O_TRUNC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, content.p, content.n), content.n);
	close(fd);
}

static void
damaged_cache_is_an_empty_one(void **state)
{
	static const char *const damaged[] = { "", "DZC", "DZC1\x01", "DZC2",
	    "DZC1\x01\xff\xff", "DZC1\x09", "DZC1\x01\x7f" };
	AUTO(card_cache_close) struct card_cache *cache = NULL;
	AUTO(buf_free) struct buf saved = BUF(100), cert = BUF(100);
	char dir[64];

	(void)state;
	cache = make_cache(dir);
	for (size_t i = 0; i < NELEM(damaged); i++) {
		write_state(dir, cur_str(damaged[i]));
		assert_err(card_cache_get(cache, "uzi", "01", &saved, &cert),
		    ERR_NOT_FOUND);
		card_cache_put(cache, "uzi", "01", cur_str("a"), cur_str("b"));
		assert_ok(card_cache_get(cache, "uzi", "01", &saved, &cert));
	}
	remove_cache(&cache, dir);
}

/* Put a certificate of 20000 times byte. */
static void
put_long(struct card_cache *cache, const char *serial, int byte)
{
	uint8_t cert[20000];

	memset(cert, byte, sizeof(cert));
	card_cache_put(cache, "uzi", serial, cur_str("saved"), cur_of(cert, sizeof(cert)));
}

/* A program is killed while it writes: what it wrote does not go on with what was there. */
static void
half_a_record_is_none(void **state)
{
	const struct rlimit room = { .rlim_cur = 8192, .rlim_max = 8192 }, none = { 0, 0 };
	AUTO(card_cache_close) struct card_cache *cache = NULL;
	AUTO(buf_free) struct buf saved = BUF(100), cert = BUF(20000);
	int status = 0;
	char dir[64];
	pid_t pid;

	(void)state;
	cache = make_cache(dir);
	put_long(cache, "01", 'a');
	pid = fork();
	if (pid == 0) {
		/* The kernel kills who writes more than that. */
		if (signal(SIGXFSZ, SIG_DFL) == SIG_ERR || setrlimit(RLIMIT_CORE, &none) != 0 ||
		    setrlimit(RLIMIT_FSIZE, &room) != 0)
			_exit(1);
		put_long(cache, "02", 'b');
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_err(card_cache_get(cache, "uzi", "02", &saved, &cert), ERR_NOT_FOUND);
	put_long(cache, "02", 'b');
	assert_ok(card_cache_get(cache, "uzi", "02", &saved, &cert));
	remove_cache(&cache, dir);
}

static void
cache_is_ours_alone(void **state)
{
	AUTO(card_cache_close) struct card_cache *cache = NULL, *none = NULL;
	char dir[64], path[80], below[96];
	struct stat st;

	(void)state;
	cache = make_cache(dir);
	snprintf(path, sizeof(path), "%s/state", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(chmod(path, 0644), 0);
	assert_err(card_cache_open(dir, &none), ERR_CONFIG);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_err(card_cache_open(dir, &none), ERR_CONFIG);
	assert_int_equal(chmod(dir, 0700), 0);
	/* A link in its place is not followed. */
	snprintf(below, sizeof(below), "%s/x/cards", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_err(card_cache_open(dir, &none), ERR_SYS);
	assert_int_equal(unlink(path), 0);
	/* Folder and its parent are made; not more. */
	assert_ok(card_cache_open(below, &none));
	card_cache_close(&none);
	snprintf(below, sizeof(below), "%s/y/z/cards", dir);
	assert_err(card_cache_open(below, &none), ERR_SYS);
	snprintf(below, sizeof(below), "%s/x/cards/state", dir);
	assert_int_equal(unlink(below), 0);
	snprintf(below, sizeof(below), "%s/x/cards", dir);
	assert_int_equal(rmdir(below), 0);
	snprintf(below, sizeof(below), "%s/x", dir);
	assert_int_equal(rmdir(below), 0);
	remove_cache(&cache, dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cache_keeps_its_bounds),
		cmocka_unit_test(cache_keeps_attestations),
		cmocka_unit_test(cache_remembers_unknown_cards),
		cmocka_unit_test(cache_remembers_profiles),
		cmocka_unit_test(damaged_cache_is_an_empty_one),
		cmocka_unit_test(half_a_record_is_none),
		cmocka_unit_test(cache_is_ours_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
