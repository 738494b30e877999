/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A worker that does what the first word of its "configuration" says, for tests of the
 * agent's side of the protocol.  It has no card, no PIN and no window.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/frame.h"
#include "login/wire.h"

#define FD	3

extern char **environ;

static struct login_request rq;

static void
say(uint8_t type, struct cur body)
{
	if (frame_write(FD, type, body) != ERR_OK)
		_exit(3);
}

static void
step(enum login_step s)
{
	say(WIRE_STEP, cur_str(login_step_name(s)));
}

static void
done(void)
{
	AUTO(buf_free) struct buf b = BUF(FRAME_MAX);
	AUTO(login_result_free) struct login_result r = { .assertion = BUF(JWS_MAX),
		.reader = "Reader B 01 00", .event_counter = 7, .serial = "4E4C0001",
		.alg = JWS_RS256, .apdus = 12 };

	buf_str(&r.assertion, "aGVhZGVy.cGF5bG9hZA.c2lnbmF0dXJl");
	if (wire_put_done(&b, &r) != ERR_OK)
		_exit(3);
	say(WIRE_DONE, buf_view(&b));
}

static void
failed(enum err e, int tries)
{
	AUTO(buf_free) struct buf b = BUF(FRAME_MAX);

	if (wire_put_failure(&b, e, tries, "told to") != ERR_OK)
		_exit(3);
	say(WIRE_FAILED, buf_view(&b));
}

static void
good(void)
{
	step(LOGIN_READING_CARD);
	step(LOGIN_ASKING_PIN);
	step(LOGIN_SIGNING);
	done();
}

static void
pin_wrong(void)
{
	step(LOGIN_ASKING_PIN);
	failed(ERR_PIN_WRONG, 2);
}

static void
cancelled(void)
{
	failed(ERR_CANCELLED, -1);
}

/* As a window that nobody answers: until the agent hangs up. */
static void
hang(void)
{
	char c;

	step(LOGIN_ASKING_PIN);
	while (read(FD, &c, 1) > 0)
		continue;
}

/* Neither the end of the connection nor SIGTERM impresses it. */
static void
stubborn(void)
{
	signal(SIGTERM, SIG_IGN);
	step(LOGIN_ASKING_PIN);
	for (;;)
		pause();
}

static void
dies(void)
{
	raise(SIGKILL);
}

/* With all its threads. */
static void
stops(void)
{
	step(LOGIN_ASKING_PIN);
	raise(SIGSTOP);
	pause();
}

static void
leaves(void)
{
	step(LOGIN_ASKING_PIN);
}

static void
write_raw(const void *p, size_t n)
{
	if (write(FD, p, n) != (ssize_t)n)
		_exit(3);
	for (;;)
		pause();
}

static void
garbage(void)
{
	write_raw("HTTP/1.1 200 OK\r\n\r\n", 19);
}

static void
empty_frame(void)
{
	write_raw("\0\0\0\0", 4);
}

static void
unknown_type(void)
{
	say(99, cur_of(NULL, 0));
	pause();
}

static void
unknown_step(void)
{
	say(WIRE_STEP, cur_str("rebooting"));
	pause();
}

static void
bad_done(void)
{
	say(WIRE_DONE, cur_str("yes"));
	pause();
}

static void
bad_failed(void)
{
	say(WIRE_FAILED, cur_of(NULL, 0));
	pause();
}

/* A failure that is called success. */
static void
failed_ok(void)
{
	failed(ERR_OK, -1);
}

static void
agents_frame(void)
{
	say(WIRE_LOGIN, cur_of(NULL, 0));
	pause();
}

static void
renew(void)
{
	AUTO(buf_free) struct buf b = BUF(FRAME_MAX);
	struct login_request next;
	uint8_t type;

	say(WIRE_NEED_CHALLENGE, cur_of(NULL, 0));
	if (frame_read(FD, &b, &type) != ERR_OK)
		_exit(3);
	if (type == WIRE_REFUSED) {
		char word[32];

		if (!cur_to_str(buf_view(&b), word, sizeof(word)))
			_exit(3);
		failed(err_of_word(word), -1);
		return;
	}
	if (type != WIRE_CHALLENGE || wire_get_request(buf_view(&b), &next) != ERR_OK ||
	    memcmp(next.c.nonce, rq.c.nonce, sizeof(rq.c.nonce)) == 0 ||
	    strcmp(next.c.client_id, rq.c.client_id) != 0 ||
	    next.deadline_boot_ms < rq.deadline_boot_ms)
		failed(ERR_MISMATCH, -1);
	else
		done();
}

static void
renew_often(void)
{
	AUTO(buf_free) struct buf b = BUF(FRAME_MAX);
	uint8_t type = WIRE_CHALLENGE;

	for (int i = 0; i < 4 && type == WIRE_CHALLENGE; i++) {
		buf_clear(&b);
		say(WIRE_NEED_CHALLENGE, cur_of(NULL, 0));
		if (frame_read(FD, &b, &type) != ERR_OK)
			_exit(3);
	}
	failed(type == WIRE_REFUSED ? ERR_TIMEOUT : ERR_LIMIT, -1);
}

