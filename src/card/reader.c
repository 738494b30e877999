/* SPDX-License-Identifier: EUPL-1.2 */
/* What every kind of reader shares: its end. */
#include "card/reader.h"

#include <stdlib.h>

void
reader_close(struct reader **r)
{
	if (*r == NULL)
		return;
	if ((*r)->ops->close != NULL)
		(*r)->ops->close(*r);
	free(*r);
	*r = NULL;
}
