/* SPDX-License-Identifier: EUPL-1.2 */
/* Event streams: in one piece or byte by byte, the same events. */
#include "tests/fuzz/fuzz.h"

#include "net/sse.h"

static enum err
collect(void *arg, const char *event, struct cur data)
{
	must(event[0] != '\0');
	must(data.n <= SSE_DATA_MAX);
	buf_str(arg, event);
	buf_u8(arg, 0);
	buf_cur(arg, data);
	buf_u8(arg, 0);
	return ERR_OK;
}

static enum err
feed(struct cur in, size_t piece, struct buf *seen)
{
	AUTO(sse_free) struct sse_parser p;
	struct cur part;
	enum err r = ERR_OK;

	sse_start(&p);
	while (r == ERR_OK && in.n != 0) {
		cur_take(&in, piece < in.n ? piece : in.n, &part);
		r = sse_feed(&p, part, collect, seen);
	}
	return r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(buf_free) struct buf a = BUF(1 << 24), b = BUF(1 << 24);
	struct cur in = cur_of(data, size);

	must(feed(in, size + 1, &a) == feed(in, 1, &b));
	must(cur_eq(buf_view(&a), buf_view(&b)));
	return 0;
}
