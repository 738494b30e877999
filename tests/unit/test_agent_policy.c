/* SPDX-License-Identifier: EUPL-1.2 */
/* What the agent decides before a window opens, decision by decision. */
#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

#include "agent/ask.h"
#include "agent/policy.h"
#include "agent/replay.h"

#define HANDLE	"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define PAGE(origin, top) "{\"login\":\"" HANDLE "\",\"page\":{\"origin\":\"" origin \
	"\",\"top\":" top ",\"extension\":\"dezi@example.nl\"}}"

/* Bodies of POST /v1/logins */

struct body {
	const char *text;
	enum err    want;
};

static void
body_one(void **state)
{
	const struct body *t = *state;
	struct ask a = { .broker = "unchanged" };

	assert_err(ask_read(cur_str(t->text), &a), t->want);
	if (t->want != ERR_OK)
		assert_string_equal(a.broker, "unchanged");
}

static void
body_is_read(void **state)
{
	struct ask a;

	(void)state;
	assert_ok(ask_read(cur_str("{\"login\":\"" HANDLE "\",\"broker\":\"acc\"}"), &a));
	assert_string_equal(a.handle, HANDLE);
	assert_string_equal(a.broker, "acc");
	assert_false(a.page);
	assert_ok(ask_read(cur_str(PAGE("https://epd.example.nl", "true")), &a));
	assert_string_equal(a.broker, "");
	assert_true(a.page);
	assert_true(a.top);
	assert_string_equal(a.origin, "https://epd.example.nl");
	assert_string_equal(a.extension, "dezi@example.nl");
	assert_ok(ask_read(cur_str(PAGE("https://epd.example.nl", "false")), &a));
	assert_false(a.top);
}

#define BODY(text, want)						\
	{ text, body_one, NULL, NULL, &(struct body){ text, want } }
#define REFUSED(text)		BODY(text, ERR_BAD_REQUEST)
#define LOGIN(h)		"{\"login\":\"" h "\"}"

/* Decisions */

static const struct host_conf empty_conf;

static struct host_conf *
conf_new(void)
{
	struct host_conf *c = malloc(sizeof(*c));

	assert_non_null(c);
	*c = empty_conf;
	strcpy(c->brokers[0].name, "first");
	strcpy(c->brokers[1].name, "second");
	c->n_brokers = 2;
	return c;
}

static void
list_put(struct host_list *l, const char *item)
{
	snprintf(l->item[l->n++], sizeof(l->item[0]), "%s", item);
}

static void
conf_drop(struct host_conf **c)
{
	free(*c);
}

static void
broker_comes_from_the_configuration(void **state)
{
	AUTO(conf_drop) struct host_conf *c = conf_new();
	const struct host_broker *b = NULL;
	struct ask a = { 0 };
	struct caller who = { 0 };

	(void)state;
	assert_ok(policy_ask(c, &a, &who, &b));
	assert_ptr_equal(b, &c->brokers[0]);
	strcpy(a.broker, "second");
	assert_ok(policy_ask(c, &a, &who, &b));
	assert_ptr_equal(b, &c->brokers[1]);
	/* T1: nothing in a request names another. */
	strcpy(a.broker, "third");
	assert_err(policy_ask(c, &a, &who, &b), ERR_NOT_ALLOWED);
	strcpy(a.broker, "secon");
	assert_err(policy_ask(c, &a, &who, &b), ERR_NOT_ALLOWED);
}

static void
program_must_be_listed_where_a_list_is(void **state)
{
	AUTO(conf_drop) struct host_conf *c = conf_new();
	const struct host_broker *b;
	struct ask a = { 0 };
	struct caller who = { .program = "/usr/bin/ehr" };

	(void)state;
	assert_ok(policy_ask(c, &a, &who, &b));
	list_put(&c->native_program, "/usr/bin/other");
	assert_err(policy_ask(c, &a, &who, &b), ERR_NOT_ALLOWED);
	list_put(&c->native_program, "/usr/bin/ehr");
	assert_ok(policy_ask(c, &a, &who, &b));
	/* A path in another mount namespace is another file (T15). */
	who.elsewhere = true;
	assert_err(policy_ask(c, &a, &who, &b), ERR_NOT_ALLOWED);
	who = (struct caller){ 0 };
	assert_err(policy_ask(c, &a, &who, &b), ERR_NOT_ALLOWED);
}

static void
page_needs_a_known_extension_and_the_top_frame(void **state)
{
	AUTO(conf_drop) struct host_conf *c = conf_new();
	const struct host_broker *b;
	struct ask a = { .page = true, .top = true, .origin = "https://epd.example.nl",
		.extension = "dezi@example.nl" };
	struct caller who = { 0 };

	(void)state;
	/* T16 */
	assert_err(policy_ask(c, &a, &who, &b), ERR_NOT_ALLOWED);
	list_put(&c->extension, "dezi@example.nl");
	assert_ok(policy_ask(c, &a, &who, &b));
	strcpy(a.extension, "dezi@example.n");
	assert_err(policy_ask(c, &a, &who, &b), ERR_NOT_ALLOWED);
	/* T18 */
	strcpy(a.extension, "dezi@example.nl");
	a.top = false;
	assert_err(policy_ask(c, &a, &who, &b), ERR_NOT_ALLOWED);
}

