/* SPDX-License-Identifier: EUPL-1.2 */
/* pkcs11.conf: one section, a table of keys; and the only place that asks the environment. */
#include "pkcs11/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/ini.h"
#include "base/names.h"

#define CONF_FILE	SYSCONFDIR "/dezi/pkcs11.conf"
#define CONF_MAX	65536

static struct conf running;

struct parser {
	struct conf *c;
	char	*profiles;
	unsigned seen;
};

static enum err
set_ignored(struct parser *p, const struct ini_line *l)
{
	if (p->c->n_ignored == CONF_IGNORED)
		return ini_refuse(l, "at most 16 readers to ignore");
	return ini_str(l, p->c->ignored[p->c->n_ignored++], sizeof(p->c->ignored[0]));
}

static enum err
set_reset(struct parser *p, const struct ini_line *l)
{
	return ini_bool(l, &p->c->reset_on_logout);
}

static enum err
set_keypad(struct parser *p, const struct ini_line *l)
{
	return ini_bool(l, &p->c->keypad);
}

static enum err
set_cache(struct parser *p, const struct ini_line *l)
{
	return ini_bool(l, &p->c->cache);
}

static enum err
set_log(struct parser *p, const struct ini_line *l)
{
	if (cur_eq_str(l->value, "none"))
		p->c->log = CONF_LOG_NONE;
	else if (cur_eq_str(l->value, "syslog"))
		p->c->log = CONF_LOG_SYSLOG;
	else if (ini_path(l, p->c->log_file, sizeof(p->c->log_file)) == ERR_OK)
		p->c->log = CONF_LOG_FILE;
	else
		return ini_refuse(l, "none, syslog or an absolute path");
	return ERR_OK;
}

static const char *const levels[] = { "error", "warning", "info", "debug" };

static enum err
set_level(struct parser *p, const struct ini_line *l)
{
	size_t i;
	enum err r = ini_choice(l, levels, NELEM(levels), &i);

	if (r == ERR_OK)
		p->c->level = (enum log_level)i;
	return r;
}

static enum err
set_profiles(struct parser *p, const struct ini_line *l)
{
	return ini_path(l, p->profiles, CONF_PATH_MAX);
}

static const struct {
	const char *key;
	bool	 many;
	enum err (*set)(struct parser *p, const struct ini_line *l);
} settings[] = {
	{ "ignore_reader", true, set_ignored },
	{ "reset_on_logout", false, set_reset },
	{ "pinpad", false, set_keypad },
	{ "cache", false, set_cache },
	{ "log", false, set_log },
	{ "level", false, set_level },
	{ "profiles", false, set_profiles },
};

static enum err
on_line(void *arg, const struct ini_line *l)
{
	struct parser *p = arg;

	if (!cur_eq_str(l->section, "module") || l->name.n != 0)
		return ini_refuse(l, "[module]");
	if (l->key.n == 0)
		return ERR_OK;
	for (size_t i = 0; i < NELEM(settings); i++) {
		if (!cur_eq_str(l->key, settings[i].key))
			continue;
		if ((p->seen & 1u << i) != 0 && !settings[i].many)
			return ini_refuse(l, "each key once");
		p->seen |= 1u << i;
		return settings[i].set(p, l);
	}
	return ini_refuse(l, "ignore_reader, reset_on_logout, pinpad, cache, log, level or "
	    "profiles");
}

enum err
conf_parse(struct cur text, struct conf *c, char profiles[CONF_PATH_MAX])
{
	struct parser p = { .c = c, .profiles = profiles };

	return ini_parse(text, on_line, &p);
}

/* Of a set-user-ID program nothing is taken: secure_getenv() says NULL there. */
static enum err
read_file(struct conf *c, char profiles[CONF_PATH_MAX])
{
	AUTO(buf_free) struct buf text = BUF(CONF_MAX);
	const char *other = secure_getenv("DEZI_PKCS11_CONF");
	enum err r;

	if (other != NULL)
		r = file_read_trusted(other, geteuid(), &text);
	else
		r = file_read_trusted(CONF_FILE, 0, &text);
	if (r == ERR_NOT_FOUND && other == NULL)
		return ERR_OK;
	if (r == ERR_NOT_FOUND)
		return fail(ERR_CONFIG, "DEZI_PKCS11_CONF: no such file");
	if (r == ERR_OK)
		r = conf_parse(buf_view(&text), c, profiles);
	snprintf(c->file, sizeof(c->file), "%s", other != NULL ? other : CONF_FILE);
	if (r == ERR_OK)
		return r;
	return note(r == ERR_NOMEM ? r : ERR_CONFIG, "pkcs11.conf");
}

static void
ask_environment(struct conf *c)
{
	const char *log = secure_getenv("DEZI_PKCS11_LOG");
	const char *level = secure_getenv("DEZI_PKCS11_LEVEL");
	const char *run = secure_getenv("XDG_RUNTIME_DIR");
	int n;

	if (log != NULL && log[0] == '/' &&
	    cur_to_str(cur_str(log), c->log_file, sizeof(c->log_file)))
		c->log = CONF_LOG_FILE;
	for (size_t i = 0; level != NULL && i < NELEM(levels); i++)
		if (strcmp(level, levels[i]) == 0)
			c->level = (enum log_level)i;
	if (!c->cache || run == NULL || run[0] != '/')
		return;
	n = snprintf(c->cache_dir, sizeof(c->cache_dir), "%s/" NAME_RUNTIME_DIR "/cards", run);
	if (n < 0 || (size_t)n >= sizeof(c->cache_dir))
		c->cache_dir[0] = '\0';
}

static const struct conf defaults = { .keypad = true, .cache = true, .log = CONF_LOG_SYSLOG,
	.level = LOG_LEVEL_WARN };

/* Onto the defaults in c.  After an error it is known where to write of it. */
static enum err
load(struct conf *c)
{
	char profiles[CONF_PATH_MAX] = PKGDATADIR "/profiles";
	enum err r = read_file(c, profiles);

	ask_environment(c);
	if (r != ERR_OK)
		return r;
	r = profiles_load(profiles, SYSCONFDIR "/dezi/profiles", geteuid(), &c->profiles);
	return r == ERR_OK ? r : note(r, "card profiles");
}

enum err
conf_load(struct conf *ret)
{
	AUTO(conf_free) struct conf c = defaults;
	enum err r = load(&c);

	if (r != ERR_OK)
		return r;
	*ret = c;
	c = (struct conf){ 0 };		/* the caller's now */
	return ERR_OK;
}

void
conf_free(struct conf *c)
{
	profiles_free(&c->profiles);
}

bool
conf_ignores(const struct conf *c, const char *reader)
{
	for (size_t i = 0; i < c->n_ignored; i++)
		if (strstr(reader, c->ignored[i]) != NULL)
			return true;
	return false;
}

const struct conf *
conf(void)
{
	return &running;
}

enum err
conf_start(void)
{
	running = defaults;
	return load(&running);
}

void
conf_end(void)
{
	conf_free(&running);
	running = (struct conf){ 0 };
}
