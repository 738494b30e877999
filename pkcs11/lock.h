/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Mutexes: the application's own, the system's, or none, as C_Initialize was told
 * (PKCS #11 section 5.4, C_Initialize).
 */
#ifndef DEZI_PKCS11_LOCK_H
#define DEZI_PKCS11_LOCK_H

#include <pthread.h>

#include "base/def.h"
#include "pkcs11/cryptoki.h"

struct lock {
	void	       *theirs;		/* the application's mutex, or NULL */
	pthread_mutex_t ours;
	bool	        made;
};

/*
 * Decide from the arguments of C_Initialize (NULL: one thread, yet we lock all the same:
 * it costs nothing and many callers are wrong about themselves).
 *	CKR_ARGUMENTS_BAD	some but not all of the four functions, or pReserved
 *	CKR_CANT_LOCK		the application's functions are needed and are not given
 */
ck_rv_t lock_choose(const struct ck_c_initialize_args *args);

ck_rv_t lock_make(struct lock *l);
void lock_destroy(struct lock *l);
void lock_take(struct lock *l);
void lock_give(struct lock *l);

/* struct lock *held AUTO(lock_leave) = lock_enter(l); */
static inline struct lock *
lock_enter(struct lock *l)
{
	lock_take(l);
	return l;
}

static inline void
lock_leave(struct lock **l)
{
	if (*l != NULL)
		lock_give(*l);
	*l = NULL;
}

#endif
