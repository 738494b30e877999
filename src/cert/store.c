/* SPDX-License-Identifier: EUPL-1.2 */
/* Anchors, intermediates and CRLs of one environment, and what may not be among them. */
#include "cert/inner.h"

#include <stdlib.h>
#include <strings.h>

void
cert_store_free(struct cert_store **s)
{
	if (*s == NULL)
		return;
	x509_stack_drop(&(*s)->anchors);
	x509_stack_drop(&(*s)->intermediates);
	crl_stack_drop(&(*s)->crls);
	load_drop(*s);
	free((*s)->crl_dir);
	free(*s);
	*s = NULL;
}

enum err
cert_store_new(enum cert_env env, enum cert_revocation revocation,
    struct cert_store **ret)
{
	AUTO(cert_store_free) struct cert_store *s = NULL;

	if (revocation == CERT_REVOCATION_SOFT && env != CERT_ENV_TEST)
		return fail(ERR_CONFIG, "soft revocation is for environment test only");
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return fail(ERR_NOMEM, "certificate store");
	s->env = env;
	s->revocation = revocation;
	s->anchors = sk_X509_new_null();
	s->intermediates = sk_X509_new_null();
	s->crls = sk_X509_CRL_new_null();
	s->crl_files = sk_X509_CRL_new_null();
	if (s->anchors == NULL || s->intermediates == NULL || s->crls == NULL ||
	    s->crl_files == NULL)
		return fail(ERR_NOMEM, "certificate store");
	*ret = s;
	s = NULL;		/* the caller's now */

	return ERR_OK;
}

enum cert_env
cert_store_env(const struct cert_store *s)
{
	return s->env;
}

const char *
cert_store_trouble(const struct cert_store *s)
{
	return s->trouble;
}

/*
 * Does a CA say of itself that it is for tests?  Those of the UZI register and those
 * of dezi-vcard begin their name with TEST; the register's also have its test arc.
 */
static bool
ca_is_test(const struct cert *c)
{
	const X509_NAME *subject = X509_get_subject_name(c->x);
	char cn[256];

	if (name_text(subject, NID_commonName, cn, sizeof(cn)) == ERR_OK &&
	    strncasecmp(cn, "test", 4) == 0)
		return true;
	for (size_t i = 0; i < c->n_policies; i++)
		if (oid_is_test(c->policies[i]))
			return true;
	return false;
}

/* ERR_CONFIG throughout: somebody put a wrong file into the trust folder. */
static enum err
add_ca(const struct cert_store *s, STACK_OF(X509) *to, struct cur der)
{
	AUTO(cert_free) struct cert *c = NULL;
	enum err r;

	if ((r = cert_parse(der, &c)) == ERR_NOMEM)
		return r;
	if (r != ERR_OK)
		return note(ERR_CONFIG, "trust");
	if (X509_check_ca(c->x) != 1)
		return fail(ERR_CONFIG, "trust: not a CA certificate");
	if (s->env == CERT_ENV_PRODUCTION && ca_is_test(c))	/* T38 */
		return fail(ERR_CONFIG, "trust: a test CA in environment production");
	if (X509_up_ref(c->x) != 1)
		return fail(ERR_CRYPTO, "trust");
	if (sk_X509_push(to, c->x) <= 0) {
		X509_free(c->x);
		return fail(ERR_NOMEM, "trust");
	}
	return ERR_OK;
}

enum err
cert_store_add_anchor(struct cert_store *s, struct cur der)
{
	return add_ca(s, s->anchors, der);
}

enum err
cert_store_add_intermediate(struct cert_store *s, struct cur der)
{
	return add_ca(s, s->intermediates, der);
}

enum err
cert_store_add_crl(struct cert_store *s, struct cur der)
{
	X509_CRL *crl = NULL;
	enum err r = crl_parse(der, &crl);

	if (r != ERR_OK)
		return r;
	if (sk_X509_CRL_push(s->crls, crl) <= 0) {
		X509_CRL_free(crl);
		return fail(ERR_NOMEM, "CRL");
	}
	return ERR_OK;
}
