/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the test PKI consists of: the CAs of the G3 hierarchy and of a G4-shaped one,
 * and the passes.  Data only (reference: CPS UZI-register 10.3; the acceptance PKI).
 */
#ifndef DEZI_VCARD_PLAN_H
#define DEZI_VCARD_PLAN_H

#include "vcard/cardfile.h"
#include "vcard/x509.h"

enum ca_id {
	CA_ROOT, CA_PERSONS, CA_Z, CA_N, CA_SERVICES, CA_M,	/* G3 */
	CA_G4_ROOT, CA_G4,
	CA_COUNT
};
#define CA_G3_COUNT	CA_G4_ROOT

struct ca_plan {
	const char *slug;		/* of its files and addresses */
	const char *cn;
	enum ca_id  issuer;		/* itself: a root */
	int	    path_len;
	const char *const *policies;
	bool	    issues_passes;
	bool	    g4;			/* RSASSA-PSS SHA-512, else PKCS#1 v1.5 SHA-256 */
};
extern const struct ca_plan ca_plans[CA_COUNT];


struct pass_plan {
	const char *slug;
	enum ca_id  issuer;
	char	    type;		/* 'Z', 'N', 'M' */
	const char *uzi_number;
	const char *role;
	const char *subscriber;
	const char *subscriber_name;
	const char *title;		/* NULL: none */
	const char *given, *surname;	/* NULL: a pass without a name */
	const char *cn;
	bool	    has[PURPOSES];
	bool	    locked, revoked, expired;
};
#define PASSES		8
#define PASSES_MAX	64		/* of a pass file */
extern const struct pass_plan pass_plans[PASSES];
#define PLAN_SUBSCRIBER	"90000123"

/* A token: a PIV or ISO 7816-15 card with the certificates of a pass. */
#define TOKEN_KEYS	6

struct token_key {
	const char *slug;		/* of its files and its section; NULL: the end */
	const char *curve;		/* NULL: RSA */
	enum token_use { FOR_PURPOSE, FOR_CARD, FOR_ATTESTATION } use;
	enum purpose purpose;
	const char *lines;		/* of its section, besides key and certificate */
};

struct token_plan {
	struct pass_plan pass;		/* whose it is, and the name of the card */
	const char *card;		/* lines of its card file */
	const char *applet;
	bool	    cas;		/* has the certificates of its CAs */
	struct token_key keys[TOKEN_KEYS];
};
#define TOKENS		4
extern const struct token_plan token_plans[TOKENS];

/* One certificate of a pass; negative.c spoils it before it is signed. */
struct leaf {
	struct x509_plan x509;
	char san[128];		/* the UZI otherName; "" leaves it out */
	char upn[64];		/* "" leaves it out */
	bool san_lies;		/* its length byte promises one byte more than there is */
	char crl_url[128], issuer_url[128];
	enum ca_id issuer;
};

/* Validity of a pass issued at now: three years. */
void leaf_plan(const struct pass_plan *pass, enum purpose purpose, int64_t now,
    EVP_PKEY *key, struct leaf *ret);
MUST_CHECK enum err leaf_make(struct leaf *leaf, const struct x509_signer *by,
    X509 **ret);
/* The CA's own certificate; ret_urls holds its addresses. */
void ca_plan_cert(enum ca_id id, int64_t now, EVP_PKEY *key, char ret_urls[2][128],
    struct x509_plan *ret);

#endif
