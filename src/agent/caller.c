/* SPDX-License-Identifier: EUPL-1.2 */
/* /proc, read with care. */
#include "agent/caller.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define STAT_MAX	4096
#define ELSEWHERE	"a program in another namespace"
#define UNKNOWN		"an unknown program"

static void
fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static bool
digits(struct cur c, uint64_t *ret)
{
	uint64_t v = 0;

	if (c.n == 0 || c.n > 19)
		return false;
	for (size_t i = 0; i < c.n; i++) {
		if (c.p[i] < '0' || c.p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(c.p[i] - '0');
	}
	*ret = v;
	return true;
}

enum err
caller_stat_started(struct cur stat, uint64_t *ret)
{
	struct cur field, name_end = stat;
	bool named = false;
	uint8_t space;

	/* "(name)" may hold spaces and parentheses: go on behind the last one. */
	while (cur_until(&name_end, ')', &field)) {
		stat = name_end;
		named = true;
	}
	if (!named || !cur_u8(&stat, &space) || space != ' ')
		return fail(ERR_MALFORMED, "stat");
	/* The next is field 3, the state: a process that ended is no caller. */
	if (cur_starts(stat, cur_str("Z")) || cur_starts(stat, cur_str("X")))
		return fail(ERR_SYS, "the process has ended");
	for (int i = 3; i <= 22; i++)
		if (!cur_until(&stat, ' ', &field))
			return fail(ERR_MALFORMED, "stat");
	if (!digits(field, ret))
		return fail(ERR_MALFORMED, "stat");
	return ERR_OK;
}

static enum err
started(pid_t pid, uint64_t *ret)
{
	AUTO(buf_free) struct buf text = BUF(STAT_MAX);
	char path[32];
	enum err r;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if ((r = file_read(path, &text)) != ERR_OK)
		return r == ERR_NOT_FOUND ? fail(ERR_SYS, "no such process") : r;
	return caller_stat_started(buf_view(&text), ret);
}

/* The target of /proc/PID/name.  False when it cannot be seen or is too long. */
static bool
proc_link(const char *pid, const char *name, char *ret, size_t size)
{
	char path[48];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	n = readlink(path, ret, size);
	if (n <= 0 || (size_t)n >= size)
		return false;
	ret[n] = '\0';
	return true;
}

static bool
is_elsewhere(const char *pid)
{
	char ours[64], theirs[64];

	/* A namespace that cannot be compared is not ours. */
	return !proc_link("self", "ns/pid", ours, sizeof(ours)) ||
	    !proc_link(pid, "ns/pid", theirs, sizeof(theirs)) ||
	    strcmp(ours, theirs) != 0;
}

static bool
show(const char *before, const char *path, size_t points, char *ret, size_t size)
{
	AUTO(buf_free) struct buf b = BUF(4 * CALLER_MAX);

	buf_str(&b, before);
	text_put_safe(&b, cur_str(path), points);
	return buf_end(&b) == ERR_OK && cur_to_str(buf_view(&b), ret, size);
}

void
caller_show(const char *program, const char *home, char *ret, size_t size)
{
	size_t n = home == NULL ? 0 : strlen(home);
	const char *before = "";

	while (n > 1 && home[n - 1] == '/')
		n--;
	if (n > 1 && strncmp(program, home, n) == 0 && program[n] == '/') {
		before = "~";
		program += n;
	}
	/* A path in a script of more bytes loses its end, and shows that it did. */
	if (!show(before, program, size - 8, ret, size) &&
	    !show(before, program, size / 4 - 2, ret, size))
		snprintf(ret, size, UNKNOWN);
}

/* Without pidfds (-1) the times of start are all there is to compare. */
static bool
has_ended(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return pidfd >= 0 && poll(&p, 1, 0) != 0;
}

/* Fill ret; false when the process ended meanwhile, so that parts may be another's. */
static bool
look(const char *home, struct caller *ret)
{
	AUTO(fd_close) int fd = (int)syscall(SYS_pidfd_open, ret->pid, 0);
	char pid[16], program[CALLER_MAX] = "";
	uint64_t before, after;
	bool elsewhere;

	if ((fd < 0 && errno != ENOSYS && errno != EPERM) ||
	    started(ret->pid, &before) != ERR_OK)
		return false;
	snprintf(pid, sizeof(pid), "%d", (int)ret->pid);
	elsewhere = is_elsewhere(pid);
	if (!elsewhere)
		proc_link(pid, "exe", program, sizeof(program));
	if (started(ret->pid, &after) != ERR_OK || before != after || has_ended(fd))
		return false;
	ret->started = before;
	ret->elsewhere = elsewhere;
	memcpy(ret->program, program, sizeof(ret->program));
	if (elsewhere)
		snprintf(ret->shown, sizeof(ret->shown), ELSEWHERE);
	else if (program[0] != '\0')
		caller_show(program, home, ret->shown, sizeof(ret->shown));
	return true;
}

void
caller_look(uid_t uid, pid_t pid, const char *home, struct caller *ret)
{
	*ret = (struct caller){ .uid = uid, .pid = pid > 0 ? pid : 0 };
	snprintf(ret->shown, sizeof(ret->shown), UNKNOWN);
	if (ret->pid == 0) {
		ret->elsewhere = true;
		snprintf(ret->shown, sizeof(ret->shown), ELSEWHERE);
		return;
	}
	if (!look(home, ret))
		ret->started = 0;
}

bool
caller_is(const struct caller *a, const struct caller *b)
{
	return a->uid == b->uid && a->pid != 0 && a->pid == b->pid && a->started != 0 &&
	    a->started == b->started;
}
