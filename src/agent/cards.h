/* SPDX-License-Identifier: EUPL-1.2 */
/* Readers and cards in the loop: what the watch saw last, and whom it tells. */
#ifndef DEZI_AGENT_CARDS_H
#define DEZI_AGENT_CARDS_H

#include <systemd/sd-event.h>

#include "card/watch.h"
#include "host/conf.h"

struct cards;

/* was and now differ. */
typedef void cards_fn(void *arg, const struct watch_state *was,
    const struct watch_state *now);

MUST_CHECK enum err cards_new(sd_event *loop, cards_fn *fn, void *arg,
    struct cards **ret);
void cards_free(struct cards **c);

const struct watch_state *cards_now(const struct cards *c);
/* Look now: after sleep, or when somebody knows better. */
void cards_poke(struct cards *c);

/* Members of a JSON object: "service", "readers". */
void cards_put(const struct watch_state *w, const struct host_conf *conf, struct buf *b);

/*
 * The changes between two states, one by one: a JSON object for each reader that came,
 * changed or went, and one when the service came or went.
 */
typedef void cards_change_fn(void *arg, const char *event, struct cur json);
void cards_changes(const struct watch_state *was, const struct watch_state *now,
    const struct host_conf *conf, cards_change_fn *fn, void *arg);

#endif
