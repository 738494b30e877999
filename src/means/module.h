/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A vendor's PKCS#11 library as a login means (DESIGN section 6 rules 1 and 11): for
 * cards that only answer to it.  Only dezi-module-worker uses this.
 *
 * PKCS#11 has no word for a transaction: C_Login, C_Sign, C_Logout, C_Finalize, and then
 * the card is reset through our own handle, so that it stays open to nobody (T8).
 */
#ifndef DEZI_MEANS_MODULE_H
#define DEZI_MEANS_MODULE_H

#include "card/cache.h"
#include "means/means.h"

struct module_options {
	const char *name;		/* in the configuration; goes into the evidence */
	const char *library;		/* absolute, trusted */
	/*
	 * The token is not in a PC/SC reader (reader is NULL): then there is nothing to
	 * reset and no event counter to compare, and the view's reader is "".
	 */
	bool	 no_reader;
	/*
	 * No other card is in any reader: a library that names its slots otherwise than
	 * the readers can only mean this one.
	 */
	bool	 alone;
	bool	 pinpad;		/* false: never leave the PIN to the reader */
	bool	 serial_of_cert;	/* its serial number does not tell tokens apart */
	struct card_cache *cache;	/* may be NULL */
	/*
	 * Told before the library is called, and after (false).  A library that does
	 * not come back in time ends the process.
	 */
	void	 (*busy)(void *arg, bool is);
	void	*arg;
};

/*
 * Load and initialise the library.  reader becomes the means', also when this fails; what
 * o points to stays the caller's and must outlive the means.  ERR_MODULE, ERR_NOMEM.
 *
 * One look, one sign: after sign() the library is finalised and serves no more.
 */
MUST_CHECK enum err module_open(struct reader *reader, const struct module_options *o,
    struct means **ret);

/* What a library says of itself, for "dezi doctor". */
struct module_facts {
	char	 manufacturer[72], description[72];	/* safe text */
	size_t	 tokens;
	char	 readers[4][72];	/* of the first tokens */
};
MUST_CHECK enum err module_probe(const struct module_options *o, struct module_facts *ret);

#endif
