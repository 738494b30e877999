/* SPDX-License-Identifier: EUPL-1.2 */
/* Which assertions the broker refuses, each with its own word. */
#include "tests/check.h"

#include <stdio.h>
#include <string.h>

#include "base/names.h"
#include "tests/unit/broker_house.h"

/* --- lists B to F --- */

typedef void lie(struct assertion *a);

static void
put(char *ret, size_t size, const char *s)
{
	snprintf(ret, size, "%s", s);
}

static void
lie_aud(struct assertion *a)
{
	put(a->aud, sizeof(a->aud), "https://broker.exampl");
}

static void
lie_client(struct assertion *a)
{
	put(a->client_id, sizeof(a->client_id), "web");
}

static void
lie_name(struct assertion *a)
{
	put(a->rp_name, sizeof(a->rp_name), "Ziekenhuis West");
}

static void
lie_origin(struct assertion *a)
{
	put(a->origin, sizeof(a->origin), HOUSE_ORIGIN);
}

static void
lie_nonce(struct assertion *a)
{
	a->nonce[31] ^= 1;
}

static void
english_name(struct assertion *a)
{
	put(a->rp_name, sizeof(a->rp_name), "Hospital East, records");
}

struct lie_case {
	lie	*tell;
	enum err want;
};

static void
says(void **state)
{
	const struct lie_case *c = *state;
	struct house_test *t = house_test_open(NULL, NULL);

	house_begin(t);
	c->tell(&t->l.says);
	house_sign(&t->l, &house_pki.z, &house_pki.pki.z);
	assert_err(house_hand_in(t), c->want);
	house_test_close(t);
}

