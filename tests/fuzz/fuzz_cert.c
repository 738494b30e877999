/* SPDX-License-Identifier: EUPL-1.2 */
/* A certificate of a stranger: read it, ask everything of it, try to log in with it. */
#include "tests/fuzz/fuzz.h"

#include "cert/cert.h"

#define NOW	1790000000

static void
identity(const struct cert *c, enum cert_env env)
{
	struct uzi_identity who;

	if (cert_uzi(c, env, &who) != ERR_OK)
		return;
	must(strchr("ZNMS", who.pass_type) != NULL);
	must(strlen(who.role) == 6 && strlen(who.uzi_number) <= 9);
	must(strlen(who.subscriber) <= 8 && strlen(who.agb) <= 8);
	must(env == CERT_ENV_TEST || strlen(who.uzi_number) == 9);
	(void)cert_role_name(who.role);
}

/* With itself as the only anchor, when it is a CA; a stranger never gets in. */
static void
login(const struct cert *c, enum cert_env env)
{
	AUTO(cert_store_free) struct cert_store *s = NULL;
	AUTO(cert_verdict_free) struct cert_verdict v = { 0 };
	const struct cert_rules rules = { .now = NOW, .pass_types = "ZNM" };
	const struct cur extra = cert_der(c);

	if (cert_store_new(env, CERT_REVOCATION_HARD, &s) != ERR_OK)
		return;
	if (cert_store_add_anchor(s, cert_der(c)) != ERR_OK)
		(void)cert_purpose(c);
	must(cert_check_login(s, c, &extra, 1, &rules, &v) != ERR_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(cert_free) struct cert *c = NULL;

	if (cert_parse(cur_of(data, size), &c) != ERR_OK)
		return 0;
	must(cur_eq(cert_der(c), cur_of(data, size)));
	must(cert_key(c) != NULL && cert_key_bits(c) <= 8192);
	(void)cert_not_before(c);
	(void)cert_not_after(c);
	for (enum cert_env env = CERT_ENV_PRODUCTION; env <= CERT_ENV_TEST; env++) {
		identity(c, env);
		login(c, env);
	}
	return 0;
}
