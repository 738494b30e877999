/* SPDX-License-Identifier: EUPL-1.2 */
/* Whole files: read, read with trust in every directory above, written atomically. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define LINKS_MAX	16	/* symbolic links followed in one path */

static enum err
read_all(int fd, const char *path, struct buf *ret)
{
	uint8_t chunk[4096];
	ssize_t n;

	for (;;) {
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		buf_put(ret, chunk, (size_t)n);
		if (buf_end(ret) != ERR_OK)
			break;
	}
	explicit_bzero(chunk, sizeof(chunk));	/* it may have been a key */
	if (n < 0)
		return fail(ERR_SYS, "%s: %s", path, strerror(errno));
	if (buf_end(ret) != ERR_OK)
		return fail(buf_end(ret), "%s: %s", path, err_title(buf_end(ret)));
	return ERR_OK;
}

static enum err
cannot_open(const char *path, int error)
{
	if (error == ENOENT)
		return ERR_NOT_FOUND;
	return fail(ERR_SYS, "%s: %s", path, strerror(error));
}

enum err
file_read(const char *path, struct buf *ret)
{
	AUTO(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return cannot_open(path, errno);
	return read_all(fd, path, ret);
}

/*
 * A walk from the root to a file, part by part.  Symbolic links are resolved here and
 * not by the kernel, so that each directory that has a say in what the path means is
 * looked at, and looked at through the descriptor that the walk goes on from.
 */
struct walk {
	const char *path;	/* for messages */
	uid_t	    owner;
	int	    dir;	/* where we are */
	char	    rest[PATH_MAX];
	int	    links;
	bool	    shared;	/* others can write in dir, which is sticky */
};

static void
walk_end(struct walk *w)
{
	fd_close(&w->dir);
}

/* As a string; "" when it cannot be read. */
static void
read_proc(const char *path, char *ret, size_t size)
{
	AUTO(buf_free) struct buf b = BUF(4096);

	if (file_read(path, &b) != ERR_OK || !cur_to_str(buf_view(&b), ret, size))
		ret[0] = '\0';
}

/*
 * Is root one of those whom this user namespace does not know?  Each line of the map is
 * a first id here, the first one outside, and how many (user_namespaces(7)).  Of a map
 * that was not read, to its end, nobody can tell.
 */
static bool
root_is_unknown(void)
{
	unsigned long here, outside, count;
	char map[4096];
	const char *p = map;
	int n;

	read_proc("/proc/self/uid_map", map, sizeof(map));
	for (; sscanf(p, "%lu %lu %lu%n", &here, &outside, &count, &n) == 3; p += n)
		if (outside == 0 && count != 0)
			return false;
	return p != map && strcmp(p, "\n") == 0;
}

/* All whom it does not know look the same. */
static bool
is_nobody(uid_t uid)
{
	unsigned long nobody;
	char text[32];

	read_proc("/proc/sys/kernel/overflowuid", text, sizeof(text));
	return sscanf(text, "%lu", &nobody) == 1 && uid == nobody;
}

/*
 * In a sandbox that does not know root nobody's files are root's, but where others can
 * put theirs as well.
 */
static bool
is_ours(const struct walk *w, const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == w->owner ||
	    (!w->shared && is_nobody(st->st_uid) && root_is_unknown());
}

static enum err
unsafe(const struct walk *w, const char *what)
{
	return fail(ERR_CONFIG, "%s: %s", w->path, what);
}

/* The owner, and for all but links (whose mode means nothing) who may write. */
static enum err
check_part(const struct walk *w, const struct stat *st, bool last)
{
	bool shared = (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;

	if (!is_ours(w, st))
		return unsafe(w, last ? "belongs to somebody else" :
		    "a directory above it belongs to somebody else");
	if (S_ISLNK(st->st_mode) || !shared)
		return ERR_OK;
	/* To write a socket is to connect to it (unix(7)); its folder keeps it in place. */
	if (last && S_ISSOCK(st->st_mode))
		return ERR_OK;
	/* Sticky: nobody else can move the next part, which must be ours as well. */
	if (!last && S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) != 0)
		return ERR_OK;
	return unsafe(w, last ? "others can write it" :
	    "others can write a directory above it");
}

/* Cut the next part off rest.  False at the end of the path. */
static bool
next_part(struct walk *w, char part[NAME_MAX + 1], bool *ret_last)
{
	const char *from = w->rest + strspn(w->rest, "/");
	size_t n = strcspn(from, "/");
	const char *then = from + n + strspn(from + n, "/");

	if (n == 0 || n > NAME_MAX)
		return false;
	memcpy(part, from, n);
	part[n] = '\0';
	*ret_last = *then == '\0';
	memmove(w->rest, then, strlen(then) + 1);
	return true;
}

static enum err
go_to_root(struct walk *w)
{
	struct stat st;

	fd_close(&w->dir);
	w->shared = false;
	w->dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (w->dir < 0 || fstat(w->dir, &st) != 0)
		return fail(ERR_SYS, "/: %s", strerror(errno));
	return check_part(w, &st, false);
}

/* Put the target of a link in front of what is left of the path. */
static enum err
follow(struct walk *w, int link)
{
	char target[PATH_MAX], joined[PATH_MAX];
	ssize_t n = readlinkat(link, "", target, sizeof(target) - 1);
	int len;

	if (n <= 0 || ++w->links > LINKS_MAX)
		return unsafe(w, "a symbolic link that cannot be followed");
	target[n] = '\0';
	len = snprintf(joined, sizeof(joined), "%s/%s", target, w->rest);
	if (len < 0 || (size_t)len >= sizeof(joined))
		return unsafe(w, "the path is too long");
	memcpy(w->rest, joined, (size_t)len + 1);
	return target[0] == '/' ? go_to_root(w) : ERR_OK;
}

/*
 * Walk to the end; *ret_fd is an O_PATH descriptor of what is there.  The parent
 * stays in w->dir.
 */
static enum err
walk_to(struct walk *w, int *ret_fd)
{
	char part[NAME_MAX + 1];
	bool last;
	enum err r;

	if ((r = go_to_root(w)) != ERR_OK)
		return r;
	while (next_part(w, part, &last)) {
		AUTO(fd_close) int fd = openat(w->dir, part, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		struct stat st;

		if (fd < 0 || fstat(fd, &st) != 0)
			return cannot_open(w->path, errno);
		if ((r = check_part(w, &st, last && !S_ISLNK(st.st_mode))) != ERR_OK)
			return r;
		if (S_ISLNK(st.st_mode)) {
			if ((r = follow(w, fd)) != ERR_OK)
				return r;
			continue;
		}
		if (last) {
			*ret_fd = fd;
			fd = -1;
			return ERR_OK;
		}
		fd_close(&w->dir);
		w->dir = fd;
		w->shared = (st.st_mode & (S_IWGRP | S_IWOTH)) != 0;
		fd = -1;
	}
	return unsafe(w, "not a usable path");
}

static enum err
walk_start(struct walk *w, const char *path, uid_t owner)
{
	size_t n = strlen(path);

	*w = (struct walk){ .path = path, .owner = owner, .dir = -1 };
	if (path[0] != '/' || n >= sizeof(w->rest))
		return unsafe(w, "not an absolute path");
	memcpy(w->rest, path, n + 1);
	return ERR_OK;
}

enum err
file_check_trusted(const char *path, uid_t owner)
{
	AUTO(walk_end) struct walk w;
	AUTO(fd_close) int fd = -1;
	enum err r;

	if ((r = walk_start(&w, path, owner)) != ERR_OK)
		return r;
	return walk_to(&w, &fd);
}

/* The walk's O_PATH descriptor cannot be read; /proc opens the same file again. */
static int
reopen(int fd)
{
	char self[32];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return open(self, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

enum err
file_read_trusted(const char *path, uid_t owner, struct buf *ret)
{
	AUTO(walk_end) struct walk w;
	AUTO(fd_close) int at = -1;
	AUTO(fd_close) int fd = -1;
	struct stat st;
	enum err r;

	if ((r = walk_start(&w, path, owner)) != ERR_OK || (r = walk_to(&w, &at)) != ERR_OK)
		return r;
	if (fstat(at, &st) != 0 || !S_ISREG(st.st_mode))
		return unsafe(&w, "not a file");
	if ((fd = reopen(at)) < 0)
		return fail(ERR_SYS, "%s: %s", path, strerror(errno));
	return read_all(fd, path, ret);
}

static enum err
write_all(int fd, struct cur c)
{
	while (c.n != 0) {
		ssize_t n = write(fd, c.p, c.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(ERR_SYS, "write: %s", strerror(errno));
		c = cur_of(c.p + n, c.n - (size_t)n);
	}
	return ERR_OK;
}

/* The rename itself must survive a power cut, or the caller believed in vain. */
static enum err
sync_directory(const char *path)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t n = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
	AUTO(fd_close) int fd = -1;

	if (n >= sizeof(dir))
		return fail(ERR_SYS, "%s: the path is too long", path);
	memcpy(dir, path, n);
	dir[n] = '\0';
	fd = open(n == 0 ? "." : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		return fail(ERR_SYS, "%s: %s", path, strerror(errno));
	return ERR_OK;
}

static enum err
fill(int fd, struct cur content, mode_t mode)
{
	enum err r = write_all(fd, content);

	if (r != ERR_OK)
		return r;
	if (fchmod(fd, mode) != 0 || fsync(fd) != 0)
		return fail(ERR_SYS, "%s", strerror(errno));
	return ERR_OK;
}

enum err
file_write(const char *path, struct cur content, mode_t mode)
{
	char temporary[PATH_MAX];
	int len = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	AUTO(fd_close) int fd = -1;
	enum err r;

	if (len < 0 || (size_t)len >= sizeof(temporary))
		return fail(ERR_SYS, "%s: the path is too long", path);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return fail(ERR_SYS, "%s: %s", path, strerror(errno));
	r = fill(fd, content, mode);
	if (r == ERR_OK && rename(temporary, path) != 0)
		r = fail(ERR_SYS, "%s", strerror(errno));
	if (r != ERR_OK) {
		unlink(temporary);
		return note(r, "%s", path);
	}
	return sync_directory(path);
}
