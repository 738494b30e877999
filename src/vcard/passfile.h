/* SPDX-License-Identifier: EUPL-1.2 */
/* Passes of somebody else's choice for the test PKI (dezi-vcard(1), PASS FILE). */
#ifndef DEZI_VCARD_PASSFILE_H
#define DEZI_VCARD_PASSFILE_H

#include "vcard/plan.h"

struct pass_file;

/* Pure.  ERR_CONFIG and ERR_MALFORMED say which line and what was expected. */
MUST_CHECK enum err pass_file_parse(struct cur text, struct pass_file **ret);
MUST_CHECK enum err pass_file_load(const char *path, struct pass_file **ret);
void pass_file_free(struct pass_file **f);
/* The passes, 1 to PASSES_MAX; valid as long as f. */
const struct pass_plan *pass_file_plans(const struct pass_file *f, size_t *ret_n);

#endif
