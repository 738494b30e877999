/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi events: follow the agent's event stream until Ctrl-C. */
#include "config.h"

#include <time.h>
#include <unistd.h>

#include "base/names.h"
#include "cli/cli.h"

#define STREAM_MS	25000	/* a heartbeat comes every 10 s: silence is a lost agent */
#define PAUSE_MAX	10

struct follow {
	bool	 json;
	unsigned pause;		/* seconds before the next try; 1 after contact */
};

static enum err
on_event(void *arg, const char *event, struct cur data)
{
	AUTO(json_drop) json_t *body = NULL;
	AUTO(json_drop) json_t *line = NULL;
	AUTO(buf_free) struct buf text = BUF(JSON_BODY_MAX);
	struct follow *f = arg;
	time_t now = time(NULL);
	struct tm tm;
	char when[16] = "";

	f->pause = 1;
	if (json_load_object(data, &body) != ERR_OK)
		return ERR_OK;
	if (f->json) {
		line = json_pack("{s:s, s:O}", "event", event, "data", body);
		if (line != NULL)
			cli_print_json(line);
	} else if (strcmp(event, "heartbeat") != 0 && json_put(&text, body) == ERR_OK &&
	    localtime_r(&now, &tm) != NULL && strftime(when, sizeof(when), "%T", &tm) != 0) {
		printf("%s  %-9s %s\n", when, cli_safe(event), buf_cstr(&text));
		fflush(stdout);
	}
	return ERR_OK;
}

enum cli_status
cmd_events(int argc, char **argv)
{
	static const struct option known[] = {
		{ "agent-socket", required_argument, NULL, 'a' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	struct http_call_options o = {
		.host = NAME_HOST_AGENT, .method = "GET", .path = "/v1/events",
		.owner = getuid(), .timeout_ms = STREAM_MS,
	};
	struct follow f = { .pause = 1 };
	char path[HOST_SOCKET_MAX];
	const char *socket = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'a')
			socket = optarg;
		else if (option == 'j')
			f.json = true;
		else
			return cli_usage("events");
	}
	if (optind != argc)
		return cli_usage("events");
	if (cli_agent_socket(socket, path, sizeof(path)) != ERR_OK)
		return cli_failed(ERR_CONFIG, f.json);
	o.socket = path;
	for (;; f.pause = f.pause < PAUSE_MAX ? f.pause * 2 : PAUSE_MAX) {
		/* Until the next snapshot every session counts as ended (DESIGN section 4). */
		if (http_events(&o, on_event, &f) == ERR_OK)
			continue;
		fprintf(stderr, _("dezi: no contact with the agent: %s\n"),
		    cli_safe(err_trail()));
		sleep(f.pause);
	}
}
