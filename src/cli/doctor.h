/* SPDX-License-Identifier: EUPL-1.2 */
/* What dezi doctor looks at; each check says its findings through doctor_say(). */
#ifndef DEZI_CLI_DOCTOR_H
#define DEZI_CLI_DOCTOR_H

#include "cli/cli.h"
#include "cli/readers.h"

enum doctor_level { DOCTOR_GOOD, DOCTOR_WARNING, DOCTOR_WRONG };

struct doctor {
	struct cli_readers readers;	/* with the configuration, NULL when it is refused */
	enum err readers_result;
	const char *config;		/* --config, or NULL */
	char	 agent_socket[HOST_SOCKET_MAX];
	bool	 json;
	json_t	*findings;		/* with json */
	/* What dezi-pkcs11.so does with a card that has no command to log out. */
	bool	 reset_on_logout;
	unsigned wrong;
};

/*
 * One finding: a constant word for the subject, what is so, and what to do about it
 * ("" when it is good).  Printed at once.
 */
void doctor_say(struct doctor *d, enum doctor_level level, const char *subject,
    const char *advice, const char *fmt, ...) PRINTF(5, 6);

/* In the order in which one thing rests on the other. */
void doctor_configuration(struct doctor *d);
void doctor_session(struct doctor *d);
void doctor_clock(struct doctor *d);
void doctor_confinement(struct doctor *d);
void doctor_pcscd(struct doctor *d);
void doctor_pkcs11(struct doctor *d);
void doctor_usb(struct doctor *d);
void doctor_modules(struct doctor *d);
void doctor_cards(struct doctor *d);
void doctor_brokers(struct doctor *d);
void doctor_agent(struct doctor *d);

/*
 * Run a program by absolute path with these arguments, nothing to read, and at most 5 s;
 * its standard output is appended.  *ret_status: its exit status.
 * ERR_SYS: it could not be run; ERR_TIMEOUT.
 */
MUST_CHECK enum err doctor_run(const char *path, const char *const *arguments,
    struct buf *ret, int *ret_status);

#endif
