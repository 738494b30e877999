/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One login, as DESIGN sections 4 to 6 describe it, from the request to the signed
 * assertion.  Read login_run(), at the end, first.
 */
#include "login/login.h"

#include <stdio.h>
#include <string.h>

#include "base/b64.h"
#include "base/text.h"

#define SIG_MAX		1024
#define JTI_BYTES	16
#define CALLER_POINTS	100	/* of the caller's path: a window has an end */
#define LENGTH_ASKS	3	/* windows for one PIN that has a possible length */

struct login {
	const struct login_world *w;
	struct login_request *rq;
	struct login_result *ret;
	struct means *means;
	struct means_view view;
	struct cert *leaf;
	struct cert_verdict verdict;
	enum jws_alg alg;
	struct assertion says;		/* what is shown and what is signed */
};

static void
login_end(struct login *l)
{
	cert_verdict_free(&l->verdict);
	cert_free(&l->leaf);
	means_view_free(&l->view);
	means_close(&l->means);
}

/* Milliseconds until the challenge ends. */
static int64_t
time_left(const struct login *l)
{
	return l->rq->deadline_boot_ms - l->w->boot_ms(l->w->arg);
}

static enum err
still_valid(const struct login *l)
{
	return time_left(l) > 0 ? ERR_OK : fail(ERR_STALE, "the challenge has ended");
}

/*
 * Text that must be changed before a person may see it is refused: what is signed is
 * byte for byte what was shown (T30).
 */
static enum err
check_texts(const struct login *l)
{
	const struct challenge *c = &l->rq->c;

	if (c->rp_name_nl[0] == '\0' || c->client_id[0] == '\0')
		return fail(ERR_CHALLENGE, "the relying party has no name");
	if (!text_is_safe(cur_str(c->rp_name_nl), sizeof(c->rp_name_nl)) ||
	    !text_is_safe(cur_str(c->rp_name_en), sizeof(c->rp_name_en)) ||
	    !text_is_safe(cur_str(c->origin), sizeof(c->origin)))
		return fail(ERR_CHALLENGE, "a name or origin that cannot be shown");
	return ERR_OK;
}

/* The card, looked at once, before any PIN. */
static enum err
find_card(struct login *l)
{
	enum err r;

	l->w->step(l->w->arg, LOGIN_READING_CARD);
	if ((r = l->w->means(l->w->arg, l->rq, &l->means, &l->view)) != ERR_OK)
		return note(r, "card");
	l->ret->pin = l->view.pin;
	l->ret->event_counter = l->view.event_counter;
	memcpy(l->ret->reader, l->view.reader, sizeof(l->ret->reader));
	memcpy(l->ret->serial, l->view.serial, sizeof(l->ret->serial));
	return ERR_OK;
}

/*
 * Is this a certificate to log in with?  Never the one for signatures (DESIGN section 6
 * rule 4, T7).  The broker checks all of it again, and revocation.
 */
static enum err
check_certificate(struct login *l)
{
	const struct challenge *c = &l->rq->c;
	const char *policies[CHALLENGE_POLICIES];
	struct cert_rules rules = {
		.now = l->w->utc(l->w->arg), .pass_types = l->w->pass_types,
		.policies = c->n_policies == 0 ? NULL : policies,
		.n_policies = c->n_policies,
	};
	enum err r;

	for (size_t i = 0; i < c->n_policies; i++)
		policies[i] = c->policies[i];
	if ((r = cert_parse(buf_view(&l->view.cert), &l->leaf)) != ERR_OK ||
	    (r = cert_check_login(l->w->store, l->leaf, NULL, 0, &rules, &l->verdict)) !=
	    ERR_OK)
		return note(r, "certificate of the card");
	return ERR_OK;
}

/* By what the card can do and the kind of its key; no request has a say (T-alg). */
static enum err
choose_algorithm(struct login *l)
{
	static const enum jws_alg algs[] = {
		[MEANS_RS256] = JWS_RS256, [MEANS_PS256] = JWS_PS256,
		[MEANS_ES256] = JWS_ES256, [MEANS_ES384] = JWS_ES384,
	};

	l->alg = algs[l->view.alg];
	if (!jws_alg_fits(l->alg, cert_key(l->leaf)))
		return fail(ERR_ALG, "%s does not fit the key of the certificate",
		    jws_alg_name(l->alg));
	l->ret->alg = l->alg;
	return ERR_OK;
}

static enum err
copy_safe(char *ret, size_t size, const char *text, size_t max_points)
{
	AUTO(buf_free) struct buf b = BUF(size);

	text_put_safe(&b, cur_str(text), max_points);
	if (buf_end(&b) != ERR_OK || !cur_to_str(buf_view(&b), ret, size))
		return fail(ERR_LIMIT, "text of %zu bytes", strlen(text));
	return ERR_OK;
}

