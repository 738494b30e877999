/* SPDX-License-Identifier: EUPL-1.2 */
/* The list D of dezi.md: may this certificate log in, and who is that? */
#include "cert/inner.h"

#include "base/b64.h"

#define EXTRA_MAX	8

void
cert_verdict_free(struct cert_verdict *v)
{
	for (size_t i = 0; i < v->chain_n; i++)
		cert_free(&v->chain[i]);
	*v = (struct cert_verdict){ 0 };
}

/* Rules with the defaults of the environment filled in. */
static struct cert_rules
complete(const struct cert_store *s, const struct cert_rules *rules)
{
	struct cert_rules r = *rules;

	if (r.policies == NULL)
		r.policies = cert_env_policies(s->env, &r.n_policies);
	return r;
}

static enum err
push_parsed(STACK_OF(X509) *to, struct cur der)
{
	AUTO(cert_free) struct cert *c = NULL;
	enum err r;

	if ((r = cert_parse(der, &c)) != ERR_OK)
		return note(r, "certificate that came along");
	if (X509_up_ref(c->x) != 1 || sk_X509_push(to, c->x) <= 0)
		return fail(ERR_NOMEM, "certificates that came along");

	return ERR_OK;
}

/* What may stand between leaf and anchor: the configured ones first. */
static enum err
untrusted(const struct cert_store *s, const struct cur *extra, size_t n,
    STACK_OF(X509) *ret)
{
	enum err r;

	if (n > EXTRA_MAX)
		return fail(ERR_LIMIT, "%zu certificates came along", n);
	for (int i = 0; i < sk_X509_num(s->intermediates); i++) {
		X509 *x = sk_X509_value(s->intermediates, i);

		if (X509_up_ref(x) != 1 || sk_X509_push(ret, x) <= 0)
			return fail(ERR_NOMEM, "intermediates");
	}
	for (size_t i = 0; i < n; i++)
		if ((r = push_parsed(ret, extra[i])) != ERR_OK)
			return r;

	return ERR_OK;
}

/* For the audit record: as much as can be said, also of one that is then refused. */
static enum err
describe(const struct cert_store *s, const struct cert *leaf, struct cert_verdict *ret)
{
	AUTO(buf_free) struct buf hex = BUF(sizeof(ret->serial) - 1);
	const ASN1_INTEGER *serial = X509_get0_serialNumber(leaf->x);
	enum err r;

	if (name_text(X509_get_issuer_name(leaf->x), NID_commonName, ret->issuer_cn,
	    sizeof(ret->issuer_cn)) != ERR_OK)
		ret->issuer_cn[0] = '\0';
	if (cert_uzi(leaf, s->env, &ret->who) != ERR_OK)
		ret->who = (struct uzi_identity){ 0 };
	hex_put(&hex, cur_of(ASN1_STRING_get0_data(serial),
	    (size_t)ASN1_STRING_length(serial)));
	if ((r = buf_end(&hex)) != ERR_OK)
		return fail(r, "serial number");
	if (!cur_to_str(buf_view(&hex), ret->serial, sizeof(ret->serial)))
		return fail(ERR_LIMIT, "serial number");

	return ERR_OK;
}

static enum err
keep_chain(STACK_OF(X509) *certs, struct cert_verdict *ret)
{
	enum err r;

	for (int i = 0; i < sk_X509_num(certs); i++) {
		if ((r = cert_of_x509(sk_X509_value(certs, i), &ret->chain[i])) != ERR_OK)
			return note(r, "path");
		ret->chain_n++;
	}
	return ERR_OK;
}

static enum err
check_validity(const struct chain *path)
{
	if (path->expired)
		return fail(ERR_CERT_EXPIRED, "a certificate of the path has expired");
	if (path->early)
		return fail(ERR_CERT_EARLY, "a certificate of the path is not valid yet");

	return ERR_OK;
}

/* In the leaf itself, and by RFC 5280 section 6.1 all the way down to it. */
static enum err
check_policy(const struct cert_store *s, const struct cert *leaf,
    const struct cert_rules *rules, const struct chain *path, struct cert_verdict *ret)
{
	for (size_t i = 0; i < rules->n_policies && !path->policy_missing; i++) {
		const char *oid = rules->policies[i];

		if (s->env == CERT_ENV_PRODUCTION && oid_is_test(oid))
			continue;			/* T38 */
		if (cert_has_policy(leaf, oid) && strlen(oid) < sizeof(ret->policy)) {
			memcpy(ret->policy, oid, strlen(oid) + 1);
			return ERR_OK;
		}
	}
	return fail(ERR_CERT_POLICY, "no accepted policy");
}

static enum err
check_revocation(const struct cert_store *s, STACK_OF(X509) *chain, int64_t now)
{
	enum err r;

	if (s->revocation == CERT_REVOCATION_ELSEWHERE)
		return ERR_OK;
	r = revoked_check(s, chain, now);
	if (r == ERR_REVOCATION && s->revocation == CERT_REVOCATION_SOFT)
		return ERR_OK;

	return r;
}

static enum err
check_person(const struct cert_store *s, const struct cert *leaf,
    const struct cert_rules *rules, struct cert_verdict *ret)
{
	enum err r;

	if ((r = cert_uzi(leaf, s->env, &ret->who)) != ERR_OK)
		return r;
	if (rules->pass_types == NULL ||
	    strchr(rules->pass_types, ret->who.pass_type) == NULL)
		return fail(ERR_PASS_TYPE, "pass type %c", ret->who.pass_type);

	return ERR_OK;
}

enum err
cert_check_login(const struct cert_store *s, const struct cert *leaf,
    const struct cur *extra, size_t n_extra, const struct cert_rules *rules,
    struct cert_verdict *ret)
{
	AUTO(x509_stack_drop) STACK_OF(X509) *middle = sk_X509_new_null();
	AUTO(chain_drop) struct chain path = { 0 };
	const struct cert_rules all = complete(s, rules);
	enum err r;

	if (middle == NULL)
		return fail(ERR_NOMEM, "path");
	if ((r = describe(s, leaf, ret)) != ERR_OK ||
	    (r = untrusted(s, extra, n_extra, middle)) != ERR_OK)
		return r;
	if (cert_purpose(leaf) != CERT_AUTHENTICATION)
		return fail(ERR_CERT_USAGE, "not an authentication certificate");
	if ((r = check_weakness(cert_key(leaf))) != ERR_OK ||
	    (r = chain_build(s, leaf, middle, all.policies, all.n_policies,
	    X509_PURPOSE_SSL_CLIENT, all.now, &path)) != ERR_OK ||
	    (r = keep_chain(path.certs, ret)) != ERR_OK ||
	    (r = check_validity(&path)) != ERR_OK ||
	    (r = check_policy(s, leaf, &all, &path, ret)) != ERR_OK ||
	    (r = check_person(s, leaf, &all, ret)) != ERR_OK)
		return r;

	return check_revocation(s, path.certs, all.now);
}