static void
renew_impatient(void)
{
	AUTO(buf_free) struct buf b = BUF(64);

	/* In one piece, so that no answer can come in between. */
	if (frame_put(&b, WIRE_NEED_CHALLENGE, cur_of(NULL, 0)) != ERR_OK ||
	    frame_put(&b, WIRE_NEED_CHALLENGE, cur_of(NULL, 0)) != ERR_OK)
		_exit(3);
	write_raw(b.p, b.len);
}

/* Exactly the environment and descriptors of a worker, and a session of its own. */
static void
surroundings(void)
{
	sigset_t blocked;
	bool right = environ[0] != NULL && strcmp(environ[0], "LANG=nl_NL.UTF-8") == 0 &&
	    environ[1] == NULL && getsid(0) == getpid() &&
	    sigprocmask(SIG_SETMASK, NULL, &blocked) == 0 &&
	    !sigismember(&blocked, SIGCHLD);

	for (int fd = FD + 1; fd < 256; fd++)
		right = right && fcntl(fd, F_GETFD) < 0;
	right = right && strcmp(rq.caller, "") != 0 && strcmp(rq.language, "nl") == 0 &&
	    strcmp(rq.c.client_id, "epd") == 0;
	if (right)
		done();
	else
		failed(ERR_MISMATCH, -1);
}

/* Are we the module worker, started as such? */
static bool vendor;

static void
hand_over_to(const char *module)
{
	AUTO(buf_free) struct buf b = BUF(FRAME_MAX);
	struct wire_hand_over h = { .reader = "Reader B 01 00", .event_counter = 7 };

	strcpy(h.module, module);
	if (wire_put_hand_over(&b, &h) != ERR_OK)
		_exit(3);
	say(WIRE_HAND_OVER, buf_view(&b));
	pause();
}

static void
hand_over(void)
{
	if (!vendor)
		hand_over_to("vendor");
	else
		good();
}

static void
vendor_dies(void)
{
	if (!vendor)
		hand_over_to("vendor");
	dies();
}

static void
vendor_hands_over(void)
{
	hand_over_to("vendor");
}

static void
hand_over_to_nobody(void)
{
	hand_over_to("nobody");
}

static void
hand_over_to_what_is_off(void)
{
	hand_over_to("off");
}

/* Neither is configured to be in no reader. */
static void
no_reader(void)
{
	AUTO(buf_free) struct buf b = BUF(FRAME_MAX);
	AUTO(login_result_free) struct login_result r = { .assertion = BUF(JWS_MAX),
		.serial = "4E4C0001", .alg = JWS_RS256 };

	buf_str(&r.assertion, "aGVhZGVy.cGF5bG9hZA.c2lnbmF0dXJl");
	if (wire_put_done(&b, &r) != ERR_OK)
		_exit(3);
	say(WIRE_DONE, buf_view(&b));
	pause();
}

static const struct {
	const char *word;
	void	    (*act)(void);
} acts[] = {
	{ "good", good }, { "pin_wrong", pin_wrong }, { "cancelled", cancelled },
	{ "hang", hang }, { "stubborn", stubborn }, { "dies", dies },
	{ "leaves", leaves }, { "stops", stops },
	{ "garbage", garbage }, { "empty_frame", empty_frame },
	{ "unknown_type", unknown_type }, { "unknown_step", unknown_step },
	{ "bad_done", bad_done }, { "bad_failed", bad_failed },
	{ "failed_ok", failed_ok },
	{ "agents_frame", agents_frame }, { "renew", renew },
	{ "renew_often", renew_often }, { "renew_impatient", renew_impatient },
	{ "surroundings", surroundings },
	{ "hand_over", hand_over }, { "vendor_dies", vendor_dies },
	{ "vendor_hands_over", vendor_hands_over },
	{ "hand_over_to_nobody", hand_over_to_nobody },
	{ "hand_over_to_what_is_off", hand_over_to_what_is_off },
	{ "no_reader", no_reader },
};

int
main(int argc, char **argv)
{
	AUTO(buf_free) struct buf script = BUF(64), body = BUF(FRAME_MAX);
	uint8_t type;

	if (argc == 11 && strcmp(argv[5], "--module") == 0 &&
	    strcmp(argv[6], "vendor") == 0 && strcmp(argv[7], "--reader") == 0 &&
	    strcmp(argv[8], "Reader B 01 00") == 0 && strcmp(argv[9], "--events") == 0 &&
	    strcmp(argv[10], "7") == 0)
		vendor = true;
	if ((argc != 5 && !vendor) || strcmp(argv[1], "--config") != 0 ||
	    strcmp(argv[3], "--broker") != 0 ||
	    file_read(argv[2], &script) != ERR_OK || buf_cstr(&script) == NULL)
		return 2;
	if (frame_read(FD, &body, &type) != ERR_OK || type != WIRE_LOGIN ||
	    wire_get_request(buf_view(&body), &rq) != ERR_OK)
		return 3;
	for (size_t i = 0; i < NELEM(acts); i++)
		if (strcmp(acts[i].word, buf_cstr(&script)) == 0)
			acts[i].act();
	return 0;
}
