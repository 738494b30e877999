/* SPDX-License-Identifier: EUPL-1.2 */
/* The agent's socket: which request is which call (docs/agent-protocol.md). */
#ifndef DEZI_AGENT_FRONT_H
#define DEZI_AGENT_FRONT_H

#include "agent/agent.h"

/* listen_fd is taken over.  a->server is set. */
MUST_CHECK enum err front_start(struct agent *a, int listen_fd);

#endif
