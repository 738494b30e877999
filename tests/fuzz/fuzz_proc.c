/* SPDX-License-Identifier: EUPL-1.2 */
/* /proc/PID/stat, in which another program's name stands, and a path as it is shown. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "agent/caller.h"
#include "base/text.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char program[1024], shown[CALLER_MAX];
	uint64_t started;

	if (caller_stat_started(cur_of(data, size), &started) == ERR_OK)
		must(memchr(data, ')', size) != NULL);
	if (!cur_to_str(cur_of(data, size), program, sizeof(program)))
		return 0;
	caller_show(program, "/home/anna", shown, sizeof(shown));
	must(text_is_safe(cur_str(shown), sizeof(shown)));
	must(strlen(shown) < sizeof(shown));
	return 0;
}
