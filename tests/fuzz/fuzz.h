/* SPDX-License-Identifier: EUPL-1.2 */
/* What every fuzz target needs: its prototype, and a check that NDEBUG cannot remove. */
#ifndef DEZI_TESTS_FUZZ_H
#define DEZI_TESTS_FUZZ_H

#include <stdlib.h>

#include "base/cur.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a target promises about every input. */
#define must(truth)	((truth) ? (void)0 : abort())

#endif
