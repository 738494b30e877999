/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Who is at the other end of a socket: shown to the person, audited, compared with who
 * asked before.  Never the reason to trust: a program of the same user can be anything
 * (T14).
 */
#ifndef DEZI_AGENT_CALLER_H
#define DEZI_AGENT_CALLER_H

#include <sys/types.h>

#include "base/buf.h"

#define CALLER_MAX	256

struct caller {
	uid_t	 uid;
	pid_t	 pid;			/* 0: in a namespace that we cannot see */
	uint64_t started;		/* clock ticks after boot; 0: not known */
	bool	 elsewhere;		/* in another pid namespace */
	char	 program[CALLER_MAX];	/* executable; "" when elsewhere or not known */
	char	 shown[CALLER_MAX];	/* safe text, home folder as "~" */
};

/*
 * Look a process up.  home may be NULL.  Never fails: what cannot be had is shown as
 * such.  All of it is of one process, even when its number is given to another while
 * we look (T15).
 */
void caller_look(uid_t uid, pid_t pid, const char *home, struct caller *ret);

/* Is b the process that a was?  False when either is not known. */
bool caller_is(const struct caller *a, const struct caller *b);

/*
 * Field 22 of /proc/PID/stat, proc(5).  The name in field 2 may hold anything.
 * ERR_MALFORMED; ERR_SYS: the process has ended.
 */
MUST_CHECK enum err caller_stat_started(struct cur stat, uint64_t *ret);

/* Safe text of a program's path, the home folder (NULL: none) as "~". */
void caller_show(const char *program, const char *home, char *ret, size_t size);

#endif
