/* SPDX-License-Identifier: EUPL-1.2 */
/* The profiles of a folder, and of a second one that takes precedence. */
#include "card/profile.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/text.h"

#define SUFFIX		".profile"
#define FILE_MAX	65536

static void
dir_drop(DIR **d)
{
	if (*d != NULL)
		closedir(*d);
	*d = NULL;
}

/* "uzi.profile" -> "uzi"; false for any other kind of name. */
static bool
profile_name(const char *file, char *ret, size_t size)
{
	size_t n = strlen(file), suffix = strlen(SUFFIX);

	return n > suffix && strcmp(file + n - suffix, SUFFIX) == 0 &&
	    text_is_name(cur_of(file, n - suffix), size - 1) &&
	    cur_to_str(cur_of(file, n - suffix), ret, size);
}

/* In the place of the one with the same name, or at the end. */
static enum err
put(struct profiles *all, struct profile *p)
{
	for (size_t i = 0; i < all->n; i++) {
		if (strcmp(all->items[i]->name, p->name) != 0)
			continue;
		free(all->items[i]);
		all->items[i] = p;
		return ERR_OK;
	}
	if (all->n == PROFILES_MAX) {
		free(p);
		return fail(ERR_LIMIT, "more than %d profiles", PROFILES_MAX);
	}
	all->items[all->n++] = p;
	all->items[all->n] = NULL;
	return ERR_OK;
}

static enum err
load_file(const char *dir, const char *file, const char *name, uid_t owner,
    struct profiles *all)
{
	AUTO(buf_free) struct buf text = BUF(FILE_MAX);
	char path[4096];
	struct profile *p;
	enum err r;

	if (snprintf(path, sizeof(path), "%s/%s", dir, file) >= (int)sizeof(path))
		return fail(ERR_LIMIT, "the path of a profile");
	r = file_read_trusted(path, owner, &text);
	if (r == ERR_NOT_FOUND)
		return fail(ERR_CONFIG, "%s went away", path);
	if (r != ERR_OK)
		return r;
	if ((p = malloc(sizeof(*p))) == NULL)
		return fail(ERR_NOMEM, "profile");
	if ((r = profile_parse(buf_view(&text), name, p)) != ERR_OK) {
		free(p);
		return note(r, "%s", path);
	}
	return put(all, p);
}

static enum err
load_dir(const char *dir, uid_t owner, struct profiles *all)
{
	AUTO(dir_drop) DIR *d = opendir(dir);
	char name[sizeof(all->items[0]->name)];
	struct dirent *e;
	enum err r;

	if (d == NULL)
		return errno == ENOENT ? ERR_NOT_FOUND :
		    fail(ERR_CONFIG, "%s: %s", dir, strerror(errno));
	while ((e = readdir(d)) != NULL)
		if (profile_name(e->d_name, name, sizeof(name)) &&
		    (r = load_file(dir, e->d_name, name, owner, all)) != ERR_OK)
			return r;
	return ERR_OK;
}

static int
by_name(const void *a, const void *b)
{
	const struct profile *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

enum err
profiles_load(const char *dir, const char *more, uid_t owner, struct profiles *ret)
{
	AUTO(profiles_free) struct profiles all = { .n = 0 };
	enum err r = load_dir(dir, owner, &all);

	if (r == ERR_NOT_FOUND)
		return fail(ERR_CONFIG, "%s: no such folder", dir);
	if (r == ERR_OK && more != NULL) {
		r = load_dir(more, owner, &all);
		if (r == ERR_NOT_FOUND)
			r = ERR_OK;
	}
	if (r == ERR_OK)
		r = keypads_load(dir, more, owner, &all.keypads);
	if (r != ERR_OK)
		return note(r, "card profiles");
	if (all.n == 0)
		return fail(ERR_CONFIG, "%s: no card profile in it", dir);
	qsort(all.items, all.n, sizeof(all.items[0]), by_name);
	*ret = all;
	all = (struct profiles){ .n = 0 };
	return ERR_OK;
}

void
profiles_free(struct profiles *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->items[i]);
	*p = (struct profiles){ .n = 0 };
}