static enum err
origin_case(const char *challenge, bool page, const char *origin, bool top)
{
	AUTO(conf_drop) struct host_conf *c = conf_new();
	struct challenge ch = { .client_id = "epd" };
	struct ask a = { .page = page, .top = top };

	list_put(&c->native_client, "epd");
	strcpy(ch.origin, challenge);
	strcpy(a.origin, origin);
	return policy_challenge(c, &a, &ch);
}

/* T3, T18: the origin that the browser states is the challenge's, to the byte. */
static void
origin_must_be_equal(void **state)
{
	static const char *const others[] = {
		"https://epd.example.nm", "https://epd.example.n",
		"https://epd.example.nl.",
		"https://epd.example.nl/", "https://epd.example.nl:443",
		"http://epd.example.nl", "https://EPD.example.nl",
		"https://evil.epd.example.nl", "null", "https://",
	};
	static const char is[] = "https://epd.example.nl";

	(void)state;
	assert_int_equal(origin_case(is, true, is, true), ERR_OK);
	for (size_t i = 0; i < NELEM(others); i++)
		assert_int_equal(origin_case(is, true, others[i], true), ERR_NOT_ALLOWED);
	assert_int_equal(origin_case(is, true, "", true), ERR_NOT_ALLOWED);
	/* left out by the caller, or by the challenge */
	assert_int_equal(origin_case(is, false, "", false), ERR_NOT_ALLOWED);
	assert_int_equal(origin_case("", true, is, true), ERR_NOT_ALLOWED);
	assert_int_equal(origin_case("", true, "", true), ERR_NOT_ALLOWED);
	/* not the top frame */
	assert_int_equal(origin_case(is, true, is, false), ERR_NOT_ALLOWED);
}

static void
native_client_must_be_listed(void **state)
{
	AUTO(conf_drop) struct host_conf *c = conf_new();
	struct challenge ch = { .client_id = "epd" };
	struct ask a = { 0 };

	(void)state;
	assert_err(policy_challenge(c, &a, &ch), ERR_NOT_ALLOWED);
	list_put(&c->native_client, "epd2");
	assert_err(policy_challenge(c, &a, &ch), ERR_NOT_ALLOWED);
	list_put(&c->native_client, "epd");
	assert_ok(policy_challenge(c, &a, &ch));
	strcpy(ch.client_id, "lab");
	assert_err(policy_challenge(c, &a, &ch), ERR_NOT_ALLOWED);
	list_put(&c->native_client, "*");
	assert_ok(policy_challenge(c, &a, &ch));
	/* "*" opens native logins, not those of pages. */
	strcpy(ch.origin, "https://epd.example.nl");
	assert_err(policy_challenge(c, &a, &ch), ERR_NOT_ALLOWED);
}

static struct challenge
challenge_one(void)
{
	return (struct challenge){ .iss = "https://broker.example.nl", .jti = "j1",
		.nonce = { 1 }, .client_id = "epd", .rp_name_nl = "EPD",
		.rp_name_en = "EHR", .origin = "https://epd.example.nl" };
}

static void
renewal_changes_nothing_that_is_shown(void **state)
{
	const struct challenge one = challenge_one();
	struct challenge two = one;

	(void)state;
	assert_false(policy_is_renewal(&one, &two));	/* the same again */
	two.nonce[31] = 1;
	assert_false(policy_is_renewal(&one, &two));	/* same jti */
	strcpy(two.jti, "j2");
	assert_true(policy_is_renewal(&one, &two));
#define DIFFERS(field, value)						\
	do {								\
		struct challenge x = two;				\
		strcpy(x.field, value);					\
		assert_false(policy_is_renewal(&one, &x));		\
	} while (0)
	DIFFERS(client_id, "lab");
	DIFFERS(rp_name_nl, "EPD2");
	DIFFERS(rp_name_en, "");
	DIFFERS(origin, "");
	DIFFERS(iss, "https://other.example.nl");
	memcpy(two.nonce, one.nonce, sizeof(two.nonce));
	assert_false(policy_is_renewal(&one, &two));	/* same nonce */
}

