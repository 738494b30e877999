/* SPDX-License-Identifier: EUPL-1.2 */
/* One login: what is shown, what is signed, and what ends it before that. */
#include "tests/check.h"

#include "tests/unit/login_bench.h"

#include <stdio.h>
#include <stdlib.h>

/* What a TLS 1.3 CertificateVerify begins with (RFC 8446 section 4.4.3). */
#define SPACES_64	"                                                                "

/* The assertion taken apart; verified with the key of its first certificate. */
struct taken {
	struct jws_parts parts;
	struct jws_header header;
	struct assertion a;
};

static void
taken_drop(struct taken *t)
{
	jws_parts_free(&t->parts);
	jws_header_free(&t->header);
}

static void
take(const struct bench *b, struct taken *t)
{
	AUTO(cert_free) struct cert *leaf = NULL;

	assert_ok(jws_split(buf_view(&b->ret.assertion), &t->parts));
	assert_ok(jws_header_parse(buf_view(&t->parts.header), &t->header));
	assert_ok(assertion_payload_read(buf_view(&t->parts.payload), &t->a));
	assert_true(t->header.x5c_n >= 1);
	assert_ok(cert_parse(buf_view(&t->header.x5c[0]), &leaf));
	assert_ok(jws_verify(t->header.alg, cert_key(leaf), t->parts.signing_input,
	    buf_view(&t->parts.signature)));
}

static void
good(void **state)
{
	struct bench *b = *state;
	AUTO(taken_drop) struct taken t = { 0 };
	uint8_t sha256[32];

	assert_ok(bench_run(b));
	assert_string_equal(b->steps, "reading_card asking_pin signing ");
	assert_int_equal(b->asked, 1);
	assert_int_equal(b->signed_, 1);
	assert_string_equal(b->sent[0], "123456");
	assert_false(b->allow_last[0]);
	assert_int_equal(b->renewed_n, 0);
	assert_string_equal(b->ret.reader, "Reader\n1");
	assert_int_equal(b->ret.event_counter, 7);
	assert_string_equal(b->ret.serial, "5A01");

	take(b, &t);
	assert_int_equal(t.header.alg, JWS_RS256);
	assert_string_equal(t.header.typ, "dezi-assertion+jwt");
	/* Leaf and both CAs, not the anchor. */
	assert_int_equal(t.header.x5c_n, 3);
	assert_true(cur_eq(buf_view(&t.header.x5c[0]), buf_view(&bench_pass.der)));
	assert_true(cur_eq(buf_view(&t.header.x5c[1]), buf_view(&bench_pki.z.der)));
	assert_true(cur_eq(buf_view(&t.header.x5c[2]), buf_view(&bench_pki.level2.der)));
	EVP_Digest("old.challenge.0", 15, sha256, NULL, EVP_sha256(), NULL);
	assert_memory_equal(t.a.challenge_sha256, sha256, 32);
	assert_memory_equal(t.a.nonce, b->rq.c.nonce, CHALLENGE_NONCE);
	assert_string_equal(t.a.aud, "https://broker.example");
	assert_string_equal(t.a.client_id, "epd");
	assert_int_equal(t.a.iat, MADE_NOW);
	assert_string_equal(t.a.jti, "WlpaWlpaWlpaWlpaWlpaWg");
	assert_string_equal(t.a.evidence.means, "native");
	assert_string_equal(t.a.evidence.driver, "uzi");
	assert_string_equal(t.a.evidence.pin_entry, "window");
	assert_true(t.a.evidence.one_transaction);
}

/* The person saw exactly what the card signed. */
static void
shown_is_signed(void **state)
{
	struct bench *b = *state;
	AUTO(taken_drop) struct taken t = { 0 };

	snprintf(b->rq.caller, sizeof(b->rq.caller), "/opt/a\xe2\x80\xae" "b\n/epd");
	assert_ok(bench_run(b));
	assert_int_equal(b->doubted, 0);
	take(b, &t);
	assert_string_equal(b->seen[0].rp_name, "Zorgportaal");
	assert_string_equal(b->seen[0].origin, "https://epd.example");
	assert_string_equal(b->seen[0].caller, "/opt/a?b?/epd");
	assert_string_equal(b->seen[0].reader, "Reader?1");
	assert_string_equal(t.a.rp_name, b->seen[0].rp_name);
	assert_string_equal(t.a.origin, b->seen[0].origin);
	assert_string_equal(t.a.evidence.caller, b->seen[0].caller);
	assert_string_equal(t.a.evidence.reader, b->seen[0].reader);
}

