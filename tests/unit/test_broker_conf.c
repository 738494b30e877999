/* SPDX-License-Identifier: EUPL-1.2 */
/* The three files of the broker, right and wrong: each refusal names its line. */
#include "tests/check.h"

#include <stdio.h>
#include <string.h>

#include "base/names.h"
#include "broker/conf.h"
#include "broker/people.h"
#include "tests/unit/example.h"

#define SECRET "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define BROKER								\
	"[broker]\n"							\
	"issuer = https://broker.example\n"				\
	"environment = test\n"						\
	"key = /etc/dezi/broker-key.pem\n"				\
	"database = /var/lib/dezi-broker/broker.db\n"			\
	"agent_socket = /run/dezi-broker/agent.sock\n"			\
	"client_socket = /run/dezi-broker/client.sock\n"		\
	"trust = /etc/dezi/trust/test\n"				\
	"register = /etc/dezi/register.conf\n"				\
	"means = /etc/dezi/means.conf\n"				\
	"audit = journal\n"
#define CLIENT								\
	"[client ehr]\n"						\
	"secret_sha256 = " SECRET "\n"					\
	"rp_name_nl = Elektronisch dossier\n"				\
	"acr = " NAME_LOA_HIGH "\n"					\
	"uid = *\n"

static void
conf_good(void **state)
{
	AUTO(conf_free) struct broker_conf *c = NULL;
	const struct client *ehr;

	(void)state;
	assert_ok(conf_read(cur_str(BROKER "key = /etc/dezi/old.pem\nlease_seconds = 45\n"
	    "revocation = soft\npass_types = ZNM\npolicy = 1.2.3\npolicy = 2.16.528\n"
	    "absence_seconds = 120\nfinish_seconds = 20\n"
	    CLIENT "rp_name_en = Electronic record\norigin = https://ehr.example\n"
	    "origin = https://ehr.example:8443\nuid = 1000\nuid = root\n"
	    "[client native]\nsecret_sha256 = " SECRET "\nrp_name_nl = Ander\n"
	    "acr = " NAME_LOA_LOW "\nuid = 33\n"), &c));
	assert_string_equal(c->issuer, "https://broker.example");
	assert_int_equal(c->environment, CERT_ENV_TEST);
	assert_int_equal(c->revocation, CERT_REVOCATION_SOFT);
	assert_int_equal(c->n_keys, 2);
	assert_string_equal(c->keys[1], "/etc/dezi/old.pem");
	assert_string_equal(c->people, "/etc/dezi/register.conf");
	assert_string_equal(c->audit, "");
	assert_string_equal(c->pass_types, "ZNM");
	assert_int_equal(c->n_policies, 2);
	assert_string_equal(c->policy_list[1], "2.16.528");
	assert_int_equal(c->lease_seconds, 45);
	assert_int_equal(c->absence_seconds, 120);
	assert_int_equal(c->finish_seconds, 20);
	assert_int_equal(c->n_clients, 2);
	ehr = conf_client(c, "ehr");
	assert_non_null(ehr);
	assert_int_equal(ehr->secret_sha256[1], 0x11);
	assert_string_equal(ehr->rp_name_en, "Electronic record");
	assert_int_equal(ehr->n_uids, 2);
	assert_int_equal(ehr->uids[1], 0);
	assert_null(conf_client(c, "eh"));
	assert_null(conf_client(c, ""));
}

static void
conf_defaults(void **state)
{
	AUTO(conf_free) struct broker_conf *c = NULL;

	(void)state;
	assert_ok(conf_read(cur_str(BROKER CLIENT), &c));
	assert_int_equal(c->revocation, CERT_REVOCATION_HARD);
	assert_string_equal(c->pass_types, "ZN");	/* M refused by default */
	assert_int_equal(c->lease_seconds, 30);
	assert_int_equal(c->finish_seconds, 30);
	assert_int_equal(c->absence_seconds, 0);
	assert_true(c->n_policies > 0);
	for (size_t i = 0; i < c->n_policies; i++)	/* the policies of the test arc */
		assert_non_null(strstr(c->policy_list[i], "2.16.528.1.1007.99."));
}

