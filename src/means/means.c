/* SPDX-License-Identifier: EUPL-1.2 */
/* What every login means shares: its end. */
#include "means/means.h"

#include <stdlib.h>

void
means_view_free(struct means_view *v)
{
	buf_free(&v->cert);
}

void
means_close(struct means **m)
{
	if (*m == NULL)
		return;
	(*m)->ops->close(*m);
	free(*m);
	*m = NULL;
}
