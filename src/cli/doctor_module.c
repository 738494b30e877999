/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi doctor: the vendors' libraries of the configuration, each in its own process. */
#include "config.h"

#include "cli/doctor.h"
#include "host/modules.h"

/* The value of a line NAME=value; ret is "" when there is none. */
static void
value_of(struct cur said, const char *name, char *ret, size_t size)
{
	struct cur line, word;

	ret[0] = '\0';
	while (cur_until(&said, '\n', &line))
		if (cur_until(&line, '=', &word) && cur_eq_str(word, name) &&
		    cur_to_str(line, ret, size))
			return;
}

static void
load_it(struct doctor *d, const struct host_conf *c, const struct host_module *m)
{
	const char *const words[] = { "--probe", "--config",
		d->config == NULL ? HOST_CONF_FILE : d->config, "--module", m->name, NULL };
	AUTO(buf_free) struct buf said = BUF(4096);
	char why[512], what[128], tokens[32];
	int status = 0;
	enum err r = doctor_run(c->module_worker, words, &said, &status);

	value_of(buf_view(&said), "error", why, sizeof(why));
	value_of(buf_view(&said), "description", what, sizeof(what));
	value_of(buf_view(&said), "tokens", tokens, sizeof(tokens));
	if (r == ERR_OK && status == 0)
		doctor_say(d, DOCTOR_GOOD, "library", "", _("[module %s] %s (%s), tokens now: %s"),
		    m->name, m->library, cli_safe(what), cli_safe(tokens));
	else
		doctor_say(d, DOCTOR_WRONG, "library",
		    _("Install the vendor's software again, or set \"use = no\"."),
		    "[module %s] %s: %s (%s)", m->name, m->library, cli_message(ERR_MODULE),
		    r != ERR_OK ? cli_safe(err_trail()) : cli_safe(why));
}

/* There, trusted, and it can be loaded and asked. */
static void
check_module(struct doctor *d, const struct host_conf *c, const struct host_module *m)
{
	enum err r = host_module_check(c, m);

	if (r == ERR_OK)
		load_it(d, c, m);
	else
		doctor_say(d, DOCTOR_WRONG, "library",
		    _("Give it to root, writable by nobody else, or correct agent.conf."),
		    "%s (%s)", cli_message(r), cli_safe(err_trail()));
}

void
doctor_modules(struct doctor *d)
{
	const struct host_conf *c = d->readers.conf;

	for (size_t i = 0; c != NULL && i < c->n_modules; i++)
		if (c->modules[i].use)
			check_module(d, c, &c->modules[i]);
}