static void
client_rules(void **state)
{
	AUTO(conf_free) struct broker_conf *c = NULL;
	const struct client *web, *native;

	(void)state;
	assert_ok(conf_read(cur_str(BROKER CLIENT "origin = https://ehr.example\n"
	    "[client native]\nsecret_sha256 = " SECRET "\nrp_name_nl = Ander\n"
	    "acr = " NAME_LOA_LOW "\nuid = 33\n"), &c));
	web = conf_client(c, "ehr");
	native = conf_client(c, "native");
	assert_true(client_uid_ok(web, 12345));
	assert_true(client_uid_ok(native, 33));
	assert_false(client_uid_ok(native, 34));
	assert_false(client_uid_ok(native, 0));
	assert_true(client_origin_ok(web, "https://ehr.example"));
	assert_false(client_origin_ok(web, "https://ehr.example/"));
	assert_false(client_origin_ok(web, "https://ehr.exampl"));
	assert_false(client_origin_ok(web, ""));
	assert_true(client_origin_ok(native, ""));
	assert_false(client_origin_ok(native, "https://ehr.example"));
}

struct wrong {
	const char *text;
	const char *says;	/* in the trail */
};

static enum err
read_conf(struct cur text)
{
	AUTO(conf_free) struct broker_conf *c = NULL;

	return conf_read(text, &c);
}

static enum err
read_means(struct cur text)
{
	AUTO(means_free) struct means *m = NULL;

	return means_read(text, &m);
}

static enum err
read_people(struct cur text)
{
	AUTO(people_free) struct people *p = NULL;

	return people_read(text, &p);
}

static void
all_wrong(const struct wrong *w, size_t n, enum err (*fn)(struct cur text))
{
	for (size_t i = 0; i < n; i++) {
		enum err r = fn(cur_str(w[i].text));

		if ((r != ERR_CONFIG && r != ERR_MALFORMED) ||
		    strstr(err_trail(), w[i].says) == NULL)
			print_error("row %zu: %s: %s\n", i, err_word(r), err_trail());
		assert_true(r == ERR_CONFIG || r == ERR_MALFORMED);
		assert_non_null(strstr(err_trail(), w[i].says));
	}
}

static void
conf_wrong(void **state)
{
	static const struct wrong rows[] = {
		{ "", "expected a section [broker]" },
		{ CLIENT, "expected a section [broker]" },
		{ BROKER, "at least one [client" },
		{ "issuer = https://x\n", "line 1: expected a section" },
		{ "[broker]\n", "line 1: expected the key \"issuer\"" },
		{ "[broker acceptance]\n", "line 1: expected no name" },
		{ BROKER BROKER CLIENT, "line 12: expected only one [broker]" },
		{ BROKER "[client]\n", "line 12: expected a name" },
		{ BROKER "[client a b]\n", "line 12: expected" },
		{ BROKER "[relay x]\n", "line 12: expected a section" },
		{ BROKER "lease = 3\n", "line 12: expected a key" },
		{ BROKER "issuer = https://y\n", "line 12: expected this key only once" },
		{ BROKER CLIENT CLIENT, "line 17: expected a client that is not there" },
		{ BROKER "lease_seconds = 0\n" CLIENT, "line 12:" },
		{ BROKER "lease_seconds = 30s\n" CLIENT, "line 12:" },
		{ BROKER "absence_seconds = -1\n" CLIENT, "line 12:" },
		{ BROKER "pass_types = ZX\n" CLIENT, "line 12: expected letters" },
		{ BROKER "pass_types =\n" CLIENT, "line 12: expected letters" },
		{ BROKER "policy = 1.2.x\n" CLIENT, "line 12: expected a policy OID" },
		{ BROKER "policy = .1\n" CLIENT, "line 12: expected a policy OID" },
		{ BROKER "revocation = none\n" CLIENT, "line 12:" },
		{ BROKER "key = broker.pem\n" CLIENT, "line 12:" },
		{ BROKER "key = /a\nkey = /b\nkey = /c\nkey = /d\n" CLIENT, "line 15:" },
		{ BROKER CLIENT "origin = http://ehr.example\n", "line 17:" },
		{ BROKER CLIENT "origin = https://ehr.example/\n", "line 17:" },
		{ BROKER CLIENT "origin = https://Ehr.example\n", "line 17:" },
		{ BROKER CLIENT "origin = https://\n", "line 17:" },
		{ BROKER CLIENT "uid = nobody-of-this-name\n",
		    "line 17: expected a number" },
		{ BROKER CLIENT "uid = 4294967295\n", "line 17:" },	/* (uid_t)-1 */
		{ BROKER CLIENT "uid = -1\n", "line 17:" },
		{ BROKER "[client c]\nsecret_sha256 = 00\n", "line 13: expected 64" },
		{ BROKER "[client c]\nrp_name_nl =\n", "line 13:" },
		/* T30 */
		{ BROKER "[client c]\nrp_name_nl = a\342\200\256b\n", "line 13:" },
		{ BROKER "[client c]\nacr = urn:loa:high\n", "line 13:" },
		{ BROKER "[client c]\nsecret_sha256 = " SECRET "\n",
		    "line 12: expected the key" },
	};

	(void)state;
	all_wrong(rows, NELEM(rows), read_conf);
}

