/* SPDX-License-Identifier: EUPL-1.2 */
/* Any bytes as a certificate, of which only the kind of key is wanted. */
#include "tests/fuzz/fuzz.h"

#include "iso7816/spki.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct spki s = { SPKI_UNKNOWN, 1 };
	struct cur in = cur_of(data, size), number;

	if (spki_public(in, &number))
		must(number.n != 0 && number.p > data && number.p + number.n <= data + size);
	if (!spki_number(in, &number))
		must(!spki_read(in, &s) || s.kind == SPKI_OTHER);
	if (!spki_read(cur_of(data, size), &s))
		return 0;
	must(size >= 4 && data[0] == 0x30);
	must(s.kind != SPKI_UNKNOWN && s.kind <= SPKI_X25519);
	must((s.bits == 0) == (s.kind == SPKI_OTHER));
	must(s.kind != SPKI_RSA || (s.bits >= 1024 && s.bits <= 4096 && size > s.bits / 8));
	must(s.kind != SPKI_EC || s.bits == 256 || s.bits == 384);
	return 0;
}
