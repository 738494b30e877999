/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A cursor over borrowed bytes: the only way in which parsers of this project
 * read memory.  Every take either succeeds or changes nothing.
 */
#ifndef DEZI_BASE_CUR_H
#define DEZI_BASE_CUR_H

#include <string.h>

#include "base/def.h"

struct cur {
	const uint8_t *p;	/* may be NULL when n is 0 */
	size_t	       n;
};

static inline struct cur
cur_of(const void *p, size_t n)
{
	return (struct cur){ p, n };
}

static inline struct cur
cur_str(const char *s)
{
	return cur_of(s, strlen(s));
}

/* Split n bytes off the front.  False, and nothing changes, if fewer remain. */
static inline bool
cur_take(struct cur *c, size_t n, struct cur *ret)
{
	if (n > c->n)
		return false;
	*ret = cur_of(c->p, n);
	if (n != 0)
		c->p += n;
	c->n -= n;
	return true;
}

static inline bool
cur_u8(struct cur *c, uint8_t *ret)
{
	struct cur b;

	if (!cur_take(c, 1, &b))
		return false;
	*ret = b.p[0];
	return true;
}

/* Big-endian, as ISO 7816 and our frames have it. */
static inline bool
cur_u16(struct cur *c, uint16_t *ret)
{
	struct cur b;

	if (!cur_take(c, 2, &b))
		return false;
	*ret = (uint16_t)(b.p[0] << 8 | b.p[1]);
	return true;
}

static inline bool
cur_u32(struct cur *c, uint32_t *ret)
{
	struct cur b;

	if (!cur_take(c, 4, &b))
		return false;
	*ret = (uint32_t)b.p[0] << 24 | (uint32_t)b.p[1] << 16 |
	    (uint32_t)b.p[2] << 8 | b.p[3];
	return true;
}

static inline bool
cur_u64(struct cur *c, uint64_t *ret)
{
	struct cur k = *c;
	uint32_t hi, lo;

	if (!cur_u32(&k, &hi) || !cur_u32(&k, &lo))
		return false;
	*ret = (uint64_t)hi << 32 | lo;
	*c = k;
	return true;
}

static inline bool
cur_eq(struct cur a, struct cur b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
cur_eq_str(struct cur a, const char *s)
{
	return cur_eq(a, cur_str(s));
}

static inline bool
cur_starts(struct cur a, struct cur prefix)
{
	return a.n >= prefix.n && cur_eq(cur_of(a.p, prefix.n), prefix);
}

/*
 * Split off everything before the first byte sep, and the sep itself.
 * False, and nothing changes, if sep does not occur.
 */
static inline bool
cur_until(struct cur *c, uint8_t sep, struct cur *ret)
{
	const uint8_t *at = c->n == 0 ? NULL : memchr(c->p, sep, c->n);
	struct cur skip;

	if (at == NULL)
		return false;
	return cur_take(c, (size_t)(at - c->p), ret) && cur_take(c, 1, &skip);
}

/* Without blanks and tabs at both ends. */
static inline struct cur
cur_trim(struct cur c)
{
	while (c.n != 0 && (c.p[0] == ' ' || c.p[0] == '\t'))
		c = cur_of(c.p + 1, c.n - 1);
	while (c.n != 0 && (c.p[c.n - 1] == ' ' || c.p[c.n - 1] == '\t'))
		c.n--;
	return c;
}

/* Copy to a C string of size bytes.  False if it does not fit or holds a NUL. */
static inline bool
cur_to_str(struct cur c, char *ret, size_t size)
{
	if (c.n >= size || (c.n != 0 && memchr(c.p, 0, c.n) != NULL))
		return false;
	if (c.n != 0)
		memcpy(ret, c.p, c.n);
	ret[c.n] = '\0';
	return true;
}

#endif
