/* SPDX-License-Identifier: EUPL-1.2 */
/* Safe text is safe; base64 and hex have one spelling for each byte string. */
#include "tests/fuzz/fuzz.h"

#include "base/b64.h"
#include "base/text.h"

#define POINTS	40

static void
safe_text(struct cur in)
{
	AUTO(buf_free) struct buf out = BUF(POINTS * 4);
	bool same;

	text_put_safe(&out, in, POINTS);
	must(buf_end(&out) == ERR_OK);
	must(text_is_utf8(buf_view(&out)));
	must(text_is_safe(buf_view(&out), POINTS));
	same = cur_eq(buf_view(&out), in);
	must(same == text_is_safe(in, POINTS));
}

static void
one_spelling(struct cur in, enum err (*get)(struct cur, struct buf *),
    void (*put)(struct buf *, struct cur))
{
	AUTO(buf_free) struct buf bytes = BUF(SIZE_MAX), text = BUF(SIZE_MAX);

	if (get(in, &bytes) == ERR_OK) {
		put(&text, buf_view(&bytes));
		must(cur_eq(buf_view(&text), in));
	}
	buf_clear(&bytes);
	buf_clear(&text);
	put(&text, in);
	must(get(buf_view(&text), &bytes) == ERR_OK);
	must(cur_eq(buf_view(&bytes), in));
}

/* Hex has two cases and spaces, so only the way back is exact. */
static void
hex(struct cur in)
{
	AUTO(buf_free) struct buf bytes = BUF(SIZE_MAX), text = BUF(SIZE_MAX);

	if (hex_get(in, &bytes) == ERR_OK)
		must(bytes.len <= in.n / 2);
	buf_clear(&bytes);
	hex_put(&text, in);
	must(hex_get(buf_view(&text), &bytes) == ERR_OK);
	must(cur_eq(buf_view(&bytes), in));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cur in = cur_of(data, size);

	safe_text(in);
	one_spelling(in, b64url_get, b64url_put);
	one_spelling(in, b64_get, b64_put);
	hex(in);
	return 0;
}
