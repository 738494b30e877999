/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What is on a pass, as a program sees it, held against its certificates; what each
 * mechanism makes of data, held against libcrypto; and how lengths are asked for (PKCS #11
 * sections 4.4 to 4.9, 5.2; pkcs11 reference, checklist 10, complaints 4 and 6).
 */
#include "tests/check.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "pkcs11/cryptoki.h"
#include "tests/unit/make_cert.h"
#include "tests/unit/p11_desk.h"

#define OBJECTS_MAX	32

static ck_session_handle_t
as_user(void)
{
	ck_session_handle_t s = open_session(0, 0);

	assert_rv(login(s, CKU_USER, DESK_PIN), CKR_OK);
	return s;
}

static ck_ulong
find_all(ck_session_handle_t s, struct ck_attribute *a, ck_ulong n_a, ck_object_handle_t *ret)
{
	ck_ulong n = 0;

	assert_rv(C_FindObjectsInit(s, a, n_a), CKR_OK);
	assert_rv(C_FindObjects(s, ret, OBJECTS_MAX, &n), CKR_OK);
	assert_rv(C_FindObjectsFinal(s), CKR_OK);
	return n;
}

/*
 * Attributes.
 */
static ck_rv_t
attribute(ck_session_handle_t s, ck_object_handle_t o, ck_attribute_type_t type,
    struct buf *ret)
{
	unsigned char value[4096];
	struct ck_attribute a = { type, value, sizeof(value) };
	ck_rv_t rv = C_GetAttributeValue(s, o, &a, 1);

	buf_clear(ret);
	if (rv == CKR_OK)
		buf_put(ret, value, a.value_len);
	return rv;
}

static ck_ulong
number(ck_session_handle_t s, ck_object_handle_t o, ck_attribute_type_t type)
{
	ck_ulong v = 0;
	struct ck_attribute a = { type, &v, sizeof(v) };

	assert_rv(C_GetAttributeValue(s, o, &a, 1), CKR_OK);
	assert_int_equal(a.value_len, sizeof(v));
	return v;
}

static bool
flag(ck_session_handle_t s, ck_object_handle_t o, ck_attribute_type_t type)
{
	unsigned char v = 7;
	struct ck_attribute a = { type, &v, sizeof(v) };

	assert_rv(C_GetAttributeValue(s, o, &a, 1), CKR_OK);
	assert_int_equal(a.value_len, 1);
	assert_in_range(v, 0, 1);
	return v == 1;
}

/* What libcrypto makes of part of a certificate: *p is freed. */
static void
same_der(ck_session_handle_t s, ck_object_handle_t o, ck_attribute_type_t type,
    unsigned char *p, int n)
{
	AUTO(buf_free) struct buf have = BUF(4096);

	assert_true(n > 0);
	assert_rv(attribute(s, o, type, &have), CKR_OK);
	assert_int_equal(have.len, n);
	assert_memory_equal(have.p, p, (size_t)n);
	OPENSSL_free(p);
}

#define SAME_DER(s, o, type, i2d, of)					\
	do {								\
		unsigned char *same_p = NULL;				\
		int same_n = i2d((of), &same_p);			\
		same_der((s), (o), (type), same_p, same_n);		\
	} while (0)

static X509 *
parse(struct cur der)
{
	const unsigned char *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);

	assert_non_null(x);
	return x;
}

static void
certificate_is(ck_session_handle_t s, ck_object_handle_t o, struct cur der, bool authority)
{
	AUTO(buf_free) struct buf have = BUF(4096);
	X509 *x = parse(der);

	assert_rv(attribute(s, o, CKA_VALUE, &have), CKR_OK);
	assert_true(cur_eq(buf_view(&have), der));
	SAME_DER(s, o, CKA_SUBJECT, i2d_X509_NAME, X509_get_subject_name(x));
	SAME_DER(s, o, CKA_ISSUER, i2d_X509_NAME, X509_get_issuer_name(x));
	SAME_DER(s, o, CKA_SERIAL_NUMBER, i2d_ASN1_INTEGER, X509_get0_serialNumber(x));
	SAME_DER(s, o, CKA_PUBLIC_KEY_INFO, i2d_PUBKEY, X509_get0_pubkey(x));
	assert_int_equal(number(s, o, CKA_CERTIFICATE_TYPE), CKC_X_509);
	assert_int_equal(number(s, o, CKA_CERTIFICATE_CATEGORY), authority ? 2 : 1);
	assert_false(flag(s, o, CKA_TRUSTED));
	assert_false(flag(s, o, CKA_PRIVATE));
	X509_free(x);
}

