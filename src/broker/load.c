/* SPDX-License-Identifier: EUPL-1.2 */
/* Reads the configuration and what it names. */
#include "broker/load.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "broker/keys.h"

#define CONF_MAX	1048576
#define REGISTER_MAX	16777216
#define BOOT_ID		"/proc/sys/kernel/random/boot_id"

/* "FILE: what is wrong": the trail again, with the file in front. */
static enum err
in_file(enum err r, const char *path)
{
	AUTO(buf_free) struct buf was = BUF(1024);
	const char *s;

	buf_str(&was, err_trail());
	s = buf_cstr(&was);
	return fail(r, "%s: %s", path, s == NULL ? "" : s);
}

static enum err
check_ours(const char *path)
{
	enum err r = file_check_trusted(path, geteuid());

	if (r == ERR_NOT_FOUND)
		return fail(ERR_CONFIG, "%s: there is no such file or folder", path);
	return r == ERR_OK ? r : in_file(r, path);
}

static enum err
read_text(const char *path, struct buf *ret)
{
	enum err r = file_read_trusted(path, geteuid(), ret);

	if (r == ERR_NOT_FOUND)
		return fail(ERR_CONFIG, "%s: there is no such file", path);
	return r == ERR_OK ? r : in_file(r, path);
}

static enum err
load_conf(const char *path, struct broker_conf **ret)
{
	AUTO(buf_free) struct buf text = BUF(CONF_MAX);
	enum err r;

	if ((r = read_text(path, &text)) != ERR_OK)
		return r;
	r = conf_read(buf_view(&text), ret);
	return r == ERR_OK ? r : in_file(r, path);
}

static enum err
load_people(const char *path, struct people **ret)
{
	AUTO(buf_free) struct buf text = BUF(REGISTER_MAX);
	enum err r;

	if ((r = read_text(path, &text)) != ERR_OK)
		return r;
	r = people_read(buf_view(&text), ret);
	return r == ERR_OK ? r : in_file(r, path);
}

/* The first signs.  The others must be good too: they are what agents still pin. */
static enum err
load_keys(struct loaded *l)
{
	for (size_t i = 0; i < l->conf->n_keys; i++) {
		AUTO(pkey_drop) EVP_PKEY *key = NULL;
		enum err r;

		if ((r = key_load(l->conf->keys[i], geteuid(), &key)) != ERR_OK ||
		    (r = jwk_thumbprint(key, l->thumbprints[i])) != ERR_OK)
			return r;
		if (i == 0) {
			l->key = key;
			key = NULL;
		}
	}
	return ERR_OK;
}

/* The folder must not be anybody's: SQLite makes more files beside the database. */
static enum err
load_store(const struct broker_conf *c, struct store **ret)
{
	char folder[CONF_PATH_MAX];
	char *slash;
	enum err r;

	memcpy(folder, c->database, sizeof(folder));
	slash = strrchr(folder, '/');
	if (slash == NULL || slash == folder)
		return fail(ERR_CONFIG, "%s: expected a database in a folder",
		    c->database);
	*slash = '\0';
	if ((r = check_ours(folder)) != ERR_OK)
		return r;
	r = store_open(c->database, c->issuer, conf_env_word(c->environment), ret);
	return r == ERR_OK ? r : in_file(r, c->database);
}

static void
dir_drop(DIR **d)
{
	if (*d != NULL)
		closedir(*d);
}

/*
 * Who can write an anchor can log in as anybody.  Intermediates and CRLs are signed:
 * they may come from whoever fetches them.
 */
static enum err
check_anchors(const char *trust)
{
	AUTO(dir_drop) DIR *d = NULL;
	AUTO(buf_free) struct buf folder = BUF(CONF_PATH_MAX + 16);
	const struct dirent *e;
	const char *path;
	enum err r;

	buf_fmt(&folder, "%s/anchors", trust);
	if ((path = buf_cstr(&folder)) == NULL)
		return fail(ERR_LIMIT, "trust");
	if ((r = check_ours(path)) != ERR_OK)
		return r;
	if ((d = opendir(path)) == NULL)
		return fail(ERR_CONFIG, "%s: cannot be read", path);
	while ((e = readdir(d)) != NULL) {
		AUTO(buf_free) struct buf file = BUF(CONF_PATH_MAX + 272);

		if (e->d_name[0] == '.')
			continue;
		buf_fmt(&file, "%s/%s", path, e->d_name);
		if (buf_cstr(&file) == NULL)
			return fail(ERR_LIMIT, "trust");
		if ((r = check_ours((const char *)file.p)) != ERR_OK)
			return r;
	}
	return ERR_OK;
}

