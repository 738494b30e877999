/* SPDX-License-Identifier: EUPL-1.2 */
/* One line of log, one write to stderr. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_BYTES	1024

/* Set once by main(), before there is a second thread. */
static struct {
	const char    *program;
	enum log_level most;
	bool	       journal;
	int	       fd;
} where = { "dezi", LOG_LEVEL_INFO, false, STDERR_FILENO };

static const struct {
	const char *prefix;	/* sd-daemon(3) */
	const char *word;
} levels[] = {
	[LOG_LEVEL_ERROR] = { "<3>", "error" },
	[LOG_LEVEL_WARN] = { "<4>", "warning" },
	[LOG_LEVEL_INFO] = { "<6>", "info" },
	[LOG_LEVEL_DEBUG] = { "<7>", "debug" },
};

/* JOURNAL_STREAM is device:inode of the stream that the journal reads. */
static bool
journal_reads_stderr(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;
	char end;

	return stream != NULL && sscanf(stream, "%llu:%llu%c", &dev, &ino, &end) == 2 &&
	    fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

void
log_start(const char *program, enum log_level most)
{
	where.program = program;
	where.most = most;
	where.journal = journal_reads_stderr();
}

void
log_to(int fd)
{
	where.fd = fd;
}

/* One call is one line, whatever the text holds. */
static void
flatten(char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			s[i] = '?';
}

static size_t
clamp(int n, size_t room)
{
	if (n < 0)
		return 0;
	return (size_t)n < room ? (size_t)n : room - 1;
}

void
log_line(enum log_level level, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	size_t room = sizeof(line) - 1, n, text;
	va_list ap;

	if (level > where.most)
		return;
	if (where.journal)
		n = clamp(snprintf(line, room, "%s", levels[level].prefix), room);
	else
		n = clamp(snprintf(line, room, "%s: %s: ", where.program,
			      levels[level].word), room);
	va_start(ap, fmt);
	text = clamp(vsnprintf(line + n, room - n, fmt, ap), room - n);
	va_end(ap);
	flatten(line + n, text);
	n += text;
	line[n++] = '\n';
	/* Nothing can be done when the log cannot be written. */
	if (write(where.fd, line, n) < 0)
		return;
}
