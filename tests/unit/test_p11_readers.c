/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The module among readers, threads and processes: lists that only grow, events, strangers
 * that are left in peace, fork, mutexes of the application, a card that hangs, loading and
 * unloading (pkcs11 reference, sections 2 and 11; the numbers are those of section 2).
 */
#include "tests/check.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/unit/p11_desk.h"

static const unsigned file_not_found = 0x6a82;

static ck_ulong
count(unsigned char with_token)
{
	ck_ulong n = 0;

	assert_rv(C_GetSlotList(with_token, NULL, &n), CKR_OK);
	return n;
}

static bool
has_token(ck_slot_id_t slot)
{
	struct ck_slot_info info;

	assert_rv(C_GetSlotInfo(slot, &info), CKR_OK);
	return (info.flags & CKF_TOKEN_PRESENT) != 0;
}

/* Checklist 1, defect 15: no card is touched, and no list is needed first. */
static void
initialize_touches_no_card(void **state UNUSED)
{
	assert_rv(C_Finalize(NULL), CKR_OK);
	ws_forget_counts();
	assert_rv(C_Initialize(NULL), CKR_OK);
	assert_int_equal(ws_calls(WS_CONNECT) + ws_calls(WS_TRANSMIT) + ws_calls(WS_CHANGE), 0);
	works(0);
}

/* Vector 66, defect 14, checklist 2: however many readers, ids stay, and the list never shrinks. */
static void
readers_come_and_go(void **state UNUSED)
{
	char name[WS_NAME];
	ck_slot_id_t slots[WS_READERS];
	ck_ulong n = NELEM(slots);

	assert_int_equal(count(0), 1);
	for (unsigned i = 1; i < 64; i++) {
		snprintf(name, sizeof(name), "Another %02x 00", i);
		ws_plug(name);
		if (i == 15)
			assert_int_equal(count(0), 16);
	}
	/* It grows when the program asks how long it is, not while it reads it. */
	assert_rv(C_GetSlotList(0, slots, &n), CKR_OK);
	assert_int_equal(n, 16);
	assert_int_equal(count(0), 64);
	assert_int_equal(count(1), 1);
	n = 63;
	assert_rv(C_GetSlotList(0, slots, &n), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(n, 64);
	/* More than are looked at at once do no harm. */
	for (unsigned i = 64; i < 75; i++) {
		snprintf(name, sizeof(name), "Another %02x 00", i);
		ws_plug(name);
	}
	assert_int_equal(count(0), 64);
	assert_true(has_token(0));
	ws_unplug(DESK_READER);
	assert_false(has_token(0));
	assert_true(count(0) >= 64);
	assert_int_equal(count(1), 0);
}

/* Hostile cards, vector 65. */
static void
odd_names(void **state UNUSED)
{
	static const char raw[] = "Virtual Reader 00 00\0%n%s\0<script>\0../../x\0\xff\xfe\0a\nb\0"
	    "\\\\?PnP?\\Notification\0no end";
	struct ck_slot_info info;

	ws_plug("%n%s");
	ws_plug("<script>");
	ws_plug("../../x");
	ws_plug("\xff\xfe");
	ws_plug("a\nb");
	ws_list_raw(raw, sizeof(raw) - 1);
	assert_int_equal(count(0), 6);
	for (ck_slot_id_t i = 0; i < 6; i++) {
		assert_rv(C_GetSlotInfo(i, &info), CKR_OK);
		for (size_t k = 0; k < sizeof(info.slot_description); k++)
			assert_in_range(info.slot_description[k], 0x20, 0x7e);
	}
	works(0);
}

/* Defect 6, checklist 9: one SELECT for each insertion, and then silence. */
static void
strangers_are_left_in_peace(void **state UNUSED)
{
	struct ck_token_info info;
	struct ws_card alien;
	ck_session_handle_t s;

	stranger(&alien, &file_not_found);
	for (unsigned insertion = 1; insertion <= 3; insertion++) {
		ws_insert(DESK_READER, &alien);
		ws_forget_counts();
		for (int i = 0; i < 20; i++) {
			assert_int_equal(count(1), 1);
			assert_rv(C_GetTokenInfo(0, &info), CKR_TOKEN_NOT_RECOGNIZED);
			assert_rv(C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s),
			    CKR_TOKEN_NOT_RECOGNIZED);
		}
		assert_true(ws_ins(0xa4) >= 1 && ws_ins(0xa4) <= 2);
		assert_int_equal(ws_calls(WS_TRANSMIT), ws_ins(0xa4));
	}
}

