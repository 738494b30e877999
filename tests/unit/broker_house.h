/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A whole broker for tests: a small PKI with passes in software, a database and an audit
 * file in a temporary folder, a clock and random bytes of its own.
 */
#ifndef DEZI_TESTS_BROKER_HOUSE_H
#define DEZI_TESTS_BROKER_HOUSE_H

#include "broker/flow.h"
#include "login/assertion.h"
#include "tests/unit/make_cert.h"

#define HOUSE_ISSUER	"https://broker.example"
#define HOUSE_ORIGIN	"https://ehr.example"
#define HOUSE_SECRET	"the secret of every client in these tests"
#define HOUSE_ALICE	1001	/* asks, and runs her agent */
#define HOUSE_BOB	1002
#define HOUSE_BOOT_MS	5000000

/* Made once for all tests of a program: keys take long. */
struct house_pki {
	struct pki  pki, foreign;	/* two that look the same */
	struct pki  production;
	struct made z, n, m;		/* 900000001, 900000003, 900000004 */
	struct made z2;			/* 900000002, with a key of its own */
	EVP_PKEY   *broker_key;
	EVP_PKEY   *other_key;		/* no broker's */
};
void house_pki_make(struct house_pki *p);
void house_pki_drop(struct house_pki *p);

/* A pass of the kind, with the key of z, changed. */
typedef void house_change(struct recipe *r);
void house_pass(const struct house_pki *p, char type, house_change *change,
    struct made *ret);

struct house {
	const struct house_pki *p;
	char	 folder[64];
	char	 database[128];
	char	 audit_path[128];
	struct broker_conf *conf;
	struct people *people;
	struct means *means;
	struct cert_store *trust;
	struct store *store;
	struct audit *audit;
	struct flow flow;
	struct flow_at at;		/* Alice, now */
	uint64_t random;		/* counter behind the "random" bytes */
};

/* environment NULL: acceptance.  extra: lines for [broker], or NULL. */
void house_open(struct house *h, const struct house_pki *p, const char *environment,
    const char *extra);
/* Close and open everything that is in memory: what a restart does. */
void house_restart(struct house *h);
void house_close(struct house *h);
/* The same caller's clock, later. */
void house_later(struct house *h, int64_t ms);
struct flow_at house_bob(const struct house *h);

/* The last audit record with this text in it; "" when there is none.  ret: its line. */
const char *house_audit(const struct house *h, const char *text, char *ret, size_t size);

/* One login, step by step.  Each fails the test when it does not work. */
struct house_login {
	struct flow_opened opened;
	struct buf challenge;
	struct challenge asked;
	struct assertion says;		/* change it before house_sign() */
	struct buf assertion;
	struct flow_accepted accepted;
};
void house_login_drop(struct house_login *l);
void house_ask(struct house *h, const char *client, const char *origin,
    struct house_login *l);
void house_challenge(struct house *h, struct house_login *l);
/* Fill what is said to the challenge that was read into asked. */
void house_answer(struct house_login *l, struct cur challenge);
void house_sign(struct house_login *l, const struct made *pass, const struct made *ca);
/* All of it, for pass of ca. */
void house_login(struct house *h, struct house_login *l, const struct made *pass,
    const struct made *ca);

/* What most tests have: a house with one login in it, and the keys of the program. */
struct house_test {
	struct house h;
	struct house_login l;
};
extern struct house_pki house_pki;
/* As house_open(). */
struct house_test *house_test_open(const char *environment, const char *extra);
void house_test_close(struct house_test *t);
/* A native login, asked for and challenged. */
void house_begin(struct house_test *t);
/* Hand the assertion of its login in. */
enum err house_hand_in(struct house_test *t);
int house_group_set_up(void **state);
int house_group_tear_down(void **state);
/* *state: lines for [broker] or NULL; then the struct house_test. */
int house_set_up(void **state);
int house_tear_down(void **state);
#define HOUSE_TEST(name, extra)						\
	{ #name, name, house_set_up, house_tear_down, (void *)(uintptr_t)(extra) }

/* header and payload as given, signed. */
void house_jws(struct cur header, struct cur payload, enum jws_alg alg, EVP_PKEY *key,
    struct buf *ret);

#endif
