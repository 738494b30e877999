/* SPDX-License-Identifier: EUPL-1.2 */
/* Every driver, in the order in which they are tried. */
#include "drivers/drivers.h"

const struct driver *const drivers_table[] = {
	&driver_piv,
	&driver_pkcs15,
	NULL,
};
