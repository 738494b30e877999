/* SPDX-License-Identifier: EUPL-1.2 */
/* Logins: how one is asked for, challenged and accepted. */
#include "broker/flow.h"

#include <stdio.h>

#include "broker/record.h"
#include "verify/verify.h"

/*
 * Clock skew of a workstation is reported, not refused (DESIGN section 5): the life of a
 * challenge is counted by our own clock, from our own issue.  What is more than a day off
 * is no skew, it is another day's assertion.
 */
#define SKEW_MAX	86400
#define MS		1000

void
flow_opened_wipe(struct flow_opened *o)
{
	explicit_bzero(o, sizeof(*o));
}

void
flow_accepted_wipe(struct flow_accepted *a)
{
	explicit_bzero(a, sizeof(*a));
}

static enum err
new_token(const struct flow *f, struct token *ret, uint8_t ret_hash[HASH_LEN])
{
	return token_new(f->random, f->random_arg, ret, ret_hash);
}

/* --- requests --- */

/* An unknown client is compared too, with a hash that nothing has. */
static enum err
authenticate(const struct flow *f, const struct flow_at *at,
    const struct flow_request *rq, const struct client **ret)
{
	static const uint8_t nothing[HASH_LEN];
	const struct client *c = conf_client(f->conf, rq->client_id);
	uint8_t given[HASH_LEN];
	bool same;
	enum err r;

	if ((r = token_hash(rq->client_secret, given)) != ERR_OK)
		return r;
	same = hash_eq(given, c == NULL ? nothing : c->secret_sha256);
	if (c == NULL || !same)
		return fail(ERR_NOT_ALLOWED, "no client with this id and secret");
	if (!client_uid_ok(c, at->peer.uid))
		return fail(ERR_NOT_ALLOWED, "this uid may not speak for the client");
	*ret = c;
	return ERR_OK;
}

static enum err
check_wish(const struct flow *f, const struct client *c, const struct flow_request *rq,
    enum loa *ret_acr)
{
	enum loa acr = loa_of_uri(rq->acr);

	if (!client_origin_ok(c, rq->origin))
		return fail(ERR_NOT_ALLOWED, "the origin is not one of the client's");
	if (acr == LOA_NONE)
		return fail(ERR_ACR, "no level of assurance of eIDAS");
	if (acr < c->acr)
		return fail(ERR_ACR, "the client must ask for more");
	if (acr > means_best(f->means))
		return fail(ERR_ACR, "no registered means gives that much");
	*ret_acr = acr;
	return ERR_OK;
}

static enum err
check_room(const struct flow *f, const struct flow_at *at)
{
	int64_t n;
	enum err r;

	if ((r = store_login_count(f->store, &at->peer, at->boot_ms, &n)) != ERR_OK)
		return r;
	if (n >= FLOW_OPEN_MAX)
		return fail(ERR_BUSY, "this uid has too many open logins");
	return ERR_OK;
}

static enum err
open_login(struct flow *f, const struct flow_at *at, const struct flow_request *rq,
    struct audit_record *rec, struct flow_opened *ret)
{
	const struct client *c;
	struct login_row row = { .asker = at->peer, .opened_utc = at->utc,
		.until_ms = at->boot_ms + FLOW_LOGIN_SECONDS * MS };
	enum err r;

	if ((r = authenticate(f, at, rq, &c)) != ERR_OK ||
	    (r = check_wish(f, c, rq, &row.acr)) != ERR_OK ||
	    (r = check_room(f, at)) != ERR_OK)
		return r;
	if ((r = new_token(f, &ret->login, row.handle)) != ERR_OK ||
	    (r = new_token(f, &ret->request_secret, row.secret)) != ERR_OK)
		return r;
	if (!cur_to_str(cur_str(c->id), row.client, sizeof(row.client)) ||
	    !cur_to_str(cur_str(rq->origin), row.origin, sizeof(row.origin)))
		return fail(ERR_LIMIT, "client or origin");
	if ((r = store_login_add(f->store, &row)) != ERR_OK)
		return r;
	record_login(rec, &row);
	audit_str(rec, "acr", loa_uri(row.acr));
	ret->expires = at->utc + FLOW_LOGIN_SECONDS;
	return ERR_OK;
}

enum err
flow_request(struct flow *f, const struct flow_at *at, const struct flow_request *rq,
    struct flow_opened *ret)
{
	struct audit_record rec;
	enum err r;

