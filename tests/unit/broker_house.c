/* SPDX-License-Identifier: EUPL-1.2 */
/* A whole broker for tests. */
#include "tests/check.h"

#include "tests/unit/broker_house.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/names.h"
#include "verify/verify.h"

static const char conf_text[] =
    "[broker]\n"
    "issuer = " HOUSE_ISSUER "\n"
    "environment = %s\n"
    "key = /key\n"
    "database = /database\n"
    "agent_socket = /agent.sock\n"
    "client_socket = /client.sock\n"
    "trust = /trust\n"
    "register = /register\n"
    "means = /means\n"
    "audit = journal\n"
    "%s"
    "[client native]\n"
    "secret_sha256 = %s\n"
    "rp_name_nl = Ziekenhuis Oost, dossier\n"
    "rp_name_en = Hospital East, records\n"
    "acr = " NAME_LOA_SUBSTANTIAL "\n"
    "uid = *\n"
    "[client web]\n"
    "secret_sha256 = %s\n"
    "rp_name_nl = Webdossier\n"
    "origin = " HOUSE_ORIGIN "\n"
    "acr = " NAME_LOA_HIGH "\n"
    "uid = 1001\n";

static const char register_text[] =
    "[person 900000001]\ndezi_number = 100000001\n"
    "name = Zo\303\253 van den Br\303\273le\nstatus = active\n"
    "[person 900000002]\ndezi_number = 100000002\nname = Z Twee\nstatus = blocked\n"
    "[person 900000003]\ndezi_number = 100000003\nname = N Drie\nstatus = active\n"
    "[person 900000005]\ndezi_number = 100000005\nname = Z Vijf\nstatus = active\n"
    "[employment z-oost]\nuzi_number = 900000001\nsubscriber = 90000123\n"
    "subscriber_name = T\303\251st Ziekenhuis Oost\nrole = 01.015\n"
    "[employment n-oost]\nuzi_number = 900000003\nsubscriber = 90000123\n"
    "subscriber_name = T\303\251st Ziekenhuis Oost\nrole = 00.000\n"
    "[employment n-west]\nuzi_number = 900000003\nsubscriber = 90000456\n"
    "subscriber_name = Huisartsenpost West\nrole = 00.000\n";

static const char means_text[] =
    "[means z]\nissuer_cn = TEST UZI-register Zorgverlener CA G3\n"
    "policy = 2.16.528.1.1007.99.211\ndriver = uzi\none_transaction = yes\n"
    "acr = " NAME_LOA_HIGH "\n"
    "[means n]\nissuer_cn = TEST UZI-register Medewerker op naam CA G3\n"
    "policy = 2.16.528.1.1007.99.211\ndriver = uzi\none_transaction = yes\n"
    "acr = " NAME_LOA_HIGH "\n"
    "[means module]\nissuer_cn = TEST UZI-register Zorgverlener CA G3\n"
    "policy = 2.16.528.1.1007.99.211\ndriver = *\none_transaction = no\n"
    "acr = " NAME_LOA_SUBSTANTIAL "\n";

/* --- passes --- */

static const struct made *
ca_of(const struct house_pki *p, char type)
{
	return type == 'Z' ? &p->pki.z : type == 'N' ? &p->pki.n : &p->pki.m;
}

static void
number(struct recipe *r, char type, const char *uzi, char san[256])
{
	char upn[64], name[128];

	snprintf(upn, sizeof(upn), "%s@90000123", uzi);
	snprintf(name, sizeof(name),
	    "2.16.528.1.1007.99.21%c-1-%s-%c-90000123-%s-00000000",
	    type == 'Z' ? '7' : type == 'N' ? '8' : '9', uzi, type,
	    type == 'Z' ? "01.015" : "00.000");
	r->serial_number = uzi;
	r->san = san_text(upn, name, san, 256);
}

