/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * An agent in a world that a test controls: the readers (in place of src/card/watch.c),
 * the screen (in place of src/agent/seat.c), a broker and a worker (fake_worker.c) that
 * do what they are told.  One process, one loop; callers are real connections.
 */
#ifndef DEZI_TESTS_AGENT_WORLD_H
#define DEZI_TESTS_AGENT_WORLD_H

#include "tests/check.h"

#include <openssl/evp.h>

#include "agent/agent.h"
#include "agent/seat.h"
#include "base/clock.h"
#include "card/watch.h"
#include "login/challenge.h"
#include "net/client.h"
#include "net/server.h"

#define HANDLE		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define FINISH		"ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"
#define BODY		"{\"login\":\"" HANDLE "\"}"
#define CALLS_MAX	16

/* A request to the agent that has been sent. */
struct answer {
	struct http_call *call;
	bool	 done;
	enum err e;
	int	 status;
	char	 location[256];
	char	 body[8192];
};

/* The broker: what it answers, and what it was asked. */
struct broker {
	struct http_server *server;
	EVP_PKEY *key;			/* pinned */
	EVP_PKEY *other;		/* not pinned */
	bool	 sign_with_other;
	struct challenge challenge;	/* a new nonce and jti each time ... */
	bool	 repeat;		/* ... but for this */
	int64_t	 skew;			/* of its clock, seconds */
	enum err refuse_challenge, refuse_assertion, refuse_lease, refuse_end;
	bool	 hold;			/* keep assertions waiting */
	bool	 hold_leases;		/* never answer one */
	struct http_exchange *held;
	int	 lease;			/* seconds */
	int	 absence;		/* the longest */
	unsigned challenges, assertions, leases, ends;
	char	 assertion[8192], lease_body[256], end_body[256], bearer[256];
};

struct world {
	char	 dir[64];
	char	 socket[96], broker_socket[96], script[96], audit_file[96];
	sd_event *loop;
	struct host_conf conf;
	struct agent agent;
	struct broker broker;
	struct answer answers[CALLS_MAX];
	size_t	 n;
	char	*env[2];
};

/* Setup and teardown of a test: readers A (empty) and B (with a card, counter 7). */
int world_make(void **state);
int world_drop(void **state);
/* Only now, so that a test may change the configuration before. */
void world_start(struct world *w);

/* The broker answers the assertion that it held. */
void broker_release(struct world *w);

/* What the next worker does: see fake_worker.c. */
void world_script(const struct world *w, const char *what);

/* Ask the agent.  prefer and body may be NULL. */
struct answer *world_call(struct world *w, const char *method, const char *path,
    const char *body, const char *prefer);
/* The last one is of no interest any more. */
void world_forget(struct world *w, struct answer *a);
/* The caller closes the connection. */
void world_hang_up(struct answer *a);
/* Another process of the same user asks: the HTTP status. */
int world_call_elsewhere(struct world *w, const char *method, const char *path);

/* One turn of the loop, which may be one in which nothing happened. */
void world_turn(struct world *w);
/* Turns until nothing happens any more. */
void world_settle(struct world *w);
/* A test that waits for what does not come fails. */
#define PATIENCE_MS	20000
#define UNTIL(w, condition)						\
	do {								\
		const int64_t until_ms = clock_boot_ms() + PATIENCE_MS;	\
									\
		while (!(condition)) {					\
			assert_true(clock_boot_ms() < until_ms);	\
			world_turn(w);					\
		}							\
	} while (0)
void world_wait(struct world *w, const struct answer *a);
/* Wait for an answer with this status and, where word is not NULL, this problem. */
void world_expect(struct world *w, const struct answer *a, int status, const char *word);

/* A native login; one that runs beside; and a whole one, accepted. */
struct answer *world_login(struct world *w);
struct answer *world_login_async(struct world *w);
void world_log_in(struct world *w);

/* Ask until the login at location is in this state; what was answered then. */
struct answer *world_wait_state(struct world *w, const char *location, const char *want);

/* The text of a member of the answer's JSON object; the test fails without it. */
void answer_member(const struct answer *a, const char *name, char *ret, size_t size);

/* Readers and screen */
extern struct watch_state world_readers;
#define world_card	(&world_readers.readers[1])
void world_readers_changed(void);
void world_pull_card(void);
extern bool world_in_front, world_can_lock, world_has_slept;
extern unsigned world_locks, world_pokes;
void world_seat(enum seat_change what);

#endif
