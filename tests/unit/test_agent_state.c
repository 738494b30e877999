/* SPDX-License-Identifier: EUPL-1.2 */
/* Cards, leases and callers as the agent keeps account of them. */
#include "tests/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/caller.h"
#include "agent/lease.h"
#include "agent/presence.h"

/* Presence */

static struct watch_state *
watch_new(void)
{
	struct watch_state *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->service = true;
	w->generation = 3;
	w->n = 2;
	strcpy(w->readers[0].name, "Reader A 00 00");
	strcpy(w->readers[1].name, "Reader B 01 00");
	w->readers[1].present = true;
	w->readers[1].event_counter = 7;
	return w;
}

static void
watch_drop(struct watch_state **w)
{
	free(*w);
}

static const struct presence logged_in = { .reader = "Reader B 01 00", .event_counter = 7,
	.generation = 3 };

static void
same_card_is_present(void **state)
{
	AUTO(watch_drop) struct watch_state *w = watch_new();

	(void)state;
	assert_int_equal(presence_compare(&logged_in, w), PRESENCE_SAME);
	/* Another program using the card, or another reader, changes nothing. */
	w->readers[1].in_use = true;
	w->readers[0].present = true;
	w->readers[0].event_counter = 99;
	assert_int_equal(presence_compare(&logged_in, w), PRESENCE_SAME);
}

/* T35, T36: each of these is a removal. */
static void
removal_in_every_form(void **state)
{
	AUTO(watch_drop) struct watch_state *w = watch_new();
	struct pcsc_reader_state *r = &w->readers[1];

	(void)state;
	r->present = false;
	r->event_counter = 8;
	assert_int_equal(presence_compare(&logged_in, w), PRESENCE_GONE);
	/* pulled and put back (or another person's put in) before anybody looked */
	r->present = true;
	r->event_counter = 9;
	assert_int_equal(presence_compare(&logged_in, w), PRESENCE_GONE);
	/* not there, though nothing was counted */
	r->event_counter = 7;
	r->present = false;
	assert_int_equal(presence_compare(&logged_in, w), PRESENCE_GONE);
	r->present = true;
	r->mute = true;
	assert_int_equal(presence_compare(&logged_in, w), PRESENCE_GONE);
	r->mute = false;
	/* pcscd restarted and counts to the same number */
	w->generation = 4;
	assert_int_equal(presence_compare(&logged_in, w), PRESENCE_GONE);
	w->generation = 3;
	w->service = false;
	assert_int_equal(presence_compare(&logged_in, w), PRESENCE_GONE);
	/* the reader is gone: for a session anything but SAME is a removal */
	w->service = true;
	w->n = 1;
	assert_int_not_equal(presence_compare(&logged_in, w), PRESENCE_SAME);
}

static void
watch_that_is_behind(void **state)
{
	AUTO(watch_drop) struct watch_state *w = watch_new();
	struct presence p = logged_in;

	(void)state;
	/* The worker saw the insertion (7), the watch still the removal before (6). */
	w->readers[1].event_counter = 6;
	w->readers[1].present = false;
	assert_int_equal(presence_compare(&p, w), PRESENCE_BEHIND);
	/* over the end of the 16 bits */
	p.event_counter = 0x10001;
	w->readers[1].event_counter = 0xffff;
	assert_int_equal(presence_compare(&p, w), PRESENCE_BEHIND);
	p.event_counter = 0xffff;
	w->readers[1].event_counter = 1;
	w->readers[1].present = true;
	assert_int_equal(presence_compare(&p, w), PRESENCE_GONE);
	/* A watch that never reached pcscd has seen nothing yet. */
	p.generation = 0;
	w->service = false;
	assert_int_equal(presence_compare(&p, w), PRESENCE_BEHIND);
}

/* A token of a [module] with "reader = none" cannot leave one. */
static void
token_in_no_reader(void **state)
{
	AUTO(watch_drop) struct watch_state *w = watch_new();
	const struct presence p = { .reader = "", .generation = 99 };

	(void)state;
	assert_int_equal(presence_compare(&p, w), PRESENCE_SAME);
	w->service = false;
	assert_int_equal(presence_compare(&p, w), PRESENCE_SAME);
}

/* Leases */

static void
lease_is_renewed_in_time(void **state)
{
	struct lease l;

	(void)state;
	lease_begin(&l, 30, 100000);
	assert_int_equal(l.next_ms, 110000);
	assert_false(lease_is_over(&l, 129999));
	assert_true(lease_is_over(&l, 130000));
	lease_renewed(&l, 110005);
	assert_int_equal(l.next_ms, 120005);
	assert_false(lease_is_over(&l, 140004));
	assert_true(lease_is_over(&l, 140005));
}

/* T35: a broker that cannot be reached ends the session, here as there. */
static void
lease_runs_out(void **state)
{
	struct lease l;
	int64_t now = 10000;
	int tries = 0;

	(void)state;
	lease_begin(&l, 30, 0);
	while (!lease_is_over(&l, now)) {
		assert_true(l.next_ms <= now);
		lease_missed(&l, now);
		assert_true(l.next_ms > now);
		now = l.next_ms;
		tries++;
	}
	assert_int_equal(now, 30000);
	assert_int_equal(tries, 20);
}

static void
shortest_lease_is_tried_twice(void **state)
{
	struct lease l;

	(void)state;
	lease_begin(&l, 3, 0);
	assert_int_equal(l.next_ms, 1000);
	lease_missed(&l, 1000);
	assert_int_equal(l.next_ms, 1500);
}

/* Callers */

