/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the chip of a card computes.  Each appends its result, or answers false: the input
 * is not one for this key (or there is no memory).
 */
#ifndef DEZI_VCARD_CRYPTO_H
#define DEZI_VCARD_CRYPTO_H

#include <openssl/evp.h>

#include "base/buf.h"

bool crypto_is_rsa(const EVP_PKEY *key);
bool crypto_is_ec(const EVP_PKEY *key);
/* Bytes of a coordinate, of a modulus. */
size_t crypto_size(const EVP_PKEY *key);

/* The private operation on a block of the size of the modulus and smaller than it. */
bool crypto_rsa_raw(EVP_PKEY *key, struct cur block, struct buf *out);
/* 00 01 FF .. 00 before data; nothing is added to data. */
bool crypto_rsa_pkcs1(EVP_PKEY *key, struct cur data, struct buf *out);
/* 00 02 .. 00 is taken off. */
bool crypto_rsa_decipher(EVP_PKEY *key, struct cur cryptogram, struct buf *out);
/* DER: SEQUENCE { r, s }. */
bool crypto_ecdsa(EVP_PKEY *key, struct cur hash, struct buf *out);
/* Of the whole message (RFC 8032). */
bool crypto_ed25519(EVP_PKEY *key, struct cur message, struct buf *out);
/* The X coordinate; point is 04 X Y, or 32 bytes for X25519. */
bool crypto_agree(EVP_PKEY *key, struct cur point, struct buf *out);

/* 04 X Y, or the 32 bytes of the curves of RFC 7748 and 8032. */
bool crypto_put_point(const EVP_PKEY *key, struct buf *out);
/* name: OSSL_PKEY_PARAM_RSA_N or _E; big-endian without zeros in front. */
bool crypto_put_number(const EVP_PKEY *key, const char *name, struct buf *out);

#endif
