/* SPDX-License-Identifier: EUPL-1.2 */
/* Attestation of a PIV key: the true one, and every other (hostile-cards, vector 48). */
#include "tests/check.h"

#include "cert/attest.h"
#include "tests/unit/make_attest.h"
#include "tests/unit/rsa_key.h"


static EVP_PKEY *root_key, *other_root_key, *device_key, *other_device_key, *key, *other_key,
    *rsa_key;

#define FIRMWARE	ATTEST_FIRMWARE("\x05\x0a\x01")
#define SERIAL		ATTEST_SERIAL
#define POLICY		ATTEST_POLICY("\x02\x01")
#define FORM		ATTEST_FORM
#define END		ATTEST_END

struct row {
	enum err want;
	enum attest_verdict verdict;
	struct attest_ext exts[8];
	const char *cn;			/* of the statement; NULL: of slot 9A */
	EVP_PKEY **key;			/* of the login certificate; NULL: elliptic */
	EVP_PKEY **about, **signer;	/* NULL: the right ones */
	const char *device_ca;		/* NULL: may vouch */
	EVP_PKEY **root;		/* who signed the device */
	const char *issuer;		/* of the statement */
	const char *until;		/* of the device; NULL: for ever */
	bool	 not_a_ca;
};

static void
make_root(struct buf *ret)
{
	attest_make(ATTEST_ROOT_CN, root_key, ATTEST_ROOT_CN, root_key,
	    "critical,CA:TRUE,pathlen:1", NULL, ret);
}

static void
check(void **state)
{
	const struct row *t = *state;
	AUTO(buf_free) struct buf root = BUF(8192), device = BUF(8192), a = BUF(8192);
	AUTO(buf_free) struct buf leaf = BUF(8192);
	AUTO(cert_store_free) struct cert_store *vendor = NULL;
	AUTO(cert_free) struct cert *login = NULL;
	EVP_PKEY *own = t->key != NULL ? *t->key : key;
	struct attest got = { .pin = 99, .verdict = ATTEST_ABSENT };

	make_root(&root);
	attest_make_until(ATTEST_DEVICE_CN, device_key, ATTEST_ROOT_CN,
	    t->root != NULL ? *t->root : root_key, t->not_a_ca ? NULL : ATTEST_DEVICE_CA,
	    NULL, t->until != NULL ? t->until : "99991231235959Z", &device);
	attest_make(t->cn != NULL ? t->cn : ATTEST_9A_CN,
	    t->about != NULL ? *t->about : own, t->issuer != NULL ? t->issuer : ATTEST_DEVICE_CN,
	    t->signer != NULL ? *t->signer : device_key, NULL, t->exts, &a);
	attest_make("Person", own, "Some CA", root_key, NULL, NULL, &leaf);
	assert_ok(cert_store_new(CERT_ENV_TEST, CERT_REVOCATION_ELSEWHERE, &vendor));
	assert_ok(cert_store_add_anchor(vendor, buf_view(&root)));
	assert_ok(cert_parse(buf_view(&leaf), &login));
	assert_err(attest_check(vendor, buf_view(&a), buf_view(&device), login, &got), t->want);
	assert_string_equal(attest_verdict_word(got.verdict),
	    attest_verdict_word(t->verdict));
	if (t->want != ERR_OK) {
		assert_int_equal(got.pin, 0);		/* nothing that was not proved */
		return;
	}
	assert_memory_equal(got.firmware, t->exts[0].bytes, 3);
	assert_int_equal(got.touch, ATTEST_TOUCH_NEVER);
	if (got.has_serial)
		assert_int_equal(got.serial, 12345678);
}

/* A text would make 5.10 come before 5.7. */
static void
firmware_is_compared_as_numbers(void **state)
{
	const struct attest a = { .firmware = { 5, 10, 1 } };

	(void)state;
	assert_true(attest_firmware_from(&a, (const uint8_t[]){ 4, 255, 255 }));
	assert_true(attest_firmware_from(&a, (const uint8_t[]){ 5, 7, 0 }));
	assert_true(attest_firmware_from(&a, (const uint8_t[]){ 5, 10, 1 }));
	assert_false(attest_firmware_from(&a, (const uint8_t[]){ 5, 10, 2 }));
	assert_false(attest_firmware_from(&a, (const uint8_t[]){ 6, 0, 0 }));
}

static void
words(void **state)
{
	(void)state;
	assert_string_equal(attest_pin_word(ATTEST_PIN_NEVER), "never");
	assert_string_equal(attest_pin_word(ATTEST_PIN_MATCH_ALWAYS), "match-always");
	assert_string_equal(attest_pin_word(6), "unknown");
	assert_string_equal(attest_touch_word(ATTEST_TOUCH_CACHED), "cached");
	assert_string_equal(attest_touch_word(255), "unknown");
	assert_string_equal(attest_form_word(0), "unknown");
	assert_string_equal(attest_form_word(3), "C-keychain");
	assert_string_equal(attest_form_word(ATTEST_FORM_FIPS | 4), "C-nano");
	assert_string_equal(attest_form_word(8), "unknown");
	/* The numbers are in others' records. */
	assert_string_equal(attest_verdict_word((enum attest_verdict)0), "absent");
	assert_string_equal(attest_verdict_word((enum attest_verdict)6), "other_key");
	assert_string_equal(attest_verdict_word((enum attest_verdict)8), "weak_key");
	assert_string_equal(attest_verdict_word((enum attest_verdict)9), "unknown");
}

