/* SPDX-License-Identifier: EUPL-1.2 */
/* A slot and the control socket, with the test in the place of vpcd. */
#include "tests/check.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/b64.h"
#include "base/file.h"
#include "tests/unit/vcard_hand.h"
#include "vcard/keys.h"
#include "vcard/slot.h"

#define PATIENCE_MS	10000
#define OFF		"00"
#define ON		"01"
#define RESET		"02"
#define POLL_ATR	"04"
#define ATR		"3B800181"

static char folder[] = "/tmp/dezi-slot.XXXXXX";

struct bench {
	struct slot slot;
	int listener;
	int vpcd;		/* our end of the card's connection; -1: none */
};

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static const char *
in_folder(const char *name)
{
	static char path[2][256];
	static int which;

	which = !which;
	snprintf(path[which], sizeof(path[which]), "%s/%s", folder, name);
	return path[which];
}

/* One turn of the slot; waits for an event or its deadline, a while at most. */
static void
turn(struct bench *b)
{
	struct pollfd p = { .fd = b->slot.fd, .events = slot_events(&b->slot) };
	int64_t until = slot_deadline(&b->slot);
	int64_t left = until == SLOT_NEVER ? 5 : (until - now_us()) / 1000;

	poll(&p, 1, left < 0 ? 0 : left > 5 ? 5 : (int)left);
	slot_run(&b->slot, p.revents, now_us());
}

#define turn_until(b, condition)						\
	do {									\
		int64_t end = now_us() + PATIENCE_MS * 1000;			\
		while (!(condition)) {						\
			assert_true(now_us() < end);				\
			turn(b);						\
		}								\
	} while (0)

static bool
accepted(struct bench *b)
{
	b->vpcd = accept4(b->listener, NULL, NULL, SOCK_NONBLOCK);
	return b->vpcd >= 0;
}

static void
tell(struct bench *b, const char *hex)
{
	AUTO(buf_free) struct buf body = BUF(4096);
	AUTO(buf_free) struct buf m = BUF(4096);

	assert_ok(hex_get(cur_str(hex), &body));
	buf_u16(&m, (unsigned)body.len);
	buf_cur(&m, buf_view(&body));
	assert_int_equal(send(b->vpcd, m.p, m.len, MSG_NOSIGNAL), m.len);
}

/* What the card said next; "" when it closed the connection. */
static const char *
hear(struct bench *b)
{
	static char text[8192];
	AUTO(buf_free) struct buf hex = BUF(sizeof(text));
	uint8_t m[4096];
	ssize_t n = -1;
	size_t want;

	turn_until(b, (n = recv(b->vpcd, m, 2, MSG_PEEK)) == 2 || n == 0);
	if (n == 0)
		return "";
	want = (size_t)(m[0] << 8 | m[1]) + 2;
	assert_true(want > 2 && want <= sizeof(m));
	turn_until(b, recv(b->vpcd, m, want, MSG_PEEK) == (ssize_t)want);
	assert_int_equal(recv(b->vpcd, m, want, 0), want);
	hex_put(&hex, cur_of(m + 2, want - 2));
	assert_true(cur_to_str(buf_view(&hex), text, sizeof(text)));
	return text;
}

static void
ask(struct bench *b, const char *command, const char *want)
{
	tell(b, command);
	assert_string_equal(hear(b), want);
}

static void
plug_in(struct bench *b)
{
	turn_until(b, accepted(b));
	assert_false(slot_is_present(&b->slot));
	ask(b, POLL_ATR, ATR);
	assert_true(slot_is_present(&b->slot));
	tell(b, ON);
}

/* vpcd reads the end of the stream and closes. */
static void
notice_removal(struct bench *b)
{
	assert_string_equal(hear(b), "");
	close(b->vpcd);
	b->vpcd = -1;
	turn_until(b, b->slot.link == LINK_DOWN);
}

