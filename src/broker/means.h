/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The registry of login means (means.conf): the only place a level of assurance comes
 * from (dezi.md section 7 E 15).  An agent never states one.
 */
#ifndef DEZI_BROKER_MEANS_H
#define DEZI_BROKER_MEANS_H

#include "base/buf.h"

/* eIDAS levels as numbers that can be compared.  LOA_NONE: not one of the three URIs. */
enum loa { LOA_NONE, LOA_LOW, LOA_SUBSTANTIAL, LOA_HIGH };
enum loa loa_of_uri(const char *uri);
const char *loa_uri(enum loa loa);	/* of LOA_LOW and higher */

struct means_row {
	char	 name[64];
	char	 issuer_cn[256];	/* of the CA that signed the certificate */
	char	 policy[64];		/* accepted policy OID of the certificate */
	char	 driver[16];		/* "*": any */
	bool	 one_transaction;	/* demanded of the evidence */
	enum loa acr;
};

struct means;

/* Pure; the trail names line and expectation.  ERR_CONFIG when no means is registered. */
MUST_CHECK enum err means_read(struct cur text, struct means **ret);
void means_free(struct means **m);

/* What is known of a login: two facts of a certificate, two words of a workstation. */
struct means_facts {
	const char *issuer_cn;
	const char *policy;
	const char *driver;
	bool	    one_transaction;
};

/* The first row that fits, in the order of the file.  NULL: not registered. */
const struct means_row *means_find(const struct means *m, const struct means_facts *f);

/* The highest level that any of them gives. */
enum loa means_best(const struct means *m);

#endif
