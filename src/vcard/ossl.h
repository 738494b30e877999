/* SPDX-License-Identifier: EUPL-1.2 */
/* Owners for libcrypto's objects, so that AUTO() can release them. */
#ifndef DEZI_VCARD_OSSL_H
#define DEZI_VCARD_OSSL_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#define OSSL_RELEASE(name, type, release)				\
	static inline void						\
	name(type **p)							\
	{								\
		release(*p);						\
		*p = NULL;						\
	}

OSSL_RELEASE(ossl_key, EVP_PKEY, EVP_PKEY_free)
OSSL_RELEASE(ossl_key_ctx, EVP_PKEY_CTX, EVP_PKEY_CTX_free)
OSSL_RELEASE(ossl_md, EVP_MD_CTX, EVP_MD_CTX_free)
OSSL_RELEASE(ossl_cert, X509, X509_free)
OSSL_RELEASE(ossl_crl, X509_CRL, X509_CRL_free)
OSSL_RELEASE(ossl_revoked, X509_REVOKED, X509_REVOKED_free)
OSSL_RELEASE(ossl_ext, X509_EXTENSION, X509_EXTENSION_free)
OSSL_RELEASE(ossl_name, X509_NAME, X509_NAME_free)
OSSL_RELEASE(ossl_int, ASN1_INTEGER, ASN1_INTEGER_free)
OSSL_RELEASE(ossl_time, ASN1_TIME, ASN1_TIME_free)
OSSL_RELEASE(ossl_octets, ASN1_OCTET_STRING, ASN1_OCTET_STRING_free)
OSSL_RELEASE(ossl_oid, ASN1_OBJECT, ASN1_OBJECT_free)
OSSL_RELEASE(ossl_bn, BIGNUM, BN_free)
OSSL_RELEASE(ossl_bio, BIO, BIO_free_all)

#endif
