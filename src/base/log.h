/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Where programs say what happened.  Libraries do not log, they return.  A line
 * never holds bytes from the wire, a PIN, or a name of a person (T33).
 */
#ifndef DEZI_BASE_LOG_H
#define DEZI_BASE_LOG_H

#include "base/def.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/*
 * Lines go to stderr with the <N> prefix of sd-daemon(3) when JOURNAL_STREAM says
 * that the journal reads it, else as "program: level: text".
 */
void log_start(const char *program, enum log_level most);
/* From now on they go to fd, whatever becomes of stderr. */
void log_to(int fd);
void log_line(enum log_level level, const char *fmt, ...) PRINTF(2, 3);

#define log_error(...)	log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)	log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)	log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)	log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
