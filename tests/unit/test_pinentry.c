/* SPDX-License-Identifier: EUPL-1.2 */
/* The PIN window, against pinentries that behave and pinentries that do not. */
#include "tests/check.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "host/pinentry.h"

static char dir[] = "/tmp/dezi-test-pinentry.XXXXXX";

/*
 * A pinentry in shell: notes what it hears, says OK to everything, and does as it is
 * told for the three lines that matter.
 */
static const char script[] =
    "#!/bin/sh\n"
    "echo 'OK ready'\n"
    "while IFS= read -r line; do\n"
    "	printf '%%s\\n' \"$line\" >>'%s/log'\n"
    "	case $line in\n"
    "	GETPIN) %s ;;\n"
    "	CONFIRM*) %s ;;\n"
    "	'GETINFO flavor') echo 'D curses'; echo OK ;;\n"
    "	OPTION\\ lc*) echo 'ERR 83886254 unknown option' ;;\n"
    "	BYE) echo OK; exit 0 ;;\n"
    "	*) echo OK ;;\n"
    "	esac\n"
    "done\n";

static char program[128];

static void
write_program(const char *text, mode_t mode)
{
	FILE *f;

	snprintf(program, sizeof(program), "%s/pinentry", dir);
	f = fopen(program, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(program, mode), 0);
}

static struct pinentry *
start(const char *on_getpin, const char *on_confirm)
{
	const struct pinentry_options o = {
		.program = program, .tty = "/dev/null", .term = "dumb",
		.locale = "C.UTF-8",
	};
	struct pinentry *p = NULL;
	char text[2048];

	snprintf(text, sizeof(text), script, dir, on_getpin, on_confirm);
	write_program(text, 0700);
	assert_ok(pinentry_start(&o, &p));
	assert_true(pinentry_pid(p) > 0);
	return p;
}

/* What the pinentry heard. */
static const char *
heard(struct buf *b)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/log", dir);
	assert_ok(file_read(path, b));
	assert_non_null(buf_cstr(b));
	return buf_cstr(b);
}

static const struct pinentry_text words = {
	.title = "Title", .desc = "Text", .prompt = "PIN:", .ok = "Go", .cancel = "Stop",
};

static int64_t
in_seconds(int n)
{
	return clock_boot_ms() + n * 1000;
}

/* What is done on GETPIN, and what comes of it. */
struct talk {
	const char *does;
	enum err    want;
	const char *pin;
	bool	    again;	/* a second PIN can be asked for */
};

static void
talk(void **state)
{
	const struct talk *t = *state;
	AUTO(pinentry_stop) struct pinentry *p = start(t->does, "echo OK");
	AUTO(secret_wipe) struct secret s = { .len = 3 };

	assert_err(pinentry_pin(p, &words, in_seconds(60), &s), t->want);
	assert_int_equal(s.len, strlen(t->pin));
	assert_memory_equal(s.p, t->pin, s.len);
	if (t->again)
		assert_err(pinentry_pin(p, &words, in_seconds(60), &s), t->want);
}

#define TALK(name, want, pin, again, does)				\
	{ name, talk, NULL, NULL, &(struct talk){ does, want, pin, again } }
#define TEN		"0123456789"
#define SIXTY_FOUR	TEN TEN TEN TEN TEN TEN "0123"

