/* SPDX-License-Identifier: EUPL-1.2 */
/* A reader overheard: every command and reply as text, but never a PIN. */
#ifndef DEZI_CARD_TRACE_H
#define DEZI_CARD_TRACE_H

#include "card/reader.h"

/* "> 00 A4 04 00 ...", "< 90 00", "> 00 20 00 02 [15 bytes]", "= begin", "= end reset",
 * "! 42000D48", "! 42330006 [32 bytes]" */
typedef void trace_fn(void *arg, const char *line);

/* inner becomes the trace's, also when this fails. */
MUST_CHECK enum err trace_open(struct reader *inner, trace_fn *fn, void *arg,
    struct reader **ret);

#endif
