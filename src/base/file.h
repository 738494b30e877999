/* SPDX-License-Identifier: EUPL-1.2 */
/* Reading whole files, with a bound and, where it matters, an owner. */
#ifndef DEZI_BASE_FILE_H
#define DEZI_BASE_FILE_H

#include <sys/types.h>

#include "base/buf.h"

/*
 * Append the content of path to ret.  ERR_NOT_FOUND (bare) when it does not exist,
 * ERR_LIMIT when it is larger than ret allows, ERR_SYS.
 */
MUST_CHECK enum err file_read(const char *path, struct buf *ret);

/*
 * As above for what we must be able to trust: the file and every directory above
 * it are owned by root or by owner, and writable by nobody else (a sticky directory
 * such as the shared temporary one counts as writable unless the next part is
 * owned by root or owner).  Opened once, checked on the open file.
 * A sandbox's user namespace may not know root: there nobody's files count as root's,
 * unless they are in such a sticky directory.
 * ERR_CONFIG says what is unsafe.
 */
MUST_CHECK enum err file_read_trusted(const char *path, uid_t owner, struct buf *ret);

/*
 * The same check for a directory or socket, without reading.  A socket may be writable:
 * that is who may connect to it.
 */
MUST_CHECK enum err file_check_trusted(const char *path, uid_t owner);

/* Write atomically: temporary file in the same directory, mode, rename. */
MUST_CHECK enum err file_write(const char *path, struct cur content, mode_t mode);

#endif
