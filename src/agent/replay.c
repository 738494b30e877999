/* SPDX-License-Identifier: EUPL-1.2 */
/* A ring of challenges. */
#include "agent/replay.h"

#include <string.h>

enum err
replay_check(struct replay *r, const struct challenge *c)
{
	struct replay_entry *e;

	for (size_t i = 0; i < r->n; i++) {
		e = &r->seen[i];
		if (strcmp(e->issuer, c->iss) != 0)
			continue;
		if (strcmp(e->jti, c->jti) == 0 ||
		    memcmp(e->nonce, c->nonce, sizeof(e->nonce)) == 0)
			return fail(ERR_REPLAYED, "the broker sent a challenge twice");
	}
	e = &r->seen[r->next];
	memcpy(e->issuer, c->iss, sizeof(e->issuer));
	memcpy(e->jti, c->jti, sizeof(e->jti));
	memcpy(e->nonce, c->nonce, sizeof(e->nonce));
	r->next = (r->next + 1) % REPLAY_KEPT;
	if (r->n < REPLAY_KEPT)
		r->n++;
	return ERR_OK;
}
