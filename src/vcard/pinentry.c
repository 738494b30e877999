/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * dezi-pinentry-auto: a person at the PIN window, for automated tests.
 *
 * Speaks the Assuan protocol of pinentry on stdin and stdout.  What it answers stands in
 * the file PROGRAM.script, where PROGRAM is the path by which it was started; what it
 * was told to show goes to PROGRAM.log.  So a test makes a symbolic link to it in a
 * folder of its own and names that link as the pinentry.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/b64.h"
#include "base/file.h"

#define LINE_MAX_BYTES	2048	/* Assuan: 1000 */
#define SCRIPT_MAX	65536
#define LOG_LINE_MAX	8192
#define HANG_SECONDS	300	/* nobody may forget us for ever */

/* Error values of libgpg-error with the source "Pinentry". */
#define ERR_CANCELED	"ERR 83886179 Operation cancelled <Pinentry>"
#define ERR_TIMED_OUT	"ERR 83886142 Timeout <Pinentry>"
#define ERR_NOT_CONFIRMED "ERR 83886194 Not confirmed <Pinentry>"
#define ERR_SCRIPT	"ERR 83886081 General error <Pinentry>"

struct person {
	char	   log[PATH_MAX];
	struct buf script;
	struct cur rest;	/* of the script */
	struct cur last;	/* the last answer: it repeats */
};

static void
person_end(struct person *p)
{
	buf_free(&p->script);
}

static void
say(const char *line)
{
	fputs(line, stdout);
	fputc('\n', stdout);
	fflush(stdout);
}

/*
 * The log: one line for each command, decoded; a line break in a text is shown as \n.
 */

static void
put_text(struct buf *b, struct cur text)
{
	uint8_t c;

	while (cur_u8(&text, &c)) {
		if (c == '\n')
			buf_str(b, "\\n");
		else if (c != '\r')
			buf_u8(b, c);
	}
}

