/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The agent's configuration, agent.conf(5), as agent, worker and command line read it
 * (DESIGN section 7).  What is wrong, unknown, missing or unsafe is refused with
 * "FILE: line N: expected ..."; nothing is guessed and nothing is searched for.
 */
#ifndef DEZI_HOST_CONF_H
#define DEZI_HOST_CONF_H

#include <sys/types.h>

#include "card/profile.h"
#include "cert/cert.h"

#define HOST_CONF_FILE		SYSCONFDIR "/dezi/agent.conf"

#define HOST_PATH_MAX		256
#define HOST_SOCKET_MAX		108	/* sun_path, unix(7) */
#define HOST_NAME_MAX		64
#define HOST_BROKERS		8
#define HOST_KEYS		4	/* of one broker: enough to roll over */
#define HOST_LIST		32
#define HOST_MODULES		8
#define HOST_MODULE_NAME	16	/* with NUL: it goes into the evidence */
#define HOST_MODULE_ATRS	16

enum host_language { HOST_LANGUAGE_AUTO, HOST_LANGUAGE_NL, HOST_LANGUAGE_EN };
enum host_removal {
	HOST_REMOVAL_END,		/* the session ends at once */
	HOST_REMOVAL_GRACE,		/* ... after grace_seconds without the card */
	HOST_REMOVAL_NOTHING,
	HOST_REMOVAL_LOCK,		/* ... and the screen is locked */
};

/* The values of a key that may be given more than once. */
struct host_list {
	char	 item[HOST_LIST][128];
	size_t	 n;
};

struct host_broker {
	char	 name[HOST_NAME_MAX];
	char	 issuer[256];
	enum cert_env environment;
	char	 socket[HOST_SOCKET_MAX];
	uid_t	 owner;			/* of the socket and its peer */
	EVP_PKEY *keys[HOST_KEYS];	/* P-256, each equal to its pinned thumbprint */
	size_t	 n_keys;
	char	 trust[HOST_PATH_MAX];
};

/* A vendor's PKCS#11 library, and the cards that are its (host/modules.h). */
struct host_module {
	char	 name[HOST_MODULE_NAME];
	bool	 use;			/* false: as if it were not here */
	char	 library[HOST_PATH_MAX];
	bool	 no_reader;		/* its token is in no PC/SC reader */
	bool	 unknown, vendor_locked;	/* what kind of card it serves */
	struct profile_pattern atr[HOST_MODULE_ATRS];
	size_t	 n_atr;			/* 0: any */
	struct host_list reader;	/* part of the name; empty: any */
	bool	 pinpad;
	bool	 serial_of_cert;
	int	 seconds;		/* that one thing may take it */
	struct host_list environment;	/* "NAME=value" */
};

/* Where a person types the PIN, if the reader has a keypad. */
enum host_pinpad {
	HOST_PINPAD_NEVER,	/* on the keyboard */
	HOST_PINPAD_OFFER,	/* where the person wants */
	HOST_PINPAD_REQUIRED,	/* nowhere else, and a reader without one is not used */
};

struct host_conf {
	uid_t	 owner;			/* whose files it may name: root's and these */
	/* [agent] */
	enum host_language language;
	bool	 require_session;
	char	 pcsc_socket[HOST_SOCKET_MAX];	/* "": pcscd's own */
	char	 pinentry[HOST_PATH_MAX];
	char	 worker[HOST_PATH_MAX];
	char	 module_worker[HOST_PATH_MAX];
	char	 profiles[HOST_PATH_MAX];
	char	 audit[HOST_PATH_MAX];		/* "": the journal */
	struct host_list ignore_reader;
	/* [policy] */
	enum host_removal card_removal;
	int	 grace_seconds;
	bool	 allow_last_try;
	enum host_pinpad pinpad;
	struct host_list native_client;
	struct host_list native_program;
	struct host_list extension;
	/* [broker NAME], the default one first; never empty */
	struct host_broker brokers[HOST_BROKERS];
	size_t	 n_brokers;
	/* [module NAME], in the order in which they are asked */
	struct host_module modules[HOST_MODULES];
	size_t	 n_modules;
};

/*
 * Read path.  It must be root's; when a person named it (--config), it may also be his
 * own, and then holds no broker of environment production.  ERR_CONFIG with
 * "FILE: line N: expected ..." or what is unsafe, ERR_SYS, ERR_NOMEM.
 */
MUST_CHECK enum err host_conf_load(const char *path, bool named, struct host_conf **ret);
void host_conf_free(struct host_conf **c);

/* The broker of that name; NULL: the default one.  NULL when there is none. */
const struct host_broker *host_conf_broker(const struct host_conf *c, const char *name);

/*
 * "nl" or "en".  locale is that of LC_MESSAGES ("nl_NL.UTF-8"): automatic means English
 * for a person who set another language than Dutch, and Dutch where nobody set any.
 */
const char *host_conf_language(const struct host_conf *c, const char *locale);

/* Does a list hold exactly this? */
bool host_list_has(const struct host_list *l, const char *item);
/* Is one of its items a part of name?  (ignore_reader) */
bool host_list_in(const struct host_list *l, const char *name);

/* What the text refers to, so that parsing itself is pure (tests, fuzzing). */
struct host_outside {
	void	*arg;
	bool	 users_own;		/* the file is the user's: no production */
	/* ERR_NOT_FOUND: no such user. */
	enum err (*uid)(void *arg, const char *user, uid_t *ret);
	/* A file that must be as safe as the configuration.  ERR_NOT_FOUND, ... */
	enum err (*read)(void *arg, const char *path, struct buf *ret);
};
/* ERR_CONFIG with "line N: expected ...", or "line N: ..." for a malformed line. */
MUST_CHECK enum err host_conf_parse(struct cur text, const struct host_outside *o,
    struct host_conf **ret);

#endif
