/* SPDX-License-Identifier: EUPL-1.2 */
/* Status words in words. */
#include "iso7816/sw.h"

bool
sw_unsupported(unsigned sw)
{
	return sw == SW_NO_INS || sw == SW_NO_CLA || sw == SW_NO_FUNCTION ||
	    sw == SW_BAD_P1P2 || sw == SW_LC_P1P2;
}

bool
sw_absent(unsigned sw)
{
	return sw == SW_NO_FILE || sw == SW_NO_RECORD || sw == SW_NO_REFERENCE;
}

static const struct {
	unsigned sw, mask;
	const char *name;
} names[] = {
	{ SW_OK, 0xffff, "ok" },
	{ 0x6100, 0xff00, "more data waits" },
	{ 0x6281, 0xffff, "data may be corrupted" },
	{ SW_END_OF_FILE, 0xffff, "end of file" },
	{ SW_DEACTIVATED, 0xffff, "deactivated" },
	{ SW_FCI_UNFORMATTED, 0xffff, "control information not formatted" },
	{ SW_TERMINATED, 0xffff, "terminated" },
	{ 0x63c0, 0xfff0, "verification failed" },
	{ 0x6300, 0xff00, "warning, memory changed" },
	{ 0x6400, 0xff00, "execution error" },
	{ 0x6581, 0xffff, "memory failure" },
	{ SW_WRONG_LENGTH, 0xffff, "wrong length" },
	{ 0x6881, 0xffff, "logical channel not supported" },
	{ 0x6882, 0xffff, "secure messaging not supported" },
	{ 0x6883, 0xffff, "last command of the chain expected" },
	{ 0x6884, 0xffff, "chaining not supported" },
	{ 0x6981, 0xffff, "wrong kind of file" },
	{ SW_SECURITY, 0xffff, "security status not satisfied" },
	{ SW_BLOCKED, 0xffff, "blocked" },
	{ SW_REFERENCE_UNUSABLE, 0xffff, "reference data not usable" },
	{ SW_CONDITIONS, 0xffff, "conditions of use not satisfied" },
	{ 0x6986, 0xffff, "no current file" },
	{ 0x6987, 0xffff, "secure messaging data missing" },
	{ 0x6988, 0xffff, "secure messaging data wrong" },
	{ 0x6999, 0xffff, "application not there" },
	{ SW_BAD_DATA, 0xffff, "wrong data" },
	{ SW_NO_FUNCTION, 0xffff, "function not supported" },
	{ SW_NO_FILE, 0xffff, "file or application not found" },
	{ SW_NO_RECORD, 0xffff, "record not found" },
	{ 0x6a84, 0xffff, "not enough memory" },
	{ SW_BAD_P1P2, 0xffff, "wrong parameters" },
	{ SW_LC_P1P2, 0xffff, "length does not fit the parameters" },
	{ SW_NO_REFERENCE, 0xffff, "referenced data not found" },
	{ SW_BAD_OFFSET, 0xffff, "offset outside the file" },
	{ 0x6c00, 0xff00, "wrong expected length" },
	{ SW_NO_INS, 0xffff, "command not supported" },
	{ SW_NO_CLA, 0xffff, "class not supported" },
	{ 0x6f00, 0xff00, "no diagnosis" },
};

const char *
sw_name(unsigned sw)
{
	for (size_t i = 0; i < NELEM(names); i++)
		if ((sw & names[i].mask) == names[i].sw)
			return names[i].name;
	return "unknown status";
}
