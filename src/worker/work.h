/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What dezi-login-worker and dezi-module-worker share: they are started by the agent with
 * a socket on descriptor 3 (login/wire.h), do one login, and end.
 */
#ifndef DEZI_WORKER_WORK_H
#define DEZI_WORKER_WORK_H

#include "worker/guard.h"
#include "worker/world.h"

#define WORK_AGENT_FD	3

struct work_options {
	const char *config;
	const char *broker;
	bool	 probe;
	/* of a module worker */
	const char *module;
	const char *reader;		/* "": the token is in none */
	uint32_t events;
};

/* In what the two programs differ. */
struct work {
	const char *program;
	const char *usage;
	bool	 module;		/* takes --module, --reader, --events */
	/* From the configuration to the last privilege given up. */
	enum err (*prepare)(struct world *w, const struct work_options *o);
	struct login_world (*world)(struct world *w);
	/* --probe.  The exit status. */
	int	 (*probe)(const struct work_options *o);
};

/* The whole program; never returns to exit(): see work_end(). */
int work_main(const struct work *k, int argc, char **argv);

/*
 * End without what libraries left to be done at the end: it may not be allowed any more,
 * or it is a vendor's.
 */
_Noreturn void work_end(int status);

/* The steps that both take to prepare, in the order of DESIGN section 6. */
MUST_CHECK enum err work_configure(struct world *w, const struct work_options *o);
MUST_CHECK enum err work_window(const struct world *w, struct pinentry **ret);
MUST_CHECK enum err work_environment(const struct world *w);	/* of libpcsclite */
MUST_CHECK enum err work_pcscd(struct world *w);
MUST_CHECK enum err work_load(struct world *w);
/* For the guard, when the agent is gone: nobody is left with a window to nothing. */
void work_close_windows(void *arg);

#endif
