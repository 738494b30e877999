/* SPDX-License-Identifier: EUPL-1.2 */
/* Arithmetic of leases. */
#include "agent/lease.h"

#define RETRY_MS	1000

void
lease_begin(struct lease *l, int seconds, int64_t asked_ms)
{
	l->length_ms = (int64_t)seconds * 1000;
	lease_renewed(l, asked_ms);
}

void
lease_renewed(struct lease *l, int64_t asked_ms)
{
	l->over_ms = asked_ms + l->length_ms;
	/* Two renewals may be lost before the session is. */
	l->next_ms = asked_ms + l->length_ms / 3;
}

void
lease_missed(struct lease *l, int64_t now_ms)
{
	int64_t pause = l->length_ms / 6;

	l->next_ms = now_ms + (pause < RETRY_MS ? pause : RETRY_MS);
}
