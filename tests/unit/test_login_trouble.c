/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One login from top to bottom, on our own card stack and a virtual pass, with no memory
 * at each allocation, and a failure of each call to PC/SC: no half an assertion gets out,
 * nothing is lost, no block holds or held the PIN, the pass is closed behind it (T8).
 */
#include "tests/check.h"

#include <winscard.h>

#include "jose/json.h"
#include "means/find.h"
#include "tests/unit/heap.h"
#include "tests/unit/login_bench.h"
#include "tests/unit/wallet.h"

static struct wallet_card pass;
static struct pcsc *pcsc;

static void *
take(size_t n)
{
	return malloc(n);
}

static void
give_back(void *p)
{
	free(p);
}

/*
 * The world: bench's clocks, but cards and PIN as the worker has them.
 */
static enum err
find_means(void *arg UNUSED, const struct login_request *rq UNUSED, struct means **ret,
    struct means_view *ret_view)
{
	const struct native_search s = { .o = wallet_options };
	AUTO(means_close) struct means *m = NULL;
	struct pcsc_reader_state found;
	struct reader *r = NULL;
	enum err e;

	if ((e = native_find(pcsc, &s, &found)) != ERR_OK ||
	    (e = pcsc_connect(pcsc, found.name, &r)) != ERR_OK ||
	    (e = native_open(r, &wallet_options, &m)) != ERR_OK ||
	    (e = m->ops->look(m, ret_view)) != ERR_OK)
		return e;
	*ret = m;
	m = NULL;
	return ERR_OK;
}

static enum err
type_pin(void *arg UNUSED, const struct login_prompt *p UNUSED, struct secret *ret)
{
	return secret_set(ret, cur_str(WALLET_PIN));
}

static enum err
run(struct bench *b)
{
	enum err e;

	if ((e = pcsc_open(&pcsc)) == ERR_OK && (e = pcsc_prepare(pcsc)) == ERR_OK)
		e = login_run(&b->w, &b->rq, &b->ret);
	pcsc_close(&pcsc);
	return e;
}

static enum err
course(struct bench *b, long no_memory, enum ws_call call, unsigned n, long rv)
{
	enum err e;

	ws_start();
	ws_hurry(true);
	ws_allow_resets(true);
	ws_secret(WALLET_PIN);
	ws_plug(WALLET_READER);
	wallet_renew(&pass);
	ws_insert(WALLET_READER, &pass.in_hand);
	if (n != 0)
		ws_fail(call, n, rv);
	b->w.means = find_means;
	b->w.ask_pin = type_pin;
	heap_watch(no_memory);
	e = run(b);
	heap_spare();
	if ((b->ret.assertion.len != 0) != (e == ERR_OK))
		print_error("%zu bytes with %s\n", b->ret.assertion.len, err_word(e));
	assert_int_equal(b->ret.assertion.len != 0, e == ERR_OK);
	login_result_free(&b->ret);
	b->ret = (struct login_result){ .serial = "" };
	heap_rest();
	if (heap_live() != 0 || heap_spilled() != 0 || heap_holding() != 0)
		print_error("%ld, %s %u: %s: %zu left, with a PIN %zu and %zu\n", no_memory,
		    call < WS_CALLS ? ws_call_name(call) : "", n, err_trail(), heap_live(),
		    heap_holding(), heap_spilled());
	assert_int_equal(heap_live() + heap_spilled() + heap_holding(), 0);
	assert_string_equal(ws_end(), "");
	assert_false(vcard_is_verified(pass.card));
	return e;
}

/* Every point; but valgrind looks at some only. */
static unsigned
stride(void)
{
	return under_valgrind() ? 997 : 1;
}

static void
no_memory(void **state)
{
	long n = 0;
	enum err e;

	do {
		n += stride();
		e = course(*state, n, WS_CALLS, 0, 0);
		assert_true(e == ERR_OK || heap_failed());
	} while (heap_failed());
	assert_int_equal(e, ERR_OK);
	assert_true(n > 100);
}

static void
every_failure_of_pcsc(void **state)
{
	static const long words[] = { SCARD_W_REMOVED_CARD, SCARD_W_RESET_CARD,
	    SCARD_F_COMM_ERROR, SCARD_E_NO_SERVICE };
	unsigned count[WS_CALLS];

	assert_ok(course(*state, 0, WS_CALLS, 0, 0));
	for (size_t i = 0; i < WS_CALLS; i++)
		count[i] = ws_calls((enum ws_call)i);
	for (size_t i = 0; i < WS_CALLS; i++)
		for (unsigned n = 1; n <= count[i]; n += stride())
			for (size_t k = 0; k < NELEM(words); k++)
				(void)course(*state, 0, (enum ws_call)i, n, words[k]);
}

static int
setup(void **state)
{
	/* jansson, and libjose with it, allocates for us. */
	json_set_alloc_funcs(take, give_back);
	if (bench_group(state) != 0 || wallet_setup(state) != 0)
		return -1;
	wallet_options.keypads = NULL;
	wallet_login = &bench_pass;
	wallet_make(&pass, WALLET_UZI, 1, false);
	heap_secret(WALLET_PIN);
	ws_around(heap_outside);
	return 0;
}

static int
teardown(void **state)
{
	ws_around(NULL);
	wallet_drop(&pass);
	return wallet_teardown(state) != 0 || bench_group_end(state) != 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_memory, bench_start, bench_end),
		cmocka_unit_test_setup_teardown(every_failure_of_pcsc, bench_start, bench_end),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
