/* SPDX-License-Identifier: EUPL-1.2 */
/* ISO 7816-3 section 8.2: TS T0 (TAi TBi TCi TDi)... historical bytes (TCK). */
#include "iso7816/atr.h"

bool
atr_historical(struct cur atr, struct cur *ret)
{
	uint8_t ts, t, n;

	if (atr.n > ATR_MAX || !cur_u8(&atr, &ts) || (ts != 0x3b && ts != 0x3f) ||
	    !cur_u8(&atr, &t))
		return false;
	n = t & 0xf;
	/* The high half of T0 and of each TD says which of TA, TB, TC, TD follow. */
	while ((t & 0xf0) != 0) {
		struct cur skip;
		size_t abc = (t >> 4 & 1u) + (t >> 5 & 1u) + (t >> 6 & 1u);

		if (!cur_take(&atr, abc, &skip))
			return false;
		if ((t & 0x80) == 0)
			break;
		if (!cur_u8(&atr, &t))
			return false;
	}
	return cur_take(&atr, n, ret) && atr.n <= 1;
}
