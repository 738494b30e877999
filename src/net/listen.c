/* SPDX-License-Identifier: EUPL-1.2 */
/* A listening Unix socket where nobody else can have put one (T12, T13). */
#include "net/server.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

static enum err
check_directory(const char *path)
{
	char copy[PATH_MAX];
	struct stat st;

	if (!cur_to_str(cur_str(path), copy, sizeof(copy)))
		return fail(ERR_CONFIG, "%s: the path is too long", path);
	if (stat(dirname(copy), &st) != 0)
		return fail(ERR_SYS, "%s: its directory: %s", path, strerror(errno));
	if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return fail(ERR_CONFIG, "%s: its directory must be ours, and only ours to write",
		    path);
	return ERR_OK;
}

/* Is somebody listening?  A full queue (EAGAIN) is somebody too. */
static enum err
remove_stale(const char *path, const struct sockaddr_un *addr)
{
	AUTO(fd_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	if (fd < 0)
		return fail(ERR_SYS, "socket: %s", strerror(errno));
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 || errno == EAGAIN)
		return fail(ERR_BUSY, "%s: somebody listens there", path);
	if (errno == ENOENT)
		return ERR_OK;
	if (errno != ECONNREFUSED || lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return fail(ERR_SYS, "%s: something that is no socket of ours is there", path);
	if (unlink(path) != 0)
		return fail(ERR_SYS, "%s: %s", path, strerror(errno));
	return ERR_OK;
}

/* Nobody can connect before listen(), so the mode is right from the first connection on. */
static enum err
bind_and_listen(int fd, const char *path, const struct sockaddr_un *addr, mode_t mode)
{
	if (bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) != 0)
		return fail(ERR_SYS, "%s: bind: %s", path, strerror(errno));
	if (chmod(path, mode) != 0 || listen(fd, SOMAXCONN) != 0) {
		int error = errno;

		unlink(path);
		return fail(ERR_SYS, "%s: listen: %s", path, strerror(error));
	}
	return ERR_OK;
}

enum err
http_listen(const char *path, mode_t mode, int *ret_fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	AUTO(fd_close) int fd = -1;
	enum err r;

	if (path[0] != '/' || !cur_to_str(cur_str(path), addr.sun_path, sizeof(addr.sun_path)))
		return fail(ERR_CONFIG, "%s: not absolute, or too long for a socket", path);
	if ((r = check_directory(path)) != ERR_OK || (r = remove_stale(path, &addr)) != ERR_OK)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(ERR_SYS, "socket: %s", strerror(errno));
	if ((r = bind_and_listen(fd, path, &addr, mode)) != ERR_OK)
		return r;
	*ret_fd = fd;
	fd = -1;
	return ERR_OK;
}