static void
order_fault(struct bench *b, const char *line)
{
	struct order o;

	assert_ok(order_parse(cur_str(line), &o));
	assert_true(faults_add(&b->slot.faults, &o.fault));
}

static void
write_card(const char *name, const char *more)
{
	AUTO(buf_free) struct buf b = BUF(4096);

	buf_fmt(&b, "[card]\natr = " ATR "\npin = 123456\npuk = 12345678\n%s"
	    "[key authentication]\nkey = a.key\ncertificate = a.der\n", more);
	assert_ok(file_write(in_folder(name), buf_view(&b), 0600));
}

static int
group_start(void **state UNUSED)
{
	assert_non_null(mkdtemp(folder));
	assert_ok(key_write(in_folder("a.key"), hand_key(AUTHENTICATION)));
	assert_ok(file_write(in_folder("a.der"), hand_certificate(AUTHENTICATION), 0644));
	write_card("one.card", "");
	write_card("slow.card", "[delay]\napdu_ms = 30\n");
	return 0;
}

static int
group_end(void **state UNUSED)
{
	static const char *const names[] = { "a.key", "a.der", "one.card", "slow.card",
		"one.state", "slow.state" };

	for (size_t i = 0; i < NELEM(names); i++)
		unlink(in_folder(names[i]));
	hand_end();
	return rmdir(folder);
}

static int
setup(void **state)
{
	static struct bench b;
	struct sockaddr_in at = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);

	b = (struct bench){ .vpcd = -1 };
	b.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(b.listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(b.listener, 0), 0);
	assert_int_equal(getsockname(b.listener, (struct sockaddr *)&at, &n), 0);
	slot_init(&b.slot, 0, ntohs(at.sin_port), NULL);
	unlink(in_folder("one.state"));
	assert_ok(slot_insert(&b.slot, in_folder("one.card"), now_us()));
	*state = &b;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *b = *state;

	slot_end(&b->slot);
	if (b->vpcd >= 0)
		close(b->vpcd);
	close(b->listener);
	return 0;
}

/*
 * The tests.
 */

static void
talks(void **state)
{
	struct bench *b = *state;

	plug_in(b);
	ask(b, HAND_SELECT, "9000");
	ask(b, HAND_VERIFY, "9000");
	ask(b, "00200003", "9000");
	tell(b, RESET);
	ask(b, HAND_SELECT, "9000");
	ask(b, "00200003", "63C3");
	tell(b, OFF);
	ask(b, POLL_ATR, ATR);
	assert_int_equal(b->slot.stats.apdus, 5);
	assert_int_equal(b->slot.stats.verifies, 1);
	assert_int_equal(b->slot.stats.resets, 1);
	assert_int_equal(b->slot.stats.polls, 2);
	assert_int_equal(b->slot.stats.bytes_in, 18 + 20 + 4 + 18 + 4);
	assert_int_equal(b->slot.stats.bytes_out, 10);
}

/* The presence check is answered while an answer waits. */
static void
polls_during_a_delay(void **state)
{
	struct bench *b = *state;
	int64_t start;

	plug_in(b);
	b->slot.delays = (struct card_delays){ .apdu_ms = 50, .byte_us = 100 };
	start = now_us();
	tell(b, HAND_SELECT);
	tell(b, POLL_ATR);
	assert_string_equal(hear(b), ATR);
	assert_string_equal(hear(b), "9000");
	assert_true(now_us() - start >= 50000 + 100 * (18 + 2));
}

/* A delay belongs to the card; one that was ordered stays. */
static void
delays_of_the_card(void **state)
{
	struct bench *b = *state;

	assert_int_equal(b->slot.delays.apdu_ms, 0);
	assert_ok(slot_remove(&b->slot, now_us()));
	assert_ok(slot_insert(&b->slot, in_folder("slow.card"), now_us()));
	assert_int_equal(b->slot.delays.apdu_ms, 30);
}