	record_begin(&rec, f, at, "request");
	r = record_end(f, at, &rec, open_login(f, at, rq, &rec, ret));
	if (r != ERR_OK)
		flow_opened_wipe(ret);
	return r;
}

/* --- challenges --- */

static enum err
random_id(const struct flow *f, char *ret, size_t size)
{
	AUTO(buf_free) struct buf text = BUF(SESSION_ID_LEN);
	uint8_t bytes[SESSION_ID_BYTES];
	enum err r;

	if ((r = f->random(f->random_arg, bytes, sizeof(bytes))) != ERR_OK)
		return r;
	b64url_put(&text, cur_of(bytes, sizeof(bytes)));
	if ((r = buf_end(&text)) != ERR_OK || !cur_to_str(buf_view(&text), ret, size))
		return fail(ERR_NOMEM, "identifier");
	return ERR_OK;
}

/* All strings of conf and row are of the sizes of struct challenge, or smaller. */
static bool
copy(char *ret, size_t size, const char *s)
{
	return cur_to_str(cur_str(s), ret, size);
}

static enum err
fill_challenge(const struct flow *f, const struct flow_at *at,
    const struct login_row *row, struct challenge *ret)
{
	const struct client *c = conf_client(f->conf, row->client);
	int64_t left = (row->until_ms - at->boot_ms) / MS;
	enum err r;

	if (c == NULL)		/* taken out of the configuration meanwhile */
		return fail(ERR_UNKNOWN, "the client is gone");
	*ret = (struct challenge){ .iat = at->utc, .n_policies = f->conf->n_policies };
	ret->exp = at->utc + (left < CHALLENGE_LIFE_MAX ? left : CHALLENGE_LIFE_MAX);
	if (!copy(ret->iss, sizeof(ret->iss), f->conf->issuer) ||
	    !copy(ret->client_id, sizeof(ret->client_id), c->id) ||
	    !copy(ret->rp_name_nl, sizeof(ret->rp_name_nl), c->rp_name_nl) ||
	    !copy(ret->rp_name_en, sizeof(ret->rp_name_en), c->rp_name_en) ||
	    !copy(ret->origin, sizeof(ret->origin), row->origin) ||
	    !copy(ret->acr, sizeof(ret->acr), loa_uri(row->acr)))
		return fail(ERR_LIMIT, "challenge");
	for (size_t i = 0; i < ret->n_policies; i++)
		if (!copy(ret->policies[i], sizeof(ret->policies[i]),
		    f->conf->policy_list[i]))
			return fail(ERR_LIMIT, "challenge");
	if ((r = random_id(f, ret->jti, sizeof(ret->jti))) != ERR_OK)
		return r;
	return f->random(f->random_arg, ret->nonce, sizeof(ret->nonce));
}

static enum err
make_challenge(struct flow *f, const struct flow_at *at, struct cur login,
    struct audit_record *rec, struct buf *ret_jws)
{
	uint8_t handle[HASH_LEN];
	struct login_row row;
	struct challenge c;
	struct challenge_row kept;
	enum err r;

	if ((r = token_hash(login, handle)) != ERR_OK)
		return r;
	r = store_login_bind(f->store, handle, &at->peer, at->boot_ms, &row);
	if (r == ERR_NOT_FOUND)
		return fail(ERR_UNKNOWN, "no open login of this agent");
	if (r != ERR_OK)
		return r;
	record_login(rec, &row);
	if ((r = fill_challenge(f, at, &row, &c)) != ERR_OK ||
	    (r = challenge_write(&c, f->key, ret_jws)) != ERR_OK ||
	    (r = token_hash(buf_view(ret_jws), kept.jws_sha256)) != ERR_OK)
		return r;
	memcpy(kept.nonce, c.nonce, sizeof(kept.nonce));
	kept.until_ms = at->boot_ms + (c.exp - c.iat) * MS;
	audit_str(rec, "challenge", c.jti);
	return store_challenge_put(f->store, row.id, FLOW_CHALLENGES, &kept);
}

enum err
flow_challenge(struct flow *f, const struct flow_at *at, struct cur login,
    struct buf *ret_jws)
{
	struct audit_record rec;
	enum err r;

	record_begin(&rec, f, at, "challenge");
	buf_clear(ret_jws);
	r = record_end(f, at, &rec, make_challenge(f, at, login, &rec, ret_jws));
	if (r != ERR_OK)
		buf_clear(ret_jws);
	return r;
}

/* --- assertions --- */