/* T38: nothing but a test bench lets an unknown revocation through. */
static void
soft_only_in_test(void **state)
{
	static const char *const environments[] = { "production", "acceptance" };

	(void)state;
	for (size_t i = 0; i < NELEM(environments); i++) {
		char text[2048];

		snprintf(text, sizeof(text), "[broker]\nissuer = https://b.example\n"
		    "environment = %s\nkey = /k\ndatabase = /d/d\nagent_socket = /a\n"
		    "client_socket = /c\ntrust = /t\nregister = /r\nmeans = /m\n"
		    "audit = /audit\nrevocation = soft\n" CLIENT, environments[i]);
		assert_err(read_conf(cur_str(text)), ERR_CONFIG);
		assert_non_null(strstr(err_trail(), "soft only with environment = test"));
	}
}

#define MEANS(name, driver, one, acr)					\
	"[means " name "]\nissuer_cn = TEST CA\npolicy = 1.2.3\n"	\
	"driver = " driver "\none_transaction = " one "\nacr = " acr "\n"

static void
means_good(void **state)
{
	AUTO(means_free) struct means *m = NULL;
	struct verify_result v = {
		.cert = { .issuer_cn = "TEST CA", .policy = "1.2.3" },
		.said.evidence = { .driver = "uzi", .one_transaction = true },
	};
	struct means_attested attested;
	const struct means_row *row;

	(void)state;
	assert_ok(means_read(cur_str(
	    MEANS("uzi", "uzi", "yes", NAME_LOA_HIGH)
	    MEANS("module", "*", "no", NAME_LOA_SUBSTANTIAL)), &m));
	assert_int_equal(means_best(m), LOA_HIGH);
	row = means_find(m, &v, &attested);
	assert_non_null(row);
	assert_int_equal(row->acr, LOA_HIGH);
	assert_int_equal(row->attestation.demand, MEANS_IGNORED);
	assert_null(attested.word);
	v.said.evidence.one_transaction = false;	/* another row, a lower level */
	row = means_find(m, &v, &attested);
	assert_non_null(row);
	assert_string_equal(row->name, "module");
	assert_int_equal(row->acr, LOA_SUBSTANTIAL);
	v.cert.policy[4] = '4';
	assert_null(means_find(m, &v, &attested));
	v.cert.policy[4] = '3';
	assert_non_null(means_find(m, &v, &attested));
	v.cert.issuer_cn[0] = 't';
	assert_null(means_find(m, &v, &attested));
}

#define DEMAND	MEANS("a", "piv", "yes", NAME_LOA_HIGH)

