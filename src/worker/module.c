/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * dezi-module-worker: one login with a vendor's PKCS#11 library, then the end.
 *
 * The library may do what it likes to this process, and to no other: it is loaded here
 * and nowhere else, has no standard output and no terminal, is called under a limit of
 * time, and what it leaves behind dies with the process (T29).  Of our own confinement it
 * could bear only no_new_privs, no core, not dumpable, and limits (DESIGN section 6).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/frame.h"
#include "base/log.h"
#include "host/modules.h"
#include "means/module.h"
#include "worker/work.h"

#define PROBE_SECONDS	4	/* "dezi doctor" waits 5 */
#define CPU_SECONDS	120
#define FILE_BYTES	(16 << 20)
#define FILES		256

/* What it prints is nobody's business, and may be anything: a PIN, or our protocol. */
static enum err
take_voice_away(void)
{
	int log = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, WORK_AGENT_FD + 1);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (log >= 0)
		log_to(log);
	if (null < 0 || dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		return fail(ERR_SYS, "/dev/null: %s", strerror(errno));
	close(null);
	return ERR_OK;
}

static enum err
confine(void)
{
	const struct rlimit cpu = { CPU_SECONDS, CPU_SECONDS };
	const struct rlimit file = { FILE_BYTES, FILE_BYTES }, files = { FILES, FILES };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return fail(ERR_SYS, "no_new_privs: %s", strerror(errno));
	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_FSIZE, &file);
	setrlimit(RLIMIT_NOFILE, &files);
	return ERR_OK;
}

static enum err
set_environment(const struct host_module *m)
{
	for (size_t i = 0; i < m->environment.n; i++) {
		struct cur value = cur_str(m->environment.item[i]), word;
		char name[sizeof(m->environment.item[i])];

		if (!cur_until(&value, '=', &word) || !cur_to_str(word, name, sizeof(name)) ||
		    setenv(name, m->environment.item[i] + word.n + 1, 1) != 0)
			return fail(ERR_NOMEM, "environment");
	}
	return ERR_OK;
}

/* The module that the agent names, as the configuration has it. */
static enum err
find_module(struct world *w, const struct work_options *o)
{
	enum err r;

	w->module = host_conf_module(w->conf, o->module);
	if (w->module == NULL || !w->module->use)
		return fail(ERR_CONFIG, "no [module] of that name");
	if ((r = host_module_check(w->conf, w->module)) != ERR_OK)
		return r;
	w->reader = o->reader;
	w->events = o->events;
	if (!o->probe && w->module->no_reader != (w->reader[0] == '\0'))
		return fail(ERR_CONFIG, "[module %s]: with a reader, or without?",
		    w->module->name);
	return set_environment(w->module);
}

/* Said by the guard, while the library keeps the only other thread of ours. */
static void
library_is_late(void *arg)
{
	AUTO(buf_free) struct buf body = BUF(FRAME_MAX);
	const struct world *w = arg;
	char why[128];

	snprintf(why, sizeof(why), "[module %s]: no answer within %d s", w->module->name,
	    w->module->seconds);
	if (wire_put_failure(&body, ERR_MODULE, -1, why) != ERR_OK ||
	    frame_write(w->agent, WIRE_FAILED, buf_view(&body)) != ERR_OK)
		return;		/* the agent sees the end of the process */
}

static enum err
prepare(struct world *w, const struct work_options *o)
{
	const struct guard_options guard = {
		.agent_fd = w->agent, .last = work_close_windows, .late = library_is_late,
		.arg = w,
	};
	enum err r;

	if ((r = take_voice_away()) != ERR_OK ||
	    (r = work_configure(w, o)) != ERR_OK ||
	    (r = find_module(w, o)) != ERR_OK ||
	    (r = work_window(w, &w->window)) != ERR_OK ||	/* shows nothing yet */
	    (r = work_window(w, &w->message)) != ERR_OK ||	/* for a PIN on the reader */
	    (r = w->module->no_reader ? work_environment(w) : work_pcscd(w)) != ERR_OK ||
	    (r = work_load(w)) != ERR_OK ||
	    (r = guard_start(&guard, &w->guard)) != ERR_OK)
		return r;
	return confine();
}

/* A person at the keys of a reader has the time that a PIN window would have. */
static void
library_is_busy(void *arg, bool is)
{
	const struct world *w = arg;
	int64_t typing = w->pinpad_end - clock_boot_ms();

	guard_limit(w->guard, !is ? 0 : w->module->seconds * 1000 + (typing > 0 ? typing : 0));
}

static struct module_options
options_of(struct world *w)
{
	return (struct module_options){
		.name = w->module->name, .library = w->module->library,
		.no_reader = w->module->no_reader, .pinpad = w->module->pinpad,
		.serial_of_cert = w->module->serial_of_cert, .cache = w->cache,
		.busy = library_is_busy, .arg = w,
	};
}