/* List A: ours, of this agent, not used, not too old.  From here on it is used. */
static enum err
take_challenge(struct flow *f, const struct flow_at *at, struct cur login,
    struct audit_record *rec, struct login_row *ret_row, struct challenge_row *ret)
{
	uint8_t handle[HASH_LEN];
	bool ours;
	enum err r;

	if ((r = token_hash(login, handle)) != ERR_OK)
		return r;
	r = store_login_find(f->store, handle, ret_row);
	if (r != ERR_OK && r != ERR_NOT_FOUND)
		return r;
	ours = r == ERR_OK && ret_row->bound && peer_eq(&ret_row->agent, &at->peer) &&
	    ret_row->state != LOGIN_DEAD;
	if (!ours)
		return fail(ERR_UNKNOWN, "no login of this agent");
	record_login(rec, ret_row);
	if (ret_row->state == LOGIN_ACCEPTED)
		return fail(ERR_REPLAYED, "this login was accepted before");
	r = store_challenge_use(f->store, ret_row->id, ret);
	if (r == ERR_NOT_FOUND)
		return fail(ERR_CHALLENGE, "no challenge was asked for");
	if (r != ERR_OK)
		return r;
	if (ret->until_ms <= at->boot_ms)
		return fail(ERR_STALE, "the challenge is too old");
	return ERR_OK;
}

/* Lists B, C and D. */
static enum err
verify(struct flow *f, const struct flow_at *at, struct cur assertion,
    const struct login_row *row, const struct challenge_row *asked,
    struct verify_result *ret)
{
	const struct client *c = conf_client(f->conf, row->client);
	struct verify_expect e = { .aud = f->conf->issuer, .client_id = row->client,
		.origin = row->origin };
	struct verify_rules rules = { .store = f->trust, .skew_max = SKEW_MAX,
		.cert = { .now = at->utc, .policies = f->conf->policy_list,
		    .n_policies = f->conf->n_policies,
		    .pass_types = f->conf->pass_types } };
	enum err r;

	if (c == NULL)
		return fail(ERR_UNKNOWN, "the client is gone");
	e.rp_names[0] = c->rp_name_nl;
	e.rp_names[1] = c->rp_name_en[0] == '\0' ? NULL : c->rp_name_en;
	memcpy(e.challenge_sha256, asked->jws_sha256, sizeof(e.challenge_sha256));
	memcpy(e.nonce, asked->nonce, sizeof(e.nonce));
	if ((r = cert_store_refresh(f->trust)) != ERR_OK)
		return r;
	return verify_assertion(assertion, &e, &rules, ret);
}

/* What the maker of a token says of its key, and what the registry makes of that. */
static void
record_attestation(struct audit_record *rec, const struct means_attested *a)
{
	const struct attest *said = &a->said;
	char firmware[16];

	if (a->word == NULL)
		return;
	audit_str(rec, "attestation", a->word);
	if (said->verdict != ATTEST_GOOD)
		return;
	snprintf(firmware, sizeof(firmware), "%u.%u.%u", said->firmware[0],
	    said->firmware[1], said->firmware[2]);
	audit_str(rec, "token_firmware", firmware);
	if (said->has_serial)
		audit_int(rec, "token_serial", said->serial);
	audit_str(rec, "token_form_factor", attest_form_word(said->form));
	audit_str(rec, "token_pin_policy", attest_pin_word(said->pin));
	audit_str(rec, "token_touch_policy", attest_touch_word(said->touch));
}

/* List E.  The registry gives the level; the agent's evidence can only fail to fit. */
static enum err
check_means(const struct flow *f, const struct login_row *row,
    const struct verify_result *v, struct audit_record *rec, enum loa *ret_acr)
{
	struct means_attested attested;
	const struct means_row *m = means_find(f->means, v, &attested);

	record_attestation(rec, &attested);
	if (m == NULL && attested.word != NULL)
		return fail(ERR_MEANS, "no registered means fits (attestation: %s)",
		    attested.word);
	if (m == NULL)
		return fail(ERR_MEANS, "no registered means fits");
	audit_str(rec, "means", m->name);
	audit_str(rec, "acr", loa_uri(m->acr));
	if (m->acr < row->acr)
		return fail(ERR_ACR, "the means gives less than was asked");
	*ret_acr = m->acr;
	return ERR_OK;
}

