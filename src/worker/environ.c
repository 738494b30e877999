/* SPDX-License-Identifier: EUPL-1.2 */
/* What the worker keeps of its environment. */
#include "worker/environ.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* What a pinentry needs to show a window on the right screen in the right language. */
static const char *const kept[] = {
	"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR",
	"DBUS_SESSION_BUS_ADDRESS", "GPG_TTY", "TERM", "LANG", "LC_ALL", "LC_MESSAGES",
	"LANGUAGE",
};

/* Index in kept of the variable that entry ("NAME=value") sets; NELEM(kept): none. */
static size_t
index_of(const char *entry)
{
	size_t i;

	for (i = 0; i < NELEM(kept); i++) {
		size_t n = strlen(kept[i]);

		if (strncmp(entry, kept[i], n) == 0 && entry[n] == '=')
			break;
	}
	return i;
}

enum err
environ_clean(char **argv)
{
	char *clean[NELEM(kept) + 1] = { NULL };
	bool seen[NELEM(kept) + 1] = { false };
	bool dirty = false;
	size_t n = 0;

	for (char **e = environ; e != NULL && *e != NULL; e++) {
		size_t i = index_of(*e);

		/* A second one of the same name could be seen by another reader. */
		if (i == NELEM(kept) || seen[i]) {
			dirty = true;
			continue;
		}
		seen[i] = true;
		clean[n++] = *e;
	}
	if (!dirty)
		return ERR_OK;
	execve("/proc/self/exe", argv, clean);
	return fail(ERR_SYS, "cannot start again with a clean environment: %s",
	    strerror(errno));
}

const char *
environ_get(const char *name)
{
	size_t n = strlen(name);

	for (char **e = environ; e != NULL && *e != NULL; e++)
		if (strncmp(*e, name, n) == 0 && (*e)[n] == '=' &&
		    index_of(*e) != NELEM(kept))
			return *e + n + 1;
	return NULL;
}
