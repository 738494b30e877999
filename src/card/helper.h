/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A thread for calls that may block for ever, as those of PC/SC do while another
 * program holds a transaction: the caller waits only so long.  A call that was given
 * up goes on by itself and is undone when it ends; until then the helper takes no
 * other one.
 */
#ifndef DEZI_CARD_HELPER_H
#define DEZI_CARD_HELPER_H

#include "base/err.h"

#define HELPER_JOB	8192	/* bytes of a job at most */

struct helper;

/*
 * finish(arg) is called once, at the end of the thread; that may be after
 * helper_stop(), when a call was given up.
 */
MUST_CHECK enum err helper_start(void (*finish)(void *arg), void *arg,
    struct helper **ret);
void helper_stop(struct helper **h);

/*
 * Call fn on the helper's thread with a copy of job (size bytes), and copy it back.
 * The copy is wiped.  ERR_TIMEOUT after ms: undo (NULL: nothing) is called with the
 * copy, there, when fn has ended.  ERR_BUSY: an earlier call has not ended yet.
 */
MUST_CHECK enum err helper_call(struct helper *h, void (*fn)(void *job),
    void (*undo)(void *job), void *job, size_t size, int ms);
/*
 * The same; stop (NULL: none) is called now and then while fn runs.  When it says anything
 * but ERR_OK, that is the result, as if the time were over.
 */
typedef enum err helper_stop_fn(void *arg);
MUST_CHECK enum err helper_call_unless(struct helper *h, void (*fn)(void *job),
    void (*undo)(void *job), void *job, size_t size, int ms, helper_stop_fn *stop, void *arg);

#endif
