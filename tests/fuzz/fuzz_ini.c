/* SPDX-License-Identifier: EUPL-1.2 */
/* The ini parser and every reader of a value, on any text. */
#include "tests/fuzz/fuzz.h"

#include "base/ini.h"
#include "base/text.h"

struct seen {
	struct cur text;
	int	   last;
};

static void
must_be_inside(const struct seen *seen, struct cur c)
{
	must(c.n == 0 || (c.p >= seen->text.p && c.p + c.n <= seen->text.p + seen->text.n));
}

static enum err
on_line(void *arg, const struct ini_line *line)
{
	static const char *const words[] = { "hard", "soft" };
	AUTO(buf_free) struct buf bytes = BUF(64);
	struct seen *seen = arg;
	char str[128];
	int64_t v;
	size_t at;
	bool yes;

	must(line->number > seen->last);
	seen->last = line->number;
	must_be_inside(seen, line->section);
	must_be_inside(seen, line->name);
	must_be_inside(seen, line->key);
	must_be_inside(seen, line->value);
	must(line->key.n == 0 || text_is_name(line->key, 64));
	if (ini_int(line, -5, 5, &v) == ERR_OK)
		must(v >= -5 && v <= 5);
	if (ini_path(line, str, sizeof(str)) == ERR_OK)
		must(str[0] == '/');
	if (ini_choice(line, words, NELEM(words), &at) == ERR_OK)
		must(cur_eq_str(line->value, words[at]));
	if (ini_str(line, str, sizeof(str)) == ERR_OK)
		must(cur_eq_str(line->value, str));
	if (ini_bool(line, &yes) == ERR_OK)
		must(line->value.n <= 3);
	return ini_hex(line, &bytes) == ERR_NOMEM ? ERR_NOMEM : ERR_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = { .text = cur_of(data, size) };

	if (ini_parse(seen.text, on_line, &seen) == ERR_OK)
		must(text_is_utf8(seen.text));
	return 0;
}
