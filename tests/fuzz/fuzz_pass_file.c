/* SPDX-License-Identifier: EUPL-1.2 */
/* Pass files, on any text: what is accepted can become a pass. */
#include "tests/fuzz/fuzz.h"

#include "vcard/passfile.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(pass_file_free) struct pass_file *f = NULL;
	const struct pass_plan *p;
	size_t n;

	if (pass_file_parse(cur_of(data, size), &f) != ERR_OK)
		return 0;
	p = pass_file_plans(f, &n);
	must(n >= 1 && n <= PASSES_MAX);
	for (size_t i = 0; i < n; i++) {
		must(strlen(p[i].uzi_number) == 9 && strlen(p[i].subscriber) == 8);
		must(strchr(p[i].slug, '/') == NULL && p[i].slug[0] != '\0');
		must(strlen(p[i].role) == 6 && p[i].cn[0] != '\0');
		must((p[i].surname == NULL) == (p[i].type == 'M'));
		must(p[i].has[AUTHENTICATION]);
	}
	return 0;
}
