/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Frames between agent and worker: u32 length of what follows, u8 type, body;
 * big-endian.  A body is fields in a fixed order, each u16 length and bytes.
 */
#ifndef DEZI_BASE_FRAME_H
#define DEZI_BASE_FRAME_H

#include "base/buf.h"

#define FRAME_MAX	65536	/* type and body */

/* Append one frame.  ERR_LIMIT, ERR_NOMEM. */
MUST_CHECK enum err frame_put(struct buf *b, uint8_t type, struct cur body);

/*
 * Take one whole frame off the front of *in.  ERR_NOT_FOUND (bare): more bytes are
 * needed, *in is unchanged.  ERR_MALFORMED: length 0 or above FRAME_MAX.
 */
MUST_CHECK enum err frame_take(struct cur *in, uint8_t *ret_type, struct cur *ret_body);

void field_put(struct buf *b, struct cur c);	/* at most 65535 bytes, else ERR_LIMIT sticks */
bool field_take(struct cur *c, struct cur *ret);
/* As a C string; false when it does not fit or holds a NUL. */
bool field_take_str(struct cur *c, char *ret, size_t size);

/* Blocking read of one frame and write of one frame, for the worker. ERR_IO at end of file. */
MUST_CHECK enum err frame_read(int fd, struct buf *ret_body, uint8_t *ret_type);
MUST_CHECK enum err frame_write(int fd, uint8_t type, struct cur body);

#endif
