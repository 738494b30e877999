/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The real dezi-broker in a folder of its own, with passes that are valid today, and the
 * calls that agents and care applications make.  Needs $builddir/dezi-broker.
 */
#ifndef DEZI_TESTS_BROKER_RUN_H
#define DEZI_TESTS_BROKER_RUN_H

#include "net/client.h"
#include "tests/unit/broker_house.h"

#define RUN_PATIENCE_MS	20000	/* under valgrind, on a busy machine */

struct run {
	char  dir[64];
	char  conf[128];
	char  agent[100];	/* the sockets */
	char  client[100];
	pid_t pid;		/* of the broker, 0: none */
};

/* Keys and certificates, once; cmocka's group setup and teardown. */
int run_make_all(void **state);
int run_drop_all(void **state);
/* A folder with all files in it, and away with it; *state is the struct run. */
int run_set_up(void **state);
int run_tear_down(void **state);

void run_put_text(const struct run *p, const char *name, const char *text);
void run_put_register(const struct run *p, const char *status);
/* extra: lines for [broker]; the first is line 12 of the file. */
void run_put_conf(const struct run *p, const char *extra);

/* Start, wait until it is ready.  fds: client and agent socket to hand over, or NULL. */
void run_start(struct run *p, const int *fds);
/* The status of waitpid(). */
int run_stop(struct run *p, int sig);
/* A start that must fail: its exit status, and what it said. */
int run_fails(const struct run *p, char *ret_said, size_t size);

void run_call(const char *socket_path, const char *method, const char *path,
    const char *bearer, const char *body, struct http_answer *ret);
void run_call_is(const char *socket_path, const char *method, const char *path,
    const char *bearer, const char *body, enum err want);
/* A string member of an answer that is 200. */
void run_member(const struct http_answer *a, const char *name, char *ret, size_t size);

struct run_login {
	char handle[64], secret[64], session[64], token[64], finish[64];
	char body[40000];	/* of POST /v1/assertions */
};
void run_ask(struct run *p, struct run_login *l);
/* Fetch a challenge and have the pass answer it. */
void run_sign(struct run *p, struct run_login *l);
/* All of it, until the assertion is accepted. */
void run_log_in(struct run *p, struct run_login *l);
void run_result(struct run *p, const struct run_login *l, struct http_answer *ret);
/* want: "alive", or why the session ended. */
void run_state_is(struct run *p, const struct run_login *l, const char *want);

#endif
