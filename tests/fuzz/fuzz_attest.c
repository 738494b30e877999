/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A statement about a key and the certificate of its device: u16 length of the statement,
 * statement, device.  The device is its own root where it can be one, so that a good pair
 * comes all the way; a vendor who knows nobody never believes it.
 */
#include "tests/fuzz/fuzz.h"

#include "cert/attest.h"
#include "cert/inner.h"

static void
names(const struct attest *a)
{
	must(strlen(attest_pin_word(a->pin)) != 0);
	must(strlen(attest_touch_word(a->touch)) != 0);
	must(strlen(attest_form_word(a->form)) != 0);
	must(a->has_serial || a->serial == 0);
}

static bool
same(const struct attest *a, const struct attest *b)
{
	return memcmp(a->firmware, b->firmware, sizeof(a->firmware)) == 0 &&
	    a->pin == b->pin && a->touch == b->touch && a->form == b->form &&
	    a->has_serial == b->has_serial && a->serial == b->serial;
}

static void
judge(const struct cert_store *vendor, struct cur statement, struct cur device,
    const struct cert *login, bool may_be_good)
{
	struct attest got, read = { .pin = 0 };
	enum err r = attest_check(vendor, statement, device, login, &got);

	must((r == ERR_OK) == (got.verdict == ATTEST_GOOD));
	must(got.verdict != ATTEST_ABSENT);
	if (r == ERR_OK) {
		must(may_be_good);
		must(attest_read(statement, &read) == ERR_OK && same(&got, &read));
	} else {
		must(same(&got, &read));	/* nothing that was not proved */
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(cert_store_free) struct cert_store *own = NULL, *nobody = NULL;
	AUTO(cert_free) struct cert *login = NULL;
	struct cur in = cur_of(data, size), statement;
	struct attest read;
	uint16_t n;

	if (!cur_u16(&in, &n) || !cur_take(&in, n, &statement))
		return 0;
	if (attest_read(statement, &read) == ERR_OK)
		names(&read);
	if (cert_parse(statement, &login) != ERR_OK ||
	    cert_store_new(CERT_ENV_TEST, CERT_REVOCATION_ELSEWHERE, &own) != ERR_OK ||
	    cert_store_new(CERT_ENV_TEST, CERT_REVOCATION_ELSEWHERE, &nobody) != ERR_OK)
		return 0;
	judge(nobody, statement, in, login, false);
	if (cert_store_add_anchor(own, in) == ERR_OK)
		judge(own, statement, in, login, true);
	return 0;
}