static void
means_attestation_good(void **state)
{
	AUTO(means_free) struct means *m = NULL;
	struct verify_result v = {
		.cert = { .issuer_cn = "TEST CA", .policy = "1.2.3" },
		.said.evidence = { .driver = "piv", .one_transaction = true },
	};
	struct means_attested attested;

	(void)state;
	assert_ok(means_read(cur_str(DEMAND "attestation = optional\n"
	    "attestation_vendors = /etc/dezi/vendors\nattestation_firmware = 5.10.255\n"
	    "attestation_pin = match-once\nattestation_pin = default\n"), &m));
	/* No folder was read: the row fits nothing. */
	assert_null(means_find(m, &v, &attested));
	assert_string_equal(attested.word, "untrusted");
}

/* never is for lower levels, where somebody asks for it. */
static void
means_attestation_never(void **state)
{
	AUTO(means_free) struct means *m = NULL;

	(void)state;
	assert_ok(means_read(cur_str(MEANS("a", "piv", "yes", NAME_LOA_SUBSTANTIAL)
	    "attestation = required\nattestation_vendors = /v\nattestation_pin = never\n"),
	    &m));
}

static void
means_wrong(void **state)
{
	static const struct wrong rows[] = {
		{ "", "at least one [means" },
		{ "[means]\n", "line 1:" },
		{ "[means a]\ndriver = uzi\n", "line 1: expected the key \"issuer_cn\"" },
		{ MEANS("a", "uzi", "maybe", NAME_LOA_HIGH), "line 5:" },
		{ MEANS("a", "uzi", "yes", "high"), "line 6:" },
		{ DEMAND "attestation = yes\n", "line 7:" },
		{ DEMAND "attestation = required\n",
		    "line 1: expected attestation_vendors" },
		{ DEMAND "attestation = required\nattestation_vendors = vendors\n", "line 8:" },
		{ DEMAND "attestation_vendors = /v\n",
		    "line 1: expected attestation = optional or required" },
		{ DEMAND "attestation_firmware = 5.7.0\n", "line 1: expected attestation =" },
		{ DEMAND "attestation = ignore\nattestation_pin = once\n",
		    "line 1: expected attestation =" },
		{ DEMAND "attestation_firmware = 5.7\n", "line 7: expected three numbers" },
		{ DEMAND "attestation_firmware = 5.7.0.1\n", "line 7:" },
		{ DEMAND "attestation_firmware = 5.256.0\n", "line 7:" },
		{ DEMAND "attestation_firmware = 5.07.0\n", "line 7:" },
		{ DEMAND "attestation_firmware = 5..0\n", "line 7:" },
		{ DEMAND "attestation_firmware = 5.-1.0\n", "line 7:" },
		{ DEMAND "attestation_firmware = 5.7.0x\n", "line 7:" },
		{ DEMAND "attestation_pin = sometimes\n", "line 7:" },
		{ DEMAND "attestation_pin = unknown\n", "line 7:" },
		{ DEMAND "attestation = required\nattestation_vendors = /v\n"
		    "attestation_pin = once\nattestation_pin = never\n",
		    "line 1: expected no attestation_pin = never with level high" },
		{ MEANS("a", "a-driver-of-too-long-a-name", "yes", NAME_LOA_HIGH),
		    "line 4:" },
	};

	(void)state;
	all_wrong(rows, NELEM(rows), read_means);
}

#define PERSON(uzi, status)						\
	"[person " uzi "]\ndezi_number = 123456789\n"			\
	"name = Zo\303\253 van den Br\303\273le\nstatus = " status "\n"
#define WORK(id, uzi)							\
	"[employment " id "]\nuzi_number = " uzi "\nsubscriber = 90000123\n" \
	"subscriber_name = T\303\251st Ziekenhuis\nrole = 01.015\n"

