/* SPDX-License-Identifier: EUPL-1.2 */
/* agent.conf: a table of keys, and one small function per kind of value. */
#include "host/conf.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "base/file.h"
#include "base/ini.h"
#include "base/text.h"
#include "host/modules.h"
#include "jose/jws.h"

#define CONF_MAX	65536
#define PEM_MAX		8192

struct parser {
	const struct host_outside *o;
	struct host_conf *c;
	struct host_broker *broker;	/* the section we are in, else NULL */
	struct host_module *module;	/* the same */
	struct ini_line head;		/* of that section */
	bool	 card_said;		/* in this module's section */
	struct ini_line pinentry;	/* where it was set; number 0: the default */
	uint64_t seen;			/* rows of settings[]; of this section only */
	int	 last_line;
};

enum often { OPTIONAL, NEEDED, MANY, NEEDED_MANY };

struct setting {
	const char *section;
	const char *key;
	enum often often;
	enum err (*set)(struct parser *p, const struct setting *s,
		     const struct ini_line *l);
	size_t	 off, size;		/* of the member, in its struct */
};

static void *
member(struct parser *p, const struct setting *s)
{
	char *base = p->broker != NULL ? (char *)p->broker :
	    p->module != NULL ? (char *)p->module : (char *)p->c;

	return base + s->off;
}

static enum err
set_path(struct parser *p, const struct setting *s, const struct ini_line *l)
{
	return ini_path(l, member(p, s), s->size);
}

static enum err
set_bool(struct parser *p, const struct setting *s, const struct ini_line *l)
{
	return ini_bool(l, member(p, s));
}

static enum err
list_add(struct host_list *list, const struct ini_line *l)
{
	if (list->n == HOST_LIST)
		return ini_refuse(l, "at most 32 of these");
	if (l->value.n == 0 || !text_is_safe(l->value, sizeof(list->item[0]) - 1) ||
	    !cur_to_str(l->value, list->item[list->n], sizeof(list->item[0])))
		return ini_refuse(l, "a text of 1 to 127 bytes");
	list->n++;
	return ERR_OK;
}

static enum err
set_list(struct parser *p, const struct setting *s, const struct ini_line *l)
{
	return list_add(member(p, s), l);
}

static enum err
set_path_list(struct parser *p, const struct setting *s, const struct ini_line *l)
{
	char path[sizeof(((struct host_list *)0)->item[0])];
	enum err r;

	if ((r = ini_path(l, path, sizeof(path))) != ERR_OK)
		return r;
	return list_add(member(p, s), l);
}

static enum err
set_language(struct parser *p, const struct setting *s UNUSED, const struct ini_line *l)
{
	static const char *const names[] = {
		[HOST_LANGUAGE_AUTO] = "auto", [HOST_LANGUAGE_NL] = "nl",
		[HOST_LANGUAGE_EN] = "en",
	};
	size_t i;
	enum err r;

	if ((r = ini_choice(l, names, NELEM(names), &i)) != ERR_OK)
		return r;
	p->c->language = (enum host_language)i;
	return ERR_OK;
}

static enum err
set_removal(struct parser *p, const struct setting *s UNUSED, const struct ini_line *l)
{
	static const char *const names[] = {
		[HOST_REMOVAL_END] = "end", [HOST_REMOVAL_GRACE] = "grace",
		[HOST_REMOVAL_NOTHING] = "nothing", [HOST_REMOVAL_LOCK] = "lock",
	};
	size_t i;
	enum err r;

	if ((r = ini_choice(l, names, NELEM(names), &i)) != ERR_OK)
		return r;
	p->c->card_removal = (enum host_removal)i;
	return ERR_OK;
}

static enum err
set_keypad(struct parser *p, const struct setting *s UNUSED, const struct ini_line *l)
{
	static const char *const names[] = {
		[HOST_PINPAD_NEVER] = "never", [HOST_PINPAD_OFFER] = "offer",
		[HOST_PINPAD_REQUIRED] = "required",
	};
	size_t i;
	enum err r;

	if ((r = ini_choice(l, names, NELEM(names), &i)) != ERR_OK)
		return r;
	p->c->pinpad = (enum host_pinpad)i;
	return ERR_OK;
}

