/* SPDX-License-Identifier: EUPL-1.2 */
/* Attestation of PIV keys: statement, device, vendor. */
#include "cert/attest.h"

#include <openssl/x509v3.h>

#include "cert/inner.h"

#define ARC		"1.3.6.1.4.1.41482.3."
#define SLOT_9A		" 9a"
#define LENGTH_MAX	8	/* certificates between a statement and its root */

static void
store_free(X509_STORE **s)
{
	X509_STORE_free(*s);
	*s = NULL;
}

static void
ctx_free(X509_STORE_CTX **c)
{
	X509_STORE_CTX_free(*c);
	*c = NULL;
}

/* One statement, on its way through the checks. */
struct check {
	const struct cert_store *vendor;
	const struct cert *login;
	struct cur statement_der, device_der;
	X509	*statement, *device;
	struct attest facts;
};

static void
check_end(struct check *k)
{
	x509_drop(&k->statement);
	x509_drop(&k->device);
}

static enum err
parse(struct cur der, X509 **ret)
{
	const unsigned char *p = der.p;
	X509 *x = der.n <= CERT_DER_MAX ? d2i_X509(NULL, &p, (long)der.n) : NULL;

	if (x == NULL || p != der.p + der.n) {
		X509_free(x);
		return fail(ERR_MALFORMED, "attestation: no certificate");
	}
	*ret = x;
	return ERR_OK;
}

static enum err
parse_both(struct check *k)
{
	enum err r = parse(k->statement_der, &k->statement);

	return r == ERR_OK ? parse(k->device_der, &k->device) : r;
}

/* The vendor's certificates alone are trusted, in a store that is made for this once. */
static enum err
vendor_store(const struct cert_store *vendor, X509_STORE **ret)
{
	AUTO(store_free) X509_STORE *s = X509_STORE_new();

	if (s == NULL || sk_X509_num(vendor->anchors) == 0)
		return fail(s == NULL ? ERR_NOMEM : ERR_CERT_UNTRUSTED, "no vendor is known");
	for (int i = 0; i < sk_X509_num(vendor->anchors); i++)
		if (X509_STORE_add_cert(s, sk_X509_value(vendor->anchors, i)) != 1)
			return fail(ERR_NOMEM, "vendor");
	*ret = s;
	s = NULL;
	return ERR_OK;
}

/* From the device to a root of the vendor: signatures, CA or not, lengths; no dates. */
static enum err
check_device(struct check *k)
{
	AUTO(store_free) X509_STORE *s = NULL;
	AUTO(ctx_free) X509_STORE_CTX *c = NULL;
	enum err r = vendor_store(k->vendor, &s);

	if (r != ERR_OK)
		return r;
	if ((c = X509_STORE_CTX_new()) == NULL ||
	    X509_STORE_CTX_init(c, s, k->device, k->vendor->intermediates) != 1)
		return fail(ERR_NOMEM, "vendor");
	/* Not strict: devices have no key usage beside their basicConstraints. */
	X509_STORE_CTX_set_flags(c, X509_V_FLAG_NO_CHECK_TIME);
	X509_STORE_CTX_set_depth(c, LENGTH_MAX);
	X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(c), AUTH_LEVEL);
	if (X509_verify_cert(c) != 1)
		return fail(ERR_CERT_UNTRUSTED, "device: %s",
		    X509_verify_cert_error_string(X509_STORE_CTX_get_error(c)));
	if (X509_check_ca(k->device) != 1)
		return fail(ERR_CERT_UNTRUSTED, "the device may not vouch for keys");
	if ((r = check_weakness(X509_get0_pubkey(k->device))) != ERR_OK)
		return fail(ERR_CERT_UNTRUSTED, "anybody can vouch with the device's key");
	return ERR_OK;
}

static enum err
check_statement(struct check *k)
{
	if (X509_NAME_cmp(X509_get_issuer_name(k->statement),
	    X509_get_subject_name(k->device)) != 0)
		return fail(ERR_CERT_UNTRUSTED, "the statement is of another device");
	if (X509_verify(k->statement, X509_get0_pubkey(k->device)) != 1)
		return fail(ERR_CERT_UNTRUSTED, "the statement is forged");
	return ERR_OK;
}

