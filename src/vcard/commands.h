/* SPDX-License-Identifier: EUPL-1.2 */
/* The commands of dezi-vcard.  argv[0] is the command's name; returns the exit status. */
#ifndef DEZI_VCARD_COMMANDS_H
#define DEZI_VCARD_COMMANDS_H

#include "base/def.h"

#define EXIT_USAGE	2	/* arguments or configuration are wrong */
#define COMMAND_USAGE	(-1)	/* the arguments: print the usage */

int ctl_main(int argc, char **argv);
int pki_main(int argc, char **argv);
int run_main(int argc, char **argv);

#endif
