/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Certificates that look like a login certificate of pass z and that nobody may accept:
 * each has one thing wrong.  They share one key.
 */
#include <stdio.h>

#include "vcard/keys.h"
#include "vcard/ossl.h"
#include "vcard/pki.h"

#define DAY	((int64_t)86400)

static const char *const wrong_policy[] = { "2.16.528.1.1007.99.999", NULL };
static const char *const wrong_purpose[] = { "2.16.528.1.1007.99.212", NULL };
static const char *const no_client_auth[] = { "1.3.6.1.5.5.7.3.4", NULL };

#define OID_CA_Z	"2.16.528.1.1007.99.217"
#define SAN_TAIL	"-1-900000001-Z-" PLAN_SUBSCRIBER "-01.015-00000000"

static void
san(struct leaf *l, const char *text)
{
	snprintf(l->san, sizeof(l->san), "%s", text);
}

static void
spoil_san_six(struct leaf *l)
{
	san(l, OID_CA_Z "-1-900000001-Z-" PLAN_SUBSCRIBER "-01.015");
}

static void
spoil_san_eight(struct leaf *l)
{
	san(l, OID_CA_Z SAN_TAIL "-0");
}

static void
spoil_san_odd(struct leaf *l)
{
	l->san_lies = true;
}

static void
spoil_san_digit(struct leaf *l)
{
	san(l, OID_CA_Z "-1-90000001-Z-" PLAN_SUBSCRIBER "-01.015-00000000");
	snprintf(l->upn, sizeof(l->upn), "90000001@" PLAN_SUBSCRIBER);
	for (size_t i = 0; i < X509_SUBJECT_PARTS; i++)
		if (l->x509.subject[i].oid != NULL &&
		    strcmp(l->x509.subject[i].oid, "2.5.4.5") == 0)
			l->x509.subject[i].text = "90000001";
}

static void
spoil_san_missing(struct leaf *l)
{
	l->san[0] = '\0';
}

static void
spoil_san_person(struct leaf *l)
{
	san(l, OID_CA_Z "-1-900000002-Z-" PLAN_SUBSCRIBER "-01.015-00000000");
}

static void
spoil_san_oid(struct leaf *l)
{
	san(l, "2.16.528.1.1007.99.218" SAN_TAIL);
}

static void
spoil_upn(struct leaf *l)
{
	snprintf(l->upn, sizeof(l->upn), "900000002@" PLAN_SUBSCRIBER);
}

static void
spoil_usage(struct leaf *l)
{
	l->x509.usage = USAGE_DIGITAL_SIGNATURE | USAGE_NON_REPUDIATION;
}

static void
spoil_eku(struct leaf *l)
{
	l->x509.eku = no_client_auth;
}

static void
spoil_expired(struct leaf *l)
{
	l->x509.not_after = l->x509.not_before + 1800;
}

static void
spoil_early(struct leaf *l)
{
	l->x509.not_before += DAY;
}

static void
spoil_policy(struct leaf *l)
{
	l->x509.policies = wrong_policy;
}

static void
spoil_policy_signature(struct leaf *l)
{
	l->x509.policies = wrong_purpose;
}

static void
spoil_issuer(struct leaf *l)
{
	l->issuer = CA_N;	/* a care provider under the CA of the staff */
}

/* pass: whose certificate is spoiled. */
static const struct {
	const char *slug;
	size_t	    pass;
	void	  (*spoil)(struct leaf *l);
} negatives[] = {
	{ "san-six", 0, spoil_san_six },
	{ "san-eight", 0, spoil_san_eight },
	{ "san-odd", 0, spoil_san_odd },
	{ "san-short-number", 0, spoil_san_digit },
	{ "san-missing", 0, spoil_san_missing },
	{ "san-other-person", 0, spoil_san_person },
	{ "san-other-type", 0, spoil_san_oid },
	{ "upn-other-person", 0, spoil_upn },
	{ "usage", 0, spoil_usage },
	{ "eku", 0, spoil_eku },
	{ "expired", 0, spoil_expired },
	{ "early", 0, spoil_early },
	{ "policy", 0, spoil_policy },
	{ "policy-signature", 0, spoil_policy_signature },
	{ "issuer", 0, spoil_issuer },
	{ "m-pass", 3, NULL },
};

static enum err
make_one(const struct hierarchy *h, int64_t now, EVP_PKEY *key, size_t i)
{
	AUTO(ossl_cert) X509 *cert = NULL;
	char cert_path[PATH_MAX], key_path[PATH_MAX];
	struct x509_signer by;
	struct leaf leaf;
	enum err r;

	leaf_plan(&pass_plans[negatives[i].pass], AUTHENTICATION, now, key, &leaf);
	if (negatives[i].spoil != NULL)
		negatives[i].spoil(&leaf);
	by = hierarchy_signer(h, leaf.issuer);
	if ((r = leaf_make(&leaf, &by, &cert)) != ERR_OK ||
	    (r = pki_path(cert_path, "%s/negative/%s.der", h->dir,
	    negatives[i].slug)) != ERR_OK ||
	    (r = pki_path(key_path, "%s/negative/%s.key", h->dir,
	    negatives[i].slug)) != ERR_OK ||
	    (r = x509_write(cert_path, cert)) != ERR_OK)
		return r;
	return key_write(key_path, key);
}

enum err
negative_make(const struct hierarchy *h, int64_t now, EVP_PKEY *key)
{
	enum err r = pki_folder("%s/negative", h->dir);

	for (size_t i = 0; i < NELEM(negatives) && r == ERR_OK; i++)
		r = make_one(h, now, key, i);
	return r;
}
