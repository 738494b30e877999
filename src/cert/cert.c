/* SPDX-License-Identifier: EUPL-1.2 */
/* One certificate: read it, and say what stands in it. */
#include "cert/inner.h"

#include <openssl/core_names.h>
#include <stdlib.h>
#include <time.h>

#define SERIAL_MAX	20	/* octets: RFC 5280 section 4.1.2.2 */
#define EXTENSIONS_MAX	32
#define KEY_BITS_MAX	8192	/* what a stranger may make us compute with */

void
cert_free(struct cert **c)
{
	if (*c == NULL)
		return;
	X509_free((*c)->x);
	buf_free(&(*c)->der);
	free(*c);
	*c = NULL;
}

/* RFC 5280 section 4.2: not more than one instance of an extension. */
static bool
extensions_unique(const X509 *x)
{
	int n = X509_get_ext_count(x);

	for (int i = 0; i < n; i++) {
		ASN1_OBJECT *oid = X509_EXTENSION_get_object(X509_get_ext(x, i));

		if (X509_get_ext_by_OBJ(x, oid, i) >= 0)
			return false;
	}
	return true;
}

static void
names_drop(GENERAL_NAMES **names)
{
	GENERAL_NAMES_free(*names);
	*names = NULL;
}

enum err
alt_names(const X509 *x, GENERAL_NAMES **ret)
{
	int i = X509_get_ext_by_NID(x, NID_subject_alt_name, -1);
	const ASN1_OCTET_STRING *value;
	const uint8_t *p, *end;

	if (i < 0)
		return ERR_NOT_FOUND;
	value = X509_EXTENSION_get_data(X509_get_ext(x, i));
	p = ASN1_STRING_get0_data(value);
	end = p + ASN1_STRING_length(value);
	*ret = d2i_GENERAL_NAMES(NULL, &p, (long)(end - p));
	if (*ret != NULL && p == end)
		return ERR_OK;
	names_drop(ret);

	return fail(ERR_CERT_PROFILE, "subjectAltName is malformed");
}

/* Curve parameters of a stranger's choice are nothing we want to compute with. */
static bool
curve_is_named(const EVP_PKEY *key)
{
	int explicit = 1;

	return EVP_PKEY_get_int_param(key,
	    OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit) == 1 && !explicit;
}

static enum err
check_key(const X509 *x)
{
	EVP_PKEY *key = X509_get0_pubkey(x);

	if (key == NULL)
		return fail(ERR_MALFORMED, "certificate: public key");
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
	case EVP_PKEY_RSA_PSS:
		break;
	case EVP_PKEY_EC:
		if (!curve_is_named(key))
			return fail(ERR_UNSUPPORTED, "certificate: curve without a name");
		break;
	default:
		return fail(ERR_UNSUPPORTED, "certificate: kind of key");
	}
	if (EVP_PKEY_get_bits(key) > KEY_BITS_MAX)
		return fail(ERR_LIMIT, "certificate: key of %d bits",
		    EVP_PKEY_get_bits(key));

	return ERR_OK;
}

static enum err
check_form(X509 *x)
{
	AUTO(names_drop) GENERAL_NAMES *names = NULL;

	if (ASN1_STRING_length(X509_get0_serialNumber(x)) > SERIAL_MAX)
		return fail(ERR_LIMIT, "certificate: serial number");
	if (X509_get_ext_count(x) > EXTENSIONS_MAX)
		return fail(ERR_LIMIT, "certificate: extensions");
	if (!extensions_unique(x))
		return fail(ERR_MALFORMED, "certificate: an extension is repeated");
	/* OpenSSL reads this one too; told apart, because people get it wrong. */
	if (alt_names(x, &names) == ERR_CERT_PROFILE)
		return note(ERR_CERT_PROFILE, "certificate");
	if ((X509_get_extension_flags(x) & EXFLAG_INVALID) != 0)
		return fail(ERR_MALFORMED, "certificate: extension");

	return check_key(x);
}

static void
policies_drop(CERTIFICATEPOLICIES **p)
{
	CERTIFICATEPOLICIES_free(*p);
	*p = NULL;
}

