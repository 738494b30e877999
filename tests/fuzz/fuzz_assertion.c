/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * An assertion: the input as a payload, and as a whole token without a record.  What is
 * read can be written, and is read as the same; a stranger's pass is never accepted.
 */
#include "tests/fuzz/fuzz.h"

#include "verify/verify.h"

static void
payload(struct cur in)
{
	AUTO(buf_free) struct buf first = BUF(JWS_MAX), second = BUF(JWS_MAX);
	struct assertion a;

	if (assertion_payload_read(in, &a) != ERR_OK)
		return;
	must(assertion_payload(&a, &first) == ERR_OK);
	must(assertion_payload_read(buf_view(&first), &a) == ERR_OK);
	must(assertion_payload(&a, &second) == ERR_OK);
	must(cur_eq(buf_view(&first), buf_view(&second)));
}

static void
token(struct cur in)
{
	AUTO(cert_store_free) struct cert_store *s = NULL;
	AUTO(verify_result_free) struct verify_result v = { 0 };
	struct verify_rules rules = { .cert = { .now = 1790000000,
	    .pass_types = "ZNM" } };

	if (cert_store_new(CERT_ENV_TEST, CERT_REVOCATION_SOFT, &s) != ERR_OK)
		return;
	rules.store = s;
	must(verify_assertion_offline(in, &rules, &v) != ERR_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cur in = cur_of(data, size);

	payload(in);
	token(in);
	return 0;
}