static enum err
set_environment(struct parser *p, const struct setting *s UNUSED,
    const struct ini_line *l)
{
	static const char *const names[] = {
		[CERT_ENV_PRODUCTION] = "production",
		[CERT_ENV_ACCEPTANCE] = "acceptance", [CERT_ENV_TEST] = "test",
	};
	size_t i;
	enum err r;

	if ((r = ini_choice(l, names, NELEM(names), &i)) != ERR_OK)
		return r;
	p->broker->environment = (enum cert_env)i;
	if (i == CERT_ENV_PRODUCTION && p->o->users_own)
		return ini_refuse(l, "a broker of environment acceptance or test, "
		    "because this file is not root's");
	return ERR_OK;
}

static enum err
set_grace(struct parser *p, const struct setting *s UNUSED, const struct ini_line *l)
{
	int64_t v;
	enum err r;

	if ((r = ini_int(l, 1, 3600, &v)) != ERR_OK)
		return r;
	p->c->grace_seconds = (int)v;
	return ERR_OK;
}

static enum err
set_audit(struct parser *p, const struct setting *s, const struct ini_line *l)
{
	if (cur_eq_str(l->value, "journal")) {
		p->c->audit[0] = '\0';
		return ERR_OK;
	}
	if (ini_path(l, p->c->audit, s->size) != ERR_OK)
		return ini_refuse(l, "journal or an absolute path");
	return ERR_OK;
}

static enum err
set_pinentry(struct parser *p, const struct setting *s, const struct ini_line *l)
{
	p->pinentry = *l;
	return set_path(p, s, l);
}

static enum err
set_issuer(struct parser *p, const struct setting *s, const struct ini_line *l)
{
	if (!cur_starts(l->value, cur_str("https://")) ||
	    !text_is_safe(l->value, s->size) ||
	    !cur_to_str(l->value, p->broker->issuer, s->size))
		return ini_refuse(l, "an issuer that starts with https://");
	return ERR_OK;
}

static enum err
set_owner(struct parser *p, const struct setting *s UNUSED, const struct ini_line *l)
{
	char user[64];
	int64_t v;
	enum err r;

	if (!cur_to_str(l->value, user, sizeof(user)) || user[0] == '\0')
		return ini_refuse(l, "root, a user name or a user number");
	if (user[0] >= '0' && user[0] <= '9') {
		if ((r = ini_int(l, 0, UINT32_MAX - 1, &v)) != ERR_OK)
			return r;
		p->broker->owner = (uid_t)v;
		return ERR_OK;
	}
	if (p->o->uid(p->o->arg, user, &p->broker->owner) != ERR_OK)
		return ini_refuse(l, "the name of a user of this machine");
	return ERR_OK;
}

/* Never ask anybody for a password: a public key has none. */
static int
no_password(char *p UNUSED, int n UNUSED, int w UNUSED, void *arg UNUSED)
{
	return -1;
}

static void
bio_drop(BIO **b)
{
	BIO_free(*b);
	*b = NULL;
}

static EVP_PKEY *
key_of_pem(const struct buf *pem)
{
	AUTO(bio_drop) BIO *b = BIO_new_mem_buf(pem->p, (int)pem->len);

	return b == NULL ? NULL : PEM_read_bio_PUBKEY(b, NULL, no_password, NULL);
}

/*
 * key = THUMBPRINT FILE.  The thumbprint in the trusted file is what pins the broker
 * (T1); the file only brings the point, and must agree.
 */
static enum err
set_key(struct parser *p, const struct setting *s UNUSED, const struct ini_line *l)
{
	AUTO(buf_free) struct buf pem = BUF(PEM_MAX);
	AUTO(pkey_drop) EVP_PKEY *key = NULL;
	struct ini_line file = *l;
	struct cur pinned;
	char path[HOST_PATH_MAX], print[JWK_THUMBPRINT_LEN + 1];
	enum err r;

	if (p->broker->n_keys == HOST_KEYS)
		return ini_refuse(l, "at most 4 keys");
	if (!cur_until(&file.value, ' ', &pinned) || pinned.n != JWK_THUMBPRINT_LEN)
		return ini_refuse(l, "a thumbprint of 43 characters, a space and a path");
	while (cur_starts(file.value, cur_str(" ")))
		file.value = cur_of(file.value.p + 1, file.value.n - 1);
	if ((r = ini_path(&file, path, sizeof(path))) != ERR_OK)
		return r;
	if ((r = p->o->read(p->o->arg, path, &pem)) != ERR_OK)
		return ini_refuse(l, "a key file to read that nobody else can write");
	key = key_of_pem(&pem);
	if (key == NULL || !jws_alg_fits(JWS_ES256, key))
		return ini_refuse(l, "a PEM file with a P-256 public key");
	if ((r = jwk_thumbprint(key, print)) != ERR_OK)
		return r;
	if (!cur_eq_str(pinned, print))
		return ini_refuse(l, "a key file whose key has this thumbprint");
	p->broker->keys[p->broker->n_keys++] = key;
	key = NULL;		/* the broker's now */
	return ERR_OK;
}

