/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The seat on a logind that is played here: a bus of its own, a process that answers as
 * org.freedesktop.login1, and logind's state files in a mount namespace of the test.
 */
#include "tests/check.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <systemd/sd-bus.h>

#include "agent/seat.h"
#include "base/clock.h"
#include "base/file.h"
#include "host/logind.h"

#define SESSION_PATH	LOGIND_PATH "/session/_31"	/* of session "1" */
#define TURN_USEC	1000000
#define PATIENCE_MS	20000
#define SKIPPED		77

/* logind, in a process of its own: one letter tells it what to do. */

struct logind {
	sd_bus	*bus;
	int	 locked;
	int	 orders;
	int	 told;			/* 'L' for each LockSession */
};

static int
on_lock(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct logind *d = arg;
	const char *session;

	if (sd_bus_message_read(m, "s", &session) < 0 || strcmp(session, "1") != 0)
		return sd_bus_error_set_const(error, SD_BUS_ERROR_INVALID_ARGS, "which");
	if (write(d->told, "L", 1) != 1)
		_exit(1);
	return sd_bus_reply_method_return(m, "");
}

static const sd_bus_vtable manager[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("LockSession", "s", "", on_lock, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL("PrepareForSleep", "b", 0),
	SD_BUS_VTABLE_END
};

static const sd_bus_vtable session[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("LockedHint", "b", NULL, offsetof(struct logind, locked),
	    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_VTABLE_END
};

static void
obey(struct logind *d, char order)
{
	int r = 0;

	switch (order) {
	case 'l':
	case 'u':
		d->locked = order == 'l';
		r = sd_bus_emit_properties_changed(d->bus, SESSION_PATH,
		    LOGIND_SESSION, "LockedHint", NULL);
		break;
	case 's':
	case 'w':
		r = sd_bus_emit_signal(d->bus, LOGIND_PATH, LOGIND_NAME ".Manager",
		    "PrepareForSleep", "b", order == 's');
		break;
	default:
		_exit(0);
	}
	if (r < 0 || sd_bus_flush(d->bus) < 0)
		_exit(1);
}

static int
on_order(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	char order;

	(void)s;
	(void)revents;
	if (read(fd, &order, 1) != 1)
		_exit(0);
	obey(arg, order);
	return 0;
}

static void
play_logind(int orders, int told)
{
	struct logind d = { .orders = orders, .told = told };
	sd_event *loop = NULL;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (sd_event_new(&loop) < 0 || sd_bus_open_system(&d.bus) < 0 ||
	    sd_bus_add_object_vtable(d.bus, NULL, LOGIND_PATH, LOGIND_NAME ".Manager",
		manager, &d) < 0 ||
	    sd_bus_add_object_vtable(d.bus, NULL, SESSION_PATH, LOGIND_SESSION,
		session, &d) < 0 || sd_bus_request_name(d.bus, LOGIND_NAME, 0) < 0 ||
	    sd_bus_attach_event(d.bus, loop, 0) < 0 ||
	    sd_event_add_io(loop, NULL, orders, EPOLLIN, on_order, &d) < 0 ||
	    write(told, "R", 1) != 1)
		_exit(1);
	sd_event_loop(loop);
	_exit(0);
}

/* The world of one test */

struct world {
	sd_event *loop;
	struct seat *seat;
	pid_t	 logind;
	int	 orders, told;
	unsigned left, sleeps, wakes;
};

static void
on_change(void *arg, enum seat_change what)
{
	struct world *w = arg;

	w->left += what == SEAT_LEFT;
	w->sleeps += what == SEAT_SLEEP;
	w->wakes += what == SEAT_AWAKE;
}

static void
state_file(const char *path, const char *text)
{
	assert_ok(file_write(path, cur_str(text), 0644));
}

static void
user_has(const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "/run/systemd/users/%u", getuid());
	state_file(path, text);
}

static int
world_make(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	int orders[2], told[2];
	char ready;

	assert_non_null(w);
	assert_int_equal(pipe(orders), 0);
	assert_int_equal(pipe(told), 0);
	w->logind = fork();
	assert_true(w->logind >= 0);
	if (w->logind == 0) {
		close(orders[1]);
		play_logind(orders[0], told[1]);
	}
	close(orders[0]);
	close(told[1]);
	w->orders = orders[1];
	w->told = told[0];
	assert_int_equal(read(w->told, &ready, 1), 1);
	user_has("DISPLAY=1\nSTATE=active\n");
	state_file("/run/systemd/sessions/1", "ACTIVE=1\nSTATE=active\n");
	assert_true(sd_event_new(&w->loop) >= 0);
	assert_ok(seat_new(w->loop, on_change, w, &w->seat));
	*state = w;
	return 0;
}

static int
world_drop(void **state)
{
	struct world *w = *state;

	seat_free(&w->seat);
	sd_event_unref(w->loop);
	close(w->orders);
	close(w->told);
	waitpid(w->logind, NULL, 0);
	free(w);
	return 0;
}

static void
order(const struct world *w, char what)
{
	assert_int_equal(write(w->orders, &what, 1), 1);
}

/* A turn may be one in which nothing happens; a test that waits in vain fails. */
#define UNTIL(w, condition)						\
	do {								\
		const int64_t until_ms = clock_boot_ms() + PATIENCE_MS;	\
									\
		while (!(condition)) {					\
			assert_true(clock_boot_ms() < until_ms);	\
			assert_true(sd_event_run((w)->loop, TURN_USEC) >= 0); \
		}							\
	} while (0)

/* T37 */
static void
active_and_unlocked_is_in_front(void **state)
{
	struct world *w = *state;

	assert_true(seat_in_front(w->seat));
	order(w, 'l');
	UNTIL(w, !seat_in_front(w->seat));
	order(w, 'u');
	UNTIL(w, seat_in_front(w->seat));
	/* A lock is no leaving. */
	assert_int_equal(w->left, 0);
}

static void
another_session_comes_in_front(void **state)
{
	struct world *w = *state;

	state_file("/run/systemd/sessions/1", "ACTIVE=0\nSTATE=online\n");
	UNTIL(w, w->left == 1);
	assert_false(seat_in_front(w->seat));
	state_file("/run/systemd/sessions/1", "ACTIVE=1\nSTATE=active\n");
	UNTIL(w, seat_in_front(w->seat));
	assert_int_equal(w->left, 1);
}

static void
no_graphical_session(void **state)
{
	struct world *w = *state;

	user_has("STATE=active\n");
	state_file("/run/systemd/sessions/2", "ACTIVE=1\n");
	UNTIL(w, !seat_in_front(w->seat));
	assert_int_equal(w->left, 1);
	assert_err(seat_lock(w->seat), ERR_NOT_AVAILABLE);
}

/* logind's session is active, but nobody can say whether it is locked. */
static void
unknown_lock_is_a_lock(void **state)
{
	struct world *w = *state;

	order(w, 'q');
	waitpid(w->logind, NULL, 0);
	state_file("/run/systemd/sessions/1", "ACTIVE=1\nSTATE=active\n");
	UNTIL(w, !seat_in_front(w->seat));
	assert_int_equal(logind_look(), LOGIND_LOCKED);
}

/* What dezi doctor says is what the agent goes by. */
static void
one_look_sees_the_same(void **state)
{
	struct world *w = *state;

	assert_int_equal(logind_look(), LOGIND_IN_FRONT);
	order(w, 'l');
	UNTIL(w, !seat_in_front(w->seat));
	assert_int_equal(logind_look(), LOGIND_LOCKED);
	state_file("/run/systemd/sessions/1", "ACTIVE=0\nSTATE=online\n");
	assert_int_equal(logind_look(), LOGIND_AWAY);
	/* A shell of another kind: the user is active, and at no screen. */
	user_has("STATE=active\n");
	assert_int_equal(logind_look(), LOGIND_NONE);
}

static void
screen_is_locked(void **state)
{
	struct world *w = *state;
	char told = 0;

	assert_ok(seat_lock(w->seat));
	assert_int_equal(read(w->told, &told, 1), 1);
	assert_int_equal(told, 'L');
}

/* T36 */
static void
sleep_is_announced(void **state)
{
	struct world *w = *state;

	order(w, 's');
	UNTIL(w, w->sleeps == 1);
	order(w, 'w');
	UNTIL(w, w->wakes == 1);
	/* By the clocks it did not sleep. */
	assert_false(seat_slept(w->seat));
}

static void
nobody_is_in_front_without_logind(void **state)
{
	struct world w = { 0 };

	(void)state;
	assert_int_equal(rename("/run/systemd", "/run/nowhere"), 0);
	assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere", 1), 0);
	assert_true(sd_event_new(&w.loop) >= 0);
	assert_ok(seat_new(w.loop, on_change, &w, &w.seat));
	assert_false(seat_in_front(w.seat));
	assert_err(seat_lock(w.seat), ERR_NOT_AVAILABLE);
	assert_int_equal(logind_look(), LOGIND_NONE);
	seat_free(&w.seat);
	sd_event_unref(w.loop);
}

/* Around all tests */

static bool
write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return written;
}

