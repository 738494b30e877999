/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The heap of the code under test: each block that it takes and gives back, allocations
 * that fail on demand, and secrets that stand in it where none may.
 *
 * A program that uses it is linked with HEAP_WRAP; only what is linked into it counts,
 * not shared libraries.  May be used from any thread.
 */
#ifndef DEZI_TESTS_HEAP_H
#define DEZI_TESTS_HEAP_H

#include <stdbool.h>
#include <stddef.h>

#define HEAP_SECRETS	4

/* Forget all that was seen, and watch.  fail: the allocation that fails; 0: none does. */
void heap_watch(long fail);
void heap_rest(void);
/* The one that was to fail did. */
bool heap_failed(void);
/* No allocation fails any more; blocks are still counted. */
void heap_spare(void);

/* What no block may hold: bytes of a PIN as they go over the wire. */
void heap_secret(const char *secret);
void heap_no_secrets(void);

/* Since heap_watch(). */
size_t heap_live(void);			/* blocks that were not given back */
size_t heap_peak(void);			/* bytes, at most at one time */
size_t heap_spilled(void);		/* blocks given back with a secret in them */
size_t heap_holding(void);		/* live ones with a secret in them */

/* Between true and false, on this thread: not the code under test but its world. */
void heap_outside(bool in);

#endif
