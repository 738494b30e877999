/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/unit/rsa_key.h"

#include <assert.h>
#include <errno.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"

#define LENGTHS_MAX	16
#define DER_MAX		4096

static EVP_PKEY *
from_file(const char *path)
{
	AUTO(buf_free) struct buf der = BUF(DER_MAX);
	const uint8_t *p;

	if (file_read(path, &der) != ERR_OK)
		return NULL;
	p = der.p;
	return d2i_AutoPrivateKey(NULL, &p, (long)der.len);
}

/* Where nothing can be kept, the next one makes its own. */
static void
to_file(const char *path, EVP_PKEY *key)
{
	unsigned char *der = NULL;
	int n = i2d_PrivateKey(key, &der);

	if (n > 0)
		(void)!file_write(path, cur_of(der, (size_t)n), 0600);
	OPENSSL_free(der);
}

EVP_PKEY *
kept_rsa_key(unsigned bits)
{
	static struct { unsigned bits, n; } made[LENGTHS_MAX];
	const char *tree = getenv("builddir");
	char dir[512], path[600];
	EVP_PKEY *key;
	size_t i = 0;

	while (made[i].bits != 0 && made[i].bits != bits)
		i++;
	assert(i + 1 < LENGTHS_MAX);
	made[i].bits = bits;
	if (tree == NULL)
		return EVP_RSA_gen(bits);
	snprintf(dir, sizeof(dir), "%s/tests/unit/keys", tree);
	snprintf(path, sizeof(path), "%s/rsa-%u-%u.der", dir, bits, made[i].n++);
	if ((key = from_file(path)) != NULL)
		return key;
	if ((key = EVP_RSA_gen(bits)) != NULL && (mkdir(dir, 0755) == 0 || errno == EEXIST))
		to_file(path, key);
	return key;
}
