/* SPDX-License-Identifier: EUPL-1.2 */
/* Features and properties of readers (PC/SC part 10). */
#include "card/feature.h"

#define RECORD	6	/* tag, 4, and a code of four bytes */

bool
feature_take_list(struct cur in, struct features *ret)
{
	struct features f = *ret;
	uint8_t tag, length;
	uint32_t code;

	if (in.n % RECORD != 0)
		return false;
	while (cur_u8(&in, &tag) && cur_u8(&in, &length) && cur_u32(&in, &code)) {
		if (length != sizeof(code))
			return false;
		if (tag < FEATURE_TAGS && f.code[tag] == 0)
			f.code[tag] = code;
	}
	*ret = f;
	return true;
}

/* Numbers in here are little-endian (part 10, section 2.6.14). */
static bool
number(struct cur value, size_t n, uint32_t *ret)
{
	if (value.n != n)
		return false;
	*ret = 0;
	for (size_t i = n; i > 0; i--)
		*ret = *ret << 8 | value.p[i - 1];
	return true;
}

static void
take_property(uint8_t tag, struct cur value, struct features *ret)
{
	uint32_t v;

	switch (tag) {
	case 0x01:
		if (number(value, 2, &v))
			ret->lcd = (uint16_t)v;
		break;
	case 0x06:
		if (number(value, 1, &v))
			ret->min_pin = (uint8_t)v;
		break;
	case 0x07:
		if (number(value, 1, &v))
			ret->max_pin = (uint8_t)v;
		break;
	case 0x0a:
		if (number(value, 4, &v))
			ret->max_apdu = v;
		break;
	case 0x0b:
		if (number(value, 2, &v))
			ret->vendor = (uint16_t)v;
		break;
	case 0x0c:
		if (number(value, 2, &v))
			ret->product = (uint16_t)v;
		break;
	}
}

void
feature_take_properties(struct cur in, struct features *ret)
{
	uint8_t tag, length;
	struct cur value;

	while (cur_u8(&in, &tag) && cur_u8(&in, &length) && cur_take(&in, length, &value))
		take_property(tag, value, ret);
}

void
feature_take_pin_properties(struct cur in, struct features *ret)
{
	uint32_t v;

	if (in.n == 4 && number(cur_of(in.p, 2), 2, &v))
		ret->lcd = (uint16_t)v;
}
