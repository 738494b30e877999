/* SPDX-License-Identifier: EUPL-1.2 */
/* Frames and their fields: whatever is taken apart is put together again to the byte. */
#include "tests/fuzz/fuzz.h"

#include "base/frame.h"

static void
fields(struct cur body)
{
	AUTO(buf_free) struct buf again = BUF(FRAME_MAX);
	struct cur rest = body, field;

	while (field_take(&rest, &field))
		field_put(&again, field);
	must(buf_end(&again) == ERR_OK);
	must(cur_eq(buf_view(&again), cur_of(body.p, body.n - rest.n)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(buf_free) struct buf again = BUF(1 << 20);
	struct cur in = cur_of(data, size), body;
	uint8_t type;

	while (frame_take(&in, &type, &body) == ERR_OK) {
		fields(body);
		if (again.len + body.n + 5 <= again.max)
			must(frame_put(&again, type, body) == ERR_OK);
	}
	must(cur_starts(cur_of(data, size), buf_view(&again)));
	return 0;
}