/* The slot ends the common name. */
static enum err
check_slot(struct check *k)
{
	char cn[128];
	int n = X509_NAME_get_text_by_NID(X509_get_subject_name(k->statement),
	    NID_commonName, cn, sizeof(cn));
	size_t end = strlen(SLOT_9A);

	if (n < (int)end || n >= (int)sizeof(cn) || strlen(cn) != (size_t)n ||
	    strcmp(cn + n - end, SLOT_9A) != 0)
		return fail(ERR_MISMATCH, "the statement is about another slot");
	return ERR_OK;
}

static enum err
check_key(struct check *k)
{
	if (X509_get0_pubkey(k->statement) == NULL ||
	    EVP_PKEY_eq(X509_get0_pubkey(k->statement), cert_key(k->login)) != 1)
		return fail(ERR_MISMATCH, "the statement is about another key");
	return ERR_OK;
}

/* The extension .number, once; ERR_NOT_FOUND (bare). */
static enum err
find_extension(X509 *x, int number, struct cur *ret)
{
	bool found = false;
	char want[32];

	snprintf(want, sizeof(want), ARC "%d", number);
	for (int i = 0; i < X509_get_ext_count(x); i++) {
		X509_EXTENSION *e = X509_get_ext(x, i);
		const ASN1_OCTET_STRING *v = X509_EXTENSION_get_data(e);
		char oid[64];

		if (OBJ_obj2txt(oid, sizeof(oid), X509_EXTENSION_get_object(e), 1) <= 0 ||
		    strcmp(oid, want) != 0)
			continue;
		if (found)
			return fail(ERR_MALFORMED, "extension .%d twice", number);
		found = true;
		*ret = cur_of(ASN1_STRING_get0_data(v), (size_t)ASN1_STRING_length(v));
	}
	return found ? ERR_OK : ERR_NOT_FOUND;
}

/* Bytes as they are, not DER. */
static enum err
need_bytes(X509 *x, int number, size_t n, uint8_t *ret)
{
	struct cur v;
	enum err r = find_extension(x, number, &v);

	if (r == ERR_NOT_FOUND)
		return fail(ERR_MALFORMED, "no extension .%d", number);
	if (r != ERR_OK)
		return r;
	if (v.n != n)
		return fail(ERR_MALFORMED, "extension .%d of %zu bytes", number, v.n);
	memcpy(ret, v.p, n);
	return ERR_OK;
}

/* DER INTEGER of at most four bytes that is not negative. */
static enum err
read_serial(X509 *x, struct attest *ret)
{
	const unsigned char *p;
	ASN1_INTEGER *i;
	uint64_t serial = 0;
	struct cur v;
	bool good;
	enum err r = find_extension(x, 7, &v);

	if (r != ERR_OK)
		return r == ERR_NOT_FOUND ? ERR_OK : r;
	p = v.p;
	i = d2i_ASN1_INTEGER(NULL, &p, (long)v.n);
	good = i != NULL && p == v.p + v.n && ASN1_INTEGER_get_uint64(&serial, i) == 1 &&
	    serial <= UINT32_MAX;
	ASN1_INTEGER_free(i);
	if (!good)
		return fail(ERR_MALFORMED, "extension .7: no serial number");
	ret->has_serial = true;
	ret->serial = (uint32_t)serial;
	return ERR_OK;
}

static enum err
read_facts(X509 *x, struct attest *ret)
{
	struct attest a = { .form = 0 };
	uint8_t policy[2];
	struct cur form;
	enum err r;

	if ((r = need_bytes(x, 3, sizeof(a.firmware), a.firmware)) != ERR_OK ||
	    (r = need_bytes(x, 8, sizeof(policy), policy)) != ERR_OK ||
	    (r = read_serial(x, &a)) != ERR_OK)
		return r;
	r = find_extension(x, 9, &form);
	if (r != ERR_OK && r != ERR_NOT_FOUND)
		return r;
	if (r == ERR_OK && (r = need_bytes(x, 9, 1, &a.form)) != ERR_OK)
		return r;
	a.pin = policy[0];
	a.touch = policy[1];
	*ret = a;
	return ERR_OK;
}

static enum err
check_facts(struct check *k)
{
	return read_facts(k->statement, &k->facts);
}

