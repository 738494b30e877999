/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The clocks.  Libraries below src/host never ask them: time is a parameter there.  (Two
 * parts of src/card that wait for the world do, to know how long it took.)
 */
#ifndef DEZI_BASE_CLOCK_H
#define DEZI_BASE_CLOCK_H

#include "base/def.h"

/* Seconds since 1970, UTC.  What certificates and tokens speak of. */
int64_t clock_utc(void);
/* Milliseconds of CLOCK_BOOTTIME: goes on during sleep, never jumps. */
int64_t clock_boot_ms(void);

#endif