/*
 * From firmware 5.7.4 on two certificates stand between the root and those that devices
 * have; the device does not carry them.
 */
static void
through_intermediates(void **state)
{
	AUTO(buf_free) struct buf root = BUF(8192), a = BUF(8192), b = BUF(8192);
	AUTO(buf_free) struct buf device = BUF(8192), s = BUF(8192), leaf = BUF(8192);
	AUTO(cert_free) struct cert *login = NULL;
	const struct attest_ext exts[] = { FIRMWARE, POLICY, END };
	/* bit 0: the first is there, bit 1: the second; path length of the root */
	const struct {
		int there;
		const char *root;
		enum attest_verdict want;
	} all[] = {
		{ 3, "critical,CA:TRUE,pathlen:3", ATTEST_GOOD },
		{ 1, "critical,CA:TRUE,pathlen:3", ATTEST_UNTRUSTED },
		{ 2, "critical,CA:TRUE,pathlen:3", ATTEST_UNTRUSTED },
		{ 3, "critical,CA:TRUE,pathlen:1", ATTEST_UNTRUSTED },
	};

	(void)state;
	attest_make("A", other_root_key, ATTEST_ROOT_CN, root_key, "critical,CA:TRUE", NULL, &a);
	attest_make("B", other_device_key, "A", other_root_key, "critical,CA:TRUE", NULL, &b);
	attest_make(ATTEST_DEVICE_CN, device_key, "B", other_device_key, ATTEST_DEVICE_CA, NULL,
	    &device);
	attest_make(ATTEST_9A_CN, key, ATTEST_DEVICE_CN, device_key, NULL, exts, &s);
	attest_make("Person", key, "Some CA", root_key, NULL, NULL, &leaf);
	assert_ok(cert_parse(buf_view(&leaf), &login));
	for (size_t i = 0; i < NELEM(all); i++) {
		AUTO(cert_store_free) struct cert_store *v = NULL;
		struct attest got;

		buf_clear(&root);
		attest_make(ATTEST_ROOT_CN, root_key, ATTEST_ROOT_CN, root_key, all[i].root, NULL,
		    &root);
		assert_ok(cert_store_new(CERT_ENV_TEST, CERT_REVOCATION_ELSEWHERE, &v));
		assert_ok(cert_store_add_anchor(v, buf_view(&root)));
		if ((all[i].there & 1) != 0)
			assert_ok(cert_store_add_intermediate(v, buf_view(&a)));
		if ((all[i].there & 2) != 0)
			assert_ok(cert_store_add_intermediate(v, buf_view(&b)));
		assert_int_equal(attest_check(v, buf_view(&s), buf_view(&device), login, &got)
		    == ERR_OK, all[i].want == ATTEST_GOOD);
		assert_string_equal(attest_verdict_word(got.verdict),
		    attest_verdict_word(all[i].want));
	}
}

/* Every way to cut statement or device off, and other bytes. */
static void
needs_two_certificates(void **state)
{
	AUTO(buf_free) struct buf root = BUF(8192), leaf = BUF(8192);
	AUTO(cert_store_free) struct cert_store *vendor = NULL;
	AUTO(cert_free) struct cert *login = NULL;
	struct attest got;

	(void)state;
	make_root(&root);
	attest_make("Person", key, "Some CA", root_key, NULL, NULL, &leaf);
	assert_ok(cert_store_new(CERT_ENV_TEST, CERT_REVOCATION_ELSEWHERE, &vendor));
	assert_ok(cert_parse(buf_view(&leaf), &login));
	assert_err(attest_check(vendor, buf_view(&leaf), buf_view(&root), login, &got),
	    ERR_CERT_UNTRUSTED);	/* no vendor is known */
	assert_ok(cert_store_add_anchor(vendor, buf_view(&root)));
	assert_err(attest_check(vendor, cur_of(NULL, 0), buf_view(&root), login, &got),
	    ERR_MALFORMED);
	for (size_t n = 0; n < leaf.len; n += 7)
		assert_err(attest_check(vendor, cur_of(leaf.p, n), buf_view(&root), login, &got),
		    ERR_MALFORMED);
	buf_u8(&leaf, 0);
	assert_err(attest_check(vendor, buf_view(&leaf), buf_view(&root), login, &got),
	    ERR_MALFORMED);
}

static int
make_keys(void **state)
{
	EVP_PKEY **const all[] = { &root_key, &other_root_key, &device_key, &other_device_key,
	    &key, &other_key };

	(void)state;
	for (size_t i = 0; i < NELEM(all); i++)
		if ((*all[i] = EVP_EC_gen("P-256")) == NULL)
			return -1;
	rsa_key = kept_rsa_key(2048);
	return rsa_key == NULL ? -1 : 0;
}