/* An integer of the RSA key as libcrypto has it. */
static void
same_number(ck_session_handle_t s, ck_object_handle_t o, ck_attribute_type_t type,
    const EVP_PKEY *key, const char *name)
{
	AUTO(buf_free) struct buf have = BUF(1024);
	unsigned char want[1024];
	BIGNUM *bn = NULL;

	assert_rv(attribute(s, o, type, &have), CKR_OK);
	assert_int_equal(EVP_PKEY_get_bn_param(key, name, &bn), 1);
	assert_int_equal(have.len, BN_bn2bin(bn, want));
	assert_memory_equal(have.p, want, have.len);
	BN_free(bn);
}

static void
key_is(ck_session_handle_t s, ck_object_handle_t o, struct cur der)
{
	X509 *x = parse(der);

	assert_int_equal(number(s, o, CKA_KEY_TYPE), CKK_RSA);
	same_number(s, o, CKA_MODULUS, X509_get0_pubkey(x), "n");
	same_number(s, o, CKA_PUBLIC_EXPONENT, X509_get0_pubkey(x), "e");
	SAME_DER(s, o, CKA_SUBJECT, i2d_X509_NAME, X509_get_subject_name(x));
	SAME_DER(s, o, CKA_PUBLIC_KEY_INFO, i2d_PUBKEY, X509_get0_pubkey(x));
	assert_false(flag(s, o, CKA_LOCAL));
	assert_false(flag(s, o, CKA_DERIVE));
	X509_free(x);
}

static void
private_key_is(ck_session_handle_t s, ck_object_handle_t o, enum purpose i, bool always)
{
	static const ck_attribute_type_t secret[] = {
		CKA_PRIVATE_EXPONENT, CKA_PRIME_1, CKA_PRIME_2, CKA_EXPONENT_1, CKA_EXPONENT_2,
		CKA_COEFFICIENT, CKA_VALUE,
	};
	AUTO(buf_free) struct buf b = BUF(4096);

	assert_true(flag(s, o, CKA_PRIVATE));
	assert_true(flag(s, o, CKA_SENSITIVE));
	assert_false(flag(s, o, CKA_EXTRACTABLE));
	assert_int_equal(flag(s, o, CKA_SIGN), i != CONFIDENTIALITY);
	assert_int_equal(flag(s, o, CKA_DECRYPT), i == CONFIDENTIALITY);
	assert_int_equal(flag(s, o, CKA_ALWAYS_AUTHENTICATE), always && i == SIGNATURE);
	for (size_t k = 0; k < NELEM(secret); k++)
		assert_rv(attribute(s, o, secret[k], &b), CKR_ATTRIBUTE_SENSITIVE);
	assert_rv(attribute(s, o, CKA_EC_POINT, &b), CKR_ATTRIBUTE_TYPE_INVALID);
}

/* What the key's list of mechanisms promises, C_GetMechanismInfo and the key keep. */
static void
mechanisms_are_true(ck_session_handle_t s, ck_object_handle_t o)
{
	AUTO(buf_free) struct buf b = BUF(1024);
	struct ck_mechanism_info info;
	ck_mechanism_type_t type;

	assert_rv(attribute(s, o, CKA_ALLOWED_MECHANISMS, &b), CKR_OK);
	assert_true(b.len != 0 && b.len % sizeof(type) == 0);
	for (size_t at = 0; at < b.len; at += sizeof(type)) {
		struct ck_mechanism m = { 0, NULL, 0 };

		memcpy(&m.mechanism, b.p + at, sizeof(m.mechanism));
		assert_rv(C_GetMechanismInfo(0, m.mechanism, &info), CKR_OK);
		assert_true((info.flags & CKF_HW) != 0);
		if (flag(s, o, CKA_SIGN)) {
			assert_rv(C_SignInit(s, &m, o), CKR_OK);
			assert_rv(C_SignInit(s, NULL, 0), CKR_OK);
		} else {
			assert_rv(C_DecryptInit(s, &m, o), CKR_OK);
			assert_rv(C_DecryptInit(s, NULL, 0), CKR_OK);
		}
	}
}

