/* SPDX-License-Identifier: EUPL-1.2 */
/* A slot's connection to vpcd. */
#ifndef DEZI_VCARD_LINK_H
#define DEZI_VCARD_LINK_H

#include "vcard/slot.h"

#define LINK_MESSAGE_MAX	(2 + 65535)

/*
 * The next whole message off the front of in, without its length.  ERR_NOT_FOUND
 * (bare): more bytes are needed.  Empty messages mean nothing and are skipped.
 */
MUST_CHECK enum err link_take(struct cur *in, struct cur *ret);

/* The card goes: tell vpcd, and wait until it has noticed. */
void link_leave(struct slot *s, int64_t now);

/* slot.c: a command has come; its reply has been sent. */
void slot_command(struct slot *s, struct cur command, int64_t now);
void slot_answered(struct slot *s, int64_t now);

#endif
