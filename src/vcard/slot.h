/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One slot of the virtual reader: a connection to vpcd, the card that is in it, and
 * what is to go wrong.  Never blocks; the loop asks when to call again.
 *
 * vpcd's protocol: each message is a length (u16, big-endian) and that many bytes.  One
 * byte from vpcd is a control message; anything longer is a command APDU.  An empty
 * message would hang vpcd, so none is ever sent.  Leaving the reader is closing the
 * connection.  Times are microseconds of CLOCK_MONOTONIC.
 */
#ifndef DEZI_VCARD_SLOT_H
#define DEZI_VCARD_SLOT_H

#include "vcard/card.h"
#include "vcard/order.h"

#define SLOT_NEVER	INT64_MAX

enum slot_link {
	LINK_DOWN,
	LINK_CONNECTING,
	LINK_UP,
	LINK_LEAVING,		/* the card has gone; vpcd has not noticed yet */
};

struct slot_stats {
	uint64_t apdus, bytes_in, bytes_out, verifies, signatures;
	uint64_t resets, power_ons, polls, removals;
};

struct slot {
	size_t	     number;
	uint16_t     port;		/* vpcd's, on 127.0.0.1 */
	const char  *state_dir;		/* NULL: beside the card file */
	bool	     verbose;

	int	     fd;		/* -1: none */
	enum slot_link link;
	bool	     seen;		/* the reader asked this card for its ATR */
	int64_t	     next;		/* when to connect again, or give up leaving */
	int64_t	     backoff;
	struct buf   in, out;

	struct vcard *card;		/* NULL: none */
	char	     name[64];
	char	     state_path[CARD_PATH];
	struct card_delays delays;
	bool	     delays_forced;	/* by the control socket: stay over insertions */

	struct buf   reply;		/* waits until reply_at */
	int64_t	     reply_at;		/* SLOT_NEVER: there is none */
	struct fault then;		/* countdown 1: to do when the reply is sent */

	struct faults faults;
	struct slot_stats stats;
};

void slot_init(struct slot *s, size_t number, uint16_t port, const char *state_dir);
void slot_end(struct slot *s);

/* ERR_CONFIG: there is a card already, or the file is wrong; as vcard_load(). */
MUST_CHECK enum err slot_insert(struct slot *s, const char *card, int64_t now);
/* ERR_CONFIG: there is none. */
MUST_CHECK enum err slot_remove(struct slot *s, int64_t now);
/* Write what the card remembers. */
MUST_CHECK enum err slot_save(struct slot *s);

/* What to poll for; the descriptor may be -1. */
short slot_events(const struct slot *s);
/* When slot_run() must be called even if nothing is readable. */
int64_t slot_deadline(const struct slot *s);
/* Do what can be done now; events are what poll() found. */
void slot_run(struct slot *s, short events, int64_t now);

/* The reader has noticed: the card's coming, or its going. */
bool slot_is_present(const struct slot *s);
bool slot_is_absent(const struct slot *s, int64_t now);

/* The statistics as one JSON object. */
void slot_json(const struct slot *s, struct buf *ret);

#endif