static void
three_of_each_kind(void **state)
{
	struct desk *d = *state;
	AUTO(buf_free) struct buf id = BUF(64), other = BUF(64);
	ck_session_handle_t s;

	d->pass.file.keys[SIGNATURE].consent = true;
	pass_remake(&d->pass);
	ws_insert(DESK_READER, &d->pass.in_hand);
	s = as_user();
	for (unsigned i = 0; i < PURPOSES; i++) {
		ck_object_handle_t cert = object(s, CKO_CERTIFICATE, i),
		    public = object(s, CKO_PUBLIC_KEY, i), private = object(s, CKO_PRIVATE_KEY, i);

		certificate_is(s, cert, desk_cert((enum purpose)i), false);
		key_is(s, public, desk_cert((enum purpose)i));
		key_is(s, private, desk_cert((enum purpose)i));
		assert_int_equal(number(s, public, CKA_MODULUS_BITS), 2048);
		private_key_is(s, private, (enum purpose)i, true);
		mechanisms_are_true(s, private);
		assert_rv(attribute(s, cert, CKA_ID, &id), CKR_OK);
		assert_true(id.len != 0);
		assert_rv(attribute(s, public, CKA_ID, &other), CKR_OK);
		assert_true(cur_eq(buf_view(&id), buf_view(&other)));
		assert_rv(attribute(s, private, CKA_ID, &other), CKR_OK);
		assert_true(cur_eq(buf_view(&id), buf_view(&other)));
	}
	certificate_is(s, object(s, CKO_CERTIFICATE, PURPOSES), desk_authority(), true);
}

/* A PIV card whose 9D is an elliptic key. */
static void
insert_for_agreement(struct pass *p)
{
	const struct recipe how = { .cn = "Zoe Test", .kind = "P-256",
	    .usage = "critical,keyAgreement" };
	AUTO(made_drop) struct made m = { .x = NULL };

	vcard_free(&p->card);
	card_file_defaults_of(CARD_PIV, &p->file);
	memcpy(p->file.secrets[USER_PIN], DESK_PIN, sizeof(DESK_PIN));
	p->file.keys[CONFIDENTIALITY].present = true;
	make_cert(&how, NULL, &m);
	assert_int_equal(EVP_PKEY_up_ref(m.key), 1);
	assert_ok(vcard_new(&p->file, &p->card));
	assert_ok(vcard_set_key(p->card, CONFIDENTIALITY, m.key, buf_view(&m.der)));
	assert_ok(vcard_finish(p->card));
	p->in_hand.atr_len = p->file.atr_len;
	memcpy(p->in_hand.atr, p->file.atr, p->file.atr_len);
	ws_insert(DESK_READER, &p->in_hand);
}

/* The public key is the other side's parameter: it derives nothing, and says so. */
static void
only_the_private_key_derives(void **state)
{
	const ck_mechanism_type_t ecdh = CKM_ECDH1_DERIVE;
	AUTO(buf_free) struct buf b = BUF(1024);
	ck_object_handle_t private, public;
	struct desk *d = *state;
	ck_session_handle_t s;

	insert_for_agreement(&d->pass);
	s = as_user();
	private = object(s, CKO_PRIVATE_KEY, 0);
	public = object(s, CKO_PUBLIC_KEY, 0);
	assert_true(flag(s, private, CKA_DERIVE));
	assert_rv(attribute(s, private, CKA_ALLOWED_MECHANISMS, &b), CKR_OK);
	assert_int_equal(b.len, sizeof(ecdh));
	assert_memory_equal(b.p, &ecdh, sizeof(ecdh));
	assert_false(flag(s, public, CKA_DERIVE));
	assert_rv(attribute(s, public, CKA_ALLOWED_MECHANISMS, &b), CKR_OK);
	assert_int_equal(b.len, 0);
}

#define UNIQUE_MAX	128

static void
unique_id(ck_session_handle_t s, ck_object_handle_t o, char ret[UNIQUE_MAX])
{
	struct ck_attribute a = { CKA_UNIQUE_ID, ret, UNIQUE_MAX - 1 };

	assert_rv(C_GetAttributeValue(s, o, &a, 1), CKR_OK);
	assert_true(a.value_len != 0);
	ret[a.value_len] = '\0';
}