/* T32: what a page learns is coarse, and has a code of its own. */
static void
page_learns_little(void **state)
{
	(void)state;
	assert_int_equal(policy_for_page(ERR_NO_READER), ERR_NO_CARD);
	assert_int_equal(policy_for_page(ERR_REMOVED), ERR_NO_CARD);
	assert_int_equal(policy_for_page(ERR_PIN_BLOCKED), ERR_CARD_NOT_USABLE);
	assert_int_equal(policy_for_page(ERR_PIN_WRONG), ERR_FAILED);
	assert_int_equal(policy_for_page(ERR_UNKNOWN), ERR_FAILED);
	assert_int_equal(policy_for_page(ERR_NOMEM), ERR_FAILED);
	assert_int_equal(policy_for_page(ERR_BROKER), ERR_NOT_AVAILABLE);
	for (enum err e = ERR_OK + 1; e < ERR_COUNT; e++) {
		enum err p = policy_for_page(e);

		assert_string_equal(err_word(p), err_page_word(e));
		/* The status and the title, too, are those of the coarse word alone. */
		assert_int_equal(policy_for_page(p), p);
	}
}

/* T5 */
static void
challenge_is_used_once(void **state)
{
	struct replay *seen = calloc(1, sizeof(*seen));
	struct challenge c = challenge_one();

	(void)state;
	assert_non_null(seen);
	assert_ok(replay_check(seen, &c));
	assert_err(replay_check(seen, &c), ERR_REPLAYED);
	strcpy(c.jti, "j2");
	assert_err(replay_check(seen, &c), ERR_REPLAYED);	/* the nonce */
	c.nonce[0] = 2;
	assert_ok(replay_check(seen, &c));
	c.nonce[0] = 3;
	assert_err(replay_check(seen, &c), ERR_REPLAYED);	/* the jti */
	/* Another issuer's numbers are its own. */
	strcpy(c.iss, "https://other.example.nl");
	assert_ok(replay_check(seen, &c));
	/* Many later the oldest is forgotten, the newest is not. */
	for (unsigned i = 0; i < REPLAY_KEPT; i++) {
		snprintf(c.jti, sizeof(c.jti), "n%u", i);
		c.nonce[1] = (uint8_t)(i + 1);
		assert_ok(replay_check(seen, &c));
	}
	assert_err(replay_check(seen, &c), ERR_REPLAYED);
	c = challenge_one();
	assert_ok(replay_check(seen, &c));
	free(seen);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(body_is_read),
		BODY("", ERR_BAD_REQUEST),
		REFUSED("{}"),
		BODY("[]", ERR_BAD_REQUEST),
		BODY(LOGIN(HANDLE), ERR_OK),
		REFUSED(LOGIN(HANDLE "A")),
		REFUSED(LOGIN("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh")),
		/* two spellings of the same bytes; base64; a path */
		REFUSED(LOGIN("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9")),
		REFUSED(LOGIN("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh+")),
		REFUSED(LOGIN("../../../../../../../../../../../../../etc/x")),
		REFUSED("{\"login\":1}"),
		REFUSED("{\"login\":\"" HANDLE "\",\"login\":\"" HANDLE "\"}"),
		REFUSED("{\"login\":\"" HANDLE "\",\"url\":\"https://x\"}"),
		REFUSED("{\"login\":\"" HANDLE "\",\"hash\":\"00\"}"),
		REFUSED("{\"login\":\"" HANDLE "\",\"broker\":\"\"}"),
		REFUSED("{\"login\":\"" HANDLE "\",\"broker\":\"a/b\"}"),
		REFUSED("{\"login\":\"" HANDLE "\",\"broker\":null}"),
		REFUSED("{\"login\":\"" HANDLE "\",\"page\":null}"),
		REFUSED("{\"login\":\"" HANDLE "\",\"page\":{}}"),
		BODY(PAGE("https://a.nl", "true"), ERR_OK),
		REFUSED(PAGE("https://a.nl", "1")),
		REFUSED(PAGE("https://a.nl", "\"true\"")),
		REFUSED(PAGE("", "true")),
		REFUSED(PAGE("https://a.nl\\n", "true")),
		REFUSED(PAGE("https://\xc3\xa9.nl", "true")),
		BODY("{\"login\":\"" HANDLE "\",\"page\":{\"origin\":\"https://a.nl\","
		    "\"extension\":\"e\"}}", ERR_BAD_REQUEST),
		BODY("{\"login\":\"" HANDLE "\",\"page\":{\"origin\":\"https://a.nl\","
		    "\"top\":true,\"extension\":\"e\",\"sender\":1}}", ERR_BAD_REQUEST),
		cmocka_unit_test(broker_comes_from_the_configuration),
		cmocka_unit_test(program_must_be_listed_where_a_list_is),
		cmocka_unit_test(page_needs_a_known_extension_and_the_top_frame),
		cmocka_unit_test(origin_must_be_equal),
		cmocka_unit_test(native_client_must_be_listed),
		cmocka_unit_test(renewal_changes_nothing_that_is_shown),
		cmocka_unit_test(page_learns_little),
		cmocka_unit_test(challenge_is_used_once),
	};

	return cmocka_run_group_tests_name("agent_policy", tests, NULL, NULL);
}
