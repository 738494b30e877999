/* SPDX-License-Identifier: EUPL-1.2 */
/* JSON from outside: what RFC 8259 leaves open is decided here, against the sender. */
#include "jose/json.h"

/*
 * How deep the brackets outside strings go, counted without a stack.  Text that is no
 * JSON may be miscounted; the parser refuses it afterwards.
 */
static bool
too_deep(struct cur text)
{
	bool in_string = false;
	size_t depth = 0;

	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c == '"')
			in_string = !in_string;
		else if (in_string && c == '\\')
			i++;
		else if (!in_string && (c == '{' || c == '['))
			depth++;
		else if (!in_string && (c == '}' || c == ']') && depth != 0)
			depth--;
		if (depth > JSON_DEPTH_MAX)
			return true;
	}
	return false;
}

/* jansson gives every fault of the text a name; what has none is its own. */
static bool
is_memory(enum json_error_code code)
{
	return code == json_error_out_of_memory || code == json_error_unknown;
}

enum err
json_load_object(struct cur text, json_t **ret)
{
	AUTO(json_drop) json_t *j = NULL;
	json_error_t error = { 0 };	/* without memory, jansson sets only some of it */

	if (text.n > JSON_BODY_MAX)
		return fail(ERR_LIMIT, "JSON of %zu bytes", text.n);
	if (too_deep(text))
		return fail(ERR_LIMIT, "JSON deeper than %d", JSON_DEPTH_MAX);
	if (text.n == 0)
		return fail(ERR_MALFORMED, "no JSON");
	j = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &error);
	if (j == NULL && is_memory(json_error_code(&error)))
		return fail(ERR_NOMEM, "JSON");
	/* The text of the error quotes the input, so only the place is told. */
	if (j == NULL)
		return fail(ERR_MALFORMED, "JSON, at byte %d", error.position);
	if (!json_is_object(j))
		return fail(ERR_MALFORMED, "JSON, but no object");
	*ret = j;
	j = NULL;		/* the caller's now */
	return ERR_OK;
}

enum err
json_get_str(const json_t *o, const char *name, char *ret, size_t size)
{
	const json_t *v = json_object_get(o, name);

	if (v == NULL)
		return ERR_NOT_FOUND;
	if (!json_is_string(v) ||
	    !cur_to_str(cur_of(json_string_value(v), json_string_length(v)), ret, size))
		return fail(ERR_MALFORMED, "\"%s\": expected text of at most %zu bytes", name,
		    size - 1);
	return ERR_OK;
}

enum err
json_get_int(const json_t *o, const char *name, int64_t *ret)
{
	const json_t *v = json_object_get(o, name);

	if (v == NULL)
		return ERR_NOT_FOUND;
	if (!json_is_integer(v))
		return fail(ERR_MALFORMED, "\"%s\": expected an integer", name);
	*ret = json_integer_value(v);
	return ERR_OK;
}

static enum err
must_be_there(enum err r, const char *name)
{
	return r == ERR_NOT_FOUND ? fail(ERR_MALFORMED, "\"%s\" is missing", name) : r;
}

enum err
json_need_str(const json_t *o, const char *name, char *ret, size_t size)
{
	return must_be_there(json_get_str(o, name, ret, size), name);
}

enum err
json_need_int(const json_t *o, const char *name, int64_t *ret)
{
	return must_be_there(json_get_int(o, name, ret), name);
}

static bool
is_one_of(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

enum err
json_only(const json_t *o, const char *const *names, size_t n)
{
	/* jansson's iterators want an object that is not const, and do not change it. */
	json_t *object = (json_t *)(uintptr_t)o;

	for (void *at = json_object_iter(object); at != NULL;
	    at = json_object_iter_next(object, at))
		if (!is_one_of(json_object_iter_key(at), names, n))
			return fail(ERR_MALFORMED, "a member that is not known here");
	return ERR_OK;
}

static int
put_part(const char *text, size_t n, void *arg)
{
	struct buf *b = arg;

	buf_put(b, text, n);
	return buf_end(b) == ERR_OK ? 0 : -1;
}

enum err
json_put(struct buf *b, const json_t *j)
{
	int done = json_dump_callback(j, put_part, b, JSON_COMPACT | JSON_SORT_KEYS);

	if (buf_end(b) != ERR_OK)
		return fail(buf_end(b), "JSON");
	if (done != 0)
		return fail(ERR_NOMEM, "JSON");
	return ERR_OK;
}