static enum err
bind_challenge(struct login *l)
{
	struct cur challenge = cur_str(l->rq->challenge);
	struct assertion *a = &l->says;

	memcpy(a->nonce, l->rq->c.nonce, sizeof(a->nonce));
	if (EVP_Digest(challenge.p, challenge.n, a->challenge_sha256, NULL, EVP_sha256(),
	    NULL) != 1)
		return fail(ERR_CRYPTO, "SHA-256");
	return ERR_OK;
}

/* All that the person will see and the card will sign, but for the time. */
static enum err
state_assertion(struct login *l)
{
	const struct challenge *c = &l->rq->c;
	struct assertion *a = &l->says;
	struct assertion_evidence *e = &a->evidence;
	enum err r;

	snprintf(a->aud, sizeof(a->aud), "%s", c->iss);
	snprintf(a->client_id, sizeof(a->client_id), "%s", c->client_id);
	snprintf(a->rp_name, sizeof(a->rp_name), "%s", login_rp_name(l->rq));
	snprintf(a->origin, sizeof(a->origin), "%s", c->origin);
	snprintf(e->means, sizeof(e->means), "%s", l->means->ops->name);
	snprintf(e->driver, sizeof(e->driver), "%s", l->view.driver);
	e->one_transaction = l->means->ops->one_transaction;
	if ((r = copy_safe(e->reader, sizeof(e->reader), l->view.reader,
	    CARD_READER_MAX)) != ERR_OK ||
	    (r = copy_safe(e->caller, sizeof(e->caller), l->rq->caller,
	    CALLER_POINTS)) != ERR_OK)
		return r;
	return bind_challenge(l);
}

static void
keep_cert(struct assertion_cert *ret, const struct buf *der)
{
	memcpy(ret->der, der->p, der->len);
	ret->n = der->len;
}

/*
 * What the maker of the card says of its key, where there is such a thing.  Whether it is
 * wanted, and true, is for the broker: without it the login goes on.
 */
static enum err
add_attestation(struct login *l)
{
	AUTO(buf_free) struct buf statement = BUF(ASSERTION_ATTEST_MAX);
	AUTO(buf_free) struct buf device = BUF(ASSERTION_ATTEST_MAX);
	const struct means_ops *ops = l->means->ops;
	enum err r = ERR_NOT_FOUND;

	if (ops->attest != NULL)
		r = ops->attest(l->means, &l->view, &statement, &device);
	/* Then there is no card to ask a PIN for. */
	if (r == ERR_REMOVED || r == ERR_CARD_CHANGED || r == ERR_NO_SERVICE)
		return note(r, "attestation");
	if (r != ERR_OK || statement.len == 0 || device.len == 0)
		return ERR_OK;
	keep_cert(&l->says.evidence.statement, &statement);
	keep_cert(&l->says.evidence.device, &device);
	return ERR_OK;
}

static bool
same_policies(const struct challenge *a, const struct challenge *b)
{
	if (a->n_policies != b->n_policies)
		return false;
	for (size_t i = 0; i < a->n_policies; i++)
		if (strcmp(a->policies[i], b->policies[i]) != 0)
			return false;
	return true;
}

/* Did a renewal leave everything as it was that the person is shown or the card signs? */
static bool
same_question(const struct login_request *a, const struct login_request *b)
{
	return strcmp(a->login_id, b->login_id) == 0 &&
	    strcmp(a->caller, b->caller) == 0 &&
	    strcmp(a->language, b->language) == 0 &&
	    strcmp(a->c.iss, b->c.iss) == 0 &&
	    strcmp(a->c.client_id, b->c.client_id) == 0 &&
	    strcmp(a->c.rp_name_nl, b->c.rp_name_nl) == 0 &&
	    strcmp(a->c.rp_name_en, b->c.rp_name_en) == 0 &&
	    strcmp(a->c.origin, b->c.origin) == 0 &&
	    strcmp(a->c.acr, b->c.acr) == 0 &&
	    same_policies(&a->c, &b->c);
}

/* A person needs a minute: with less, a newer challenge is fetched, once per window. */
static enum err
enough_time(struct login *l)
{
	struct login_request before = *l->rq;
	enum err r;

	if (time_left(l) >= LOGIN_PIN_TIME_MIN * 1000)
		return ERR_OK;
	if ((r = l->w->renew(l->w->arg, l->rq)) != ERR_OK)
		return note(r, "new challenge");
	if (!same_question(&before, l->rq))
		return fail(ERR_MISMATCH, "the new challenge asks for something else");
	if (time_left(l) <= LOGIN_PIN_MARGIN * 1000)
		return fail(ERR_STALE, "no time for a PIN");
	return bind_challenge(l);
}

