/* SPDX-License-Identifier: EUPL-1.2 */
/* From DER to two numbers side by side. */
#include "iso7816/ecdsa.h"

#include "iso7816/tlv.h"

/* INTEGER: positive, no byte too many (X.690 section 8.3). */
static bool
take_integer(struct cur *seq, size_t n, struct cur *ret)
{
	struct cur v, zero;

	if (!tlv_take_tag(seq, 0x02, &v) || v.n == 0 || (v.p[0] & 0x80) != 0)
		return false;
	if (v.p[0] == 0 && (v.n == 1 || (v.p[1] & 0x80) == 0))
		return false;
	if (v.p[0] == 0)
		(void)cur_take(&v, 1, &zero);
	*ret = v;
	return v.n <= n;
}

static void
put_number(struct buf *b, struct cur v, size_t n)
{
	for (size_t i = v.n; i < n; i++)
		buf_u8(b, 0);
	buf_cur(b, v);
}

bool
ecdsa_plain(struct cur der, size_t n, struct buf *ret)
{
	struct cur seq, r, s;

	if (!tlv_take_tag(&der, 0x30, &seq) || der.n != 0 || !take_integer(&seq, n, &r) ||
	    !take_integer(&seq, n, &s) || seq.n != 0)
		return false;
	put_number(ret, r, n);
	put_number(ret, s, n);
	return true;
}
