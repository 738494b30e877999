/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The worker's environment is a list of names and nothing else (DESIGN section 6): no
 * PCSCLITE_*, LIBPCSCLITE_DELEGATE or LD_PRELOAD that could put somebody between us and
 * pcscd, no OPENSSL_CONF, no PATH.
 */
#ifndef DEZI_WORKER_ENVIRON_H
#define DEZI_WORKER_ENVIRON_H

#include "base/err.h"

/*
 * With anything else in it, this program is executed again without: libraries and the
 * loader have seen the environment before main() could clean it.  Returns ERR_OK when
 * it is clean, ERR_SYS when it cannot be made so.
 */
MUST_CHECK enum err environ_clean(char **argv);

/* A variable of the list, or NULL. */
const char *environ_get(const char *name);

#endif
