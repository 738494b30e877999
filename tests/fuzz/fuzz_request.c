/* SPDX-License-Identifier: EUPL-1.2 */
/* What the server lets in: lines "name: value" as headers, the first line as the target. */
#include "tests/fuzz/fuzz.h"

#include "net/request.h"

#define HOST	"dezi-agent"

static void
target(struct cur line)
{
	char text[2048];

	if (!cur_to_str(line, text, sizeof(text)) || !request_target_ok(text))
		return;
	must(text[0] == '/');
	must(strpbrk(text, "?#%\\\"<> \r\n") == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request_check k = { .host = HOST };
	struct cur in = cur_of(data, size), line, name;
	bool host = false;

	if (cur_until(&in, '\n', &line))
		target(line);
	while (cur_until(&in, '\n', &line)) {
		if (!cur_until(&line, ':', &name))
			name = line;
		request_header(&k, name, line, 1000);
		host |= cur_eq_str(line, HOST);
	}
	if (request_end(&k) == ERR_OK)
		must(host && k.lengths + k.codings <= 1);
	return 0;
}
