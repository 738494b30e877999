/* SPDX-License-Identifier: EUPL-1.2 */
/* Reading the one text format of this project. */
#include "base/ini.h"

#include "base/b64.h"
#include "base/text.h"

#define LINE_MAX_BYTES	4096
#define LINES_MAX	10000
#define NAME_MAX_BYTES	64	/* of a section, a key */
#define TITLE_MAX_BYTES	256	/* of a section's name */

static enum err
malformed(int number, const char *what)
{
	return fail(ERR_MALFORMED, "line %d: %s", number, what);
}

enum err
ini_refuse(const struct ini_line *line, const char *expected)
{
	return fail(ERR_CONFIG, "line %d: expected %s", line->number, expected);
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* The next line without its end (LF, CR LF, or end of text). */
static struct cur
next_line(struct cur *text)
{
	struct cur line;

	if (!cur_until(text, '\n', &line)) {
		line = *text;
		*text = cur_of(NULL, 0);
	}
	if (line.n != 0 && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

/* in: "[section name]", trimmed. */
static enum err
header(struct cur in, struct ini_line *at)
{
	struct cur inner, word;

	if (in.n < 2 || in.p[in.n - 1] != ']')
		return malformed(at->number, "a section header ends with ]");
	inner = cur_trim(cur_of(in.p + 1, in.n - 2));
	for (word = inner, word.n = 0; word.n < inner.n && !is_blank(inner.p[word.n]);)
		word.n++;
	at->section = word;
	at->name = cur_trim(cur_of(inner.p + word.n, inner.n - word.n));
	at->key = at->value = cur_of(NULL, 0);
	if (!text_is_name(at->section, NAME_MAX_BYTES))
		return malformed(at->number, "that is no name of a section");
	if (at->name.n > TITLE_MAX_BYTES ||
	    (at->name.n != 0 && memchr(at->name.p, ']', at->name.n) != NULL))
		return malformed(at->number, "that is no name for a section");
	return ERR_OK;
}

static enum err
key_value(struct cur in, struct ini_line *at)
{
	struct cur key;

	if (!cur_until(&in, '=', &key))
		return malformed(at->number, "neither [section] nor key = value");
	at->key = cur_trim(key);
	at->value = cur_trim(in);
	if (!text_is_name(at->key, NAME_MAX_BYTES))
		return malformed(at->number, "that is no name of a key");
	return ERR_OK;
}

static enum err
one_line(struct cur in, struct ini_line *at, ini_fn *fn, void *arg)
{
	enum err r;

	if (in.n > LINE_MAX_BYTES)
		return malformed(at->number, "the line is too long");
	if (text_has_control(in))
		return malformed(at->number, "a control character");
	in = cur_trim(in);
	if (in.n == 0 || in.p[0] == '#' || in.p[0] == ';')
		return ERR_OK;
	r = in.p[0] == '[' ? header(in, at) : key_value(in, at);
	if (r != ERR_OK)
		return r;
	return fn(arg, at);
}

enum err
ini_parse(struct cur text, ini_fn *fn, void *arg)
{
	struct ini_line at = { 0 };
	enum err r;

	if (!text_is_utf8(text))
		return fail(ERR_MALFORMED, "not UTF-8");
	while (text.n != 0) {
		if (at.number == LINES_MAX)
			return fail(ERR_LIMIT, "more than %d lines", LINES_MAX);
		at.number++;
		if ((r = one_line(next_line(&text), &at, fn, arg)) != ERR_OK)
			return r;
	}
	return ERR_OK;
}

enum err
ini_bool(const struct ini_line *line, bool *ret)
{
	bool yes = cur_eq_str(line->value, "yes");

	if (!yes && !cur_eq_str(line->value, "no"))
		return ini_refuse(line, "yes or no");
	*ret = yes;
	return ERR_OK;
}

/* Decimal, no sign but a minus, no leading zero: one spelling for each number. */
static bool
number(struct cur in, int64_t *ret)
{
	struct cur minus;
	bool negative = in.n > 1 && in.p[0] == '-' && cur_take(&in, 1, &minus);
	int64_t v = 0;

	if (in.n == 0 || (in.p[0] == '0' && (in.n > 1 || negative)))
		return false;
	for (size_t i = 0; i < in.n; i++) {
		int digit = in.p[i] - '0';

		/* Counted downwards, because there is one negative number more. */
		if (digit < 0 || digit > 9 || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_sub_overflow(v, digit, &v))
			return false;
	}
	if (!negative && v == INT64_MIN)
		return false;
	*ret = negative ? v : -v;
	return true;
}

enum err
ini_int(const struct ini_line *line, int64_t min, int64_t max, int64_t *ret)
{
	int64_t v;

	if (!number(line->value, &v) || v < min || v > max)
		return fail(ERR_CONFIG, "line %d: expected a number from %lld to %lld",
		    line->number, (long long)min, (long long)max);
	*ret = v;
	return ERR_OK;
}

enum err
ini_str(const struct ini_line *line, char *ret, size_t size)
{
	if (line->value.n == 0 || !cur_to_str(line->value, ret, size))
		return fail(ERR_CONFIG, "line %d: expected text of 1 to %zu bytes",
		    line->number, size - 1);
	return ERR_OK;
}

static bool
has_dot_part(struct cur path)
{
	struct cur part;
	bool last;

	do {
		last = !cur_until(&path, '/', &part);
		if (last)
			part = path;
		if (cur_eq_str(part, ".") || cur_eq_str(part, ".."))
			return true;
	} while (!last);
	return false;
}

enum err
ini_path(const struct ini_line *line, char *ret, size_t size)
{
	if (!cur_starts(line->value, cur_str("/")) || has_dot_part(line->value) ||
	    !cur_to_str(line->value, ret, size))
		return ini_refuse(line, "an absolute path without . and ..");
	return ERR_OK;
}

enum err
ini_hex(const struct ini_line *line, struct buf *ret)
{
	if (line->value.n == 0 || hex_get(line->value, ret) != ERR_OK)
		return ini_refuse(line, "bytes in hex");
	return ERR_OK;
}

/* "one of a, b, c", as far as it fits. */
static enum err
refuse_choice(const struct ini_line *line, const char *const *names, size_t n)
{
	AUTO(buf_free) struct buf b = BUF(256);

	buf_str(&b, "one of ");
	for (size_t i = 0; i < n; i++)
		buf_fmt(&b, i == 0 ? "%s" : ", %s", names[i]);
	return ini_refuse(line, buf_cstr(&b) != NULL ? buf_cstr(&b) : "another word");
}

enum err
ini_choice(const struct ini_line *line, const char *const *names, size_t n, size_t *ret)
{
	for (size_t i = 0; i < n; i++)
		if (cur_eq_str(line->value, names[i])) {
			*ret = i;
			return ERR_OK;
		}
	return refuse_choice(line, names, n);
}
