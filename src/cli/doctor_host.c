/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi doctor: configuration, session, clock, confinement. */
#include "config.h"

#include <stdlib.h>
#include <sys/timex.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/doctor.h"
#include "host/logind.h"

static void
say_failure(struct doctor *d, const char *subject, enum err e, const char *advice)
{
	char why[512];

	snprintf(why, sizeof(why), "%s", cli_safe(err_trail()));
	doctor_say(d, DOCTOR_WRONG, subject, advice, "%s (%s)", cli_message(e), why);
}

static void
check_trust(struct doctor *d, const struct host_broker *b)
{
	AUTO(cert_store_free) struct cert_store *store = NULL;
	enum err r;

	if ((r = file_check_trusted(b->trust, getuid())) != ERR_OK)
		say_failure(d, "trust", r, _("Give it to root, writable by nobody else."));
	else if ((r = cert_store_load(b->trust, b->environment, CERT_REVOCATION_ELSEWHERE,
	    &store)) != ERR_OK)
		say_failure(d, "trust", r, _("Put the CA certificates of this environment there."));
	else
		doctor_say(d, DOCTOR_GOOD, "trust", "", _("%s: anchors of broker %s"), b->trust,
		    b->name);
}

static void
check_program(struct doctor *d, const char *subject, const char *path)
{
	if (access(path, X_OK) == 0)
		doctor_say(d, DOCTOR_GOOD, subject, "", "%s", path);
	else
		doctor_say(d, DOCTOR_WRONG, subject, _("Install it, or correct agent.conf."),
		    _("%s cannot be executed"), path);
}

void
doctor_configuration(struct doctor *d)
{
	const struct host_conf *c;
	const char *path = d->config == NULL ? HOST_CONF_FILE : d->config;
	enum err r;

	d->readers_result = cli_readers_open(d->config, &d->readers);
	c = d->readers.conf;
	if (c == NULL && access(path, F_OK) != 0) {
		doctor_say(d, DOCTOR_WRONG, "configuration", _("See man agent.conf."),
		    _("%s is not there"), path);
		return;
	}
	if (c == NULL) {
		AUTO(host_conf_free) struct host_conf *again = NULL;

		if ((r = cli_conf(d->config, &again)) != ERR_OK)
			say_failure(d, "configuration", r, _("See man agent.conf."));
		return;
	}
	doctor_say(d, DOCTOR_GOOD, "configuration", "", _("%s, default broker %s"), path,
	    c->brokers[0].name);
	check_program(d, "pinentry", c->pinentry);
	for (size_t i = 0; i < c->n_brokers; i++)
		check_trust(d, &c->brokers[i]);
}

/* The agent only serves who is at the screen, as logind says (DESIGN section 2). */
void
doctor_session(struct doctor *d)
{
	static const struct {
		const char *what, *advice;
	} states[] = {
		[LOGIND_NONE] = { N_("systemd-logind knows no session of yours at a screen"),
		    N_("Log in at the workstation itself.") },
		[LOGIND_AWAY] = { N_("another session is in front of yours"),
		    N_("Log in at the workstation itself.") },
		[LOGIND_LOCKED] = { N_("the screen is locked"), N_("Unlock the screen.") },
		[LOGIND_IN_FRONT] = { N_("active"), NULL },
	};
	const char *type = getenv("XDG_SESSION_TYPE");
	bool required = d->readers.conf != NULL && d->readers.conf->require_session;
	enum logind_state is = logind_look();
	bool wrong = required && is != LOGIND_IN_FRONT;

	doctor_say(d, wrong ? DOCTOR_WRONG : DOCTOR_GOOD, "session",
	    wrong ? _(states[is].advice) : "", "%s", _(states[is].what));
	if (type != NULL && strcmp(type, "x11") == 0)
		doctor_say(d, DOCTOR_WARNING, "display", _("Use a Wayland session."),
		    _("under X11 other programs of yours can read what you type"));
}

/* Certificates and challenges are about time. */
void
doctor_clock(struct doctor *d)
{
	struct timex t = { 0 };
	bool synchronised = adjtimex(&t) >= 0 && (t.status & STA_UNSYNC) == 0;
	char now[32];

	cli_date(clock_utc(), now);
	if (synchronised)
		doctor_say(d, DOCTOR_GOOD, "clock", "", _("%s UTC, synchronised"), now);
	else
		doctor_say(d, DOCTOR_WARNING, "clock",
		    _("Is this the right time?  Else: timedatectl set-ntp true"),
		    _("%s UTC, not synchronised by this system"), now);
}

/* What the kernel lets the PIN's process do to itself: its own words, line by line. */
void
doctor_confinement(struct doctor *d)
{
	const char *worker = d->readers.conf != NULL ? d->readers.conf->worker :
	    PKGLIBEXECDIR "/dezi-login-worker";
	static const char *const words[] = { "--probe", NULL };
	AUTO(buf_free) struct buf said = BUF(4096);
	struct cur rest, line;
	int status = 0;
	enum err r;

	if ((r = doctor_run(worker, words, &said, &status)) != ERR_OK) {
		say_failure(d, "confinement", r, _("Install dezi-agent again."));
		return;
	}
	rest = buf_view(&said);
	while (cur_until(&rest, '\n', &line)) {
		char text[256];

		if (cur_to_str(line, text, sizeof(text)))
			doctor_say(d, status == 0 ? DOCTOR_GOOD : DOCTOR_WARNING, "confinement", "",
			    "%s", cli_safe(text));
	}
}
