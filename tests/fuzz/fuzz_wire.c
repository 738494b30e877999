/* SPDX-License-Identifier: EUPL-1.2 */
/* Frames between agent and worker: there is one spelling of everything. */
#include "tests/fuzz/fuzz.h"

#include "base/text.h"
#include "login/wire.h"

static void
request(struct cur in)
{
	AUTO(buf_free) struct buf again = BUF(65536);
	struct login_request rq;

	if (wire_get_request(in, &rq) != ERR_OK)
		return;
	must(rq.c.n_policies <= CHALLENGE_POLICIES);
	must(text_is_utf8(cur_str(rq.c.rp_name_nl)));
	must(wire_put_request(&again, &rq) == ERR_OK);
	must(cur_eq(buf_view(&again), in));
}

static void
done(struct cur in)
{
	AUTO(buf_free) struct buf again = BUF(65536);
	struct login_result r = { 0 };

	if (wire_get_done(in, &r) != ERR_OK)
		return;
	must(r.assertion.len <= JWS_MAX);
	must(wire_put_done(&again, &r) == ERR_OK);
	must(cur_eq(buf_view(&again), in));
	buf_free(&r.assertion);
}

static void
failure(struct cur in)
{
	struct wire_failure f;

	if (wire_get_failure(in, &f) == ERR_OK)
		(void)err_of_word(f.word);
}

static void
hand_over(struct cur in)
{
	AUTO(buf_free) struct buf again = BUF(65536);
	struct wire_hand_over h;

	if (wire_get_hand_over(in, &h) != ERR_OK)
		return;
	must(h.module[0] != '\0');
	must(wire_put_hand_over(&again, &h) == ERR_OK);
	must(cur_eq(buf_view(&again), in));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cur in = cur_of(data, size);

	request(in);
	done(in);
	failure(in);
	hand_over(in);
	return 0;
}
