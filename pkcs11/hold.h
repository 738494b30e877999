/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A transaction that is held between the PIN for one operation and the operation: nobody
 * else comes to the card meanwhile, so it ends after some seconds, whatever the program
 * does.  For that there is a thread while there is such a transaction, where threads may
 * be made; else it ends with the program's next call that names a session.
 */
#ifndef DEZI_PKCS11_HOLD_H
#define DEZI_PKCS11_HOLD_H

#include <pthread.h>

#include "base/def.h"

struct slot;

/* Of one slot.  With its lock, but for hold_join(). */
struct hold {
	int64_t	 until;			/* clock_boot_ms() */
	pthread_t thread;
	bool	 made;			/* the thread, which was not waited for yet */
	bool	 watched;		/* ... and which looks again */
};

/* Right after card_hold(). */
void hold_begin(struct slot *s);
/* End it if it is time. */
void hold_look(struct slot *s);
/* In C_Finalize, without the slot's lock, when nobody is inside. */
void hold_join(struct slot *s);

#endif
