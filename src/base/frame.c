/* SPDX-License-Identifier: EUPL-1.2 */
/* Frames between agent and worker. */
#include "base/frame.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD	5	/* u32 length, u8 type; the length counts the type */

enum err
frame_put(struct buf *b, uint8_t type, struct cur body)
{
	if (body.n > FRAME_MAX - 1)
		return fail(ERR_LIMIT, "frame of %zu bytes", body.n);
	buf_u32(b, (uint32_t)body.n + 1);
	buf_u8(b, type);
	buf_cur(b, body);
	if (buf_end(b) != ERR_OK)
		return fail(buf_end(b), "frame");
	return ERR_OK;
}

static enum err
check_length(uint32_t length)
{
	if (length == 0 || length > FRAME_MAX)
		return fail(ERR_MALFORMED, "frame of length %u", (unsigned)length);
	return ERR_OK;
}

enum err
frame_take(struct cur *in, uint8_t *ret_type, struct cur *ret_body)
{
	struct cur k = *in, body;
	uint32_t length;
	uint8_t type;
	enum err r;

	if (!cur_u32(&k, &length))
		return ERR_NOT_FOUND;
	if ((r = check_length(length)) != ERR_OK)
		return r;
	if (!cur_take(&k, length, &body))
		return ERR_NOT_FOUND;
	cur_u8(&body, &type);		/* length is at least 1 */
	*in = k;
	*ret_type = type;
	*ret_body = body;
	return ERR_OK;
}

void
field_put(struct buf *b, struct cur c)
{
	if (c.n > UINT16_MAX) {
		if (b->failed == ERR_OK)
			b->failed = ERR_LIMIT;
		return;
	}
	buf_u16(b, (unsigned)c.n);
	buf_cur(b, c);
}

bool
field_take(struct cur *c, struct cur *ret)
{
	struct cur k = *c;
	uint16_t n;

	if (!cur_u16(&k, &n) || !cur_take(&k, n, ret))
		return false;
	*c = k;
	return true;
}

bool
field_take_str(struct cur *c, char *ret, size_t size)
{
	struct cur k = *c, field;

	if (!field_take(&k, &field) || !cur_to_str(field, ret, size))
		return false;
	*c = k;
	return true;
}

static enum err
read_full(int fd, uint8_t *p, size_t n)
{
	while (n != 0) {
		ssize_t got = read(fd, p, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail(ERR_IO, "frame: read: %s", strerror(errno));
		if (got == 0)
			return fail(ERR_IO, "frame: end of file");
		p += got;
		n -= (size_t)got;
	}
	return ERR_OK;
}

enum err
frame_read(int fd, struct buf *ret_body, uint8_t *ret_type)
{
	uint8_t head[HEAD] = { 0 };
	struct cur h = cur_of(head, sizeof(head));
	uint32_t length;
	uint8_t *p;
	enum err r;

	if ((r = read_full(fd, head, sizeof(head))) != ERR_OK)
		return r;
	cur_u32(&h, &length);
	if ((r = check_length(length)) != ERR_OK)
		return r;
	buf_clear(ret_body);
	p = buf_room(ret_body, length - 1);
	if (p == NULL)
		return fail(buf_end(ret_body), "frame of length %u", (unsigned)length);
	if ((r = read_full(fd, p, length - 1)) != ERR_OK)
		return r;
	*ret_type = head[4];
	return ERR_OK;
}

enum err
frame_write(int fd, uint8_t type, struct cur body)
{
	AUTO(buf_free) struct buf b = BUF(FRAME_MAX + HEAD - 1);
	struct cur left;
	enum err r;

	if ((r = frame_put(&b, type, body)) != ERR_OK)
		return r;
	for (left = buf_view(&b); left.n != 0;) {
		ssize_t put = send(fd, left.p, left.n, MSG_NOSIGNAL);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return fail(ERR_IO, "frame: write: %s", strerror(errno));
		left = cur_of(left.p + put, left.n - (size_t)put);
	}
	return ERR_OK;
}
