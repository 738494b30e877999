/* SPDX-License-Identifier: EUPL-1.2 */
/* Any bytes as each of the objects and replies of a PIV card, and as a signature. */
#include "tests/fuzz/fuzz.h"

#include "iso7816/ecdsa.h"
#include "iso7816/piv.h"

#define CERT_MAX	16384

static void
certificate(struct cur in)
{
	AUTO(buf_free) struct buf der = BUF(CERT_MAX);
	enum err r = piv_cert(in, &der);

	must(der.len <= CERT_MAX);
	must(r == ERR_OK || r == ERR_NOT_FOUND || r == ERR_MALFORMED || r == ERR_LIMIT);
	must(r != ERR_OK || (der.len != 0 && piv_is_present(in) && piv_size(in) <= in.n));
}

static void
signature(struct cur in)
{
	AUTO(buf_free) struct buf plain = BUF(96);

	if (ecdsa_plain(in, 48, &plain))
		must(plain.len == 96);
	else
		must(plain.len == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cur in = cur_of(data, size), response;
	uint8_t guid[PIV_GUID], pin, touch;
	unsigned left;

	certificate(in);
	signature(in);
	(void)piv_is_template(in);
	(void)piv_global_pin(in);
	(void)piv_guid(in, guid);
	must(piv_retired(in) <= PIV_RETIRED);
	if (piv_response(in, &response))
		must(response.n != 0 && response.p + response.n == data + size);
	if (piv_tries_left(in, &left))
		must(left <= 255);
	(void)piv_policies(in, &pin, &touch);
	if (piv_public_key(in, &response))
		must(response.n != 0 && response.p + response.n <= data + size);
	return 0;
}
