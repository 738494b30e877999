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

bool
inflate_all(struct cur in, struct buf *ret)
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
	return r == Z_STREAM_END && z.avail_in == 0 && buf_end(ret) == ERR_OK;
}
