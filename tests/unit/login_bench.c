/* SPDX-License-Identifier: EUPL-1.2 */
/* The world of login_bench.h. */
#include "tests/check.h"

#include "tests/unit/login_bench.h"

#include <stdio.h>
#include <stdlib.h>

struct pki bench_pki;
struct made bench_pass;
static struct made others[16];
static size_t n_others;

static int64_t
world_utc(void *arg)
{
	(void)arg;
	return MADE_NOW;
}

static int64_t
world_boot(void *arg)
{
	return ((struct bench *)arg)->boot;
}

static enum err
world_random(void *arg, uint8_t *ret, size_t n)
{
	struct bench *b = arg;

	memset(ret, 0x5a, n);
	return b->random_r;
}

static void
world_step(void *arg, enum login_step s)
{
	struct bench *b = arg;
	size_t n = strlen(b->steps);

	snprintf(b->steps + n, sizeof(b->steps) - n, "%s ", login_step_name(s));
}

static enum err
fake_sign(struct means *m, const struct means_view *v, const struct secret *pin,
    bool allow_last, struct cur tbs, struct buf *ret_sig, struct pin_state *ret_pin)
{
	struct bench *b = m->state;
	const struct bench_sign *s = &b->signs[b->signed_];

	assert_string_equal(v->serial, "5A01");
	assert_true(b->signed_ < BENCH_ASKS);
	assert_true(cur_to_str(secret_view(pin), b->sent[b->signed_], SECRET_MAX + 1));
	b->allow_last[b->signed_] = allow_last;
	b->signed_++;
	buf_clear(&b->tbs);
	buf_cur(&b->tbs, tbs);
	if (s->r == ERR_PIN_WRONG || s->r == ERR_PIN_BLOCKED || s->r == ERR_OK)
		*ret_pin = (struct pin_state){ .tries = s->tries, .blocked = s->tries == 0,
		    .last_try = s->tries == 1 };
	if (s->r != ERR_OK)
		return fail(s->r, "the card says no");
	assert_ok(jws_sign(b->alg == MEANS_ES256 ? JWS_ES256 : JWS_RS256, b->signer, tbs,
	    ret_sig));
	if (b->spoil)
		ret_sig->p[5] ^= 1;
	return ERR_OK;
}

static enum err
fake_attest(struct means *m, const struct means_view *v, struct buf *ret_statement,
    struct buf *ret_device)
{
	struct bench *b = m->state;
	uint8_t *p;

	assert_string_equal(v->serial, "5A01");
	b->attested++;
	if (b->attest_r != ERR_OK)
		return fail(b->attest_r, "no attestation");
	if ((p = buf_room(ret_statement, b->statement)) != NULL)
		memset(p, 0xa5, b->statement);
	if ((p = buf_room(ret_device, b->device)) != NULL)
		memset(p, 0x5a, b->device);
	return buf_end(ret_statement) != ERR_OK ? buf_end(ret_statement) :
	    buf_end(ret_device);
}

static void
fake_doubt(struct means *m, const struct means_view *v)
{
	assert_string_equal(v->serial, "5A01");
	((struct bench *)m->state)->doubted++;
}

static void
fake_close(struct means *m)
{
	((struct bench *)m->state)->closed++;
}

static const struct means_ops ops = {
	.name = "native", .one_transaction = true, .sign = fake_sign, .doubt = fake_doubt,
	.attest = fake_attest, .close = fake_close,
};

static enum err
world_means(void *arg, const struct login_request *rq, struct means **ret,
    struct means_view *ret_view)
{
	struct bench *b = arg;
	struct means *m;

	assert_ptr_equal(rq, &b->rq);
	if (b->means_r != ERR_OK)
		return fail(b->means_r, "no means");
	m = malloc(sizeof(*m));
	assert_non_null(m);
	*m = (struct means){ &ops, b };
	*ret_view = (struct means_view){
		.reader = "Reader\n1", .event_counter = 7, .driver = "uzi",
		.serial = "5A01",
		.cert = BUF(CERT_DER_MAX), .alg = b->alg, .pin = b->pin, .pin_min = 6,
		.pin_max = 8, .pin_digits_only = !b->any_sign, .pinpad = b->pinpad,
		.keyboard = b->keyboard, .touch = b->touch,
	};
	buf_cur(&ret_view->cert, buf_view(&b->leaf->der));
	b->opened++;
	*ret = m;
	return ERR_OK;
}

static void
see(struct bench_seen *s, const struct login_prompt *p)
{
	memcpy(s->rp_name, p->says->rp_name, sizeof(s->rp_name));
	memcpy(s->origin, p->says->origin, sizeof(s->origin));
	memcpy(s->caller, p->says->evidence.caller, sizeof(s->caller));
	memcpy(s->reader, p->says->evidence.reader, sizeof(s->reader));
	s->tries = p->pin.tries;
	s->why = p->why;
}