static void
caller_is_this_program(void **state)
{
	struct caller a, b;
	char exe[CALLER_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	(void)state;
	assert_true(n > 0);
	exe[n] = '\0';
	caller_look(getuid(), getpid(), NULL, &a);
	assert_false(a.elsewhere);
	assert_string_equal(a.program, exe);
	assert_string_equal(a.shown, exe);
	assert_true(a.started != 0);
	caller_look(getuid(), getpid(), NULL, &b);
	assert_true(caller_is(&a, &b));
}

/* T15: the number alone does not make it the same process. */
static void
caller_is_a_process_not_a_number(void **state)
{
	struct caller a, b;

	(void)state;
	caller_look(getuid(), getpid(), NULL, &a);
	b = a;
	b.started++;
	assert_false(caller_is(&a, &b));
	b = a;
	b.uid++;
	assert_false(caller_is(&a, &b));
	b = a;
	b.pid++;
	assert_false(caller_is(&a, &b));
	/* What is not known is like nothing, itself included. */
	b = a;
	a.started = b.started = 0;
	assert_false(caller_is(&a, &b));
	caller_look(getuid(), 0, NULL, &a);
	assert_true(a.elsewhere);
	assert_string_equal(a.shown, "a program in another namespace");
	assert_false(caller_is(&a, &a));
}

static void
caller_that_ended(void **state)
{
	struct caller a;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(0);
	/* A zombie still has its number, but is no caller any more. */
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 },
	    WEXITED | WNOWAIT), 0);
	caller_look(getuid(), pid, NULL, &a);
	assert_string_equal(a.program, "");
	assert_string_equal(a.shown, "an unknown program");
	assert_int_equal(a.started, 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	caller_look(getuid(), pid, NULL, &a);
	assert_int_equal(a.started, 0);
}

struct shown {
	const char *program, *home, *want;
};

static void
shown_one(void **state)
{
	const struct shown *t = *state;
	char got[CALLER_MAX];

	caller_show(t->program, t->home, got, sizeof(got));
	assert_string_equal(got, t->want);
}

#define SHOW(program, home, want) { "show " #program, shown_one, NULL, NULL,	\
	&(struct shown){ program, home, want } }

static void
shown_in_bounds(void **state)
{
	char path[1000] = "/", got[CALLER_MAX];

	(void)state;
	memset(path + 1, 'a', sizeof(path) - 2);
	caller_show(path, NULL, got, sizeof(got));
	assert_true(strlen(got) > 200);
	assert_memory_equal(got, "/aaaa", 5);
	for (size_t i = 1; i + 3 < sizeof(path); i += 3)
		memcpy(path + i, "\xe2\x82\xac", 3);
	caller_show(path, NULL, got, sizeof(got));
	assert_true(strlen(got) > 100);
	assert_memory_equal(got, "/\xe2\x82\xac", 4);
}

struct stat_line {
	const char *text;
	enum err    want;
	uint64_t    started;
};

static void
stat_one(void **state)
{
	const struct stat_line *t = *state;
	uint64_t got = 0;

	assert_err(caller_stat_started(cur_str(t->text), &got), t->want);
	assert_int_equal(got, t->started);
}

#define STAT(text, want, started) { "stat " #text, stat_one, NULL, NULL,		\
	&(struct stat_line){ text, want, started } }
#define FIELDS_3_TO_21	"S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18"

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_card_is_present),
		cmocka_unit_test(removal_in_every_form),
		cmocka_unit_test(watch_that_is_behind),
		cmocka_unit_test(token_in_no_reader),
		cmocka_unit_test(lease_is_renewed_in_time),
		cmocka_unit_test(lease_runs_out),
		cmocka_unit_test(shortest_lease_is_tried_twice),
		cmocka_unit_test(caller_is_this_program),
		cmocka_unit_test(caller_is_a_process_not_a_number),
		cmocka_unit_test(caller_that_ended),
		SHOW("/usr/bin/ehr", "/home/anna", "/usr/bin/ehr"),
		SHOW("/home/anna/bin/ehr", "/home/anna", "~/bin/ehr"),
		SHOW("/home/anna/bin/ehr", "/home/anna/", "~/bin/ehr"),
		SHOW("/home/annabel/ehr", "/home/anna", "/home/annabel/ehr"),
		SHOW("/root/x", "/", "/root/x"),
		SHOW("/a\nb\xe2\x80\xae" "c", NULL, "/a?b?c"),
		cmocka_unit_test(shown_in_bounds),
		STAT("12 (x) " FIELDS_3_TO_21 " 777 0 0\n", ERR_OK, 777),
		/* A name is anything; it cannot shift the fields. */
		STAT("12 (a) S 1 2 (b c)) " FIELDS_3_TO_21 " 777 0\n", ERR_OK, 777),
		STAT("12 (x) " FIELDS_3_TO_21 " 18446744073709551616 0\n", ERR_MALFORMED,
		    0),
		STAT("12 (x) " FIELDS_3_TO_21 " -1 0\n", ERR_MALFORMED, 0),
		STAT("12 (x) " FIELDS_3_TO_21, ERR_MALFORMED, 0),
		STAT("12 (x) Z 1 2 3\n", ERR_SYS, 0),
		STAT("12 x " FIELDS_3_TO_21 " 777 0\n", ERR_MALFORMED, 0),
		STAT(" " FIELDS_3_TO_21 " 777 0\n", ERR_MALFORMED, 0),
		STAT("", ERR_MALFORMED, 0),
	};

	return cmocka_run_group_tests_name("agent_state", tests, NULL, NULL);
}