static void
no_two_are_the_same(void **state)
{
	struct desk *d = *state;
	char ids[OBJECTS_MAX][UNIQUE_MAX], again[UNIQUE_MAX];
	ck_object_handle_t all[OBJECTS_MAX];
	ck_session_handle_t s = as_user();
	ck_ulong n = find_all(s, NULL, 0, all);

	assert_in_range(n, 3 * PURPOSES + 1, OBJECTS_MAX - 1);
	for (size_t i = 0; i < n; i++) {
		unique_id(s, all[i], ids[i]);
		assert_true(flag(s, all[i], CKA_TOKEN));
		assert_false(flag(s, all[i], CKA_MODIFIABLE));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(ids[i], ids[k]);
	}
	/* The same for the same card the next time. */
	ws_insert(DESK_READER, &d->pass.in_hand);
	assert_rv(C_CloseAllSessions(0), CKR_OK);
	s = as_user();
	assert_int_equal(find_all(s, NULL, 0, all), n);
	for (size_t i = 0; i < n; i++) {
		unique_id(s, all[i], again);
		assert_string_equal(again, ids[i]);
	}
}

/* No hardware feature; the profiles that are true, without a login. */
static void
profiles_and_features(void **state UNUSED)
{
	static const ck_ulong want[] = { CKP_BASELINE_PROVIDER, CKP_AUTHENTICATION_TOKEN,
		CKP_PUBLIC_CERTIFICATES_TOKEN };
	ck_object_class_t class = CKO_HW_FEATURE;
	struct ck_attribute a = { CKA_CLASS, &class, sizeof(class) };
	ck_object_handle_t found[OBJECTS_MAX];
	ck_session_handle_t s = open_session(0, 0);

	assert_int_equal(find_all(s, &a, 1, found), 0);
	class = CKO_PROFILE;
	assert_int_equal(find_all(s, &a, 1, found), NELEM(want));
	for (size_t i = 0; i < NELEM(want); i++)
		assert_int_equal(number(s, found[i], CKA_PROFILE_ID), want[i]);
	class = CKO_PRIVATE_KEY;
	assert_int_equal(find_all(s, &a, 1, found), 0);
	class = CKO_CERTIFICATE;
	assert_int_equal(find_all(s, &a, 1, found), PURPOSES + 1);
	class = CKO_PUBLIC_KEY;
	assert_int_equal(find_all(s, &a, 1, found), PURPOSES);
}

/* Complaint 4: what is asked for by class, id or label costs no file. */
static void
finding_reads_no_certificate(void **state UNUSED)
{
	static const ck_object_class_t classes[] = { CKO_CERTIFICATE, CKO_PUBLIC_KEY,
		CKO_PRIVATE_KEY };
	ck_session_handle_t s = as_user();
	ck_object_class_t class;
	unsigned char id[64], label[64];
	struct ck_attribute a[] = { { CKA_CLASS, &class, sizeof(class) },
		{ CKA_ID, id, sizeof(id) }, { CKA_LABEL, label, sizeof(label) } };
	ck_object_handle_t found[OBJECTS_MAX];

	/* The directory of authorities is read when all certificates are asked for. */
	class = CKO_CERTIFICATE;
	(void)find_all(s, a, 1, found);
	assert_rv(C_GetAttributeValue(s, found[0], a + 1, 2), CKR_OK);
	ws_forget_counts();
	for (size_t i = 0; i < NELEM(classes); i++) {
		class = classes[i];
		assert_true(find_all(s, a, 1, found) >= PURPOSES);
		assert_int_equal(find_all(s, a, 2, found), 1);
		assert_int_equal(find_all(s, a, 3, found), 1);
		assert_int_equal(find_all(s, a + 2, 1, found), 3);
	}
	assert_int_equal(ws_calls(WS_TRANSMIT), 0);
	/* A certificate is read once. */
	certificate_is(s, object(s, CKO_CERTIFICATE, CONFIDENTIALITY),
	    desk_cert(CONFIDENTIALITY), false);
	assert_true(ws_ins(0xb0) > 0);
	ws_forget_counts();
	certificate_is(s, object(s, CKO_CERTIFICATE, CONFIDENTIALITY),
	    desk_cert(CONFIDENTIALITY), false);
	assert_int_equal(ws_calls(WS_TRANSMIT), 0);
}

