/* SPDX-License-Identifier: EUPL-1.2 */
/* The simulator's control socket, from the other end. */
#include "tests/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "vcard/control.h"

#define CLIENTS	(CONTROL_CLIENTS + 1)

static char folder[] = "/tmp/dezi-control.XXXXXX";

struct bench {
	struct control control;
	struct slot slots[SLOTS];
	char path[128];
	int clients[CLIENTS];
	int64_t now;		/* the test's own clock */
};

static int
group_start(void **state UNUSED)
{
	return mkdtemp(folder) == NULL;
}

static int
group_end(void **state UNUSED)
{
	return rmdir(folder);
}

static int
setup(void **state)
{
	static struct bench b;

	b = (struct bench){ .now = 1000 };
	snprintf(b.path, sizeof(b.path), "%s/ctl", folder);
	control_init(&b.control);
	for (size_t i = 0; i < SLOTS; i++)
		slot_init(&b.slots[i], i, 1, NULL);
	for (size_t i = 0; i < CLIENTS; i++)
		b.clients[i] = -1;
	*state = &b;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *b = *state;

	control_end(&b->control);
	for (size_t i = 0; i < SLOTS; i++)
		slot_end(&b->slots[i]);
	for (size_t i = 0; i < CLIENTS; i++)
		if (b->clients[i] >= 0)
			close(b->clients[i]);
	unlink(b->path);
	return 0;
}

static void
turn(struct bench *b)
{
	struct pollfd fds[CONTROL_FDS];

	control_fds(&b->control, fds);
	poll(fds, CONTROL_FDS, 0);
	control_run(&b->control, fds, b->slots, b->now);
}

static void
dial(struct bench *b, size_t i)
{
	struct sockaddr_un at;

	assert_true(control_address(b->path, &at));
	b->clients[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(connect(b->clients[i], (struct sockaddr *)&at, sizeof(at)), 0);
	turn(b);
}

static void
say(struct bench *b, size_t i, const char *line)
{
	assert_int_equal(send(b->clients[i], line, strlen(line), MSG_NOSIGNAL),
	    strlen(line));
	turn(b);
}

/* What has been answered so far; "" when nothing was, "gone" at the end of the stream. */
static const char *
hear(struct bench *b, size_t i)
{
	static char text[8192];
	ssize_t n;

	turn(b);
	n = recv(b->clients[i], text, sizeof(text) - 1, 0);
	if (n < 0)
		return errno == EAGAIN ? "" : "gone";
	text[n] = '\0';
	return n == 0 ? "gone" : text;
}

static void
is_private(void **state)
{
	struct bench *b = *state;
	struct stat st;

	assert_ok(control_listen(&b->control, b->path));
	assert_int_equal(stat(b->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
	control_end(&b->control);
	assert_int_not_equal(stat(b->path, &st), 0);
}

/* A socket that nobody serves any more is replaced; nothing else is. */
static void
takes_nothing_from_others(void **state)
{
	struct bench *b = *state;
	struct control second;
	struct sockaddr_un at;
	struct stat st;
	int stale = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(control_address(b->path, &at));
	assert_int_equal(bind(stale, (struct sockaddr *)&at, sizeof(at)), 0);
	close(stale);
	assert_ok(control_listen(&b->control, b->path));
	control_init(&second);
	assert_err(control_listen(&second, b->path), ERR_CONFIG);
	control_end(&second);
	assert_int_equal(stat(b->path, &st), 0);	/* the first one's, still */
	control_end(&b->control);
	assert_ok(file_write(b->path, cur_str("mine"), 0600));
	control_init(&b->control);
	assert_err(control_listen(&b->control, b->path), ERR_SYS);
	control_end(&b->control);
	assert_int_equal(stat(b->path, &st), 0);
	assert_int_equal(st.st_size, 4);
}

static void
answers(void **state)
{
	struct bench *b = *state;

	assert_ok(control_listen(&b->control, b->path));
	dial(b, 0);
	say(b, 0, "remove 0\n");
	assert_int_equal(strncmp(hear(b, 0), "error there is no card in slot 0", 32), 0);
	say(b, 0, "dance 0\n");
	assert_int_equal(strncmp(hear(b, 0), "error expected insert", 21), 0);
	say(b, 0, "delay 1 15 100 400\nfault 1 2 sw 6F00\nreset-stats 1\n");
	assert_string_equal(hear(b, 0), "ok\nok\nok\n");
	assert_int_equal(b->slots[1].delays.sign_ms, 400);
	assert_int_equal(b->slots[1].faults.one[0].countdown, 2);
	say(b, 0, "stats 1");
	assert_string_equal(hear(b, 0), "");		/* not a whole line yet */
	say(b, 0, "\n");
	assert_int_equal(strncmp(hear(b, 0), "ok {\"slot\":1,\"card\":null,", 25), 0);
	say(b, 0, "tries 0 1\n");
	assert_int_equal(strncmp(hear(b, 0), "error there is no card", 22), 0);
	say(b, 0, "insert 0 /nowhere/x.card\n");
	assert_int_equal(strncmp(hear(b, 0), "error /nowhere/x.card does not", 30), 0);
}

static void
waits(void **state)
{
	struct bench *b = *state;

	assert_ok(control_listen(&b->control, b->path));
	dial(b, 0);
	dial(b, 1);
	say(b, 0, "wait 0 verifies 2 500\nstats 0\n");
	assert_string_equal(hear(b, 0), "");
	assert_int_equal(control_deadline(&b->control, b->slots), b->now + 500000);
	b->slots[0].stats.verifies = 1;
	assert_string_equal(hear(b, 0), "");
	b->slots[0].stats.verifies = 2;
	assert_int_equal(strncmp(hear(b, 0), "ok\nok {", 7), 0);
	say(b, 1, "wait 0 present 20\n");
	assert_string_equal(hear(b, 1), "");
	b->now += 20000;
	assert_int_equal(strncmp(hear(b, 1), "error it did not happen", 23), 0);
	say(b, 1, "wait 1 absent\n");
	assert_string_equal(hear(b, 1), "ok\n");
	assert_int_equal(control_deadline(&b->control, b->slots), SLOT_NEVER);
}

/* A caller who leaves in the middle, one who talks without end, and too many of them. */
static void
bad_callers(void **state)
{
	struct bench *b = *state;
	char line[ORDER_MAX + 2];

	assert_ok(control_listen(&b->control, b->path));
	dial(b, 0);
	say(b, 0, "wait 0 apdus 1\n");
	close(b->clients[0]);
	b->clients[0] = -1;
	turn(b);
	assert_int_equal(control_deadline(&b->control, b->slots), SLOT_NEVER);

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	dial(b, 0);
	say(b, 0, line);
	for (int i = 0; i < 20 && b->control.clients[0].fd >= 0; i++)
		turn(b);
	assert_string_equal(hear(b, 0), "gone");
	close(b->clients[0]);

	for (size_t i = 0; i < CLIENTS; i++)
		dial(b, i);
	assert_string_equal(hear(b, CLIENTS - 1), "gone");
	say(b, 0, "stats 0\n");
	assert_int_equal(strncmp(hear(b, 0), "ok {", 4), 0);
}

#define ONE(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(is_private), ONE(takes_nothing_from_others), ONE(answers), ONE(waits),
		ONE(bad_callers),
	};

	return cmocka_run_group_tests(tests, group_start, group_end);
}
