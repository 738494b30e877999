/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi doctor: what is wrong on this workstation, one line each, and what to do. */
#include "config.h"

#include <stdarg.h>

#include "cli/doctor.h"

void
doctor_say(struct doctor *d, enum doctor_level level, const char *subject, const char *advice,
    const char *fmt, ...)
{
	static const char *const words[] = {
		[DOCTOR_GOOD] = "good", [DOCTOR_WARNING] = "warning", [DOCTOR_WRONG] = "wrong",
	};
	static const char *const shown[] = {
		[DOCTOR_GOOD] = N_("good"), [DOCTOR_WARNING] = N_("look"),
		[DOCTOR_WRONG] = N_("WRONG"),
	};
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (level == DOCTOR_WRONG)
		d->wrong++;
	if (d->json) {
		json_array_append_new(d->findings, json_pack("{s:s, s:s, s:s, s:s}", "level",
		    words[level], "subject", subject, "text", text, "advice", advice));
		return;
	}
	printf("%-7s %-14s %s%s%s\n", _(shown[level]), subject, text,
	    advice[0] == '\0' ? "" : "  -> ", advice);
	fflush(stdout);
}

static enum cli_status
options(int argc, char **argv, struct doctor *d, const char **ret_socket)
{
	static const struct option known[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "agent-socket", required_argument, NULL, 'a' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'c')
			d->config = optarg;
		else if (option == 'a')
			*ret_socket = optarg;
		else if (option == 'j')
			d->json = true;
		else
			return cli_usage("doctor");
	}
	return optind == argc ? CLI_OK : cli_usage("doctor");
}

static void
doctor_end(struct doctor *d)
{
	cli_readers_close(&d->readers);
	json_drop(&d->findings);
}

static void (*const checks[])(struct doctor *d) = {
	doctor_configuration, doctor_session, doctor_clock, doctor_confinement, doctor_pcscd,
	doctor_pkcs11, doctor_usb, doctor_modules, doctor_cards, doctor_brokers, doctor_agent,
};

enum cli_status
cmd_doctor(int argc, char **argv)
{
	AUTO(doctor_end) struct doctor d = { 0 };
	AUTO(json_drop) json_t *answer = NULL;
	const char *socket = NULL;
	enum cli_status s;

	if ((s = options(argc, argv, &d, &socket)) != CLI_OK)
		return s;
	if (cli_agent_socket(socket, d.agent_socket, sizeof(d.agent_socket)) != ERR_OK)
		d.agent_socket[0] = '\0';
	d.findings = json_array();
	for (size_t i = 0; i < NELEM(checks); i++)
		checks[i](&d);
	if (d.json && (answer = json_pack("{s:s, s:i, s:O}", "result",
	    d.wrong == 0 ? "ok" : "failed", "wrong", (int)d.wrong, "findings",
	    d.findings)) != NULL)
		cli_print_json(answer);
	return d.wrong == 0 ? CLI_OK : CLI_FAILED;
}
