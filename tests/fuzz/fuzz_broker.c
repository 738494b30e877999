/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Requests on the broker's two sockets, one after the other against one broker.  An input
 * is any number of calls, each ended by a NUL byte:
 *
 *	S METHOD PATH AUTHORIZATION LF body
 *
 * S is A or C for the agents' and the clients' socket, in lower case as another uid; T lets
 * ten seconds pass.  "-" is no authorization.  The random bytes are the SHA-256 of 1, 2, 3
 * ... (64 bits, little-endian), so an input can know what the broker handed out before.
 */
#include <openssl/ec.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/names.h"
#include "broker/front.h"
#include "tests/fuzz/fuzz.h"

#define CALLS_MAX	16

static const char conf_text[] =
    "[broker]\nissuer = https://broker.example\nenvironment = test\nkey = /k\n"
    "database = /d\nagent_socket = /a\nclient_socket = /c\ntrust = /t\nregister = /r\n"
    "means = /m\naudit = journal\n[client c]\nrp_name_nl = Dossier\n"
    /* of "s" */
    "secret_sha256 = 043a718774c572bd8a25adbeb1bfcd5c0256ae11cecf9f9c3f925d0e52beaf89\n"
    "acr = " NAME_LOA_LOW "\nuid = *\n";
static const char means_text[] =
    "[means m]\nissuer_cn = x\npolicy = 1.2\ndriver = *\none_transaction = no\n"
    "acr = " NAME_LOA_HIGH "\n";
static char audit_path[] = "fuzz_broker.XXXXXX";

struct world {
	struct broker_conf *conf;
	struct means *means;
	struct people *people;
	struct cert_store *trust;
	struct audit *audit;
	struct store *store;
	EVP_PKEY *key;
	unsigned boots;
};
static struct world w;

static void
away(void)
{
	unlink(audit_path);
	store_close(&w.store);
	audit_close(&w.audit);
	conf_free(&w.conf);
	means_free(&w.means);
	people_free(&w.people);
	cert_store_free(&w.trust);
	pkey_drop(&w.key);
}

static void
once(void)
{
	int fd;

	if (w.conf != NULL)
		return;
	must(conf_read(cur_str(conf_text), &w.conf) == ERR_OK);
	must(means_read(cur_str(means_text), &w.means) == ERR_OK);
	must(people_read(cur_str(""), &w.people) == ERR_OK);
	must(cert_store_new(CERT_ENV_TEST, CERT_REVOCATION_SOFT, &w.trust) == ERR_OK);
	must((w.key = EVP_EC_gen("P-256")) != NULL);
	must((fd = mkstemp(audit_path)) >= 0);
	close(fd);
	must(audit_open(audit_path, &w.audit) == ERR_OK);
	must(store_open(":memory:", "https://broker.example", "test", &w.store) == ERR_OK);
	atexit(away);
}

static enum err
counted(void *arg, uint8_t *ret, size_t n)
{
	uint64_t *i = arg;
	uint8_t count[8], out[EVP_MAX_MD_SIZE];

	*i += 1;
	for (size_t k = 0; k < sizeof(count); k++)
		count[k] = (uint8_t)(*i >> 8 * k);
	must(EVP_Digest(count, sizeof(count), out, NULL, EVP_sha256(), NULL) == 1);
	memcpy(ret, out, n);
	return ERR_OK;
}

static bool
word(struct cur *in, uint8_t end, char *ret, size_t size)
{
	struct cur c;

	return cur_until(in, end, &c) && cur_to_str(c, ret, size);
}

static void
one_call(struct flow *f, struct flow_at *at, struct cur in)
{
	AUTO(front_reply_free) struct front_reply reply = { 0 };
	char socket[2], method[16], path[512], authorization[512];
	struct front_call c = { .method = method, .path = path };
	int64_t next;
	enum err r;

	if (in.n != 0 && in.p[0] == 'T') {
		at->boot_ms += 10000;
		at->utc += 10;
		must(flow_tick(f, at, &next) == ERR_OK);
		return;
	}
	if (!word(&in, ' ', socket, sizeof(socket)) ||
	    !word(&in, ' ', method, sizeof(method)) ||
	    !word(&in, ' ', path, sizeof(path)) ||
	    !word(&in, '\n', authorization, sizeof(authorization)))
		return;
	c.authorization = strcmp(authorization, "-") == 0 ? NULL : authorization;
	c.body = in;
	at->peer.uid = socket[0] >= 'a' ? 1002 : 1001;
	r = (socket[0] | 0x20) == 'a' ? front_agent(f, at, &c, &reply) :
	    front_client(f, at, &c, &reply);
	must(r != ERR_OK || (reply.status >= 200 && reply.status < 300));
}

/* As new: another boot ends all that there was, and then it is forgotten. */
static void
begin(struct flow *f, struct flow_at *at, uint64_t *random)
{
	int64_t next;

	once();
	must(truncate(audit_path, 0) == 0);
	*at = (struct flow_at){ .peer = { .host = FLOW_HOST_LOCAL, .uid = 1001 },
		.utc = 1790000000, .boot_ms = 1000000 };
	*f = (struct flow){ .conf = w.conf, .people = w.people, .means = w.means,
		.store = w.store, .trust = w.trust, .audit = w.audit, .key = w.key,
		.random = counted, .random_arg = random };
	snprintf(f->boot_id, sizeof(f->boot_id), "boot-%u", w.boots++ % 2);
	must(flow_start(f, at, &next) == ERR_OK);
	must(store_clean(w.store, INT64_MAX) == ERR_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cur in = cur_of(data, size), call;
	struct flow_at at;
	uint64_t random = 0;
	struct flow f;

	begin(&f, &at, &random);
	for (int i = 0; i < CALLS_MAX && cur_until(&in, 0, &call); i++)
		one_call(&f, &at, call);
	return 0;
}
