/* SPDX-License-Identifier: EUPL-1.2 */
/* dezi-vcard: virtual UZI passes and tokens, their test PKI, and their remote control. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "vcard/commands.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "run", run_main },
	{ "ctl", ctl_main },
	{ "pki", pki_main },
};

static const char usage[] =
	"usage: dezi-vcard run [--port PORT] [--control SOCKET] [--state DIR]\n"
	"                      [--verbose] [CARD [CARD]]\n"
	"       dezi-vcard ctl --control SOCKET COMMAND ...\n"
	"       dezi-vcard pki --out DIR [--now TIME] [--small] [--passes FILE]\n"
	"       dezi-vcard pki --out DIR [--now TIME] --crl-only\n"
	"       dezi-vcard pki --out DIR [--now TIME] --revoke CERTIFICATE\n"
	"       dezi-vcard --help | --version\n";

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return fputs(usage, stdout) == EOF || fflush(stdout) != 0;
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("dezi-vcard %s\n", PACKAGE_VERSION) < 0 || fflush(stdout) != 0;
	for (size_t i = 0; argc > 1 && i < NELEM(commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0) {
			int status = commands[i].run(argc - 1, argv + 1);

			if (status != COMMAND_USAGE)
				return status;
			break;
		}
	fputs(usage, stderr);
	return EXIT_USAGE;
}
