/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * dezi-login-worker: one login on our own card stack, then the end.  It parses no JSON and
 * no HTTP, and of our programs it and dezi-module-worker alone hold a PIN.  prepare() is
 * DESIGN section 6, "worker confinement, in order".
 */
#include "worker/confine.h"
#include "worker/guard.h"
#include "worker/work.h"

/* Without a card a second window will ask for one: it must be started now. */
static enum err
start_message(struct world *w)
{
	return world_had_card(w) ? ERR_OK : work_window(w, &w->message);
}

/*
 * A third one tells of a reader that asks for the PIN, or a token that waits for a finger:
 * the PIN window may be needed again.
 */
static enum err
start_teller(struct world *w)
{
	return w->conf->pinpad == HOST_PINPAD_NEVER && world_had_card(w) &&
	    !world_may_want_touch(w) ? ERR_OK : work_window(w, &w->teller);
}

static enum err
give_up_the_rest(const struct world *w)
{
	pid_t windows[3] = { pinentry_pid(w->window) };
	size_t n = 1;

	if (w->message != NULL)
		windows[n++] = pinentry_pid(w->message);
	if (w->teller != NULL)
		windows[n++] = pinentry_pid(w->teller);
	return confine_calls(windows, n);
}

/* A token that is in no reader needs no pcscd: then this ends with a word that hands over. */
static enum err
reach_pcscd(struct world *w)
{
	enum err r = work_pcscd(w);

	if (r == ERR_NO_SERVICE && world_hand_over_without_reader(w))
		return note(r, "and a library needs none");
	return r;
}

static enum err
prepare(struct world *w, const struct work_options *o)
{
	const struct guard_options guard = {
		.agent_fd = w->agent, .last = work_close_windows, .arg = w,
	};
	enum err r;

	if ((r = work_configure(w, o)) != ERR_OK ||
	    (r = work_window(w, &w->window)) != ERR_OK ||	/* shows nothing yet */
	    (r = reach_pcscd(w)) != ERR_OK ||
	    (r = work_load(w)) != ERR_OK ||
	    (r = start_message(w)) != ERR_OK ||
	    (r = start_teller(w)) != ERR_OK ||
	    (r = confine_files()) != ERR_OK ||
	    (r = pcsc_prepare(w->pcsc)) != ERR_OK ||
	    (r = guard_start(&guard, NULL)) != ERR_OK ||
	    (r = give_up_the_rest(w)) != ERR_OK)
		return r;
	return ERR_OK;
}

static int
probe(const struct work_options *o UNUSED)
{
	return confine_probe() ? 0 : 1;
}

static const struct work login_worker = {
	.program = "dezi-login-worker",
	.usage = "dezi-login-worker is started by dezi-agent(8); by hand only as\n"
	    "\tdezi-login-worker --probe | --help | --version\n",
	.prepare = prepare,
	.world = world_of,
	.probe = probe,
};

int
main(int argc, char **argv)
{
	return work_main(&login_worker, argc, argv);
}
