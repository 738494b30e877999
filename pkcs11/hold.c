/* SPDX-License-Identifier: EUPL-1.2 */
/* The end of a transaction that waits for an operation in vain. */
#include "pkcs11/hold.h"

#include "base/clock.h"
#include "card/thread.h"
#include "pkcs11/log.h"
#include "pkcs11/session.h"

#define HOLD_MS		5000	/* how long others wait for an operation after its PIN */

static bool
is_held(const struct slot *s)
{
	return s->token != NULL && card_is_held(s->token->card);
}

void
hold_look(struct slot *s)
{
	if (!is_held(s) || clock_boot_ms() < s->hold.until)
		return;
	say(LOG_LEVEL_INFO, "%s: no operation came after its PIN", s->name);
	token_release(s->token);
	sessions_disallow(s);
}

/* Time until it ends; 0: nothing is left to watch. */
static int
look(struct slot *s)
{
	struct lock *held AUTO(lock_leave) = lock_enter(&s->lock);

	(void)held;
	hold_look(s);
	s->hold.watched = is_held(s) && !module_is_ending();
	return s->hold.watched ? (int)(s->hold.until - clock_boot_ms()) + 1 : 0;
}

/* It is inside the module as a call of the program is: C_Finalize waits until it left. */
static void *
watch(void *arg)
{
	for (int ms = HOLD_MS; ms > 0; ms = look(arg))
		(void)module_sleep(ms);
	module_leave();
	return NULL;
}

void
hold_join(struct slot *s)
{
	if (s->hold.made)
		pthread_join(s->hold.thread, NULL);
	s->hold.made = false;
}

void
hold_begin(struct slot *s)
{
	s->hold.until = clock_boot_ms() + HOLD_MS;
	if (s->hold.watched || !module_threads())
		return;
	hold_join(s);	/* it takes no lock any more */
	if (module_enter() != CKR_OK)
		return;		/* C_Finalize has begun, and ends the transaction */
	if (thread_start(watch, s, &s->hold.thread) == ERR_OK) {
		s->hold.made = s->hold.watched = true;
		return;
	}
	module_leave();
	say(LOG_LEVEL_WARN, "nobody watches a transaction: %s", err_trail());
}
