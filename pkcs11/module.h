/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Between C_Initialize and C_Finalize, and in the process that called them: every C_
 * function begins here.  No lock is held inside; C_Finalize waits until nobody is.
 */
#ifndef DEZI_PKCS11_MODULE_H
#define DEZI_PKCS11_MODULE_H

#include "base/def.h"
#include "pkcs11/cryptoki.h"

/* CKR_CRYPTOKI_NOT_INITIALIZED: also in a child after fork(), and once C_Finalize began. */
ck_rv_t module_enter(void);
void module_leave(void);

/* For those who wait inside: false when C_Finalize wants them out, true after ms. */
bool module_sleep(int ms);
bool module_is_ending(void);

/* May threads be made (CKF_LIBRARY_CANT_CREATE_OS_THREADS)? */
bool module_threads(void);

/* struct visit v AUTO(visit_end) = visit(); if (v.rv != CKR_OK) return v.rv; */
struct visit {
	ck_rv_t rv;
};

static inline struct visit
visit(void)
{
	return (struct visit){ module_enter() };
}

static inline void
visit_end(struct visit *v)
{
	if (v->rv == CKR_OK)
		module_leave();
}

#define VISIT()								\
	AUTO(visit_end) struct visit visit_here = visit();		\
	if (visit_here.rv != CKR_OK)					\
		return visit_here.rv

#endif
