/* SPDX-License-Identifier: EUPL-1.2 */
/* A file descriptor that closes itself: AUTO(fd_close) int fd = -1; */
#ifndef DEZI_BASE_FD_H
#define DEZI_BASE_FD_H

#include <unistd.h>

static inline void
fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

#endif
