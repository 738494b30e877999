/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * When a lease must be renewed, and when it has run out without anybody telling us
 * (T35).  Milliseconds of CLOCK_BOOTTIME, given by the caller.  Pure.
 */
#ifndef DEZI_AGENT_LEASE_H
#define DEZI_AGENT_LEASE_H

#include "base/def.h"

struct lease {
	int64_t	length_ms;
	int64_t	over_ms;	/* from then on the broker has ended the session */
	int64_t	next_ms;	/* renew at */
};

/* asked_ms: when the call that the broker answered was begun, never later. */
void lease_begin(struct lease *l, int seconds, int64_t asked_ms);
/* The broker renewed it. */
void lease_renewed(struct lease *l, int64_t asked_ms);
/* No answer, or none that ended the session: try again soon. */
void lease_missed(struct lease *l, int64_t now_ms);
static inline bool
lease_is_over(const struct lease *l, int64_t now_ms)
{
	return now_ms >= l->over_ms;
}

#endif
