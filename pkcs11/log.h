/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The log of the module: to syslog or a file, never to a stream of the program that we
 * are a guest of.  A line holds no PIN, no byte of VERIFY, CHANGE REFERENCE DATA or
 * RESET RETRY COUNTER, and no argument of C_Login, C_SetPIN or C_InitPIN.
 */
#ifndef DEZI_PKCS11_LOG_H
#define DEZI_PKCS11_LOG_H

#include "base/err.h"
#include "pkcs11/conf.h"
#include "pkcs11/cryptoki.h"

void say(enum log_level level, const char *fmt, ...) PRINTF(2, 3);
/* With the trail of e, at a level that suits it.  Yields what PKCS #11 calls it. */
ck_rv_t say_error(enum err e, const char *what);
/* trace_fn of card/trace.h */
void say_apdu(void *arg, const char *line);

#endif
