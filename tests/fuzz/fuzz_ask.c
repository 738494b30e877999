/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What reaches the agent as JSON: the body of POST /v1/logins and a broker's answers.
 * What is let in holds nothing that could end a path, a header or a line.
 */
#include "tests/fuzz/fuzz.h"

#include <ctype.h>
#include <string.h>

#include "agent/ask.h"
#include "host/brokerlink.h"
#include "login/challenge.h"

/* Visible ASCII, as long as it must be. */
static void
is_plain(const char *s, size_t least, size_t most)
{
	must(strlen(s) >= least && strlen(s) <= most);
	for (; *s != '\0'; s++)
		must(*s > ' ' && *s <= '~');
}

static void
is_base64url(const char *s, size_t n)
{
	is_plain(s, n, n);
	for (; *s != '\0'; s++)
		must(isalnum((unsigned char)*s) || *s == '-' || *s == '_');
}

static void
ask(struct cur body)
{
	struct ask a;

	if (ask_read(body, &a) != ERR_OK)
		return;
	is_base64url(a.handle, ASK_HANDLE_LEN);
	is_plain(a.broker, 0, sizeof(a.broker) - 1);
	must(strchr(a.broker, '/') == NULL);
	is_plain(a.origin, a.page ? 1 : 0, a.page ? sizeof(a.origin) - 1 : 0);
	is_plain(a.extension, a.page ? 1 : 0, a.page ? sizeof(a.extension) - 1 : 0);
	must(a.page || !a.top);
}

static void
answers(struct cur body)
{
	AUTO(buf_free) struct buf challenge = BUF(CHALLENGE_MAX);
	struct brokerlink_grant g;
	int lease;

	if (brokerlink_read_challenge(body, &challenge) == ERR_OK)
		must(challenge.len < CHALLENGE_MAX);
	if (brokerlink_read_lease(body, &lease) == ERR_OK)
		must(lease > 0 && lease <= BROKERLINK_ABSENCE_MAX);
	if (brokerlink_read_grant(body, &g) != ERR_OK)
		return;
	is_plain(g.session, 1, sizeof(g.session) - 1);
	must(strpbrk(g.session, "/?#%") == NULL);
	is_plain(g.token, 1, sizeof(g.token) - 1);
	is_base64url(g.finish, BROKERLINK_FINISH_LEN);
	must(g.lease >= BROKERLINK_LEASE_MIN && g.lease <= BROKERLINK_LEASE_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ask(cur_of(data, size));
	answers(cur_of(data, size));
	return 0;
}