/* List F. */
static enum err
check_person(const struct flow *f, const char *uzi_number, struct audit_record *rec)
{
	const struct person *p = people_find(f->people, uzi_number);
	const struct employment *first;

	if (p == NULL)
		return fail(ERR_PERSON, "not in the register");
	audit_str(rec, "dezi_number", p->dezi_number);
	if (!p->active)
		return fail(ERR_PERSON, "blocked in the register");
	if (people_employments(f->people, uzi_number, &first) == 0)
		return fail(ERR_PERSON, "no employment in the register");
	return ERR_OK;
}

/*
 * What the assertion says, for the record.  Before the certificate was found good the
 * person is only claimed.
 */
static void
record_verified(struct audit_record *rec, const struct verify_result *v, bool good)
{
	const struct uzi_identity *who = &v->cert.who;
	const struct assertion_evidence *ev = &v->said.evidence;
	char pass_type[2] = { who->pass_type, '\0' };

	audit_str(rec, good ? "uzi_number" : "claimed_uzi_number", who->uzi_number);
	audit_str(rec, good ? "name" : "claimed_name", who->name);
	audit_str(rec, "pass_type", pass_type);
	audit_str(rec, "subscriber", who->subscriber);
	audit_str(rec, "role", who->role);
	audit_str(rec, "certificate_issuer", v->cert.issuer_cn);
	audit_str(rec, "certificate_serial", v->cert.serial);
	audit_str(rec, "certificate_policy", v->cert.policy);
	audit_str(rec, "alg", v->alg == JWS_ALG_NONE ? "" : jws_alg_name(v->alg));
	audit_str(rec, "evidence_means", ev->means);
	audit_str(rec, "evidence_driver", ev->driver);
	audit_str(rec, "evidence_reader", ev->reader);
	audit_str(rec, "evidence_pin_entry", ev->pin_entry);
	audit_str(rec, "evidence_caller", ev->caller);
	if (good)
		audit_int(rec, "clock_skew", v->skew);
}

static enum err
make_session(struct flow *f, const struct flow_at *at, struct session_row *row,
    struct flow_accepted *ret)
{
	enum err r;

	if ((r = random_id(f, row->id, sizeof(row->id))) != ERR_OK ||
	    (r = new_token(f, &ret->lease_token, row->lease_token)) != ERR_OK ||
	    (r = new_token(f, &ret->finish, row->finish)) != ERR_OK)
		return r;
	row->auth_utc = at->utc;
	row->finish_ms = at->boot_ms + f->conf->finish_seconds * MS;
	row->lease_ms = at->boot_ms + f->conf->lease_seconds * MS;
	memcpy(ret->session, row->id, sizeof(ret->session));
	ret->lease = f->conf->lease_seconds;
	return store_session_add(f->store, row);
}

static enum err
accept(struct flow *f, const struct flow_at *at, struct cur login, struct cur assertion,
    struct audit_record *rec, struct flow_accepted *ret)
{
	AUTO(verify_result_free) struct verify_result v = { 0 };
	struct session_row row = { 0 };
	struct challenge_row asked;
	uint8_t hash[HASH_LEN];
	enum err r;

	if ((r = take_challenge(f, at, login, rec, &row.login, &asked)) != ERR_OK ||
	    (r = token_hash(assertion, hash)) != ERR_OK)
		return r;
	audit_hex(rec, "assertion_sha256", cur_of(hash, sizeof(hash)));
	r = verify(f, at, assertion, &row.login, &asked, &v);
	record_verified(rec, &v, r == ERR_OK);
	if (r != ERR_OK ||
	    (r = check_means(f, &row.login, &v, rec, &row.acr)) != ERR_OK ||
	    (r = check_person(f, v.cert.who.uzi_number, rec)) != ERR_OK)
		return r;
	memcpy(row.uzi_number, v.cert.who.uzi_number, sizeof(row.uzi_number));
	row.pass_type[0] = v.cert.who.pass_type;
	if ((r = make_session(f, at, &row, ret)) == ERR_OK)
		audit_str(rec, "session", row.id);
	return r;
}

enum err
flow_assertion(struct flow *f, const struct flow_at *at, struct cur login,
    struct cur assertion, struct flow_accepted *ret)
{
	struct audit_record rec;
	enum err done, r;

	*ret = (struct flow_accepted){ 0 };
	record_begin(&rec, f, at, "assertion");
	done = accept(f, at, login, assertion, &rec, ret);
	r = record_end(f, at, &rec, done);
	if (done == ERR_OK && r != ERR_OK)
		session_take_back(f, at, ret->session);
	if (r != ERR_OK)
		flow_accepted_wipe(ret);
	return r;
}
