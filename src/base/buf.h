/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The buffer into which bytes are written.  It grows up to a maximum that its
 * owner states, remembers the first failure, and is wiped before it is freed.
 * Put, put, put, and ask buf_end() once.
 */
#ifndef DEZI_BASE_BUF_H
#define DEZI_BASE_BUF_H

#include "base/cur.h"
#include "base/err.h"

struct buf {
	uint8_t *p;		/* NULL until something was put */
	size_t	 len;
	size_t	 cap;
	size_t	 max;
	enum err failed;	/* ERR_OK, ERR_NOMEM or ERR_LIMIT */
};

/* AUTO(buf_free) struct buf b = BUF(4096); */
#define BUF(maximum)	{ .max = (maximum) }

/* Wipes and frees; may be called twice, and on a zeroed buffer. */
void buf_free(struct buf *b);
/* Wipes and forgets the content; keeps memory and maximum; clears the failure. */
void buf_clear(struct buf *b);

void buf_put(struct buf *b, const void *p, size_t n);
void buf_cur(struct buf *b, struct cur c);
void buf_str(struct buf *b, const char *s);
void buf_u8(struct buf *b, unsigned v);
void buf_u16(struct buf *b, unsigned v);
void buf_u32(struct buf *b, uint32_t v);
void buf_u64(struct buf *b, uint64_t v);
void buf_fmt(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
/* Room for n bytes, len advanced, or NULL (and the failure remembered). */
uint8_t *buf_room(struct buf *b, size_t n);

/* ERR_OK, or the first failure: ERR_NOMEM, ERR_LIMIT. */
MUST_CHECK enum err buf_end(const struct buf *b);

static inline struct cur
buf_view(const struct buf *b)
{
	return cur_of(b->p, b->len);
}

/*
 * Copy the content to a C string of size bytes.  False if the buffer failed, or it does
 * not fit or holds a NUL.
 */
static inline bool
buf_to_str(const struct buf *b, char *ret, size_t size)
{
	return b->failed == ERR_OK && cur_to_str(buf_view(b), ret, size);
}

/*
 * The content as a C string: a NUL is put behind it, not counted in len.
 * NULL when the buffer failed.  Valid until the next put.
 */
const char *buf_cstr(struct buf *b);

#endif
