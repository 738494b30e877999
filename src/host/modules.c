/* SPDX-License-Identifier: EUPL-1.2 */
/* Modules chosen by what a card is, and the one that is there without being named. */
#include "host/modules.h"

#include <stdio.h>
#include <unistd.h>

#include "base/file.h"

#define SAFESIGN	"safesign"

/* uzi-card 5.11: where the vendor's packages for Linux put it. */
const char *const host_modules_paths[] = {
	"/usr/lib/libaetpkss.so.3", "/usr/lib/x86_64-linux-gnu/libaetpkss.so.3",
	"/usr/lib64/libaetpkss.so.3", NULL,
};

const struct host_module *
host_conf_module(const struct host_conf *c, const char *name)
{
	for (size_t i = 0; i < c->n_modules; i++)
		if (strcmp(c->modules[i].name, name) == 0)
			return &c->modules[i];
	return NULL;
}

static bool
has_atr(const struct host_module *m, struct cur atr)
{
	for (size_t i = 0; i < m->n_atr; i++)
		if (profile_pattern_matches(&m->atr[i], atr))
			return true;
	return m->n_atr == 0;
}

static bool
serves(const struct host_module *m, enum err why, const char *reader, struct cur atr)
{
	bool kind = (why == ERR_CARD_UNKNOWN && m->unknown) ||
	    (why == ERR_VENDOR_LOCKED && m->vendor_locked);

	return m->use && !m->no_reader && kind && has_atr(m, atr) &&
	    (m->reader.n == 0 || host_list_in(&m->reader, reader));
}

const struct host_module *
host_module_for(const struct host_conf *c, enum err why, const char *reader,
    struct cur atr)
{
	for (size_t i = 0; i < c->n_modules; i++)
		if (serves(&c->modules[i], why, reader, atr))
			return &c->modules[i];
	return NULL;
}

const struct host_module *
host_module_without_reader(const struct host_conf *c)
{
	for (size_t i = 0; i < c->n_modules; i++)
		if (c->modules[i].use && c->modules[i].no_reader)
			return &c->modules[i];
	return NULL;
}

enum err
host_module_check(const struct host_conf *c, const struct host_module *m)
{
	enum err r = file_check_trusted(m->library, c->owner);

	if (r == ERR_NOT_FOUND)
		return fail(ERR_CONFIG, "[module %s]: %s is not there", m->name, m->library);
	return r == ERR_OK ? r : note(ERR_CONFIG, "[module %s]", m->name);
}

void
host_modules_default(struct host_conf *c, const char *const *paths)
{
	struct host_module m = HOST_MODULE_DEFAULT;

	if (host_conf_module(c, SAFESIGN) != NULL || c->n_modules == HOST_MODULES)
		return;
	while (*paths != NULL && access(*paths, F_OK) != 0)
		paths++;
	if (*paths == NULL)
		return;
	snprintf(m.name, sizeof(m.name), SAFESIGN);
	snprintf(m.library, sizeof(m.library), "%s", *paths);
	m.unknown = false;
	c->modules[c->n_modules++] = m;
}
