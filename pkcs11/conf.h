/* SPDX-License-Identifier: EUPL-1.2 */
/* What an administrator decides: /etc/dezi/pkcs11.conf, and the environment. */
#ifndef DEZI_PKCS11_CONF_H
#define DEZI_PKCS11_CONF_H

#include "base/log.h"
#include "card/profile.h"

#define CONF_PATH_MAX	1024
#define CONF_IGNORED	16

enum conf_log { CONF_LOG_NONE, CONF_LOG_SYSLOG, CONF_LOG_FILE };

struct conf {
	char	 file[CONF_PATH_MAX];	/* what was read; "": there is none, defaults hold */
	char	 ignored[CONF_IGNORED][128];	/* parts of names of readers */
	size_t	 n_ignored;
	bool	 reset_on_logout;	/* where the card has no command for it */
	bool	 keypad;		/* a PIN may be typed on a reader that can */
	bool	 cache;			/* public data in the runtime directory */
	char	 cache_dir[CONF_PATH_MAX];	/* "": there is no runtime directory */
	enum conf_log log;
	char	 log_file[CONF_PATH_MAX];
	enum log_level level;
	struct profiles profiles;
};

/*
 * Read it all.  A missing file means the defaults; a wrong or unsafe one is refused.
 *	DEZI_PKCS11_CONF	another file, of the user's own
 *	DEZI_PKCS11_LOG		a file for the log, DEZI_PKCS11_LEVEL its level
 */
MUST_CHECK enum err conf_load(struct conf *ret);
void conf_free(struct conf *c);

/* Pure: text of the file onto the defaults in c; *profiles (NULL: unchanged) its folder. */
MUST_CHECK enum err conf_parse(struct cur text, struct conf *c, char profiles[CONF_PATH_MAX]);

bool conf_ignores(const struct conf *c, const char *reader);

/* Of the running module; valid between C_Initialize and C_Finalize. */
const struct conf *conf(void);
/* After an error: until conf_end(), so that the log can tell of it. */
MUST_CHECK enum err conf_start(void);
void conf_end(void);

#endif