static void
write_log(const struct person *p, const char *what, struct cur text)
{
	AUTO(buf_free) struct buf b = BUF(LOG_LINE_MAX);
	int fd = open(p->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	buf_str(&b, what);
	if (text.n != 0)
		buf_u8(&b, ' ');
	put_text(&b, text);
	buf_u8(&b, '\n');
	/* One write, so that lines of two programs do not mix. */
	if (fd < 0 || buf_end(&b) != ERR_OK || write(fd, b.p, b.len) != (ssize_t)b.len)
		fprintf(stderr, "dezi-pinentry-auto: %s: %s\n", p->log, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* Assuan: %XX for what may not stand in a line. */
static void
decode(struct cur in, struct buf *ret)
{
	uint8_t c;

	while (cur_u8(&in, &c)) {
		struct cur after = in, digits;
		size_t len = ret->len;

		if (c == '%' && cur_take(&after, 2, &digits) &&
		    hex_get(digits, ret) == ERR_OK && ret->len == len + 1)
			in = after;
		else
			buf_u8(ret, c);
	}
}

/*
 * The script.
 */

static bool
next_line(struct cur *in, struct cur *ret)
{
	do {
		if (in->n == 0)
			return false;
		if (!cur_until(in, '\n', ret)) {
			*ret = *in;
			*in = cur_of(NULL, 0);
		}
	} while (ret->n == 0 || ret->p[0] == '#');
	return true;
}

/* "word argument": true when line starts with word. */
static bool
is_word(struct cur line, const char *word, struct cur *ret_argument)
{
	struct cur head;

	if (!cur_until(&line, ' ', &head)) {
		head = line;
		line = cur_of(NULL, 0);
	}
	*ret_argument = line;
	return cur_eq_str(head, word);
}

/* Wait until the file is there: the folder tells, no clock is involved. */
static void
wait_for_file(struct cur name)
{
	char path[PATH_MAX], folder[PATH_MAX], event[4096];
	char *slash;
	int fd = inotify_init1(IN_CLOEXEC);

	if (fd < 0 || !cur_to_str(name, path, sizeof(path)) ||
	    !cur_to_str(name, folder, sizeof(folder)))
		return;
	slash = strrchr(folder, '/');
	if (slash != NULL)
		slash[slash == folder] = '\0';
	inotify_add_watch(fd, slash == NULL ? "." : folder, IN_CREATE | IN_MOVED_TO);
	while (access(path, F_OK) != 0 && read(fd, event, sizeof(event)) > 0)
		;
	close(fd);
}

static void
touch(struct cur name)
{
	char path[PATH_MAX];
	int fd = cur_to_str(name, path, sizeof(path)) ?
	    open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;

	if (fd >= 0)
		close(fd);
}

/* The next answer; what stands before it to be done is done. */
static struct cur
next_answer(struct person *p)
{
	struct cur line, argument;

	while (next_line(&p->rest, &line)) {
		if (is_word(line, "wait", &argument)) {
			wait_for_file(argument);
		} else if (is_word(line, "touch", &argument)) {
			touch(argument);
		} else {
			p->last = line;
			break;
		}
	}
	return p->last;
}

/* Answers that are the same for both questions.  False: another. */
static bool
refuse(struct cur line)
{
	struct cur none;

	if (is_word(line, "cancel", &none)) {
		say(ERR_CANCELED);
	} else if (is_word(line, "timeout", &none)) {
		say(ERR_TIMED_OUT);
	} else if (is_word(line, "hang", &none)) {
		alarm(HANG_SECONDS);
		for (;;)
			pause();
	} else if (is_word(line, "die", &none)) {
		_exit(EXIT_FAILURE);
	} else {
		return false;
	}
	return true;
}

static void
on_getpin(struct person *p)
{
	struct cur line = next_answer(p), pin;

	if (refuse(line))
		return;
	if (!is_word(line, "pin", &pin)) {
		write_log(p, "UNEXPECTED", line);
		say(ERR_SCRIPT);
		return;
	}
	printf("D ");
	for (size_t i = 0; i < pin.n; i++)
		printf(pin.p[i] == '%' ? "%%25" : "%c", pin.p[i]);
	printf("\n");
	say("OK");
}

static void
on_confirm(struct person *p)
{
	struct cur line = next_answer(p), yes_or_no;

	if (refuse(line))
		return;
	if (!is_word(line, "confirm", &yes_or_no)) {
		write_log(p, "UNEXPECTED", line);
		say(ERR_SCRIPT);
	} else {
		say(cur_eq_str(yes_or_no, "yes") ? "OK" : ERR_NOT_CONFIRMED);
	}
}

static void
on_getinfo(struct cur what)
{
	if (cur_eq_str(what, "pid"))
		printf("D %ld\n", (long)getpid());
	else
		printf("D %s\n", cur_eq_str(what, "flavor") ? "auto" : "1.2.1");
	say("OK");
}

/*
 * The conversation.
 */

/* False: it is over. */
static bool
one_command(struct person *p, struct cur line)
{
	AUTO(buf_free) struct buf text = BUF(LINE_MAX_BYTES);
	char command[32];
	struct cur head, rest = line;

	if (!cur_until(&rest, ' ', &head)) {
		head = line;
		rest = cur_of(NULL, 0);
	}
	if (!cur_to_str(head, command, sizeof(command)))
		return false;
	decode(rest, &text);
	write_log(p, command, buf_view(&text));
	if (strcmp(command, "GETPIN") == 0)
		on_getpin(p);
	else if (strcmp(command, "CONFIRM") == 0 && !cur_eq_str(rest, "--one-button"))
		on_confirm(p);
	else if (strcmp(command, "GETINFO") == 0)
		on_getinfo(rest);
	else
		say("OK");
	return strcmp(command, "BYE") != 0;
}

static int
converse(struct person *p)
{
	char line[LINE_MAX_BYTES];

	say("OK Pleased to meet you");
	while (fgets(line, sizeof(line), stdin) != NULL)
		if (!one_command(p, cur_of(line, strcspn(line, "\r\n"))))
			return EXIT_SUCCESS;
	write_log(p, "EOF", cur_of(NULL, 0));
	return EXIT_SUCCESS;
}

/* Some callers put only a name in argv[0]; the kernel knows the path. */
static const char *
own_path(const char *argv0)
{
	unsigned long path = getauxval(AT_EXECFN);

	return strchr(argv0, '/') != NULL || path == 0 ? argv0 : (const char *)path;
}

int
main(int argc UNUSED, char **argv)
{
	AUTO(person_end) struct person p = { .script = BUF(SCRIPT_MAX),
	    .last = cur_str("cancel") };
	const char *self = own_path(argv[0]);
	char script[PATH_MAX];

	if (snprintf(script, sizeof(script), "%s.script", self) >= (int)sizeof(script) ||
	    snprintf(p.log, sizeof(p.log), "%s.log", self) >= (int)sizeof(p.log) ||
	    file_read(script, &p.script) != ERR_OK) {
		fprintf(stderr, "dezi-pinentry-auto: %s cannot be read\n", script);
		return 2;
	}
	p.rest = buf_view(&p.script);
	return converse(&p);
}
