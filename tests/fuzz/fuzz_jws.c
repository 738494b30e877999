/* SPDX-License-Identifier: EUPL-1.2 */
/* JWS: what is split and put together again is the same text; headers are ours or refused. */
#include "tests/fuzz/fuzz.h"

#include "jose/jws.h"

static void
header(struct cur json)
{
	AUTO(jws_header_free) struct jws_header h = { 0 };

	if (jws_header_parse(json, &h) != ERR_OK)
		return;
	must(h.alg != JWS_ALG_NONE);
	must(h.x5c_n <= JWS_X5C_MAX);
	for (size_t i = 0; i < h.x5c_n; i++)
		must(h.x5c[i].len != 0);
}

static void
joined_again(const struct jws_parts *p, struct cur compact)
{
	AUTO(buf_free) struct buf again = BUF(JWS_MAX);

	must(jws_signing_input(buf_view(&p->header), buf_view(&p->payload), &again) == ERR_OK);
	must(cur_eq(buf_view(&again), p->signing_input));
	must(jws_finish(&again, buf_view(&p->signature)) == ERR_OK);
	must(cur_eq(buf_view(&again), compact));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(jws_parts_free) struct jws_parts p = { 0 };
	struct cur in = cur_of(data, size);

	header(in);
	if (jws_split(in, &p) != ERR_OK)
		return 0;
	joined_again(&p, in);
	header(buf_view(&p.header));
	return 0;
}
