/* SPDX-License-Identifier: EUPL-1.2 */
/* Keeping and forgetting a PIN; and what a process does before it holds one (T24). */
#include "base/secret.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* A struct secret lives on the stack: at least this much of it is locked. */
#define STACK_LOCK	(128 * 1024)

void
secret_wipe(struct secret *s)
{
	explicit_bzero(s, sizeof(*s));
}

enum err
secret_set(struct secret *s, struct cur c)
{
	secret_wipe(s);
	if (c.n > sizeof(s->p))
		return fail(ERR_LIMIT, "a secret of more than %d bytes", SECRET_MAX);
	if (c.n != 0)
		memcpy(s->p, c.p, c.n);
	s->len = c.n;
	return ERR_OK;
}

/*
 * A core_pattern with a pipe ignores the limit; PR_SET_DUMPABLE stops that one too,
 * and ptrace and /proc/PID/mem for programs of the same user.
 */
static bool
no_dump(void)
{
	const struct rlimit none = { 0, 0 };
	bool limited = setrlimit(RLIMIT_CORE, &none) == 0;

	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && limited;
}

/*
 * MCL_FUTURE under a limit would make a later malloc() fail in the middle of a
 * login, so it is used only where there is no limit.
 */
static bool
lock_all(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_MEMLOCK, &l) != 0)
		return false;
	l.rlim_cur = l.rlim_max;
	if (setrlimit(RLIMIT_MEMLOCK, &l) != 0 || l.rlim_cur != RLIM_INFINITY)
		return false;
	return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
}

/* Make the stack this deep and pin it; the pages stay pinned when we return. */
static __attribute__((noinline)) bool
lock_stack(void)
{
	volatile uint8_t deep[STACK_LOCK];

	for (size_t i = 0; i < sizeof(deep); i += 1024)
		deep[i] = 0;
	return mlock((const void *)(uintptr_t)deep, sizeof(deep)) == 0;
}

void
secret_lock_process(const char **ret_missing)
{
	static const char *const missing[2][3] = {
		{ "", "memory lock except for the stack", "memory lock" },
		{ "core dumps not prevented",
		  "core dumps not prevented, memory lock except for the stack",
		  "core dumps not prevented, memory lock" },
	};
	bool dumpable = !no_dump();

	*ret_missing = missing[dumpable][lock_all() ? 0 : lock_stack() ? 1 : 2];
}
