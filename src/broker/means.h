/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The registry of login means (means.conf): the only place a level of assurance comes
 * from (dezi.md section 7 E 15).  An agent never states one.
 */
#ifndef DEZI_BROKER_MEANS_H
#define DEZI_BROKER_MEANS_H

#include "verify/verify.h"

/* eIDAS levels as numbers that can be compared.  LOA_NONE: not one of the three URIs. */
enum loa { LOA_NONE, LOA_LOW, LOA_SUBSTANTIAL, LOA_HIGH };
enum loa loa_of_uri(const char *uri);
const char *loa_uri(enum loa loa);	/* of LOA_LOW and higher */

#define MEANS_PATH_MAX	1024

/* What a row demands of what the maker says of the key (verify_attestation()). */
struct means_attestation {
	enum means_demand {
		MEANS_IGNORED,		/* it is not looked at */
		MEANS_OPTIONAL,		/* there may be none; if there is one, it counts */
		MEANS_REQUIRED,
	} demand;
	char	 vendors[MEANS_PATH_MAX];	/* folder of the makers that count */
	uint8_t	 firmware[3];		/* at least */
	unsigned pins;			/* accepted policies: bits 1 << ATTEST_PIN_... */
	struct cert_store *store;	/* of vendors, after means_load_vendors() */
};

struct means_row {
	char	 name[64];
	char	 issuer_cn[256];	/* of the CA that signed the certificate */
	char	 policy[64];		/* accepted policy OID of the certificate */
	char	 driver[16];		/* "*": any */
	bool	 one_transaction;	/* demanded of the evidence */
	enum loa acr;
	struct means_attestation attestation;
};

struct means;

/* Pure; the trail names line and expectation.  ERR_CONFIG when no means is registered. */
MUST_CHECK enum err means_read(struct cur text, struct means **ret);
void means_free(struct means **m);

/*
 * Have load read the folder of each row that demands something of makers.  A row without
 * them fits nothing.  What load returns, or ERR_OK.
 */
typedef enum err means_vendors_fn(void *arg, const char *folder, struct cert_store **ret);
MUST_CHECK enum err means_load_vendors(struct means *m, means_vendors_fn *load, void *arg);

/* What became of the attestation, for the record. */
struct means_attested {
	const char *word;		/* NULL: no row asked */
	struct attest said;		/* by the row that asked last */
};

/*
 * The first row that fits, in the order of the file, a login that was found good.  NULL:
 * not registered.  Rows look at two facts of the certificate, two words of the
 * workstation, and where they demand it at what the maker says of the key.
 */
const struct means_row *means_find(const struct means *m, const struct verify_result *v,
    struct means_attested *ret);

/* The highest level that any of them gives. */
enum loa means_best(const struct means *m);

#endif
