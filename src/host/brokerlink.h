/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The agent's calls to a broker (docs/broker-protocol.md), in a loop.  Where a call goes
 * is said by the configuration alone (T1).  Before each the socket and every folder above
 * it must be root's or the owner's and nobody else's to write, and the peer must be one
 * of these two.
 */
#ifndef DEZI_HOST_BROKERLINK_H
#define DEZI_HOST_BROKERLINK_H

#include <systemd/sd-event.h>

#include "host/conf.h"

#define BROKERLINK_ID_MAX	64	/* session id, with NUL */
#define BROKERLINK_TOKEN_MAX	128
#define BROKERLINK_FINISH_LEN	43	/* 256 bits in base64url */
#define BROKERLINK_LEASE_MIN	3	/* seconds */
#define BROKERLINK_LEASE_MAX	3600
#define BROKERLINK_ABSENCE_MAX	86400

struct brokerlink_call;			/* one call that has not been answered yet */

/* Forget it: its function will not be called.  What was sent may still be carried out. */
void brokerlink_drop(struct brokerlink_call **c);

/*
 * Each start function calls its done once, from the loop, unless it fails itself or the
 * call is dropped.  The call is gone when done is called, *ret is NULL then.  e is the
 * code of the broker's problem document, ERR_BROKER, ERR_TIMEOUT or ERR_NOMEM.
 */

/* e ERR_OK: compact is the challenge, as received, not checked. */
typedef void brokerlink_challenge_fn(void *arg, enum err e, struct cur compact);
MUST_CHECK enum err brokerlink_challenge(sd_event *loop, const struct host_broker *b,
    const char *handle, brokerlink_challenge_fn *done, void *arg,
    struct brokerlink_call **ret);

struct brokerlink_grant {
	char	session[BROKERLINK_ID_MAX];
	char	token[BROKERLINK_TOKEN_MAX];	/* proves that a lease is ours */
	int	lease;				/* seconds */
	char	finish[BROKERLINK_FINISH_LEN + 1];
};
/* grant is NULL unless e is ERR_OK. */
typedef void brokerlink_grant_fn(void *arg, enum err e,
    const struct brokerlink_grant *grant);
MUST_CHECK enum err brokerlink_assertion(sd_event *loop, const struct host_broker *b,
    const char *handle, struct cur assertion, brokerlink_grant_fn *done, void *arg,
    struct brokerlink_call **ret);

/*
 * lease: how many seconds the session now lives, counted from the call; 0: as many as
 * before.  absent_seconds 0: the card is present.  ERR_GONE: the session has ended.
 */
typedef void brokerlink_lease_fn(void *arg, enum err e, int lease);
MUST_CHECK enum err brokerlink_lease(sd_event *loop, const struct host_broker *b,
    const char *session, const char *token, int absent_seconds,
    brokerlink_lease_fn *done, void *arg, struct brokerlink_call **ret);
typedef void brokerlink_done_fn(void *arg, enum err e);
/* A session that is not there any more: ERR_OK too. */
MUST_CHECK enum err brokerlink_end(sd_event *loop, const struct host_broker *b,
    const char *session, const char *token, const char *reason, brokerlink_done_fn *done,
    void *arg, struct brokerlink_call **ret);

/* The answers that hold something, read strictly; pure (fuzzed). */
MUST_CHECK enum err brokerlink_read_challenge(struct cur body, struct buf *ret);
MUST_CHECK enum err brokerlink_read_grant(struct cur body, struct brokerlink_grant *ret);
MUST_CHECK enum err brokerlink_read_lease(struct cur body, int *ret);

#endif