/* A card that gives nothing but trouble is not asked for ever either. */
static void
trouble_is_given_up(void **state)
{
	struct desk *d = *state;
	static const unsigned fault = 0x6f00;
	struct ck_token_info info;
	struct ws_card broken;
	unsigned before;

	stranger(&broken, &fault);
	memcpy(broken.atr, d->pass.file.atr, d->pass.file.atr_len);
	broken.atr_len = d->pass.file.atr_len;
	ws_insert(DESK_READER, &broken);
	for (int i = 0; i < 5; i++)
		assert_int_not_equal(C_GetTokenInfo(0, &info), CKR_OK);
	before = ws_calls(WS_TRANSMIT);
	assert_rv(C_GetTokenInfo(0, &info), CKR_TOKEN_NOT_RECOGNIZED);
	assert_int_equal(ws_calls(WS_TRANSMIT), before);
	ws_insert(DESK_READER, &d->pass.in_hand);
	works(0);
}

static void
mute(void **state)
{
	struct desk *d = *state;
	struct ws_card card = d->pass.in_hand;
	struct ck_token_info info;

	card.mute = true;
	ws_insert(DESK_READER, &card);
	assert_int_equal(count(1), 1);
	assert_rv(C_GetTokenInfo(0, &info), CKR_TOKEN_NOT_RECOGNIZED);
	ws_insert(DESK_READER, &d->pass.in_hand);
	works(0);
}

/* Vector 67. */
static void
another_program_is_alone_with_the_card(void **state UNUSED)
{
	struct ck_token_info info;

	ws_other_alone(DESK_READER, true);
	assert_rv(C_GetTokenInfo(0, &info), CKR_DEVICE_ERROR);
	ws_other_alone(DESK_READER, false);
	works(0);
}

/* Vector 67, DESIGN section 6 rule 1: not for ever. */
static void
another_program_holds_the_card(void **state UNUSED)
{
	int64_t began = clock_boot_ms();
	struct ck_token_info info;

	ws_other_holds(DESK_READER, true);
	assert_rv(C_GetTokenInfo(0, &info), CKR_DEVICE_ERROR);
	assert_in_range(clock_boot_ms() - began, 9900, 15000);
	ws_other_holds(DESK_READER, false);
	works(0);
}

/* Without pcscd there are no readers, which is no error; slots stay. */
static void
pcscd_goes_and_comes(void **state UNUSED)
{
	static const long words[] = { 0x8010001d, 0x8010001e, 0x80100003 };

	for (size_t i = 0; i < NELEM(words); i++) {
		ck_session_handle_t s = open_session(0, 0);
		struct ck_token_info info;

		ws_service_stop(words[i]);
		assert_int_equal(count(0), 1);
		assert_int_equal(count(1), 0);
		assert_rv(C_GetTokenInfo(0, &info), CKR_TOKEN_NOT_PRESENT);
		assert_rv(C_CloseSession(s), CKR_SESSION_HANDLE_INVALID);
		ws_service_start();
		assert_int_equal(count(1), 1);
		works(0);
	}
}

/* Complaint 3: the readers' power is cut, and pcscd finds them again one by one. */
static void
sleep_and_wake(void **state)
{
	struct desk *d = *state;
	static const struct {
		enum ws_call call;
		long	 rv;
	} faults[] = { { WS_BEGIN, 0x80100003 }, { WS_BEGIN, 0x80100017 },
		{ WS_TRANSMIT, 0x80100016 }, { WS_STATUS, 0x80100017 } };

	for (size_t i = 0; i < NELEM(faults); i++) {
		ck_session_handle_t s = open_session(0, 0);
		struct ck_session_info info;

		assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
		(void)object(s, CKO_PRIVATE_KEY, KEY_AUTH);
		ws_unplug(DESK_READER);
		ws_fail(faults[i].call, 1, faults[i].rv);
		assert_int_equal(count(1), 0);
		assert_true(C_GetSessionInfo(s, &info) != CKR_OK);
		/* It was the handle of an insertion that is over. */
		ws_plug("Another 00 00");
		assert_int_equal(count(1), 0);
		ws_plug(DESK_READER);
		ws_insert(DESK_READER, &d->pass.in_hand);
		ws_clear();
		assert_rv(C_GetSessionInfo(s, &info), CKR_SESSION_HANDLE_INVALID);
		assert_int_equal(count(1), 1);
		assert_true(has_token(0));
		works(0);
		ws_unplug("Another 00 00");
	}
}

