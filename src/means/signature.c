/* SPDX-License-Identifier: EUPL-1.2 */
/* Lengths and forms of signatures; whether they are right is checked elsewhere. */
#include "means/signature.h"

#include "iso7816/tlv.h"

static void
put_zeros(struct buf *b, size_t n)
{
	uint8_t *p = buf_room(b, n);

	if (p != NULL)
		memset(p, 0, n);
}

enum err
signature_rsa(struct cur sig, size_t k, struct buf *ret)
{
	struct cur zero;

	if (sig.n == k + 1 && sig.p[0] == 0)
		(void)cur_take(&sig, 1, &zero);
	if (sig.n == 0 || sig.n > k)
		return fail(ERR_CARD, "an RSA signature of %zu bytes, not %zu", sig.n, k);
	put_zeros(ret, k - sig.n);
	buf_cur(ret, sig);
	return buf_end(ret);
}

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

static bool
is_zero(struct cur c)
{
	for (size_t i = 0; i < c.n; i++)
		if (c.p[i] != 0)
			return false;
	return true;
}

enum err
signature_ecdsa(struct cur sig, size_t n, struct buf *ret)
{
	struct cur in = sig, seq, r, s;

	if (sig.n == 2 * n) {
		(void)cur_take(&in, n, &r);
		s = in;
		if (is_zero(r) || is_zero(s))
			return fail(ERR_CARD, "an ECDSA signature of zeros");
	} else if (!tlv_take_tag(&in, 0x30, &seq) || in.n != 0 ||
	    !take_integer(&seq, n, &r) || !take_integer(&seq, n, &s) || seq.n != 0) {
		return fail(ERR_CARD, "an ECDSA signature of %zu bytes", sig.n);
	}
	put_zeros(ret, n - r.n);
	buf_cur(ret, r);
	put_zeros(ret, n - s.n);
	buf_cur(ret, s);
	return buf_end(ret);
}
