/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * PC/SC and the watch on a real pcscd with virtual cards: tests/card-on-pcscd starts
 * this.  Arguments: the control socket of dezi-vcard, the folder of its cards.
 */
#include "tests/check.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "card/watch.h"
#include "means/find.h"
#include "tests/unit/uzi_talk.h"

#define PATIENCE	20000	/* ms: no event takes longer */

extern char **environ;

static const char *control, *cards;
static struct profile profile;
static const struct profile *const profiles[] = { &profile, NULL };
static const struct native_options native = { .profiles = profiles,
	.drivers = drivers_table };

/* One connection to the remote control; it may still be on its way up. */
static int
call_control(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int64_t until = clock_boot_ms() + PATIENCE;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_true(cur_to_str(cur_str(control), a.sun_path, sizeof(a.sun_path)));
	while (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
		assert_true(clock_boot_ms() < until);
		poll(NULL, 0, 10);
	}
	return fd;
}

/* One order, one answer: "ok ..." in ret. */
static void
order(const char *line, char *ret, size_t size)
{
	int fd = call_control();
	size_t n = 0;
	ssize_t got;

	assert_int_equal(write(fd, line, strlen(line)), strlen(line));
	assert_int_equal(write(fd, "\n", 1), 1);
	while (n + 1 < size && (got = read(fd, ret + n, size - 1 - n)) > 0) {
		n += (size_t)got;
		if (ret[n - 1] == '\n')
			break;
	}
	ret[n] = '\0';
	close(fd);
	if (strncmp(ret, "ok", 2) != 0)
		print_error("%s: %s\n", line, ret);
	assert_true(strncmp(ret, "ok", 2) == 0);
}

static void
tell(const char *verb, const char *card)
{
	char line[4096], answer[4096];

	if (card != NULL)
		snprintf(line, sizeof(line), "%s %s/%s.card", verb, cards, card);
	else
		snprintf(line, sizeof(line), "%s", verb);
	order(line, answer, sizeof(answer));
}

static void
assert_stats(const char *want)
{
	char answer[4096];

	order("stats 0", answer, sizeof(answer));
	if (strstr(answer, want) == NULL)
		print_error("%s not in %s\n", want, answer);
	assert_non_null(strstr(answer, want));
}

