/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi: the command line.  This file chooses the subcommand. */
#include "config.h"

#include <locale.h>
#include <string.h>

#include "base/names.h"
#include "cli/cli.h"

#define TRUST	"\n    [--trust DIR] [--environment production|acceptance|test]"	\
		"\n    [--config FILE] [--broker NAME]"

static const struct cli_command commands[] = {
	{ "login", "--client-id ID --secret-file FILE [--client-socket PATH]\n"
	    "    [--agent-socket PATH] [--acr URI] [--broker NAME] [--choice N] [--watch]",
	    N_("log in as a care application would"), cmd_login },
	{ "cards", "[--config FILE] [--json]",
	    N_("show readers and cards, without a PIN"), cmd_cards },
	{ "cert", "[--file FILE | --reader WORD] [--json]" TRUST,
	    N_("show and check the login certificate of the card"), cmd_cert },
	{ "pin", "status|change|unblock [--reader WORD] [--terminal] [--config FILE] [--json]",
	    N_("see, change or unblock the PIN of a card"), cmd_pin },
	{ "events", "[--agent-socket PATH] [--json]",
	    N_("follow what the agent sees"), cmd_events },
	{ "verify", "FILE [--challenge FILE] [--at TIME] [--vendors DIR] [--soft-revocation] [--json]" TRUST,
	    N_("check a signed assertion, without any network"), cmd_verify },
	{ "doctor", "[--config FILE] [--agent-socket PATH] [--json]",
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

static const struct cli_command *
find(const char *name)
{
	for (size_t i = 0; i < NELEM(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static void
usage_of(FILE *to, const struct cli_command *c)
{
	fprintf(to, _("usage: dezi %s %s\nMore: man dezi\n"), c->name, c->words);
}

enum cli_status
cli_usage(const char *command)
{
	const struct cli_command *c = find(command);

	if (c != NULL)
		usage_of(stderr, c);
	return CLI_USAGE;
}

static bool
is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int
main(int argc, char **argv)
{
	const struct cli_command *command;

	setlocale(LC_ALL, "");
	bindtextdomain(NAME_DOMAIN, LOCALEDIR);
	textdomain(NAME_DOMAIN);
	if (argc == 2 && is_help(argv[1])) {
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
	if (argc == 3 && is_help(argv[2])) {
		usage_of(stdout, command);
		return CLI_OK;
	}
	return (int)command->run(argc - 1, argv + 1);
}