static void
what_is_said(void **state)
{
	AUTO(pinentry_stop) struct pinentry *p = start("echo 'D 1'; echo OK", "echo OK");
	AUTO(secret_wipe) struct secret s = { 0 };
	AUTO(buf_free) struct buf log = BUF(65536);
	struct pinentry_text evil = words;
	const char *said;

	(void)state;
	evil.desc = "a\nGETPIN\r%0Ab\\\x7f";
	evil.error = "wrong";
	assert_ok(pinentry_pin(p, &evil, in_seconds(60), &s));
	said = heard(&log);
	assert_non_null(strstr(said, "OPTION ttyname=/dev/null\n"));
	assert_non_null(strstr(said, "OPTION ttytype=dumb\n"));
	assert_non_null(strstr(said, "OPTION lc-ctype=C.UTF-8\n"));
	assert_non_null(strstr(said, "\nSETTITLE Title\n"));
	assert_non_null(strstr(said, "\nSETDESC a%0AGETPIN%0D%250Ab%5C%7F\n"));
	assert_non_null(strstr(said, "\nSETERROR wrong\n"));
	assert_non_null(strstr(said, "\nSETPROMPT PIN:\n"));
	assert_non_null(strstr(said, "\nSETOK Go\n"));
	assert_non_null(strstr(said, "\nSETCANCEL Stop\n"));
	assert_true(strstr(said, "\nSETTIMEOUT 60\n") != NULL ||
	    strstr(said, "\nSETTIMEOUT 59\n") != NULL);
	assert_null(strstr(said, "cache"));	/* DESIGN section 6 rule 9 */
}

static void
text_of_a_line_and_no_more(void **state)
{
	AUTO(pinentry_stop) struct pinentry *p = start("echo OK", "echo OK");
	AUTO(secret_wipe) struct secret s = { 0 };
	struct pinentry_text t = words;
	char text[1024];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[992] = '\0';
	t.desc = text;
	assert_ok(pinentry_pin(p, &t, in_seconds(60), &s));
	text[992] = 'x';
	text[1000] = '\0';
	assert_err(pinentry_pin(p, &t, in_seconds(60), &s), ERR_NO_PINENTRY);
}

static void
confirm(void **state)
{
	AUTO(pinentry_stop) struct pinentry *p = start("echo OK", "echo OK");

	(void)state;
	assert_ok(pinentry_confirm(p, &words, in_seconds(60)));
}

static void
confirm_no(void **state)
{
	AUTO(pinentry_stop) struct pinentry *p = start("echo OK",
	    "echo 'ERR 83886194 no'");

	(void)state;
	assert_err(pinentry_confirm(p, &words, in_seconds(60)), ERR_CANCELLED);
}

static void
no_time(void **state)
{
	AUTO(pinentry_stop) struct pinentry *p = start("echo OK", "echo OK");
	AUTO(secret_wipe) struct secret s = { 0 };
	AUTO(buf_free) struct buf log = BUF(65536);

	(void)state;
	assert_ok(pinentry_confirm(p, &words, in_seconds(60)));
	assert_err(pinentry_pin(p, &words, clock_boot_ms() + 900, &s), ERR_TIMEOUT);
	assert_null(strstr(heard(&log), "GETPIN"));
}

/* Its own limit has passed: what some call cancelled is a timeout. */
static void
late_cancel_is_a_timeout(void **state)
{
	AUTO(pinentry_stop) struct pinentry *p = start("sleep 1; echo 'ERR 83886179 x'",
	    "echo OK");
	AUTO(secret_wipe) struct secret s = { 0 };

	(void)state;
	assert_err(pinentry_pin(p, &words, clock_boot_ms() + 1200, &s), ERR_TIMEOUT);
}

static void
hanging(void **state)
{
	AUTO(pinentry_stop) struct pinentry *p = start("exec sleep 60", "echo OK");
	AUTO(secret_wipe) struct secret s = { 0 };
	int64_t before = clock_boot_ms();

	(void)state;
	assert_err(pinentry_pin(p, &words, in_seconds(2), &s), ERR_TIMEOUT);
	assert_true(clock_boot_ms() - before < 30000);
}

/* What hangs before it shows anything is no window. */
static void
hanging_early(void **state)
{
	AUTO(pinentry_stop) struct pinentry *p = NULL;
	AUTO(secret_wipe) struct secret s = { 0 };
	const struct pinentry_options o = { .program = program };

	(void)state;
	write_program("#!/bin/sh\necho OK\nread x\nexec sleep 60\n", 0700);
	assert_ok(pinentry_start(&o, &p));
	assert_err(pinentry_pin(p, &words, in_seconds(60), &s), ERR_NO_PINENTRY);
}

