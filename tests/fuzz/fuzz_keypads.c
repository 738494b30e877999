/* SPDX-License-Identifier: EUPL-1.2 */
/* keypads.conf: any text; and what is built for a reader that it names has its lengths right. */
#include "tests/fuzz/fuzz.h"

#include "card/keypads.h"

static void
one(const struct keypad *k)
{
	const struct features f = { .code = { [FEATURE_VERIFY_DIRECT] = 1,
	    [FEATURE_MODIFY_DIRECT] = 2 }, .vendor = k->vendor, .product = k->product };
	const struct pin_rules rules = { .min = 4, .max = 8, .block = 8, .pad = 0xff };
	const struct apdu a = { .ins = 0x20, .p2 = 0x80 };
	AUTO(buf_free) struct buf verify = BUF(64), change = BUF(64);

	must(pad_can(&f, k, PAD_VERIFY, &rules) == !k->absent);
	must(pad_put(&verify, &f, k, PAD_VERIFY, &a, &rules) == ERR_OK);
	must(verify.len == 19 + 13 && verify.p[15] == 13);
	must(pad_put(&change, &f, k, PAD_CHANGE, &a, &rules) == ERR_OK);
	must(change.len == 24 + 21 && change.p[20] == 21);
	must(verify.p[7] >= 1 && verify.p[7] <= 7);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keypads all = { .n = 0 };
	const struct features none = { .lcd = 0 };

	if (keypads_parse(cur_of(data, size), &all) != ERR_OK)
		return 0;
	must(all.n <= KEYPADS_MAX);
	for (size_t i = 0; i < all.n; i++)
		one(&all.item[i]);
	(void)keypads_find(&all, &none, "Some Reader 00 00");
	return 0;
}
