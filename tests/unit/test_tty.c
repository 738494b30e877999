/* SPDX-License-Identifier: EUPL-1.2 */
/* A PIN typed in a terminal: what is seen, what is taken, how the terminal is left (T22). */
#include "tests/check.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/tty.h"

static const struct pinentry_text text = {
	.desc = "Card: UZI pass", .error = "That was too short.", .prompt = "PIN:",
};

/* A terminal, and somebody who types when asked. */
struct desk {
	int	 master, slave;
	struct termios before;
	struct tty *tty;
	const char *keys;
	size_t	 n_keys;
	char	 seen[1024];
	size_t	 n_seen;
	bool	 shown_while_asked;	/* the terminal echoed */
};

static int
desk_open(void **state)
{
	static struct desk d;

	d = (struct desk){ .master = posix_openpt(O_RDWR | O_NOCTTY) };
	if (d.master < 0 || grantpt(d.master) != 0 || unlockpt(d.master) != 0 ||
	    (d.slave = open(ptsname(d.master), O_RDWR | O_NOCTTY)) < 0 ||
	    tcgetattr(d.slave, &d.before) != 0 || tty_open(ptsname(d.master), &d.tty) != ERR_OK)
		return -1;
	*state = &d;
	return 0;
}

static int
desk_close(void **state)
{
	struct desk *d = *state;

	tty_close(&d->tty);
	close(d->slave);
	close(d->master);
	return 0;
}

static bool
is_as_before(const struct desk *d)
{
	struct termios now;

	return tcgetattr(d->slave, &now) == 0 && now.c_lflag == d->before.c_lflag &&
	    now.c_iflag == d->before.c_iflag &&
	    memcmp(now.c_cc, d->before.c_cc, sizeof(now.c_cc)) == 0;
}

/* Reads until the prompt, then types. */
static void *
type(void *arg)
{
	struct desk *d = arg;
	struct termios now;

	while (strstr(d->seen, "PIN: ") == NULL) {
		ssize_t n = read(d->master, d->seen + d->n_seen, sizeof(d->seen) - 1 - d->n_seen);

		if (n <= 0)
			return NULL;
		d->n_seen += (size_t)n;
	}
	d->shown_while_asked = tcgetattr(d->slave, &now) != 0 || (now.c_lflag & ECHO) != 0;
	(void)!write(d->master, d->keys, d->n_keys);
	return NULL;
}

static enum err
ask(struct desk *d, const char *keys, struct secret *ret)
{
	int64_t end = clock_boot_ms() + 60000;
	pthread_t t;
	enum err r;

	d->keys = keys;
	d->n_keys = strlen(keys);
	assert_int_equal(pthread_create(&t, NULL, type, d), 0);
	r = tty_pin(d->tty, &text, end, ret);
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_false(d->shown_while_asked);
	assert_true(is_as_before(d));
	return r;
}

static void
a_pin_is_typed(void **state)
{
	AUTO(secret_wipe) struct secret pin = { .len = 0 };

	assert_ok(ask(*state, "12\x7f" "3456!\n", &pin));	/* DEL takes the 2 back */
	assert_true(cur_eq_str(secret_view(&pin), "13456!"));
}

static void
enter_alone_is_empty(void **state)
{
	AUTO(secret_wipe) struct secret pin = { .len = 0 };

	assert_ok(ask(*state, "\r", &pin));
	assert_int_equal(pin.len, 0);
}

static void
end_of_input_cancels(void **state)
{
	AUTO(secret_wipe) struct secret pin = { .len = 0 };

	assert_err(ask(*state, "123\x04\x04", &pin), ERR_CANCELLED);
	assert_int_equal(pin.len, 0);
}

static void
too_long_is_nothing(void **state)
{
	AUTO(secret_wipe) struct secret pin = { .len = 0 };

	assert_err(ask(*state, "0123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789\n", &pin), ERR_LIMIT);
	assert_int_equal(pin.len, 0);
	assert_int_equal(pin.p[0], 0);
}

/* T22: who typed ahead did not mean this question. */
static void
typed_ahead_is_thrown_away(void **state)
{
	AUTO(secret_wipe) struct secret pin = { .len = 0 };
	struct desk *d = *state;
	struct pollfd there = { .fd = d->slave, .events = POLLIN };

	assert_int_equal(write(d->master, "999999\n", 7), 7);
	assert_int_equal(poll(&there, 1, 60000), 1);	/* the kernel has brought it there */
	assert_ok(ask(d, "123456\n", &pin));
	assert_true(cur_eq_str(secret_view(&pin), "123456"));
}

static void
nobody_types(void **state)
{
	AUTO(secret_wipe) struct secret pin = { .len = 0 };
	struct desk *d = *state;

	assert_err(tty_pin(d->tty, &text, clock_boot_ms() + 50, &pin), ERR_TIMEOUT);
	assert_true(is_as_before(d));
}

static void
only_the_word_agrees(void **state)
{
	static const struct {
		const char *keys;
		enum err want;
	} rows[] = {
		{ "yes\n", ERR_OK }, { "ye\n", ERR_CANCELLED }, { "yes \n", ERR_CANCELLED },
		{ "\n", ERR_CANCELLED }, { "\x04", ERR_CANCELLED },
	};
	struct desk *d = *state;

	for (size_t i = 0; i < NELEM(rows); i++) {
		pthread_t t;

		memset(d->seen, 0, sizeof(d->seen));
		d->n_seen = 0;
		d->keys = rows[i].keys;
		d->n_keys = strlen(rows[i].keys);
		assert_int_equal(pthread_create(&t, NULL, type, d), 0);
		assert_err(tty_confirm(d->tty, &text, "yes", clock_boot_ms() + 60000),
		    rows[i].want);
		assert_int_equal(pthread_join(t, NULL), 0);
		assert_true(d->shown_while_asked);
		assert_true(is_as_before(d));
		tcflush(d->master, TCIOFLUSH);
	}
}

/* What a signal does, from its own thread, while a question is open. */
static void
put_back_from_another_thread(void **state)
{
	struct desk *d = *state;
	struct termios m = d->before;

	m.c_lflag &= ~(tcflag_t)ECHO;
	assert_int_equal(tcsetattr(d->slave, TCSANOW, &m), 0);
	tty_abandon(d->tty);
	assert_true(is_as_before(d));
}

static void
what_is_no_terminal(void **state)
{
	struct tty *t = NULL;

	(void)state;
	assert_err(tty_open("/dev/null", &t), ERR_NO_PINENTRY);
	assert_err(tty_open("/nonexistent", &t), ERR_NO_PINENTRY);
	assert_null(t);
}

#define AT_DESK(f)	cmocka_unit_test_setup_teardown(f, desk_open, desk_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		AT_DESK(a_pin_is_typed),
		AT_DESK(enter_alone_is_empty),
		AT_DESK(end_of_input_cancels),
		AT_DESK(too_long_is_nothing),
		AT_DESK(typed_ahead_is_thrown_away),
		AT_DESK(nobody_types),
		AT_DESK(only_the_word_agrees),
		AT_DESK(put_back_from_another_thread),
		cmocka_unit_test(what_is_no_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
