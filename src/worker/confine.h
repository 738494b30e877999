/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a worker gives up before it reads a byte from a card or a caller (T28).
 *
 * Two steps, because threads inherit: first the file system, then, when every thread is
 * there, all system calls but those that a login needs.  Whatever the kernel offers must
 * work; what it does not offer is left out, and "dezi doctor" says so.
 *
 * After both there is no open file but those that are open, no socket, no connection,
 * no program, no process, no thread, no executable memory, and no signal to anybody but
 * the PIN windows.  A refused call returns EPERM, so that a library that tries is told
 * no and the login ends with a word instead of a dead process.
 */
#ifndef DEZI_WORKER_CONFINE_H
#define DEZI_WORKER_CONFINE_H

#include <sys/types.h>

#include "base/err.h"

/*
 * No new privileges; no path can be opened, made or removed (Landlock).  For this
 * thread and those that it starts from now on.  Connections to pcscd still can be made.
 * ERR_SYS.
 */
MUST_CHECK enum err confine_files(void);

/* For all threads (seccomp).  may_end[0..n): who may get a signal.  ERR_SYS. */
MUST_CHECK enum err confine_calls(const pid_t *may_end, size_t n);

/*
 * Confine this process and print, as key=value lines, what the kernel gives and what is
 * refused afterwards ("socket=refused").  For "dezi doctor".  False when something was
 * not refused.
 */
bool confine_probe(void);

#endif