static void
make_numbered(const struct house_pki *p, char type, const char *uzi, struct made *ret)
{
	struct recipe r = pass_recipe(type);
	char san[256];

	number(&r, type, uzi, san);
	make_cert(&r, ca_of(p, type), ret);
}

void
house_pki_make(struct house_pki *p)
{
	memset(p, 0, sizeof(*p));
	make_pki("TEST ", "2.16.528.1.1007.99.21", &p->pki);
	make_pki("TEST ", "2.16.528.1.1007.99.21", &p->foreign);
	make_pki("", "2.16.528.1.1003.1.2.5.", &p->production);
	make_numbered(p, 'Z', "900000001", &p->z);
	make_numbered(p, 'Z', "900000002", &p->z2);
	make_numbered(p, 'N', "900000003", &p->n);
	make_numbered(p, 'M', "900000004", &p->m);
	p->broker_key = EVP_EC_gen("P-256");
	p->other_key = EVP_EC_gen("P-256");
	assert_non_null(p->broker_key);
	assert_non_null(p->other_key);
}

void
house_pki_drop(struct house_pki *p)
{
	pki_drop(&p->pki);
	pki_drop(&p->foreign);
	pki_drop(&p->production);
	made_drop(&p->z);
	made_drop(&p->z2);
	made_drop(&p->n);
	made_drop(&p->m);
	pkey_drop(&p->broker_key);
	pkey_drop(&p->other_key);
}

void
house_pass(const struct house_pki *p, char type, house_change *change, struct made *ret)
{
	struct recipe r = pass_recipe(type);

	r.key = p->z.key;
	change(&r);
	make_cert(&r, ca_of(p, type), ret);
}

/* --- the house --- */

/* Never the same twice, and the same in every run. */
static enum err
counted(void *arg, uint8_t *ret, size_t n)
{
	struct house *h = arg;
	uint8_t out[EVP_MAX_MD_SIZE];

	assert_true(n <= 32);
	h->random++;
	assert_int_equal(EVP_Digest(&h->random, sizeof(h->random), out, NULL,
	    EVP_sha256(), NULL), 1);
	memcpy(ret, out, n);
	return ERR_OK;
}

static void
add_crl(struct cert_store *s, const struct made *ca, long revoked)
{
	AUTO(buf_free) struct buf der = BUF(65536);
	const struct crl_recipe how = { .until = MADE_NOW + 30 * MADE_DAY,
		.revoked = { revoked } };

	make_crl(&how, ca, &der);
	assert_ok(cert_store_add_crl(s, buf_view(&der)));
}

/* Serial number 666 is revoked. */
static void
load_trust(struct house *h)
{
	const struct pki *p = h->conf->environment == CERT_ENV_PRODUCTION ?
	    &h->p->production : &h->p->pki;
	const struct made *cas[] = { &p->root, &p->level2, &p->z, &p->n, &p->m };

	assert_ok(cert_store_new(h->conf->environment, h->conf->revocation, &h->trust));
	assert_ok(cert_store_add_anchor(h->trust, buf_view(&p->root.der)));
	for (size_t i = 0; i < NELEM(cas); i++) {
		if (i != 0)
			assert_ok(cert_store_add_intermediate(h->trust,
			    buf_view(&cas[i]->der)));
		add_crl(h->trust, cas[i], 666);
	}
}

static void
load_conf(struct house *h, const char *environment, const char *extra)
{
	AUTO(buf_free) struct buf text = BUF(8192), hex = BUF(128);
	uint8_t hash[HASH_LEN];
	const char *digits;

	assert_ok(token_hash(cur_str(HOUSE_SECRET), hash));
	hex_put(&hex, cur_of(hash, sizeof(hash)));
	digits = buf_cstr(&hex);
	buf_fmt(&text, conf_text, environment == NULL ? "acceptance" : environment,
	    extra == NULL ? "" : extra, digits, digits);
	assert_ok(conf_read(buf_view(&text), &h->conf));
}

