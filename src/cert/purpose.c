/* SPDX-License-Identifier: EUPL-1.2 */
/* What a certificate is for, and which policies say so. */
#include "cert/inner.h"

/*
 * CPS UZI-register 10.3 table 4; the arc 2.16.528.1.1007.99 is that of the test
 * environment, where M (.214, .215) is ours: the register's own is not public.
 */
static const struct {
	const char *oid;
	enum cert_purpose purpose;
} known[] = {
	{ "2.16.528.1.1003.1.2.5.1", CERT_AUTHENTICATION },
	{ "2.16.528.1.1003.1.2.5.2", CERT_SIGNATURE },
	{ "2.16.528.1.1003.1.2.5.3", CERT_CONFIDENTIALITY },
	{ "2.16.528.1.1003.1.2.5.4", CERT_AUTHENTICATION },
	{ "2.16.528.1.1003.1.2.5.5", CERT_CONFIDENTIALITY },
	{ "2.16.528.1.1007.99.211", CERT_AUTHENTICATION },
	{ "2.16.528.1.1007.99.212", CERT_SIGNATURE },
	{ "2.16.528.1.1007.99.213", CERT_CONFIDENTIALITY },
	{ "2.16.528.1.1007.99.214", CERT_AUTHENTICATION },
	{ "2.16.528.1.1007.99.215", CERT_CONFIDENTIALITY },
};

static const char *const production[] = {
	"2.16.528.1.1003.1.2.5.1", "2.16.528.1.1003.1.2.5.4",
};
static const char *const test[] = {
	"2.16.528.1.1007.99.211", "2.16.528.1.1007.99.214",
};

const char *const *
cert_env_policies(enum cert_env env, size_t *ret_n)
{
	*ret_n = env == CERT_ENV_PRODUCTION ? NELEM(production) : NELEM(test);
	return env == CERT_ENV_PRODUCTION ? production : test;
}

bool
oid_is_test(const char *oid)
{
	static const char arc[] = "2.16.528.1.1007.99";
	size_t n = sizeof(arc) - 1;

	return strncmp(oid, arc, n) == 0 && (oid[n] == '\0' || oid[n] == '.');
}

bool
cert_has_policy(const struct cert *c, const char *oid)
{
	for (size_t i = 0; i < c->n_policies; i++)
		if (strcmp(c->policies[i], oid) == 0)
			return true;
	return false;
}

/* No policy of the UZI register says anything else. */
static bool
policy_agrees(const struct cert *c, enum cert_purpose p)
{
	for (size_t i = 0; i < NELEM(known); i++)
		if (known[i].purpose != p && cert_has_policy(c, known[i].oid))
			return false;
	return true;
}

static bool
for_clients(X509 *x)
{
	uint32_t eku = X509_get_extended_key_usage(x);	/* UINT32_MAX: no extension */

	return eku != UINT32_MAX && (eku & XKU_SSL_CLIENT) != 0 &&
	    (eku & (XKU_SSL_SERVER | XKU_ANYEKU)) == 0;
}

/*
 * By key usage, which the profiles make unambiguous (CPS table 8): authentication is
 * digitalSignature and nothing else; whatever has nonRepudiation signs documents.
 */
static enum cert_purpose
by_usage(X509 *x)
{
	const uint32_t encipher = KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT |
	    KU_KEY_AGREEMENT;
	uint32_t ku = X509_get_key_usage(x);		/* UINT32_MAX: no extension */

	if (ku == UINT32_MAX || (X509_get_extension_flags(x) & EXFLAG_CA) != 0 ||
	    (ku & (KU_KEY_CERT_SIGN | KU_CRL_SIGN)) != 0)
		return CERT_OTHER;
	if ((ku & KU_NON_REPUDIATION) != 0)
		return CERT_SIGNATURE;
	if (ku == KU_DIGITAL_SIGNATURE && for_clients(x))
		return CERT_AUTHENTICATION;
	if ((ku & encipher) != 0 && (ku & KU_DIGITAL_SIGNATURE) == 0)
		return CERT_CONFIDENTIALITY;
	return CERT_OTHER;
}

enum cert_purpose
cert_purpose(const struct cert *c)
{
	enum cert_purpose p = by_usage(c->x);

	return policy_agrees(c, p) ? p : CERT_OTHER;
}