/* The first of them takes the place of the default, which is both. */
static enum err
set_card(struct parser *p, const struct setting *s UNUSED, const struct ini_line *l)
{
	static const char *const names[] = { "unknown", "vendor_locked" };
	struct host_module *m = p->module;
	size_t i;
	enum err r;

	if ((r = ini_choice(l, names, NELEM(names), &i)) != ERR_OK)
		return r;
	if (!p->card_said)
		m->unknown = m->vendor_locked = false;
	p->card_said = true;
	*(i == 0 ? &m->unknown : &m->vendor_locked) = true;
	return ERR_OK;
}

static enum err
set_atr(struct parser *p, const struct setting *s UNUSED, const struct ini_line *l)
{
	struct host_module *m = p->module;

	if (m->n_atr == NELEM(m->atr))
		return ini_refuse(l, "at most 16 of these");
	if (!profile_pattern_read(l->value, &m->atr[m->n_atr]))
		return ini_refuse(l, "bytes in hex, ?? for any byte, * for any rest");
	m->n_atr++;
	return ERR_OK;
}

static enum err
set_reader(struct parser *p, const struct setting *s, const struct ini_line *l)
{
	if (p->module->no_reader ||
	    (cur_eq_str(l->value, "none") && p->module->reader.n != 0))
		return ini_refuse(l, "either none or parts of names");
	if (cur_eq_str(l->value, "none")) {
		p->module->no_reader = true;
		return ERR_OK;
	}
	return set_list(p, s, l);
}

static enum err
set_pinpad(struct parser *p, const struct setting *s UNUSED, const struct ini_line *l)
{
	static const char *const names[] = { "no", "token" };
	size_t i;
	enum err r;

	if ((r = ini_choice(l, names, NELEM(names), &i)) != ERR_OK)
		return r;
	p->module->pinpad = i == 1;
	return ERR_OK;
}

static enum err
set_serial(struct parser *p, const struct setting *s UNUSED, const struct ini_line *l)
{
	static const char *const names[] = { "token", "certificate" };
	size_t i;
	enum err r;

	if ((r = ini_choice(l, names, NELEM(names), &i)) != ERR_OK)
		return r;
	p->module->serial_of_cert = i == 1;
	return ERR_OK;
}

static enum err
set_seconds(struct parser *p, const struct setting *s UNUSED, const struct ini_line *l)
{
	int64_t v;
	enum err r;

	if ((r = ini_int(l, 1, 120, &v)) != ERR_OK)
		return r;
	p->module->seconds = (int)v;
	return ERR_OK;
}

/* NAME=value for the library's process; the loader's own variables come too late. */
static enum err
set_environment_of(struct parser *p, const struct setting *s, const struct ini_line *l)
{
	struct cur rest = l->value, name;

	if (!cur_until(&rest, '=', &name) || !text_is_name(name, 64))
		return ini_refuse(l, "NAME=value");
	return set_list(p, s, l);
}

#define MEMBER(type, m)	offsetof(struct type, m), sizeof(((struct type *)0)->m)

