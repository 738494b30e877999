/* SPDX-License-Identifier: EUPL-1.2 */
/* The running simulator: two slots and a control socket, in one loop. */
#ifndef DEZI_VCARD_SERVER_H
#define DEZI_VCARD_SERVER_H

#include <limits.h>

#include "vcard/slot.h"

struct server_options {
	uint16_t    port;		/* of slot 0; slot 1 has the next */
	const char *control;		/* path of the socket; NULL: none */
	const char *state_dir;		/* NULL: beside the card files */
	const char *cards[SLOTS];	/* NULL: none */
	bool	    verbose;
};

/*
 * Serve until SIGTERM or SIGINT.  Prints "ready" on stdout when every card given has
 * been seen by the reader.  ERR_CONFIG, ERR_SYS
 */
MUST_CHECK enum err server_run(const struct server_options *o);

/* Client side: one line to the socket, one line back.  ERR_SYS */
MUST_CHECK enum err server_ask(const char *socket, struct cur line, struct buf *ret);

#endif