static enum err
read_policies(struct cert *c)
{
	AUTO(policies_drop) CERTIFICATEPOLICIES *all = NULL;
	int found;

	all = X509_get_ext_d2i(c->x, NID_certificate_policies, &found, NULL);
	if (all == NULL && found == -1)
		return ERR_OK;		/* there are none */
	if (all == NULL)
		return fail(ERR_MALFORMED, "certificate: policies");
	if (sk_POLICYINFO_num(all) > CERT_POLICIES)
		return fail(ERR_LIMIT, "certificate: policies");
	for (int i = 0; i < sk_POLICYINFO_num(all); i++) {
		char *oid = c->policies[c->n_policies];
		int n = OBJ_obj2txt(oid, CERT_OID_MAX,
		    sk_POLICYINFO_value(all, i)->policyid, 1);

		/* One that does not fit is none that anybody configured. */
		if (n > 0 && n < CERT_OID_MAX)
			c->n_policies++;
	}
	return ERR_OK;
}

enum err
cert_parse(struct cur der, struct cert **ret)
{
	AUTO(cert_free) struct cert *c = NULL;
	const uint8_t *p = der.p;
	enum err r;

	if (der.n == 0 || der.n > CERT_DER_MAX)
		return fail(ERR_LIMIT, "certificate of %zu bytes", der.n);
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return fail(ERR_NOMEM, "certificate");
	c->der = (struct buf)BUF(CERT_DER_MAX);
	buf_cur(&c->der, der);
	c->x = d2i_X509(NULL, &p, (long)der.n);
	if (c->x == NULL || p != der.p + der.n)
		return fail(ERR_MALFORMED, "not one certificate in DER");
	if ((r = buf_end(&c->der)) != ERR_OK)
		return fail(r, "certificate");
	if ((r = check_form(c->x)) != ERR_OK || (r = read_policies(c)) != ERR_OK)
		return r;
	*ret = c;
	c = NULL;		/* the caller's now */

	return ERR_OK;
}

enum err
cert_of_x509(X509 *x, struct cert **ret)
{
	uint8_t *der = NULL;
	int n = i2d_X509(x, &der);
	enum err r;

	if (n <= 0)
		return fail(ERR_NOMEM, "certificate");
	r = cert_parse(cur_of(der, (size_t)n), ret);
	OPENSSL_free(der);

	return r;
}

struct cur
cert_der(const struct cert *c)
{
	return buf_view(&c->der);
}

EVP_PKEY *
cert_key(const struct cert *c)
{
	return X509_get0_pubkey(c->x);
}

unsigned
cert_key_bits(const struct cert *c)
{
	return (unsigned)EVP_PKEY_get_bits(cert_key(c));
}

static int64_t
seconds(const ASN1_TIME *t)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return INT64_MIN;
	return timegm(&tm);
}

int64_t
cert_not_before(const struct cert *c)
{
	return seconds(X509_get0_notBefore(c->x));
}

int64_t
cert_not_after(const struct cert *c)
{
	return seconds(X509_get0_notAfter(c->x));
}

enum err
name_text(const X509_NAME *name, int nid, char *ret, size_t size)
{
	int i = X509_NAME_get_index_by_NID(name, nid, -1);
	uint8_t *utf8 = NULL;
	bool fits;
	int n;

	if (i < 0)
		return ERR_NOT_FOUND;
	if (X509_NAME_get_index_by_NID(name, nid, i) >= 0)
		return fail(ERR_CERT_PROFILE, "name: %s is repeated", OBJ_nid2sn(nid));
	n = ASN1_STRING_to_UTF8(&utf8,
	    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)));
	if (n < 0)
		return fail(ERR_CERT_PROFILE, "name: %s is no text", OBJ_nid2sn(nid));
	fits = cur_to_str(cur_of(utf8, (size_t)n), ret, size);
	OPENSSL_free(utf8);
	if (!fits)
		return fail(ERR_CERT_PROFILE, "name: %s is too long", OBJ_nid2sn(nid));

	return ERR_OK;
}
