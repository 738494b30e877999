/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A folder of our own, a socket in it, and a loop that turns until something is true:
 * no test waits for a fixed time.
 */
#ifndef DEZI_TESTS_NET_BENCH_H
#define DEZI_TESTS_NET_BENCH_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

#define BENCH_PATIENCE_MS 20000		/* under valgrind, on a busy machine */

struct bench {
	sd_event *loop;
	unsigned  descriptors;		/* open before; must be as many after */
	unsigned  inherited;		/* open before, and after an exec */
	char	  dir[64];
	char	  path[96];
};

static inline unsigned
bench_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static inline unsigned
bench_inherited(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 1024; fd++) {
		int flags = fcntl(fd, F_GETFD);

		n += flags >= 0 && (flags & FD_CLOEXEC) == 0;
	}
	return n;
}

static inline void
bench_open(struct bench *b)
{
	b->descriptors = bench_descriptors();
	b->inherited = bench_inherited();
	snprintf(b->dir, sizeof(b->dir), "/tmp/dezi-test-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->path, sizeof(b->path), "%s/sock", b->dir);
	assert_true(sd_event_new(&b->loop) >= 0);
}

static inline void
bench_close(struct bench *b)
{
	sd_event_unref(b->loop);
	unlink(b->path);
	assert_int_equal(rmdir(b->dir), 0);
	assert_int_equal(bench_descriptors(), b->descriptors);
}

/* Turn the loop until is_true(arg). */
static inline void
bench_until(struct bench *b, bool (*is_true)(void *arg), void *arg)
{
	int64_t until = clock_boot_ms() + BENCH_PATIENCE_MS;

	while (!is_true(arg)) {
		assert_true(clock_boot_ms() < until);
		assert_true(sd_event_run(b->loop, 10000) >= 0);
	}
}

/* Turn the loop until it has nothing left to do. */
static inline void
bench_settle(struct bench *b)
{
	int r;

	while ((r = sd_event_run(b->loop, 0)) > 0)
		;
	assert_int_equal(r, 0);
}

static inline int
bench_connect(const struct bench *b)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", b->path);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static inline void
bench_send(int fd, const char *text)
{
	size_t n = strlen(text);

	assert_int_equal(send(fd, text, n, MSG_NOSIGNAL), n);
}

#endif