/* One bad item spoils its own length and no other (section 5.7, C_GetAttributeValue). */
static void
lengths_of_attributes(void **state UNUSED)
{
	ck_session_handle_t s = as_user();
	ck_object_handle_t key = object(s, CKO_PRIVATE_KEY, KEY_AUTH);
	unsigned char id[64], small[1], label[128];
	struct ck_attribute a[] = { { CKA_ID, id, sizeof(id) }, { CKA_PRIME_1, label, 9 },
		{ CKA_LABEL, small, 1 }, { 0x80001234, label, 9 }, { CKA_LABEL, NULL, 0 },
		{ CKA_LABEL, label, sizeof(label) } };
	ck_rv_t rv = C_GetAttributeValue(s, key, a, NELEM(a));

	assert_true(rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_BUFFER_TOO_SMALL ||
	    rv == CKR_ATTRIBUTE_TYPE_INVALID);
	assert_in_range(a[0].value_len, 1, sizeof(id));
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(a[i].value_len, CK_UNAVAILABLE_INFORMATION);
	assert_in_range(a[4].value_len, 2, sizeof(label));
	assert_int_equal(a[5].value_len, a[4].value_len);
}

/*
 * Mechanisms.
 */
static const struct {
	ck_mechanism_type_t digest, sign;
	const char *name;
	ck_ulong n;
} hashes[] = {
	{ CKM_SHA_1, CKM_SHA1_RSA_PKCS, "SHA1", 20 },
	{ CKM_SHA224, CKM_SHA224_RSA_PKCS, "SHA224", 28 },
	{ CKM_SHA256, CKM_SHA256_RSA_PKCS, "SHA256", 32 },
	{ CKM_SHA384, CKM_SHA384_RSA_PKCS, "SHA384", 48 },
	{ CKM_SHA512, CKM_SHA512_RSA_PKCS, "SHA512", 64 },
};

static unsigned char data[1000];

static void
digests(void **state UNUSED)
{
	ck_session_handle_t s = open_session(0, 0);
	unsigned char want[EVP_MAX_MD_SIZE], have[EVP_MAX_MD_SIZE];

	for (size_t i = 0; i < NELEM(hashes); i++) {
		struct ck_mechanism m = { hashes[i].digest, NULL, 0 };
		ck_ulong n = 0;

		assert_int_equal(EVP_Digest(data, sizeof(data), want, NULL,
		    EVP_get_digestbyname(hashes[i].name), NULL), 1);
		assert_rv(C_DigestInit(s, &m), CKR_OK);
		/* Asking, and too little room, change nothing. */
		assert_rv(C_Digest(s, data, sizeof(data), NULL, &n), CKR_OK);
		assert_int_equal(n, hashes[i].n);
		n = hashes[i].n - 1;
		assert_rv(C_Digest(s, data, sizeof(data), have, &n), CKR_BUFFER_TOO_SMALL);
		assert_int_equal(n, hashes[i].n);
		assert_rv(C_Digest(s, data, sizeof(data), have, &n), CKR_OK);
		assert_memory_equal(have, want, n);
		assert_rv(C_Digest(s, data, sizeof(data), have, &n), CKR_OPERATION_NOT_INITIALIZED);
		assert_rv(C_DigestInit(s, &m), CKR_OK);
		assert_rv(C_DigestUpdate(s, data, 1), CKR_OK);
		assert_rv(C_DigestUpdate(s, data + 1, sizeof(data) - 1), CKR_OK);
		assert_rv(C_Digest(s, data, 1, have, &n), CKR_OPERATION_ACTIVE);
		memset(have, 0, sizeof(have));
		assert_rv(C_DigestFinal(s, have, &n), CKR_OK);
		assert_memory_equal(have, want, n);
	}
}

static bool
openssl_agrees(struct cur der, const char *hash, const unsigned char *sig, size_t n)
{
	X509 *x = parse(der);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool good = EVP_DigestVerifyInit_ex(md, NULL, hash, NULL, NULL, X509_get0_pubkey(x),
	    NULL) == 1 && EVP_DigestVerify(md, sig, n, data, sizeof(data)) == 1;

	EVP_MD_CTX_free(md);
	X509_free(x);
	return good;
}

