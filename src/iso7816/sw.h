/* SPDX-License-Identifier: EUPL-1.2 */
/* Status words (ISO 7816-4; iso7816 reference section 12). */
#ifndef DEZI_ISO7816_SW_H
#define DEZI_ISO7816_SW_H

#include "base/err.h"

#define SW_OK			0x9000
#define SW_END_OF_FILE		0x6282
#define SW_DEACTIVATED		0x6283
#define SW_FCI_UNFORMATTED	0x6284
#define SW_TERMINATED		0x6285
#define SW_WARNING_CHANGED	0x6300
#define SW_WRONG_LENGTH		0x6700
#define SW_CHAIN_LAST		0x6883	/* last command of a chain expected */
#define SW_SECURITY		0x6982	/* security status not satisfied */
#define SW_BLOCKED		0x6983
#define SW_REFERENCE_UNUSABLE	0x6984
#define SW_CONDITIONS		0x6985	/* conditions of use not satisfied */
#define SW_BAD_DATA		0x6a80
#define SW_NO_FUNCTION		0x6a81
#define SW_NO_FILE		0x6a82
#define SW_NO_RECORD		0x6a83
#define SW_BAD_P1P2		0x6a86
#define SW_LC_P1P2		0x6a87
#define SW_NO_REFERENCE		0x6a88
#define SW_BAD_OFFSET		0x6b00
#define SW_NO_INS		0x6d00
#define SW_NO_CLA		0x6e00

/* 61xx: that many bytes wait (00: 256). */
static inline bool
sw_more(unsigned sw)
{
	return sw >> 8 == 0x61;
}

/* 6Cxx: ask again for that many (00: 256). */
static inline bool
sw_wrong_le(unsigned sw)
{
	return sw >> 8 == 0x6c;
}

static inline unsigned
sw_count(unsigned sw)
{
	return (sw & 0xff) == 0 ? 256 : sw & 0xff;
}

/* 63Cx: x tries are left. */
static inline bool
sw_tries(unsigned sw, int *ret)
{
	if ((sw & 0xfff0) != 0x63c0)
		return false;
	*ret = (int)(sw & 0xf);
	return true;
}

/* The card does not know the command, its class or its parameters. */
bool sw_unsupported(unsigned sw);
/* The file, record or data object is not there. */
bool sw_absent(unsigned sw);

/* In English, for the trail.  Never NULL. */
const char *sw_name(unsigned sw);

#endif
