/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Which vendor's library serves a card that our own drivers do not (DESIGN section 6
 * rule 11).  Our drivers come first, always: a library is asked only for a card that
 * they do not know, or that only answers to its vendor.
 */
#ifndef DEZI_HOST_MODULES_H
#define DEZI_HOST_MODULES_H

#include "host/conf.h"

#define HOST_MODULE_SECONDS	30

/* What a [module NAME] without keys is. */
#define HOST_MODULE_DEFAULT						\
	{ .use = true, .unknown = true, .vendor_locked = true,		\
	  .pinpad = true, .seconds = HOST_MODULE_SECONDS }

/* The module of that name, used or not; NULL when there is none. */
const struct host_module *host_conf_module(const struct host_conf *c, const char *name);

/*
 * The first module, in the order of the file, that serves a card which our drivers
 * answered with why (ERR_CARD_UNKNOWN, ERR_VENDOR_LOCKED).  NULL: none does, or why is
 * something that no library can help.
 */
const struct host_module *host_module_for(const struct host_conf *c, enum err why,
    const char *reader, struct cur atr);

/* The first one whose token needs no reader; NULL when there is none. */
const struct host_module *host_module_without_reader(const struct host_conf *c);

/*
 * The library must be as safe as the configuration that names it (T29).
 * ERR_CONFIG says what is unsafe, or that it is not there.
 */
MUST_CHECK enum err host_module_check(const struct host_conf *c,
    const struct host_module *m);

/*
 * Where the file says nothing of a module "safesign" and the vendor's software is
 * installed at one of paths (NULL-terminated), it serves passes that only answer to it.
 */
void host_modules_default(struct host_conf *c, const char *const *paths);
extern const char *const host_modules_paths[];

#endif