/* Sign in one part and in several, and verify in the four ways there are. */
static void
verifies(ck_session_handle_t s, struct ck_mechanism *m, unsigned char *sig, ck_ulong n)
{
	ck_object_handle_t public = object(s, CKO_PUBLIC_KEY, KEY_AUTH);

	for (int wrong = 0; wrong < 2; wrong++) {
		ck_rv_t want = wrong ? CKR_SIGNATURE_INVALID : CKR_OK;

		sig[7] ^= (unsigned char)wrong;
		assert_rv(C_VerifyInit(s, m, public), CKR_OK);
		assert_rv(C_Verify(s, data, sizeof(data), sig, n), want);
		assert_rv(C_VerifyInit(s, m, public), CKR_OK);
		assert_rv(C_VerifyUpdate(s, data, 500), CKR_OK);
		assert_rv(C_VerifyUpdate(s, data + 500, sizeof(data) - 500), CKR_OK);
		assert_rv(C_VerifyFinal(s, sig, n), want);
		assert_rv(C_VerifySignatureInit(s, m, public, sig, n), CKR_OK);
		assert_rv(C_VerifySignature(s, data, sizeof(data)), want);
		assert_rv(C_VerifySignatureInit(s, m, public, sig, n), CKR_OK);
		assert_rv(C_VerifySignatureUpdate(s, data, 1), CKR_OK);
		assert_rv(C_VerifySignatureUpdate(s, data + 1, sizeof(data) - 1), CKR_OK);
		assert_rv(C_VerifySignatureFinal(s), want);
		sig[7] ^= (unsigned char)wrong;
	}
	assert_rv(C_VerifyInit(s, m, public), CKR_OK);
	assert_rv(C_Verify(s, data, sizeof(data), sig, n - 1), CKR_SIGNATURE_LEN_RANGE);
}

static void
signatures(void **state UNUSED)
{
	ck_session_handle_t s = as_user();
	ck_object_handle_t key = object(s, CKO_PRIVATE_KEY, KEY_AUTH);
	unsigned char sig[512], again[512];

	for (size_t i = 0; i < NELEM(hashes); i++) {
		struct ck_mechanism m = { hashes[i].sign, NULL, 0 };
		ck_ulong n = 0;

		assert_rv(C_SignInit(s, &m, key), CKR_OK);
		assert_rv(C_Sign(s, data, sizeof(data), NULL, &n), CKR_OK);
		assert_int_equal(n, 256);
		n = 255;
		assert_rv(C_Sign(s, data, sizeof(data), sig, &n), CKR_BUFFER_TOO_SMALL);
		assert_int_equal(n, 256);
		assert_rv(C_Sign(s, data, sizeof(data), sig, &n), CKR_OK);
		assert_true(openssl_agrees(desk_cert(AUTHENTICATION), hashes[i].name, sig, n));
		assert_rv(C_SignInit(s, &m, key), CKR_OK);
		assert_rv(C_SignUpdate(s, data, 999), CKR_OK);
		assert_rv(C_SignUpdate(s, data + 999, 1), CKR_OK);
		assert_rv(C_Sign(s, data, 1, again, &n), CKR_OPERATION_ACTIVE);
		assert_rv(C_SignFinal(s, again, &n), CKR_OK);
		assert_memory_equal(again, sig, n);
		verifies(s, &m, sig, n);
	}
}

