/* SPDX-License-Identifier: EUPL-1.2 */
/* The state of the module, and who is inside. */
#include "pkcs11/module.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "card/thread.h"
#include "pkcs11/ckr.h"
#include "pkcs11/crypto.h"
#include "pkcs11/lock.h"
#include "pkcs11/log.h"
#include "pkcs11/slot.h"

enum phase { CLOSED, CHANGING, OPEN, ENDING };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum phase phase;
	unsigned inside;		/* calls that have not returned */
	bool	 threads;
} gate = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* The process for which gate speaks; 0: none yet, -1: it is just being taken over. */
static atomic_int owner;

/*
 * A child of the process that initialised us starts anew.  Whatever the parent had, its
 * locks and its connections to pcscd, is left as it is and never touched (PKCS #11
 * section 5.4, C_Initialize): only the memory is lost.
 */
static void
take_over(void)
{
	int self = getpid(), was = atomic_load(&owner);

	while (was != self) {
		if (was != -1 && atomic_compare_exchange_weak(&owner, &was, -1)) {
			pthread_mutex_init(&gate.lock, NULL);
			thread_cond_init(&gate.changed);
			gate.phase = CLOSED;
			gate.inside = 0;
			slots_abandon();
			crypto_abandon();
			conf_end();	/* only memory: it is ours to free */
			atomic_store(&owner, self);
		} else {
			sched_yield();
		}
		was = atomic_load(&owner);
	}
}

static bool
is_ours(void)
{
	return atomic_load(&owner) == getpid();
}

static ck_rv_t
start(const struct ck_c_initialize_args *args)
{
	ck_rv_t rv;
	enum err r;

	if ((rv = lock_choose(args)) != CKR_OK)
		return rv;
	gate.threads = args == NULL || (args->flags & CKF_LIBRARY_CANT_CREATE_OS_THREADS) == 0;
	if ((r = conf_start()) != ERR_OK) {
		say(LOG_LEVEL_ERROR, "C_Initialize: %s: %s", err_word(r), err_trail());
		conf_end();
		return r == ERR_NOMEM ? CKR_HOST_MEMORY : CKR_FUNCTION_FAILED;
	}
	if ((rv = slots_start()) != CKR_OK)
		conf_end();
	return rv;
}

/* Wait until nobody initialises or finalises; then take the turn. */
static ck_rv_t
take_turn(enum phase wanted, ck_rv_t otherwise)
{
	ck_rv_t rv = CKR_OK;

	pthread_mutex_lock(&gate.lock);
	while (gate.phase == CHANGING || gate.phase == ENDING)
		pthread_cond_wait(&gate.changed, &gate.lock);
	if (gate.phase == wanted)
		gate.phase = wanted == OPEN ? ENDING : CHANGING;
	else
		rv = otherwise;
	pthread_mutex_unlock(&gate.lock);
	return rv;
}

static void
give_turn(enum phase now)
{
	pthread_mutex_lock(&gate.lock);
	gate.phase = now;
	pthread_cond_broadcast(&gate.changed);
	pthread_mutex_unlock(&gate.lock);
}

ck_rv_t
C_Initialize(void *args)
{
	ck_rv_t rv;

	take_over();
	rv = take_turn(CLOSED, CKR_CRYPTOKI_ALREADY_INITIALIZED);
	if (rv != CKR_OK)
		return rv;
	rv = start(args);
	give_turn(rv == CKR_OK ? OPEN : CLOSED);
	return rv;
}

/* Those who wait for a slot event look up and leave; the others finish what they do. */
static void
wait_until_empty(void)
{
	pthread_mutex_lock(&gate.lock);
	pthread_cond_broadcast(&gate.changed);
	while (gate.inside != 0)
		pthread_cond_wait(&gate.changed, &gate.lock);
	pthread_mutex_unlock(&gate.lock);
}

ck_rv_t
C_Finalize(void *reserved)
{
	ck_rv_t rv;

	if (reserved != NULL) {
		VISIT();
		return CKR_ARGUMENTS_BAD;
	}
	if (!is_ours())
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	rv = take_turn(OPEN, CKR_CRYPTOKI_NOT_INITIALIZED);
	if (rv != CKR_OK)
		return rv;
	wait_until_empty();
	slots_end();
	conf_end();
	crypto_end();
	give_turn(CLOSED);
	return CKR_OK;
}

ck_rv_t
module_enter(void)
{
	ck_rv_t rv = CKR_CRYPTOKI_NOT_INITIALIZED;

	if (!is_ours())
		return rv;
	pthread_mutex_lock(&gate.lock);
	if (gate.phase == OPEN) {
		gate.inside++;
		rv = CKR_OK;
	}
	pthread_mutex_unlock(&gate.lock);
	return rv;
}

void
module_leave(void)
{
	pthread_mutex_lock(&gate.lock);
	gate.inside--;
	if (gate.phase == ENDING)
		pthread_cond_broadcast(&gate.changed);
	pthread_mutex_unlock(&gate.lock);
}

bool
module_is_ending(void)
{
	bool is;

	pthread_mutex_lock(&gate.lock);
	is = gate.phase != OPEN;
	pthread_mutex_unlock(&gate.lock);
	return is;
}

bool
module_sleep(int ms)
{
	struct timespec until = thread_after(ms);
	bool ending;

	pthread_mutex_lock(&gate.lock);
	while (gate.phase == OPEN &&
	    pthread_cond_timedwait(&gate.changed, &gate.lock, &until) != ETIMEDOUT)
		continue;
	ending = gate.phase != OPEN;
	pthread_mutex_unlock(&gate.lock);
	return !ending;
}

bool
module_threads(void)
{
	return gate.threads;
}