static void
people_good(void **state)
{
	AUTO(people_free) struct people *p = NULL;
	const struct employment *e;
	const struct person *who;

	(void)state;
	assert_ok(people_read(cur_str(WORK("z-2", "900000001")
	    PERSON("900000002", "blocked") PERSON("900000001", "active")
	    WORK("n-1", "900000002") WORK("a-1", "900000001")), &p));
	who = people_find(p, "900000001");
	assert_non_null(who);
	assert_true(who->active);
	assert_string_equal(who->name, "Zo\303\253 van den Br\303\273le");
	assert_false(people_find(p, "900000002")->active);
	assert_null(people_find(p, "900000003"));
	assert_null(people_find(p, ""));
	assert_null(people_find(p, "9000000010000000000000000000"));
	/* in the order of the file, not of the alphabet */
	assert_int_equal(people_employments(p, "900000001", &e), 2);
	assert_string_equal(e[0].id, "z-2");
	assert_string_equal(e[1].id, "a-1");
	assert_int_equal(people_employments(p, "900000003", &e), 0);
}

static void
people_empty(void **state)
{
	AUTO(people_free) struct people *p = NULL;
	const struct employment *e;

	(void)state;
	assert_ok(people_read(cur_str("# nobody yet\n"), &p));
	assert_null(people_find(p, "900000001"));
	assert_int_equal(people_employments(p, "900000001", &e), 0);
}

static void
people_wrong(void **state)
{
	static const struct wrong rows[] = {
		{ "[person 90000001]\n", "line 1: expected a UZI number" },
		{ "[person 90000000x]\n", "line 1:" },
		{ PERSON("900000001", "asleep"), "line 4:" },
		{ PERSON("900000001", "active") PERSON("900000001", "active"),
		    "line 5:" },
		{ WORK("w", "900000001"), "line 1: expected an employment of a person" },
		{ PERSON("900000001", "active") WORK("w", "900000001")
		    WORK("w", "900000001"),
		    "line 10: expected an employment that is not" },
		{ PERSON("900000001", "active") "[employment w]\nuzi_number = 9\n",
		    "line 6:" },
		{ "[employment w]\nrole = 1.015\n", "line 2: expected a role" },
		{ "[employment w]\nrole = 01.01a\n", "line 2: expected a role" },
		{ "[employment w]\nrole = 01.0155\n", "line 2: expected a role" },
		{ "[employment w]\nsubscriber = 9000012\n", "line 2: expected 8 digits" },
		{ "[employment w]\nsubscriber_name = a\tb\n", "line 2:" },
	};

	(void)state;
	all_wrong(rows, NELEM(rows), read_people);
}

/* The three examples, and that they belong together. */
static void
examples_are_right(void **state)
{
	AUTO(conf_free) struct broker_conf *c = NULL;
	AUTO(means_free) struct means *m = NULL;
	AUTO(people_free) struct people *p = NULL;
	AUTO(buf_free) struct buf text = BUF(65536);
	const struct employment *e;

	(void)state;
	example("broker.conf", &text);
	assert_ok(conf_read(buf_view(&text), &c));
	assert_int_equal(c->revocation, CERT_REVOCATION_HARD);
	assert_int_equal(c->n_clients, 1);
	assert_false(client_uid_ok(&c->clients[0], 1000));
	buf_clear(&text);
	example("means.conf", &text);
	assert_ok(means_read(buf_view(&text), &m));
	assert_int_equal(means_best(m), c->clients[0].acr);
	buf_clear(&text);
	example("register.conf", &text);
	assert_ok(people_read(buf_view(&text), &p));
	assert_int_equal(people_employments(p, "900000001", &e), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conf_good),
		cmocka_unit_test(examples_are_right),
		cmocka_unit_test(conf_defaults),
		cmocka_unit_test(client_rules),
		cmocka_unit_test(conf_wrong),
		cmocka_unit_test(soft_only_in_test),
		cmocka_unit_test(means_good),
		cmocka_unit_test(means_attestation_good),
		cmocka_unit_test(means_attestation_never),
		cmocka_unit_test(means_wrong),
		cmocka_unit_test(people_good),
		cmocka_unit_test(people_empty),
		cmocka_unit_test(people_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
