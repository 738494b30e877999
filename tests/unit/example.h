/* SPDX-License-Identifier: EUPL-1.2 */
/* The example configurations that are installed. */
#ifndef DEZI_TESTS_EXAMPLE_H
#define DEZI_TESTS_EXAMPLE_H

#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

static inline void
example(const char *name, struct buf *ret)
{
	const char *srcdir = getenv("srcdir");
	char path[4096];

	snprintf(path, sizeof(path), "%s/docs/examples/%s", srcdir != NULL ? srcdir : ".", name);
	assert_ok(file_read(path, ret));
}

#endif
