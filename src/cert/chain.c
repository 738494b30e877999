/* SPDX-License-Identifier: EUPL-1.2 */
/* The path from a certificate to an anchor, at a given time (RFC 5280 section 6). */
#include "cert/inner.h"

void
chain_drop(struct chain *c)
{
	x509_stack_drop(&c->certs);
	*c = (struct chain){ 0 };
}

static void
context_drop(X509_STORE_CTX **ctx)
{
	X509_STORE_CTX_free(*ctx);
	*ctx = NULL;
}

/*
 * OpenSSL stops at the first error, in its own order.  Ours is the list of dezi.md:
 * what is wrong with time and policy is remembered, and asked for when the path holds.
 */
static int
on_verify(int ok, X509_STORE_CTX *ctx)
{
	struct chain *seen = X509_STORE_CTX_get_app_data(ctx);

	if (ok)
		return 1;
	switch (X509_STORE_CTX_get_error(ctx)) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		seen->expired = true;
		return 1;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		seen->early = true;
		return 1;
	case X509_V_ERR_NO_EXPLICIT_POLICY:
	case X509_V_ERR_INVALID_POLICY_EXTENSION:
		seen->policy_missing = true;
		return 1;
	default:
		return 0;
	}
}

static bool
add_policies(X509_VERIFY_PARAM *param, const char *const *policies, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ASN1_OBJECT *oid = OBJ_txt2obj(policies[i], 1);

		if (oid == NULL)
			return false;
		if (X509_VERIFY_PARAM_add0_policy(param, oid) != 1) {
			ASN1_OBJECT_free(oid);
			return false;
		}
	}
	return true;
}

/*
 * Only certificates of the trust folder are anchors, self-signed or not
 * (PARTIAL_CHAIN); what came with a token can at most fill the middle.
 */
static bool
prepare(X509_STORE_CTX *ctx, const struct cert_store *s, const char *const *policies,
    size_t n_policies, int purpose, int64_t now)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
	unsigned long flags = X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN |
	    X509_V_FLAG_TRUSTED_FIRST;

	if (n_policies > 0)
		flags |= X509_V_FLAG_POLICY_CHECK | X509_V_FLAG_EXPLICIT_POLICY;
	X509_STORE_CTX_set0_trusted_stack(ctx, s->anchors);
	X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
	X509_VERIFY_PARAM_set_depth(param, CERT_CHAIN - 2);
	X509_VERIFY_PARAM_set_time(param, now);

	return X509_VERIFY_PARAM_set_flags(param, flags) == 1 &&
	    X509_VERIFY_PARAM_set_purpose(param, purpose) == 1 &&
	    add_policies(param, policies, n_policies);
}

enum err
chain_build(const struct cert_store *s, const struct cert *leaf,
    STACK_OF(X509) *untrusted, const char *const *policies, size_t n_policies,
    int purpose, int64_t now, struct chain *ret)
{
	AUTO(context_drop) X509_STORE_CTX *ctx = X509_STORE_CTX_new();

	if (ctx == NULL || X509_STORE_CTX_init(ctx, NULL, leaf->x, untrusted) != 1 ||
	    !prepare(ctx, s, policies, n_policies, purpose, now))
		return fail(ERR_CRYPTO, "path");
	X509_STORE_CTX_set_app_data(ctx, ret);
	X509_STORE_CTX_set_verify_cb(ctx, on_verify);
	if (X509_verify_cert(ctx) != 1)
		return fail(ERR_CERT_UNTRUSTED, "path, at depth %d: %s",
		    X509_STORE_CTX_get_error_depth(ctx),
		    X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	ret->certs = X509_STORE_CTX_get1_chain(ctx);
	if (ret->certs == NULL)
		return fail(ERR_NOMEM, "path");
	if (sk_X509_num(ret->certs) < 2 || sk_X509_num(ret->certs) > CERT_CHAIN)
		return fail(ERR_CERT_UNTRUSTED, "path of %d certificates",
		    sk_X509_num(ret->certs));

	return ERR_OK;
}
