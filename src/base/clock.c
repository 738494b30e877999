/* SPDX-License-Identifier: EUPL-1.2 */
/* The two clocks of the house. */
#include "base/clock.h"

#include <time.h>

int64_t
clock_utc(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec;
}

int64_t
clock_boot_ms(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
