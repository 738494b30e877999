/* SPDX-License-Identifier: EUPL-1.2 */
/* ISO 7816-4 commands and replies, short form. */
#include "iso7816/apdu.h"

enum err
apdu_encode(const struct apdu *a, bool t0, struct buf *ret)
{
	if (a->data.n > APDU_DATA_MAX || a->le > APDU_LE_MAX)
		return fail(ERR_LIMIT, "a command of %zu bytes for a reply of %u",
		    a->data.n, a->le);
	buf_u8(ret, a->cla);
	buf_u8(ret, a->ins);
	buf_u8(ret, a->p1);
	buf_u8(ret, a->p2);
	if (a->data.n != 0) {
		buf_u8(ret, (unsigned)a->data.n);
		buf_cur(ret, a->data);
	}
	if (a->le != 0 && (a->data.n == 0 || !t0))
		buf_u8(ret, a->le & 0xff);	/* 256 is written 00 */

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