static void
in_english(void **state)
{
	struct bench *b = *state;
	AUTO(taken_drop) struct taken t = { 0 };

	memcpy(b->rq.language, "en", 3);
	assert_ok(bench_run(b));
	take(b, &t);
	assert_string_equal(b->seen[0].rp_name, "Care portal");
	assert_string_equal(t.a.rp_name, "Care portal");
}

static void
in_english_without_a_name(void **state)
{
	struct bench *b = *state;

	memcpy(b->rq.language, "en", 3);
	b->rq.c.rp_name_en[0] = '\0';
	assert_ok(bench_run(b));
	assert_string_equal(b->seen[0].rp_name, "Zorgportaal");
}

static void
without_an_origin(void **state)
{
	struct bench *b = *state;
	AUTO(taken_drop) struct taken t = { 0 };

	b->rq.c.origin[0] = '\0';
	assert_ok(bench_run(b));
	take(b, &t);
	assert_string_equal(t.a.origin, "");
}

/* A path too long for a window is cut, for the window and for the signature alike. */
static void
long_caller(void **state)
{
	struct bench *b = *state;
	AUTO(taken_drop) struct taken t = { 0 };

	memset(b->rq.caller, 'x', sizeof(b->rq.caller) - 1);
	assert_ok(bench_run(b));
	take(b, &t);
	assert_true(strlen(b->seen[0].caller) <= 103);
	assert_string_equal(t.a.evidence.caller, b->seen[0].caller);
}

static void
in_our_own_form(const struct buf *tbs)
{
	static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_.";
	size_t dots = 0;

	assert_true(tbs->len > 512);
	assert_memory_equal(tbs->p, "eyJ", 3);
	for (size_t i = 0; i < tbs->len; i++) {
		assert_non_null(memchr(base64url, tbs->p[i], sizeof(base64url) - 1));
		dots += tbs->p[i] == '.';
	}
	assert_int_equal(dots, 1);
}

/* The same text wherever a request has room for one; in what is shown as well. */
static void
ask_for(struct bench *b, const char *text, bool shown)
{
	struct login_request *rq = &b->rq;

	snprintf(rq->challenge, sizeof(rq->challenge), "%s", text);
	snprintf(rq->caller, sizeof(rq->caller), "%s", text);
	snprintf(rq->login_id, sizeof(rq->login_id), "%s", text);
	if (!shown)
		return;
	snprintf(rq->c.rp_name_nl, sizeof(rq->c.rp_name_nl), "%s", text);
	snprintf(rq->c.origin, sizeof(rq->c.origin), "%s", text);
	snprintf(rq->c.client_id, sizeof(rq->c.client_id), "%s", text);
	snprintf(rq->c.iss, sizeof(rq->c.iss), "%s", text);
}

/*
 * T6: whatever a request holds, the card is given ASCII that begins with "eyJ" and has
 * one dot; not a TLS 1.2 handshake (first byte 01 or 16), not the 64 spaces of a TLS 1.3
 * CertificateVerify, not DER (first byte 30), and not as few bytes as a digest has.
 */
static void
never_somebody_elses_bytes(void **state)
{
	static const char *const evil[] = {
		SPACES_64 "TLS 1.3, client CertificateVerify",
		"\x01\x01\xfc\x03\x03", "\x16\x03\x01\x02", "0\x82\x01\x02",
		"\"},\"x\":{", "\\u0000", "eyJhbGciOiJub25lIn0.e30.", "abc",
		"\x3d\x8e\x57\x7b\xdd\xb1\x7d\xb3\x39\xea\xe0\xb3\xd9\xbc\xf1\x80",
	};

	for (size_t i = 0; i < NELEM(evil); i++) {
		struct bench *b;
		void *fresh;

		assert_int_equal(bench_start(&fresh), 0);
		b = fresh;
		ask_for(b, evil[i], i % 2 == 0);
		/* Refused, or signed in our own form: never anything else. */
		if (bench_run(b) != ERR_OK)
			assert_int_equal(b->signed_, 0);
		if (b->signed_ != 0)
			in_our_own_form(&b->tbs);
		assert_int_equal(bench_end(&fresh), 0);
	}
	(void)state;
}

