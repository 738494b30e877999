/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A JSON writer without a parser and without jansson, for the worker: it writes
 * every byte that a card signs.
 */
#ifndef DEZI_JOSE_JSONW_H
#define DEZI_JOSE_JSONW_H

#include "base/buf.h"

/*
 * Members are written in the order of the calls.  s must be UTF-8 (else the buffer
 * fails with ERR_MALFORMED); escapes are those of RFC 8259 section 7, shortest form.
 */
void jsonw_object(struct buf *b);			/* { */
void jsonw_object_end(struct buf *b);			/* } */
void jsonw_member_object(struct buf *b, const char *name);	/* "name":{ */
void jsonw_member_array(struct buf *b, const char *name);	/* "name":[ */
void jsonw_item_object(struct buf *b);			/* { of the array's next item */
void jsonw_item_str(struct buf *b, struct cur s);	/* the array's next item */
void jsonw_array_end(struct buf *b);			/* ] */
void jsonw_member_str(struct buf *b, const char *name, struct cur s);
void jsonw_member_int(struct buf *b, const char *name, int64_t v);
void jsonw_member_bool(struct buf *b, const char *name, bool v);

#endif