static void
remembers(void **state)
{
	struct bench *b = *state;
	struct stat st;

	plug_in(b);
	ask(b, HAND_SELECT, "9000");
	assert_int_not_equal(stat(in_folder("one.state"), &st), 0);
	ask(b, "002000030F313233343500000000000000000000", "63C2");
	assert_int_equal(stat(in_folder("one.state"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_ok(slot_remove(&b->slot, now_us()));
	notice_removal(b);
	assert_ok(slot_insert(&b->slot, in_folder("one.card"), now_us()));
	plug_in(b);
	ask(b, HAND_SELECT, "9000");
	ask(b, "00200003", "63C2");
}

/* What cannot be remembered did not happen. */
static void
memory_failure(void **state)
{
	struct bench *b = *state;

	plug_in(b);
	snprintf(b->slot.state_path, sizeof(b->slot.state_path), "/nowhere/x.state");
	ask(b, HAND_SELECT, "9000");
	ask(b, "002000030F313233343500000000000000000000", "6581");
}

static void
fault_status_word(void **state)
{
	struct bench *b = *state;

	plug_in(b);
	ask(b, HAND_SELECT, "9000");
	order_fault(b, "on 0 verify sw 6F00");
	ask(b, HAND_VERIFY, "6F00");
	ask(b, "00200003", "63C3");		/* it was not carried out */
	order_fault(b, "on 0 verify after sw 6F00");
	ask(b, HAND_VERIFY, "6F00");
	ask(b, "00200003", "9000");		/* it was */
}

static void
fault_garbage_and_short(void **state)
{
	struct bench *b = *state;

	plug_in(b);
	order_fault(b, "fault 0 2 garbage");
	order_fault(b, "fault 0 3 short");
	ask(b, HAND_SELECT, "9000");
	tell(b, HAND_SELECT);
	assert_int_equal(strlen(hear(b)), 2 * 34);
	ask(b, HAND_SELECT, "90");
	ask(b, HAND_SELECT, "9000");
}

/* Behind what it answers: the status word stays at the end. */
static void
fault_surplus(void **state)
{
	struct bench *b = *state;
	const char *got;

	plug_in(b);
	ask(b, HAND_SELECT, "9000");
	order_fault(b, "on 0 get-data surplus");
	tell(b, "00CA010008");
	got = hear(b);
	assert_int_equal(strlen(got), 2 * (8 + 300 + 2));
	assert_string_equal(got + 2 * 308, "9000");
	order_fault(b, "on 0 verify after surplus");
	tell(b, HAND_VERIFY);
	assert_int_equal(strlen(hear(b)), 2 * 302);
	ask(b, "00200003", "9000");		/* it was carried out */
}

/* No answer, and no empty message either: the next thing said is the ATR. */
static void
fault_drop(void **state)
{
	struct bench *b = *state;

	plug_in(b);
	order_fault(b, "fault 0 1 drop");
	tell(b, HAND_SELECT);
	ask(b, POLL_ATR, ATR);
	assert_int_equal(b->slot.stats.apdus, 1);
}

static void
fault_delay(void **state)
{
	struct bench *b = *state;
	int64_t start = now_us();

	plug_in(b);
	order_fault(b, "fault 0 1 delay 40");
	ask(b, HAND_SELECT, "9000");
	assert_true(now_us() - start >= 40000);
}

static void
fault_reset(void **state)
{
	struct bench *b = *state;

	plug_in(b);
	ask(b, HAND_SELECT, "9000");
	ask(b, HAND_VERIFY, "9000");
	order_fault(b, "on 0 verify reset");
	ask(b, "00200003", "6D00");		/* the applet is not selected any more */
	ask(b, HAND_SELECT, "9000");
	order_fault(b, "on 0 verify after reset");
	ask(b, HAND_VERIFY, "9000");
	ask(b, HAND_SELECT, "9000");
	ask(b, "00200003", "63C3");
}

/* Before: the command is never answered, nor carried out.  After: answered, then gone. */
static void
fault_remove(void **state)
{
	struct bench *b = *state;

	plug_in(b);
	ask(b, HAND_SELECT, "9000");
	order_fault(b, "on 0 verify remove");
	tell(b, HAND_VERIFY);
	notice_removal(b);
	assert_int_equal(b->slot.stats.verifies, 0);
	assert_false(slot_is_absent(&b->slot, now_us()));	/* too early to say */
	turn_until(b, slot_is_absent(&b->slot, now_us()));
	assert_ok(slot_insert(&b->slot, in_folder("one.card"), now_us()));
	plug_in(b);
	ask(b, HAND_SELECT, "9000");
	order_fault(b, "on 0 verify after remove");
	ask(b, HAND_VERIFY, "9000");
	notice_removal(b);
	assert_int_equal(b->slot.stats.verifies, 1);
	assert_int_equal(b->slot.stats.removals, 2);
}

static void
fault_swap(void **state)
{
	struct bench *b = *state;
	char line[512];

	plug_in(b);
	snprintf(line, sizeof(line), "on 0 select after swap %s", in_folder("slow.card"));
	order_fault(b, line);
	ask(b, HAND_SELECT, "9000");
	notice_removal(b);
	assert_string_equal(b->slot.name, "slow");
	plug_in(b);
	assert_false(vcard_is_verified(b->slot.card));
}

/* pcscd dies and comes back: the card was without power, and is there again. */
static void
reconnects(void **state)
{
	struct bench *b = *state;

	plug_in(b);
	ask(b, HAND_SELECT, "9000");
	ask(b, HAND_VERIFY, "9000");
	close(b->vpcd);
	plug_in(b);
	ask(b, "00200003", "6D00");
}

static void
retries_until_there_is_a_reader(void **state)
{
	struct bench *b = *state;
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(b->slot.port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1;

	close(b->listener);
	turn_until(b, b->slot.backoff > 0);
	turn_until(b, b->slot.backoff > 100000);	/* it waits longer each time */
	b->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(b->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(b->listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(b->listener, 0), 0);
	plug_in(b);
}

static void
one_card_at_a_time(void **state)
{
	struct bench *b = *state;

	assert_err(slot_insert(&b->slot, in_folder("one.card"), now_us()), ERR_CONFIG);
	assert_ok(slot_remove(&b->slot, now_us()));
	assert_err(slot_remove(&b->slot, now_us()), ERR_CONFIG);
	assert_err(slot_insert(&b->slot, in_folder("none.card"), now_us()), ERR_CONFIG);
	assert_null(b->slot.card);
}

static void
statistics(void **state)
{
	struct bench *b = *state;
	AUTO(buf_free) struct buf json = BUF(4096);

	plug_in(b);
	ask(b, HAND_SELECT, "9000");
	slot_json(&b->slot, &json);
	assert_string_equal(buf_cstr(&json),
	    "{\"slot\":0,\"card\":\"one\",\"present\":true,"
	    "\"apdus\":1,\"bytes_in\":18,\"bytes_out\":2,\"verifies\":0,\"signatures\":0,"
	    "\"resets\":0,\"power_ons\":1,\"polls\":1,\"removals\":0,\"tries\":3,"
	    "\"puk_tries\":3,\"verified\":false}");
}

#define ONE(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(talks), ONE(polls_during_a_delay), ONE(delays_of_the_card),
		ONE(remembers),
		ONE(memory_failure), ONE(fault_status_word), ONE(fault_garbage_and_short),
		ONE(fault_surplus),
		ONE(fault_drop), ONE(fault_delay), ONE(fault_reset), ONE(fault_remove),
		ONE(fault_swap), ONE(reconnects), ONE(retries_until_there_is_a_reader),
		ONE(one_card_at_a_time), ONE(statistics),
	};

	return cmocka_run_group_tests(tests, group_start, group_end);
}
