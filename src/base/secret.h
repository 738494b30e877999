/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A PIN (or PUK): fixed size, never on the heap, passed by pointer, wiped on
 * every way out.
 *
 *	AUTO(secret_wipe) struct secret pin = { 0 };
 *
 * Only dezi-login-worker, dezi (pin) and the PKCS#11 module ever hold one.  A
 * process that does calls secret_lock_process() first.
 */
#ifndef DEZI_BASE_SECRET_H
#define DEZI_BASE_SECRET_H

#include "base/cur.h"
#include "base/err.h"

#define SECRET_MAX	64

struct secret {
	uint8_t p[SECRET_MAX];
	size_t	len;
};

void secret_wipe(struct secret *s);

/* Copy c in.  ERR_LIMIT (and s is empty) when it is longer than SECRET_MAX. */
MUST_CHECK enum err secret_set(struct secret *s, struct cur c);

static inline struct cur
secret_view(const struct secret *s)
{
	return cur_of(s->p, s->len);
}

/*
 * No core file, not dumpable, not traceable by the same user, memory locked where
 * the limit allows.  Best effort: what could not be had is told in *ret_missing,
 * a short English list or "".
 */
void secret_lock_process(const char **ret_missing);

#endif
