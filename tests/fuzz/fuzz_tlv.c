/* SPDX-License-Identifier: EUPL-1.2 */
/* TLV: takes end, take nothing twice, and what is written is read back. */
#include "tests/fuzz/fuzz.h"

#include "iso7816/atr.h"
#include "iso7816/fci.h"
#include "iso7816/tlv.h"

static void
one(const struct tlv *t)
{
	AUTO(buf_free) struct buf b = BUF(70000);
	struct cur in, v;
	uint32_t u;
	int64_t i;
	bool yes;

	(void)tlv_int(t->value, &i);
	(void)tlv_bits(t->value, &u);
	(void)tlv_bool(t->value, &yes);
	(void)tlv_unsigned(t->value, &u);
	if (t->value.n > 65535)
		return;
	tlv_put(&b, t->tag, t->value);
	must(buf_end(&b) == ERR_OK);
	in = buf_view(&b);
	must(tlv_take_tag(&in, t->tag, &v) && in.n == 0 && cur_eq(v, t->value));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cur in = cur_of(data, size), v;
	struct tlv t;
	size_t n;

	if (fci_size(in, &n))
		must(n >= 1 && n <= FILE_SIZE_MAX);
	if (atr_historical(in, &v))
		must(v.n <= 15);
	if (tlv_find(in, 0x30, &v) == ERR_OK)
		must(v.n < size);
	while (tlv_take(&in, &t)) {
		must(t.value.p >= data && t.value.p + t.value.n <= data + size);
		one(&t);
	}
	return 0;
}
