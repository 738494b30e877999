/* SPDX-License-Identifier: EUPL-1.2 */
/* A growing buffer with a maximum, a sticky failure, and a wipe at the end. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP	256

void
buf_free(struct buf *b)
{
	if (b->p != NULL) {
		explicit_bzero(b->p, b->cap);
		free(b->p);
	}
	*b = (struct buf){ .max = b->max };
}

void
buf_clear(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->len);
	b->len = 0;
	b->failed = ERR_OK;
}

/* Copy, wipe, free: realloc could leave a copy of a secret behind. */
static bool
grow(struct buf *b, size_t need)
{
	size_t cap = b->cap == 0 ? FIRST_CAP : b->cap;
	uint8_t *p;

	if (need > PTRDIFF_MAX)
		return false;
	while (cap < need)
		cap *= 2;
	p = malloc(cap);
	if (p == NULL)
		return false;
	if (b->len != 0)
		memcpy(p, b->p, b->len);
	if (b->p != NULL) {
		explicit_bzero(b->p, b->cap);
		free(b->p);
	}
	b->p = p;
	b->cap = cap;
	return true;
}

/* Room for n bytes and, behind them, for spare ones that max does not count. */
static uint8_t *
room(struct buf *b, size_t n, size_t spare)
{
	uint8_t *at;

	if (b->failed != ERR_OK)
		return NULL;
	if (n > b->max - b->len || spare > SIZE_MAX - b->len - n) {
		b->failed = ERR_LIMIT;
		return NULL;
	}
	if ((b->p == NULL || b->len + n + spare > b->cap) && !grow(b, b->len + n + spare)) {
		b->failed = ERR_NOMEM;
		return NULL;
	}
	at = b->p + b->len;
	b->len += n;
	return at;
}

uint8_t *
buf_room(struct buf *b, size_t n)
{
	return room(b, n, 0);
}

void
buf_put(struct buf *b, const void *p, size_t n)
{
	uint8_t *at;

	if (n == 0)
		return;
	at = buf_room(b, n);
	if (at != NULL)
		memcpy(at, p, n);
}

void
buf_cur(struct buf *b, struct cur c)
{
	buf_put(b, c.p, c.n);
}

void
buf_str(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void
buf_u8(struct buf *b, unsigned v)
{
	uint8_t o = (uint8_t)v;

	buf_put(b, &o, 1);
}

void
buf_u16(struct buf *b, unsigned v)
{
	buf_u8(b, v >> 8);
	buf_u8(b, v & 0xff);
}

void
buf_u32(struct buf *b, uint32_t v)
{
	buf_u16(b, v >> 16);
	buf_u16(b, v & 0xffff);
}

void
buf_u64(struct buf *b, uint64_t v)
{
	buf_u32(b, (uint32_t)(v >> 32));
	buf_u32(b, (uint32_t)v);
}

void
buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	uint8_t *at;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 && b->failed == ERR_OK)
		b->failed = ERR_MALFORMED;
	if (n < 0 || (at = room(b, (size_t)n, 1)) == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf((char *)at, (size_t)n + 1, fmt, ap);
	va_end(ap);
}

enum err
buf_end(const struct buf *b)
{
	return b->failed;
}

const char *
buf_cstr(struct buf *b)
{
	uint8_t *end = room(b, 0, 1);

	if (end == NULL)
		return NULL;
	*end = 0;
	return (const char *)b->p;
}