static enum err
load_folder(const char *dir, enum cert_env env, enum cert_revocation revocation,
    struct cert_store **ret)
{
	enum err r;

	if ((r = check_anchors(dir)) != ERR_OK)
		return r;
	r = cert_store_load(dir, env, revocation, ret);
	return r == ERR_OK ? r : in_file(r == ERR_NOT_FOUND ? ERR_CONFIG : r, dir);
}

static enum err
load_trust(const struct broker_conf *c, struct cert_store **ret)
{
	return load_folder(c->trust, c->environment, c->revocation, ret);
}

/* Makers of tokens are pinned in folders of the same form; they revoke nothing. */
static enum err
load_vendors(void *arg, const char *folder, struct cert_store **ret)
{
	const struct broker_conf *c = arg;

	return load_folder(folder, c->environment, CERT_REVOCATION_ELSEWHERE, ret);
}

static enum err
load_means(struct broker_conf *c, struct means **ret)
{
	AUTO(means_free) struct means *m = NULL;
	AUTO(buf_free) struct buf text = BUF(CONF_MAX);
	enum err r;

	if ((r = read_text(c->means, &text)) != ERR_OK)
		return r;
	if ((r = means_read(buf_view(&text), &m)) != ERR_OK ||
	    (r = means_load_vendors(m, load_vendors, c)) != ERR_OK)
		return in_file(r, c->means);
	*ret = m;
	m = NULL;		/* the caller's now */
	return ERR_OK;
}

enum err
load_all(const char *conf_path, struct loaded *ret)
{
	struct broker_conf *c;
	enum err r;

	*ret = (struct loaded){ 0 };
	if ((r = load_conf(conf_path, &ret->conf)) != ERR_OK)
		return r;
	c = ret->conf;
	if ((r = load_people(c->people, &ret->people)) != ERR_OK ||
	    (r = load_means(c, &ret->means)) != ERR_OK ||
	    (r = load_keys(ret)) != ERR_OK ||
	    (r = load_trust(c, &ret->trust)) != ERR_OK)
		return r;
	if ((r = audit_open(c->audit, &ret->audit)) != ERR_OK)
		return r;
	return load_store(c, &ret->store);
}

enum err
load_again(struct loaded *l)
{
	AUTO(people_free) struct people *people = NULL;
	AUTO(means_free) struct means *means = NULL;
	struct people *had_people = l->people;
	struct means *had_means = l->means;
	enum err r;

	if ((r = load_people(l->conf->people, &people)) != ERR_OK ||
	    (r = load_means(l->conf, &means)) != ERR_OK ||
	    (r = audit_reopen(l->audit)) != ERR_OK)
		return r;
	l->people = people;
	l->means = means;
	people = had_people;	/* these go instead */
	means = had_means;
	return ERR_OK;
}

void
loaded_free(struct loaded *l)
{
	store_close(&l->store);
	audit_close(&l->audit);
	cert_store_free(&l->trust);
	pkey_drop(&l->key);
	means_free(&l->means);
	people_free(&l->people);
	conf_free(&l->conf);
}

enum err
load_boot_id(char *ret, size_t size)
{
	AUTO(buf_free) struct buf text = BUF(128);
	struct cur in, word;
	enum err r;

	r = file_read(BOOT_ID, &text);
	if (r == ERR_NOT_FOUND)
		return fail(ERR_SYS, "%s: there is no such file", BOOT_ID);
	if (r != ERR_OK)
		return r;
	in = buf_view(&text);
	if (!cur_until(&in, '\n', &word) || !text_is_name(word, size - 1) ||
	    !cur_to_str(word, ret, size))
		return fail(ERR_SYS, "%s: no identifier", BOOT_ID);
	return ERR_OK;
}
