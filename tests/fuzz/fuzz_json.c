/* SPDX-License-Identifier: EUPL-1.2 */
/* JSON: an object that is let in is written and read again as the same object. */
#include "tests/fuzz/fuzz.h"

#include "base/text.h"
#include "jose/json.h"
#include "jose/jsonw.h"

static void
written_again(const json_t *o)
{
	AUTO(buf_free) struct buf first = BUF(SIZE_MAX), second = BUF(SIZE_MAX);
	AUTO(json_drop) json_t *again = NULL;

	must(json_put(&first, o) == ERR_OK);
	must(text_is_utf8(buf_view(&first)));
	if (first.len > JSON_BODY_MAX)
		return;		/* numbers may be written longer than they came */
	must(json_load_object(buf_view(&first), &again) == ERR_OK);
	must(json_put(&second, again) == ERR_OK);
	must(cur_eq(buf_view(&first), buf_view(&second)));
}

/* The writer's strings are what the parser reads. */
static void
writer(struct cur in)
{
	AUTO(buf_free) struct buf text = BUF(JSON_BODY_MAX);
	AUTO(json_drop) json_t *o = NULL;
	const json_t *v;

	jsonw_object(&text);
	jsonw_member_str(&text, "s", in);
	jsonw_object_end(&text);
	must((buf_end(&text) == ERR_MALFORMED) == !text_is_utf8(in));
	if (buf_end(&text) != ERR_OK)
		return;
	must(json_load_object(buf_view(&text), &o) == ERR_OK);
	v = json_object_get(o, "s");
	must(cur_eq(cur_of(json_string_value(v), json_string_length(v)), in));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "alg", "typ" };
	AUTO(json_drop) json_t *o = NULL;
	char str[16];
	int64_t v;

	writer(cur_of(data, size));
	if (json_load_object(cur_of(data, size), &o) != ERR_OK)
		return 0;
	written_again(o);
	if (json_get_str(o, "alg", str, sizeof(str)) == ERR_OK)
		must(strlen(str) == json_string_length(json_object_get(o, "alg")));
	if (json_need_int(o, "iat", &v) == ERR_OK)
		must(json_is_integer(json_object_get(o, "iat")));
	if (json_only(o, names, NELEM(names)) == ERR_OK)
		must(json_object_size(o) <= NELEM(names));
	return 0;
}
