/* SPDX-License-Identifier: EUPL-1.2 */
/* Lengths and forms of signatures; whether they are right is checked elsewhere. */
#include "means/signature.h"

#include "iso7816/ecdsa.h"

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
	struct cur s = sig, r = { 0 };

	if (sig.n != 2 * n) {
		if (!ecdsa_plain(sig, n, ret))
			return fail(ERR_CARD, "an ECDSA signature of %zu bytes", sig.n);
		return buf_end(ret);
	}
	(void)cur_take(&s, n, &r);
	if (is_zero(r) || is_zero(s))
		return fail(ERR_CARD, "an ECDSA signature of zeros");
	buf_cur(ret, sig);
	return buf_end(ret);
}
