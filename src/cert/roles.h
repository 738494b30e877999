/* SPDX-License-Identifier: EUPL-1.2 */
/* The table that roles.awk makes of roles.txt. */
#ifndef DEZI_CERT_ROLES_H
#define DEZI_CERT_ROLES_H

#include <stddef.h>

struct role {
	const char *code;	/* "01.015" */
	const char *name;
};

extern const struct role role_table[];
extern const size_t role_table_n;

#endif