static void
show_and_answer(void **state)
{
	AUTO(pinentry_stop) struct pinentry *p = NULL;
	char wait[256], go[128];
	enum err r;

	(void)state;
	snprintf(go, sizeof(go), "%s/go", dir);
	snprintf(wait, sizeof(wait), "until [ -e '%s' ]; do sleep 0.01; done; echo OK",
	    go);
	p = start("echo OK", wait);
	assert_ok(pinentry_show(p, &words, in_seconds(60)));
	assert_err(pinentry_answer(p), ERR_NOT_FOUND);
	assert_int_equal(fclose(fopen(go, "w")), 0);
	while ((r = pinentry_answer(p)) == ERR_NOT_FOUND)
		usleep(1000);
	assert_ok(r);
	unlink(go);
}

static void
stop_closes_the_window(void **state)
{
	struct pinentry *p = start("echo OK", "exec sleep 60");
	pid_t pid = pinentry_pid(p);

	(void)state;
	assert_ok(pinentry_show(p, &words, in_seconds(60)));
	pinentry_stop(&p);
	assert_null(p);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	pinentry_stop(&p);
}

static void
stop_ends_a_stubborn_one(void **state)
{
	struct pinentry *p = start("echo OK",
	    "trap '' TERM; while :; do sleep 0.01; done");
	pid_t pid = pinentry_pid(p);

	(void)state;
	assert_ok(pinentry_show(p, &words, in_seconds(60)));
	pinentry_stop(&p);
	assert_int_equal(kill(pid, 0), -1);
}

/* A worker that is killed leaves no window behind. */
static void
dies_with_its_parent(void **state)
{
	int ends[2], status;
	pid_t parent, window;

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	assert_int_equal(pipe(ends), 0);
	if ((parent = fork()) == 0) {
		struct pinentry *p = start("echo OK", "exec sleep 60");

		window = pinentry_pid(p);
		close(ends[0]);
		if (pinentry_show(p, &words, in_seconds(60)) != ERR_OK ||
		    write(ends[1], &window, sizeof(window)) != (ssize_t)sizeof(window))
			_exit(1);
		_exit(0);
	}
	assert_int_equal(read(ends[0], &window, sizeof(window)), (ssize_t)sizeof(window));
	assert_int_equal(waitpid(parent, &status, 0), parent);
	assert_int_equal(waitpid(window, &status, 0), window);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	close(ends[0]);
	close(ends[1]);
}

/* What cannot be started, or does not speak Assuan, is known before a window is open. */
static void
no_pinentry(const char *text)
{
	const struct pinentry_options o = { .program = program };
	AUTO(pinentry_stop) struct pinentry *p = NULL;
	AUTO(secret_wipe) struct secret s = { 0 };

	write_program(text, 0700);
	assert_ok(pinentry_start(&o, &p));
	assert_err(pinentry_pin(p, &words, in_seconds(60), &s), ERR_NO_PINENTRY);
}

static void
cannot_start(void **state)
{
	struct pinentry_options o = { .program = program };
	struct pinentry *p = NULL;

	(void)state;
	snprintf(program, sizeof(program), "%s/none", dir);
	assert_err(pinentry_start(&o, &p), ERR_NO_PINENTRY);
	write_program("#!/bin/sh\n", 0600);
	if (geteuid() != 0)
		assert_err(pinentry_start(&o, &p), ERR_NO_PINENTRY);
	assert_null(p);
	no_pinentry("#!/bin/sh\nexit 0\n");
	no_pinentry("#!/bin/sh\necho 'ERR 1 no'\nread x\n");
	no_pinentry("#!/bin/sh\necho O\n");
	no_pinentry("#!/nonexistent/shell\n");
}