/*
 * The card that was handed over, and no other.  *ret_alone: there is no other that can be
 * used.
 */
static enum err
find_card(const struct world *w, bool *ret_alone)
{
	const struct pcsc_reader_state *ours = NULL;
	size_t cards = 0;

	for (size_t i = 0; i < w->n_before; i++) {
		const struct pcsc_reader_state *r = &w->before[i];

		cards += r->present && !world_is_ignored(w, r);
		if (strcmp(r->name, w->reader) == 0)
			ours = r;
	}
	if (ours == NULL || !ours->present)
		return fail(ERR_REMOVED, "the card is gone");
	if (ours->event_counter != w->events)
		return fail(ERR_CARD_CHANGED, "the card has been out");
	*ret_alone = cards == 1;
	return ERR_OK;
}

static enum err
open_means(struct world *w, struct means **ret)
{
	struct module_options o = options_of(w);
	struct reader *reader = NULL;
	enum err r;

	if (!o.no_reader && ((r = find_card(w, &o.alone)) != ERR_OK ||
	    (r = pcsc_connect(w->pcsc, w->reader, &reader)) != ERR_OK))
		return r;
	return module_open(reader, &o, ret);
}

static enum err
means_of_library(void *arg, const struct login_request *rq UNUSED, struct means **ret,
    struct means_view *ret_view)
{
	AUTO(means_close) struct means *m = NULL;
	struct world *w = arg;
	enum err r;

	if ((r = open_means(w, &m)) != ERR_OK ||
	    (r = m->ops->look(m, ret_view)) != ERR_OK ||
	    (r = world_demand_pinpad(w, ret_view)) != ERR_OK)
		return r;
	world_doubt_tries(w, ret_view);
	*ret = m;
	m = NULL;		/* the caller's now */
	return ERR_OK;
}

static struct login_world
world(struct world *w)
{
	struct login_world ret = world_of(w);

	ret.means = means_of_library;
	return ret;
}

/* For "dezi doctor": key=value lines, on what is standard output no more. */

static FILE *answer_to;

static void
probe_is_late(void *arg UNUSED)
{
	fprintf(answer_to, "error=no answer within %d s\n", PROBE_SECONDS);
	fflush(answer_to);
}

static void
probe_ends(void *arg UNUSED)
{
}

static void
probe_is_busy(void *arg, bool is)
{
	const struct world *w = arg;

	guard_limit(w->guard, is ? PROBE_SECONDS * 1000 : 0);
}

static enum err
ask_library(struct world *w, const struct work_options *o)
{
	const struct guard_options guard = {
		.agent_fd = -1, .last = probe_ends, .late = probe_is_late, .arg = w,
	};
	struct module_options options;
	struct module_facts facts;
	enum err r;

	if ((r = work_configure(w, o)) != ERR_OK ||
	    (r = find_module(w, o)) != ERR_OK ||
	    (r = work_environment(w)) != ERR_OK ||
	    (r = guard_start(&guard, &w->guard)) != ERR_OK ||
	    (r = confine()) != ERR_OK)
		return r;
	options = options_of(w);
	options.busy = probe_is_busy;
	options.no_reader = true;
	if ((r = module_probe(&options, &facts)) != ERR_OK)
		return r;
	fprintf(answer_to, "manufacturer=%s\ndescription=%s\ntokens=%zu\n",
	    facts.manufacturer, facts.description, facts.tokens);
	for (size_t i = 0; i < facts.tokens && i < NELEM(facts.readers); i++)
		fprintf(answer_to, "token=%s\n", facts.readers[i]);
	return ERR_OK;
}

static int
probe(const struct work_options *o)
{
	struct world w = { .agent = -1 };
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, WORK_AGENT_FD + 1);
	const char *missing;
	enum err r;

	answer_to = fd < 0 ? NULL : fdopen(fd, "w");
	if (answer_to == NULL || take_voice_away() != ERR_OK)
		return 1;
	secret_lock_process(&missing);
	if ((r = ask_library(&w, o)) != ERR_OK)
		fprintf(answer_to, "error=%s\n", err_trail());
	fflush(answer_to);
	return r == ERR_OK ? 0 : 1;
}

static const struct work module_worker = {
	.program = "dezi-module-worker",
	.usage = "dezi-module-worker is started by dezi-agent(8); by hand only as\n"
	    "\tdezi-module-worker --probe --config FILE --module NAME\n"
	    "\tdezi-module-worker --help | --version\n",
	.module = true,
	.prepare = prepare,
	.world = world,
	.probe = probe,
};

int
main(int argc, char **argv)
{
	return work_main(&module_worker, argc, argv);
}
