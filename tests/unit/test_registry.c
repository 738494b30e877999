/* SPDX-License-Identifier: EUPL-1.2 */
/* What the registry of means demands of the makers of tokens, and what is recorded. */
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "tests/unit/broker_house.h"
#include "tests/unit/make_attest.h"

static struct maker maker, foreign;

#define SECTION(name, acr)						\
	"[means " name "]\nissuer_cn = TEST UZI-register Zorgverlener CA G3\n"	\
	"policy = 2.16.528.1.1007.99.211\ndriver = *\none_transaction = no\n"	\
	"acr = " acr "\n"
#define HIGH		SECTION("high", NAME_LOA_HIGH)
#define SUBSTANTIAL	SECTION("substantial", NAME_LOA_SUBSTANTIAL)
#define REQUIRED	HIGH "attestation = required\nattestation_vendors = /vendors\n"
#define OPTIONAL	HIGH "attestation = optional\nattestation_vendors = /vendors\n"

#define SAYS(...)	((const struct attest_ext[]){ __VA_ARGS__, ATTEST_END })
#define GOOD		SAYS(ATTEST_FIRMWARE("\x05\x07\x00"), ATTEST_SERIAL,	\
			    ATTEST_POLICY("\x02\x01"), ATTEST_FORM)
#define FIRMWARE(bytes)	SAYS(ATTEST_FIRMWARE(bytes), ATTEST_POLICY("\x02\x01"))
#define PIN(byte)	SAYS(ATTEST_FIRMWARE("\x05\x07\x00"), ATTEST_POLICY(byte "\x01"))

enum trick { HONEST, FORGED, FOREIGN, OTHER_KEY, OTHER_SLOT, CUT };

struct row {
	const char *means;
	const struct attest_ext *says;	/* NULL: nothing is attested */
	enum trick trick;
	enum err want;
	const char *recorded;		/* in the audit; NULL: no word of it */
};

static enum err
load(void *arg, const char *folder, struct cert_store **ret)
{
	const struct maker *m = arg;
	enum err r;

	assert_string_equal(folder, "/vendors");
	if ((r = cert_store_new(CERT_ENV_ACCEPTANCE, CERT_REVOCATION_ELSEWHERE, ret)) != ERR_OK)
		return r;
	return cert_store_add_anchor(*ret, buf_view(&m->root));
}

static void
keep(struct assertion_cert *c, const struct buf *der)
{
	assert_true(der->len <= sizeof(c->der));
	memcpy(c->der, der->p, der->len);
	c->n = der->len;
}

static void
attest(struct assertion_evidence *e, const struct row *t)
{
	AUTO(buf_free) struct buf s = BUF(8192);
	const struct maker *m = t->trick == FOREIGN ? &foreign : &maker;
	EVP_PKEY *about = t->trick == OTHER_KEY ? house_pki.z2.key : house_pki.z.key;

	if (t->trick == OTHER_SLOT)
		attest_make("YubiKey PIV Attestation 9c", about, ATTEST_DEVICE_CN,
		    m->device_key, NULL, t->says, &s);
	else
		maker_say(m, about, t->says, &s);
	if (t->trick == FORGED)
		s.p[s.len - 1] ^= 1;
	if (t->trick == CUT)
		s.len--;
	keep(&e->statement, &s);
	keep(&e->device, &m->device);
}

static void
one_login(void **state)
{
	const struct row *t = *state;
	AUTO(means_free) struct means *m = NULL;
	struct house_test *h = house_test_open(NULL, NULL);
	char line[16384], want[64];

	assert_ok(means_read(cur_str(t->means), &m));
	assert_ok(means_load_vendors(m, load, &maker));
	h->h.flow.means = m;
	house_begin(h);
	if (t->says != NULL)
		attest(&h->l.says.evidence, t);
	house_sign(&h->l, &house_pki.z, &house_pki.pki.z);
	assert_err(house_hand_in(h), t->want);
	house_audit(&h->h, "\"event\":\"assertion\"", line, sizeof(line));
	snprintf(want, sizeof(want), "\"attestation\":\"%s\"",
	    t->recorded == NULL ? "" : t->recorded);
	if (t->recorded == NULL)
		assert_null(strstr(line, "\"attestation\""));
	else
		assert_non_null(strstr(line, want));
	snprintf(want, sizeof(want), "\"result\":\"%s\"", err_word(t->want));
	assert_non_null(strstr(line, want));
	house_test_close(h);
}

