/* SPDX-License-Identifier: EUPL-1.2 */
/* What a role code is called. */
#include "cert/roles.h"

#include "cert/cert.h"

const char *
cert_role_name(const char *role)
{
	for (size_t i = 0; i < role_table_n; i++)
		if (strcmp(role, role_table[i].code) == 0)
			return role_table[i].name;
	return NULL;
}