/* RSA keys of these were made so that they can be computed (CVE-2017-15361). */
static enum err
check_strength(struct check *k)
{
	static const uint8_t first[3] = { 4, 2, 0 }, good[3] = { 4, 3, 5 };

	if (EVP_PKEY_get_base_id(cert_key(k->login)) == EVP_PKEY_RSA &&
	    attest_firmware_from(&k->facts, first) && !attest_firmware_from(&k->facts, good))
		return fail(ERR_CERT_UNTRUSTED, "a weak RSA key of firmware %u.%u.%u",
		    k->facts.firmware[0], k->facts.firmware[1], k->facts.firmware[2]);
	return ERR_OK;
}

enum err
attest_check(const struct cert_store *vendor, struct cur statement, struct cur device,
    const struct cert *login, struct attest *ret)
{
	static const struct {
		enum err (*look)(struct check *k);
		enum attest_verdict else_;
	} order[] = {
		{ parse_both, ATTEST_MALFORMED },
		{ check_device, ATTEST_UNTRUSTED },
		{ check_statement, ATTEST_FORGED },
		{ check_slot, ATTEST_OTHER_SLOT },
		{ check_key, ATTEST_OTHER_KEY },
		{ check_facts, ATTEST_EXTENSION },
		{ check_strength, ATTEST_WEAK_KEY },
	};
	AUTO(check_end) struct check k = { .vendor = vendor, .login = login,
		.statement_der = statement, .device_der = device };
	enum err r;

	for (size_t i = 0; i < NELEM(order); i++)
		if ((r = order[i].look(&k)) != ERR_OK) {
			*ret = (struct attest){ .verdict = order[i].else_ };
			return note(r, "attestation");
		}
	*ret = k.facts;
	ret->verdict = ATTEST_GOOD;
	return ERR_OK;
}

enum err
attest_read(struct cur statement, struct attest *ret)
{
	AUTO(x509_drop) X509 *x = NULL;
	enum err r = parse(statement, &x);

	return r == ERR_OK ? read_facts(x, ret) : r;
}

bool
attest_firmware_from(const struct attest *a, const uint8_t least[3])
{
	return memcmp(a->firmware, least, sizeof(a->firmware)) >= 0;
}

static const char *
word_of(const char *const *words, size_t n, unsigned i)
{
	return i < n ? words[i] : "unknown";
}

const char *
attest_verdict_word(enum attest_verdict v)
{
	static const char *const words[] = {
		[ATTEST_ABSENT] = "absent", [ATTEST_GOOD] = "good",
		[ATTEST_MALFORMED] = "malformed", [ATTEST_UNTRUSTED] = "untrusted",
		[ATTEST_FORGED] = "forged", [ATTEST_OTHER_SLOT] = "other_slot",
		[ATTEST_OTHER_KEY] = "other_key", [ATTEST_EXTENSION] = "extension",
		[ATTEST_WEAK_KEY] = "weak_key",
	};

	return word_of(words, NELEM(words), v);
}

const char *
attest_pin_word(unsigned policy)
{
	static const char *const words[] = {
		[ATTEST_PIN_DEFAULT] = "default", [ATTEST_PIN_NEVER] = "never",
		[ATTEST_PIN_ONCE] = "once", [ATTEST_PIN_ALWAYS] = "always",
		[ATTEST_PIN_MATCH_ONCE] = "match-once",
		[ATTEST_PIN_MATCH_ALWAYS] = "match-always",
	};

	return word_of(words, NELEM(words), policy);
}

const char *
attest_touch_word(unsigned policy)
{
	static const char *const words[] = {
		[ATTEST_TOUCH_DEFAULT] = "default", [ATTEST_TOUCH_NEVER] = "never",
		[ATTEST_TOUCH_ALWAYS] = "always", [ATTEST_TOUCH_CACHED] = "cached",
	};

	return word_of(words, NELEM(words), policy);
}

const char *
attest_form_word(unsigned form)
{
	static const char *const words[] = {
		"unknown", "A-keychain", "A-nano", "C-keychain", "C-nano", "C-lightning",
		"A-bio", "C-bio",
	};

	return word_of(words, NELEM(words), form & ~(unsigned)ATTEST_FORM_FIPS);
}
