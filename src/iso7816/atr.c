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

/* Compact TLV: tag and length share a byte.  Tag 7 is what the card can do. */
static bool
find_capabilities(struct cur tlv, struct cur *ret)
{
	uint8_t head;

	while (cur_u8(&tlv, &head)) {
		if (!cur_take(&tlv, head & 0xf, ret))
			return false;
		if (head >> 4 == 7)
			return true;
	}
	return false;
}

bool
atr_takes_extended(struct cur atr)
{
	struct cur bytes, found;
	uint8_t category;

	if (!atr_historical(atr, &bytes) || !cur_u8(&bytes, &category))
		return false;
	/* 80: compact TLV; 00: the same, and three bytes of status behind it. */
	if (category == 0x00 && bytes.n >= 3)
		bytes.n -= 3;
	else if (category != 0x80)
		return false;
	return find_capabilities(bytes, &found) && found.n == 3 && (found.p[2] & 0x40) != 0;
}