static void
open_memory(struct house *h)
{
	int64_t next;

	assert_ok(store_open(h->database, HOUSE_ISSUER,
	    conf_env_word(h->conf->environment), &h->store));
	assert_ok(audit_open(h->audit_path, &h->audit));
	h->flow = (struct flow){ .conf = h->conf, .people = h->people, .means = h->means,
		.store = h->store, .trust = h->trust, .audit = h->audit,
		.key = h->p->broker_key, .random = counted, .random_arg = h,
		.boot_id = "boot-1" };
	assert_ok(flow_start(&h->flow, &h->at, &next));
}

void
house_open(struct house *h, const struct house_pki *p, const char *environment,
    const char *extra)
{
	memset(h, 0, sizeof(*h));
	h->p = p;
	snprintf(h->folder, sizeof(h->folder), "broker_house.XXXXXX");
	assert_non_null(mkdtemp(h->folder));
	snprintf(h->database, sizeof(h->database), "%s/broker.db", h->folder);
	snprintf(h->audit_path, sizeof(h->audit_path), "%s/audit.log", h->folder);
	h->at = (struct flow_at){ .peer = { FLOW_HOST_LOCAL, HOUSE_ALICE },
		.utc = MADE_NOW, .boot_ms = HOUSE_BOOT_MS };
	load_conf(h, environment, extra);
	assert_ok(people_read(cur_str(register_text), &h->people));
	assert_ok(means_read(cur_str(means_text), &h->means));
	load_trust(h);
	open_memory(h);
}

void
house_restart(struct house *h)
{
	store_close(&h->store);
	audit_close(&h->audit);
	open_memory(h);
}

static void
remove_folder(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	char name[512];

	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.') {
			snprintf(name, sizeof(name), "%s/%s", folder, e->d_name);
			unlink(name);
		}
	if (d != NULL)
		closedir(d);
	rmdir(folder);
}

void
house_close(struct house *h)
{
	store_close(&h->store);
	audit_close(&h->audit);
	cert_store_free(&h->trust);
	means_free(&h->means);
	people_free(&h->people);
	conf_free(&h->conf);
	remove_folder(h->folder);
}

void
house_later(struct house *h, int64_t ms)
{
	h->at.boot_ms += ms;
	h->at.utc += ms / 1000;
}

struct flow_at
house_bob(const struct house *h)
{
	struct flow_at at = h->at;

	at.peer.uid = HOUSE_BOB;
	return at;
}

const char *
house_audit(const struct house *h, const char *text, char *ret, size_t size)
{
	FILE *f = fopen(h->audit_path, "r");
	char line[16384];

	assert_non_null(f);
	ret[0] = '\0';
	while (fgets(line, sizeof(line), f) != NULL)
		if (strstr(line, text) != NULL)
			snprintf(ret, size, "%s", line);
	fclose(f);
	return ret;
}

/* --- a login --- */

void
house_login_drop(struct house_login *l)
{
	buf_free(&l->challenge);
	buf_free(&l->assertion);
}

void
house_ask(struct house *h, const char *client, const char *origin, struct house_login *l)
{
	const struct flow_request rq = { client, cur_str(HOUSE_SECRET), NAME_LOA_HIGH,
		origin };

	memset(l, 0, sizeof(*l));
	l->challenge.max = CHALLENGE_MAX;
	l->assertion.max = JWS_MAX;
	assert_ok(flow_request(&h->flow, &h->at, &rq, &l->opened));
	assert_int_equal(l->opened.expires, h->at.utc + FLOW_LOGIN_SECONDS);
}

static void
copy(char *ret, size_t size, const char *s)
{
	assert_true((size_t)snprintf(ret, size, "%s", s) < size);
}

void
house_challenge(struct house *h, struct house_login *l)
{
	assert_ok(flow_challenge(&h->flow, &h->at, cur_str(l->opened.login.text),
	    &l->challenge));
	assert_ok(challenge_read(buf_view(&l->challenge), HOUSE_ISSUER, &h->flow.key, 1,
	    &l->asked));
	house_answer(l, buf_view(&l->challenge));
}

