/* SPDX-License-Identifier: EUPL-1.2 */
/* Revocation, from CRLs; what cannot be said is refused (RFC 5280 sections 5 and 6.3). */
#include "cert/inner.h"

#include <openssl/rsa.h>

static void
crl_drop(X509_CRL **crl)
{
	X509_CRL_free(*crl);
	*crl = NULL;
}

static void
pss_drop(RSA_PSS_PARAMS **p)
{
	RSA_PSS_PARAMS_free(*p);
	*p = NULL;
}

/* Of RSASSA-PSS the hash stands in the parameters; absent means SHA-1 (RFC 4055). */
static int
pss_hash(const X509_ALGOR *alg)
{
	AUTO(pss_drop) RSA_PSS_PARAMS *pss = NULL;
	const ASN1_OBJECT *oid;
	const void *value;
	int type;

	X509_ALGOR_get0(NULL, &type, &value, alg);
	if (type != V_ASN1_SEQUENCE)
		return NID_undef;
	pss = ASN1_item_unpack(value, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
	if (pss == NULL)
		return NID_undef;
	if (pss->hashAlgorithm == NULL)
		return NID_sha1;
	X509_ALGOR_get0(&oid, NULL, NULL, pss->hashAlgorithm);

	return OBJ_obj2nid(oid);
}

/* X509_verify_cert() looks at the hash of certificates only. */
static bool
hash_is_strong(const X509_CRL *crl)
{
	const X509_ALGOR *alg = NULL;
	int hash = NID_undef, nid = X509_CRL_get_signature_nid(crl);

	X509_CRL_get0_signature(crl, NULL, &alg);
	if (nid == NID_rsassaPss)
		hash = pss_hash(alg);
	else if (OBJ_find_sigid_algs(nid, &hash, NULL) != 1)
		return false;

	return hash == NID_sha256 || hash == NID_sha384 || hash == NID_sha512;
}

enum err
crl_parse(struct cur der, X509_CRL **ret)
{
	AUTO(crl_drop) X509_CRL *crl = NULL;
	const uint8_t *p = der.p;

	if (der.n == 0 || der.n > INT32_MAX)
		return fail(ERR_MALFORMED, "CRL of %zu bytes", der.n);
	crl = d2i_X509_CRL(NULL, &p, (long)der.n);
	if (crl == NULL || p != der.p + der.n)
		return fail(ERR_MALFORMED, "not one CRL in DER");
	/* OpenSSL lets a CRL without an end live for ever. */
	if (X509_CRL_get0_nextUpdate(crl) == NULL)
		return fail(ERR_MALFORMED, "CRL without nextUpdate");
	if (!hash_is_strong(crl))
		return fail(ERR_UNSUPPORTED, "CRL with a weak signature");
	*ret = crl;
	crl = NULL;		/* the caller's now */

	return ERR_OK;
}

struct seen {
	bool revoked;
	int  unknown;		/* X509_V_ERR_ number: why it cannot be said; 0: it can */
};

/*
 * A CRL out of date says nothing about today, but who was revoked stays so: go on
 * then, to the check of its signature and of the serial number.
 */
static int
on_verify(int ok, X509_STORE_CTX *ctx)
{
	struct seen *seen = X509_STORE_CTX_get_app_data(ctx);
	int why = X509_STORE_CTX_get_error(ctx);

	if (ok)
		return 1;
	if (why == X509_V_ERR_CERT_REVOKED) {
		seen->revoked = true;
		return 1;
	}
	if (seen->unknown == 0)
		seen->unknown = why;
	return why == X509_V_ERR_CRL_HAS_EXPIRED || why == X509_V_ERR_CRL_NOT_YET_VALID;
}

/*
 * One link: cert with its issuer as the only anchor, so that OpenSSL asks for a CRL of
 * exactly this issuer and judges its signature, scope, critical extensions and time.
 */
static enum err
check_link(X509_STORE_CTX *ctx, X509 *cert, STACK_OF(X509) *issuer,
    STACK_OF(X509_CRL) *crls, int64_t now, struct seen *ret)
{
	X509_VERIFY_PARAM *param;
	enum err r = ERR_OK;

	if (X509_STORE_CTX_init(ctx, NULL, cert, NULL) != 1)
		return fail(ERR_CRYPTO, "revocation");
	param = X509_STORE_CTX_get0_param(ctx);
	X509_STORE_CTX_set0_trusted_stack(ctx, issuer);
	X509_STORE_CTX_set0_crls(ctx, crls);
	X509_STORE_CTX_set_app_data(ctx, ret);
	X509_STORE_CTX_set_verify_cb(ctx, on_verify);
	X509_VERIFY_PARAM_set_time(param, now);
	if (X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CRL_CHECK |
	    X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST) != 1)
		r = fail(ERR_CRYPTO, "revocation");
	else if (X509_verify_cert(ctx) != 1 && ret->unknown == 0)
		ret->unknown = X509_V_ERR_UNSPECIFIED;
	X509_STORE_CTX_cleanup(ctx);

	return r;
}

static void
context_drop(X509_STORE_CTX **ctx)
{
	X509_STORE_CTX_free(*ctx);
	*ctx = NULL;
}

static void
crl_list_drop(STACK_OF(X509_CRL) **s)
{
	sk_X509_CRL_free(*s);	/* the CRLs are the store's */
	*s = NULL;
}

static void
issuer_drop(STACK_OF(X509) **s)
{
	sk_X509_free(*s);	/* the certificate is the chain's */
	*s = NULL;
}

static STACK_OF(X509_CRL) *
all_crls(const struct cert_store *s)
{
	STACK_OF(X509_CRL) *all = sk_X509_CRL_dup(s->crls);

	for (int i = 0; all != NULL && i < sk_X509_CRL_num(s->crl_files); i++)
		if (sk_X509_CRL_push(all, sk_X509_CRL_value(s->crl_files, i)) <= 0)
			crl_list_drop(&all);
	return all;
}

enum err
revoked_check(const struct cert_store *s, STACK_OF(X509) *chain, int64_t now)
{
	AUTO(context_drop) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	AUTO(crl_list_drop) STACK_OF(X509_CRL) *crls = all_crls(s);
	struct seen seen = { 0 };
	enum err r;

	if (ctx == NULL || crls == NULL)
		return fail(ERR_NOMEM, "revocation");
	for (int i = 0; i + 1 < sk_X509_num(chain); i++) {
		AUTO(issuer_drop) STACK_OF(X509) *issuer = sk_X509_new_null();

		if (issuer == NULL ||
		    sk_X509_push(issuer, sk_X509_value(chain, i + 1)) <= 0)
			return fail(ERR_NOMEM, "revocation");
		r = check_link(ctx, sk_X509_value(chain, i), issuer, crls, now, &seen);
		if (r != ERR_OK)
			return r;
		if (seen.revoked)
			return fail(ERR_CERT_REVOKED, "revoked, at depth %d", i);
	}
	if (seen.unknown != 0)
		return fail(ERR_REVOCATION, "revocation: %s",
		    X509_verify_cert_error_string(seen.unknown));

	return ERR_OK;
}