static struct login_prompt
prompt_of(const struct login *l, enum login_ask why)
{
	return (struct login_prompt){
		.rq = l->rq, .says = &l->says, .view = &l->view, .pin = l->ret->pin,
		.why = why,
	};
}

/*
 * May one PIN be sent at all?  The last try never unasked.  Where a card does not say
 * how many are left, the means calls it the last one after two wrong PINs of ours
 * (DESIGN section 6 rule 2, T26).
 */
static enum err
admit_try(struct login *l, bool *ret_agreed)
{
	const struct pin_state *pin = &l->ret->pin;
	struct login_prompt p;
	enum err r;

	*ret_agreed = false;
	if (pin->blocked || pin->tries == 0)
		return fail(ERR_PIN_BLOCKED, "no tries left");
	if (!pin->last_try && pin->tries != 1)
		return ERR_OK;
	p = prompt_of(l, LOGIN_ASK_FIRST);
	if ((r = l->w->ask_last_try(l->w->arg, &p)) != ERR_OK)
		return note(r, "last try");
	*ret_agreed = true;
	return ERR_OK;
}

static bool
pin_possible(const struct means_view *v, const struct secret *pin)
{
	if (pin->len == 0 || pin->len < v->pin_min || pin->len > v->pin_max)
		return false;
	for (size_t i = 0; i < pin->len; i++) {
		uint8_t c = pin->p[i];

		/* Control characters are in no card's PIN. */
		if (c < 0x20 || c == 0x7f ||
		    (v->pin_digits_only && (c < '0' || c > '9')))
			return false;
	}
	return true;
}

/* The reader asks for it, and we never see it. */
static enum err
leave_pin_to_reader(struct login *l, enum login_ask why)
{
	struct login_prompt p = prompt_of(l, why);
	enum err r = l->w->tell_pinpad(l->w->arg, &p);

	return r == ERR_OK ? still_valid(l) : note(r, "PIN on the reader");
}

/*
 * A PIN that cannot be right is asked for again: it was not sent and cost nothing.  Where
 * the person may choose, an empty one is typed on the reader, which has no letters.
 */
static enum err
ask_pin(struct login *l, enum login_ask why, struct secret *ret)
{
	enum err r;

	l->w->step(l->w->arg, LOGIN_ASKING_PIN);
	if (l->view.pinpad && !l->view.keyboard)
		return leave_pin_to_reader(l, why);
	for (int i = 0; i < LENGTH_ASKS; i++, why = LOGIN_ASK_LENGTH) {
		struct login_prompt p = prompt_of(l, why);

		if ((r = l->w->ask_pin(l->w->arg, &p, ret)) != ERR_OK)
			return note(r, "PIN window");
		if (l->view.pinpad && ret->len == 0)
			return leave_pin_to_reader(l, why);
		if (pin_possible(&l->view, ret))
			return still_valid(l);
	}
	return fail(ERR_PIN_LENGTH, "a PIN that cannot be right, %d times", LENGTH_ASKS);
}

static bool
has_room(size_t header, size_t payload)
{
	return B64URL_LEN(header) + 1 + B64URL_LEN(payload) + 1 + B64URL_LEN(SIG_MAX) <=
	    JWS_MAX;
}

/* Beside a long chain of certificates there may be no room for the maker's word. */
static enum err
build_payload(struct login *l, size_t header, struct buf *ret)
{
	struct assertion_evidence *e = &l->says.evidence;
	enum err r = assertion_payload(&l->says, ret);

	if (e->statement.n == 0 || (r == ERR_OK && has_room(header, ret->len)))
		return r;
	e->statement.n = e->device.n = 0;
	buf_clear(ret);
	return assertion_payload(&l->says, ret);
}

/* Every byte that the card signs is made here (T6). */
static enum err
build_signing_input(struct login *l, struct buf *ret)
{
	AUTO(buf_free) struct buf header = BUF(JWS_MAX), payload = BUF(JWS_MAX);
	AUTO(buf_free) struct buf jti = BUF(sizeof(l->says.jti));
	struct cur x5c[JWS_X5C_MAX] = { cert_der(l->leaf) };
	uint8_t random[JTI_BYTES];
	size_t n = 1;
	enum err r;

	/* Leaf and intermediates: the anchor is the verifier's own. */
	for (; n + 1 < l->verdict.chain_n && n < NELEM(x5c); n++)
		x5c[n] = cert_der(l->verdict.chain[n]);
	if ((r = l->w->random(l->w->arg, random, sizeof(random))) != ERR_OK)
		return note(r, "random");
	b64url_put(&jti, cur_of(random, sizeof(random)));
	if (!buf_to_str(&jti, l->says.jti, sizeof(l->says.jti)))
		return fail(ERR_LIMIT, "jti");
	l->says.iat = l->w->utc(l->w->arg);
	if ((r = assertion_header(l->alg, x5c, n, &header)) != ERR_OK ||
	    (r = build_payload(l, header.len, &payload)) != ERR_OK ||
	    (r = jws_signing_input(buf_view(&header), buf_view(&payload), ret)) != ERR_OK)
		return note(r, "assertion");
	return ERR_OK;
}

