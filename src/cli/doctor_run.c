/* SPDX-License-Identifier: EUPL-1.2 */
/* Asking a program about itself: no shell, no search path, bounded in time and size. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/doctor.h"

#define RUN_MS		5000
#define WORDS_MAX	8

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Everything it says until it closes its output. */
static enum err
collect(int fd, int64_t end, struct buf *ret)
{
	uint8_t chunk[512];

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = end - clock_boot_ms();
		ssize_t n;

		if (left <= 0 || (poll(&p, 1, (int)left) == 0))
			return fail(ERR_TIMEOUT, "no answer within %d ms", RUN_MS);
		if ((n = read(fd, chunk, sizeof(chunk))) == 0)
			return buf_end(ret);
		if (n < 0 && errno != EINTR)
			return fail(ERR_SYS, "read: %m");
		if (n > 0)
			buf_put(ret, chunk, (size_t)n);
	}
}

/* Whoever closed his output may still not end, or be stopped. */
static enum err
await_end(pid_t pid, int64_t end)
{
	AUTO(close_fd) int fd = pidfd_open(pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t left;

	if (fd < 0)
		return fail(ERR_SYS, "pidfd_open: %m");
	while ((left = end - clock_boot_ms()) > 0)
		if (poll(&p, 1, (int)left) > 0)
			return ERR_OK;
	return fail(ERR_TIMEOUT, "no end within %d ms", RUN_MS);
}

static enum err
start(const char *path, const char *const *arguments, int out, pid_t *ret)
{
	char *argv[WORDS_MAX + 2] = { (char *)(uintptr_t)path };
	char *const envp[] = { (char *)(uintptr_t)"LC_ALL=C", NULL };
	posix_spawn_file_actions_t fds;
	int e;

	for (size_t i = 0; i < WORDS_MAX && arguments[i] != NULL; i++)
		argv[i + 1] = (char *)(uintptr_t)arguments[i];
	if (posix_spawn_file_actions_init(&fds) != 0)
		return fail(ERR_NOMEM, "spawn");
	if ((e = posix_spawn_file_actions_addopen(&fds, 0, "/dev/null", O_RDONLY, 0)) == 0 &&
	    (e = posix_spawn_file_actions_adddup2(&fds, out, 1)) == 0 &&
	    (e = posix_spawn_file_actions_adddup2(&fds, out, 2)) == 0)
		e = posix_spawn(ret, path, &fds, NULL, argv, envp);
	posix_spawn_file_actions_destroy(&fds);
	return e == 0 ? ERR_OK : fail(ERR_SYS, "%s: %s", path, strerror(e));
}

enum err
doctor_run(const char *path, const char *const *arguments, struct buf *ret,
    int *ret_status)
{
	int64_t end = clock_boot_ms() + RUN_MS;
	int fds[2], status;
	pid_t pid;
	enum err r;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return fail(ERR_SYS, "pipe: %m");
	r = start(path, arguments, fds[1], &pid);
	close_fd(&fds[1]);
	if (r == ERR_OK) {
		if ((r = collect(fds[0], end, ret)) != ERR_OK ||
		    (r = await_end(pid, end)) != ERR_OK)
			kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			continue;
		*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
	}
	close_fd(&fds[0]);
	return r;
}
