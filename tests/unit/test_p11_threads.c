/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Eight threads with sixteen sessions do everything at once while cards come, go and are
 * reset by others: for DEZI_TEST_SECONDS, as a rule two.  Each answer is one that makes
 * sense then, nothing is left behind, and the end finds threads inside (checklist 3, 4).
 */
#include "tests/check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/p11_desk.h"

#define THREADS		8
#define PER_THREAD	2
#define READERS		4
#define CALM_TURN_USEC	10000
#define CALM_TURNS	12000		/* two minutes: enough under valgrind */

static struct pass passes[READERS - 1];
static struct ws_card alien;
static const unsigned file_not_found = 0x6a82;
static char names[READERS][32];
static atomic_bool calm, over;
static atomic_ulong bad, signatures, calls;

struct chance {
	uint64_t x;
};

static unsigned
draw(struct chance *c, unsigned n)
{
	c->x ^= c->x << 13;
	c->x ^= c->x >> 7;
	c->x ^= c->x << 17;
	return (unsigned)(c->x >> 33) % n;
}

/* What may come of any call, while the world goes to pieces. */
static bool
is_sane(ck_rv_t rv)
{
	static const ck_rv_t sane[] = {
		CKR_OK, CKR_DEVICE_REMOVED, CKR_TOKEN_NOT_PRESENT, CKR_TOKEN_NOT_RECOGNIZED,
		CKR_SESSION_HANDLE_INVALID, CKR_USER_NOT_LOGGED_IN, CKR_USER_ALREADY_LOGGED_IN,
		CKR_USER_ANOTHER_ALREADY_LOGGED_IN, CKR_KEY_HANDLE_INVALID,
		CKR_OBJECT_HANDLE_INVALID, CKR_OPERATION_NOT_INITIALIZED, CKR_OPERATION_ACTIVE,
		CKR_NO_EVENT, CKR_DEVICE_ERROR, CKR_SESSION_READ_ONLY_EXISTS,
		CKR_SESSION_READ_WRITE_SO_EXISTS, CKR_BUFFER_TOO_SMALL,
	};

	for (size_t i = 0; i < NELEM(sane); i++)
		if (rv == sane[i])
			return true;
	return false;
}

static ck_rv_t
check(ck_rv_t rv)
{
	unsigned long none = 0;

	atomic_fetch_add(&calls, 1);
	if (!is_sane(rv))
		atomic_compare_exchange_strong(&bad, &none, rv);
	return rv;
}

struct worker {
	pthread_t thread;
	struct chance chance;
	ck_session_handle_t s[PER_THREAD];
	ck_slot_id_t slot[PER_THREAD];
};

static void
look_around(struct worker *w)
{
	ck_slot_id_t slots[8], slot = draw(&w->chance, READERS);
	struct ck_slot_info info;
	struct ck_token_info token;
	ck_ulong n = NELEM(slots);

	check(C_GetSlotList((unsigned char)draw(&w->chance, 2), slots, &n));
	check(C_GetSlotInfo(slot, &info));
	check(C_GetTokenInfo(slot, &token));
	check(C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL));
}

static void
use_key(ck_session_handle_t s, ck_object_class_t class, unsigned which)
{
	struct ck_attribute a = { CKA_CLASS, &class, sizeof(class) };
	struct ck_mechanism m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	ck_object_handle_t found[8];
	unsigned char out[512], in[] = "data";
	ck_ulong n = 0, n_out = sizeof(out);

	if (check(C_FindObjectsInit(s, &a, 1)) != CKR_OK)
		return;
	check(C_FindObjects(s, found, NELEM(found), &n));
	check(C_FindObjectsFinal(s));
	if (n == 0 || class != CKO_PRIVATE_KEY)
		return;
	/* The last of three keys does not sign. */
	if (check(C_SignInit(s, &m, found[which % (n > 2 ? 2 : n)])) == CKR_OK &&
	    check(C_Sign(s, in, sizeof(in), out, &n_out)) == CKR_OK)
		atomic_fetch_add(&signatures, 1);
}

static void
sign_with_pin(ck_session_handle_t s, bool forgets)
{
	ck_object_class_t class = CKO_PRIVATE_KEY;
	struct ck_attribute a = { CKA_CLASS, &class, sizeof(class) };
	struct ck_mechanism m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	ck_object_handle_t found[3];
	unsigned char out[512], in[] = "data";
	ck_ulong n = 0, n_out = sizeof(out);

	if (check(C_FindObjectsInit(s, &a, 1)) != CKR_OK)
		return;
	check(C_FindObjects(s, found, NELEM(found), &n));
	check(C_FindObjectsFinal(s));
	if (n != NELEM(found) || check(C_SignInit(s, &m, found[KEY_SIGN])) != CKR_OK)
		return;
	check(login(s, CKU_CONTEXT_SPECIFIC, DESK_PIN));
	if (!forgets)
		check(C_Sign(s, in, sizeof(in), out, &n_out));
}

static void
digest(ck_session_handle_t s)
{
	struct ck_mechanism m = { CKM_SHA256, NULL, 0 };
	unsigned char out[64], in[100] = { 0 };
	ck_ulong n = sizeof(out);

	if (check(C_DigestInit(s, &m)) != CKR_OK)
		return;
	check(C_DigestUpdate(s, in, sizeof(in)));
	check(C_DigestFinal(s, out, &n));
	check(C_GenerateRandom(s, out, sizeof(out)));
}