static const struct setting settings[] = {
	{ "agent", "language", OPTIONAL, set_language, 0, 0 },
	{ "agent", "require_session", OPTIONAL, set_bool,
	    MEMBER(host_conf, require_session) },
	{ "agent", "pcsc_socket", OPTIONAL, set_path, MEMBER(host_conf, pcsc_socket) },
	{ "agent", "pinentry", OPTIONAL, set_pinentry, MEMBER(host_conf, pinentry) },
	{ "agent", "worker", OPTIONAL, set_path, MEMBER(host_conf, worker) },
	{ "agent", "module_worker", OPTIONAL, set_path, MEMBER(host_conf, module_worker) },
	{ "agent", "profiles", OPTIONAL, set_path, MEMBER(host_conf, profiles) },
	{ "agent", "audit", OPTIONAL, set_audit, MEMBER(host_conf, audit) },
	{ "agent", "ignore_reader", MANY, set_list, MEMBER(host_conf, ignore_reader) },
	{ "policy", "card_removal", OPTIONAL, set_removal, 0, 0 },
	{ "policy", "grace_seconds", OPTIONAL, set_grace, 0, 0 },
	{ "policy", "allow_last_try", OPTIONAL, set_bool,
	    MEMBER(host_conf, allow_last_try) },
	{ "policy", "pinpad", OPTIONAL, set_keypad, 0, 0 },
	{ "policy", "native_client", MANY, set_list, MEMBER(host_conf, native_client) },
	{ "policy", "native_program", MANY, set_path_list,
	    MEMBER(host_conf, native_program) },
	{ "policy", "extension", MANY, set_list, MEMBER(host_conf, extension) },
	{ "broker", "issuer", NEEDED, set_issuer, MEMBER(host_broker, issuer) },
	{ "broker", "environment", NEEDED, set_environment, 0, 0 },
	{ "broker", "socket", NEEDED, set_path, MEMBER(host_broker, socket) },
	{ "broker", "owner", NEEDED, set_owner, 0, 0 },
	{ "broker", "key", NEEDED_MANY, set_key, 0, 0 },
	{ "broker", "trust", NEEDED, set_path, MEMBER(host_broker, trust) },
	{ "module", "use", OPTIONAL, set_bool, MEMBER(host_module, use) },
	{ "module", "library", NEEDED, set_path, MEMBER(host_module, library) },
	{ "module", "card", MANY, set_card, 0, 0 },
	{ "module", "atr", MANY, set_atr, 0, 0 },
	{ "module", "reader", MANY, set_reader, MEMBER(host_module, reader) },
	{ "module", "pinpad", OPTIONAL, set_pinpad, 0, 0 },
	{ "module", "serial", OPTIONAL, set_serial, 0, 0 },
	{ "module", "seconds", OPTIONAL, set_seconds, 0, 0 },
	{ "module", "environment", MANY, set_environment_of,
	    MEMBER(host_module, environment) },
};

static uint64_t
bit(size_t row)
{
	return (uint64_t)1 << row;
}

static bool
is_of(const struct setting *s, struct cur section)
{
	return cur_eq_str(section, s->section);
}

/* Is anything missing in the section that ends here?  One that is off needs nothing. */
static enum err
section_end(struct parser *p)
{
	char what[80];

	if (p->broker == NULL && (p->module == NULL || !p->module->use))
		return ERR_OK;
	for (size_t i = 0; i < NELEM(settings); i++) {
		const struct setting *s = &settings[i];

		if (!is_of(s, p->head.section) || s->often == OPTIONAL ||
		    s->often == MANY || (p->seen & bit(i)) != 0)
			continue;
		snprintf(what, sizeof(what), "%s = ... in this section", s->key);
		return ini_refuse(&p->head, what);
	}
	return ERR_OK;
}

/* Each section of this kind has its own. */
static void
forget_keys(struct parser *p, struct cur section)
{
	for (size_t i = 0; i < NELEM(settings); i++)
		if (is_of(&settings[i], section))
			p->seen &= ~bit(i);
}

static enum err
broker_begin(struct parser *p, const struct ini_line *l)
{
	char name[HOST_NAME_MAX];

	if (!text_is_name(l->name, sizeof(name) - 1) ||
	    !cur_to_str(l->name, name, sizeof(name)))
		return ini_refuse(l, "[broker NAME] of letters, digits, '.', '_', '-'");
	if (host_conf_broker(p->c, name) != NULL)
		return ini_refuse(l, "a name that no other broker has");
	if (p->c->n_brokers == HOST_BROKERS)
		return ini_refuse(l, "at most 8 brokers");
	p->broker = &p->c->brokers[p->c->n_brokers++];
	memcpy(p->broker->name, name, sizeof(name));
	forget_keys(p, l->section);
	return ERR_OK;
}

