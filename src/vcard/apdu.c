/* SPDX-License-Identifier: EUPL-1.2 */
/* Taking command APDUs apart. */
#include "vcard/apdu.h"

/* 0 stands for the largest number. */
static size_t
le_of(unsigned v, size_t zero)
{
	return v == 0 ? zero : v;
}

static bool
parse_short(struct cur in, struct command *ret)
{
	uint8_t lc, le;

	if (in.n == 1) {			/* case 2 */
		ret->has_le = true;
		ret->le = le_of(in.p[0], 256);
		return true;
	}
	if (!cur_u8(&in, &lc) || lc == 0 || !cur_take(&in, lc, &ret->data))
		return false;
	if (in.n == 0)				/* case 3 */
		return true;
	ret->has_le = cur_u8(&in, &le);		/* case 4 */
	ret->le = le_of(le, 256);
	return in.n == 0;
}

/* in starts with the zero byte that says "extended". */
static bool
parse_extended(struct cur in, struct command *ret)
{
	uint16_t lc, le;
	uint8_t zero;

	ret->extended = true;
	if (!cur_u8(&in, &zero) || !cur_u16(&in, &lc))
		return false;
	if (in.n == 0) {			/* case 2 */
		ret->has_le = true;
		ret->le = le_of(lc, 65536);
		return true;
	}
	if (lc == 0 || !cur_take(&in, lc, &ret->data))
		return false;
	if (in.n == 0)				/* case 3 */
		return true;
	ret->has_le = cur_u16(&in, &le);	/* case 4 */
	ret->le = ret->has_le ? le_of(le, 65536) : 0;
	return ret->has_le && in.n == 0;
}

bool
command_parse(struct cur in, struct command *ret)
{
	*ret = (struct command){ 0 };
	if (!cur_u8(&in, &ret->cla) || !cur_u8(&in, &ret->ins) ||
	    !cur_u8(&in, &ret->p1) || !cur_u8(&in, &ret->p2))
		return false;
	if (in.n == 0)				/* case 1 */
		return true;
	return in.n > 1 && in.p[0] == 0 ? parse_extended(in, ret) : parse_short(in, ret);
}

static const char *const kind_words[KINDS] = {
	[KIND_ANY] = "any", [KIND_SELECT] = "select", [KIND_READ] = "read",
	[KIND_GET_DATA] = "get-data", [KIND_TRIES] = "tries", [KIND_VERIFY] = "verify",
	[KIND_CHANGE] = "change", [KIND_UNBLOCK] = "unblock", [KIND_MSE] = "mse",
	[KIND_SIGN] = "sign", [KIND_DECIPHER] = "decipher",
	[KIND_AUTHENTICATE] = "authenticate", [KIND_CHALLENGE] = "challenge",
	[KIND_PUBLIC_KEY] = "public-key", [KIND_CHANNEL] = "channel",
	[KIND_GET_RESPONSE] = "get-response", [KIND_VERSION] = "version",
	[KIND_SERIAL] = "serial", [KIND_METADATA] = "metadata", [KIND_ATTEST] = "attest",
	[KIND_OTHER] = "other",
};

/* Proprietary classes have b8 set.  GENERAL AUTHENTICATE of PIV counts as "sign". */
static const struct {
	enum command_kind kind;
	bool	proprietary;
	uint8_t ins;
	int	p1;		/* -1: any */
} kinds[] = {
	{ KIND_SELECT, false, 0xa4, -1 },
	{ KIND_READ, false, 0xb0, -1 },
	{ KIND_READ, false, 0xb1, -1 },
	{ KIND_GET_DATA, false, 0xca, -1 },
	{ KIND_GET_DATA, false, 0xcb, -1 },
	{ KIND_TRIES, true, 0x34, -1 },
	{ KIND_VERIFY, false, 0x20, 0x00 },
	{ KIND_CHANGE, false, 0x24, -1 },
	{ KIND_UNBLOCK, false, 0x2c, -1 },
	{ KIND_MSE, false, 0x22, -1 },
	{ KIND_SIGN, false, 0x2a, 0x9e },
	{ KIND_SIGN, false, 0x87, -1 },
	{ KIND_DECIPHER, false, 0x2a, 0x80 },
	{ KIND_AUTHENTICATE, false, 0x88, -1 },
	{ KIND_CHALLENGE, false, 0x84, -1 },
	{ KIND_PUBLIC_KEY, true, 0x3a, -1 },
	{ KIND_CHANNEL, false, 0x70, -1 },
	{ KIND_GET_RESPONSE, false, 0xc0, -1 },
	{ KIND_VERSION, false, 0xfd, -1 },
	{ KIND_SERIAL, false, 0xf8, -1 },
	{ KIND_METADATA, false, 0xf7, -1 },
	{ KIND_ATTEST, false, 0xf9, -1 },
};

enum command_kind
command_kind(struct cur in)
{
	/* A chain is the command that its last part is. */
	if (in.n < 4 || (in.p[0] & 0x10) != 0)
		return KIND_OTHER;
	for (size_t i = 0; i < NELEM(kinds); i++)
		if (kinds[i].ins == in.p[1] &&
		    kinds[i].proprietary == ((in.p[0] & 0x80) != 0) &&
		    (kinds[i].p1 < 0 || kinds[i].p1 == in.p[2]))
			return kinds[i].kind;
	return KIND_OTHER;
}

const char *
command_kind_word(enum command_kind kind)
{
	return kind_words[kind];
}

bool
command_kind_of(struct cur word, enum command_kind *ret)
{
	for (size_t i = 0; i < KINDS; i++)
		if (cur_eq_str(word, kind_words[i])) {
			*ret = (enum command_kind)i;
			return true;
		}
	return false;
}