static void
facts_are_recorded(void **state)
{
	const struct row t = { REQUIRED, GOOD, HONEST, ERR_OK, "good" };
	AUTO(means_free) struct means *m = NULL;
	struct house_test *h = house_test_open(NULL, NULL);
	char line[16384];

	(void)state;
	assert_ok(means_read(cur_str(t.means), &m));
	assert_ok(means_load_vendors(m, load, &maker));
	h->h.flow.means = m;
	house_begin(h);
	attest(&h->l.says.evidence, &t);
	house_sign(&h->l, &house_pki.z, &house_pki.pki.z);
	assert_ok(house_hand_in(h));
	house_audit(&h->h, "\"event\":\"assertion\"", line, sizeof(line));
	assert_non_null(strstr(line, "\"token_firmware\":\"5.7.0\",\"token_serial\":\"12345678\","
	    "\"token_form_factor\":\"C-keychain\",\"token_pin_policy\":\"once\","
	    "\"token_touch_policy\":\"never\""));
	house_test_close(h);
}

/* Folders that were not read are no makers. */
static void
without_makers_nothing_fits(void **state)
{
	static const char *const all[] = { REQUIRED, OPTIONAL };
	const struct row t = { NULL, GOOD, HONEST, ERR_OK, NULL };

	(void)state;
	for (size_t i = 0; i < NELEM(all); i++) {
		AUTO(means_free) struct means *m = NULL;
		struct house_test *h = house_test_open(NULL, NULL);

		assert_ok(means_read(cur_str(all[i]), &m));
		h->h.flow.means = m;
		house_begin(h);
		attest(&h->l.says.evidence, &t);
		house_sign(&h->l, &house_pki.z, &house_pki.pki.z);
		assert_err(house_hand_in(h), ERR_MEANS);
		house_test_close(h);
	}
}

static enum err
no_folder(void *arg, const char *folder, struct cert_store **ret)
{
	(void)arg;
	(void)ret;
	return fail(ERR_CONFIG, "%s: there is no such file or folder", folder);
}

static void
folders_are_read_where_they_count(void **state)
{
	AUTO(means_free) struct means *m = NULL, *ignoring = NULL;

	(void)state;
	assert_ok(means_read(cur_str(HIGH), &ignoring));
	assert_ok(means_load_vendors(ignoring, no_folder, NULL));
	assert_ok(means_read(cur_str(HIGH REQUIRED), &m));
	assert_err(means_load_vendors(m, no_folder, NULL), ERR_CONFIG);
	assert_non_null(strstr(err_trail(), "[means high]"));
	assert_non_null(strstr(err_trail(), "/vendors"));
}

static int
make_all(void **state)
{
	maker_make(&maker);
	maker_make(&foreign);
	return house_group_set_up(state);
}

static int
drop_all(void **state)
{
	maker_drop(&maker);
	maker_drop(&foreign);
	return house_group_tear_down(state);
}

#define LOGIN(name, m, s, trick, want, recorded)			\
	{ name, one_login, NULL, NULL, &(struct row){ m, s, trick, want, recorded } }