static enum err
module_begin(struct parser *p, const struct ini_line *l)
{
	struct host_module m = HOST_MODULE_DEFAULT;

	if (!text_is_name(l->name, sizeof(m.name) - 1) ||
	    !cur_to_str(l->name, m.name, sizeof(m.name)))
		return ini_refuse(l, "[module NAME], at most 15 letters, digits, "
		    "'.', '_', '-'");
	if (host_conf_module(p->c, m.name) != NULL)
		return ini_refuse(l, "a name that no other module has");
	if (p->c->n_modules == HOST_MODULES)
		return ini_refuse(l, "at most 8 modules");
	p->module = &p->c->modules[p->c->n_modules++];
	*p->module = m;
	p->card_said = false;
	forget_keys(p, l->section);
	return ERR_OK;
}

static enum err
on_section(struct parser *p, const struct ini_line *l)
{
	enum err r;

	if ((r = section_end(p)) != ERR_OK)
		return r;
	p->broker = NULL;
	p->module = NULL;
	p->head = *l;
	if (cur_eq_str(l->section, "broker"))
		return broker_begin(p, l);
	if (cur_eq_str(l->section, "module"))
		return module_begin(p, l);
	if ((cur_eq_str(l->section, "agent") || cur_eq_str(l->section, "policy")) &&
	    l->name.n == 0)
		return ERR_OK;
	return ini_refuse(l, "[agent], [policy], [broker NAME] or [module NAME]");
}

static enum err
on_key(struct parser *p, const struct ini_line *l)
{
	for (size_t i = 0; i < NELEM(settings); i++) {
		const struct setting *s = &settings[i];

		if (!cur_eq_str(l->section, s->section) || !cur_eq_str(l->key, s->key))
			continue;
		if ((p->seen & bit(i)) != 0 && s->often != MANY &&
		    s->often != NEEDED_MANY)
			return ini_refuse(l, "this key only once");
		p->seen |= bit(i);
		return s->set(p, s, l);
	}
	return ini_refuse(l, "a key that agent.conf(5) names for this section");
}

static enum err
on_line(void *arg, const struct ini_line *l)
{
	struct parser *p = arg;

	p->last_line = l->number;
	return l->key.n == 0 ? on_section(p, l) : on_key(p, l);
}

static bool
answers_by_itself(const char *pinentry)
{
	static const char tail[] = "-auto";
	size_t n = strlen(pinentry);

	return n >= sizeof(tail) - 1 &&
	    strcmp(pinentry + n - (sizeof(tail) - 1), tail) == 0;
}

static bool
has_production(const struct host_conf *c)
{
	for (size_t i = 0; i < c->n_brokers; i++)
		if (c->brokers[i].environment == CERT_ENV_PRODUCTION)
			return true;
	return false;
}

/* What can only be said about the whole. */
static enum err
check_whole(struct parser *p)
{
	struct ini_line end = { .number = p->last_line };
	enum err r;

	if ((r = section_end(p)) != ERR_OK)
		return r;
	if (p->c->n_brokers == 0)
		return ini_refuse(&end, "at least one [broker NAME]");
	/* T38: what types a PIN by itself belongs to the simulator. */
	if (has_production(p->c) && answers_by_itself(p->c->pinentry))
		return ini_refuse(&p->pinentry, "a pinentry that asks a person, "
		    "because a broker is of environment production");
	return ERR_OK;
}

static struct host_conf *
conf_new(void)
{
	struct host_conf *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->require_session = true;
	c->grace_seconds = 30;
	c->allow_last_try = true;
	snprintf(c->pinentry, sizeof(c->pinentry), "/usr/bin/pinentry");
	snprintf(c->worker, sizeof(c->worker), "%s", PKGLIBEXECDIR "/dezi-login-worker");
	snprintf(c->module_worker, sizeof(c->module_worker), "%s",
	    PKGLIBEXECDIR "/dezi-module-worker");
	snprintf(c->profiles, sizeof(c->profiles), "%s", PKGDATADIR "/profiles");
	return c;
}

void
host_conf_free(struct host_conf **c)
{
	if (*c == NULL)
		return;
	for (size_t i = 0; i < (*c)->n_brokers; i++)
		for (size_t k = 0; k < (*c)->brokers[i].n_keys; k++)
			EVP_PKEY_free((*c)->brokers[i].keys[k]);
	free(*c);
	*c = NULL;
}