/* Nobody is asked for a PIN, and no card is given one. */
static void
ended_before_the_window(const struct bench *b)
{
	assert_int_equal(b->asked, 0);
	assert_int_equal(b->asked_last_try, 0);
	assert_int_equal(b->signed_, 0);
}

static void
too_late(void **state)
{
	struct bench *b = *state;

	b->rq.deadline_boot_ms = BENCH_BOOT;
	assert_err(bench_run(b), ERR_STALE);
	assert_int_equal(b->opened, 0);
	ended_before_the_window(b);
}

/* T30: a name that may not be shown as it is. */
static void
unsafe_texts(void **state)
{
	static const char bad[] = "Zorg\xe2\x80\xaeportaal";
	struct bench *b = *state;
	struct login_request good_one = b->rq;

	memcpy(b->rq.c.rp_name_nl, bad, sizeof(bad));
	assert_err(bench_run(b), ERR_CHALLENGE);
	b->rq = good_one;
	memcpy(b->rq.c.rp_name_en, "a\nb", 4);
	assert_err(bench_run(b), ERR_CHALLENGE);
	b->rq = good_one;
	memcpy(b->rq.c.origin, bad, sizeof(bad));
	assert_err(bench_run(b), ERR_CHALLENGE);
	b->rq = good_one;
	b->rq.c.rp_name_nl[0] = '\0';
	assert_err(bench_run(b), ERR_CHALLENGE);
	b->rq = good_one;
	b->rq.c.client_id[0] = '\0';
	assert_err(bench_run(b), ERR_CHALLENGE);
	assert_int_equal(b->opened, 0);
	ended_before_the_window(b);
}

static void
no_card(void **state)
{
	static const enum err all[] = {
		ERR_NO_READER, ERR_NO_CARD, ERR_SEVERAL_CARDS, ERR_NO_SERVICE,
		ERR_PCSC_DENIED, ERR_VENDOR_LOCKED, ERR_CARD_UNKNOWN, ERR_NO_CERT,
	};
	struct bench *b = *state;

	for (size_t i = 0; i < NELEM(all); i++) {
		b->means_r = all[i];
		assert_err(bench_run(b), all[i]);
		assert_int_equal(b->ret.pin.tries, -1);
	}
	ended_before_the_window(b);
}

/* A certificate that is not for login ends it before the person is bothered. */
static void
refused_certificate(struct bench *b, const struct recipe *how, const struct made *issuer,
    enum err want)
{
	b->leaf = bench_cert(how, issuer);
	b->signer = b->leaf->key;
	assert_err(bench_run(b), want);
	ended_before_the_window(b);
	assert_string_equal(b->ret.reader, "Reader\n1");
	assert_int_equal(b->ret.pin.tries, 3);
}

/* T7 */
static void
certificate_for_signatures(void **state)
{
	struct recipe how = pass_recipe('Z');

	how.usage = "critical,nonRepudiation";
	how.eku = NULL;
	how.policies = "2.16.528.1.1007.99.212";
	refused_certificate(*state, &how, &bench_pki.z, ERR_CERT_USAGE);
}

static void
certificate_for_encryption(void **state)
{
	struct recipe how = pass_recipe('Z');

	how.usage = "critical,keyEncipherment,dataEncipherment";
	how.eku = NULL;
	how.policies = "2.16.528.1.1007.99.213";
	refused_certificate(*state, &how, &bench_pki.z, ERR_CERT_USAGE);
}

static void
certificate_expired(void **state)
{
	struct recipe how = pass_recipe('Z');

	how.from = MADE_NOW - 10 * MADE_DAY;
	how.until = MADE_NOW - MADE_DAY;
	refused_certificate(*state, &how, &bench_pki.z, ERR_CERT_EXPIRED);
}

