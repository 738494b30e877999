/* SPDX-License-Identifier: EUPL-1.2 */
/* Tokens for tests, made of any text. */
#include "tests/check.h"

#include "tests/unit/raw_jws.h"

#include <string.h>

void
replace_put(struct buf *b, const char *text, const char *find, const char *with)
{
	const char *at = strstr(text, find);

	assert_non_null(at);
	buf_put(b, text, (size_t)(at - text));
	buf_str(b, with);
	buf_str(b, at + strlen(find));
	assert_ok(buf_end(b));
}

void
raw_jws(struct cur header, struct cur payload, enum jws_alg alg, EVP_PKEY *key,
    struct buf *ret)
{
	AUTO(buf_free) struct buf sig = BUF(1024);

	assert_ok(jws_signing_input(header, payload, ret));
	if (alg != JWS_ALG_NONE)
		assert_ok(jws_sign(alg, key, buf_view(ret), &sig));
	assert_ok(jws_finish(ret, buf_view(&sig)));
}
