/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A CRL: fields (base/frame.h) of a leaf, its issuer and a list.  Whatever the list
 * says, a leaf is let through only when the list's signature is the issuer's.
 */
#include "tests/fuzz/fuzz.h"

#include "base/frame.h"
#include "cert/inner.h"

#define NOW	1790000000

static X509 *
x509(struct cur der)
{
	const uint8_t *p = der.p;

	return der.n == 0 ? NULL : d2i_X509(NULL, &p, (long)der.n);
}

/* The list was read as it stands, so its signature can be asked for once more. */
static bool
signed_by(struct cur list, X509 *issuer)
{
	X509_CRL *crl = NULL;
	bool good;

	if (crl_parse(list, &crl) != ERR_OK)
		return false;
	good = X509_CRL_verify(crl, X509_get0_pubkey(issuer)) == 1;
	X509_CRL_free(crl);

	return good;
}

static void
check(struct cur leaf, struct cur issuer, struct cur list)
{
	AUTO(cert_store_free) struct cert_store *s = NULL;
	AUTO(x509_stack_drop) STACK_OF(X509) *chain = sk_X509_new_null();
	X509 *a = x509(leaf), *b = x509(issuer);

	if (chain == NULL || a == NULL || b == NULL || sk_X509_push(chain, a) != 1) {
		X509_free(a);
		X509_free(b);
		return;
	}
	if (sk_X509_push(chain, b) != 2) {
		X509_free(b);
		return;
	}
	if (cert_store_new(CERT_ENV_TEST, CERT_REVOCATION_HARD, &s) != ERR_OK ||
	    cert_store_add_crl(s, list) != ERR_OK)
		return;
	if (revoked_check(s, chain, NOW) == ERR_OK)
		must(signed_by(list, b));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cur in = cur_of(data, size), leaf, issuer, list;
	X509_CRL *crl = NULL;

	if (crl_parse(in, &crl) == ERR_OK)
		X509_CRL_free(crl);
	if (field_take(&in, &leaf) && field_take(&in, &issuer) && field_take(&in, &list))
		check(leaf, issuer, list);
	return 0;
}