static enum err
world_tell_pinpad(void *arg, const struct login_prompt *p)
{
	struct bench *b = arg;

	see(&b->seen[0], p);
	b->told_pinpad++;
	return ERR_OK;
}

static enum err
world_tell_touch(void *arg, const struct login_prompt *p)
{
	struct bench *b = arg;

	assert_true(p->view->touch);
	assert_int_equal(b->signed_, b->told_touch);	/* before the token is asked */
	b->told_touch++;
	return ERR_OK;
}

static enum err
world_ask_pin(void *arg, const struct login_prompt *p, struct secret *ret)
{
	struct bench *b = arg;
	const char *pin;

	assert_true(b->asked < BENCH_ASKS);
	see(&b->seen[b->asked], p);
	pin = b->pins[b->asked] == NULL ? "123456" : b->pins[b->asked];
	b->asked++;
	b->boot += b->think_ms;
	if (b->ask_r != ERR_OK)
		return fail(b->ask_r, "the person says no");
	return secret_set(ret, cur_str(pin));
}

static enum err
world_ask_last_try(void *arg, const struct login_prompt *p)
{
	struct bench *b = arg;

	see(&b->seen[b->asked], p);
	b->asked_last_try++;
	return b->last_try_r == ERR_OK ? ERR_OK : fail(b->last_try_r, "rather not");
}

static enum err
world_renew(void *arg, struct login_request *rq)
{
	struct bench *b = arg;

	b->renewed_n++;
	if (b->renew_r != ERR_OK)
		return fail(b->renew_r, "no new challenge");
	snprintf(rq->challenge, sizeof(rq->challenge), "new.challenge.%u", b->renewed_n);
	memset(rq->c.nonce, 0x60 + (int)b->renewed_n, sizeof(rq->c.nonce));
	rq->deadline_boot_ms = b->boot + b->renew_ms;
	if (b->renewed != NULL)
		b->renewed(rq);
	return ERR_OK;
}

const struct made *
bench_cert(const struct recipe *how, const struct made *issuer)
{
	assert_true(n_others < NELEM(others));
	make_cert(how, issuer, &others[n_others]);
	return &others[n_others++];
}

int
bench_group(void **state)
{
	struct recipe z = pass_recipe('Z');

	(void)state;
	make_pki("TEST ", "2.16.528.1.1007.99.21", &bench_pki);
	make_cert(&z, &bench_pki.z, &bench_pass);
	return 0;
}

int
bench_group_end(void **state)
{
	(void)state;
	while (n_others > 0)
		made_drop(&others[--n_others]);
	made_drop(&bench_pass);
	pki_drop(&bench_pki);
	return 0;
}

static void
fill_store(struct cert_store **ret)
{
	const struct made *const middle[] = {
		&bench_pki.level2, &bench_pki.z, &bench_pki.n, &bench_pki.m,
	};

	assert_ok(cert_store_new(CERT_ENV_TEST, CERT_REVOCATION_ELSEWHERE, ret));
	assert_ok(cert_store_add_anchor(*ret, buf_view(&bench_pki.root.der)));
	for (size_t i = 0; i < NELEM(middle); i++)
		assert_ok(cert_store_add_intermediate(*ret, buf_view(&middle[i]->der)));
}

int
bench_start(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->leaf = &bench_pass;
	b->signer = bench_pass.key;
	b->pin.tries = 3;
	b->think_ms = 10000;
	b->renew_ms = 120000;
	b->boot = BENCH_BOOT;
	b->tbs = (struct buf)BUF(JWS_MAX);
	fill_store(&b->store);
	b->w = (struct login_world){
		b, world_utc, world_boot, world_random, world_step, world_means,
		world_renew, world_ask_last_try, world_ask_pin, world_tell_pinpad,
		world_tell_touch,
		b->store, "ZN",
	};
	b->rq = (struct login_request){
		.login_id = "login-1", .challenge = "old.challenge.0",
		.c = { .iss = "https://broker.example", .jti = "c1", .client_id = "epd",
		    .rp_name_nl = "Zorgportaal", .rp_name_en = "Care portal",
		    .origin = "https://epd.example", .acr = "high" },
		.deadline_boot_ms = BENCH_BOOT + 120000, .caller = "/usr/bin/epd",
		.language = "nl",
	};
	memset(b->rq.c.nonce, 0x11, sizeof(b->rq.c.nonce));
	*state = b;
	return 0;
}

enum err
bench_run(struct bench *b)
{
	enum err r = login_run(&b->w, &b->rq, &b->ret);

	/* An assertion only when all was well; then always. */
	assert_int_equal(b->ret.assertion.len != 0, r == ERR_OK);
	/* T33 */
	if (r != ERR_OK)
		assert_null(strstr(err_trail(), "123456"));
	return r;
}

int
bench_end(void **state)
{
	struct bench *b = *state;

	assert_int_equal(b->opened, b->closed);
	login_result_free(&b->ret);
	buf_free(&b->tbs);
	cert_store_free(&b->store);
	free(b);
	return 0;
}
