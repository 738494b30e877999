/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi doctor: are broker and agent there, and are they who they should be? */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "base/file.h"
#include "base/names.h"
#include "cli/doctor.h"

#define ASK_MS		3000

/* Any HTTP answer from the right peer will do. */
static enum err
answers(const char *socket, const char *host, uid_t owner, const char *path)
{
	AUTO(http_answer_free) struct http_answer a = { .body.max = HTTP_ANSWER_MAX };
	struct http_call_options o = {
		.socket = socket, .owner = owner, .host = host, .method = "GET",
		.path = path, .timeout_ms = ASK_MS,
	};

	return http_call(&o, &a);
}

static void
check_broker(struct doctor *d, const struct host_broker *b)
{
	char why[512];
	enum err r;

	if ((r = file_check_trusted(b->socket, b->owner)) == ERR_OK)
		r = answers(b->socket, NAME_HOST_BROKER, b->owner, "/v1/sessions/doctor");
	if (r == ERR_OK) {
		doctor_say(d, DOCTOR_GOOD, "broker", "", _("%s answers on %s"), b->name, b->socket);
		return;
	}
	snprintf(why, sizeof(why), "%s", cli_safe(err_trail()));
	doctor_say(d, DOCTOR_WRONG, "broker", r == ERR_CONFIG ?
	    _("The socket and every folder above it must belong to the broker or to root alone.") :
	    _("Is dezi-broker running?"), "%s: %s", b->name, why);
}

void
doctor_brokers(struct doctor *d)
{
	const struct host_conf *c = d->readers.conf;

	for (size_t i = 0; c != NULL && i < c->n_brokers; i++)
		check_broker(d, &c->brokers[i]);
}

void
doctor_agent(struct doctor *d)
{
	char why[512];
	enum err r;

	if (d->agent_socket[0] == '\0')
		doctor_say(d, DOCTOR_WRONG, "agent", _("Run this in your own session."),
		    _("XDG_RUNTIME_DIR is not set"));
	else if (access(d->agent_socket, F_OK) != 0)
		doctor_say(d, DOCTOR_WRONG, "agent",
		    "systemctl --user enable --now dezi-agent.socket", "%s: %s",
		    d->agent_socket, strerror(errno));
	else if ((r = answers(d->agent_socket, NAME_HOST_AGENT, getuid(), "/v1/cards")) == ERR_OK)
		doctor_say(d, DOCTOR_GOOD, "agent", "", _("it answers on %s"), d->agent_socket);
	else {
		snprintf(why, sizeof(why), "%s", cli_safe(err_trail()));
		doctor_say(d, DOCTOR_WRONG, "agent", "systemctl --user status dezi-agent", "%s",
		    why);
	}
}