/* Verify, sign, forget: the means does all three, and our copy of the PIN ends here. */
static enum err
sign(struct login *l, enum login_ask why, struct secret *pin, bool agreed, struct cur tbs,
    struct buf *ret_sig)
{
	const struct login_prompt p = prompt_of(l, why);
	struct means *m = l->means;
	enum err r;

	l->w->step(l->w->arg, LOGIN_SIGNING);
	if (l->view.touch && pin->len != 0 &&
	    (r = l->w->tell_touch(l->w->arg, &p)) != ERR_OK)
		return note(r, "touch");
	r = m->ops->sign(m, &l->view, pin, agreed, tbs, ret_sig, &l->ret->pin);
	secret_wipe(pin);
	return r == ERR_OK ? ERR_OK : note(r, "signature");
}

/* One PIN, at most one signature.  Nothing leaves that was not verified (rule 5). */
static enum err
one_pin(struct login *l, enum login_ask why)
{
	AUTO(secret_wipe) struct secret pin = { 0 };
	AUTO(buf_free) struct buf jws = BUF(JWS_MAX), sig = BUF(SIG_MAX);
	struct assertion_evidence *e = &l->says.evidence;
	bool agreed;
	enum err r;

	if ((r = admit_try(l, &agreed)) != ERR_OK ||
	    (r = enough_time(l)) != ERR_OK ||
	    (r = ask_pin(l, why, &pin)) != ERR_OK)
		return r;
	snprintf(e->pin_entry, sizeof(e->pin_entry), pin.len == 0 ? "pinpad" : "window");
	if ((r = build_signing_input(l, &jws)) != ERR_OK ||
	    (r = sign(l, why, &pin, agreed, buf_view(&jws), &sig)) != ERR_OK)
		return r;
	r = jws_verify(l->alg, cert_key(l->leaf), buf_view(&jws), buf_view(&sig));
	if (r == ERR_SIGNATURE && l->means->ops->doubt != NULL)
		l->means->ops->doubt(l->means, &l->view);
	if (r != ERR_OK)
		return note(r, "what the card signed");
	if ((r = jws_finish(&jws, buf_view(&sig))) != ERR_OK)
		return r;
	buf_free(&l->ret->assertion);
	l->ret->assertion = jws;
	jws = (struct buf){ 0 };	/* the result's now */
	return ERR_OK;
}

/*
 * A wrong PIN may be entered once more, while two tries remain (T26).  A card that did
 * not say so before gets one PIN in one login, whatever it says now (rule 2).
 */
static enum err
ask_and_sign(struct login *l)
{
	bool known = l->ret->pin.tries >= 0;
	enum err r = one_pin(l, LOGIN_ASK_FIRST);

	/* Nothing was typed: the keyboard is left, unless policy says no. */
	if (r == ERR_UNSUPPORTED && l->view.keyboard) {
		l->view.pinpad = l->view.keyboard = false;
		return one_pin(l, LOGIN_ASK_FIRST);
	}
	if (r == ERR_PIN_WRONG && known && l->ret->pin.tries >= 2)
		r = one_pin(l, LOGIN_ASK_WRONG);
	return r;
}

enum err
login_run(const struct login_world *w, struct login_request *rq, struct login_result *ret)
{
	AUTO(login_end) struct login l = { .w = w, .rq = rq, .ret = ret };
	enum err r;

	ret->pin.tries = -1;
	if ((r = still_valid(&l)) != ERR_OK ||
	    (r = check_texts(&l)) != ERR_OK ||
	    (r = find_card(&l)) != ERR_OK ||
	    (r = check_certificate(&l)) != ERR_OK ||	/* before a person is asked */
	    (r = choose_algorithm(&l)) != ERR_OK ||
	    (r = state_assertion(&l)) != ERR_OK ||	/* shown, and then signed */
	    (r = add_attestation(&l)) != ERR_OK ||
	    (r = ask_and_sign(&l)) != ERR_OK)
		return r;
	return ERR_OK;
}
