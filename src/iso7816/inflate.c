/* SPDX-License-Identifier: EUPL-1.2 */
/* The only file that knows zlib: output goes out in pieces, and stops at its limit. */
#include "iso7816/inflate.h"

#include <zlib.h>

#define GZIP_OR_ZLIB	(32 + MAX_WBITS)	/* by its header */

static void
end(z_stream *z)
{
	(void)inflateEnd(z);
}

/* The first stream; *ret_behind: bytes after it. */
static bool
inflate_first(struct cur in, struct buf *ret, size_t *ret_behind)
{
	AUTO(end) z_stream z = { 0 };
	uint8_t out[1024];
	int r;

	if (in.n > UINT32_MAX || inflateInit2(&z, GZIP_OR_ZLIB) != Z_OK)
		return false;
	z.next_in = (uint8_t *)(uintptr_t)in.p;
	z.avail_in = (uInt)in.n;
	do {
		z.next_out = out;
		z.avail_out = sizeof(out);
		r = inflate(&z, Z_NO_FLUSH);
		buf_put(ret, out, sizeof(out) - z.avail_out);
	} while (r == Z_OK && buf_end(ret) == ERR_OK);
	*ret_behind = z.avail_in;
	return r == Z_STREAM_END && buf_end(ret) == ERR_OK;
}

bool
inflate_all(struct cur in, struct buf *ret)
{
	size_t behind;

	return inflate_first(in, ret, &behind) && behind == 0;
}

bool
inflate_is_wrapped(struct cur in)
{
	return in.n > INFLATE_WRAPPER + 2 && in.p[0] == 0x01 && in.p[1] == 0x00 &&
	    (in.p[4] & 0x0f) == Z_DEFLATED && (in.p[4] << 8 | in.p[5]) % 31 == 0;
}

bool
inflate_wrapped(struct cur in, struct buf *ret, size_t *ret_behind)
{
	size_t before = ret->len, want;
	struct cur head;

	if (!inflate_is_wrapped(in) || !cur_take(&in, INFLATE_WRAPPER, &head))
		return false;
	want = (size_t)head.p[2] | (size_t)head.p[3] << 8;
	return inflate_first(in, ret, ret_behind) && ret->len - before == want;
}