static void
one_thing(struct worker *w)
{
	unsigned i = draw(&w->chance, PER_THREAD);
	ck_session_handle_t *s = &w->s[i];
	struct ck_session_info info;

	switch (draw(&w->chance, 12)) {
	case 0:
		look_around(w);
		break;
	case 1:
	case 2:
		check(C_CloseSession(*s));
		w->slot[i] = draw(&w->chance, READERS);
		check(C_OpenSession(w->slot[i], CKF_SERIAL_SESSION |
		    (draw(&w->chance, 2) ? CKF_RW_SESSION : 0), NULL, NULL, s));
		break;
	case 3:
	case 4:
		check(login(*s, CKU_USER, DESK_PIN));
		break;
	case 5:
		if (draw(&w->chance, 4) == 0)
			check(C_Logout(*s));
		break;
	case 6:
		digest(*s);
		break;
	case 7:
		check(C_GetSessionInfo(*s, &info));
		check(C_SessionCancel(*s, CKF_SIGN | CKF_FIND_OBJECTS));
		break;
	case 8:
		if (draw(&w->chance, 8) == 0)
			check(C_CloseAllSessions(w->slot[i]));
		use_key(*s, CKO_CERTIFICATE, 0);
		break;
	case 9:
		sign_with_pin(*s, draw(&w->chance, 4) == 0);
		break;
	default:
		use_key(*s, CKO_PRIVATE_KEY, draw(&w->chance, 2));
		break;
	}
}

static void *
work(void *arg)
{
	struct worker *w = arg;

	while (!atomic_load(&over))
		one_thing(w);
	return NULL;
}

/* Blocks until C_Finalize. */
static void *
await(void *arg)
{
	ck_slot_id_t slot;
	ck_rv_t *rv = arg;

	while ((*rv = C_WaitForSlotEvent(0, &slot, NULL)) == CKR_OK)
		continue;
	return NULL;
}

static const struct ws_card *
card_of(size_t i)
{
	return i < NELEM(passes) ? &passes[i].in_hand : &alien;
}

/* The desk, and other programs. */
static void *
disturb(void *arg)
{
	struct chance c = { 88172645463325252ULL };
	bool in[READERS] = { true, true, true, true };
	size_t i;

	(void)arg;
	while (!atomic_load(&calm)) {
		i = draw(&c, READERS);
		switch (draw(&c, 8)) {
		case 0:
			if (in[i])
				ws_remove(names[i]);
			in[i] = false;
			break;
		case 1:
		case 2:
			if (!in[i])
				ws_insert(names[i], card_of(i));
			in[i] = true;
			break;
		case 3:
			ws_other_selects(names[i]);
			break;
		case 4:
			if (draw(&c, 20) == 0) {
				ws_service_stop(0x8010001d);
				usleep(3000);
				ws_service_start();
			}
			break;
		default:
			ws_other_resets(names[i]);
			break;
		}
		usleep(2000 + draw(&c, 6000));
	}
	for (i = 0; i < READERS; i++)
		if (!in[i])
			ws_insert(names[i], card_of(i));
	return NULL;
}

static unsigned
seconds(void)
{
	const char *s = getenv("DEZI_TEST_SECONDS");
	unsigned long n = s != NULL ? strtoul(s, NULL, 10) : 0;

	return n > 0 && n < 3600 ? (unsigned)n : 2;
}

static void
everything_at_once(void **state UNUSED)
{
	static struct worker workers[THREADS];
	pthread_t waiter, desk;
	ck_rv_t woken = CKR_OK;

	assert_int_equal(pthread_create(&waiter, NULL, await, &woken), 0);
	assert_int_equal(pthread_create(&desk, NULL, disturb, NULL), 0);
	for (size_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .chance = { 1234567 + 7919 * i } };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	sleep(seconds());
	/* On a slow machine nobody came to sign between two disturbances. */
	atomic_store(&calm, true);
	pthread_join(desk, NULL);
	for (int i = 0; i < CALM_TURNS && atomic_load(&signatures) == 0; i++)
		usleep(CALM_TURN_USEC);
	atomic_store(&over, true);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	assert_rv(C_Finalize(NULL), CKR_OK);
	pthread_join(waiter, NULL);
	print_message("%lu calls, %lu signatures\n", atomic_load(&calls),
	    atomic_load(&signatures));
	assert_rv(woken, CKR_CRYPTOKI_NOT_INITIALIZED);
	assert_int_equal(atomic_load(&bad), 0);
	assert_true(atomic_load(&signatures) > 0);
	assert_string_equal(ws_end(), "");
	assert_int_equal(ws_resets(), 0);
	for (size_t i = 0; i < NELEM(passes); i++)
		assert_int_equal(vcard_state(passes[i].card)->tries[USER_PIN], 3);
}

static int
setup(void **state UNUSED)
{
	if (desk_setup("cache = no\n") != 0)
		return -1;
	ws_start();
	ws_secret(DESK_PIN);
	ws_hurry(true);
	stranger(&alien, &file_not_found);
	for (size_t i = 0; i < READERS; i++) {
		snprintf(names[i], sizeof(names[i]), "Reader %02zu 00", i);
		ws_plug(names[i]);
		if (i < NELEM(passes))
			pass_make(&passes[i], (unsigned)i + 1, i == 1);
		ws_insert(names[i], card_of(i));
	}
	return C_Initialize(NULL) == CKR_OK ? 0 : -1;
}

static int
teardown(void **state UNUSED)
{
	for (size_t i = 0; i < NELEM(passes); i++)
		pass_drop(&passes[i]);
	return desk_teardown();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_at_once),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
