/* SPDX-License-Identifier: EUPL-1.2 */
/* One line, one write. */
#include "pkcs11/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "pkcs11/ckr.h"

#define LINE_BYTES	1024

static const struct {
	int	 syslog;
	const char *word;
} words[] = {
	[LOG_LEVEL_ERROR] = { LOG_ERR, "error" },
	[LOG_LEVEL_WARN] = { LOG_WARNING, "warning" },
	[LOG_LEVEL_INFO] = { LOG_INFO, "info" },
	[LOG_LEVEL_DEBUG] = { LOG_DEBUG, "debug" },
};

/* Whatever the text holds, it stays one line. */
static void
flatten(char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
}

/* Opened for each line: a descriptor of ours would be closed, or inherited, by others. */
static void
to_file(const char *path, enum log_level level, const char *text)
{
	char line[LINE_BYTES + 64];
	struct timespec now;
	int n, fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY |
	    O_NONBLOCK, 0600);

	if (fd < 0)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	n = snprintf(line, sizeof(line), "%lld.%03ld %ld %s: %s\n", (long long)now.tv_sec,
	    now.tv_nsec / 1000000, (long)getpid(), words[level].word, text);
	/* Nothing can be done when the log cannot be written. */
	if (n > 0 && write(fd, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1) < 0)
		n = 0;
	close(fd);
}

void
say(enum log_level level, const char *fmt, ...)
{
	const struct conf *c = conf();
	char text[LINE_BYTES];
	va_list ap;

	if (c->log == CONF_LOG_NONE || level > c->level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	flatten(text);
	if (c->log == CONF_LOG_FILE)
		to_file(c->log_file, level, text);
	else
		/* Without openlog(): the program's own choices stay as they are. */
		syslog(words[level].syslog, "dezi-pkcs11: %s", text);
}

static enum log_level
level_of(enum err e)
{
	return e == ERR_NO_CARD || e == ERR_REMOVED || e == ERR_CARD_UNKNOWN ||
	    e == ERR_PIN_WRONG || e == ERR_NOT_LOGGED_IN ? LOG_LEVEL_INFO : LOG_LEVEL_WARN;
}

ck_rv_t
say_error(enum err e, const char *what)
{
	say(level_of(e), "%s: %s: %s", what, err_word(e), err_trail());
	return ckr_of(e);
}

/* Bytes are written in capitals; what is not is a word of base/err.h. */
static bool
is_reply(const char *line)
{
	return line[0] == '<' && line[strcspn(line, "abcdefghijklmnopqrstuvwxyz")] == '\0';
}

/* Of a reply only length and status word: it may hold a person's name. */
void
say_apdu(void *arg, const char *line)
{
	size_t n = strlen(line);
	const char *status = line + n - 5;

	if (is_reply(line) && n >= 7)
		say(LOG_LEVEL_DEBUG, "%s: < [%zu bytes] %s", (const char *)arg, (n - 7) / 3, status);
	else
		say(LOG_LEVEL_DEBUG, "%s: %s", (const char *)arg, line);
}
