/* SPDX-License-Identifier: EUPL-1.2 */
/* Mutexes as C_Initialize chose them. */
#include "pkcs11/lock.h"

/* NULL: the system's.  Set while C_Initialize runs alone, read by everybody after it. */
static struct ck_c_initialize_args theirs;

ck_rv_t
lock_choose(const struct ck_c_initialize_args *args)
{
	int given;

	theirs = (struct ck_c_initialize_args){ 0 };
	if (args == NULL)
		return CKR_OK;
	given = (args->create_mutex != NULL) + (args->destroy_mutex != NULL) +
	    (args->lock_mutex != NULL) + (args->unlock_mutex != NULL);
	if (args->reserved != NULL || (given != 0 && given != 4))
		return CKR_ARGUMENTS_BAD;
	/* Both offered: the system's are faster and known to work. */
	if (given == 4 && (args->flags & CKF_OS_LOCKING_OK) == 0)
		theirs = *args;
	return CKR_OK;
}

ck_rv_t
lock_make(struct lock *l)
{
	*l = (struct lock){ 0 };
	if (theirs.create_mutex != NULL) {
		if (theirs.create_mutex(&l->theirs) != CKR_OK)
			return CKR_CANT_LOCK;
	} else if (pthread_mutex_init(&l->ours, NULL) != 0) {
		return CKR_CANT_LOCK;
	}
	l->made = true;
	return CKR_OK;
}

void
lock_destroy(struct lock *l)
{
	if (!l->made)
		return;
	if (theirs.create_mutex != NULL)
		theirs.destroy_mutex(l->theirs);
	else
		pthread_mutex_destroy(&l->ours);
	l->made = false;
}

void
lock_take(struct lock *l)
{
	if (theirs.create_mutex != NULL)
		theirs.lock_mutex(l->theirs);
	else
		pthread_mutex_lock(&l->ours);
}

void
lock_give(struct lock *l)
{
	if (theirs.create_mutex != NULL)
		theirs.unlock_mutex(l->theirs);
	else
		pthread_mutex_unlock(&l->ours);
}
