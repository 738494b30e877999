/* SPDX-License-Identifier: EUPL-1.2 */
/* HTTP answers: in one piece or byte by byte, the outcome is the same and bounded. */
#include "tests/fuzz/fuzz.h"

#include "net/answer.h"

#define BODY_MAX	512

static enum err
feed(struct answer_parser *p, struct http_answer *a, struct cur in, size_t piece)
{
	struct cur part;
	enum err r = ERR_OK;

	*a = (struct http_answer){ .body = BUF(BODY_MAX) };
	answer_start(p, a);
	while (r == ERR_OK && in.n != 0) {
		cur_take(&in, piece < in.n ? piece : in.n, &part);
		r = answer_feed(p, part);
	}
	must(a->body.len <= BODY_MAX);
	must(r != ERR_OK || !answer_has_head(p) || (a->status >= 200 && a->status <= 599));
	return r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(http_answer_free) struct http_answer a;
	AUTO(http_answer_free) struct http_answer b;
	struct answer_parser p, q;
	struct cur in = cur_of(data, size);

	must(feed(&p, &a, in, size + 1) == feed(&q, &b, in, 1));
	must(p.at == q.at);
	if (!answer_is_done(&p))
		return 0;
	must(a.status == b.status);
	must(cur_eq(buf_view(&a.body), buf_view(&b.body)));
	must(strcmp(a.location, b.location) == 0 && strcmp(a.type, b.type) == 0);
	(void)http_problem(&a);
	return 0;
}
