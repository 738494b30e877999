/* SPDX-License-Identifier: EUPL-1.2 */
/* Keys, made by as many threads as there are processors. */
#include "vcard/keys.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "vcard/ossl.h"

#define THREADS_MAX	16
#define KEY_PEM_MAX	16384

struct work {
	struct key_job *jobs;
	size_t		n;
	atomic_size_t	next;
};

static bool
is_wanted(const struct key_job *job)
{
	return job->key == NULL && (job->bits != 0 || job->curve != NULL);
}

static void *
make_some(void *arg)
{
	struct work *w = arg;
	size_t i;

	while ((i = atomic_fetch_add(&w->next, 1)) < w->n)
		if (is_wanted(&w->jobs[i]))
			w->jobs[i].key = w->jobs[i].curve != NULL ?
			    EVP_EC_gen(w->jobs[i].curve) : EVP_RSA_gen(w->jobs[i].bits);
	return NULL;
}

enum err
keys_make(struct key_job *jobs, size_t n)
{
	struct work w = { .jobs = jobs, .n = n };
	pthread_t threads[THREADS_MAX];
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t wanted = cpus < 2 ? 0 :
	    cpus > THREADS_MAX ? THREADS_MAX : (size_t)cpus - 1;
	size_t started = 0;

	while (started < wanted &&
	    pthread_create(&threads[started], NULL, make_some, &w) == 0)
		started++;
	make_some(&w);
	while (started > 0)
		pthread_join(threads[--started], NULL);
	for (size_t i = 0; i < n; i++)
		if (is_wanted(&jobs[i]))
			return fail(ERR_CRYPTO, "a key could not be made");
	return ERR_OK;
}

void
keys_free(struct key_job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ossl_key(&jobs[i].key);
}

enum err
key_write(const char *path, const EVP_PKEY *key)
{
	AUTO(ossl_bio) BIO *bio = BIO_new(BIO_s_secmem());
	const char *pem;
	long n;

	if (bio == NULL ||
	    PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1 ||
	    (n = BIO_get_mem_data(bio, &pem)) <= 0)
		return fail(ERR_CRYPTO, "%s: the key cannot be written as PEM", path);
	return file_write(path, cur_of(pem, (size_t)n), 0600);
}

/* Never ask anybody for a passphrase: an encrypted key is not ours. */
static int
no_passphrase(char *buf UNUSED, int size UNUSED, int write UNUSED, void *arg UNUSED)
{
	return -1;
}

enum err
key_read(const char *path, EVP_PKEY **ret)
{
	AUTO(buf_free) struct buf pem = BUF(KEY_PEM_MAX);
	AUTO(ossl_bio) BIO *bio = NULL;
	enum err r;

	if ((r = file_read(path, &pem)) != ERR_OK)
		return r;
	bio = BIO_new_mem_buf(pem.p, (int)pem.len);
	if (bio == NULL)
		return fail(ERR_NOMEM, "%s: out of memory", path);
	*ret = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	if (*ret == NULL)
		return fail(ERR_MALFORMED, "%s: not a private key in PEM", path);
	return ERR_OK;
}
