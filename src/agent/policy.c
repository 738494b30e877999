/* SPDX-License-Identifier: EUPL-1.2 */
/* Decisions. */
#include "agent/policy.h"

#include <string.h>

enum err
policy_ask(const struct host_conf *c, const struct ask *a, const struct caller *who,
    const struct host_broker **ret)
{
	const struct host_broker *b;

	if (c->native_program.n != 0 &&
	    (who->elsewhere || !host_list_has(&c->native_program, who->program)))
		return fail(ERR_NOT_ALLOWED, "this program may not ask for logins");
	if (a->page && !host_list_has(&c->extension, a->extension))
		return fail(ERR_NOT_ALLOWED, "this extension is not configured");
	if (a->page && !a->top)
		return fail(ERR_NOT_ALLOWED, "the page is a frame in another page");
	/* A request can choose among the configured brokers and name no other (T1). */
	b = host_conf_broker(c, a->broker[0] == '\0' ? NULL : a->broker);
	if (b == NULL)
		return fail(ERR_NOT_ALLOWED, "this broker is not configured");
	*ret = b;
	return ERR_OK;
}

static bool
is_native_client(const struct host_conf *c, const char *client)
{
	return host_list_has(&c->native_client, client) ||
	    host_list_has(&c->native_client, "*");
}

enum err
policy_challenge(const struct host_conf *c, const struct ask *a,
    const struct challenge *ch)
{
	if (ch->origin[0] == '\0') {
		if (a->page)
			return fail(ERR_NOT_ALLOWED, "a page asked for a native login");
		if (!is_native_client(c, ch->client_id))
			return fail(ERR_NOT_ALLOWED, "no native client of this name");
		return ERR_OK;
	}
	if (!a->page)
		return fail(ERR_NOT_ALLOWED, "a native caller asked for a page's login");
	if (strcmp(a->origin, ch->origin) != 0)
		return fail(ERR_NOT_ALLOWED, "the page is not of the login's origin");
	if (!a->top)
		return fail(ERR_NOT_ALLOWED, "the page is a frame in another page");
	return ERR_OK;
}

bool
policy_is_renewal(const struct challenge *first, const struct challenge *next)
{
	return strcmp(first->client_id, next->client_id) == 0 &&
	    strcmp(first->rp_name_nl, next->rp_name_nl) == 0 &&
	    strcmp(first->rp_name_en, next->rp_name_en) == 0 &&
	    strcmp(first->origin, next->origin) == 0 &&
	    strcmp(first->iss, next->iss) == 0 &&
	    strcmp(first->jti, next->jti) != 0 &&
	    memcmp(first->nonce, next->nonce, sizeof(first->nonce)) != 0;
}

enum err
policy_for_page(enum err e)
{
	const char *word = err_page_word(e);

	/* "failed" has several codes; one of them is for everybody. */
	return strcmp(word, "failed") == 0 ? ERR_FAILED : err_of_word(word);
}
