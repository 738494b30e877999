/* SPDX-License-Identifier: EUPL-1.2 */
/* The login means that sits on our own card stack. */
#ifndef DEZI_MEANS_NATIVE_H
#define DEZI_MEANS_NATIVE_H

#include "card/cache.h"
#include "card/driver.h"
#include "means/means.h"

struct native_options {
	const struct profile *const *profiles;	/* NULL-terminated, as profiles_list() */
	const struct driver *const *drivers;	/* the same; drivers_table */
	struct card_cache *cache;		/* may be NULL */
	const struct keypads *keypads;		/* NULL: PINs are not typed on readers */
	bool	 keyboard;			/* else: nor only there */
	enum err (*waiting)(void *arg);		/* as in struct reader */
	void	*waiting_arg;
};

/*
 * reader becomes the means', also when this fails; what o points to stays the
 * caller's and must outlive the means.
 *	ERR_CARD_UNKNOWN, ERR_VENDOR_LOCKED, ERR_REMOVED, ERR_CARD_BUSY, ERR_IO
 */
MUST_CHECK enum err native_open(struct reader *reader, const struct native_options *o,
    struct means **ret);

#endif
