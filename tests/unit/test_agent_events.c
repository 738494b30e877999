/* SPDX-License-Identifier: EUPL-1.2 */
/* Readers as they are listed, and what those hear who listen. */
#include "tests/unit/agent_world.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/sessions.h"

static void
cards_are_listed(void **state)
{
	struct world *w = *state;
	struct answer *a;

	w->conf.ignore_reader.n = 1;
	strcpy(w->conf.ignore_reader.item[0], "Reader A");
	strcpy(world_readers.readers[0].name, "Reader A \xe2\x80\xae\n");
	world_start(w);
	a = world_call(w, "GET", "/v1/cards", NULL, NULL);
	world_expect(w, a, 200, NULL);
	assert_string_equal(a->body, "{\"service\":true,\"readers\":["
	    "{\"name\":\"Reader A ??\",\"card\":\"absent\",\"in_use\":false,\"events\":0,"
	    "\"ignored\":true},{\"name\":\"Reader B 01 00\",\"card\":\"present\","
	    "\"atr\":\"3B\",\"in_use\":false,\"events\":7}]}");
}

struct listener {
	int	 fd;
	char	 text[2 * HTTP_STREAM_QUEUE_MAX];
	size_t	 n;
};

static void
listen_to(struct world *w, struct listener *l)
{
	static const char ask[] = "GET /v1/events HTTP/1.1\r\nHost: dezi-agent\r\n\r\n";
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	*l = (struct listener){ .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	strcpy(addr.sun_path, w->socket);
	assert_int_equal(connect(l->fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(write(l->fd, ask, sizeof(ask) - 1), sizeof(ask) - 1);
}

static bool
hears(struct world *w, struct listener *l, const char *what)
{
	ssize_t n;

	sd_event_run(w->loop, 1000);
	n = recv(l->fd, l->text + l->n, sizeof(l->text) - 1 - l->n, MSG_DONTWAIT);
	if (n > 0)
		l->n += (size_t)n;
	l->text[l->n] = '\0';
	return strstr(l->text, what) != NULL;
}

static void
hear(struct world *w, struct listener *l, const char *what)
{
	int64_t until = clock_boot_ms() + 10000;

	while (!hears(w, l, what))
		if (clock_boot_ms() > until) {
			print_error("not heard: %s\nbut: %s\n", what, l->text);
			assert_true(false);
		}
}

static void
snapshot_first_then_changes(void **state)
{
	struct world *w = *state;
	struct listener *l = malloc(sizeof(*l));
	const char *snapshot, *change;

	assert_non_null(l);
	w->agent.heartbeat_ms = 50;
	world_start(w);
	listen_to(w, l);
	hear(w, l, "\n\n");
	snapshot = strstr(l->text,
	    "event: snapshot\ndata: {\"service\":true,\"readers\":[");
	assert_non_null(snapshot);
	world_log_in(w);
	hear(w, l, "event: login\ndata: {\"id\":");
	hear(w, l, "\"state\":\"asking_pin\"}");
	hear(w, l, "\"state\":\"done\"}");
	hear(w, l, "event: session\ndata: {\"id\":\"S-1\"");
	world_pull_card();
	hear(w, l, "\"state\":\"ended\",\"reason\":\"card_removed\"}");
	hear(w, l, "event: card\ndata: {\"name\":\"Reader B 01 00\",\"card\":\"absent\"");
	/* What ends comes before what is told of the reader. */
	change = strstr(l->text, "event: card");
	assert_true(strstr(l->text, "\"reason\":\"card_removed\"") < change);
	hear(w, l, "event: heartbeat\ndata: {}");
	/* Neither finish nor a token is in it. */
	assert_null(strstr(l->text, FINISH));
	assert_null(strstr(l->text, "T-1"));
	close(l->fd);
	free(l);
}

static void
snapshot_after_every_reconnect(void **state)
{
	struct world *w = *state;
	struct listener *l = malloc(sizeof(*l));

	assert_non_null(l);
	world_start(w);
	listen_to(w, l);
	hear(w, l, "\"sessions\":[]}");
	close(l->fd);
	world_log_in(w);
	listen_to(w, l);
	hear(w, l, "event: snapshot");
	hear(w, l, "\"sessions\":[{\"id\":\"S-1\"");
	close(l->fd);
	world_readers.n = 1;
	world_readers_changed();
	UNTIL(w, w->broker.ends == 1);
	listen_to(w, l);
	hear(w, l, "\"sessions\":[]}");
	close(l->fd);
	free(l);
}

static void
snapshot_names_the_login_on_its_way(void **state)
{
	struct world *w = *state;
	struct listener *l = malloc(sizeof(*l));

	assert_non_null(l);
	world_script(w, "hang");
	world_start(w);
	world_login(w);
	UNTIL(w, w->broker.challenges == 1);
	listen_to(w, l);
	hear(w, l, "\"logins\":[{\"id\":\"");
	hear(w, l, "\"state\":\"asking_pin\"");
	close(l->fd);
	free(l);
}

static void
listeners_are_few(void **state)
{
	struct world *w = *state;
	struct listener *l = calloc(17, sizeof(*l));

	assert_non_null(l);
	world_start(w);
	for (size_t i = 0; i < 16; i++) {
		listen_to(w, &l[i]);
		hear(w, &l[i], "event: snapshot");
	}
	listen_to(w, &l[16]);
	hear(w, &l[16], "problem/limit");
	close(l[3].fd);
	l[3].fd = -1;
	world_settle(w);
	listen_to(w, &l[3]);
	hear(w, &l[3], "event: snapshot");
	for (size_t i = 0; i < 17; i++)
		close(l[i].fd);
	free(l);
}

/* As many sessions as there may be, each as long as it may be, still are one snapshot. */
static void
snapshot_of_all_that_can_be(void **state)
{
	struct world *w = *state;
	struct listener *l = malloc(sizeof(*l));
	struct brokerlink_grant grant = { .token = "T-1", .lease = 3600 };
	struct presence there = { .event_counter = 7 };
	char client[128];
	struct session_options o = { .broker = &w->conf.brokers[0], .grant = &grant,
		.login = "zBy3Ng1ydY6rZ0hC6Jq5Bw", .client = client, .card = "",
		.presence = &there };

	assert_non_null(l);
	memset(client, '"', sizeof(client) - 1);
	client[sizeof(client) - 1] = '\0';
	memset(grant.session, 's', sizeof(grant.session) - 1);
	memset(there.reader, '\\', sizeof(there.reader) - 1);
	world_start(w);
	o.asked_ms = clock_boot_ms();
	for (int i = 0; i < SESSIONS_MAX; i++)
		assert_ok(sessions_add(w->agent.sessions, &o));
	assert_err(sessions_add(w->agent.sessions, &o), ERR_LIMIT);
	listen_to(w, l);
	hear(w, l, "event: snapshot");
	hear(w, l, "}]}\n\n");
	close(l->fd);
	free(l);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, world_make, world_drop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cards_are_listed),
		TEST(snapshot_first_then_changes),
		TEST(snapshot_after_every_reconnect),
		TEST(snapshot_names_the_login_on_its_way),
		TEST(listeners_are_few),
		TEST(snapshot_of_all_that_can_be),
	};

	return cmocka_run_group_tests_name("agent_events", tests, NULL, NULL);
}