void
house_answer(struct house_login *l, struct cur challenge)
{
	struct assertion *a = &l->says;
	struct verify_expect e;

	assert_ok(verify_expect_of(&l->asked, challenge, &e));
	memset(a, 0, sizeof(*a));
	memcpy(a->challenge_sha256, e.challenge_sha256, sizeof(a->challenge_sha256));
	memcpy(a->nonce, l->asked.nonce, sizeof(a->nonce));
	copy(a->aud, sizeof(a->aud), l->asked.iss);
	copy(a->client_id, sizeof(a->client_id), l->asked.client_id);
	copy(a->rp_name, sizeof(a->rp_name), l->asked.rp_name_nl);
	copy(a->origin, sizeof(a->origin), l->asked.origin);
	a->iat = l->asked.iat + 1;
	copy(a->jti, sizeof(a->jti), "jti-of-the-assertion");
	copy(a->evidence.means, sizeof(a->evidence.means), "native");
	copy(a->evidence.driver, sizeof(a->evidence.driver), "uzi");
	copy(a->evidence.reader, sizeof(a->evidence.reader), "Virtual PCD 00 00");
	copy(a->evidence.pin_entry, sizeof(a->evidence.pin_entry), "window");
	copy(a->evidence.caller, sizeof(a->evidence.caller), "test");
	a->evidence.one_transaction = true;
}

void
house_jws(struct cur header, struct cur payload, enum jws_alg alg, EVP_PKEY *key,
    struct buf *ret)
{
	AUTO(buf_free) struct buf sig = BUF(1024);

	buf_clear(ret);
	assert_ok(jws_signing_input(header, payload, ret));
	assert_ok(jws_sign(alg, key, buf_view(ret), &sig));
	assert_ok(jws_finish(ret, buf_view(&sig)));
}

void
house_sign(struct house_login *l, const struct made *pass, const struct made *ca)
{
	AUTO(buf_free) struct buf header = BUF(JWS_MAX), payload = BUF(JWS_MAX);
	const struct cur x5c[] = { buf_view(&pass->der), buf_view(&ca->der) };

	assert_ok(assertion_header(JWS_RS256, x5c, NELEM(x5c), &header));
	assert_ok(assertion_payload(&l->says, &payload));
	house_jws(buf_view(&header), buf_view(&payload), JWS_RS256, pass->key,
	    &l->assertion);
}

void
house_login(struct house *h, struct house_login *l, const struct made *pass,
    const struct made *ca)
{
	house_ask(h, "native", "", l);
	house_challenge(h, l);
	house_sign(l, pass, ca);
	assert_ok(flow_assertion(&h->flow, &h->at, cur_str(l->opened.login.text),
	    buf_view(&l->assertion), &l->accepted));
}

/* --- cmocka --- */

struct house_pki house_pki;

int
house_group_set_up(void **state)
{
	(void)state;
	house_pki_make(&house_pki);
	return 0;
}

int
house_group_tear_down(void **state)
{
	(void)state;
	house_pki_drop(&house_pki);
	return 0;
}

struct house_test *
house_test_open(const char *environment, const char *extra)
{
	struct house_test *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	house_open(&t->h, &house_pki, environment, extra);
	return t;
}

void
house_test_close(struct house_test *t)
{
	house_login_drop(&t->l);
	house_close(&t->h);
	free(t);
}

void
house_begin(struct house_test *t)
{
	house_ask(&t->h, "native", "", &t->l);
	house_challenge(&t->h, &t->l);
}

enum err
house_hand_in(struct house_test *t)
{
	return flow_assertion(&t->h.flow, &t->h.at, cur_str(t->l.opened.login.text),
	    buf_view(&t->l.assertion), &t->l.accepted);
}

int
house_set_up(void **state)
{
	*state = house_test_open(NULL, *state);
	return 0;
}

int
house_tear_down(void **state)
{
	house_test_close(*state);
	return 0;
}
