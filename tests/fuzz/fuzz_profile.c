/* SPDX-License-Identifier: EUPL-1.2 */
/* Card profiles: what parses can be used. */
#include "tests/fuzz/fuzz.h"

#include "card/profile.h"
#include "iso7816/p15.h"

static void
check_command(const struct profile_command *c)
{
	struct profile_apdu cmd;
	AUTO(buf_free) struct buf b = BUF(APDU_SHORT_MAX);

	must(c->n == 0 || (c->n >= 4 && c->n <= sizeof(c->p)));
	if (c->n == 0)
		return;
	profile_apdu(c, 0x03, &cmd);
	must(apdu_encode(&cmd.a, APDU_SHORT, &b) == ERR_OK);
	must(b.len == c->n);		/* as it was written */
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct profile p;

	if (profile_parse(cur_of(data, size), "fuzz", &p) != ERR_OK)
		return 0;
	must(p.driver[0] != '\0' && p.aid_len >= 5 && p.aid_len <= sizeof(p.aid));
	must(p.channel <= 3 && p.chunk >= 16 && p.chunk <= 256);
	must(p.n_eof >= 1 && p.n_eof <= PROFILE_STATUS && p.n_pin_refs <= PROFILE_REFS);
	must(p.pin_min >= 1 && p.pin_min <= p.pin_max && p.pin_max <= P15_PIN_MAX);
	must(p.pin_pad_len == 0 || p.pin_pad_len >= p.pin_max);
	must(p.tries_at < p.tries_len && p.tries_len <= APDU_LE_MAX);
	must((p.tries == TRIES_QUERY) == (p.tries_query.n != 0));
	check_command(&p.serial);
	check_command(&p.logout);
	check_command(&p.tries_query);
	(void)profile_matches(&p, cur_of(data, size < 33 ? size : 33));
	return 0;
}
