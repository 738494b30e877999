/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * May this caller have this login?  Every decision before a window opens that depends
 * on the configuration alone (DESIGN sections 4 and 5).  Pure.
 */
#ifndef DEZI_AGENT_POLICY_H
#define DEZI_AGENT_POLICY_H

#include "agent/ask.h"
#include "agent/caller.h"
#include "host/conf.h"
#include "login/challenge.h"

/*
 * What can be decided before a broker hears of it: program, extension, frame, and which
 * broker.  ERR_NOT_ALLOWED.
 */
MUST_CHECK enum err policy_ask(const struct host_conf *c, const struct ask *a,
    const struct caller *who, const struct host_broker **ret);

/*
 * Does the challenge belong to what was asked?  With an origin: only for a page of
 * exactly that origin in the top frame.  Without: only for a native caller, and only a
 * client that the configuration names.  ERR_NOT_ALLOWED (T3, T18).
 */
MUST_CHECK enum err policy_challenge(const struct host_conf *c, const struct ask *a,
    const struct challenge *ch);

/* Is next a renewal of first: does it ask the person for the very same? */
bool policy_is_renewal(const struct challenge *first, const struct challenge *next);

/* The code that a page may learn instead of e (T32). */
enum err policy_for_page(enum err e);

#endif