#define GRANTED(name, m, s)	LOGIN(name, m, s, HONEST, ERR_OK, "good")
#define REFUSED(name, m, s, trick, word) LOGIN(name, m, s, trick, ERR_MEANS, word)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LOGIN("ignored, and absent", HIGH, NULL, HONEST, ERR_OK, NULL),
		LOGIN("ignored, and forged", HIGH "attestation = ignore\n", GOOD, FORGED,
		    ERR_OK, NULL),
		GRANTED("required", REQUIRED, GOOD),
		GRANTED("optional, and there", OPTIONAL, GOOD),
		LOGIN("optional, and absent", OPTIONAL, NULL, HONEST, ERR_OK, "absent"),
		REFUSED("required, and absent", REQUIRED, NULL, HONEST, "absent"),
		REFUSED("forged", REQUIRED, GOOD, FORGED, "forged"),
		REFUSED("optional, and forged", OPTIONAL, GOOD, FORGED, "forged"),
		REFUSED("of a maker who is not pinned", REQUIRED, GOOD, FOREIGN, "untrusted"),
		REFUSED("optional, of a maker who is not pinned", OPTIONAL, GOOD, FOREIGN,
		    "untrusted"),
		REFUSED("about another key", REQUIRED, GOOD, OTHER_KEY, "other_key"),
		REFUSED("about another slot", REQUIRED, GOOD, OTHER_SLOT, "other_slot"),
		REFUSED("cut off", REQUIRED, GOOD, CUT, "malformed"),
		REFUSED("without a policy", REQUIRED, SAYS(ATTEST_FIRMWARE("\5\7\0")), HONEST,
		    "extension"),
		REFUSED("with two policies", REQUIRED, SAYS(ATTEST_FIRMWARE("\5\7\0"),
		    ATTEST_POLICY("\2\1"), ATTEST_POLICY("\2\1")), HONEST, "extension"),
		REFUSED("a weak key", REQUIRED, FIRMWARE("\4\3\1"), HONEST, "weak_key"),
		/* firmware */
		GRANTED("just this firmware", REQUIRED "attestation_firmware = 5.7.0\n",
		    FIRMWARE("\5\7\0")),
		GRANTED("5.10 comes after 5.7", REQUIRED "attestation_firmware = 5.7.0\n",
		    FIRMWARE("\5\12\0")),
		REFUSED("5.7 comes before 5.10", REQUIRED "attestation_firmware = 5.10.0\n",
		    FIRMWARE("\5\7\4"), HONEST, "firmware"),
		REFUSED("firmware too old", REQUIRED "attestation_firmware = 5.7.1\n",
		    FIRMWARE("\5\7\0"), HONEST, "firmware"),
		REFUSED("optional, and firmware too old",
		    OPTIONAL "attestation_firmware = 5.7.1\n", FIRMWARE("\5\7\0"), HONEST,
		    "firmware"),
		/* PIN policy */
		GRANTED("PIN always", REQUIRED, PIN("\3")),
		GRANTED("a finger", REQUIRED, PIN("\4")),
		REFUSED("PIN never", REQUIRED, PIN("\1"), HONEST, "pin_policy"),
		REFUSED("optional, and PIN never", OPTIONAL, PIN("\1"), HONEST, "pin_policy"),
		REFUSED("PIN as by default", REQUIRED, PIN("\0"), HONEST, "pin_policy"),
		REFUSED("a policy that nobody knows", REQUIRED, PIN("\6"), HONEST,
		    "pin_policy"),
		REFUSED("a policy beyond any number of bits", REQUIRED, PIN("\377"), HONEST,
		    "pin_policy"),
		GRANTED("one of two policies", REQUIRED "attestation_pin = default\n"
		    "attestation_pin = always\n", PIN("\0")),
		REFUSED("none of two policies", REQUIRED "attestation_pin = default\n"
		    "attestation_pin = always\n", PIN("\2"), HONEST, "pin_policy"),
		/* the next section, and its level */
		LOGIN("a lower level is not what was asked", REQUIRED SUBSTANTIAL, NULL,
		    HONEST, ERR_ACR, "absent"),
		LOGIN("a section that does not ask", REQUIRED HIGH, GOOD, FORGED, ERR_OK,
		    "forged"),
		LOGIN("the second section that asks", REQUIRED
		    "attestation_firmware = 9.0.0\n" REQUIRED, GOOD, HONEST, ERR_OK, "good"),
		cmocka_unit_test(facts_are_recorded),
		cmocka_unit_test(without_makers_nothing_fits),
		cmocka_unit_test(folders_are_read_where_they_count),
	};

	return cmocka_run_group_tests(tests, make_all, drop_all);
}