/*
 * Events.
 */
struct wait {
	pthread_t thread;
	ck_slot_id_t slot;
	ck_rv_t rv;
};

static void *
wait_once(void *arg)
{
	struct wait *w = arg;

	w->rv = C_WaitForSlotEvent(0, &w->slot, NULL);
	return NULL;
}

static void
start_waiting(struct wait *w)
{
	*w = (struct wait){ .slot = 77 };
	assert_int_equal(pthread_create(&w->thread, NULL, wait_once, w), 0);
}

static void
expect_event(struct wait *w, ck_rv_t rv, ck_slot_id_t slot)
{
	pthread_join(w->thread, NULL);
	assert_rv(w->rv, rv);
	assert_int_equal(w->slot, slot);
}

/* Vector 69, defect 7, checklist 4: a wait that C_Finalize ends; *pSlot is only written with an event. */
static void
events(void **state)
{
	struct desk *d = *state;
	ck_slot_id_t slot = 77;
	struct wait w;

	assert_int_equal(count(0), 1);
	assert_rv(C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
	assert_int_equal(slot, 77);
	start_waiting(&w);
	ws_remove(DESK_READER);
	expect_event(&w, CKR_OK, 0);
	start_waiting(&w);
	ws_insert(DESK_READER, &d->pass.in_hand);
	expect_event(&w, CKR_OK, 0);
	start_waiting(&w);
	ws_plug("New 00 00");
	ws_insert("New 00 00", &d->other.in_hand);
	expect_event(&w, CKR_OK, 1);
	assert_rv(C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
	start_waiting(&w);
	assert_rv(C_Finalize(NULL), CKR_OK);
	expect_event(&w, CKR_CRYPTOKI_NOT_INITIALIZED, 77);
	assert_rv(C_Initialize(NULL), CKR_OK);
}

/* What is there when a program first looks is no news, in however many readers. */
static void
the_first_list_is_no_news(void **state)
{
	struct desk *d = *state;
	ck_slot_id_t slot = 77;

	assert_rv(C_Finalize(NULL), CKR_OK);
	ws_plug("Second 00 00");
	ws_insert("Second 00 00", &d->other.in_hand);
	assert_rv(C_Initialize(NULL), CKR_OK);
	assert_int_equal(count(1), 2);
	assert_rv(C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
	assert_int_equal(slot, 77);
}

/* A token that is reader and card in one, where there was no reader: it is news. */
static void
the_first_reader_is_news(void **state)
{
	struct desk *d = *state;
	struct wait w;

	assert_rv(C_Finalize(NULL), CKR_OK);
	ws_unplug(DESK_READER);
	assert_rv(C_Initialize(NULL), CKR_OK);
	assert_int_equal(count(0), 0);
	start_waiting(&w);
	ws_plug("Token 00 00");
	ws_insert("Token 00 00", &d->other.in_hand);
	for (int i = 0; i < 20 && count(1) == 0; i++)
		usleep(100000);
	usleep(500000);
	/* If it still waits, this ends it. */
	assert_rv(C_Finalize(NULL), CKR_OK);
	expect_event(&w, CKR_OK, 0);
	assert_rv(C_Initialize(NULL), CKR_OK);
}

/* A reader that went away is asked about by nobody, and not waited for in a hurry. */
static void
a_wait_is_no_hurry(void **state UNUSED)
{
	struct wait w;
	ck_slot_id_t slot;

	ws_plug("Second 00 00");
	assert_int_equal(count(0), 2);
	ws_unplug(DESK_READER);
	assert_rv(C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_OK);
	ws_hurry(false);
	ws_forget_counts();
	start_waiting(&w);
	usleep(1000000);
	assert_in_range(ws_calls(WS_CHANGE), 1, 40);
	assert_rv(C_Finalize(NULL), CKR_OK);
	expect_event(&w, CKR_CRYPTOKI_NOT_INITIALIZED, 77);
	assert_rv(C_Initialize(NULL), CKR_OK);
}

/*
 * Threads.
 */
static void *
sign_slowly(void *arg)
{
	ck_session_handle_t s = open_session(0, 0);

	*(ck_rv_t *)arg = login(s, CKU_USER, DESK_PIN);
	return NULL;
}

/* As works(), while the other slot's transaction is open. */
static void
works_beside(ck_slot_id_t slot)
{
	ck_session_handle_t s = open_session(slot, 0);

	assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
	assert_rv(sign(s, object(s, CKO_PRIVATE_KEY, KEY_AUTH)), CKR_OK);
	assert_rv(C_CloseAllSessions(slot), CKR_OK);
}

static void *
finalize(void *arg)
{
	*(ck_rv_t *)arg = C_Finalize(NULL);
	return NULL;
}

/* Vector 31, checklist 3: a card that hangs is nobody's but its own slot's; and C_Finalize waits. */
static void
one_card_hangs(void **state)
{
	struct desk *d = *state;
	pthread_t slow, end;
	ck_rv_t signed_rv = 1, end_rv = 1;

	ws_plug("Second 00 00");
	ws_insert("Second 00 00", &d->other.in_hand);
	assert_int_equal(count(1), 2);
	ws_stall(DESK_READER, true);
	assert_int_equal(pthread_create(&slow, NULL, sign_slowly, &signed_rv), 0);
	ws_await_stalled(DESK_READER);
	works_beside(1);
	assert_true(has_token(0));
	assert_int_equal(pthread_create(&end, NULL, finalize, &end_rv), 0);
	ws_stall(DESK_READER, false);
	pthread_join(slow, NULL);
	pthread_join(end, NULL);
	assert_rv(end_rv, CKR_OK);
	/* It had begun, so it ends well; what comes after the end is refused. */
	assert_true(signed_rv == CKR_OK || signed_rv == CKR_CRYPTOKI_NOT_INITIALIZED);
	assert_rv(C_Initialize(NULL), CKR_OK);
}

static atomic_uint made, dropped, taken, given;

static ck_rv_t
make_mutex(void **m)
{
	atomic_fetch_add(&made, 1);
	*m = malloc(sizeof(pthread_mutex_t));
	return *m != NULL && pthread_mutex_init(*m, NULL) == 0 ? CKR_OK : CKR_HOST_MEMORY;
}

static ck_rv_t
drop_mutex(void *m)
{
	atomic_fetch_add(&dropped, 1);
	pthread_mutex_destroy(m);
	free(m);
	return CKR_OK;
}

static ck_rv_t
take_mutex(void *m)
{
	atomic_fetch_add(&taken, 1);
	return pthread_mutex_lock(m) == 0 ? CKR_OK : CKR_MUTEX_BAD;
}

static ck_rv_t
give_mutex(void *m)
{
	atomic_fetch_add(&given, 1);
	return pthread_mutex_unlock(m) == 0 ? CKR_OK : CKR_MUTEX_NOT_LOCKED;
}

static void
mutexes_of_the_application(void **state UNUSED)
{
	struct ck_c_initialize_args args = { .create_mutex = make_mutex,
	    .destroy_mutex = drop_mutex, .lock_mutex = take_mutex, .unlock_mutex = give_mutex };

	assert_rv(C_Finalize(NULL), CKR_OK);
	assert_rv(C_Initialize(&args), CKR_OK);
	works(0);
	assert_rv(C_Finalize(NULL), CKR_OK);
	assert_true(made > 0 && taken > 0);
	assert_int_equal(made, dropped);
	assert_int_equal(taken, given);
	args.flags = CKF_OS_LOCKING_OK;
	made = 0;
	assert_rv(C_Initialize(&args), CKR_OK);
	works(0);
	assert_int_equal(made, 0);
}

static unsigned without_module;		/* threads of this program */

static void
no_thread_is_made(void **state UNUSED)
{
	struct ck_c_initialize_args args = { .flags = CKF_LIBRARY_CANT_CREATE_OS_THREADS };

	/* One of the module may still be on its way out. */
	assert_rv(C_Finalize(NULL), CKR_OK);
	assert_true(threads_are(without_module));
	assert_rv(C_Initialize(&args), CKR_OK);
	works(0);
	assert_true(threads_are(without_module));
}

/*
 * Processes.
 */
static int
in_child(int (*fn)(ck_session_handle_t s), ck_session_handle_t s)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		ws_forget_counts();
		_exit(fn(s));
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int
child_without(ck_session_handle_t s)
{
	ck_ulong n = 0;
	bool good = login(s, CKU_USER, DESK_PIN) == CKR_CRYPTOKI_NOT_INITIALIZED &&
	    sign(s, 1) == CKR_CRYPTOKI_NOT_INITIALIZED &&
	    C_CloseSession(s) == CKR_CRYPTOKI_NOT_INITIALIZED &&
	    C_GetSlotList(1, NULL, &n) == CKR_CRYPTOKI_NOT_INITIALIZED &&
	    C_Finalize(NULL) == CKR_CRYPTOKI_NOT_INITIALIZED;

	for (int i = 0; i < WS_CALLS; i++)
		good = good && ws_calls((enum ws_call)i) == 0;
	return !good;
}

static int
child_with(ck_session_handle_t s)
{
	ck_session_handle_t own;
	bool good = C_Initialize(NULL) == CKR_OK &&
	    login(s, CKU_USER, DESK_PIN) == CKR_SESSION_HANDLE_INVALID &&
	    C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &own) == CKR_OK &&
	    login(own, CKU_USER, DESK_PIN) == CKR_OK && C_Finalize(NULL) == CKR_OK;

	/* It gave back what it took, and nothing of its parent's. */
	return !good || ws_calls(WS_ESTABLISH) != ws_calls(WS_RELEASE) ||
	    ws_calls(WS_CONNECT) != ws_calls(WS_DISCONNECT);
}

/* Vector 69, defect 8, checklist 5. */
static void
children_leave_the_parent_alone(void **state UNUSED)
{
	ck_session_handle_t s;
	ck_object_handle_t key;

	/* A child leaves its parent's memory as it is, which to valgrind is lost. */
	if (under_valgrind())
		skip();
	s = open_session(0, 0);
	assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
	key = object(s, CKO_PRIVATE_KEY, KEY_AUTH);
	assert_int_equal(in_child(child_without, s), 0);
	assert_rv(sign(s, key), CKR_OK);
	assert_int_equal(in_child(child_with, s), 0);
	assert_rv(sign(s, key), CKR_OK);
}

static long
resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%*d %ld", &pages), 1);
	fclose(f);
	return pages;
}

/* The module itself, as a program loads it. */
static void
a_thousand_loads(void **state UNUSED)
{
	const char *build = getenv("builddir");
	unsigned threads = entries("/proc/self/task"), files = 0;
	char path[4096];
	long pages = 0;

	snprintf(path, sizeof(path), "%s/.libs/dezi-pkcs11.so", build != NULL ? build : ".");
	if (access(path, R_OK) != 0)
		skip();
	for (int i = 0; i < 1000; i++) {
		void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		ck_rv_t (*get)(struct ck_function_list **ret);
		struct ck_function_list *f;
		void *symbol;

		assert_non_null(so);
		symbol = dlsym(so, "C_GetFunctionList");
		memcpy(&get, &symbol, sizeof(get));
		assert_rv(get(&f), CKR_OK);
		assert_rv(f->C_Initialize(NULL), CKR_OK);
		assert_rv(f->C_Finalize(NULL), CKR_OK);
		assert_int_equal(dlclose(so), 0);
		if (i == 100) {
			pages = resident();
			files = entries("/proc/self/fd");
		}
	}
	assert_true(threads_are(threads));
	assert_int_equal(entries("/proc/self/fd"), files);
	if (!memory_is_watched())
		assert_true(resident() - pages < 256);
}

static int
setup(void **state UNUSED)
{
	setenv("PCSCLITE_CSOCK_NAME", "/nonexistent/pcscd.comm", 1);
	without_module = entries("/proc/self/task");
	return desk_setup("cache = no\n");
}

static int
teardown(void **state UNUSED)
{
	return desk_teardown();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(initialize_touches_no_card),
		DESK_TEST(readers_come_and_go),
		DESK_TEST(odd_names),
		DESK_TEST(strangers_are_left_in_peace),
		DESK_TEST(trouble_is_given_up),
		DESK_TEST(mute),
		DESK_TEST(another_program_is_alone_with_the_card),
		DESK_TEST(another_program_holds_the_card),
		DESK_TEST(pcscd_goes_and_comes),
		DESK_TEST(sleep_and_wake),
		DESK_TEST(events),
		DESK_TEST(the_first_list_is_no_news),
		DESK_TEST(the_first_reader_is_news),
		DESK_TEST(a_wait_is_no_hurry),
		DESK_TEST(one_card_hangs),
		DESK_TEST(mutexes_of_the_application),
		DESK_TEST(no_thread_is_made),
		DESK_TEST(children_leave_the_parent_alone),
		cmocka_unit_test(a_thousand_loads),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