static void
certificate_of_nobody(void **state)
{
	struct recipe how = pass_recipe('Z');

	refused_certificate(*state, &how, NULL, ERR_CERT_UNTRUSTED);
}

static void
certificate_without_a_person(void **state)
{
	struct recipe how = pass_recipe('M');

	refused_certificate(*state, &how, &bench_pki.m, ERR_PASS_TYPE);
}

static void
certificate_policy_not_asked_for(void **state)
{
	struct bench *b = *state;

	b->rq.c.n_policies = 1;
	memcpy(b->rq.c.policies[0], "2.16.528.1.1003.1.2.5.1", 24);
	assert_err(bench_run(b), ERR_CERT_POLICY);
	ended_before_the_window(b);
	b->rq.c.n_policies = 2;
	memcpy(b->rq.c.policies[1], "2.16.528.1.1007.99.211", 23);
	assert_ok(bench_run(b));
}

static void
certificate_that_is_none(void **state)
{
	struct bench *b = *state;
	struct made bad = { .der = BUF(16) };

	buf_str(&bad.der, "0\x03\x02\x01");
	b->leaf = &bad;
	assert_int_not_equal(bench_run(b), ERR_OK);
	ended_before_the_window(b);
	buf_free(&bad.der);
}

/* T-alg: what the card claims must fit the key; a request has no say at all. */
static void
algorithm_that_does_not_fit(void **state)
{
	struct bench *b = *state;

	b->alg = MEANS_ES256;
	assert_err(bench_run(b), ERR_ALG);
	ended_before_the_window(b);
}

static void
no_random(void **state)
{
	struct bench *b = *state;

	b->random_r = ERR_SYS;
	assert_err(bench_run(b), ERR_SYS);
	assert_int_equal(b->signed_, 0);
}

static void
window_ends_it(void **state)
{
	static const enum err all[] = { ERR_CANCELLED, ERR_TIMEOUT, ERR_NO_PINENTRY };
	struct bench *b = *state;

	for (size_t i = 0; i < NELEM(all); i++) {
		b->asked = 0;
		b->ask_r = all[i];
		assert_err(bench_run(b), all[i]);
		assert_int_equal(b->asked, 1);
	}
	assert_int_equal(b->signed_, 0);
}

static void
too_late_after_the_window(void **state)
{
	struct bench *b = *state;

	b->think_ms = 120000;
	assert_err(bench_run(b), ERR_STALE);
	assert_int_equal(b->signed_, 0);
}

/* T9 and its relatives: whatever happens to the card, once, and nothing leaves. */
static void
card_ends_it(void **state)
{
	static const enum err all[] = {
		ERR_CARD_CHANGED, ERR_REMOVED, ERR_CARD_RESET, ERR_CARD_BUSY, ERR_IO,
		ERR_CARD, ERR_CARD_INACTIVE, ERR_NO_SERVICE, ERR_PIN_LAST_TRY,
		ERR_PIN_LENGTH,
	};
	struct bench *b = *state;

	for (size_t i = 0; i < NELEM(all); i++) {
		b->asked = b->signed_ = 0;
		b->signs[0].r = all[i];
		assert_err(bench_run(b), all[i]);
		assert_int_equal(b->asked, 1);
		assert_int_equal(b->signed_, 1);
	}
}

/* DESIGN section 6 rule 5. */
static void
signature_with_a_wrong_bit(void **state)
{
	struct bench *b = *state;

	b->spoil = true;
	assert_err(bench_run(b), ERR_SIGNATURE);
	/* It may be the certificate that is false, where it was kept. */
	assert_int_equal(b->doubted, 1);
}

/* Certificate of one pass, signature of another. */
static void
signature_of_another_key(void **state)
{
	struct recipe how = pass_recipe('Z');
	struct bench *b = *state;

	b->signer = bench_cert(&how, &bench_pki.z)->key;
	assert_err(bench_run(b), ERR_SIGNATURE);
}