#define SAYS(tell, want)						\
	{ "says: " #tell, says, NULL, NULL, &(struct lie_case){ tell, want } }

typedef void change_fn(struct recipe *r);

static void
same(struct recipe *r)
{
	(void)r;
}

static void
signature_pass(struct recipe *r)
{
	r->usage = "critical,nonRepudiation";
	r->policies = "2.16.528.1.1007.99.212";
}

static void
confidentiality_pass(struct recipe *r)
{
	r->usage = "critical,keyEncipherment";
	r->policies = "2.16.528.1.1007.99.213";
}

static void
expired_pass(struct recipe *r)
{
	r->from = MADE_NOW - 100 * MADE_DAY;
	r->until = MADE_NOW - MADE_DAY;
}

static void
early_pass(struct recipe *r)
{
	r->from = MADE_NOW + MADE_DAY;
}

static void
revoked_pass(struct recipe *r)
{
	r->serial = 666;
}

static void
other_policy(struct recipe *r)
{
	r->policies = "1.2.3.4";
}

#define SAN(text)							\
	"otherName:1.3.6.1.4.1.311.20.2.3;UTF8:900000001@90000123,"	\
	"otherName:2.5.5.5;IA5:" text

static void
six_fields(struct recipe *r)
{
	r->san = SAN("2.16.528.1.1007.99.217-1-900000001-Z-90000123-01.015");
}

static void
eight_fields(struct recipe *r)
{
	r->san = SAN("2.16.528.1.1007.99.217-1-900000001-Z-90000123-01.015-00000000-1");
}

/* otherName 2.5.5.5 whose inner length says more than there is. */
static void
odd_length(struct recipe *r)
{
	r->san = NULL;
	r->san_hex = "300EA00C0603550505A005167F616263";
}

struct pass_case {
	change_fn *change;
	char	   type;
	enum err   want;
};

static void
pass(void **state)
{
	const struct pass_case *c = *state;
	AUTO(made_drop) struct made m = { 0 };
	const struct made *ca = c->type == 'Z' ? &house_pki.pki.z : &house_pki.pki.m;
	struct house_test *t = house_test_open(NULL, NULL);
	char line[4096], word[64];

	house_pass(&house_pki, c->type, c->change, &m);
	house_begin(t);
	house_sign(&t->l, &m, ca);
	assert_err(house_hand_in(t), c->want);
	assert_string_equal(t->l.accepted.finish.text, "");
	snprintf(word, sizeof(word), "\"result\":\"%s\"", err_word(c->want));
	house_audit(&t->h, "\"event\":\"assertion\"", line, sizeof(line));
	assert_non_null(strstr(line, word));
	assert_null(strstr(line, "\"uzi_number\""));	/* at most claimed */
	house_test_close(t);
}

#define PASS(change, type, want)					\
	{ "pass: " #change, pass, NULL, NULL, &(struct pass_case){ change, type, want } }

/* Looks the same, but its root is not ours. */
static void
foreign_pass(void **state)
{
	struct house_test *t = *state;
	AUTO(made_drop) struct made m = { 0 };
	struct recipe r = pass_recipe('Z');

	r.key = house_pki.z.key;
	make_cert(&r, &house_pki.foreign.z, &m);
	house_begin(t);
	house_sign(&t->l, &m, &house_pki.foreign.z);
	assert_err(house_hand_in(t), ERR_CERT_UNTRUSTED);
}

/* Certificate of A, signature by B. */
static void
certificate_and_key_differ(void **state)
{
	struct house_test *t = *state;
	struct made mixed = house_pki.z;

	mixed.key = house_pki.z2.key;
	house_begin(t);
	house_sign(&t->l, &mixed, &house_pki.pki.z);
	assert_err(house_hand_in(t), ERR_SIGNATURE);
}

static void
altered_payload(void **state)
{
	struct house_test *t = *state;
	AUTO(buf_free) struct buf payload = BUF(JWS_MAX), forged = BUF(JWS_MAX);
	struct cur rest, header, old;

	house_begin(t);
	house_sign(&t->l, &house_pki.z, &house_pki.pki.z);
	rest = buf_view(&t->l.assertion);
	assert_true(cur_until(&rest, '.', &header));
	assert_true(cur_until(&rest, '.', &old));
	t->l.says.evidence.one_transaction = false;
	assert_ok(assertion_payload(&t->l.says, &payload));
	buf_cur(&forged, header);
	buf_u8(&forged, '.');
	b64url_put(&forged, buf_view(&payload));
	buf_u8(&forged, '.');
	buf_cur(&forged, rest);
	buf_clear(&t->l.assertion);
	buf_cur(&t->l.assertion, buf_view(&forged));
	assert_err(house_hand_in(t), ERR_SIGNATURE);
}

struct alg_case {
	const char *name;
	enum err want;
};

/* The header names another algorithm than the signature is of. */
static void
alg(void **state)
{
	const struct alg_case *c = *state;
	AUTO(buf_free) struct buf header = BUF(JWS_MAX), payload = BUF(JWS_MAX);
	AUTO(buf_free) struct buf x5c = BUF(JWS_MAX);
	struct house_test *t = house_test_open(NULL, NULL);

	house_begin(t);
	b64_put(&x5c, buf_view(&house_pki.z.der));
	buf_fmt(&header, "{\"alg\":\"%s\",\"typ\":\"%s\",\"x5c\":[\"%s\"]}", c->name,
	    NAME_TYP_ASSERTION, buf_cstr(&x5c));
	assert_ok(assertion_payload(&t->l.says, &payload));
	house_jws(buf_view(&header), buf_view(&payload), JWS_RS256, house_pki.z.key,
	    &t->l.assertion);
	assert_err(house_hand_in(t), c->want);
	house_test_close(t);
}

#define ALG(name, want)							\
	{ "alg: " name, alg, NULL, NULL, &(struct alg_case){ name, want } }

/* T38: production knows its own passes only. */
static void
test_pass_in_production(void **state)
{
	struct house_test *t = house_test_open("production", NULL);

	(void)state;
	house_begin(t);
	house_sign(&t->l, &house_pki.z, &house_pki.pki.z);
	assert_err(house_hand_in(t), ERR_CERT_UNTRUSTED);
	house_test_close(t);
}

/* The other way round: a pass of production at a broker of acceptance. */
static void
production_pass_in_acceptance(void **state)
{
	struct house_test *t = *state;
	AUTO(made_drop) struct made m = { 0 };
	struct recipe r = pass_recipe('Z');

	r.key = house_pki.z.key;
	r.policies = "2.16.528.1.1003.1.2.5.1";
	make_cert(&r, &house_pki.production.z, &m);
	house_begin(t);
	house_sign(&t->l, &m, &house_pki.production.z);
	assert_err(house_hand_in(t), ERR_CERT_UNTRUSTED);
}

/* Without a CRL nobody comes in: closed, with its own word. */
static void
no_revocation_list(void **state)
{
	struct house_test *t = *state;
	struct cert_store *s;

	assert_ok(cert_store_new(CERT_ENV_ACCEPTANCE, CERT_REVOCATION_HARD, &s));
	assert_ok(cert_store_add_anchor(s, buf_view(&house_pki.pki.root.der)));
	assert_ok(cert_store_add_intermediate(s, buf_view(&house_pki.pki.level2.der)));
	assert_ok(cert_store_add_intermediate(s, buf_view(&house_pki.pki.z.der)));
	t->h.flow.trust = s;
	house_begin(t);
	house_sign(&t->l, &house_pki.z, &house_pki.pki.z);
	assert_err(house_hand_in(t), ERR_REVOCATION);
	cert_store_free(&s);
}

/* List E: the level comes from the registry; evidence can only fail to fit. */
static void
means_give_less(void **state)
{
	struct house_test *t = *state;

	house_begin(t);
	t->l.says.evidence.one_transaction = false;
	house_sign(&t->l, &house_pki.z, &house_pki.pki.z);
	assert_err(house_hand_in(t), ERR_ACR);
}

static void
means_not_registered(void **state)
{
	struct house_test *t = *state;

	house_begin(t);
	put(t->l.says.evidence.driver, sizeof(t->l.says.evidence.driver), "piv");
	house_sign(&t->l, &house_pki.n, &house_pki.pki.n);
	assert_err(house_hand_in(t), ERR_MEANS);
}

/* List F. */
static void
person_blocked(void **state)
{
	struct house_test *t = *state;
	char line[4096];

	house_begin(t);
	house_sign(&t->l, &house_pki.z2, &house_pki.pki.z);
	assert_err(house_hand_in(t), ERR_PERSON);
	house_audit(&t->h, "\"event\":\"assertion\"", line, sizeof(line));
	assert_non_null(strstr(line, "blocked in the register"));
	assert_non_null(strstr(line, "\"uzi_number\":\"900000002\""));
}

static void
person_unknown(void **state)
{
	struct house_test *t = *state;
	AUTO(people_free) struct people *nobody = NULL;

	assert_ok(people_read(cur_str("# empty\n"), &nobody));
	t->h.flow.people = nobody;
	house_begin(t);
	house_sign(&t->l, &house_pki.z, &house_pki.pki.z);
	assert_err(house_hand_in(t), ERR_PERSON);
}

/* M passes only where the operator says so, and then by their own means. */
static void
nameless_pass_when_allowed(void **state)
{
	struct house_test *t = house_test_open(NULL, "pass_types = ZNM\n");

	(void)state;
	house_begin(t);
	house_sign(&t->l, &house_pki.m, &house_pki.pki.m);
	assert_err(house_hand_in(t), ERR_MEANS);	/* through list D */
	house_test_close(t);
}

#define ONE(name)	HOUSE_TEST(name, NULL)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SAYS(lie_aud, ERR_AUDIENCE),
		SAYS(lie_client, ERR_MISMATCH),
		SAYS(lie_name, ERR_MISMATCH),
		SAYS(lie_origin, ERR_MISMATCH),
		SAYS(lie_nonce, ERR_MISMATCH),
		SAYS(english_name, ERR_OK),
		PASS(signature_pass, 'Z', ERR_CERT_USAGE),
		PASS(confidentiality_pass, 'Z', ERR_CERT_USAGE),
		PASS(expired_pass, 'Z', ERR_CERT_EXPIRED),
		PASS(early_pass, 'Z', ERR_CERT_EARLY),
		PASS(revoked_pass, 'Z', ERR_CERT_REVOKED),
		PASS(other_policy, 'Z', ERR_CERT_POLICY),
		PASS(six_fields, 'Z', ERR_CERT_PROFILE),
		PASS(eight_fields, 'Z', ERR_CERT_PROFILE),
		PASS(odd_length, 'Z', ERR_CERT_PROFILE),
		PASS(same, 'M', ERR_PASS_TYPE),
		ONE(foreign_pass),
		ONE(certificate_and_key_differ),
		ONE(altered_payload),
		ALG("none", ERR_ALG),
		ALG("HS256", ERR_ALG),
		ALG("RS512", ERR_ALG),
		ALG("ES256", ERR_ALG),
		ALG("PS256", ERR_SIGNATURE),
		cmocka_unit_test(test_pass_in_production),
		ONE(production_pass_in_acceptance),
		ONE(no_revocation_list),
		ONE(means_give_less),
		ONE(means_not_registered),
		ONE(person_blocked),
		ONE(person_unknown),
		cmocka_unit_test(nameless_pass_when_allowed),
	};

	return cmocka_run_group_tests(tests, house_group_set_up,
	    house_group_tear_down);
}