/* What the caller framed goes into one block, and something does; the card is not asked. */
static void
framed_data(void **state UNUSED)
{
	static const ck_ulong bad[] = { 0, 246, 300, 2000 };
	struct ck_mechanism m = { CKM_RSA_PKCS, NULL, 0 };
	ck_session_handle_t s = as_user();
	unsigned char in[2000] = { 1 }, sig[256];
	ck_ulong n = sizeof(sig);

	assert_rv(C_SignInit(s, &m, object(s, CKO_PRIVATE_KEY, KEY_AUTH)), CKR_OK);
	assert_rv(C_Sign(s, in, 245, sig, &n), CKR_OK);
	assert_rv(C_VerifyInit(s, &m, object(s, CKO_PUBLIC_KEY, KEY_AUTH)), CKR_OK);
	assert_rv(C_Verify(s, in, 245, sig, n), CKR_OK);
	for (size_t i = 0; i < NELEM(bad); i++) {
		unsigned before = ws_calls(WS_TRANSMIT);

		assert_rv(C_SignInit(s, &m, object(s, CKO_PRIVATE_KEY, KEY_AUTH)), CKR_OK);
		assert_rv(C_Sign(s, in, bad[i], sig, &n), CKR_DATA_LEN_RANGE);
		assert_rv(C_VerifyInit(s, &m, object(s, CKO_PUBLIC_KEY, KEY_AUTH)), CKR_OK);
		assert_rv(C_Verify(s, in, bad[i], sig, n), CKR_DATA_LEN_RANGE);
		assert_int_equal(ws_calls(WS_TRANSMIT), before);
	}
}

/* Two kinds of operation in one session do not disturb each other (defect 12). */
static void
operations_side_by_side(void **state UNUSED)
{
	struct ck_mechanism sha = { CKM_SHA256, NULL, 0 }, m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	ck_session_handle_t s = as_user();
	unsigned char sig[512], hash[64];
	ck_ulong n = sizeof(sig), n_hash = sizeof(hash);

	assert_rv(C_SignInit(s, &m, object(s, CKO_PRIVATE_KEY, KEY_AUTH)), CKR_OK);
	assert_rv(C_DigestInit(s, &sha), CKR_OK);
	assert_rv(C_FindObjectsInit(s, NULL, 0), CKR_OK);
	assert_rv(C_SignUpdate(s, data, sizeof(data)), CKR_OK);
	assert_rv(C_DigestUpdate(s, data, sizeof(data)), CKR_OK);
	assert_rv(C_SessionCancel(s, CKF_DIGEST | CKF_FIND_OBJECTS), CKR_OK);
	assert_rv(C_DigestFinal(s, hash, &n_hash), CKR_OPERATION_NOT_INITIALIZED);
	assert_rv(C_FindObjectsFinal(s), CKR_OPERATION_NOT_INITIALIZED);
	assert_rv(C_SignFinal(s, sig, &n), CKR_OK);
	assert_true(openssl_agrees(desk_cert(AUTHENTICATION), "SHA256", sig, n));
}

