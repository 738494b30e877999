/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Which session of our user is the one at the screen, and is it in front?  What
 * systemd-logind says (T37), for the agent, which watches it, and for who looks once.
 */
#ifndef DEZI_HOST_LOGIND_H
#define DEZI_HOST_LOGIND_H

#include <stdbool.h>
#include <systemd/sd-bus.h>

#define LOGIND_NAME	"org.freedesktop.login1"
#define LOGIND_PATH	"/org/freedesktop/login1"
#define LOGIND_SESSION	LOGIND_NAME ".Session"

/* The system bus.  Negative errno; a bus that hangs does not hang us for long. */
int logind_bus(sd_bus **ret);
void logind_bus_drop(sd_bus **bus);	/* NULL too */

/*
 * Session (NULL: none) and its object on the bus (NULL: none, or no bus); both are the
 * caller's to free(3).
 */
char *logind_session(void);
char *logind_session_path(const char *session);

/* Whatever cannot be found out is no. */
bool logind_is_active(const char *session);
/* LockedHint; what cannot be found out counts as locked. */
bool logind_is_locked(sd_bus *bus, const char *path);

enum logind_state {
	LOGIND_NONE,		/* no logind, or no session of ours at a screen */
	LOGIND_AWAY,		/* another one is in front */
	LOGIND_LOCKED,
	LOGIND_IN_FRONT,
};

/* All of the above, once. */
enum logind_state logind_look(void);

#endif
