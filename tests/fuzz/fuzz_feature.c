/* SPDX-License-Identifier: EUPL-1.2 */
/* What a reader says of itself and of what was typed: any bytes; half of a list is none. */
#include "tests/fuzz/fuzz.h"

#include "card/replay.h"

/* As it comes over the wire: three answers, each of its own length. */
static void
ask(struct cur in)
{
	AUTO(reader_close) struct reader *r = NULL;

	must(replay_open_bytes(in, cur_of("\x3b\x00", 2), &r) == ERR_OK);
	replay_controls(r);
	(void)reader_features(r);
	(void)reader_max_apdu(r);
	must(replay_seen(r)->controls >= 1 && replay_seen(r)->controls <= 3);
	must(replay_seen(r)->apdus == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct features none = { .lcd = 0 };
	struct features f = none;
	struct cur in = cur_of(data, size);
	unsigned sw;

	if (!feature_take_list(in, &f))
		must(memcmp(&f, &none, sizeof(f)) == 0);
	feature_take_properties(in, &f);
	feature_take_pin_properties(in, &f);
	if (pad_result(in, &sw) == ERR_OK)
		must(in.n == 2 && (sw >> 12 == 6 || sw >> 12 == 9));
	ask(in);
	return 0;
}
