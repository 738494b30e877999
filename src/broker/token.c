/* SPDX-License-Identifier: EUPL-1.2 */
/* Secrets that are handed out, and their hashes. */
#include "broker/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

void
token_wipe(struct token *t)
{
	explicit_bzero(t, sizeof(*t));
}

enum err
random_os(void *arg, uint8_t *ret, size_t n)
{
	(void)arg;
	if (RAND_priv_bytes(ret, (int)n) != 1)
		return fail(ERR_CRYPTO, "no random bytes");
	return ERR_OK;
}

enum err
token_hash(struct cur presented, uint8_t ret[HASH_LEN])
{
	unsigned n = 0;

	if (EVP_Digest(presented.p, presented.n, ret, &n, EVP_sha256(), NULL) != 1 ||
	    n != HASH_LEN)
		return fail(ERR_CRYPTO, "SHA-256");
	return ERR_OK;
}

enum err
token_new(random_fn *source, void *arg, struct token *ret, uint8_t ret_hash[HASH_LEN])
{
	AUTO(buf_free) struct buf text = BUF(TOKEN_LEN);
	uint8_t bytes[TOKEN_BYTES];
	enum err r;

	if ((r = source(arg, bytes, sizeof(bytes))) != ERR_OK)
		return note(r, "token");
	b64url_put(&text, cur_of(bytes, sizeof(bytes)));
	explicit_bzero(bytes, sizeof(bytes));
	if ((r = buf_end(&text)) != ERR_OK)
		return fail(r, "token");
	if (!cur_to_str(buf_view(&text), ret->text, sizeof(ret->text)))
		return fail(ERR_CRYPTO, "token");
	return token_hash(buf_view(&text), ret_hash);
}

bool
hash_eq(const uint8_t a[HASH_LEN], const uint8_t b[HASH_LEN])
{
	return CRYPTO_memcmp(a, b, HASH_LEN) == 0;
}
