/* SPDX-License-Identifier: EUPL-1.2 */
/* ISO 7816-4 commands and replies. */
#include "iso7816/apdu.h"

/* Lc and data, Le: one byte each, where 00 means 256. */
static void
put_short(const struct apdu *a, bool t0, struct buf *ret)
{
	if (a->data.n != 0) {
		buf_u8(ret, (unsigned)a->data.n);
		buf_cur(ret, a->data);
	}
	if (a->le != 0 && (a->data.n == 0 || !t0))
		buf_u8(ret, a->le > APDU_LE_MAX ? 0 : a->le & 0xff);
}

/* A zero byte, then two bytes each (ISO 7816-3 section 12.1.3). */
static void
put_extended(const struct apdu *a, struct buf *ret)
{
	buf_u8(ret, 0);
	if (a->data.n != 0) {
		buf_u16(ret, (unsigned)a->data.n);
		buf_cur(ret, a->data);
	}
	if (a->le != 0)
		buf_u16(ret, a->le);
}

bool
apdu_is_long(const struct apdu *a)
{
	return a->data.n > APDU_DATA_MAX || a->le > APDU_LE_MAX;
}

enum err
apdu_encode(const struct apdu *a, enum apdu_form form, struct buf *ret)
{
	size_t most = form == APDU_EXTENDED ? APDU_LONG_DATA : APDU_DATA_MAX;

	if (a->data.n > most || a->le > APDU_LONG_LE)
		return fail(ERR_LIMIT, "a command of %zu bytes for a reply of %u",
		    a->data.n, a->le);
	buf_u8(ret, a->cla);
	buf_u8(ret, a->ins);
	buf_u8(ret, a->p1);
	buf_u8(ret, a->p2);
	if (form == APDU_EXTENDED && (a->data.n != 0 || a->le != 0))
		put_extended(a, ret);
	else
		put_short(a, form == APDU_SHORT_T0, ret);
	return buf_end(ret);
}

bool
apdu_reply(struct cur reply, struct cur *ret_data, unsigned *ret_sw)
{
	if (reply.n < 2)
		return false;
	*ret_data = cur_of(reply.p, reply.n - 2);
	*ret_sw = (unsigned)reply.p[reply.n - 2] << 8 | reply.p[reply.n - 1];
	return true;
}
