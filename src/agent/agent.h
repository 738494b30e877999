/* SPDX-License-Identifier: EUPL-1.2 */
/* What the parts of the agent share. */
#ifndef DEZI_AGENT_AGENT_H
#define DEZI_AGENT_AGENT_H

#include <systemd/sd-event.h>

#include "host/audit.h"
#include "host/conf.h"

struct cards;		/* agent/cards.h: readers and what is in them */
struct events;		/* agent/events.h: who listens */
struct http_server;	/* net/server.h */
struct logins;		/* agent/logins.h: the one on its way, and the last results */
struct seat;		/* agent/seat.h: is the person in front of the screen */
struct sessions;	/* agent/sessions.h: the leases that we keep */
struct workers;		/* agent/worker.h */

struct agent {
	/* made by main.c, borrowed by the parts */
	sd_event *loop;
	const struct host_conf *conf;
	const char *conf_file;		/* the worker reads it as well */
	const char *home;		/* NULL: not known */
	const char *language;		/* "nl", "en" */
	int64_t	  login_ms;		/* the longest that a login may take */
	int64_t	  heartbeat_ms;		/* of event streams */
	char *const *worker_env;	/* all of the worker's environment */
	struct audit *audit;
	/* made by agent_start() */
	struct cards *cards;
	struct events *events;
	struct http_server *server;
	struct logins *logins;
	struct seat *seat;
	struct sessions *sessions;
	struct workers *workers;
};

/*
 * Make the parts and serve listen_fd, which is the agent's from now on, also on failure.
 * SIGCHLD is blocked.  After a failure agent_stop() is called all the same.
 */
MUST_CHECK enum err agent_start(struct agent *a, int listen_fd);
void agent_stop(struct agent *a);

/* Did the machine sleep?  Then what must end, ends now (T36). */
void agent_check_sleep(struct agent *a);

#endif
