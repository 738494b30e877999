/* SPDX-License-Identifier: EUPL-1.2 */
/* logind: which session is in front, is it locked, is the machine going to sleep. */
#include "agent/seat.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-login.h>

#include "base/clock.h"
#include "base/log.h"
#include "host/logind.h"

#define MANAGER		LOGIND_NAME ".Manager"
#define PROPERTIES	"org.freedesktop.DBus.Properties"
#define SLEPT_MS	1000

struct seat {
	seat_fn	*fn;
	void	*arg;
	sd_bus	*bus;			/* NULL: none */
	sd_bus_slot *sleep, *properties;
	sd_login_monitor *monitor;	/* NULL: no logind */
	sd_event_source *source;
	char	*session;		/* in whose name we ask; NULL: none */
	char	*path;			/* its object on the bus */
	bool	 active, locked;
	int64_t	 asleep_ms;		/* since boot, by the clocks */
};

/* How long the machine has slept since it started. */
static int64_t
asleep_ms(void)
{
	struct timespec awake;

	clock_gettime(CLOCK_MONOTONIC, &awake);
	return clock_boot_ms() - ((int64_t)awake.tv_sec * 1000 + awake.tv_nsec / 1000000);
}

bool
seat_slept(struct seat *s)
{
	int64_t was = s->asleep_ms;

	s->asleep_ms = asleep_ms();
	return s->asleep_ms - was > SLEPT_MS;
}

static void
set_state(struct seat *s, bool active, bool locked)
{
	bool left = s->active && !active;

	s->active = active;
	s->locked = locked;
	if (left)
		s->fn(s->arg, SEAT_LEFT);
}

static int
on_properties(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct seat *s = arg;

	(void)m;
	(void)error;
	set_state(s, s->active, logind_is_locked(s->bus, s->path));
	return 0;
}

/* Another session is the user's graphical one now: forget what we knew. */
static void
follow(struct seat *s, char *session)
{
	s->properties = sd_bus_slot_unref(s->properties);
	free(s->path);
	s->path = NULL;
	free(s->session);
	s->session = session;
	if (session == NULL || s->bus == NULL ||
	    (s->path = logind_session_path(session)) == NULL)
		return;
	if (sd_bus_match_signal(s->bus, &s->properties, LOGIND_NAME, s->path, PROPERTIES,
	    "PropertiesChanged", on_properties, s) < 0)
		log_warn("logind: a change of the lock will not be seen");
}

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
refresh(struct seat *s)
{
	char *session = logind_session();
	bool active;

	if (same(session, s->session))
		free(session);
	else
		follow(s, session);
	active = logind_is_active(s->session);
	/* One that is just going away has no lock that could be asked for. */
	set_state(s, active, !active || logind_is_locked(s->bus, s->path));
}

static int
on_sessions(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct seat *s = arg;

	(void)source;
	(void)fd;
	(void)revents;
	sd_login_monitor_flush(s->monitor);
	refresh(s);
	return 0;
}

static int
on_sleep(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct seat *s = arg;
	int before;

	(void)error;
	if (sd_bus_message_read(m, "b", &before) < 0)
		return 0;
	s->fn(s->arg, before ? SEAT_SLEEP : SEAT_AWAKE);
	return 0;
}

static void
open_bus(struct seat *s, sd_event *loop)
{
	AUTO(logind_bus_drop) sd_bus *bus = NULL;
	int r;

	if ((r = logind_bus(&bus)) < 0 ||
	    (r = sd_bus_attach_event(bus, loop, SD_EVENT_PRIORITY_NORMAL)) < 0 ||
	    (r = sd_bus_match_signal(bus, &s->sleep, LOGIND_NAME, LOGIND_PATH, MANAGER,
	    "PrepareForSleep", on_sleep, s)) < 0) {
		log_info("no system bus: %s", strerror(-r));
		return;
	}
	s->bus = bus;
	bus = NULL;		/* the seat's now */
}

static enum err
open_monitor(struct seat *s, sd_event *loop)
{
	int r = sd_login_monitor_new("session", &s->monitor);

	if (r < 0) {
		log_info("no logind: %s", strerror(-r));
		return ERR_OK;
	}
	r = sd_event_add_io(loop, &s->source, sd_login_monitor_get_fd(s->monitor),
	    EPOLLIN, on_sessions, s);
	return r < 0 ? fail(ERR_SYS, "logind: %s", strerror(-r)) : ERR_OK;
}

enum err
seat_new(sd_event *loop, seat_fn *fn, void *arg, struct seat **ret)
{
	AUTO(seat_free) struct seat *s = calloc(1, sizeof(*s));
	enum err r;

	if (s == NULL)
		return fail(ERR_NOMEM, "seat");
	s->fn = fn;
	s->arg = arg;
	s->asleep_ms = asleep_ms();
	s->locked = true;
	open_bus(s, loop);
	if ((r = open_monitor(s, loop)) != ERR_OK)
		return r;
	if (s->monitor != NULL)
		refresh(s);
	*ret = s;
	s = NULL;		/* the caller's now */
	return ERR_OK;
}

void
seat_free(struct seat **s)
{
	if (*s == NULL)
		return;
	sd_event_source_unref((*s)->source);
	sd_login_monitor_unref((*s)->monitor);
	sd_bus_slot_unref((*s)->properties);
	sd_bus_slot_unref((*s)->sleep);
	logind_bus_drop(&(*s)->bus);
	free((*s)->session);
	free((*s)->path);
	free(*s);
	*s = NULL;
}

bool
seat_in_front(const struct seat *s)
{
	return s->active && !s->locked;
}

enum err
seat_lock(struct seat *s)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = -1;

	if (s->bus != NULL && s->session != NULL)
		r = sd_bus_call_method(s->bus, LOGIND_NAME, LOGIND_PATH, MANAGER,
		    "LockSession", &error, NULL, "s", s->session);
	if (r < 0)
		log_warn("the screen cannot be locked: %s",
		    error.message == NULL ? "no logind" : error.message);
	sd_bus_error_free(&error);
	return r < 0 ? fail(ERR_NOT_AVAILABLE, "lock") : ERR_OK;
}
