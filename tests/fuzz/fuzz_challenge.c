/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A challenge: the input as a whole token, and as the payload of one that is rightly
 * signed.  What is accepted can be written, and is then read as the same.
 */
#include "tests/fuzz/fuzz.h"

#include <openssl/ec.h>
#include <stdio.h>

#include "login/challenge.h"
#include "login/claims.h"

#define ISS	"https://broker.example.nl"

static EVP_PKEY *key;
static char header[256];

static void
start(void)
{
	char kid[JWK_THUMBPRINT_LEN + 1];

	if (key != NULL)
		return;
	key = EVP_EC_gen("P-256");
	must(key != NULL && jwk_thumbprint(key, kid) == ERR_OK);
	snprintf(header, sizeof(header),
	    "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"dezi-challenge+jwt\"}", kid);
}

static void
accepted(const struct challenge *c)
{
	AUTO(buf_free) struct buf jws = BUF(CHALLENGE_MAX);
	struct challenge again;

	must(strcmp(c->iss, ISS) == 0);
	must(c->exp > c->iat && c->exp - c->iat <= CHALLENGE_LIFE_MAX);
	must(c->n_policies >= 1 && c->n_policies <= CHALLENGE_POLICIES);
	must(claims_is_text(c->rp_name_nl) && claims_is_id(c->client_id));
	must(c->origin[0] == '\0' || claims_is_origin(c->origin));
	must(challenge_write(c, key, &jws) == ERR_OK);
	must(challenge_read(buf_view(&jws), ISS, &key, 1, &again) == ERR_OK);
	must(memcmp(again.nonce, c->nonce, sizeof(again.nonce)) == 0);
	must(strcmp(again.rp_name_nl, c->rp_name_nl) == 0);
	must(strcmp(again.origin, c->origin) == 0 && again.exp == c->exp);
}

static void
as_payload(struct cur in)
{
	AUTO(buf_free) struct buf jws = BUF(JWS_MAX), sig = BUF(512);
	struct challenge c;

	if (jws_signing_input(cur_str(header), in, &jws) != ERR_OK)
		return;
	must(jws_sign(JWS_ES256, key, buf_view(&jws), &sig) == ERR_OK);
	if (jws_finish(&jws, buf_view(&sig)) == ERR_OK &&
	    challenge_read(buf_view(&jws), ISS, &key, 1, &c) == ERR_OK)
		accepted(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cur in = cur_of(data, size);
	struct challenge c;

	start();
	/* Nobody else can sign for the key of this process. */
	must(challenge_read(in, ISS, &key, 1, &c) != ERR_OK);
	as_payload(in);
	return 0;
}