/* What the maker says goes along, and how it fails is not the login's concern. */
static void
attestation_goes_along(void **state)
{
	struct bench *b = *state;
	AUTO(taken_drop) struct taken t = { 0 };

	b->statement = 700;
	b->device = ASSERTION_ATTEST_MAX;
	assert_ok(bench_run(b));
	assert_int_equal(b->attested, 1);
	take(b, &t);
	assert_int_equal(t.a.evidence.statement.n, 700);
	assert_int_equal(t.a.evidence.statement.der[699], 0xa5);
	assert_int_equal(t.a.evidence.device.n, ASSERTION_ATTEST_MAX);
	assert_int_equal(t.a.evidence.device.der[0], 0x5a);
}

static void
expect_none(struct bench *b)
{
	AUTO(taken_drop) struct taken t = { 0 };

	b->asked = b->signed_ = 0;
	assert_ok(bench_run(b));
	take(b, &t);
	assert_int_equal(t.a.evidence.statement.n, 0);
	assert_int_equal(t.a.evidence.device.n, 0);
}

static void
attestation_that_fails(void **state)
{
	static const enum err all[] = {
		ERR_NOT_FOUND, ERR_CARD, ERR_IO, ERR_CARD_RESET, ERR_CARD_BUSY, ERR_LIMIT,
		ERR_MALFORMED, ERR_TIMEOUT,
	};
	struct bench *b = *state;

	b->statement = b->device = 700;
	for (size_t i = 0; i < NELEM(all); i++) {
		b->attest_r = all[i];
		expect_none(b);
	}
	b->attest_r = ERR_OK;
	b->device = ASSERTION_ATTEST_MAX + 1;
	expect_none(b);
	b->device = 0;
	expect_none(b);
}

/* Then there is nothing to ask a PIN for. */
static void
card_gone_while_it_attests(void **state)
{
	static const enum err all[] = { ERR_REMOVED, ERR_CARD_CHANGED, ERR_NO_SERVICE };
	struct bench *b = *state;

	for (size_t i = 0; i < NELEM(all); i++) {
		b->attest_r = all[i];
		assert_err(bench_run(b), all[i]);
	}
	assert_int_equal(b->asked, 0);
}

/* No key is asked for that would not be used. */
static void
certificate_before_attestation(void **state)
{
	struct recipe how = pass_recipe('Z');
	struct bench *b = *state;

	how.until = MADE_NOW - MADE_DAY;
	b->leaf = bench_cert(&how, &bench_pki.z);
	assert_err(bench_run(b), ERR_CERT_EXPIRED);
	assert_int_equal(b->attested, 0);
}

/* A chain that fills the assertion leaves no room for it. */
static void
no_room_for_attestation(void **state)
{
	AUTO(taken_drop) struct taken t = { 0 };
	struct recipe how = pass_recipe('Z');
	static char comment[12000];
	struct bench *b = *state;

	memset(comment, 'x', sizeof(comment) - 1);
	how.comment = comment;
	b->leaf = bench_cert(&how, &bench_pki.z);
	b->signer = b->leaf->key;
	b->statement = b->device = ASSERTION_ATTEST_MAX;
	expect_none(b);
	b->statement = b->device = 300;
	b->asked = b->signed_ = 0;
	assert_ok(bench_run(b));
	take(b, &t);
	assert_int_equal(t.a.evidence.device.n, 300);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, bench_start, bench_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(good), T(shown_is_signed), T(in_english), T(in_english_without_a_name),
		T(without_an_origin), T(long_caller),
		cmocka_unit_test(never_somebody_elses_bytes),
		T(too_late), T(unsafe_texts), T(no_card),
		T(certificate_for_signatures), T(certificate_for_encryption),
		T(certificate_expired), T(certificate_of_nobody),
		T(certificate_without_a_person), T(certificate_policy_not_asked_for),
		T(certificate_that_is_none), T(algorithm_that_does_not_fit), T(no_random),
		T(window_ends_it), T(too_late_after_the_window), T(card_ends_it),
		T(attestation_goes_along), T(attestation_that_fails),
		T(card_gone_while_it_attests), T(certificate_before_attestation),
		T(no_room_for_attestation), T(signature_with_a_wrong_bit), T(signature_of_another_key),
	};

	return cmocka_run_group_tests(tests, bench_group, bench_group_end);
}
