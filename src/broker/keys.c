/* SPDX-License-Identifier: EUPL-1.2 */
/* Loading and making the broker's keys. */
#include "broker/keys.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"

#define KEY_FILE_MAX	8192

static void
bio_drop(BIO **b)
{
	BIO_free_all(*b);
	*b = NULL;
}

/* An encrypted key: nobody is there to type its password at start. */
static int
no_password(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

/* file_read_trusted() looked at who may write it; this is who may read it. */
static enum err
check_private(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return fail(ERR_CONFIG, "%s: no such key file", path);
	if (!S_ISREG(st.st_mode) || (st.st_mode & (S_IWGRP | S_IRWXO)) != 0)
		return fail(ERR_CONFIG, "%s: expected a file of mode 0600 or 0640", path);
	return ERR_OK;
}

enum err
key_load(const char *path, uid_t owner, EVP_PKEY **ret)
{
	AUTO(buf_free) struct buf pem = BUF(KEY_FILE_MAX);
	AUTO(bio_drop) BIO *in = NULL;
	AUTO(pkey_drop) EVP_PKEY *key = NULL;
	enum err r;

	if ((r = check_private(path)) != ERR_OK)
		return r;
	if ((r = file_read_trusted(path, owner, &pem)) == ERR_NOT_FOUND)
		return fail(ERR_CONFIG, "%s: no such key file", path);
	if (r != ERR_OK)
		return note(r, "key");
	in = BIO_new_mem_buf(pem.p, (int)pem.len);
	if (in == NULL)
		return fail(ERR_NOMEM, "key");
	key = PEM_read_bio_PrivateKey(in, NULL, no_password, NULL);
	if (key == NULL || !jws_alg_fits(JWS_ES256, key))
		return fail(ERR_CONFIG, "%s: expected a private EC key on P-256, "
		    "without a password", path);
	*ret = key;
	key = NULL;
	return ERR_OK;
}

static enum err
bio_to_file(BIO *b, const char *path, mode_t mode)
{
	char *p;
	long n = BIO_get_mem_data(b, &p);

	if (n <= 0)
		return fail(ERR_CRYPTO, "key");
	return file_write(path, cur_of(p, (size_t)n), mode);
}

static enum err
write_key(EVP_PKEY *key, const char *path, const char *pub_path)
{
	AUTO(bio_drop) BIO *priv = BIO_new(BIO_s_secmem());
	AUTO(bio_drop) BIO *pub = BIO_new(BIO_s_mem());
	enum err r;

	if (priv == NULL || pub == NULL)
		return fail(ERR_NOMEM, "key");
	if (PEM_write_bio_PKCS8PrivateKey(priv, key, NULL, NULL, 0, NULL, NULL) != 1 ||
	    PEM_write_bio_PUBKEY(pub, key) != 1)
		return fail(ERR_CRYPTO, "key cannot be written");
	if ((r = bio_to_file(priv, path, 0600)) != ERR_OK)
		return r;
	return bio_to_file(pub, pub_path, 0644);
}

static enum err
check_absent(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 || errno != ENOENT)
		return fail(ERR_CONFIG, "%s: is there already, or cannot be there", path);
	return ERR_OK;
}

enum err
key_make(const char *path, char ret_thumbprint[JWK_THUMBPRINT_LEN + 1])
{
	AUTO(buf_free) struct buf pub = BUF(4096);
	AUTO(pkey_drop) EVP_PKEY *key = NULL;
	const char *pub_path;
	enum err r;

	buf_fmt(&pub, "%s.pub", path);
	if ((pub_path = buf_cstr(&pub)) == NULL)
		return fail(ERR_LIMIT, "the name of the key file is too long");
	if ((r = check_absent(path)) != ERR_OK || (r = check_absent(pub_path)) != ERR_OK)
		return r;
	if ((key = EVP_EC_gen("P-256")) == NULL)
		return fail(ERR_CRYPTO, "no key made");
	if ((r = jwk_thumbprint(key, ret_thumbprint)) != ERR_OK)
		return r;
	return write_key(key, path, pub_path);
}