/* Standard input, output and error, and what the shell itself opened: its script. */
static void
inherits_no_descriptors(void **state)
{
	AUTO(pinentry_stop) struct pinentry *p = NULL;
	int ours = dup(STDERR_FILENO), seen = 0;
	char path[64], to[256];
	struct dirent *e;
	DIR *d;

	(void)state;
	p = start("echo OK", "echo OK");
	assert_ok(pinentry_confirm(p, &words, in_seconds(60)));
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pinentry_pid(p));
	d = opendir(path);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		ssize_t n;

		if (e->d_name[0] == '.')
			continue;
		n = readlinkat(dirfd(d), e->d_name, to, sizeof(to) - 1);
		assert_true(n > 0);
		to[n] = '\0';
		if (strlen(e->d_name) > 1 || e->d_name[0] > '2')
			assert_string_equal(to, program);
		seen++;
	}
	closedir(d);
	assert_true(seen >= 3);
	close(ours);
}

static int
set_up(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/log", dir);
	unlink(path);
	return 0;
}

static int
make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
remove_dir(void **state)
{
	static const char *const names[] = { "log", "pinentry", "go" };
	char path[160];

	(void)state;
	for (size_t i = 0; i < NELEM(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TALK("PIN", ERR_OK, "123456", true, "echo 'D 123456'; echo OK"),
		TALK("escaped PIN", ERR_OK, "a%b\nc", true,
		    "echo 'D a%25b%0Ac'; echo OK"),
		TALK("PIN in two lines", ERR_OK, "1234", true,
		    "echo 'D 12'; echo 'S X'; echo 'D 34'; echo OK"),
		TALK("no PIN", ERR_OK, "", true, "echo OK"),
		TALK("longest PIN", ERR_OK, SIXTY_FOUR, true,
		    "echo 'D " SIXTY_FOUR "'; echo OK"),
		TALK("PIN too long", ERR_LIMIT, "", true,
		    "echo 'D " SIXTY_FOUR "5'; echo OK"),
		TALK("PIN too long by its second line", ERR_LIMIT, "", true,
		    "echo 'D " SIXTY_FOUR "'; echo 'D 5'; echo OK"),
		TALK("cancelled", ERR_CANCELLED, "", true,
		    "echo 'ERR 83886179 canceled'"),
		TALK("cancelled after half a PIN", ERR_CANCELLED, "", true,
		    "echo 'D 123'; echo 'ERR 83886179 canceled'"),
		TALK("fully cancelled", ERR_CANCELLED, "", true, "echo 'ERR 83886278 x'"),
		TALK("its timeout", ERR_TIMEOUT, "", true, "echo 'ERR 83886142 timeout'"),
		TALK("no terminal", ERR_NO_PINENTRY, "", true,
		    "echo 'ERR 83918950 ioctl'"),
		TALK("ends", ERR_NO_PINENTRY, "", false, "exit 0"),
		TALK("ends after the PIN", ERR_NO_PINENTRY, "", false,
		    "echo 'D 123456'; exit 0"),
		TALK("from a cache (rule 9)", ERR_NO_PINENTRY, "", false,
		    "echo 'S PASSWORD_FROM_CACHE'; echo 'D 123456'; echo OK"),
		TALK("asks back", ERR_NO_PINENTRY, "", false, "echo 'INQUIRE X'"),
		TALK("talks for ever", ERR_NO_PINENTRY, "", false,
		    "while :; do echo 'S X' || exit; done"),
		TALK("no Assuan", ERR_NO_PINENTRY, "", false, "echo hello"),
		cmocka_unit_test_setup(what_is_said, set_up),
		cmocka_unit_test(text_of_a_line_and_no_more),
		cmocka_unit_test(confirm),
		cmocka_unit_test(confirm_no),
		cmocka_unit_test_setup(no_time, set_up),
		cmocka_unit_test(late_cancel_is_a_timeout),
		cmocka_unit_test(hanging),
		cmocka_unit_test(hanging_early),
		cmocka_unit_test(show_and_answer),
		cmocka_unit_test(stop_closes_the_window),
		cmocka_unit_test(stop_ends_a_stubborn_one),
		cmocka_unit_test(dies_with_its_parent),
		cmocka_unit_test(cannot_start),
		cmocka_unit_test(inherits_no_descriptors),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