/* Ciphers of C_Encrypt come back; asked twice, the card deciphers once. */
static void
ciphers(void **state)
{
	struct desk *d = *state;
	struct ck_mechanism m = { CKM_RSA_PKCS, NULL, 0 };
	ck_session_handle_t s = as_user();
	unsigned char block[512], out[512], text[] = "secret";
	ck_ulong n = sizeof(block), n_out = 0;
	uint64_t before;

	assert_rv(C_EncryptInit(s, &m, object(s, CKO_PUBLIC_KEY, KEY_CONF)), CKR_OK);
	assert_rv(C_Encrypt(s, text, sizeof(text), block, &n), CKR_OK);
	assert_int_equal(n, 256);
	assert_rv(C_DecryptInit(s, &m, object(s, CKO_PRIVATE_KEY, KEY_CONF)), CKR_OK);
	assert_rv(C_Decrypt(s, block, n, NULL, &n_out), CKR_OK);
	assert_true(n_out >= sizeof(text));
	before = vcard_counts(d->pass.card).signatures;
	n_out = 1;
	assert_rv(C_Decrypt(s, block, n, out, &n_out), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(n_out, sizeof(text));
	assert_rv(C_Decrypt(s, block, n, out, &n_out), CKR_OK);
	assert_memory_equal(out, text, sizeof(text));
	assert_int_equal(vcard_counts(d->pass.card).signatures, before + 1);
	/* In parts, and garbage. */
	assert_rv(C_DecryptInit(s, &m, object(s, CKO_PRIVATE_KEY, KEY_CONF)), CKR_OK);
	assert_rv(C_DecryptUpdate(s, block, 100, out, &n_out), CKR_OK);
	assert_int_equal(n_out, 0);
	assert_rv(C_DecryptUpdate(s, block + 100, 156, out, &n_out), CKR_OK);
	n_out = sizeof(out);
	assert_rv(C_DecryptFinal(s, out, &n_out), CKR_OK);
	assert_int_equal(n_out, sizeof(text));
	assert_rv(C_DecryptInit(s, &m, object(s, CKO_PRIVATE_KEY, KEY_CONF)), CKR_OK);
	assert_rv(C_Decrypt(s, block, n - 1, out, &n_out), CKR_ENCRYPTED_DATA_LEN_RANGE);
}

/* Too little room keeps what was made, for the same data: for other data it is no answer. */
static void
other_data_is_another_cipher(void **state UNUSED)
{
	struct ck_mechanism m = { CKM_RSA_PKCS, NULL, 0 };
	ck_session_handle_t s = as_user();
	unsigned char blocks[2][256], out[256], one[] = "AAAA", two[] = "BBBB";
	ck_ulong n = 1;

	assert_rv(C_EncryptInit(s, &m, object(s, CKO_PUBLIC_KEY, KEY_CONF)), CKR_OK);
	assert_rv(C_Encrypt(s, one, 4, blocks[0], &n), CKR_BUFFER_TOO_SMALL);
	assert_rv(C_Encrypt(s, two, 4, blocks[1], &n), CKR_OK);
	assert_rv(C_EncryptInit(s, &m, object(s, CKO_PUBLIC_KEY, KEY_CONF)), CKR_OK);
	assert_rv(C_Encrypt(s, one, 4, blocks[0], &n), CKR_OK);
	assert_rv(C_DecryptInit(s, &m, object(s, CKO_PRIVATE_KEY, KEY_CONF)), CKR_OK);
	n = 1;
	assert_rv(C_Decrypt(s, blocks[0], sizeof(blocks[0]), out, &n), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(n, 4);
	assert_rv(C_Decrypt(s, blocks[1], sizeof(blocks[1]), out, &n), CKR_OK);
	assert_int_equal(n, 4);
	assert_memory_equal(out, two, 4);
}

static void
random_numbers(void **state UNUSED)
{
	ck_session_handle_t s = open_session(0, 0);
	unsigned char a[64] = { 0 }, b[64] = { 0 };

	assert_rv(C_GenerateRandom(s, a, sizeof(a)), CKR_OK);
	assert_rv(C_GenerateRandom(s, b, sizeof(b)), CKR_OK);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_rv(C_GenerateRandom(s, NULL, 0), CKR_OK);
	assert_rv(C_SeedRandom(s, a, sizeof(a)), CKR_RANDOM_SEED_NOT_SUPPORTED);
}

static void
lists_of_mechanisms(void **state UNUSED)
{
	ck_mechanism_type_t types[64];
	struct ck_mechanism_info info;
	ck_ulong n = 0, less;

	assert_rv(C_GetMechanismList(0, NULL, &n), CKR_OK);
	assert_in_range(n, 11, NELEM(types));
	less = n - 1;
	assert_rv(C_GetMechanismList(0, types, &less), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(less, n);
	assert_rv(C_GetMechanismList(0, types, &less), CKR_OK);
	for (size_t i = 0; i < n; i++) {
		assert_rv(C_GetMechanismInfo(0, types[i], &info), CKR_OK);
		assert_true(info.flags != 0 && info.min_key_size <= info.max_key_size);
		assert_int_not_equal(types[i], CKM_RSA_X_509);
	}
	assert_rv(C_GetMechanismInfo(0, CKM_RSA_X_509, &info), CKR_MECHANISM_INVALID);
	assert_rv(C_GetMechanismInfo(0, CKM_ECDSA, &info), CKR_MECHANISM_INVALID);
}

static int
setup(void **state UNUSED)
{
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 7);
	return desk_setup("cache = no\n");
}

static int
teardown(void **state UNUSED)
{
	return desk_teardown();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(three_of_each_kind),
		DESK_TEST(only_the_private_key_derives),
		DESK_TEST(no_two_are_the_same),
		DESK_TEST(profiles_and_features),
		DESK_TEST(finding_reads_no_certificate),
		DESK_TEST(lengths_of_attributes),
		DESK_TEST(digests),
		DESK_TEST(signatures),
		DESK_TEST(framed_data),
		DESK_TEST(operations_side_by_side),
		DESK_TEST(ciphers),
		DESK_TEST(other_data_is_another_cipher),
		DESK_TEST(random_numbers),
		DESK_TEST(lists_of_mechanisms),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
