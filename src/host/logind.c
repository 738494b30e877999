/* SPDX-License-Identifier: EUPL-1.2 */
/* sd-login(3) and org.freedesktop.login1(5). */
#include "host/logind.h"

#include <stdlib.h>
#include <unistd.h>
#include <systemd/sd-login.h>

#include "base/def.h"
#include "base/log.h"

/* logind answers in a millisecond. */
#define BUS_TIMEOUT_USEC 1000000

void
logind_bus_drop(sd_bus **bus)
{
	sd_bus_flush_close_unref(*bus);
	*bus = NULL;
}

int
logind_bus(sd_bus **ret)
{
	AUTO(logind_bus_drop) sd_bus *bus = NULL;
	int r;

	*ret = NULL;
	if ((r = sd_bus_open_system(&bus)) < 0 ||
	    (r = sd_bus_set_method_call_timeout(bus, BUS_TIMEOUT_USEC)) < 0)
		return r;
	*ret = bus;
	bus = NULL;		/* the caller's now */
	return 0;
}

char *
logind_session(void)
{
	char *session = NULL;

	return sd_uid_get_display(getuid(), &session) < 0 ? NULL : session;
}

char *
logind_session_path(const char *session)
{
	char *path = NULL;

	return sd_bus_path_encode(LOGIND_PATH "/session", session, &path) < 0 ? NULL : path;
}

bool
logind_is_active(const char *session)
{
	return session != NULL && sd_session_is_active(session) > 0;
}

bool
logind_is_locked(sd_bus *bus, const char *path)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int locked = 1;

	if (bus == NULL || path == NULL)
		return true;
	if (sd_bus_get_property_trivial(bus, LOGIND_NAME, path, LOGIND_SESSION, "LockedHint",
	    &error, 'b', &locked) < 0)
		log_warn("logind: no LockedHint: %s",
		    error.message == NULL ? "" : error.message);
	sd_bus_error_free(&error);
	return locked != 0;
}

enum logind_state
logind_look(void)
{
	AUTO(logind_bus_drop) sd_bus *bus = NULL;
	char *session = logind_session(), *path = NULL;
	enum logind_state state = LOGIND_NONE;

	if (session != NULL) {
		path = logind_session_path(session);
		(void)logind_bus(&bus);		/* none: it counts as locked */
		state = !logind_is_active(session) ? LOGIND_AWAY :
		    logind_is_locked(bus, path) ? LOGIND_LOCKED : LOGIND_IN_FRONT;
	}
	free(path);
	free(session);
	return state;
}
