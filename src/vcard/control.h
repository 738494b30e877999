/* SPDX-License-Identifier: EUPL-1.2 */
/* The control socket: one order per line, one line back. */
#ifndef DEZI_VCARD_CONTROL_H
#define DEZI_VCARD_CONTROL_H

#include <poll.h>
#include <sys/un.h>

#include "vcard/slot.h"

#define CONTROL_CLIENTS	16
#define CONTROL_FDS	(1 + CONTROL_CLIENTS)

struct control_client {
	int	     fd;		/* -1: free */
	struct buf   in;
	struct buf   out;
	bool	     waiting;		/* for order.wait; later lines stay in in */
	struct order order;
	int64_t	     until;
};

struct control {
	int fd;				/* -1: none */
	struct sockaddr_un at;
	struct control_client clients[CONTROL_CLIENTS];
};

void control_init(struct control *c);
void control_end(struct control *c);
/* Mode 0600.  A socket that nobody listens on is replaced.  ERR_CONFIG, ERR_SYS */
MUST_CHECK enum err control_listen(struct control *c, const char *path);

void control_fds(const struct control *c, struct pollfd ret[CONTROL_FDS]);
int64_t control_deadline(const struct control *c, const struct slot slots[SLOTS]);
void control_run(struct control *c, const struct pollfd fds[CONTROL_FDS],
    struct slot slots[SLOTS], int64_t now);

/* False: too long for an address. */
bool control_address(const char *path, struct sockaddr_un *ret);

#endif