static int
drop_keys(void **state)
{
	(void)state;
	EVP_PKEY_free(root_key);
	EVP_PKEY_free(other_root_key);
	EVP_PKEY_free(device_key);
	EVP_PKEY_free(other_device_key);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other_key);
	EVP_PKEY_free(rsa_key);
	return 0;
}

#define ROW(name, want_, verdict_, ...)					\
	{ name, check, NULL, NULL,					\
	    &(struct row){ .want = want_, .verdict = verdict_, __VA_ARGS__ } }
#define EXTS(...)	.exts = { __VA_ARGS__, END }
#define GOOD		EXTS(FIRMWARE, SERIAL, POLICY, FORM)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW("true; its dates are over, or year 9999", ERR_OK, ATTEST_GOOD,
		    GOOD),
		ROW("true; the dates of its device are over too", ERR_OK, ATTEST_GOOD,
		    GOOD, .until = ATTEST_PAST),
		ROW("true, and no more than must be", ERR_OK, ATTEST_GOOD,
		    EXTS(FIRMWARE, POLICY)),
		ROW("a policy that nobody knows is told", ERR_OK, ATTEST_GOOD,
		    EXTS(FIRMWARE, { "8", "\x09\x01", 2 })),
		ROW("firmware of 2 bytes", ERR_MALFORMED, ATTEST_EXTENSION,
		    EXTS({ "3", "\x05\x04", 2 }, POLICY)),
		ROW("no firmware", ERR_MALFORMED, ATTEST_EXTENSION,
		    EXTS(POLICY)),
		ROW("no policy", ERR_MALFORMED, ATTEST_EXTENSION,
		    EXTS(FIRMWARE, SERIAL)),
		ROW("policy twice", ERR_MALFORMED, ATTEST_EXTENSION,
		    EXTS(FIRMWARE, POLICY, POLICY)),
		ROW("policy of 1 byte", ERR_MALFORMED, ATTEST_EXTENSION,
		    EXTS(FIRMWARE, { "8", "\x02", 1 })),
		ROW("serial negative", ERR_MALFORMED, ATTEST_EXTENSION,
		    EXTS(FIRMWARE, POLICY, { "7", "\x02\x01\xff", 3 })),
		ROW("serial with a byte behind", ERR_MALFORMED, ATTEST_EXTENSION,
		    EXTS(FIRMWARE, POLICY, { "7", "\x02\x01\x05\x00", 4 })),
		ROW("serial of 5 bytes", ERR_MALFORMED, ATTEST_EXTENSION,
		    EXTS(FIRMWARE, POLICY, { "7", "\x02\x05\x01\x00\x00\x00\x00", 7 })),
		ROW("serial twice", ERR_MALFORMED, ATTEST_EXTENSION,
		    EXTS(FIRMWARE, POLICY, SERIAL, SERIAL)),
		ROW("form factor of 2 bytes", ERR_MALFORMED, ATTEST_EXTENSION,
		    EXTS(FIRMWARE, POLICY, { "9", "\x03\x03", 2 })),
		ROW("an own CA in the device", ERR_CERT_UNTRUSTED, ATTEST_UNTRUSTED,
		    GOOD, .root = &other_root_key),
		ROW("a root of the same name", ERR_CERT_UNTRUSTED, ATTEST_UNTRUSTED,
		    GOOD, .root = &other_root_key, .signer = &device_key),
		ROW("signed by another device", ERR_CERT_UNTRUSTED, ATTEST_FORGED,
		    GOOD, .signer = &other_device_key),
		ROW("of a device of another name", ERR_CERT_UNTRUSTED, ATTEST_FORGED,
		    GOOD, .issuer = "Other"),
		ROW("a device that may not vouch", ERR_CERT_UNTRUSTED, ATTEST_UNTRUSTED,
		    GOOD, .not_a_ca = true),
		ROW("of another slot", ERR_MISMATCH, ATTEST_OTHER_SLOT,
		    GOOD, .cn = "YubiKey PIV Attestation 9c"),
		ROW("about another key", ERR_MISMATCH, ATTEST_OTHER_KEY,
		    GOOD, .about = &other_key),
		ROW("a weak RSA key", ERR_CERT_UNTRUSTED, ATTEST_WEAK_KEY,
		    EXTS({ "3", "\x04\x03\x04", 3 }, POLICY), .key = &rsa_key),
		ROW("an RSA key of the firmware after", ERR_OK, ATTEST_GOOD,
		    EXTS({ "3", "\x04\x03\x05", 3 }, POLICY), .key = &rsa_key),
		ROW("an elliptic key of that firmware", ERR_OK, ATTEST_GOOD,
		    EXTS({ "3", "\x04\x03\x04", 3 }, POLICY)),
		cmocka_unit_test(through_intermediates),
		cmocka_unit_test(needs_two_certificates),
		cmocka_unit_test(firmware_is_compared_as_numbers),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
