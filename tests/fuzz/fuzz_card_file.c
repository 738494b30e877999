/* SPDX-License-Identifier: EUPL-1.2 */
/* Card files and card states, on any text: whatever is accepted keeps its bounds. */
#include "tests/fuzz/fuzz.h"

#include "vcard/state.h"

static void
must_come_back(const struct card_file *f, const struct card_state *s)
{
	AUTO(buf_free) struct buf text = BUF(4096);
	struct card_state back;

	card_state_put(&text, f, s);
	must(buf_end(&text) == ERR_OK);
	card_state_new(f, &back);
	must(card_state_parse(buf_view(&text), f, &back) == ERR_OK);
	must(card_state_eq(s, &back));
}

static void
state(struct cur in, const struct card_file *f)
{
	struct card_state s;

	card_state_new(f, &s);
	if (card_state_parse(in, f, &s) != ERR_OK)
		return;
	for (size_t i = 0; i < SECRETS; i++)
		must(s.tries[i] <= (unsigned)f->tries[i]);
}

static void
card(struct cur in)
{
	struct card_file f;
	struct card_state s;

	if (card_file_parse(in, &f) != ERR_OK)
		return;
	must(f.atr_len <= sizeof(f.atr) && f.aid_len <= sizeof(f.aid));
	must(f.cas_n <= CARD_CAS);
	must(f.read_max >= 1 && f.read_max <= 256);
	must(f.references[USER_PIN] != f.references[PUK]);
	must(f.secrets[PUK][0] != '\0');
	card_state_new(&f, &s);
	must_come_back(&f, &s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct card_file defaults;

	card_file_defaults(&defaults);
	state(cur_of(data, size), &defaults);
	card(cur_of(data, size));
	return 0;
}
