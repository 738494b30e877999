/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi: the command line.  This file chooses the subcommand. */
#include "config.h"

#include <locale.h>
#include <string.h>

#include "base/names.h"
#include "cli/cli.h"

static const struct cli_command commands[] = {
	{ "login", "--client-id ID --secret-file FILE [--watch]",
	    N_("log in as a care application would"), cmd_login },
	{ "cards", "[--json]",
	    N_("show readers and cards, without a PIN"), cmd_cards },
	{ "cert", "[--file FILE] [--json]",
	    N_("show and check the login certificate of the card"), cmd_cert },
	{ "events", "[--json]",
	    N_("follow what the agent sees"), cmd_events },
	{ "verify", "FILE [--trust DIR] [--json]",
	    N_("check a signed assertion, without any network"), cmd_verify },
	{ "doctor", "[--json]",
	    N_("say what is wrong on this workstation and what to do"), cmd_doctor },
};

static void
usage(FILE *to)
{
	fprintf(to, _("usage: dezi COMMAND ...\n\n"));
	for (size_t i = 0; i < NELEM(commands); i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, _(commands[i].what));
	fprintf(to, _("\nMore: man dezi\n"));
}

enum cli_status
cli_usage(const char *command)
{
	for (size_t i = 0; i < NELEM(commands); i++)
		if (strcmp(commands[i].name, command) == 0)
			fprintf(stderr, _("usage: dezi %s %s\nMore: man dezi\n"), command,
			    commands[i].words);
	return CLI_USAGE;
}

static const struct cli_command *
find(const char *name)
{
	for (size_t i = 0; i < NELEM(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

int
main(int argc, char **argv)
{
	const struct cli_command *command;

	setlocale(LC_ALL, "");
	bindtextdomain(NAME_DOMAIN, LOCALEDIR);
	textdomain(NAME_DOMAIN);
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		usage(stdout);
		return CLI_OK;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("dezi %s\n", PACKAGE_VERSION);
		return CLI_OK;
	}
	command = argc < 2 ? NULL : find(argv[1]);
	if (command == NULL) {
		usage(stderr);
		return CLI_USAGE;
	}
	return (int)command->run(argc - 1, argv + 1);
}
