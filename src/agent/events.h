/* SPDX-License-Identifier: EUPL-1.2 */
/* GET /v1/events: who listens, and what they are told (docs/agent-protocol.md). */
#ifndef DEZI_AGENT_EVENTS_H
#define DEZI_AGENT_EVENTS_H

#include <systemd/sd-event.h>

#include "base/buf.h"
#include "net/server.h"

#define EVENTS_STREAMS		16
#define EVENTS_HEARTBEAT_MS	10000

struct events;

MUST_CHECK enum err events_new(sd_event *loop, int64_t heartbeat_ms, struct events **ret);
/* Before the server stops: closes the streams. */
void events_free(struct events **e);

/*
 * Answer x with a stream that begins with the snapshot: what came before is in it, what
 * comes after is sent, nothing is in between.
 */
void events_open(struct events *e, struct http_exchange *x, struct cur snapshot);

/* Tell everybody.  data is one JSON object. */
void events_send(struct events *e, const char *name, struct cur data);

#endif
