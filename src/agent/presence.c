/* SPDX-License-Identifier: EUPL-1.2 */
/* Event counters compared. */
#include "agent/presence.h"

#include <string.h>

static const struct pcsc_reader_state *
find_reader(const struct watch_state *w, const char *name)
{
	for (size_t i = 0; i < w->n && i < WATCH_READERS; i++)
		if (strcmp(w->readers[i].name, name) == 0)
			return &w->readers[i];
	return NULL;
}

/* PC/SC counts in 16 bits: the half of the circle behind the worker's is the past. */
static bool
is_past(uint32_t seen, uint32_t by_worker)
{
	uint16_t ahead = (uint16_t)(by_worker - seen);

	return ahead != 0 && ahead < 0x8000;
}

enum presence_verdict
presence_compare(const struct presence *p, const struct watch_state *now)
{
	const struct pcsc_reader_state *r;

	if (p->reader[0] == '\0')
		return PRESENCE_SAME;
	/* Before its first look the watch knows of no service and no reader at all. */
	if (p->generation == 0 && !now->service)
		return PRESENCE_BEHIND;
	if (!now->service || (p->generation != 0 && now->generation != p->generation))
		return PRESENCE_GONE;
	r = find_reader(now, p->reader);
	if (r == NULL || is_past(r->event_counter, p->event_counter))
		return PRESENCE_BEHIND;
	if ((uint16_t)r->event_counter != (uint16_t)p->event_counter)
		return PRESENCE_GONE;
	return r->present && !r->mute ? PRESENCE_SAME : PRESENCE_GONE;
}