static void
pcscd(const char *verb)
{
	const char *with = getenv("WITH_PCSCD");
	char *argv[] = { (char *)(uintptr_t)with, (char *)(uintptr_t)verb, NULL };
	int status;
	pid_t pid;

	assert_non_null(with);
	assert_int_equal(posix_spawn(&pid, with, NULL, NULL, argv, environ), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Readers and cards as the watch tells them, until it says what is wanted. */

typedef bool wanted(const struct watch_state *s);

static bool
is_empty(const struct watch_state *s)
{
	return s->service && s->n >= 1 && !s->readers[0].present;
}

static bool
has_card(const struct watch_state *s)
{
	return s->service && s->n >= 1 && s->readers[0].present &&
	    s->readers[0].atr_len != 0;
}

static bool
has_no_service(const struct watch_state *s)
{
	return !s->service && s->n == 0;
}

static void
wait_for(struct watch *w, wanted *good, struct watch_state *ret)
{
	struct pollfd p = { .fd = watch_fd(w), .events = POLLIN };
	int64_t until = clock_boot_ms() + PATIENCE;

	do {
		assert_true(clock_boot_ms() < until);
		(void)poll(&p, 1, 1000);
	} while (!watch_take(w, ret) || !good(ret));
}

/* pcscd notices only some time after it happened: wait until it did. */
static void
change(const char *verb, const char *card, wanted *good, struct pcsc_reader_state *ret)
{
	static struct watch_state s;
	struct watch *w = NULL;

	tell(verb, card);
	assert_ok(watch_start(&w));
	wait_for(w, good, &s);
	watch_stop(&w);
	*ret = s.readers[0];
}

static void
insert_and_wait(const char *card, struct pcsc_reader_state *ret)
{
	change("insert 0", card, has_card, ret);
}

static void
remove_and_wait(void)
{
	struct pcsc_reader_state s;

	change("remove 0", NULL, is_empty, &s);
}

static void
watch_sees_cards_come_and_go(void **state)
{
	static struct watch_state s;
	struct watch *w = NULL;
	uint32_t counter;
	uint64_t generation;

	(void)state;
	assert_ok(watch_start(&w));
	wait_for(w, is_empty, &s);
	counter = s.readers[0].event_counter;
	generation = s.generation;
	assert_string_equal(s.readers[0].name, "Virtual PCD 00 00");
	tell("insert 0", "z");
	wait_for(w, has_card, &s);
	assert_true(s.readers[0].event_counter != counter);
	assert_true(profile_matches(&profile,
	    cur_of(s.readers[0].atr, s.readers[0].atr_len)));
	assert_int_equal(s.generation, generation);
	counter = s.readers[0].event_counter;
	tell("remove 0", NULL);
	wait_for(w, is_empty, &s);
	assert_true(s.readers[0].event_counter != counter);
	assert_false(watch_take(w, &s));	/* nothing new since */
	watch_stop(&w);
	watch_stop(&w);
}

static void
watch_survives_pcscd(void **state)
{
	static struct watch_state s;
	struct watch *w = NULL;
	uint64_t generation;

	(void)state;				/* T36 */
	tell("insert 0", "z");
	assert_ok(watch_start(&w));
	wait_for(w, has_card, &s);
	generation = s.generation;
	pcscd("--stop");
	wait_for(w, has_no_service, &s);
	pcscd("--start");
	watch_poke(w);
	wait_for(w, has_card, &s);
	assert_true(s.generation != generation);
	watch_stop(&w);
	remove_and_wait();
}

/* The card stack on top of it. */

static void
open_pcsc(struct pcsc **ret)
{
	assert_ok(pcsc_open(ret));
	assert_ok(pcsc_prepare(*ret));
}

static enum err
sign(struct means *m, const struct means_view *v, struct pin_state *left)
{
	AUTO(secret_wipe) struct secret pin = { .len = 0 };
	AUTO(buf_free) struct buf sig = BUF(1024);
	enum err r;

	assert_ok(secret_set(&pin, cur_str("123456")));
	r = m->ops->sign(m, v, &pin, false, cur_str("to be signed"), &sig, left);
	assert_int_equal(sig.len, r == ERR_OK ? 256 : 0);
	return r;
}

static void
look(struct pcsc *p, struct means **ret, struct means_view *ret_view)
{
	const struct native_search s = { .o = native };
	struct pcsc_reader_state found;
	struct reader *r = NULL;

	assert_ok(native_find(p, &s, &found));
	assert_ok(pcsc_connect(p, found.name, &r));
	assert_int_equal(r->event_counter, found.event_counter);
	assert_ok(native_open(r, &native, ret));
	assert_ok((*ret)->ops->look(*ret, ret_view));
	assert_int_equal(ret_view->event_counter, found.event_counter);
}

static void
signs_and_leaves_nothing_behind(void **state)
{
	AUTO(means_view_free) struct means_view v = { .event_counter = 0 };
	AUTO(pcsc_close) struct pcsc *p = NULL;
	AUTO(means_close) struct means *m = NULL;
	struct pcsc_reader_state s;
	struct pin_state left;

	(void)state;				/* T8 */
	insert_and_wait("z", &s);
	open_pcsc(&p);
	look(p, &m, &v);
	assert_stats("\"resets\":0");
	assert_ok(sign(m, &v, &left));
	assert_stats("\"resets\":1");
	assert_stats("\"verified\":false");
	assert_ok(sign(m, &v, &left));		/* our own reset does not lock us out */
	remove_and_wait();
	assert_err(sign(m, &v, &left), ERR_REMOVED);
	assert_stats("\"verifies\":2");
}

/* Pulled while it answers: it is said to be gone, not out of order (vector 64). */
static void
card_pulled_in_the_middle(void **state)
{
	static const char *const faults[] = { "on 0 read remove", "on 0 verify remove",
		"on 0 sign remove" };

	(void)state;
	for (size_t i = 0; i < NELEM(faults); i++) {
		AUTO(means_view_free) struct means_view v = { .event_counter = 0 };
		AUTO(pcsc_close) struct pcsc *p = NULL;
		AUTO(means_close) struct means *m = NULL;
		struct pcsc_reader_state s;
		struct pin_state left;

		insert_and_wait("z", &s);
		open_pcsc(&p);
		if (i == 0) {
			struct reader *r = NULL;

			tell(faults[i], NULL);
			assert_ok(pcsc_connect(p, s.name, &r));
			assert_ok(native_open(r, &native, &m));
			assert_err(m->ops->look(m, &v), ERR_REMOVED);
		} else {
			look(p, &m, &v);
			tell(faults[i], NULL);
			assert_err(sign(m, &v, &left), ERR_REMOVED);
		}
	}
}

static void
swapped_card_gets_no_pin(void **state)
{
	AUTO(means_view_free) struct means_view v = { .event_counter = 0 };
	AUTO(pcsc_close) struct pcsc *p = NULL;
	AUTO(means_close) struct means *m = NULL;
	struct pcsc_reader_state s, then;
	struct pin_state left;
	enum err r;

	(void)state;				/* T9, vector 61 */
	insert_and_wait("z", &s);
	open_pcsc(&p);
	look(p, &m, &v);
	remove_and_wait();
	insert_and_wait("z2", &then);
	assert_true(then.event_counter != s.event_counter);
	r = sign(m, &v, &left);
	assert_true(r == ERR_REMOVED || r == ERR_CARD_CHANGED);
	assert_stats("\"verifies\":0");
	remove_and_wait();
}

/* Another program, as a thread with connections of its own. */
struct other {
	pthread_t thread;
	sem_t	 held, release;
	enum reader_end how;
};

static void *
hold_card(void *arg)
{
	AUTO(pcsc_close) struct pcsc *p = NULL;
	struct other *o = arg;
	struct reader *r = NULL;

	open_pcsc(&p);
	assert_ok(pcsc_connect(p, "Virtual PCD 00 00", &r));
	assert_ok(r->ops->begin(r));
	sem_post(&o->held);
	sem_wait(&o->release);
	r->ops->end(r, o->how);
	reader_close(&r);
	return NULL;
}

static void
other_begins(struct other *o, enum reader_end how)
{
	o->how = how;
	sem_init(&o->held, 0, 0);
	sem_init(&o->release, 0, 0);
	assert_int_equal(pthread_create(&o->thread, NULL, hold_card, o), 0);
	sem_wait(&o->held);
}

static void
other_ends(struct other *o)
{
	sem_post(&o->release);
	pthread_join(o->thread, NULL);
	sem_destroy(&o->held);
	sem_destroy(&o->release);
}

static void
survives_being_reset(void **state)
{
	AUTO(means_view_free) struct means_view v = { .event_counter = 0 };
	AUTO(pcsc_close) struct pcsc *p = NULL;
	AUTO(means_close) struct means *m = NULL;
	struct pcsc_reader_state s;
	struct pin_state left;
	struct other other;

	(void)state;				/* T10, rule 7 */
	insert_and_wait("z", &s);
	open_pcsc(&p);
	look(p, &m, &v);
	other_begins(&other, READER_RESET);
	other_ends(&other);
	assert_stats("\"resets\":1");
	assert_ok(sign(m, &v, &left));
	remove_and_wait();
}

static void
waits_ten_seconds_for_another(void **state)
{
	AUTO(means_view_free) struct means_view v = { .event_counter = 0 };
	AUTO(pcsc_close) struct pcsc *p = NULL;
	AUTO(means_close) struct means *m = NULL;
	struct pcsc_reader_state s;
	struct reader *late = NULL;
	struct pin_state left;
	struct other other;
	int64_t began;
	enum err r;

	(void)state;				/* vector 67, DESIGN section 6 rule 1 */
	insert_and_wait("z", &s);
	open_pcsc(&p);
	look(p, &m, &v);
	other_begins(&other, READER_LEAVE);
	began = clock_boot_ms();
	assert_err(sign(m, &v, &left), ERR_CARD_BUSY);
	assert_true(clock_boot_ms() - began >= 9900);
	assert_true(clock_boot_ms() - began < PATIENCE);
	assert_err(pcsc_connect(p, s.name, &late), ERR_CARD_BUSY);
	other_ends(&other);
	/* The call that was given up ends by itself, and the card can be used again. */
	began = clock_boot_ms();
	while ((r = sign(m, &v, &left)) == ERR_CARD_BUSY)
		assert_true(clock_boot_ms() - began < PATIENCE);
	assert_ok(r);
	assert_stats("\"verifies\":1");
	remove_and_wait();
}

static void
lost_pcscd_is_no_card(void **state)
{
	AUTO(means_view_free) struct means_view v = { .event_counter = 0 };
	AUTO(pcsc_close) struct pcsc *p = NULL;
	AUTO(means_close) struct means *m = NULL;
	struct pcsc_reader_state s;
	struct pin_state left;
	struct pcsc *none = NULL;

	(void)state;				/* vector 64 */
	insert_and_wait("z", &s);
	open_pcsc(&p);
	look(p, &m, &v);
	pcscd("--stop");
	assert_err(sign(m, &v, &left), ERR_NO_SERVICE);
	assert_err(pcsc_open(&none), ERR_NO_SERVICE);
	pcscd("--start");
	remove_and_wait();
}

static void
says_what_the_reader_holds(void **state)
{
	const struct native_search search = { .o = native };
	AUTO(pcsc_close) struct pcsc *p = NULL;
	AUTO(means_close) struct means *m = NULL;
	struct means_view v;
	struct pcsc_reader_state s, all[4];
	struct reader *r = NULL;
	size_t n;

	(void)state;
	open_pcsc(&p);
	assert_err(native_find(p, &search, &s), ERR_NO_CARD);
	assert_err(pcsc_connect(p, "Virtual PCD 00 00", &r), ERR_NO_CARD);
	assert_err(pcsc_connect(p, "No such reader", &r), ERR_REMOVED);
	assert_ok(pcsc_list(p, all, NELEM(all), &n));
	assert_int_equal(n, 2);
	assert_true(all[0].service != 0);
	assert_err(pcsc_wait(p, all, n, 1), ERR_TIMEOUT);
	insert_and_wait("z-locked", &s);
	assert_ok(native_find(p, &search, &s));
	assert_ok(pcsc_connect(p, s.name, &r));
	assert_ok(native_open(r, &native, &m));
	assert_err(m->ops->look(m, &v), ERR_VENDOR_LOCKED);
	remove_and_wait();
}

static int
fresh(void **state)
{
	(void)state;
	tell("reset-stats 0", NULL);
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(watch_sees_cards_come_and_go),
		cmocka_unit_test(says_what_the_reader_holds),
		cmocka_unit_test_setup(signs_and_leaves_nothing_behind, fresh),
		cmocka_unit_test_setup(card_pulled_in_the_middle, fresh),
		cmocka_unit_test_setup(swapped_card_gets_no_pin, fresh),
		cmocka_unit_test_setup(survives_being_reset, fresh),
		cmocka_unit_test_setup(waits_ten_seconds_for_another, fresh),
		cmocka_unit_test(watch_survives_pcscd),
		cmocka_unit_test(lost_pcscd_is_no_card),
	};

	if (argc != 3)
		return 2;
	control = argv[1];
	cards = argv[2];
	read_uzi_profile(&profile);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