enum err
host_conf_parse(struct cur text, const struct host_outside *o, struct host_conf **ret)
{
	AUTO(host_conf_free) struct host_conf *c = conf_new();
	struct parser p = { .o = o, .c = c };
	enum err r;

	if (c == NULL)
		return fail(ERR_NOMEM, "configuration");
	r = ini_parse(text, on_line, &p);
	if (r == ERR_MALFORMED || r == ERR_LIMIT)
		return note(ERR_CONFIG, "not the format of agent.conf(5)");
	if (r != ERR_OK || (r = check_whole(&p)) != ERR_OK)
		return r;
	*ret = c;
	c = NULL;		/* the caller's now */
	return ERR_OK;
}

static enum err
uid_of_user(void *arg UNUSED, const char *user, uid_t *ret)
{
	char strings[4096];
	struct passwd pw, *found = NULL;

	if (getpwnam_r(user, &pw, strings, sizeof(strings), &found) != 0 || found == NULL)
		return ERR_NOT_FOUND;
	*ret = pw.pw_uid;
	return ERR_OK;
}

static enum err
read_as_owner(void *arg, const char *path, struct buf *ret)
{
	return file_read_trusted(path, *(const uid_t *)arg, ret);
}

/* Root's, or the user's own where he named it; *ret_owner says whose it may be. */
static enum err
read_text(const char *path, bool named, struct buf *text, uid_t *ret_owner)
{
	enum err r = file_read_trusted(path, *ret_owner = 0, text);

	if (r == ERR_CONFIG && named && geteuid() != 0) {
		buf_clear(text);
		r = file_read_trusted(path, *ret_owner = geteuid(), text);
	}
	return r == ERR_NOT_FOUND ? fail(ERR_CONFIG, "expected a configuration file") : r;
}

/* T38 again, for what a link leads to. */
static enum err
check_pinentry(const struct host_conf *c)
{
	char *real;
	bool bad;

	if (!has_production(c))
		return ERR_OK;
	real = realpath(c->pinentry, NULL);
	bad = real != NULL && answers_by_itself(real);
	free(real);
	if (bad)
		return fail(ERR_CONFIG, "expected a pinentry that asks a person; "
		    "%s is a link to another kind", c->pinentry);
	return ERR_OK;
}

static enum err
load(const char *path, bool named, struct host_conf **ret)
{
	AUTO(host_conf_free) struct host_conf *c = NULL;
	AUTO(buf_free) struct buf text = BUF(CONF_MAX);
	uid_t owner;
	struct host_outside o = {
		.arg = &owner, .uid = uid_of_user, .read = read_as_owner,
	};
	enum err r;

	if ((r = read_text(path, named, &text, &owner)) != ERR_OK)
		return r;
	o.users_own = owner != 0;
	if ((r = host_conf_parse(buf_view(&text), &o, &c)) != ERR_OK ||
	    (r = check_pinentry(c)) != ERR_OK)
		return r;
	c->owner = owner;
	host_modules_default(c, host_modules_paths);
	*ret = c;
	c = NULL;		/* the caller's now */
	return ERR_OK;
}

enum err
host_conf_load(const char *path, bool named, struct host_conf **ret)
{
	char why[512];
	enum err r = load(path, named, ret);

	if (r == ERR_OK)
		return r;
	/* The file first, as compilers say it. */
	snprintf(why, sizeof(why), "%s", err_trail());
	return fail(r, "%s: %s", path, why);
}

const struct host_broker *
host_conf_broker(const struct host_conf *c, const char *name)
{
	if (name == NULL)
		return c->n_brokers == 0 ? NULL : &c->brokers[0];
	for (size_t i = 0; i < c->n_brokers; i++)
		if (strcmp(c->brokers[i].name, name) == 0)
			return &c->brokers[i];
	return NULL;
}

const char *
host_conf_language(const struct host_conf *c, const char *locale)
{
	if (c->language == HOST_LANGUAGE_NL)
		return "nl";
	if (c->language == HOST_LANGUAGE_EN)
		return "en";
	if (locale == NULL || locale[0] == '\0' || strncmp(locale, "nl", 2) == 0 ||
	    strcmp(locale, "C") == 0 || strncmp(locale, "C.", 2) == 0 ||
	    strcmp(locale, "POSIX") == 0)
		return "nl";
	return "en";
}

bool
host_list_has(const struct host_list *l, const char *item)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->item[i], item) == 0)
			return true;
	return false;
}

bool
host_list_in(const struct host_list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strstr(name, l->item[i]) != NULL)
			return true;
	return false;
}
