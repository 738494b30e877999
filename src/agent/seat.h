/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Is the person in front of the screen?  What logind says of the graphical session of
 * our user (T37), and of sleep (T36).
 */
#ifndef DEZI_AGENT_SEAT_H
#define DEZI_AGENT_SEAT_H

#include <systemd/sd-event.h>

#include "base/err.h"

struct seat;

enum seat_change {
	SEAT_LEFT,		/* another session is in front now */
	SEAT_SLEEP,		/* the machine is about to sleep */
	SEAT_AWAKE,
};
typedef void seat_fn(void *arg, enum seat_change what);

/*
 * Without logind, or without its bus, nobody is ever in front and nothing can be
 * locked; sleep is still noticed by the clocks.  fn is called only for what changes.
 */
MUST_CHECK enum err seat_new(sd_event *loop, seat_fn *fn, void *arg, struct seat **ret);
void seat_free(struct seat **s);

/*
 * Is the session that sd_uid_get_display() names active and unlocked?  What cannot be
 * found out is no.
 */
bool seat_in_front(const struct seat *s);

/* Ask logind to lock the session.  ERR_NOT_AVAILABLE */
MUST_CHECK enum err seat_lock(struct seat *s);

/* Has the machine slept since the last call?  (CLOCK_BOOTTIME went ahead.) */
bool seat_slept(struct seat *s);

#endif