/* As the user that we are, but able to mount. */
static bool
own_users(void)
{
	char uid[32], gid[32];

	snprintf(uid, sizeof(uid), "%u %u 1", getuid(), getuid());
	snprintf(gid, sizeof(gid), "%u %u 1", getgid(), getgid());
	return unshare(CLONE_NEWUSER) == 0 && write_text("/proc/self/uid_map", uid) &&
	    write_text("/proc/self/setgroups", "deny") &&
	    write_text("/proc/self/gid_map", gid);
}

/* A /run of our own.  False where the machine does not allow it. */
static bool
own_run(void)
{
	if (getuid() != 0 && !own_users())
		return false;
	return unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") == 0 &&
	    mkdir("/run/systemd", 0755) == 0 &&
	    mkdir("/run/systemd/sessions", 0755) == 0 &&
	    mkdir("/run/systemd/users", 0755) == 0;
}

/* dbus-daemon, until our end of the pipe is closed.  -1: there is none. */
static pid_t
start_bus(void)
{
	static const char conf[] = "<busconfig><listen>unix:path=/run/bus</listen>"
	    "<auth>EXTERNAL</auth><policy context=\"default\"><allow own=\"*\"/>"
	    "<allow send_destination=\"*\"/><allow receive_sender=\"*\"/></policy>"
	    "</busconfig>";
	int ready[2];
	char c;
	pid_t pid;

	if (file_write("/run/bus.conf", cur_str(conf), 0644) != ERR_OK ||
	    pipe(ready) != 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ready[1], 3);
		execlp("dbus-daemon", "dbus-daemon", "--config-file=/run/bus.conf",
		    "--nofork", "--nopidfile", "--print-address=3", (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1) {
		waitpid(pid, NULL, 0);
		pid = -1;
	}
	close(ready[0]);
	return pid;
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, world_make, world_drop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(active_and_unlocked_is_in_front),
		TEST(another_session_comes_in_front),
		TEST(no_graphical_session),
		TEST(unknown_lock_is_a_lock),
		TEST(one_look_sees_the_same),
		TEST(screen_is_locked),
		TEST(sleep_is_announced),
		cmocka_unit_test(nobody_is_in_front_without_logind),
	};
	pid_t bus;
	int failed;

	if (!own_run() || (bus = start_bus()) < 0) {
		puts("SKIP: no namespace, or no dbus-daemon");
		return SKIPPED;
	}
	setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/run/bus", 1);
	failed = cmocka_run_group_tests_name("seat", tests, NULL, NULL);
	kill(bus, SIGTERM);
	waitpid(bus, NULL, 0);
	return failed;
}
