/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A world for login_run(): a card made of software, a person who answers what a test
 * wrote down, and clocks that move when somebody is asked.  All that was said is kept.
 */
#ifndef DEZI_TESTS_LOGIN_BENCH_H
#define DEZI_TESTS_LOGIN_BENCH_H

#include "login/login.h"
#include "tests/unit/make_cert.h"

#define BENCH_BOOT	5000000		/* ms: when a test begins */
#define BENCH_ASKS	8

/* What the card does with one PIN. */
struct bench_sign {
	enum err r;
	int	 tries;			/* afterwards */
};

/* One window as the person saw it. */
struct bench_seen {
	char	 rp_name[128], origin[256], caller[256], reader[128];
	int	 tries;
	enum login_ask why;
};

struct bench {
	/* set by the test */
	const struct made *leaf;	/* the certificate on the card */
	EVP_PKEY *signer;		/* its key, or another's */
	enum means_alg alg;
	struct pin_state pin;
	bool	 touch;			/* the token wants it */
	bool	 any_sign;			/* its PIN may have letters */
	bool	 pinpad;			/* the PIN is typed on the reader */
	bool	 keyboard;			/* ... or here */
	const char *pins[BENCH_ASKS];	/* what the person enters; NULL: 123456 */
	enum err ask_r;			/* what the PIN window answers */
	enum err last_try_r;
	enum err means_r;
	enum err random_r;
	struct bench_sign signs[BENCH_ASKS];
	bool	 spoil;			/* one bit of the signature flips */
	size_t	 statement, device;	/* bytes of what the maker says of the key */
	enum err attest_r;
	int64_t	 think_ms;		/* a person needs so long for a PIN */
	enum err renew_r;
	int64_t	 renew_ms;		/* life of a renewed challenge */
	void	 (*renewed)(struct login_request *rq);	/* what else a renewal does */

	/* what happened */
	int64_t	 boot;
	char	 steps[128];		/* "reading_card asking_pin " */
	unsigned asked, attested, told_pinpad, told_touch, asked_last_try, signed_, renewed_n;
	unsigned opened, closed, doubted;
	struct bench_seen seen[BENCH_ASKS];
	bool	 allow_last[BENCH_ASKS];
	char	 sent[BENCH_ASKS][SECRET_MAX + 1];
	struct buf tbs;			/* what the card was given to sign */

	struct login_world w;
	struct login_request rq;
	struct login_result ret;
	struct cert_store *store;
};

/* PKI, one pass and its store; made once for all tests. */
int bench_group(void **state);
int bench_group_end(void **state);
/* *state becomes a struct bench in which everything is well. */
int bench_start(void **state);
/* Also checks what must hold after every login. */
int bench_end(void **state);

extern struct pki bench_pki;
extern struct made bench_pass;		/* of a zorgverlener */

enum err bench_run(struct bench *b);
/* A certificate in place of the pass; freed with the bench's group. */
const struct made *bench_cert(const struct recipe *how, const struct made *issuer);

#endif
