/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * RSA keys that a library of Infineon made (CVE-2017-15361, "ROCA"): in smartcards of
 * those years, YubiKeys with firmware 4.2.0 to 4.3.4 among them (piv.md section 7).
 *
 * Each of their primes is k * M + (65537^a mod M), where M is the product of the first
 * primes: 39 of them and more, by the size of the key.  So the modulus is a power of 65537
 * modulo each of these small primes.  Of a modulus from elsewhere this is true by chance
 * once in about 10^8 (Nemec et al., CCS 2017, sections 2 and 3.1).
 */
#include "cert/inner.h"

#include <openssl/core_names.h>

static void
bn_drop(BIGNUM **n)
{
	BN_free(*n);
	*n = NULL;
}

/* Is n one of the powers of 65537 modulo p? */
static bool
is_power(unsigned n, unsigned p)
{
	unsigned power = 1;

	do {
		if (power == n)
			return true;
		power = power * (65537 % p) % p;
	} while (power != 1);
	return false;
}

static bool
has_mark(const BIGNUM *n)
{
	/* The first 39 without 2, which tells nothing. */
	static const uint8_t primes[] = {
		3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73,
		79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157,
		163, 167,
	};

	for (size_t i = 0; i < NELEM(primes); i++)
		if (!is_power((unsigned)BN_mod_word(n, primes[i]), primes[i]))
			return false;
	return true;
}

enum err
check_weakness(const EVP_PKEY *key)
{
	AUTO(bn_drop) BIGNUM *n = NULL;

	if (!EVP_PKEY_is_a(key, "RSA") && !EVP_PKEY_is_a(key, "RSA-PSS"))
		return ERR_OK;
	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) != 1)
		return fail(ERR_CRYPTO, "modulus");
	return has_mark(n) ? fail(ERR_WEAK_KEY, "a modulus as in CVE-2017-15361") : ERR_OK;
}
